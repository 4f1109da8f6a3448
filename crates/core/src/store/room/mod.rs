//! Rooms: what the engine keeps of each beside its MLS group.
//!
//! [`RoomRow`] is small and read at every step of the room; [`RoomView`], who is in it, is as large as the room and
//! rewritten only when the epoch changes.

mod position;
mod row;
mod view;

use std::collections::HashMap;

use comity_room::{RoomUri, Timestamp};

pub use position::Position;
pub use row::Phase;

pub(crate) use position::{millis, timestamp};
pub(crate) use row::{HeldProposal, Joining, PendingCommit, RoomRow};
pub(crate) use view::{Former, MemberRow, RoomView};

use super::seal::Index;
use super::{Col, RowAt, Scope, StorageError, Store, Table, message, small};

pub(super) const ROOM: Table = Table::new(16, 1)
    .with_due()
    .covered(
        "SELECT id, uri, mls_group, due, sealed FROM room",
        "SELECT id, uri, mls_group, due, sealed FROM room WHERE id = ?1",
    )
    .indexed(&[
        Index {
            all: "SELECT uri, id FROM room INDEXED BY sqlite_autoindex_room_1",
            columns: &[1, 0],
        },
        Index {
            all: "SELECT mls_group, id FROM room INDEXED BY sqlite_autoindex_room_2",
            columns: &[2, 0],
        },
        Index {
            all: "SELECT due, id FROM room INDEXED BY room_due WHERE due IS NOT NULL",
            columns: &[3, 0],
        },
    ]);
pub(super) const VIEW: Table = Table::new(17, 1).covered(
    "SELECT room, sealed FROM room_view",
    "SELECT room, sealed FROM room_view WHERE room = ?1",
);

const SCOPE: Scope = Scope::Client;

/// The id of the next room, and of the next scope: larger than any before.
pub(crate) fn next_id(store: &Store) -> Result<i64, StorageError> {
    let next = small::setting(store, NUMBERS)?
        .unwrap_or(0_i64)
        .checked_add(1)
        .ok_or(StorageError::Corrupt)?;
    small::put_setting(store, NUMBERS, &next)?;
    Ok(next)
}

const NUMBERS: &str = "numbers";

/// Rooms that the open transaction, or one before it, has read or written, while nobody else writes.
#[derive(Default)]
pub(super) struct Cache(HashMap<i64, RoomRow>);

/// How many rooms are remembered.
const REMEMBERED: usize = 32;

impl Cache {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn keep(&mut self, row: RoomRow) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(row.id, row);
    }

    fn find(&self, is: impl Fn(&RoomRow) -> bool) -> Option<RoomRow> {
        self.0.values().find(|row| is(row)).cloned()
    }
}

/// The latest time that the room's hub has told us.
pub(crate) fn hub_time(store: &Store, row: &RoomRow) -> Result<Timestamp, StorageError> {
    let latest = message::latest(store, row.id)?.map(timestamp).unwrap_or_default();
    Ok(row.hub_time.max(latest))
}

/// How many messages of others are unread.
pub(crate) fn unread(store: &Store, row: &RoomRow) -> Result<u32, StorageError> {
    message::unread(store, row.id, row.read_up_to)
}

pub(crate) fn put(store: &Store, row: &RoomRow) -> Result<(), StorageError> {
    write(store, row)?;
    store.rooms.borrow_mut().keep(row.clone());
    Ok(())
}

fn write(store: &Store, row: &RoomRow) -> Result<(), StorageError> {
    let uri = store.lookup(ROOM, row.uri.as_bytes());
    let group = store.lookup(ROOM, &row.group);
    let key = [Col::Int(row.id)];
    let clear = [
        Col::from(&uri),
        Col::from(&group),
        Col::from(row.due().map(millis)),
    ];
    let at = RowAt {
        table: ROOM,
        key: &key,
        clear: &clear,
    };
    // A room keeps its URI and, until it is joined anew, its group: naming them in the update would write their indexes.
    if store.put_sealed_if(
        "UPDATE room SET due = ?4, sealed = ?5 WHERE id = ?1 AND uri = ?2 AND mls_group = ?3",
        SCOPE,
        &at,
        row,
    )? {
        return Ok(());
    }
    store.put_sealed(
        "INSERT INTO room (id, uri, mls_group, due, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET uri = ?2, mls_group = ?3, due = ?4, sealed = ?5",
        SCOPE,
        &at,
        row,
    )
}

