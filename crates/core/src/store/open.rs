//! Creating and opening the one file of a client.
//!
//! **Owns** the connection's settings, the two version numbers, and the comparison of the schema's text.
//! After this module has said yes, the file is ours, of a version we know, under the right key, and holds
//! no trigger or view that could act on our statements.
//! **Knows nothing of** what the rows mean.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::ring::{Ring, Versions};
use super::{Key32, StorageError, migrate};

const SCHEMA: &str = include_str!("schema.sql");

/// The schema we write, and the oldest one that a program must know to read what we write.
const OURS: Versions = Versions {
    schema: 1,
    oldest_reader: 1,
};

#[cfg(test)]
thread_local! {
    /// Makes this thread a newer program, which knows these steps to its own schema.
    pub(super) static NEWER: std::cell::Cell<Option<(Versions, &'static [migrate::Migration])>> =
        const { std::cell::Cell::new(None) };
}

#[cfg(test)]
thread_local! {
    /// How many more connections for reading this thread may open.
    pub(crate) static MORE_READERS: std::cell::Cell<usize> = const { std::cell::Cell::new(usize::MAX) };
}

/// What this program writes and knows.
fn ours() -> Versions {
    #[cfg(test)]
    if let Some((newer, _)) = NEWER.get() {
        return newer;
    }
    OURS
}

/// SQLite's header field that says whose file it is: "Comi".
const APPLICATION_ID: i32 = 0x436f_6d69;

/// How long a statement waits for another connection's lock before it is [`StorageError::Locked`].
const BUSY: Duration = Duration::from_millis(500);

/// Every statement of the store is prepared once per connection.
const STATEMENTS: usize = 256;

/// Creates the file, readable by this user only, in one transaction, which is open when this returns. An empty
/// file left behind by a creation that was killed is taken over.
pub(super) fn create(path: &Path, key: &Key32) -> Result<(Connection, Ring), StorageError> {
    let path = plain(path);
    reserve(&path)?;
    let conn = Connection::open_with_flags(&path, writing())?;
    harden(&conn)?;
    match is_empty(&conn) {
        Ok(true) => {}
        Ok(false) | Err(StorageError::NotADatabase | StorageError::Corrupt) => {
            return Err(StorageError::Exists);
        }
        Err(error) => return Err(error),
    }
    settle(&conn)?;
    let ring = populate(&conn, key)?;
    Ok((conn, ring))
}

/// Opens an existing file for reading and writing.
pub(super) fn open(path: &Path, key: &Key32) -> Result<(Connection, Ring), StorageError> {
    let conn = connect(&plain(path), writing())?;
    settle(&conn).map_err(while_opening)?;
    let versions = admit(&conn).map_err(while_opening)?;
    let ring = Ring::open(&conn, key, versions).map_err(while_opening)?;
    Ok((conn, ring))
}

/// Brings an older file up to date.
pub(super) fn migrate(path: &Path, key: &Key32) -> Result<(), StorageError> {
    let conn = connect(&plain(path), writing())?;
    settle(&conn).map_err(while_opening)?;
    #[cfg(test)]
    if let Some((newer, steps)) = NEWER.get() {
        return migrate::migrate(&conn, key, steps, newer.schema);
    }
    migrate::migrate(&conn, key, migrate::MIGRATIONS, OURS.schema)
}

/// Opens an existing file for reading only.
pub(super) fn open_reading(path: &Path, key: &Key32) -> Result<(Connection, Ring), StorageError> {
    let (conn, versions) = connect_reading(path)?;
    let ring = Ring::open(&conn, key, versions).map_err(while_opening)?;
    Ok((conn, ring))
}

/// As [`open_reading`], for whoever has the keys already.
pub(super) fn connect_reading(path: &Path) -> Result<(Connection, Versions), StorageError> {
    #[cfg(test)]
    MORE_READERS.set(MORE_READERS.get().checked_sub(1).ok_or(StorageError::Io)?);
    let conn = connect(&plain(path), reading())?;
    settle_reading(&conn).map_err(while_opening)?;
    let versions = admit(&conn).map_err(while_opening)?;
    Ok((conn, versions))
}

/// Whether a file of these versions may still be used; asked again whenever another connection has written.
pub(super) fn check_versions(conn: &Connection) -> Result<Versions, StorageError> {
    let found = read_versions(conn)?;
    judge(found, ours())?;
    Ok(found)
}

fn writing() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn reading() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// SQLite reads some names as URIs, as "in memory" or as "a temporary file"; a path that starts with a
/// directory is always a path.
pub(super) fn plain(path: &Path) -> PathBuf {
    if path.is_absolute() {
        path.to_path_buf()
    } else {
        Path::new(".").join(path)
    }
}

/// Makes sure that the file exists with the right permissions, which SQLite then copies to its companions.
/// An existing file is not touched: closing it would drop this process's locks on it.
fn reserve(path: &Path) -> Result<(), StorageError> {
    match reserve_new(path) {
        Err(StorageError::Exists) if !path.is_dir() => Ok(()),
        reserved => reserved,
    }
}

/// Makes an empty file that was not there before.
pub(super) fn reserve_new(path: &Path) -> Result<(), StorageError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => StorageError::Exists,
        ErrorKind::StorageFull => StorageError::Full,
        _ => StorageError::Io,
    })
}

