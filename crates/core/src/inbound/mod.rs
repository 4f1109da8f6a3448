//! Frames from the network: each is taken, known, held or rejected, and none blocks the others.
//!
//! A rejected frame commits: its outcome is part of the step. An error rolls the whole batch back.

pub(crate) mod application;
pub(crate) mod commit;
mod forged;
mod hold;
mod proposal;
pub(crate) mod weight;
mod welcome;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comity_content::MessageId;
use comity_room::{RoomUri, Timestamp};
use comity_wire::{FanoutMessage, FanoutTail, MessageKind, WireError};
use openmls::framing::ContentType;
use openmls::prelude::ProtocolMessage;

use self::hold::hold;
pub(crate) use self::hold::{give_up, release};
use crate::errands;
use crate::error::{Error, Misuse};
use crate::group::{Processed, protocol_message};
use crate::opening::Role;
use crate::rejection::{Advice, Rejection};
use crate::sender;
use crate::step::{Batch, ClientChange, Cursor, EventKind, Frame, FrameKind, FrameOutcome, HeldUntil, Made};
use crate::store::message::FrameAt;
use crate::store::room::{Phase, RoomRow};
use crate::store::small::SeenRow;
use crate::store::{message, room, small};
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
    let budget = tx.opening.budget;
    let mut octets = 0_usize;
    let mut taken = 0_usize;
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
            put_cursor(tx, cursor)?;
        }
        if !batch.more && tx.role() == Role::App {
            errands::run(tx)?;
        }
    }
    Ok(None)
}

