//! The restrictions on CBOR, row by row of the checklist.

use crate::common::negatives::{head, smallest, with_extensions, with_field, with_part};
use crate::common::{ALICE, accepted, refused, room, salt, user};
use comity_content::{
    Content, Disposition, ExtensionError, ExtensionKey, Extensions, Limits, MessageId, Part, Received, Value,
};

/// What is before the smallest part.
fn without_part(octets: &[u8]) -> &[u8] {
    &octets[..octets.len() - 4]
}

#[test]
fn c_013_extension_keys_sort_bytewise_on_their_encoding() {
    let mut extensions = Extensions::new();
    let keys = [
        ExtensionKey::text("a"),
        ExtensionKey::integer(256),
        ExtensionKey::integer(-1),
        ExtensionKey::integer(3),
    ];
    let mut keys = keys.map(Result::unwrap);
    for key in &keys {
        extensions.insert(key.clone(), &Value::Null).unwrap();
    }
    let content = Content {
        extensions,
        ..Content::unasserted(salt(0), Part::null(Disposition::UNSPECIFIED))
    };
    let octets = content.encode().unwrap();
    assert_eq!(
        hex::encode(&octets[22..octets.len() - 4]),
        "a403f6190100f620f66161f6"
    );
    keys.sort();
    assert_eq!(format!("{keys:?}"), "[3, 256, -1, \"a\"]");
    assert!(keys.is_sorted_by(|a, b| a < b), "which is how keys compare");
}

#[test]
fn an_extension_that_was_taken_out_is_gone_and_the_others_stay() {
    let [three, text] = [ExtensionKey::integer(3), ExtensionKey::text("a")].map(Result::unwrap);
    let mut extensions = Extensions::new();
    assert!(extensions.is_empty());
    assert_eq!(
        extensions.insert(three.clone(), &Value::from("old")).unwrap(),
        None
    );
    let old = extensions.insert(three.clone(), &Value::from("new")).unwrap();
    assert_eq!(old.unwrap().as_text(), Some("old"), "set again");
    assert_eq!(extensions.insert(text.clone(), &Value::Bool(true)).unwrap(), None);
    assert!(!extensions.is_empty() && extensions.len() == 2);
    assert_eq!(extensions.remove(&three).unwrap().as_text(), Some("new"));
    assert_eq!((extensions.remove(&three), extensions.find(&three)), (None, None));
    assert_eq!(extensions.find(&text).unwrap().value(), Value::Bool(true));
}

#[test]
fn c_014_what_is_not_deterministic_is_refused_unless_leniency_is_asked_for() {
    let mut indefinite = [smallest(), vec![0xff]].concat();
    indefinite[0] = 0x9f;
    let cases = [
        (
            with_field(0, "581000000000000000000000000000000000"),
            "content_not_deterministic_long_form",
        ),
        (indefinite, "content_not_deterministic_indefinite_length"),
        (
            with_extensions("a220f603f6"),
            "content_not_deterministic_key_order",
        ),
        (
            with_extensions("bf03f6ff"),
            "content_not_deterministic_indefinite_length",
        ),
        (
            with_extensions("a10382f69f01ff"),
            "content_not_deterministic_indefinite_length",
        ),
        (
            with_extensions("a1037f61616162ff"),
            "content_not_deterministic_indefinite_length",
        ),
        (
            with_extensions("a103d90001f6"),
            "content_not_deterministic_long_form",
        ),
        (with_extensions("a1031800"), "content_not_deterministic_long_form"),
        (
            with_extensions("a103fb3ff0000000000000"),
            "content_not_deterministic_long_form",
        ),
        (
            with_extensions("a103a202000100"),
            "content_not_deterministic_key_order",
        ),
        (
            with_part("9f006000ff"),
            "content_not_deterministic_indefinite_length",
        ),
        (
            with_part("85006001605f4161ff"),
            "content_not_deterministic_indefinite_length",
        ),
        (with_part("8318006000"), "content_not_deterministic_long_form"),
        (
            with_part("85006003029f8300600083006000ff"),
            "content_not_deterministic_indefinite_length",
        ),
        (
            with_field(3, "9ff500ff"),
            "content_not_deterministic_indefinite_length",
        ),
    ];
    for (octets, code) in cases {
        refused(&octets, code);
        let lenient = Content::decode_lenient(&octets, Limits::default());
        let encoded = lenient
            .unwrap_or_else(|e| panic!("{e}: {}", hex::encode(&octets)))
            .encode()
            .unwrap();
        assert_ne!(encoded, octets);
        accepted(&encoded);
    }
}

