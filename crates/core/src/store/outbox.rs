//! The outbox: requests that have not been answered, and what each is for.

use comity_content::MessageId;
use comity_room::{ProviderUri, RoomUri, Timestamp, UserUri};
use serde::{Deserialize, Serialize};

use super::room::millis;
use super::seal::Index;
use super::{Col, RowAt, Scope, StorageError, Store, Table};
use crate::step::{Request, RequestId, RequestKind, TaskId};

pub(super) const OUTBOX: Table = Table::padded(21, 1)
    .with_due()
    .covered(
        "SELECT ord, salt, due, sealed FROM outbox",
        "SELECT ord, salt, due, sealed FROM outbox WHERE ord = ?1",
    )
    .indexed(&[Index {
        all: "SELECT due, ord FROM outbox INDEXED BY outbox_due WHERE due IS NOT NULL",
        columns: &[2, 0],
    }]);
const SCOPE: Scope = Scope::Client;

/// A request, and what it is for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OutboxRow {
    pub(crate) id: RequestId,
    pub(crate) to: ProviderUri,
    pub(crate) lane: Option<RoomUri>,
    pub(crate) kind: RequestKind,
    #[serde(with = "serde_bytes")]
    pub(crate) body: Vec<u8>,
    pub(crate) attempt: u32,
    pub(crate) urgent: bool,
    /// When it is to be handed out (again). In the far future while it is with the host.
    pub(crate) due: Timestamp,
    pub(crate) errand: Errand,
}

/// What a request is for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Errand {
    /// Our message; the hash is of the MLSMessage in the body.
    Message { id: MessageId, hash: [u8; 32] },
    /// The creation of a room; the hash is of its GroupInfo.
    Create { hash: [u8; 32] },
    /// A commit of ours.
    Commit { hash: [u8; 32] },
    /// A proposal of ours to leave.
    Leave { hash: [u8; 32] },
    /// Key packages of a user, for a task.
    KeyMaterial { task: TaskId, user: UserUri },
    /// The GroupInfo of a room; the key opens the answer.
    GroupInfo {
        #[serde(with = "serde_bytes")]
        private_key: Vec<u8>,
    },
    /// Our own key packages.
    Publish,
}

/// The due time of a request that is with the host: never.
pub(crate) const WITH_HOST: Timestamp = Timestamp::from_millis(u64::MAX >> 1);

/// The latest time for which a request can be planned: under a clock that is far ahead, so that it is planned anew when that comes
/// back.
pub(crate) const LATEST: Timestamp = Timestamp::from_millis((u64::MAX >> 1) - 1);

impl OutboxRow {
    pub(crate) fn request(&self) -> Request {
        Request {
            id: self.id,
            to: self.to.clone(),
            lane: self.lane.clone(),
            kind: self.kind,
            body: self.body.clone(),
            attempt: self.attempt,
            urgent: self.urgent,
        }
    }
}

/// An id for a request behind all others.
///
/// The id is the place and eight random octets, encrypted as one block: nobody else can tell one id from another, and
/// finding the request needs no index.
pub(crate) fn next(store: &Store) -> Result<RequestId, StorageError> {
    let ord = store.next_request()?;
    let mut salt = [0; 8];
    getrandom::fill(&mut salt)?;
    Ok(RequestId(store.hide_numbers(ord, i64::from_be_bytes(salt))))
}

/// Adds a request that is with the host.
pub(crate) fn append(store: &Store, row: &OutboxRow) -> Result<(), StorageError> {
    let (ord, salt) = store.hidden_numbers(row.id.0);
    let (key, clear) = ([Col::Int(ord)], [Col::Int(salt), Col::Null]);
    let at = at(&key, &clear);
    let sealed = store.seal(SCOPE, &at, row)?;
    store.write_quietly(
        "INSERT INTO outbox (ord, salt, sealed) VALUES (?1, ?2, ?3)",
        (ord, salt, &sealed),
    )?;
    store.added(&at, &sealed)
}

/// Rewrites a request in its place.
pub(crate) fn put(store: &Store, row: &OutboxRow) -> Result<(), StorageError> {
    let (ord, salt) = store.hidden_numbers(row.id.0);
    let due = (row.due < WITH_HOST).then(|| millis(row.due));
    let (key, clear) = ([Col::Int(ord)], [Col::Int(salt), Col::from(due)]);
    store.put_sealed(
        "UPDATE outbox SET due = ?3, sealed = ?4 WHERE ord = ?1 AND salt = ?2",
        SCOPE,
        &at(&key, &clear),
        row,
    )
}

fn at<'a>(key: &'a [Col<'a>], clear: &'a [Col<'a>]) -> RowAt<'a> {
    RowAt {
        table: OUTBOX,
        key,
        clear,
    }
}

pub(crate) fn by_id(store: &Store, id: RequestId) -> Result<Option<OutboxRow>, StorageError> {
    store.get_sealed(
        "SELECT ord, salt, due, sealed FROM outbox WHERE ord = ?1 AND salt = ?2",
        store.hidden_numbers(id.0),
        SCOPE,
        OUTBOX,
    )
}

/// Requests behind the given one, in order.
pub(crate) fn after(
    store: &Store,
    after: Option<RequestId>,
    limit: u32,
) -> Result<Vec<OutboxRow>, StorageError> {
    let ord = match after {
        Some(id) => by_id(store, id)?.map_or(0, |row| store.hidden_numbers(row.id.0).0),
        None => 0,
    };
    store.all_sealed(
        "SELECT ord, salt, due, sealed FROM outbox WHERE ord > ?1 ORDER BY ord LIMIT ?2",
        (ord, limit),
        SCOPE,
        OUTBOX,
        |_, row| Ok(row),
    )
}

/// Requests that are to be handed out again.
pub(crate) fn due_by(store: &Store, now: Timestamp) -> Result<Vec<OutboxRow>, StorageError> {
    store.all_sealed(
        "SELECT ord, salt, due, sealed FROM outbox WHERE due <= ?1 ORDER BY ord",
        [millis(now)],
        SCOPE,
        OUTBOX,
        |_, row| Ok(row),
    )
}

pub(crate) fn delete(store: &Store, id: RequestId) -> Result<(), StorageError> {
    let (ord, salt) = store.hidden_numbers(id.0);
    let (key, salt) = ([Col::Int(ord)], [Col::Int(salt)]);
    let with_host = store.delete_one_if(
        "DELETE FROM outbox WHERE ord = ?1 AND salt = ?2 AND due IS NULL",
        OUTBOX,
        &key,
        &salt,
    )?;
    if !with_host {
        store.forget_due();
        store.delete_one_if(
            "DELETE FROM outbox WHERE ord = ?1 AND salt = ?2",
            OUTBOX,
            &key,
            &salt,
        )?;
    }
    Ok(())
}
