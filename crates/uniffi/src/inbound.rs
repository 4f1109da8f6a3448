//! What comes in: frames, answers.

use std::time::Duration;

use comity::{ProviderUri, RoomUri};

use crate::octets::Octets;

/// One frame from the network, before we trust it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Frame {
    /// The room, if the host knows it. It must equal the room that the frame itself belongs to.
    pub room: Option<RoomUri>,
    /// The provider from whose hub it came, as authenticated by the host.
    pub provider: ProviderUri,
    /// What kind of body it is.
    pub kind: FrameKind,
    /// The body.
    pub bytes: Octets,
}

/// The kinds of inbound bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FrameKind {
    /// One MIMI `FanoutMessage`.
    Fanout,
    /// A consent entry. Not used yet: rejected as unsupported.
    Consent,
    /// A notice of the client's own provider. Not used yet: rejected as unsupported.
    Notice,
}

/// Frames in the order in which they arrived.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Batch {
    /// The frames.
    pub frames: Vec<Frame>,
    /// Where the host's queue stands after this batch; stored if and only if the whole batch was taken. None for a pushed frame, which
    /// must not move it.
    #[uniffi(default = None)]
    pub cursor: Option<Cursor>,
    /// More follows at once: errands (sending what waits, repairs, commits of pending proposals) are postponed.
    #[uniffi(default = false)]
    pub more: bool,
}

/// A place in a queue of the host's.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Cursor {
    /// The queue's name.
    pub queue: String,
    /// The place, in the host's own terms; at most 1,024 octets.
    pub position: Octets,
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Answer {
    /// The response body.
    Body {
        /// Its octets.
        octets: Octets,
    },
    /// Nobody answered. The engine backs off and hands the request out again from `wake`.
    Unreachable {
        /// How long to wait at least, if the other side said so.
        #[uniffi(default = None)]
        retry_after: Option<Duration>,
    },
    /// It will never be delivered: too large, no such hub. Frees the lane.
    Undeliverable,
}

impl From<Frame> for comity::Frame {
    fn from(frame: Frame) -> Self {
        let Frame {
            room,
            provider,
            kind,
            bytes,
        } = frame;
        Self {
            room,
            from: provider,
            kind: kind.into(),
            bytes: bytes.into(),
        }
    }
}

impl From<FrameKind> for comity::FrameKind {
    fn from(kind: FrameKind) -> Self {
        match kind {
            FrameKind::Fanout => Self::Fanout,
            FrameKind::Consent => Self::Consent,
            FrameKind::Notice => Self::Notice,
        }
    }
}

impl From<Batch> for comity::Batch {
    fn from(batch: Batch) -> Self {
        let Batch { frames, cursor, more } = batch;
        Self {
            frames: frames.into_iter().map(Into::into).collect(),
            cursor: cursor.map(Into::into),
            more,
        }
    }
}

impl From<Cursor> for comity::Cursor {
    fn from(cursor: Cursor) -> Self {
        let Cursor { queue, position } = cursor;
        Self {
            queue,
            position: position.into(),
        }
    }
}

impl From<comity::Cursor> for Cursor {
    fn from(cursor: comity::Cursor) -> Self {
        let comity::Cursor { queue, position } = cursor;
        Self {
            queue,
            position: position.into(),
        }
    }
}

impl From<Answer> for comity::Answer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Body { octets } => Self::Body(octets.into()),
            Answer::Unreachable { retry_after } => Self::Unreachable { retry_after },
            Answer::Undeliverable => Self::Undeliverable,
        }
    }
}