#[test]
fn c_014_a_lenient_reader_keeps_the_octets_and_hashes_them_as_they_came() {
    let octets = with_field(0, "581000000000000000000000000000000000");
    let received = Received::decode_lenient(octets.clone(), Limits::default()).unwrap();
    assert_eq!(received.octets(), octets);
    let (alice, room) = (user(ALICE), room());
    let id = received.message_id(&alice, &room).unwrap();
    assert_eq!(
        id,
        MessageId::compute(&alice, &room, &octets, &received.content().salt)
    );
    let encoded = Received::decode(received.content().encode().unwrap()).unwrap();
    assert_eq!(encoded.content(), received.content());
    assert_ne!(
        encoded.message_id(&alice, &room).unwrap(),
        id,
        "other octets have another id"
    );
}

#[test]
fn c_014_leniency_goes_no_further_than_the_encoding() {
    let lenient = |octets: &[u8]| Content::decode_lenient(octets, Limits::default()).map_err(|e| e.code());
    for octets in [
        with_extensions("bf03f603f6ff"),
        with_extensions("a1009f00ff"),
        with_part("9f006000"),
        with_part("9f00600000ff"),
        with_part("85006003029f83006000ff"),
        with_field(3, "9ff5ff"),
        with_extensions("a103fa7fc00000"),
        with_extensions("a1039f9f9f9fffffffff"),
        with_field(0, "5f5f4100ffff"),
        with_part("8500600160ff"),
    ] {
        assert!(lenient(&octets).is_err(), "{}", hex::encode(octets));
    }
    assert_eq!(
        lenient(&with_extensions("bf03f603f6ff")),
        Err("content_duplicate_key")
    );
}

#[test]
fn c_014_a_string_in_pieces_has_pieces_of_its_own_type() {
    let lenient = |octets: &[u8]| Content::decode_lenient(octets, Limits::default()).map_err(|e| e.code());
    let [text, bytes] = [
        |hex| with_part(&format!("8300{hex}00")),
        |hex| with_part(&format!("8500600160{hex}")),
    ];
    assert_eq!(lenient(&text("7f6161ff")).unwrap().part.language, "a");
    assert!(lenient(&bytes("5f4161ff")).is_ok());
    for octets in [
        text("7f4161ff"),
        text("7f7f6161ffff"),
        bytes("5f6161ff"),
        bytes("5f01ff"),
    ] {
        assert_eq!(
            lenient(&octets),
            Err("content_not_well_formed"),
            "{}",
            hex::encode(&octets)
        );
    }
    assert_eq!(lenient(&text("7f61ffff")), Err("content_not_utf8"));
    for cut in [text("7f6161"), bytes("5f41")] {
        let cut = &cut[..cut.len() - 1];
        assert!(lenient(cut).is_err());
    }
}

#[test]
fn c_015_no_extension_key_occurs_twice() {
    for map in ["a216001601", "a220002001", "a2616100616101"] {
        refused(&with_extensions(map), "content_duplicate_key");
    }
    let mut extensions = Extensions::new();
    let key = ExtensionKey::integer(7).unwrap();
    extensions.insert(key.clone(), &Value::from(1)).unwrap();
    let before = extensions.insert(key.clone(), &Value::from(2)).unwrap();
    assert_eq!(before.map(|value| value.value()), Some(Value::from(1)));
    assert_eq!(
        (extensions.len(), extensions.find(&key).map(|v| v.value())),
        (1, Some(Value::from(2)))
    );
}

#[test]
fn c_016_extension_keys_are_integers_but_0_or_texts_of_1_to_255_octets() {
    let code = |key: Result<ExtensionKey, ExtensionError>| key.map_err(|e| e.code()).map(drop);
    assert_eq!(code(ExtensionKey::text("")), Err("content_extension_key_length"));
    assert_eq!(
        code(ExtensionKey::text(&"é".repeat(128))),
        Err("content_extension_key_length")
    );
    assert_eq!(code(ExtensionKey::text(&"a".repeat(255))), Ok(()));
    assert_eq!(
        code(ExtensionKey::integer(0)),
        Err("content_extension_key_reserved")
    );
    refused(&with_extensions("a100f6"), "content_extension_key_reserved");
    for key in ["f97e00", "f4", "f6", "4161", "80", "a0", "c100"] {
        refused(
            &with_extensions(&format!("a1{key}f6")),
            "content_extension_key_type",
        );
    }
    let longest = format!("a1{}{}f6", head(3, 255), "61".repeat(255));
    accepted(&with_extensions(&longest));
}

