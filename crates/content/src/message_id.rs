//! The id of a message: a hash of its octets, its sender, its room and its salt.
//!
//! See *mimi-content*, "Message ID". Drafts before -08 hashed without the two lengths; their ids differ.

use std::fmt;
use std::str::FromStr;

use comity_room::{RoomUri, UserUri};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::limits::MESSAGE_ID_OCTETS;
use crate::salt::Salt;

/// SHA-256 in the IANA registry of named information hashes.
const SHA_256: u8 = 1;

/// The id of a message: 32 octets, of which the first names the hash algorithm, always SHA-256.
///
/// Written in hex. Ordered by octets, as messages of the same moment are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId([u8; MESSAGE_ID_OCTETS]);

impl MessageId {
    /// The id of the message with these `octets`, as they travel: never encode a received message again to get its id.
    ///
    /// `sender` is the user, not the client. Neither the group, its cipher suite, the epoch nor the time has a part in
    /// it, and the octets are those of the content alone, without any framing.
    #[must_use]
    pub fn compute(sender: &UserUri, room: &RoomUri, octets: &[u8], salt: &Salt) -> Self {
        // A URI of these types has at most 1024 octets, so its length cannot saturate.
        let length = |uri: &[u8]| u16::try_from(uri.len()).unwrap_or(u16::MAX);
        let (sender, room) = (sender.as_bytes(), room.as_bytes());
        Self::hash(length(sender), sender, length(room), room, octets, salt)
    }

    /// The same for names as somebody wrote them, which need not be URIs in our normal form.
    ///
    /// # Errors
    /// [`MessageIdError::NameTooLong`] when one has more than 65,535 octets: its length has no place in the hash.
    pub fn compute_as_written(
        sender: &str,
        room: &str,
        octets: &[u8],
        salt: &Salt,
    ) -> Result<Self, MessageIdError> {
        let length = |name: &str| u16::try_from(name.len()).map_err(|_| MessageIdError::NameTooLong);
        Ok(Self::hash(
            length(sender)?,
            sender.as_bytes(),
            length(room)?,
            room.as_bytes(),
            octets,
            salt,
        ))
    }

    fn hash(
        sender_length: u16,
        sender: &[u8],
        room_length: u16,
        room: &[u8],
        octets: &[u8],
        salt: &Salt,
    ) -> Self {
        let mut hash = Sha256::new();
        hash.update(sender_length.to_be_bytes());
        hash.update(sender);
        hash.update(room_length.to_be_bytes());
        hash.update(room);
        hash.update(octets);
        hash.update(salt.octets());
        let mut id = [SHA_256; MESSAGE_ID_OCTETS];
        for (octet, hashed) in id.iter_mut().skip(1).zip(hash.finalize()) {
            *octet = hashed;
        }
        Self(id)
    }

    /// Takes the octets of an id, as they stand in a message or a store.
    ///
    /// # Errors
    /// [`MessageIdError::UnknownHash`] when the first octet is not SHA-256.
    pub const fn from_octets(octets: [u8; MESSAGE_ID_OCTETS]) -> Result<Self, MessageIdError> {
        match octets {
            [SHA_256, ..] => Ok(Self(octets)),
            _ => Err(MessageIdError::UnknownHash),
        }
    }

    /// The octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; MESSAGE_ID_OCTETS] {
        &self.0
    }

    /// Reads an id as [`Display`](fmt::Display) writes it, in hex of either case.
    ///
    /// # Errors
    /// When it is not 64 hex digits, or not of SHA-256.
    pub fn parse(text: &str) -> Result<Self, MessageIdError> {
        let digit = |octet: u8| {
            char::from(octet)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(MessageIdError::NotHex);
        };
        let mut octets = [0; MESSAGE_ID_OCTETS];
        if pairs.len() != octets.len() {
            return Err(MessageIdError::NotHex);
        }
        for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
            let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
                return Err(MessageIdError::NotHex);
            };
            *octet = high << 4 | low;
        }
        Self::from_octets(octets)
    }
}

/// What is not a message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageIdError {
    /// Not 64 hex digits.
    #[error("message id is not 64 hex digits")]
    NotHex,
    /// Not of SHA-256.
    #[error("message id has an unknown hash algorithm")]
    UnknownHash,
    /// A sender or room name of more than 65,535 octets.
    #[error("name is longer than 65535 octets")]
    NameTooLong,
}

impl MessageIdError {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotHex => "message_id_not_hex",
            Self::UnknownHash => "message_id_unknown_hash",
            Self::NameTooLong => "message_id_name_too_long",
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<&[u8]> for MessageId {
    type Error = MessageIdError;

    fn try_from(octets: &[u8]) -> Result<Self, Self::Error> {
        octets
            .try_into()
            .map_err(|_| MessageIdError::UnknownHash)
            .and_then(Self::from_octets)
    }
}

/// Hex where people read, a byte string elsewhere.
impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(IdVisitor)
        } else {
            deserializer.deserialize_bytes(IdVisitor)
        }
    }
}

struct IdVisitor;

impl de::Visitor<'_> for IdVisitor {
    type Value = MessageId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message id")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<MessageId, E> {
        MessageId::parse(text).map_err(E::custom)
    }

    fn visit_bytes<E: de::Error>(self, octets: &[u8]) -> Result<MessageId, E> {
        MessageId::try_from(octets).map_err(E::custom)
    }
}
