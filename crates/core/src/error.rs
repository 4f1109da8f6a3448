//! Errors say who must act. An error rolls the whole step back: nothing happened.

use comity_room::{RoomUri, UserUri};

use crate::rejection::Advice;
use crate::store::StorageError;

/// Why a call did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program is wrong.
    #[error("misuse: {0}")]
    Misuse(#[from] Misuse),
    /// A person decides.
    #[error("blocked: {0}")]
    Blocked(#[from] Blocked),
    /// Another process is writing and did not let us have our turn in time. An extension leaves the work to the app;
    /// an app tries again soon.
    #[error("another process is writing to the file")]
    Busy,
    /// `pause` was called; `resume` first.
    #[error("the client is paused")]
    Paused,
    /// The database.
    #[error("storage: {0}")]
    Storage(StorageError),
    /// Ours. Please report it.
    #[error("a bug in Comity: {0}")]
    Bug(&'static str),
}

/// What a correct program never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// There is no such room.
    #[error("there is no such room")]
    NoSuchRoom,
    /// There is no such message.
    #[error("there is no such message")]
    NoSuchMessage,
    /// The room exists already.
    #[error("the room exists already")]
    RoomExists,
    /// The outgoing message has no alternative, too many parts, or vanishes at a time more than a year away.
    #[error("the outgoing message has no alternative, too many parts or an implausible expiry")]
    Outgoing,
    /// A part of the outgoing message is one that MIMI asks senders not to send.
    #[error("the outgoing message has a part that is not to be sent: {0}")]
    Part(comity_content::OutgoingError),
    /// The changes cannot stand together, or name what is not there.
    #[error("the changes cannot be made together")]
    Changes,
    /// The room is not one that we were invited to.
    #[error("there is no invitation to respond to")]
    NotInvited,
    /// The message is not one that can be resolved.
    #[error("the message is not waiting to be resolved")]
    NotResolvable,
    /// Client and user belong to different providers.
    #[error("the client and the user belong to different providers")]
    ForeignIdentity,
    /// A list or a text is longer than its bound, or a message as a whole: 1 MiB. What is larger goes beside it, as an attachment.
    #[error("an argument is longer than its bound")]
    TooLong,
    /// Only the main app may do this.
    #[error("an extension may not do this")]
    ExtensionMayNot,
    /// The room was created at a hub that is not the authority of its URI, or with a malformed key.
    #[error("the hub's key is malformed")]
    HubKey,
}

/// What a person decides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Blocked {
    /// These participants could not read it.
    #[error("some participants cannot read it")]
    CannotRead(Vec<UserUri>),
    /// Trust in these participants is broken.
    #[error("trust in some participants is broken")]
    TrustBroken(Vec<UserUri>),
    /// The room's policy does not allow it; the code says which rule.
    #[error("the room does not allow it: {0}")]
    NotAllowed(&'static str),
    /// We are not in the room.
    #[error("not in the room")]
    NotJoined,
    /// Our copy of the room cannot follow any more; `join` heals it.
    #[error("the room is stalled")]
    Stalled,
    /// These rooms require what was to be dropped.
    #[error("some rooms require what was to be dropped")]
    RoomsRequire(Vec<RoomUri>),
}

impl Error {
    /// The stable code, the same in every language.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Misuse(misuse) => misuse.code(),
            Self::Blocked(blocked) => blocked.code(),
            Self::Busy => "busy",
            Self::Paused => "paused",
            Self::Storage(error) => error.code(),
            Self::Bug(_) => "bug",
        }
    }

    /// What helps.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Misuse(_) | Self::Paused | Self::Bug(_) => Advice::FixProgram,
            Self::Blocked(Blocked::Stalled) => Advice::Rejoin,
            Self::Blocked(Blocked::TrustBroken(_)) => Advice::Verify,
            Self::Blocked(_) => Advice::None,
            Self::Busy => Advice::Retry,
            Self::Storage(error) => storage_advice(*error),
        }
    }
}

fn storage_advice(error: StorageError) -> Advice {
    match error {
        StorageError::Full => Advice::FreeSpace,
        StorageError::Locked | StorageError::Interrupted | StorageError::Io | StorageError::Poisoned => {
            Advice::Retry
        }
        StorageError::Corrupt | StorageError::Altered | StorageError::NotADatabase => Advice::Relink,
        StorageError::FromTheFuture => Advice::UpdateApp,
        StorageError::NeedsApp => Advice::OpenApp,
        _ => Advice::FixProgram,
    }
}

impl Misuse {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSuchRoom => "no_such_room",
            Self::NoSuchMessage => "no_such_message",
            Self::RoomExists => "room_exists",
            Self::Outgoing => "outgoing_malformed",
            Self::Part(error) => error.code(),
            Self::Changes => "changes_contradict",
            Self::NotInvited => "not_invited",
            Self::NotResolvable => "not_resolvable",
            Self::ForeignIdentity => "foreign_identity",
            Self::TooLong => "too_long",
            Self::ExtensionMayNot => "extension_may_not",
            Self::HubKey => "hub_key_malformed",
        }
    }
}

impl Blocked {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CannotRead(_) => "cannot_read",
            Self::TrustBroken(_) => "trust_broken",
            Self::NotAllowed(_) => "not_allowed",
            Self::NotJoined => "not_joined",
            Self::Stalled => "stalled",
            Self::RoomsRequire(_) => "rooms_require",
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Locked => Self::Busy,
            other => Self::Storage(other),
        }
    }
}
