//! What is due: requests to hand out again, messages to erase, commits to make, leaves to renew.
//!
//! Everything here may run early, late, twice, or be cut off, without harm.

use std::time::Duration;

use comity_room::Timestamp;

use crate::advertise;
use crate::change;
use crate::change::build;
use crate::error::Error;
use crate::inbound;
use crate::opening::Role;
use crate::outbound;
use crate::step::Made;
use crate::store::outbox::{Errand, LATEST, OutboxRow, WITH_HOST};
use crate::store::room::{Phase, RoomRow};
use crate::store::{due, message, outbox, room};
use crate::tx::Tx;
use crate::{clock, expiry};

/// Within how long we commit a proposal that nobody else has committed: drawn at random, so that not all do.
const COMMIT_WITHIN: Duration = Duration::from_secs(10);
/// A room of at most so many clients renews its leaf at once.
pub(crate) const SMALL_ROOM: usize = 32;
/// How long errands wait while a host catches up, if it never says that it has.
pub(crate) const POSTPONED: Duration = Duration::from_secs(30);
/// How long we make no commit when the hub seems to be ahead: time to fetch. Anybody can send a frame of a future epoch,
/// so it must end by itself.
pub(crate) const BEHIND: Duration = Duration::from_secs(60);
/// How many commits of ours may be in force before their frames have come back: what others said before is still on its
/// way then, and what is needed to read it is kept for a few epochs only.
pub(crate) const AHEAD: u32 = 2;
/// Within how long the leaf follows in larger rooms.
pub(crate) const RENEW_WITHIN: Duration = Duration::from_secs(86_400);
/// How long a client that was invited makes no commit for its own leaf's sake.
const ARRIVING: Duration = Duration::from_secs(3_600);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// The longest pause between two attempts of a commit while the hub is ahead of us.
const LONGEST_BEHIND: Duration = Duration::from_secs(3_600);

/// Does everything that is due. An extension only hands out and erases: the rest is the main app's.
pub(crate) fn wake(tx: &mut Tx<'_>) -> Result<Option<Made>, Error> {
    for row in outbox::due_by(tx.store, tx.now)? {
        let row = OutboxRow {
            attempt: row.attempt.saturating_add(1),
            due: WITH_HOST,
            ..row
        };
        outbox::put(tx.store, &row)?;
        tx.hand_out(row.request());
    }
    if tx.role() == Role::Extension {
        expiry::erase(tx)?;
        return Ok(None);
    }
    clock::watch(tx)?;
    inbound::give_up(tx)?;
    expiry::erase(tx)?;
    advertise::renew_if_due(tx)?;
    run(tx)?;
    Ok(None)
}

/// Runs the errands of every room that has one due, or that waits for errands to be run.
pub(crate) fn run(tx: &mut Tx<'_>) -> Result<(), Error> {
    let until = tx.now.plus(POSTPONED);
    if due::next(tx.store)?.is_none_or(|next| next > until) {
        return Ok(());
    }
    for mut row in room::due_by(tx.store, until)? {
        drive(tx, &mut row)?;
    }
    Ok(())
}

/// Takes the next step that a room's state asks for, if any. The row is written as far as it is changed here.
pub(crate) fn drive(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    let over = row.quiet.is_some_and(|until| until <= tx.now);
    let mut changed = row.errand.take().is_some() || over;
    if over {
        row.quiet = None;
    }
    let busy = row.on_its_way().is_some();
    if row.phase == Phase::Leaving && !busy {
        let proposed = row
            .proposals
            .iter()
            .any(|held| held.leaves && held.client == tx.me.client);
        if !proposed {
            change::leave::request(tx, row)?;
            changed = true;
        }
    }
    if changed {
        room::put(tx.store, row)?;
    }
    if row.phase != Phase::Joined {
        return Ok(());
    }
    outbound::send_waiting(tx, row)?;
    if busy || row.quiet.is_some() {
        return Ok(());
    }
    if change::next_task(tx, row)? {
        return Ok(());
    }
    // If the hub has just refused our commit, messages that wait for one do not make us ask again at once.
    let waits =
        row.pending.is_none() && !row.proposals.is_empty() && !message::waiting(tx.store, row.id)?.is_empty();
    let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= tx.now);
    if waits || due(row.commit_due) || due(row.leaf_due) {
        housekeep(tx, row)?;
    }
    Ok(())
}

/// A commit of ours is in force, and its frame has not come back. Others wait for that, but not for ever.
pub(crate) fn ahead(tx: &Tx<'_>, row: &mut RoomRow) {
    row.unheard = row.unheard.saturating_add(1);
    if row.unheard >= AHEAD {
        row.quiet = Some(tx.now.plus(BEHIND));
    }
}

