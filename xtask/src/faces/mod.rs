//! Swift, Kotlin and Python: their generated code, and their tests.

mod bindings;

pub(crate) use bindings::{command as bindings_command, up_to_date};
