//! `Debug` is for logs: it shows neither what people say nor any key.

use comity::content::{Expiration, ExternalPart, Part};
use comity::{Allow, NewRoom, Opening, Outgoing, Page, attachment};

use crate::support::*;

/// What somebody says in these tests, and nothing else holds.
const SECRET: &str = "the-very-secret";

/// Neither as text, nor as a list of numbers, nor in hex.
#[track_caller]
fn hides(secret: &[u8], record: &dyn std::fmt::Debug) {
    let numbers: Vec<_> = secret.iter().map(u8::to_string).collect();
    let hex: String = secret.iter().map(|octet| format!("{octet:02x}")).collect();
    let text = String::from_utf8_lossy(secret);
    // The pretty form puts numbers on lines of their own, so white space does not count.
    for shown in [format!("{record:?}"), format!("{record:#?}")] {
        let dense: String = shown.split_whitespace().collect();
        for form in [&numbers.join(","), &hex, &hex.to_uppercase(), text.as_ref()] {
            assert!(!dense.contains(form), "{shown}");
        }
    }
}

#[test]
fn no_record_shows_what_is_said() {
    let mut scene = Scene::new();
    let (now, uri) = (scene.alice.now, scene.uri());
    let frame = scene.saying(SECRET);
    let said = scene.reads(&frame, SECRET);
    let outgoing = Outgoing::markdown(SECRET)
        .in_topic(SECRET.into())
        .in_reply_to(said)
        .expiring(Expiration::Relative(60));
    hides(SECRET.as_bytes(), &outgoing);
    let reader = scene.alice.reader();
    hides(SECRET.as_bytes(), &reader.plan(&uri, &outgoing).unwrap());
    for outgoing in [outgoing, Outgoing::reaction(said, SECRET)] {
        let step = scene
            .alice
            .client
            .send(now, &uri, &outgoing, Allow::default())
            .unwrap();
        hides(SECRET.as_bytes(), &step);
    }
    let messages = reader.timeline(now, &uri, Page::Latest(10)).unwrap();
    assert!(messages.iter().any(|message| !message.reactions.is_empty()));
    assert!(messages.iter().all(|message| message.octets.is_some()));
    hides(SECRET.as_bytes(), &messages);
    hides(SECRET.as_bytes(), &scene.alice.events());
    hides(SECRET.as_bytes(), &reader.outstanding(None, 10).unwrap());
    hides(SECRET.as_bytes(), &reader.rooms(now).unwrap());
    hides(SECRET.as_bytes(), &reader.room(&uri).unwrap());
    hides(SECRET.as_bytes(), &reader);
    hides(SECRET.as_bytes(), &scene.alice.client);
    hides(SECRET.as_bytes(), &frame);
}

#[test]
fn no_record_shows_a_key_or_what_an_attachment_holds() {
    let key = *b"key of thirty-two octets, no les";
    let opening = Opening::app("client.comity", comity::Key32::new(key));
    hides(&key, &opening);
    hides(&key, &opening.key);
    let sealed = attachment::seal(SECRET.as_bytes()).unwrap();
    let octets = sealed.part.key.octets().to_vec();
    assert_eq!(octets.len(), 16);
    hides(&octets, &sealed);
    hides(&octets, &sealed.part);
    let external = ExternalPart {
        description: SECRET.to_owned(),
        filename: SECRET.to_owned(),
        ..sealed.part.clone()
    };
    let part = Part::external(comity::content::Disposition::ATTACHMENT, external);
    let outgoing = Outgoing::new(vec![part]);
    hides(&octets, &outgoing);
    hides(SECRET.as_bytes(), &outgoing);
    let opened = attachment::open(&sealed.part, sealed.ciphertext.octets()).unwrap();
    assert_eq!(*opened.plaintext, SECRET.as_bytes());
    hides(SECRET.as_bytes(), &opened);
    // What a hub signs with is its own to keep; a room names only the public half.
    let new = NewRoom {
        hub_key: vec![7; 32],
        name: String::new(),
        requirement: None,
    };
    assert!(format!("{new:?}").contains("hub_key"));
}
