//! One dishonest creation, message, proposal or question for each refusal, beside its honest original.

use comity_hub::{Caller, Endpoint, Limits, Refusal};
use comity_room::{Participant, ParticipantUpdate, RoleCapability, Roles};
use comity_wire::{
    CreateRoom, CreateRoomResponse, GroupInfoResponse, GroupInfoStatus, HandshakeBundle, MlsOctets,
    RatchetTreeOption, SubmitMessageRequest, SubmitMessageResponse, Wire as _,
};
use openmls::group::PURE_CIPHERTEXT_WIRE_FORMAT_POLICY;
use openmls::prelude::{LeafNodeIndex, MlsGroup, MlsGroupJoinConfig, OpenMlsProvider as _};

use crate::support::*;

fn proposals(proposal: MlsOctets, more: Vec<MlsOctets>) -> Vec<u8> {
    HandshakeBundle::Proposals { proposal, more }.encode()
}

// Creations.

/// A host without rooms, a device at its provider, and the CreateRoom that it would send.
fn founder() -> (Host, Device, CreateRoom) {
    let host = Host::new("a.example", Limits::default());
    let mut alice = Device::new("a.example", "alice", "alice-phone");
    let request = alice.create_room(&room("a.example", "clubhouse"), &host.identity());
    (host, alice, request)
}

#[track_caller]
fn creation_refused(host: &mut Host, caller: &Caller, request: &CreateRoom, code: &str) {
    let verdict = host.post(
        &room("a.example", "clubhouse"),
        caller,
        Endpoint::CreateRoom,
        &request.encode(),
    );
    assert_eq!(refused(&verdict), code);
    assert!(host.rows.is_empty());
    let response = CreateRoomResponse::decode(&verdict.reply).unwrap();
    assert_eq!(
        response,
        CreateRoomResponse::NotAllowed {
            description: code.to_owned()
        }
    );
}

#[track_caller]
fn creation_accepted(host: &mut Host, caller: &Caller, request: &CreateRoom) {
    accepted(&host.post(&request.room, caller, Endpoint::CreateRoom, &request.encode()));
}

#[test]
fn a_room_exists_once() {
    let (mut host, mut alice, first) = founder();
    creation_accepted(&mut host, &alice.caller(), &first);
    let second = alice.create_room(&first.room, &host.identity());
    let verdict = host.post(
        &first.room,
        &alice.caller(),
        Endpoint::CreateRoom,
        &second.encode(),
    );
    assert_eq!(refused(&verdict), "room_exists");
    assert_eq!(
        CreateRoomResponse::decode(&verdict.reply).unwrap(),
        CreateRoomResponse::AlreadyExists
    );
}

#[test]
fn a_room_belongs_to_the_hub_of_its_uri() {
    let (mut host, mut alice, honest) = founder();
    let elsewhere = room("b.example", "clubhouse");
    let mut dishonest = honest.clone();
    dishonest.room = elsewhere.clone();
    creation_refused(&mut host, &alice.caller(), &dishonest, "not_a_new_room");
    // Also where only the group says so.
    let hub = comity_mls::Hub {
        provider: provider("b.example"),
        ..host.identity()
    };
    let inside = alice.create_room(&elsewhere, &hub);
    creation_refused(
        &mut host,
        &alice.caller(),
        &CreateRoom {
            room: honest.room.clone(),
            ..inside
        },
        "not_a_new_room",
    );
    let honest = alice.create_room(&honest.room, &host.identity());
    creation_accepted(&mut host, &alice.caller(), &honest);
}

#[test]
fn a_room_names_this_hub_with_this_key() {
    let (mut host, mut alice, honest) = founder();
    let hub = comity_mls::Hub {
        signature_key: vec![7; 32],
        ..host.identity()
    };
    let dishonest = alice.create_room(&honest.room, &hub);
    creation_refused(&mut host, &alice.caller(), &dishonest, "invalid_context");
    creation_accepted(&mut host, &alice.caller(), &honest);
}