/// Opens a file that must exist, be a database, and be ours.
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StorageError> {
    expect_file(path)?;
    let conn = Connection::open_with_flags(path, flags)?;
    harden(&conn).map_err(while_opening)?;
    let id: i32 = conn
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(|error| while_opening(error.into()))?;
    match id {
        APPLICATION_ID => Ok(conn),
        0 if is_empty(&conn).map_err(while_opening)? => Err(StorageError::Missing),
        _ => Err(StorageError::Foreign),
    }
}

/// Whether a file can be at a path. A directory is none, and what may not be looked at is not known to be missing.
fn expect_file(path: &Path) -> Result<(), StorageError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(StorageError::Missing),
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename => Err(StorageError::Missing),
            _ => Err(StorageError::Io),
        },
    }
}

/// While opening, a statement of ours that SQLite does not understand tells of the file and not of us.
pub(super) fn while_opening(error: StorageError) -> StorageError {
    match error {
        StorageError::Bug(_) => StorageError::Corrupt,
        other => other,
    }
}

/// Settings that no file can override, before anything of the file is looked at.
fn harden(conn: &Connection) -> Result<(), StorageError> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.busy_timeout(BUSY)?;
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        conn.set_db_config(config, on)?;
    }
    conn.execute_batch(
        "PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(())
}

#[cfg(not(feature = "bench-normal"))]
const DURABLE: &str = "PRAGMA synchronous = FULL";
#[cfg(feature = "bench-normal")]
const DURABLE: &str = LAZY;
const LAZY: &str = "PRAGMA synchronous = NORMAL";

/// Whether the next transaction survives a power cut (ADR 0018). Refused by SQLite inside of one.
pub(super) fn set_durability(conn: &Connection, lazy: bool) -> Result<(), StorageError> {
    conn.prepare_cached(if lazy { LAZY } else { DURABLE })?
        .execute([])?;
    Ok(())
}

/// The settings of a writing connection. Nothing may leave before it is on the medium, hence `synchronous =
/// FULL` unless a transaction says otherwise, and on Apple's systems a full flush of the drive. The log is moved into the
/// database, and begun again, whenever a commit makes it longer than 1,000 pages of 4 KiB.
fn settle(conn: &Connection) -> Result<(), StorageError> {
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StorageError::Io);
    }
    set_durability(conn, false)?;
    conn.execute_batch(
        "PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA secure_delete = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = 1000;",
    )?;
    Ok(())
}

fn settle_reading(conn: &Connection) -> Result<(), StorageError> {
    conn.execute_batch("PRAGMA query_only = ON;")?;
    Ok(())
}

