//! When a frame was made: too early, too late, or before.

use super::*;

#[test]
fn a_frame_of_an_epoch_to_come_waits_for_the_commit() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let early = scene.saying("early");
    assert_eq!(
        scene.alice.receives(&early),
        FrameOutcome::Held {
            until: HeldUntil::Commit
        }
    );
    let behind = |event: &comity::Event| {
        matches!(
            event.kind,
            EventKind::Room {
                change: RoomChange::Behind,
                ..
            }
        )
    };
    assert!(
        scene.alice.events().iter().any(behind),
        "the app is told to fetch"
    );
    let again = scene.alice.receives(&early);
    assert_eq!(
        again,
        FrameOutcome::Held {
            until: HeldUntil::Commit
        },
        "and may deliver it again"
    );
    let frame = scene.place.commit(&commit);
    let step = scene.alice.steps(&[frame]);
    assert_eq!(step.frames, [in_silence()]);
    assert_eq!(scene.alice.texts(&scene.uri()), ["early"]);
    let FrameOutcome::Known { message: Some(_), .. } = scene.alice.receives(&early) else {
        panic!("it is known now")
    };
    scene.still_reads();
}

#[test]
fn an_epoch_that_never_comes_is_given_up_after_a_week() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let early = scene.saying("early");
    assert_eq!(
        scene.alice.receives(&early),
        FrameOutcome::Held {
            until: HeldUntil::Commit
        }
    );
    scene.alice.now = scene.alice.now.plus(days(7));
    drop(scene.alice.client.wake(scene.alice.now).unwrap());
    assert_eq!(scene.reasons(), [Rejection::EpochNeverCame]);
    assert_eq!(scene.reasons()[0].advice(), Advice::Fetch);
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), in_silence());
    scene.reads(&early, "early");
}

#[test]
fn frames_of_epochs_to_come_are_held_in_small_numbers() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let many: Vec<_> = (0..301).map(|n| scene.saying(&format!("early {n}"))).collect();
    let outcomes = scene.alice.steps(&many).frames;
    let held = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, FrameOutcome::Held { .. }))
        .count();
    assert_eq!(held, 300, "of one group");
    assert_eq!(code_of(&outcomes[300]), "epoch_never_came");
    let frame = scene.place.commit(&commit);
    assert_eq!(scene.alice.receives(&frame), in_silence());
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
    let welcome = scene.mallory.adds(vec![carol.key_package()]);
    let frame = scene.place.welcome(&welcome, scene.mallory.tree());
    assert!(matches!(carol.receives(&frame), FrameOutcome::Done { .. }));
    let outcome = carol.receives(&early);
    assert_eq!(code_of(&outcome), "epoch_too_old");
    let frame = scene.saying("to Carol too");
    let outcome = carol.receives(&frame);
    assert!(
        matches!(outcome, FrameOutcome::Done { message: Some(_), .. }),
        "{outcome:?}"
    );
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
        assert_eq!(
            outcome,
            FrameOutcome::Known {
                message: Some(id),
                notify: true
            }
        );
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
    assert_eq!(scene.alice.receives(&frame), in_silence());
    assert_eq!(
        scene.alice.receives(&frame),
        FrameOutcome::Known {
            message: None,
            notify: false
        }
    );
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
