//! Every way in which a frame can be unusable: its code, its advice, and that a genuine frame is read afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use comity::content::{Content, Disposition, Part, Salt};
use comity::room::{ParticipantUpdate, Participant, RoleCapability, RoleIndex, Roles, media_types};
use comity::{
    Advice, Answer, Change, EventKind, FrameKind, FrameOutcome, HeldUntil, MessageChange, PLAIN_TEXT, Phase, Rejection,
    RequestKind, RoomChange,
};
use comity_wire::components::{PARTICIPANT_LIST, ROOM_METADATA};
use comity_wire::{
    ApplicationFraming, FanoutMessage, FanoutTail, HandshakeBundle, MlsOctets, RatchetTreeOption, Wire as _,
};
use openmls::component::ComponentData;
use openmls::prelude::{LeafNodeIndex, LeafNodeParameters, Lifetime};
use openmls_basic_credential::SignatureKeyPair;

use crate::support::*;

/// The MLSMessage of a frame with some octets exchanged, in a frame of its own.
fn patched(scene: &Scene, message: &MlsOctets, patch: impl FnOnce(&mut Vec<u8>)) -> comity::Frame {
    let mut octets = message.as_slice().to_vec();
    patch(&mut octets);
    let mut bytes = scene.place.tick().as_millis().to_be_bytes().to_vec();
    bytes.append(&mut octets);
    bytes.push(0); // no frank
    scene.place.raw(bytes)
}

fn hash_is_new() -> FrameOutcome {
    FrameOutcome::Done { message: None, notify: false }
}

#[test]
fn every_code_is_its_own_and_every_advice_is_meant() {
    let all = [
        (Rejection::Malformed, Advice::None),
        (Rejection::TooLarge, Advice::None),
        (Rejection::Unsupported, Advice::UpdateApp),
        (Rejection::NotAFrame, Advice::None),
        (Rejection::UnknownRoom, Advice::None),
        (Rejection::WrongRoom, Advice::FixProgram),
        (Rejection::ForeignHub, Advice::None),
        (Rejection::EpochTooOld, Advice::AskResend),
        (Rejection::EpochNeverCame, Advice::Fetch),
        (Rejection::Duplicate, Advice::None),
        (Rejection::GenerationTooOld, Advice::AskResend),
        (Rejection::GenerationTooFar, Advice::AskResend),
        (Rejection::Undecryptable, Advice::AskResend),
        (Rejection::BadSignature, Advice::None),
        (Rejection::NotFromMember, Advice::None),
        (Rejection::MissingProposal, Advice::Fetch),
        (Rejection::Forked, Advice::Rejoin),
        (Rejection::OwnCommitLost, Advice::Rejoin),
        (Rejection::ExpiredLeaf, Advice::Rejoin),
        (Rejection::Evicted, Advice::None),
        (Rejection::WrongWireFormat, Advice::None),
        (Rejection::InvalidCommit, Advice::Rejoin),
        (Rejection::InvalidProposal, Advice::None),
        (Rejection::Violation("identity_changed".into()), Advice::Rejoin),
        (Rejection::WelcomeForNobody, Advice::None),
        (Rejection::InvalidWelcome, Advice::None),
        (Rejection::AlreadyJoined, Advice::None),
        (Rejection::BadFraming, Advice::None),
        (Rejection::BadContent("content_truncated".into()), Advice::None),
        (Rejection::ContentContradicts, Advice::None),
        (Rejection::BadTimestamp, Advice::None),
        (Rejection::Stalled, Advice::Rejoin),
    ];
    let codes: BTreeSet<&str> = all.iter().map(|(reason, _)| reason.code()).collect();
    assert_eq!(codes.len(), all.len());
    for (reason, advice) in &all {
        assert_eq!(reason.advice(), *advice, "{}", reason.code());
        let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(reason.code().chars().all(is_code), "{}", reason.code());
    }
}

// What does not decode.

