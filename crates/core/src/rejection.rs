//! What a peer, a hub or the network did wrong, and what helps: codes that read the same in every language.

use serde::{Deserialize, Serialize};

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing needs doing.
    None,
    /// It will resolve itself.
    Wait,
    /// Deliver it again later.
    Retry,
    /// Fetch the frames that are missing.
    Fetch,
    /// `join` the room again.
    Rejoin,
    /// Ask the sender to send it again.
    AskResend,
    /// Let the person verify the other's identity.
    Verify,
    /// Open the main app.
    OpenApp,
    /// Free disk space.
    FreeSpace,
    /// Link this device anew.
    Relink,
    /// Update the app.
    UpdateApp,
    /// The program is wrong.
    FixProgram,
}

impl Advice {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Wait => "wait",
            Self::Retry => "retry",
            Self::Fetch => "fetch",
            Self::Rejoin => "rejoin",
            Self::AskResend => "ask_resend",
            Self::Verify => "verify",
            Self::OpenApp => "open_app",
            Self::FreeSpace => "free_space",
            Self::Relink => "relink",
            Self::UpdateApp => "update_app",
            Self::FixProgram => "fix_program",
        }
    }
}

/// Why a frame is not usable. Never an error: the frame is finished, whatever the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Rejection {
    /// The frame does not decode.
    Malformed,
    /// The frame is larger than we take.
    TooLarge,
    /// A kind of frame that this version does not use.
    Unsupported,
    /// A well-formed message that is not a protocol frame, such as a key package.
    NotAFrame,
    /// A frame of a room that we are not in, and its time to be held is over or its quota full.
    UnknownRoom,
    /// The host named another room than the frame belongs to.
    WrongRoom,
    /// It came from a provider that is not the room's hub.
    ForeignHub,
    /// An epoch that is long over.
    EpochTooOld,
    /// An epoch that never came while it was held.
    EpochNeverCame,
    /// It uses a key that has been used.
    Duplicate,
    /// Too many newer messages of the sender were read before it.
    GenerationTooOld,
    /// Too far ahead of what we have read of the sender.
    GenerationTooFar,
    /// It does not decrypt.
    Undecryptable,
    /// The signature is wrong.
    BadSignature,
    /// It was not made by a member.
    NotFromMember,
    /// It commits a proposal that we have never seen.
    MissingProposal,
    /// It leads to another state than its maker's: we have parted ways.
    Forked,
    /// Our own commit came back after we had given it up.
    OwnCommitLost,
    /// It adds a client whose key package has expired.
    ExpiredLeaf,
    /// Our copy of the room cannot follow any more.
    Stalled,
    /// We are no longer in the room.
    Evicted,
    /// A handshake that the hub could not have read.
    WrongWireFormat,
    /// OpenMLS refuses the commit for another reason.
    InvalidCommit,
    /// A proposal that rooms do not use this way.
    InvalidProposal,
    /// A commit that somebody's identity, or the room's policy, forbids; the code says which rule.
    Violation(String),
    /// A Welcome that names none of our key packages.
    WelcomeForNobody,
    /// A Welcome that cannot be joined.
    InvalidWelcome,
    /// A Welcome to a room that we are in.
    AlreadyJoined,
    /// The framing inside the message is malformed, or names a type that is not MIMI content.
    BadFraming,
    /// The content is malformed; the code says how.
    BadContent(String),
    /// The content names another sender or room than the frame.
    ContentContradicts,
    /// The hub's time is impossible.
    BadTimestamp,
}

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::Malformed => "frame_malformed",
            Self::TooLarge => "frame_too_large",
            Self::Unsupported => "frame_unsupported",
            Self::NotAFrame => "not_a_frame",
            Self::UnknownRoom => "unknown_room",
            Self::WrongRoom => "wrong_room",
            Self::ForeignHub => "foreign_hub",
            Self::EpochTooOld => "epoch_too_old",
            Self::EpochNeverCame => "epoch_never_came",
            Self::Duplicate => "duplicate",
            Self::GenerationTooOld => "generation_too_old",
            Self::GenerationTooFar => "generation_too_far",
            Self::Undecryptable => "undecryptable",
            Self::BadSignature => "bad_signature",
            Self::NotFromMember => "not_from_member",
            Self::MissingProposal => "missing_proposal",
            Self::Forked => "forked",
            Self::OwnCommitLost => "own_commit_lost",
            Self::ExpiredLeaf => "expired_leaf",
            Self::Stalled => "room_stalled",
            Self::Evicted => "evicted",
            Self::WrongWireFormat => "wrong_wire_format",
            Self::InvalidCommit => "invalid_commit",
            Self::InvalidProposal => "invalid_proposal",
            Self::Violation(code) | Self::BadContent(code) => code,
            Self::WelcomeForNobody => "welcome_for_nobody",
            Self::InvalidWelcome => "invalid_welcome",
            Self::AlreadyJoined => "already_joined",
            Self::BadFraming => "bad_framing",
            Self::ContentContradicts => "content_contradicts",
            Self::BadTimestamp => "bad_timestamp",
        }
    }

    /// What helps against it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::OwnCommitLost | Self::Stalled | Self::ExpiredLeaf | Self::Forked => Advice::Rejoin,
            // Joining again would mean to accept what was just rejected. A hub that errs can step back.
            Self::InvalidCommit | Self::Violation(_) => Advice::Wait,
            Self::MissingProposal | Self::EpochNeverCame => Advice::Fetch,
            Self::GenerationTooOld | Self::GenerationTooFar | Self::Undecryptable | Self::EpochTooOld => {
                Advice::AskResend
            }
            Self::Unsupported => Advice::UpdateApp,
            Self::WrongRoom => Advice::FixProgram,
            _ => Advice::None,
        }
    }
}

/// The hub's verdict against a request of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Refusal {
    /// Another commit took the epoch.
    WrongEpoch,
    /// The message is encrypted for an epoch that the hub no longer takes.
    EpochTooOld,
    /// The room, its policy or the hub does not allow it; the code is the hub's.
    NotAllowed(String),
    /// A proposal in it is invalid.
    InvalidProposal,
    /// It could not be delivered at all.
    Undeliverable,
    /// The hub's answer could not be understood.
    BadAnswer,
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongEpoch => "wrong_epoch",
            Self::EpochTooOld => "epoch_too_old",
            Self::NotAllowed(_) => "not_allowed",
            Self::InvalidProposal => "invalid_proposal",
            Self::Undeliverable => "undeliverable",
            Self::BadAnswer => "bad_answer",
        }
    }
}
