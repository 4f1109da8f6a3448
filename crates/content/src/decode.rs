//! Reads a message from octets that anybody may have written.
//!
//! Strict: one message has one encoding, and every limit of the draft holds. Bounded: depth never exceeds the four
//! levels of parts or extensions, and nothing is allocated for octets that are not there.
//!
//! See *mimi-content*, "CBOR Data Model and Encoding Restrictions" and "Complete Message Format Schema".

use std::borrow::Cow;

use crate::disposition::Disposition;
use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::extensions::{ExtensionKey, ExtensionValue, Extensions, VALUE_LEVEL};
use crate::limits::{Limits, PART_LEVELS, PARTS, TOPIC_OCTETS};
use crate::message::{Content, Expiration};
use crate::message_id::MessageId;
use crate::part::{Body, ContentKey, ExternalPart, MultiPart, Part, PartSemantics, SinglePart};
use crate::reader::{Count, Reader, Strictness, major};
use crate::salt::Salt;
use crate::value::{self, Value};

pub(crate) fn content(octets: &[u8], limits: Limits, strictness: Strictness) -> Result<Content, DecodeError> {
    if octets.len() > limits.octets {
        return Err(DecodeError::new(
            Kind::TooLarge { limit: limits.octets },
            limits.octets,
        ));
    }
    let mut r = Reader::new(octets, strictness);
    let fields = r.array("a message, an array")?;
    if !fields.may_be(7) {
        return Err(DecodeError::new(Kind::MessageLength, 0));
    }
    let content = Content {
        salt: salt(&mut r)?,
        replaces: message_id(&mut r, "replaces, null or a byte string")?,
        topic: topic(&mut r)?,
        expires: expires(&mut r)?,
        in_reply_to: message_id(&mut r, "inReplyTo, null or a byte string")?,
        extensions: extensions(&mut r)?,
        part: Parts { left: PARTS }.part(&mut r, 1)?,
    };
    r.end(fields, 0, Kind::MessageLength)?;
    r.finish()?;
    Ok(content)
}

fn salt(r: &mut Reader<'_>) -> Result<Salt, DecodeError> {
    let start = r.position();
    let octets = r.bytes("salt, a byte string")?;
    Salt::decoded(&octets).ok_or_else(|| DecodeError::new(Kind::SaltLength, start))
}

fn message_id(r: &mut Reader<'_>, expected: &'static str) -> Result<Option<MessageId>, DecodeError> {
    if r.at_null() {
        r.null(expected)?;
        return Ok(None);
    }
    let start = r.position();
    let octets = r.bytes(expected)?;
    let octets = octets
        .as_ref()
        .try_into()
        .map_err(|_| DecodeError::new(Kind::MessageIdLength, start))?;
    MessageId::from_octets(octets)
        .map(Some)
        .map_err(|_| DecodeError::new(Kind::MessageIdHash, start))
}

fn topic(r: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let start = r.position();
    let topic = r.bytes("topicId, a byte string")?;
    if topic.len() > TOPIC_OCTETS {
        return Err(DecodeError::new(Kind::TopicTooLong, start));
    }
    Ok(topic.into_owned())
}

fn expires(r: &mut Reader<'_>) -> Result<Option<Expiration>, DecodeError> {
    const EXPECTED: &str = "expires, null or an array";
    if r.at_null() {
        r.null(EXPECTED)?;
        return Ok(None);
    }
    let start = r.position();
    let items = r.array(EXPECTED)?;
    if !items.may_be(2) {
        return Err(DecodeError::new(Kind::ExpirationLength, start));
    }
    let relative = r.bool("relative, a boolean")?;
    let seconds = number(r, "time")?;
    r.end(items, start, Kind::ExpirationLength)?;
    Ok(Some(if relative {
        Expiration::Relative(seconds)
    } else {
        Expiration::Absolute(seconds)
    }))
}

/// An unsigned integer that fits its field.
fn number<N: TryFrom<u64>>(r: &mut Reader<'_>, field: &'static str) -> Result<N, DecodeError> {
    let start = r.position();
    let n = r.unsigned(field)?;
    N::try_from(n).map_err(|_| DecodeError::new(Kind::NumberTooLarge { field }, start))
}

fn extensions(r: &mut Reader<'_>) -> Result<Extensions, DecodeError> {
    let mut count = r.map("mimiExtensions, a map")?;
    let mut entries = Vec::new();
    let mut previous: &[u8] = &[];
    while r.more(&mut count)? {
        let key_start = r.position();
        let key = extension_key(r)?;
        if !r.is_lenient() {
            let encoded = r.octets(key_start, r.position());
            value::check_key_order(previous, encoded, key_start)?;
            previous = encoded;
        }
        let value_start = r.position();
        let value = extension_value(r)?;
        if key.holds_text() && !value.is_text() {
            return Err(DecodeError::new(Kind::ExtensionType, value_start));
        }
        entries.push((key, value, key_start));
    }
    Extensions::from_decoded(entries)
}

