//! Story J: what a client can receive changes, and every room follows.

use comity::content::{Disposition, Part};
use comity::{Outgoing, RoomChange};
use comity_testkit::{supports, view};

use crate::support::Cast;

/// A card for those who can show it, and text for everybody else.
fn card() -> Outgoing {
    let card = Part::single(Disposition::RENDER, supports::CARD, br#"{"card":1}"#.to_vec());
    let mut outgoing = Outgoing::text("a card");
    outgoing.alternatives.insert(0, card);
    outgoing
}

/// Drift repair, and rule 7.
#[test]
fn after_advertising_everybody_else_sees_the_new_leaf_and_only_the_enhanced_part_is_sent() {
    let cast = Cast::two(1);
    let before = cast.alice.sends(&card());
    cast.world.settle();
    assert_eq!(
        view::alternatives(&cast.bob.message(before).unwrap().content.unwrap()).len(),
        2
    );
    cast.bob.advertises(&supports::enhanced());
    cast.world.settle();
    let theirs = |actor: &comity_testkit::Actor| {
        let members = actor.members();
        members
            .into_iter()
            .find(|member| member.client == cast.bob.client())
            .unwrap()
            .advertisement
    };
    assert_eq!(theirs(&cast.alice), supports::enhanced().media);
    assert_eq!(theirs(&cast.bob), supports::enhanced().media);
    let changed = RoomChange::Capability {
        client: cast.bob.client(),
        lacks: Vec::new(),
    };
    assert!(cast.alice.room_events().contains(&changed));
    let after = cast.alice.sends(&card());
    cast.world.settle();
    assert_eq!(
        view::alternatives(&cast.bob.message(after).unwrap().content.unwrap()),
        [supports::CARD]
    );
    cast.agrees();
}

#[test]
fn a_third_client_that_joins_after_the_repair_sees_the_new_leaf() {
    let cast = Cast::two(1);
    cast.bob.advertises(&supports::enhanced());
    cast.world.settle();
    let cast = cast.with_carol();
    let members = cast.carol.members();
    let bob = members
        .iter()
        .find(|member| member.client == cast.bob.client())
        .unwrap();
    assert_eq!(bob.advertisement, supports::enhanced().media);
    cast.agrees();
}

#[test]
fn key_packages_are_replaced_by_advertising() {
    let cast = Cast::two(1);
    cast.carol.advertises(&supports::enhanced());
    cast.world.settle();
    let cast = cast.with_carol();
    let members = cast.alice.members();
    let carol = members
        .iter()
        .find(|member| member.client == cast.carol.client())
        .unwrap();
    assert_eq!(carol.advertisement, supports::enhanced().media);
}

#[test]
fn a_kill_between_repair_and_accept_loses_nothing() {
    for step in 0..4 {
        let cast = Cast::two(step);
        cast.bob.will_be_killed_after_the_next_step();
        cast.bob.advertises(&supports::enhanced());
        cast.bob.starts();
        for _ in 0..step {
            cast.world.advance(std::time::Duration::from_millis(6));
        }
        cast.bob.is_killed();
        cast.bob.starts();
        cast.world.settle();
        let id = cast.alice.sends(&card());
        cast.world.settle();
        assert_eq!(
            cast.bob.shows(id).as_deref(),
            Some(supports::CARD),
            "killed {step} steps after the repair"
        );
        assert_eq!(
            view::alternatives(&cast.bob.message(id).unwrap().content.unwrap()),
            [supports::CARD]
        );
        cast.bob.says("still here");
        cast.world.settle();
        assert_eq!(cast.alice.timeline().len(), 2);
        cast.agrees();
    }
}

#[test]
fn trimming_below_what_a_room_requires_is_blocked_and_names_the_room() {
    let cast = Cast::two(1);
    let html = comity::room::media_types::html();
    let requirement = cast
        .alice
        .asks(|reader| reader.room(&cast.world.room()))
        .unwrap()
        .requirement;
    cast.bob.advertises(&supports::enhanced());
    cast.world.settle();
    let more = comity::room::Requirement::new(requirement.iter().cloned().chain([html])).unwrap();
    cast.alice.changes(&[comity::Change::Require(more)]);
    cast.world.settle();
    let basic = supports::basic();
    let refused = cast
        .bob
        .tries("advertises less", |client, now| client.advertise(now, &basic))
        .unwrap_err();
    assert_eq!(
        refused,
        comity::Error::Blocked(comity::Blocked::RoomsRequire(vec![cast.world.room()]))
    );
}

#[test]
fn a_requirement_that_somebody_cannot_meet_is_blocked_and_names_them() {
    let cast = Cast::two(1);
    let requirement = cast
        .alice
        .asks(|reader| reader.room(&cast.world.room()))
        .unwrap()
        .requirement;
    let html = comity::room::media_types::html();
    let more = comity::room::Requirement::new(requirement.iter().cloned().chain([html])).unwrap();
    let refused = cast
        .alice
        .tries_to_change(&[comity::Change::Require(more)])
        .unwrap_err();
    assert_eq!(
        refused,
        comity::Error::Blocked(comity::Blocked::CannotRead(vec![cast.users.bob]))
    );
}

#[test]
fn what_nobody_else_can_read_is_blocked_unless_allowed() {
    let cast = Cast::two(1);
    let only_card = Outgoing::new(vec![card().alternatives.remove(0)]);
    let refused = cast
        .alice
        .tries_to_send(&only_card, comity::Allow::default())
        .unwrap_err();
    assert_eq!(
        refused,
        comity::Error::Blocked(comity::Blocked::CannotRead(vec![cast.users.bob]))
    );
    let allow = comity::Allow {
        unreadable_by: true,
        ..comity::Allow::default()
    };
    let id = cast.alice.tries_to_send(&only_card, allow).unwrap();
    cast.world.settle();
    assert_eq!(cast.bob.shows(id), None);
    assert_eq!(cast.bob.timeline(), ["alice: [cannot be shown]"]);
    cast.bob.advertises(&supports::enhanced());
    assert_eq!(
        cast.bob.shows(id).as_deref(),
        Some(supports::CARD),
        "it reads by what it can, not by what it advertised"
    );
}

#[test]
fn the_posture_says_how_many_clients_can_read_what() {
    let cast = Cast::three(1);
    let html = comity::room::media_types::html();
    let readers = || {
        let posture = cast
            .alice
            .asks(|reader| reader.posture(&cast.world.room()))
            .unwrap();
        posture
            .readable
            .into_iter()
            .find(|(media, _)| *media == html)
            .map(|(_, clients)| clients)
    };
    assert_eq!(readers(), Some(1));
    cast.bob.advertises(&supports::enhanced());
    cast.world.settle();
    assert_eq!(readers(), Some(2));
}
