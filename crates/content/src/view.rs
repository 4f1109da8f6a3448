//! A message read where it lies: nothing is copied, and nothing allocated.
//!
//! **Owns** access to octets that have been checked as strictly as [`Content::decode`] checks them. For whoever looks at many
//! messages and keeps few: a notification that needs one line, an index, a filter.

use std::fmt;

use crate::decode::{self, Cardinality, Checked, Key, borrowed};
use crate::disposition::Disposition;
use crate::error::DecodeError;
use crate::extensions::ExtensionKey;
use crate::limits::{Limits, PART_LEVELS};
use crate::message::{Content, Expiration};
use crate::message_id::MessageId;
use crate::part::{PartIndex, PartSemantics};
use crate::reader::{Count, Reader, Strictness};
use crate::salt::Salt;

/// A message in the octets that hold it. `Debug` shows sizes only.
///
/// ```
/// use comity_content::{BodyView, Content, ContentView, Part, Salt};
/// # let content = Content::unasserted(Salt::draw(|_| ()), Part::text("Pizza?"));
/// let octets = content.encode()?;
/// let view = ContentView::decode(&octets)?;
/// let words = view.parts().find_map(|part| match part.body {
///     BodyView::Single { content, .. } => std::str::from_utf8(content).ok(),
///     _ => None,
/// });
/// assert_eq!(words, Some("Pizza?"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ContentView<'b> {
    octets: &'b [u8],
    salt: Salt,
    replaces: Option<MessageId>,
    topic: &'b [u8],
    expires: Option<Expiration>,
    in_reply_to: Option<MessageId>,
    /// Where they begin.
    extensions: usize,
    part: usize,
}

impl<'b> ContentView<'b> {
    /// Checks a message exactly as [`Content::decode`] does.
    ///
    /// # Errors
    /// As [`Content::decode`].
    pub fn decode(octets: &'b [u8]) -> Result<Self, DecodeError> {
        Self::decode_with(octets, Limits::default())
    }

    /// The same under another limit.
    ///
    /// # Errors
    /// As [`Content::decode`].
    pub fn decode_with(octets: &'b [u8], limits: Limits) -> Result<Self, DecodeError> {
        let Checked {
            salt,
            replaces,
            topic,
            expires,
            in_reply_to,
            extensions,
            part,
        } = decode::check(octets, limits)?;
        Ok(Self {
            octets,
            salt,
            replaces,
            topic,
            expires,
            in_reply_to,
            extensions,
            part,
        })
    }

    /// The octets.
    #[must_use]
    pub const fn octets(&self) -> &'b [u8] {
        self.octets
    }

    /// Makes the message id unguessable.
    #[must_use]
    pub const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The message that this one edits, deletes or unlikes.
    #[must_use]
    pub const fn replaces(&self) -> Option<MessageId> {
        self.replaces
    }

    /// The topic; empty for none.
    #[must_use]
    pub const fn topic(&self) -> &'b [u8] {
        self.topic
    }

    /// When the receiver should delete the message.
    #[must_use]
    pub const fn expires(&self) -> Option<Expiration> {
        self.expires
    }

    /// The message to which this one replies or reacts.
    #[must_use]
    pub const fn in_reply_to(&self) -> Option<MessageId> {
        self.in_reply_to
    }

    /// The user URI that the sender asserts, as written.
    #[must_use]
    pub fn sender_uri(&self) -> Option<&'b str> {
        text(self.extension(&ExtensionKey::SENDER_URI)?)
    }

    /// The room URI that the sender asserts, as written.
    #[must_use]
    pub fn room_uri(&self) -> Option<&'b str> {
        text(self.extension(&ExtensionKey::ROOM_URI)?)
    }

    /// The octets of the value of the extension `wanted`.
    #[must_use]
    pub fn extension(&self, wanted: &ExtensionKey) -> Option<&'b [u8]> {
        let mut found = None;
        let mut r = self.reader(self.extensions);
        let each = decode::each_extension(&mut r, |key, value, _| {
            let is_it = match key {
                Key::Integer(key) => wanted.as_integer() == Some(key),
                Key::Text(key) => wanted.as_text() == Some(&*key),
            };
            if is_it {
                found = Some(borrowed(value));
            }
        });
        each.ok()?;
        found
    }

    /// Every part with its index, depth first, the root first.
    #[must_use]
    pub fn parts(&self) -> PartViews<'b> {
        PartViews {
            reader: self.reader(self.part),
            next: PartIndex::ROOT,
            left: [1, 0, 0, 0],
            level: 0,
        }
    }

    /// The message as a value of its own.
    #[must_use]
    pub fn to_content(&self) -> Content {
        let limits = Limits::with_octets(self.octets.len());
        // The octets were checked on the way in, by the same rules.
        let decoded = decode::content(self.octets, limits, Strictness::Strict);
        decoded.unwrap_or_else(|_| {
            Content::unasserted(self.salt, crate::part::Part::null(Disposition::UNSPECIFIED))
        })
    }

    fn reader(&self, at: usize) -> Reader<'b> {
        Reader::at(self.octets, at, Strictness::Strict)
    }
}

