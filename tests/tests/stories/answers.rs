//! A message whose answer was lost is neither lost nor doubled, and keeps its id.

use std::time::Duration;

use comity::{Allow, Delivery, FrameOutcome, MessageChange, Outgoing, RequestKind, Resolution};
use comity_hub::Limits;
use comity_testkit::{Mishap, World};

use crate::support::Cast;

/// A hub that takes messages of the present epoch only, and remembers no verdict of an earlier one.
fn strict_hub(seed: u64) -> Cast {
    let limits = Limits {
        epoch_tolerance: 0,
        ..Limits::default()
    };
    Cast::with(World::with_seed(seed).with_limits(limits))
        .with_bob()
        .with_carol()
}

#[test]
fn an_accepted_message_whose_answer_was_lost_is_accepted_when_it_comes_back() {
    let cast = Cast::three(1);
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::SubmitMessage);
    let id = cast.alice.says("hi");
    cast.world.advance(Duration::from_secs(1));
    assert_eq!(
        cast.alice.message(id).unwrap().delivery,
        Delivery::Accepted,
        "before the host has given up waiting"
    );
    cast.world.settle();
    assert_eq!(
        cast.alice.message_events(id),
        [MessageChange::Sending, MessageChange::Accepted]
    );
    for actor in cast.everybody() {
        actor.sees(["alice: hi"]);
    }
}

#[test]
fn an_accepted_message_whose_answer_was_lost_is_accepted_when_the_same_octets_are_posted_again() {
    let cast = Cast::three(1);
    cast.alice.is_deaf();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::SubmitMessage);
    let id = cast.alice.says("hi");
    cast.world.settle();
    assert_eq!(cast.alice.message(id).unwrap().delivery, Delivery::Accepted);
    cast.alice.listens();
    cast.world.settle();
    assert_eq!(
        cast.alice.message_events(id),
        [MessageChange::Sending, MessageChange::Accepted]
    );
    for actor in cast.everybody() {
        actor.sees(["alice: hi"]);
    }
    assert_eq!(cast.bob.rejections(), []);
}

/// Rule 2: re-encryption keeps the message.
#[test]
fn an_accepted_message_whose_answer_was_lost_across_an_epoch_change_is_shown_once_under_the_id_of_send() {
    let cast = strict_hub(1);
    cast.alice.gets_no_messages();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.alice, RequestKind::SubmitMessage);
    let id = cast.alice.says("hi");
    cast.world.advance(Duration::from_secs(1));
    let octets = cast.bob.message(id).unwrap().octets;
    for _ in 0..4 {
        cast.bob.rotates();
        cast.world.advance(Duration::from_secs(1));
    }
    cast.world.settle();
    // The hub has forgotten it and has taken it again, in another epoch; everybody has seen both.
    cast.alice.gets_messages_again();
    cast.world.settle();
    assert_eq!(
        cast.bob.outcomes().last(),
        Some(&FrameOutcome::Known {
            message: Some(id),
            notify: true
        })
    );
    for actor in cast.everybody() {
        actor.sees(["alice: hi"]);
        assert_eq!(actor.messages()[0].id, id);
        assert_eq!(
            actor.messages()[0].octets,
            octets,
            "{} has other octets",
            actor.name()
        );
    }
    assert_eq!(cast.alice.message(id).unwrap().delivery, Delivery::Accepted);
    cast.agrees();
}

#[test]
fn a_message_that_came_too_late_for_its_epoch_is_encrypted_again_and_keeps_its_id() {
    let cast = strict_hub(1);
    cast.world
        .plans(Mishap::LoseRequest, &cast.alice, RequestKind::SubmitMessage);
    let id = cast.alice.says("hi");
    cast.bob.rotates();
    cast.world.settle();
    let (sent, received) = (cast.alice.message(id).unwrap(), cast.bob.message(id).unwrap());
    assert_eq!((sent.epoch, received.epoch), (3, 3));
    assert_eq!(sent.octets, received.octets);
    cast.agrees();
}

#[test]
fn messages_that_wait_for_an_epoch_arrive_in_the_order_in_which_they_were_said() {
    let cast = strict_hub(1);
    cast.alice.is_deaf();
    cast.bob.rotates();
    cast.world.settle();
    for text in ["one", "two", "three"] {
        cast.alice.says(text);
    }
    cast.world.advance(Duration::from_secs(5));
    cast.bob.sees([]);
    cast.alice.listens();
    cast.world.settle();
    for actor in cast.everybody() {
        actor.sees(["alice: one", "alice: two", "alice: three"]);
    }
}

