//! Commits that race, are lost, or come back: the room lives.

use std::time::Duration;

use comity::{FrameOutcome, HeldUntil, Phase, Rejection, RequestKind, TaskState};
use comity_testkit::Mishap;

use crate::support::Cast;

/// Rule 1: `wrongEpoch` never discards a staged commit. Here it comes back before the host has given up.
#[test]
fn an_own_accepted_commit_whose_answer_was_lost_comes_back_and_the_room_lives() {
    let cast = Cast::three(1);
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::UpdateRoom);
    let task = cast.alice.rotates();
    cast.world.advance(Duration::from_secs(1));
    assert_eq!((cast.alice.epoch(), cast.bob.epoch()), (3, 3));
    cast.world.settle();
    assert_eq!(cast.alice.task(task).state, TaskState::Done);
    lives(&cast);
}

/// Rule 1: the commit is posted again, byte for byte, before it comes back.
#[test]
fn an_own_accepted_commit_is_posted_again_and_gets_its_first_verdict() {
    let cast = Cast::three(1);
    cast.alice.is_deaf();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::UpdateRoom);
    let task = cast.alice.rotates();
    cast.world.settle();
    assert_eq!(cast.alice.task(task).state, TaskState::Done);
    assert_eq!(cast.alice.epoch(), 3);
    cast.alice.listens();
    cast.world.settle();
    lives(&cast);
}

/// Rule 1: the hub has forgotten its verdict and says `wrongEpoch`; the commit stays staged and comes back.
#[test]
fn an_own_accepted_commit_that_the_hub_has_forgotten_is_merged_when_it_comes_back() {
    use comity_hub::Limits;
    use comity_testkit::World;
    let limits = Limits {
        epoch_tolerance: 0,
        ..Limits::default()
    };
    let cast = Cast::with(World::with_seed(1).with_limits(limits))
        .with_bob()
        .with_carol();
    cast.alice.is_deaf();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::UpdateRoom);
    let task = cast.alice.rotates();
    cast.world.advance(Duration::from_secs(1));
    for _ in 0..3 {
        cast.bob.rotates();
        cast.world.advance(Duration::from_secs(1));
    }
    cast.world.settle();
    assert_eq!((cast.alice.epoch(), cast.bob.epoch()), (2, 6));
    cast.alice.listens();
    cast.world.settle();
    assert_eq!(cast.alice.task(task).state, TaskState::Done);
    lives(&cast);
}

#[test]
fn an_own_accepted_commit_whose_answer_was_lost_survives_a_kill() {
    let cast = Cast::three(1);
    cast.alice.is_deaf();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::UpdateRoom);
    cast.alice.removes(&cast.users.carol);
    cast.world.advance(Duration::from_secs(1));
    cast.alice.is_killed();
    cast.alice.listens();
    cast.alice.starts();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Removed));
    cast.alice.says("still here");
    cast.world.settle();
    cast.bob.sees(["alice: still here"]);
    cast.agrees();
}

#[test]
fn two_commits_race_for_one_epoch_and_both_intents_come_true() {
    let cast = Cast::three(1);
    let (dave, dave_phone) = cast.dave();
    let renamed = cast.alice.changes(&[renaming(&cast, "the other house")]);
    let rotated = cast.bob.rotates();
    let rotated_too = cast.carol.rotates();
    let invited = cast.alice.invites(&dave);
    cast.world.settle();
    for (actor, task) in [
        (&cast.alice, renamed),
        (&cast.bob, rotated),
        (&cast.carol, rotated_too),
        (&cast.alice, invited),
    ] {
        assert_eq!(actor.task(task).state, TaskState::Done, "{}'s task", actor.name());
    }
    assert_eq!(cast.alice.epoch(), 6);
    assert_eq!(dave_phone.phase(), Some(Phase::Invited));
    lives(&cast);
}

