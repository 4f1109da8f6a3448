//! What is taken of a batch: as much as the budget allows, and the cursor with it.

use std::time::Duration;

use comity::{Batch, Budget, Client, Cursor, Frame, Opening};

use crate::support::*;

fn batch(frames: &[Frame], position: &[u8]) -> Batch {
    Batch {
        frames: frames.to_vec(),
        cursor: Some(Cursor {
            queue: "mailbox".into(),
            position: position.to_vec(),
        }),
        more: false,
    }
}

fn position(scene: &Scene) -> Option<Vec<u8>> {
    scene
        .alice
        .reader()
        .cursor("mailbox")
        .unwrap()
        .map(|cursor| cursor.position)
}

fn with_budget(scene: &mut Scene, budget: Budget) {
    scene.alice.client.pause().unwrap();
    let opening = Opening {
        budget,
        ..scene.alice.opening()
    };
    scene.alice.client = Client::open(scene.alice.now, &opening).unwrap();
}

#[test]
fn a_batch_beyond_the_budget_is_taken_from_its_beginning_and_the_cursor_stays() {
    let mut scene = Scene::new();
    with_budget(
        &mut scene,
        Budget {
            frames: 3,
            octets: 1 << 20,
            ..Budget::APP
        },
    );
    let frames: Vec<_> = (0..5).map(|n| scene.saying(&format!("number {n}"))).collect();
    let now = scene.alice.now;
    let step = scene.alice.client.receive(now, &batch(&frames, b"5")).unwrap();
    assert_eq!(step.frames.len(), 3);
    assert_eq!(position(&scene), None, "not all was taken");
    assert_eq!(
        scene.alice.texts(&scene.uri()),
        ["number 0", "number 1", "number 2"]
    );
    let step = scene
        .alice
        .client
        .receive(now, &batch(&frames[3..], b"5"))
        .unwrap();
    assert_eq!(step.frames.len(), 2);
    assert_eq!(position(&scene).as_deref(), Some(&b"5"[..]));
    assert_eq!(scene.alice.texts(&scene.uri()).len(), 5);
}

#[test]
fn a_frame_larger_than_the_budget_is_taken_alone() {
    let mut scene = Scene::new();
    with_budget(
        &mut scene,
        Budget {
            frames: 100,
            octets: 10,
            ..Budget::APP
        },
    );
    let frames: Vec<_> = (0..2).map(|n| scene.saying(&format!("number {n}"))).collect();
    let now = scene.alice.now;
    assert_eq!(
        scene
            .alice
            .client
            .receive(now, &batch(&frames, b"2"))
            .unwrap()
            .frames
            .len(),
        1
    );
    assert_eq!(
        scene
            .alice
            .client
            .receive(now, &batch(&frames[1..], b"2"))
            .unwrap()
            .frames
            .len(),
        1
    );
    assert_eq!(position(&scene).as_deref(), Some(&b"2"[..]));
}

#[test]
fn a_cursor_is_stored_with_its_batch_and_a_pushed_frame_moves_none() {
    let mut scene = Scene::new();
    let now = scene.alice.now;
    drop(scene.alice.client.receive(now, &batch(&[], b"1")).unwrap());
    assert_eq!(
        position(&scene).as_deref(),
        Some(&b"1"[..]),
        "an empty page moves it"
    );
    scene.still_reads();
    assert_eq!(position(&scene).as_deref(), Some(&b"1"[..]));
    let bad = scene.place.raw(vec![1, 2, 3]);
    drop(scene.alice.client.receive(now, &batch(&[bad], b"2")).unwrap());
    assert_eq!(
        position(&scene).as_deref(),
        Some(&b"2"[..]),
        "a rejected frame is taken"
    );
    let frame = scene.saying("unseen");
    let error = scene
        .alice
        .client
        .receive(now, &batch(std::slice::from_ref(&frame), &[0; 1_025]))
        .unwrap_err();
    assert_eq!(error.code(), "too_long");
    assert_eq!(position(&scene).as_deref(), Some(&b"2"[..]));
    scene.alice = scene.alice.restarts();
    assert_eq!(position(&scene).as_deref(), Some(&b"2"[..]));
    scene.reads(&frame, "unseen"); // an error takes nothing
}

#[test]
fn an_interrupted_batch_keeps_what_was_taken_and_loses_nothing() {
    let mut scene = Scene::new();
    let frames: Vec<_> = (0..400).map(|n| scene.saying(&format!("number {n}"))).collect();
    let interrupter = scene.alice.client.interrupter();
    let (now, batch) = (scene.alice.now, batch(&frames, b"end"));
    let done = &std::sync::atomic::AtomicBool::new(false);
    let taken = std::thread::scope(|threads| {
        threads.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                interrupter.interrupt();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let step = scene.alice.client.receive(now, &batch);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        step.unwrap().frames.len()
    });
    assert!((1..400).contains(&taken), "{taken} of 400 were taken");
    assert_eq!(position(&scene), None);
    assert_eq!(scene.alice.texts(&scene.uri()).len(), taken);
    let rest = Batch {
        frames: frames[taken..].to_vec(),
        ..batch
    };
    let step = scene.alice.client.receive(now, &rest).unwrap();
    assert_eq!(
        step.frames.len(),
        400 - taken,
        "an interruption is over with the call that it stopped"
    );
    assert_eq!(position(&scene).as_deref(), Some(&b"end"[..]));
    assert_eq!(scene.alice.texts(&scene.uri()).len(), 400);
}

#[test]
fn a_cursor_beyond_its_bound_is_told_before_the_beginning_of_its_batch_is_taken() {
    let mut scene = Scene::new();
    let one = Budget {
        frames: 1,
        ..Budget::APP
    };
    with_budget(&mut scene, one);
    let frames = [scene.saying("one"), scene.saying("two")];
    let now = scene.alice.now;
    let mut taken = |position: &[u8]| scene.alice.client.receive(now, &batch(&frames, position));
    assert_eq!(taken(&[0; 1_025]).unwrap_err().code(), "too_long");
    assert_eq!(taken(&[0; 1_024]).unwrap().frames.len(), 1);
    assert_eq!(scene.alice.texts(&scene.uri()), ["one"]);
}