fn is_empty(conn: &Connection) -> Result<bool, StorageError> {
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(objects == 0)
}

/// Writes schema, versions and keys. Whoever began the creation commits.
fn populate(conn: &Connection, key: &Key32) -> Result<Ring, StorageError> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    if !is_empty(conn)? {
        return Err(StorageError::Exists);
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.execute_batch(SCHEMA)?;
    conn.execute(
        "INSERT INTO meta (id, schema, oldest_reader) VALUES (1, ?1, ?2)",
        params![OURS.schema, OURS.oldest_reader],
    )?;
    Ring::create(conn, key, OURS)
}

/// Whether this program may use the file, asked before any key.
fn admit(conn: &Connection) -> Result<Versions, StorageError> {
    let versions = check_versions(conn)?;
    if versions.schema == ours().schema {
        compare_schema(conn)?;
    }
    Ok(versions)
}

pub(super) fn read_versions(conn: &Connection) -> Result<Versions, StorageError> {
    conn.prepare_cached("SELECT schema, oldest_reader FROM meta WHERE id = 1")?
        .query_row([], |row| {
            Ok(Versions {
                schema: row.get(0)?,
                oldest_reader: row.get(1)?,
            })
        })
        .optional()?
        .ok_or(StorageError::Corrupt)
}

/// The rule of the two numbers: an older program may use a newer file as long as it knows the oldest schema
/// that its writer calls sufficient; a newer program migrates an older file, which only the main app does.
fn judge(file: Versions, ours: Versions) -> Result<(), StorageError> {
    if file.schema < 1 || file.oldest_reader < 1 || file.oldest_reader > file.schema {
        Err(StorageError::Corrupt)
    } else if file.oldest_reader > ours.schema {
        Err(StorageError::FromTheFuture)
    } else if file.schema < ours.schema {
        Err(StorageError::NeedsApp)
    } else {
        Ok(())
    }
}

/// A planted table, index, trigger or view, or an edited definition, is damage.
fn compare_schema(conn: &Connection) -> Result<(), StorageError> {
    static EXPECTED: OnceLock<String> = OnceLock::new();
    let expected = match EXPECTED.get() {
        Some(expected) => expected,
        None => {
            let fresh = Connection::open_in_memory()?;
            fresh.execute_batch(SCHEMA)?;
            let text = schema_text(&fresh)?;
            EXPECTED.get_or_init(|| text)
        }
    };
    if schema_text(conn)? == *expected {
        Ok(())
    } else {
        Err(StorageError::Corrupt)
    }
}

fn schema_text(conn: &Connection) -> Result<String, StorageError> {
    let mut statement =
        conn.prepare("SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema ORDER BY type, name")?;
    let mut rows = statement.query([])?;
    let mut text = String::new();
    while let Some(row) = rows.next()? {
        for column in 0..4 {
            text.push_str(row.get_ref(column)?.as_str().map_err(|_| StorageError::Corrupt)?);
            text.push('\0');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_path_and_never_a_uri_or_memory() {
        for name in ["file:x?mode=memory", ":memory:", ""] {
            assert!(plain(Path::new(name)).starts_with("./"), "{name}");
        }
        assert_eq!(plain(Path::new("/file:x")), Path::new("/file:x"));
    }

    #[test]
    fn a_file_is_admitted_by_whoever_knows_the_oldest_schema_that_suffices() {
        let file = |schema, oldest_reader| Versions {
            schema,
            oldest_reader,
        };
        let ours = file(5, 4);
        for (found, verdict) in [
            (file(5, 4), Ok(())),
            (file(9, 5), Ok(())),
            (file(9, 6), Err(StorageError::FromTheFuture)),
            (file(4, 1), Err(StorageError::NeedsApp)),
            (file(0, 0), Err(StorageError::Corrupt)),
            (file(5, 6), Err(StorageError::Corrupt)),
        ] {
            assert_eq!(judge(found, ours), verdict, "{found:?}");
        }
    }
}
