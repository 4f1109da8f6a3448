//! The client's one file: a sealed SQLite database, and the transaction that every step is.
//!
//! **Owns** the connection, the keys, and all SQL of the engine. `open` says whose file it is, `ring` and
//! `seal` keep it secret, `codec` turns values into octets, `mls` is what OpenMLS sees of it; each table of
//! the domain has a module beside them, built on [`Store::put_sealed`], [`Store::one_sealed`] and
//! [`Store::all_sealed`].
//! **Knows nothing of** what a step decides.
//!
//! Writing is only possible between [`Store::begin_immediate`] and [`Store::commit`]. SQLite rolls back by
//! itself after some failures (a full disk, an interrupt); every write therefore checks that the
//! transaction is still there, so that nothing is ever written outside one.

mod backup;
mod codec;
pub(crate) mod due;
mod error;
pub(crate) mod event;
pub(crate) mod health;
pub(crate) mod held;
pub(crate) mod message;
mod migrate;
mod mls;
mod open;
pub(crate) mod outbox;
mod peel;
mod ring;
pub(crate) mod room;
mod seal;
pub(crate) mod small;
#[cfg(test)]
mod tests;
pub(crate) mod timer;
mod turns;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

#[cfg(test)]
use rusqlite::InterruptHandle;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::StorageError;
pub use seal::Key32;

pub(crate) use mls::MlsStore;
pub(crate) use ring::Scope;
pub(crate) use seal::{Col, RowAt, Table};
pub(crate) use turns::Patience;

use ring::Ring;
use seal::Place;
use turns::Turns;

/// Deletes a client's files: the database, its write-ahead log, its index, its turnstile. Those that are not there are no
/// error.
pub(crate) fn wipe(path: &Path) -> Result<(), StorageError> {
    for suffix in ["", "-wal", "-shm"].into_iter().chain(turns::SUFFIXES) {
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
    /// A commit failed, and nobody knows whether it took effect.
    poisoned: Cell<bool>,
    /// Between [`Store::begin_immediate`] and the end of its transaction.
    writing: Cell<bool>,
    /// Something was written, or was about to be, since the transaction began.
    wrote: Cell<bool>,
    /// The savepoints that are open, and whether SQLite knows of them.
    savepoints: RefCell<Vec<bool>>,
    /// `data_version` when the previous transaction on this connection began; 0 before the first.
    seen_version: Cell<i64>,
    /// The first failure inside a call of OpenMLS, which hides it from its caller.
    hidden: Cell<Option<StorageError>>,
    /// The last number of the event log, if known (see event.rs).
    last_number: Cell<Option<i64>>,
    /// When something is due next, if known (see due.rs).
    next_due: Cell<Option<Option<i64>>>,
    /// Rooms that were read or written (see room.rs).
    rooms: RefCell<room::Cache>,
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
    /// `FromTheFuture` or `NeedsApp`, `Corrupt`, `WrongKey`.
    pub(crate) fn open(path: &Path, key: &Key32) -> Result<Self, StorageError> {
        let (conn, ring) = open::open(path, key)?;
        Ok(Self::with(conn, ring, path, Turns::beside(path)?))
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
        open::open_reading(path, key).map(|(conn, ring)| Self::with(conn, ring, path, Turns::none()))
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
            path: path.to_path_buf(),
            turns,
            lazy: Cell::new(false),
            poisoned: Cell::new(false),
            writing: Cell::new(false),
            wrote: Cell::new(false),
            savepoints: RefCell::default(),
            seen_version: Cell::new(0),
            hidden: Cell::new(None),
            last_number: Cell::new(None),
            next_due: Cell::new(None),
            rooms: RefCell::default(),
        }
    }
}

// The transaction
impl Store {
    /// As [`Store::begin_immediate`], for a transaction that a power cut may undo although it was committed: nobody
    /// must be told of it.
    pub(crate) fn begin_lazily(&self) -> Result<bool, StorageError> {
        self.begin(true)
    }

    /// Waits for its turn and takes the write lock. Says whether another connection has committed since the previous
    /// transaction on this one: then whatever the engine kept in memory may be stale. The first transaction always
    /// says so.
    ///
    /// # Errors
    /// [`StorageError::Locked`], [`StorageError::Poisoned`], or [`StorageError::FromTheFuture`] if the
    /// other connection has migrated the file meanwhile.
    pub(crate) fn begin_immediate(&self) -> Result<bool, StorageError> {
        self.begin(false)
    }

