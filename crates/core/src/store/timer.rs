//! What is due at a time and belongs to no room.

use comity_room::Timestamp;

use super::room::millis;
use super::{Col, RowAt, Scope, StorageError, Store, Table};

pub(super) const TIMER: Table = Table::new(27, 1).with_due().covered(
    "SELECT name, due, sealed FROM timer",
    "SELECT name, due, sealed FROM timer WHERE name = ?1",
);
const SCOPE: Scope = Scope::Client;

/// The timers that there are. The numbers are part of the file's format.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timer {
    KeyPackages = 1,
}

pub(crate) fn put(store: &Store, timer: Timer, due: Timestamp) -> Result<(), StorageError> {
    let key = [Col::Int(timer as i64)];
    store.put_sealed(
        "INSERT OR REPLACE INTO timer (name, due, sealed) VALUES (?1, ?2, ?3)",
        SCOPE,
        &RowAt {
            table: TIMER,
            key: &key,
            clear: &[Col::Int(millis(due))],
        },
        &(),
    )
}

pub(crate) fn is_due(store: &Store, timer: Timer, now: Timestamp) -> Result<bool, StorageError> {
    let due = store.one("SELECT due FROM timer WHERE name = ?1", [timer as i64], |row| {
        row.get::<_, i64>(0)
    })?;
    Ok(due.is_some_and(|due| due <= millis(now)))
}

pub(crate) fn is_set(store: &Store, timer: Timer) -> Result<bool, StorageError> {
    let due = store.one("SELECT 1 FROM timer WHERE name = ?1", [timer as i64], |_| Ok(()))?;
    Ok(due.is_some())
}
