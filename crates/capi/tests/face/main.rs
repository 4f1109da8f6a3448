//! The face of the library: the header is what the sources say, and the sources say all that the engine can do.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is how tests fail")]

#[path = "../../../core/tests/vocabulary/mod.rs"]
mod vocabulary;

mod complete;
mod header;
mod layout;
mod nulls;
mod timeline;
