//! The engine's vocabulary: what goes in, what comes out. Read this first; it holds no logic.
//!
//! Bytes and commands go in, and each call that changes something returns a [`Step`]: the requests to deliver, the
//! events to show, and when to wake the engine. A step exists only once its transaction has been committed.

use std::time::Duration;

use comity_content::MessageId;
use comity_room::{
    ClientUri, MediaType, ProviderUri, Requirement, RoleIndex, RoomMetadata, RoomUri, Timestamp, UserUri,
};
use serde::{Deserialize, Serialize};

use crate::rejection::{Advice, Refusal, Rejection};
use crate::tx::Receipt;

/// What one call produced. Durable before you see it: a `Step` is made only by committing.
#[must_use = "requests are waiting to be delivered"]
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What the verb created, if it created something with a name.
    pub made: Option<Made>,
    /// Requests that are new, or due again. Until answered, each is also in [`Reader::outstanding`](crate::Reader::outstanding).
    pub requests: Vec<Request>,
    /// The fresh tail of the event log.
    pub events: Vec<Event>,
    /// For `receive`: the outcome of each frame *taken*, in order. A prefix of the batch when interrupted or over budget.
    pub frames: Vec<FrameOutcome>,
    /// When to call `wake`, for the whole file; it replaces any earlier value. Waking early or late is harmless.
    pub wake_at: Option<Timestamp>,
    /// Without it nobody can make a step.
    pub(crate) receipt: Receipt,
}

/// What a verb created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Made {
    /// A message, under the id that it keeps for ever.
    Message(MessageId),
    /// A room.
    Room(RoomUri),
    /// A task, whose progress `task` tells.
    Task(TaskId),
}

/// One frame from the network, before we trust it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The room, if the host knows it. It must equal the room that the frame itself belongs to.
    pub room: Option<RoomUri>,
    /// The provider from whose hub it came, as authenticated by the host.
    pub from: ProviderUri,
    /// What kind of body it is.
    pub kind: FrameKind,
    /// The body.
    pub bytes: Vec<u8>,
}

/// The kinds of inbound bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FrameKind {
    /// One MIMI `FanoutMessage`.
    Fanout,
    /// A consent entry. Not used yet: rejected as unsupported.
    Consent,
    /// A notice of the client's own provider. Not used yet: rejected as unsupported.
    Notice,
}

/// Frames in the order in which they arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The frames.
    pub frames: Vec<Frame>,
    /// Where the host's queue stands after this batch; stored if and only if the whole batch was taken. `None` for a
    /// pushed frame, which must not move it.
    pub cursor: Option<Cursor>,
    /// More follows at once: errands (sending what waits, repairs, commits of pending proposals) are postponed.
    pub more: bool,
}

/// A place in a queue of the host's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The queue's name.
    pub queue: String,
    /// The place, in the host's own terms; at most 1,024 octets.
    #[serde(with = "serde_bytes")]
    pub position: Vec<u8>,
}

/// What became of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameOutcome {
    /// Taken; `message` if it brought one, `notify` if a person should be told.
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
        reason: Rejection,
        /// What helps, if anything.
        advice: Advice,
    },
}

/// What a held frame waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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
}

/// Sixteen random octets: the name of a request and its idempotency key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub [u8; 16]);

/// Sixteen random octets: the name of a task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId(pub [u8; 16]);

/// Bytes to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its name. Posting the same request twice is always allowed.
    pub id: RequestId,
    /// The provider to deliver it to (or to the own provider, which forwards it there).
    pub to: ProviderUri,
    /// Requests of one lane go one at a time, in order; different lanes in parallel.
    pub lane: Option<RoomUri>,
    /// What it is.
    pub kind: RequestKind,
    /// The body, opaque to the host.
    pub body: Vec<u8>,
    /// How often it was handed out before.
    pub attempt: u32,
    /// Whether a person is waiting for it.
    pub urgent: bool,
}

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RequestKind {
    /// Create a room at its hub.
    CreateRoom,
    /// A commit or a proposal: MIMI "Update Room State".
    UpdateRoom,
    /// An application message: MIMI "Submit a Message".
    SubmitMessage,
    /// Key packages of a user: MIMI "Fetch Key Material".
    FetchKeyMaterial,
    /// The GroupInfo of a room: MIMI "Fetch GroupInfo".
    FetchGroupInfo,
    /// Own key packages, for the own provider.
    PublishKeyPackages,
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The response body.
    Body(Vec<u8>),
    /// Nobody answered. The engine backs off and hands the request out again from `wake`.
    Unreachable {
        /// How long to wait at least, if the other side said so.
        retry_after: Option<Duration>,
    },
    /// It will never be delivered: too large, no such hub. Frees the lane.
    Undeliverable,
}

