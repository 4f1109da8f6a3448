//! Story K: a client's file is put back from a backup, cloned, or copied, and its rooms went on without it.

use std::time::Duration;

use comity::{
    Advice, Allow, Blocked, Client, ClientChange, Error, EventKind, Key32, Opening, Outgoing, Phase,
    Rejection, RequestKind, RoomUri, StorageError, TaskState, Twin, Witnesses,
};
use comity_testkit::{Actor, Copy};

use crate::support::Cast;

/// How often its log says that the file is a copy.
fn alarms(actor: &Actor) -> usize {
    let is_alarm = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::Client {
                change: ClientChange::Restored,
                advice: Advice::Rejoin
            }
        )
    };
    actor
        .events()
        .iter()
        .filter(|event| is_alarm(&event.kind))
        .count()
}

/// A copy of the file as it lies there when nobody has it open, as a backup takes it.
fn backup(actor: &Actor) -> Copy {
    actor.closes();
    let copy = actor.is_copied();
    actor.starts();
    copy
}

fn restore(actor: &Actor, copy: &Copy) {
    actor.gets_back(copy);
    actor.starts();
}

/// It can read and not write, and says why.
#[track_caller]
fn is_stalled(actor: &Actor, rooms: &[&RoomUri]) {
    for room in rooms {
        let there = actor.within(room);
        assert_eq!(there.phase(), Some(Phase::Stalled), "{room}");
        assert_eq!(
            there.tries_to_send(&Outgoing::text("reused"), Allow::default()),
            Err(Error::Blocked(Blocked::Stalled))
        );
    }
    let leaves = |kind| {
        !matches!(
            kind,
            RequestKind::PublishKeyPackages | RequestKind::FetchKeyMaterial
        )
    };
    let kinds: Vec<_> = actor.outstanding().iter().map(|request| request.kind).collect();
    assert!(!kinds.iter().any(|kind| leaves(*kind)), "{kinds:?}");
}

/// No frame of anybody's was one that a member cannot read.
#[track_caller]
fn nobody_rejects(actors: &[&Actor]) {
    for actor in actors {
        assert_eq!(actor.rejections(), [], "{}", actor.name());
    }
}

#[test]
fn an_old_file_is_noticed_before_the_first_send_and_each_room_heals_by_join() {
    let cast = Cast::three(1);
    let (alice, bob, carol) = (&cast.alice, &cast.bob, &cast.carol);
    let first = cast.world.room();
    alice.says("one");
    alice.creates("second");
    let second = cast.world.room();
    alice.invites(&cast.users.bob);
    cast.world.settle();
    bob.accepts();
    cast.world.settle();
    let copy = backup(bob);

    for room in [&first, &second] {
        bob.within(room).says("lost");
        cast.world.settle();
        bob.within(room).rotates();
        cast.world.settle();
        bob.within(room).says("lost, too");
        alice.within(room).says("two");
        cast.world.settle();
    }
    assert_eq!(alarms(bob), 0);

    restore(bob, &copy);
    assert_eq!(alarms(bob), 1);
    is_stalled(bob, &[&first, &second]);
    assert!(bob.within(&first).timeline().contains(&"alice: one".to_owned()));
    cast.world.settle();
    is_stalled(bob, &[&first, &second]);

    for room in [&first, &second] {
        bob.within(room).joins();
        cast.world.settle();
        assert_eq!(bob.within(room).phase(), Some(Phase::Joined));
        bob.within(room).says("again");
        alice.within(room).says("three");
        cast.world.settle();
        cast.world.agrees(room, &[alice, bob, carol]);
    }
    nobody_rejects(&[alice, carol]);
    let timeline = alice.within(&first).timeline();
    assert_eq!(
        timeline[timeline.len() - 5..],
        [
            "bob: lost",
            "bob: lost, too",
            "alice: two",
            "bob: again",
            "alice: three"
        ]
    );
}

#[test]
fn what_was_on_its_way_when_the_copy_was_made_is_never_sent_as_it_was() {
    for reached in [false, true] {
        let cast = Cast::three(1);
        let (alice, bob) = (&cast.alice, &cast.bob);
        bob.is_cut_off();
        let unsent = bob.says("on its way");
        let request = bob.outstanding().into_iter().next().unwrap();
        let copy = backup(bob);
        bob.is_back();
        cast.world.settle();
        bob.says("lost");
        cast.world.settle();
        // Whatever made the copy may post what it holds: that was accepted long ago.
        if reached {
            bob.posts(&request);
        }
        restore(bob, &copy);
        is_stalled(bob, &[&cast.world.room()]);
        assert_eq!(bob.line(unsent).unwrap(), "bob: on its way [waiting]");
        bob.joins();
        cast.world.settle();
        bob.says("again");
        cast.world.settle();
        nobody_rejects(&[alice, &cast.carol]);
        assert_eq!(bob.line(unsent).unwrap(), "bob: on its way");
        let lines = alice.timeline();
        assert_eq!(lines, ["bob: on its way", "bob: lost", "bob: again"]);
        cast.agrees();
    }
}

