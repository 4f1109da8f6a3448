//! When the engine is to be woken: the earliest of everything that is due, in one query.

use comity_room::Timestamp;

use super::room::timestamp;
use super::{StorageError, Store};

/// The earliest time at which something in the file is due.
pub(crate) fn next(store: &Store) -> Result<Option<Timestamp>, StorageError> {
    let next = store.one(
        "SELECT min(due) FROM (
            SELECT min(due) AS due FROM outbox WHERE due IS NOT NULL
            UNION ALL SELECT min(due) FROM room WHERE due IS NOT NULL
            UNION ALL SELECT min(due) FROM held
            UNION ALL SELECT min(expires) FROM message WHERE expires IS NOT NULL
            UNION ALL SELECT min(due) FROM timer)",
        [],
        |row| row.get::<_, Option<i64>>(0),
    )?;
    Ok(next.flatten().map(timestamp))
}
