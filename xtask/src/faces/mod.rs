//! Swift, Kotlin and Python: their generated code, and their tests.

mod bindings;
mod kotlin;

pub(crate) use bindings::{command as bindings_command, up_to_date};
