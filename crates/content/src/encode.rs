//! Writes a message in the deterministic encoding of RFC 8949 §4.2.1: shortest forms, definite lengths, ordered keys.
//!
//! minicbor writes shortest forms and the lengths it is told, and [`Extensions`] are kept in order, so nothing has to
//! be arranged here but the fields.

use std::convert::Infallible;

use minicbor::Encoder;

use crate::error::EncodeError;
use crate::extensions::Extensions;
use crate::limits::TOPIC_OCTETS;
use crate::message::{Content, Expiration};
use crate::message_id::MessageId;
use crate::part::{Body, ExternalPart, MultiPart, Part};

type Output<'e> = Encoder<&'e mut Vec<u8>>;
/// Writing to a `Vec` cannot fail.
type Written = Result<(), minicbor::encode::Error<Infallible>>;

/// Appends the message to `octets`, or nothing.
pub(crate) fn content(content: &Content, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
    if content.topic.len() > TOPIC_OCTETS {
        return Err(EncodeError::TopicTooLong);
    }
    octets.reserve(size_hint(content));
    // The error type is uninhabited, so there is none to report.
    drop(fields(content, &mut Encoder::new(octets)));
    Ok(())
}

fn fields(content: &Content, e: &mut Output<'_>) -> Written {
    let Content {
        salt,
        replaces,
        topic,
        expires,
        in_reply_to,
        extensions,
        part,
    } = content;
    e.array(7)?.bytes(salt.octets())?;
    message_id(replaces.as_ref(), e)?;
    e.bytes(topic)?;
    match expires {
        None => e.null()?,
        Some(Expiration::Relative(seconds)) => e.array(2)?.bool(true)?.u32(*seconds)?,
        Some(Expiration::Absolute(seconds)) => e.array(2)?.bool(false)?.u32(*seconds)?,
    };
    message_id(in_reply_to.as_ref(), e)?;
    write_extensions(extensions, e)?;
    write_part(part, e)
}

fn message_id(id: Option<&MessageId>, e: &mut Output<'_>) -> Written {
    match id {
        None => e.null()?.ok(),
        Some(id) => e.bytes(id.octets())?.ok(),
    }
}

fn write_extensions(extensions: &Extensions, e: &mut Output<'_>) -> Written {
    e.map(extensions.len() as u64)?;
    for (key, value) in extensions.iter() {
        match (key.as_integer(), key.as_text()) {
            (Some(key), _) => e.i64(key)?,
            (None, Some(key)) => e.str(key)?,
            (None, None) => e,
        };
        e.writer_mut().extend_from_slice(value.octets());
    }
    e.ok()
}

fn write_part(part: &Part, e: &mut Output<'_>) -> Written {
    let Part {
        disposition,
        language,
        body,
    } = part;
    let (length, cardinality) = match body {
        Body::Null => (3, 0),
        Body::Single(_) => (5, 1),
        Body::External(_) => (15, 2),
        Body::Multi(_) => (5, 3),
    };
    e.array(length)?
        .u8(disposition.value())?
        .str(language)?
        .u8(cardinality)?;
    match body {
        Body::Null => e.ok(),
        Body::Single(single) => e.str(&single.media_type)?.bytes(&single.content)?.ok(),
        Body::External(external) => write_external(external, e),
        Body::Multi(multi) => write_multi(multi, e),
    }
}

fn write_external(external: &ExternalPart, e: &mut Output<'_>) -> Written {
    e.str(&external.media_type)?
        .str(&external.url)?
        .u32(external.expires)?
        .u64(external.size)?
        .u16(external.encryption_algorithm)?
        .bytes(external.key.octets())?
        .bytes(&external.nonce)?
        .bytes(&external.aad)?
        .u8(external.hash_algorithm)?
        .bytes(&external.content_hash)?
        .str(&external.description)?
        .str(&external.filename)?
        .ok()
}

fn write_multi(multi: &MultiPart, e: &mut Output<'_>) -> Written {
    e.u8(multi.semantics().value())?
        .array(multi.parts().len() as u64)?;
    multi.parts().iter().try_for_each(|part| write_part(part, e))
}

/// Octets of a message whose texts, byte strings and values are empty: the salt, both ids, the expiration, and all heads.
const FIXED_OCTETS: usize = 128;
/// The same of a part and of what an external one has besides; a head is taken for a long one.
const PART_OCTETS: usize = 32;
const EXTERNAL_OCTETS: usize = 96;
const KEY_OCTETS: usize = 9;

/// At least as many octets as the encoding has, and not many more.
fn size_hint(content: &Content) -> usize {
    let fixed = [FIXED_OCTETS, content.topic.len(), part_size_hint(&content.part)];
    let extensions = content.extensions.iter().flat_map(|(key, value)| {
        let text = key.as_text().map_or(0, str::len);
        [KEY_OCTETS, text, value.octets().len()]
    });
    fixed.into_iter().chain(extensions).sum()
}

fn part_size_hint(part: &Part) -> usize {
    let own = [PART_OCTETS, part.language.len(), body_size_hint(&part.body)];
    let nested = part.children().iter().map(part_size_hint);
    own.into_iter().chain(nested).sum()
}

fn body_size_hint(body: &Body) -> usize {
    match body {
        Body::Null | Body::Multi(_) => 0,
        Body::Single(single) => [single.media_type.len(), single.content.len()].iter().sum(),
        Body::External(external) => [
            EXTERNAL_OCTETS,
            external.media_type.len(),
            external.url.len(),
            external.key.octets().len(),
            external.nonce.len(),
            external.aad.len(),
            external.content_hash.len(),
            external.description.len(),
            external.filename.len(),
        ]
        .iter()
        .sum(),
    }
}
