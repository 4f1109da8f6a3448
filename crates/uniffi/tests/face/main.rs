//! The face of the library for Swift, Kotlin and Python: it says all that the engine can do, in the engine's numbers, and prints
//! nothing of what people say.
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is how tests fail")]

#[path = "../../../core/tests/vocabulary/mod.rs"]
mod vocabulary;

mod calls;
mod codes;
mod complete;
mod octets;
mod panics;
mod prints;
