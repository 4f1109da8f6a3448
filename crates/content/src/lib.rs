//! MIMI message content: deterministic CBOR, parts, message ids, selection, timeline. Pure.

pub mod cid;
mod classify;
mod decode;
mod disposition;
mod encode;
mod error;
mod extensions;
mod folded;
mod language;
pub mod limits;
mod message;
mod message_id;
mod part;
mod reaction;
mod reader;
mod received;
mod replies;
mod salt;
mod select;
mod timeline;
mod value;

pub use classify::{Class, classify};
pub use disposition::Disposition;
pub use error::{DecodeError, DecodeErrorKind, EncodeError, ExtensionError, NotDeterministic, PartError};
pub use extensions::{ExtensionKey, ExtensionValue, Extensions};
pub use folded::{Folded, Place, Stored, needed};
pub use limits::Limits;
pub use message::{Content, Expiration};
pub use message_id::{MessageId, MessageIdError};
pub use part::{Body, ContentKey, ExternalPart, MultiPart, Part, PartIndex, PartSemantics, SinglePart, Walk};
pub use received::{Contradiction, Received};
pub use replies::{CHAIN_STEPS, ChainEnd, reply_chain};
pub use salt::Salt;
pub use select::{
    Chosen, PassedOver, PassedOverBecause, Selection, Supported, leaf_media_types, readable, select,
};
pub use timeline::{Entry, Reaction, Reference, Refused, RefusedBecause, Timeline, Version, fold};
pub use value::Value;
