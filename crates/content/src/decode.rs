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
use crate::limits::{EXTENSION_KEY_OCTETS, Limits, PART_LEVELS, PARTS, TOPIC_OCTETS};
use crate::message::{Content, Expiration};
use crate::message_id::MessageId;
use crate::part::{Body, ContentKey, ExternalPart, MultiPart, Part, PartSemantics, SinglePart};
use crate::reader::{Count, Reader, Strictness, major};
use crate::salt::Salt;
use crate::value::{self, Value};

pub(crate) fn content(octets: &[u8], limits: Limits, strictness: Strictness) -> Result<Content, DecodeError> {
    let (mut r, fields) = begin(octets, limits, strictness)?;
    let content = Content {
        salt: salt(&mut r)?,
        replaces: message_id(&mut r, "replaces, null or a byte string")?,
        topic: topic(&mut r)?.into_owned(),
        expires: expires(&mut r)?,
        in_reply_to: message_id(&mut r, "inReplyTo, null or a byte string")?,
        extensions: extensions(&mut r)?,
        part: Parts::<Owned>::new().part(&mut r, 1)?,
    };
    r.end(fields, 0, Kind::MessageLength)?;
    r.finish()?;
    Ok(content)
}

/// The fields of a message that has been checked and not copied, and where its longer ones begin.
pub(crate) struct Checked<'b> {
    pub(crate) salt: Salt,
    pub(crate) replaces: Option<MessageId>,
    pub(crate) topic: &'b [u8],
    pub(crate) expires: Option<Expiration>,
    pub(crate) in_reply_to: Option<MessageId>,
    pub(crate) extensions: usize,
    pub(crate) part: usize,
}

/// Checks a message as [`content`] does, and allocates nothing.
pub(crate) fn check(octets: &[u8], limits: Limits) -> Result<Checked<'_>, DecodeError> {
    let (mut r, fields) = begin(octets, limits, Strictness::Strict)?;
    let salt = salt(&mut r)?;
    let replaces = message_id(&mut r, "replaces, null or a byte string")?;
    let topic = borrowed(topic(&mut r)?);
    let expires = expires(&mut r)?;
    let in_reply_to = message_id(&mut r, "inReplyTo, null or a byte string")?;
    let extensions = r.position();
    each_extension(&mut r, |_, _, _| ())?;
    let part = r.position();
    Parts::<Unbuilt>::new().part(&mut r, 1)?;
    r.end(fields, 0, Kind::MessageLength)?;
    r.finish()?;
    Ok(Checked {
        salt,
        replaces,
        topic,
        expires,
        in_reply_to,
        extensions,
        part,
    })
}

/// What a strict reader read: only a lenient one joins pieces.
pub(crate) fn borrowed<T: ToOwned + ?Sized>(cow: Cow<'_, T>) -> &T
where
    for<'e> &'e T: Default,
{
    match cow {
        Cow::Borrowed(borrowed) => borrowed,
        Cow::Owned(_) => Default::default(),
    }
}

fn begin(octets: &[u8], limits: Limits, strictness: Strictness) -> Result<(Reader<'_>, Count), DecodeError> {
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
    Ok((r, fields))
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

fn topic<'b>(r: &mut Reader<'b>) -> Result<Cow<'b, [u8]>, DecodeError> {
    let start = r.position();
    let topic = r.bytes("topicId, a byte string")?;
    if topic.len() > TOPIC_OCTETS {
        return Err(DecodeError::new(Kind::TopicTooLong, start));
    }
    Ok(topic)
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
    let mut entries = Vec::new();
    let mut offsets = Vec::new();
    let is_lenient = r.is_lenient();
    each_extension(r, |key, value, start| {
        let key = match key {
            Key::Integer(key) => ExtensionKey::checked_integer(key),
            Key::Text(key) => ExtensionKey::checked_text(&key),
        };
        entries.push((key, ExtensionValue::from_checked(&value)));
        if is_lenient {
            offsets.push(start);
        }
    })?;
    if is_lenient {
        return Extensions::from_unordered(entries, &offsets);
    }
    Ok(Extensions::from_ordered(entries))
}

/// The key of an extension.
pub(crate) enum Key<'b> {
    Integer(i64),
    Text(Cow<'b, str>),
}

impl Key<'_> {
    /// Whether the registration says that the value is a text.
    const fn holds_text(&self) -> bool {
        matches!(self, Self::Integer(1 | 2))
    }
}

/// Reads the extensions map, and hands each key to `each` with the deterministic octets of its value and the offset of the key.
pub(crate) fn each_extension<'b>(
    r: &mut Reader<'b>,
    mut each: impl FnMut(Key<'b>, Cow<'b, [u8]>, usize),
) -> Result<(), DecodeError> {
    let mut count = r.map("mimiExtensions, a map")?;
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
        if key.holds_text() && value.first().is_none_or(|first| first >> 5 != major::TEXT) {
            return Err(DecodeError::new(Kind::ExtensionType, value_start));
        }
        each(key, value, key_start);
    }
    Ok(())
}