#[test]
fn what_is_cut_short_anywhere_is_malformed() {
    let mut scene = Scene::new();
    let frame = scene.saying("whole");
    let cut: Vec<_> = (0..frame.bytes.len()).map(|length| scene.place.raw(frame.bytes[..length].to_vec())).collect();
    let before = scene.alice.snapshot(&scene.uri());
    for outcome in scene.alice.steps(&cut).frames {
        assert_eq!(code_of(&outcome), "frame_malformed");
    }
    assert_eq!(scene.alice.snapshot(&scene.uri()), before);
    scene.reads(&frame, "whole");
}

#[test]
fn what_is_not_written_as_mls_writes_it_is_malformed() {
    let mut scene = Scene::new();
    let genuine = scene.mallory.says(&scene.place.uri, "whole");
    let mut trailing = scene.place.message(&genuine);
    trailing.bytes.push(0);
    let version_9 = patched(&scene, &genuine, |octets| octets[1] = 9);
    let wire_format = patched(&scene, &genuine, |octets| octets[3] = 0x63);
    let long_length = patched(&scene, &genuine, |octets| {
        let length = octets[4];
        assert!(length < 0x40, "the group id's length is one octet");
        octets.splice(4..5, [0x40, length]);
    });
    for frame in [trailing, version_9, wire_format, long_length] {
        scene.rejects(&frame, "frame_malformed", Advice::None);
    }
    let frame = scene.place.message(&genuine);
    scene.reads(&frame, "whole");
}

#[test]
fn a_key_package_and_a_group_info_are_no_frames() {
    let mut scene = Scene::new();
    let key_package = MlsOctets::of(&openmls::prelude::MlsMessageOut::from(scene.eve.key_package())).unwrap();
    let frame = patched(&scene, &key_package, |_| {});
    scene.rejects(&frame, "not_a_frame", Advice::None);
    let mut group_info = vec![0, 1, 0, 4];
    group_info.extend_from_slice(scene.mallory.entrance().group_info.as_slice());
    let frame = patched(&scene, &MlsOctets::new(group_info).unwrap(), |_| {});
    scene.rejects(&frame, "not_a_frame", Advice::None);
    scene.still_reads();
}

#[test]
fn a_frame_of_more_than_four_mebibytes_is_too_large_and_not_looked_at() {
    let mut scene = Scene::new();
    let frame = scene.place.raw(vec![0; (4 << 20) + 1]);
    scene.rejects(&frame, "frame_too_large", Advice::None);
    let frame = scene.place.raw(vec![0; 4 << 20]);
    scene.rejects(&frame, "frame_malformed", Advice::None);
    scene.still_reads();
}

#[test]
fn kinds_of_frames_that_are_not_used_yet_are_unsupported() {
    let mut scene = Scene::new();
    for kind in [FrameKind::Consent, FrameKind::Notice] {
        let mut frame = scene.saying("of another kind");
        frame.kind = kind;
        scene.rejects(&frame, "frame_unsupported", Advice::UpdateApp);
    }
    scene.still_reads();
}

#[test]
fn a_time_before_the_format_existed_is_impossible() {
    let mut scene = Scene::new();
    let frame = scene.saying("in time");
    let at = |millis: u64| {
        let mut fanout = FanoutMessage::decode(&frame.bytes).unwrap();
        fanout.accepted_at = comity::Timestamp::from_millis(millis);
        fanout.encode()
    };
    for millis in [0, 1, 1_688_169_599_999] {
        let frame = scene.place.raw(at(millis));
        scene.rejects(&frame, "bad_timestamp", Advice::None);
    }
    scene.reads(&frame, "in time");
}

// Whose room it is.

