//! Reports of what became of messages, which are kept and not shown.

use comity::FrameOutcome;
use comity::content::compose::{Author, Target};
use comity::content::{Content, MessageId, Salt, Status, StatusReport};

use crate::support::Scene;

fn salt(n: u8) -> Salt {
    #[expect(clippy::disallowed_methods, reason = "a test may foretell its salts")]
    Salt::draw(|octets| octets.fill(n))
}

/// A report of Mallory's that one message was read.
fn report(scene: &Scene, read: MessageId) -> Content {
    let (user, room) = (scene.mallory.user.clone(), scene.uri());
    let report = StatusReport::of(Status::READ, [read]);
    Author::new(&user, &room).reports(salt(0xf1), &report).unwrap()
}

#[test]
fn a_report_is_kept_and_neither_shown_nor_counted_nor_told_of() {
    let mut scene = Scene::new();
    let genuine = scene.still_reads();
    let (uri, now) = (scene.uri(), scene.alice.now);
    let (before, last) = (scene.alice.snapshot(&uri), scene.alice.last_seq());
    let content = report(&scene, genuine);
    let message = scene.mallory.sends(content.encode().unwrap());
    let frame = scene.place.message(&message);

    let seen = scene
        .alice
        .reader()
        .preview(now, &frame)
        .unwrap()
        .expect("a message");
    assert!(!seen.notify, "nothing for a notification");
    let outcome = scene.alice.receives(&frame);
    let told = FrameOutcome::Done {
        message: Some(seen.message),
        notify: false,
    };
    assert_eq!(outcome, told);
    assert_eq!(
        scene.alice.snapshot(&uri),
        before,
        "the same texts, and none unread"
    );
    assert_eq!(scene.alice.last_seq(), last, "no event");

    let kept = scene
        .alice
        .reader()
        .message(now, seen.message)
        .unwrap()
        .expect("kept");
    let read = StatusReport::of_content(&kept.content.expect("with its content"));
    assert_eq!(read.unwrap().unwrap().entries(), [(genuine, Status::READ)]);
    scene.still_reads();
}

#[test]
fn a_report_that_comes_twice_is_nothing_for_a_notification_either() {
    let mut scene = Scene::new();
    let genuine = scene.still_reads();
    let octets = report(&scene, genuine).encode().unwrap();
    let first = scene.mallory.sends(octets.clone());
    let frame = scene.place.message(&first);
    let FrameOutcome::Done {
        message,
        notify: false,
    } = scene.alice.receives(&frame)
    else {
        panic!("not taken");
    };
    let known = FrameOutcome::Known {
        message,
        notify: false,
    };
    assert_eq!(scene.alice.receives(&frame), known, "the same frame");
    let encrypted_anew = scene.mallory.sends(octets);
    let frame = scene.place.message(&encrypted_anew);
    assert_eq!(
        scene.alice.receives(&frame),
        known,
        "the same message in another frame"
    );
}

#[test]
fn a_reaction_that_comes_twice_is_nothing_for_a_notification_and_a_text_is() {
    let mut scene = Scene::new();
    let (user, uri) = (scene.mallory.user.clone(), scene.uri());
    let author = Author::new(&user, &uri);
    let text = scene.mallory.content(&uri, "look");
    let twice = |scene: &mut Scene, octets: Vec<u8>| {
        [octets.clone(), octets].map(|octets| {
            let message = scene.mallory.sends(octets);
            let frame = scene.place.message(&message);
            match scene.alice.receives(&frame) {
                FrameOutcome::Done { message, notify } | FrameOutcome::Known { message, notify } => {
                    (message.expect("a message"), notify)
                }
                other => panic!("{other:?}"),
            }
        })
    };
    let [(id, first), (same, again)] = twice(&mut scene, text);
    assert_eq!((same, first, again), (id, true, true));
    let reaction = author.reacts(salt(0xf2), &Target::said(id), "🍕").unwrap();
    let [(reaction, first), (same, again)] = twice(&mut scene, reaction.encode().unwrap());
    assert_eq!((same, first, again), (reaction, false, false));
}
