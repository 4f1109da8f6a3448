//! The body of a message: a tree of parts.
//!
//! **Owns** the shape: a [`MultiPart`] can only be made with two parts or more, at most four levels deep and of at most
//! 1024 parts, so that whoever walks a tree needs no bound of their own.
//! **Knows nothing of** what a media type means, nor which parts a receiver shows; that is [`select`](crate::select).
//!
//! See *mimi-content*, "Message Bodies" and "External content".

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::disposition::Disposition;
use crate::error::PartError;
use crate::language::is_language_list;
use crate::limits::{PART_LEVELS, PARTS};
use crate::media::PLAIN_TEXT;
use crate::reaction::holds_several_reactions;

/// A part of a message: what it is for, in which language, and what it is.
///
/// `Debug` shows the shape and no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the part is for.
    pub disposition: Disposition,
    /// Empty, or a comma-separated list of RFC 5646 language tags. A received one may be anything.
    pub language: String,
    /// What the part is; the draft's cardinality.
    pub body: Body,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing: the body of a delete or an unlike.
    Null,
    /// Content in the message itself.
    Single(SinglePart),
    /// Content to be fetched.
    External(Box<ExternalPart>),
    /// Several parts.
    Multi(MultiPart),
}

impl Part {
    /// A part without content, as in a delete or an unlike.
    pub const fn null(disposition: Disposition) -> Self {
        Self::new(disposition, Body::Null)
    }

    /// A part with its content. `media_type` is written with its parameters; text is passed as its octets.
    pub fn single(
        disposition: Disposition,
        media_type: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        let single = SinglePart {
            media_type: media_type.into(),
            content: content.into(),
        };
        Self::new(disposition, Body::Single(single))
    }

    /// A part whose content is to be fetched.
    pub fn external(disposition: Disposition, external: ExternalPart) -> Self {
        Self::new(disposition, Body::External(Box::new(external)))
    }

    /// Several parts in one.
    ///
    /// # Errors
    /// When there are fewer than two, or more than the limits of a message allow.
    pub fn multi(
        disposition: Disposition,
        semantics: PartSemantics,
        parts: Vec<Self>,
    ) -> Result<Self, PartError> {
        Ok(Self::new(
            disposition,
            Body::Multi(MultiPart::new(semantics, parts)?),
        ))
    }

    /// A reaction to another message: one text, usually one emoji.
    ///
    /// # Errors
    /// [`PartError::SeveralReactions`] when the text holds more than one emoji; see [`Part::reactions`].
    pub fn reaction(text: &str) -> Result<Self, PartError> {
        if holds_several_reactions(text) {
            return Err(PartError::SeveralReactions);
        }
        Ok(Self::single(Disposition::REACTION, PLAIN_TEXT, text))
    }

    /// Several reactions to the same message, each in a part of its own.
    ///
    /// # Errors
    /// When there are fewer than two texts, or one holds several reactions.
    pub fn reactions<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, PartError> {
        let parts = texts.into_iter().map(Self::reaction).collect::<Result<_, _>>()?;
        Self::multi(Disposition::REACTION, PartSemantics::ProcessAll, parts)
    }

    const fn new(disposition: Disposition, body: Body) -> Self {
        Self {
            disposition,
            language: String::new(),
            body,
        }
    }

    /// The same part in a language, or in several: `"fr"`, `"de,fr"`.
    ///
    /// # Errors
    /// [`PartError::Language`] when it is not a list of well-formed RFC 5646 tags.
    pub fn in_language(mut self, language: impl Into<String>) -> Result<Self, PartError> {
        self.language = language.into();
        if !is_language_list(&self.language) {
            return Err(PartError::Language);
        }
        Ok(self)
    }

    /// The media type as written, of a single or external part.
    pub fn media_type(&self) -> Option<&str> {
        match &self.body {
            Body::Single(single) => Some(&single.media_type),
            Body::External(external) => Some(&external.media_type),
            Body::Null | Body::Multi(_) => None,
        }
    }

    /// The direct children; empty unless it is a multipart.
    pub fn children(&self) -> &[Self] {
        match &self.body {
            Body::Multi(multi) => multi.parts(),
            _ => &[],
        }
    }

    /// Whether it is a multipart of which everything is processed.
    pub(crate) fn is_process_all(&self) -> bool {
        matches!(&self.body, Body::Multi(multi) if multi.semantics() == PartSemantics::ProcessAll)
    }

    /// Every part with its index, depth first, this one as the root.
    pub fn walk(&self) -> Walk<'_> {
        Walk {
            next: PartIndex::ROOT,
            stack: vec![std::slice::from_ref(self).iter()],
        }
    }

    /// The part with this index, if this one is the root.
    pub fn at(&self, index: PartIndex) -> Option<&Self> {
        self.walk().nth(index.0.into()).map(|(_, part)| part)
    }

    /// How many parts it is, itself and every nested one.
    pub fn count(&self) -> usize {
        match &self.body {
            Body::Multi(multi) => multi.count.into(),
            _ => 1,
        }
    }

    /// How many levels it has; 1 unless it is a multipart.
    pub fn levels(&self) -> usize {
        match &self.body {
            Body::Multi(multi) => multi.levels.into(),
            _ => 1,
        }
    }
}

/// Content in the message itself. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct SinglePart {
    /// The media type with its parameters, as written; the draft's `contentType`.
    pub media_type: String,
    /// The octets, of text as well.
    pub content: Vec<u8>,
}

impl fmt::Debug for SinglePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { media_type, content } = self;
        write!(f, "SinglePart({media_type:?}, {} octets)", content.len())
    }
}

