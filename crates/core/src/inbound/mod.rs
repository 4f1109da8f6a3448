//! Frames from the network: each is taken, known, held or rejected, and none blocks the others.
//!
//! A rejected frame commits: its outcome is part of the step. An error rolls the whole batch back.

pub(crate) mod application;
pub(crate) mod commit;
mod forged;
mod hold;
mod known;
mod of_group;
mod proposal;
pub(crate) mod weight;
mod welcome;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comity_room::{RoomUri, Timestamp};
use comity_wire::{FanoutMessage, FanoutTail, MessageKind, WireError};
use openmls::prelude::ProtocolMessage;

use self::hold::hold;
pub(crate) use self::hold::{give_up, release};
use crate::errands;
use crate::error::{Error, Misuse};
use crate::opening::Role;
use crate::rejection::{Advice, Rejection};
use crate::step::{Batch, ClientChange, Cursor, EventKind, Frame, FrameKind, FrameOutcome, HeldUntil, Made};
use crate::store::room::{Phase, RoomRow};
use crate::store::{room, small};
use crate::tx::Tx;
use crate::unprocessed::Unprocessed;

/// The largest frame that we take, in octets.
const LARGEST_FRAME: usize = 4 << 20;
/// By how much this device's clock may differ from the hub's before we say so.
const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);
/// 2023-07-01T00:00:00Z: no message is older than its format.
const FORMAT_EXISTS: Timestamp = Timestamp::from_millis(1_688_169_600_000);
/// The longest cursor, in octets.
const LONGEST_CURSOR: usize = 1_024;

/// Takes a batch.
pub(crate) fn receive(
    tx: &mut Tx<'_>,
    batch: &Batch,
    interrupted: &AtomicBool,
) -> Result<Option<Made>, Error> {
    batch.cursor.as_ref().map_or(Ok(()), check_cursor)?;
    let budget = tx.opening.budget;
    let mut octets = 0_usize;
    let mut taken = 0_usize;
    tx.takes(batch.frames.len());
    for frame in &batch.frames {
        octets = octets.saturating_add(frame.bytes.len());
        let spent = taken >= budget.frames || octets > budget.octets;
        if taken > 0 && (spent || interrupted.load(Ordering::Relaxed)) {
            break;
        }
        let outcome = take(tx, frame)?;
        tx.note_outcome(outcome);
        tx.trim()?;
        taken = taken.saturating_add(1);
    }
    if taken == batch.frames.len() {
        if let Some(cursor) = &batch.cursor {
            small::put_setting(tx.store, &cursor_name(&cursor.queue), cursor)?;
        }
        if !batch.more && tx.role() == Role::App {
            errands::run(tx)?;
        }
    }
    Ok(None)
}

/// Before anything is taken: told at the end of a batch, it would be told after the steps that took its beginning.
fn check_cursor(cursor: &Cursor) -> Result<(), Misuse> {
    if cursor.position.len() > LONGEST_CURSOR || cursor.queue.len() > LONGEST_CURSOR {
        return Err(Misuse::TooLong);
    }
    Ok(())
}

/// The setting that holds a queue's cursor.
pub(crate) fn cursor_name(queue: &str) -> String {
    ["cursor ", queue].concat()
}

