//! Comity: one embeddable end-to-end encrypted messaging client, for every messenger.

#[allow(dead_code, reason = "the engine that calls it is not there yet")]
mod provider;
#[allow(
    dead_code,
    unused_imports,
    reason = "the engine that calls it is not there yet"
)]
mod store;

pub use store::{Key32, StorageError};