#[test]
fn a_frame_of_a_room_that_we_are_not_in_waits_a_week_for_its_welcome() {
    let mut scene = Scene::new();
    let other = Place::new(room("h.example", "elsewhere"), &[user("m.example", "mallory")]);
    let mut stranger = Rogue::new("m.example", "mallory", "mallory-pc");
    stranger.creates(&other.state());
    let frame = other.message(&stranger.says(&other.uri, "psst"));
    let outcome = scene.alice.receives(&frame);
    assert_eq!(outcome, FrameOutcome::Held { until: HeldUntil::Welcome });
    scene.still_reads();
    scene.alice.now = scene.alice.now.plus(days(7));
    drop(scene.alice.client.wake(scene.alice.now).unwrap());
    assert_eq!(scene.reasons(), [Rejection::UnknownRoom]);
    assert_eq!(scene.reasons()[0].advice(), Advice::None);
    scene.still_reads();
}

#[test]
fn a_frame_that_the_host_puts_into_another_room_is_the_hosts_mistake() {
    let mut scene = Scene::new();
    let genuine = scene.saying("here");
    let mut frame = genuine.clone();
    frame.room = Some(room("h.example", "elsewhere"));
    scene.rejects(&frame, "wrong_room", Advice::FixProgram);
    scene.reads(&genuine, "here");
    let mut unnamed = scene.saying("anywhere");
    unnamed.room = None;
    scene.reads(&unnamed, "anywhere");
}

#[test]
fn only_the_rooms_own_hub_speaks_for_it() {
    let mut scene = Scene::new();
    let genuine = scene.saying("here");
    let mut frame = genuine.clone();
    frame.from = provider("m.example");
    scene.rejects(&frame, "foreign_hub", Advice::None);
    scene.reads(&genuine, "here");
}

// When it was made.

#[test]
fn a_frame_of_an_epoch_to_come_waits_for_the_commit() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let early = scene.saying("early");
    assert_eq!(scene.alice.receives(&early), FrameOutcome::Held { until: HeldUntil::Commit });
    let behind = |event: &comity::Event| matches!(event.kind, EventKind::Room { change: RoomChange::Behind, .. });
    assert!(scene.alice.events().iter().any(behind), "the app is told to fetch");
    let again = scene.alice.receives(&early);
    assert_eq!(again, FrameOutcome::Held { until: HeldUntil::Commit }, "and may deliver it again");
    let frame = scene.place.commit(&commit);
    let step = scene.alice.steps(&[frame]);
    assert_eq!(step.frames, [hash_is_new()]);
    assert_eq!(scene.alice.texts(&scene.uri()), ["early"]);
    let FrameOutcome::Known { message: Some(_), .. } = scene.alice.receives(&early) else { panic!("it is known now") };
    scene.still_reads();
}

#[test]
fn an_epoch_that_never_comes_is_given_up_after_a_week() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let early = scene.saying("early");
    assert_eq!(scene.alice.receives(&early), FrameOutcome::Held { until: HeldUntil::Commit });
    scene.alice.now = scene.alice.now.plus(days(7));
    drop(scene.alice.client.wake(scene.alice.now).unwrap());
    assert_eq!(scene.reasons(), [Rejection::EpochNeverCame]);
    assert_eq!(scene.reasons()[0].advice(), Advice::Fetch);
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), hash_is_new());
    scene.reads(&early, "early");
}

#[test]
fn frames_of_epochs_to_come_are_held_in_small_numbers() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let many: Vec<_> = (0..301).map(|n| scene.saying(&format!("early {n}"))).collect();
    let outcomes = scene.alice.steps(&many).frames;
    let held = outcomes.iter().filter(|outcome| matches!(outcome, FrameOutcome::Held { .. })).count();
    assert_eq!(held, 300, "of one group");
    assert_eq!(code_of(&outcomes[300]), "epoch_never_came");
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), hash_is_new());
    assert_eq!(scene.alice.texts(&scene.uri()).len(), 300);
    scene.still_reads();
}

#[test]
fn a_commit_that_lost_its_epoch_is_too_old() {
    let mut scene = Scene::new();
    let lost = scene.mallory.commits(Plan::default()).commit;
    scene.everybody_follows(Plan::default());
    let frame = scene.place.commit(&lost);
    scene.rejects(&frame, "epoch_too_old", Advice::AskResend);
    scene.still_reads();
}

