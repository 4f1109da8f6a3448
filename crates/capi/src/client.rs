//! One client of one user: its lifecycle. No requests here, ever.

use std::ffi::c_char;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, TryLockError};

use comity::code::Boundary;
use comity::{Client, Identity, Interrupter};

use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle, Shared};
use crate::input::time;
use crate::opening::{comity_opening, read_key};
use crate::reader::comity_reader;
use crate::values::{comity_status, comity_twin};

/// One client of one user, in one file. It opens no socket, asks no clock, starts no thread and calls nobody back.
///
/// One thread at a time: a call while another thread is inside one does nothing and tells COMITY_CODE_CONCURRENT_USE. Only
/// freeing it while another thread is inside a call is undefined.
pub struct comity_client(Mutex<Client>);

impl Handle for comity_client {}
impl Shared for comity_client {}

impl comity_client {
    /// The client, for this call alone.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, Client>, Fault> {
        match self.0.try_lock() {
            Ok(client) => Ok(client),
            Err(TryLockError::WouldBlock) => Err(Boundary::ConcurrentUse.into()),
            Err(TryLockError::Poisoned(_)) => Err(Boundary::Panicked.into()),
        }
    }

    /// Closes every handle and lock, also of a client that panicked: the system suspends its app all the same.
    fn pause(&self) -> Result<(), Fault> {
        match self.0.try_lock() {
            Ok(mut client) => Ok(client.pause()?),
            Err(TryLockError::WouldBlock) => Err(Boundary::ConcurrentUse.into()),
            Err(TryLockError::Poisoned(broken)) => {
                let _ = broken.into_inner().pause();
                Err(Boundary::Panicked.into())
            }
        }
    }

    /// Closes the file, and with it those of its readers, also of a client that panicked.
    fn close(self) -> Result<(), Fault> {
        match self.0.into_inner() {
            Ok(client) => Ok(client.close()?),
            Err(broken) => {
                let _ = broken.into_inner().close();
                Err(Boundary::Panicked.into())
            }
        }
    }
}

/// Stops a running `comity_client_receive`. Any thread, at any time, even after the client is gone.
pub struct comity_interrupter(Interrupter);

impl Handle for comity_interrupter {}
impl Shared for comity_interrupter {}

/// Creates a client in a new file. `now`: milliseconds since 1970, as everywhere. `user` and `client` are URIs of the same
/// provider, such as "mimi://a.example/u/alice" and "mimi://a.example/d/alice-phone".
///
/// The file, its keys and the client's identity are on disk before this returns. Free the client with `comity_client_close` or
/// `comity_client_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_create(
    now: u64,
    opening: *const comity_opening,
    user: *const c_char,
    client: *const c_char,
    created: *mut *mut comity_client,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(created)?;
        let identity = Identity {
            user: call.user(user)?,
            client: call.client(client)?,
        };
        let created = Client::create(time(now), &call.object(opening)?.0, identity)?;
        out.give_handle(comity_client(Mutex::new(created)))
    })
}

/// Opens a client's file. The main app brings an older file up to date; an extension is told COMITY_CODE_STORAGE_NEEDS_APP.
///
/// After it, hand out what `comity_reader_outstanding` lists, and set the timer to `comity_reader_wake_at`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_open(
    now: u64,
    opening: *const comity_opening,
    client: *mut *mut comity_client,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(client)?;
        let opened = Client::open(time(now), &call.object(opening)?.0)?;
        out.give_handle(comity_client(Mutex::new(opened)))
    })
}

/// What the host keeps outside of the file from now on, in place of what it showed to `comity_opening_set_witnesses`: ask after
/// `comity_client_create`, `comity_client_open` and `comity_client_resume`, before the first request is posted. `is_set` is false if
/// the host keeps no witnesses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_twin(
    client: *mut comity_client,
    is_set: *mut bool,
    twin: *mut comity_twin,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(is_set, false)?;
        call.put(twin, comity_twin { octets: [0; 16] })?;
        let Some(kept) = call.shared(client)?.lock()?.twin() else {
            return Ok(());
        };
        call.put(
            twin,
            comity_twin {
                octets: *kept.octets(),
            },
        )?;
        call.put(is_set, true)
    })
}

/// Whether the file turned out to be a copy when it was opened or resumed: see `comity_opening_set_witnesses`. An app that keeps what
/// it has read of the log in a database of its own reads it from the start then, and rooms and timelines again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_restored(
    client: *mut comity_client,
    restored: *mut bool,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(restored, false)?;
        call.put(restored, call.shared(client)?.lock()?.restored())
    })
}

/// Closes every handle and lock on the file, those of the client's readers too. Until `comity_client_resume` every call that needs
/// the file tells COMITY_CODE_PAUSED. Call it before the system suspends the app; after an error the handles are closed all the same, but for
/// COMITY_CODE_CONCURRENT_USE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_pause(
    client: *mut comity_client,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| call.shared(client)?.pause())
}

/// Opens the file again after `comity_client_pause`, and after COMITY_CODE_STORAGE_POISONED. Harmless if it is open and well. After an
/// error the client is paused with all of its readers, and can be resumed again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_resume(
    client: *mut comity_client,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| Ok(call.shared(client)?.lock()?.resume()?))
}