fn put_cursor(tx: &Tx<'_>, cursor: &Cursor) -> Result<(), Error> {
    if cursor.position.len() > LONGEST_CURSOR || cursor.queue.len() > LONGEST_CURSOR {
        return Err(Misuse::TooLong.into());
    }
    Ok(small::put_setting(tx.store, &cursor_name(&cursor.queue), cursor)?)
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
            Some(known) => Ok(again(&known)),
            None => {
                compare_clocks(tx, opened.message.accepted_at)?;
                fits(tx, weight::of_welcome(frame.bytes.len()))?;
                welcome::take(tx, frame, &opened)
            }
        },
        MessageKind::Commit | MessageKind::Proposal | MessageKind::Application => {
            let protocol = protocol.ok_or(Rejection::NotAFrame)?;
            group_frame(tx, frame, (&opened, protocol), found)
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

fn again(known: &SeenRow) -> FrameOutcome {
    FrameOutcome::Known {
        message: known.message,
        notify: known.notify,
    }
}

/// A frame that was taken before. If it is our own message coming back, the hub has thereby accepted it.
fn taken_before(tx: &mut Tx<'_>, at: FrameAt) -> Result<FrameOutcome, Unprocessed> {
    if let Some(row) = message::by_frame(tx.store, at)? {
        return Ok(FrameOutcome::Known {
            message: Some(row.id),
            notify: row.notify,
        });
    }
    let known = small::seen(tx.store, at.name)?.ok_or(Error::Bug("a frame taken and not taken"))?;
    if let Some(id) = known.message
        && let Some(row) = message::by_id(tx.store, id)?
        && row.is_own_unsent()
    {
        crate::answer::message_came_back(tx, id, at)?;
    }
    Ok(again(&known))
}

/// Our own message that comes back before its answer: the hub has accepted it.
fn own_unaccepted(tx: &mut Tx<'_>, at: FrameAt) -> Result<Option<FrameOutcome>, Unprocessed> {
    let Some(row) = message::unaccepted_by_frame(tx.store, at.room, at.name)? else {
        return Ok(None);
    };
    crate::answer::message_came_back(tx, row.id, at)?;
    Ok(Some(FrameOutcome::Known {
        message: Some(row.id),
        notify: false,
    }))
}

/// A frame that cannot be processed, because it was; our own before its answer; or one that was and came with another
/// time.
fn processed_before(
    tx: &mut Tx<'_>,
    at: FrameAt,
    reason: &Rejection,
) -> Result<Option<FrameOutcome>, Unprocessed> {
    if message::is_taken(tx.store, at)? {
        return taken_before(tx, at).map(Some);
    }
    if let Some(own) = own_unaccepted(tx, at)? {
        return Ok(Some(own));
    }
    if *reason != Rejection::Duplicate {
        return Ok(None);
    }
    let row = message::lately_by_frame(tx.store, at)?;
    Ok(row.map(|row| FrameOutcome::Known {
        message: Some(row.id),
        notify: row.notify,
    }))
}

/// A frame of a group: finds the room, processes it, and hands it on by what it turned out to be.
fn group_frame(
    tx: &mut Tx<'_>,
    frame: &Frame,
    (opened, protocol): (&Opened, ProtocolMessage),
    found: &mut Found,
) -> Result<FrameOutcome, Unprocessed> {
    found.group = Some(protocol.group_id().as_slice().to_vec());
    let row = room::by_group(tx.store, protocol.group_id().as_slice())?;
    let at = FrameAt {
        room: row.as_ref().map_or(0, |row| row.id),
        accepted: opened.message.accepted_at,
        tie: message::tie_of(&opened.hash),
        name: opened.name,
    };
    let (theirs, content) = (protocol.epoch().as_u64(), protocol.content_type());
    // The key of a message is used once: what was taken in this epoch fails below, and is looked for then.
    let fails_again = content == ContentType::Application
        && row
            .as_ref()
            .is_some_and(|row| row.is_member() && row.epoch == theirs);
    if !fails_again && message::is_taken(tx.store, at)? {
        if let (Some(mut row), ContentType::Commit) = (row, content) {
            errands::heard(tx, &mut row, theirs)?;
        }
        return taken_before(tx, at);
    }
    compare_clocks(tx, at.accepted)?;
    let Some(mut row) = row else {
        return Err(Unprocessed::Held(HeldUntil::Welcome));
    };
    place(frame, &row)?;
    if tx.role() == Role::Extension {
        fits(tx, weight::of_frame(content, tx.stored(&row)?, frame.bytes.len()))?;
    }
    if let Some(outcome) = settled(tx, &mut row, opened, theirs, content)? {
        return Ok(outcome);
    }
    let processed = match process(tx, &row, protocol, opened)? {
        Ok(processed) => processed,
        Err(unprocessed) => {
            if let Unprocessed::Rejected(reason) = &unprocessed
                && let Some(known) = processed_before(tx, at, reason)?
            {
                return Ok(known);
            }
            return Err(not_processed(&row, content, theirs, unprocessed));
        }
    };
    let accepted = at.accepted;
    match processed {
        Processed::Application { sender, epoch, bytes } => {
            let client = sender;
            // Its key has been used: whatever is wrong from here on, it is finished.
            tx.store.pass_savepoint();
            application::take(tx, row, at, application::Sent { client, epoch, bytes })
        }
        Processed::OwnMessage => match processed_before(tx, at, &Rejection::Duplicate)? {
            Some(known) => Ok(known),
            None => finish(tx, opened.name, None, false),
        },
        Processed::OwnCommit => {
            let id = row.id;
            crate::answer::commit_accepted(tx, row, accepted)?;
            if let Some(mut row) = room::by_id(tx.store, id)? {
                errands::heard(tx, &mut row, theirs)?;
            }
            finish(tx, opened.name, None, false)
        }
        Processed::Commit { staged, facts } => {
            let result = commit::merge(tx, row.clone(), *staged, *facts, accepted);
            if result.is_err() {
                tx.drop_group(row.id);
            }
            result?;
            finish(tx, opened.name, None, false)
        }
        Processed::Proposal { by, leaves } => {
            let group = row.group.clone();
            proposal::hold(tx, row, opened, proposal::Known { by, leaves })?;
            let outcome = finish(tx, opened.name, None, false)?;
            release(tx, &group)?;
            Ok(outcome)
        }
    }
}

/// Hands a frame to the room's group. What the frame cannot change is neither read nor written.
fn process(
    tx: &mut Tx<'_>,
    row: &RoomRow,
    protocol: ProtocolMessage,
    opened: &Opened,
) -> Result<Result<Processed, Unprocessed>, Error> {
    let theirs = protocol.epoch().as_u64();
    if protocol.content_type() != ContentType::Application {
        let held: Vec<Vec<u8>> = row
            .proposals
            .iter()
            .map(|proposal| proposal.frame.clone())
            .collect();
        let provider = tx.provider(row);
        return Ok(tx.group(row)?.process(&provider, protocol, &held));
    }
    if theirs == row.epoch && tx.lacks_leaves(row).is_none() {
        read_sender(tx, row, opened)?;
    }
    if theirs != tx.message_group(row)?.epoch() {
        let provider = tx.late_provider(row, theirs);
        return Ok(tx.group(row)?.process(&provider, protocol, &[]));
    }
    let processed = process_of_present(tx, row, protocol)?;
    let no_member = matches!(processed, Err(Unprocessed::Rejected(Rejection::NotFromMember)));
    if !(no_member && tx.lacks_leaves(row) == Some(true) && read_sender(tx, row, opened)?) {
        return Ok(processed);
    }
    let Some(protocol) = protocol_message(opened.message.message.as_slice()) else {
        return Ok(processed);
    };
    process_of_present(tx, row, protocol)
}

/// Hands a message of the present epoch to the room's group. Its ratchets are written once for all of a batch.
fn process_of_present(
    tx: &mut Tx<'_>,
    row: &RoomRow,
    protocol: ProtocolMessage,
) -> Result<Result<Processed, Unprocessed>, Error> {
    let provider = tx.batch_provider(row);
    let processed = tx.message_group(row)?.process(&provider, protocol, &[]);
    if matches!(processed, Ok(Processed::Application { .. })) {
        tx.ran_ahead(row);
    }
    Ok(processed)
}

/// Reads the leaf of whoever sent a message of the present epoch, unless it is in memory.
fn read_sender(tx: &mut Tx<'_>, row: &RoomRow, opened: &Opened) -> Result<bool, Error> {
    let Some(secret) = tx.sender_data_secret(row)? else {
        return Ok(false);
    };
    match sender::leaf(tx.crypto, &secret, opened.message.message.as_slice()) {
        Some(leaf) => tx.add_leaf(row, leaf),
        None => Ok(false),
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

/// Frames that need no processing, given where we stand in the room.
fn settled(
    tx: &mut Tx<'_>,
    row: &mut RoomRow,
    opened: &Opened,
    theirs: u64,
    content: ContentType,
) -> Result<Option<FrameOutcome>, Unprocessed> {
    let handshake = content != ContentType::Application;
    match row.phase {
        // A Welcome that brings us back may be on its way; or the hub errs, and these frames are given up in time.
        Phase::Left | Phase::Removed if theirs > row.epoch => {
            return Err(Unprocessed::Held(HeldUntil::Welcome));
        }
        Phase::Refused => return Err(Unprocessed::Held(HeldUntil::Welcome)),
        Phase::Left | Phase::Removed => return Err(Rejection::Evicted.into()),
        // What was said before we lost our way can still be read.
        Phase::Stalled if handshake || theirs > row.epoch => return Err(Rejection::Stalled.into()),
        _ => {}
    }
    if row.phase == Phase::Joining {
        return crate::join::frame_while_joining(tx, row, opened, theirs, handshake);
    }
    if content == ContentType::Commit
        && theirs < row.epoch
        && row.ended_by_us.is_some_and(|ended| theirs >= ended)
    {
        // Another commit of an epoch that ours ended, and ours was no news to the hub: it has undone ours.
        return Err(Rejection::Forked.into());
    }
    if handshake && theirs < row.joined_epoch {
        // The commit that added us, or one before it: it is in the Welcome.
        return finish(tx, opened.name, None, false).map(Some);
    }
    Ok(None)
}

/// Notes a frame as taken.
fn finish(
    tx: &Tx<'_>,
    name: [u8; 16],
    message: Option<MessageId>,
    notify: bool,
) -> Result<FrameOutcome, Unprocessed> {
    small::put_seen(tx.store, name, &SeenRow { message, notify })?;
    Ok(FrameOutcome::Done { message, notify })
}

/// What else is to be said of a frame that was not processed.
fn not_processed(row: &RoomRow, content: ContentType, theirs: u64, why: Unprocessed) -> Unprocessed {
    if content != ContentType::Application {
        if matches!(why, Unprocessed::Rejected(Rejection::MissingProposal)) {
            return Unprocessed::Held(HeldUntil::Proposal);
        }
    } else if theirs < row.joined_epoch && matches!(why, Unprocessed::Rejected(_)) {
        return Rejection::EpochTooOld.into();
    }
    why
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
