//! Questions: who is told what an external commit needs.

use comity_hub::Endpoint;
use comity_room::ParticipantUpdate;
use comity_wire::{GroupInfoResponse, GroupInfoStatus, Wire as _};
use openmls::prelude::LeafNodeIndex;

use crate::support::*;

#[test]
fn only_a_participants_provider_sees_the_group_info() {
    let mut world = World::with_bob();
    let room = world.room.clone();
    let (question, _) = world.device(CAROL).group_info_request();
    let verdict = world.host.post(
        &room,
        &world.caller(CAROL),
        Endpoint::GroupInfo,
        &question.encode(),
    );
    assert_eq!(refused(&verdict), "not_a_participant");
    assert_eq!(
        GroupInfoResponse::decode(&verdict.reply).unwrap().status,
        GroupInfoStatus::NotAuthorized
    );

    let tablet = Device::new("b.example", "bob", "bob-tablet");
    let (question, _) = tablet.group_info_request();
    let verdict = world.host.post(
        &room,
        &world.caller(CAROL),
        Endpoint::GroupInfo,
        &question.encode(),
    );
    assert_eq!(refused(&verdict), "foreign_provider");
    let mut forged = question.clone();
    forged.group_info_public_key[0] ^= 1;
    let verdict = world
        .host
        .post(&room, &world.caller(BOB), Endpoint::GroupInfo, &forged.encode());
    assert_eq!(refused(&verdict), "bad_signature");
    let verdict = world
        .host
        .post(&room, &world.caller(BOB), Endpoint::GroupInfo, &question.encode());
    assert_eq!(verdict.refusal(), None);
}

#[test]
fn a_banned_user_learns_nothing() {
    let mut world = World::with_bob();
    let (index, _) = world
        .device(ALICE)
        .state()
        .participants
        .find(&user("b.example", "bob"))
        .unwrap();
    let update = ParticipantUpdate {
        changed: vec![(index, comity_room::RoleIndex::BANNED)],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        removes: vec![LeafNodeIndex::new(1)],
        ..Plan::default()
    }
    .participants(&update);
    drop(world.commits(ALICE, plan));
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let (question, _) = world.device(BOB).group_info_request();
    let verdict = world
        .host
        .post(&room, &caller, Endpoint::GroupInfo, &question.encode());
    assert_eq!(refused(&verdict), "not_a_participant");
}
