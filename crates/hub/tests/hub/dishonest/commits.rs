//! Commits: whose each is, of which group and epoch, and that it is whole.

use comity_hub::{Caller, Endpoint};
use comity_wire::{UpdateRoomResponse, UpdateVerdict, Wire as _};

use super::{beside, patched, planned};
use crate::support::*;

#[test]
fn a_flipped_signature_is_a_bad_signature() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    // confirmation tag (33) and membership tag (33) stand behind the signature (66).
    let dishonest = patched(&honest, |octets| {
        let last_of_signature = octets.len() - 67;
        octets[last_of_signature] ^= 1;
    });
    beside(&mut world, BOB, &dishonest, "bad_signature", &honest);
}

#[test]
fn a_sender_index_without_a_leaf_is_not_a_member() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let group_id = world.device(BOB).group().group_id().as_slice().len();
    // version, wire format, length and group id, epoch, sender type, then the leaf index.
    let index = 2 + 2 + 1 + group_id + 8 + 1;
    let dishonest = patched(&honest, |octets| {
        octets[index..index + 4].copy_from_slice(&9_u32.to_be_bytes())
    });
    beside(&mut world, BOB, &dishonest, "not_a_member", &honest);
}

#[test]
fn only_the_committers_own_provider_posts_a_commit() {
    let mut world = World::with_bob_and_carol();
    let honest = world.device(BOB).commit(Plan::default());
    let (room, carols) = (world.room.clone(), world.caller(CAROL));
    let verdict = world
        .host
        .post(&room, &carols, Endpoint::UpdateRoom, &honest.encode());
    assert_eq!(refused(&verdict), "foreign_provider");
    accepted(&world.posts(BOB, &honest));
}

#[test]
fn only_the_committer_itself_posts_a_commit_where_the_provider_knows_its_clients() {
    let mut world = World::with_bob();
    let honest = world.device(ALICE).commit(Plan::default());
    let room = world.room.clone();
    let (alice, tablet) = (
        world.device(ALICE).user.clone(),
        client("a.example", "alice-tablet"),
    );
    let verdict = world.host.post(
        &room,
        &Caller::client(alice.clone(), tablet),
        Endpoint::UpdateRoom,
        &honest.encode(),
    );
    assert_eq!(refused(&verdict), "foreign_client");
    let dora = Caller::client(user("a.example", "dora"), client("a.example", "alice-phone"));
    let verdict = world
        .host
        .post(&room, &dora, Endpoint::UpdateRoom, &honest.encode());
    assert_eq!(refused(&verdict), "foreign_client");
    let phone = Caller::client(alice, client("a.example", "alice-phone"));
    accepted(
        &world
            .host
            .post(&room, &phone, Endpoint::UpdateRoom, &honest.encode()),
    );
}

#[test]
fn the_second_commit_of_an_epoch_is_told_the_epoch() {
    let mut world = World::with_bob();
    let first = world.device(BOB).commit(Plan::default());
    let second = world.device(ALICE).commit(Plan::default());
    accepted(&world.posts(BOB, &first));
    let verdict = world.posts(ALICE, &second);
    assert_eq!(refused(&verdict), "wrong_epoch");
    let response = UpdateRoomResponse::decode(&verdict.reply).unwrap();
    assert_eq!(response.verdict, UpdateVerdict::WrongEpoch { current_epoch: 2 });
}

#[test]
fn a_frame_of_another_group_is_foreign() {
    let mut world = World::with_bob();
    let identity = world.host.identity();
    let mut other = Device::new("b.example", "bob", "bob-phone");
    let room = world.room.clone();
    drop(other.create_room(&room, &identity));
    drop(other.commit(Plan::default()));
    other.merge();
    let dishonest = other.commit(Plan::default());
    let honest = world.device(BOB).commit(Plan::default());
    beside(&mut world, BOB, &dishonest, "foreign_group", &honest);
}

#[test]
fn a_commit_without_a_path_is_refused() {
    let mut world = World::with_bob();
    let dora = Device::new("a.example", "dora", "dora-phone");
    let plan = |world: &World| dora.invitation(&world.devices[ALICE]);
    let dishonest = Plan {
        without_path: true,
        ..plan(&world)
    };
    let honest = plan(&world);
    planned(&mut world, ALICE, dishonest, "missing_path", honest);
}

#[test]
fn a_commit_may_not_refer_to_what_the_hub_never_saw() {
    let mut world = World::with_bob();
    let unseen = world.device(BOB).leave();
    world.device(ALICE).hold(unseen);
    let dishonest = world.device(ALICE).commit(Plan::default());
    let honest = world.device(ALICE).commit(Plan {
        ignoring_held: true,
        ..Plan::default()
    });
    beside(&mut world, ALICE, &dishonest, "invalid_commit", &honest);
}

#[test]
fn a_commit_with_one_bit_flipped_is_refused_unless_only_members_can_tell() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let octets = honest.commit.as_slice();
    // Tag and length: what proves to members that another member sent it.
    let membership_tag = octets.len() - 32;
    let (here, caller) = (world.room.clone(), world.caller(BOB));
    for index in 0..octets.len() {
        let mut body = honest.encode();
        body[index] ^= 1 << (index % 8);
        let verdict = world.host.decide(&here, &caller, Endpoint::UpdateRoom, &body);
        if index < membership_tag {
            assert_ne!(refused(&verdict), "", "octet {index}");
        } else {
            assert_eq!(verdict.refusal(), None, "octet {index}");
        }
    }
    accepted(&world.posts(BOB, &honest));
}
