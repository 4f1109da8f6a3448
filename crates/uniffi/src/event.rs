//! Events: durable facts for the app.

use comity::content::MessageId;
use comity::room::MediaType;
use comity::{ClientUri, Refusal, Rejection, RoomUri, TaskId, UserUri};

use crate::code::{Advice, Code};

/// A durable fact for the app. It is an invitation to look: everything it says can be asked again.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Event {
    /// Its place in the log: starts at 1 and never repeats.
    pub seq: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen. Each kind names the query of a reader that answers it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum EventKind {
    /// Ask `message`.
    Message {
        /// The room.
        room: RoomUri,
        /// The message (for an edit, a reaction or a deletion: the one it changes).
        message: MessageId,
        /// What happened to it.
        change: MessageChange,
    },
    /// Ask `room` or `members`.
    Room {
        /// The room.
        room: RoomUri,
        /// What happened to it.
        change: RoomChange,
    },
    /// Ask `user`. Told once per user, not once per room.
    User {
        /// The user.
        user: UserUri,
        /// What happened.
        change: UserChange,
    },
    /// Ask `task`.
    Task {
        /// The task.
        task: TaskId,
        /// What happened.
        change: TaskChange,
    },
    /// A frame was not usable. For logs, and for the advice.
    Frame {
        /// The room, if known.
        room: Option<RoomUri>,
        /// Why.
        reason: Reason,
        /// What helps.
        advice: Advice,
    },
    /// Something about this client itself.
    Client {
        /// What.
        change: ClientChange,
        /// What helps.
        advice: Advice,
    },
    /// Something that this version does not know.
    Other,
}

/// Why a frame was rejected, or a hub refused.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Reason {
    /// Why.
    pub code: Code,
    /// The same in words, such as `undecryptable`, or the rule that a commit breaks.
    pub name: String,
    /// For a refusal that names a rule: that rule, as the hub calls it.
    pub detail: Option<String>,
}

/// What happens to messages.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum MessageChange {
    /// It was received.
    Received,
    /// It was written here and waits for the hub.
    Sending,
    /// The hub has accepted it.
    Accepted,
    /// The hub will not take it; `resolve` it.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// It could not be delivered; `resolve` it.
    Undeliverable,
    /// It was edited.
    Edited,
    /// It was deleted by someone who may.
    Deleted,
    /// Reactions to it changed.
    Reactions,
    /// Somebody tried to change it who may not; nothing changed.
    Unauthorized,
    /// Its time is over and it is gone.
    Expired,
    /// It was withdrawn before it was accepted.
    Withdrawn,
    /// Something that this version does not know.
    Other,
}

/// What happens to rooms.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RoomChange {
    /// We created it and the hub has accepted it.
    Created,
    /// The hub refused to create it, or to let us in.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// We were invited; `respond`.
    Invited {
        /// By whom.
        by: UserUri,
    },
    /// We are in it.
    Joined,
    /// We left, or declined.
    Left,
    /// We were removed.
    Removed,
    /// Participants, their roles or their clients changed.
    Participants,
    /// Name, subject or the like changed.
    Metadata,
    /// What every member must be able to read changed.
    Requirement,
    /// A client's advertisement changed, or a client cannot read what the room requires.
    Capability {
        /// The client.
        client: ClientUri,
        /// What it lacks of the room's requirement.
        lacks: Vec<MediaType>,
    },
    /// We are behind the hub: fetch.
    Behind,
    /// Our copy cannot follow any more: `join` heals it.
    Stalled,
    /// Messages were read here.
    Read,
    /// Something that this version does not know.
    Other,
}

/// What happens to users.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum UserChange {
    /// A client of theirs appeared for the first time.
    ClientAdded {
        /// Which.
        client: ClientUri,
    },
    /// A client of theirs has a new signature key.
    KeyChanged {
        /// Which.
        client: ClientUri,
    },
    /// Something that this version does not know.
    Other,
}

/// What happens to tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TaskChange {
    /// Something of it is known that was not.
    Progress,
    /// It is over.
    Finished,
    /// Something that this version does not know.
    Other,
}

/// What happens to this client.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ClientChange {
    /// This device's clock and the hub's differ by more than a few minutes.
    ClockSuspect {
        /// Hub's time less ours, in milliseconds.
        offset_ms: i64,
    },
    /// The own provider has new key packages of ours.
    KeyPackagesPublished {
        /// How many it holds now.
        held: u32,
    },
    /// The own provider did not take our key packages.
    KeyPackagesRefused {
        /// Why.
        reason: Reason,
    },
    /// The witnesses say that this file is an older copy, or a copy of one that went on elsewhere. Everything in it can be read. Nothing
    /// is sent: every room is stalled until it is joined anew.
    Restored,
    /// Something that this version does not know.
    Other,
}

