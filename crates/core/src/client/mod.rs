//! One client of one user: its lifecycle, and the transaction that each of its steps is.

#[cfg(test)]
mod tests;
mod verbs;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use comity_room::Timestamp;

use crate::crypto::Crypto;
use crate::error::{Error, Misuse};
use crate::inbound;
use crate::me::{Identity, Me};
use crate::opening::{Opening, Role};
use crate::reader::{Latch, Reader};
use crate::step::{Made, Step};
use crate::store::{Key32, StorageError, Store};
use crate::tx::Tx;
use crate::warm::{Warm, drop_changed};
use crate::witness::{self, Sworn, Twin, Witnesses};

/// Stops a `receive` after the frame at hand, from any thread.
#[derive(Clone, Debug)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// Asks the call that runs now to stop soon. What was taken is kept; the rest is not lost, only not taken.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One client of one user, in one file.
///
/// It never opens a socket, asks the clock, starts a thread or calls back. `Send`, not `Sync`: one thread at a time.
pub struct Client {
    opening: Opening,
    /// Whose file it is.
    identity: Identity,
    /// The key that the file may be under instead, since a commit of it failed.
    or_under: Option<Key32>,
    sworn: Sworn,
    /// The latest time that the host has told.
    latest: Timestamp,
    interrupted: Arc<AtomicBool>,
    open: Option<Open>,
    /// The connections of our readers, as far as they are still there.
    readers: Mutex<Vec<Weak<Mutex<Option<Store>>>>>,
}

struct Open {
    store: Store,
    crypto: Crypto,
    me: Me,
    warm: Warm,
    /// Another process may have held frames for us since our last step, or before we opened the file.
    left_for_us: bool,
}

impl Open {
    fn new(opening: &Opening, store: Store, crypto: Crypto, me: Me) -> Self {
        Self {
            store,
            crypto,
            me,
            warm: Warm::new(opening.memory_between_steps()),
            left_for_us: opening.role == Role::App,
        }
    }
}

// Lifecycle: no requests here, ever.
impl Client {
    /// Creates a client in a new file.
    ///
    /// # Durable
    /// The file, its keys and the client's identity, before this returns.
    ///
    /// # Errors
    /// [`Misuse::ForeignIdentity`] if user and client belong to different providers; [`Misuse::ExtensionMayNot`];
    /// [`Error::Storage`], `Exists` among them. Then there is no client, and it can be created again.
    pub fn create(now: Timestamp, opening: &Opening, identity: Identity) -> Result<Self, Error> {
        if identity.user.provider() != identity.client.provider() {
            return Err(Misuse::ForeignIdentity.into());
        }
        if opening.role == Role::Extension {
            return Err(Misuse::ExtensionMayNot.into());
        }
        let store = Store::begin_creation(&opening.path, &opening.key)?;
        let crypto = Crypto::default();
        let created = Me::create(&store, identity).and_then(|me| {
            let sworn = match &opening.witnesses {
                None => store.commit().map(|()| Sworn::default())?,
                Some(witnesses) => {
                    witness::swear_begun(now, opening, (&store, &crypto, &me), witnesses, false)?
                }
            };
            Ok((me, sworn))
        });
        match created {
            Ok((me, sworn)) => Ok(Self::with(
                now,
                opening,
                Open::new(opening, store, crypto, me),
                sworn,
            )),
            Err(error) => {
                store.rollback();
                Err(error)
            }
        }
    }

    /// Opens a client's file. The main app brings an older file up to date, and looks whether it is an older copy; an
    /// extension is told `NeedsApp` of both.
    ///
    /// # Durable
    /// With [`Opening::witnesses`], the next [`Client::twin`], before this returns; and if the file is a copy, all that follows
    /// from that.
    ///
    /// # Errors
    /// [`Error::Storage`]: `Missing`, `NotADatabase`, `Foreign`, `FromTheFuture`, `NeedsApp`, `Corrupt`, `WrongKey`, or `Altered`
    /// if rows that carry safety are missing or older than others. With witnesses also [`Error::Busy`].
    pub fn open(now: Timestamp, opening: &Opening) -> Result<Self, Error> {
        let store = opening.store()?;
        let me = store_me(&store)?;
        let crypto = Crypto::default();
        let sworn = match (&opening.witnesses, opening.role) {
            (None, _) => Sworn::default(),
            (Some(witnesses), Role::App) => {
                witness::swear(now, opening, (&store, &crypto, &me), witnesses, false)?
            }
            (Some(witnesses), Role::Extension) => witness::look(&store, witnesses)?,
        };
        Ok(Self::with(
            now,
            opening,
            Open::new(opening, store, crypto, me),
            sworn,
        ))
    }