    fn begin(&self, lazy: bool) -> Result<bool, StorageError> {
        self.alive()?;
        self.hidden.set(None);
        if self.lazy.replace(lazy) != lazy {
            open::set_durability(&self.conn, lazy)?;
        }
        self.turns.take()?;
        if let Err(error) = self.run("BEGIN IMMEDIATE") {
            self.turns.leave();
            return Err(error);
        }
        self.writing.set(true);
        self.wrote.set(false);
        self.savepoints.borrow_mut().clear();
        let begun = self.compare_versions();
        if begun.is_err() {
            self.rollback();
        }
        begun
    }

    /// Whether another connection has committed since this was asked last.
    fn compare_versions(&self) -> Result<bool, StorageError> {
        let version = self.data_version()?;
        let others_wrote = self.seen_version.replace(version) != version;
        if others_wrote {
            self.ring.borrow_mut().forget_scopes();
            self.forget_read();
            if let Err(error) = open::check_versions(&self.conn) {
                self.seen_version.set(0);
                return Err(error);
            }
        }
        Ok(others_wrote)
    }

    /// Ends the transaction: when this returns `Ok`, everything written since [`Store::begin_immediate`] is
    /// on the medium.
    ///
    /// # Errors
    /// If a failure inside OpenMLS was not taken with [`Store::take_hidden`], or SQLite has given up the
    /// transaction by itself, nothing was written. If COMMIT itself fails the outcome is unknown and the
    /// store is [`StorageError::Poisoned`] from then on.
    pub(crate) fn commit(&self) -> Result<(), StorageError> {
        self.alive()?;
        if let Some(error) = self.hidden.take() {
            self.rollback();
            return Err(error);
        }
        if let Err(error) = self.still_writing() {
            self.rollback();
            return Err(error);
        }
        if let Err(error) = self.run("COMMIT") {
            self.poisoned.set(true);
            self.rollback();
            return Err(error);
        }
        self.writing.set(false);
        self.turns.leave();
        self.ring.borrow_mut().keep_fresh();
        Ok(())
    }

    /// Undoes everything since [`Store::begin_immediate`]. Harmless if SQLite has done it already. A
    /// rollback that fails poisons the store.
    pub(crate) fn rollback(&self) {
        self.ring.borrow_mut().forget_uncommitted();
        self.forget_read();
        self.hidden.set(None);
        self.writing.set(false);
        if !self.conn.is_autocommit() && self.run("ROLLBACK").is_err() {
            self.poisoned.set(true);
        }
        self.turns.leave();
    }

    /// Marks a point inside the transaction to which [`Store::rollback_to`] can return. Savepoints nest;
    /// both ends refer to the latest.
    ///
    /// Before anything is written, which is so for most steps, there is nothing to mark: returning there is
    /// beginning the transaction again.
    pub(crate) fn savepoint(&self) -> Result<(), StorageError> {
        self.alive()?;
        let real = self.wrote.get();
        if real {
            self.run("SAVEPOINT inner")?;
        }
        self.savepoints.borrow_mut().push(real);
        Ok(())
    }

    /// Keeps what was written since the savepoint, which is gone then.
    pub(crate) fn release(&self) -> Result<(), StorageError> {
        self.still_writing()?;
        if self.leave_savepoint()? {
            self.run("RELEASE inner")?;
        }
        Ok(())
    }

    /// Undoes what was written since the savepoint, which is gone then. Says whether another connection has
    /// committed meanwhile, as [`Store::begin_immediate`] does.
    pub(crate) fn rollback_to(&self) -> Result<bool, StorageError> {
        self.ring.borrow_mut().forget_uncommitted();
        self.forget_read();
        self.still_writing()?;
        if self.leave_savepoint()? {
            self.run("ROLLBACK TO inner")?;
            self.run("RELEASE inner")?;
            return Ok(false);
        }
        if !self.wrote.get() {
            return Ok(false);
        }
        self.run("ROLLBACK")?;
        self.run("BEGIN IMMEDIATE")?;
        self.wrote.set(false);
        self.compare_versions()
    }

    fn leave_savepoint(&self) -> Result<bool, StorageError> {
        let left = self.savepoints.borrow_mut().pop();
        left.ok_or(StorageError::Bug("no savepoint to return to"))
    }

    /// Runs queries that see one state of the file, and ends the read transaction whatever they return.
    pub(crate) fn snapshot<R>(
        &self,
        query: impl FnOnce(&Self) -> Result<R, StorageError>,
    ) -> Result<R, StorageError> {
        self.alive()?;
        self.run("BEGIN DEFERRED")?;
        let result = self.refresh().and_then(|()| query(self));
        if self.run("COMMIT").is_err() {
            self.rollback();
        }
        self.ring.borrow_mut().keep_fresh();
        result
    }

