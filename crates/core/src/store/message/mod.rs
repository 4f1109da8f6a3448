//! Messages: what lists need, and the octets beside it.
//!
//! Edits, deletions and reactions are messages too; they belong to the message that they change, their root, and do
//! not stand in the timeline themselves. The root's row holds what they have made of it.

//!
//! Here is what is written; `row` has what is kept of one, `find` what is asked.

mod find;
mod row;

use rusqlite::params_from_iter;

use super::head::Carrier;
use super::room::{Position, millis};
use super::{Col, RowAt, Scope, StorageError, Store, Table, event};

pub use row::{Delivery, Reacted};

pub(crate) use find::{
    FrameAt, after, before, by_frame, by_id, by_root, content, expired, expiring, has_root, is_taken,
    last_accepted, lately_by_frame, latest, next_order, told_after, unaccepted_by_frame, unread, waiting,
};
pub(crate) use row::{Folded, MessageRow, Told, tie_of};

const MESSAGE: Table = Table::new(18, 1).with_due();
const CONTENT: Table = Table::padded(19, 1);

/// The largest octets of a message that stand in its own row.
const LARGEST_BODY: usize = 2_048;

/// The clear columns of a row, beside its key.
struct Clear {
    id: [u8; 16],
    room: i64,
    alone: bool,
    frame: Option<[u8; 16]>,
    root: Option<[u8; 16]>,
    shown: i64,
    waiting: bool,
    place: Position,
    expires: Option<i64>,
}

impl Clear {
    fn of(store: &Store, row: &MessageRow) -> Self {
        Self {
            id: store.lookup(MESSAGE, row.id.octets()),
            room: row.room,
            alone: row.alone,
            frame: row.frame,
            root: (row.root != row.id).then(|| store.lookup(MESSAGE, row.root.octets())),
            shown: match (row.shown(), row.counts) {
                (false, _) => HIDDEN,
                (true, false) => OWN,
                (true, true) => OTHERS,
            },
            waiting: matches!(row.delivery, Delivery::Waiting),
            place: row.position(),
            expires: row.erase_due.map(millis),
        }
    }

    fn columns(&self) -> [Col<'_>; 10] {
        [
            Col::from(&self.id),
            Col::Int(self.room),
            Col::from(self.alone),
            Col::from(self.frame.as_ref()),
            Col::from(self.root.as_ref()),
            Col::Int(self.shown),
            Col::from(self.waiting),
            Col::Int(self.place.at),
            Col::Int(self.place.tie),
            Col::from(self.expires),
        ]
    }
}

/// The values of `shown`.
const HIDDEN: i64 = 0;
const OWN: i64 = 1;
const OTHERS: i64 = 2;

/// Stores a new message with its octets, and gives it its place in the log. `false` if there is one of this id already:
/// then nothing was written.
pub(crate) fn insert(store: &Store, row: &mut MessageRow, octets: &[u8]) -> Result<bool, StorageError> {
    row.seq = match row.told {
        Some(_) => event::next(store)?,
        None => next_outside_log(store)?,
    };
    let clear = Clear::of(store, row);
    let columns = clear.columns();
    let key = [Col::Int(row.seq)];
    let scope = row.scope();
    let sealed = store.seal(scope, &at(&key, &columns), row)?;
    let room = [Col::Int(row.room)];
    let place = body_at(&key, &room);
    let octets = serde_bytes::Bytes::new(octets);
    let small = octets.len() <= LARGEST_BODY;
    let body = small.then(|| store.seal(scope, &place, octets)).transpose()?;
    let head = (row.seq > 0)
        .then(|| store.carry(Carrier::Message, row.seq))
        .transpose()?;
    let values = [
        Col::Octets(&sealed),
        Col::from(body.as_deref()),
        Col::from(head.as_deref()),
    ];
    let write = if row.erase_due.is_some() {
        Store::write
    } else {
        Store::write_quietly
    };
    let new = write(store,
        "INSERT INTO message (seq, id, room, alone, frame, root, shown, waiting, position, tie, expires, sealed, body, head)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (id) DO NOTHING",
        params_from_iter(key.iter().chain(&columns).chain(&values)),
    )? > 0;
    if !new && row.told.is_some() {
        event::give_back(store, row.seq);
        store.uncarried();
    }
    if new && !small {
        store.put_sealed(
            "INSERT INTO content (seq, room, sealed) VALUES (?1, ?2, ?3)",
            scope,
            &place,
            octets,
        )?;
    }
    Ok(new)
}

