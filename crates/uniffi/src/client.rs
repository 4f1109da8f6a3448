//! One client of one user: its lifecycle, and what comes in. No requests in the former, ever.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use comity::code::Boundary;
use comity::{ClientUri, RequestId, Timestamp, UserUri};

use crate::fault::{ComityError, invalid};
use crate::guard::{contained, released};
use crate::inbound::{Answer, Batch};
use crate::octets::Octets;
use crate::opening::{Opening, key_of};
use crate::reader::Reader;
use crate::step::Step;

/// One client of one user, in one file. It opens no socket, asks no clock, starts no thread and calls nobody back.
///
/// One thread at a time: a call while another thread is inside one does nothing and comes to `ConcurrentUse`. Times are
/// milliseconds since 1970, as everywhere.
#[derive(uniffi::Object)]
pub struct Client(Mutex<Option<comity::Client>>);

#[uniffi::export]
impl Client {
    /// Creates a client in a new file. User and client are of the same provider, such as `mimi://a.example/u/alice` and
    /// `mimi://a.example/d/alice-phone`.
    ///
    /// The file, its keys and the client's identity are on disk before this returns.
    #[uniffi::constructor]
    pub fn create(
        now: Timestamp,
        opening: &Opening,
        user: UserUri,
        client: ClientUri,
    ) -> Result<Arc<Self>, ComityError> {
        let identity = comity::Identity { user, client };
        contained(|| Ok(Self::with(comity::Client::create(now, &opening.0, identity)?)))
    }

    /// Opens a client's file. The main app brings an older file up to date; an extension is told `StorageNeedsApp`.
    ///
    /// After it, hand out what `outstanding` of a reader lists, and set the timer to `wake_at`.
    #[uniffi::constructor]
    pub fn open(now: Timestamp, opening: &Opening) -> Result<Arc<Self>, ComityError> {
        contained(|| Ok(Self::with(comity::Client::open(now, &opening.0)?)))
    }

    /// What the host keeps outside of the file from now on, in place of what it showed to `witnessed`: ask after `create`, `open` and
    /// `resume`, before the first request is posted. None if the host keeps no witnesses.
    pub fn twin(&self) -> Result<Option<Octets>, ComityError> {
        self.calls(|client| Ok(client.twin().map(|twin| Octets(twin.octets().to_vec()))))
    }

    /// Whether the file turned out to be a copy when it was opened or resumed: see `Opening.witnessed`. An app that keeps what it has
    /// read of the log in a database of its own reads it from the start then, and rooms and timelines again.
    pub fn restored(&self) -> Result<bool, ComityError> {
        self.calls(|client| Ok(client.restored()))
    }

    /// Closes every handle and lock on the file, those of the client's readers too. Until `resume` every other call comes to `Paused`.
    /// Call it before the system suspends the app; after an error the handles are closed all the same, but for `ConcurrentUse`.
    pub fn pause(&self) -> Result<(), ComityError> {
        contained(|| match self.0.try_lock() {
            Ok(mut client) => Ok(client.as_mut().ok_or_else(closed)?.pause()?),
            Err(TryLockError::WouldBlock) => Err(Boundary::ConcurrentUse.into()),
            Err(TryLockError::Poisoned(broken)) => {
                // The system suspends its app all the same.
                let _ = broken.into_inner().as_mut().map(comity::Client::pause);
                Err(Boundary::Panicked.into())
            }
        })
    }

    /// Opens the file again after `pause`, and after `StoragePoisoned`. Harmless if it is open and well. After an error the client is
    /// paused with all of its readers, and can be resumed again.
    pub fn resume(&self) -> Result<(), ComityError> {
        self.calls(|client| Ok(client.resume()?))
    }

    /// Draws a new root key and seals every key of the file under it, and it under `key` (32 octets). Keep the old key until this
    /// returns. After `Busy` the file is under the new key, and the call is to be made again with the same key.
    pub fn rekey(&self, key: &[u8]) -> Result<(), ComityError> {
        let key = key_of(key)?;
        self.calls(|client| Ok(client.rekey(&key)?))
    }

    /// Closes the file, and says how that went. The client is closed after an error too, but for `ConcurrentUse`; to drop it closes it
    /// as well, and tells nothing.
    pub fn close_file(&self) -> Result<(), ComityError> {
        contained(|| match self.0.try_lock() {
            Ok(mut client) => Ok(client.take().ok_or_else(closed)?.close()?),
            Err(TryLockError::WouldBlock) => Err(Boundary::ConcurrentUse.into()),
            Err(TryLockError::Poisoned(broken)) => {
                // So that the file can be opened anew, and that this client says from now on that it is closed.
                let client = broken.into_inner().take();
                self.0.clear_poison();
                let _ = client.map(comity::Client::close);
                Err(Boundary::Panicked.into())
            }
        })
    }

