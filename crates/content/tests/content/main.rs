//! The rules of the content crate by example, through its public API: most tests are named after their row of a checklist made from
//! the drafts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod attachments;
mod compose;
mod corpus;
mod draft_examples;
mod guide;
mod negatives;
mod rows_cbor;
mod rows_encoding;
mod rows_ids;
mod rows_parts;
mod rows_receipts;
mod timeline;
mod view;
