//! What a room goes through, told through the hub.

use comity_hub::{Endpoint, Facts, Part};
use comity_room::{ParticipantUpdate, Timestamp};
use comity_wire::{
    FanoutMessage, FanoutTail, GroupInfoRatchetTreeTbe, HandshakeBundle, SubmitMessageResponse,
    UpdateRoomResponse, UpdateVerdict, Wire as _,
};
use openmls::prelude::LeafNodeIndex;

use crate::support::*;

#[test]
fn a_message_reaches_every_provider_in_the_room_once() {
    let mut world = World::with_bob_and_carol();
    let verdict = world.says(BOB, "hi");
    accepted(&verdict);
    let providers: Vec<_> = verdict.fanout.iter().map(|d| d.provider.as_str()).collect();
    assert_eq!(
        providers,
        ["mimi://a.example", "mimi://b.example", "mimi://c.example"]
    );
    assert!(
        verdict
            .fanout
            .iter()
            .all(|d| d.urgent && d.room == world.room && d.roster.is_empty())
    );
    let frame = FanoutMessage::decode(&verdict.fanout[2].frame).unwrap();
    assert_eq!(world.device(CAROL).receive(&frame).as_deref(), Some("hi"));
}

#[test]
fn an_accept_answer_names_the_hash_of_what_was_accepted() {
    let mut world = World::with_bob();
    let request = world.device(BOB).message("hi");
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let verdict = world
        .host
        .post(&room, &caller, Endpoint::SubmitMessage, &request.encode());
    let Ok(SubmitMessageResponse::Accepted { accepted, .. }) = SubmitMessageResponse::decode(&verdict.reply)
    else {
        panic!("refused")
    };
    assert_eq!(accepted, request.message.sha256());

    let bundle = world.device(ALICE).commit(Plan::default());
    let verdict = world.posts(ALICE, &bundle);
    let response = UpdateRoomResponse::decode(&verdict.reply).unwrap();
    let UpdateVerdict::Success { accepted, .. } = response.verdict else {
        panic!("refused")
    };
    assert_eq!(accepted, bundle.commit.sha256());
}

#[test]
fn what_was_accepted_goes_out_as_it_came() {
    let mut world = World::with_bob();
    let bundle = world.device(ALICE).commit(Plan::default());
    let verdict = world.posts(ALICE, &bundle);
    for delivery in &verdict.fanout {
        assert_eq!(
            FanoutMessage::decode(&delivery.frame).unwrap().message,
            bundle.commit
        );
    }
}

#[test]
fn timestamps_rise_though_the_clock_goes_back() {
    let mut world = World::with_bob();
    let stamp = |verdict: &comity_hub::Verdict| {
        let SubmitMessageResponse::Accepted { accepted_at, .. } =
            SubmitMessageResponse::decode(&verdict.reply).unwrap()
        else {
            panic!("refused")
        };
        assert_eq!(
            FanoutMessage::decode(&verdict.fanout[0].frame)
                .unwrap()
                .accepted_at,
            accepted_at
        );
        accepted_at
    };
    let now = world.host.now;
    world.host.now = now.plus(core::time::Duration::from_secs(1));
    let first = stamp(&world.says(BOB, "one"));
    assert_eq!(first, world.host.now);
    world.host.now = Timestamp::from_millis(now.as_millis() - 86_400_000);
    let second = stamp(&world.says(ALICE, "two"));
    let third = stamp(&world.says(BOB, "three"));
    assert!(first < second && second < third);
}

