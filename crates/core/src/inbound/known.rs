//! Frames that were taken before, and how a frame is noted as taken.

use comity_content::MessageId;

use crate::error::Error;
use crate::rejection::Rejection;
use crate::step::FrameOutcome;
use crate::store::message::FrameAt;
use crate::store::small::SeenRow;
use crate::store::{message, small};
use crate::tx::Tx;
use crate::unprocessed::Unprocessed;

pub(super) fn again(known: &SeenRow) -> FrameOutcome {
    FrameOutcome::Known {
        message: known.message,
        notify: known.notify,
    }
}

/// A frame that was taken before. If it is our own message coming back, the hub has thereby accepted it.
pub(super) fn taken_before(tx: &mut Tx<'_>, at: FrameAt) -> Result<FrameOutcome, Unprocessed> {
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
pub(super) fn processed_before(
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

/// Notes a frame as taken.
pub(super) fn finish(
    tx: &Tx<'_>,
    name: [u8; 16],
    message: Option<MessageId>,
    notify: bool,
) -> Result<FrameOutcome, Unprocessed> {
    small::put_seen(tx.store, name, &SeenRow { message, notify })?;
    Ok(FrameOutcome::Done { message, notify })
}