    /// A number that changes when another connection has committed, and not when this one has. After
    /// closing and reopening it says nothing.
    pub(crate) fn data_version(&self) -> Result<i64, StorageError> {
        Ok(self
            .conn
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?)
    }

    /// Moves the write-ahead log into the database and empties it, so that deleted values leave the files.
    /// `false` if a reader or another process stood in the way and it must be tried again.
    pub(crate) fn checkpoint_truncate(&self) -> Result<bool, StorageError> {
        self.alive()?;
        match self.turns.take() {
            Err(StorageError::Locked) => return Ok(false),
            turn => turn?,
        }
        let busy = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        self.turns.leave();
        Ok(busy? == 0)
    }

    /// Whether a commit has failed, so that only closing and opening again helps.
    pub(crate) fn poisoned(&self) -> bool {
        self.poisoned.get()
    }

    /// The failure that OpenMLS has hidden behind an error of its own since the transaction began. As long
    /// as it is not taken, [`Store::commit`] refuses.
    pub(crate) fn take_hidden(&self) -> Option<StorageError> {
        self.hidden.take()
    }

    /// Forgets what was remembered of rows.
    fn forget_read(&self) {
        self.last_number.set(None);
        self.next_due.set(None);
        self.rooms.borrow_mut().clear();
    }

    fn hide(&self, error: StorageError) {
        self.hidden.set(Some(self.hidden.get().unwrap_or(error)));
    }

    fn alive(&self) -> Result<(), StorageError> {
        if self.poisoned.get() {
            Err(StorageError::Poisoned)
        } else {
            Ok(())
        }
    }

    /// To be asked before every write.
    fn writable(&self) -> Result<(), StorageError> {
        self.still_writing()?;
        self.wrote.set(true);
        Ok(())
    }

    /// Whether the write transaction is still open.
    fn still_writing(&self) -> Result<(), StorageError> {
        self.alive()?;
        if !self.writing.get() || self.conn.is_autocommit() {
            return Err(StorageError::Bug("a write outside a transaction"));
        }
        Ok(())
    }

    /// Forgets cached keys if another connection has written, as a reader must before each query.
    fn refresh(&self) -> Result<(), StorageError> {
        self.compare_versions().map(|_| ())
    }

    fn run(&self, statement: &'static str) -> Result<(), StorageError> {
        self.conn.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}

// Sealed rows
impl Store {
    /// Writes a row: `sql` binds the key columns, then the clear columns, and last the sealed value.
    pub(crate) fn put_sealed<T: Serialize + ?Sized>(
        &self,
        sql: &'static str,
        scope: Scope,
        at: &RowAt<'_>,
        value: &T,
    ) -> Result<(), StorageError> {
        self.put_sealed_if(sql, scope, at, value).map(|_| ())
    }

    /// As [`Store::put_sealed`], for a statement that may find nothing to write; says whether it wrote.
    pub(crate) fn put_sealed_if<T: Serialize + ?Sized>(
        &self,
        sql: &'static str,
        scope: Scope,
        at: &RowAt<'_>,
        value: &T,
    ) -> Result<bool, StorageError> {
        let sealed = self.seal(scope, at, value)?;
        let sealed = Col::Octets(&sealed);
        let columns = at.key.iter().chain(at.clear).chain(std::iter::once(&sealed));
        let params = params_from_iter(columns);
        let changed = if at.table.has_due() {
            self.write(sql, params)
        } else {
            self.write_quietly(sql, params)
        };
        Ok(changed? > 0)
    }

    /// A value as it is written into a row.
    pub(crate) fn seal<T: Serialize + ?Sized>(
        &self,
        scope: Scope,
        at: &RowAt<'_>,
        value: &T,
    ) -> Result<Vec<u8>, StorageError> {
        self.writable()?;
        let place = Place::of(at)?;
        self.ring
            .borrow_mut()
            .sealer(&self.conn, scope)?
            .seal_with(&place, |octets| codec::encode_into(octets, value))
    }

