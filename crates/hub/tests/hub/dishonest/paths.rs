//! The path that a commit brings.

use comity_wire::{GroupInfoOctets, GroupInfoOption, MlsOctets};
use openmls::prelude::{LeafNodeIndex, OpenMlsProvider as _, ProcessedMessageContent};
use sha2::{Digest as _, Sha256};
use tls_codec::Serialize as _;

use super::beside;
use crate::support::*;

/// A signature and its length.
const SIGNATURE: usize = 2 + 64;
/// A hash, a key or a tag, and its length.
const SHORT: usize = 1 + 32;

/// Two clients side by side know the keys of their common node alone: nobody else sees when it is the key of another one. Whoever
/// joins takes no tree in which a key stands twice.
#[test]
fn a_path_brings_no_key_that_another_node_has() {
    let mut world = World::new();
    world
        .devices
        .push(Device::new("a.example", "alice", "alice-tablet"));
    for whom in [3, BOB, CAROL] {
        world.invites(ALICE, whom);
    }
    let bobs = world.device(BOB).commit(Plan::default());
    let verdict = world.posts(BOB, &bobs);
    accepted(&verdict);
    world.device(BOB).merge();
    world.deliver(&verdict.fanout, BOB);
    let taken = key_behind(&bobs.commit, &leaf(&world.devices[BOB], 2));

    let honest = world.device(ALICE).commit(Plan::default());
    world.device(ALICE).merge();
    let dishonest = with_key(&world.devices[ALICE], &world.devices[BOB], &honest, &taken);
    beside(&mut world, ALICE, &dishonest, "invalid_commit", &honest);
}

/// Alice's commit with another key for the node above her two clients, signed again; `bob` has not followed it.
fn with_key(alice: &Device, bob: &Device, honest: &Bundle, key: &[u8]) -> Bundle {
    let sign = |label: &str, octets: &[u8]| [&[0x40, 64][..], &alice.sign(label, octets)].concat();
    let own = leaf(alice, 0);
    let honest_key = key_behind(&honest.commit, &own);
    let tree = alice.tree();
    let node = find(tree.as_slice(), &honest_key);
    let above = &tree.as_slice()[node + 32..][..SHORT];
    let beside_it = {
        let leaf = leaf(alice, 1);
        Sha256::digest([&[1, 0, 0, 0, 1, 1][..], &leaf].concat())
    };
    // As RFC 9420 has it under "Parent Hashes".
    let parent_hash = |key: &[u8]| Sha256::digest([&[32], key, above, &[32], &beside_it].concat());

    let group = bob.group.as_ref().unwrap().public_group();
    let mut leaf = own[..own.len() - SIGNATURE].to_vec();
    replace(&mut leaf, &parent_hash(&honest_key), &parent_hash(key));
    let place = [&short(group.group_id().as_slice())[..], &[0; 4]].concat();
    let signed_leaf = [&leaf[..], &sign("LeafNodeTBS", &[&leaf[..], &place].concat())].concat();

    let mut octets = honest.commit.as_slice().to_vec();
    replace(&mut octets, &own, &signed_leaf);
    replace(&mut octets, &honest_key, key);
    let content = octets.len() - SIGNATURE - 2 * SHORT;
    let context = group.group_context().tls_serialize_detached().unwrap();
    let signature = sign("FramedContentTBS", &[&octets[..content], &context].concat());
    octets[content..content + SIGNATURE].copy_from_slice(&signature);
    let commit = MlsOctets::new(octets).unwrap();

    let GroupInfoOption::Full(info) = &honest.group_info else {
        unreachable!()
    };
    let before = context_after(bob, &honest.commit);
    let mut info = info.as_slice()[..info.as_slice().len() - SIGNATURE].to_vec();
    replace(&mut info, &before, &context_after(bob, &commit));
    let info = [&info[..], &sign("GroupInfoTBS", &info)].concat();
    Bundle {
        commit,
        group_info: GroupInfoOption::Full(GroupInfoOctets::new(info).unwrap()),
        ..honest.clone()
    }
}

/// The context to which a commit leads.
fn context_after(device: &Device, commit: &MlsOctets) -> Vec<u8> {
    let message = commit.parse().unwrap().try_into_protocol_message().unwrap();
    let group = device.group.as_ref().unwrap().public_group();
    let processed = group.process_message(device.mls.crypto(), message).unwrap();
    let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
        unreachable!()
    };
    staged.group_context().tls_serialize_detached().unwrap()
}

fn leaf(device: &Device, index: u32) -> Vec<u8> {
    let group = device.group.as_ref().unwrap().public_group();
    let leaf = group.leaf(LeafNodeIndex::new(index)).unwrap();
    leaf.tls_serialize_detached().unwrap()
}

/// The key of the first node of the path, which stands behind its leaf and the length of all nodes.
fn key_behind(commit: &MlsOctets, leaf: &[u8]) -> Vec<u8> {
    let nodes = &commit.as_slice()[find(commit.as_slice(), leaf) + leaf.len()..];
    let length = 1 << (nodes[0] >> 6);
    assert_eq!(nodes[length], 32);
    nodes[length + 1..][..32].to_vec()
}

fn find(octets: &[u8], part: &[u8]) -> usize {
    let mut windows = octets.windows(part.len());
    windows.position(|window| window == part).expect("is there")
}

fn replace(octets: &mut [u8], part: &[u8], by: &[u8]) {
    let start = find(octets, part);
    octets[start..start + part.len()].copy_from_slice(by);
}

fn short(octets: &[u8]) -> Vec<u8> {
    let length = u8::try_from(octets.len()).unwrap();
    assert!(length < 64, "one octet says how long it is");
    [&[length], octets].concat()
}
