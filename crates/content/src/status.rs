//! What became of messages, as their readers tell: delivered, read.
//!
//! **Owns** the report of draft-mahy-mimi-message-status: its octets and when a content carries one.
//! **Knows nothing of** what the reports of several clients amount to; that is [`Receipts`](crate::Receipts).

use std::convert::Infallible;

use minicbor::Encoder;

use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::limits::{Limits, MESSAGE_ID_OCTETS};
use crate::media;
use crate::message::Content;
use crate::message_id::MessageId;
use crate::part::{Body, Part};
use crate::reader::{Reader, Strictness};

/// What became of a message at one user's: one octet, of which the draft names seven values. Others are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u8);

impl Status {
    /// There, and not read, or marked as such again.
    pub const UNREAD: Self = Self(0);
    /// It came to a client.
    pub const DELIVERED: Self = Self(1);
    /// Read, seen or heard.
    pub const READ: Self = Self(2);
    /// Deleted because it expired.
    pub const EXPIRED: Self = Self(3);
    /// Deleted by its reader.
    pub const DELETED: Self = Self(4);
    /// Hidden by its reader.
    pub const HIDDEN: Self = Self(5);
    /// The client could not make sense of it.
    pub const ERROR: Self = Self(6);

    /// The status of this value.
    #[must_use]
    pub const fn from_value(value: u8) -> Self {
        Self(value)
    }

    /// Its value.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Its name in the draft; `None` for an unknown one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "unread",
            1 => "delivered",
            2 => "read",
            3 => "expired",
            4 => "deleted",
            5 => "hidden",
            6 => "error",
            _ => return None,
        })
    }
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown({})", self.0),
        }
    }
}

/// A report about messages of one room: the room that it is sent in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusReport {
    entries: Vec<(MessageId, Status)>,
}

/// Most messages in a report that we read. One of these fits the default limit of a whole message.
pub const REPORT_ENTRIES: usize = 16_384;

/// Octets of an entry: its head, the id with its head, the status in one octet or two.
const ENTRY_OCTETS: usize = 1 + 2 + MESSAGE_ID_OCTETS + 1;

impl StatusReport {
    /// A report of these.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (MessageId, Status)>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
        }
    }

    /// All these messages have the same status.
    #[must_use]
    pub fn of(status: Status, messages: impl IntoIterator<Item = MessageId>) -> Self {
        Self::new(messages.into_iter().map(|id| (id, status)))
    }

    /// Each message and what became of it, as written. A later entry about a message counts.
    #[must_use]
    pub fn entries(&self) -> &[(MessageId, Status)] {
        &self.entries
    }

    /// Encodes the report deterministically.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let capacity = 9_usize.saturating_add(self.entries.len().saturating_mul(ENTRY_OCTETS + 1));
        let mut encoder = Encoder::new(Vec::with_capacity(capacity));
        // Writing to a `Vec` cannot fail.
        drop(self.write(&mut encoder));
        encoder.into_writer()
    }

    fn write(&self, e: &mut Encoder<Vec<u8>>) -> Result<(), minicbor::encode::Error<Infallible>> {
        e.array(self.entries.len() as u64)?;
        for (id, status) in &self.entries {
            e.array(2)?.bytes(id.octets())?.u8(status.value())?;
        }
        e.ok()
    }

    /// Decodes a report: exactly these octets, in deterministic encoding.
    ///
    /// # Errors
    /// When they are no report, or one about more than [`REPORT_ENTRIES`] messages.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let limit = Limits::default().octets;
        if octets.len() > limit {
            return Err(DecodeError::new(Kind::TooLarge { limit }, limit));
        }
        let mut r = Reader::new(octets, Strictness::Strict);
        let mut count = r.array("a report, an array")?;
        let mut entries = Vec::with_capacity((octets.len() / ENTRY_OCTETS).min(REPORT_ENTRIES));
        while r.more(&mut count)? {
            if entries.len() == REPORT_ENTRIES {
                return Err(DecodeError::new(Kind::TooManyEntries, r.position()));
            }
            entries.push(entry(&mut r)?);
        }
        r.finish()?;
        Ok(Self { entries })
    }

    /// The report that a content carries; `None` if it carries none.
    ///
    /// # Errors
    /// When it says that it carries one, and does not. The offset counts from the beginning of the report.
    pub fn of_content(content: &Content) -> Option<Result<Self, DecodeError>> {
        match &content.part.body {
            Body::Single(single) if is_report(&content.part) => Some(Self::decode(&single.content)),
            _ => None,
        }
    }
}

/// Whether a part says that it is a report.
pub(crate) fn is_report(part: &Part) -> bool {
    let is_status = |media_type| media::is(media_type, media::MESSAGE_STATUS);
    matches!(part.body, Body::Single(_)) && part.media_type().is_some_and(is_status)
}

fn entry(r: &mut Reader<'_>) -> Result<(MessageId, Status), DecodeError> {
    let start = r.position();
    let items = r.array("an entry, an array")?;
    if !items.may_be(2) {
        return Err(DecodeError::new(Kind::EntryLength, start));
    }
    let start = r.position();
    let octets = r.bytes("messageId, a byte string")?;
    let octets = octets
        .as_ref()
        .try_into()
        .map_err(|_| DecodeError::new(Kind::MessageIdLength, start))?;
    let id = MessageId::from_octets(octets).map_err(|_| DecodeError::new(Kind::MessageIdHash, start))?;
    let start = r.position();
    let field = "status";
    let status = u8::try_from(r.unsigned(field)?)
        .map_err(|_| DecodeError::new(Kind::NumberTooLarge { field }, start))?;
    Ok((id, Status(status)))
}
