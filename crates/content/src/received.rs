//! A message as it was received: its octets beside what they mean.
//!
//! **Owns** the tie between the two, so that an id is always computed over what travelled, and the check that a message
//! does not assert another sender or room than it really has.

use comity_room::{RoomUri, UserUri};
use thiserror::Error;

use crate::error::DecodeError;
use crate::extensions::ExtensionKey;
use crate::limits::Limits;
use crate::message::Content;
use crate::message_id::MessageId;
use crate::reader::{Reader, Strictness};
use crate::value::Value;

/// The octets of a message and its content. Keep the octets: ids, franks and reports need them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    octets: Octets,
    content: Content,
}

/// Octets that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
struct Octets(Vec<u8>);

impl std::fmt::Debug for Octets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({} octets)", self.0.len())
    }
}

impl Received {
    /// Decodes a message as [`Content::decode`] does, and keeps its octets.
    ///
    /// # Errors
    /// As [`Content::decode`].
    pub fn decode(octets: Vec<u8>) -> Result<Self, DecodeError> {
        Self::decode_with(octets, Limits::default())
    }

    /// The same under another limit.
    ///
    /// # Errors
    /// As [`Content::decode`].
    pub fn decode_with(octets: Vec<u8>, limits: Limits) -> Result<Self, DecodeError> {
        let content = Content::decode_with(&octets, limits)?;
        Ok(Self {
            octets: Octets(octets),
            content,
        })
    }

    /// The same for octets that need not be deterministic; see [`Content::decode_lenient`].
    ///
    /// # Errors
    /// As [`Content::decode_lenient`].
    pub fn decode_lenient(octets: Vec<u8>, limits: Limits) -> Result<Self, DecodeError> {
        let content = Content::decode_lenient(&octets, limits)?;
        Ok(Self {
            octets: Octets(octets),
            content,
        })
    }

    /// The octets as received.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets.0
    }

    /// What they mean.
    #[must_use]
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// Both, taken out.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Content) {
        (self.octets.0, self.content)
    }

    /// The id of the message, given the user whose client was found to have sent it and the room it came in.
    ///
    /// A message that asserts neither is given the same id as if it had; whether it did, tells
    /// [`Content::asserts_sender_and_room`].
    ///
    /// # Errors
    /// [`Contradiction`] when the message asserts another sender or room: reject it.
    pub fn message_id(&self, sender: &UserUri, room: &RoomUri) -> Result<MessageId, Contradiction> {
        let extensions = &self.content.extensions;
        if extensions
            .sender_uri()
            .is_some_and(|asserted| asserted != sender.as_str())
        {
            return Err(Contradiction::Sender {
                offset: self.offset_of(&ExtensionKey::SENDER_URI),
            });
        }
        if extensions
            .room_uri()
            .is_some_and(|asserted| asserted != room.as_str())
        {
            return Err(Contradiction::Room {
                offset: self.offset_of(&ExtensionKey::ROOM_URI),
            });
        }
        Ok(MessageId::compute(
            sender,
            room,
            self.octets(),
            &self.content.salt,
        ))
    }

    /// Where the value of the extension `key` begins. The octets have been decoded before, so they hold it.
    fn offset_of(&self, key: &ExtensionKey) -> usize {
        let mut r = Reader::new(self.octets(), Strictness::Lenient);
        find_value(&mut r, key).ok().flatten().unwrap_or_default()
    }
}

/// What a message asserts about itself against what its delivery proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Contradiction {
    /// The message asserts another sender.
    #[error("message asserts another sender at octet {offset}")]
    Sender {
        /// The first octet of the asserted sender.
        offset: usize,
    },
    /// The message asserts another room.
    #[error("message asserts another room at octet {offset}")]
    Room {
        /// The first octet of the asserted room.
        offset: usize,
    },
}

impl Contradiction {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sender { .. } => "content_sender_contradicted",
            Self::Room { .. } => "content_room_contradicted",
        }
    }

    /// The first octet of the assertion.
    #[must_use]
    pub const fn offset(&self) -> usize {
        match self {
            Self::Sender { offset } | Self::Room { offset } => *offset,
        }
    }
}

/// Fields before the extensions.
const FIELDS_BEFORE: usize = 5;

fn find_value(r: &mut Reader<'_>, key: &ExtensionKey) -> Result<Option<usize>, DecodeError> {
    r.array("")?;
    for _ in 0..FIELDS_BEFORE {
        Value::read(r, 1)?;
    }
    let wanted = key.as_integer().map(Value::from);
    let mut count = r.map("")?;
    while r.more(&mut count)? {
        let found = Some(Value::read(r, 1)?) == wanted;
        let offset = r.position();
        if found {
            return Ok(Some(offset));
        }
        Value::read(r, 1)?;
    }
    Ok(None)
}
