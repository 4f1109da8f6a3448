//! Comity: one embeddable end-to-end encrypted messaging client, for every messenger.
//!
//! **Bytes in, facts out.** A [`Client`] lives in one file. It never opens a socket, asks the clock, starts a thread or
//! calls back: the app hands it `now`, commands and inbound bytes; it returns a [`Step`]: requests to deliver, events to
//! show, and when to wake it. One call is one transaction, and nothing leaves before it is on disk.
//!
//! Read [`step`] first: it is the whole vocabulary and holds no logic.
//!
//! There are five kinds of method, and no sixth: lifecycle ([`Client::create`], [`Client::open`], [`Client::pause`], …),
//! verbs that take `now` first and return a [`Step`] ([`Client::send`], [`Client::change`], …), [`Client::receive`],
//! [`Client::answer`] and [`Client::wake`], and queries on a [`Reader`].
#![deny(missing_docs)]

mod advertise;
mod answer;
pub mod attachment;
mod change;
mod client;
mod clock;
pub mod code;
mod crypto;
mod errands;
mod error;
mod expiry;
mod fold;
mod group;
mod inbound;
mod join;
mod me;
mod membership;
mod opening;
mod outbound;
mod outgoing;
mod permission;
mod plan;
mod preview;
mod provider;
mod read;
mod reader;
mod rejection;
mod respond;
#[cfg(feature = "seeded")]
mod seeded;
mod sender;
mod sign;
pub mod step;
mod store;
mod task;
mod timeline;
mod tx;
mod unprocessed;
mod warm;
mod witness;

pub use client::{Client, Interrupter};
pub use error::{Blocked, Error, Misuse};
pub use me::Identity;
pub use opening::{Budget, Opening, Role};
pub use outgoing::{MARKDOWN, Outgoing, PLAIN_TEXT};
pub use plan::{Plan, Reach};
pub use preview::Preview;
pub use reader::{Member, Message, Page, Posture, Reader, Room, RoomSummary, User};
pub use rejection::{Advice, Refusal, Rejection};
pub use step::*;
pub use store::health::Health;
pub use store::message::{Delivery, Reacted};
pub use store::room::{Phase, Position};
pub use store::{Key32, StorageError};
pub use task::{ClientOutcome, Invited, Task, TaskState};
pub use witness::{Twin, Witnesses};

pub use comity_content as content;
pub use comity_content::{MessageId, Supported};
pub use comity_room as room;
pub use comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp, UserUri};