pub(crate) fn by_uri(store: &Store, uri: &RoomUri) -> Result<Option<RoomRow>, StorageError> {
    remembered(
        store,
        |row| row.uri == *uri,
        || {
            store.one_sealed(
                "SELECT id, uri, mls_group, due, sealed FROM room WHERE uri = ?1",
                [store.lookup(ROOM, uri.as_bytes())],
                SCOPE,
                ROOM,
                with_id,
            )
        },
    )
}

fn remembered(
    store: &Store,
    is: impl Fn(&RoomRow) -> bool,
    read: impl FnOnce() -> Result<Option<RoomRow>, StorageError>,
) -> Result<Option<RoomRow>, StorageError> {
    if !store.writing.get() {
        return read();
    }
    let known = store.rooms.borrow().find(is);
    if known.is_some() {
        return Ok(known);
    }
    let row = read()?;
    if let Some(row) = &row {
        store.rooms.borrow_mut().keep(row.clone());
    }
    Ok(row)
}

pub(crate) fn by_group(store: &Store, group: &[u8]) -> Result<Option<RoomRow>, StorageError> {
    remembered(
        store,
        |row| row.group == group,
        || {
            store.one_sealed(
                "SELECT id, uri, mls_group, due, sealed FROM room WHERE mls_group = ?1",
                [store.lookup(ROOM, group)],
                SCOPE,
                ROOM,
                with_id,
            )
        },
    )
}

/// Whether a room may have this group: whoever makes one chooses its id, and no two rooms of ours have the same.
pub(crate) fn may_have(store: &Store, uri: &RoomUri, group: &[u8]) -> Result<bool, StorageError> {
    let taken = by_group(store, group)?.is_some_and(|other| other.uri != *uri);
    Ok(!taken && !group.starts_with(NO_GROUP))
}

/// What stands for the group of a room that is not entered yet: its URI follows.
pub(crate) const NO_GROUP: &[u8] = b"unknown ";

pub(crate) fn by_id(store: &Store, id: i64) -> Result<Option<RoomRow>, StorageError> {
    remembered(
        store,
        |row| row.id == id,
        || {
            store.one_sealed(
                "SELECT id, uri, mls_group, due, sealed FROM room WHERE id = ?1",
                [id],
                SCOPE,
                ROOM,
                with_id,
            )
        },
    )
}

pub(crate) fn all(store: &Store) -> Result<Vec<RoomRow>, StorageError> {
    store.all_sealed(
        "SELECT id, uri, mls_group, due, sealed FROM room ORDER BY id",
        [],
        SCOPE,
        ROOM,
        with_id,
    )
}

/// The rooms with errands that are due.
pub(crate) fn due_by(store: &Store, now: Timestamp) -> Result<Vec<RoomRow>, StorageError> {
    store.all_sealed(
        "SELECT id, uri, mls_group, due, sealed FROM room WHERE due <= ?1 ORDER BY due",
        [millis(now)],
        SCOPE,
        ROOM,
        with_id,
    )
}

pub(crate) fn view(store: &Store, id: i64) -> Result<Option<RoomView>, StorageError> {
    store.get_sealed(
        "SELECT room, sealed FROM room_view WHERE room = ?1",
        [id],
        SCOPE,
        VIEW,
    )
}

/// How the value of a room's view begins: otherwise whenever it was written again.
pub(crate) fn view_begins(store: &Store, id: i64) -> Result<Option<[u8; 16]>, StorageError> {
    store.one(
        "SELECT substr(sealed, 1, 16) FROM room_view WHERE room = ?1",
        [id],
        |row| row.get(0),
    )
}

pub(crate) fn put_view(store: &Store, id: i64, view: &RoomView) -> Result<(), StorageError> {
    let key = [Col::Int(id)];
    store.put_sealed(
        "INSERT OR REPLACE INTO room_view (room, sealed) VALUES (?1, ?2)",
        SCOPE,
        &RowAt {
            table: VIEW,
            key: &key,
            clear: &[],
        },
        view,
    )
}

fn with_id(row: &rusqlite::Row<'_>, mut value: RoomRow) -> rusqlite::Result<RoomRow> {
    value.id = row.get(0)?;
    Ok(value)
}
