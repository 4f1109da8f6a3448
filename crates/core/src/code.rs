//! Stable integers for the stable codes: the one place that every language face reads.
//!
//! A number is given once and never again to anything else; new codes get new numbers. Hundreds tell who must act, as
//! [`Error`] does; what others did begins at 2,000 (frames), 3,000 (hubs) and 4,000 (attachments). 0 is no code: it means
//! that nothing is wrong. [`CODES`] lists them all.

use comity_content::attachment::AttachmentError;

use crate::error::{Blocked, Error, Misuse};
use crate::rejection::{Advice, Refusal, Rejection};
use crate::store::StorageError;

/// Writes down each variant once, with its number and its code: the number as a method, both as a list.
macro_rules! numbered {
    ($list:ident, $type:ty: $($pattern:pat => $number:literal $code:literal,)+) => {
        const $list: &[(i32, &str)] = &[$(($number, $code)),+];

        impl $type {
            /// The stable integer of the code, the same in every language.
            #[must_use]
            pub fn number(&self) -> i32 {
                match self {
                    $($pattern => $number,)+
                }
            }
        }
    };
}

numbered! { MISUSE, Misuse:
    Self::NoSuchRoom => 100 "no_such_room",
    Self::NoSuchMessage => 101 "no_such_message",
    Self::RoomExists => 102 "room_exists",
    Self::Outgoing => 103 "outgoing_malformed",
    Self::Part(_) => 104 "outgoing_part",
    Self::Changes => 105 "changes_contradict",
    Self::NotInvited => 106 "not_invited",
    Self::NotResolvable => 107 "not_resolvable",
    Self::ForeignIdentity => 108 "foreign_identity",
    Self::TooLong => 109 "too_long",
    Self::ExtensionMayNot => 110 "extension_may_not",
    Self::HubKey => 111 "hub_key_malformed",
}

numbered! { BLOCKED, Blocked:
    Self::CannotRead(_) => 200 "cannot_read",
    Self::TrustBroken(_) => 201 "trust_broken",
    Self::NotAllowed(_) => 202 "not_allowed",
    Self::NotJoined => 203 "not_joined",
    Self::Stalled => 204 "stalled",
    Self::RoomsRequire(_) => 205 "rooms_require",
}

const TURNS: &[(i32, &str)] = &[(300, "busy"), (301, "paused")];

numbered! { STORAGE, StorageError:
    Self::Full => 400 "storage_full",
    Self::Locked => 401 "storage_locked",
    Self::WrongKey => 402 "storage_wrong_key",
    Self::Corrupt => 403 "storage_corrupt",
    Self::FromTheFuture => 404 "storage_from_the_future",
    Self::NeedsApp => 405 "storage_needs_app",
    Self::NotADatabase => 406 "storage_not_a_database",
    Self::Foreign => 407 "storage_foreign",
    Self::Missing => 408 "storage_missing",
    Self::Exists => 409 "storage_exists",
    Self::Io => 410 "storage_io",
    Self::Interrupted => 411 "storage_interrupted",
    Self::Poisoned => 412 "storage_poisoned",
    Self::Altered => 413 "storage_altered",
    Self::Bug(_) => 499 "storage_bug",
}

const BUG: &[(i32, &str)] = &[(900, "bug")];

numbered! { BOUNDARY, Boundary:
    Self::NullArgument => 1000 "null_argument",
    Self::InvalidUtf8 => 1001 "invalid_utf8",
    Self::InvalidArgument(_) => 1002 "invalid_argument",
    Self::ConcurrentUse => 1003 "concurrent_use",
    Self::Panicked => 1004 "panicked",
}

