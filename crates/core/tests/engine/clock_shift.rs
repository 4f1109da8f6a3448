//! OpenMLS asks the process's clock. Here the process runs under another one, by `faketime`.
//!
//! A test prepares a room under the true clock, writes Alice's frames down, and runs itself again under the other clock to
//! take them in. `cargo xtask setup` installs `faketime`; without it these tests fail.

use std::path::PathBuf;
use std::process::Command;

use comity::{Batch, ClientChange, EventKind, Frame, FrameKind, FrameOutcome, HeldUntil, Opening, Phase};

use crate::support::*;

/// Names the directory in which the process under another clock finds its work.
const WORK: &str = "COMITY_TEST_UNDER_ANOTHER_CLOCK";

/// Frames of one room: a message, a commit, a late message, a commit that adds, and a message of the new epoch.
fn frames(scene: &mut Scene) -> Vec<Frame> {
    let message = scene.saying("a message");
    let late = scene.saying("a late message");
    let rotation = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let mut carol = Phone::new("c.example", "carol", "carol-phone");
    let adds = vec![carol.key_package()];
    let add = scene
        .mallory
        .commits(Plan {
            adds,
            ..Plan::default()
        })
        .commit;
    scene.mallory.merges();
    let (rotation, add) = (scene.place.commit(&rotation), scene.place.commit(&add));
    vec![message, rotation, late, add, scene.saying("a message after")]
}

/// Lets the test `name` run again under a shifted clock and take the frames; returns what became of each.
fn under_clock(name: &str, shift: &str, scene: &mut Scene, frames: &[Frame]) -> Vec<String> {
    scene.alice.client.pause().unwrap();
    let work = tempfile::tempdir().unwrap();
    std::fs::copy(scene.alice.path(), work.path().join("client.comity")).unwrap();
    for (n, frame) in frames.iter().enumerate() {
        std::fs::write(work.path().join(format!("{n}.frame")), &frame.bytes).unwrap();
    }
    let output = Command::new("faketime")
        .args(["-f", shift])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("clock_shift::{name}"),
            "--nocapture",
            "--test-threads=1",
        ])
        .env(WORK, work.path())
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .output()
        .unwrap_or_else(|error| panic!("faketime does not run ({error}): `cargo xtask setup` installs it"));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "under {shift}: {said}");
    let outcomes = std::fs::read_to_string(work.path().join("outcomes")).unwrap_or_else(|_| panic!("{said}"));
    std::fs::copy(work.path().join("client.comity"), scene.alice.path()).unwrap();
    scene.alice.client.resume().unwrap();
    outcomes.lines().map(str::to_owned).collect()
}

/// In the process under the other clock: takes the frames, and says so. `None` in the first process.
fn shifted() -> Option<()> {
    let work = PathBuf::from(std::env::var_os(WORK)?);
    let now = present();
    let opening = Opening::app(work.join("client.comity"), KEY);
    let mut client = comity::Client::open(now, &opening).unwrap();
    let mut outcomes = String::new();
    for n in 0.. {
        let Ok(bytes) = std::fs::read(work.join(format!("{n}.frame"))) else {
            break;
        };
        let frame = Frame {
            room: None,
            from: provider("h.example"),
            kind: FrameKind::Fanout,
            bytes,
        };
        let batch = Batch {
            frames: vec![frame],
            cursor: None,
            more: false,
        };
        let step = client.receive(now, &batch).unwrap();
        outcomes += &format!("{}\n", word(&step.frames[0]));
    }
    client.close().unwrap();
    std::fs::write(work.join("outcomes"), outcomes).unwrap();
    Some(())
}

fn word(outcome: &FrameOutcome) -> String {
    match outcome {
        FrameOutcome::Done { message, .. } => if message.is_some() { "read" } else { "done" }.to_owned(),
        FrameOutcome::Held {
            until: HeldUntil::Clock,
        } => "waits for the clock".to_owned(),
        FrameOutcome::Held { until } => format!("waits for {until:?}"),
        FrameOutcome::Rejected { reason, advice } => format!("{}: {}", reason.code(), advice.code()),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_process_whose_clock_is_a_day_behind_follows_an_add_and_reads() {
    if shifted().is_some() {
        return;
    }
    let mut scene = Scene::new();
    let frames = frames(&mut scene);
    let name = "a_process_whose_clock_is_a_day_behind_follows_an_add_and_reads";
    let outcomes = under_clock(name, "-1d", &mut scene, &frames);
    assert_eq!(outcomes, ["read", "done", "read", "done", "read"]);
    let suspect = |event: &comity::Event| {
        matches!(
            event.kind,
            EventKind::Client {
                change: ClientChange::ClockSuspect { .. },
                ..
            }
        )
    };
    assert_eq!(
        scene.alice.events().iter().filter(|event| suspect(event)).count(),
        1,
        "the app is told, once"
    );
    scene.still_reads();
}

#[test]
fn a_process_whose_clock_is_20_days_behind_still_follows_an_add_by_our_key_packages() {
    if shifted().is_some() {
        return;
    }
    let mut scene = Scene::new();
    let frames = frames(&mut scene);
    let name = "a_process_whose_clock_is_20_days_behind_still_follows_an_add_by_our_key_packages";
    let outcomes = under_clock(name, "-20d", &mut scene, &frames);
    assert_eq!(outcomes, ["read", "done", "read", "done", "read"]);
    scene.still_reads();
}

#[test]
fn a_process_whose_clock_is_60_days_behind_waits_with_the_add_and_follows_once_the_clock_is_right() {
    if shifted().is_some() {
        return;
    }
    let mut scene = Scene::new();
    let frames = frames(&mut scene);
    let name =
        "a_process_whose_clock_is_60_days_behind_waits_with_the_add_and_follows_once_the_clock_is_right";
    let outcomes = under_clock(name, "-60d", &mut scene, &frames);
    assert_eq!(
        outcomes,
        ["read", "done", "read", "waits for the clock", "waits for Commit"]
    );
    assert_eq!(scene.alice.phase(&scene.uri()), Some(Phase::Joined));
    drop(scene.alice.client.wake(scene.alice.now.plus(days(1))).unwrap());
    assert_eq!(
        scene.alice.epoch(&scene.uri()),
        scene.mallory.group().epoch().as_u64()
    );
    assert_eq!(
        scene.alice.texts(&scene.uri()),
        ["a message", "a late message", "a message after"]
    );
    scene.still_reads();
}

#[test]
fn a_process_whose_clock_is_100_days_ahead_reads_but_cannot_follow_an_add_and_finds_back() {
    if shifted().is_some() {
        return;
    }
    let mut scene = Scene::new();
    let frames = frames(&mut scene);
    let name = "a_process_whose_clock_is_100_days_ahead_reads_but_cannot_follow_an_add_and_finds_back";
    let outcomes = under_clock(name, "+100d", &mut scene, &frames);
    assert_eq!(
        outcomes,
        [
            "read",
            "done",
            "read",
            "expired_leaf: rejoin",
            "room_stalled: rejoin"
        ]
    );
    scene.rejoins();
    scene.still_reads();
    let texts = scene.alice.texts(&scene.uri());
    assert_eq!(
        texts,
        ["a message", "a late message", "genuine 1"],
        "what was said meanwhile is for others"
    );
}