fn extension_key(r: &mut Reader<'_>) -> Result<ExtensionKey, DecodeError> {
    const EXPECTED: &str = "an extension key";
    let start = r.position();
    let key = match r.peek()? >> 5 {
        major::UNSIGNED => {
            let n = r.unsigned(EXPECTED)?;
            value::check_integer_key(n, start)?;
            ExtensionKey::integer(n.cast_signed())
        }
        major::NEGATIVE => {
            let n = r.negative(EXPECTED)?;
            value::check_integer_key(n.saturating_add(1), start)?;
            ExtensionKey::integer(!n.cast_signed())
        }
        major::TEXT => ExtensionKey::text(&r.text(EXPECTED)?),
        _ => return Err(DecodeError::new(Kind::ExtensionKeyType, start)),
    };
    key.map_err(|e| DecodeError::new(e.0, start))
}

fn extension_value(r: &mut Reader<'_>) -> Result<ExtensionValue, DecodeError> {
    let start = r.position();
    if r.is_lenient() {
        let value = Value::read(r, VALUE_LEVEL)?;
        return ExtensionValue::new(&value).map_err(|e| DecodeError::new(e.0, start));
    }
    value::check(r, VALUE_LEVEL)?;
    Ok(ExtensionValue::from_checked(r.octets(start, r.position())))
}

/// Reads parts as long as a message may have more.
struct Parts {
    left: usize,
}

impl Parts {
    fn part(&mut self, r: &mut Reader<'_>, level: usize) -> Result<Part, DecodeError> {
        let start = r.position();
        if level > PART_LEVELS {
            return Err(DecodeError::new(Kind::PartsTooDeep, start));
        }
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| DecodeError::new(Kind::TooManyParts, start))?;
        let items = r.array("a part, an array")?;
        if !(items.may_be(3) || items.may_be(5) || items.may_be(15)) {
            return Err(DecodeError::new(Kind::PartLength, start));
        }
        let disposition = Disposition::from_value(number(r, "disposition")?);
        let language = text(r, "language, a text string")?;
        let cardinality_start = r.position();
        let (length, cardinality) = match r.unsigned("cardinality, an unsigned integer")? {
            0 => (3, Cardinality::Null),
            1 => (5, Cardinality::Single),
            2 => (15, Cardinality::External),
            3 => (5, Cardinality::Multi),
            _ => return Err(DecodeError::new(Kind::UnknownCardinality, cardinality_start)),
        };
        if !items.may_be(length) {
            return Err(DecodeError::new(Kind::PartLength, start));
        }
        let body = match cardinality {
            Cardinality::Null => Body::Null,
            Cardinality::Single => Body::Single(single(r)?),
            Cardinality::External => Body::External(Box::new(external(r)?)),
            Cardinality::Multi => Body::Multi(self.multi(r, level)?),
        };
        r.end(items, start, Kind::PartLength)?;
        Ok(Part {
            disposition,
            language,
            body,
        })
    }

    fn multi(&mut self, r: &mut Reader<'_>, level: usize) -> Result<MultiPart, DecodeError> {
        let start = r.position();
        let semantics = r.unsigned("partSemantics, an unsigned integer")?;
        let semantics = PartSemantics::from_value(semantics)
            .ok_or_else(|| DecodeError::new(Kind::UnknownPartSemantics, start))?;
        let start = r.position();
        let mut count = r.array("parts, an array")?;
        let mut parts = Vec::new();
        if let Count::Definite(n) = count {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            if n < 2 {
                return Err(DecodeError::new(Kind::TooFewParts, start));
            }
            if n > self.left {
                return Err(DecodeError::new(Kind::TooManyParts, start));
            }
            parts.reserve_exact(n.min(r.remaining() / SMALLEST_PART));
        }
        while r.more(&mut count)? {
            parts.push(self.part(r, level + 1)?);
        }
        // Depth and number were checked on the way, so this only counts.
        MultiPart::new(semantics, parts).map_err(|_| DecodeError::new(Kind::TooFewParts, start))
    }
}

/// Octets of the smallest part: `83 00 60 00`.
const SMALLEST_PART: usize = 4;

enum Cardinality {
    Null,
    Single,
    External,
    Multi,
}

fn single(r: &mut Reader<'_>) -> Result<SinglePart, DecodeError> {
    Ok(SinglePart {
        media_type: text(r, CONTENT_TYPE)?,
        content: bytes(r, "content, a byte string")?,
    })
}

const CONTENT_TYPE: &str = "contentType, a text string";

fn external(r: &mut Reader<'_>) -> Result<ExternalPart, DecodeError> {
    Ok(ExternalPart {
        media_type: text(r, CONTENT_TYPE)?,
        url: text(r, "url, a text string")?,
        expires: number(r, "expires")?,
        size: number(r, "size")?,
        encryption_algorithm: number(r, "encAlg")?,
        key: ContentKey::new(bytes(r, "key, a byte string")?),
        nonce: bytes(r, "nonce, a byte string")?,
        aad: bytes(r, "aad, a byte string")?,
        hash_algorithm: number(r, "hashAlg")?,
        content_hash: bytes(r, "contentHash, a byte string")?,
        description: text(r, "description, a text string")?,
        filename: text(r, "filename, a text string")?,
    })
}

fn text(r: &mut Reader<'_>, expected: &'static str) -> Result<String, DecodeError> {
    r.text(expected).map(Cow::into_owned)
}

fn bytes(r: &mut Reader<'_>, expected: &'static str) -> Result<Vec<u8>, DecodeError> {
    r.bytes(expected).map(Cow::into_owned)
}
