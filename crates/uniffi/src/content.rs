//! What a message says, decoded.

use comity::content as engine;
use comity::content::MessageId;

use crate::fault::{ComityError, invalid};
use crate::guard::contained;
use crate::octets::Octets;
use crate::part::Part;

/// What a message says. It prints its shape and no content.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Content {
    /// The message that this edits or deletes.
    pub replaces: Option<MessageId>,
    /// The topic; empty for none.
    pub topic: Octets,
    /// When it vanishes.
    pub expires: Option<Expiration>,
    /// The version of a message that this replies or reacts to.
    pub in_reply_to: Option<MessageId>,
    /// Further fields, known and unknown.
    pub extensions: Vec<Extension>,
    /// The part tree.
    pub part: Part,
}

/// When a message vanishes, in whole seconds. A hint, no guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Expiration {
    /// So many seconds after it was read.
    Relative {
        /// How many.
        seconds: u32,
    },
    /// At so many seconds since 1970, read or not.
    Absolute {
        /// How many.
        seconds: u32,
    },
}

/// A further field of a message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Extension {
    /// Its key.
    pub key: ExtensionKey,
    /// Its value, in deterministic CBOR.
    pub value: Octets,
}

/// The key of a further field.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ExtensionKey {
    /// Registered with IANA if positive, private if negative.
    Integer {
        /// The number.
        number: i64,
    },
    /// Private.
    Text {
        /// The text.
        text: String,
    },
}

/// Decodes the octets of a message: exactly these octets, in deterministic encoding, of at most 1 MiB.
#[uniffi::export]
pub fn decode_content(octets: &[u8]) -> Result<Content, ComityError> {
    contained(|| decoded(octets).map(Into::into))
}

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Class {
    /// Says something. A reply is one that names what it replies to.
    Message,
    /// Reacts to a message.
    Reaction {
        /// The version that it reacts to.
        target: MessageId,
    },
    /// Replaces the body of a message or reaction.
    Edit {
        /// What it replaces.
        target: MessageId,
    },
    /// Takes a message back.
    Delete {
        /// What it deletes.
        target: MessageId,
    },
    /// Takes a reaction back, and says so by its disposition.
    Unlike {
        /// The reaction.
        target: MessageId,
    },
    /// Tells what became of other messages, and is not shown itself: see `reported_by`.
    Report,
    /// Something that this version does not know.
    Other,
}

/// Tells what the octets of a message do, as far as they alone tell.
#[uniffi::export]
pub fn classify(octets: &[u8]) -> Result<Class, ComityError> {
    contained(|| {
        Ok(match engine::classify(&decoded(octets)?) {
            engine::Class::Message => Class::Message,
            engine::Class::Reaction { target } => Class::Reaction { target },
            engine::Class::Edit { target } => Class::Edit { target },
            engine::Class::Delete { target } => Class::Delete { target },
            engine::Class::Unlike { target } => Class::Unlike { target },
            engine::Class::Report => Class::Report,
            _ => Class::Other,
        })
    })
}

pub(crate) fn decoded(octets: &[u8]) -> Result<engine::Content, ComityError> {
    engine::Content::decode(octets).map_err(|error| invalid(error.code()))
}

pub(crate) fn extensions(extensions: &engine::Extensions) -> Vec<Extension> {
    extensions
        .iter()
        .map(|(key, value)| Extension {
            key: match (key.as_integer(), key.as_text()) {
                (Some(number), _) => ExtensionKey::Integer { number },
                (None, text) => ExtensionKey::Text {
                    text: text.unwrap_or_default().to_owned(),
                },
            },
            value: Octets(value.octets().to_vec()),
        })
        .collect()
}

impl From<engine::Content> for Content {
    fn from(content: engine::Content) -> Self {
        let engine::Content {
            // It makes ids unguessable, and tells nobody anything.
            salt: _,
            replaces,
            topic,
            expires,
            in_reply_to,
            extensions: further,
            part,
        } = content;
        Self {
            replaces,
            topic: topic.into(),
            expires: expires.map(Into::into),
            in_reply_to,
            extensions: extensions(&further),
            part: part.into(),
        }
    }
}

impl From<engine::Expiration> for Expiration {
    fn from(expires: engine::Expiration) -> Self {
        match expires {
            engine::Expiration::Relative(seconds) => Self::Relative { seconds },
            engine::Expiration::Absolute(seconds) => Self::Absolute { seconds },
        }
    }
}

impl From<Expiration> for engine::Expiration {
    fn from(expires: Expiration) -> Self {
        match expires {
            Expiration::Relative { seconds } => Self::Relative(seconds),
            Expiration::Absolute { seconds } => Self::Absolute(seconds),
        }
    }
}
