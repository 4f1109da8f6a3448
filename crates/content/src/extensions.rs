//! The extensions of a message: a map from keys to any CBOR.
//!
//! **Owns** the order and the limits of the map. **Knows nothing of** what an extension means, except that the two
//! registered ones hold text; whatever it does not know it carries along.
//!
//! A value is kept as its deterministic octets, so that it costs no more memory than it took in the message.
//!
//! See *mimi-content*, "Extension Fields" and "MIMI Content Extension Keys registry".

use std::cmp::Ordering;
use std::fmt;

use crate::error::{DecodeError, DecodeErrorKind as Kind, ExtensionError};
use crate::limits::{EXTENSION_KEY_OCTETS, INTEGER_KEY};
use crate::reader::{Reader, Strictness, major};
use crate::value::{self, Value};

/// The key of an extension: a non-zero integer within ±(2⁵³ − 1), or a text of 1 to 255 octets.
///
/// Positive integers are registered with IANA; negative ones and texts are private. Ordered as in the encoding.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExtensionKey(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Integer(i64),
    Text(Box<str>),
}

impl ExtensionKey {
    /// The user URI of the sender, a text.
    pub const SENDER_URI: Self = Self(Repr::Integer(1));
    /// The URI of the room, a text.
    pub const ROOM_URI: Self = Self(Repr::Integer(2));

    /// An integer key.
    ///
    /// # Errors
    /// When it is 0 or beyond ±(2⁵³ − 1).
    pub const fn integer(key: i64) -> Result<Self, ExtensionError> {
        if key == 0 {
            return Err(ExtensionError(Kind::ExtensionKeyReserved));
        }
        if key < -INTEGER_KEY || key > INTEGER_KEY {
            return Err(ExtensionError(Kind::KeyTooLarge));
        }
        Ok(Self(Repr::Integer(key)))
    }

    /// A text key.
    ///
    /// # Errors
    /// When it has no octets or more than 255.
    pub fn text(key: &str) -> Result<Self, ExtensionError> {
        match key.len() {
            1..=EXTENSION_KEY_OCTETS => Ok(Self(Repr::Text(key.into()))),
            _ => Err(ExtensionError(Kind::ExtensionKeyLength)),
        }
    }

    /// A key that has passed the checks of [`ExtensionKey::integer`].
    pub(crate) const fn checked_integer(key: i64) -> Self {
        Self(Repr::Integer(key))
    }

    /// A key that has passed the checks of [`ExtensionKey::text`].
    pub(crate) fn checked_text(key: &str) -> Self {
        Self(Repr::Text(key.into()))
    }

    /// The integer, if it is one.
    pub const fn as_integer(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(key) => Some(key),
            Repr::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Repr::Integer(_) => None,
            Repr::Text(key) => Some(key),
        }
    }

    /// Whether the registration says that the value is a text.
    pub(crate) fn holds_text(&self) -> bool {
        *self == Self::SENDER_URI || *self == Self::ROOM_URI
    }
}

/// The bytewise order of the deterministic encodings: 1 < 2 < 256 < −1 < "a" < "aa".
impl Ord for ExtensionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Integer(a), Repr::Integer(b)) => a
                .is_negative()
                .cmp(&b.is_negative())
                .then(a.unsigned_abs().cmp(&b.unsigned_abs())),
            (Repr::Integer(_), Repr::Text(_)) => Ordering::Less,
            (Repr::Text(_), Repr::Integer(_)) => Ordering::Greater,
            (Repr::Text(a), Repr::Text(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        }
    }
}

impl PartialOrd for ExtensionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for ExtensionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Integer(key) => key.fmt(f),
            Repr::Text(key) => key.fmt(f),
        }
    }
}

/// The value of an extension, known to keep the rules for what is inside one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExtensionValue(Box<[u8]>);

impl ExtensionValue {
    /// Takes a value into an extension.
    ///
    /// # Errors
    /// When it nests tags, maps and arrays deeper than three levels (the extensions map is the first of four), or when
    /// a map within it has a key twice or one that is not an integer within ±(2⁵³ − 1), a text or a byte string.
    pub fn new(value: &Value) -> Result<Self, ExtensionError> {
        let octets = value.to_octets();
        let mut r = Reader::new(&octets, Strictness::Strict);
        value::check(&mut r, VALUE_LEVEL).map_err(|e| ExtensionError(e.kind))?;
        Ok(Self(octets.into()))
    }

