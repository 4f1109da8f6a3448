//! Joining from outside: new devices, strangers, and whoever is invited meanwhile.

use std::time::Duration;

use comity::{Phase, RequestKind};
use comity_testkit::{Mishap, supports};

use crate::support::Cast;

/// Story D: a new device joins its user's rooms from outside; a stolen one is removed.
#[test]
fn a_new_device_joins_its_users_room_from_outside_and_a_stolen_one_is_removed() {
    let cast = Cast::three(1);
    let tablet = cast
        .world
        .client("bob-tablet", &cast.users.bob, &supports::basic());
    cast.world.settle();
    tablet.joins();
    cast.world.settle();
    assert_eq!(tablet.phase(), Some(Phase::Joined));
    cast.alice.says("hi both");
    cast.world.settle();
    cast.bob.sees(["alice: hi both"]);
    tablet.sees(["alice: hi both"]);
    tablet.removes_client(&cast.bob.client());
    cast.world.settle();
    assert_eq!(cast.bob.phase(), Some(Phase::Removed));
    cast.alice.says("hi tablet");
    cast.world.settle();
    cast.bob.sees(["alice: hi both"]);
    tablet.sees(["alice: hi both", "alice: hi tablet"]);
    cast.world
        .agrees(&cast.world.room(), &[&cast.alice, &tablet, &cast.carol]);
}

/// Rule 18: one new phone of Bob is one event, not one per room.
#[test]
fn a_new_device_is_told_once_and_not_once_per_room() {
    use comity::{EventKind, UserChange};
    let cast = Cast::two(1);
    let first = cast.world.room();
    let second = cast.alice.creates("second");
    cast.alice.invites(&cast.users.bob);
    cast.world.settle();
    cast.bob.accepts();
    let tablet = cast
        .world
        .client("bob-tablet", &cast.users.bob, &supports::basic());
    cast.world.settle();
    tablet.within(&first).joins();
    tablet.within(&second).joins();
    cast.world.settle();
    let users: Vec<_> = cast
        .alice
        .events()
        .into_iter()
        .filter(|event| matches!(event.kind, EventKind::User { .. }))
        .collect();
    assert_eq!(users.len(), 1, "{users:?}");
    let added = UserChange::ClientAdded(tablet.client());
    assert_eq!(
        users[0].kind,
        EventKind::User {
            user: cast.users.bob,
            change: added
        }
    );
}

#[test]
fn a_stranger_cannot_join_from_outside() {
    let cast = Cast::two(1);
    cast.carol.joins();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Refused));
    assert_eq!(cast.alice.members().len(), 2);
}

#[test]
fn a_welcome_that_comes_while_joining_from_outside_changes_nothing() {
    let cast = Cast::two(1);
    cast.carol.is_deaf();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.carol, RequestKind::UpdateRoom);
    cast.carol.joins();
    cast.world.advance(Duration::from_secs(1));
    cast.carol.listens();
    cast.world.settle();
    cast.carol.says("here I am");
    cast.world.settle();
    cast.alice.sees(["carol: here I am"]);
    cast.agrees();
}

#[test]
fn a_welcome_that_comes_before_the_group_info_makes_joining_from_outside_needless() {
    let cast = Cast::two(1);
    cast.carol.is_deaf();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.world
        .plans(Mishap::LoseAnswer, &cast.carol, RequestKind::FetchGroupInfo);
    cast.carol.joins();
    cast.world.advance(Duration::from_secs(1));
    cast.carol.listens();
    cast.world.settle();
    if cast.carol.phase() == Some(Phase::Invited) {
        cast.carol.accepts();
    }
    cast.carol.says("here I am");
    cast.world.settle();
    cast.alice.sees(["carol: here I am"]);
    cast.agrees();
}

/// A Welcome is not needed while our own commit is on its way; it is when that commit cannot be delivered.
#[test]
fn an_invitation_that_comes_while_we_join_from_outside_is_there_when_that_fails() {
    let cast = Cast::two(1);
    let tablet = cast
        .world
        .client("bob-tablet", &cast.users.bob, &supports::basic());
    cast.world.settle();
    cast.world
        .plans(Mishap::LoseRequest, &tablet, RequestKind::UpdateRoom);
    tablet.joins();
    cast.world.advance(Duration::from_secs(1));
    cast.alice.invites(&cast.users.bob);
    cast.world.advance(Duration::from_secs(1));
    assert_eq!(tablet.phase(), Some(Phase::Joining));
    cast.world
        .plans(Mishap::Undeliverable, &tablet, RequestKind::UpdateRoom);
    cast.world.settle();
    assert_eq!(tablet.phase(), Some(Phase::Invited));
    tablet.accepts();
    tablet.says("here I am");
    cast.world.settle();
    cast.alice.sees(["bob: here I am"]);
    cast.world
        .agrees(&cast.world.room(), &[&cast.alice, &cast.bob, &tablet]);
}

/// The hub takes no commit that keeps somebody who has asked to leave, not even a joiner's who could not know.
#[test]
fn somebody_joins_from_outside_while_another_asks_to_leave() {
    let cast = Cast::three(1);
    let tablet = cast
        .world
        .client("bob-tablet", &cast.users.bob, &supports::basic());
    cast.world.settle();
    cast.alice.is_deaf();
    cast.bob.is_deaf();
    cast.world
        .plans(Mishap::LoseRequest, &tablet, RequestKind::UpdateRoom);
    tablet.joins();
    cast.world.advance(Duration::from_secs(1));
    cast.carol.leaves();
    cast.world.settle();
    assert_eq!(tablet.phase(), Some(Phase::Joined));
    cast.alice.listens();
    cast.bob.listens();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    cast.alice.says("hi");
    cast.world.settle();
    tablet.sees(["alice: hi"]);
    cast.world
        .agrees(&cast.world.room(), &[&cast.alice, &cast.bob, &tablet]);
}
