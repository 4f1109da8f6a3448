//! Of a large group, no more is read than a message needs.

use openmls::group::{MlsGroup, ProcessMessageError, ValidationError};
use openmls::prelude::tls_codec::Serialize as _;
use openmls::prelude::{MlsMessageOut, ProcessedMessageContent};
use openmls_traits::OpenMlsProvider as _;

use super::mls::{self, Person, ROOM, group_id};
use super::peeled::large;
use super::*;
use crate::provider::Provider;
use crate::sender;

/// Bob's leaf in [`large`]; Alice's is the first.
const BOB: u32 = 6;

fn secret(person: &Person) -> zeroize::Zeroizing<Vec<u8>> {
    let mls = MlsStore::for_room(&person.store, ROOM);
    person
        .store
        .snapshot(|_| mls.sender_data_secret())
        .unwrap()
        .unwrap()
}

/// What a person reads of their group for messages.
fn part<'a>(person: &'a Person, leaves: &'a [u32]) -> (Provider<'a>, MlsGroup) {
    let provider = Provider::for_message(person.crypto(), &person.store, ROOM, Reads::Leaves(leaves));
    let group = person
        .store
        .snapshot(|_| MlsGroup::load(provider.storage(), &group_id()));
    (provider, group.unwrap().unwrap())
}

fn octets(message: &MlsMessageOut) -> Vec<u8> {
    message.tls_serialize_detached().unwrap()
}

#[test]
fn who_sent_a_message_is_read_before_it_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    let (mut in_alice, mut in_bob) = (alice.load(), bob.load());
    let from_bob = octets(&bob.in_step(|| bob.send(&mut in_bob, b"one")));
    let from_alice = octets(&alice.in_step(|| alice.send(&mut in_alice, b"two")));
    let (of_alice, of_bob) = (secret(&alice), secret(&bob));
    assert_eq!(of_alice, of_bob, "members of one epoch share it");
    assert_eq!(sender::leaf(alice.crypto(), &of_alice, &from_bob), Some(BOB));
    assert_eq!(sender::leaf(bob.crypto(), &of_bob, &from_alice), Some(0));
}

#[test]
fn the_key_that_knows_members_is_read_from_the_file_and_goes_with_its_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    let key = |person: &Person| {
        let mls = MlsStore::for_room(&person.store, ROOM);
        let key = person.store.snapshot(|_| mls.membership_key()).unwrap();
        key.unwrap().to_vec()
    };
    let old = key(&alice);
    assert_eq!(old, key(&bob), "members of one epoch share it");
    assert_eq!(old.len(), 32);
    assert_ne!(old, secret(&alice).to_vec(), "it is none of the other secrets");
    let mut in_alice = alice.load();
    alice.in_step(|| mls::commit(&alice, &mut in_alice));
    assert_ne!(key(&alice), old, "an epoch has its own");
}

#[test]
fn of_another_epoch_or_of_no_message_no_sender_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    let mut in_bob = bob.load();
    let message = octets(&bob.in_step(|| bob.send(&mut in_bob, b"one")));
    let old = secret(&alice);
    let mut in_alice = alice.load();
    let commit = alice.in_step(|| mls::commit(&alice, &mut in_alice));
    let new = secret(&alice);
    assert_ne!(old, new);
    assert_eq!(sender::leaf(alice.crypto(), &new, &message), None);
    assert_eq!(sender::leaf(alice.crypto(), &old, &octets(&commit)), None);
    for end in 0..message.len() {
        let cut = message.get(..end).unwrap();
        assert_eq!(sender::leaf(alice.crypto(), &old, cut), None);
    }
    for place in 0..message.len() {
        let mut other = message.clone();
        *other.get_mut(place).unwrap() ^= 1;
        // The signature is not looked at, nor what lies behind the sample: whoever it names is to be proven yet.
        let named = sender::leaf(alice.crypto(), &old, &other);
        assert!(named.is_none() || named == Some(BOB), "octet {place}: {named:?}");
    }
}

#[test]
fn a_leaf_is_enough_for_its_members_messages_and_none_for_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    let mut in_bob = bob.load();
    let message = bob.in_step(|| bob.send(&mut in_bob, b"from bob"));
    let before = dump(&alice.store, "SELECT * FROM mls ORDER BY scope, kind, key");

    let (provider, mut without) = part(&alice, &[3]);
    let refused = alice.in_step(|| without.process_message(&provider, mls::protocol(&message)));
    assert!(matches!(
        refused,
        Err(ProcessMessageError::ValidationError(
            ValidationError::UnknownMember
        ))
    ));
    let after = dump(&alice.store, "SELECT * FROM mls ORDER BY scope, kind, key");
    assert_eq!(before, after, "nothing of it is used up");

    // Its neighbour is in the same chunk.
    for leaves in [[BOB], [BOB + 1]] {
        let (provider, mut with) = part(&alice, &leaves);
        alice.store.begin_immediate().unwrap();
        let read = with.process_message(&provider, mls::protocol(&message)).unwrap();
        let ProcessedMessageContent::ApplicationMessage(text) = read.into_content() else {
            panic!("it is a message");
        };
        assert_eq!(text.into_bytes(), b"from bob");
        alice.store.rollback();
    }

    let (provider, mut own) = part(&alice, &[]);
    let answer = alice.in_step(|| {
        own.create_message(&provider, &alice.signer, b"from alice")
            .unwrap()
    });
    assert_eq!(bob.in_step(|| bob.read(&mut in_bob, &answer)), b"from alice");
}

#[test]
fn a_group_of_which_a_part_was_read_writes_no_tree() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    let mut in_bob = bob.load();
    let commit = bob.in_step(|| mls::commit(&bob, &mut in_bob));
    let before = dump(&alice.store, "SELECT * FROM mls ORDER BY scope, kind, key");
    let (provider, mut group) = part(&alice, &[BOB]);
    alice.store.begin_immediate().unwrap();
    let staged = group.process_message(&provider, mls::protocol(&commit));
    let merged = staged.map(|processed| match processed.into_content() {
        ProcessedMessageContent::StagedCommitMessage(staged) => {
            group.merge_staged_commit(&provider, *staged).is_ok()
        }
        _ => true,
    });
    assert!(!merged.unwrap_or(false));
    alice.store.rollback();
    let after = dump(&alice.store, "SELECT * FROM mls ORDER BY scope, kind, key");
    assert_eq!(before, after);
}

#[test]
fn a_leaf_that_no_tree_has_is_nobodys_and_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    let mut in_bob = bob.load();
    let message = bob.in_step(|| bob.send(&mut in_bob, b"from bob"));
    let (provider, mut group) = part(&alice, &[u32::MAX]);
    let refused = alice.in_step(|| group.process_message(&provider, mls::protocol(&message)));
    assert!(refused.is_err());
}