numbered! { REJECTIONS, Rejection:
    Self::Malformed => 2000 "frame_malformed",
    Self::TooLarge => 2001 "frame_too_large",
    Self::Unsupported => 2002 "frame_unsupported",
    Self::NotAFrame => 2003 "not_a_frame",
    Self::UnknownRoom => 2004 "unknown_room",
    Self::WrongRoom => 2005 "wrong_room",
    Self::ForeignHub => 2006 "foreign_hub",
    Self::EpochTooOld => 2007 "epoch_too_old",
    Self::EpochNeverCame => 2008 "epoch_never_came",
    Self::Duplicate => 2009 "duplicate",
    Self::GenerationTooOld => 2010 "generation_too_old",
    Self::GenerationTooFar => 2011 "generation_too_far",
    Self::Undecryptable => 2012 "undecryptable",
    Self::BadSignature => 2013 "bad_signature",
    Self::NotFromMember => 2014 "not_from_member",
    Self::MissingProposal => 2015 "missing_proposal",
    Self::Forked => 2016 "forked",
    Self::OwnCommitLost => 2017 "own_commit_lost",
    Self::ExpiredLeaf => 2018 "expired_leaf",
    Self::Stalled => 2019 "room_stalled",
    Self::Evicted => 2020 "evicted",
    Self::WrongWireFormat => 2021 "wrong_wire_format",
    Self::InvalidCommit => 2022 "invalid_commit",
    Self::InvalidProposal => 2023 "invalid_proposal",
    Self::Violation(_) => 2024 "violation",
    Self::WelcomeForNobody => 2025 "welcome_for_nobody",
    Self::InvalidWelcome => 2026 "invalid_welcome",
    Self::AlreadyJoined => 2027 "already_joined",
    Self::BadFraming => 2028 "bad_framing",
    Self::BadContent(_) => 2029 "bad_content",
    Self::ContentContradicts => 2030 "content_contradicts",
    Self::BadTimestamp => 2031 "bad_timestamp",
}

numbered! { REFUSALS, Refusal:
    Self::WrongEpoch => 3000 "wrong_epoch",
    Self::EpochTooOld => 3001 "epoch_too_old",
    Self::NotAllowed(_) => 3002 "not_allowed",
    Self::InvalidProposal => 3003 "invalid_proposal",
    Self::Undeliverable => 3004 "undeliverable",
    Self::BadAnswer => 3005 "bad_answer",
}

numbered! { ADVICE, Advice:
    Self::None => 0 "none",
    Self::Wait => 1 "wait",
    Self::Retry => 2 "retry",
    Self::Fetch => 3 "fetch",
    Self::Rejoin => 4 "rejoin",
    Self::AskResend => 5 "ask_resend",
    Self::Verify => 6 "verify",
    Self::OpenApp => 7 "open_app",
    Self::FreeSpace => 8 "free_space",
    Self::Relink => 9 "relink",
    Self::UpdateApp => 10 "update_app",
    Self::FixProgram => 11 "fix_program",
}

/// Codes of attachments, which are the content crate's own.
const ATTACHMENTS: &[(i32, &str)] = &[
    (4000, "attachment_too_large"),
    (4001, "attachment_over_limit"),
    (4002, "attachment_url"),
    (4003, "attachment_changed"),
    (4004, "attachment_unknown_encryption"),
    (4005, "attachment_key_without_encryption"),
    (4006, "attachment_key_length"),
    (4007, "attachment_nonce_length"),
    (4008, "attachment_size_mismatch"),
    (4009, "attachment_hash_mismatch"),
    (4010, "attachment_tag_mismatch"),
];
const OTHER_ATTACHMENT_ERROR: i32 = 4999;

/// Every number and its code, family by family: misuse, blocked, turns, storage, bugs, the boundary between languages,
/// rejected frames, refused requests, attachments. A code that names one of many rules has the number of its family.
pub const CODES: [&[(i32, &str)]; 9] = [
    MISUSE,
    BLOCKED,
    TURNS,
    STORAGE,
    BUG,
    BOUNDARY,
    REJECTIONS,
    REFUSALS,
    ATTACHMENTS,
];

/// Every advice: its number and its code.
pub const ADVICES: &[(i32, &str)] = ADVICE;

