//! Queries: on a connection of their own, on any thread, never waiting for `receive`.
//!
//! Each query sees one state of the file and ends its read transaction before it returns. None but [`Reader::preview`] loads
//! a group.

mod message;
mod room;

use std::sync::{Arc, Mutex, MutexGuard};

use comity_room::{ClientUri, Timestamp, UserUri};

pub use message::{Message, Page};
pub use room::{Member, Posture, Room, RoomSummary};

use crate::error::Error;
use crate::inbound::cursor_name;
use crate::me::Me;
use crate::opening::Opening;
use crate::step::{Cursor, Event, Request, RequestId, Seq, TaskId};
use crate::store::health::{self, Health};
use crate::store::{StorageError, Store, due, event, outbox, small};
use crate::task::Task;

/// Answers questions about a client's file.
///
/// It has its own read-only connection: an app keeps one on its UI thread while the client works on another.
pub struct Reader {
    store: Latch,
    user: UserUri,
    client: ClientUri,
    /// How many octets of memory a look into a frame may need.
    memory: usize,
}

/// A reader's connection, which its client's `pause` takes away and `resume` gives back.
pub(crate) type Latch = Arc<Mutex<Option<Store>>>;

/// A user, as far as we have met them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub uri: UserUri,
    /// Their clients that we have met, with their signature public keys.
    pub clients: Vec<(ClientUri, Vec<u8>)>,
}

/// The most that one page holds.
const LARGEST_PAGE: u32 = 1_000;

impl Reader {
    /// Opens a file for queries alone, for instance to count a badge in a process that does nothing else.
    ///
    /// # Errors
    /// As [`Client::open`](crate::Client::open).
    pub fn open(opening: &Opening) -> Result<Self, Error> {
        let store = Store::open_reader(&opening.path, &opening.key)?;
        let me = store.snapshot(|store| Ok(Me::load(store)))??;
        let latch = Arc::new(Mutex::new(Some(store)));
        Ok(Self::new(latch, me.user, me.client, opening.memory_of_a_frame()))
    }

    pub(crate) fn new(store: Latch, user: UserUri, client: ClientUri, memory: usize) -> Self {
        Self {
            store,
            user,
            client,
            memory,
        }
    }

    /// The user and the client whose file it is.
    pub fn identity(&self) -> (&UserUri, &ClientUri) {
        (&self.user, &self.client)
    }

    /// How the file is, in counts and codes, fit for a support log. Looks at the whole file: not for every frame.
    ///
    /// # Errors
    /// [`Error::Storage`], as for every query.
    pub fn health(&self) -> Result<Health, Error> {
        self.ask(health::health)
    }

    /// Events after a place in the log, oldest first; at most 1,000.
    ///
    /// Numbers have no gaps. The log keeps the last 50,000: an app that was away for longer sees a first number that does
    /// not follow its own, and reads rooms and timelines instead.
    ///
    /// # Errors
    /// [`Error::Storage`], as for every query.
    pub fn events(&self, after: Seq, limit: u32) -> Result<Vec<Event>, Error> {
        self.ask(|store| event::after(store, after, limit.min(LARGEST_PAGE)))
    }

    /// Requests that have not been answered, behind the given one, in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn outstanding(&self, after: Option<RequestId>, limit: u32) -> Result<Vec<Request>, Error> {
        let rows = self.ask(|store| outbox::after(store, after, limit.min(LARGEST_PAGE)))?;
        Ok(rows.iter().map(outbox::OutboxRow::request).collect())
    }

    /// Where a queue of the host's stands.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn cursor(&self, queue: &str) -> Result<Option<Cursor>, Error> {
        self.ask(|store| small::setting(store, &cursor_name(queue)))
    }

    /// When to call `wake`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn wake_at(&self) -> Result<Option<Timestamp>, Error> {
        self.ask(due::next)
    }

    /// A user, as far as we have met them.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn user(&self, uri: &UserUri) -> Result<User, Error> {
        let peers = self.ask(|store| small::peers_of(store, uri))?;
        let clients = peers.into_iter().map(|peer| (peer.client, peer.key)).collect();
        Ok(User {
            uri: uri.clone(),
            clients,
        })
    }

    /// How a task stands.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        Ok(self.ask(|store| small::task(store, id))?.map(Task::from))
    }

    #[cfg(test)]
    pub(crate) fn panics(&self) {
        let panicked = std::panic::AssertUnwindSafe(|| self.ask(|_| -> Result<(), _> { panic!("planted") }));
        std::panic::catch_unwind(panicked).unwrap_err();
    }

    fn ask<R>(&self, query: impl FnOnce(&Store) -> Result<R, StorageError>) -> Result<R, Error> {
        let slot = self.store.lock().map_err(|_| Error::Bug("a query panicked"))?;
        let mut asked = Asked { slot, panics: true };
        let store = asked.slot.as_ref().ok_or(Error::Paused)?;
        let answer = store.snapshot(query);
        asked.panics = false;
        Ok(answer?)
    }
}

/// A connection while it is asked. A query that panics closes it, whose transaction would keep the log from ending for ever.
struct Asked<'a> {
    slot: MutexGuard<'a, Option<Store>>,
    /// Unless it comes to its end.
    panics: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.panics {
            drop(self.slot.take());
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
