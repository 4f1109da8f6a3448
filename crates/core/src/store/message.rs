//! Messages: an index row for lists, and the octets apart from it.
//!
//! Edits, deletions and reactions are messages too; they belong to the message that they change, their root, and do
//! not stand in the timeline themselves. The root's row holds what they have made of it.

use comity_content::{Class, MessageId};
use comity_room::{ClientUri, Timestamp, UserUri};
use serde::{Deserialize, Serialize};

use super::room::{Position, millis};
use super::{Col, RowAt, Scope, StorageError, Store, Table};
use crate::rejection::Refusal;

const MESSAGE: Table = Table::new(18, 1);
const CONTENT: Table = Table::padded(19, 1);

/// How a message travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Delivery {
    /// It came from another client.
    Received,
    /// It is ours and waits for another epoch, or for the room.
    Waiting,
    /// It is ours and on its way to the hub.
    Sending,
    /// It is ours and the hub has accepted it.
    Accepted,
    /// It is ours and the hub will not take it.
    Refused(Refusal),
    /// It is ours and could not be delivered.
    Undeliverable,
}

/// What the engine keeps of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MessageRow {
    pub(crate) id: MessageId,
    #[serde(skip)]
    pub(crate) room: i64,
    pub(crate) root: MessageId,
    pub(crate) sender: UserUri,
    pub(crate) client: ClientUri,
    pub(crate) epoch: u64,
    /// The hub's time; for our own messages `None` until accepted.
    pub(crate) accepted: Option<Timestamp>,
    /// When it was written or received here, by the host's clock.
    pub(crate) noted: Timestamp,
    /// Our own messages stand in this order until the hub has accepted them.
    pub(crate) order: i64,
    pub(crate) delivery: Delivery,
    pub(crate) class: Class,
    /// Whether its body as a whole is a reaction.
    pub(crate) is_reaction: bool,
    /// The texts of a reaction.
    pub(crate) reaction: Vec<String>,
    /// Whether its sender was allowed to do this, decided once, when its target was known.
    pub(crate) allowed: Option<bool>,
    /// For a root: what edits, deletions and reactions have made of it.
    pub(crate) folded: Folded,
    /// Seconds after reading at which it vanishes.
    pub(crate) expires_after_read: Option<u32>,
    /// When it vanishes.
    pub(crate) expires: Option<Timestamp>,
    /// When it is to be asked whether it can be erased.
    pub(crate) erase_due: Option<Timestamp>,
    /// When this device's clock first saw it as over.
    pub(crate) over_since: Option<Timestamp>,
    pub(crate) read: bool,
    pub(crate) erased: bool,
}

/// What has become of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Folded {
    /// The edit whose content is shown, if it was edited.
    pub(crate) edit: Option<MessageId>,
    /// Every version but the first, oldest first.
    pub(crate) versions: Vec<MessageId>,
    pub(crate) deleted: bool,
    pub(crate) reactions: Vec<Reacted>,
    /// Messages that tried to change it and may not.
    pub(crate) unauthorized: Vec<MessageId>,
}

/// One reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// Who reacted.
    pub by: UserUri,
    /// The reaction's own id, by which its sender takes it back.
    pub id: MessageId,
    /// The reactions as text, such as an emoji; several if the message carried several.
    pub text: Vec<String>,
    /// The version that was reacted to.
    pub to: MessageId,
}

impl MessageRow {
    pub(crate) fn position(&self) -> Position {
        let [a, b, c, d, ..] = self.id.octets();
        match self.accepted {
            Some(at) => Position {
                at: millis(at),
                tie: i64::from(u32::from_be_bytes([*a, *b, *c, *d])),
            },
            None => Position {
                at: Position::UNACCEPTED,
                tie: self.order,
            },
        }
    }

    /// Whether it stands in the timeline.
    pub(crate) fn shown(&self) -> bool {
        matches!(self.class, Class::Message) && !self.erased && self.allowed != Some(false)
    }

    pub(crate) fn is_own_unsent(&self) -> bool {
        matches!(
            self.delivery,
            Delivery::Waiting | Delivery::Sending | Delivery::Undeliverable | Delivery::Refused(_)
        )
    }
}

const COLUMNS: &str =
    "SELECT id, room, root, shown, waiting, position, tie, expires, sealed FROM message WHERE id = ?1";

pub(crate) fn put(store: &Store, row: &MessageRow) -> Result<(), StorageError> {
    let id = store.lookup(MESSAGE, row.id.octets());
    let root = store.lookup(MESSAGE, row.root.octets());
    let place = row.position();
    let waiting = matches!(row.delivery, Delivery::Waiting);
    let key = [Col::from(&id)];
    let clear = [
        Col::Int(row.room),
        Col::from(&root),
        Col::from(row.shown()),
        Col::from(waiting),
        Col::Int(place.at),
        Col::Int(place.tie),
        Col::from(row.erase_due.map(millis)),
    ];
    store.put_sealed(
        "INSERT INTO message (id, room, root, shown, waiting, position, tie, expires, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET root = ?3, shown = ?4, waiting = ?5, position = ?6, tie = ?7, expires = ?8,
         sealed = ?9",
        Scope::Messages(row.room),
        &RowAt {
            table: MESSAGE,
            key: &key,
            clear: &clear,
        },
        row,
    )
}

/// The room in which a message is, by its id.
pub(crate) fn room_of(store: &Store, id: MessageId) -> Result<Option<i64>, StorageError> {
    let key = store.lookup(MESSAGE, id.octets());
    store.one("SELECT room FROM message WHERE id = ?1", [key], |row| row.get(0))
}