#[test]
fn a_message_that_had_not_left_when_the_copy_was_made_leaves_under_its_id_after_the_join() {
    let cast = Cast::three(1);
    cast.bob.is_cut_off();
    let unsent = cast.bob.says("held up");
    let copy = backup(&cast.bob);
    restore(&cast.bob, &copy);
    assert_eq!(alarms(&cast.bob), 1, "the file was opened since");
    cast.bob.is_back();
    cast.bob.joins();
    cast.world.settle();
    assert_eq!(cast.bob.line(unsent).unwrap(), "bob: held up");
    assert_eq!(cast.alice.line(unsent).unwrap(), "bob: held up");
    nobody_rejects(&[&cast.alice, &cast.carol]);
    cast.agrees();
}

#[test]
fn changes_that_waited_in_the_copy_are_built_again_after_the_join() {
    let cast = Cast::three(1);
    let (_, dave) = cast.dave();
    let alice = &cast.alice;
    alice.is_cut_off();
    let task = alice.invites(&dave.user());
    let copy = backup(alice);
    alice.is_back();
    cast.world.settle();
    cast.bob.says("hello");
    cast.world.settle();
    restore(alice, &copy);
    alice.joins();
    cast.world.settle();
    assert!(
        !matches!(alice.task(task).state, TaskState::Waiting),
        "{:?}",
        alice.task(task)
    );
    assert_eq!(alice.participants().len(), 4);
    nobody_rejects(&[&cast.bob, &cast.carol, &dave]);
    cast.agrees();
}

#[test]
fn key_packages_of_the_copy_are_replaced() {
    let cast = Cast::two(1);
    let (alice, bob) = (&cast.alice, &cast.bob);
    let copy = backup(bob);
    cast.world.settle();
    restore(bob, &copy);
    assert!(
        bob.outstanding()
            .iter()
            .any(|request| request.kind == RequestKind::PublishKeyPackages)
    );
    cast.world.settle();
    alice.creates("second");
    alice.invites(&cast.users.bob);
    cast.world.settle();
    assert_eq!(bob.phase(), Some(Phase::Invited));
    bob.accepts();
    bob.says("hi");
    cast.world.settle();
    cast.world.agrees(&cast.world.room(), &[alice, bob]);
}

#[test]
fn a_clone_on_another_phone_is_noticed() {
    let cast = Cast::three(1);
    let bob = &cast.bob;
    bob.closes();
    bob.starts();
    bob.says("here");
    cast.world.settle();
    let clone = bob.is_copied();
    bob.loses_its_keychain();
    restore(bob, &clone);
    assert_eq!(alarms(bob), 1);
    is_stalled(bob, &[&cast.world.room()]);
    bob.joins();
    cast.world.settle();
    bob.says("there");
    cast.world.settle();
    nobody_rejects(&[&cast.alice, &cast.carol]);
    cast.agrees();
}

#[test]
fn a_copy_of_this_very_session_is_noticed_by_the_servers_last_request() {
    let cast = Cast::three(1);
    let (alice, bob) = (&cast.alice, &cast.bob);
    let copy = bob.is_copied();
    bob.says("lost");
    cast.world.settle();
    restore(bob, &copy);
    assert_eq!(alarms(bob), 1);
    is_stalled(bob, &[&cast.world.room()]);
    // The server goes on to name that request, and the client goes on.
    bob.closes();
    bob.starts();
    assert_eq!(alarms(bob), 1, "it is told once");
    bob.joins();
    cast.world.settle();
    bob.says("again");
    cast.world.settle();
    bob.closes();
    bob.starts();
    assert_eq!(alarms(bob), 1);
    nobody_rejects(&[alice, &cast.carol]);
    cast.agrees();
}

/// The same copy once more, after the client has gone on from it.
#[test]
fn a_copy_is_noticed_each_time_that_it_is_put_back() {
    let cast = Cast::three(1);
    let bob = &cast.bob;
    let copy = backup(bob);
    for round in 0..3 {
        bob.says(&format!("lost {round}"));
        cast.world.settle();
        restore(bob, &copy);
        assert_eq!(alarms(bob), 1, "the log is the copy's");
        is_stalled(bob, &[&cast.world.room()]);
        cast.world.settle();
        bob.joins();
        cast.world.settle();
    }
    bob.says("again");
    cast.world.settle();
    nobody_rejects(&[&cast.alice, &cast.carol]);
    cast.agrees();
}

