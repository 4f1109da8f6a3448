//! Saying things: every deed of a person as a message that others understand.
//!
//! **Owns** which fields go together: a reaction names a message and has no body but the reaction, a deletion has no body at
//! all, a report is no reply. What does not fit has no method here; what depends on values is a [`ComposeError`]. ([`Content`]
//! itself sets any field, for whoever reads and copies messages.)
//! **Knows nothing of** who may do it in a room, nor of who can read it.
//!
//! ```
//! use comity_content::compose::{Author, Target};
//! use comity_content::{MessageId, Part, Salt};
//! # use comity_room::{RoomUri, UserUri};
//! # fn random(octets: &mut [u8; 16]) { octets.fill(7) }
//! # let alice = UserUri::parse("mimi://a.example/u/alice")?;
//! # let room = RoomUri::parse("mimi://a.example/r/lunch")?;
//! let me = Author::new(&alice, &room);
//! let question = me.says(Salt::draw(random), Part::text("Pizza?")).on_topic("lunch")?.content();
//! let id = MessageId::compute(&alice, &room, &question.encode()?, &question.salt);
//!
//! let said = Target::said(id);
//! let reaction = me.reacts(Salt::draw(random), &said, "🍕")?;
//! let edit = me.edits(Salt::draw(random), &said, Part::text("Pizza at noon?"))?;
//! let deletion = me.deletes(Salt::draw(random), &said);
//! assert_eq!((reaction.in_reply_to, edit.replaces, deletion.replaces), (Some(id), Some(id), Some(id)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is said replaces nothing:
//! ```compile_fail,E0599
//! # use comity_content::{compose::Author, MessageId, Part, Salt};
//! # fn f(me: Author<'_>, salt: Salt, id: MessageId) {
//! me.says(salt, Part::text("x")).replacing(id);
//! # }
//! ```

mod contact;
mod location;
mod parts;
mod words;

use comity_room::{RoomUri, Timestamp, UserUri};
use thiserror::Error;

pub use contact::Contact;
pub use location::Location;
pub use parts::{PREVIEW_OCTETS, previews};
pub use words::Words;

use crate::attachment::AttachmentError;
use crate::disposition::Disposition;
use crate::error::PartError;
use crate::folded::Folded;
use crate::limits::TOPIC_OCTETS;
use crate::message::{Content, Expiration};
use crate::message_id::MessageId;
use crate::part::{Body, Part};
use crate::replies::{ChainEnd, reply_chain};
use crate::salt::Salt;
use crate::status::StatusReport;
use crate::timeline::Entry;

/// Who says it, and in which room.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    user: &'a UserUri,
    room: &'a RoomUri,
}

impl<'a> Author<'a> {
    /// The user, whichever of their clients it is.
    #[must_use]
    pub const fn new(user: &'a UserUri, room: &'a RoomUri) -> Self {
        Self { user, room }
    }

    /// A message.
    pub fn says(&self, salt: Salt, part: Part) -> Saying {
        Saying(Content::new(salt, self.user, self.room, part))
    }

    /// A reaction to the newest version of a message: one text, usually one emoji.
    ///
    /// # Errors
    /// When the text holds several, or the target is itself a reaction.
    pub fn reacts(&self, salt: Salt, to: &Target, reaction: &str) -> Result<Content, ComposeError> {
        self.reacts_with(salt, to, Part::reaction(reaction)?)
    }

    /// Several reactions at once, or one that is no text: `part` is made by [`Part::reactions`], or has the disposition of a
    /// reaction.
    ///
    /// # Errors
    /// When the part is no reaction, or the target is itself one.
    pub fn reacts_with(&self, salt: Salt, to: &Target, part: Part) -> Result<Content, ComposeError> {
        if to.is_reaction {
            return Err(ComposeError::ReactionToReaction);
        }
        if part.disposition != Disposition::REACTION || matches!(part.body, Body::Null) {
            return Err(ComposeError::NotAReaction);
        }
        Ok(Content::new(salt, self.user, self.room, part).in_reply_to(to.newest))
    }

    /// Another body for a message, or another reaction for a reaction. Topic, expiration and what it replies to stay those of
    /// the first version.
    ///
    /// # Errors
    /// When it would make a reaction of a message, a message of a reaction, or nothing of either.
    pub fn edits(&self, salt: Salt, target: &Target, part: Part) -> Result<Content, ComposeError> {
        if matches!(part.body, Body::Null) {
            return Err(ComposeError::EmptyEdit);
        }
        if (part.disposition == Disposition::REACTION) != target.is_reaction {
            return Err(ComposeError::ClassChanged);
        }
        Ok(Content::new(salt, self.user, self.room, part).replacing(target.root))
    }

    /// Takes a message back, or if the target is a reaction, the reaction.
    #[must_use]
    pub fn deletes(&self, salt: Salt, target: &Target) -> Content {
        let disposition = if target.is_reaction {
            Disposition::REACTION
        } else {
            Disposition::RENDER
        };
        Content::new(salt, self.user, self.room, Part::null(disposition)).replacing(target.root)
    }

    /// Tells what became of messages of this room: delivered, read.
    ///
    /// # Errors
    /// [`ComposeError::EmptyReport`] when it says nothing.
    pub fn reports(&self, salt: Salt, report: &StatusReport) -> Result<Content, ComposeError> {
        if report.entries().is_empty() {
            return Err(ComposeError::EmptyReport);
        }
        Ok(Content::new(salt, self.user, self.room, Part::status(report)))
    }
}

/// A message that is being composed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Saying(Content);

impl Saying {
    /// As a reply to the newest version of a message.
    pub const fn in_reply_to(mut self, target: &Target) -> Self {
        self.0.in_reply_to = Some(target.newest);
        self
    }

