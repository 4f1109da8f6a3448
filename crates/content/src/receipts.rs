//! What the reports of several clients amount to, and when to send one.
//!
//! **Owns** which step from one status to another makes sense, and that of a user's clients the one who did most counts.
//! **Knows nothing of** rooms: a host keeps one [`Receipts`] per room, and keeps it as long as the messages.
//!
//! A report says nothing about time: it counts at its place in the room's order. Reports may come in any order, twice, and
//! before the message that they are about; the result is the same.
//!
//! See *mimi-message-status*, and `StatusNotificationPolicy` in *mimi-room-policy*.

use std::collections::BTreeMap;

use comity_room::UserUri;

use crate::classify::{Class, classify};
use crate::folded::Place;
use crate::message::Content;
use crate::message_id::MessageId;
use crate::status::{Status, StatusReport};

/// What every user did with every message, as far as they told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipts {
    /// For each message and user: the furthest that they came, and what they last did besides.
    standing: BTreeMap<MessageId, BTreeMap<UserUri, Standing>>,
}

/// How one user stands to one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Delivered, read, or gone: expired or deleted. Never goes back.
    reached: Option<Status>,
    was_read: bool,
    /// What was last done that can be undone, and where: hidden, marked unread, or read again.
    marked: Option<(Place, Status)>,
}

impl Standing {
    /// What to show.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let is_gone = self.reached.and_then(rank) == Some(GONE);
        match self.marked {
            Some((_, mark)) if !is_gone && mark != Status::READ => Some(mark),
            _ => self.reached,
        }
    }

    /// Whether the user has read it, whatever they did later.
    #[must_use]
    pub const fn was_read(&self) -> bool {
        self.was_read
    }

    fn apply(&mut self, place: Place, status: Status) {
        self.was_read |= status == Status::READ;
        let (new, old) = (rank(status), self.reached.and_then(rank));
        // Of two ways to be gone the same one is taken whichever was told first.
        if new > old || (new.is_some() && new == old && Some(status) < self.reached) {
            self.reached = Some(status);
        }
        let is_mark = new.is_none() || status == Status::READ;
        if is_mark && self.marked < Some((place, status)) {
            self.marked = Some((place, status));
        }
    }
}

const GONE: u8 = 3;

/// How far a status is along the way of a message; `None` for what can be done and undone.
const fn rank(status: Status) -> Option<u8> {
    match status {
        Status::DELIVERED => Some(1),
        Status::READ => Some(2),
        Status::EXPIRED | Status::DELETED => Some(GONE),
        _ => None,
    }
}

impl Receipts {
    /// No reports yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            standing: BTreeMap::new(),
        }
    }

    /// Takes in a report that a client of `user` sent, at its place in the room.
    ///
    /// `concerns` says whether a message is one of this room, or may become one: reports about others are dropped.
    pub fn apply(
        &mut self,
        user: &UserUri,
        place: Place,
        report: &StatusReport,
        mut concerns: impl FnMut(MessageId) -> bool,
    ) {
        for (message, status) in report.entries() {
            if concerns(*message) {
                let standing = self.standing.entry(*message).or_default();
                standing.entry(user.clone()).or_default().apply(place, *status);
            }
        }
    }

    /// How a user stands to a message.
    #[must_use]
    pub fn of(&self, message: MessageId, user: &UserUri) -> Option<Standing> {
        self.standing.get(&message)?.get(user).copied()
    }

    /// Everybody who told anything about a message.
    pub fn about(&self, message: MessageId) -> impl Iterator<Item = (&UserUri, Standing)> {
        let users = self.standing.get(&message).into_iter().flatten();
        users.map(|(user, standing)| (user, *standing))
    }

    /// Forgets a message that is no longer kept.
    pub fn forget(&mut self, message: MessageId) {
        self.standing.remove(&message);
    }
}

/// What a room asks about one kind of report: its policy has one for delivery and one for reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReportPolicy {
    /// Everybody reports.
    Required,
    /// Everybody decides for themselves.
    #[default]
    Optional,
    /// Nobody reports.
    Forbidden,
}

impl ReportPolicy {
    /// Whether to report, given what the user `wants` where they may choose.
    #[must_use]
    pub const fn reports(self, wants: bool) -> bool {
        match self {
            Self::Required => true,
            Self::Optional => wants,
            Self::Forbidden => false,
        }
    }
}

/// Whether a message is one to report about. Reports are not, so that nobody reports about reports; nor is what only takes
/// something back.
#[must_use]
pub fn is_reported(content: &Content) -> bool {
    matches!(
        classify(content),
        Class::Message | Class::Reaction { .. } | Class::Edit { .. }
    )
}
