//! Commits that no member made: told by their tag, before anything else in them is looked at.

use super::*;

/// Mallory's next commit, which renews keys.
fn next_commit(scene: &mut Scene) -> comity::Frame {
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.place.commit(&commit)
}

fn flipped(frame: &comity::Frame, from_the_end: usize) -> comity::Frame {
    let mut frame = frame.clone();
    let place = frame.bytes.len() - from_the_end;
    frame.bytes[place] ^= 1;
    frame
}

/// Where the membership tag, the confirmation tag, the signature and the path are, from the end: behind all is an empty list.
const PLACES: [usize; 4] = [2, 40, 80, 300];

#[test]
fn forged_commits_between_genuine_ones_change_nothing_in_any_epoch() {
    let mut scene = Scene::new();
    for _epoch in 0..4 {
        scene.still_reads();
        let genuine = next_commit(&mut scene);
        for place in PLACES {
            scene.rejects(&flipped(&genuine, place), "not_from_member", Advice::None);
        }
        scene.mallory.merges();
        assert_eq!(scene.alice.receives(&genuine), in_silence());
    }
    scene.still_reads();
}

#[test]
fn a_commit_of_the_epoch_before_under_the_present_ones_number_is_forged() {
    let mut scene = Scene::new();
    let old = scene.everybody_follows(Plan::default()).commit;
    scene.still_reads();
    let present = scene.mallory.group().epoch().as_u64();
    let id = scene.mallory.group().group_id().as_slice().to_vec();
    let frame = patched(&scene, &old, |octets| {
        let group = octets.windows(id.len()).position(|window| window == id).unwrap();
        let epoch = group + id.len();
        octets[epoch..epoch + 8].copy_from_slice(&present.to_be_bytes());
    });
    scene.rejects(&frame, "not_from_member", Advice::None);
    scene.everybody_follows(Plan::default());
    scene.still_reads();
}

#[test]
fn a_forged_commit_is_read_no_further_than_to_its_tag() {
    let mut scene = Scene::new();
    scene.still_reads();
    let genuine = next_commit(&mut scene);
    let mut forged = flipped(&genuine, 2);
    forged.bytes.extend([0xff; 9]); // no list of proposals
    scene.rejects(&forged, "not_from_member", Advice::None);
    let mut without = genuine.clone();
    without.bytes.extend([0xff; 9]);
    scene.rejects(&without, "frame_malformed", Advice::None);
    // Nothing is in memory: the group is not loaded for it.
    let mut scene = scene.restarts();
    scene.rejects(&forged, "frame_malformed", Advice::None);
    scene.rejects(&flipped(&genuine, 2), "not_from_member", Advice::None);
    scene.mallory.merges();
    assert_eq!(scene.alice.receives(&genuine), in_silence());
    scene.still_reads();
}

#[test]
fn who_brings_a_forged_commit_is_looked_at_first() {
    let mut scene = Scene::new();
    scene.still_reads();
    let forged = flipped(&next_commit(&mut scene), 2);
    let from_elsewhere = comity::Frame {
        from: comity::room::ProviderUri::parse("mimi://x.example").unwrap(),
        ..forged.clone()
    };
    scene.rejects(&from_elsewhere, "foreign_hub", Advice::None);
    let of_another_room = comity::Frame {
        room: Some(room("h.example", "elsewhere")),
        ..forged
    };
    scene.rejects(&of_another_room, "wrong_room", Advice::FixProgram);
    scene.still_reads();
}

#[test]
fn forged_commits_in_a_batch_block_no_message_and_lose_none() {
    let mut scene = Scene::new();
    let genuine = next_commit(&mut scene);
    let mut frames = Vec::new();
    for number in 0..8 {
        frames.push(scene.saying(&format!("message {number}")));
        frames.push(flipped(&genuine, PLACES[number % PLACES.len()]));
    }
    let outcomes = scene.alice.steps(&frames).frames;
    for pair in outcomes.chunks(2) {
        assert!(
            matches!(pair[0], FrameOutcome::Done { message: Some(_), .. }),
            "{pair:?}"
        );
        assert_eq!(code_of(&pair[1]), "not_from_member");
    }
    let mut scene = scene.restarts();
    assert_eq!(scene.alice.texts(&scene.uri()).len(), 8);
    for frame in frames.iter().step_by(2) {
        let again = scene.alice.receives(frame);
        assert!(
            matches!(again, FrameOutcome::Known { .. }),
            "its key is used up: {again:?}"
        );
    }
    scene.mallory.merges();
    assert_eq!(scene.alice.receives(&genuine), in_silence());
    scene.still_reads();
}