fn extension_key<'b>(r: &mut Reader<'b>) -> Result<Key<'b>, DecodeError> {
    const EXPECTED: &str = "an extension key";
    let start = r.position();
    let fail = |kind| Err(DecodeError::new(kind, start));
    match r.peek()? >> 5 {
        major::UNSIGNED => match r.unsigned(EXPECTED)? {
            0 => fail(Kind::ExtensionKeyReserved),
            n => {
                value::check_integer_key(n, start)?;
                Ok(Key::Integer(n.cast_signed()))
            }
        },
        major::NEGATIVE => {
            let n = r.negative(EXPECTED)?;
            value::check_integer_key(n.saturating_add(1), start)?;
            Ok(Key::Integer(!n.cast_signed()))
        }
        major::TEXT => match r.text(EXPECTED)? {
            key if (1..=EXTENSION_KEY_OCTETS).contains(&key.len()) => Ok(Key::Text(key)),
            _ => fail(Kind::ExtensionKeyLength),
        },
        _ => fail(Kind::ExtensionKeyType),
    }
}

fn extension_value<'b>(r: &mut Reader<'b>) -> Result<Cow<'b, [u8]>, DecodeError> {
    let start = r.position();
    if r.is_lenient() {
        let value = Value::read(r, VALUE_LEVEL)?;
        let value = ExtensionValue::new(&value).map_err(|e| DecodeError::new(e.0, start))?;
        return Ok(Cow::Owned(value.octets().to_vec()));
    }
    value::check(r, VALUE_LEVEL)?;
    Ok(Cow::Borrowed(r.octets(start, r.position())))
}

/// What becomes of the parts that are read.
trait Build {
    type Part;
    type Parts;

    fn part(head: Head<'_>, body: Leaf<'_>) -> Self::Part;
    fn parts(capacity: usize) -> Self::Parts;
    fn push(parts: &mut Self::Parts, part: Self::Part);
    /// `None` when there are fewer than two.
    fn multi(head: Head<'_>, semantics: PartSemantics, parts: Self::Parts) -> Option<Self::Part>;
}

/// What all parts begin with.
pub(crate) struct Head<'b> {
    pub(crate) disposition: Disposition,
    pub(crate) language: Cow<'b, str>,
    pub(crate) cardinality: Cardinality,
    items: Count,
    start: usize,
}

pub(crate) enum Leaf<'b> {
    Null,
    Single(Single<'b>),
    External(External<'b>),
}

pub(crate) struct Single<'b> {
    pub(crate) media_type: Cow<'b, str>,
    pub(crate) content: Cow<'b, [u8]>,
}

pub(crate) struct External<'b> {
    pub(crate) media_type: Cow<'b, str>,
    pub(crate) url: Cow<'b, str>,
    pub(crate) expires: u32,
    pub(crate) size: u64,
    pub(crate) encryption_algorithm: u16,
    pub(crate) key: Cow<'b, [u8]>,
    pub(crate) nonce: Cow<'b, [u8]>,
    pub(crate) aad: Cow<'b, [u8]>,
    pub(crate) hash_algorithm: u8,
    pub(crate) content_hash: Cow<'b, [u8]>,
    pub(crate) description: Cow<'b, str>,
    pub(crate) filename: Cow<'b, str>,
}

/// Builds a tree of parts.
struct Owned;

impl Build for Owned {
    type Part = Part;
    type Parts = Vec<Part>;

    #[inline(always)]
    fn part(head: Head<'_>, body: Leaf<'_>) -> Part {
        let body = match body {
            Leaf::Null => Body::Null,
            Leaf::Single(single) => Body::Single(SinglePart {
                media_type: single.media_type.into_owned(),
                content: single.content.into_owned(),
            }),
            Leaf::External(external) => Body::External(Box::new(external.into_owned())),
        };
        Part {
            disposition: head.disposition,
            language: head.language.into_owned(),
            body,
        }
    }

    fn parts(capacity: usize) -> Vec<Part> {
        Vec::with_capacity(capacity)
    }

    fn push(parts: &mut Vec<Part>, part: Part) {
        parts.push(part);
    }

    fn multi(head: Head<'_>, semantics: PartSemantics, parts: Vec<Part>) -> Option<Part> {
        // Depth and number were checked on the way, so this only counts.
        let multi = MultiPart::new(semantics, parts).ok()?;
        Some(Part {
            disposition: head.disposition,
            language: head.language.into_owned(),
            body: Body::Multi(multi),
        })
    }
}

impl External<'_> {
    fn into_owned(self) -> ExternalPart {
        ExternalPart {
            media_type: self.media_type.into_owned(),
            url: self.url.into_owned(),
            expires: self.expires,
            size: self.size,
            encryption_algorithm: self.encryption_algorithm,
            key: ContentKey::new(self.key.into_owned()),
            nonce: self.nonce.into_owned(),
            aad: self.aad.into_owned(),
            hash_algorithm: self.hash_algorithm,
            content_hash: self.content_hash.into_owned(),
            description: self.description.into_owned(),
            filename: self.filename.into_owned(),
        }
    }
}

