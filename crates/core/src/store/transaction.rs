//! The transaction that every step is: beginning, savepoints, committing, returning.
//!
//! SQLite rolls back by itself after some failures (a full disk, an interrupt); every write therefore checks that the
//! transaction is still there, so that nothing is ever written outside one.

use super::{Key32, Patience, StorageError, Store, open, turns};

/// After how many steps the write-ahead log is emptied, once a key was deleted.
const STEPS_OWED: u32 = 64;
/// How long the log may become, in octets, and after how many steps its length is looked at.
const LONG_LOG: u64 = 1 << 20;
const LOOK: u32 = 8;

/// Where a savepoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Savepoint {
    /// Nothing was written since. `first`: nor before it, in this transaction.
    Unset { first: bool },
    /// At the beginning of the transaction: to return there is to begin it again.
    Beginning,
    /// SQLite knows of it.
    Set,
    /// Nobody returns there.
    Passed,
}

impl Store {
    /// As [`Store::begin_immediate`], for a transaction that a power cut may undo although it was committed: nobody
    /// must be told of it.
    pub(crate) fn begin_lazily(&self) -> Result<bool, StorageError> {
        self.begin(true)
    }

    /// Waits for its turn and takes the write lock. Says whether another connection has committed since this was said
    /// last: then whatever the engine kept in memory may be stale. The first transaction always says so.
    ///
    /// # Errors
    /// [`StorageError::Locked`], [`StorageError::Poisoned`], or [`StorageError::FromTheFuture`] if the
    /// other connection has migrated the file meanwhile.
    pub(crate) fn begin_immediate(&self) -> Result<bool, StorageError> {
        self.begin(false)
    }

    fn begin(&self, lazy: bool) -> Result<bool, StorageError> {
        self.begin_untold(lazy)?;
        Ok(self.others_wrote.take())
    }

    /// As [`Store::begin_immediate`], for a transaction of the store's own. Whether others have written is said by the next one.
    fn begin_untold(&self, lazy: bool) -> Result<(), StorageError> {
        self.alive()?;
        self.hidden.set(None);
        if self.lazy.get() != lazy {
            open::set_durability(&self.conn, lazy)?;
            self.lazy.set(lazy);
        }
        self.turns.take()?;
        if let Err(error) = self.run("BEGIN IMMEDIATE") {
            self.turns.leave();
            return Err(error);
        }
        self.writing.set(true);
        self.wrote.set(false);
        self.savepoints.borrow_mut().clear();
        self.head.borrow_mut().begin();
        let begun = self.compare_versions();
        if begun.is_err() {
            self.rollback();
        }
        begun.map(drop)
    }

    /// Whether another connection has committed since this was asked last, by a transaction or by a query.
    fn compare_versions(&self) -> Result<bool, StorageError> {
        let version = self.data_version()?;
        let others_wrote = self.seen_version.replace(version) != version;
        if others_wrote {
            self.others_wrote.set(true);
            self.ring.borrow_mut().forget_scopes();
            self.forget_read();
            self.mls.borrow_mut().forget_read();
            self.head.borrow_mut().forget();
            if let Err(error) = self.still_ours() {
                self.seen_version.set(0);
                return Err(error);
            }
        }
        Ok(others_wrote)
    }

