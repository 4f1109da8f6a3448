//! Whole stories: real clients in real files, a hub, follower providers, and a link between them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod answers;
mod app;
mod backlog;
mod clocks;
mod commits;
mod conversation;
mod extension;
mod golden;
mod hubs;
mod invitations;
mod large;
mod membership;
mod outside;
mod restored;
mod returning;
mod storm;
mod support;
mod turmoil;
mod upgrades;
