//! What a message says and how it is meant: the MIMI content container.
//!
//! **Owns** the seven fields. **Knows nothing of** who sent it and when: that is not part of the content but of its
//! delivery, except as far as the sender asserts it in [`Extensions`].
//!
//! See *mimi-content*, "Message Behavior Fields".

use std::fmt;
use std::time::Duration;

use comity_room::{RoomUri, Timestamp, UserUri};

use crate::decode;
use crate::encode;
use crate::error::{DecodeError, EncodeError};
use crate::extensions::{ExtensionKey, ExtensionValue, Extensions};
use crate::limits::Limits;
use crate::message_id::MessageId;
use crate::part::Part;
use crate::reader::Strictness;
use crate::salt::Salt;
use crate::value::Value;

/// A MIMI content container.
///
/// `Debug` shows its shape, no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// Makes the message id unguessable.
    pub salt: Salt,
    /// The message that this one edits, deletes or unlikes: the first version of it.
    pub replaces: Option<MessageId>,
    /// The topic to which the message belongs, at most 4096 octets; empty for none.
    pub topic: Vec<u8>,
    /// When the receiver should delete the message.
    pub expires: Option<Expiration>,
    /// The message to which this one replies or reacts: that very version of it.
    pub in_reply_to: Option<MessageId>,
    /// Further fields, known and unknown.
    pub extensions: Extensions,
    /// The body.
    pub part: Part,
}

impl Content {
    /// A message of `part` that asserts its sender and its room, as every message that we send does.
    #[must_use]
    pub fn new(salt: Salt, sender: &UserUri, room: &RoomUri, part: Part) -> Self {
        let mut content = Self::unasserted(salt, part);
        for (key, uri) in [
            (ExtensionKey::SENDER_URI, sender.as_str()),
            (ExtensionKey::ROOM_URI, room.as_str()),
        ] {
            let value = ExtensionValue::from_checked(&Value::from(uri).to_octets());
            // A text under a registered text key is always taken.
            drop(content.extensions.insert_checked(key, value));
        }
        content
    }

    /// A message that asserts neither sender nor room. Hubs cannot frank it.
    #[must_use]
    pub const fn unasserted(salt: Salt, part: Part) -> Self {
        Self {
            salt,
            replaces: None,
            topic: Vec::new(),
            expires: None,
            in_reply_to: None,
            extensions: Extensions::new(),
            part,
        }
    }

    /// The same message as a reply, or with a reaction as its body a reaction, to `id`.
    #[must_use]
    pub const fn in_reply_to(mut self, id: MessageId) -> Self {
        self.in_reply_to = Some(id);
        self
    }

    /// The same message as an edit, or with a null body as a delete or unlike, of the message whose first version is
    /// `id`.
    #[must_use]
    pub const fn replacing(mut self, id: MessageId) -> Self {
        self.replaces = Some(id);
        self
    }

    /// The same message in a topic: octets that all its messages repeat.
    #[must_use]
    pub fn on_topic(mut self, topic: impl Into<Vec<u8>>) -> Self {
        self.topic = topic.into();
        self
    }

    /// The same message, to be deleted at some time.
    #[must_use]
    pub const fn expiring(mut self, expires: Expiration) -> Self {
        self.expires = Some(expires);
        self
    }

    /// Encodes the message deterministically.
    ///
    /// # Errors
    /// When a field is beyond what the draft allows.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = Vec::new();
        encode::content(self, &mut octets)?;
        Ok(octets)
    }

    /// Encodes the message deterministically behind what `octets` holds already, so that a buffer can be used again.
    ///
    /// # Errors
    /// As [`Content::encode`]; then nothing is appended.
    pub fn encode_into(&self, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode::content(self, octets)
    }

    /// Decodes a message: exactly these octets, of at most 1 MiB, in deterministic encoding.
    ///
    /// Keep the octets; the message id is a hash of them. [`Received`](crate::Received) keeps both together.
    ///
    /// # Errors
    /// When the octets break any rule of the draft.
    ///
    /// # Trust
    /// Whoever wrote the octets can make this fail, and nothing else: depth is bounded, and memory by a small multiple
    /// of the octets.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_with(octets, Limits::default())
    }

    /// The same under another limit.
    ///
    /// # Errors
    /// As [`Content::decode`].
    pub fn decode_with(octets: &[u8], limits: Limits) -> Result<Self, DecodeError> {
        decode::content(octets, limits, Strictness::Strict)
    }

    /// The same for octets that need not be deterministic, as an inspecting tool may want to read.
    ///
    /// Indefinite lengths, long forms and unordered maps are read; encoding the result gives other octets, and the
    /// message id remains that of the octets received. Everything else is as strict.
    ///
    /// # Errors
    /// As [`Content::decode`], but for [`NotDeterministic`](crate::DecodeErrorKind::NotDeterministic).
    pub fn decode_lenient(octets: &[u8], limits: Limits) -> Result<Self, DecodeError> {
        decode::content(octets, limits, Strictness::Lenient)
    }

    /// Whether the message asserts both its sender and its room, without which it cannot be franked.
    #[must_use]
    pub fn asserts_sender_and_room(&self) -> bool {
        self.extensions.sender_uri().is_some() && self.extensions.room_uri().is_some()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            salt: _,
            replaces,
            topic,
            expires,
            in_reply_to,
            extensions,
            part,
        } = self;
        f.debug_struct("Content")
            .field("replaces", replaces)
            .field("topic", &format_args!("({} octets)", topic.len()))
            .field("expires", expires)
            .field("in_reply_to", in_reply_to)
            .field("extensions", extensions)
            .field("part", part)
            .finish_non_exhaustive()
    }
}

/// When a receiver should delete a message, in whole seconds. A hint, no guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expiration {
    /// So many seconds after the receiving client read it.
    Relative(u32),
    /// At this many seconds after the Unix epoch, read or not.
    Absolute(u32),
}

/// A year, beyond which an expiration makes no sense.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Expiration {
    /// When the message is to be deleted, if that is known: a relative expiration begins when the message is `read`.
    #[must_use]
    pub fn due(self, read: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::Relative(seconds) => read.map(|read| read.plus(Duration::from_secs(seconds.into()))),
            Self::Absolute(seconds) => Some(Timestamp::from_millis(u64::from(seconds) * 1000)),
        }
    }

    /// Whether it makes sense at `now`: not more than a year in the future, nor an absolute one more than a year in the
    /// past. See *mimi-content*, "General handling".
    #[must_use]
    pub fn is_plausible(self, now: Timestamp) -> bool {
        match self {
            Self::Relative(seconds) => Duration::from_secs(seconds.into()) <= YEAR,
            Self::Absolute(seconds) => {
                let at = Timestamp::from_millis(u64::from(seconds) * 1000);
                at.since(now) <= YEAR && now.since(at) <= YEAR
            }
        }
    }
}
