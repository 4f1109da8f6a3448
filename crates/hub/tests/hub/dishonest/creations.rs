//! Rooms that are about to begin.

use comity_hub::{Caller, Endpoint, Limits};
use comity_wire::{CreateRoom, CreateRoomResponse, RatchetTreeOption, Wire as _};

use crate::support::*;

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
pub(super) fn creation_accepted(host: &mut Host, caller: &Caller, request: &CreateRoom) {
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
