//! The numbers of errors and reasons, and of what helps. The engine owns them (`comity::code`); a test compares.

/// Why a call did nothing (100 to 1999), why a frame was rejected (2000 to 2999), why a hub refused (3000 to 3999), why an
/// attachment cannot be had (4000 to 4999). Numbers never change; later versions add some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
#[repr(i32)]
pub enum Code {
    /// There is no such room.
    NoSuchRoom = 100,
    /// There is no such message.
    NoSuchMessage = 101,
    /// The room exists already.
    RoomExists = 102,
    /// The outgoing message has no alternative, too many parts, or vanishes at a time more than a year away.
    OutgoingMalformed = 103,
    /// A part is one that MIMI asks senders not to send; the name says why.
    OutgoingPart = 104,
    /// The changes cannot be made together, or name what is not there.
    ChangesContradict = 105,
    /// There is no invitation to respond to.
    NotInvited = 106,
    /// The message is not waiting to be resolved.
    NotResolvable = 107,
    /// Client and user belong to different providers.
    ForeignIdentity = 108,
    /// An argument is longer than its bound, or a message as a whole: 1 MiB.
    TooLong = 109,
    /// Only the main app may do this.
    ExtensionMayNot = 110,
    /// The hub's key is malformed.
    HubKeyMalformed = 111,
    /// Some participants could not read it: `users`.
    CannotRead = 200,
    /// Trust in some participants is broken: `users`.
    TrustBroken = 201,
    /// The room's policy does not allow it; `detail` names the rule.
    NotAllowed = 202,
    /// Not in the room.
    NotJoined = 203,
    /// Our copy of the room cannot follow; `join` heals it.
    Stalled = 204,
    /// Some rooms require what was to be dropped: `rooms`.
    RoomsRequire = 205,
    /// Another process is writing and did not let us have our turn in time. Try again soon.
    Busy = 300,
    /// The client is paused; resume it first.
    Paused = 301,
    /// No space is left. Free some and call again.
    StorageFull = 400,
    /// Another connection holds the file.
    StorageLocked = 401,
    /// The key does not open the file.
    StorageWrongKey = 402,
    /// The file is damaged.
    StorageCorrupt = 403,
    /// A newer version wrote the file.
    StorageFromTheFuture = 404,
    /// The main app has to open the file first.
    StorageNeedsApp = 405,
    /// The file is no database.
    StorageNotADatabase = 406,
    /// The database is somebody else's.
    StorageForeign = 407,
    /// There is no client at this path.
    StorageMissing = 408,
    /// There is a file at this path already.
    StorageExists = 409,
    /// The operating system failed: permissions, a broken disk, no memory, no randomness.
    StorageIo = 410,
    /// The call was interrupted.
    StorageInterrupted = 411,
    /// A commit failed and nobody knows whether it took effect. Resume the client, and ask what is outstanding.
    StoragePoisoned = 412,
    /// Rows of the file are missing, or older than others.
    StorageAltered = 413,
    /// A bug in the store. Please report it.
    StorageBug = 499,
    /// A bug in Comity. Please report it.
    Bug = 900,
    /// An argument that must not be null is. No call of this library says so: its languages have no null pointers.
    NullArgument = 1000,
    /// A text is not UTF-8. No call of this library says so: its languages have texts.
    InvalidUtf8 = 1001,
    /// A malformed URI or media type, an unknown number; `detail` says which rule it breaks.
    InvalidArgument = 1002,
    /// Another thread is using the handle.
    ConcurrentUse = 1003,
    /// A bug in Comity has made the handle unusable. Open the client anew; nothing is lost.
    Panicked = 1004,
    /// The frame does not decode.
    FrameMalformed = 2000,
    /// The frame is larger than we take.
    FrameTooLarge = 2001,
    /// A kind of frame that this version does not use.
    FrameUnsupported = 2002,
    /// A well-formed message that is no protocol frame.
    NotAFrame = 2003,
    /// A frame of a room that we are not in.
    UnknownRoom = 2004,
    /// The host named another room than the frame belongs to.
    WrongRoom = 2005,
    /// It came from a provider that is not the room's hub.
    ForeignHub = 2006,
    /// An epoch that is long over.
    EpochTooOld = 2007,
    /// An epoch that never came while the frame was held.
    EpochNeverCame = 2008,
    /// It uses a key that has been used.
    Duplicate = 2009,
    /// Too many newer messages of the sender were read before it.
    GenerationTooOld = 2010,
    /// Too far ahead of what we have read of the sender.
    GenerationTooFar = 2011,
    /// It does not decrypt.
    Undecryptable = 2012,
    /// The signature is wrong.
    BadSignature = 2013,
    /// It was not made by a member.
    NotFromMember = 2014,
    /// It commits a proposal that we have never seen.
    MissingProposal = 2015,
    /// It leads to another state than its maker's.
    Forked = 2016,
    /// Our own commit came back after we had given it up.
    OwnCommitLost = 2017,
    /// It adds a client whose key package has expired.
    ExpiredLeaf = 2018,
    /// Our copy of the room cannot follow any more.
    RoomStalled = 2019,
    /// We are no longer in the room.
    Evicted = 2020,
    /// A handshake that the hub could not have read.
    WrongWireFormat = 2021,
    /// The commit is invalid for another reason.
    InvalidCommit = 2022,
    /// A proposal that rooms do not use this way.
    InvalidProposal = 2023,
    /// A commit that somebody's identity, or the room's policy, forbids; the name says which rule.
    Violation = 2024,
    /// A Welcome that names none of our key packages.
    WelcomeForNobody = 2025,
    /// A Welcome that cannot be joined.
    InvalidWelcome = 2026,
    /// A Welcome to a room that we are in.
    AlreadyJoined = 2027,
    /// The framing inside the message is malformed.
    BadFraming = 2028,
    /// The content is malformed; the name says how.
    BadContent = 2029,
    /// The content names another sender or room than the frame.
    ContentContradicts = 2030,
    /// The hub's time is impossible.
    BadTimestamp = 2031,
    /// Another commit took the epoch.
    RefusedWrongEpoch = 3000,
    /// The message is encrypted for an epoch that the hub no longer takes.
    RefusedEpochTooOld = 3001,
    /// The room, its policy or the hub does not allow it; the detail is the hub's.
    RefusedNotAllowed = 3002,
    /// A proposal in it is invalid.
    RefusedInvalidProposal = 3003,
    /// It could not be delivered at all.
    RefusedUndeliverable = 3004,
    /// The hub's answer could not be understood.
    RefusedBadAnswer = 3005,
    /// More than the algorithm can encrypt under one nonce.
    AttachmentTooLarge = 4000,
    /// More than the local policy allows to fetch.
    AttachmentOverLimit = 4001,
    /// Neither `https` nor `http`, or no URL at all.
    AttachmentUrl = 4002,
    /// What was read the second time is not what was verified. Throw away what was written.
    AttachmentChanged = 4003,
    /// An encryption algorithm that we do not have.
    AttachmentUnknownEncryption = 4004,
    /// A part that is not encrypted has a key, a nonce or additional data.
    AttachmentKeyWithoutEncryption = 4005,
    /// The key does not fit its algorithm.
    AttachmentKeyLength = 4006,
    /// The nonce does not fit its algorithm.
    AttachmentNonceLength = 4007,
    /// Not as many octets as the sender stated.
    AttachmentSizeMismatch = 4008,
    /// Other octets than the sender hashed.
    AttachmentHashMismatch = 4009,
    /// Other octets than the sender encrypted, or another key.
    AttachmentTagMismatch = 4010,
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
#[repr(i32)]
pub enum Advice {
    /// Nothing needs doing.
    None = 0,
    /// It will resolve itself.
    Wait = 1,
    /// Call again, or deliver it again, later.
    Retry = 2,
    /// Fetch the frames that are missing.
    Fetch = 3,
    /// Join the room again.
    Rejoin = 4,
    /// Ask the sender to send it again.
    AskResend = 5,
    /// Let the person verify the other's identity.
    Verify = 6,
    /// Open the main app.
    OpenApp = 7,
    /// Free disk space.
    FreeSpace = 8,
    /// Link this device anew.
    Relink = 9,
    /// Update the app.
    UpdateApp = 10,
    /// The program is wrong.
    FixProgram = 11,
}

impl Code {
    /// Every code, in the order of the numbers.
    pub const ALL: [Self; 90] = [
        Self::NoSuchRoom,
        Self::NoSuchMessage,
        Self::RoomExists,
        Self::OutgoingMalformed,
        Self::OutgoingPart,
        Self::ChangesContradict,
        Self::NotInvited,
        Self::NotResolvable,
        Self::ForeignIdentity,
        Self::TooLong,
        Self::ExtensionMayNot,
        Self::HubKeyMalformed,
        Self::CannotRead,
        Self::TrustBroken,
        Self::NotAllowed,
        Self::NotJoined,
        Self::Stalled,
        Self::RoomsRequire,
        Self::Busy,
        Self::Paused,
        Self::StorageFull,
        Self::StorageLocked,
        Self::StorageWrongKey,
        Self::StorageCorrupt,
        Self::StorageFromTheFuture,
        Self::StorageNeedsApp,
        Self::StorageNotADatabase,
        Self::StorageForeign,
        Self::StorageMissing,
        Self::StorageExists,
        Self::StorageIo,
        Self::StorageInterrupted,
        Self::StoragePoisoned,
        Self::StorageAltered,
        Self::StorageBug,
        Self::Bug,
        Self::NullArgument,
        Self::InvalidUtf8,
        Self::InvalidArgument,
        Self::ConcurrentUse,
        Self::Panicked,
        Self::FrameMalformed,
        Self::FrameTooLarge,
        Self::FrameUnsupported,
        Self::NotAFrame,
        Self::UnknownRoom,
        Self::WrongRoom,
        Self::ForeignHub,
        Self::EpochTooOld,
        Self::EpochNeverCame,
        Self::Duplicate,
        Self::GenerationTooOld,
        Self::GenerationTooFar,
        Self::Undecryptable,
        Self::BadSignature,
        Self::NotFromMember,
        Self::MissingProposal,
        Self::Forked,
        Self::OwnCommitLost,
        Self::ExpiredLeaf,
        Self::RoomStalled,
        Self::Evicted,
        Self::WrongWireFormat,
        Self::InvalidCommit,
        Self::InvalidProposal,
        Self::Violation,
        Self::WelcomeForNobody,
        Self::InvalidWelcome,
        Self::AlreadyJoined,
        Self::BadFraming,
        Self::BadContent,
        Self::ContentContradicts,
        Self::BadTimestamp,
        Self::RefusedWrongEpoch,
        Self::RefusedEpochTooOld,
        Self::RefusedNotAllowed,
        Self::RefusedInvalidProposal,
        Self::RefusedUndeliverable,
        Self::RefusedBadAnswer,
        Self::AttachmentTooLarge,
        Self::AttachmentOverLimit,
        Self::AttachmentUrl,
        Self::AttachmentChanged,
        Self::AttachmentUnknownEncryption,
        Self::AttachmentKeyWithoutEncryption,
        Self::AttachmentKeyLength,
        Self::AttachmentNonceLength,
        Self::AttachmentSizeMismatch,
        Self::AttachmentHashMismatch,
        Self::AttachmentTagMismatch,
    ];

    /// The code with this number. A number that nobody has is a bug of ours.
    pub(crate) fn of(number: i32) -> Self {
        let found = Self::ALL.iter().find(|code| code.number() == number);
        found.copied().unwrap_or(Self::Bug)
    }

    /// The number, the same in every language.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

impl From<comity::Advice> for Advice {
    fn from(advice: comity::Advice) -> Self {
        match advice {
            comity::Advice::Wait => Self::Wait,
            comity::Advice::Retry => Self::Retry,
            comity::Advice::Fetch => Self::Fetch,
            comity::Advice::Rejoin => Self::Rejoin,
            comity::Advice::AskResend => Self::AskResend,
            comity::Advice::Verify => Self::Verify,
            comity::Advice::OpenApp => Self::OpenApp,
            comity::Advice::FreeSpace => Self::FreeSpace,
            comity::Advice::Relink => Self::Relink,
            comity::Advice::UpdateApp => Self::UpdateApp,
            comity::Advice::FixProgram => Self::FixProgram,
            // `None`, and what a later engine says.
            _ => Self::None,
        }
    }
}