#[test]
fn an_intent_that_another_commit_has_fulfilled_is_done_without_a_commit() {
    let cast = Cast::three(1);
    let admin = comity::Change::SetRole(cast.users.bob.clone(), comity::room::Roles::ADMIN);
    cast.alice.changes(&[admin]);
    cast.world.settle();
    let (first, second) = (
        cast.alice.removes(&cast.users.carol),
        cast.bob.removes(&cast.users.carol),
    );
    cast.world.settle();
    assert!(matches!(cast.alice.task(first).state, TaskState::Done));
    assert!(matches!(cast.bob.task(second).state, TaskState::Done));
    assert_eq!(cast.alice.epoch(), 4);
    assert_eq!(cast.carol.phase(), Some(Phase::Removed));
    cast.agrees();
}

#[test]
fn messages_sent_while_an_own_commit_is_on_its_way_are_read_by_everybody() {
    let cast = Cast::three(1);
    cast.alice.rotates();
    cast.alice.says("in between");
    cast.bob.says("me too");
    cast.world.settle();
    for actor in cast.everybody() {
        let mut seen = actor.timeline();
        seen.sort();
        assert_eq!(seen, ["alice: in between", "bob: me too"]);
    }
    cast.agrees();
}

/// A client whose frames are lost for ever cannot follow; it says so, and finds its way back by joining from outside.
#[test]
fn a_client_that_lost_a_commit_for_ever_joins_again_from_outside() {
    let cast = Cast::three(1);
    cast.bob.is_deaf();
    cast.alice.rotates();
    cast.world.settle();
    assert_eq!(cast.bob.loses_its_mail().len(), 1);
    cast.bob.listens();
    cast.alice.says("can you read this?");
    cast.world.settle();
    cast.bob.sees([]);
    assert!(
        cast.bob
            .asks(|reader| reader.room(&cast.world.room()))
            .unwrap()
            .summary
            .behind
    );
    cast.bob.joins();
    cast.world.settle();
    assert_eq!(cast.bob.phase(), Some(Phase::Joined));
    cast.alice.says("and this?");
    cast.world.settle();
    cast.bob.sees(["alice: and this?"]);
    cast.agrees();
}

#[test]
fn a_commit_from_before_a_rejoin_is_no_fork() {
    let cast = Cast::three(1);
    cast.alice.rotates();
    cast.world.settle();
    cast.alice.is_deaf();
    cast.bob.rotates();
    cast.world.settle();
    cast.bob.rotates();
    cast.world.settle();
    let mail = cast.alice.loses_its_mail();
    cast.alice.listens();
    cast.bob.says("are you there?");
    cast.world.settle();
    cast.alice.joins();
    cast.world.settle();
    for frame in mail {
        assert!(matches!(cast.alice.is_pushed(frame), FrameOutcome::Done { .. }));
    }
    assert_eq!(cast.alice.phase(), Some(Phase::Joined));
    // What was said in the epochs between, nobody can encrypt for her again.
    assert_eq!(cast.alice.rejections(), [Rejection::EpochTooOld]);
    lives(&cast);
}

/// What is needed to read older epochs is kept for a few of them: whoever commits often must listen in between.
#[test]
fn own_commits_do_not_outrun_what_others_said_before_them() {
    let cast = Cast::three(1);
    cast.alice.is_deaf();
    cast.bob.says("before all that");
    cast.world.advance(Duration::from_secs(1));
    let tasks: Vec<_> = (0..8).map(|_| cast.alice.rotates()).collect();
    cast.world.advance(Duration::from_secs(30));
    cast.alice.listens();
    cast.world.settle();
    cast.alice.sees(["bob: before all that"]);
    for task in tasks {
        assert_eq!(cast.alice.task(task).state, TaskState::Done);
    }
    lives(&cast);
}

