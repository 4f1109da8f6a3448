//! The engine against whatever a network, a hub, a member or a disk can do to it, through its public API alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod bad_frames;
mod batches;
mod bit_flips;
mod budgets;
mod clock_shift;
mod corpus;
mod debug;
mod deletion;
mod hostile;
mod identity_doors;
mod lifecycle;
mod misuse;
mod preview;
mod receipts;
mod refusals;
mod requests;
mod rules;
mod support;
mod tampering;
mod witnesses;
