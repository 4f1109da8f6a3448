//! Whoever went comes back.

use std::time::Duration;

use comity::{Delivery, Phase, RequestKind, Resolution};
use comity_testkit::Mishap;

use crate::support::Cast;

#[test]
fn whoever_left_can_be_invited_again() {
    let cast = Cast::three(1);
    cast.alice.says("one");
    cast.world.settle();
    cast.carol.leaves();
    cast.world.settle();
    cast.alice.says("two");
    cast.world.settle();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Invited));
    cast.carol.accepts();
    cast.alice.says("three");
    cast.world.settle();
    cast.carol.sees(["alice: one", "alice: three"]);
    cast.agrees();
}

#[test]
fn whoever_was_removed_can_be_invited_again() {
    let cast = Cast::three(1);
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.carol.accepts();
    cast.carol.says("thanks");
    cast.world.settle();
    cast.bob.sees(["carol: thanks"]);
    cast.agrees();
}

#[test]
fn what_was_read_before_a_removal_is_read_after_coming_back() {
    let cast = Cast::three(1);
    cast.alice.says("one");
    cast.alice.says("two");
    cast.world.settle();
    cast.carol.reads();
    assert_eq!(cast.carol.unread(), 0);
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.carol.accepts();
    assert_eq!(cast.carol.unread(), 0);
    cast.alice.says("three");
    cast.world.settle();
    assert_eq!(cast.carol.unread(), 1);
}

#[test]
fn what_was_not_sent_before_leaving_is_not_sent_after_coming_back() {
    let cast = Cast::three(1);
    cast.world
        .plans(Mishap::LoseRequest, &cast.carol, RequestKind::SubmitMessage);
    let id = cast.carol.says("never mind");
    cast.carol.leaves();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    assert_eq!(cast.carol.message(id).unwrap().delivery, Delivery::Undeliverable);
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.carol.accepts();
    cast.world.settle();
    cast.alice.sees([]);
    cast.carol.resolves(id, Resolution::Retry);
    cast.world.settle();
    cast.alice.sees(["carol: never mind"]);
}

#[test]
fn whoever_changes_their_mind_while_leaving_joins_again() {
    let cast = Cast::three(1);
    for actor in [&cast.alice, &cast.bob] {
        actor.is_deaf();
    }
    cast.carol.leaves();
    cast.world.advance(Duration::from_secs(1));
    assert_eq!(cast.carol.phase(), Some(Phase::Leaving));
    cast.carol.joins();
    cast.world.advance(Duration::from_secs(1));
    for actor in [&cast.alice, &cast.bob] {
        actor.listens();
    }
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Joined));
    cast.carol.says("I stay after all");
    cast.world.settle();
    cast.alice.sees(["carol: I stay after all"]);
    cast.agrees();
}

/// Removed and invited again at once: the Welcome may come first, and must not be thrown away.
#[test]
fn an_invitation_that_overtakes_the_removal_before_it_waits_for_it() {
    let cast = Cast::three(1);
    let mail = removed_and_invited_again(&cast);
    for frame in mail.into_iter().rev() {
        cast.carol.is_pushed(frame);
    }
    is_back(&cast);
}

/// The same, and what is said and done in the room afterwards comes before the Welcome.
#[test]
fn what_overtakes_an_invitation_to_come_back_is_read_once_it_has_come() {
    let cast = Cast::three(1);
    let mut mail = removed_and_invited_again(&cast);
    cast.bob.says("welcome back");
    cast.bob.rotates();
    cast.world.settle();
    mail.extend(cast.carol.loses_its_mail());
    assert_eq!(mail.len(), 4, "a removal, a Welcome, a message, a commit");
    mail[1..].reverse();
    for frame in mail {
        cast.carol.is_pushed(frame);
    }
    assert_eq!(cast.carol.rejections(), []);
    is_back(&cast);
    assert_eq!(cast.carol.timeline()[0], "bob: welcome back");
}

/// Invited, then removed: whoever hears of the removal first must not end as invited.
#[test]
fn a_removal_that_overtakes_the_invitation_before_it_still_counts() {
    let cast = Cast::three(1);
    let mut mail = removed_and_invited_again(&cast);
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    mail.extend(cast.carol.loses_its_mail());
    assert_eq!(mail.len(), 3, "a removal, a Welcome, a removal");
    mail[1..].reverse();
    for frame in mail {
        cast.carol.is_pushed(frame);
    }
    assert_eq!(cast.carol.phase(), Some(Phase::Removed));
}

/// Carol is removed and invited again while she hears nothing. Returns what was sent to her.
fn removed_and_invited_again(cast: &Cast) -> Vec<comity::Frame> {
    cast.carol.is_deaf();
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    let mail = cast.carol.loses_its_mail();
    assert_eq!(mail.len(), 2, "a removal and a Welcome");
    mail
}

/// Carol is invited, and in the room once she accepts.
fn is_back(cast: &Cast) {
    assert_eq!(cast.carol.phase(), Some(Phase::Invited));
    cast.carol.listens();
    cast.carol.accepts();
    cast.carol.says("here I am");
    cast.world.settle();
    assert_eq!(cast.alice.timeline().last().unwrap(), "carol: here I am");
    cast.agrees();
}

/// A hub may hold back as many commits as wait, and let the latest go first.
#[test]
fn as_many_commits_as_wait_may_come_the_last_one_first() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    for _ in 0..250 {
        cast.alice.rotates();
        cast.world.settle();
    }
    let mail = cast.bob.loses_its_mail();
    assert!(mail.len() >= 250, "{}", mail.len());
    for frame in mail.into_iter().rev() {
        cast.bob.is_pushed(frame);
    }
    assert_eq!(cast.bob.epoch(), cast.alice.epoch());
    cast.bob.listens();
    cast.alice.says("hi");
    cast.world.settle();
    cast.bob.sees(["alice: hi"]);
    cast.agrees();
}
