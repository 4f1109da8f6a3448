//! Messages that the hub does not pass on.

use comity_hub::{Caller, Endpoint, Limits};
use comity_room::{Participant, ParticipantUpdate, RoleCapability, Roles};
use comity_wire::{SubmitMessageRequest, SubmitMessageResponse, Wire as _};

use crate::support::*;

#[track_caller]
fn message_refused(world: &mut World, caller: &Caller, request: &SubmitMessageRequest, code: &str) {
    let room = world.room.clone();
    let verdict = world
        .host
        .post(&room, caller, Endpoint::SubmitMessage, &request.encode());
    assert_eq!(refused(&verdict), code);
    assert_eq!(
        SubmitMessageResponse::decode(&verdict.reply).unwrap(),
        SubmitMessageResponse::NotAllowed
    );
}

#[track_caller]
fn message_accepted(world: &mut World, who: usize, request: &SubmitMessageRequest) {
    let (room, caller) = (world.room.clone(), world.caller(who));
    accepted(
        &world
            .host
            .post(&room, &caller, Endpoint::SubmitMessage, &request.encode()),
    );
}

#[test]
fn a_provider_never_speaks_for_anothers_users() {
    let mut world = World::with_bob_and_carol();
    let honest = world.device(BOB).message("hi");
    let carols = world.caller(CAROL);
    message_refused(&mut world, &carols, &honest, "foreign_provider");
    message_accepted(&mut world, BOB, &honest);
    // Nor does it get the answer that was remembered.
    message_refused(&mut world, &carols, &honest, "foreign_provider");
}

#[test]
fn a_client_never_speaks_for_another_user_of_its_provider() {
    let mut world = World::with_bob();
    let honest = world.device(ALICE).message("hi");
    let dora = Caller::client(user("a.example", "dora"), client("a.example", "dora-phone"));
    message_refused(&mut world, &dora, &honest, "foreign_client");
    message_accepted(&mut world, ALICE, &honest);
}

#[test]
fn a_stranger_sends_nothing() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).message("hi");
    let dishonest = SubmitMessageRequest {
        sender: user("b.example", "bert"),
        ..honest.clone()
    };
    let bobs = world.caller(BOB);
    message_refused(&mut world, &bobs, &dishonest, "not_a_participant");
    message_accepted(&mut world, BOB, &honest);
}

#[test]
fn a_participant_without_a_client_sends_nothing() {
    let mut world = World::with_bob();
    let added = vec![Participant {
        user: user("b.example", "bert"),
        role: Roles::MEMBER,
    }];
    let update = ParticipantUpdate {
        added,
        ..ParticipantUpdate::default()
    };
    drop(world.commits(ALICE, Plan::default().participants(&update)));
    let honest = world.device(BOB).message("hi");
    let dishonest = SubmitMessageRequest {
        sender: user("b.example", "bert"),
        ..honest.clone()
    };
    let bobs = world.caller(BOB);
    message_refused(&mut world, &bobs, &dishonest, "not_active");
    message_accepted(&mut world, BOB, &honest);
}

#[test]
fn a_role_that_may_not_send_sends_nothing() {
    let mut world = World::with_roles(|role| {
        if role.index == Roles::MEMBER {
            role.capabilities.remove(&RoleCapability::SendMessage);
        }
    });
    world.invites(ALICE, BOB);

    let dishonest = world.device(BOB).message("hi");
    let bobs = world.caller(BOB);
    message_refused(&mut world, &bobs, &dishonest, "role_denied");
    let honest = world.device(ALICE).message("hi");
    message_accepted(&mut world, ALICE, &honest);
}

#[test]
fn an_epoch_beyond_the_tolerance_is_too_old_and_the_last_within_is_not() {
    let mut world = World::with_limits(Limits {
        epoch_tolerance: 2,
        ..Limits::default()
    });
    world.invites(ALICE, BOB);
    let too_old = world.device(BOB).message("first");
    drop(world.commits(ALICE, Plan::default()));
    let old = world.device(BOB).message("second");
    drop(world.commits(ALICE, Plan::default()));
    drop(world.commits(ALICE, Plan::default()));
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let verdict = world
        .host
        .post(&room, &caller, Endpoint::SubmitMessage, &too_old.encode());
    assert_eq!(refused(&verdict), "epoch_too_old");
    let response = SubmitMessageResponse::decode(&verdict.reply).unwrap();
    assert_eq!(response, SubmitMessageResponse::EpochTooOld { current_epoch: 4 });
    message_accepted(&mut world, BOB, &old);
}

#[test]
fn an_epoch_that_the_hub_never_accepted_is_ahead() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).message("hi");
    drop(world.device(BOB).commit(Plan::default()));
    world.device(BOB).merge();
    let dishonest = world.device(BOB).message("hi");
    let bobs = world.caller(BOB);
    message_refused(&mut world, &bobs, &dishonest, "epoch_ahead");
    message_accepted(&mut world, BOB, &honest);
}

#[test]
fn a_message_of_another_group_is_foreign() {
    let mut world = World::with_bob();
    let mut other = Device::new("b.example", "bob", "bob-phone");
    drop(other.create_room(&world.room, &world.host.identity()));
    let dishonest = other.message("hi");
    let honest = world.device(BOB).message("hi");
    let bobs = world.caller(BOB);
    message_refused(&mut world, &bobs, &dishonest, "foreign_group");
    message_accepted(&mut world, BOB, &honest);
}

#[test]
fn a_handshake_is_not_a_message() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).message("hi");
    let handshake = world.device(BOB).leave();
    let dishonest = SubmitMessageRequest {
        message: handshake,
        ..honest.clone()
    };
    let bobs = world.caller(BOB);
    message_refused(&mut world, &bobs, &dishonest, "not_private");
    message_accepted(&mut world, BOB, &honest);
}