/// Builds nothing. For strict readers only, who know the number of parts beforehand.
struct Unbuilt;

impl Build for Unbuilt {
    type Part = ();
    type Parts = ();

    fn part(_: Head<'_>, _: Leaf<'_>) {}

    fn parts(_: usize) {}

    fn push((): &mut (), (): ()) {}

    fn multi(_: Head<'_>, _: PartSemantics, (): ()) -> Option<()> {
        Some(())
    }
}

/// Reads parts as long as a message may have more.
struct Parts<B> {
    left: usize,
    build: std::marker::PhantomData<B>,
}

impl<B: Build> Parts<B> {
    const fn new() -> Self {
        Self {
            left: PARTS,
            build: std::marker::PhantomData,
        }
    }

    fn part(&mut self, r: &mut Reader<'_>, level: usize) -> Result<B::Part, DecodeError> {
        let start = r.position();
        if level > PART_LEVELS {
            return Err(DecodeError::new(Kind::PartsTooDeep, start));
        }
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| DecodeError::new(Kind::TooManyParts, start))?;
        let head = part_head(r)?;
        let (items, start) = (head.items, head.start);
        let part = match head.cardinality {
            Cardinality::Null => B::part(head, Leaf::Null),
            Cardinality::Single => B::part(head, Leaf::Single(single(r)?)),
            Cardinality::External => B::part(head, Leaf::External(external(r)?)),
            Cardinality::Multi => self.multi(head, r, level)?,
        };
        r.end(items, start, Kind::PartLength)?;
        Ok(part)
    }

    #[inline(always)]
    fn multi(&mut self, head: Head<'_>, r: &mut Reader<'_>, level: usize) -> Result<B::Part, DecodeError> {
        let semantics = part_semantics(r)?;
        let start = r.position();
        let mut count = r.array("parts, an array")?;
        let mut capacity = 0;
        if let Count::Definite(n) = count {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            if n < 2 {
                return Err(DecodeError::new(Kind::TooFewParts, start));
            }
            if n > self.left {
                return Err(DecodeError::new(Kind::TooManyParts, start));
            }
            capacity = n.min(r.remaining() / SMALLEST_PART);
        }
        let mut parts = B::parts(capacity);
        while r.more(&mut count)? {
            let part = self.part(r, level + 1)?;
            B::push(&mut parts, part);
        }
        B::multi(head, semantics, parts).ok_or_else(|| DecodeError::new(Kind::TooFewParts, start))
    }
}

/// Octets of the smallest part: `83 00 60 00`.
const SMALLEST_PART: usize = 4;

#[derive(Clone, Copy)]
pub(crate) enum Cardinality {
    Null,
    Single,
    External,
    Multi,
}

#[inline(always)]
pub(crate) fn part_head<'b>(r: &mut Reader<'b>) -> Result<Head<'b>, DecodeError> {
    let start = r.position();
    let items = r.array("a part, an array")?;
    if !(items.may_be(3) || items.may_be(5) || items.may_be(15)) {
        return Err(DecodeError::new(Kind::PartLength, start));
    }
    let disposition = Disposition::from_value(number(r, "disposition")?);
    let language = r.text("language, a text string")?;
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
    Ok(Head {
        disposition,
        language,
        cardinality,
        items,
        start,
    })
}

pub(crate) fn part_semantics(r: &mut Reader<'_>) -> Result<PartSemantics, DecodeError> {
    let start = r.position();
    let semantics = r.unsigned("partSemantics, an unsigned integer")?;
    PartSemantics::from_value(semantics).ok_or_else(|| DecodeError::new(Kind::UnknownPartSemantics, start))
}

#[inline(always)]
pub(crate) fn single<'b>(r: &mut Reader<'b>) -> Result<Single<'b>, DecodeError> {
    Ok(Single {
        media_type: r.text(CONTENT_TYPE)?,
        content: r.bytes("content, a byte string")?,
    })
}

const CONTENT_TYPE: &str = "contentType, a text string";

pub(crate) fn external<'b>(r: &mut Reader<'b>) -> Result<External<'b>, DecodeError> {
    Ok(External {
        media_type: r.text(CONTENT_TYPE)?,
        url: r.text("url, a text string")?,
        expires: number(r, "expires")?,
        size: number(r, "size")?,
        encryption_algorithm: number(r, "encAlg")?,
        key: r.bytes("key, a byte string")?,
        nonce: r.bytes("nonce, a byte string")?,
        aad: r.bytes("aad, a byte string")?,
        hash_algorithm: number(r, "hashAlg")?,
        content_hash: r.bytes("contentHash, a byte string")?,
        description: r.text("description, a text string")?,
        filename: r.text("filename, a text string")?,
    })
}