impl fmt::Debug for ContentView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentView({} octets)", self.octets.len())
    }
}

fn text(octets: &[u8]) -> Option<&str> {
    let mut r = Reader::new(octets, Strictness::Strict);
    r.text("a text").ok().map(borrowed)
}

/// A part where it lies.
#[derive(Clone, Copy, Debug)]
pub struct PartView<'b> {
    /// Its place in the message.
    pub index: PartIndex,
    /// How deep it is nested; the root is on level 1.
    pub level: usize,
    /// What the part is for.
    pub disposition: Disposition,
    /// Empty, or a list of language tags; a received one may be anything.
    pub language: &'b str,
    /// What the part is.
    pub body: BodyView<'b>,
}

/// What a part is. `Debug` shows no content.
#[derive(Clone, Copy)]
pub enum BodyView<'b> {
    /// Nothing.
    Null,
    /// Content in the message itself.
    Single {
        /// The media type with its parameters, as written.
        media_type: &'b str,
        /// The octets, of text as well.
        content: &'b [u8],
    },
    /// Content to be fetched.
    External(ExternalView<'b>),
    /// Several parts, which follow it.
    Multi {
        /// How they belong together.
        semantics: PartSemantics,
        /// How many there are, what is nested in them not counted.
        parts: usize,
    },
}

/// Content to be fetched: the fields of an [`ExternalPart`](crate::ExternalPart).
#[expect(missing_docs, reason = "each is documented there")]
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ExternalView<'b> {
    pub media_type: &'b str,
    pub url: &'b str,
    pub expires: u32,
    pub size: u64,
    pub encryption_algorithm: u16,
    pub key: &'b [u8],
    pub nonce: &'b [u8],
    pub aad: &'b [u8],
    pub hash_algorithm: u8,
    pub content_hash: &'b [u8],
    pub description: &'b str,
    pub filename: &'b str,
}

impl fmt::Debug for BodyView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Single { media_type, content } => {
                write!(f, "Single({media_type:?}, {} octets)", content.len())
            }
            Self::External(external) => write!(f, "External({:?})", external.media_type),
            Self::Multi { semantics, parts } => write!(f, "Multi({semantics:?}, {parts} parts)"),
        }
    }
}

impl fmt::Debug for ExternalView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExternalView({:?})", self.media_type)
    }
}

/// The parts of a [`ContentView`]. See [`ContentView::parts`].
pub struct PartViews<'b> {
    reader: Reader<'b>,
    next: PartIndex,
    /// How many parts are left on each level; the message was checked, so there are no more levels.
    left: [usize; PART_LEVELS],
    level: usize,
}

impl fmt::Debug for PartViews<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartViews(from {})", self.next)
    }
}

impl<'b> PartViews<'b> {
    fn read(&mut self) -> Result<PartView<'b>, DecodeError> {
        let (index, level) = (self.next, self.level + 1);
        self.next = index.plus(1);
        let head = decode::part_head(&mut self.reader)?;
        let body = match head.cardinality {
            Cardinality::Null => BodyView::Null,
            Cardinality::Single => {
                let single = decode::single(&mut self.reader)?;
                BodyView::Single {
                    media_type: borrowed(single.media_type),
                    content: borrowed(single.content),
                }
            }
            Cardinality::External => BodyView::External(external(decode::external(&mut self.reader)?)),
            Cardinality::Multi => {
                let semantics = decode::part_semantics(&mut self.reader)?;
                let parts = match self.reader.array("parts, an array")? {
                    Count::Definite(parts) => usize::try_from(parts).unwrap_or_default(),
                    Count::UntilBreak => 0,
                };
                if let Some(left) = self.left.get_mut(level) {
                    *left = parts;
                    self.level = level;
                }
                BodyView::Multi { semantics, parts }
            }
        };
        Ok(PartView {
            index,
            level,
            disposition: head.disposition,
            language: borrowed(head.language),
            body,
        })
    }
}

impl<'b> Iterator for PartViews<'b> {
    type Item = PartView<'b>;

    fn next(&mut self) -> Option<PartView<'b>> {
        loop {
            match self.left.get_mut(self.level)? {
                0 if self.level == 0 => return None,
                0 => self.level -= 1,
                left => {
                    *left -= 1;
                    break;
                }
            }
        }
        self.read().ok()
    }
}

fn external(external: decode::External<'_>) -> ExternalView<'_> {
    ExternalView {
        media_type: borrowed(external.media_type),
        url: borrowed(external.url),
        expires: external.expires,
        size: external.size,
        encryption_algorithm: external.encryption_algorithm,
        key: borrowed(external.key),
        nonce: borrowed(external.nonce),
        aad: borrowed(external.aad),
        hash_algorithm: external.hash_algorithm,
        content_hash: borrowed(external.content_hash),
        description: borrowed(external.description),
        filename: borrowed(external.filename),
    }
}