#[test]
fn what_is_said_while_cut_off_is_sent_when_back() {
    let cast = Cast::three(1);
    cast.alice.is_cut_off();
    cast.alice.says("hello?");
    cast.alice.says("anybody?");
    cast.world.advance(Duration::from_secs(600));
    cast.alice
        .sees(["alice: hello? [sending]", "alice: anybody? [sending]"]);
    cast.bob.sees([]);
    cast.alice.is_back();
    cast.world.settle();
    for actor in cast.everybody() {
        let mut seen = actor.timeline();
        seen.sort();
        assert_eq!(seen, ["alice: anybody?", "alice: hello?"]);
    }
    cast.agrees();
}

#[test]
fn a_message_that_could_not_be_delivered_is_sent_again_under_the_same_id() {
    let cast = Cast::two(1);
    cast.world
        .plans(Mishap::Undeliverable, &cast.alice, RequestKind::SubmitMessage);
    let id = cast.alice.says("hi");
    cast.world.settle();
    cast.alice.sees(["alice: hi [undeliverable]"]);
    cast.alice.resolves(id, Resolution::Retry);
    cast.world.settle();
    cast.alice.sees(["alice: hi"]);
    cast.bob.sees(["alice: hi"]);
    assert_eq!(cast.bob.messages()[0].id, id);
}

#[test]
fn a_message_that_could_not_be_delivered_can_be_withdrawn() {
    let cast = Cast::two(1);
    cast.world
        .plans(Mishap::Undeliverable, &cast.alice, RequestKind::SubmitMessage);
    let id = cast.alice.says("hi");
    cast.world.settle();
    cast.alice.resolves(id, Resolution::Withdraw);
    cast.world.settle();
    cast.alice.sees([]);
    cast.bob.sees([]);
    assert_eq!(
        cast.alice.message_events(id).last(),
        Some(&MessageChange::Withdrawn)
    );
}

#[test]
fn what_was_said_of_a_message_that_is_withdrawn_is_not_sent_either() {
    let cast = Cast::two(1);
    cast.world
        .plans(Mishap::Undeliverable, &cast.alice, RequestKind::SubmitMessage);
    let id = cast.alice.says("the secret");
    cast.world.settle();
    cast.alice.sees(["alice: the secret [undeliverable]"]);
    cast.world
        .plans(Mishap::Undeliverable, &cast.alice, RequestKind::SubmitMessage);
    let edit = cast.alice.edits(id, "the whole secret");
    cast.world.settle();
    cast.alice.resolves(id, Resolution::Withdraw);
    assert!(
        cast.alice.message(edit).is_none(),
        "nothing is left of what it said"
    );
    assert_eq!(
        cast.alice.message_events(edit).last(),
        Some(&MessageChange::Withdrawn)
    );
    cast.world.settle();
    cast.alice.sees([]);
    assert!(cast.bob.message(edit).is_none());
}

#[test]
fn what_is_changed_is_of_the_room_in_which_it_is_changed() {
    let cast = Cast::two(1);
    let elsewhere = cast.alice.says("in the clubhouse");
    cast.world.settle();
    let clubhouse = cast.world.room();
    let there = cast.alice.within(&cast.alice.creates("attic"));
    cast.world.settle();
    let text = |text| Outgoing::text(text).editing(elsewhere);
    for outgoing in [text("in the attic"), Outgoing::deletion(elsewhere)] {
        let error = there.tries_to_send(&outgoing, Allow::default()).unwrap_err();
        assert_eq!(error.code(), "no_such_message");
    }
    cast.alice.within(&clubhouse).edits(elsewhere, "here it is");
    cast.world.settle();
    cast.bob.within(&clubhouse).sees(["alice: here it is [edited]"]);
}

#[test]
fn a_client_that_is_killed_before_it_posts_finds_its_message_in_outstanding() {
    let cast = Cast::two(1);
    cast.alice.will_be_killed_after_the_next_step();
    let id = cast.alice.says("hi");
    cast.alice.starts();
    cast.world.settle();
    cast.bob.sees(["alice: hi"]);
    assert_eq!(cast.bob.messages()[0].id, id);
    assert_eq!(cast.alice.message(id).unwrap().delivery, Delivery::Accepted);
}
