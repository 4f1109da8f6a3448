//! Handshakes that cannot be followed, and the way back.

use super::*;

#[test]
fn a_commit_of_a_proposal_that_we_never_saw_waits_for_it() {
    let mut scene = Scene::new();
    let proposal = scene.eve.leaves();
    let left = ParticipantUpdate {
        removed: vec![1],
        ..ParticipantUpdate::default()
    };
    let app_data = vec![app_data(PARTICIPANT_LIST, left.encode())];
    let commit = scene
        .mallory
        .commits(Plan {
            held: vec![proposal.clone()],
            app_data,
            ..Plan::default()
        })
        .commit;
    scene.mallory.merges();
    let commit = scene.place.commit(&commit);
    let waits = FrameOutcome::Held {
        until: HeldUntil::Proposal,
    };
    assert_eq!(scene.alice.receives(&commit), waits);
    let proposal = scene.place.proposal(&proposal);
    assert_eq!(scene.alice.receives(&proposal), in_silence());
    assert!(matches!(
        scene.alice.receives(&commit),
        FrameOutcome::Known { .. }
    ));
    scene.still_reads();
}

#[test]
fn a_commit_of_a_proposal_that_never_comes_is_given_up_and_we_find_back() {
    let mut scene = Scene::new();
    let held = vec![scene.eve.leaves()];
    let left = ParticipantUpdate {
        removed: vec![1],
        ..ParticipantUpdate::default()
    };
    let app_data = vec![app_data(PARTICIPANT_LIST, left.encode())];
    let commit = scene
        .mallory
        .commits(Plan {
            held,
            app_data,
            ..Plan::default()
        })
        .commit;
    scene.mallory.merges();
    let commit = scene.place.commit(&commit);
    assert!(matches!(scene.alice.receives(&commit), FrameOutcome::Held { .. }));
    scene.alice.now = scene.alice.now.plus(Duration::from_secs(7 * 86_400 + 1));
    let step = scene.alice.client.wake(scene.alice.now).unwrap();
    let given_up = EventKind::Frame {
        room: Some(scene.uri()),
        reason: Rejection::MissingProposal,
        advice: Advice::Fetch,
    };
    assert!(step.events.iter().any(|event| event.kind == given_up), "{step:?}");
    let (now, uri) = (scene.alice.now, scene.uri());
    let step = scene.alice.client.join(now, &uri, None).unwrap();
    scene.serves(step.requests);
    scene.still_reads();
}

#[test]
fn a_commit_that_is_rejected_gives_held_proposals_back_and_the_genuine_one_is_followed() {
    let mut scene = Scene::new();
    let proposal = scene.eve.leaves();
    let left = ParticipantUpdate {
        removed: vec![1],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        held: vec![proposal.clone()],
        app_data: vec![app_data(PARTICIPANT_LIST, left.encode())],
        ..Plan::default()
    };
    let nobody = Rogue::new("x.example", "xavier", "xavier-pc");
    let against_the_rules = Plan {
        adds: vec![nobody.key_package()],
        held: vec![proposal.clone()],
        ..Plan::default()
    };
    let violation = scene.mallory.commits(against_the_rules).commit;
    let commit = scene.mallory.commits(plan).commit;
    let proposal = scene.place.proposal(&proposal);
    assert_eq!(scene.alice.receives(&proposal), in_silence());
    let violation = scene.place.commit(&violation);
    let outcome = scene.alice.receives(&violation);
    let violates = FrameOutcome::Rejected {
        reason: Rejection::Violation("policy_user_not_listed".to_owned()),
        advice: Advice::Wait,
    };
    assert_eq!(outcome, violates);
    scene.still_reads();
    let genuine = scene.place.commit(&commit);
    for distance in [2, 40, 300] {
        let mut flipped = genuine.clone();
        let place = flipped.bytes.len() - distance;
        flipped.bytes[place] ^= 1;
        let outcome = scene.alice.receives(&flipped);
        assert!(matches!(outcome, FrameOutcome::Rejected { .. }), "{outcome:?}");
        scene.still_reads();
    }
    scene.mallory.merges();
    assert_eq!(scene.alice.receives(&genuine), in_silence());
    let (now, uri) = (scene.alice.now, scene.uri());
    let text = comity::Outgoing::text("no proposal is in the way");
    let step = scene
        .alice
        .client
        .send(now, &uri, &text, comity::Allow::default())
        .unwrap();
    let sent = |request: &comity::Request| request.kind == RequestKind::SubmitMessage;
    assert!(step.requests.iter().any(sent), "{step:?}");
    scene.still_reads();
}