#[test]
fn a_message_is_read_up_to_five_epochs_late() {
    let mut scene = Scene::new();
    let (late, too_late) = (scene.saying("five epochs late"), scene.saying("six epochs late"));
    for _ in 0..5 {
        scene.everybody_follows(Plan::default());
    }
    scene.reads(&late, "five epochs late");
    scene.everybody_follows(Plan::default());
    scene.rejects(&too_late, "epoch_too_old", Advice::AskResend);
    scene.still_reads();
}

#[test]
fn a_message_from_before_we_came_is_of_an_epoch_that_is_not_ours() {
    let mut scene = Scene::new();
    // Mallory says something, and only then adds Carol's phone.
    let early = scene.saying("before Carol");
    let mut carol = Phone::new("c.example", "carol", "carol-phone");
    let adds = vec![carol.key_package()];
    let welcome = scene.mallory.commits(Plan { adds, ..Plan::default() }).welcome.unwrap();
    scene.mallory.merges();
    let frame = scene.place.welcome(&welcome, scene.mallory.tree());
    assert!(matches!(carol.receives(&frame), FrameOutcome::Done { .. }));
    let outcome = carol.receives(&early);
    assert_eq!(code_of(&outcome), "epoch_too_old");
    let frame = scene.saying("to Carol too");
    let outcome = carol.receives(&frame);
    assert!(matches!(outcome, FrameOutcome::Done { message: Some(_), .. }), "{outcome:?}");
}

#[test]
fn a_frame_that_comes_again_is_known() {
    let mut scene = Scene::new();
    let frame = scene.saying("once");
    let id = scene.reads(&frame, "once");
    // Providers wrap anew: another time, the same message.
    let fanout = FanoutMessage::decode(&frame.bytes).unwrap();
    let wrapped = scene.place.message(&fanout.message);
    for frame in [frame, wrapped] {
        let outcome = scene.alice.receives(&frame);
        assert_eq!(outcome, FrameOutcome::Known { message: Some(id), notify: true });
    }
    assert_eq!(scene.alice.texts(&scene.uri()), ["once"]);
    scene.still_reads();
}

#[test]
fn a_commit_that_comes_again_is_known() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), hash_is_new());
    assert_eq!(scene.alice.receives(&frame), FrameOutcome::Known { message: None, notify: false });
    scene.still_reads();
}

#[test]
fn a_key_that_has_been_used_is_not_used_again() {
    let mut scene = Scene::new();
    // Mallory restores a backup, and encrypts something else under the key of the same generation.
    let backup = scene.mallory.backup();
    let first = scene.saying("first");
    scene.mallory.restore(&backup);
    let second = scene.saying("second");
    scene.reads(&first, "first");
    scene.rejects(&second, "duplicate", Advice::None);
    scene.still_reads();
}

#[test]
fn a_message_that_64_others_have_overtaken_is_read_and_one_more_is_too_old() {
    let mut scene = Scene::new();
    let frames: Vec<_> = (0..70).map(|n| scene.saying(&format!("number {n}"))).collect();
    scene.reads(&frames[69], "number 69");
    scene.reads(&frames[69 - 63], "number 6");
    scene.rejects(&frames[0], "generation_too_old", Advice::AskResend);
    scene.still_reads();
}

#[test]
fn a_message_that_a_thousand_missing_ones_precede_is_too_far() {
    let mut scene = Scene::new();
    let first = scene.saying("first");
    for _ in 0..1_000 {
        drop(scene.mallory.encrypts(b"never delivered"));
    }
    let far = scene.saying("far");
    scene.rejects(&far, "generation_too_far", Advice::AskResend);
    scene.reads(&first, "first");
    scene.reads(&far, "far"); // one nearer now
}

// Who made it.

#[test]
fn a_ciphertext_with_a_bit_flipped_does_not_decrypt() {
    let mut scene = Scene::new();
    let genuine = scene.mallory.says(&scene.place.uri, "whole");
    let frame = patched(&scene, &genuine, |octets| *octets.last_mut().unwrap() ^= 1);
    scene.rejects(&frame, "undecryptable", Advice::AskResend);
    let frame = scene.place.message(&genuine);
    scene.reads(&frame, "whole");
}