#[test]
fn c_017_integer_keys_are_within_what_a_double_holds() {
    for (key, fits) in [
        ("1b001fffffffffffff", true),
        ("1b0020000000000000", false),
        ("3b001ffffffffffffe", true),
        ("3b001fffffffffffff", false),
        ("1bffffffffffffffff", false),
        ("3bffffffffffffffff", false),
    ] {
        for octets in [
            with_extensions(&format!("a1{key}f6")),
            with_extensions(&format!("a103a1{key}f6")),
        ] {
            match fits {
                true => drop(accepted(&octets)),
                false => refused(&octets, "content_key_too_large"),
            }
        }
    }
    for most in [(1 << 53) - 1, -(1 << 53) + 1] {
        assert!(ExtensionKey::integer(most).is_ok());
        let more = [most + most.signum(), most.signum() * i64::MAX];
        assert!(more.into_iter().all(|more| ExtensionKey::integer(more).is_err()));
    }
}

#[test]
fn c_018_keys_inside_an_extension_are_integers_texts_or_byte_strings() {
    for key in ["00", "20", "60", "40", "4161"] {
        accepted(&with_extensions(&format!("a103a1{key}f6")));
    }
    for key in ["f4", "f6", "f93c00", "80", "a0", "c100"] {
        refused(
            &with_extensions(&format!("a103a1{key}f6")),
            "content_map_key_type",
        );
        refused(
            &with_extensions(&format!("a10381a1{key}f6")),
            "content_map_key_type",
        );
    }
    refused(&with_extensions("a103a200000000"), "content_duplicate_key");
}

#[test]
fn c_019_the_only_nan_is_the_half_width_quiet_one() {
    accepted(&with_extensions("a103f97e00"));
    for nan in ["fa7fc00000", "fb7ff8000000000000", "f97e01", "f9fe00", "f97c01"] {
        refused(&with_extensions(&format!("a103{nan}")), "content_nan");
    }
    // A typed array holds its floats as octets, in whatever width.
    accepted(&with_extensions("a103d851447fc00000"));
}

#[test]
fn c_020_every_text_is_utf_8() {
    refused(&with_part("830061ff00"), "content_not_utf8");
    refused(&with_part("8500600161ff40"), "content_not_utf8");
    refused(
        &with_part("8f0060026061c300000040404000406060"),
        "content_not_utf8",
    );
    refused(&with_extensions("a161fff6"), "content_not_utf8");
    refused(&with_extensions("a10361ff"), "content_not_utf8");
    refused(&with_extensions("a103a161fff6"), "content_not_utf8");
    refused(&with_extensions("a10361c0"), "content_not_utf8");
    refused(&with_extensions("a10363eda080"), "content_not_utf8");
}

#[test]
fn c_022_extensions_are_nested_four_levels_deep_and_no_deeper() {
    // The draft's own sample.
    let sample = concat!(
        "a2",
        "01",
        "78186d696d693a2f2f612e6578616d706c652f752f616c696365",
        "190100",
        "82",
        "82",
        "421234",
        "d820",
        "72687474703a2f2f6578616d706c652e636f6d",
        "82",
        "423456",
        "19168b",
    );
    accepted(&with_extensions(sample));
    for inner in ["80", "a0", "c1f6"] {
        accepted(&with_extensions(&format!("a1038181{inner}")));
        refused(
            &with_extensions(&format!("a103818181{inner}")),
            "content_extensions_too_deep",
        );
        refused(
            &with_extensions(&format!("a103c1c1c1{inner}")),
            "content_extensions_too_deep",
        );
        refused(
            &with_extensions(&format!("a103a100a100a100{inner}")),
            "content_extensions_too_deep",
        );
    }
    // Arrays, tags, maps in values of maps, maps in keys of maps.
    for (unit, strictly) in [
        ("81", "content_extensions_too_deep"),
        ("c1", "content_extensions_too_deep"),
        ("a100", "content_extensions_too_deep"),
        ("a1", "content_map_key_type"),
    ] {
        let octets = with_extensions(&format!("a103{}", unit.repeat(100_000)));
        refused(&octets, strictly);
        let lenient = Content::decode_lenient(&octets, Limits::default()).unwrap_err();
        assert_eq!(lenient.code(), "content_extensions_too_deep", "{unit}");
    }
}