/// Takes one frame inside a savepoint of its own.
fn take(tx: &mut Tx<'_>, frame: &Frame) -> Result<FrameOutcome, Error> {
    if let Some(room) = forged::room_of(tx, frame)? {
        return tell_rejected(tx, Some(room), Rejection::NotFromMember);
    }
    let mark = tx.mark();
    let mut found = Found::default();
    let opened = open(tx, frame, &mut found);
    match &opened {
        // Neither changes a group in memory and is then undone.
        Err(_) => tx.store.savepoint()?,
        Ok((opened, _)) if opened.kind == MessageKind::Application => tx.store.savepoint()?,
        Ok(_) => tx.savepoint()?,
    }
    let taken = opened
        .map_err(Unprocessed::from)
        .and_then(|opened| attempt(tx, frame, opened, &mut found));
    match taken {
        Ok(outcome) => {
            tx.store.release()?;
            Ok(outcome)
        }
        Err(Unprocessed::Failed(error)) => Err(error),
        Err(Unprocessed::Rejected(reason)) => {
            tx.return_to(mark)?;
            match tx.store.take_hidden() {
                Some(error) => Err(error.into()),
                None => reject(tx, found.group.as_deref(), reason),
            }
        }
        Err(Unprocessed::Held(until)) => {
            tx.return_to(mark)?;
            match &found.group {
                Some(group) => hold(tx, frame, until, (group, found.hash)),
                // A Welcome does not name its group to whoever has not opened it.
                None if until == HeldUntil::MainApp => hold(tx, frame, until, (&[], found.hash)),
                None => reject(tx, None, Rejection::NotAFrame),
            }
        }
        Err(Unprocessed::Overtook(group)) => {
            tx.return_to(mark)?;
            hold(tx, frame, HeldUntil::Commit, (&group, found.hash))
        }
    }
}

impl From<Error> for Unprocessed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<crate::store::StorageError> for Unprocessed {
    fn from(error: crate::store::StorageError) -> Self {
        Self::Failed(error.into())
    }
}

/// What a frame carries, decoded as far as possible without a group.
pub(crate) struct Opened {
    pub(crate) message: FanoutMessage,
    pub(crate) hash: [u8; 32],
    /// As `seen` names it.
    name: [u8; 16],
    kind: MessageKind,
}

/// What is known of a frame, whatever becomes of it: a large one is not decoded again to say why it was rejected.
#[derive(Default)]
struct Found {
    /// The group that it names.
    group: Option<Vec<u8>>,
    /// Of its `MLSMessage`; zeros if it has none.
    hash: [u8; 32],
}

/// Decodes a frame as far as possible without a group.
fn open(
    tx: &Tx<'_>,
    frame: &Frame,
    found: &mut Found,
) -> Result<(Opened, Option<ProtocolMessage>), Rejection> {
    if frame.kind != FrameKind::Fanout {
        return Err(Rejection::Unsupported);
    }
    if frame.bytes.len() > LARGEST_FRAME {
        return Err(Rejection::TooLarge);
    }
    let decoded = FanoutMessage::decode_with_message(&frame.bytes);
    let (message, protocol) = decoded.map_err(|error| not_a_fanout(&error))?;
    if message.accepted_at < FORMAT_EXISTS {
        return Err(Rejection::BadTimestamp);
    }
    let hash = message.message.sha256();
    found.hash = hash;
    let opened = Opened {
        kind: kind_of(&message.tail)?,
        name: small::frame_key(tx.store, &hash),
        message,
        hash,
    };
    Ok((opened, protocol))
}

fn attempt(
    tx: &mut Tx<'_>,
    frame: &Frame,
    (opened, protocol): (Opened, Option<ProtocolMessage>),
    found: &mut Found,
) -> Result<FrameOutcome, Unprocessed> {
    match opened.kind {
        MessageKind::Welcome => match small::seen(tx.store, opened.name)? {
            Some(row) => Ok(known::again(&row)),
            None => {
                compare_clocks(tx, opened.message.accepted_at)?;
                fits(tx, weight::of_welcome(frame.bytes.len()))?;
                welcome::take(tx, frame, &opened)
            }
        },
        MessageKind::Commit | MessageKind::Proposal | MessageKind::Application => {
            let protocol = protocol.ok_or(Rejection::NotAFrame)?;
            of_group::take(tx, frame, (&opened, protocol), found)
        }
        _ => Err(Rejection::NotAFrame.into()),
    }
}

