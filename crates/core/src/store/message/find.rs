//! Which messages there are: by id, by frame, by root, by place, by what is due.

use comity_content::MessageId;
use comity_room::Timestamp;

use super::{CONTENT, MESSAGE, MessageRow, scope_of};
use crate::store::room::{Position, millis, timestamp};
use crate::store::{Scope, StorageError, Store};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, id, room, alone, frame, root, shown, waiting, position, tie, expires, sealed FROM message ",
            $rest
        )
    };
}

pub(crate) fn by_id(store: &Store, id: MessageId) -> Result<Option<MessageRow>, StorageError> {
    let key = store.lookup(MESSAGE, id.octets());
    store.one_sealed_in(select!("WHERE id = ?1"), [key], scope, MESSAGE, complete)
}

/// A frame, as far as it says where its message stands.
#[derive(Clone, Copy)]
pub(crate) struct FrameAt {
    pub(crate) room: i64,
    /// When the hub accepted it.
    pub(crate) accepted: Timestamp,
    /// The first octets of its hash.
    pub(crate) tie: u32,
    /// Its name, as `seen` has it.
    pub(crate) name: [u8; 16],
}

/// Whether a frame was taken, whatever it brought.
pub(crate) fn is_taken(store: &Store, frame: FrameAt) -> Result<bool, StorageError> {
    let taken = store.one(
        "SELECT EXISTS (SELECT 1 FROM message WHERE room = ?1 AND position = ?2 AND tie = ?3 AND frame = ?4)
         OR EXISTS (SELECT 1 FROM seen WHERE hash = ?4)",
        (frame.room, millis(frame.accepted), frame.tie, frame.name),
        |row| row.get(0),
    )?;
    Ok(taken.unwrap_or(false))
}

/// The message that a frame brought, or that left in it and was accepted.
pub(crate) fn by_frame(store: &Store, frame: FrameAt) -> Result<Option<MessageRow>, StorageError> {
    store.one_sealed_in(
        select!("WHERE room = ?1 AND position = ?2 AND tie = ?3 AND frame = ?4"),
        (frame.room, millis(frame.accepted), frame.tie, frame.name),
        scope,
        MESSAGE,
        complete,
    )
}

/// The message that a frame brought at another time, if it is among the last 200 of the room: nobody who delivers again has
/// reason to change the time, and to look further would let junk cost more than what is genuine.
pub(crate) fn lately_by_frame(store: &Store, frame: FrameAt) -> Result<Option<MessageRow>, StorageError> {
    let found = store.one(
        "SELECT position FROM (SELECT position, tie FROM message WHERE room = ?1 ORDER BY position DESC LIMIT 200)
         WHERE tie = ?2",
        (frame.room, frame.tie),
        |row| row.get(0),
    )?;
    match found.map(timestamp) {
        Some(accepted) => by_frame(store, FrameAt { accepted, ..frame }),
        None => Ok(None),
    }
}

/// Our message that left in a frame and has not been accepted yet.
pub(crate) fn unaccepted_by_frame(
    store: &Store,
    room: i64,
    name: [u8; 16],
) -> Result<Option<MessageRow>, StorageError> {
    store.one_sealed_in(
        select!("WHERE room = ?1 AND position = ?2 AND frame = ?3"),
        (room, Position::UNACCEPTED, name),
        scope,
        MESSAGE,
        complete,
    )
}

/// Messages that tell an event, after a place in the log.
pub(crate) fn told_after(store: &Store, after: i64, limit: u32) -> Result<Vec<MessageRow>, StorageError> {
    store.all_sealed_in(
        select!("WHERE seq > ?1 ORDER BY seq LIMIT ?2"),
        (after.max(0), limit),
        scope,
        MESSAGE,
        complete,
    )
}

/// Everything that belongs to a root, itself included.
pub(crate) fn by_root(store: &Store, room: i64, root: MessageId) -> Result<Vec<MessageRow>, StorageError> {
    let key = store.lookup(MESSAGE, root.octets());
    let mut rows: Vec<MessageRow> = by_id(store, root)?
        .into_iter()
        .filter(|row| row.room == room && row.root == root)
        .collect();
    rows.extend(store.all_sealed_in(
        select!("WHERE room = ?1 AND root = ?2 ORDER BY position, tie"),
        (room, key),
        scope,
        MESSAGE,
        complete,
    )?);
    Ok(rows)
}