pub(crate) fn by_id(store: &Store, id: MessageId) -> Result<Option<MessageRow>, StorageError> {
    let Some(room) = room_of(store, id)? else {
        return Ok(None);
    };
    let key = store.lookup(MESSAGE, id.octets());
    store.one_sealed(COLUMNS, [key], Scope::Messages(room), MESSAGE, with_room)
}

/// Everything that belongs to a root, itself included, in the order of the timeline.
pub(crate) fn by_root(store: &Store, room: i64, root: MessageId) -> Result<Vec<MessageRow>, StorageError> {
    let key = store.lookup(MESSAGE, root.octets());
    store.all_sealed(
        "SELECT id, room, root, shown, waiting, position, tie, expires, sealed FROM message
         WHERE room = ?1 AND root = ?2 ORDER BY position, tie",
        (room, key),
        Scope::Messages(room),
        MESSAGE,
        with_room,
    )
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
    store.all_sealed(
        "SELECT id, room, root, shown, waiting, position, tie, expires, sealed FROM message
         WHERE room = ?1 AND shown = 1 AND (position, tie) < (?2, ?3) ORDER BY position DESC, tie DESC LIMIT ?4",
        (room, before.at, before.tie, limit),
        Scope::Messages(room),
        MESSAGE,
        with_room,
    )
}

/// Messages of the timeline after a position, oldest first.
pub(crate) fn after(
    store: &Store,
    room: i64,
    after: Position,
    limit: u32,
) -> Result<Vec<MessageRow>, StorageError> {
    store.all_sealed(
        "SELECT id, room, root, shown, waiting, position, tie, expires, sealed FROM message
         WHERE room = ?1 AND shown = 1 AND (position, tie) > (?2, ?3) ORDER BY position, tie LIMIT ?4",
        (room, after.at, after.tie, limit),
        Scope::Messages(room),
        MESSAGE,
        with_room,
    )
}

/// The place behind all messages that the hub has not accepted yet.
pub(crate) fn next_order(store: &Store, room: i64) -> Result<i64, StorageError> {
    let last = store.one(
        "SELECT max(tie) FROM message WHERE room = ?1 AND shown IN (0, 1) AND position = ?2",
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
    let mut rows = store.all_sealed(
        "SELECT id, room, root, shown, waiting, position, tie, expires, sealed FROM message
         WHERE room = ?1 AND waiting = 1",
        [room],
        Scope::Messages(room),
        MESSAGE,
        with_room,
    )?;
    rows.sort_by_key(|row| row.order);
    Ok(rows)
}

/// Messages of which it is to be asked, at `at`, whether they can be erased.
pub(crate) fn expired(store: &Store, at: Timestamp, limit: u32) -> Result<Vec<MessageRow>, StorageError> {
    let due: Vec<(i64, Vec<u8>)> = store.all(
        "SELECT room, id FROM message WHERE expires <= ?1 ORDER BY expires LIMIT ?2",
        (millis(at), limit),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut rows = Vec::new();
    for (room, key) in due {
        rows.extend(store.one_sealed(COLUMNS, [key], Scope::Messages(room), MESSAGE, with_room)?);
    }
    Ok(rows)
}

/// Every message that expires and has not been erased.
pub(crate) fn expiring(store: &Store) -> Result<Vec<MessageRow>, StorageError> {
    expired(store, Timestamp::from_millis(u64::MAX), u32::MAX)
}

pub(crate) fn delete(store: &Store, id: MessageId) -> Result<(), StorageError> {
    let key = store.lookup(MESSAGE, id.octets());
    store.write("DELETE FROM message WHERE id = ?1", [key])?;
    delete_content(store, id)
}

/// The octets of a message.
pub(crate) fn content(store: &Store, room: i64, id: MessageId) -> Result<Option<Vec<u8>>, StorageError> {
    let key = store.lookup(CONTENT, id.octets());
    let octets: Option<serde_bytes::ByteBuf> = store.get_sealed(
        "SELECT id, room, sealed FROM content WHERE id = ?1",
        [key],
        Scope::Messages(room),
        CONTENT,
    )?;
    Ok(octets.map(serde_bytes::ByteBuf::into_vec))
}

pub(crate) fn put_content(
    store: &Store,
    room: i64,
    id: MessageId,
    octets: &[u8],
) -> Result<(), StorageError> {
    let hash = store.lookup(CONTENT, id.octets());
    let key = [Col::from(&hash)];
    store.put_sealed(
        "INSERT INTO content (id, room, sealed) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET sealed = ?3",
        Scope::Messages(room),
        &RowAt {
            table: CONTENT,
            key: &key,
            clear: &[Col::Int(room)],
        },
        serde_bytes::Bytes::new(octets),
    )
}

pub(crate) fn delete_content(store: &Store, id: MessageId) -> Result<(), StorageError> {
    let key = store.lookup(CONTENT, id.octets());
    store.write("DELETE FROM content WHERE id = ?1", [key])?;
    Ok(())
}

/// Ends the room's scope: its messages are unreadable for ever.
pub(crate) fn delete_room(store: &Store, room: i64) -> Result<(), StorageError> {
    store.write("DELETE FROM content WHERE room = ?1", [room])?;
    store.write("DELETE FROM message WHERE room = ?1", [room])?;
    store.end_scope(Scope::Messages(room))
}

fn with_room(row: &rusqlite::Row<'_>, mut value: MessageRow) -> rusqlite::Result<MessageRow> {
    value.room = row.get(1)?;
    Ok(value)
}
