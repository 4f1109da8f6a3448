//! Stories E and F: hubs, followers, and servers that are down.

use std::time::Duration;

use comity::{Client, Delivery, Phase, RequestKind, TaskState};
use comity_hub::{Caller, Endpoint, Facts, Part};
use comity_testkit::Mishap;

use crate::support::Cast;

#[test]
fn a_provider_that_was_down_gets_everything_in_order_when_it_is_up_again() {
    let cast = Cast::three(1);
    cast.world.is_down("b.example", true);
    cast.alice.says("one");
    cast.carol.says("two");
    cast.world.advance(Duration::from_secs(5));
    cast.alice.rotates();
    cast.world.advance(Duration::from_secs(5));
    cast.carol.says("three");
    cast.world.advance(Duration::from_secs(600));
    cast.bob.sees([]);
    assert_eq!(cast.carol.timeline().len(), 3);
    cast.world.is_down("b.example", false);
    cast.world.settle();
    assert_eq!(cast.bob.timeline(), cast.alice.timeline());
    assert_eq!(cast.bob.rejections(), []);
    cast.agrees();
}

#[test]
fn while_the_hub_is_down_nothing_is_lost() {
    let cast = Cast::three(1);
    cast.world.is_down("a.example", true);
    cast.bob.says("hello?");
    let task = cast.alice.rotates();
    cast.carol.reads();
    cast.world.advance(Duration::from_secs(3_600));
    cast.carol.sees([]);
    assert_eq!(cast.alice.task(task).state, TaskState::Waiting);
    cast.world.is_down("a.example", false);
    cast.world.settle();
    cast.carol.sees(["bob: hello?"]);
    assert_eq!(cast.alice.task(task).state, TaskState::Done);
    cast.agrees();
}

/// Rule 21: a removed client must still get the commit that removes it, and gets nothing more.
#[test]
fn a_removed_client_gets_the_commit_that_removes_it_and_no_frame_after_it() {
    let cast = Cast::three(1);
    let carol = cast.carol.client();
    let room = cast.world.room();
    let local = || {
        cast.world
            .provider("c.example", |server| server.local_clients(&room))
    };
    assert_eq!(local(), [carol]);
    cast.carol.is_deaf();
    cast.alice.removes(&cast.users.carol);
    cast.world.settle();
    cast.alice.says("without carol");
    cast.world.settle();
    assert_eq!(cast.carol.unfetched().len(), 1);
    assert!(local().is_empty());
    cast.carol.listens();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Removed));
}

#[test]
fn every_request_may_be_posted_twice() {
    everything_meets(Mishap::RepeatRequest);
}

#[test]
fn every_answer_may_be_lost_once() {
    everything_meets(Mishap::LoseAnswer);
}

/// Every kind of request meets with a mishap, and everything comes true all the same.
#[track_caller]
fn everything_meets(mishap: Mishap) {
    let cast = Cast::new(1);
    let kinds = [
        RequestKind::CreateRoom,
        RequestKind::FetchKeyMaterial,
        RequestKind::UpdateRoom,
        RequestKind::SubmitMessage,
        RequestKind::PublishKeyPackages,
    ];
    for kind in kinds {
        cast.world.plans(mishap, &cast.alice, kind);
    }
    let cast = cast.with_bob().with_carol();
    cast.alice.says("once");
    cast.alice.advertises(&comity_testkit::supports::basic());
    cast.world.settle();
    let tablet = cast.carols_tablet();
    for kind in [RequestKind::FetchGroupInfo, RequestKind::UpdateRoom] {
        cast.world.plans(mishap, &tablet, kind);
    }
    tablet.joins();
    cast.world.settle();
    cast.bob.sees(["alice: once"]);
    tablet.says("here");
    cast.world.settle();
    cast.world.agrees(
        &cast.world.room(),
        &[&cast.alice, &cast.bob, &cast.carol, &tablet],
    );
    assert_eq!(tablet.timeline(), ["carol: here"]);
    assert_eq!(cast.world.planned(), 0, "every mishap has happened");
}

