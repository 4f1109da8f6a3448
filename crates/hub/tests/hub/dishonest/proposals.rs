//! Proposals that wait for somebody to commit them.

use comity_hub::{Endpoint, Limits, Verdict};
use comity_room::{ParticipantUpdate, RoleCapability, Roles};
use comity_wire::{HandshakeBundle, MlsOctets, Wire as _};
use openmls::group::PURE_CIPHERTEXT_WIRE_FORMAT_POLICY;
use openmls::prelude::{LeafNodeIndex, MlsGroup, MlsGroupJoinConfig, OpenMlsProvider as _};

use crate::support::*;

fn proposals(proposal: MlsOctets, more: Vec<MlsOctets>) -> Vec<u8> {
    HandshakeBundle::Proposals { proposal, more }.encode()
}

/// Posts a SelfRemove of `who`, and tells everybody of it if the hub takes it.
fn leaves(world: &mut World, who: usize) -> Verdict {
    let frame = world.device(who).leave();
    let (room, caller) = (world.room.clone(), world.caller(who));
    let body = proposals(frame, vec![]);
    let verdict = world.host.post(&room, &caller, Endpoint::UpdateRoom, &body);
    world.deliver(&verdict.fanout, who);
    verdict
}

#[test]
fn a_handshake_that_the_hub_cannot_read_is_refused() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let private = {
        let bob = world.device(BOB);
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .build();
        let id = bob.group().group_id().clone();
        let mut secretive = MlsGroup::load(bob.mls.storage(), &id).unwrap().unwrap();
        secretive.clear_pending_commit(bob.mls.storage()).unwrap();
        secretive.set_configuration(bob.mls.storage(), &config).unwrap();
        let (commit, _, _) = secretive
            .self_update(&bob.mls, &bob.keys, Default::default())
            .unwrap()
            .into_contents();
        Bundle {
            commit: MlsOctets::of(&commit).unwrap(),
            ..honest.clone()
        }
    };
    assert_eq!(refused(&world.posts(BOB, &private)), "not_public");
    accepted(&world.posts(BOB, &honest));
}

#[test]
fn only_leaving_is_proposed_for_others_to_commit() {
    let mut world = World::with_bob_and_carol();
    let dishonest = {
        let bob = world.device(BOB);
        let Device { mls, keys, group, .. } = bob;
        let group = group.as_mut().unwrap();
        let (frame, _) = group
            .propose_remove_member(mls, keys, LeafNodeIndex::new(2))
            .unwrap();
        group.clear_pending_proposals(mls.storage()).unwrap();
        MlsOctets::of(&frame).unwrap()
    };
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let verdict = world.host.post(
        &room,
        &caller,
        Endpoint::UpdateRoom,
        &proposals(dishonest.clone(), vec![]),
    );
    assert_eq!(refused(&verdict), "unsupported_proposal");
    let honest = world.device(BOB).leave();
    let verdict = world.host.post(
        &room,
        &caller,
        Endpoint::UpdateRoom,
        &proposals(honest.clone(), vec![dishonest]),
    );
    assert_eq!(refused(&verdict), "unsupported_proposal", "all or nothing");
    accepted(
        &world
            .host
            .post(&room, &caller, Endpoint::UpdateRoom, &proposals(honest, vec![])),
    );
}

#[test]
fn nobody_proposes_that_another_leaves() {
    let mut world = World::with_bob_and_carol();
    let honest = world.device(BOB).leave();
    let (room, carols, bobs) = (world.room.clone(), world.caller(CAROL), world.caller(BOB));
    let body = proposals(honest.clone(), vec![]);
    let verdict = world.host.post(&room, &carols, Endpoint::UpdateRoom, &body);
    assert_eq!(refused(&verdict), "foreign_provider");
    let mut octets = honest.as_slice().to_vec();
    let last_of_signature = octets.len() - 34;
    octets[last_of_signature] ^= 1;
    let forged = proposals(MlsOctets::new(octets).unwrap(), vec![]);
    assert_eq!(
        refused(&world.host.post(&room, &bobs, Endpoint::UpdateRoom, &forged)),
        "bad_signature"
    );
    accepted(&world.host.post(&room, &bobs, Endpoint::UpdateRoom, &body));
}

#[test]
fn a_client_asks_to_leave_once_and_in_this_epoch() {
    let mut world = World::with_bob_and_carol();
    let frame = world.device(BOB).leave();
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let twice = proposals(frame.clone(), vec![frame.clone()]);
    assert_eq!(
        refused(&world.host.post(&room, &caller, Endpoint::UpdateRoom, &twice)),
        "unsupported_proposal"
    );
    accepted(
        &world
            .host
            .post(&room, &caller, Endpoint::UpdateRoom, &proposals(frame, vec![])),
    );

    let mut world = World::with_bob_and_carol();
    let frame = world.device(BOB).leave();
    drop(world.commits(
        ALICE,
        Plan {
            ignoring_held: true,
            ..Plan::default()
        },
    ));
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let late = world
        .host
        .post(&room, &caller, Endpoint::UpdateRoom, &proposals(frame, vec![]));
    assert_eq!(refused(&late), "wrong_epoch");
}

#[test]
fn proposals_come_in_small_numbers() {
    let mut world = World::with_bob_and_carol();
    world.host.set_limits(Limits {
        pending_proposals: 1,
        proposals_per_request: 1,
        ..Limits::default()
    });
    let room = world.room.clone();
    let (bobs, carols) = (world.caller(BOB), world.caller(CAROL));
    let (bob_leaves, carol_leaves) = (world.device(BOB).leave(), world.device(CAROL).leave());
    let both = proposals(bob_leaves.clone(), vec![carol_leaves.clone()]);
    assert_eq!(
        refused(&world.host.post(&room, &bobs, Endpoint::UpdateRoom, &both)),
        "too_large"
    );
    accepted(
        &world
            .host
            .post(&room, &bobs, Endpoint::UpdateRoom, &proposals(bob_leaves, vec![])),
    );
    let second = world.host.post(
        &room,
        &carols,
        Endpoint::UpdateRoom,
        &proposals(carol_leaves, vec![]),
    );
    assert_eq!(refused(&second), "too_large");
}

#[test]
fn nobody_asks_for_a_leave_that_no_commit_may_grant() {
    let mut world = World::with_roles(|role| {
        if role.index == Roles::MEMBER {
            role.capabilities.remove(&RoleCapability::RemoveSelf);
            role.capabilities.remove(&RoleCapability::RemoveOwnClient);
        }
    });
    world.invites(ALICE, BOB);
    assert_eq!(refused(&leaves(&mut world, BOB)), "policy_denied");
    drop(world.commits(ALICE, Plan::default()));
}

#[test]
fn as_many_ask_to_leave_as_may_leave_at_once() {
    let mut world = World::with_roles(|role| {
        if role.index == Roles::MEMBER {
            role.min_active = 1;
        }
    });
    world.invites(ALICE, BOB);
    world.invites(ALICE, CAROL);
    accepted(&leaves(&mut world, BOB));
    assert_eq!(refused(&leaves(&mut world, CAROL)), "policy_denied");
    let bob = user("b.example", "bob");
    let (index, _) = world.device(ALICE).state().participants.find(&bob).unwrap();
    let update = ParticipantUpdate {
        removed: vec![index],
        ..ParticipantUpdate::default()
    };
    drop(world.commits(ALICE, Plan::default().participants(&update)));
}