/// Rows that tell no event have numbers below zero.
fn next_outside_log(store: &Store) -> Result<i64, StorageError> {
    let first = store.one("SELECT min(seq) FROM message", [], |row| {
        row.get::<_, Option<i64>>(0)
    })?;
    let first = first.flatten().unwrap_or(0).min(0);
    first.checked_sub(1).ok_or(StorageError::Corrupt)
}

/// Writes what has become of a message that is stored.
pub(crate) fn put(store: &Store, row: &MessageRow) -> Result<(), StorageError> {
    let clear = Clear::of(store, row);
    let columns = clear.columns();
    let key = [Col::Int(row.seq)];
    let sealed = store.seal(row.scope(), &at(&key, &columns), row)?;
    let sealed = Col::Octets(&sealed);
    let all = || params_from_iter(key.iter().chain(&columns).chain(std::iter::once(&sealed)));
    // Naming an indexed column in an update writes its index, even if nothing changes.
    for sql in [
        "UPDATE message SET alone = ?4, frame = ?5, sealed = ?12 WHERE seq = ?1 AND id = ?2 AND room = ?3
         AND root IS ?6 AND shown = ?7 AND waiting = ?8 AND position = ?9 AND tie = ?10 AND expires IS ?11",
        "UPDATE message SET alone = ?4, frame = ?5, root = ?6, shown = ?7, waiting = ?8, position = ?9, tie = ?10,
         sealed = ?12 WHERE seq = ?1 AND id = ?2 AND room = ?3 AND expires IS ?11",
    ] {
        if store.write_quietly(sql, all())? > 0 {
            return Ok(());
        }
    }
    let changed = store.write(
        "UPDATE message SET alone = ?4, frame = ?5, root = ?6, shown = ?7, waiting = ?8, position = ?9, tie = ?10,
         expires = ?11, sealed = ?12 WHERE seq = ?1 AND id = ?2 AND room = ?3",
        all(),
    )?;
    if changed == 0 {
        return Err(StorageError::Bug("a message that is not stored was changed"));
    }
    Ok(())
}

fn at<'a>(key: &'a [Col<'a>], clear: &'a [Col<'a>]) -> RowAt<'a> {
    RowAt {
        table: MESSAGE,
        key,
        clear,
    }
}

fn body_at<'a>(key: &'a [Col<'a>], clear: &'a [Col<'a>]) -> RowAt<'a> {
    RowAt {
        table: CONTENT,
        key,
        clear,
    }
}

/// Deletes a message as if it had never been, and its own key if it has one.
pub(crate) fn delete(store: &Store, row: &MessageRow) -> Result<(), StorageError> {
    event::keep_number(store)?;
    store.write("DELETE FROM content WHERE seq = ?1", [row.seq])?;
    store.write("DELETE FROM message WHERE seq = ?1", [row.seq])?;
    if row.alone {
        store.end_scope(Scope::Message(row.seq))?;
    }
    Ok(())
}

/// Deletes the octets of a message, and its own key if it has one; the row stays, as the caller has it.
pub(crate) fn erase(store: &Store, row: &mut MessageRow) -> Result<(), StorageError> {
    store.write("DELETE FROM content WHERE seq = ?1", [row.seq])?;
    store.write("UPDATE message SET body = NULL WHERE seq = ?1", [row.seq])?;
    if std::mem::replace(&mut row.alone, false) {
        store.end_scope(Scope::Message(row.seq))?;
    }
    put(store, row)
}

/// Ends the room's scope: its messages are unreadable for ever.
pub(crate) fn delete_room(store: &Store, room: i64) -> Result<(), StorageError> {
    event::keep_number(store)?;
    while let Some(seq) = store.one(
        "SELECT seq FROM message WHERE room = ?1 AND alone <> 0 LIMIT 1",
        [room],
        |row| row.get(0),
    )? {
        store.end_scope(Scope::Message(seq))?;
        store.write("DELETE FROM content WHERE seq = ?1", [seq])?;
        store.write("DELETE FROM message WHERE seq = ?1", [seq])?;
    }
    store.write("DELETE FROM content WHERE room = ?1", [room])?;
    store.write("DELETE FROM message WHERE room = ?1", [room])?;
    store.end_scope(Scope::Messages(room))
}

fn scope_of(alone: bool, seq: i64, room: i64) -> Scope {
    if alone {
        Scope::Message(seq)
    } else {
        Scope::Messages(room)
    }
}