impl From<Rejection> for Reason {
    fn from(rejection: Rejection) -> Self {
        Self {
            code: Code::of(rejection.number()),
            name: rejection.code().to_owned(),
            detail: None,
        }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: Code::of(refusal.number()),
            name: refusal.code().to_owned(),
            detail: match refusal {
                Refusal::NotAllowed(rule) => Some(rule),
                _ => None,
            },
        }
    }
}

impl From<comity::Event> for Event {
    fn from(event: comity::Event) -> Self {
        let comity::Event { seq, kind } = event;
        Self {
            seq: seq.0,
            kind: kind.into(),
        }
    }
}

impl From<comity::EventKind> for EventKind {
    fn from(kind: comity::EventKind) -> Self {
        match kind {
            comity::EventKind::Message {
                room,
                message,
                change,
            } => Self::Message {
                room,
                message,
                change: change.into(),
            },
            comity::EventKind::Room { room, change } => Self::Room {
                room,
                change: change.into(),
            },
            comity::EventKind::User { user, change } => Self::User {
                user,
                change: change.into(),
            },
            comity::EventKind::Task { task, change } => Self::Task {
                task,
                change: change.into(),
            },
            comity::EventKind::Frame { room, reason, advice } => Self::Frame {
                room,
                reason: reason.into(),
                advice: advice.into(),
            },
            comity::EventKind::Client { change, advice } => Self::Client {
                change: change.into(),
                advice: advice.into(),
            },
            _ => Self::Other,
        }
    }
}

impl From<comity::MessageChange> for MessageChange {
    fn from(change: comity::MessageChange) -> Self {
        match change {
            comity::MessageChange::Received => Self::Received,
            comity::MessageChange::Sending => Self::Sending,
            comity::MessageChange::Accepted => Self::Accepted,
            comity::MessageChange::Refused(refusal) => Self::Refused {
                reason: refusal.into(),
            },
            comity::MessageChange::Undeliverable => Self::Undeliverable,
            comity::MessageChange::Edited => Self::Edited,
            comity::MessageChange::Deleted => Self::Deleted,
            comity::MessageChange::Reactions => Self::Reactions,
            comity::MessageChange::Unauthorized => Self::Unauthorized,
            comity::MessageChange::Expired => Self::Expired,
            comity::MessageChange::Withdrawn => Self::Withdrawn,
            _ => Self::Other,
        }
    }
}

impl From<comity::RoomChange> for RoomChange {
    fn from(change: comity::RoomChange) -> Self {
        match change {
            comity::RoomChange::Created => Self::Created,
            comity::RoomChange::Refused(refusal) => Self::Refused {
                reason: refusal.into(),
            },
            comity::RoomChange::Invited { by } => Self::Invited { by },
            comity::RoomChange::Joined => Self::Joined,
            comity::RoomChange::Left => Self::Left,
            comity::RoomChange::Removed => Self::Removed,
            comity::RoomChange::Participants => Self::Participants,
            comity::RoomChange::Metadata => Self::Metadata,
            comity::RoomChange::Requirement => Self::Requirement,
            comity::RoomChange::Capability { client, lacks } => Self::Capability { client, lacks },
            comity::RoomChange::Behind => Self::Behind,
            comity::RoomChange::Stalled => Self::Stalled,
            comity::RoomChange::Read => Self::Read,
            _ => Self::Other,
        }
    }
}

impl From<comity::UserChange> for UserChange {
    fn from(change: comity::UserChange) -> Self {
        match change {
            comity::UserChange::ClientAdded(client) => Self::ClientAdded { client },
            comity::UserChange::KeyChanged(client) => Self::KeyChanged { client },
            _ => Self::Other,
        }
    }
}

impl From<comity::TaskChange> for TaskChange {
    fn from(change: comity::TaskChange) -> Self {
        match change {
            comity::TaskChange::Progress => Self::Progress,
            comity::TaskChange::Finished => Self::Finished,
            _ => Self::Other,
        }
    }
}

impl From<comity::ClientChange> for ClientChange {
    fn from(change: comity::ClientChange) -> Self {
        match change {
            comity::ClientChange::ClockSuspect { offset_ms } => Self::ClockSuspect { offset_ms },
            comity::ClientChange::KeyPackagesPublished { held } => Self::KeyPackagesPublished { held },
            comity::ClientChange::KeyPackagesRefused(refusal) => Self::KeyPackagesRefused {
                reason: refusal.into(),
            },
            comity::ClientChange::Restored => Self::Restored,
            _ => Self::Other,
        }
    }
}
