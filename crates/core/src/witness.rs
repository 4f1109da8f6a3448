//! Whether the file is the one that this device left: an older copy of it cannot be told from inside.
//!
//! A *twin* is a random value that stands both in the file and where no backup and no copy of the file reaches. The main app
//! writes another one into the file whenever it opens it, and the host keeps that beside it from then on. Between the two
//! writes the process may die, so the file takes two values: the one it holds, and the one that was shown to it when it
//! took that. The other witness is the last request that the server knows of: its id hides its place among all requests of
//! this file, so a place that the file has not come to yet, or an id that is none of its own, tells of another file.
//!
//! **Owns** the verdict, and what follows from it: nothing that was encrypted by the copy leaves, every room waits to be
//! joined anew, and the key packages are replaced.

use comity_room::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crypto::Crypto;
use crate::error::Error;
use crate::inbound::commit::stall;
use crate::me::Me;
use crate::opening::Opening;
use crate::rejection::Advice;
use crate::step::{ClientChange, EventKind, RequestId};
use crate::store::room::Phase;
use crate::store::{StorageError, Store, room, small};
use crate::tx::{Tx, random};
use crate::warm::Warm;
use crate::{advertise, errands};

/// What the host keeps of a client's file outside of it, and shows when it opens it: see [`Opening`](crate::Opening).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witnesses {
    /// The latest [`Client::twin`](crate::Client::twin), from a place that stays on this device and is in no backup, such as a
    /// keychain item "for this device only". `None`: nothing is there.
    pub twin: Option<Twin>,
    /// The last request of this client that its server took, as the server says, if it does.
    pub last_request: Option<RequestId>,
}

/// A value that stands in a client's file and, kept by the host, outside of it: 16 random octets. It opens nothing, and is
/// not printed.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin([u8; 16]);

impl Twin {
    /// A twin whose octets were kept.
    #[must_use]
    pub const fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// The octets to be kept.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Debug for Twin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("Twin(..)")
    }
}

/// What came of looking at the witnesses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sworn {
    /// What the host is to keep.
    pub(crate) twin: Option<Twin>,
    /// The file is not the one that they saw last.
    pub(crate) restored: bool,
}

/// What the file knows of its witnesses.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    twin: Twin,
    /// What was shown when it took that one: nothing, the first time.
    before: Option<Twin>,
    /// The last request that told of another file, once that has been dealt with.
    settled: Option<RequestId>,
    /// The file was found to be a copy, and nobody has shown the twin that it took then: they may not have heard of it.
    #[serde(default)]
    untold: bool,
}

const TWINS: &str = "twins";
/// How far the place of a request may be ahead of ours to be believed.
const FAR: i64 = 1 << 32;

/// Whether what was shown belongs to the file.
fn fits(stored: Option<&Stored>, shown: Option<Twin>) -> bool {
    match stored {
        // The host begins to keep witnesses.
        None => shown.is_none(),
        Some(stored) => shown == Some(stored.twin) || shown == stored.before,
    }
}

/// Whether the host may not have heard that the file is a copy.
fn is_untold(stored: Option<&Stored>, shown: Option<Twin>) -> bool {
    stored.is_some_and(|stored| stored.untold && shown != Some(stored.twin))
}

/// Whether the file can have made a request.
fn may_have_made(store: &Store, stored: Option<&Stored>, request: RequestId) -> Result<bool, StorageError> {
    if stored.is_some_and(|stored| stored.settled == Some(request)) {
        return Ok(true);
    }
    let (place, _) = store.hidden_numbers(request.0);
    Ok(place > 0 && place <= store.last_request()?)
}

fn is_the_same(
    store: &Store,
    stored: Option<&Stored>,
    witnesses: &Witnesses,
    now: Option<Twin>,
) -> Result<bool, StorageError> {
    let known = match witnesses.last_request {
        Some(request) => may_have_made(store, stored, request)?,
        None => true,
    };
    Ok(known && fits(stored, now))
}

/// The file is opened by an extension, which writes nothing of this: it leaves a file that is not the same to the app.
pub(crate) fn look(store: &Store, witnesses: &Witnesses) -> Result<Sworn, Error> {
    store
        .snapshot(|store| {
            let stored: Option<Stored> = small::setting(store, TWINS)?;
            if is_the_same(store, stored.as_ref(), witnesses, witnesses.twin)? {
                Ok(Sworn {
                    twin: stored.map(|stored| stored.twin),
                    restored: false,
                })
            } else {
                Err(StorageError::NeedsApp)
            }
        })
        .map_err(Into::into)
}

/// The file is opened by the app: the next twin, which the file takes before anybody sees it. If the file is not the one
/// that the witnesses saw last, everything that it was about to do is called off first.
///
/// `Stay`: the process had the file open before, and shows the twin that it had then; if it fits, it stays.
pub(crate) fn swear(
    now: Timestamp,
    opening: &Opening,
    open: (&Store, &Crypto, &Me),
    witnesses: &Witnesses,
    stay: bool,
) -> Result<Sworn, Error> {
    open.0.begin_immediate()?;
    swear_begun(now, opening, open, witnesses, stay)
}

