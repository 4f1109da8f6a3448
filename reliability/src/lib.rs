//! What becomes of a client when its process dies, its disk fails, the power goes, or another process has its file.
//!
//! * `crash-matrix`: every verb dies, and its disk fails, at every change it makes to the medium;
//! * `lost-tail`: the power goes at every change, and takes what was not synced, in parts and in any order;
//! * `two-processes`: an app and its extension take turns on one file;
//! * `extension-memory`: what an extension needs while it takes a frame of a large room.
//!
//! Whatever happens to it, the client then goes on with peers and hubs that saw everything that left it. Never shipped.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "whatever goes wrong here fails a test, and a panic is how tests fail"
)]

pub mod arguments;
pub mod call;
pub mod child;
pub mod matrix;
pub mod memory;
pub mod other;
pub mod scene;
pub mod tail;
pub mod turns;
pub mod verbs;