    /// Another connection may have migrated the file, or sealed its keys anew.
    fn still_ours(&self) -> Result<(), StorageError> {
        open::check_versions(&self.conn)?;
        if self.ring.borrow().is_current(&self.conn)? {
            Ok(())
        } else {
            Err(StorageError::WrongKey)
        }
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
        let written = self
            .still_writing()
            .and_then(|()| self.flush())
            .and_then(|()| self.write_head());
        if let Err(error) = written {
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
        self.log_used.set(true);
        if self.ended.take() || self.owed.get() > 0 {
            self.owed.set(self.owed.get().saturating_add(1));
        }
        Ok(())
    }

    /// Seals all keys anew, under another key of the host's, and empties the write-ahead log, so that the old keys are
    /// gone. `false` if a reader stood in the way of that.
    pub(crate) fn rekey(&self, host: &Key32) -> Result<bool, StorageError> {
        self.begin_untold(false)?;
        let before = self.ring.borrow().copy();
        let renewed = open::check_versions(&self.conn).and_then(|versions| {
            self.writable()?;
            self.ring.borrow_mut().rekey(&self.conn, host, versions)?;
            self.commit()
        });
        if let Err(error) = renewed {
            self.rollback();
            *self.ring.borrow_mut() = before;
            return Err(error);
        }
        // From here on the file is under the new key, whatever becomes of its log.
        Ok(self.checkpoint_truncate().unwrap_or(false))
    }

    /// Undoes everything since [`Store::begin_immediate`]. Harmless if SQLite has done it already. A
    /// rollback that fails poisons the store.
    pub(crate) fn rollback(&self) {
        self.ring.borrow_mut().forget_uncommitted();
        self.forget_read();
        self.mls.borrow_mut().rollback();
        self.head.borrow_mut().forget();
        self.hidden.set(None);
        self.ended.set(false);
        self.writing.set(false);
        if !self.conn.is_autocommit() && self.run("ROLLBACK").is_err() {
            self.poisoned.set(true);
        }
        self.turns.leave();
    }

    /// Marks a point inside the transaction to which [`Store::rollback_to`] can return. Savepoints nest;
    /// both ends refer to the latest.
    ///
    /// It costs nothing until something is written: SQLite copies every page that a savepoint sees changed.
    pub(crate) fn savepoint(&self) -> Result<(), StorageError> {
        self.alive()?;
        self.mark_head()?;
        let first = !(self.wrote.get() || self.mls.borrow().waits());
        self.savepoints.borrow_mut().push(Savepoint::Unset { first });
        self.mls.borrow_mut().savepoint();
        Ok(())
    }

    /// Says that nobody will return to the latest savepoint, other than by undoing the whole transaction.
    pub(crate) fn pass_savepoint(&self) {
        if let Some(latest @ Savepoint::Unset { .. }) = self.savepoints.borrow_mut().last_mut() {
            *latest = Savepoint::Passed;
        }
    }

    /// Keeps what was written since the savepoint, which is gone then.
    pub(crate) fn release(&self) -> Result<(), StorageError> {
        self.still_writing()?;
        self.unmark_head();
        if self.leave_savepoint()? == Savepoint::Set {
            self.run("RELEASE inner")?;
        }
        self.mls.borrow_mut().release();
        Ok(())
    }

    /// Undoes what was written since the savepoint, which is gone then. Says whether another connection has
    /// committed meanwhile, as [`Store::begin_immediate`] does.
    pub(crate) fn rollback_to(&self) -> Result<bool, StorageError> {
        self.mls.borrow_mut().rollback_to();
        self.return_head();
        self.still_writing()?;
        let savepoint = self.leave_savepoint()?;
        if matches!(savepoint, Savepoint::Unset { .. }) {
            return Ok(false);
        }
        self.ring.borrow_mut().forget_uncommitted();
        self.forget_read();
        match savepoint {
            Savepoint::Set => {
                self.run("ROLLBACK TO inner")?;
                self.run("RELEASE inner")?;
                Ok(false)
            }
            Savepoint::Beginning => {
                self.run("ROLLBACK")?;
                self.run("BEGIN IMMEDIATE")?;
                self.wrote.set(false);
                self.compare_versions()
            }
            Savepoint::Passed | Savepoint::Unset { .. } => {
                Err(StorageError::Bug("a savepoint that was passed is returned to"))
            }
        }
    }

    fn leave_savepoint(&self) -> Result<Savepoint, StorageError> {
        let left = self.savepoints.borrow_mut().pop();
        left.ok_or(StorageError::Bug("no savepoint to return to"))
    }

    /// Something is about to be written: tells SQLite of the savepoints before it.
    fn set_savepoints(&self) -> Result<(), StorageError> {
        for savepoint in self.savepoints.borrow_mut().iter_mut() {
            if let Savepoint::Unset { first } = *savepoint {
                if first && !self.wrote.get() {
                    *savepoint = Savepoint::Beginning;
                } else {
                    self.run("SAVEPOINT inner")?;
                    *savepoint = Savepoint::Set;
                }
            }
        }
        Ok(())
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

    /// Empties the write-ahead log if that is owed: 64 steps after a key was deleted, or once the log has grown to 1 MiB
    /// since. `at_once`: if it holds anything.
    ///
    /// Until then it may hold what was deleted. It also holds what steps have overwritten, ratchets above all, until other
    /// steps write over it: emptying it more often would make every step write to a growing file.
    ///
    /// Waits for nobody: if a reader stands in the way, it is tried again with a later step.
    pub(crate) fn pay_checkpoint(&self, at_once: bool) -> Result<(), StorageError> {
        let owed = self.owed.get();
        let due = owed >= STEPS_OWED || (owed > 0 && owed.is_multiple_of(LOOK) && self.log_is_long());
        if !(due || at_once && self.log_used.get()) {
            return Ok(());
        }
        let patience = self.turns.patience();
        self.set_patience(Patience::NONE)?;
        let emptied = self.checkpoint_truncate();
        self.set_patience(patience)?;
        match emptied {
            Ok(_) | Err(StorageError::Locked) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn log_is_long(&self) -> bool {
        std::fs::metadata(turns::with_suffix(&self.path, "-wal")).is_ok_and(|log| log.len() >= LONG_LOG)
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
        let emptied = busy? == 0;
        if emptied {
            self.owed.set(0);
            self.log_used.set(false);
        }
        Ok(emptied)
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

    /// A statement may have changed when anything is due.
    pub(super) fn forget_due(&self) {
        self.next_due.set(None);
    }

    pub(super) fn hide(&self, error: StorageError) {
        self.hidden.set(Some(self.hidden.get().unwrap_or(error)));
    }

    pub(super) fn alive(&self) -> Result<(), StorageError> {
        if self.poisoned.get() {
            Err(StorageError::Poisoned)
        } else {
            Ok(())
        }
    }

    /// To be asked before every write.
    pub(super) fn writable(&self) -> Result<(), StorageError> {
        self.still_writing()?;
        self.set_savepoints()?;
        self.wrote.set(true);
        Ok(())
    }

    /// Whether the write transaction is still open.
    pub(super) fn still_writing(&self) -> Result<(), StorageError> {
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