/// A commit of `epoch` has come that we know, and with it what was said before.
pub(crate) fn heard(tx: &Tx<'_>, row: &mut RoomRow, epoch: u64) -> Result<(), Error> {
    let ahead = row.epoch.saturating_sub(epoch.saturating_add(1));
    if u64::from(row.unheard) <= ahead {
        return Ok(());
    }
    row.unheard = u32::try_from(ahead).unwrap_or(u32::MAX);
    if row.unheard < AHEAD && !row.behind {
        row.quiet = None;
        row.errand = Some(tx.now.plus(POSTPONED));
    }
    Ok(room::put(tx.store, row)?)
}

/// Commits the held proposals now, because a message waits for it. An extension leaves it to the main app, at once.
pub(crate) fn commit_now(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    if tx.role() == Role::Extension {
        row.errand = Some(tx.now);
        return Ok(room::put(tx.store, row)?);
    }
    let busy = row.on_its_way().is_some();
    if busy || row.quiet.is_some() || row.phase != Phase::Joined {
        return Ok(());
    }
    housekeep(tx, row)
}

/// Commits the held proposals in a while, if nobody else does.
pub(crate) fn commit_soon(tx: &Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    if row.commit_due.is_none() {
        row.commit_due = Some(tx.sometime_within(COMMIT_WITHIN)?);
    }
    Ok(())
}

/// A commit of ours that nobody asked for: it takes up proposals and renews our leaf. If it cannot be made, it is tried
/// again in a day: the room goes on without it.
fn housekeep(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    let plan = build::housekeeping(tx, row)?;
    if change::stage(tx, row, plan, None)?.is_err() {
        row.commit_due = None;
        row.leaf_due = row.leaf_due.map(|_| tx.now.plus(RENEW_WITHIN));
        room::put(tx.store, row)?;
    }
    Ok(())
}

/// Our leaf is to be renewed: at once in small rooms, else at a random time within a day.
pub(crate) fn renew_leaf(tx: &Tx<'_>, row: &mut RoomRow, members: usize) -> Result<(), Error> {
    row.leaf_due = Some(if members <= SMALL_ROOM {
        tx.now
    } else {
        tx.sometime_within(RENEW_WITHIN)?
    });
    Ok(())
}

/// A leaf that came by a key package carries its lifetime until its client commits once: within a day, but not while
/// people are still arriving.
pub(crate) fn renew_leaf_later(tx: &Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    let later = tx.sometime_within(RENEW_WITHIN.saturating_sub(ARRIVING))?;
    row.leaf_due = Some(later.plus(ARRIVING));
    Ok(())
}

/// Takes back every request of a room that an epoch can make useless: what was being sent waits. Key packages are good in
/// any epoch.
pub(crate) fn unsend(tx: &Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    unsend_messages(tx, row)?;
    for request in of_room(tx, row)? {
        if !matches!(request.errand, Errand::KeyMaterial { .. }) {
            outbox::delete(tx.store, request.id)?;
        }
    }
    row.pending = None;
    room::put(tx.store, row)?;
    Ok(())
}

/// Takes back the messages that are on their way: they wait.
pub(crate) fn unsend_messages(tx: &Tx<'_>, row: &RoomRow) -> Result<(), Error> {
    for request in of_room(tx, row)? {
        if let Errand::Message { id, .. } = request.errand {
            outbound::wait_again(tx, request.id, id)?;
        }
    }
    Ok(())
}

fn of_room(tx: &Tx<'_>, row: &RoomRow) -> Result<Vec<OutboxRow>, Error> {
    let mut requests = outbox::after(tx.store, None, u32::MAX)?;
    requests.retain(|request| request.lane.as_ref() == Some(&row.uri));
    Ok(requests)
}

/// Until when a commit waits to be asked for again when the hub says that it is ahead.
pub(crate) fn pause_while_behind(tx: &Tx<'_>, attempt: u32) -> Timestamp {
    let pause = BEHIND.saturating_mul(1 << attempt.min(6)).min(LONGEST_BEHIND);
    tx.now.plus(pause).min(LATEST)
}

/// When a request that nobody answered is handed out again.
pub(crate) fn back_off(tx: &Tx<'_>, attempt: u32, at_least: Option<Duration>) -> Result<Timestamp, Error> {
    let pause = Duration::from_secs(1_u64 << attempt.min(12)).min(LONGEST_PAUSE);
    let jitter = tx.sometime_within(pause)?.since(tx.now);
    let due = tx
        .now
        .plus(pause.max(at_least.unwrap_or_default()).saturating_add(jitter));
    Ok(due.min(LATEST))
}
