//! Whole stories: real clients in real files, a hub, follower providers, and a link between them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests fail by panicking")]

mod answers;
mod commits;
mod conversation;
mod extension;
mod membership;
mod storm;
mod support;
