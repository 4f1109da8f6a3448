//! What does not decode, and what is not for the room that it came for.

use super::*;

#[test]
fn what_is_cut_short_anywhere_is_malformed() {
    let mut scene = Scene::new();
    let frame = scene.saying("whole");
    let cut: Vec<_> = (0..frame.bytes.len())
        .map(|length| scene.place.raw(frame.bytes[..length].to_vec()))
        .collect();
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

#[test]
fn a_frame_of_a_room_that_we_are_not_in_waits_a_week_for_its_welcome() {
    let mut scene = Scene::new();
    let other = Place::new(room("h.example", "elsewhere"), &[user("m.example", "mallory")]);
    let mut stranger = Rogue::new("m.example", "mallory", "mallory-pc");
    stranger.creates(&other.state());
    let frame = other.message(&stranger.says(&other.uri, "psst"));
    let outcome = scene.alice.receives(&frame);
    assert_eq!(
        outcome,
        FrameOutcome::Held {
            until: HeldUntil::Welcome
        }
    );
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
