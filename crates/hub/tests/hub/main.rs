//! The hub, with real frames: honest ones are accepted, and each dishonest one is refused for its own reason.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod directory;
mod dishonest;
mod following;
mod rows;
mod step_back;
mod stories;
mod support;