#[test]
fn a_message_that_an_insider_signs_with_another_key_has_a_bad_signature() {
    let mut scene = Scene::new();
    let uri = scene.uri();
    let content = scene.mallory.content(&uri, "forged");
    let framed = ApplicationFraming {
        media_type: Some(media_types::mimi_content()),
        content,
    };
    let eves = scene.eve.shared_keys();
    let forged = scene.mallory.encrypts_signed_by(&eves, &framed.encode());
    let frame = scene.place.message(&forged);
    scene.rejects(&frame, "bad_signature", Advice::None);
    scene.still_reads();
}

#[test]
fn a_commit_that_an_insider_signs_with_another_key_has_a_bad_signature() {
    let mut scene = Scene::new();
    let genuine = scene.mallory.shared_keys();
    scene.mallory.keys = scene.eve.shared_keys();
    let forged = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.keys = genuine;
    scene.mallory.forgets();
    let frame = scene.place.commit(&forged);
    scene.rejects(&frame, "bad_signature", Advice::None);
    scene.still_reads();
    scene.everybody_follows(Plan::default());
}

#[test]
fn a_commit_without_the_members_tag_is_not_from_a_member() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    let mut octets = commit.as_slice().to_vec();
    *octets.last_mut().unwrap() ^= 1;
    let forged = scene.place.commit(&MlsOctets::new(octets).unwrap());
    scene.rejects(&forged, "not_from_member", Advice::None);
    scene.still_reads();
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), hash_is_new());
    scene.still_reads();
}

