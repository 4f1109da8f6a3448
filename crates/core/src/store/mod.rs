//! The client's one file: a sealed SQLite database, and the transaction that every step is.
//!
//! **Owns** the connection, the keys, and all SQL of the engine. `open` says whose file it is, `ring` and
//! `seal` keep it secret, `codec` turns values into octets, `mls` is what OpenMLS sees of it; each table of
//! the domain has a module beside them, built on what `rows` offers.
//! **Knows nothing of** what a step decides.
//!
//! Writing is only possible between [`Store::begin_immediate`] and [`Store::commit`] (`transaction`).

mod backup;
mod codec;
pub(crate) mod due;
mod error;
pub(crate) mod event;
mod findable;
mod head;
pub(crate) mod health;
pub(crate) mod held;
pub(crate) mod message;
mod migrate;
mod mls;
mod open;
pub(crate) mod outbox;
mod ring;
pub(crate) mod room;
mod rows;
mod seal;
pub(crate) mod small;
#[cfg(test)]
mod tests;
pub(crate) mod timer;
mod transaction;
mod turns;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
#[cfg(test)]
use rusqlite::InterruptHandle;

#[cfg(test)]
pub(crate) use open::MORE_READERS;

pub use error::StorageError;
pub use seal::Key32;

pub(crate) use mls::{MlsStore, Reads};
pub(crate) use ring::Scope;
pub(crate) use seal::{Col, RowAt, Table};
pub(crate) use turns::Patience;

use ring::Ring;
use turns::Turns;

/// Deletes a client's files: the database, its write-ahead log, its index, its turnstile, and what is left of copies to the path that
/// were not finished. Those that are not there are no error; a path that leads to no file but to a directory is one.
pub(crate) fn wipe(path: &Path) -> Result<(), StorageError> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(StorageError::Missing);
    }
    delete(path, ["", "-wal", "-shm"].into_iter().chain(turns::SUFFIXES))?;
    backup::sweep(path)
}

fn delete(path: &Path, suffixes: impl IntoIterator<Item = &'static str>) -> Result<(), StorageError> {
    for suffix in suffixes {
        match std::fs::remove_file(turns::with_suffix(path, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StorageError::Io),
            _ => {}
        }
    }
    Ok(())
}

/// One open connection to a client's file. `Send` but not `Sync`: one thread at a time.
pub(crate) struct Store {
    conn: Connection,
    ring: RefCell<Ring>,
    path: PathBuf,
    turns: Turns,
    /// Whether what is committed next may be lost with the power.
    lazy: Cell<bool>,
    /// Steps since a key was deleted, that one included, until the write-ahead log was emptied.
    owed: Cell<u32>,
    /// Whether a key was deleted in the open transaction.
    ended: Cell<bool>,
    /// Whether the log holds anything of ours.
    log_used: Cell<bool>,
    /// A commit failed, and nobody knows whether it took effect.
    poisoned: Cell<bool>,
    /// Between [`Store::begin_immediate`] and the end of its transaction.
    writing: Cell<bool>,
    /// Something was written, or was about to be, since the transaction began.
    wrote: Cell<bool>,
    /// The savepoints that are open, the latest last.
    savepoints: RefCell<Vec<transaction::Savepoint>>,
    /// `data_version` when the previous transaction or query on this connection began; 0 before the first.
    seen_version: Cell<i64>,
    /// Another connection has committed since [`Store::begin_immediate`] said so last.
    others_wrote: Cell<bool>,
    /// The first failure inside a call of OpenMLS, which hides it from its caller.
    hidden: Cell<Option<StorageError>>,
    /// The last number of the event log, if known (see event.rs).
    last_number: Cell<Option<i64>>,
    /// When something is due next, if known (see due.rs).
    next_due: Cell<Option<Option<i64>>>,
    /// What the rows are as a whole (see head.rs).
    head: RefCell<head::Head>,
    /// Rooms that were read or written (see room/).
    rooms: RefCell<room::Cache>,
    /// What OpenMLS has written and is not in its rows yet (see mls/pending.rs).
    mls: RefCell<mls::pending::Pending>,
}

