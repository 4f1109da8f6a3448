//! Media types: what is read, how it is written, and what covers what.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows tests by #[test], but not what helps them"
)]

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use comity_room::{MediaType, MediaTypeError, media_types};
use proptest::prelude::*;

fn parse(text: &str) -> MediaType {
    MediaType::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn a_media_type_is_written_without_spaces_and_with_few_quotes() {
    let table = [
        ("text/plain", "text/plain"),
        ("Text/PLAIN", "text/plain"),
        (" text/plain ", "text/plain"),
        ("text/plain;", "text/plain"),
        ("text/plain; ;;", "text/plain"),
        ("text/plain;charset=utf-8", "text/plain;charset=utf-8"),
        ("text/plain; charset=utf-8", "text/plain;charset=utf-8"),
        (
            "text/plain ;\tcharset=utf-8 ; format=flowed",
            "text/plain;charset=utf-8;format=flowed",
        ),
        ("text/plain;Charset=\"UTF-8\"", "text/plain;charset=UTF-8"),
        ("text/markdown;variant=GFM-MIMI", "text/markdown;variant=GFM-MIMI"),
        ("a/b;z=1;a=2", "a/b;z=1;a=2"),
        ("a/b;x=\"\"", "a/b;x=\"\""),
        ("a/b;x=", "a/b;x=\"\""),
        ("a/b;x=\"a b\"", "a/b;x=\"a b\""),
        (r#"a/b;x="say \"hi\" \\ \n""#, r#"a/b;x="say \"hi\" \\ n""#),
        ("a/b;x=\"a;b=c\"", "a/b;x=\"a;b=c\""),
        ("a/b;x=\"grün\"", "a/b;x=\"grün\""),
        ("image/svg+xml", "image/svg+xml"),
        (
            "application/vnd.aurora.card+json;v=2",
            "application/vnd.aurora.card+json;v=2",
        ),
    ];
    for (text, written) in table {
        assert_eq!(parse(text).to_string(), written, "{text}");
        assert_eq!(parse(written).to_string(), written, "written again");
    }
}

#[test]
fn values_lose_their_quotes_and_escapes_and_keep_their_case() {
    let one = parse(r#"Text/Plain;CharSet="UTF-8";Title="a \"b\"""#);
    assert_eq!(one.essence(), "text/plain");
    assert_eq!(
        one.parameters().collect::<Vec<_>>(),
        [("charset", "UTF-8"), ("title", "a \"b\"")]
    );
    assert_eq!(one.parameter("TITLE"), Some("a \"b\""));
    assert_eq!(one.parameter("format"), None);
    assert_eq!(one.parameters().len(), 2);
}

#[test]
fn malformed_media_types_are_refused() {
    let long_name = format!("{}/b", "a".repeat(128));
    let table = [
        ("", MediaTypeError::Essence),
        ("text", MediaTypeError::Essence),
        ("text/", MediaTypeError::Essence),
        ("/plain", MediaTypeError::Essence),
        ("text/plain/x", MediaTypeError::Essence),
        ("text /plain", MediaTypeError::Essence),
        ("*/*", MediaTypeError::Essence),
        ("text/*", MediaTypeError::Essence),
        ("text/.plain", MediaTypeError::Essence),
        ("text/a*", MediaTypeError::Essence),
        ("te'xt/plain", MediaTypeError::Essence),
        ("tëxt/plain", MediaTypeError::Essence),
        ("text/plain, text/html", MediaTypeError::Essence),
        (&long_name, MediaTypeError::Essence),
        ("a/b;x", MediaTypeError::Parameter),
        ("a/b;=1", MediaTypeError::Parameter),
        ("a/b;x =1", MediaTypeError::Parameter),
        ("a/b;x= 1", MediaTypeError::Parameter),
        ("a/b;x=1 y=2", MediaTypeError::Parameter),
        ("a/b;x=a,b", MediaTypeError::Parameter),
        ("a/b;x=grün", MediaTypeError::Parameter),
        ("a/b;grün=1", MediaTypeError::Parameter),
        ("a/b;x=\"1", MediaTypeError::Parameter),
        ("a/b;x=\"1\\", MediaTypeError::Parameter),
        ("a/b;x=\"1\"2", MediaTypeError::Parameter),
        ("a/b;x=\"1\n2\"", MediaTypeError::Parameter),
        ("a/b;x=\"1\0\"", MediaTypeError::Parameter),
        ("a/b;x=1;X=1", MediaTypeError::DuplicateParameter),
    ];
    for (text, error) in table {
        assert_eq!(MediaType::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn bounds_hold_at_the_limit_and_one_beyond() {
    let many = |count: usize| (0..count).fold("a/b".to_owned(), |text, n| format!("{text};p{n}=v"));
    assert_eq!(parse(&many(64)).parameters().len(), 64);
    assert_eq!(
        MediaType::parse(&many(65)),
        Err(MediaTypeError::TooManyParameters)
    );

    let long = |octets: usize| format!("a/b;x={}", "v".repeat(octets - 6));
    assert_eq!(parse(&long(4096)).to_string().len(), 4096);
    assert_eq!(MediaType::parse(&long(4097)), Err(MediaTypeError::TooLong));

    // What is short as it was written, but long in canonical form, could not be read again.
    let quotes = "\"".repeat(2100);
    assert_eq!(
        MediaType::from_parts("a/b", [("x", quotes.as_str())]),
        Err(MediaTypeError::TooLong)
    );
    let huge = "v".repeat(1 << 20);
    assert_eq!(
        MediaType::from_parts("a/b", [("x", huge.as_str())]),
        Err(MediaTypeError::TooLong)
    );
    assert!(MediaType::parse(&format!("{0}/{0}", "a".repeat(127))).is_ok());
}

#[test]
fn parts_from_the_wire_give_what_the_text_gives() {
    let parts = MediaType::from_parts("Text/Markdown", [("Variant", "GFM-MIMI"), ("x", "a \"b\"")]).unwrap();
    assert_eq!(parts, parse(r#"text/markdown;variant=GFM-MIMI;x="a \"b\"""#));
    assert_eq!(
        MediaType::from_parts("text/plain;charset=utf-8", []),
        Err(MediaTypeError::Essence)
    );
    assert_eq!(
        MediaType::from_parts("text/plain", [("", "v")]),
        Err(MediaTypeError::Parameter)
    );
    assert_eq!(
        MediaType::from_parts("text/plain", [("x", "\u{1b}")]),
        Err(MediaTypeError::Parameter)
    );
    assert_eq!(
        MediaType::from_parts("text/plain", [("x", "1"), ("X", "2")]),
        Err(MediaTypeError::DuplicateParameter)
    );
}

#[test]
fn equality_knows_neither_order_nor_the_case_of_charset_and_variant() {
    assert_eq!(parse("a/b;x=1;y=2"), parse("A/B;Y=2;X=1"));
    assert_eq!(
        parse("text/plain;charset=UTF-8"),
        parse("text/plain;charset=utf-8")
    );
    assert_eq!(
        parse("text/markdown;variant=gfm-mimi"),
        parse("text/markdown;variant=GFM-MIMI")
    );
    assert_ne!(parse("a/b;x=a"), parse("a/b;x=A"));
    assert_ne!(parse("a/b;x=1"), parse("a/b"));
    assert_ne!(parse("text/plain;charset=utf-8"), parse("text/plain"));
}

#[test]
fn what_is_advertised_covers_what_the_rules_say() {
    let table = [
        // Without parameters: the type with any.
        ("text/markdown", "text/markdown", true),
        ("text/markdown", "text/markdown;variant=CommonMark", true),
        ("image/png", "image/png;x=1", true),
        ("image/png", "image/jpeg", false),
        ("text/plain", "text/html", false),
        // With parameters: that set only, in any order.
        ("video/mp4;codecs=av1;x=1", "video/mp4;x=1;codecs=av1", true),
        ("video/mp4;codecs=av1", "video/mp4", false),
        ("video/mp4;codecs=av1", "video/mp4;codecs=AV1", false),
        ("video/mp4;codecs=av1", "video/mp4;codecs=av1;x=1", false),
        ("video/mp4;codecs=av1;x=1", "video/mp4;codecs=av1", false),
        (
            "text/markdown;variant=gfm-mimi",
            "Text/Markdown;Variant=GFM-MIMI",
            true,
        ),
        (
            "text/markdown;variant=GFM-MIMI",
            "text/markdown;variant=CommonMark",
            false,
        ),
        ("text/plain;charset=UTF-8", "text/plain;charset=utf-8", true),
        ("text/plain;charset=us-ascii", "text/plain;charset=utf-8", false),
        // What deployed peers send bare.
        ("text/markdown;variant=GFM-MIMI", "text/markdown", true),
        ("text/markdown;variant=CommonMark", "text/markdown", false),
        ("text/plain;charset=UTF-8", "text/plain", true),
        ("text/plain;charset=us-ascii", "text/plain", false),
        ("text/html;charset=utf-8", "text/html", false),
    ];
    for (advertised, wanted, covers) in table {
        assert_eq!(
            parse(advertised).covers(&parse(wanted)),
            covers,
            "{advertised} covers {wanted}"
        );
    }
}

#[test]
fn a_stored_media_type_is_checked_again_when_it_is_read() {
    let json = serde_json::to_string(&media_types::markdown()).unwrap();
    assert_eq!(json, "\"text/markdown;variant=GFM-MIMI\"");
    assert_eq!(
        serde_json::from_str::<MediaType>(&json).unwrap(),
        media_types::markdown()
    );
    assert!(serde_json::from_str::<MediaType>("\"text/*\"").is_err());
}

/// Media types with parameters of every awkward kind, few enough names that they meet.
fn any_media_type() -> impl Strategy<Value = MediaType> {
    let essence = prop_oneof![
        Just("text/plain"),
        Just("text/markdown"),
        Just("a/b"),
        Just("x/vnd.y+json")
    ];
    let name = prop_oneof![Just("charset"), Just("variant"), Just("x"), Just("p-1")];
    let value = prop_oneof![
        Just("utf-8".to_owned()),
        Just("GFM-MIMI".to_owned()),
        "[ -~\t]{0,12}",
        "\\PC{0,6}"
    ];
    let parameters = prop::collection::btree_map(name, value, 0..4)
        .prop_map(Vec::from_iter)
        .prop_shuffle();
    (essence, parameters).prop_map(|(essence, parameters)| {
        MediaType::from_parts(
            essence,
            parameters.iter().map(|(name, value)| (*name, value.as_str())),
        )
        .unwrap()
    })
}

fn reversed(one: &MediaType) -> MediaType {
    let parameters: Vec<_> = one.parameters().collect();
    MediaType::from_parts(&one.essence().to_uppercase(), parameters.into_iter().rev()).unwrap()
}

proptest! {
    #[test]
    fn reading_what_was_written_changes_nothing(one in any_media_type()) {
        let again = parse(&one.to_string());
        prop_assert_eq!(again.essence(), one.essence());
        prop_assert!(again.parameters().eq(one.parameters()));
        prop_assert_eq!(&again, &one);
    }

    #[test]
    fn every_media_type_covers_itself_however_it_is_written(one in any_media_type()) {
        prop_assert!(one.covers(&one));
        prop_assert!(one.covers(&reversed(&one)));
    }

    #[test]
    fn equal_media_types_hash_and_cover_alike(one in any_media_type(), other in any_media_type()) {
        let twin = reversed(&one);
        let hasher = RandomState::new();
        prop_assert_eq!(&one, &twin);
        prop_assert_eq!(hasher.hash_one(&one), hasher.hash_one(&twin));
        prop_assert_eq!(one.covers(&other), twin.covers(&other));
        prop_assert_eq!(other.covers(&one), other.covers(&twin));
        prop_assert_eq!(one == other, one.cmp(&other).is_eq());
        prop_assert_eq!(one.cmp(&other), other.cmp(&one).reverse());
        prop_assert_eq!(HashSet::from([one, twin]).len(), 1);
    }

    #[test]
    fn what_the_mime_crate_reads_is_read_alike(
        text in "[tT]e[xX]t/[a-z+.]{1,5}(; ?[a-cA-C]{1,2}=(\"[ a-zA-Z;=é]{1,6}\"|[a-zA-Z.]{0,6})){0,4};?",
    ) {
        let Ok(oracle) = text.parse::<mime::Mime>() else { return Ok(()) };
        let ours = match MediaType::parse(&text) {
            Err(MediaTypeError::DuplicateParameter | MediaTypeError::Essence) => return Ok(()),
            ours => ours.unwrap(),
        };
        prop_assert_eq!(ours.essence(), oracle.essence_str());
        let theirs = oracle.params().map(|(name, value)| (name.as_str(), value.as_str()));
        prop_assert!(ours.parameters().eq(theirs), "{:?}", text);
    }

    #[test]
    fn no_text_makes_parsing_panic(text in any::<String>(), parameters in "[;=\"\\\\ a-c\t,/é]{0,40}") {
        let _ = MediaType::parse(&text);
        let _ = MediaType::parse(&format!("a/b;{parameters}"));
    }
}