    fn with(now: Timestamp, opening: &Opening, open: Open, sworn: Sworn) -> Self {
        Self {
            opening: Opening {
                path: open.store.path().to_path_buf(),
                ..opening.clone()
            },
            identity: open.me.identity(),
            or_under: None,
            sworn,
            latest: now,
            interrupted: Arc::new(AtomicBool::new(false)),
            readers: Mutex::new(Vec::new()),
            open: Some(open),
        }
    }

    /// What the host keeps outside of the file from now on, in place of what it showed in [`Opening::witnesses`]: after
    /// `create`, `open` and `resume`, before the first request is posted. `None` if it keeps no witnesses.
    pub fn twin(&self) -> Option<Twin> {
        self.sworn.twin
    }

    /// Whether the file turned out to be a copy when it was opened or resumed, as
    /// [`ClientChange::Restored`](crate::ClientChange::Restored) says in the log. An app that keeps what it has read of the log
    /// in a database of its own reads it from the start then, and rooms and timelines again: the numbers of the copy's log
    /// go on from where the copy was made.
    pub fn restored(&self) -> bool {
        self.sworn.restored
    }

    /// Closes every handle and lock on the file. Until [`Client::resume`] every other call says [`Error::Paused`], so
    /// that a stray query cannot open the file again while the system suspends the app.
    ///
    /// # Errors
    /// [`Error::Storage`] if SQLite cannot close, or cannot move its log into the database; the handles are gone all the
    /// same, and nothing is lost.
    pub fn pause(&mut self) -> Result<(), Error> {
        let mut closed = Ok(());
        for latch in self.latches() {
            let reader = put(&latch, None).map_or(Ok(()), Store::close);
            closed = closed.and(reader);
        }
        let client = self.open.take().map_or(Ok(()), close);
        closed.map_err(Error::from).and(client)
    }

    /// Opens the file again after [`Client::pause`], and after a commit whose outcome is unknown; what happened then stands
    /// in [`Reader::outstanding`] and [`Reader::events`]. Harmless if it is open and well.
    ///
    /// With witnesses the file must be the one that this process left, or it is treated as in [`Client::open`].
    ///
    /// # Errors
    /// As [`Client::open`], and `Foreign` if another client's file is there by now. The client is paused then, with every reader, has
    /// no file open, and can be resumed again.
    pub fn resume(&mut self) -> Result<(), Error> {
        if self.open.as_ref().is_some_and(|open| open.store.poisoned()) {
            self.pause()?;
        }
        if self.open.is_none() {
            let store = self.store_again()?;
            let me = store_me(&store)?;
            if me.identity() != self.identity {
                return Err(StorageError::Foreign.into());
            }
            let crypto = Crypto::default();
            let mut readers = Vec::new();
            for latch in self.latches() {
                readers.push((latch, store.reader()?));
            }
            self.sworn = self.recognise((&store, &crypto, &me))?;
            // From here on nothing fails: all of them are open, or none is.
            for (latch, reader) in readers {
                put(&latch, Some(reader));
            }
            self.open = Some(Open::new(&self.opening, store, crypto, me));
        }
        Ok(())
    }

    /// Opens the file under the key that it is under.
    fn store_again(&mut self) -> Result<Store, StorageError> {
        let opened = self.opening.store();
        let (Err(StorageError::WrongKey), Some(key)) = (&opened, &self.or_under) else {
            if opened.is_ok() {
                self.or_under = None;
            }
            return opened;
        };
        let other = Opening {
            key: key.clone(),
            ..self.opening.clone()
        };
        let store = other.store()?;
        self.opening = other;
        self.or_under = None;
        Ok(store)
    }

    /// Whether the file is the one that this process had open before.
    fn recognise(&self, open: (&Store, &Crypto, &Me)) -> Result<Sworn, Error> {
        let Some(witnesses) = &self.opening.witnesses else {
            return Ok(Sworn::default());
        };
        let witnesses = Witnesses {
            twin: self.sworn.twin,
            ..witnesses.clone()
        };
        match self.opening.role {
            Role::App => witness::swear(self.latest, &self.opening, open, &witnesses, true),
            Role::Extension => witness::look(open.0, &witnesses),
        }
    }

