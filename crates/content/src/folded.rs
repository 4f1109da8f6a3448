//! What became of one message, one change at a time.
//!
//! **Owns** the verdict which version of a message is shown, as a value of constant size that a store keeps beside the
//! message. Changes may be applied in any order, also before the message itself is there, and more than once; the
//! result is what [`fold`](crate::fold) finds when it sees everything at once.
//! **Knows nothing of** contents: it names the version to show, the store has it.

use comity_room::policy::Action;
use comity_room::{Timestamp, UserUri};
use serde::{Deserialize, Serialize};

use crate::classify::{Class, classify, is_reaction};
use crate::message::Content;
use crate::message_id::MessageId;

/// A message with what its delivery tells about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: MessageId,
    /// The user who sent it, whichever client it was.
    pub sender: UserUri,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// What it says.
    pub content: Content,
}

impl Stored {
    /// Its place among the messages of its room.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place {
            accepted: self.accepted,
            id: self.id,
        }
    }
}

/// A place in a room's order: by the hub's time, at the same time the lowest id first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// When the hub accepted the message.
    pub accepted: Timestamp,
    /// The id of the message.
    pub id: MessageId,
}

/// What a user must be allowed to do for `change` to have an effect on a message of `author`, which has the disposition
/// of a reaction or not. `None` when no policy can allow it: nobody edits what others said.
///
/// Users are compared, not clients: any client of Bob may edit what another one sent.
#[must_use]
pub fn needed(change: &Stored, author: &UserUri, target_is_reaction: bool) -> Option<Action> {
    let own = change.sender == *author;
    match (classify(&change.content), target_is_reaction) {
        (Class::Message | Class::Report, _) => Some(Action::Send),
        (Class::Reaction { .. }, _) => Some(Action::React),
        (Class::Edit { .. }, _) if !own => None,
        (Class::Edit { .. }, false) => Some(Action::EditOwn),
        (Class::Edit { .. }, true) => Some(Action::EditReaction),
        (Class::Delete { .. } | Class::Unlike { .. }, false) if own => Some(Action::DeleteOwn),
        (Class::Delete { .. } | Class::Unlike { .. }, false) => Some(Action::DeleteOther),
        (Class::Delete { .. } | Class::Unlike { .. }, true) if own => Some(Action::DeleteOwnReaction),
        (Class::Delete { .. } | Class::Unlike { .. }, true) => Some(Action::DeleteOtherReaction),
    }
}

/// What became of the message whose first version is [`root`](Self::root).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    root: MessageId,
    first: Option<First>,
    /// The newest edit whose body is no reaction, and the newest whose body is one. Only the first version tells which
    /// counts, and it may come last.
    newest_message: Option<Place>,
    newest_reaction: Option<Place>,
    /// The earliest delete or unlike.
    deleted: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct First {
    is_reaction: bool,
    allowed: bool,
}

impl Folded {
    /// A message of which nothing is known but the id of its first version.
    #[must_use]
    pub const fn new(root: MessageId) -> Self {
        Self {
            root,
            first: None,
            newest_message: None,
            newest_reaction: None,
            deleted: None,
        }
    }

    /// Applies the first version, or an edit, delete or unlike of it.
    ///
    /// The caller has found that the change belongs to this root, through however many edits, and whether policy
    /// `allowed` the action that [`needed`] names. What is not allowed has no effect.
    pub fn apply(&mut self, change: &Stored, allowed: bool) {
        let place = change.place();
        let is_reaction = is_reaction(&change.content);
        match classify(&change.content) {
            Class::Message | Class::Reaction { .. } if change.id == self.root => {
                self.first = Some(First { is_reaction, allowed });
            }
            Class::Edit { .. } if allowed && is_reaction => {
                self.newest_reaction = self.newest_reaction.max(Some(place));
            }
            Class::Edit { .. } if allowed => self.newest_message = self.newest_message.max(Some(place)),
            Class::Delete { .. } | Class::Unlike { .. } if allowed => {
                self.deleted = Some(self.deleted.map_or(place, |earliest| earliest.min(place)));
            }
            _ => {}
        }
    }

    /// The first version.
    #[must_use]
    pub const fn root(&self) -> MessageId {
        self.root
    }

    /// The version to show; `None` while the first version is missing or was not allowed, and once it is deleted.
    #[must_use]
    pub fn shown(&self) -> Option<MessageId> {
        if self.deleted.is_some() || !self.first.as_ref()?.allowed {
            return None;
        }
        Some(self.newest())
    }

    /// The newest version: what a reply or reaction that is sent now refers to.
    #[must_use]
    pub fn newest(&self) -> MessageId {
        self.edit().map_or(self.root, |edit| edit.id)
    }

    /// Whether another version than the first is the newest.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        self.edit().is_some()
    }

    /// The delete or unlike that ended it. Nothing brings it back.
    #[must_use]
    pub fn deleted(&self) -> Option<MessageId> {
        self.first.as_ref()?;
        self.deleted.map(|deleted| deleted.id)
    }

    /// Whether it is a reaction; `false` while the first version is missing.
    #[must_use]
    pub fn is_reaction(&self) -> bool {
        self.first.as_ref().is_some_and(|first| first.is_reaction)
    }

    /// Whether the first version has been applied.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.first.is_some()
    }

    fn edit(&self) -> Option<Place> {
        match self.first.as_ref()?.is_reaction {
            true => self.newest_reaction,
            false => self.newest_message,
        }
    }
}
