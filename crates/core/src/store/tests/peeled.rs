//! Message secrets and trees in parts or as one: the same group either way.

use openmls::group::MlsGroup;
use openmls::prelude::LeafNodeIndex;
use openmls_traits::OpenMlsProvider as _;

use super::mls::{self, Person, ROOM, agree, group_id, member_of, two};
use super::*;
use crate::provider::Provider;
use crate::store::mls::peel::AS_ONE;

/// The kinds of the rows in which message secrets lie.
const SECRETS: &str = "SELECT kind FROM mls WHERE kind IN (16, 26, 27) ORDER BY kind";

fn kinds(person: &Person) -> Vec<i64> {
    person.store.all(SECRETS, [], |row| row.get(0)).unwrap()
}

/// Bob begins another epoch, and Alice follows, both from their files.
fn turn(alice: &Person, bob: &Person) {
    let (mut in_alice, mut in_bob) = (alice.load(), bob.load());
    mls::turn((alice, &mut in_alice), (bob, &mut in_bob));
}

#[test]
fn openmls_serialises_message_secrets_under_the_names_that_we_know() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, ..) = two(&directory);
    assert_eq!(kinds(&alice), [26, 27], "peel.rs has other names than OpenMLS");
}

#[test]
fn late_frames_of_each_kept_epoch_are_read_from_parts_and_from_the_whole_and_across_a_move() {
    for (before, after) in [(false, false), (true, true), (false, true), (true, false)] {
        let directory = tempfile::tempdir().unwrap();
        let (mut alice, _, bob, _) = two(&directory);
        let mut late = Vec::new();
        AS_ONE.set(before);
        for epoch in 1..=3_u8 {
            let mut in_bob = bob.load();
            for text in [[epoch, 0], [epoch, 1]] {
                late.push((bob.in_step(|| bob.send(&mut in_bob, &text)), text));
            }
            if epoch < 3 {
                turn(&alice, &bob);
            }
        }
        assert_eq!(kinds(&alice), if before { vec![16] } else { vec![26, 27] });
        AS_ONE.set(after);
        for (frame, text) in late.into_iter().rev() {
            alice = alice.reopened(&directory);
            let mut in_alice = alice.load();
            assert_eq!(
                alice.in_step(|| alice.read(&mut in_alice, &frame)),
                text,
                "{before} {after}"
            );
        }
        assert_eq!(kinds(&alice), if after { vec![16] } else { vec![26, 27] });
        AS_ONE.set(false);
    }
}

#[test]
fn a_message_writes_the_present_part_and_keeps_what_an_older_program_wrote_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, _, bob, _) = two(&directory);
    turn(&alice, &bob);
    let settled = |person: &Person| dump(&person.store, "SELECT sealed FROM mls WHERE kind = 27");
    let before = settled(&alice);
    let (mut in_alice, mut in_bob) = (alice.load(), bob.load());
    let sent = |alice: &Person, in_alice: &mut _| {
        let provider = Provider::for_message(alice.crypto(), &alice.store, ROOM, Reads::Present);
        let group: &mut MlsGroup = in_alice;
        alice.in_step(|| group.create_message(&provider, &alice.signer, b"now").unwrap())
    };
    let message = sent(&alice, &mut in_alice);
    assert_eq!(settled(&alice), before, "the past was written for nothing");
    assert_eq!(bob.in_step(|| bob.read(&mut in_bob, &message)), b"now");

    // As one: a message must not lose the past that is in there.
    AS_ONE.set(true);
    let late = bob.in_step(|| bob.send(&mut in_bob, b"late"));
    turn(&alice, &bob);
    AS_ONE.set(false);
    assert_eq!(kinds(&alice), [16]);
    let mut in_alice = alice.load();
    sent(&alice, &mut in_alice);
    assert_eq!(kinds(&alice), [26, 27]);
    let mut in_alice = alice.load();
    assert_eq!(alice.in_step(|| alice.read(&mut in_alice, &late)), b"late");
}