    /// Draws a new root key and seals every key of the file under it, and it under `key`: after a suspected theft of the old
    /// key, or when the platform's key store asks for it. What lies on the medium from before opens with neither.
    ///
    /// Other processes on the file hear [`Error::Storage`] with the code `wrong_key` from their next call on, and must open
    /// it anew. Readers of this client go on.
    ///
    /// # Durable
    /// Before this returns. Keep the old key until then: a power cut leaves the file under one or the other.
    ///
    /// # Errors
    /// [`Error::Busy`]: the file is under the new key, but a reader or the disk keeps the old keys in the write-ahead log, or a reader of
    /// this client could not be opened anew; call it again, with the same key. [`Error::Paused`], [`Error::Storage`]: then it is under the old key, or, if every
    /// call says [`StorageError::Poisoned`](crate::StorageError::Poisoned) from then on, under one or the other: [`Client::resume`] opens it with
    /// that one. Then call this again.
    pub fn rekey(&mut self, key: &Key32) -> Result<(), Error> {
        let open = self.open.as_ref().ok_or(Error::Paused)?;
        let emptied = match open.store.rekey(key) {
            Err(error) => {
                if open.store.poisoned() && self.or_under.is_none() {
                    self.or_under = Some(key.clone());
                }
                return Err(error.into());
            }
            Ok(emptied) => emptied,
        };
        // Whatever is left to do, the key is the new one. What goes wrong with one reader keeps nobody from the others.
        self.opening.key = key.clone();
        let mut followed = true;
        for latch in self.latches() {
            match open.store.reader() {
                Ok(reader) => drop(put(&latch, Some(reader))),
                Err(_) => followed = false,
            }
        }
        if emptied && followed {
            Ok(())
        } else {
            Err(Error::Busy)
        }
    }

    /// Closes the file.
    ///
    /// # Errors
    /// [`Error::Storage`] if SQLite cannot close.
    pub fn close(mut self) -> Result<(), Error> {
        self.pause()
    }

    /// Copies the file, as of now, into a new file that opens with the same key. What was deleted is not in it. Never copy the
    /// file by other means while it is open: to open and close it in this process drops the locks that keep it safe.
    ///
    /// A copy is for support and for moving to another device. Once one of the two has gone on, the other must not: it would
    /// encrypt with keys that were used already. If the host keeps witnesses, the copy is noticed as one when it is opened, as
    /// is the other client that went on meanwhile when its rooms are joined from the copy; otherwise nothing can tell.
    ///
    /// The copy appears at the path when it is whole, and known as a copy. A process that is killed before leaves at most a file whose name
    /// begins with that of the copy and `-unfinished-`, which goes with the next copy to the same path or with [`Client::wipe`] of it. So make one
    /// copy to a path at a time.
    ///
    /// # Durable
    /// The whole copy, before this returns. On an error there is none.
    ///
    /// # Errors
    /// [`Error::Paused`]; [`Error::Storage`], `Exists` if there is anything at the path, and `WrongKey` if another process has renewed the key;
    /// [`Error::Busy`] if somebody opens the copy before it is whole.
    pub fn backup_to(&self, path: &Path) -> Result<(), Error> {
        let open = self.open.as_ref().ok_or(Error::Paused)?;
        open.store.backup_to(path, |copy| {
            let copy = Store::open(copy, &self.opening.key)?;
            witness::part(copy)
        })
    }

    /// Deletes a client's files: the database, then its write-ahead log and its index, and what is left of copies to this path that were not
    /// finished.
    ///
    /// # Errors
    /// [`Error::Storage`] if a file that exists cannot be deleted; `Missing` if the path is empty or leads to a directory.
    pub fn wipe(path: &Path) -> Result<(), Error> {
        crate::store::wipe(path).map_err(Into::into)
    }

