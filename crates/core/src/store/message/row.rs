//! What the engine keeps of a message, and what follows from it alone.

use comity_content::{Class, MessageId};
use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};
use serde::{Deserialize, Serialize};

use super::scope_of;
use crate::rejection::Refusal;
use crate::step::{Event, EventKind, MessageChange};
use crate::store::room::{Position, millis};
use crate::store::{Scope, event};

/// How a message travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Delivery {
    /// It came from another client.
    Received,
    /// It is ours and waits for another epoch, or for the room.
    Waiting,
    /// It is ours and on its way to the hub.
    Sending,
    /// It is ours and the hub has accepted it.
    Accepted,
    /// It is ours and the hub will not take it.
    Refused(Refusal),
    /// It is ours and could not be delivered.
    Undeliverable,
}

/// What the log says of a message from the moment at which it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Told {
    Received,
    Sending,
}

/// What the engine keeps of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MessageRow {
    /// Its place in the event log, or a number below zero if it tells nothing there; 0 until it is stored.
    #[serde(skip)]
    pub(crate) seq: i64,
    pub(crate) id: MessageId,
    #[serde(skip)]
    pub(crate) room: i64,
    /// Whether it is sealed under a key of its own, because it will vanish.
    #[serde(skip)]
    pub(crate) alone: bool,
    pub(crate) root: MessageId,
    pub(crate) sender: UserUri,
    pub(crate) client: ClientUri,
    pub(crate) epoch: u64,
    /// The frame that brought it, or in which it left, as `seen` names it.
    #[serde(skip)]
    pub(crate) frame: Option<[u8; 16]>,
    /// The first octets of the frame's hash.
    pub(crate) tie: u32,
    /// The hub's time; for our own messages `None` until accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Option<Timestamp>,
    /// When it was written or received here, by the host's clock.
    pub(crate) noted: Timestamp,
    /// Our own messages stand in this order until the hub has accepted them.
    pub(crate) order: i64,
    pub(crate) delivery: Delivery,
    pub(crate) class: Class,
    /// The event that its row stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) told: Option<Told>,
    /// Whether a person should have been told, when it came.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) notify: bool,
    /// Whether it is another user's, and so unread until it is read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) counts: bool,
    /// Whether its body as a whole is a reaction.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) is_reaction: bool,
    /// The texts of a reaction.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) reaction: Vec<String>,
    /// Whether its sender was allowed to do this, decided once, when its target was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allowed: Option<bool>,
    /// For a root: what edits, deletions and reactions have made of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) folded: Folded,
    /// Seconds after reading at which it vanishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_after_read: Option<u32>,
    /// When it vanishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Timestamp>,
    /// When it is to be asked whether it can be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) erase_due: Option<Timestamp>,
    /// When this device's clock first saw it as over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) over_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) read: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) erased: bool,
}

/// The first octets of a frame's hash, by which messages that were accepted at once are put in order: in the same one
/// for everybody.
pub(crate) fn tie_of(hash: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *hash;
    u32::from_be_bytes([a, b, c, d])
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What has become of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Folded {
    /// The edit whose content is shown, if it was edited.
    pub(crate) edit: Option<MessageId>,
    /// Every version but the first, oldest first.
    pub(crate) versions: Vec<MessageId>,
    pub(crate) deleted: bool,
    pub(crate) reactions: Vec<Reacted>,
    /// Messages that tried to change it and may not.
    pub(crate) unauthorized: Vec<MessageId>,
}

/// One reaction to a message. `Debug` shows nothing of what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl std::fmt::Debug for Reacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { by, id, text, to } = self;
        f.debug_struct("Reacted")
            .field("by", by)
            .field("id", id)
            .field("text", &format_args!("({} texts)", text.len()))
            .field("to", to)
            .finish()
    }
}

impl MessageRow {
    pub(crate) fn position(&self) -> Position {
        match self.accepted {
            Some(at) => Position {
                at: millis(at),
                tie: self.tie.into(),
            },
            None => Position {
                at: Position::UNACCEPTED,
                tie: self.order,
            },
        }
    }

    /// Whether it stands in the timeline.
    pub(crate) fn shown(&self) -> bool {
        matches!(self.class, Class::Message) && !self.erased && self.allowed != Some(false)
    }

    pub(super) fn scope(&self) -> Scope {
        scope_of(self.alone, self.seq, self.room)
    }

    /// The event that this row stands for.
    pub(crate) fn event(&self, room: &RoomUri) -> Option<Event> {
        let change = match self.told? {
            Told::Received => MessageChange::Received,
            Told::Sending => MessageChange::Sending,
        };
        let kind = EventKind::Message {
            room: room.clone(),
            message: self.id,
            change,
        };
        Some(event::event(self.seq, kind))
    }

    pub(crate) fn is_own_unsent(&self) -> bool {
        matches!(
            self.delivery,
            Delivery::Waiting | Delivery::Sending | Delivery::Undeliverable | Delivery::Refused(_)
        )
    }
}