// Lifecycle
impl Store {
    /// Begins the file and its keys, in a transaction that is open when this returns: until [`Store::commit`] there is
    /// nothing, so that whoever is killed meanwhile can begin again.
    ///
    /// # Errors
    /// [`StorageError::Exists`] if there is anything but an empty file at the path.
    pub(crate) fn begin_creation(path: &Path, key: &Key32) -> Result<Self, StorageError> {
        let (conn, ring) = open::create(path, key)?;
        let store = Self::with(conn, ring, path, Turns::beside(path)?);
        store.writing.set(true);
        store.head.replace(head::Head::of_nothing());
        Ok(store)
    }

    /// Creates the file and its keys.
    #[cfg(test)]
    pub(crate) fn create(path: &Path, key: &Key32) -> Result<Self, StorageError> {
        let store = Self::begin_creation(path, key)?;
        store.commit()?;
        Ok(store)
    }

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// In the order in which they are found: [`StorageError::Missing`], `NotADatabase`, `Foreign`,
    /// `FromTheFuture` or `NeedsApp`, `Corrupt`, `WrongKey`, `Altered`.
    pub(crate) fn open(path: &Path, key: &Key32) -> Result<Self, StorageError> {
        let (conn, ring) = open::open(path, key)?;
        let store = Self::with(conn, ring, path, Turns::beside(path)?);
        store.verify_once()?;
        Ok(store)
    }

    /// As [`Store::open`], and brings an older file up to date first: what the main app does, and only it.
    pub(crate) fn open_and_migrate(path: &Path, key: &Key32) -> Result<Self, StorageError> {
        match Self::open(path, key) {
            Err(StorageError::NeedsApp) => {
                open::migrate(path, key)?;
                Self::open(path, key)
            }
            opened => opened,
        }
    }

    /// Opens a file for reading only: every write fails.
    pub(crate) fn open_reader(path: &Path, key: &Key32) -> Result<Self, StorageError> {
        let (conn, ring) = open::open_reading(path, key)?;
        let store = Self::with(conn, ring, path, Turns::none());
        store.verify_once()?;
        Ok(store)
    }

    /// A second, read-only connection to the same file, for another thread.
    pub(crate) fn reader(&self) -> Result<Self, StorageError> {
        self.alive()?;
        let (conn, _) = open::connect_reading(&self.path)?;
        Ok(Self::with(
            conn,
            self.ring.borrow().copy(),
            &self.path,
            Turns::none(),
        ))
    }

    /// Where the file is, whatever folder the process is in by now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the connection. The last one to close moves the write-ahead log into the database.
    pub(crate) fn close(self) -> Result<(), StorageError> {
        self.conn.close().map_err(|(_, error)| error.into())
    }

    /// Interrupts the statement that runs, from any thread; it fails with [`StorageError::Interrupted`].
    #[cfg(test)]
    pub(crate) fn interrupt_handle(&self) -> InterruptHandle {
        self.conn.get_interrupt_handle()
    }

    /// How long a transaction waits for other processes. Twice this at most: for its turn, and then for SQLite's lock.
    pub(crate) fn set_patience(&self, patience: Patience) -> Result<(), StorageError> {
        self.turns.set_patience(patience);
        Ok(self.conn.busy_timeout(patience.as_duration())?)
    }

    fn with(conn: Connection, ring: Ring, path: &Path, turns: Turns) -> Self {
        Self {
            conn,
            ring: RefCell::new(ring),
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
            turns,
            lazy: Cell::new(false),
            owed: Cell::new(0),
            ended: Cell::new(false),
            log_used: Cell::new(true),
            poisoned: Cell::new(false),
            writing: Cell::new(false),
            wrote: Cell::new(false),
            savepoints: RefCell::default(),
            seen_version: Cell::new(0),
            others_wrote: Cell::new(true),
            hidden: Cell::new(None),
            last_number: Cell::new(None),
            next_due: Cell::new(None),
            head: RefCell::default(),
            rooms: RefCell::default(),
            mls: RefCell::default(),
        }
    }
}
