//! Octets from anybody, taken for a MIMI content message.

#![allow(clippy::expect_used, reason = "a panic is a finding")]
#![allow(unreachable_pub, reason = "tests include this file as a private module")]

use comity_content::{
    Content, DecodeErrorKind, Limits, Received, Supported, check_outgoing, classify, leaf_media_types,
    readable, select,
};
use comity_room::{RoomUri, UserUri, media_types};

/// Decodes the octets strictly and leniently, and uses whatever comes out.
pub fn decode(octets: &[u8]) {
    match Content::decode(octets) {
        Ok(content) => {
            let encoded = content.encode().expect("what was decoded can be encoded");
            assert_eq!(encoded, octets, "a message has one encoding");
            let lenient = Content::decode_lenient(octets, Limits::default());
            assert_eq!(
                lenient.as_ref(),
                Ok(&content),
                "leniency changes nothing about what is right"
            );
            use_content(&content);
        }
        Err(error) => {
            assert!(error.offset <= octets.len(), "the offset is one of the octets");
            assert!(error.code().starts_with("content_"));
            decode_leniently(octets, error.kind);
        }
    }
}

fn decode_leniently(octets: &[u8], strict: DecodeErrorKind) {
    let Ok(content) = Content::decode_lenient(octets, Limits::default()) else {
        return;
    };
    let is_about_form = matches!(
        strict,
        DecodeErrorKind::NotDeterministic(_) | DecodeErrorKind::NotANumber
    );
    // An indefinite length hides how many items there are, and a long form how long the message is.
    assert!(
        is_about_form,
        "leniency forgives the form and nothing else: {strict}"
    );
    let encoded = content.encode().expect("what was decoded can be encoded");
    assert_eq!(
        Content::decode(&encoded).as_ref(),
        Ok(&content),
        "and the result has the right form"
    );
    use_content(&content);
}

fn use_content(content: &Content) {
    let supported = Supported {
        media: media_types::baseline(),
        languages: vec!["fr-CA".into(), "en".into()],
    };
    let selection = select(content, &supported);
    let parts = content.part.count();
    let taken = selection.chosen.len() + selection.embedded.len() + selection.unsupported.len();
    assert!(taken <= parts, "no part is in two places");
    let shows = !(selection.chosen.is_empty() && selection.embedded.is_empty());
    assert_eq!(
        readable(&content.part, &supported.media),
        shows,
        "sender and receiver agree on what can be read"
    );
    assert!(leaf_media_types(&content.part).count() <= parts);
    let _ = (classify(content), check_outgoing(content), format!("{content:?}"));

    let octets = content.encode().expect("encoded before");
    let received = Received::decode(octets).expect("encoded by us");
    let alice = UserUri::parse("mimi://example.com/u/alice-smith").expect("a user");
    let room = RoomUri::parse("mimi://example.com/r/engineering_team").expect("a room");
    if let Err(contradiction) = received.message_id(&alice, &room) {
        assert!(contradiction.offset() > 0, "the assertion is found in the octets");
    }
}
