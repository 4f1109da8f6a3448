//! The event log: a table with a sequence, written in the step that caused it.

use super::{Col, RowAt, Scope, StorageError, Store, Table};
use crate::step::{Event, EventKind, Seq};

const EVENT: Table = Table::new(20, 1);
const SCOPE: Scope = Scope::Client;

pub(crate) fn append(store: &Store, kind: EventKind) -> Result<Event, StorageError> {
    let last = store
        .one("SELECT max(seq) FROM event", [], |row| {
            row.get::<_, Option<i64>>(0)
        })?
        .flatten();
    let seq = last.unwrap_or(0).checked_add(1).ok_or(StorageError::Corrupt)?;
    let key = [Col::Int(seq)];
    store.put_sealed(
        "INSERT INTO event (seq, sealed) VALUES (?1, ?2)",
        SCOPE,
        &RowAt {
            table: EVENT,
            key: &key,
            clear: &[],
        },
        &kind,
    )?;
    Ok(Event {
        seq: Seq(u64::try_from(seq).unwrap_or(0)),
        kind,
    })
}

/// Events after a place, oldest first.
pub(crate) fn after(store: &Store, after: Seq, limit: u32) -> Result<Vec<Event>, StorageError> {
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    store.all_sealed(
        "SELECT seq, sealed FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        (after, limit),
        SCOPE,
        EVENT,
        |row, kind| {
            Ok(Event {
                seq: Seq(u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0)),
                kind,
            })
        },
    )
}

/// Forgets events up to and including a place; the very last one stays, for its number.
pub(crate) fn forget(store: &Store, up_to: Seq) -> Result<(), StorageError> {
    let up_to = i64::try_from(up_to.0).unwrap_or(i64::MAX);
    store.write(
        "DELETE FROM event WHERE seq <= ?1 AND seq < (SELECT max(seq) FROM event)",
        [up_to],
    )?;
    Ok(())
}
