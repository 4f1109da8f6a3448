//! When the engine is to be woken: the earliest of everything that is due, in one query.

use comity_room::Timestamp;

use super::room::timestamp;
use super::{StorageError, Store};

/// The earliest time at which something in the file is due. What was found is remembered until a statement may have
/// changed it.
pub(crate) fn next(store: &Store) -> Result<Option<Timestamp>, StorageError> {
    if store.writing.get()
        && let Some(known) = store.next_due.get()
    {
        return Ok(known.map(timestamp));
    }
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
    let next = next.flatten();
    store.next_due.set(Some(next));
    Ok(next.map(timestamp))
}
