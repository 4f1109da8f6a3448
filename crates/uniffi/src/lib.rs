//! Comity for Swift, Kotlin and Python: what `cargo xtask bindings` writes in these languages is generated from this crate, its doc
//! comments included.
//!
//! **Owns** the border between the engine and languages that uniffi serves: which value stands for which, a lock around each
//! client, panics. **Knows nothing of** messages and rooms: each function is one call of the engine. No behaviour, no default and
//! no state of its own.
//!
//! Every type here mirrors one of the engine's, and takes it apart field by field: a field or a variant that the engine gains does not
//! compile until it is told here, or fails a test where the compiler cannot see it. Names and ids are texts, times are milliseconds
//! since 1970. What holds a key is an object, because languages print records; records that hold what people say print none of it.
//!
//! All `unsafe` code that is written by hand is in `octets.rs` and `passage.rs`. See `docs/adr/0027-uniffi-records-and-few-calls.md`.
#![allow(
    clippy::result_large_err,
    reason = "an error crosses the border as octets; until then it is moved once"
)]

mod attachment;
mod change;
mod client;
mod code;
mod content;
mod event;
mod fault;
mod guard;
mod inbound;
mod markdown;
mod media;
mod message;
mod names;
mod octets;
mod opening;
mod outgoing;
mod part;
mod passage;
mod people;
mod prints;
mod reader;
mod receipts;
mod request;
mod room;
mod select;
mod step;
#[cfg(feature = "testing")]
pub mod testing;
mod timeline;
mod verbs;
mod version;

pub use attachment::*;
pub use change::*;
pub use client::*;
pub use code::*;
pub use content::*;
pub use event::*;
pub use fault::*;
pub use inbound::*;
pub use markdown::*;
pub use media::*;
pub use message::*;
pub use names::*;
pub use octets::Octets;
pub use opening::*;
pub use outgoing::*;
pub use part::*;
pub use passage::*;
pub use people::*;
pub use reader::*;
pub use receipts::*;
pub use request::*;
pub use room::*;
pub use select::*;
pub use step::*;
pub use timeline::*;
pub use version::*;

uniffi::setup_scaffolding!("comity");
