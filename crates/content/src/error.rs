//! Why octets are not a MIMI content message, and why a value cannot become one.
//!
//! [`DecodeError`] is about a peer, [`EncodeError`] and [`PartError`] about the caller. None of them quotes content,
//! so all may be logged.

use thiserror::Error;

/// Octets that are not a valid MIMI content message: what is wrong and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} at octet {offset}")]
pub struct DecodeError {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// The first octet, counted from 0, of the item that is wrong. An item that is cut short is reported at its
    /// start, octets behind the message at the first of them.
    pub offset: usize,
}

impl DecodeError {
    pub(crate) const fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// A stable name for the reason.
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

/// What is wrong with the octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// More octets than [`Limits`](crate::Limits) allows.
    #[error("message is larger than {limit} octets")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The octets end within an item.
    #[error("item is cut short")]
    Truncated,
    /// Octets follow the message.
    #[error("octets follow the message")]
    TrailingOctets,
    /// Not CBOR at all.
    #[error("not well-formed CBOR")]
    NotWellFormed,
    /// CBOR, but not in the deterministic encoding that the draft requires.
    #[error("not deterministic: {0}")]
    NotDeterministic(NotDeterministic),
    /// A text string that is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// An item of another type than the draft asks for in this place.
    #[error("expected {expected}")]
    WrongType {
        /// The field and its type, as the draft names them.
        expected: &'static str,
    },
    /// The outer array does not have seven items.
    #[error("message does not have seven fields")]
    MessageLength,
    /// The salt does not have 16 octets.
    #[error("salt does not have 16 octets")]
    SaltLength,
    /// A referenced message id does not have 32 octets.
    #[error("message id does not have 32 octets")]
    MessageIdLength,
    /// A referenced message id names a hash algorithm that is not SHA-256.
    #[error("message id has an unknown hash algorithm")]
    MessageIdHash,
    /// The topic has more than 4096 octets.
    #[error("topic is longer than 4096 octets")]
    TopicTooLong,
    /// The expiration is not an array of two items.
    #[error("expiration does not have two items")]
    ExpirationLength,
    /// A number is larger than its field.
    #[error("{field} is out of range")]
    NumberTooLarge {
        /// The field, as the draft names it.
        field: &'static str,
    },
    /// The length of a part's array does not fit its cardinality.
    #[error("part length does not fit its cardinality")]
    PartLength,
    /// The cardinality is none of the four.
    #[error("unknown cardinality")]
    UnknownCardinality,
    /// The part semantics are none of the three.
    #[error("unknown part semantics")]
    UnknownPartSemantics,
    /// A multipart with fewer than two parts.
    #[error("multipart has fewer than two parts")]
    TooFewParts,
    /// More than 1024 parts.
    #[error("more than 1024 parts")]
    TooManyParts,
    /// Parts nested more than four levels deep.
    #[error("parts are nested more than four levels deep")]
    PartsTooDeep,
    /// An extension key that is neither an integer nor a text string.
    #[error("extension key is neither integer nor text")]
    ExtensionKeyType,
    /// A text key of no octets or more than 255.
    #[error("extension key does not have 1 to 255 octets")]
    ExtensionKeyLength,
    /// Key 0, which is reserved.
    #[error("extension key 0 is reserved")]
    ExtensionKeyReserved,
    /// An integer key, of the extensions or of a map within them, beyond ±(2⁵³ − 1).
    #[error("integer key is out of range")]
    KeyTooLarge,
    /// A key occurs twice, in the extensions or in a map within them.
    #[error("duplicate key")]
    DuplicateKey,
    /// A map within an extension has a key that is not an integer, a text or a byte string.
    #[error("map key is neither integer, text nor byte string")]
    MapKeyType,
    /// A registered extension has a value of another type than its registration says.
    #[error("registered extension has a value of the wrong type")]
    ExtensionType,
    /// Tags, maps and arrays more than four levels deep.
    #[error("extensions are nested more than four levels deep")]
    ExtensionsTooDeep,
    /// A NaN other than the half-width quiet one.
    #[error("NaN is not the half-width quiet NaN")]
    NotANumber,
    /// An entry of a status report is not an array of two items.
    #[error("entry of a report does not have two items")]
    EntryLength,
    /// A status report about more messages than we read.
    #[error("report is about too many messages")]
    TooManyEntries,
}

