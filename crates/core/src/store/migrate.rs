//! From an older file to ours, one numbered step after the other, in one transaction.
//!
//! **Owns** the list of steps. **Knows nothing of** when to migrate: only the main app does, when it opens the file.
//!
//! A step leaves the schema's text exactly as `schema.sql` has it, because that is compared. So a table that changes is
//! renamed, created anew, filled and dropped. No step rewrites the rows of messages: a migration takes a moment,
//! however long the history is.

use rusqlite::{Connection, params};

use super::ring::{Ring, Versions};
use super::{Key32, StorageError, open};

/// A step from one schema to the next.
pub(super) struct Migration {
    /// The schema that it takes; the one after it is what it makes.
    pub(super) from: i64,
    /// The oldest schema that a program must know to use what it makes.
    pub(super) oldest_reader: i64,
    pub(super) run: fn(&Connection) -> Result<(), StorageError>,
}

/// All steps there have been.
pub(super) const MIGRATIONS: &[Migration] = &[];

/// Brings a file up to `wanted`. Whoever is killed meanwhile, or whose disk is full, still has the old file.
///
/// # Errors
/// [`StorageError::WrongKey`]: the versions are bound to the root key, which is therefore sealed again.
/// [`StorageError::Bug`] if a step is missing.
pub(super) fn migrate(
    conn: &Connection,
    key: &Key32,
    steps: &[Migration],
    wanted: i64,
) -> Result<(), StorageError> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    match run(conn, key, steps, wanted) {
        Ok(()) => Ok(conn.execute_batch("COMMIT")?),
        Err(error) => {
            // What cannot be rolled back now is when the connection closes.
            drop(conn.execute_batch("ROLLBACK"));
            Err(error)
        }
    }
}

fn run(conn: &Connection, key: &Key32, steps: &[Migration], wanted: i64) -> Result<(), StorageError> {
    // Another process may have been quicker.
    let before = open::read_versions(conn)?;
    Ring::open(conn, key, before)?;
    let mut now = before;
    while now.schema < wanted {
        let step = steps.iter().find(|step| step.from == now.schema);
        let step = step.ok_or(StorageError::Bug("a step of the migration is missing"))?;
        (step.run)(conn)?;
        now = Versions {
            schema: now.schema.saturating_add(1),
            oldest_reader: step.oldest_reader,
        };
    }
    if now != before {
        conn.prepare_cached("UPDATE meta SET schema = ?1, oldest_reader = ?2 WHERE id = 1")?
            .execute(params![now.schema, now.oldest_reader])?;
        Ring::bind(conn, key, before, now)?;
    }
    Ok(())
}
