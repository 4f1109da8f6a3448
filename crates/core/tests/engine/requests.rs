//! Requests and answers: what is handed out, handed out again, and given up.

use std::time::Duration;

use comity::{
    Allow, Answer, EventKind, MessageChange, Outgoing, Request, RequestId, RequestKind, Resolution, Step,
    Timestamp,
};

use crate::support::*;

fn sends(scene: &mut Scene, text: &str) -> Step {
    let (now, uri) = (scene.alice.now, scene.uri());
    scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text(text), Allow::default())
        .unwrap()
}

fn outstanding(scene: &Scene) -> Vec<Request> {
    scene.alice.reader().outstanding(None, 1_000).unwrap()
}

#[test]
fn what_is_outstanding_after_a_restart_is_what_was_handed_out_octet_by_octet() {
    let mut scene = Scene::new();
    let mut handed_out = outstanding(&scene);
    for text in ["one", "two", "three"] {
        handed_out.extend(sends(&mut scene, text).requests);
    }
    assert_eq!(outstanding(&scene), handed_out);
    scene.alice = scene.alice.restarts();
    assert_eq!(outstanding(&scene), handed_out);
    let page = scene
        .alice
        .reader()
        .outstanding(Some(handed_out[0].id), 2)
        .unwrap();
    assert_eq!(page, handed_out[1..3], "page by page too");
    let ours: Vec<_> = handed_out
        .into_iter()
        .filter(|request| request.lane == Some(scene.uri()))
        .collect();
    assert_eq!(ours.len(), 3);
    assert!(
        ours.iter()
            .all(|request| request.to == scene.uri().provider() && request.urgent && request.attempt == 0)
    );
    let ids: std::collections::BTreeSet<_> = ours.iter().map(|request| request.id).collect();
    assert_eq!(ids.len(), 3, "each has a name of its own");
}

#[test]
fn a_request_that_nobody_answers_is_handed_out_again_later_and_later() {
    let mut scene = Scene::new();
    let request = sends(&mut scene, "hello?").requests.remove(0);
    let (mut now, mut pauses) = (scene.alice.now, Vec::new());
    for attempt in 1..=6 {
        let unreachable = Answer::Unreachable { retry_after: None };
        let mut step = scene.alice.client.answer(now, request.id, unreachable).unwrap();
        let again = |step: &Step| step.requests.iter().find(|other| other.id == request.id).cloned();
        assert_eq!(again(&step), None, "not at once");
        // Her leaf may be due for renewal in between.
        let (due, handed_out) = loop {
            let due = step.wake_at.expect("a time to try again");
            let early = Timestamp::from_millis(due.as_millis() - 1);
            let too_early = scene.alice.client.wake(early).unwrap();
            assert_eq!(again(&too_early), None, "waking early does no harm");
            step = scene.alice.client.wake(due).unwrap();
            if let Some(handed_out) = again(&step) {
                break (due, handed_out);
            }
        };
        let expected = Request {
            attempt,
            ..request.clone()
        };
        assert_eq!(handed_out, expected);
        pauses.push(due.since(now));
        now = due;
    }
    assert!(pauses[5] > pauses[0] * 4, "{pauses:?}");
    assert!(
        pauses.iter().all(|pause| *pause <= Duration::from_secs(600)),
        "{pauses:?}"
    );
    let retry_after = Some(Duration::from_secs(3_600));
    let client = &mut scene.alice.client;
    let _ = client
        .answer(now, request.id, Answer::Unreachable { retry_after })
        .unwrap();
    // Something else may be due meanwhile, such as a new leaf.
    let early = client.wake(now.plus(Duration::from_secs(3_599))).unwrap();
    assert!(
        early.requests.iter().all(|other| other.id != request.id),
        "the other side said when"
    );
    let late = client.wake(now.plus(Duration::from_secs(2 * 3_600))).unwrap();
    assert!(
        late.requests.iter().any(|other| other.id == request.id),
        "and then it is handed out"
    );
}

#[test]
fn what_will_never_be_delivered_is_told_frees_its_lane_and_can_be_resolved() {
    let mut scene = Scene::new();
    let first = sends(&mut scene, "too large").requests.remove(0);
    let second = sends(&mut scene, "next").requests.remove(0);
    let now = scene.alice.now;
    let step = scene
        .alice
        .client
        .answer(now, first.id, Answer::Undeliverable)
        .unwrap();
    let told = step.events.iter().find_map(|event| match &event.kind {
        EventKind::Message {
            message,
            change: MessageChange::Undeliverable,
            ..
        } => Some(*message),
        _ => None,
    });
    let id = told.expect("the app is told");
    let waiting: Vec<_> = outstanding(&scene)
        .into_iter()
        .map(|request| request.id)
        .collect();
    assert!(!waiting.contains(&first.id) && waiting.contains(&second.id));
    let step = scene.alice.client.resolve(now, id, Resolution::Retry).unwrap();
    assert_eq!(step.requests.len(), 1);
    assert_eq!(step.requests[0].kind, RequestKind::SubmitMessage);
    drop(
        scene
            .alice
            .client
            .answer(now, step.requests[0].id, Answer::Undeliverable)
            .unwrap(),
    );
    drop(scene.alice.client.resolve(now, id, Resolution::Withdraw).unwrap());
    assert!(scene.alice.reader().message(now, id).unwrap().is_none());
    let error = scene
        .alice
        .client
        .resolve(now, id, Resolution::Retry)
        .unwrap_err();
    assert_eq!(error.code(), "no_such_message");
}

#[test]
fn answering_twice_or_a_request_that_never_was_does_nothing() {
    let mut scene = Scene::new();
    let request = sends(&mut scene, "hi").requests.remove(0);
    scene.serves(vec![request.clone()]);
    let last = scene.alice.last_seq();
    let now = scene.alice.now;
    for (id, answer) in [
        (request.id, Answer::Undeliverable),
        (request.id, Answer::Body(Vec::new())),
        (RequestId([7; 16]), Answer::Unreachable { retry_after: None }),
        (RequestId([7; 16]), Answer::Body(vec![1, 2, 3])),
    ] {
        let step = scene.alice.client.answer(now, id, answer).unwrap();
        assert!(
            step.events.is_empty() && step.requests.is_empty() && step.made.is_none(),
            "{step:?}"
        );
    }
    assert_eq!(scene.alice.last_seq(), last);
}
