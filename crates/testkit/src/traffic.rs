//! What travels through the world, as plain data, and how the trace speaks of it.

use comity::{Answer, Frame, FrameOutcome, Identity, Request};
use comity_room::{ProviderUri, RoomUri};
use comity_wire::{FanoutMessage, Wire as _};

use crate::host::Host;
use crate::names::short;

/// A hub's queue: to which provider, and of which room.
pub(crate) type Queue = (ProviderUri, RoomUri);

/// Something that is on its way.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A request reaches the client's own provider.
    Arrive(usize),
    /// An answer reaches the client.
    Return(usize, Answer),
    /// The host has waited long enough.
    GiveUp(usize),
    /// A hub delivers the next frame of a queue.
    FanOut(ProviderUri, Queue),
    /// A client asks for frames.
    Fetch(String),
    /// Frames reach a client.
    Page {
        name: String,
        life: u32,
        frames: Vec<Frame>,
        position: usize,
        more: bool,
    },
    /// One frame is pushed to a client.
    Push { name: String, frame: Frame },
    /// A killed process starts again.
    Start(String),
}

/// A request on its way, and whether its host still waits for the answer.
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) life: u32,
    pub(crate) request: Request,
    pub(crate) open: bool,
}

/// A client and its place in the world.
pub(crate) struct Seat {
    pub(crate) host: Host,
    pub(crate) login: Identity,
    /// By how much its clock is wrong, in milliseconds.
    pub(crate) skew: i64,
    /// Nothing reaches it, and nothing of it reaches others.
    pub(crate) cut_off: bool,
    /// It fetches no frames; requests and answers go through.
    pub(crate) deaf: bool,
    /// Messages to it are kept back; everything else goes through.
    pub(crate) keeps_messages_back: bool,
    /// A page of frames has been asked for.
    pub(crate) fetching: bool,
}

/// Something bad that happens to the next request of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It never arrives.
    LoseRequest,
    /// It is served, and the answer is lost.
    LoseAnswer,
    /// It is served twice.
    RepeatRequest,
    /// It never arrives, and the host is told that it never will.
    Undeliverable,
}

/// What became of a frame, in a word or two.
pub(crate) fn describe(outcome: &FrameOutcome) -> String {
    match outcome {
        FrameOutcome::Done { message: None, .. } => "done".to_owned(),
        FrameOutcome::Done {
            message: Some(message),
            ..
        } => {
            let id = message.to_string();
            format!("done, {}", id.get(..10).unwrap_or(&id))
        }
        FrameOutcome::Known { .. } => "known".to_owned(),
        FrameOutcome::Held { until } => format!("held until {until:?}"),
        FrameOutcome::Rejected { reason, .. } => format!("rejected: {}", reason.code()),
        outcome => format!("{outcome:?}"),
    }
}

/// Whether a frame carries an application message.
pub(crate) fn is_message(frame: &Frame) -> bool {
    kind_of(frame).starts_with("Application")
}

/// What a frame carries.
pub(crate) fn kind_of(frame: &Frame) -> String {
    let Ok(fanout) = FanoutMessage::decode(&frame.bytes) else {
        return "undecodable".to_owned();
    };
    let hash = fanout.message.sha256();
    let kind = fanout
        .message
        .kind()
        .map_or_else(|_| "?".to_owned(), |kind| format!("{kind:?}"));
    let room = frame.room.as_ref().map_or("?", |room| short(room.as_str()));
    format!("{kind} {:02x}{:02x} of {room}", hash[0], hash[1])
}