/// The hub takes no commit that keeps somebody who has asked to leave.
#[test]
fn a_change_that_left_out_somebody_who_leaves_is_made_once_that_is_known() {
    let cast = Cast::three(1);
    cast.alice.is_deaf();
    cast.bob.is_deaf();
    cast.carol.leaves();
    cast.world.advance(Duration::from_secs(1));
    let task = cast.alice.changes(&[renaming(&cast, "the other house")]);
    cast.world.advance(Duration::from_secs(1));
    assert_eq!(cast.alice.task(task).state, TaskState::Waiting);
    cast.alice.listens();
    cast.bob.listens();
    cast.world.settle();
    assert_eq!(cast.alice.task(task).state, TaskState::Done);
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    assert_eq!(cast.alice.epoch(), 3, "one commit was enough");
    cast.agrees();
}

/// Proposals travel in frames of their own, and a link may let a commit go first.
#[test]
fn a_commit_that_overtakes_the_proposal_that_it_commits_waits_for_it() {
    let cast = Cast::three(1);
    cast.bob.is_deaf();
    cast.carol.leaves();
    cast.world.settle();
    let mail = cast.bob.loses_its_mail();
    assert_eq!(mail.len(), 2, "a proposal and a commit");
    let outcomes = mail.into_iter().rev().map(|frame| cast.bob.is_pushed(frame));
    assert!(matches!(
        outcomes.collect::<Vec<_>>()[..],
        [
            FrameOutcome::Held {
                until: HeldUntil::Proposal
            },
            FrameOutcome::Done { .. }
        ]
    ));
    cast.bob.listens();
    cast.world.settle();
    assert_eq!(cast.bob.epoch(), 3);
    assert_eq!(cast.bob.rejections(), []);
    cast.agrees();
}

/// The way back does not cost what was asked for before.
#[test]
fn key_packages_that_are_being_fetched_are_fetched_across_a_rejoin() {
    let cast = Cast::three(1);
    let (dave, dave_phone) = cast.dave();
    cast.alice.is_deaf();
    cast.bob.rotates();
    cast.world.settle();
    cast.alice.loses_its_mail();
    cast.alice.listens();
    cast.bob.says("are you there?");
    cast.world.settle();
    cast.world
        .plans(Mishap::LoseRequest, &cast.alice, RequestKind::FetchKeyMaterial);
    let task = cast.alice.invites(&dave);
    cast.alice.joins();
    cast.world.settle();
    assert_eq!(cast.alice.task(task).state, TaskState::Done);
    assert_eq!(dave_phone.phase(), Some(Phase::Invited));
    lives(&cast);
}

#[test]
fn a_commit_that_the_hub_undid_costs_its_committer_a_rejoin_and_nobody_else_anything() {
    let cast = Cast::three(1);
    cast.bob.is_deaf();
    cast.carol.is_deaf();
    cast.alice.rotates();
    cast.world.settle();
    cast.bob.loses_its_mail();
    cast.carol.loses_its_mail();
    cast.world.steps_back(&cast.world.room());
    cast.bob.listens();
    cast.carol.listens();
    cast.bob.says("we are still in the old epoch");
    cast.world.settle();
    cast.carol.sees(["bob: we are still in the old epoch"]);
    assert_eq!((cast.alice.epoch(), cast.bob.epoch()), (3, 2));
    cast.bob.rotates();
    cast.world.settle();
    cast.alice.joins();
    cast.world.settle();
    assert_eq!(cast.alice.phase(), Some(Phase::Joined));
    lives(&cast);
}

/// Everybody in the room can be heard by everybody else.
fn lives(cast: &Cast) {
    for actor in cast.everybody() {
        actor.says(&format!("{} is heard", actor.name()));
        cast.world.settle();
    }
    for actor in cast.everybody() {
        let seen = actor.timeline();
        for line in [
            "alice: alice is heard",
            "bob: bob is heard",
            "carol: carol is heard",
        ] {
            assert!(
                seen.iter().any(|other| other == line),
                "{} does not see {line}",
                actor.name()
            );
        }
    }
    cast.agrees();
}

fn renaming(cast: &Cast, name: &str) -> comity::Change {
    let metadata = cast
        .alice
        .asks(|reader| reader.room(&cast.world.room()))
        .unwrap()
        .metadata;
    comity::Change::Metadata(comity::room::RoomMetadata {
        name: name.to_owned(),
        ..metadata
    })
}