impl DecodeErrorKind {
    /// A stable name for the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "content_too_large",
            Self::Truncated => "content_truncated",
            Self::TrailingOctets => "content_trailing_octets",
            Self::NotWellFormed => "content_not_well_formed",
            Self::NotDeterministic(how) => how.code(),
            Self::NotUtf8 => "content_not_utf8",
            Self::WrongType { .. } => "content_wrong_type",
            Self::MessageLength => "content_message_length",
            Self::SaltLength => "content_salt_length",
            Self::MessageIdLength => "content_message_id_length",
            Self::MessageIdHash => "content_message_id_hash",
            Self::TopicTooLong => "content_topic_too_long",
            Self::ExpirationLength => "content_expiration_length",
            Self::NumberTooLarge { .. } => "content_number_too_large",
            Self::PartLength => "content_part_length",
            Self::UnknownCardinality => "content_unknown_cardinality",
            Self::UnknownPartSemantics => "content_unknown_part_semantics",
            Self::TooFewParts => "content_too_few_parts",
            Self::TooManyParts => "content_too_many_parts",
            Self::PartsTooDeep => "content_parts_too_deep",
            Self::ExtensionKeyType => "content_extension_key_type",
            Self::ExtensionKeyLength => "content_extension_key_length",
            Self::ExtensionKeyReserved => "content_extension_key_reserved",
            Self::KeyTooLarge => "content_key_too_large",
            Self::DuplicateKey => "content_duplicate_key",
            Self::MapKeyType => "content_map_key_type",
            Self::ExtensionType => "content_extension_type",
            Self::ExtensionsTooDeep => "content_extensions_too_deep",
            Self::NotANumber => "content_nan",
            Self::EntryLength => "report_entry_length",
            Self::TooManyEntries => "report_too_many_entries",
        }
    }
}

/// How an encoding departs from RFC 8949 §4.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotDeterministic {
    /// An indefinite length.
    #[error("indefinite length")]
    IndefiniteLength,
    /// An integer, length, tag or float in more octets than it needs.
    #[error("not the shortest form")]
    LongForm,
    /// Map keys not in the bytewise order of their encoding.
    #[error("map keys out of order")]
    KeyOrder,
}

impl NotDeterministic {
    const fn code(self) -> &'static str {
        match self {
            Self::IndefiniteLength => "content_not_deterministic_indefinite_length",
            Self::LongForm => "content_not_deterministic_long_form",
            Self::KeyOrder => "content_not_deterministic_key_order",
        }
    }
}

/// A [`Content`](crate::Content) that has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The topic has more than 4096 octets.
    #[error("topic is longer than 4096 octets")]
    TopicTooLong,
}

impl EncodeError {
    /// A stable name for the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TopicTooLong => "content_topic_too_long",
        }
    }
}

/// Parts that cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PartError {
    /// A multipart needs at least two parts.
    #[error("multipart has fewer than two parts")]
    TooFewParts,
    /// A message has at most 1024 parts.
    #[error("more than 1024 parts")]
    TooManyParts,
    /// Parts are nested at most four levels deep.
    #[error("parts are nested more than four levels deep")]
    PartsTooDeep,
    /// The language is neither empty nor a comma-separated list of RFC 5646 tags.
    #[error("language is not a list of language tags")]
    Language,
    /// A text part holds several reactions; each needs a part of its own.
    #[error("several reactions in one text")]
    SeveralReactions,
}

impl PartError {
    /// A stable name for the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooFewParts => "part_too_few_parts",
            Self::TooManyParts => "part_too_many_parts",
            Self::PartsTooDeep => "part_too_deep",
            Self::Language => "part_language",
            Self::SeveralReactions => "part_several_reactions",
        }
    }
}

/// An extension that cannot be put into the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ExtensionError(pub DecodeErrorKind);

impl ExtensionError {
    /// A stable name for the reason: the code with which a peer would refuse the message.
    pub const fn code(&self) -> &'static str {
        self.0.code()
    }
}