#[test]
fn a_message_of_one_who_may_not_send_is_told_and_never_shown_as_read() {
    let silent = RoleIndex(7);
    let mut place = Place::new(room("h.example", "den"), &scene_users()).with_role(&user("e.example", "eve"), silent);
    let mut roles: Vec<_> = place.roles.iter().cloned().collect();
    let mut role = roles.iter().find(|role| role.index == Roles::MEMBER).unwrap().clone();
    role.index = silent;
    role.name = "silent".into();
    role.capabilities.remove(&RoleCapability::SendMessage);
    roles.push(role);
    place.roles = Roles::new(roles).unwrap();
    let mut scene = Scene::at(place);
    let message = scene.eve.says(&scene.place.uri, "unheard");
    let frame = scene.place.message(&message);
    let step = scene.alice.steps(&[frame]);
    let unauthorized = |event: &comity::Event| matches!(event.kind, EventKind::Message { change: MessageChange::Unauthorized, .. });
    match &step.frames[0] {
        FrameOutcome::Rejected { reason, .. } => assert_eq!(reason.code(), "sender_not_allowed"),
        FrameOutcome::Done { notify, .. } => assert!(!notify && step.events.iter().any(unauthorized), "{step:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.alice.texts(&scene.uri()), Vec::<String>::new(), "nobody is shown what could not be sent");
    assert_eq!(scene.alice.reader().room(&scene.uri()).unwrap().summary.unread, 0);
    scene.still_reads();
}

fn scene_users() -> Vec<comity::UserUri> {
    vec![user("m.example", "mallory"), user("e.example", "eve"), user("a.example", "alice"), user("c.example", "carol")]
}

// Handshakes that cannot be followed.

#[test]
fn a_commit_of_a_proposal_that_we_never_saw_waits_for_nothing_and_works_once_it_is_fetched() {
    let mut scene = Scene::new();
    let proposal = scene.eve.leaves();
    let left = ParticipantUpdate { removed: vec![1], ..ParticipantUpdate::default() };
    let app_data = vec![app_data(PARTICIPANT_LIST, left.encode())];
    let commit = scene.mallory.commits(Plan { held: vec![proposal.clone()], app_data, ..Plan::default() }).commit;
    scene.mallory.merges();
    let commit = scene.place.commit(&commit);
    scene.rejects(&commit, "missing_proposal", Advice::Fetch);
    let proposal = scene.place.proposal(&proposal);
    assert_eq!(scene.alice.receives(&proposal), hash_is_new());
    assert_eq!(scene.alice.receives(&commit), hash_is_new());
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
    let forged = scene.mallory.commits(Plan { app_data, updates, without_path, ..Plan::default() });
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
    let step = scene.alice.client.change(now, &scene.uri(), &[Change::Rotate]).unwrap();
    let request = step.requests.iter().find(|request| request.kind == RequestKind::UpdateRoom).unwrap();
    let HandshakeBundle::Commit { commit, .. } = HandshakeBundle::decode(&request.body).unwrap() else { panic!() };
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
    let commit = scene.mallory.commits(Plan { adds: vec![expiring], ..Plan::default() }).commit;
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    std::thread::sleep(Duration::from_secs(4));
    scene.rejects_somehow(&frame, "expired_leaf", Advice::Rejoin);
    let frame = scene.saying("while away");
    scene.rejects(&frame, "room_stalled", Advice::Rejoin);
    scene.rejoins();
    scene.still_reads();
    assert_eq!(scene.alice.reader().members(&scene.uri(), 0, 10).unwrap().len(), 4, "the late one is there");
}

#[test]
fn whoever_was_removed_is_told_once_and_reads_again_when_invited_again() {
    let mut scene = Scene::new();
    let uri = scene.uri();
    let (mine, index) = (scene.alice.identity.clone(), 2);
    let gone = ParticipantUpdate { removed: vec![index], ..ParticipantUpdate::default() };
    let plan = Plan {
        removes: vec![scene.mallory.index_of(&mine.client)],
        app_data: vec![app_data(PARTICIPANT_LIST, gone.encode())],
        ..Plan::default()
    };
    let commit = scene.mallory.commits(plan).commit;
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), hash_is_new());
    assert_eq!(scene.alice.phase(&uri), Some(Phase::Removed));
    let frame = scene.saying("without Alice");
    scene.rejects(&frame, "evicted", Advice::None);
    let back = ParticipantUpdate {
        added: vec![Participant { user: mine.user, role: Roles::MEMBER }],
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
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { notify: true, .. }));
    drop(scene.alice.client.respond(scene.alice.now, &uri, comity::Response::Accept).unwrap());
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
    let leaf = Some(LeafNodeParameters::builder().with_credential_with_key(who).build());
    let commit = scene.mallory.commits(Plan { leaf, ..Plan::default() }).commit;
    scene.mallory.forgets();
    let frame = scene.place.commit(&commit);
    scene.rejects(&frame, "invalid_commit", Advice::Rejoin);
    scene.still_reads();
    scene.everybody_follows(Plan::default());
}

#[test]
fn a_commit_without_a_path_or_against_the_policy_breaks_a_rule_that_is_named() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let plan = Plan { adds: vec![carol.key_package()], without_path: true, ..Plan::default() };
    let commit = scene.mallory.commits(plan).commit;
    scene.mallory.forgets();
    let frame = scene.place.commit(&commit);
    scene.rejects(&frame, "commit_without_path", Advice::Rejoin);
    // Eve is no administrator.
    let removes = vec![scene.eve.index_of(&scene.alice.identity.client)];
    let commit = scene.eve.commits(Plan { removes, ..Plan::default() }).commit;
    scene.eve.forgets();
    let frame = scene.place.commit(&commit);
    let outcome = scene.alice.receives(&frame);
    let FrameOutcome::Rejected { reason: Rejection::Violation(code), advice: Advice::Rejoin } = outcome else {
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
    let frame = scene.place.frame(&leaving, FanoutTail::Proposal { more: vec![removal] });
    scene.rejects(&frame, "invalid_proposal", Advice::None);
    let now = scene.alice.now;
    let step = scene.alice.client.send(now, &scene.uri(), &comity::Outgoing::text("hi"), comity::Allow::default()).unwrap();
    assert_eq!(step.requests.len(), 1, "no proposal stands in the way of sending");
    assert_eq!(step.requests[0].kind, RequestKind::SubmitMessage);
    scene.still_reads();
}