/// What can go wrong between the engine and another language, before the engine is asked. Misuse, all of it, but for the
/// panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Boundary {
    /// A pointer that must not be null is.
    #[error("an argument is null")]
    NullArgument,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    InvalidUtf8,
    /// A value that stands for nothing: a malformed URI or media type, an unknown number. With a code that says more.
    #[error("an argument has no meaning: {0}")]
    InvalidArgument(&'static str),
    /// The handle is in use by another thread.
    #[error("another thread is using the handle")]
    ConcurrentUse,
    /// A bug of ours, now or in an earlier call on this handle. Open the client anew.
    #[error("a bug in Comity has made the handle unusable")]
    Panicked,
}

impl Boundary {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let number = self.number();
        BOUNDARY
            .iter()
            .find(|(known, _)| *known == number)
            .map_or("bug", |(_, code)| code)
    }
}

impl Error {
    /// The stable integer of the code, the same in every language.
    #[must_use]
    pub fn number(&self) -> i32 {
        match self {
            Self::Misuse(misuse) => misuse.number(),
            Self::Blocked(blocked) => blocked.number(),
            Self::Busy => 300,
            Self::Paused => 301,
            Self::Storage(error) => error.number(),
            Self::Bug(_) => 900,
        }
    }
}

/// The stable integer of an attachment's error.
#[must_use]
pub fn attachment_number(error: &AttachmentError) -> i32 {
    ATTACHMENTS
        .iter()
        .find(|(_, code)| *code == error.code())
        .map_or(OTHER_ATTACHMENT_ERROR, |(number, _)| *number)
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every error but those of families.
    pub(super) fn told_by_errors() -> impl Iterator<Item = Error> {
        let misuse = [
            Misuse::NoSuchRoom,
            Misuse::NoSuchMessage,
            Misuse::RoomExists,
            Misuse::Outgoing,
            Misuse::Changes,
            Misuse::NotInvited,
            Misuse::NotResolvable,
            Misuse::ForeignIdentity,
            Misuse::TooLong,
            Misuse::ExtensionMayNot,
            Misuse::HubKey,
        ]
        .map(Error::from);
        let blocked = [
            Blocked::CannotRead(Vec::new()),
            Blocked::TrustBroken(Vec::new()),
            Blocked::NotAllowed("rule"),
            Blocked::NotJoined,
            Blocked::Stalled,
            Blocked::RoomsRequire(Vec::new()),
        ]
        .map(Error::from);
        let storage = [
            StorageError::Full,
            StorageError::Locked,
            StorageError::WrongKey,
            StorageError::Corrupt,
            StorageError::FromTheFuture,
            StorageError::NeedsApp,
            StorageError::NotADatabase,
            StorageError::Foreign,
            StorageError::Missing,
            StorageError::Exists,
            StorageError::Io,
            StorageError::Interrupted,
            StorageError::Poisoned,
            StorageError::Altered,
            StorageError::Bug("x"),
        ]
        .map(Error::Storage);
        let other = [Error::Busy, Error::Paused, Error::Bug("x")];
        misuse.into_iter().chain(blocked).chain(storage).chain(other)
    }

    /// Every variant as its family's list has it: the number, the code that the variant itself tells.
    fn told() -> Vec<(i32, String)> {
        let boundary = [
            Boundary::NullArgument,
            Boundary::InvalidUtf8,
            Boundary::InvalidArgument("x"),
            Boundary::ConcurrentUse,
            Boundary::Panicked,
        ];
        let attachments = [
            AttachmentError::TooLarge,
            AttachmentError::OverLimit,
            AttachmentError::Url,
            AttachmentError::Changed,
            AttachmentError::UnknownEncryption(9),
            AttachmentError::KeyWithoutEncryption,
            AttachmentError::KeyLength,
            AttachmentError::NonceLength,
            AttachmentError::SizeMismatch,
            AttachmentError::HashMismatch,
            AttachmentError::TagMismatch,
        ];
        told_by_errors()
            .map(|error| (error.number(), error.code().to_owned()))
            .chain(boundary.map(|error| (error.number(), error.code().to_owned())))
            .chain(rejections().map(|reason| (reason.number(), reason.code().to_owned())))
            .chain(refusals().map(|refusal| (refusal.number(), refusal.code().to_owned())))
            .chain(attachments.map(|error| (attachment_number(&error), error.code().to_owned())))
            .collect()
    }

    pub(super) fn rejections() -> impl Iterator<Item = Rejection> {
        [
            Rejection::Malformed,
            Rejection::TooLarge,
            Rejection::Unsupported,
            Rejection::NotAFrame,
            Rejection::UnknownRoom,
            Rejection::WrongRoom,
            Rejection::ForeignHub,
            Rejection::EpochTooOld,
            Rejection::EpochNeverCame,
            Rejection::Duplicate,
            Rejection::GenerationTooOld,
            Rejection::GenerationTooFar,
            Rejection::Undecryptable,
            Rejection::BadSignature,
            Rejection::NotFromMember,
            Rejection::MissingProposal,
            Rejection::Forked,
            Rejection::OwnCommitLost,
            Rejection::ExpiredLeaf,
            Rejection::Stalled,
            Rejection::Evicted,
            Rejection::WrongWireFormat,
            Rejection::InvalidCommit,
            Rejection::InvalidProposal,
            Rejection::WelcomeForNobody,
            Rejection::InvalidWelcome,
            Rejection::AlreadyJoined,
            Rejection::BadFraming,
            Rejection::ContentContradicts,
            Rejection::BadTimestamp,
        ]
        .into_iter()
    }

    pub(super) fn refusals() -> impl Iterator<Item = Refusal> {
        [
            Refusal::WrongEpoch,
            Refusal::EpochTooOld,
            Refusal::NotAllowed(String::new()),
            Refusal::InvalidProposal,
            Refusal::Undeliverable,
            Refusal::BadAnswer,
        ]
        .into_iter()
    }

    /// Families whose code names one of many rules, and not the family.
    const MANY: [i32; 3] = [104, 2024, 2029];

    #[test]
    fn every_number_stands_for_the_code_that_its_variant_tells() {
        let listed: BTreeSet<(i32, String)> = CODES
            .iter()
            .flat_map(|family| family.iter())
            .filter(|(number, _)| !MANY.contains(number))
            .map(|(number, code)| (*number, (*code).to_owned()))
            .collect();
        assert_eq!(told().into_iter().collect::<BTreeSet<_>>(), listed);
    }

    #[test]
    fn no_number_stands_for_two_codes() {
        let all: Vec<i32> = CODES
            .iter()
            .flat_map(|family| family.iter())
            .map(|(number, _)| *number)
            .collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|number| *number > 0), "0 means that all is well");
    }

    /// Numbers are in files, logs and other people's programs: each line here was published and stays.
    #[test]
    fn the_numbers_are_those_that_were_published() {
        let pinned = include_str!("codes.txt");
        let mut lines: Vec<String> = CODES
            .iter()
            .flat_map(|family| family.iter())
            .map(|(number, code)| format!("{number} {code}"))
            .collect();
        lines.extend(
            ADVICES
                .iter()
                .map(|(number, code)| format!("advice {number} {code}")),
        );
        assert_eq!(lines, pinned.lines().collect::<Vec<_>>());
    }

    #[test]
    fn every_advice_has_the_number_of_its_code() {
        for advice in [
            Advice::None,
            Advice::Wait,
            Advice::Retry,
            Advice::Fetch,
            Advice::Rejoin,
            Advice::AskResend,
            Advice::Verify,
            Advice::OpenApp,
            Advice::FreeSpace,
            Advice::Relink,
            Advice::UpdateApp,
            Advice::FixProgram,
        ] {
            assert!(ADVICES.contains(&(advice.number(), advice.code())), "{advice:?}");
        }
    }
}
