//! A frame of a group: finds the room, hands it to the group, and goes on by what it turned out to be.

use openmls::framing::ContentType;
use openmls::prelude::ProtocolMessage;

use super::known::{finish, processed_before, taken_before};
use super::{Found, Opened, application, commit, compare_clocks, fits, place, proposal, release, weight};
use crate::errands;
use crate::error::Error;
use crate::group::{Processed, protocol_message};
use crate::opening::Role;
use crate::rejection::Rejection;
use crate::sender;
use crate::step::{Frame, FrameOutcome, HeldUntil};
use crate::store::message::FrameAt;
use crate::store::room::{Phase, RoomRow};
use crate::store::{message, room};
use crate::tx::Tx;
use crate::unprocessed::Unprocessed;

/// A frame of a group: finds the room, processes it, and hands it on by what it turned out to be.
pub(super) fn take(
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
    if tx.writes_ratchets_at_once() {
        let provider = tx.message_provider(row);
        return Ok(tx.message_group(row)?.process(&provider, protocol, &[]));
    }
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
        return crate::join::frame_while_joining(tx, row, opened, theirs, content);
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
