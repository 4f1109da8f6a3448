//! MIMI message content: what a message is, to the octet.
//!
//! **Owns** the content container of draft-ietf-mimi-content-08: its model, its one encoding, its limits, the ids of
//! messages, which parts a reader sees, and what edits, deletes and reactions make of a conversation.
//! **Knows nothing of** MLS, rooms beyond their names and policy, storage, transport, clocks or randomness: every function
//! is values in, values out.
//!
//! # A message, there and back
//! ```
//! use comity_content::compose::Author;
//! use comity_content::{MessageId, Part, Received, Salt};
//! use comity_room::{RoomUri, UserUri};
//!
//! # fn random(octets: &mut [u8; 16]) { octets.fill(7) }
//! let alice = UserUri::parse("mimi://a.example/u/alice")?;
//! let room = RoomUri::parse("mimi://a.example/r/lunch")?;
//! let content = Author::new(&alice, &room).says(Salt::draw(random), Part::text("Pizza?")).content();
//! let octets = content.encode()?;
//! let id = MessageId::compute(&alice, &room, &octets, &content.salt);
//!
//! let received = Received::decode(octets)?;
//! assert_eq!(received.content(), &content);
//! assert_eq!(received.message_id(&alice, &room)?, id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # For readers who differ
//! A sender offers forms, richest first; a receiver takes the best that it can show, and learns what there was besides.
//! ```
//! use comity_content::{Content, Part, Salt, Supported, derive, readable, select};
//! use comity_room::media_types;
//!
//! let forms = derive::alternatives(Part::html("<p>We <b>shipped</b>!</p>"));
//! let body = Part::choose_one(forms.into_iter().map(|form| form.part))?;
//! assert!(readable(&body, &media_types::baseline()), "everybody sees something");
//!
//! let content = Content::unasserted(Salt::draw(|_| ()), body);
//! let reader = Supported { media: media_types::baseline(), languages: vec!["fr".into(), "en".into()] };
//! let selection = select(&content, &reader);
//! assert_eq!(selection.chosen[0].part.media_type(), Some("text/markdown;variant=GFM-MIMI"));
//! assert_eq!(selection.passed_over.len(), 2);
//! # Ok::<(), comity_content::PartError>(())
//! ```
//!
//! # A conversation
//! Edits, deletions and reactions are messages. [`fold`] says what they make of the others, in whatever order they came.
//! ```
//! use comity_content::compose::{Author, Target};
//! use comity_content::{Content, MessageId, Part, Salt, Stored, fold};
//! # use comity_room::{RoomUri, Timestamp, UserUri};
//! # let alice = UserUri::parse("mimi://a.example/u/alice")?;
//! # let room = RoomUri::parse("mimi://a.example/r/lunch")?;
//! # let salt = |n: u8| Salt::draw(|octets| octets.fill(n));
//! let me = Author::new(&alice, &room);
//! let stored = |content: Content, millis| -> Result<Stored, Box<dyn std::error::Error>> {
//!     let id = MessageId::compute(&alice, &room, &content.encode()?, &content.salt);
//!     Ok(Stored { id, sender: alice.clone(), accepted: Timestamp::from_millis(millis), content })
//! };
//! let question = stored(me.says(salt(1), Part::text("Piza?")).content(), 1)?;
//! let target = Target::said(question.id);
//! let edit = stored(me.edits(salt(2), &target, Part::text("Pizza?"))?, 2)?;
//! let reaction = stored(me.reacts(salt(3), &Target::edited(question.id, edit.id), "🍕")?, 3)?;
//!
//! let timeline = fold([reaction, edit.clone(), question], |_, _, _| true);
//! let [entry] = &timeline.entries[..] else { panic!("one message, as people see it") };
//! assert!(entry.is_edited() && entry.shown().is_some_and(|version| version.id == edit.id));
//! assert_eq!(entry.reactions.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Tour
//! - [`Content`] has seven fields; its body is a tree of [`Part`]s.
//! - [`Content::encode`] and [`Content::decode`] are inverse: one message, one encoding. What breaks a rule is a
//!   [`DecodeError`] with a stable code and the octet where it happens; the rules' numbers are in [`limits`].
//! - [`ContentView`] reads a message where it lies and copies nothing.
//! - [`Received`] keeps octets and content together, because ids are computed over the octets that travelled.
//! - [`readable`] tells a sender who will see something, [`select`] tells a receiver what to show; both are one rule.
//!   [`cid`] has the links from part to part.
//! - [`classify`] says what a message does, [`fold`] what a conversation looks like after all was said, and [`Folded`]
//!   the same, one message at a time.
//! - [`compose`] has a method for everything that a person does, and [`mod@derive`] makes the basic form of an enhanced one.
//! - [`attachment`] seals and opens content that lies elsewhere.
//! - [`markdown`] is MIMI's Markdown: without HTML, as plain text for those who show no other, with its links and mentions.
//! - [`StatusReport`] is a receipt, and [`Receipts`] what the receipts of many come to.

pub mod attachment;
pub mod cid;
mod classify;
pub mod compose;
mod decode;
pub mod derive;
mod derived;
mod disposition;
mod encode;
mod error;
mod extensions;
mod folded;
mod language;
pub mod limits;
pub mod markdown;
pub mod media;
mod message;
mod message_id;
mod outgoing;
mod part;
mod reaction;
mod reader;
mod receipts;
mod received;
mod replies;
mod salt;
mod select;
mod status;
mod timeline;
mod value;
mod view;

pub use classify::{Class, classify};
pub use derived::{DerivedValues, ImplausibleTime, check_accepted};
pub use disposition::Disposition;
pub use error::{DecodeError, DecodeErrorKind, EncodeError, ExtensionError, NotDeterministic, PartError};
pub use extensions::{ExtensionKey, ExtensionValue, Extensions};
pub use folded::{Folded, Place, Stored, needed};
pub use limits::Limits;
pub use markdown::to_plain_text;
pub use message::{Content, Expiration};
pub use message_id::{MessageId, MessageIdError};
pub use outgoing::{OutgoingError, OutgoingReason, check_outgoing};
pub use part::{Body, ContentKey, ExternalPart, MultiPart, Part, PartIndex, PartSemantics, SinglePart, Walk};
pub use receipts::{Receipts, ReportPolicy, Standing, is_reported};
pub use received::{Contradiction, Received};
pub use replies::{CHAIN_STEPS, ChainEnd, reply_chain};
pub use salt::Salt;
pub use select::{
    Chosen, PassedOver, PassedOverBecause, Selection, Supported, Wish, leaf_media_types, readable, select,
    select_by,
};
pub use status::{REPORT_ENTRIES, Status, StatusReport};
pub use timeline::{Entry, Reaction, Reference, Refused, RefusedBecause, Timeline, Version, fold};
pub use value::Value;
pub use view::{BodyView, ContentView, ExternalView, PartView, PartViews};