/// The place of an event in the log. Starts at 1 and never repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seq(pub u64);

/// A durable fact for the app. It is an invitation to look: everything it says can be asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the log.
    pub seq: Seq,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen. Each kind names the query that answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventKind {
    /// Ask `message(id)`.
    Message {
        /// The room.
        room: RoomUri,
        /// The message (for an edit, a reaction or a deletion: the one it changes).
        message: MessageId,
        /// What happened to it.
        change: MessageChange,
    },
    /// Ask `room(uri)` or `members(uri)`.
    Room {
        /// The room.
        room: RoomUri,
        /// What happened to it.
        change: RoomChange,
    },
    /// Ask `user(uri)`. Told once per user, not once per room.
    User {
        /// The user.
        user: UserUri,
        /// What happened.
        change: UserChange,
    },
    /// Ask `task(id)`.
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
        reason: Rejection,
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
}

/// What happens to messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MessageChange {
    /// It was received.
    Received,
    /// It was written here and waits for the hub.
    Sending,
    /// The hub has accepted it.
    Accepted,
    /// The hub will not take it.
    Refused(Refusal),
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
}

/// What happens to rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RoomChange {
    /// We created it and the hub has accepted it.
    Created,
    /// The hub refused to create it, or to let us in.
    Refused(Refusal),
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
}

/// What happens to users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum UserChange {
    /// A client of theirs appeared for the first time.
    ClientAdded(ClientUri),
    /// A client of theirs has a new signature key.
    KeyChanged(ClientUri),
}

/// What happens to tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TaskChange {
    /// Something of it is known that was not.
    Progress,
    /// It is over.
    Finished,
}

/// What happens to this client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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
    KeyPackagesRefused(Refusal),
    /// The witnesses say that this file is an older copy, or a copy of one that went on elsewhere. Everything in it can be read.
    /// Nothing is sent: every room is stalled until it is joined anew. Rooms that came and messages that were written since
    /// the copy was made are not in it.
    Restored,
}

/// A new room, before it exists.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// The hub's signature public key, from its provider's directory.
    pub hub_key: Vec<u8>,
    /// The room's name; may be empty.
    pub name: String,
    /// What every member must be able to read. `None`: what MIMI requires of every client.
    pub requirement: Option<Requirement>,
}

/// One change of a room. Several make one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Change {
    /// Invite a user, by the given key packages, or by fetching them through the room's hub if there are none.
    Invite {
        /// Whom.
        user: UserUri,
        /// As which role; `None`: member.
        role: Option<RoleIndex>,
        /// Encoded key packages of the user's clients.
        key_packages: Vec<Vec<u8>>,
    },
    /// Remove a user with all their clients. Not one's own: nobody can commit their own removal.
    RemoveUser(UserUri),
    /// Remove one client, but not this one; its user stays.
    RemoveClient(ClientUri),
    /// Give a user another role.
    SetRole(UserUri, RoleIndex),
    /// Replace the room's metadata.
    Metadata(RoomMetadata),
    /// Replace what every member must be able to read.
    Require(Requirement),
    /// Renew this client's keys in the room.
    Rotate,
    /// Leave the room with this client. Stands alone.
    Leave,
}

/// The answer to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// Take part.
    Accept,
    /// Leave and forget.
    Decline,
}

/// What to do with a message that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Send the same octets again.
    Retry,
    /// Forget it, and what we said of it that was not sent either. Should the hub have accepted it without our hearing
    /// of it, others have it.
    Withdraw,
}

/// What a sender accepts knowingly. Both are `false` by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Some participants will not be able to read it.
    pub unreadable_by: bool,
    /// Trust in some participants is broken.
    pub broken_trust: bool,
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestId(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

impl std::fmt::Debug for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TaskId(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

fn write_hex(f: &mut std::fmt::Formatter<'_>, octets: &[u8]) -> std::fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}