/// Story E: two nodes decide on the same version; one commits, the other decides again.
#[test]
fn of_two_nodes_that_race_one_commits_and_the_other_decides_again() {
    let cast = Cast::three(1);
    let (room, now) = (cast.world.room(), cast.world.now());
    let body = |cast: &Cast, text: &str| {
        let room = cast.world.room();
        let mut body = Vec::new();
        cast.bob.is_cut_off();
        cast.bob.acts("sends", |client: &mut Client, now| {
            let outgoing = comity::Outgoing::text(text);
            let step = client.send(now, &room, &outgoing, comity::Allow::default())?;
            body = step
                .requests
                .first()
                .map(|request| request.body.clone())
                .unwrap_or_default();
            Ok(step)
        });
        body
    };
    let (first, second) = (body(&cast, "one"), body(&cast, "two"));
    cast.world.provider("a.example", |server| {
        let caller = Caller::provider(comity_testkit::names::provider("b.example"));
        let hub = &mut server.hub;
        let one = hub.decide(now, &room, &caller, Endpoint::SubmitMessage, &first);
        let two = hub.decide(now, &room, &caller, Endpoint::SubmitMessage, &second);
        assert!(hub.commit(&room, &one));
        assert!(
            !hub.commit(&room, &two),
            "it was decided on a version that is gone"
        );
        let again = hub.post(now, &room, &caller, Endpoint::SubmitMessage, &second);
        assert!(matches!(again.facts, Facts::Message { .. }));
    });
    cast.bob.is_back();
    cast.world.settle();
    for actor in cast.everybody() {
        actor.sees(["bob: one", "bob: two"]);
    }
}

/// Rule 20: a message reads and writes the head and one participant, whatever the room's size.
#[test]
fn a_hubs_head_stays_small_and_its_rows_do_not_grow_with_the_history() {
    let cast = Cast::three(1);
    let room = cast.world.room();
    let octets = || {
        cast.world.provider("a.example", |server| {
            let head = server.hub.octets(&room, |part| *part == Part::Head);
            (head, server.hub.octets(&room, |_| true))
        })
    };
    let grow = || {
        for _ in 0..12 {
            cast.alice.rotates();
            cast.bob.says("on and on");
            cast.world.settle();
        }
    };
    grow();
    let before = octets();
    grow();
    grow();
    let after = octets();
    assert!(after.0 <= 1_024, "the head has {} octets", after.0);
    assert!(
        after.1 < before.1 + before.1 / 10,
        "rows grew from {} to {} octets",
        before.1,
        after.1
    );
}

/// Story K: what is wiped is gone, and a new phone is a new client.
#[test]
fn a_wiped_client_leaves_no_file_and_a_new_phone_joins_anew() {
    let cast = Cast::two(1);
    cast.bob.is_wiped();
    let new = cast
        .world
        .client("bob-new", &cast.users.bob, &comity_testkit::supports::basic());
    cast.world.settle();
    new.joins();
    cast.world.settle();
    new.removes_client(&comity_testkit::names::client("bob@b.example"));
    cast.world.settle();
    cast.alice.says("hi");
    cast.world.settle();
    new.sees(["alice: hi"]);
    assert_eq!(cast.alice.members().len(), 2);
}

#[test]
fn a_room_that_could_not_be_created_can_be_tried_again_and_what_was_said_in_it_is_not_sent_by_itself() {
    let cast = Cast::new(1);
    cast.world
        .plans(Mishap::Undeliverable, &cast.alice, RequestKind::CreateRoom);
    cast.alice.creates("clubhouse");
    let id = cast.alice.says("anybody here?");
    cast.world.settle();
    assert_eq!(cast.alice.phase(), Some(Phase::Refused));
    assert_eq!(cast.alice.message(id).unwrap().delivery, Delivery::Undeliverable);
    let cast = cast.with_bob();
    cast.alice.says("now it is there");
    cast.world.settle();
    cast.bob.sees(["alice: now it is there"]);
    cast.world.agrees(&cast.world.room(), &[&cast.alice, &cast.bob]);
}
