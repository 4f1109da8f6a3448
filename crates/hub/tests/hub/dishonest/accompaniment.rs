//! What comes along with a commit: its GroupInfo, its tree, its Welcome.

use comity_wire::{Extension, GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence};

use super::{beside, patched, planned};
use crate::support::*;

#[test]
fn a_group_info_must_be_there_in_full() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let partial = PartialGroupInfo {
        ratchet_tree: RatchetTreePresence::None,
        extensions: Vec::<Extension>::new(),
        signature: vec![7; 64],
    };
    let dishonest = Bundle {
        group_info: GroupInfoOption::Partial(partial),
        ..honest.clone()
    };
    beside(&mut world, BOB, &dishonest, "missing_group_info", &honest);
}

#[test]
fn a_group_info_must_be_that_of_the_commit() {
    let mut world = World::with_bob();
    let other = world.device(BOB).commit(Plan::default());
    let honest = world.device(BOB).commit(Plan::default());
    let dishonest = Bundle {
        group_info: other.group_info,
        ..honest.clone()
    };
    beside(&mut world, BOB, &dishonest, "group_info_mismatch", &honest);
}

#[test]
fn a_group_info_must_be_signed_by_the_committer() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let GroupInfoOption::Full(info) = &honest.group_info else {
        unreachable!()
    };
    let mut octets = info.as_slice().to_vec();
    *octets.last_mut().unwrap() ^= 1;
    let forged = GroupInfoOption::Full(comity_wire::GroupInfoOctets::new(octets).unwrap());
    let dishonest = Bundle {
        group_info: forged,
        ..honest.clone()
    };
    beside(&mut world, BOB, &dishonest, "group_info_mismatch", &honest);
}

#[test]
fn a_group_info_says_which_leaf_signed_it() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let GroupInfoOption::Full(info) = &honest.group_info else {
        unreachable!()
    };
    // The place of the signer's leaf stands before the signature, 64 octets behind their length. Now it is Alice's place.
    let (signed, _) = info.as_slice().split_at(info.as_slice().len() - 66);
    let mut octets = signed.to_vec();
    let place = octets.len() - 4;
    assert_eq!(octets[place..], [0, 0, 0, 1]);
    octets[place..].fill(0);
    let signature = world.device(BOB).sign("GroupInfoTBS", &octets);
    octets.extend([0x40, 64]);
    octets.extend(signature);
    let dishonest = Bundle {
        group_info: GroupInfoOption::Full(comity_wire::GroupInfoOctets::new(octets).unwrap()),
        ..honest.clone()
    };
    beside(&mut world, BOB, &dishonest, "group_info_mismatch", &honest);
}

#[test]
fn a_flipped_confirmation_tag_no_longer_fits_the_group_info() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let dishonest = patched(&honest, |octets| {
        let last_of_tag = octets.len() - 34;
        octets[last_of_tag] ^= 1;
    });
    beside(&mut world, BOB, &dishonest, "group_info_mismatch", &honest);
}

#[test]
fn a_group_info_does_not_carry_the_tree() {
    let mut world = World::with_bob();
    let dishonest = Plan {
        with_tree_in_group_info: true,
        ..Plan::default()
    };
    planned(&mut world, BOB, dishonest, "group_info_mismatch", Plan::default());
}

#[test]
fn a_tree_that_comes_along_is_the_tree_after_the_commit() {
    let mut world = World::with_bob();
    let honest = world.device(BOB).commit(Plan::default());
    let before = RatchetTreeOption::Full(world.device(BOB).tree());
    let elsewhere = RatchetTreeOption::HttpsUri {
        uri: "https://b.example/t".to_owned(),
        tree_signature: vec![],
    };
    for ratchet_tree in [before, elsewhere] {
        let dishonest = Bundle {
            ratchet_tree,
            ..honest.clone()
        };
        assert_eq!(refused(&world.posts(BOB, &dishonest)), "tree_mismatch");
    }
    world.device(BOB).merge();
    let after = RatchetTreeOption::Full(world.device(BOB).tree());
    accepted(&world.posts(
        BOB,
        &Bundle {
            ratchet_tree: after,
            ..honest
        },
    ));
}

#[test]
fn who_is_added_needs_a_welcome() {
    let mut world = World::with_bob();
    let plan = world.devices[CAROL].invitation(&world.devices[ALICE]);
    let honest = world.device(ALICE).commit(plan);
    let dishonest = Bundle {
        welcome: None,
        ..honest.clone()
    };
    beside(&mut world, ALICE, &dishonest, "missing_welcome", &honest);
}

#[test]
fn a_welcome_is_for_somebody_who_is_added() {
    let mut world = World::with_bob();
    let plan = world.devices[CAROL].invitation(&world.devices[ALICE]);
    let adding = world.device(ALICE).commit(plan);
    let honest = world.device(ALICE).commit(Plan::default());
    let dishonest = Bundle {
        welcome: adding.welcome,
        ..honest.clone()
    };
    beside(&mut world, ALICE, &dishonest, "unexpected_welcome", &honest);
}

#[test]
fn a_welcome_is_for_those_who_are_added_and_nobody_else() {
    let mut world = World::with_bob();
    let dora = Device::new("a.example", "dora", "dora-phone");
    let plan = dora.invitation(&world.devices[ALICE]);
    let for_dora = world.device(ALICE).commit(plan);
    let plan = world.devices[CAROL].invitation(&world.devices[ALICE]);
    let honest = world.device(ALICE).commit(plan);
    let dishonest = Bundle {
        welcome: for_dora.welcome,
        ..honest.clone()
    };
    beside(&mut world, ALICE, &dishonest, "welcome_mismatch", &honest);
}
