//! Comity for C. The header `bindings/c/include/comity.h` is generated from this crate and is its documentation.
//!
//! **Owns** the border between C and the engine: pointers, lengths, panics, who frees what.
//! **Knows nothing of** messages and rooms: each function is one call of the engine, with its arguments checked and its result laid
//! out for C. No behaviour, no default and no state of its own, but for a lock around each client.
//!
//! All `unsafe` code is in `guard`, `input`, `output` and `handle`; a rule of `cargo xtask lint` sees to it. See
//! `docs/adr/0024-structs-out-builders-in.md` for why results are structs and arguments are builders.
#![allow(non_camel_case_types, reason = "the names are those of the header")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the header says once, for all functions, what callers promise"
)]

mod attachment;
mod change;
mod client;
mod codes;
mod content;
mod event;
mod fault;
mod guard;
mod handle;
mod inbound;
mod input;
mod links;
mod media;
mod message;
mod opening;
mod outgoing;
mod output;
mod part;
mod people;
mod reader;
mod replies;
mod request;
mod room;
mod step;
#[cfg(feature = "testing")]
pub mod testing;
mod timeline;
mod values;
mod verbs;
mod version;
mod wishes;
mod words;

pub use attachment::*;
pub use change::*;
pub use client::*;
pub use codes::*;
pub use content::*;
pub use event::*;
pub use fault::*;
pub use inbound::*;
pub use links::*;
pub use media::*;
pub use message::*;
pub use opening::*;
pub use outgoing::*;
pub use part::*;
pub use people::*;
pub use reader::*;
pub use replies::*;
pub use request::*;
pub use room::*;
pub use step::*;
pub use timeline::*;
pub use values::*;
pub use verbs::*;
pub use version::*;
pub use wishes::*;
pub use words::*;