#[test]
fn a_welcome_goes_to_the_providers_of_those_who_are_added() {
    let mut world = World::with_bob();
    let plan = world.devices[CAROL].invitation(&world.devices[ALICE]);
    let bundle = world.device(ALICE).commit(plan);
    let verdict = world.posts(ALICE, &bundle);
    let kinds: Vec<_> = verdict
        .fanout
        .iter()
        .map(|delivery| {
            let frame = FanoutMessage::decode(&delivery.frame).unwrap();
            (
                delivery.provider.domain().to_owned(),
                matches!(frame.tail, FanoutTail::Welcome { .. }),
                delivery.urgent,
            )
        })
        .collect();
    let expected = [
        ("a.example", false, false),
        ("b.example", false, false),
        ("c.example", true, true),
    ]
    .map(|(d, w, u)| (d.to_owned(), w, u));
    assert_eq!(kinds, expected);
    assert_eq!(
        verdict.fanout[2].roster.joined,
        [client("c.example", "carol-phone")]
    );
    world.deliver(&verdict.fanout, ALICE);
    let hello = world.says(CAROL, "hello");
    accepted(&hello);
    world.device(ALICE).merge();
    let frame = FanoutMessage::decode(&hello.fanout[0].frame).unwrap();
    assert_eq!(world.device(ALICE).receive(&frame).as_deref(), Some("hello"));
}

#[test]
fn a_removed_client_gets_the_commit_that_removes_it_and_nothing_after() {
    let mut world = World::with_bob_and_carol();
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
    let plan = Plan {
        removes: vec![LeafNodeIndex::new(1)],
        ..Plan::default()
    }
    .participants(&update);
    let verdict = world.commits(ALICE, plan);
    let bobs = verdict
        .fanout
        .iter()
        .find(|d| d.provider == provider("b.example"))
        .expect("the removing commit");
    assert_eq!(bobs.roster.left, [client("b.example", "bob-phone")]);
    assert!(!world.device(BOB).group().is_active());
    assert!(world.row(&Part::Participant(user("b.example", "bob"))).is_none());

    let verdict = world.says(CAROL, "just us");
    let providers: Vec<_> = verdict
        .fanout
        .iter()
        .map(|d| d.provider.domain().to_owned())
        .collect();
    assert_eq!(providers, ["a.example", "c.example"]);
}

#[test]
fn who_leaves_is_gone_with_the_next_commit() {
    let mut world = World::with_bob_and_carol();
    let frame = world.device(BOB).leave();
    let (room, caller) = (world.room.clone(), world.caller(BOB));
    let body = HandshakeBundle::Proposals {
        proposal: frame,
        more: vec![],
    }
    .encode();
    let verdict = world.host.post(&room, &caller, Endpoint::UpdateRoom, &body);
    assert!(matches!(verdict.facts, Facts::Proposals { pending: 1, .. }));
    assert_eq!(verdict.fanout.len(), 3);
    world.deliver(&verdict.fanout, BOB);
    assert!(world.row(&Part::Proposals(2)).is_some());
    accepted(&world.says(BOB, "still here"));

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
    let verdict = world.commits(ALICE, Plan::default().participants(&update));
    let Facts::Commit(facts) = &verdict.facts else {
        panic!("no commit")
    };
    assert_eq!(facts.left, [client("b.example", "bob-phone")]);
    assert!(!world.device(BOB).group().is_active());
    assert_eq!(world.epoch(), 3);
    drop(world.commits(CAROL, Plan::default()));
}

fn entrance(world: &mut World, joiner: &Device) -> GroupInfoRatchetTreeTbe {
    let (request, pair) = joiner.group_info_request();
    let room = world.room.clone();
    let verdict = world
        .host
        .post(&room, &joiner.caller(), Endpoint::GroupInfo, &request.encode());
    assert!(
        matches!(verdict.facts, Facts::GroupInfo { .. }),
        "{:?}",
        verdict.facts
    );
    joiner
        .open(&world.host.identity().signature_key, &pair, &verdict.reply)
        .expect("a group info")
}

