//! Verbs that are called as they must not be.

use comity::{Allow, Change, Outgoing, Position, Response, Seq};

use crate::support::*;

/// A text whose language no tag names.
fn in_no_language() -> Outgoing {
    let mut outgoing = Outgoing::text("hi");
    outgoing.alternatives[0].language = "no language!".to_owned();
    outgoing
}

/// A text of so many octets, in a topic of so many.
fn of_length(text: usize, topic: usize) -> Outgoing {
    let mut outgoing = Outgoing::text(&"x".repeat(text));
    outgoing.topic = vec![7; topic];
    outgoing
}

#[test]
fn a_message_is_at_most_a_mebibyte_and_what_is_longer_is_told_so() {
    let mut scene = Scene::new();
    let (now, uri) = (scene.alice.now, scene.uri());
    let client = &mut scene.alice.client;
    let mut send = |outgoing: &Outgoing| client.send(now, &uri, outgoing, Allow::default());
    for long in [of_length(1 << 20, 0), of_length(40 << 20, 0), of_length(2, 4_097)] {
        assert_eq!(send(&long).unwrap_err().code(), "too_long");
    }
    assert!(send(&of_length((1 << 20) - 1_000, 0)).is_ok());
    assert!(send(&of_length(2, 4_096)).is_ok());
}

#[test]
fn a_misused_verb_changes_nothing() {
    let mut scene = Scene::new();
    let (now, uri, nowhere) = (scene.alice.now, scene.uri(), room("h.example", "nowhere"));
    let rows = scene.alice.rows();
    let client = &mut scene.alice.client;
    let codes = [
        client
            .send(now, &nowhere, &Outgoing::text("hi"), Allow::default())
            .unwrap_err()
            .code(),
        client
            .send(now, &uri, &Outgoing::new(Vec::new()), Allow::default())
            .unwrap_err()
            .code(),
        client
            .send(now, &uri, &in_no_language(), Allow::default())
            .unwrap_err()
            .code(),
        client
            .send(now, &uri, &of_length(1 << 20, 0), Allow::default())
            .unwrap_err()
            .code(),
        client
            .send(now, &uri, &of_length(2, 4_097), Allow::default())
            .unwrap_err()
            .code(),
        client.change(now, &uri, &[]).unwrap_err().code(),
        client
            .change(now, &uri, &[Change::Leave, Change::Rotate])
            .unwrap_err()
            .code(),
        client.respond(now, &uri, Response::Accept).unwrap_err().code(),
        client
            .read(now, &nowhere, Position::default())
            .unwrap_err()
            .code(),
        client.join(now, &nowhere, Some(&[0; 1_025])).unwrap_err().code(),
    ];
    let expected = [
        "no_such_room",
        "outgoing_malformed",
        "outgoing_language",
        "too_long",
        "too_long",
        "changes_contradict",
        "changes_contradict",
        "not_invited",
        "no_such_room",
        "too_long",
    ];
    assert_eq!(codes, expected);
    same_rows(&rows, &scene.alice.rows());
    assert_eq!(scene.alice.reader().events(Seq(u64::MAX - 1), 10).unwrap(), []);
    scene.still_reads();
}
