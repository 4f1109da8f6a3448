//! What one call produced.

use comity::content::MessageId;
use comity::{RoomUri, TaskId, Timestamp};

use crate::code::Advice;
use crate::event::{Event, Reason};
use crate::request::Request;

/// What one call produced. Durable before you see it.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Step {
    /// What the verb created, if it created something with a name.
    pub made: Option<Made>,
    /// Requests that are new, or due again. Until answered, each is also listed by `outstanding` of a reader.
    pub requests: Vec<Request>,
    /// The fresh tail of the event log.
    pub events: Vec<Event>,
    /// For `receive`: the outcome of each frame taken, in order. A prefix of the batch when interrupted or over budget.
    pub frames: Vec<FrameOutcome>,
    /// When to call `wake`, for the whole file; it replaces any earlier value. To wake early or late is harmless.
    pub wake_at: Option<Timestamp>,
}

/// What a verb created.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Made {
    /// A message, under the id that it keeps for ever.
    Message {
        /// Its id.
        id: MessageId,
    },
    /// A room.
    Room {
        /// Its URI.
        uri: RoomUri,
    },
    /// A task, whose progress `task` of a reader tells.
    Task {
        /// Its name.
        id: TaskId,
    },
    /// Something that this version does not know.
    Other,
}

/// What became of one frame.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FrameOutcome {
    /// Taken.
    Done {
        /// The message it brought or changed.
        message: Option<MessageId>,
        /// Whether to tell the person.
        notify: bool,
    },
    /// Taken before, perhaps by another process on this file.
    Known {
        /// The message it brought then.
        message: Option<MessageId>,
        /// Whether to tell the person.
        notify: bool,
    },
    /// Kept until something else has happened; do not deliver it again.
    Held {
        /// What it waits for.
        until: HeldUntil,
    },
    /// Not usable, now or ever. The frame is finished.
    Rejected {
        /// Why.
        reason: Reason,
        /// What helps, if anything.
        advice: Advice,
    },
    /// An outcome that this version does not know.
    Other,
}

/// What a held frame waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum HeldUntil {
    /// A commit that has not arrived.
    Commit,
    /// A proposal that has not arrived, and that it commits.
    Proposal,
    /// A Welcome that has not arrived.
    Welcome,
    /// An identity that must be looked up.
    Identity,
    /// The main app: it is too heavy for an extension.
    MainApp,
    /// This device's clock, which seems to be behind.
    Clock,
    /// Something that this version does not know.
    Other,
}

impl From<comity::Step> for Step {
    fn from(step: comity::Step) -> Self {
        // Only the engine makes steps: it has one field more, which is nobody's. A test compares the others.
        let comity::Step {
            made,
            requests,
            events,
            frames,
            wake_at,
            ..
        } = step;
        Self {
            made: made.map(Into::into),
            requests: requests.into_iter().map(Into::into).collect(),
            events: events.into_iter().map(Into::into).collect(),
            frames: frames.into_iter().map(Into::into).collect(),
            wake_at,
        }
    }
}

impl From<comity::Made> for Made {
    fn from(made: comity::Made) -> Self {
        match made {
            comity::Made::Message(id) => Self::Message { id },
            comity::Made::Room(uri) => Self::Room { uri },
            comity::Made::Task(id) => Self::Task { id },
            _ => Self::Other,
        }
    }
}

impl From<comity::FrameOutcome> for FrameOutcome {
    fn from(outcome: comity::FrameOutcome) -> Self {
        match outcome {
            comity::FrameOutcome::Done { message, notify } => Self::Done { message, notify },
            comity::FrameOutcome::Known { message, notify } => Self::Known { message, notify },
            comity::FrameOutcome::Held { until } => Self::Held { until: until.into() },
            comity::FrameOutcome::Rejected { reason, advice } => Self::Rejected {
                reason: reason.into(),
                advice: advice.into(),
            },
            _ => Self::Other,
        }
    }
}

impl From<comity::HeldUntil> for HeldUntil {
    fn from(until: comity::HeldUntil) -> Self {
        match until {
            comity::HeldUntil::Commit => Self::Commit,
            comity::HeldUntil::Proposal => Self::Proposal,
            comity::HeldUntil::Welcome => Self::Welcome,
            comity::HeldUntil::Identity => Self::Identity,
            comity::HeldUntil::MainApp => Self::MainApp,
            comity::HeldUntil::Clock => Self::Clock,
            _ => Self::Other,
        }
    }
}