/// Whether another message belongs to a root.
pub(crate) fn has_root(store: &Store, room: i64, root: MessageId) -> Result<bool, StorageError> {
    let key = store.lookup(MESSAGE, root.octets());
    let found = store.one(
        "SELECT 1 FROM message WHERE room = ?1 AND root = ?2 LIMIT 1",
        (room, key),
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Messages of the timeline before a position, newest first.
pub(crate) fn before(
    store: &Store,
    room: i64,
    before: Position,
    limit: u32,
) -> Result<Vec<MessageRow>, StorageError> {
    store.all_sealed_in(
        select!(
            "WHERE room = ?1 AND shown <> 0 AND (position, tie) < (?2, ?3) ORDER BY position DESC, tie DESC LIMIT ?4"
        ),
        (room, before.at, before.tie, limit),
        scope,
        MESSAGE,
        complete,
    )
}

/// Messages of the timeline after a position, oldest first.
pub(crate) fn after(
    store: &Store,
    room: i64,
    after: Position,
    limit: u32,
) -> Result<Vec<MessageRow>, StorageError> {
    store.all_sealed_in(
        select!(
            "WHERE room = ?1 AND shown <> 0 AND (position, tie) > (?2, ?3) ORDER BY position, tie LIMIT ?4"
        ),
        (room, after.at, after.tie, limit),
        scope,
        MESSAGE,
        complete,
    )
}

/// How many messages of others stand behind a position, counted up to 9,999.
pub(crate) fn unread(store: &Store, room: i64, after: Position) -> Result<u32, StorageError> {
    let count = store.one(
        "SELECT count(*) FROM (SELECT 1 FROM message
         WHERE room = ?1 AND (position, tie) > (?2, ?3) AND shown = 2 LIMIT 9999)",
        (room, after.at, after.tie),
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// The hub's time at which it accepted the latest message of a room that we know.
pub(crate) fn latest(store: &Store, room: i64) -> Result<Option<i64>, StorageError> {
    store.one(
        "SELECT position FROM message WHERE room = ?1 AND position < ?2 ORDER BY position DESC LIMIT 1",
        (room, Position::UNACCEPTED),
        |row| row.get(0),
    )
}

/// Where the last message of a room stands that the hub has accepted.
pub(crate) fn last_accepted(store: &Store, room: i64) -> Result<Option<Position>, StorageError> {
    store.one(
        "SELECT position, tie FROM message WHERE room = ?1 AND position < ?2 ORDER BY position DESC, tie DESC LIMIT 1",
        (room, Position::UNACCEPTED),
        |row| {
            let (at, tie) = (row.get(0)?, row.get(1)?);
            Ok(Position { at, tie })
        },
    )
}

/// The place behind all messages that the hub has not accepted yet.
pub(crate) fn next_order(store: &Store, room: i64) -> Result<i64, StorageError> {
    let last = store.one(
        "SELECT max(tie) FROM message WHERE room = ?1 AND position = ?2",
        (room, Position::UNACCEPTED),
        |row| row.get::<_, Option<i64>>(0),
    )?;
    last.flatten()
        .unwrap_or(0)
        .checked_add(1)
        .ok_or(StorageError::Corrupt)
}

/// Our messages that wait, in the order in which they were written.
pub(crate) fn waiting(store: &Store, room: i64) -> Result<Vec<MessageRow>, StorageError> {
    let mut rows = store.all_sealed_in(
        select!("WHERE room = ?1 AND waiting <> 0"),
        [room],
        scope,
        MESSAGE,
        complete,
    )?;
    rows.sort_by_key(|row: &MessageRow| row.order);
    Ok(rows)
}

/// Messages of which it is to be asked, at `at`, whether they can be erased.
pub(crate) fn expired(store: &Store, at: Timestamp, limit: u32) -> Result<Vec<MessageRow>, StorageError> {
    store.all_sealed_in(
        select!("WHERE expires <= ?1 ORDER BY expires LIMIT ?2"),
        (millis(at), limit),
        scope,
        MESSAGE,
        complete,
    )
}

/// Every message that expires and has not been erased.
pub(crate) fn expiring(store: &Store) -> Result<Vec<MessageRow>, StorageError> {
    expired(store, Timestamp::from_millis(u64::MAX), u32::MAX)
}

/// The octets of a message, unless they are gone.
pub(crate) fn content(store: &Store, id: MessageId) -> Result<Option<Vec<u8>>, StorageError> {
    let key = store.lookup(MESSAGE, id.octets());
    let place = store.one(
        "SELECT seq, room, alone, body IS NULL FROM message WHERE id = ?1",
        [key],
        |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let Some((seq, room, alone, apart)) = place else {
        return Ok(None);
    };
    let sql = if apart {
        "SELECT seq, room, sealed FROM content WHERE seq = ?1"
    } else {
        "SELECT seq, room, body FROM message WHERE seq = ?1"
    };
    let octets: Option<serde_bytes::ByteBuf> =
        store.get_sealed(sql, [seq], scope_of(alone, seq, room), CONTENT)?;
    Ok(octets.map(serde_bytes::ByteBuf::into_vec))
}

/// The scope in which a selected row is sealed.
fn scope(row: &rusqlite::Row<'_>) -> rusqlite::Result<Scope> {
    Ok(scope_of(row.get(3)?, row.get(0)?, row.get(2)?))
}

fn complete(row: &rusqlite::Row<'_>, mut value: MessageRow) -> rusqlite::Result<MessageRow> {
    value.seq = row.get(0)?;
    value.room = row.get(2)?;
    value.alone = row.get(3)?;
    value.frame = row.get(4)?;
    Ok(value)
}
