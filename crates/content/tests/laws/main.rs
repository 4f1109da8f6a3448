//! What holds for every message, text, file and history, tried on many: random ones, and those of the specifications.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod aead;
mod fold_model;
mod markdown_spec;
mod messages;
mod rows_markdown;
mod timeline_laws;