#[test]
fn a_participants_new_client_joins_from_outside() {
    let mut world = World::with_bob();
    let mut tablet = Device::new("b.example", "bob", "bob-tablet");
    let entrance = entrance(&mut world, &tablet);
    assert!(entrance.pending.is_empty());
    let bundle = tablet.join(&entrance);
    let caller = tablet.caller();
    let verdict = world.host.post(
        &world.room.clone(),
        &caller,
        Endpoint::UpdateRoom,
        &bundle.encode(),
    );
    let Facts::Commit(facts) = &verdict.facts else {
        panic!("{:?}", verdict.facts)
    };
    assert!(facts.external);
    assert_eq!(facts.joined, [client("b.example", "bob-tablet")]);
    world.deliver(&verdict.fanout, 9);
    world.devices.push(tablet);
    let verdict = world.says(3, "from my tablet");
    let frame = FanoutMessage::decode(&verdict.fanout[0].frame).unwrap();
    assert_eq!(
        world.device(ALICE).receive(&frame).as_deref(),
        Some("from my tablet")
    );
    drop(world.commits(ALICE, Plan::default()));
}

#[test]
fn a_joiner_takes_those_who_leave_along() {
    let mut world = World::with_bob_and_carol();
    let frame = world.device(CAROL).leave();
    let (room, carols) = (world.room.clone(), world.caller(CAROL));
    let body = HandshakeBundle::Proposals {
        proposal: frame.clone(),
        more: vec![],
    }
    .encode();
    let verdict = world.host.post(&room, &carols, Endpoint::UpdateRoom, &body);
    world.deliver(&verdict.fanout, CAROL);

    let mut tablet = Device::new("b.example", "bob", "bob-tablet");
    let entrance = entrance(&mut world, &tablet);
    assert_eq!(entrance.pending.len(), 1);
    assert_eq!(entrance.pending[0].proposal, frame);
    let ignoring = tablet.join_with(&entrance, vec![]);
    let bobs = tablet.caller();
    let verdict = world
        .host
        .post(&room, &bobs, Endpoint::UpdateRoom, &ignoring.encode());
    assert_eq!(refused(&verdict), "pending_self_remove_ignored");
    let mut tablet = Device::new("b.example", "bob", "bob-tablet");
    let bundle = tablet.join(&entrance);
    let verdict = world
        .host
        .post(&room, &bobs, Endpoint::UpdateRoom, &bundle.encode());
    let Facts::Commit(facts) = &verdict.facts else {
        panic!("{:?}", verdict.facts)
    };
    assert_eq!(facts.left, [client("c.example", "carol-phone")]);
    world.deliver(&verdict.fanout, 9);
    assert!(!world.device(CAROL).group().is_active());
}

#[test]
fn a_client_that_lost_its_group_joins_again_in_its_own_place() {
    let mut world = World::with_bob_and_carol();
    let bob = &world.devices[BOB];
    let (again, _) = (bob.group_info_request(), bob.epoch());
    let verdict = world.host.post(
        &world.room.clone(),
        &world.caller(BOB),
        Endpoint::GroupInfo,
        &again.0.encode(),
    );
    let hub_key = world.host.identity().signature_key;
    let entrance = world.devices[BOB]
        .open(&hub_key, &again.1, &verdict.reply)
        .unwrap();
    let bob = world.device(BOB);
    let mls = openmls_rust_crypto::OpenMlsRustCrypto::default();
    bob.mls = mls;
    let bundle = bob.join(&entrance);
    let verdict = world.posts(BOB, &bundle);
    let Facts::Commit(facts) = &verdict.facts else {
        panic!("{:?}", verdict.facts)
    };
    assert!(
        facts.joined.is_empty() && facts.left.is_empty(),
        "the same client, twice in a row: {facts:?}"
    );
    world.deliver(&verdict.fanout, BOB);
    drop(world.commits(CAROL, Plan::default()));
    accepted(&world.says(BOB, "back"));
}

#[test]
fn a_stranger_does_not_join_from_outside() {
    let mut world = World::with_bob();
    let tablet = Device::new("b.example", "bob", "bob-tablet");
    let entrance = entrance(&mut world, &tablet);
    // What b.example learnt for Bob, it tries for Bert.
    let mut bert = Device::new("b.example", "bert", "bert-phone");
    let bundle = bert.join(&entrance);
    let verdict = world.host.post(
        &world.room.clone(),
        &bert.caller(),
        Endpoint::UpdateRoom,
        &bundle.encode(),
    );
    assert_eq!(refused(&verdict), "policy_denied");
}
