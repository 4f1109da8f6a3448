//! The event log: a sequence, written in the step that caused it.
//!
//! The commonest events, that a message was written or received, are told by the message's own row, which has a place in
//! the same sequence; all others have a row here. A number is never used twice: what was the last one is written down
//! before anything that holds a number is deleted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use comity_room::RoomUri;
use serde::{Deserialize, Serialize};

use super::head::Carrier;
use super::message::MessageRow;
use super::{Col, RowAt, Scope, StorageError, Store, Table, message, room, small};
use crate::step::{Event, EventKind, Seq};

const EVENT: Table = Table::new(20, 1);
const SCOPE: Scope = Scope::Client;

/// What is known of the log beside its rows.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Log {
    /// Events up to this one are forgotten.
    forgotten: i64,
    /// Numbers up to this one have been used.
    used: i64,
}

const LOG: &str = "log";

/// How many numbers of the log are kept, whatever is not forgotten: a rejected frame leaves an event, and anybody can send
/// frames that are rejected.
pub(crate) const KEPT: i64 = 50_000;
/// After how many new ones it is looked whether there are too many.
const LOOK: i64 = 256;

/// The next number of the log, used by whoever asks. There are no gaps.
pub(super) fn next(store: &Store) -> Result<i64, StorageError> {
    let next = last(store)?.checked_add(1).ok_or(StorageError::Corrupt)?;
    store.last_number.set(Some(next));
    Ok(next)
}

/// A number that was not needed after all, straight after [`next`].
pub(super) fn give_back(store: &Store, number: i64) {
    store.last_number.set(number.checked_sub(1));
}

pub(crate) fn append(store: &Store, kind: EventKind) -> Result<Event, StorageError> {
    let seq = next(store)?;
    let key = [Col::Int(seq)];
    let at = RowAt {
        table: EVENT,
        key: &key,
        clear: &[],
    };
    let sealed = store.seal(SCOPE, &at, &kind)?;
    store.write_quietly(
        "INSERT INTO event (seq, sealed, head) VALUES (?1, ?2, ?3)",
        (seq, sealed, store.carry(Carrier::Event, seq)?),
    )?;
    if seq % LOOK == 0 && seq > KEPT {
        forget_up_to(store, seq.saturating_sub(KEPT))?;
    }
    Ok(event(seq, kind))
}

/// Events after a place, oldest first.
pub(crate) fn after(store: &Store, after: Seq, limit: u32) -> Result<Vec<Event>, StorageError> {
    let forgotten = log(store)?.forgotten;
    let after = i64::try_from(after.0).unwrap_or(i64::MAX).max(forgotten);
    let mut events = store.all_sealed(
        "SELECT seq, sealed FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        (after, limit),
        SCOPE,
        EVENT,
        |row, kind| Ok(event(row.get(0)?, kind)),
    )?;
    let mut uris = HashMap::new();
    for row in message::told_after(store, after, limit)? {
        if let Some(told) = told_by(store, &row, &mut uris)? {
            events.push(told);
        }
    }
    events.sort_by_key(|event| event.seq);
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(events)
}

/// The event that a message's row holds.
fn told_by(
    store: &Store,
    row: &MessageRow,
    uris: &mut HashMap<i64, RoomUri>,
) -> Result<Option<Event>, StorageError> {
    let uri = match uris.entry(row.room) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            let room = room::by_id(store, row.room)?.ok_or(StorageError::Corrupt)?;
            new.insert(room.uri)
        }
    };
    Ok(row.event(uri))
}

/// Forgets events up to and including a place.
pub(crate) fn forget(store: &Store, up_to: Seq) -> Result<(), StorageError> {
    forget_up_to(store, i64::try_from(up_to.0).unwrap_or(i64::MAX))
}

fn forget_up_to(store: &Store, up_to: i64) -> Result<(), StorageError> {
    let used = last(store)?;
    let up_to = up_to.min(used);
    let forgotten = log(store)?.forgotten.max(up_to);
    store.uncarried();
    small::put_setting(store, LOG, &Log { forgotten, used })?;
    store.write_quietly("DELETE FROM event WHERE seq <= ?1", [up_to])?;
    Ok(())
}

/// To be called before rows that hold numbers of the log are deleted.
pub(super) fn keep_number(store: &Store) -> Result<(), StorageError> {
    let used = last(store)?;
    store.uncarried();
    small::put_setting(store, LOG, &Log { used, ..log(store)? })
}

/// The last number that was used.
fn last(store: &Store) -> Result<i64, StorageError> {
    if let Some(last) = store.last_number.get() {
        return Ok(last);
    }
    let rows: Option<i64> = store.one(
        "SELECT max(ifnull((SELECT max(seq) FROM event), 0), ifnull((SELECT max(seq) FROM message), 0))",
        [],
        |row| row.get(0),
    )?;
    Ok(rows.unwrap_or(0).max(log(store)?.used))
}

fn log(store: &Store) -> Result<Log, StorageError> {
    Ok(small::setting(store, LOG)?.unwrap_or_default())
}

pub(super) fn event(seq: i64, kind: EventKind) -> Event {
    Event {
        seq: Seq(u64::try_from(seq).unwrap_or(0)),
        kind,
    }
}
