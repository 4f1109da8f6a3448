//! Looking into a frame without taking it.

use comity::{FrameOutcome, Timestamp};
use comity_room::ProviderUri;
use rusqlite::Connection;

use crate::support::{Plan, Scene};

#[test]
fn a_preview_shows_what_is_then_received_under_the_same_id_and_changes_nothing() {
    let mut scene = Scene::new();
    let frame = scene.saying("look");
    let (reader, now) = (scene.alice.reader(), scene.alice.now);
    let before = scene.alice.rows();
    let first = reader.preview(now, &frame).unwrap().expect("a text");
    let again = reader
        .preview(now, &frame)
        .unwrap()
        .expect("as often as one likes");
    assert_eq!(first, again);
    crate::support::same_rows(&before, &scene.alice.rows());
    assert!(first.notify);
    assert_eq!(first.room, scene.uri());
    assert_eq!(first.sender.as_str(), "mimi://m.example/u/mallory");

    let outcome = scene.alice.receives(&frame);
    assert_eq!(
        outcome,
        FrameOutcome::Done {
            message: Some(first.message),
            notify: true
        }
    );
    let afterwards = reader
        .preview(now, &frame)
        .unwrap()
        .expect("it was taken, and is kept");
    assert_eq!(afterwards, first);
    assert!(!format!("{first:?}").contains("look"), "not for logs");
}

#[test]
fn a_preview_does_not_wait_for_whoever_is_writing() {
    let mut scene = Scene::new();
    let frame = scene.saying("look");
    let busy = Connection::open(scene.alice.path()).unwrap();
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let preview = scene.alice.reader().preview(scene.alice.now, &frame).unwrap();
    assert!(preview.is_some());
    assert!(scene.alice.reader().rooms(scene.alice.now).is_ok());
    busy.execute_batch("ROLLBACK").unwrap();
    scene.reads(&frame, "look");
}

#[test]
fn there_is_nothing_to_show_in_handshakes_and_in_what_would_be_held_or_rejected() {
    let mut scene = Scene::new();
    let (reader, now) = (scene.alice.reader(), scene.alice.now);
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let commit = scene.place.commit(&commit);
    assert_eq!(reader.preview(now, &commit).unwrap(), None, "a commit");
    let ahead = scene.saying("of the next epoch");
    assert_eq!(reader.preview(now, &ahead).unwrap(), None, "would be held");

    let mut foreign = ahead.clone();
    foreign.from = ProviderUri::parse("mimi://other.example").unwrap();
    assert!(matches!(scene.alice.receives(&commit), FrameOutcome::Done { .. }));
    assert_eq!(reader.preview(now, &foreign).unwrap(), None, "not the room's hub");
    let mut broken = ahead.clone();
    let last = broken.bytes.len() - 40;
    broken.bytes[last] ^= 1;
    assert_eq!(reader.preview(now, &broken).unwrap(), None, "damaged");
    broken.bytes.truncate(9);
    assert_eq!(reader.preview(now, &broken).unwrap(), None, "no frame");
    assert!(reader.preview(now, &ahead).unwrap().is_some());
    let late = Timestamp::from_millis(now.as_millis() + 1);
    assert!(reader.preview(late, &ahead).unwrap().is_some());
    scene.reads(&ahead, "of the next epoch");
}
