//! What a commit changes of the room.

use comity_hub::Endpoint;
use comity_room::ParticipantUpdate;
use comity_wire::components::ROOM_METADATA;
use comity_wire::{UpdateRoomResponse, UpdateVerdict, Wire as _};
use openmls::component::ComponentData;
use openmls::messages::proposals::{AppDataUpdateProposal, Proposal};
use openmls::prelude::{ExtensionType, LeafNodeIndex};

use super::planned;
use crate::support::*;

#[test]
fn who_asked_to_leave_is_not_kept() {
    let mut world = World::with_bob_and_carol();
    let frame = world.device(BOB).leave();
    let caller = world.caller(BOB);
    let room = world.room.clone();
    let body = comity_wire::HandshakeBundle::Proposals {
        proposal: frame,
        more: vec![],
    }
    .encode();
    let verdict = world.host.post(&room, &caller, Endpoint::UpdateRoom, &body);
    accepted(&verdict);
    world.deliver(&verdict.fanout, BOB);

    let dishonest = world.device(ALICE).commit(Plan {
        ignoring_held: true,
        ..Plan::default()
    });
    let verdict = world.posts(ALICE, &dishonest);
    assert_eq!(refused(&verdict), "pending_self_remove_ignored");
    let response = UpdateRoomResponse::decode(&verdict.reply).unwrap();
    let UpdateVerdict::InvalidProposal { proposals } = response.verdict else {
        panic!("{response:?}")
    };
    assert_eq!(proposals.len(), 1);
    let (index, _) = world
        .device(ALICE)
        .state()
        .participants
        .find(&user("b.example", "bob"))
        .unwrap();
    let update = ParticipantUpdate {
        removed: vec![index],
        ..ParticipantUpdate::default()
    };
    let honest = world.device(ALICE).commit(Plan::default().participants(&update));
    accepted(&world.posts(ALICE, &honest));
}

#[test]
fn a_component_of_the_room_is_never_removed() {
    let mut world = World::with_bob();
    let remove = Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::remove(ROOM_METADATA)));
    let updates = {
        let group = world.device(ALICE).group();
        let mut updater = group.app_data_dictionary_updater();
        updater.remove(&ROOM_METADATA);
        updater.changes()
    };
    let dishonest = Plan {
        app_data: vec![remove],
        updates,
        ..Plan::default()
    };
    planned(&mut world, ALICE, dishonest, "invalid_app_data", Plan::default());
}

#[test]
fn a_committer_that_computes_another_value_is_caught_by_its_group_info() {
    let mut world = World::with_bob();
    let metadata = |name: &str| {
        let mut metadata = world.devices[ALICE].state().metadata;
        metadata.name = name.to_owned();
        metadata.encode()
    };
    let updates = {
        let group = world.devices[ALICE].group.as_ref().unwrap();
        let mut updater = group.app_data_dictionary_updater();
        updater.set(ComponentData::from_parts(ROOM_METADATA, metadata("other").into()));
        updater.changes()
    };
    let plan = |updates| Plan {
        app_data: vec![app_data(ROOM_METADATA, metadata("one"))],
        updates,
        ..Plan::default()
    };
    let (dishonest, honest) = (plan(updates), plan(None));
    planned(&mut world, ALICE, dishonest, "group_info_mismatch", honest);
}

#[test]
fn a_member_without_the_right_adds_nobody() {
    let mut world = World::with_bob();
    let plan = world.devices[CAROL].invitation(&world.devices[BOB]);
    planned(&mut world, BOB, plan, "policy_denied", Plan::default());
}

#[test]
fn a_client_comes_in_only_with_its_user() {
    let mut world = World::with_bob();
    let carol = &world.devices[CAROL];
    let stranger = Plan {
        adds: vec![carol.key_package()],
        ..Plan::default()
    };
    let honest = carol.invitation(&world.devices[ALICE]);
    planned(&mut world, ALICE, stranger, "policy_denied", honest);
}

#[test]
fn a_removed_user_takes_its_clients_along() {
    let mut world = World::with_bob();
    let (index, _) = world
        .device(ALICE)
        .state()
        .participants
        .find(&user("b.example", "bob"))
        .unwrap();
    let update = ParticipantUpdate {
        removed: vec![index],
        ..ParticipantUpdate::default()
    };
    let dishonest = Plan::default().participants(&update);
    let honest = Plan {
        removes: vec![LeafNodeIndex::new(1)],
        ..Plan::default()
    }
    .participants(&update);
    planned(&mut world, ALICE, dishonest, "policy_denied", honest);
}

#[test]
fn what_every_member_must_support_stays_as_it_was() {
    let mut world = World::with_bob();
    let group = world.device(ALICE).group();
    let mut extensions = group.public_group().group_context().extensions().clone();
    extensions.remove(ExtensionType::ExternalSenders);
    let without_hub = Plan {
        context: Some(extensions),
        ..Plan::default()
    };
    planned(
        &mut world,
        ALICE,
        without_hub,
        "unsupported_proposal",
        Plan::default(),
    );
}
