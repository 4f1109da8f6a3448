//! A second encoder, written from RFC 8949 alone, to compare ours with.

use comity_content::{Body, Content, Expiration, ExtensionKey, ExternalPart, Part, PartSemantics, Value};

pub(crate) fn content(content: &Content) -> Vec<u8> {
    let mut out = head(4, 7);
    out.extend(bytes(content.salt.octets()));
    out.extend(
        content
            .replaces
            .map_or_else(|| vec![0xf6], |id| bytes(id.octets())),
    );
    out.extend(bytes(&content.topic));
    out.extend(match content.expires {
        None => vec![0xf6],
        Some(Expiration::Relative(time)) => [vec![0x82, 0xf5], head(0, time.into())].concat(),
        Some(Expiration::Absolute(time)) => [vec![0x82, 0xf4], head(0, time.into())].concat(),
    });
    out.extend(
        content
            .in_reply_to
            .map_or_else(|| vec![0xf6], |id| bytes(id.octets())),
    );
    out.extend(map(content
        .extensions
        .iter()
        .map(|(k, v)| (key(k), value(&v.value())))
        .collect()));
    out.extend(part(&content.part));
    out
}

pub(crate) fn key(key: &ExtensionKey) -> Vec<u8> {
    match (key.as_integer(), key.as_text()) {
        (Some(n), _) => value(&Value::from(n)),
        (_, Some(key)) => text(key),
        (None, None) => Vec::new(),
    }
}

pub(crate) fn value(v: &Value) -> Vec<u8> {
    match v {
        Value::Unsigned(n) => head(0, *n),
        Value::Negative(n) => head(1, *n),
        Value::Bytes(b) => bytes(b),
        Value::Text(t) => text(t),
        Value::Array(items) => [
            head(4, items.len() as u64),
            items.iter().flat_map(value).collect(),
        ]
        .concat(),
        Value::Map(pairs) => map(pairs.iter().map(|(k, v)| (value(k), value(v))).collect()),
        Value::Tag(tag, inner) => [head(6, *tag), value(inner)].concat(),
        Value::Bool(b) => vec![if *b { 0xf5 } else { 0xf4 }],
        Value::Null => vec![0xf6],
        Value::Undefined => vec![0xf7],
        Value::Simple(n) if *n < 24 => vec![0xe0 | n],
        Value::Simple(n) => vec![0xf8, *n],
        Value::Float(f) => float(*f),
        _ => Vec::new(),
    }
}

/// Tries all 65,536 half-width floats, which leaves no doubt.
fn float(value: f64) -> Vec<u8> {
    if value.is_nan() {
        return vec![0xf9, 0x7e, 0x00];
    }
    let half = (0..=u16::MAX).find(|bits| half(*bits).is_some_and(|h| h.to_bits() == value.to_bits()));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the result is compared with the value"
    )]
    let single = value as f32;
    match half {
        Some(bits) => [vec![0xf9], bits.to_be_bytes().to_vec()].concat(),
        None if f64::from(single) == value => [vec![0xfa], single.to_be_bytes().to_vec()].concat(),
        None => [vec![0xfb], value.to_be_bytes().to_vec()].concat(),
    }
}

fn half(bits: u16) -> Option<f64> {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let magnitude = match exponent {
        31 if fraction == 0.0 => f64::INFINITY,
        31 => return None,
        0 => fraction / 16_777_216.0,
        _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    };
    Some(if bits >> 15 == 1 { -magnitude } else { magnitude })
}

fn map(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    pairs.sort();
    let mut out = head(5, pairs.len() as u64);
    for (key, value) in pairs {
        out.extend(key);
        out.extend(value);
    }
    out
}

fn part(part: &Part) -> Vec<u8> {
    let (length, cardinality, rest) = match &part.body {
        Body::Null => (3, 0, Vec::new()),
        Body::Single(single) => (5, 1, [text(&single.media_type), bytes(&single.content)].concat()),
        Body::External(external) => (15, 2, self::external(external)),
        Body::Multi(multi) => {
            let semantics = match multi.semantics() {
                PartSemantics::ChooseOne => 0,
                PartSemantics::SingleUnit => 1,
                PartSemantics::ProcessAll => 2,
            };
            let parts = multi.parts().iter().flat_map(self::part).collect();
            (
                5,
                3,
                [head(0, semantics), head(4, multi.parts().len() as u64), parts].concat(),
            )
        }
    };
    let disposition = head(0, part.disposition.value().into());
    [
        head(4, length),
        disposition,
        text(&part.language),
        head(0, cardinality),
        rest,
    ]
    .concat()
}

fn external(part: &ExternalPart) -> Vec<u8> {
    [
        text(&part.media_type),
        text(&part.url),
        head(0, part.expires.into()),
        head(0, part.size),
        head(0, part.encryption_algorithm.into()),
        bytes(part.key.octets()),
        bytes(&part.nonce),
        bytes(&part.aad),
        head(0, part.hash_algorithm.into()),
        bytes(&part.content_hash),
        text(&part.description),
        text(&part.filename),
    ]
    .concat()
}

fn bytes(octets: &[u8]) -> Vec<u8> {
    [head(2, octets.len() as u64), octets.to_vec()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [head(3, text.len() as u64), text.as_bytes().to_vec()].concat()
}

fn head(major: u8, n: u64) -> Vec<u8> {
    let octets = n.to_be_bytes();
    let (info, width) = match n {
        0..24 => return vec![major << 5 | octets[7]],
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    [vec![major << 5 | info], octets[8 - width..].to_vec()].concat()
}