#[test]
fn a_kill_between_the_file_and_the_keychain_is_no_false_alarm() {
    let cast = Cast::two(1);
    let bob = &cast.bob;
    for round in 0..3 {
        bob.closes();
        for _ in 0..3 {
            bob.will_die_before_it_keeps_its_twin();
            bob.starts();
        }
        bob.starts();
        bob.says(&format!("{round}"));
        cast.world.settle();
        bob.is_killed();
        bob.starts();
    }
    assert_eq!(alarms(bob), 0);
    assert_eq!(cast.alice.timeline(), ["bob: 0", "bob: 1", "bob: 2"]);
    cast.agrees();
}

#[test]
fn an_app_and_its_extension_show_the_same_twin_without_alarm() {
    let cast = Cast::two(1);
    let bob = &cast.bob;
    for round in 0..3 {
        bob.is_deaf();
        cast.alice.says(&format!("{round}"));
        cast.world.settle();
        let frames = bob.unfetched();
        bob.as_extension(|extension, now| {
            let batch = comity::Batch {
                frames,
                cursor: None,
                more: true,
            };
            extension.receive(now, &batch).map(drop)
        })
        .unwrap();
        bob.listens();
        cast.world.settle();
        bob.closes();
        bob.starts();
    }
    assert_eq!(alarms(bob), 0);
    assert_eq!(bob.timeline(), ["alice: 0", "alice: 1", "alice: 2"]);
}

#[test]
fn an_extension_leaves_a_copy_to_the_app_and_takes_nothing() {
    let cast = Cast::two(1);
    let bob = &cast.bob;
    bob.closes();
    let (path, key) = bob.file();
    let before = std::fs::read(&path).unwrap();
    let witnesses = Witnesses {
        twin: Some(Twin::new([7; 16])),
        last_request: None,
    };
    let opening = Opening::extension(&path, Key32::new(key)).witnessed(witnesses);
    let opened = Client::open(bob.now(), &opening);
    assert_eq!(opened.err(), Some(Error::Storage(StorageError::NeedsApp)));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_backup_is_noticed_as_one() {
    let cast = Cast::three(1);
    let bob = &cast.bob;
    let (path, key) = bob.file();
    let copy = path.with_file_name("copy.comity");
    let mut twin = None;
    bob.acts("backs up", |client, now| {
        client.backup_to(&copy)?;
        twin = client.twin();
        client.wake(now)
    });
    let names = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let beside = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().starts_with("copy")
    });
    assert_eq!(beside.count(), 1, "nothing stands beside the copy");
    let witnesses = Witnesses {
        twin,
        last_request: None,
    };
    let opening = Opening::app(&copy, Key32::new(key)).witnessed(witnesses);
    let client = Client::open(bob.now(), &opening).unwrap();
    let reader = client.reader().unwrap();
    let rooms = reader.rooms(bob.now()).unwrap();
    assert_eq!(rooms.first().unwrap().phase, Phase::Stalled);
}

/// Whoever makes the copy need not be the one that keeps the witnesses: an extension, a tool for support.
#[test]
fn a_backup_that_was_made_without_witnesses_is_noticed_by_a_host_that_keeps_them() {
    let cast = Cast::three(1);
    let bob = &cast.bob;
    let (path, key) = bob.file();
    let copy = path.with_file_name("copy.comity");
    let client = Client::open(bob.now(), &Opening::app(&path, Key32::new(key))).unwrap();
    client.backup_to(&copy).unwrap();
    client.close().unwrap();
    let opening = Opening::app(&copy, Key32::new(key)).witnessed(Witnesses {
        twin: bob.twin(),
        last_request: None,
    });
    let client = Client::open(bob.now(), &opening).unwrap();
    assert!(client.restored());
    assert_eq!(alarms(bob), 0, "it is Bob's file that goes on");
}

/// What happens today without witnesses, and what nobody can prevent then: the copy goes on as if nothing had happened, and
/// its next message has the keys of one that was sent already.
#[test]
fn without_witnesses_nothing_is_noticed_and_a_key_is_used_twice() {
    let cast = Cast::three(1);
    let (alice, bob, carol) = (&cast.alice, &cast.bob, &cast.carol);
    bob.keeps_no_witnesses();
    let copy = backup(bob);
    bob.says("before");
    cast.world.settle();
    restore(bob, &copy);
    assert_eq!((alarms(bob), bob.phase()), (0, Some(Phase::Joined)));
    bob.says("after");
    cast.world.settle();
    cast.world.advance(Duration::from_secs(60));
    for member in [alice, carol] {
        member.sees(["bob: before"]);
        assert_eq!(member.rejections(), [Rejection::Duplicate], "{}", member.name());
    }
    bob.sees(["bob: after"]);
}
