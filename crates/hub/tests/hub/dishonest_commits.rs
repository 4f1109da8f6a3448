//! One dishonest commit for each refusal, beside its honest original.

use comity_hub::{Caller, Endpoint};
use comity_mls::leaf::{credential, leaf_extensions};
use comity_mls::{CIPHER_SUITE, capabilities};
use comity_room::{Advertisement, ParticipantUpdate, media_types};
use comity_wire::components::{APP_COMPONENTS, ROOM_METADATA};
use comity_wire::{
    Extension, GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence, UpdateRoomResponse,
    UpdateVerdict, Wire as _,
};
use openmls::component::ComponentData;
use openmls::messages::proposals::{AppDataUpdateProposal, Proposal};
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, ExtensionType, Extensions, LeafNodeIndex,
    LeafNodeParameters,
};
use openmls_basic_credential::SignatureKeyPair;

use crate::support::*;

/// Posts the dishonest bundle, expects the code, then posts the honest one.
#[track_caller]
fn beside(world: &mut World, who: usize, dishonest: &Bundle, code: &str, honest: &Bundle) {
    let verdict = world.posts(who, dishonest);
    assert_eq!(refused(&verdict), code);
    let response = UpdateRoomResponse::decode(&verdict.reply).unwrap();
    assert_eq!(response.description, code);
    accepted(&world.posts(who, honest));
}

/// Builds both, one after the other, from plans.
#[track_caller]
fn planned(world: &mut World, who: usize, dishonest: Plan, code: &str, honest: Plan) {
    let dishonest = world.device(who).commit(dishonest);
    let honest = world.device(who).commit(honest);
    beside(world, who, &dishonest, code, &honest);
}

/// The bundle with some octets of its commit exchanged.
fn patched(bundle: &Bundle, patch: impl FnOnce(&mut Vec<u8>)) -> Bundle {
    let mut octets = bundle.commit.as_slice().to_vec();
    patch(&mut octets);
    Bundle {
        commit: comity_wire::MlsOctets::new(octets).unwrap(),
        ..bundle.clone()
    }
}

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