/// Mallory commits one name and computes another.
fn forging_a_name(scene: &mut Scene, without_path: bool) -> comity::Frame {
    let renamed = |name: &str| {
        let mut metadata = scene.mallory.state().metadata;
        metadata.name = name.to_owned();
        metadata.encode()
    };
    let (one, other) = (renamed("one"), renamed("other"));
    let updates = {
        let mut updater = scene.mallory.group().app_data_dictionary_updater();
        updater.set(ComponentData::from_parts(ROOM_METADATA, other.into()));
        updater.changes()
    };
    let app_data = vec![app_data(ROOM_METADATA, one)];
    let forged = scene.mallory.commits(Plan {
        app_data,
        updates,
        without_path,
        ..Plan::default()
    });
    scene.mallory.forgets();
    scene.place.commit(&forged.commit)
}

#[test]
fn a_member_who_computes_another_state_has_parted_ways_and_we_find_back() {
    let mut scene = Scene::new();
    let frame = forging_a_name(&mut scene, true);
    scene.rejects_somehow(&frame, "forked", Advice::Rejoin);
    scene.rejoins();
    scene.still_reads();
}

#[test]
fn a_member_who_computes_another_state_along_a_path_has_parted_ways() {
    let mut scene = Scene::new();
    let frame = forging_a_name(&mut scene, false);
    scene.rejects_somehow(&frame, "forked", Advice::Rejoin);
    scene.rejoins();
    scene.still_reads();
}

#[test]
fn a_commit_of_our_own_that_a_restored_backup_does_not_know_is_lost_and_we_find_back() {
    let mut scene = Scene::new();
    let mut restored = scene.alice.copied();
    let now = scene.alice.now;
    let step = scene
        .alice
        .client
        .change(now, &scene.uri(), &[Change::Rotate])
        .unwrap();
    let request = step
        .requests
        .iter()
        .find(|request| request.kind == RequestKind::UpdateRoom)
        .unwrap();
    let HandshakeBundle::Commit { commit, .. } = HandshakeBundle::decode(&request.body).unwrap() else {
        panic!()
    };
    scene.mallory.follows(&commit, &[]);
    std::mem::swap(&mut scene.alice, &mut restored);
    let frame = scene.place.commit(&commit);
    scene.rejects_somehow(&frame, "own_commit_lost", Advice::Rejoin);
    scene.rejoins();
    scene.still_reads();
}

#[test]
fn an_add_by_a_key_package_that_has_expired_cannot_be_followed_and_we_find_back() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let expires = seconds(present()) + 2;
    let expiring = carol.key_package_with(carol.leaf(), Lifetime::init(expires - 60 * 86_400, expires));
    let commit = scene
        .mallory
        .commits(Plan {
            adds: vec![expiring],
            ..Plan::default()
        })
        .commit;
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    std::thread::sleep(Duration::from_secs(4));
    scene.rejects_somehow(&frame, "expired_leaf", Advice::Rejoin);
    let frame = scene.saying("while away");
    scene.rejects(&frame, "room_stalled", Advice::Rejoin);
    scene.rejoins();
    scene.still_reads();
    assert_eq!(
        scene.alice.reader().members(&scene.uri(), 0, 10).unwrap().len(),
        4,
        "the late one is there"
    );
}