#[test]
fn parts_that_do_not_belong_together_are_damage() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, ..) = two(&directory);
    alice.in_step(|| alice.store.write("DELETE FROM mls WHERE kind = 27", []).unwrap());
    let provider = alice.provider();
    let loaded = alice
        .store
        .snapshot(|_| MlsGroup::load(provider.storage(), &group_id()));
    assert_eq!(loaded.err(), Some(StorageError::Corrupt));
}

/// The rows of past epochs, the oldest first, as they are sealed.
fn past(person: &Person) -> Vec<String> {
    dump(
        &person.store,
        "SELECT key, sealed FROM mls WHERE kind = 28 ORDER BY rowid",
    )
}

/// Alice's and Bob's group after so many turns, and a message of Bob's from each epoch that is past.
fn with_past(directory: &TempDir, turns: u8) -> (Person, Person, Vec<openmls::prelude::MlsMessageOut>) {
    let (alice, _, bob, _) = two(directory);
    let mut late = Vec::new();
    for epoch in 0..turns {
        let mut in_bob = bob.load();
        late.push(bob.in_step(|| bob.send(&mut in_bob, &[epoch])));
        turn(&alice, &bob);
    }
    (alice, bob, late)
}

#[test]
fn a_message_writes_no_past_epoch_and_a_late_one_its_own_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob, late) = with_past(&directory, 2);
    let before = past(&alice);
    assert_eq!(before.len(), 2);

    let mut in_bob = bob.load();
    let message = bob.in_step(|| bob.send(&mut in_bob, b"now"));
    let mut in_alice = alice.load();
    alice.in_step(|| alice.read(&mut in_alice, &message));
    assert_eq!(
        past(&alice),
        before,
        "a message of the present epoch wrote the past"
    );

    let epoch = in_alice.epoch().as_u64() - 1;
    let provider = Provider::for_late_message(alice.crypto(), &alice.store, ROOM, epoch);
    alice.in_step(|| {
        let message = mls::protocol(late.last().unwrap());
        in_alice.process_message(&provider, message).unwrap();
    });
    let after = past(&alice);
    assert_eq!(after.first(), before.first());
    assert_ne!(after.last(), before.last());
    // The one that was read is used up, and the other one is still there.
    let mut in_alice = alice.load();
    alice.store.begin_immediate().unwrap();
    let again = in_alice.process_message(&alice.provider(), mls::protocol(late.last().unwrap()));
    assert!(again.is_err());
    alice.store.rollback();
    let mut in_alice = alice.load();
    assert_eq!(
        alice.in_step(|| alice.read(&mut in_alice, late.first().unwrap())),
        [0]
    );
}

#[test]
fn a_past_epoch_that_is_dropped_leaves_neither_row_nor_key() {
    let keys = |person: &Person| dump(&person.store, "SELECT sealed FROM scope_key WHERE kind = 6").len();
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob, late) = with_past(&directory, 2);
    let oldest = past(&alice).first().cloned().unwrap();
    assert_eq!(keys(&alice), 2);
    turn(&alice, &bob);
    assert_eq!(
        (past(&alice).len(), keys(&alice)),
        (2, 2),
        "two past epochs are kept"
    );
    assert!(!past(&alice).contains(&oldest));
    let mut in_alice = alice.load();
    alice.store.begin_immediate().unwrap();
    let too_late = in_alice.process_message(&alice.provider(), mls::protocol(late.first().unwrap()));
    assert!(too_late.is_err());
    alice.store.rollback();

    alice.in_step(|| alice.provider().storage().delete_scope().unwrap());
    assert_eq!((past(&alice).len(), keys(&alice)), (0, 0));
}

