//! Who comes, who goes, and what they can read.

use std::time::Duration;

use comity::{ClientOutcome, Phase, RequestKind, RoomChange, TaskState};
use comity_testkit::{Mishap, supports};

use crate::support::Cast;

#[test]
fn whoever_joins_later_cannot_read_the_past() {
    let cast = Cast::two(1);
    let secret = cast.alice.says("before carol");
    cast.world.settle();
    let cast = cast.with_carol();
    cast.alice.says("after carol");
    cast.world.settle();
    cast.carol.sees(["alice: after carol"]);
    assert!(cast.carol.message(secret).is_none());
    cast.bob.sees(["alice: before carol", "alice: after carol"]);
    cast.agrees();
}

#[test]
fn whoever_is_removed_reads_no_more_and_learns_that_they_are_out() {
    let cast = Cast::three(1);
    cast.alice.says("everybody");
    cast.world.settle();
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    cast.alice.says("without carol");
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Removed));
    assert_eq!(cast.carol.room_events().last(), Some(&RoomChange::Removed));
    cast.carol.sees(["alice: everybody"]);
    cast.bob.sees(["alice: everybody", "alice: without carol"]);
    let refused = cast
        .carol
        .tries_to_send(&comity::Outgoing::text("hello?"), comity::Allow::default());
    assert_eq!(refused.unwrap_err().code(), "not_joined");
}

#[test]
fn whoever_is_removed_cannot_read_later_messages_even_when_handed_the_frames() {
    let cast = Cast::three(1);
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    cast.bob.is_deaf();
    cast.alice.says("without carol");
    cast.world.settle();
    for frame in cast.bob.unfetched() {
        cast.carol.is_pushed(frame);
    }
    cast.carol.sees([]);
    cast.bob.listens();
    cast.world.settle();
    cast.bob.sees(["alice: without carol"]);
}

/// The hub's order counts, not the order in which frames reach somebody.
#[test]
fn a_message_accepted_before_its_sender_was_removed_is_shown_by_everybody() {
    let cast = Cast::three(1);
    cast.alice.gets_no_messages();
    let last = cast.carol.says("my last words");
    cast.world.settle();
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    cast.alice.gets_messages_again();
    cast.world.settle();
    cast.alice.sees(["carol: my last words"]);
    cast.bob.sees(["carol: my last words"]);
    assert_eq!(cast.carol.line(last).as_deref(), Some("carol: my last words"));
    cast.agrees();
}

#[test]
fn whoever_leaves_is_let_go_by_somebody_elses_commit() {
    let cast = Cast::three(1);
    cast.carol.leaves();
    assert_eq!(cast.carol.phase(), Some(Phase::Leaving));
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    assert_eq!(cast.carol.room_events().last(), Some(&RoomChange::Left));
    assert_eq!(cast.alice.epoch(), 3, "one commit was enough");
    cast.bob.says("bye");
    cast.world.settle();
    cast.alice.sees(["bob: bye"]);
    cast.carol.sees([]);
    let clients: Vec<_> = cast
        .alice
        .members()
        .into_iter()
        .map(|member| member.client)
        .collect();
    assert_eq!(clients, [cast.alice.client(), cast.bob.client()]);
    cast.agrees();
}

/// Rule 9: with a proposal pending OpenMLS refuses to encrypt; the commit goes first and the message waits.
#[test]
fn a_message_sent_while_somebody_leaves_waits_for_the_commit() {
    let cast = Cast::three(1);
    cast.carol.leaves();
    cast.world.advance(Duration::from_millis(30));
    let id = cast.alice.says("bye carol");
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    cast.bob.sees(["alice: bye carol"]);
    assert_eq!(cast.bob.messages()[0].id, id);
    cast.carol.sees([]);
    cast.agrees();
}

#[test]
fn somebody_leaves_while_another_commits() {
    let cast = Cast::three(1);
    cast.bob.rotates();
    cast.carol.leaves();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    cast.agrees();
}

#[test]
fn somebody_leaves_while_an_own_commit_is_on_its_way() {
    let cast = Cast::three(1);
    cast.carol.rotates();
    cast.carol.leaves();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    cast.alice.says("bye");
    cast.world.settle();
    cast.bob.sees(["alice: bye"]);
    cast.agrees();
}

#[test]
fn everybody_leaves_at_once() {
    let cast = Cast::three(1);
    cast.bob.leaves();
    cast.carol.leaves();
    cast.world.settle();
    assert_eq!(
        (cast.bob.phase(), cast.carol.phase()),
        (Some(Phase::Left), Some(Phase::Left))
    );
    assert_eq!(cast.alice.members().len(), 1);
    cast.alice.leaves();
    cast.world.settle();
    assert_eq!(cast.alice.phase(), Some(Phase::Left));
}

