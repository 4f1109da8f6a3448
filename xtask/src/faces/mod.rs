//! Swift, Kotlin and Python: their generated code, the library that they load, and their tests.

mod bindings;
mod kotlin;
mod library;
mod python;
mod reads;
mod runner;
mod stubs;
mod swift;

pub(crate) use bindings::{command as bindings_command, up_to_date};
pub(crate) use kotlin::{chat as kotlin_chat, run as kotlin, sends as kotlin_sends};
pub(crate) use library::{export_what_uniffi_calls, install, install_command};
pub(crate) use python::{run as python, sends as python_sends};
pub(crate) use swift::{chat as swift_chat, run as swift, sends as swift_sends};
