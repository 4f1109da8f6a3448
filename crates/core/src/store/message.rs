//! Messages: what lists need, and the octets beside it.
//!
//! Edits, deletions and reactions are messages too; they belong to the message that they change, their root, and do
//! not stand in the timeline themselves. The root's row holds what they have made of it.

use comity_content::{Class, MessageId};
use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};
use rusqlite::params_from_iter;
use serde::{Deserialize, Serialize};

use super::head::Carrier;
use super::room::{Position, millis};
use super::{Col, RowAt, Scope, StorageError, Store, Table, event};
use crate::rejection::Refusal;
use crate::step::{Event, EventKind, MessageChange};

const MESSAGE: Table = Table::new(18, 1).with_due();
const CONTENT: Table = Table::padded(19, 1);

/// The largest octets of a message that stand in its own row.
const LARGEST_BODY: usize = 2_048;

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

/// What the log says of a message from the moment at which it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Told {
    Received,
    Sending,
}

/// What the engine keeps of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MessageRow {
    /// Its place in the event log, or a number below zero if it tells nothing there; 0 until it is stored.
    #[serde(skip)]
    pub(crate) seq: i64,
    pub(crate) id: MessageId,
    #[serde(skip)]
    pub(crate) room: i64,
    /// Whether it is sealed under a key of its own, because it will vanish.
    #[serde(skip)]
    pub(crate) alone: bool,
    pub(crate) root: MessageId,
    pub(crate) sender: UserUri,
    pub(crate) client: ClientUri,
    pub(crate) epoch: u64,
    /// The frame that brought it, or in which it left, as `seen` names it.
    #[serde(skip)]
    pub(crate) frame: Option<[u8; 16]>,
    /// The first octets of the frame's hash.
    pub(crate) tie: u32,
    /// The hub's time; for our own messages `None` until accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Option<Timestamp>,
    /// When it was written or received here, by the host's clock.
    pub(crate) noted: Timestamp,
    /// Our own messages stand in this order until the hub has accepted them.
    pub(crate) order: i64,
    pub(crate) delivery: Delivery,
    pub(crate) class: Class,
    /// The event that its row stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) told: Option<Told>,
    /// Whether a person should have been told, when it came.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) notify: bool,
    /// Whether it is another user's, and so unread until it is read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) counts: bool,
    /// Whether its body as a whole is a reaction.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) is_reaction: bool,
    /// The texts of a reaction.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) reaction: Vec<String>,
    /// Whether its sender was allowed to do this, decided once, when its target was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allowed: Option<bool>,
    /// For a root: what edits, deletions and reactions have made of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) folded: Folded,
    /// Seconds after reading at which it vanishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_after_read: Option<u32>,
    /// When it vanishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Timestamp>,
    /// When it is to be asked whether it can be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) erase_due: Option<Timestamp>,
    /// When this device's clock first saw it as over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) over_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) read: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) erased: bool,
}

/// The first octets of a frame's hash, by which messages that were accepted at once are put in order: in the same one
/// for everybody.
pub(crate) fn tie_of(hash: &[u8; 32]) -> u32 {
    let [a, b, c, d, ..] = *hash;
    u32::from_be_bytes([a, b, c, d])
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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

/// One reaction to a message. `Debug` shows nothing of what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl std::fmt::Debug for Reacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { by, id, text, to } = self;
        f.debug_struct("Reacted")
            .field("by", by)
            .field("id", id)
            .field("text", &format_args!("({} texts)", text.len()))
            .field("to", to)
            .finish()
    }
}

impl MessageRow {
    pub(crate) fn position(&self) -> Position {
        match self.accepted {
            Some(at) => Position {
                at: millis(at),
                tie: self.tie.into(),
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

    fn scope(&self) -> Scope {
        scope_of(self.alone, self.seq, self.room)
    }

    /// The event that this row stands for.
    pub(crate) fn event(&self, room: &RoomUri) -> Option<Event> {
        let change = match self.told? {
            Told::Received => MessageChange::Received,
            Told::Sending => MessageChange::Sending,
        };
        let kind = EventKind::Message {
            room: room.clone(),
            message: self.id,
            change,
        };
        Some(event::event(self.seq, kind))
    }

    pub(crate) fn is_own_unsent(&self) -> bool {
        matches!(
            self.delivery,
            Delivery::Waiting | Delivery::Sending | Delivery::Undeliverable | Delivery::Refused(_)
        )
    }
}

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
    let small = octets.len() <= LARGEST_BODY;
    let body = small
        .then(|| {
            store.seal(
                scope,
                &body_at(&key, &[Col::Int(row.room)]),
                serde_bytes::Bytes::new(octets),
            )
        })
        .transpose()?;
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
            &body_at(&key, &[Col::Int(row.room)]),
            serde_bytes::Bytes::new(octets),
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
    match found.map(super::room::timestamp) {
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

pub(crate) fn delete(store: &Store, row: &MessageRow) -> Result<(), StorageError> {
    event::keep_number(store)?;
    store.write("DELETE FROM content WHERE seq = ?1", [row.seq])?;
    store.write("DELETE FROM message WHERE seq = ?1", [row.seq])?;
    if row.alone {
        store.end_scope(Scope::Message(row.seq))?;
    }
    Ok(())
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
