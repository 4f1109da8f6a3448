//! Every error at will, and a panic, so that tests in other languages meet each of them.

use comity::code::Boundary;
use comity::content::attachment::AttachmentError;
use comity::content::{OutgoingError, OutgoingReason, PartIndex};
use comity::{Blocked, Error, Misuse, RoomUri, StorageError, UserUri};
use comity_capi::testing::{Planted, panic_within};
use comity_capi::{comity_client, comity_error, comity_status};
use comity_uniffi::ComityError;

/// Fails with the given number of `comity_code`. 0 if no call can fail with it: those of frames and of hubs are no errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_fail(number: i32, error: *mut *mut comity_error) -> comity_status {
    match every().into_iter().find(|planted| planted.number() == number) {
        Some(planted) => planted.happen(error),
        None => 0,
    }
}

/// How many numbers `comity_test_fail` knows.
#[unsafe(no_mangle)]
pub extern "C" fn comity_test_failures() -> usize {
    every().len()
}

/// Panics in the middle of a call on a client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_test_panic(
    client: *mut comity_client,
    error: *mut *mut comity_error,
) -> comity_status {
    panic_within(client, error)
}

/// The numbers of all errors.
pub(crate) fn every_number() -> Vec<i32> {
    every().iter().map(Planted::number).collect()
}

/// Every error, as Swift, Kotlin and Python are told.
pub(crate) fn every_for_faces() -> Vec<ComityError> {
    let told = |planted| match planted {
        Planted::Engine(error) => ComityError::from(error),
        Planted::Boundary(error) => ComityError::from(error),
        Planted::Attachment(error) => ComityError::from(error),
    };
    every().into_iter().map(told).collect()
}

/// Every error that a call can come to.
fn every() -> Vec<Planted> {
    let engine = misuse().into_iter().chain(blocked()).chain(storage());
    let others = [Error::Busy, Error::Paused, Error::Bug("planted by a test")];
    let boundary = [
        Boundary::NullArgument,
        Boundary::InvalidUtf8,
        Boundary::InvalidArgument("planted"),
        Boundary::ConcurrentUse,
        Boundary::Panicked,
    ];
    let mut every: Vec<Planted> = engine.chain(others).map(Planted::Engine).collect();
    every.extend(boundary.map(Planted::Boundary));
    every.extend(attachments().into_iter().map(Planted::Attachment));
    every
}

fn misuse() -> Vec<Error> {
    let part = OutgoingError {
        index: PartIndex::ROOT,
        reason: OutgoingReason::Language,
    };
    [
        Misuse::NoSuchRoom,
        Misuse::NoSuchMessage,
        Misuse::RoomExists,
        Misuse::Outgoing,
        Misuse::Part(part),
        Misuse::Changes,
        Misuse::NotInvited,
        Misuse::NotResolvable,
        Misuse::ForeignIdentity,
        Misuse::TooLong,
        Misuse::ExtensionMayNot,
        Misuse::HubKey,
    ]
    .map(Error::from)
    .into()
}

fn blocked() -> Vec<Error> {
    let users: Vec<UserUri> = ["alice", "bob"]
        .map(|name| UserUri::parse(&format!("mimi://a.example/u/{name}")).expect("a user's URI"))
        .into();
    let room = RoomUri::parse("mimi://a.example/r/lunch").expect("a room's URI");
    [
        Blocked::CannotRead(users.clone()),
        Blocked::TrustBroken(users),
        Blocked::NotAllowed("policy_capability_missing"),
        Blocked::NotJoined,
        Blocked::Stalled,
        Blocked::RoomsRequire(vec![room]),
    ]
    .map(Error::from)
    .into()
}

fn storage() -> Vec<Error> {
    [
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
        StorageError::Bug("planted by a test"),
    ]
    .map(Error::Storage)
    .into()
}

fn attachments() -> Vec<AttachmentError> {
    vec![
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
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_that_a_call_can_fail_with_is_there_once() {
        let planted: Vec<i32> = every().iter().map(Planted::number).collect();
        let listed: BTreeSet<i32> = comity::code::CODES
            .iter()
            .flat_map(|family| family.iter().map(|(number, _)| *number))
            .filter(|number| !(2000..4000).contains(number))
            .collect();
        assert_eq!(planted.iter().copied().collect::<BTreeSet<_>>(), listed);
        assert_eq!(planted.len(), listed.len());
    }
}
