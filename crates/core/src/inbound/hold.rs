//! Frames that wait: for a commit, a proposal, a Welcome, the clock or the main app.

use std::time::Duration;

use comity_wire::{FanoutMessage, MemberCommit};
use openmls::framing::ContentType;

use super::{reject, take};
use crate::errands;
use crate::error::Error;
use crate::rejection::Rejection;
use crate::step::{Frame, FrameKind, FrameOutcome, HeldUntil, RoomChange};
use crate::store::held::HeldRow;
use crate::store::{held, room};
use crate::tx::Tx;

/// How long a frame is held before it is given up.
const HOLD: Duration = Duration::from_secs(7 * 86_400);
/// How soon a frame that waits for this device's clock is tried again.
const ASK_CLOCK: Duration = Duration::from_secs(600);

/// Holds a frame until what it waits for has come.
pub(super) fn hold(
    tx: &mut Tx<'_>,
    frame: &Frame,
    until: HeldUntil,
    (group, hash): (&[u8], [u8; 32]),
) -> Result<FrameOutcome, Error> {
    let row = HeldRow {
        hash: hash.to_vec(),
        group: group.to_vec(),
        room: frame.room.clone(),
        from: frame.from.clone(),
        frame: frame.bytes.clone(),
        until,
        due: match until {
            HeldUntil::MainApp => tx.now,
            HeldUntil::Clock => tx.now.plus(ASK_CLOCK),
            _ => tx.now.plus(HOLD),
        },
    };
    if !held::put(tx.store, &row)? {
        return reject(tx, Some(group), in_vain(until));
    }
    if matches!(until, HeldUntil::Commit | HeldUntil::Proposal)
        && let Some(mut row) = room::by_group(tx.store, group)?
        && row.is_member()
        && !row.behind
        && !held::is_due(tx.store, group, tx.now)?
    {
        row.behind = true;
        row.quiet = Some(tx.now.plus(errands::BEHIND));
        room::put(tx.store, &row)?;
        tx.tell_room(&row.uri, RoomChange::Behind)?;
    }
    Ok(FrameOutcome::Held { until })
}

/// What is said of a frame that waited, or would have to, for something that does not come.
fn in_vain(until: HeldUntil) -> Rejection {
    match until {
        HeldUntil::Welcome => Rejection::UnknownRoom,
        HeldUntil::Proposal => Rejection::MissingProposal,
        _ => Rejection::EpochNeverCame,
    }
}

/// Takes frames that were held for a group, now that it has moved: a Welcome first, because it may be what the others wait for, and
/// then epoch by epoch, so that none has to wait again for one behind it.
///
/// Each of them may move the group on, and ask for this again. It is done when all have been looked at: whoever decides in which order
/// frames come does not decide how deep calls are nested.
pub(crate) fn release(tx: &mut Tx<'_>, group: &[u8]) -> Result<(), Error> {
    if !tx.begins_release(group) {
        return Ok(());
    }
    while let Some(group) = tx.next_release() {
        // All of them together may take more memory than an extension has.
        let mut places = Vec::new();
        for place in held::of_group(tx.store, &group)? {
            if let Some(row) = held::at(tx.store, place)? {
                places.push((turn(&row.frame), place));
            }
        }
        places.sort_unstable();
        tx.takes(places.len());
        for (_, place) in places {
            let Some(row) = held::take(tx.store, place)? else {
                continue;
            };
            let frame = Frame {
                room: row.room,
                from: row.from,
                kind: FrameKind::Fanout,
                bytes: row.frame,
            };
            take(tx, &frame)?;
        }
    }
    Ok(())
}

/// When a frame has its turn: its epoch, and what it is to its epoch. A Welcome does not say of which it is.
fn turn(frame: &[u8]) -> (u64, u8) {
    if let Some(commit) = MemberCommit::find(frame) {
        return (commit.epoch, 3);
    }
    match FanoutMessage::decode_with_message(frame) {
        Ok((_, Some(message))) => {
            let within = match message.content_type() {
                ContentType::Proposal => 1,
                ContentType::Application => 2,
                ContentType::Commit => 3,
            };
            (message.epoch().as_u64(), within)
        }
        _ => (0, 0),
    }
}

/// Takes frames that were held for the main app, and gives up those that were held too long. Those that wait for the clock
/// are tried again and again, and first, because others may wait for them; every other one gets a last chance.
pub(crate) fn give_up(tx: &mut Tx<'_>) -> Result<(), Error> {
    let mut due = held::take_due(tx.store, tx.now)?;
    due.sort_by_key(|row| row.until != HeldUntil::Clock);
    tx.takes(due.len());
    for row in due {
        let (until, hash, group) = (row.until, row.hash, row.group);
        let frame = Frame {
            room: row.room,
            from: row.from,
            kind: FrameKind::Fanout,
            bytes: row.frame,
        };
        let outcome = take(tx, &frame)?;
        let again = matches!(until, HeldUntil::Clock | HeldUntil::MainApp);
        if !again && matches!(outcome, FrameOutcome::Held { .. }) {
            held::forget(tx.store, &hash)?;
            reject(tx, Some(&group), in_vain(until))?;
        }
    }
    Ok(())
}