#[test]
fn a_group_without_its_past_sends_and_receives_and_loses_none_of_it() {
    for as_one in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let (alice, bob, late) = with_past(&directory, 2);
        AS_ONE.set(as_one);
        let provider = || Provider::for_message(alice.crypto(), &alice.store, ROOM, Reads::Present);
        let mut light = alice
            .store
            .snapshot(|_| MlsGroup::load(provider().storage(), &group_id()))
            .unwrap()
            .unwrap();
        let mut in_bob = bob.load();
        let from_bob = bob.in_step(|| bob.send(&mut in_bob, b"from bob"));
        let from_alice = alice.in_step(|| {
            light
                .process_message(&provider(), mls::protocol(&from_bob))
                .unwrap();
            light
                .create_message(&provider(), &alice.signer, b"from alice")
                .unwrap()
        });
        assert_eq!(bob.in_step(|| bob.read(&mut in_bob, &from_alice)), b"from alice");
        for (epoch, frame) in late.iter().enumerate() {
            let mut in_alice = alice.load();
            let text = alice.in_step(|| alice.read(&mut in_alice, frame));
            assert_eq!(text, [u8::try_from(epoch).unwrap()], "as one: {as_one}");
        }
        AS_ONE.set(false);
    }
}

#[test]
fn twenty_messages_of_one_step_are_written_once() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, bob, mut in_bob) = two(&directory);
    let messages: Vec<_> = (0..20_u8)
        .map(|number| bob.in_step(|| bob.send(&mut in_bob, &[number])))
        .collect();
    let before = alice.store.conn.total_changes();
    alice.in_step(|| {
        for message in &messages {
            let provider = Provider::for_message(alice.crypto(), &alice.store, ROOM, Reads::Present);
            in_alice
                .process_message(&provider, mls::protocol(message))
                .unwrap();
        }
    });
    let written = alice.store.conn.total_changes() - before;
    assert_eq!(written, 2, "the ratchets, and the head of the file");
    let mut in_alice = alice.load();
    alice.store.begin_immediate().unwrap();
    let again = in_alice.process_message(&alice.provider(), mls::protocol(&messages[7]));
    assert!(again.is_err(), "every one of them was used up");
    alice.store.rollback();
}

#[test]
fn a_group_is_as_before_until_another_connection_changes_it() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, bob, mut in_bob) = two(&directory);
    let beside = Store::open(&directory.path().join("alice"), &KEY).unwrap();
    let same = || {
        alice
            .store
            .snapshot(|store| store.has_group_as_before(ROOM))
            .unwrap()
    };
    assert!(same());
    alice.in_step(|| alice.send(&mut in_alice, b"ours"));
    assert!(same());

    beside.begin_immediate().unwrap();
    let other = "INSERT INTO mls VALUES (9, 26, x'00', zeroblob(40))";
    beside.write(other, []).unwrap();
    beside.commit().unwrap();
    assert!(same(), "another room is another group");

    let message = bob.in_step(|| bob.send(&mut in_bob, b"theirs"));
    beside.begin_immediate().unwrap();
    let provider = Provider::for_room(alice.crypto(), &beside, ROOM);
    let mut group = MlsGroup::load(provider.storage(), &group_id()).unwrap().unwrap();
    group.process_message(&provider, mls::protocol(&message)).unwrap();
    beside.commit().unwrap();
    assert!(!same());
    alice.load();
    assert!(same());
    assert!(
        !beside.has_group_as_before(2).unwrap(),
        "a group that is not there is none"
    );
}

/// A group whose tree is in parts: of 7 members, in chunks of two nodes. The last member has a file, the others none.
pub(super) fn large(directory: &TempDir) -> (Person, Person) {
    let (alice, bob) = (Person::named(directory, "alice"), Person::named(directory, "bob"));
    let elsewhere = tempfile::tempdir().unwrap();
    let mut packages: Vec<_> = ["c", "d", "e", "f", "g"]
        .iter()
        .map(|name| {
            let person = Person::named(&elsewhere, name);
            person.in_step(|| person.key_package())
        })
        .collect();
    packages.push(bob.in_step(|| bob.key_package()));
    let (welcome, tree) = alice.in_step(|| {
        let mut group = member_of(&alice, &[]);
        let (_, welcome, _) = group
            .add_members(&alice.provider(), &alice.signer, &packages)
            .unwrap();
        group.merge_pending_commit(&alice.provider()).unwrap();
        (welcome, group.export_ratchet_tree())
    });
    bob.in_step(|| bob.join(&welcome, tree));
    (alice, bob)
}

