//! What an error of OpenMLS means: whether a frame is finished, to be held, or our own failure.

use openmls::framing::errors::{MessageDecryptionError, SecretTreeError};
use openmls::group::{MlsGroupStateError, ProcessMessageError, StageCommitError, ValidationError};
use openmls::key_packages::errors::KeyPackageVerifyError;
use openmls::treesync::errors::LifetimeError;

use crate::error::Error;
use crate::group::PAST_EPOCHS;
use crate::rejection::Rejection;
use crate::step::HeldUntil;

/// Why a frame was not processed. Nothing has been written.
#[derive(Debug)]
pub(crate) enum Unprocessed {
    Rejected(Rejection),
    Held(HeldUntil),
    /// A Welcome that overtook the commit by which we went out of this group.
    Overtook(Vec<u8>),
    Failed(Error),
}

impl From<Rejection> for Unprocessed {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// What an error of OpenMLS means. `theirs` is the epoch that the frame names, which nobody has authenticated; `ours`
/// is the group's.
pub(crate) fn classify<E: std::fmt::Debug>(
    error: &ProcessMessageError<E>,
    theirs: u64,
    ours: u64,
) -> Unprocessed {
    use ProcessMessageError as P;
    Unprocessed::Rejected(match error {
        P::IncompatibleWireFormat => Rejection::WrongWireFormat,
        P::GroupStateError(MlsGroupStateError::UseAfterEviction) => Rejection::Evicted,
        P::InvalidCommit(error) => staging(error),
        P::ValidationError(error) => return validation(error, theirs, ours),
        P::LibraryError(_) => return Unprocessed::Failed(Error::Bug("process message")),
        P::StorageError(_) => return Unprocessed::Failed(Error::Bug("storage while processing")),
        P::UnsupportedProposalType => Rejection::InvalidProposal,
        _ => Rejection::NotFromMember,
    })
}

/// A commit from outside carries no membership tag, and its signature does not cover its confirmation tag: whoever can
/// touch the frame can make it look like a fork. So it does not say that we have parted ways.
pub(crate) fn unproven(why: Unprocessed) -> Unprocessed {
    match why {
        Unprocessed::Rejected(Rejection::Forked) => Unprocessed::Rejected(Rejection::InvalidCommit),
        why => why,
    }
}

pub(crate) fn staging(error: &StageCommitError) -> Rejection {
    match error {
        StageCommitError::MissingProposal => Rejection::MissingProposal,
        StageCommitError::ConfirmationTagMismatch | StageCommitError::UpdatePathError(_) => Rejection::Forked,
        StageCommitError::OwnCommitMismatch => Rejection::OwnCommitLost,
        _ => Rejection::InvalidCommit,
    }
}

fn validation(error: &ValidationError, theirs: u64, ours: u64) -> Unprocessed {
    use ValidationError as V;
    Unprocessed::Rejected(match error {
        V::WrongGroupId => Rejection::WrongRoom,
        V::WrongEpoch if theirs > ours => return Unprocessed::Held(HeldUntil::Commit),
        V::WrongEpoch | V::NoPastEpochData => Rejection::EpochTooOld,
        V::InvalidSignature => Rejection::BadSignature,
        V::UnableToDecrypt(error) => decryption(error, theirs, ours),
        V::KeyPackageVerifyError(KeyPackageVerifyError::LifetimeError(LifetimeError::Expired { .. })) => {
            Rejection::ExpiredLeaf
        }
        V::KeyPackageVerifyError(KeyPackageVerifyError::LifetimeError(LifetimeError::NotValidYet {
            ..
        })) => {
            return Unprocessed::Held(HeldUntil::Clock);
        }
        V::UnknownMember | V::InvalidMembershipTag | V::MissingMembershipTag | V::InvalidSenderType => {
            Rejection::NotFromMember
        }
        V::UnencryptedApplicationMessage | V::WrongWireFormat => Rejection::WrongWireFormat,
        _ => Rejection::InvalidCommit,
    })
}

fn decryption(error: &MessageDecryptionError, theirs: u64, ours: u64) -> Rejection {
    match error {
        MessageDecryptionError::SecretTreeError(SecretTreeError::SecretReuseError) => Rejection::Duplicate,
        MessageDecryptionError::SecretTreeError(SecretTreeError::TooDistantInTheFuture) => {
            Rejection::GenerationTooFar
        }
        MessageDecryptionError::SecretTreeError(
            SecretTreeError::TooDistantInThePast | SecretTreeError::IndexOutOfBounds,
        ) => {
            let kept = theirs.saturating_add(PAST_EPOCHS as u64) >= ours;
            if kept {
                Rejection::GenerationTooOld
            } else {
                Rejection::EpochTooOld
            }
        }
        _ => Rejection::Undecryptable,
    }
}