/// Rule 10: joined at once in state `Invited`, silently keeping up.
#[test]
fn an_invitation_keeps_up_silently_while_the_person_thinks() {
    let cast = Cast::two(1);
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    for _ in 0..3 {
        cast.bob.rotates();
        cast.alice.says("are you coming?");
        cast.world.settle();
    }
    assert_eq!(cast.carol.phase(), Some(Phase::Invited));
    assert_eq!(cast.carol.epoch(), cast.alice.epoch());
    assert_eq!(
        cast.carol.room_events(),
        [RoomChange::Invited {
            by: cast.users.alice.clone()
        }]
    );
    let refused = cast
        .carol
        .tries_to_send(&comity::Outgoing::text("hm"), comity::Allow::default());
    assert_eq!(refused.unwrap_err().code(), "not_joined");
    cast.carol.accepts();
    cast.carol.says("yes");
    cast.world.settle();
    cast.bob.sees([
        "alice: are you coming?",
        "alice: are you coming?",
        "alice: are you coming?",
        "carol: yes",
    ]);
    cast.agrees();
}

#[test]
fn an_invitation_that_is_declined_leaves_nothing_behind() {
    let cast = Cast::two(1);
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.alice.says("are you coming?");
    cast.world.settle();
    cast.carol.declines();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    cast.carol.sees([]);
    assert_eq!(cast.alice.members().len(), 2);
    assert_eq!(cast.alice.participants(), cast.bob.participants());
    assert!(
        cast.alice
            .participants()
            .iter()
            .all(|(user, _)| *user != cast.users.carol)
    );
}

/// Rule 11: messages overtake the Welcome.
#[test]
fn messages_that_overtake_the_welcome_are_read_once_it_has_come() {
    let cast = Cast::two(1);
    cast.carol.is_deaf();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.alice.says("welcome carol");
    cast.bob.rotates();
    cast.world.settle();
    let mail = cast.carol.loses_its_mail();
    assert_eq!(mail.len(), 3, "a Welcome, a message, a commit");
    for frame in mail.into_iter().rev() {
        cast.carol.is_pushed(frame);
    }
    cast.carol.listens();
    cast.carol.accepts();
    cast.world.settle();
    cast.carol.sees(["alice: welcome carol"]);
    assert_eq!(cast.carol.rejections(), []);
    cast.agrees();
}

#[test]
fn a_user_with_two_clients_is_in_the_room_with_both_and_both_see_the_same() {
    let cast = Cast::new(1);
    let tablet = cast
        .world
        .client("bob-tablet", &cast.users.bob, &supports::enhanced());
    cast.world.settle();
    cast.alice.creates("clubhouse");
    let task = cast.alice.invites(&cast.users.bob);
    cast.world.settle();
    let task = cast.alice.task(task);
    assert_eq!(task.state, TaskState::Done);
    let mut outcomes = task.invites[0].clients.clone();
    outcomes.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        outcomes,
        [
            (cast.bob.client(), ClientOutcome::Added),
            (tablet.client(), ClientOutcome::Added)
        ]
    );
    cast.bob.accepts();
    tablet.accepts();
    let hi = cast.bob.says("from my phone");
    cast.world.settle();
    tablet.sees(["bob: from my phone"]);
    tablet.edits(hi, "from my tablet");
    cast.world.settle();
    cast.alice.sees(["bob: from my tablet [edited]"]);
    cast.bob.sees(["bob: from my tablet [edited]"]);
    cast.world
        .agrees(&cast.world.room(), &[&cast.alice, &cast.bob, &tablet]);
}

#[test]
fn whoever_leaves_while_somebody_comes_is_out_once_they_are_in() {
    let cast = Cast::new(1);
    cast.alice.creates("clubhouse");
    cast.world.settle();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::UpdateRoom);
    cast.alice.invites(&cast.users.bob);
    while !cast
        .alice
        .outstanding()
        .iter()
        .any(|request| request.kind == RequestKind::UpdateRoom)
    {
        cast.world.advance(Duration::from_millis(10));
    }
    cast.alice.leaves();
    assert_eq!(cast.alice.phase(), Some(Phase::Leaving));
    cast.world.settle();
    cast.bob.accepts();
    cast.world.settle();
    assert_eq!(cast.alice.phase(), Some(Phase::Left));
    assert_eq!(cast.bob.members().len(), 1, "nobody stands for her any more");
    cast.bob.says("alone");
    cast.world.settle();
    assert_eq!(cast.alice.rejections(), []);
}

#[test]
fn whoever_leaves_while_nobody_comes_after_all_simply_goes() {
    let cast = Cast::new(1);
    cast.alice.creates("clubhouse");
    cast.world.settle();
    cast.world
        .plans(Mishap::Undeliverable, &cast.alice, RequestKind::UpdateRoom);
    cast.alice.rotates();
    cast.alice.leaves();
    assert_eq!(cast.alice.phase(), Some(Phase::Leaving));
    cast.world.settle();
    assert_eq!(cast.alice.phase(), Some(Phase::Left));
}
