//! Whose turn it is to write: two lock files beside the database.
//!
//! SQLite's own lock goes to whoever asks at the right moment, and a busy app asks at every moment: its extension
//! starves. Here whoever waits holds *next*, and so is soon the next one to get *hold*:
//!
//! ```text
//! lock next → lock hold → unlock next → BEGIN IMMEDIATE … COMMIT → unlock hold
//! ```
//!
//! **Owns** the two files and their locks, which are empty and never deleted while the client lives.
//! **Knows nothing of** the database, which stays safe without them: they are about fairness alone. Where the file
//! system has no locks of this kind, there are no turns, and SQLite's lock does.

use std::cell::Cell;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::StorageError;

/// What the names of the two files end in.
pub(super) const SUFFIXES: [&str; 2] = ["-next", "-hold"];

/// How long one waits between two looks. What somebody waits for is a step of another process: a millisecond or more.
const PAUSE: Duration = Duration::from_micros(500);

/// How many turns of another process somebody who waits may have to let pass, beside the one that runs.
const OVERTAKEN: u32 = 4;

/// How long a process waits for its turn, in milliseconds, before it says that the file is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(u16);

impl Patience {
    /// Not at all.
    pub(super) const NONE: Self = Self(0);
    /// The main app.
    pub(crate) const APP: Self = Self(500);
    /// A notification extension has seconds to live, and the app takes what it leaves.
    pub(crate) const EXTENSION: Self = Self(100);

    pub(super) fn as_duration(self) -> Duration {
        Duration::from_millis(self.0.into())
    }
}

/// The turnstile of one connection.
pub(super) struct Turns {
    files: Option<Files>,
    taken: Cell<bool>,
    /// Turns taken since the queue was looked at.
    jumped: Cell<u32>,
    patience: Cell<Patience>,
}

struct Files {
    next: File,
    hold: File,
}

impl Turns {
    /// For a connection that writes.
    pub(super) fn beside(database: &Path) -> Result<Self, StorageError> {
        let [next, hold] = SUFFIXES.map(|suffix| open(&with_suffix(database, suffix)));
        Ok(Self::with(Some(Files {
            next: next?,
            hold: hold?,
        })))
    }

    /// For a connection that reads.
    pub(super) fn none() -> Self {
        Self::with(None)
    }

    fn with(files: Option<Files>) -> Self {
        Self {
            files,
            taken: Cell::new(false),
            jumped: Cell::new(OVERTAKEN - 1),
            patience: Cell::new(Patience::APP),
        }
    }

    pub(super) fn set_patience(&self, patience: Patience) {
        self.patience.set(patience);
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience.get()
    }

    /// Waits for the turn. Harmless if it is ours already.
    ///
    /// # Errors
    /// [`StorageError::Locked`] if it does not come in time.
    pub(super) fn take(&self) -> Result<(), StorageError> {
        let Some(Files { next, hold }) = self.files.as_ref().filter(|_| !self.taken.get()) else {
            return Ok(());
        };
        let mut pauses = self.patience.get().as_duration().as_micros() / PAUSE.as_micros();
        if self.may_jump() && wait(hold, &mut 0) == Ok(true) {
            self.taken.set(true);
            return Ok(());
        }
        let queued = wait(next, &mut pauses)?;
        let held = wait(hold, &mut pauses);
        if queued {
            unlock(next);
        }
        self.taken.set(held?);
        Ok(())
    }

    /// Looking whether somebody waits costs as much as taking the lock: it is done every few turns, so whoever waits is
    /// overtaken so often at most.
    fn may_jump(&self) -> bool {
        let jumped = self.jumped.get();
        self.jumped.set((jumped + 1) % OVERTAKEN);
        jumped + 1 < OVERTAKEN
    }

    /// Lets the next one in. Harmless if the turn is not ours.
    pub(super) fn leave(&self) {
        if let (true, Some(files)) = (self.taken.replace(false), &self.files) {
            unlock(&files.hold);
        }
    }
}

/// The path of a file that belongs to a database.
pub(super) fn with_suffix(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a lock file, for this user only.
fn open(path: &Path) -> Result<File, StorageError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StorageError::Full,
        _ => StorageError::Io,
    })
}

/// Locks a file within so many pauses. False where the file system has no such locks.
fn wait(file: &File, pauses: &mut u128) -> Result<bool, StorageError> {
    loop {
        match try_lock(file) {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {
                *pauses = pauses.checked_sub(1).ok_or(StorageError::Locked)?;
                std::thread::sleep(PAUSE);
            }
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
            Err(TryLockError::Error(_)) => return Ok(false),
        }
    }
}

/// As `File::try_lock`, which does nothing on Android before Rust 1.98.
#[cfg(unix)]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
        rustix::io::Errno::WOULDBLOCK => TryLockError::WouldBlock,
        error => TryLockError::Error(error.into()),
    })
}

#[cfg(not(unix))]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// A lock that cannot be given back goes when the file is closed.
fn unlock(file: &File) {
    #[cfg(unix)]
    let _ = rustix::fs::flock(file, rustix::fs::FlockOperation::Unlock);
    #[cfg(not(unix))]
    let _ = file.unlock();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (tempfile::TempDir, Turns, Turns) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client");
        let (ours, theirs) = (Turns::beside(&path).unwrap(), Turns::beside(&path).unwrap());
        (dir, ours, theirs)
    }

    #[test]
    fn one_at_a_time_and_whoever_cannot_wait_is_told() {
        let (_dir, ours, theirs) = pair();
        ours.take().unwrap();
        ours.take().unwrap();
        theirs.set_patience(Patience(2));
        assert_eq!(theirs.take(), Err(StorageError::Locked));
        ours.leave();
        theirs.take().unwrap();
        ours.set_patience(Patience(2));
        assert_eq!(ours.take(), Err(StorageError::Locked));
        drop(theirs);
        ours.take().unwrap();
    }

    /// The promise that SQLite does not make: whoever comes back cannot overtake whoever waits.
    #[test]
    fn whoever_waits_is_next() {
        let (_dir, ours, theirs) = pair();
        ours.take().unwrap();
        std::thread::scope(|scope| {
            let waits = scope.spawn(move || theirs.take().map(|()| theirs));
            let next = &ours.files.as_ref().unwrap().next;
            while try_lock(next).is_ok() {
                unlock(next);
                std::thread::yield_now();
            }
            ours.set_patience(Patience(20));
            let mut overtook = 0;
            ours.leave();
            // They hold `next`, so sooner or later this waits until they have `hold`, and then for `hold`.
            while ours.take().is_ok() {
                overtook += 1;
                ours.leave();
            }
            assert!(overtook < OVERTAKEN, "{overtook}");
            let theirs = waits.join().unwrap().unwrap();
            theirs.leave();
            ours.take().unwrap();
        });
    }

    #[test]
    fn a_reader_has_no_turns_and_needs_none() {
        let reader = Turns::none();
        reader.take().unwrap();
        reader.leave();
    }
}
