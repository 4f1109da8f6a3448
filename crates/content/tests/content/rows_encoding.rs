//! The fields and limits of a message, row by row of the checklist.

use std::collections::HashSet;

use crate::common::negatives::{head, nested, parts, smallest, with_extensions, with_field, with_part};
use crate::common::{EXAMPLES, accepted, content, example, refused, salt, text};
use comity_content::{
    Body, Content, ContentKey, DecodeErrorKind, Disposition, EncodeError, Expiration, ExtensionKey,
    ExternalPart, Limits, Part, PartError, PartSemantics, Salt, Value,
};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// What is before the smallest part.
fn without_part(octets: &[u8]) -> &[u8] {
    &octets[..octets.len() - 4]
}

#[test]
fn c_001_a_message_is_one_definite_array_of_seven_fields_in_order() {
    for example in EXAMPLES {
        assert_eq!(example.octets[0], 0x87, "{}", example.name);
        accepted(example.octets);
    }
    let mut six = smallest();
    six[0] = 0x86;
    refused(&six, "content_message_length");
    let mut eight = [smallest(), vec![0]].concat();
    eight[0] = 0x88;
    refused(&eight, "content_message_length");
    refused(&hex::decode("a0").unwrap(), "content_wrong_type");
    refused(&[], "content_truncated");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this test is a random source")]
fn c_002_every_salt_is_what_the_random_source_gave() {
    let mut source = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let salts: HashSet<_> = (0..10_000)
        .map(|_| *Salt::draw(|octets| source.fill_bytes(octets)).octets())
        .collect();
    assert_eq!(salts.len(), 10_000, "no repeats");
    let drawn = Salt::draw(|octets| *octets = *b"0123456789abcdef");
    assert_eq!(drawn.octets(), b"0123456789abcdef");
}

#[test]
fn c_002_a_chosen_salt_is_not_in_what_ships() {
    let manifest = include_str!("../../Cargo.toml");
    assert!(manifest.contains("test-vectors = []"), "the feature is there");
    assert!(
        !manifest.contains("default ="),
        "and nothing turns it on by default"
    );
}

#[test]
fn c_003_a_salt_of_another_length_is_refused() {
    for octets in [0, 15, 17, 32] {
        let salt = format!("{}{}", head(2, octets), "00".repeat(octets.into()));
        refused(&with_field(0, &salt), "content_salt_length");
    }
}

#[test]
fn c_004_replaces_and_in_reply_to_are_null_or_32_octets() {
    for field in [1, 4] {
        for octets in [0_u16, 31, 33] {
            let id = format!("{}{}", head(2, octets), "01".repeat(octets.into()));
            refused(&with_field(field, &id), "content_message_id_length");
        }
        let text = format!("7820{}", "61".repeat(32));
        refused(&with_field(field, &text), "content_wrong_type");
        refused(&with_field(field, "f7"), "content_wrong_type");
        accepted(&with_field(field, &format!("5820{}", "01".repeat(32))));
    }
}

#[test]
fn c_005_no_topic_is_an_empty_byte_string() {
    let octets = Content::unasserted(salt(0), Part::null(Disposition::UNSPECIFIED))
        .encode()
        .unwrap();
    assert_eq!(octets[19], 0x40);
    refused(&with_field(2, "f6"), "content_wrong_type");
    refused(&with_field(2, "60"), "content_wrong_type");
}

#[test]
fn c_006_an_expiration_is_null_or_a_boolean_and_32_bits() {
    assert_eq!(
        accepted(&with_field(3, "82f51affffffff")).expires,
        Some(Expiration::Relative(u32::MAX))
    );
    assert_eq!(
        accepted(&with_field(3, "82f400")).expires,
        Some(Expiration::Absolute(0))
    );
    refused(
        &with_field(3, "82f51b0000000100000000"),
        "content_number_too_large",
    );
    refused(&with_field(3, "82f520"), "content_wrong_type");
    refused(&with_field(3, "820000"), "content_wrong_type");
    refused(&with_field(3, "80"), "content_expiration_length");
    refused(&with_field(3, "00"), "content_wrong_type");
}

#[test]
fn c_007_the_length_of_a_part_fits_its_cardinality() {
    for (cardinality, right) in [(0, 3), (1, 5), (2, 15), (3, 5)] {
        for length in (0..=17).filter(|length| *length != right) {
            // Enough items behind the cardinality for any length.
            let part = format!("{}0060{cardinality:02x}{}", head(4, length), "60".repeat(20));
            refused(&with_part(&part), "content_part_length");
        }
    }
}

#[test]
fn c_008_a_multipart_has_two_parts_or_more() {
    for n in [0, 1] {
        refused(&with_part(&parts(n)), "content_too_few_parts");
        let built = Part::multi(
            Disposition::RENDER,
            PartSemantics::ProcessAll,
            vec![text("a"); n.into()],
        );
        assert_eq!(built, Err(PartError::TooFewParts));
    }
    accepted(&with_part(&parts(2)));
}

#[test]
fn c_009_content_is_a_byte_string_even_for_text() {
    refused(&with_part("85006001606161"), "content_wrong_type");
    accepted(&with_part("85006001604161"));
    let octets = content(1, text("hi")).encode().unwrap();
    assert_eq!(octets[octets.len() - 3..], *b"\x42hi");
}

#[test]
fn c_010_a_url_is_plain_text_without_a_tag() {
    let external = |url: &str| format!("8f00600260{url}00000040404000406060");
    refused(&with_part(&external("d82060")), "content_wrong_type");
    accepted(&with_part(&external("60")));
    let url = b"\x78\x2bhttps://example.com/storage/8ksB4bSrrRE.mp4";
    assert!(
        example("attachment")
            .octets
            .windows(url.len())
            .any(|window| window == url)
    );
}

#[test]
fn c_011_an_unknown_cardinality_is_malformed() {
    for cardinality in ["04", "17", "18ff"] {
        refused(
            &with_part(&format!("830060{cardinality}")),
            "content_unknown_cardinality",
        );
    }
}

#[test]
fn c_021_parts_are_nested_four_levels_deep_and_no_deeper() {
    assert_eq!(accepted(example("multipart-3").octets).part.levels(), 4);
    assert_eq!(accepted(&with_part(&nested(4))).part.levels(), 4);
    refused(&with_part(&nested(5)), "content_parts_too_deep");
    refused(&with_part(&nested(1000)), "content_parts_too_deep");

    let deepest = accepted(&with_part(&nested(4))).part;
    let deeper = Part::multi(
        Disposition::RENDER,
        PartSemantics::ChooseOne,
        vec![deepest, text("a")],
    );
    assert_eq!(deeper, Err(PartError::PartsTooDeep));
}

#[test]
fn c_023_a_message_has_1024_parts_and_no_more() {
    assert_eq!(
        accepted(&with_part(&parts(1023))).part.count(),
        1024,
        "with the root"
    );
    refused(&with_part(&parts(1024)), "content_too_many_parts");
    let built = |n| Part::multi(Disposition::RENDER, PartSemantics::ProcessAll, vec![text("a"); n]);
    assert!(built(1023).is_ok());
    assert_eq!(built(1024), Err(PartError::TooManyParts));
    // Also when no single multipart has too many.
    let inner = parts(600);
    refused(
        &with_part(&format!("850060030282{inner}{inner}")),
        "content_too_many_parts",
    );
    let inner = vec![built(600).unwrap(); 2];
    assert_eq!(
        Part::multi(Disposition::RENDER, PartSemantics::ProcessAll, inner),
        Err(PartError::TooManyParts)
    );
}

#[test]
fn c_024_a_topic_has_4096_octets_and_no_more() {
    let topic = |octets| format!("{}{}", head(2, octets), "61".repeat(octets.into()));
    accepted(&with_field(2, &topic(4096)));
    refused(&with_field(2, &topic(4097)), "content_topic_too_long");
    assert!(content(1, text("a")).on_topic(vec![0; 4096]).encode().is_ok());
    assert_eq!(
        content(1, text("a")).on_topic(vec![0; 4097]).encode(),
        Err(EncodeError::TopicTooLong)
    );
}

#[test]
fn c_025_unknown_part_semantics_are_refused() {
    for semantics in ["03", "04", "18ff"] {
        let part = format!("85006003{semantics}828300600083006000");
        refused(&with_part(&part), "content_unknown_part_semantics");
    }
}

#[test]
fn c_026_unknown_extensions_are_kept_and_ignored() {
    let octets = with_extensions("a319109282f5a10102390fff61786178c11a00010000");
    let content = accepted(&octets);
    let found = content
        .extensions
        .find(&ExtensionKey::integer(4242).unwrap())
        .unwrap();
    let map = Value::Map(vec![(Value::from(1), Value::from(2))]);
    assert_eq!(found.value(), Value::Array(vec![Value::Bool(true), map]));
    assert_eq!(content.extensions.len(), 3);
}

#[test]
fn c_027_an_extension_value_may_have_5000_octets() {
    let mut content = content(1, text("a"));
    let value = Value::Bytes(vec![7; 5_000]);
    content
        .extensions
        .insert(ExtensionKey::integer(-5).unwrap(), &value)
        .unwrap();
    let decoded = accepted(&content.encode().unwrap());
    assert_eq!(
        decoded
            .extensions
            .find(&ExtensionKey::integer(-5).unwrap())
            .map(|v| v.value()),
        Some(value)
    );
}

#[test]
fn c_028_octets_behind_the_message_are_refused() {
    for example in EXAMPLES {
        let error = Content::decode(&[example.octets, &[0]].concat()).unwrap_err();
        assert_eq!(
            (error.kind, error.offset),
            (DecodeErrorKind::TrailingOctets, example.octets.len())
        );
    }
}

#[test]
fn c_029_lengths_beyond_the_octets_are_refused_without_allocating_for_them() {
    for claims in ["9affffffff", "9bffffffffffffffff"] {
        refused(&hex::decode(claims).unwrap(), "content_message_length");
        refused(
            &with_part(&format!("8500600302{claims}")),
            "content_too_many_parts",
        );
        refused(&with_extensions(&format!("a103{claims}")), "content_truncated");
        refused(&with_part(claims), "content_part_length");
    }
    for claims in ["5affffffff", "5bffffffffffffffff", "5b7fffffffffffffff"] {
        refused(&with_field(0, claims), "content_truncated");
        refused(&with_field(2, claims), "content_truncated");
        refused(&with_part(&format!("8500600160{claims}")), "content_truncated");
    }
    for claims in ["7affffffff", "7bffffffffffffffff"] {
        refused(&with_part(&format!("8300{claims}")), "content_truncated");
        refused(&with_extensions(&format!("a1{claims}")), "content_truncated");
    }
    refused(
        without_part(&with_extensions("bbffffffffffffffff03f6")),
        "content_truncated",
    );
}

#[test]
fn c_030_the_limit_of_a_whole_message_is_the_callers() {
    for octets in [example("original").octets, &smallest()] {
        let decoded = |limit| Content::decode_with(octets, Limits::with_octets(limit));
        assert!(decoded(octets.len()).is_ok());
        for limit in [octets.len() - 1, 1, 0] {
            let error = decoded(limit).unwrap_err();
            assert_eq!((error.code(), error.offset), ("content_too_large", limit));
        }
    }
    let large = content(
        1,
        Part::single(Disposition::RENDER, "image/png", vec![0; 1 << 20]),
    )
    .encode()
    .unwrap();
    refused(&large, "content_too_large");
    assert!(Content::decode_with(&large, Limits::with_octets(2 << 20)).is_ok());
}

#[test]
fn nothing_that_is_said_or_secret_is_in_debug_output() {
    let external = ExternalPart {
        media_type: "image/png".into(),
        url: "https://secret.example".into(),
        key: ContentKey::new(b"secret key octet".to_vec()),
        description: "secret".into(),
        filename: "secret.png".into(),
        ..ExternalPart::default()
    };
    let parts = vec![text("secret"), Part::external(Disposition::ATTACHMENT, external)];
    let part = Part::multi(Disposition::RENDER, PartSemantics::ProcessAll, parts).unwrap();
    let mut content = content(0x5e, part).on_topic("secret");
    content
        .extensions
        .insert(ExtensionKey::integer(9).unwrap(), &Value::from("secret"))
        .unwrap();
    let Body::Multi(multi) = &content.part.body else {
        panic!("a multipart")
    };
    let Body::External(external) = &multi.parts()[1].body else {
        panic!("an external part")
    };
    let extensions = format!("{:?}", content.extensions);
    assert_eq!(extensions, "{1: (34 octets), 2: (39 octets), 9: (7 octets)}");
    for shown in [
        format!("{content:?}"),
        format!("{:?}", external.key),
        format!("{:?}", content.salt),
    ] {
        assert!(
            !shown.contains("secret") && !shown.contains("115") && !shown.contains("5e5e"),
            "{shown}"
        );
    }
}