// Welcomes.

#[test]
fn a_welcome_that_cannot_be_used_uses_nothing_up() {
    let mut scene = Scene::new();
    let place = Place::new(room("h.example", "attic"), &scene_users());
    let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
    host.creates(&place.state());
    let old_tree = host.tree();
    let adds = vec![scene.alice.key_package()];
    let welcome = host.commits(Plan { adds, ..Plan::default() }).welcome.unwrap();
    host.merges();
    let tree = host.tree();
    let nobody = {
        let mut other = Rogue::new("m.example", "mallory", "mallory-pc");
        other.creates(&place.state());
        let carol = Rogue::new("c.example", "carol", "carol-pc").key_package();
        let welcome = other.commits(Plan { adds: vec![carol], ..Plan::default() }).welcome.unwrap();
        other.merges();
        place.welcome(&welcome, other.tree())
    };
    scene.rejects(&nobody, "welcome_for_nobody", Advice::None);
    let wrong_tree = place.welcome(&welcome, old_tree);
    scene.rejects(&wrong_tree, "invalid_welcome", Advice::None);
    let no_tree = FanoutTail::Welcome { ratchet_tree: RatchetTreeOption::DistributionService };
    let no_tree = place.frame(&welcome, no_tree);
    scene.rejects(&no_tree, "invalid_welcome", Advice::None);
    let genuine = place.welcome(&welcome, tree);
    let mut foreign = genuine.clone();
    foreign.from = provider("m.example");
    scene.rejects(&foreign, "foreign_hub", Advice::None);
    let mut elsewhere = genuine.clone();
    elsewhere.room = Some(scene.uri());
    scene.rejects(&elsewhere, "wrong_room", Advice::FixProgram);
    assert_eq!(scene.alice.phase(&place.uri), None);
    let outcome = scene.alice.receives(&genuine);
    assert_eq!(outcome, FrameOutcome::Done { message: None, notify: true }, "the key package is still there");
    assert_eq!(scene.alice.phase(&place.uri), Some(Phase::Invited));
    scene.still_reads();
}

#[test]
fn a_welcome_to_a_second_group_of_a_room_that_we_are_in_changes_nothing() {
    let mut scene = Scene::new();
    let mut second = Rogue::new("m.example", "mallory", "mallory-pc");
    second.creates(&scene.place.state());
    let adds = vec![scene.alice.key_package()];
    let welcome = second.commits(Plan { adds, ..Plan::default() }).welcome.unwrap();
    second.merges();
    let frame = scene.place.welcome(&welcome, second.tree());
    scene.rejects(&frame, "already_joined", Advice::None);
    scene.still_reads();
}

// What a good message says.

#[test]
fn a_message_without_framing_or_of_another_type_is_badly_framed() {
    let mut scene = Scene::new();
    let other = ApplicationFraming { media_type: Some(media_types::text_plain()), content: b"hi".to_vec() };
    for octets in [Vec::new(), vec![1], b"hi".to_vec(), other.encode()] {
        let message = scene.mallory.encrypts(&octets);
        let frame = scene.place.message(&message);
        scene.rejects(&frame, "bad_framing", Advice::None);
        let again = scene.alice.receives(&frame);
        assert_eq!(again, FrameOutcome::Known { message: None, notify: false }, "its key is used up");
    }
    scene.still_reads();
}

