//! Frames that wait: for a commit, a Welcome, or this device's clock. Bounded, so that junk cannot fill the disk.

use comity_room::{ProviderUri, RoomUri, Timestamp};
use serde::{Deserialize, Serialize};

use super::room::millis;
use super::seal::Index;
use super::{Col, RowAt, Scope, StorageError, Store, Table};
use crate::step::HeldUntil;

pub(super) const HELD: Table = Table::padded(22, 1)
    .with_due()
    .covered(
        "SELECT ord, hash, mls_group, provider, due, sealed FROM held",
        "SELECT ord, hash, mls_group, provider, due, sealed FROM held WHERE ord = ?1",
    )
    .indexed(&[
        Index {
            all: "SELECT hash, ord FROM held INDEXED BY sqlite_autoindex_held_1",
            columns: &[1, 0],
        },
        Index {
            all: "SELECT mls_group, ord FROM held INDEXED BY held_group",
            columns: &[2, 0],
        },
        Index {
            all: "SELECT provider, ord FROM held INDEXED BY held_provider",
            columns: &[3, 0],
        },
        Index {
            all: "SELECT due, ord FROM held INDEXED BY held_due",
            columns: &[4, 0],
        },
    ]);

macro_rules! delete {
    ($which:literal) => {
        concat!(
            "DELETE FROM held WHERE ",
            $which,
            " RETURNING ord, hash, mls_group, provider, due, substr(sealed, 1, 13)"
        )
    };
}

const SCOPE: Scope = Scope::Client;

/// How many frames of one provider may wait.
pub(crate) const PER_PROVIDER: i64 = 1_000;
/// How many frames of one group may wait.
pub(crate) const PER_GROUP: i64 = 300;
/// How many octets of one provider's frames, as they lie in the file, while one that is larger than its share is to be kept. So all
/// together never take more than twice this, and small ones need not be weighed.
pub(crate) const OCTETS: i64 = 32 << 20;

/// A frame that waits.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct HeldRow {
    #[serde(with = "serde_bytes")]
    pub(crate) hash: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(crate) group: Vec<u8>,
    pub(crate) room: Option<RoomUri>,
    pub(crate) from: ProviderUri,
    #[serde(with = "serde_bytes")]
    pub(crate) frame: Vec<u8>,
    pub(crate) until: HeldUntil,
    /// When it is given up.
    pub(crate) due: Timestamp,
}

/// Keeps a frame. `false` if the quota is full; a frame that is held already stays as it is.
pub(crate) fn put(store: &Store, row: &HeldRow) -> Result<bool, StorageError> {
    let group = store.lookup(HELD, &row.group);
    let provider = store.lookup(HELD, row.from.as_bytes());
    let hash = store.lookup(HELD, &row.hash);
    if count(store, "SELECT count(*) FROM held WHERE hash = ?1", &hash)? > 0 {
        return Ok(true);
    }
    if count(store, "SELECT count(*) FROM held WHERE mls_group = ?1", &group)? >= PER_GROUP
        || count(store, "SELECT count(*) FROM held WHERE provider = ?1", &provider)? >= PER_PROVIDER
    {
        return Ok(false);
    }
    let length = i64::try_from(row.frame.len()).unwrap_or(i64::MAX);
    if length > OCTETS / PER_PROVIDER {
        const SUM: &str = "SELECT ifnull(sum(length(sealed)), 0) FROM held WHERE provider = ?1";
        if count(store, SUM, &provider)?.saturating_add(length) > OCTETS {
            return Ok(false);
        }
    }
    let last = store
        .one("SELECT max(ord) FROM held", [], |r| r.get::<_, Option<i64>>(0))?
        .flatten();
    let ord = last.unwrap_or(0).checked_add(1).ok_or(StorageError::Corrupt)?;
    let key = [Col::Int(ord)];
    let clear = [
        Col::from(&hash),
        Col::from(&group),
        Col::from(&provider),
        Col::Int(millis(row.due)),
    ];
    store.put_sealed(
        "INSERT INTO held (ord, hash, mls_group, provider, due, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        SCOPE,
        &RowAt {
            table: HELD,
            key: &key,
            clear: &clear,
        },
        row,
    )?;
    Ok(true)
}

/// The places of a group's frames, in the order in which they came.
pub(crate) fn of_group(store: &Store, group: &[u8]) -> Result<Vec<i64>, StorageError> {
    let key = store.lookup(HELD, group);
    store.all(
        "SELECT ord FROM held WHERE mls_group = ?1 ORDER BY ord",
        [key],
        |row| row.get(0),
    )
}

/// The frame at a place.
pub(crate) fn at(store: &Store, place: i64) -> Result<Option<HeldRow>, StorageError> {
    store.get_sealed(
        "SELECT ord, hash, mls_group, provider, due, sealed FROM held WHERE ord = ?1",
        [place],
        SCOPE,
        HELD,
    )
}

/// Takes out the frame at a place.
pub(crate) fn take(store: &Store, place: i64) -> Result<Option<HeldRow>, StorageError> {
    let row = at(store, place)?;
    if row.is_some() {
        store.delete_sealed(delete!("ord = ?1"), HELD, [place])?;
    }
    Ok(row)
}

/// Whether a frame of a group is due: it waits for the main app then.
pub(crate) fn is_due(store: &Store, group: &[u8], now: Timestamp) -> Result<bool, StorageError> {
    let key = store.lookup(HELD, group);
    let due = store.one(
        "SELECT 1 FROM held WHERE mls_group = ?1 AND due <= ?2 LIMIT 1",
        rusqlite::params![key, millis(now)],
        |_| Ok(()),
    )?;
    Ok(due.is_some())
}

/// Takes out the frames whose time is over.
pub(crate) fn take_due(store: &Store, now: Timestamp) -> Result<Vec<HeldRow>, StorageError> {
    let rows = store.all_sealed(
        "SELECT ord, hash, mls_group, provider, due, sealed FROM held WHERE due <= ?1 ORDER BY ord",
        [millis(now)],
        SCOPE,
        HELD,
        |_, row| Ok(row),
    )?;
    if !rows.is_empty() {
        store.delete_sealed(delete!("due <= ?1"), HELD, [millis(now)])?;
    }
    Ok(rows)
}

/// Forgets a frame.
pub(crate) fn forget(store: &Store, hash: &[u8]) -> Result<(), StorageError> {
    let key = store.lookup(HELD, hash);
    store.delete_sealed(delete!("hash = ?1"), HELD, [key])
}

fn count(store: &Store, sql: &'static str, key: &[u8; 16]) -> Result<i64, StorageError> {
    Ok(store.one(sql, [key], |row| row.get(0))?.unwrap_or(0))
}