    /// Copies the file, as of now, into a new file that opens with the same key. A copy is for support and for moving to another
    /// device: once one of the two has gone on, the other must not.
    pub fn backup_to(&self, path: String) -> Result<(), ComityError> {
        self.calls(|client| Ok(client.backup_to(Path::new(&path))?))
    }

    /// A reader with a connection of its own, for any thread. It is paused and resumed with this client.
    pub fn reader(&self) -> Result<Arc<Reader>, ComityError> {
        self.calls(|client| Ok(Arc::new(Reader::new(client.reader()?))))
    }

    /// A handle that stops a running `receive` from another thread. Ask for it beforehand: while `receive` runs, this call would come
    /// to `ConcurrentUse`.
    pub fn interrupter(&self) -> Result<Arc<Interrupter>, ComityError> {
        self.calls(|client| Ok(Arc::new(Interrupter(client.interrupter()))))
    }

    /// Takes frames, in order, in one transaction. A bad frame is finished with a reason; it never blocks the rest.
    ///
    /// Everything taken is on disk before this returns, and the cursor if the whole batch was taken. After an error nothing of the
    /// batch was taken.
    pub fn receive(&self, now: Timestamp, batch: Batch) -> Result<Step, ComityError> {
        let batch = batch.into();
        self.steps(|client| client.receive(now, &batch))
    }

    /// Records what came back for a request, and does whatever follows from it. To answer twice, or an unknown request, is harmless and
    /// yields an empty step.
    pub fn answer(&self, now: Timestamp, request: RequestId, answer: Answer) -> Result<Step, ComityError> {
        self.steps(|client| client.answer(now, request, answer.into()))
    }

    /// Does what is due: hands out requests again, erases what has expired, renews what must be renewed. To wake early, late or twice is
    /// harmless.
    pub fn wake(&self, now: Timestamp) -> Result<Step, ComityError> {
        self.steps(|client| client.wake(now))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let client = self
            .0
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        released(client.take());
    }
}

impl Client {
    fn with(client: comity::Client) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(client))))
    }

    /// The client, for this call alone.
    fn lock(&self) -> Result<MutexGuard<'_, Option<comity::Client>>, ComityError> {
        match self.0.try_lock() {
            Ok(client) => Ok(client),
            Err(TryLockError::WouldBlock) => Err(Boundary::ConcurrentUse.into()),
            Err(TryLockError::Poisoned(_)) => Err(Boundary::Panicked.into()),
        }
    }

    /// A call on the open client.
    pub(crate) fn calls<R>(
        &self,
        work: impl FnOnce(&mut comity::Client) -> Result<R, ComityError>,
    ) -> Result<R, ComityError> {
        contained(|| work(self.lock()?.as_mut().ok_or_else(closed)?))
    }

    /// What every verb does: takes the client, and gives the step.
    pub(crate) fn steps(
        &self,
        verb: impl FnOnce(&mut comity::Client) -> Result<comity::Step, comity::Error>,
    ) -> Result<Step, ComityError> {
        self.calls(|client| Ok(verb(client)?.into()))
    }
}

/// Deletes a client's files. Close the client first.
#[uniffi::export]
pub fn wipe(path: String) -> Result<(), ComityError> {
    contained(|| Ok(comity::Client::wipe(Path::new(&path))?))
}

/// Stops a running `receive`. Any thread, at any time, even after the client is gone.
#[derive(uniffi::Object)]
pub struct Interrupter(comity::Interrupter);

#[uniffi::export]
impl Interrupter {
    /// Asks the `receive` that runs now to stop after the frame at hand. What was taken is kept; the rest is not lost, only not taken.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

fn closed() -> ComityError {
    invalid("client_is_closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;
    use comity::{Key32, Seq};

    fn panicked() -> (tempfile::TempDir, Arc<Client>, comity::Reader) {
        let dir = tempfile::tempdir().unwrap();
        let opening = comity::Opening::app(dir.path().join("client"), Key32::new([7; 32]));
        let identity = comity::Identity {
            user: "mimi://a.example/u/alice".parse().unwrap(),
            client: "mimi://a.example/d/alice-phone".parse().unwrap(),
        };
        let client = comity::Client::create(Timestamp::from_millis(0), &opening, identity).unwrap();
        let reader = client.reader().unwrap();
        let client = Client::with(client);
        let panicked = client.calls::<()>(|_| std::panic::panic_any("planted"));
        assert_eq!(panicked.unwrap_err().fault().code, Code::Panicked);
        (dir, client, reader)
    }

    #[test]
    fn a_client_that_panicked_says_so_and_closes_its_file_and_those_of_its_readers() {
        for end in [Client::pause, Client::close_file] {
            let (dir, client, reader) = panicked();
            // The index beside a database goes with its last connection.
            let is_open = || dir.path().join("client-shm").exists();
            assert!(reader.events(Seq(0), 1).is_ok() && is_open());
            assert_eq!(end(&client).unwrap_err().fault().code, Code::Panicked);
            assert_eq!(reader.events(Seq(0), 1), Err(comity::Error::Paused));
            assert!(!is_open());
        }
    }
}
