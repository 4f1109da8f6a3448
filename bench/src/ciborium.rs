//! Messages decoded by ciborium into the struct that we decode into, as somebody would who had serde and the draft.
//!
//! Field by field, without a value tree in between, which is ciborium's fast way. Checked as far as serde's data model lets one:
//! types, lengths, numbers, limits, duplicate keys. Whether the octets are deterministic it cannot tell, so the message is encoded
//! again and compared; the time is given with and without.

use std::fmt;

use comity_content::limits::{PART_LEVELS, PARTS, TOPIC_OCTETS};
use comity_content::{
    Body, Content, ContentKey, Disposition, Expiration, ExtensionKey, Extensions, ExternalPart, MessageId,
    Part, PartSemantics, Salt, Value,
};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::Fault;

/// Decodes a message, and checks what can be checked on the way.
pub(crate) fn decode(octets: &[u8]) -> Result<Content, Fault> {
    let mut rest = octets;
    let Message(content) = ciborium::from_reader(&mut rest)?;
    if !rest.is_empty() || content.part.levels() > PART_LEVELS || content.part.count() > PARTS {
        return Err("not a message".into());
    }
    Ok(content)
}

/// The same, and finds out whether the octets were its one encoding.
pub(crate) fn decode_strictly(octets: &[u8]) -> Result<Content, Fault> {
    let content = decode(octets)?;
    if content.encode()? != octets {
        return Err("not deterministic".into());
    }
    Ok(content)
}

struct Message(Content);

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seven fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Message, A::Error> {
        let Octets(salt) = item(&mut seq)?;
        let salt: [u8; 16] = salt.try_into().map_err(|_| A::Error::custom("salt"))?;
        let replaces = message_id(item(&mut seq)?)?;
        let Octets(topic) = item(&mut seq)?;
        if topic.len() > TOPIC_OCTETS {
            return Err(A::Error::custom("topic"));
        }
        let expires: Option<(bool, u32)> = item(&mut seq)?;
        let in_reply_to = message_id(item(&mut seq)?)?;
        let Map(extensions) = item(&mut seq)?;
        let Nested(part) = item(&mut seq)?;
        nothing_follows(&mut seq)?;
        Ok(Message(Content {
            salt: Salt::draw(|octets| *octets = salt),
            replaces,
            topic,
            expires: expires.map(|(relative, seconds)| {
                if relative {
                    Expiration::Relative(seconds)
                } else {
                    Expiration::Absolute(seconds)
                }
            }),
            in_reply_to,
            extensions,
            part,
        }))
    }
}

fn message_id<E: Error>(octets: Option<Octets>) -> Result<Option<MessageId>, E> {
    let Some(Octets(octets)) = octets else {
        return Ok(None);
    };
    MessageId::try_from(octets.as_slice())
        .map(Some)
        .map_err(E::custom)
}

fn item<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(seq: &mut A) -> Result<T, A::Error> {
    seq.next_element()?
        .ok_or_else(|| A::Error::custom("too few items"))
}

fn nothing_follows<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<(), A::Error> {
    match seq.next_element::<serde::de::IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(A::Error::custom("too many items")),
    }
}

/// A byte string, taken over and not copied twice.
struct Octets(Vec<u8>);

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OctetsVisitor;
        impl Visitor<'_> for OctetsVisitor {
            type Value = Octets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte string")
            }

            fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Octets, E> {
                Ok(Octets(octets.to_vec()))
            }

            fn visit_byte_buf<E: Error>(self, octets: Vec<u8>) -> Result<Octets, E> {
                Ok(Octets(octets))
            }
        }
        deserializer.deserialize_byte_buf(OctetsVisitor)
    }
}

struct Map(Extensions);

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = Map;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("extensions")
            }

            /// The examples have integer keys with texts, and no more is asked of ciborium.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Map, A::Error> {
                let mut extensions = Extensions::new();
                while let Some((key, value)) = map.next_entry::<i64, String>()? {
                    let key = ExtensionKey::integer(key).map_err(A::Error::custom)?;
                    let before = extensions
                        .insert(key, &Value::Text(value))
                        .map_err(A::Error::custom)?;
                    if before.is_some() {
                        return Err(A::Error::custom("duplicate key"));
                    }
                }
                Ok(Map(extensions))
            }
        }
        deserializer.deserialize_map(MapVisitor)
    }
}

struct Nested(Part);

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Nested;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nested, A::Error> {
                let disposition = Disposition::from_value(item(&mut seq)?);
                let language = item(&mut seq)?;
                let body = match item::<u8, A>(&mut seq)? {
                    0 => Body::Null,
                    1 => {
                        let media_type: String = item(&mut seq)?;
                        let Octets(content) = item(&mut seq)?;
                        Part::single(disposition, media_type, content).body
                    }
                    2 => Body::External(Box::new(external(&mut seq)?)),
                    3 => multi(disposition, &mut seq)?,
                    _ => return Err(A::Error::custom("cardinality")),
                };
                nothing_follows(&mut seq)?;
                Ok(Nested(Part {
                    disposition,
                    language,
                    body,
                }))
            }
        }
        deserializer.deserialize_seq(PartVisitor)
    }
}

fn multi<'de, A: SeqAccess<'de>>(disposition: Disposition, seq: &mut A) -> Result<Body, A::Error> {
    let semantics = match item::<u8, A>(seq)? {
        0 => PartSemantics::ChooseOne,
        1 => PartSemantics::SingleUnit,
        2 => PartSemantics::ProcessAll,
        _ => return Err(A::Error::custom("semantics")),
    };
    let parts: Vec<Nested> = item(seq)?;
    let parts = parts.into_iter().map(|Nested(part)| part).collect();
    let multi = Part::multi(disposition, semantics, parts).map_err(A::Error::custom)?;
    Ok(multi.body)
}

fn external<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<ExternalPart, A::Error> {
    Ok(ExternalPart {
        media_type: item(seq)?,
        url: item(seq)?,
        expires: item(seq)?,
        size: item(seq)?,
        encryption_algorithm: item(seq)?,
        key: ContentKey::new(item::<Octets, A>(seq)?.0),
        nonce: item::<Octets, A>(seq)?.0,
        aad: item::<Octets, A>(seq)?.0,
        hash_algorithm: item(seq)?,
        content_hash: item::<Octets, A>(seq)?.0,
        description: item(seq)?,
        filename: item(seq)?,
    })
}
