//! Receipts: what became of messages, as their readers tell.

use std::sync::{Arc, Mutex};

use comity::code::Boundary;
use comity::content as engine;
use comity::content::{MessageId, StatusReport};
use comity::{Timestamp, UserUri};

use crate::content::decoded;
use crate::fault::{ComityError, invalid};
use crate::guard::contained;
use crate::octets::Octets;

/// What became of a message at one user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Status {
    /// There, and not read, or marked as such again.
    Unread,
    /// It came to a client.
    Delivered,
    /// Read, seen or heard.
    Read,
    /// Deleted because it expired.
    Expired,
    /// Deleted by its reader.
    Deleted,
    /// Hidden by its reader.
    Hidden,
    /// The client could not make sense of it.
    Error,
    /// One that nobody knows yet.
    Other {
        /// Its number.
        value: u8,
    },
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StatusEntry {
    /// The message.
    pub message: MessageId,
    /// What became of it.
    pub status: Status,
}

/// How one user stands to one message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Standing {
    /// The user.
    pub user: UserUri,
    /// What to show.
    pub status: Option<Status>,
    /// Whether the user has read it, whatever they did later.
    pub was_read: bool,
}

/// What a room asks about one kind of report: its policy has one for delivery and one for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ReportPolicy {
    /// Everybody reports.
    Required,
    /// Everybody decides for themselves.
    Optional,
    /// Nobody reports.
    Forbidden,
}

/// The octets of a report, for a part of the media type `application/mimi-message-status`.
#[uniffi::export]
pub fn encode_report(entries: Vec<StatusEntry>) -> Result<Octets, ComityError> {
    contained(|| Ok(Octets(report_of(entries).encode())))
}

/// The report that the octets of a message carry; none if they carry none. A later entry about a message counts.
#[uniffi::export]
pub fn reported_by(octets: &[u8]) -> Result<Option<Vec<StatusEntry>>, ComityError> {
    contained(|| {
        let report = StatusReport::of_content(&decoded(octets)?).transpose();
        let report = report.map_err(|error| invalid(error.code()))?;
        Ok(report.map(|report| report.entries().iter().map(|entry| (*entry).into()).collect()))
    })
}

/// Whether a message, by its octets, is one to report about. Reports are not, so that nobody reports about reports; nor is what only
/// takes something back.
#[uniffi::export]
pub fn is_reported(octets: &[u8]) -> Result<bool, ComityError> {
    contained(|| Ok(engine::is_reported(&decoded(octets)?)))
}

/// Whether to report under a policy, given what the user wants where they may choose.
#[uniffi::export]
#[must_use]
pub fn reports(policy: ReportPolicy, wants: bool) -> bool {
    engine::ReportPolicy::from(policy).reports(wants)
}

/// What every user did with every message of a room, as far as they told. Reports may come in any order, twice, and before the
/// message that they are about; the result is the same.
#[derive(uniffi::Object)]
pub struct Receipts(Mutex<engine::Receipts>);

#[uniffi::export]
impl Receipts {
    /// No reports yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(engine::Receipts::new())))
    }

    /// Takes in a report that a client of `user` sent: the message `id`, which the hub accepted then, carried it. Entries about messages
    /// that are not among `concerns` are dropped: they are none of this room's.
    pub fn apply(
        &self,
        user: UserUri,
        accepted: Timestamp,
        id: MessageId,
        entries: Vec<StatusEntry>,
        concerns: Vec<MessageId>,
    ) -> Result<(), ComityError> {
        let place = engine::Place { accepted, id };
        self.with(|receipts| {
            let report = report_of(entries);
            receipts.apply(&user, place, &report, |message| concerns.contains(&message));
        })
    }

    /// How a user stands to a message.
    pub fn of(&self, message: MessageId, user: UserUri) -> Result<Option<Standing>, ComityError> {
        self.with(|receipts| {
            receipts
                .of(message, &user)
                .map(|standing| standing_of(user, standing))
        })
    }

    /// Everybody who told anything about a message.
    pub fn about(&self, message: MessageId) -> Result<Vec<Standing>, ComityError> {
        self.with(|receipts| {
            receipts
                .about(message)
                .map(|(user, standing)| standing_of(user.clone(), standing))
                .collect()
        })
    }

    /// Forgets a message that is no longer kept.
    pub fn forget(&self, message: MessageId) -> Result<(), ComityError> {
        self.with(|receipts| receipts.forget(message))
    }
}

impl Receipts {
    fn with<R>(&self, work: impl FnOnce(&mut engine::Receipts) -> R) -> Result<R, ComityError> {
        contained(|| {
            let mut receipts = self.0.lock().map_err(|_| Boundary::Panicked)?;
            Ok(work(&mut receipts))
        })
    }
}

fn report_of(entries: Vec<StatusEntry>) -> StatusReport {
    let entries = entries
        .into_iter()
        .map(|StatusEntry { message, status }| (message, status.into()));
    StatusReport::new(entries)
}

fn standing_of(user: UserUri, standing: engine::Standing) -> Standing {
    Standing {
        user,
        status: standing.status().map(Into::into),
        was_read: standing.was_read(),
    }
}

impl From<(MessageId, engine::Status)> for StatusEntry {
    fn from((message, status): (MessageId, engine::Status)) -> Self {
        Self {
            message,
            status: status.into(),
        }
    }
}

impl From<engine::Status> for Status {
    fn from(status: engine::Status) -> Self {
        match status {
            engine::Status::UNREAD => Self::Unread,
            engine::Status::DELIVERED => Self::Delivered,
            engine::Status::READ => Self::Read,
            engine::Status::EXPIRED => Self::Expired,
            engine::Status::DELETED => Self::Deleted,
            engine::Status::HIDDEN => Self::Hidden,
            engine::Status::ERROR => Self::Error,
            other => Self::Other { value: other.value() },
        }
    }
}

impl From<Status> for engine::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Unread => Self::UNREAD,
            Status::Delivered => Self::DELIVERED,
            Status::Read => Self::READ,
            Status::Expired => Self::EXPIRED,
            Status::Deleted => Self::DELETED,
            Status::Hidden => Self::HIDDEN,
            Status::Error => Self::ERROR,
            Status::Other { value } => Self::from_value(value),
        }
    }
}

impl From<ReportPolicy> for engine::ReportPolicy {
    fn from(policy: ReportPolicy) -> Self {
        match policy {
            ReportPolicy::Required => Self::Required,
            ReportPolicy::Optional => Self::Optional,
            ReportPolicy::Forbidden => Self::Forbidden,
        }
    }
}
