//! The leaves that a commit brings or changes.

use comity_mls::leaf::{credential, leaf_extensions};
use comity_mls::{CIPHER_SUITE, capabilities};
use comity_room::{Advertisement, media_types};
use comity_wire::components::APP_COMPONENTS;
use openmls::prelude::{AppDataDictionary, AppDataDictionaryExtension, Extensions, LeafNodeParameters};
use openmls_basic_credential::SignatureKeyPair;

use super::{beside, planned};
use crate::support::*;

#[test]
fn a_leaf_that_states_no_user_is_nobody() {
    let mut world = World::with_bob();
    let dora = Device::new("a.example", "dora", "dora-phone");
    let honest = dora.invitation(&world.devices[ALICE]);
    let mut dictionary = AppDataDictionary::new();
    dictionary.insert(APP_COMPONENTS, vec![0]);
    let nobody = Extensions::single(openmls::prelude::Extension::AppDataDictionary(
        AppDataDictionaryExtension::new(dictionary),
    ));
    let key_package = dora.key_package_with(60, false, capabilities(), nobody.unwrap());
    let dishonest = Plan {
        adds: vec![key_package],
        ..dora.invitation(&world.devices[ALICE])
    };
    planned(&mut world, ALICE, dishonest, "invalid_identity", honest);
}

#[test]
fn nobody_becomes_somebody_else_along_a_path() {
    let mut world = World::with_bob();
    let bob = world.device(BOB);
    let as_alice = credential(&client("a.example", "alice-phone"), bob.keys.public());
    let leaf = leaf_extensions(&user("a.example", "alice"), &bob.types);
    let credential_only = LeafNodeParameters::builder()
        .with_credential_with_key(as_alice.clone())
        .build();
    let both = LeafNodeParameters::builder()
        .with_credential_with_key(as_alice)
        .with_extensions(leaf)
        .build();
    // Half a lie is no identity at all; a whole one is somebody else's.
    let half = bob.commit(Plan {
        leaf: Some(credential_only),
        ..Plan::default()
    });
    let whole = bob.commit(Plan {
        leaf: Some(both),
        ..Plan::default()
    });
    let honest = bob.commit(Plan::default());
    assert_eq!(refused(&world.posts(BOB, &half)), "invalid_identity");
    beside(&mut world, BOB, &whole, "identity_changed", &honest);
}

#[test]
fn two_members_never_share_a_signature_key() {
    let mut world = World::with_bob_and_carol();
    let shared = world.devices[CAROL].stolen_keys();
    let who = credential(&world.devices[BOB].uri, shared.public());
    let dishonest = world.device(BOB).commit(Plan {
        new_keys: Some((shared, who)),
        ..Plan::default()
    });
    let fresh = SignatureKeyPair::new(CIPHER_SUITE.signature_algorithm()).unwrap();
    let who = credential(&world.devices[BOB].uri, fresh.public());
    let honest = world.device(BOB).commit(Plan {
        new_keys: Some((fresh, who)),
        ..Plan::default()
    });
    beside(&mut world, BOB, &dishonest, "signature_key_twin", &honest);
}

#[test]
fn nobody_comes_in_who_cannot_read_what_the_room_requires() {
    let mut world = World::with_bob();
    let honest = world.devices[CAROL].invitation(&world.devices[ALICE]);
    let mut old_phone = Device::new("c.example", "carol", "carol-phone");
    old_phone.types = Advertisement::new([media_types::mimi_content()]).unwrap();
    let dishonest = old_phone.invitation(&world.devices[ALICE]);
    planned(&mut world, ALICE, dishonest, "missing_media_types", honest);
}

#[test]
fn a_member_does_not_stop_reading_what_the_room_requires() {
    let mut world = World::with_bob();
    let bob = world.device(BOB);
    let trimmed = leaf_extensions(
        &bob.user,
        &Advertisement::new([media_types::mimi_content()]).unwrap(),
    );
    let dishonest = LeafNodeParameters::builder().with_extensions(trimmed).build();
    let honest = LeafNodeParameters::builder().with_extensions(bob.leaf()).build();
    let plan = |leaf| Plan {
        leaf: Some(leaf),
        ..Plan::default()
    };
    planned(
        &mut world,
        BOB,
        plan(dishonest),
        "missing_media_types",
        plan(honest),
    );
}

#[test]
fn a_key_package_that_expires_within_28_days_adds_nobody() {
    let mut world = World::with_bob();
    let adding = |days| {
        let carol = &world.devices[CAROL];
        Plan {
            adds: vec![carol.key_package_of(days, false)],
            ..carol.invitation(&world.devices[ALICE])
        }
    };
    let (dishonest, honest) = (adding(27), adding(29));
    planned(&mut world, ALICE, dishonest, "key_package_expiring", honest);
}

#[test]
fn a_key_package_that_lives_for_years_adds_nobody() {
    let mut world = World::with_bob();
    let carol = &world.devices[CAROL];
    let dishonest = Plan {
        adds: vec![carol.key_package_of(3650, false)],
        ..carol.invitation(&world.devices[ALICE])
    };
    let honest = carol.invitation(&world.devices[ALICE]);
    planned(&mut world, ALICE, dishonest, "invalid_key_package", honest);
}