    /// As a reply, after a look at what its target replies to, as far as `replies_to` knows.
    ///
    /// # Errors
    /// [`ComposeError::ReplyLoop`] when that chain comes back to where it has been: whoever replies to it makes it longer.
    pub fn in_reply_to_known(
        self,
        target: &Target,
        replies_to: impl FnMut(MessageId) -> Option<MessageId>,
    ) -> Result<Self, ComposeError> {
        match reply_chain(target.newest, replies_to).1 {
            ChainEnd::Loops => Err(ComposeError::ReplyLoop),
            _ => Ok(self.in_reply_to(target)),
        }
    }

    /// In a topic: octets that all its messages repeat.
    ///
    /// # Errors
    /// [`ComposeError::TopicTooLong`] beyond 4096 octets.
    pub fn on_topic(mut self, topic: impl Into<Vec<u8>>) -> Result<Self, ComposeError> {
        self.0.topic = topic.into();
        if self.0.topic.len() > TOPIC_OCTETS {
            return Err(ComposeError::TopicTooLong);
        }
        Ok(self)
    }

    /// To be deleted at some time.
    ///
    /// # Errors
    /// [`ComposeError::ExpirationImplausible`] when receivers would discard the message: more than a year from `now`, or
    /// already in the past.
    pub fn expiring(mut self, expires: Expiration, now: Timestamp) -> Result<Self, ComposeError> {
        let is_past = matches!(expires, Expiration::Absolute(_)) && expires.due(None) <= Some(now);
        if is_past || !expires.is_plausible(now) {
            return Err(ComposeError::ExpirationImplausible);
        }
        self.0.expires = Some(expires);
        Ok(self)
    }

    /// The message.
    #[must_use]
    pub fn content(self) -> Content {
        self.0
    }
}

impl From<Saying> for Content {
    fn from(saying: Saying) -> Self {
        saying.content()
    }
}

/// A message or reaction that a deed refers to: edits and deletions name its first version, replies and reactions the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    root: MessageId,
    newest: MessageId,
    is_reaction: bool,
}

impl Target {
    /// A message that was never edited.
    #[must_use]
    pub const fn said(id: MessageId) -> Self {
        Self {
            root: id,
            newest: id,
            is_reaction: false,
        }
    }

    /// A message by its first and its newest version.
    #[must_use]
    pub const fn edited(root: MessageId, newest: MessageId) -> Self {
        Self {
            root,
            newest,
            is_reaction: false,
        }
    }

    /// A reaction, by its first version.
    #[must_use]
    pub const fn reaction(id: MessageId) -> Self {
        Self {
            root: id,
            newest: id,
            is_reaction: true,
        }
    }

    /// What edits and deletions name.
    #[must_use]
    pub const fn root(&self) -> MessageId {
        self.root
    }

    /// What replies and reactions name.
    #[must_use]
    pub const fn newest(&self) -> MessageId {
        self.newest
    }
}

impl From<&Entry> for Target {
    fn from(entry: &Entry) -> Self {
        Self::edited(entry.id, entry.shown().map_or(entry.id, |version| version.id))
    }
}

impl From<&Folded> for Target {
    fn from(folded: &Folded) -> Self {
        Self {
            is_reaction: folded.is_reaction(),
            ..Self::edited(folded.root(), folded.newest())
        }
    }
}

/// Why something cannot be said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// The parts do not go together.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The content that lies elsewhere is not fit to be sent.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// Not a media type, or not one of the kind.
    #[error("not a media type of this kind")]
    MediaType,
    /// The topic has more than 4096 octets.
    #[error("topic is longer than 4096 octets")]
    TopicTooLong,
    /// Receivers would discard the message.
    #[error("expiration is past or more than a year away")]
    ExpirationImplausible,
    /// Replies to replies that come back to where they began.
    #[error("reply to a loop of replies")]
    ReplyLoop,
    /// Reactions are to messages.
    #[error("reaction to a reaction")]
    ReactionToReaction,
    /// The part does not have the disposition of a reaction, or no content.
    #[error("part is no reaction")]
    NotAReaction,
    /// An edit makes no reaction of a message, nor a message of a reaction.
    #[error("edit changes a message into a reaction or a reaction into a message")]
    ClassChanged,
    /// An edit without a body would be a deletion.
    #[error("edit without a body")]
    EmptyEdit,
    /// A report about no message.
    #[error("report about no message")]
    EmptyReport,
    /// Only those are mentioned who are there to read it.
    #[error("mention of somebody who is not in the room")]
    NotAMember,
    /// A preview is larger than [`PREVIEW_OCTETS`].
    #[error("preview is too large")]
    PreviewTooLarge,
    /// Latitude or longitude is no place on Earth.
    #[error("not a place on Earth")]
    NotAPlace,
    /// A contact has neither name nor number nor address.
    #[error("contact says nothing")]
    EmptyContact,
}

impl ComposeError {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Part(reason) => reason.code(),
            Self::Attachment(reason) => reason.code(),
            Self::MediaType => "compose_media_type",
            Self::TopicTooLong => "content_topic_too_long",
            Self::ExpirationImplausible => "compose_expiration_implausible",
            Self::ReplyLoop => "compose_reply_loop",
            Self::ReactionToReaction => "compose_reaction_to_reaction",
            Self::NotAReaction => "compose_not_a_reaction",
            Self::ClassChanged => "compose_class_changed",
            Self::EmptyEdit => "compose_empty_edit",
            Self::EmptyReport => "compose_empty_report",
            Self::NotAMember => "compose_not_a_member",
            Self::PreviewTooLarge => "compose_preview_too_large",
            Self::NotAPlace => "compose_not_a_place",
            Self::EmptyContact => "compose_empty_contact",
        }
    }
}