/// Draws a new root key and seals every key of the file under it, and it under `key` (32 octets). Keep the old key until this
/// returns. After COMITY_CODE_BUSY the file is under the new key, and the call is to be made again with the same key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_rekey(
    client: *mut comity_client,
    key: *const u8,
    key_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let client = call.shared(client)?;
        let key = read_key(call, key, key_len)?;
        Ok(client.lock()?.rekey(&key)?)
    })
}

/// Closes the file and frees the client, after an error too; then the handle is gone all the same. Only after
/// COMITY_CODE_CONCURRENT_USE it is still there. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_close(
    client: *mut comity_client,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        if let Some(open) = call.optional(client)
            && let Err(TryLockError::WouldBlock) = open.0.try_lock()
        {
            return Err(Boundary::ConcurrentUse.into());
        }
        call.take_back(client).map_or(Ok(()), |client| client.close())
    })
}

/// Frees a client and closes its file, without telling how that went. NULL is allowed. Its readers go on, and have the file open until they
/// are freed; after `comity_client_close` they tell COMITY_CODE_PAUSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_free(client: *mut comity_client) {
    handle::free(client);
}

/// Copies the file, as of now, into a new file that opens with the same key. A copy is for support and for moving to another
/// device: once one of the two has gone on, the other must not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_backup_to(
    client: *mut comity_client,
    path: *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let path = Path::new(call.word(path)?);
        Ok(call.shared(client)?.lock()?.backup_to(path)?)
    })
}

/// Deletes a client's files. Close the client first. Harmless if nothing is there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_wipe(
    path: *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| Ok(Client::wipe(Path::new(call.word(path)?))?))
}

/// A reader with a connection of its own, for any thread. It is paused and resumed with this client. Free it with
/// `comity_reader_free`, before or after the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_reader(
    client: *mut comity_client,
    reader: *mut *mut comity_reader,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(reader)?;
        out.give_handle(comity_reader::new(call.shared(client)?.lock()?.reader()?))
    })
}

/// A handle that stops a running `comity_client_receive` from another thread. Free it with `comity_interrupter_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_interrupter(
    client: *mut comity_client,
    interrupter: *mut *mut comity_interrupter,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(interrupter)?;
        out.give_handle(comity_interrupter(call.shared(client)?.lock()?.interrupter()))
    })
}

/// Asks the `comity_client_receive` that runs now to stop after the frame at hand. What was taken is kept; the rest is not lost,
/// only not taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_interrupter_interrupt(
    interrupter: *const comity_interrupter,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.shared(interrupter)?.0.interrupt();
        Ok(())
    })
}

/// Frees an interrupter. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_interrupter_free(interrupter: *mut comity_interrupter) {
    handle::free(interrupter);
}

/// What every verb does: claims the place for the step, takes the client, and gives the step.
pub(crate) fn step_of(
    call: &Call,
    client: *mut comity_client,
    step: *mut *mut crate::step::comity_step,
    verb: impl FnOnce(&mut Client) -> Result<comity::Step, Fault>,
) -> Result<(), Fault> {
    let out = call.out(step)?;
    let made = verb(&mut *call.shared(client)?.lock()?)?;
    let (shown, keep) = crate::step::shown(made);
    out.give(shown, keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use comity::{Error, Key32, Opening, Reader, Seq, Timestamp};

    fn panicked() -> (tempfile::TempDir, Opening, comity_client, Reader) {
        let dir = tempfile::tempdir().unwrap();
        let opening = Opening::app(dir.path().join("client"), Key32::new([7; 32]));
        let identity = Identity {
            user: "mimi://a.example/u/alice".parse().unwrap(),
            client: "mimi://a.example/d/alice-phone".parse().unwrap(),
        };
        let client = Client::create(Timestamp::from_millis(0), &opening, identity).unwrap();
        let reader = client.reader().unwrap();
        let client = comity_client(Mutex::new(client));
        let status = guard(std::ptr::null_mut(), |_| {
            let _held = client.lock()?;
            std::panic::panic_any("planted")
        });
        assert_eq!(status, Boundary::Panicked.number());
        (dir, opening, client, reader)
    }

    /// The index beside a database goes with its last connection.
    fn is_open(opening: &Opening) -> bool {
        opening.path.with_file_name("client-shm").exists()
    }

    #[test]
    fn a_client_that_panicked_says_so_and_closes_its_file_and_those_of_its_readers() {
        let (_dir, opening, client, reader) = panicked();
        assert!(reader.events(Seq(0), 1).is_ok() && is_open(&opening));
        let panicked = Boundary::Panicked.number();
        assert_eq!(client.pause().unwrap_err().number(), panicked);
        assert_eq!(reader.events(Seq(0), 1), Err(Error::Paused));
        assert!(!is_open(&opening));
        assert_eq!(client.close().unwrap_err().number(), panicked);

        let (_dir, opening, client, reader) = self::panicked();
        assert_eq!(client.close().unwrap_err().number(), panicked);
        assert_eq!(reader.events(Seq(0), 1), Err(Error::Paused));
        assert!(!is_open(&opening));
    }

    #[test]
    fn a_client_in_use_is_not_paused() {
        let (_dir, opening, client, _reader) = panicked();
        client.0.clear_poison();
        let held = client.lock().unwrap();
        assert_eq!(
            client.pause().unwrap_err().number(),
            Boundary::ConcurrentUse.number()
        );
        assert!(is_open(&opening));
        drop(held);
        client.pause().unwrap();
    }
}