/// Content to be fetched from a URL, and how to verify and decrypt it.
///
/// `Debug` shows neither what it is called, nor where it is, nor its key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ExternalPart {
    /// The media type of the content with its parameters, as written. May be empty.
    pub media_type: String,
    /// Where it is.
    pub url: String,
    /// When it ceases to be there, in seconds since the Unix epoch; 0 for never.
    pub expires: u32,
    /// Its size in octets; 0 for unknown. We write the octets at the URL, peers may mean those of the plaintext.
    pub size: u64,
    /// The AEAD algorithm by its IANA number: 0 none, 1 AES-128-GCM; see [`Algorithm`](crate::attachment::Algorithm).
    pub encryption_algorithm: u16,
    /// The key of that algorithm; empty for none.
    pub key: ContentKey,
    /// The nonce; empty for none.
    pub nonce: Vec<u8>,
    /// The additional authenticated data, empty unless an extension says otherwise.
    pub aad: Vec<u8>,
    /// The hash algorithm by its number in the Named Information registry: 0 none, 1 SHA-256.
    pub hash_algorithm: u8,
    /// The hash of the octets at the URL; empty for none.
    pub content_hash: Vec<u8>,
    /// What it is, in words. May be empty.
    pub description: String,
    /// A file name that the sender suggests, not to be trusted. May be empty.
    pub filename: String,
}

impl fmt::Debug for ExternalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            media_type,
            url: _,
            expires,
            size,
            encryption_algorithm,
            key: _,
            nonce: _,
            aad: _,
            hash_algorithm,
            content_hash: _,
            description: _,
            filename: _,
        } = self;
        f.debug_struct("ExternalPart")
            .field("media_type", media_type)
            .field("expires", expires)
            .field("size", size)
            .field("encryption_algorithm", encryption_algorithm)
            .field("hash_algorithm", hash_algorithm)
            .finish_non_exhaustive()
    }
}

/// The key of an external part. Overwritten when dropped, never in `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Zeroize)]
pub struct ContentKey(Vec<u8>);

impl ZeroizeOnDrop for ContentKey {}

impl Drop for ContentKey {
    fn drop(&mut self) {
        // Most parts have no key, and overwriting nothing takes some processors as long as decoding the part.
        if self.0.capacity() > 0 {
            self.0.zeroize();
        }
    }
}

impl ContentKey {
    /// Takes the octets of a key.
    pub const fn new(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// How the parts of a multipart belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartSemantics {
    /// The receiver processes exactly one.
    ChooseOne,
    /// The receiver processes all or none.
    SingleUnit,
    /// The receiver processes as many as it can.
    ProcessAll,
}

impl PartSemantics {
    pub(crate) const fn from_value(value: u64) -> Option<Self> {
        match value {
            0 => Some(Self::ChooseOne),
            1 => Some(Self::SingleUnit),
            2 => Some(Self::ProcessAll),
            _ => None,
        }
    }

    pub(crate) const fn value(self) -> u8 {
        match self {
            Self::ChooseOne => 0,
            Self::SingleUnit => 1,
            Self::ProcessAll => 2,
        }
    }

    /// The name in the draft.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChooseOne => "chooseOne",
            Self::SingleUnit => "singleUnit",
            Self::ProcessAll => "processAll",
        }
    }
}

/// Two parts or more, within the limits of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiPart {
    semantics: PartSemantics,
    parts: Vec<Part>,
    /// Parts in this tree, itself included.
    count: u16,
    /// Levels of this tree, its own included.
    levels: u8,
}

impl MultiPart {
    /// Puts parts together.
    ///
    /// # Errors
    /// When there are fewer than two, or more than the limits of a message allow.
    pub fn new(semantics: PartSemantics, parts: Vec<Part>) -> Result<Self, PartError> {
        if parts.len() < 2 {
            return Err(PartError::TooFewParts);
        }
        let count = parts.iter().map(Part::count).fold(1_usize, usize::saturating_add);
        let levels = parts
            .iter()
            .map(Part::levels)
            .max()
            .map_or(1, |deepest| deepest + 1);
        if levels > PART_LEVELS {
            return Err(PartError::PartsTooDeep);
        }
        match (u16::try_from(count), u8::try_from(levels)) {
            (Ok(count), Ok(levels)) if usize::from(count) <= PARTS => Ok(Self {
                semantics,
                parts,
                count,
                levels,
            }),
            _ => Err(PartError::TooManyParts),
        }
    }

    /// How the parts belong together.
    pub const fn semantics(&self) -> PartSemantics {
        self.semantics
    }

    /// The parts, in the sender's order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The parts, taken out.
    pub fn into_parts(self) -> Vec<Part> {
        self.parts
    }
}

/// The place of a part in its message: depth first from 0, multiparts counted as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartIndex(pub u16);

impl PartIndex {
    /// The root.
    pub const ROOT: Self = Self(0);

    /// The index `parts` further on.
    pub(crate) fn plus(self, parts: usize) -> Self {
        Self(self.0.saturating_add(u16::try_from(parts).unwrap_or(u16::MAX)))
    }
}

impl fmt::Display for PartIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The parts of a tree with their indices, depth first. See [`Part::walk`].
#[derive(Clone, Debug)]
pub struct Walk<'p> {
    next: PartIndex,
    stack: Vec<std::slice::Iter<'p, Part>>,
}

impl<'p> Iterator for Walk<'p> {
    type Item = (PartIndex, &'p Part);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(siblings) = self.stack.last_mut() {
            if let Some(part) = siblings.next() {
                let index = self.next;
                self.next = index.plus(1);
                self.stack.push(part.children().iter());
                return Some((index, part));
            }
            self.stack.pop();
        }
        None
    }
}