/// The same, in the transaction that is open, which ends with it.
pub(crate) fn swear_begun(
    now: Timestamp,
    opening: &Opening,
    (store, crypto, me): (&Store, &Crypto, &Me),
    witnesses: &Witnesses,
    stay: bool,
) -> Result<Sworn, Error> {
    let mut warm = Warm::new(0);
    let mut tx = Tx::new(now, store, crypto, me, opening, &mut warm);
    let sworn = next(&mut tx, witnesses, stay).and_then(|sworn| {
        // What it asks for is found in `outstanding`, and what it tells in the log.
        let _: crate::Step = tx.commit(None)?;
        Ok(sworn)
    });
    if sworn.is_err() {
        store.rollback();
    }
    sworn
}

fn next(tx: &mut Tx<'_>, witnesses: &Witnesses, stay: bool) -> Result<Sworn, Error> {
    let stored: Option<Stored> = small::setting(tx.store, TWINS)?;
    let same = is_the_same(tx.store, stored.as_ref(), witnesses, witnesses.twin)?;
    let restored = !same || is_untold(stored.as_ref(), witnesses.twin);
    if let (Some(stored), true, true) = (&stored, same, stay) {
        return Ok(Sworn {
            twin: Some(stored.twin),
            restored,
        });
    }
    let mut settled = stored.and_then(|stored| stored.settled);
    if !same {
        settled = witnesses.last_request;
        if let Some(RequestId(id)) = settled {
            let (place, _) = tx.store.hidden_numbers(id);
            tx.store.skip_requests(place, FAR)?;
        }
        call_off(tx)?;
    }
    let twin = Twin(random()?);
    let row = Stored {
        twin,
        before: witnesses.twin,
        settled,
        untold: restored,
    };
    small::put_setting(tx.store, TWINS, &row)?;
    Ok(Sworn {
        twin: Some(twin),
        restored,
    })
}

/// A copy of the file must not pass for it: neither of its twins is anybody's. This stands in the copy's one file and not in
/// a log beside it, which SQLite would leave there in silence if it could not be moved.
pub(crate) fn part(copy: Store) -> Result<(), Error> {
    copy.begin_immediate()?;
    let parted = part_in(&copy).and_then(|()| Ok(copy.commit()?));
    if parted.is_err() {
        copy.rollback();
    }
    let whole = parted.and_then(|()| Ok(copy.checkpoint_truncate()?));
    copy.close()?;
    if whole? { Ok(()) } else { Err(Error::Busy) }
}

fn part_in(store: &Store) -> Result<(), Error> {
    let stored: Option<Stored> = small::setting(store, TWINS)?;
    if let Some(stored) = stored {
        let row = Stored {
            twin: Twin(random()?),
            before: Some(Twin(random()?)),
            ..stored
        };
        small::put_setting(store, TWINS, &row)?;
    }
    Ok(())
}

/// The file is an older copy, or somebody else goes on with another: its ratchets, its commits and its key packages may have
/// been used. What it was about to send is encrypted anew, under the same ids, once its room was joined anew.
fn call_off(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.tell(EventKind::Client {
        change: ClientChange::Restored,
        advice: Advice::Rejoin,
    })?;
    for mut row in room::all(tx.store)? {
        match row.phase {
            Phase::Creating | Phase::Invited | Phase::Joining | Phase::Joined | Phase::Leaving => {
                row.joining = None;
                stall(tx, &mut row)?;
            }
            Phase::Stalled | Phase::Left | Phase::Removed | Phase::Refused => errands::unsend(tx, &mut row)?,
        }
    }
    advertise::replace_all(tx)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Twin = Twin([1; 16]);
    const B: Twin = Twin([2; 16]);
    const C: Twin = Twin([3; 16]);

    fn stored(twin: Twin, before: Option<Twin>) -> Option<Stored> {
        Some(Stored {
            twin,
            before,
            settled: None,
            untold: false,
        })
    }

    #[test]
    fn the_last_two_twins_fit_and_no_others() {
        let file = stored(B, Some(A));
        for (shown, fit) in [(Some(A), true), (Some(B), true), (Some(C), false), (None, false)] {
            assert_eq!(fits(file.as_ref(), shown), fit, "{:?}", shown.map(|twin| twin.0));
        }
    }

    #[test]
    fn nothing_fits_a_file_that_has_taken_its_first_twin_and_a_file_that_has_none() {
        assert!(fits(stored(A, None).as_ref(), None));
        assert!(fits(stored(A, None).as_ref(), Some(A)));
        assert!(!fits(stored(A, None).as_ref(), Some(B)));
        assert!(fits(None, None));
        assert!(!fits(None, Some(A)), "the file is from before its first twin");
    }

    #[test]
    fn a_twin_is_not_printed() {
        assert_eq!(format!("{A:?}"), "Twin(..)");
    }
}