    /// Reads at most one row. `sql` selects the key columns, then the clear columns, both in the order in
    /// which they were written, and last the sealed value. `row` sees the columns and the opened value.
    pub(crate) fn one_sealed<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: Scope,
        table: Table,
        row: impl FnOnce(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Option<R>, StorageError> {
        self.one_sealed_in(sql, params, |_| Ok(scope), table, row)
    }

    /// As [`Store::one_sealed`], where the row says in which scope it is sealed.
    pub(crate) fn one_sealed_in<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: impl FnOnce(&Row<'_>) -> rusqlite::Result<Scope>,
        table: Table,
        row: impl FnOnce(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Option<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let Some(found) = rows.next()? else {
            return Ok(None);
        };
        let value = self.open_row(found, scope(found)?, table)?;
        Ok(Some(row(found, value)?))
    }

    /// As [`Store::one_sealed`], for every row in the order of the statement.
    pub(crate) fn all_sealed<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: Scope,
        table: Table,
        row: impl FnMut(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StorageError> {
        self.all_sealed_in(sql, params, |_| Ok(scope), table, row)
    }

    /// As [`Store::all_sealed`], where each row says in which scope it is sealed.
    pub(crate) fn all_sealed_in<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: impl Fn(&Row<'_>) -> rusqlite::Result<Scope>,
        table: Table,
        mut row: impl FnMut(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(found) = rows.next()? {
            let value = self.open_row(found, scope(found)?, table)?;
            all.push(row(found, value)?);
        }
        Ok(all)
    }

    /// The value alone of at most one row; see [`Store::one_sealed`].
    pub(crate) fn get_sealed<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: Scope,
        table: Table,
    ) -> Result<Option<T>, StorageError> {
        self.one_sealed(sql, params, scope, table, |_, value| Ok(value))
    }

    fn open_row<T: DeserializeOwned>(
        &self,
        row: &Row<'_>,
        scope: Scope,
        table: Table,
    ) -> Result<T, StorageError> {
        let width = row.as_ref().column_count();
        let last = width.checked_sub(1).filter(|last| *last >= table.keys());
        let last = last.ok_or(StorageError::Bug("a statement selects too few columns"))?;
        let mut place = Place::in_table(table);
        for column in 0..last {
            place.push(&Col::try_from(row.get_ref(column)?)?);
        }
        let ValueRef::Blob(sealed) = row.get_ref(last)? else {
            return Err(StorageError::Corrupt);
        };
        let plain = self
            .ring
            .borrow_mut()
            .opener(&self.conn, scope)?
            .open(&place, sealed)?;
        codec::decode(&plain)
    }
}

// Rows of clear columns only, and keys
impl Store {
    /// Runs a statement that writes; says how many rows it changed.
    pub(crate) fn write(&self, sql: &'static str, params: impl Params) -> Result<usize, StorageError> {
        self.next_due.set(None);
        self.write_quietly(sql, params)
    }

    /// As [`Store::write`], for a statement that cannot change when anything is due.
    pub(crate) fn write_quietly(
        &self,
        sql: &'static str,
        params: impl Params,
    ) -> Result<usize, StorageError> {
        self.writable()?;
        Ok(self.conn.prepare_cached(sql)?.execute(params)?)
    }

    /// Reads clear columns of at most one row.
    pub(crate) fn one<R>(
        &self,
        sql: &'static str,
        params: impl Params,
        row: impl FnOnce(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Option<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        Ok(rows.next()?.map(row).transpose()?)
    }

    /// Reads clear columns of every row, collected so that no read outlives the call.
    #[cfg(test)]
    pub(crate) fn all<R>(
        &self,
        sql: &'static str,
        params: impl Params,
        mut row: impl FnMut(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(found) = rows.next()? {
            all.push(row(found)?);
        }
        Ok(all)
    }

    /// The hash under which an identifier is looked up in a table: 16 octets that tell nothing without the
    /// file's keys.
    pub(crate) fn lookup(&self, table: Table, identifier: &[u8]) -> [u8; 16] {
        self.ring.borrow().lookup(table.tag(), identifier)
    }

    /// Two numbers as 16 octets that look random to whoever lacks the file's keys.
    pub(crate) fn hide_numbers(&self, first: i64, second: i64) -> [u8; 16] {
        self.ring.borrow().hide_numbers(first, second)
    }

    /// The numbers behind 16 octets: others than were hidden, if we did not make them.
    pub(crate) fn hidden_numbers(&self, octets: [u8; 16]) -> (i64, i64) {
        self.ring.borrow().hidden_numbers(octets)
    }

    /// Deletes the key of a scope: all values sealed in it are unreadable for ever, in this file and in
    /// every copy of it. Delete the rows in the same transaction.
    pub(crate) fn end_scope(&self, scope: Scope) -> Result<(), StorageError> {
        self.writable()?;
        self.ring.borrow_mut().end_scope(&self.conn, scope)
    }
}