    /// Octets that have passed [`value::check`].
    pub(crate) fn from_checked(octets: &[u8]) -> Self {
        Self(octets.into())
    }

    /// The deterministic encoding.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        let mut decoder = minicbor::Decoder::new(&self.0);
        decoder.str().ok()
    }

    /// The value, typed.
    pub fn value(&self) -> Value {
        // The octets were checked on the way in, so reading them cannot fail.
        Value::read(&mut Reader::new(&self.0, Strictness::Strict), VALUE_LEVEL).unwrap_or(Value::Undefined)
    }

    pub(crate) fn is_text(&self) -> bool {
        self.0.first().is_some_and(|first| first >> 5 == major::TEXT)
    }
}

/// The level of a container that is itself the value of an extension.
pub(crate) const VALUE_LEVEL: usize = 2;

impl fmt::Debug for ExtensionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} octets)", self.0.len())
    }
}

/// The extensions of a message, each key once.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Extensions {
    /// Ascending by key.
    entries: Vec<(ExtensionKey, ExtensionValue)>,
}

impl Extensions {
    /// No extensions.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Sets the extension `key`, and returns the value that it had before.
    ///
    /// # Errors
    /// When [`ExtensionValue::new`] does not take the value, or the key is registered for text and the value is none.
    pub fn insert(
        &mut self,
        key: ExtensionKey,
        value: &Value,
    ) -> Result<Option<ExtensionValue>, ExtensionError> {
        self.insert_checked(key, ExtensionValue::new(value)?)
    }

    pub(crate) fn insert_checked(
        &mut self,
        key: ExtensionKey,
        value: ExtensionValue,
    ) -> Result<Option<ExtensionValue>, ExtensionError> {
        if key.holds_text() && !value.is_text() {
            return Err(ExtensionError(Kind::ExtensionType));
        }
        match self.entries.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => Ok(self
                .entries
                .get_mut(at)
                .map(|(_, old)| std::mem::replace(old, value))),
            Err(at) => {
                self.entries.insert(at, (key, value));
                Ok(None)
            }
        }
    }

    /// Entries of a strict message, which are in order and each there once.
    pub(crate) const fn from_ordered(entries: Vec<(ExtensionKey, ExtensionValue)>) -> Self {
        Self { entries }
    }

    /// Entries of a lenient message, and the offset of the key of each.
    pub(crate) fn from_unordered(
        entries: Vec<(ExtensionKey, ExtensionValue)>,
        offsets: &[usize],
    ) -> Result<Self, DecodeError> {
        let mut entries: Vec<_> = entries.into_iter().zip(offsets).collect();
        entries.sort_by(|((a, _), _), ((b, _), _)| a.cmp(b));
        let duplicate = entries.windows(2).find_map(|pair| match pair {
            [((a, _), _), ((b, _), offset)] if a == b => Some(**offset),
            _ => None,
        });
        match duplicate {
            Some(offset) => Err(DecodeError::new(Kind::DuplicateKey, offset)),
            None => Ok(Self {
                entries: entries.into_iter().map(|(entry, _)| entry).collect(),
            }),
        }
    }

    /// The value of the extension `key`.
    pub fn find(&self, key: &ExtensionKey) -> Option<&ExtensionValue> {
        let at = self.entries.binary_search_by(|(k, _)| k.cmp(key)).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// Takes the extension `key` out.
    pub fn remove(&mut self, key: &ExtensionKey) -> Option<ExtensionValue> {
        let at = self.entries.binary_search_by(|(k, _)| k.cmp(key)).ok()?;
        Some(self.entries.remove(at).1)
    }

    /// The user URI that the sender asserts, as written.
    pub fn sender_uri(&self) -> Option<&str> {
        self.find(&ExtensionKey::SENDER_URI)
            .and_then(ExtensionValue::as_text)
    }

    /// The room URI that the sender asserts, as written.
    pub fn room_uri(&self) -> Option<&str> {
        self.find(&ExtensionKey::ROOM_URI)
            .and_then(ExtensionValue::as_text)
    }

    /// All extensions, in the order of the encoding.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ExtensionKey, &ExtensionValue)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
