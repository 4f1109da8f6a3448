//! Message secrets in two parts or as one: the same group either way.

use openmls_traits::OpenMlsProvider as _;

use super::mls::{self, Person, ROOM, group_id, two};
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
        let provider = Provider::for_message(alice.crypto(), &alice.store, ROOM);
        let group: &mut openmls::group::MlsGroup = in_alice;
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
        .snapshot(|_| openmls::group::MlsGroup::load(provider.storage(), &group_id()));
    assert_eq!(loaded.err(), Some(StorageError::Corrupt));
}
