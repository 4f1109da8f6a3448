//! Every bit of a frame flipped: nothing is accepted, nothing panics, nothing is written, and the genuine frame works.
//!
//! An application frame is tried bit by bit. A commit is tried bit by bit in a release build and, because each flip costs a
//! signature check, with two bits in seven in a debug build.

use std::time::Duration;

use comity::{Change, Frame, FrameOutcome, RequestKind};
use comity_wire::{FanoutTail, MlsOctets};

use crate::support::*;

/// How many flips are delivered in one step.
const AT_ONCE: usize = 128;

/// The frames of a message with one bit flipped each, given as octets so that nothing is checked on the way.
fn flipped(scene: &Scene, message: &MlsOctets, bits: impl Iterator<Item = usize>) -> Vec<Frame> {
    let tail = match message.kind().unwrap() {
        comity_wire::MessageKind::Application => FanoutTail::Application { frank: None },
        comity_wire::MessageKind::Commit => FanoutTail::Commit { external: Vec::new() },
        kind => panic!("{kind:?}"),
    };
    let whole = scene.place.frame(message, tail);
    let frame = |bit: usize| {
        let mut frame = whole.clone();
        frame.bytes[8 + bit / 8] ^= 1 << (bit % 8); // behind the hub's time
        frame
    };
    bits.map(frame).collect()
}

/// A room in epoch 3. No bit flipped in that number names an epoch before Alice came, whose handshakes are done in silence.
fn in_epoch_3() -> Scene {
    let mut scene = Scene::new();
    scene.everybody_follows(Plan::default());
    scene.everybody_follows(Plan::default());
    assert_eq!(scene.alice.epoch(&scene.uri()), 3);
    scene
}

/// Delivers them all; none is accepted, and not one row of a group, a message or a member is written.
#[track_caller]
fn none_is_accepted(scene: &mut Scene, frames: &[Frame]) {
    let (before, mut rows) = (scene.alice.snapshot(&scene.uri()), scene.alice.rows());
    for frames in frames.chunks(AT_ONCE) {
        for outcome in scene.alice.steps(frames).frames {
            let unusable = matches!(outcome, FrameOutcome::Rejected { .. } | FrameOutcome::Held { .. });
            assert!(unusable, "a frame with a bit flipped: {outcome:?}");
        }
    }
    assert_eq!(scene.alice.snapshot(&scene.uri()), before);
    let mut after = scene.alice.rows();
    // A frame that names an epoch to come makes the engine suspect that it is behind: that is noted with the room, and in
    // the file's head, which stands among the settings.
    let settings = rows["setting"].iter().zip(&after["setting"]);
    let head = settings.into_iter().position(|(was, is)| was != is);
    for rows in [&mut rows, &mut after] {
        rows.remove("room");
        let settings = rows.get_mut("setting").unwrap();
        head.map(|head| settings.remove(head));
    }
    same_rows(&rows, &after);
}

#[test]
fn no_bit_of_a_message_can_be_flipped() {
    let mut scene = in_epoch_3();
    let genuine = scene.mallory.says(&scene.place.uri, "whole");
    let bits = genuine.as_slice().len() * 8;
    assert!(bits > 2_000, "a padded message");
    let frames = flipped(&scene, &genuine, 0..bits);
    none_is_accepted(&mut scene, &frames);
    let frame = scene.place.message(&genuine);
    scene.reads(&frame, "whole");
    scene.still_reads();
}

#[test]
fn no_bit_of_a_members_commit_can_be_flipped() {
    let (firsts, step) = if cfg!(debug_assertions) {
        (0..2, 7)
    } else {
        (0..1, 1)
    };
    for first in firsts {
        let mut scene = in_epoch_3();
        let genuine = scene.mallory.commits(Plan::default()).commit;
        let bits = genuine.as_slice().len() * 8;
        let frames = flipped(&scene, &genuine, (first * 3..bits).step_by(step));
        none_is_accepted(&mut scene, &frames);
        scene.still_reads();
        scene.mallory.merges();
        let frame = scene.place.commit(&genuine);
        let outcome = scene.alice.receives(&frame);
        assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
        scene.still_reads();
    }
}

#[test]
fn no_bit_of_a_joiners_commit_can_be_flipped() {
    let mut scene = in_epoch_3();
    let mut carol = Rogue::new("c.example", "carol", "carol-pc");
    let genuine = carol.joins(&scene.mallory.entrance(), carol.leaf());
    let bits = genuine.as_slice().len() * 8;
    // No member's tag protects it: the signature does, and what it does not cover is the confirmation tag at the end.
    let step = if cfg!(debug_assertions) { 11 } else { 1 };
    let sample = (0..bits).step_by(step).chain(bits - 8 * 33..bits);
    let frames = flipped(&scene, &genuine, sample);
    none_is_accepted(&mut scene, &frames);
    scene.still_reads();
    scene.mallory.follows(&genuine, &[]);
    let frame = scene.place.commit(&genuine);
    let outcome = scene.alice.receives(&frame);
    assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
    scene.still_reads();
}

#[test]
fn forged_epochs_keep_nobody_from_acting_for_longer_than_a_minute() {
    let mut scene = in_epoch_3();
    let genuine = scene.mallory.says(&scene.place.uri, "whole");
    let group = genuine.as_slice()[4] as usize;
    let last_of_epoch = (2 + 2 + 1 + group + 8) * 8 - 8;
    let frames = flipped(&scene, &genuine, last_of_epoch + 4..last_of_epoch + 8);
    let outcomes = scene.alice.steps(&frames).frames;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, FrameOutcome::Held { .. })),
        "{outcomes:?}"
    );
    scene.alice.now = scene.alice.now.plus(Duration::from_secs(61));
    let now = scene.alice.now;
    drop(scene.alice.client.wake(now).unwrap());
    let step = scene
        .alice
        .client
        .change(now, &scene.uri(), &[Change::Rotate])
        .unwrap();
    assert!(
        step.requests
            .iter()
            .any(|request| request.kind == RequestKind::UpdateRoom),
        "{step:?}"
    );
    scene.serves(step.requests);
    scene.still_reads();
}
