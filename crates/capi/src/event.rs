//! Events: durable facts for the app.

use std::ffi::c_char;
use std::ptr;

use comity::{ClientChange, Event, EventKind, MessageChange, Refusal, RoomChange, TaskChange, UserChange};

use crate::codes::comity_advice;
use crate::output::{self, Keep, Shown};
use crate::values::{comity_message_id, comity_status, comity_task_id};

/// What can happen. The hundreds tell which query answers it: 100 `comity_reader_message`, 200 `comity_reader_room` and
/// `comity_reader_members`, 300 `comity_reader_user`, 400 `comity_reader_task`; 500 and 600 are for logs and for the advice.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_event_kind {
    /// Something that this header does not know. The hundreds may tell more in later versions.
    Other = 0,
    /// A message was received.
    MessageReceived = 100,
    /// A message was written here and waits for the hub.
    MessageSending = 101,
    /// The hub has accepted a message.
    MessageAccepted = 102,
    /// The hub will not take a message: `reason`. Resolve it.
    MessageRefused = 103,
    /// A message could not be delivered. Resolve it.
    MessageUndeliverable = 104,
    /// A message was edited.
    MessageEdited = 105,
    /// A message was deleted by someone who may.
    MessageDeleted = 106,
    /// Reactions to a message changed.
    MessageReactions = 107,
    /// Somebody tried to change a message who may not; nothing changed.
    MessageUnauthorized = 108,
    /// The time of a message is over and it is gone.
    MessageExpired = 109,
    /// A message was withdrawn before it was accepted.
    MessageWithdrawn = 110,
    /// We created a room and the hub has accepted it.
    RoomCreated = 200,
    /// The hub refused to create a room, or to let us in: `reason`.
    RoomRefused = 201,
    /// We were invited by `user`; respond.
    RoomInvited = 202,
    /// We are in a room.
    RoomJoined = 203,
    /// We left, or declined.
    RoomLeft = 204,
    /// We were removed.
    RoomRemoved = 205,
    /// Participants, their roles or their clients changed.
    RoomParticipants = 206,
    /// Name, subject or the like changed.
    RoomMetadata = 207,
    /// What every member must be able to read changed.
    RoomRequirement = 208,
    /// What `client` can read changed; `lacks` is what it lacks of the room's requirement.
    RoomCapability = 209,
    /// We are behind the hub: fetch.
    RoomBehind = 210,
    /// Our copy cannot follow any more: joining again heals it.
    RoomStalled = 211,
    /// Messages were read here.
    RoomRead = 212,
    /// A client of `user` appeared for the first time: `client`.
    UserClientAdded = 300,
    /// `client` of `user` has a new signature key.
    UserKeyChanged = 301,
    /// Something of `task` is known that was not.
    TaskProgress = 400,
    /// `task` is over.
    TaskFinished = 401,
    /// A frame was not usable: `reason` and `advice`.
    FrameRejected = 500,
    /// This device's clock and the hub's differ by `offset`.
    ClientClockSuspect = 600,
    /// The own provider has new key packages of ours: it holds `held`.
    ClientKeyPackagesPublished = 601,
    /// The own provider did not take our key packages: `reason`.
    ClientKeyPackagesRefused = 602,
    /// The witnesses say that this file is an older copy, or a copy of one that went on elsewhere. Everything in it can be read;
    /// nothing is sent, and every room is stalled until it is joined anew.
    ClientRestored = 603,
}

/// A durable fact for the app. It is an invitation to look: everything it says can be asked again.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_event {
    /// Its place in the log: starts at 1 and never repeats.
    pub seq: u64,
    /// What happened.
    pub kind: comity_event_kind,
    /// What helps.
    pub advice: comity_advice,
    /// The room that it is about, or NULL.
    pub room: *const c_char,
    /// The message that it is about, or NULL (for an edit, a reaction or a deletion: the one that is changed).
    pub message: *const comity_message_id,
    /// The user that it is about, or who invited us; or NULL.
    pub user: *const c_char,
    /// The client that it is about, or NULL.
    pub client: *const c_char,
    /// The task that it is about, or NULL.
    pub task: *const comity_task_id,
    /// Why a frame was rejected or a hub refused, one of `comity_code`; else 0.
    pub reason: comity_status,
    /// The same in words, or NULL.
    pub reason_name: *const c_char,
    /// For a refusal that names a rule: that rule, as the hub calls it; else NULL.
    pub reason_detail: *const c_char,
    /// For COMITY_EVENT_KIND_ROOM_CAPABILITY: the media types that are lacking.
    pub lacks: *const *const c_char,
    /// How many.
    pub lacks_len: usize,
    /// For COMITY_EVENT_KIND_CLIENT_CLOCK_SUSPECT: the hub's time less ours, in milliseconds.
    pub offset: i64,
    /// For COMITY_EVENT_KIND_CLIENT_KEY_PACKAGES_PUBLISHED: how many the provider holds.
    pub held: u32,
}

/// Events, oldest first. Free it with `comity_events_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_events {
    /// The events.
    pub items: *const *const comity_event,
    /// How many.
    pub len: usize,
}

impl Shown for comity_events {}

/// Frees events. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_events_free(events: *mut comity_events) {
    output::free(events);
}

pub(crate) fn shown(events: Vec<Event>) -> (comity_events, Keep) {
    let mut keep = Keep::new();
    let shown = comity_events {
        len: events.len(),
        items: kept(events, &mut keep),
    };
    (shown, keep)
}

pub(crate) fn kept(events: Vec<Event>, keep: &mut Keep) -> *const *const comity_event {
    let shown = events.into_iter().map(|event| one(event, keep)).collect();
    keep.pointers(shown)
}

