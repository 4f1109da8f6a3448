//! What a message says that MLS has no quarrel with.

use super::*;

#[test]
fn a_message_without_framing_or_of_another_type_is_badly_framed() {
    let mut scene = Scene::new();
    let other = ApplicationFraming {
        media_type: Some(media_types::text_plain()),
        content: b"hi".to_vec(),
    };
    for octets in [Vec::new(), vec![1], b"hi".to_vec(), other.encode()] {
        let message = scene.mallory.encrypts(&octets);
        let frame = scene.place.message(&message);
        scene.rejects(&frame, "bad_framing", Advice::None);
        let again = scene.alice.receives(&frame);
        assert_eq!(
            again,
            FrameOutcome::Known {
                message: None,
                notify: false
            },
            "its key is used up"
        );
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
        assert!(
            code.starts_with("content_") && code != "content_contradicts",
            "{code}"
        );
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
    assert_eq!(
        outcome,
        FrameOutcome::Known {
            message: Some(id),
            notify: true
        }
    );
    assert_eq!(scene.alice.texts(&uri), ["once"]);
    assert_eq!(
        scene.alice.reader().room(&uri).unwrap().summary.unread,
        1,
        "and counted once"
    );
    scene.still_reads();
}

#[test]
fn a_message_that_asserts_nothing_is_read_too() {
    let mut scene = Scene::new();
    let part = Part::single(Disposition::RENDER, PLAIN_TEXT, b"bare".to_vec());
    #[expect(clippy::disallowed_methods, reason = "a test may foretell its salts")]
    let salt = Salt::draw(|octets| octets.fill(9));
    let bare = Content::unasserted(salt, part).encode().unwrap();
    let message = scene.mallory.sends(bare);
    let frame = scene.place.message(&message);
    scene.reads(&frame, "bare");
}

#[test]
fn one_bad_frame_in_a_batch_blocks_none_of_the_others() {
    let mut scene = Scene::new();
    let good: Vec<_> = (0..3).map(|n| scene.saying(&format!("good {n}"))).collect();
    let bad = scene.place.raw(vec![1, 2, 3]);
    let frames = [
        good[0].clone(),
        bad.clone(),
        good[1].clone(),
        bad,
        good[2].clone(),
    ];
    let outcomes = scene.alice.steps(&frames).frames;
    let done: Vec<bool> = outcomes
        .iter()
        .map(|outcome| matches!(outcome, FrameOutcome::Done { message: Some(_), .. }))
        .collect();
    assert_eq!(done, [true, false, true, false, true]);
    assert_eq!(scene.alice.texts(&scene.uri()), ["good 0", "good 1", "good 2"]);
}

#[test]
fn an_answer_that_makes_no_sense_is_no_answer() {
    let mut scene = Scene::new();
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
    let request = step.requests[0].clone();
    let wrong_hash = comity_wire::SubmitMessageResponse::Accepted {
        accepted_at: scene.place.tick(),
        frank: None,
        accepted: [0; 32],
    };
    for body in [Vec::new(), vec![0xff; 40], wrong_hash.encode()] {
        let step = scene
            .alice
            .client
            .answer(now, request.id, Answer::Body(body))
            .unwrap();
        assert!(step.events.is_empty() && step.requests.is_empty());
    }
    let outstanding = scene.alice.reader().outstanding(None, 10).unwrap();
    assert!(
        outstanding
            .iter()
            .any(|waiting| waiting.id == request.id && waiting.body == request.body)
    );
    scene.serves(vec![request]);
    scene.still_reads();
}