const TREE: &str = "SELECT kind, key, sealed FROM mls WHERE kind IN (11, 29, 30, 31) ORDER BY kind, key";

fn tree(person: &Person) -> Vec<String> {
    dump(&person.store, TREE)
}

/// How many rows of the tree there are of each kind: whole, leaves, parents, trunk.
fn tree_kinds(person: &Person) -> [usize; 4] {
    let kinds: Vec<i64> = person.store.all(TREE, [], |row| row.get(0)).unwrap();
    [11, 29, 30, 31].map(|kind| kinds.iter().filter(|found| **found == kind).count())
}

#[test]
fn openmls_serialises_trees_under_the_names_that_we_know() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    // Room for eight leaves, and seven parents above them.
    for person in [&alice, &bob] {
        assert_eq!(
            tree_kinds(person),
            [0, 4, 4, 1],
            "tree.rs has other names than OpenMLS"
        );
    }
    agree(&alice.load(), &bob.load());
}

#[test]
fn a_commit_writes_the_chunks_of_its_path_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = large(&directory);
    // The first commits of each fill the paths.
    turn(&bob, &alice);
    turn(&alice, &bob);
    let (alice, bob) = (alice.reopened(&directory), bob.reopened(&directory));
    let before = tree(&alice);
    turn(&alice, &bob);
    let after = tree(&alice);
    assert_eq!(before.len(), after.len());
    let changed = |kind: &str| {
        let rows = before.iter().zip(&after).filter(|(row, _)| row.starts_with(kind));
        rows.filter(|(before, after)| before != after).count()
    };
    assert_eq!(changed("Ok(Integer(29))"), 1, "the chunk of the committer's leaf");
    assert!(changed("Ok(Integer(30))") < 4, "not all the parents");
    agree(&alice.load(), &bob.load());
}

#[test]
fn a_tree_that_shrinks_or_is_written_as_one_leaves_no_chunk() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, _) = large(&directory);
    let mut group = alice.load();
    alice.in_step(|| {
        let gone: Vec<LeafNodeIndex> = (2..7).map(LeafNodeIndex::new).collect();
        group
            .remove_members(&alice.provider(), &alice.signer, &gone)
            .unwrap();
        group.merge_pending_commit(&alice.provider()).unwrap();
    });
    assert_eq!(tree_kinds(&alice), [1, 0, 0, 0]);
    assert_eq!(alice.load().members().count(), 2);

    let directory = tempfile::tempdir().unwrap();
    let (mut alice, mut bob) = large(&directory);
    for as_one in [true, false, true] {
        AS_ONE.set(as_one);
        turn(&alice, &bob);
        let parts = if as_one { [1, 0, 0, 0] } else { [0, 4, 4, 1] };
        assert_eq!([tree_kinds(&alice), tree_kinds(&bob)], [parts; 2]);
        (alice, bob) = (alice.reopened(&directory), bob.reopened(&directory));
        agree(&alice.load(), &bob.load());
    }
    AS_ONE.set(false);
    let mut group = alice.load();
    alice.in_step(|| group.delete(alice.provider().storage()).unwrap());
    assert_eq!(tree(&alice), [""; 0]);
}

#[test]
fn a_tree_that_lacks_a_chunk_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, _) = large(&directory);
    alice.in_step(|| {
        let one = "DELETE FROM mls WHERE rowid = (SELECT max(rowid) FROM mls WHERE kind = 29)";
        alice.store.write(one, []).unwrap()
    });
    let loaded = alice
        .store
        .snapshot(|_| MlsGroup::load(alice.provider().storage(), &group_id()));
    assert_eq!(loaded.err(), Some(StorageError::Corrupt));
}