/// What kind of message it is beside which this travels.
fn kind_of(tail: &FanoutTail) -> Result<MessageKind, Rejection> {
    match tail {
        FanoutTail::Application { .. } => Ok(MessageKind::Application),
        FanoutTail::Welcome { .. } => Ok(MessageKind::Welcome),
        FanoutTail::Proposal { .. } => Ok(MessageKind::Proposal),
        FanoutTail::Commit { .. } => Ok(MessageKind::Commit),
        _ => Err(Rejection::NotAFrame),
    }
}

/// Why a body is no fanout message: not one at all, or one that holds what a hub never fans out.
fn not_a_fanout(error: &WireError) -> Rejection {
    match error {
        WireError::Message {
            found: MessageKind::KeyPackage | MessageKind::GroupInfo,
            ..
        } => Rejection::NotAFrame,
        WireError::Message {
            found: MessageKind::Misplaced,
            ..
        } => Rejection::WrongWireFormat,
        _ => Rejection::Malformed,
    }
}

/// The room that the host named must be the frame's own, and only the room's hub speaks for it.
pub(crate) fn place(frame: &Frame, row: &RoomRow) -> Result<(), Rejection> {
    if frame.room.as_ref().is_some_and(|named| *named != row.uri) {
        return Err(Rejection::WrongRoom);
    }
    if frame.from != row.hub {
        return Err(Rejection::ForeignHub);
    }
    Ok(())
}

/// An extension leaves to the main app what needs more memory than it may use.
fn fits(tx: &Tx<'_>, octets: usize) -> Result<(), Unprocessed> {
    if octets > tx.opening.memory_of_a_frame() {
        return Err(Unprocessed::Held(HeldUntil::MainApp));
    }
    Ok(())
}

/// Finishes a frame with a reason. Some reasons say that our copy of the room cannot follow any more.
fn reject(tx: &mut Tx<'_>, group: Option<&[u8]>, reason: Rejection) -> Result<FrameOutcome, Error> {
    let room = match group {
        Some(group) => room::by_group(tx.store, group)?,
        None => None,
    };
    if let Some(mut row) = room.clone()
        && reason.advice() == Advice::Rejoin
        && stalls(&reason)
        && matches!(row.phase, Phase::Joined | Phase::Invited | Phase::Leaving)
    {
        commit::stall(tx, &mut row)?;
    }
    tell_rejected(tx, room.map(|row| row.uri), reason)
}

fn tell_rejected(tx: &mut Tx<'_>, room: Option<RoomUri>, reason: Rejection) -> Result<FrameOutcome, Error> {
    let advice = reason.advice();
    tx.tell(EventKind::Frame {
        room,
        reason: reason.clone(),
        advice,
    })?;
    Ok(FrameOutcome::Rejected { reason, advice })
}

/// A commit that the hub has accepted and we cannot follow: every later frame of the room is beyond us. Anybody can
/// make an invalid commit, but only the hub can put it in front of us, and the members can tell the hub.
fn stalls(reason: &Rejection) -> bool {
    matches!(
        reason,
        Rejection::OwnCommitLost | Rejection::ExpiredLeaf | Rejection::Forked
    )
}

/// The hub's clock is the only one that rooms share. A frame is never rejected for this device's; we only say so, once a
/// day.
fn compare_clocks(tx: &mut Tx<'_>, accepted: Timestamp) -> Result<(), Error> {
    if accepted <= tx.now.plus(CLOCK_SKEW) {
        return Ok(());
    }
    let told: Timestamp = small::setting(tx.store, CLOCK_TOLD)?.unwrap_or_default();
    if tx.now.since(told) >= DAY {
        small::put_setting(tx.store, CLOCK_TOLD, &tx.now)?;
        let offset_ms = i64::try_from(accepted.since(tx.now).as_millis()).unwrap_or(i64::MAX);
        tx.tell(EventKind::Client {
            change: ClientChange::ClockSuspect { offset_ms },
            advice: Advice::None,
        })?;
    }
    Ok(())
}

/// How often a suspect clock is told again.
const DAY: Duration = Duration::from_secs(86_400);
const CLOCK_TOLD: &str = "clock told";
