//! What only members can check, and how the hub gets out of it.

use comity_hub::{Endpoint, Facts, Part};
use comity_room::ParticipantUpdate;
use comity_wire::{FanoutMessage, MlsOctets, Wire as _};
use openmls::prelude::LeafNodeIndex;

use crate::support::*;

/// Bob's commit with a membership tag that no member accepts and no hub can check.
fn poisoned(world: &mut World, plan: Plan) -> Bundle {
    let honest = world.device(BOB).commit(plan);
    let mut octets = honest.commit.as_slice().to_vec();
    *octets.last_mut().unwrap() ^= 1;
    Bundle {
        commit: MlsOctets::new(octets).unwrap(),
        ..honest
    }
}

#[test]
fn a_commit_that_no_member_can_process_is_undone() {
    let mut world = World::with_bob_and_carol();
    let before = world.host.rows.clone();
    let bundle = poisoned(&mut world, Plan::default());
    accepted(&world.posts(BOB, &bundle));
    assert!(
        !world.device(ALICE).can_process(&bundle.commit),
        "or there is nothing to undo"
    );
    let honest = world.device(ALICE).commit(Plan::default());
    assert_eq!(refused(&world.posts(ALICE, &honest)), "wrong_epoch");

    let verdict = world.host.step_back(&world.room.clone());
    let Facts::SteppedBack(facts) = &verdict.facts else {
        panic!("{:?}", verdict.facts)
    };
    assert_eq!(facts.committer, client("b.example", "bob-phone"));
    assert_eq!(facts.commit, bundle.commit.sha256());
    assert_eq!(
        (facts.epoch, &facts.group_info_signer, &facts.rosters[..]),
        (2, &None, &[][..])
    );
    let here = &world.room;
    for part in [Part::Group(2), Part::Tree(2), Part::GroupInfo(2)] {
        assert_eq!(
            world.host.rows[here].get(&part),
            before[here].get(&part),
            "{part}"
        );
    }
    assert!(world.row(&Part::Tree(3)).is_none());

    assert_eq!(refused(&world.posts(BOB, &bundle)), "undone");
    let verdict = world.posts(ALICE, &honest);
    accepted(&verdict);
    world.device(ALICE).merge();
    world.deliver(&verdict.fanout[2..], ALICE);
    let hi = world.says(ALICE, "hi");
    let frame = FanoutMessage::decode(&hi.fanout[2].frame).unwrap();
    assert_eq!(world.device(CAROL).receive(&frame).as_deref(), Some("hi"));
}

#[test]
fn only_the_last_epoch_is_undone_and_only_once() {
    let mut world = World::with_bob();
    drop(world.commits(BOB, Plan::default()));
    let here = world.room.clone();
    assert!(matches!(world.host.step_back(&here).facts, Facts::SteppedBack(_)));
    assert_eq!(refused(&world.host.step_back(&here)), "no_previous_epoch");
    let mut fresh = World::new();
    let here = fresh.room.clone();
    assert_eq!(refused(&fresh.host.step_back(&here)), "no_previous_epoch");
}

#[test]
fn who_was_removed_by_it_may_speak_again() {
    let mut world = World::with_bob_and_carol();
    let alice = world.device(ALICE);
    let (index, _) = alice
        .state()
        .participants
        .find(&user("c.example", "carol"))
        .unwrap();
    let update = ParticipantUpdate {
        removed: vec![index],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        removes: vec![LeafNodeIndex::new(2)],
        ..Plan::default()
    }
    .participants(&update);
    let bundle = alice.commit(plan);
    accepted(&world.posts(ALICE, &bundle));
    let message = world.device(CAROL).message("hello?").encode();
    let (here, carols) = (world.room.clone(), world.caller(CAROL));
    assert_eq!(
        refused(&world.host.post(&here, &carols, Endpoint::SubmitMessage, &message)),
        "not_a_participant"
    );

    let verdict = world.host.step_back(&here);
    let Facts::SteppedBack(facts) = &verdict.facts else {
        panic!("{:?}", verdict.facts)
    };
    let [(provider, roster)] = &facts.rosters[..] else {
        panic!("{:?}", facts.rosters)
    };
    assert_eq!(provider.domain(), "c.example");
    assert_eq!(roster.joined, [client("c.example", "carol-phone")]);
    let verdict = world.host.post(&here, &carols, Endpoint::SubmitMessage, &message);
    accepted(&verdict);
    assert_eq!(verdict.fanout.len(), 3);
}

#[test]
fn the_signer_of_a_group_info_answers_for_a_joiner_whom_nobody_can_follow() {
    let mut world = World::with_bob();
    drop(world.commits(BOB, Plan::default()));
    let mut tablet = Device::new("a.example", "alice", "alice-tablet");
    let (request, pair) = tablet.group_info_request();
    let here = world.room.clone();
    let verdict = world
        .host
        .post(&here, &tablet.caller(), Endpoint::GroupInfo, &request.encode());
    let entrance = tablet
        .open(&world.host.identity().signature_key, &pair, &verdict.reply)
        .unwrap();
    let bundle = tablet.join(&entrance);
    accepted(
        &world
            .host
            .post(&here, &tablet.caller(), Endpoint::UpdateRoom, &bundle.encode()),
    );
    let verdict = world.host.step_back(&here);
    let Facts::SteppedBack(facts) = &verdict.facts else {
        panic!("{:?}", verdict.facts)
    };
    assert_eq!(facts.committer, client("a.example", "alice-tablet"));
    assert_eq!(facts.group_info_signer, Some(client("b.example", "bob-phone")));
}

#[test]
fn a_proposal_of_the_undone_epoch_is_gone_and_one_of_the_epoch_before_waits_again() {
    let mut world = World::with_bob_and_carol();
    let here = world.room.clone();
    let leaving = |world: &mut World, who: usize| {
        let proposal = world.device(who).leave();
        let body = comity_wire::HandshakeBundle::Proposals {
            proposal,
            more: vec![],
        }
        .encode();
        let caller = world.caller(who);
        accepted(&world.host.post(&here, &caller, Endpoint::UpdateRoom, &body));
    };
    leaving(&mut world, BOB);
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
    let proposal = world.device(BOB).leave();
    world.device(ALICE).hold(proposal);
    let bundle = world.device(ALICE).commit(Plan::default().participants(&update));
    accepted(&world.posts(ALICE, &bundle));
    assert!(matches!(world.host.step_back(&here).facts, Facts::SteppedBack(_)));
    let ignoring = world.device(ALICE).commit(Plan {
        ignoring_held: true,
        ..Plan::default()
    });
    assert_eq!(
        refused(&world.posts(ALICE, &ignoring)),
        "pending_self_remove_ignored"
    );
}