#[test]
fn a_room_begins_with_its_creator_alone() {
    let (mut host, mut alice, honest) = founder();
    let bob = Device::new("b.example", "bob", "bob-phone");
    let plan = bob.invitation(&alice);
    drop(alice.commit(plan));
    alice.merge();
    let dishonest = alice.creation(&honest.room);
    creation_refused(&mut host, &alice.caller(), &dishonest, "not_a_new_room");
    creation_accepted(&mut host, &alice.caller(), &honest);
}

#[test]
fn a_room_is_created_by_its_only_member() {
    let (mut host, alice, honest) = founder();
    let mut dishonest = honest.clone();
    dishonest.client = client("a.example", "dora-phone");
    creation_refused(&mut host, &alice.caller(), &dishonest, "foreign_client");
    creation_refused(
        &mut host,
        &Caller::provider(provider("b.example")),
        &honest,
        "foreign_provider",
    );
    creation_accepted(&mut host, &alice.caller(), &honest);
}

#[test]
fn a_room_begins_with_a_true_group_info_and_tree() {
    let (mut host, mut alice, honest) = founder();
    let mut octets = honest.group_info.as_slice().to_vec();
    *octets.last_mut().unwrap() ^= 1;
    let mut dishonest = honest.clone();
    dishonest.group_info = comity_wire::GroupInfoOctets::new(octets).unwrap();
    creation_refused(&mut host, &alice.caller(), &dishonest, "bad_signature");

    drop(alice.commit(Plan::default()));
    alice.merge();
    dishonest = honest.clone();
    dishonest.ratchet_tree = RatchetTreeOption::Full(alice.tree());
    creation_refused(&mut host, &alice.caller(), &dishonest, "tree_mismatch");
    dishonest.ratchet_tree = RatchetTreeOption::DistributionService;
    creation_refused(&mut host, &alice.caller(), &dishonest, "tree_mismatch");
    creation_accepted(&mut host, &alice.caller(), &honest);
}

#[test]
fn a_creator_reads_what_its_room_requires() {
    let (mut host, mut alice, honest) = founder();
    alice.types = comity_room::Advertisement::new([comity_room::media_types::mimi_content()]).unwrap();
    let dishonest = alice.create_room(&honest.room, &host.identity());
    creation_refused(&mut host, &alice.caller(), &dishonest, "missing_media_types");
    creation_accepted(&mut host, &alice.caller(), &honest);
}

// Messages.

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
    let mut host = Host::new("a.example", Limits::default());
    let mut alice = Device::new("a.example", "alice", "alice-phone");
    let here = room("a.example", "clubhouse");
    let mut state = alice.new_state(&here, &host.identity());
    let mut roles: Vec<_> = state.roles.iter().cloned().collect();
    for role in &mut roles {
        if role.index == Roles::MEMBER {
            role.capabilities.remove(&RoleCapability::SendMessage);
        }
    }
    state.roles = Roles::new(roles).unwrap();
    let request = alice.create_room_of(&here, &state);
    creation_accepted(&mut host, &alice.caller(), &request);
    let bob = Device::new("b.example", "bob", "bob-phone");
    let carol = Device::new("c.example", "carol", "carol-phone");
    let mut world = World {
        host,
        room: here,
        devices: vec![alice, bob, carol],
    };
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

// Bodies.

#[test]
fn an_octet_too_many_is_malformed_at_every_endpoint() {
    let mut world = World::with_bob();
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let bundle = world.device(BOB).commit(Plan::default()).encode();
    let message = world.device(BOB).message("hi").encode();
    let (question, _) = world.device(BOB).group_info_request();
    let bodies = [
        (Endpoint::SubmitMessage, message),
        (Endpoint::GroupInfo, question.encode()),
        (Endpoint::UpdateRoom, bundle),
    ];
    for (endpoint, honest) in bodies {
        let mut dishonest = honest.clone();
        dishonest.push(0);
        assert_eq!(
            refused(&world.host.post(&room, &caller, endpoint, &dishonest)),
            "malformed",
            "{endpoint:?}"
        );
        let empty = world.host.post(&room, &caller, endpoint, &[]);
        assert_eq!(refused(&empty), "malformed", "{endpoint:?}");
        let verdict = world.host.post(&room, &caller, endpoint, &honest);
        assert_eq!(verdict.refusal(), None, "{endpoint:?}");
    }
}