fn one(event: Event, keep: &mut Keep) -> comity_event {
    let Event { seq, kind } = event;
    let mut shown = comity_event {
        seq: seq.0,
        kind: comity_event_kind::Other,
        advice: comity_advice::None,
        room: ptr::null(),
        message: ptr::null(),
        user: ptr::null(),
        client: ptr::null(),
        task: ptr::null(),
        reason: 0,
        reason_name: ptr::null(),
        reason_detail: ptr::null(),
        lacks: ptr::null(),
        lacks_len: 0,
        offset: 0,
        held: 0,
    };
    match kind {
        EventKind::Message {
            room,
            message,
            change,
        } => {
            shown.room = keep.word(room.as_ref());
            shown.message = keep.one(message.into());
            shown.message_change(&change, keep);
        }
        EventKind::Room { room, change } => {
            shown.room = keep.word(room.as_ref());
            shown.room_change(&change, keep);
        }
        EventKind::User { user, change } => {
            shown.user = keep.word(user.as_ref());
            shown.user_change(&change, keep);
        }
        EventKind::Task { task, change } => {
            shown.task = keep.one(task.into());
            shown.kind = match change {
                TaskChange::Progress => comity_event_kind::TaskProgress,
                TaskChange::Finished => comity_event_kind::TaskFinished,
                _ => comity_event_kind::Other,
            };
        }
        EventKind::Frame { room, reason, advice } => {
            shown.kind = comity_event_kind::FrameRejected;
            shown.room = keep.optional_word(room.as_ref().map(AsRef::as_ref));
            shown.advice = advice.into();
            shown.reason = reason.number();
            shown.reason_name = keep.word(reason.code());
        }
        EventKind::Client { change, advice } => {
            shown.advice = advice.into();
            shown.client_change(&change, keep);
        }
        _ => {}
    }
    shown
}

impl comity_event {
    fn message_change(&mut self, change: &MessageChange, keep: &mut Keep) {
        use comity_event_kind as kind;
        self.kind = match change {
            MessageChange::Received => kind::MessageReceived,
            MessageChange::Sending => kind::MessageSending,
            MessageChange::Accepted => kind::MessageAccepted,
            MessageChange::Refused(refusal) => self.refused(refusal, keep, kind::MessageRefused),
            MessageChange::Undeliverable => kind::MessageUndeliverable,
            MessageChange::Edited => kind::MessageEdited,
            MessageChange::Deleted => kind::MessageDeleted,
            MessageChange::Reactions => kind::MessageReactions,
            MessageChange::Unauthorized => kind::MessageUnauthorized,
            MessageChange::Expired => kind::MessageExpired,
            MessageChange::Withdrawn => kind::MessageWithdrawn,
            _ => kind::Other,
        };
    }

    fn room_change(&mut self, change: &RoomChange, keep: &mut Keep) {
        use comity_event_kind as kind;
        self.kind = match change {
            RoomChange::Created => kind::RoomCreated,
            RoomChange::Refused(refusal) => self.refused(refusal, keep, kind::RoomRefused),
            RoomChange::Invited { by } => {
                self.user = keep.word(by.as_ref());
                kind::RoomInvited
            }
            RoomChange::Joined => kind::RoomJoined,
            RoomChange::Left => kind::RoomLeft,
            RoomChange::Removed => kind::RoomRemoved,
            RoomChange::Participants => kind::RoomParticipants,
            RoomChange::Metadata => kind::RoomMetadata,
            RoomChange::Requirement => kind::RoomRequirement,
            RoomChange::Capability { client, lacks } => {
                self.client = keep.word(client.as_ref());
                (self.lacks, self.lacks_len) = keep.words(lacks.iter().map(ToString::to_string));
                kind::RoomCapability
            }
            RoomChange::Behind => kind::RoomBehind,
            RoomChange::Stalled => kind::RoomStalled,
            RoomChange::Read => kind::RoomRead,
            _ => kind::Other,
        };
    }

    fn user_change(&mut self, change: &UserChange, keep: &mut Keep) {
        let (kind, client) = match change {
            UserChange::ClientAdded(client) => (comity_event_kind::UserClientAdded, client),
            UserChange::KeyChanged(client) => (comity_event_kind::UserKeyChanged, client),
            _ => return,
        };
        self.kind = kind;
        self.client = keep.word(client.as_ref());
    }

    fn client_change(&mut self, change: &ClientChange, keep: &mut Keep) {
        use comity_event_kind as kind;
        self.kind = match change {
            ClientChange::ClockSuspect { offset_ms } => {
                self.offset = *offset_ms;
                kind::ClientClockSuspect
            }
            ClientChange::KeyPackagesPublished { held } => {
                self.held = *held;
                kind::ClientKeyPackagesPublished
            }
            ClientChange::KeyPackagesRefused(refusal) => {
                self.refused(refusal, keep, kind::ClientKeyPackagesRefused)
            }
            ClientChange::Restored => kind::ClientRestored,
            _ => kind::Other,
        };
    }

    fn refused(&mut self, refusal: &Refusal, keep: &mut Keep, kind: comity_event_kind) -> comity_event_kind {
        self.reason = refusal.number();
        self.reason_name = keep.word(refusal.code());
        self.reason_detail = keep.optional_word(refusal_detail(refusal));
        kind
    }
}

/// The rule that a hub names.
pub(crate) fn refusal_detail(refusal: &Refusal) -> Option<&str> {
    match refusal {
        Refusal::NotAllowed(rule) => Some(rule),
        _ => None,
    }
}
