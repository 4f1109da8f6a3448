//! Arbitrary messages, within all limits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use comity_content::{
    Content, ContentKey, Disposition, Expiration, ExtensionKey, Extensions, ExternalPart, MessageId, Part,
    PartSemantics, Salt, Value,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

pub(crate) fn content() -> impl Strategy<Value = Content> {
    let ids = (prop::option::of(message_id()), prop::option::of(message_id()));
    (
        any::<[u8; 16]>(),
        ids,
        octets(40),
        prop::option::of(expiration()),
        extensions(),
        part(),
    )
        .prop_map(
            |(salt, (replaces, in_reply_to), topic, expires, extensions, part)| Content {
                salt: Salt::from_octets(salt),
                replaces,
                topic,
                expires,
                in_reply_to,
                extensions,
                part,
            },
        )
}

fn message_id() -> impl Strategy<Value = MessageId> {
    any::<[u8; 32]>().prop_map(|mut octets| {
        octets[0] = 1;
        MessageId::from_octets(octets).unwrap()
    })
}

fn expiration() -> impl Strategy<Value = Expiration> {
    prop_oneof![
        any::<u32>().prop_map(Expiration::Relative),
        any::<u32>().prop_map(Expiration::Absolute)
    ]
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=most)
}

fn part() -> impl Strategy<Value = Part> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        let semantics = prop_oneof![
            Just(PartSemantics::ChooseOne),
            Just(PartSemantics::SingleUnit),
            Just(PartSemantics::ProcessAll),
        ];
        (any::<u8>(), ".{0,4}", semantics, vec(inner, 2..=4)).prop_map(
            |(disposition, language, semantics, parts)| {
                let part = Part::multi(Disposition::from_value(disposition), semantics, parts).unwrap();
                Part { language, ..part }
            },
        )
    })
}

fn leaf() -> impl Strategy<Value = Part> {
    let bodies = prop_oneof![
        Just(Part::null(Disposition::UNSPECIFIED)),
        (".{0,30}", octets(300)).prop_map(|(media_type, content)| {
            Part::single(Disposition::UNSPECIFIED, media_type, content)
        }),
        external().prop_map(|external| Part::external(Disposition::UNSPECIFIED, external)),
    ];
    (any::<u8>(), ".{0,4}", bodies).prop_map(|(disposition, language, part)| Part {
        disposition: Disposition::from_value(disposition),
        language,
        ..part
    })
}

fn external() -> impl Strategy<Value = ExternalPart> {
    let numbers = (any::<u32>(), any::<u64>(), any::<u16>(), any::<u8>());
    let secrets = (octets(33), octets(13), octets(5), octets(33));
    let texts = (".{0,20}", ".{0,20}", ".{0,20}", ".{0,20}");
    (numbers, secrets, texts).prop_map(
        |((expires, size, encryption_algorithm, hash_algorithm), (key, nonce, aad, content_hash), texts)| {
            let (media_type, url, description, filename) = texts;
            ExternalPart {
                media_type,
                url,
                expires,
                size,
                encryption_algorithm,
                key: ContentKey::new(key),
                nonce,
                aad,
                hash_algorithm,
                content_hash,
                description,
                filename,
            }
        },
    )
}

fn extensions() -> impl Strategy<Value = Extensions> {
    let registered = (prop::option::of(".{0,30}"), prop::option::of(".{0,30}"));
    let others = vec((extension_key(), extension_value()), 0..4);
    (registered, others).prop_map(|((sender, room), others)| {
        let mut extensions = Extensions::new();
        for (key, value) in others {
            // A registered key is refused unless the value is text.
            drop(extensions.insert(key, &value));
        }
        for (key, uri) in [(ExtensionKey::SENDER_URI, sender), (ExtensionKey::ROOM_URI, room)] {
            if let Some(uri) = uri {
                extensions.insert(key, &Value::from(uri.as_str())).unwrap();
            }
        }
        extensions
    })
}

pub(crate) fn extension_key() -> impl Strategy<Value = ExtensionKey> {
    const LARGEST: i64 = (1 << 53) - 1;
    prop_oneof![
        (1..=LARGEST).prop_map(|n| ExtensionKey::integer(n).unwrap()),
        (-LARGEST..=-1).prop_map(|n| ExtensionKey::integer(n).unwrap()),
        prop_oneof![1..300_i64, -300..-1_i64].prop_map(|n| ExtensionKey::integer(n).unwrap()),
        "[a-zé]{1,20}".prop_map(|text| ExtensionKey::text(&text).unwrap()),
    ]
}

pub(crate) fn extension_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<u64>().prop_map(Value::Unsigned),
        any::<u64>().prop_map(Value::Negative),
        (0..30_u64).prop_map(Value::Unsigned),
        octets(40).prop_map(Value::Bytes),
        ".{0,20}".prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        Just(Value::Undefined),
        prop_oneof![0..20_u8, 32..=255_u8].prop_map(Value::Simple),
        any::<f64>().prop_map(Value::Float),
        any::<f32>().prop_map(|f| Value::Float(f.into())),
        (-2000..2000_i16).prop_map(|n| Value::Float(f64::from(n) / 8.0)),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            btree_map("[a-c]{0,2}", inner.clone(), 0..4).prop_map(|map| {
                Value::Map(
                    map.into_iter()
                        .map(|(key, value)| (Value::Text(key), value))
                        .collect(),
                )
            }),
            btree_map(-40..40_i64, inner.clone(), 0..4).prop_map(|map| {
                Value::Map(
                    map.into_iter()
                        .map(|(key, value)| (Value::from(key), value))
                        .collect(),
                )
            }),
            (4..=u64::MAX, inner).prop_map(|(tag, inner)| Value::Tag(tag, Box::new(inner))),
        ]
    })
}
