//! What one call produced.

use std::ffi::c_char;
use std::ptr;

use comity::{FrameOutcome, HeldUntil, Made, MessageId, Step};

use crate::codes::comity_advice;
use crate::event::{self, comity_event};
use crate::output::{self, Keep, Shown};
use crate::request::{self, comity_request};
use crate::values::{comity_message_id, comity_status, comity_task_id};

/// What one call produced. Durable before you see it. Free it with `comity_step_free`, once its requests are queued, its events
/// noted and the timer set: what it holds is borrowed from it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_step {
    /// The message that the verb created, under the id that it keeps for ever; or NULL.
    pub made_message: *const comity_message_id,
    /// The room that the verb created, or NULL.
    pub made_room: *const c_char,
    /// The task that the verb created, or NULL.
    pub made_task: *const comity_task_id,
    /// Requests that are new, or due again. Until answered, each is also listed by `comity_reader_outstanding`.
    pub requests: *const *const comity_request,
    /// How many.
    pub requests_len: usize,
    /// The fresh tail of the event log.
    pub events: *const *const comity_event,
    /// How many.
    pub events_len: usize,
    /// For `comity_client_receive`: the outcome of each frame taken, in order.
    pub frames: *const *const comity_frame_outcome,
    /// How many.
    pub frames_len: usize,
    /// Whether there is a time at which to call `comity_client_wake`.
    pub has_wake_at: bool,
    /// That time, for the whole file; it replaces any earlier one.
    pub wake_at: u64,
}

impl Shown for comity_step {}

/// What became of a frame.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_outcome {
    /// A kind of outcome that this header does not know.
    Other = 0,
    /// Taken.
    Done = 1,
    /// Taken before, perhaps by another process on this file.
    Known = 2,
    /// Kept until something else has happened; do not deliver it again.
    Held = 3,
    /// Not usable, now or ever. The frame is finished.
    Rejected = 4,
}

/// What a held frame waits for.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_held_until {
    /// Nothing: the frame is not held.
    Nothing = 0,
    /// A commit that has not arrived.
    Commit = 1,
    /// A proposal that has not arrived, and that it commits.
    Proposal = 2,
    /// A Welcome that has not arrived.
    Welcome = 3,
    /// An identity that must be looked up.
    Identity = 4,
    /// The main app: it is too heavy for an extension.
    MainApp = 5,
    /// This device's clock, which seems to be behind.
    Clock = 6,
    /// Something that this header does not know.
    Other = 99,
}

/// What became of one frame.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_frame_outcome {
    /// What.
    pub kind: comity_outcome,
    /// For a held frame: what it waits for.
    pub until: comity_held_until,
    /// For DONE and KNOWN: whether to tell the person.
    pub notify: bool,
    /// For DONE and KNOWN: the message that it brought or changed, or NULL.
    pub message: *const comity_message_id,
    /// For a rejected frame: why, one of `comity_code`, else 0.
    pub reason: comity_status,
    /// For a rejected frame: what helps, if anything.
    pub advice: comity_advice,
    /// For a rejected frame: why, in words, such as "undecryptable" or the rule that a commit breaks; else NULL.
    pub reason_name: *const c_char,
}

/// Frees a step with all that it holds. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_step_free(step: *mut comity_step) {
    output::free(step);
}

pub(crate) fn shown(step: Step) -> (comity_step, Keep) {
    let mut keep = Keep::new();
    let (made_message, made_room, made_task) = made(step.made, &mut keep);
    let frames = step
        .frames
        .into_iter()
        .map(|outcome| one(outcome, &mut keep))
        .collect::<Vec<_>>();
    let shown = comity_step {
        made_message,
        made_room,
        made_task,
        requests_len: step.requests.len(),
        requests: request::kept(step.requests, &mut keep),
        events_len: step.events.len(),
        events: event::kept(step.events, &mut keep),
        frames_len: frames.len(),
        frames: keep.pointers(frames),
        has_wake_at: step.wake_at.is_some(),
        wake_at: step.wake_at.map_or(0, |at| at.as_millis()),
    };
    (shown, keep)
}

fn made(
    made: Option<Made>,
    keep: &mut Keep,
) -> (*const comity_message_id, *const c_char, *const comity_task_id) {
    let (mut message, mut room, mut task) = (ptr::null(), ptr::null(), ptr::null());
    match made {
        Some(Made::Message(id)) => message = keep.one(id.into()),
        Some(Made::Room(uri)) => room = keep.word(uri.as_ref()),
        Some(Made::Task(id)) => task = keep.one(id.into()),
        _ => {}
    }
    (message, room, task)
}

fn one(outcome: FrameOutcome, keep: &mut Keep) -> comity_frame_outcome {
    let nothing = comity_frame_outcome {
        kind: comity_outcome::Other,
        until: comity_held_until::Nothing,
        notify: false,
        message: ptr::null(),
        reason: 0,
        advice: comity_advice::None,
        reason_name: ptr::null(),
    };
    match outcome {
        FrameOutcome::Done { message, notify } => comity_frame_outcome {
            kind: comity_outcome::Done,
            notify,
            message: optional_id(message, keep),
            ..nothing
        },
        FrameOutcome::Known { message, notify } => comity_frame_outcome {
            kind: comity_outcome::Known,
            notify,
            message: optional_id(message, keep),
            ..nothing
        },
        FrameOutcome::Held { until } => comity_frame_outcome {
            kind: comity_outcome::Held,
            until: until.into(),
            ..nothing
        },
        FrameOutcome::Rejected { reason, advice } => comity_frame_outcome {
            kind: comity_outcome::Rejected,
            reason: reason.number(),
            advice: advice.into(),
            reason_name: keep.word(reason.code()),
            ..nothing
        },
        _ => nothing,
    }
}

pub(crate) fn optional_id(id: Option<MessageId>, keep: &mut Keep) -> *const comity_message_id {
    id.map_or(ptr::null(), |id| keep.one(id.into()))
}

impl From<HeldUntil> for comity_held_until {
    fn from(until: HeldUntil) -> Self {
        match until {
            HeldUntil::Commit => Self::Commit,
            HeldUntil::Proposal => Self::Proposal,
            HeldUntil::Welcome => Self::Welcome,
            HeldUntil::Identity => Self::Identity,
            HeldUntil::MainApp => Self::MainApp,
            HeldUntil::Clock => Self::Clock,
            _ => Self::Other,
        }
    }
}