#[test]
fn every_body_has_its_limit() {
    let mut world = World::with_bob();
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let message = world.device(BOB).message("hi").encode();
    let commit = world.device(BOB).commit(Plan::default()).encode();
    for (endpoint, body) in [(Endpoint::SubmitMessage, message), (Endpoint::UpdateRoom, commit)] {
        let limits = |octets| Limits {
            message: octets,
            handshake: octets,
            ..Limits::default()
        };
        world.host.set_limits(limits(body.len() - 1));
        assert_eq!(
            refused(&world.host.post(&room, &caller, endpoint, &body)),
            "too_large"
        );
        world.host.set_limits(limits(body.len()));
        accepted(&world.host.post(&room, &caller, endpoint, &body));
    }
}

#[test]
fn a_room_that_is_not_here_is_unknown() {
    let mut world = World::with_bob();
    let (here, caller) = (world.room.clone(), world.caller(BOB));
    let nowhere = room("a.example", "nowhere");
    let message = world.device(BOB).message("hi").encode();
    let commit = world.device(BOB).commit(Plan::default()).encode();
    let (question, _) = world.device(BOB).group_info_request();
    let question = question.encode();
    let bodies = [
        (Endpoint::SubmitMessage, message),
        (Endpoint::GroupInfo, question),
        (Endpoint::UpdateRoom, commit),
    ];
    for (endpoint, body) in bodies {
        let verdict = world.host.post(&nowhere, &caller, endpoint, &body);
        assert_eq!(refused(&verdict), "unknown_room");
        if endpoint == Endpoint::GroupInfo {
            let status = GroupInfoResponse::decode(&verdict.reply).unwrap().status;
            assert_eq!(status, GroupInfoStatus::NoSuchRoom);
        }
        assert_eq!(world.host.post(&here, &caller, endpoint, &body).refusal(), None);
    }
}

// Proposals.

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

// Questions.

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

#[test]
fn every_code_is_its_own() {
    let refusals = [
        Refusal::UnknownRoom,
        Refusal::RoomExists,
        Refusal::ForeignGroup,
        Refusal::Undone,
        Refusal::NoPreviousEpoch,
        Refusal::NotAParticipant,
        Refusal::NotActive,
        Refusal::ForeignProvider,
        Refusal::ForeignClient,
        Refusal::UnknownUser,
        Refusal::NoConsent,
        Refusal::BadSignature,
        Refusal::NotAMember,
        Refusal::NotPublic,
        Refusal::NotPrivate,
        Refusal::MissingPath,
        Refusal::MissingGroupInfo,
        Refusal::TreeMismatch,
        Refusal::MissingWelcome,
        Refusal::UnexpectedWelcome,
        Refusal::WelcomeMismatch,
        Refusal::IdentityChanged,
        Refusal::SignatureKeyTwin,
        Refusal::MissingMediaTypes,
        Refusal::KeyPackageExpiring,
        Refusal::Malformed(""),
        Refusal::TooLarge(""),
        Refusal::NotANewRoom(""),
        Refusal::InvalidContext(""),
        Refusal::RoleDenied(""),
        Refusal::UnsupportedProposal(""),
        Refusal::InvalidCommit(String::new()),
        Refusal::GroupInfoMismatch(""),
        Refusal::InvalidIdentity(""),
        Refusal::InvalidKeyPackage(""),
        Refusal::InvalidAppData(""),
        Refusal::PolicyDenied(""),
        Refusal::WrongEpoch { current: 0 },
        Refusal::EpochTooOld { current: 0 },
        Refusal::EpochAhead { current: 0 },
        Refusal::PendingSelfRemoveIgnored { missing: vec![] },
    ];
    let codes: std::collections::BTreeSet<_> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}