#[test]
fn content_that_does_not_decode_says_how() {
    let mut scene = Scene::new();
    let uri = scene.uri();
    let sound = scene.mallory.content(&uri, "sound");
    let mut trailing = sound.clone();
    trailing.push(0);
    let cut = sound[..sound.len() - 1].to_vec();
    let mut codes = BTreeSet::new();
    for content in [Vec::new(), vec![0xff], vec![0x80], vec![0xa0], trailing, cut] {
        let message = scene.mallory.sends(content);
        let frame = scene.place.message(&message);
        let before = scene.alice.snapshot(&uri);
        let outcome = scene.alice.receives(&frame);
        let code = code_of(&outcome);
        assert!(code.starts_with("content_") && code != "content_contradicts", "{code}");
        assert_eq!(scene.alice.snapshot(&uri), before);
        codes.insert(code);
    }
    assert!(codes.len() >= 3, "more than one reason: {codes:?}");
    scene.still_reads();
}

#[test]
fn content_that_names_another_sender_or_room_contradicts_its_frame() {
    let mut scene = Scene::new();
    let uri = scene.uri();
    let elsewhere = room("h.example", "elsewhere");
    let as_eve = scene.eve.content(&uri, "as Eve");
    let in_another_room = scene.mallory.content(&elsewhere, "elsewhere");
    for content in [as_eve, in_another_room] {
        let message = scene.mallory.sends(content);
        let frame = scene.place.message(&message);
        scene.rejects(&frame, "content_contradicts", Advice::None);
    }
    scene.still_reads();
}

#[test]
fn the_same_message_encrypted_twice_is_shown_once() {
    let mut scene = Scene::new();
    let uri = scene.uri();
    let content = scene.mallory.content(&uri, "once");
    let (first, second) = (scene.mallory.sends(content.clone()), scene.mallory.sends(content));
    let (first, second) = (scene.place.message(&first), scene.place.message(&second));
    let id = scene.reads(&first, "once");
    let outcome = scene.alice.receives(&second);
    assert_eq!(outcome, FrameOutcome::Known { message: Some(id), notify: false });
    assert_eq!(scene.alice.texts(&uri), ["once"]);
    scene.still_reads();
}

#[test]
fn a_message_that_asserts_nothing_is_read_too() {
    let mut scene = Scene::new();
    let part = Part::single(Disposition::RENDER, PLAIN_TEXT, b"bare".to_vec());
    let bare = Content::unasserted(Salt::draw(|octets| octets.fill(9)), part).encode().unwrap();
    let message = scene.mallory.sends(bare);
    let frame = scene.place.message(&message);
    scene.reads(&frame, "bare");
}

#[test]
fn one_bad_frame_in_a_batch_blocks_none_of_the_others() {
    let mut scene = Scene::new();
    let good: Vec<_> = (0..3).map(|n| scene.saying(&format!("good {n}"))).collect();
    let bad = scene.place.raw(vec![1, 2, 3]);
    let frames = [good[0].clone(), bad.clone(), good[1].clone(), bad, good[2].clone()];
    let outcomes = scene.alice.steps(&frames).frames;
    let done: Vec<bool> = outcomes.iter().map(|outcome| matches!(outcome, FrameOutcome::Done { message: Some(_), .. })).collect();
    assert_eq!(done, [true, false, true, false, true]);
    assert_eq!(scene.alice.texts(&scene.uri()), ["good 0", "good 1", "good 2"]);
}

#[test]
fn an_answer_that_makes_no_sense_is_no_answer() {
    let mut scene = Scene::new();
    let now = scene.alice.now;
    let step = scene.alice.client.send(now, &scene.uri(), &comity::Outgoing::text("hi"), comity::Allow::default()).unwrap();
    let request = step.requests[0].clone();
    let wrong_hash = comity_wire::SubmitMessageResponse::Accepted {
        accepted_at: scene.place.tick(),
        frank: None,
        accepted: [0; 32],
    };
    for body in [Vec::new(), vec![0xff; 40], wrong_hash.encode()] {
        let step = scene.alice.client.answer(now, request.id, Answer::Body(body)).unwrap();
        assert!(step.events.is_empty() && step.requests.is_empty());
    }
    let outstanding = scene.alice.reader().outstanding(None, 10).unwrap();
    assert!(outstanding.iter().any(|waiting| waiting.id == request.id && waiting.body == request.body));
    scene.serves(vec![request]);
    scene.still_reads();
}
