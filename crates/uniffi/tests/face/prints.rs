//! Records print nothing of what people say, and no key.

use comity_uniffi::{
    Disposition, Opening, markdown_links, markdown_mentions, outgoing_text, part_attachment, part_text, seal,
    select,
};

const SECRET: &str = "the cake is a lie";

fn says_nothing(shown: &impl std::fmt::Debug) {
    let shown = format!("{shown:?}");
    assert!(!shown.contains("cake"), "{shown}");
}

#[test]
fn texts_and_links_are_not_printed() {
    says_nothing(&part_text(SECRET.to_owned()));
    says_nothing(&outgoing_text(SECRET.to_owned()));
    says_nothing(&markdown_links(format!("[{SECRET}](https://a.example/cake)")));
    let alice = comity::UserUri::parse("mimi://a.example/u/alice").expect("a user");
    let mentions = markdown_mentions(format!("[{SECRET}]({alice})"), vec![alice]).expect("mentions");
    assert_eq!(mentions.len(), 1);
    says_nothing(&mentions);
}

#[test]
fn attachments_and_keys_are_not_printed() {
    let sealed = seal(SECRET.as_bytes()).expect("sealed");
    let key = sealed.part.key.octets().0;
    let part = part_attachment(
        sealed.part,
        Disposition::Attachment,
        comity::room::media_types::text_plain(),
        "https://a.example/cake".to_owned(),
        0,
        "cake.txt".to_owned(),
        SECRET.to_owned(),
    )
    .expect("a part");
    says_nothing(&part);
    assert!(!format!("{part:?}").contains(&format!("{key:?}")));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "nobody sends this message")]
fn what_was_selected_is_not_printed() {
    let alice = comity::UserUri::parse("mimi://a.example/u/alice").expect("a user");
    let room = comity::RoomUri::parse("mimi://a.example/r/r").expect("a room");
    let part = comity::content::Part::text(SECRET);
    let content = comity::content::Content::new(
        comity::content::Salt::draw(|octets| octets.fill(7)),
        &alice,
        &room,
        part,
    );
    let octets = content.encode().expect("octets");
    let supported = comity_uniffi::Supported {
        media: comity_uniffi::baseline(),
        languages: Vec::new(),
    };
    let selection = select(&octets, supported).expect("a selection");
    assert_eq!(selection.chosen.len(), 1);
    says_nothing(&selection);
    says_nothing(&comity_uniffi::decode_content(&octets).expect("a content"));
}

/// It has no `Debug` to call: what cannot be printed is not.
#[test]
fn an_opening_has_a_key_of_32_octets() {
    assert!(Opening::app("x".to_owned(), &[7; 32]).is_ok());
    for len in [0, 31, 33] {
        let error = Opening::app("x".to_owned(), &vec![7; len])
            .err()
            .expect("an error");
        assert_eq!(error.fault().detail.as_deref(), Some("key_length"));
    }
}