    /// A reader with a connection of its own, for any thread. It is paused and resumed with this client. After [`Client::close`] it says
    /// [`Error::Paused`]; of a client that was dropped it goes on, with the file open.
    ///
    /// # Errors
    /// [`Error::Paused`], or [`Error::Storage`].
    pub fn reader(&self) -> Result<Reader, Error> {
        let open = self.open.as_ref().ok_or(Error::Paused)?;
        let latch = Arc::new(Mutex::new(Some(open.store.reader()?)));
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Arc::downgrade(&latch));
        let (user, client) = (open.me.user.clone(), open.me.client.clone());
        let memory = self.opening.memory_of_a_frame();
        Ok(Reader::new(latch, user, client, memory))
    }

    /// Our readers, as far as they are still there.
    fn latches(&self) -> Vec<Latch> {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.iter().filter_map(Weak::upgrade).collect()
    }

    /// A handle that stops a running `receive` from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::clone(&self.interrupted))
    }
}

// Steps.
impl Client {
    /// A step on the medium before anybody sees it.
    fn step(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Tx<'_>) -> Result<Option<Made>, Error>,
    ) -> Result<Step, Error> {
        self.transact(now, Durable::Now, |tx, left_for_us| {
            if left_for_us {
                inbound::give_up(tx)?;
            }
            work(tx)
        })
    }

    /// A step that a power cut may undo. It must tell nobody anything: no request, no event, no outcome.
    fn lazy_step(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Tx<'_>) -> Result<Option<Made>, Error>,
    ) -> Result<Step, Error> {
        self.transact(now, Durable::Later, |tx, _| {
            let made = work(tx)?;
            if made.is_some() || tx.tells() {
                return Err(Error::Bug("a step that may be lost tells of itself"));
            }
            Ok(made)
        })
    }

    /// One transaction. `work` is told whether another process may have held frames for us.
    fn transact(
        &mut self,
        now: Timestamp,
        durable: Durable,
        work: impl FnOnce(&mut Tx<'_>, bool) -> Result<Option<Made>, Error>,
    ) -> Result<Step, Error> {
        let opening = &self.opening;
        let Open {
            store,
            crypto,
            me,
            warm,
            left_for_us,
        } = self.open.as_mut().ok_or(Error::Paused)?;
        self.latest = now;
        let others_wrote = match durable {
            Durable::Now => store.begin_immediate()?,
            Durable::Later => store.begin_lazily()?,
        };
        if others_wrote {
            *left_for_us = opening.role == Role::App;
            if let Err(error) = drop_changed(store, warm) {
                store.rollback();
                warm.clear();
                return Err(error.into());
            }
        }
        let mut tx = Tx::new(now, store, crypto, me, opening, warm);
        let result = match work(&mut tx, *left_for_us) {
            Ok(made) => tx.commit(made),
            Err(error) => Err(store.take_hidden().map_or(error, Into::into)),
        };
        if result.is_err() {
            store.rollback();
            warm.clear();
            return result;
        }
        *left_for_us &= durable == Durable::Later;
        warm.trim();
        // The step stands whatever becomes of this: what is owed stays owed.
        let _ = store.pay_checkpoint(false);
        result
    }
}

/// When a step is on the medium.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durable {
    /// Before anybody sees it.
    Now,
    /// With the next one that is.
    Later,
}

fn store_me(store: &Store) -> Result<Me, Error> {
    store.snapshot(|store| Ok(Me::load(store)))?
}

/// Puts a connection, or none, in the place of a reader's, and hands back the one before. A query that panicked leaves a connection that
/// nobody may use, and says nothing of the next one.
fn put(latch: &Mutex<Option<Store>>, store: Option<Store>) -> Option<Store> {
    let mut slot = latch.lock().unwrap_or_else(PoisonError::into_inner);
    latch.clear_poison();
    std::mem::replace(&mut *slot, store)
}

/// Closes the connection, whatever becomes of the checkpoint before it. After a failed commit there is none: what the file
/// holds is known when it is opened again.
fn close(open: Open) -> Result<(), Error> {
    let checkpoint = match open.store.checkpoint_truncate() {
        Err(StorageError::Poisoned) => Ok(()),
        checkpoint => checkpoint.map(drop),
    };
    open.store.close()?;
    Ok(checkpoint?)
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            opening: _,
            identity: _,
            or_under: _,
            sworn: _,
            latest: _,
            interrupted: _,
            open,
            readers: _,
        } = self;
        f.debug_struct("Client")
            .field("open", &open.is_some())
            .finish_non_exhaustive()
    }
}