#[test]
fn whoever_was_removed_is_told_once_and_reads_again_when_invited_again() {
    let mut scene = Scene::new();
    let uri = scene.uri();
    let (mine, index) = (scene.alice.identity.clone(), 2);
    let gone = ParticipantUpdate {
        removed: vec![index],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        removes: vec![scene.mallory.index_of(&mine.client)],
        app_data: vec![app_data(PARTICIPANT_LIST, gone.encode())],
        ..Plan::default()
    };
    let commit = scene.mallory.commits(plan).commit;
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), in_silence());
    assert_eq!(scene.alice.phase(&uri), Some(Phase::Removed));
    let frame = scene.saying("without Alice");
    scene.rejects(&frame, "evicted", Advice::None);
    let back = ParticipantUpdate {
        added: vec![Participant {
            user: mine.user,
            role: Roles::MEMBER,
        }],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        adds: vec![scene.alice.key_package()],
        app_data: vec![app_data(PARTICIPANT_LIST, back.encode())],
        ..Plan::default()
    };
    let welcome = scene.mallory.commits(plan).welcome.unwrap();
    scene.mallory.merges();
    let frame = scene.place.welcome(&welcome, scene.mallory.tree());
    assert!(matches!(
        scene.alice.receives(&frame),
        FrameOutcome::Done { notify: true, .. }
    ));
    drop(
        scene
            .alice
            .client
            .respond(scene.alice.now, &uri, comity::Response::Accept)
            .unwrap(),
    );
    scene.still_reads();
}

#[test]
fn a_commit_that_the_hub_could_not_have_read_has_the_wrong_wire_format() {
    let mut scene = Scene::new();
    scene.mallory.encrypts_handshakes(true);
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.forgets();
    scene.mallory.encrypts_handshakes(false);
    let frame = scene.place.commit(&commit);
    scene.rejects(&frame, "wrong_wire_format", Advice::None);
    scene.still_reads();
    scene.everybody_follows(Plan::default());
}

#[test]
fn a_leaf_that_its_own_key_has_not_signed_makes_an_invalid_commit() {
    let mut scene = Scene::new();
    let other = SignatureKeyPair::new(comity_mls::CIPHER_SUITE.signature_algorithm()).unwrap();
    let who = comity_mls::leaf::credential(&scene.mallory.uri, other.public());
    let leaf = Some(
        LeafNodeParameters::builder()
            .with_credential_with_key(who)
            .build(),
    );
    let commit = scene
        .mallory
        .commits(Plan {
            leaf,
            ..Plan::default()
        })
        .commit;
    scene.mallory.forgets();
    let frame = scene.place.commit(&commit);
    scene.rejects(&frame, "invalid_commit", Advice::Wait);
    scene.still_reads();
    scene.everybody_follows(Plan::default());
}

#[test]
fn a_commit_without_a_path_or_against_the_policy_breaks_a_rule_that_is_named() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let plan = Plan {
        adds: vec![carol.key_package()],
        without_path: true,
        ..Plan::default()
    };
    let commit = scene.mallory.commits(plan).commit;
    scene.mallory.forgets();
    let frame = scene.place.commit(&commit);
    scene.rejects(&frame, "commit_without_path", Advice::Wait);
    // Eve is no administrator.
    let removes = vec![scene.eve.index_of(&scene.alice.identity.client)];
    let commit = scene
        .eve
        .commits(Plan {
            removes,
            ..Plan::default()
        })
        .commit;
    scene.eve.forgets();
    let frame = scene.place.commit(&commit);
    let outcome = scene.alice.receives(&frame);
    let FrameOutcome::Rejected {
        reason: Rejection::Violation(code),
        advice: Advice::Wait,
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_ne!(code, "commit_without_path");
    scene.still_reads();
    scene.everybody_follows(Plan::default());
}

#[test]
fn nobody_proposes_what_is_anothers_to_do() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc").key_package();
    let alices: LeafNodeIndex = scene.eve.index_of(&scene.alice.identity.client);
    let (add, removal) = (scene.eve.proposes_add(&carol), scene.eve.proposes_removal(alices));
    for proposal in [&add, &removal] {
        let frame = scene.place.proposal(proposal);
        scene.rejects(&frame, "invalid_proposal", Advice::None);
    }
    // Behind a genuine one it is rejected as well, and the genuine one with it.
    let leaving = scene.eve.leaves();
    let frame = scene
        .place
        .frame(&leaving, FanoutTail::Proposal { more: vec![removal] });
    scene.rejects(&frame, "invalid_proposal", Advice::None);
    let now = scene.alice.now;
    let step = scene
        .alice
        .client
        .send(
            now,
            &scene.uri(),
            &comity::Outgoing::text("hi"),
            comity::Allow::default(),
        )
        .unwrap();
    assert_eq!(step.requests.len(), 1, "no proposal stands in the way of sending");
    assert_eq!(step.requests[0].kind, RequestKind::SubmitMessage);
    scene.still_reads();
}
