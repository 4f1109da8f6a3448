//! Messages: a room's timeline, one message, a look into a frame.

use comity::content::MessageId;
use comity::{ClientUri, RoomUri, Timestamp, UserUri};

use crate::content::Content;
use crate::event::Reason;
use crate::octets::Octets;

/// A message, as a timeline shows it. It prints nothing of what it says.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Message {
    /// Its id, which it keeps for ever.
    pub id: MessageId,
    /// The user who sent it.
    pub sender: UserUri,
    /// The client that sent it.
    pub client: ClientUri,
    /// The hub's time; none until the hub has accepted it.
    pub accepted: Option<Timestamp>,
    /// The epoch in which it was last encrypted.
    pub epoch: u64,
    /// Where it stands in the timeline.
    pub position: Position,
    /// How it travels.
    pub delivery: Delivery,
    /// What is to be shown: the latest version. None once deleted.
    pub content: Option<Content>,
    /// The octets of the version that is shown, as they travelled: for `select`.
    pub octets: Option<Octets>,
    /// The ids of later versions, oldest first; not empty once edited.
    pub edits: Vec<MessageId>,
    /// Whether it was deleted by someone who may.
    pub deleted: bool,
    /// The reactions to it.
    pub reactions: Vec<Reacted>,
    /// Whether it was read here.
    pub read: bool,
    /// When it vanishes, if that is known.
    pub expires: Option<Timestamp>,
}

/// Where a message stands in its room's timeline. Positions sort by `at`, then by `tie`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Record)]
pub struct Position {
    /// The hub's time in milliseconds since 1970; the largest number there is until the hub has accepted the message.
    pub at: i64,
    /// What decides between messages of the same time.
    pub tie: i64,
}

/// How a message travels.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Delivery {
    /// It came from another client.
    Received,
    /// It is ours and waits for another epoch, or for the room.
    Waiting,
    /// It is ours and on its way to the hub.
    Sending,
    /// It is ours and the hub has accepted it.
    Accepted,
    /// It is ours and the hub will not take it. Resolve it.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// It is ours and could not be delivered. Resolve it.
    Undeliverable,
    /// Something that this version does not know.
    Other,
}

/// One reaction to a message. It prints nothing of what it says.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Reacted {
    /// Who reacted.
    pub by: UserUri,
    /// The reaction's own id, by which its sender takes it back.
    pub id: MessageId,
    /// The reactions as text, such as an emoji; several if the message carried several.
    pub text: Vec<String>,
    /// The version that was reacted to.
    pub to: MessageId,
}

/// Which part of a timeline. No page holds more than 1,000 messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Page {
    /// The latest messages.
    Latest {
        /// At most so many.
        limit: u32,
    },
    /// Messages before a position.
    Before {
        /// The position.
        position: Position,
        /// At most so many.
        limit: u32,
    },
    /// Messages after a position.
    After {
        /// The position.
        position: Position,
        /// At most so many.
        limit: u32,
    },
}

/// What is in a frame that has not been taken, or was. It prints nothing of what it says.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Preview {
    /// The room.
    pub room: RoomUri,
    /// The message.
    pub message: MessageId,
    /// Who sent it.
    pub sender: UserUri,
    /// With which client.
    pub client: ClientUri,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// What it says. For an edit, a deletion or a reaction this names the message that it changes.
    pub content: Content,
    /// Whether a person should be told.
    pub notify: bool,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            id,
            sender,
            client,
            accepted,
            epoch,
            position,
            delivery,
            content,
            octets,
            edits,
            deleted,
            reactions,
            read,
            expires,
        } = self;
        f.debug_struct("Message")
            .field("id", &format_args!("{id}"))
            .field("sender", sender)
            .field("client", client)
            .field("accepted", accepted)
            .field("epoch", epoch)
            .field("position", position)
            .field("delivery", delivery)
            .field("content", content)
            .field("octets", octets)
            .field("edits", &edits.len())
            .field("deleted", deleted)
            .field("reactions", &reactions.len())
            .field("read", read)
            .field("expires", expires)
            .finish()
    }
}

impl std::fmt::Debug for Reacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { by, id, text, to } = self;
        f.debug_struct("Reacted")
            .field("by", by)
            .field("id", &format_args!("{id}"))
            .field("text", &format_args!("({} texts)", text.len()))
            .field("to", &format_args!("{to}"))
            .finish()
    }
}

impl From<comity::Message> for Message {
    fn from(message: comity::Message) -> Self {
        let comity::Message {
            id,
            sender,
            client,
            accepted,
            epoch,
            position,
            delivery,
            content,
            octets,
            edits,
            deleted,
            reactions,
            read,
            expires,
        } = message;
        Self {
            id,
            sender,
            client,
            accepted,
            epoch,
            position: position.into(),
            delivery: delivery.into(),
            content: content.map(Into::into),
            octets: octets.map(Into::into),
            edits,
            deleted,
            reactions: reactions.into_iter().map(Into::into).collect(),
            read,
            expires,
        }
    }
}

impl From<comity::Position> for Position {
    fn from(position: comity::Position) -> Self {
        let (at, tie) = position.numbers();
        Self { at, tie }
    }
}

impl From<Position> for comity::Position {
    fn from(position: Position) -> Self {
        let Position { at, tie } = position;
        Self::from_numbers(at, tie)
    }
}

impl From<comity::Delivery> for Delivery {
    fn from(delivery: comity::Delivery) -> Self {
        match delivery {
            comity::Delivery::Received => Self::Received,
            comity::Delivery::Waiting => Self::Waiting,
            comity::Delivery::Sending => Self::Sending,
            comity::Delivery::Accepted => Self::Accepted,
            comity::Delivery::Refused(refusal) => Self::Refused {
                reason: refusal.into(),
            },
            comity::Delivery::Undeliverable => Self::Undeliverable,
            _ => Self::Other,
        }
    }
}

impl From<comity::Reacted> for Reacted {
    fn from(reacted: comity::Reacted) -> Self {
        let comity::Reacted { by, id, text, to } = reacted;
        Self { by, id, text, to }
    }
}

impl From<Page> for comity::Page {
    fn from(page: Page) -> Self {
        match page {
            Page::Latest { limit } => Self::Latest(limit),
            Page::Before { position, limit } => Self::Before(position.into(), limit),
            Page::After { position, limit } => Self::After(position.into(), limit),
        }
    }
}

impl From<comity::Preview> for Preview {
    fn from(preview: comity::Preview) -> Self {
        // The engine's may grow; a test compares the fields.
        let comity::Preview {
            room,
            message,
            sender,
            client,
            accepted,
            content,
            notify,
            ..
        } = preview;
        Self {
            room,
            message,
            sender,
            client,
            accepted,
            content: content.into(),
            notify,
        }
    }
}