#[test]
fn every_kind_of_value_is_kept_as_it_is() {
    for (hex, value) in [
        ("00", Value::Unsigned(0)),
        ("1bffffffffffffffff", Value::Unsigned(u64::MAX)),
        ("20", Value::Negative(0)),
        ("37", Value::from(-24)),
        ("3818", Value::from(-25)),
        ("3bffffffffffffffff", Value::Negative(u64::MAX)),
        ("4101", Value::from(&[1_u8][..])),
        ("6161", Value::from("a")),
        ("8201f6", Value::Array(vec![Value::from(1), Value::Null])),
        ("a120f5", Value::Map(vec![(Value::from(-1), Value::from(true))])),
        ("c16161", Value::Tag(1, Box::new(Value::from("a")))),
        ("d8ff80", Value::Tag(255, Box::new(Value::Array(Vec::new())))),
        ("f4", Value::Bool(false)),
        ("f5", Value::Bool(true)),
        ("f6", Value::Null),
        ("f7", Value::Undefined),
        ("f0", Value::Simple(16)),
        ("f820", Value::Simple(32)),
        ("f8ff", Value::Simple(255)),
        ("f93e00", Value::Float(1.5)),
        ("f97c00", Value::Float(f64::INFINITY)),
        ("f9fc00", Value::Float(f64::NEG_INFINITY)),
        ("fa47c35000", Value::Float(100_000.0)),
        ("fb3ff199999999999a", Value::Float(1.1)),
    ] {
        let octets = with_extensions(&format!("a103{hex}"));
        let key = ExtensionKey::integer(3).unwrap();
        for content in [
            accepted(&octets),
            Content::decode_lenient(&octets, Limits::default()).unwrap(),
        ] {
            let kept = content.extensions.find(&key).unwrap();
            assert_eq!(
                (kept.value(), hex::encode(kept.octets())),
                (value.clone(), hex.to_owned())
            );
        }
    }
}

#[test]
fn what_is_not_cbor_is_refused_as_such() {
    for junk in ["1c", "1f", "3f", "5c", "7d", "9e", "bc", "df", "fc", "ff"] {
        refused(
            &with_extensions(&format!("a103{junk}")),
            "content_not_well_formed",
        );
        refused(&with_field(3, junk), "content_not_well_formed");
    }
    refused(&with_extensions("a103f818"), "content_not_well_formed");
    refused(without_part(&with_extensions("a103f8")), "content_truncated");
    accepted(&with_extensions("a103f820"));
    accepted(&with_extensions("a103f3"));
}

#[test]
fn a_big_number_that_fits_an_integer_is_not_deterministic() {
    refused(
        &with_extensions("a103c248ffffffffffffffff"),
        "content_not_deterministic_long_form",
    );
    refused(
        &with_extensions("a103c2420100"),
        "content_not_deterministic_long_form",
    );
    refused(
        &with_extensions("a103c249000100000000000000"),
        "content_not_deterministic_long_form",
    );
    accepted(&with_extensions("a103c249010000000000000000"));
    accepted(&with_extensions("a103c349010000000000000000"));
}

#[test]
fn a_registered_extension_is_text() {
    for key in ["01", "02"] {
        refused(&with_extensions(&format!("a1{key}f6")), "content_extension_type");
        refused(
            &with_extensions(&format!("a1{key}4161")),
            "content_extension_type",
        );
        accepted(&with_extensions(&format!("a1{key}6161")));
    }
    let refused = Extensions::new()
        .insert(ExtensionKey::SENDER_URI, &Value::Null)
        .unwrap_err();
    assert_eq!(refused.code(), "content_extension_type");
}

#[test]
fn a_number_is_a_bignum_only_if_it_must_be_and_a_lenient_reader_takes_any() {
    for (long, short) in [
        ("c24105", "05"),
        ("c240", "00"),
        ("c34105", "25"),
        ("c2420005", "05"),
        ("c248ffffffffffffffff", "1bffffffffffffffff"),
        ("c348ffffffffffffffff", "3bffffffffffffffff"),
        ("c24a00010000000000000000", "c249010000000000000000"),
    ] {
        let with = |value: &str| with_extensions(&format!("a103{value}"));
        let strict = Content::decode(&with(long)).unwrap_err();
        assert_eq!(strict.code(), "content_not_deterministic_long_form", "{long}");
        let lenient = Content::decode_lenient(&with(long), Limits::default()).unwrap();
        assert_eq!(lenient.encode().unwrap(), with(short), "{long}");
        assert_eq!(Content::decode(&with(short)).unwrap(), lenient, "{short}");
    }
}
