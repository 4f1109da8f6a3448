//! Commits that no member of the room can have made: known by their membership tag, before they are hashed, copied or parsed.
//!
//! A commit of a large room has two hundred times the octets of a message, and a hostile hub may put one beside each message.

use comity_room::RoomUri;
use comity_wire::MemberCommit;

use super::{FORMAT_EXISTS, LARGEST_FRAME, place};
use crate::error::Error;
use crate::step::{Frame, FrameKind};
use crate::store::room::{self, Phase};
use crate::tx::Tx;

/// The room in which a frame is a forged commit. `None` if it is none, or if that is not told so early: whatever else is wrong with a
/// frame is found later.
pub(super) fn room_of(tx: &mut Tx<'_>, frame: &Frame) -> Result<Option<RoomUri>, Error> {
    if frame.kind != FrameKind::Fanout || frame.bytes.len() > LARGEST_FRAME {
        return Ok(None);
    }
    let Some(commit) = MemberCommit::find(&frame.bytes) else {
        return Ok(None);
    };
    let Some(row) = room::by_group(tx.store, commit.group_id)? else {
        return Ok(None);
    };
    let is_ours_to_take = matches!(row.phase, Phase::Joined | Phase::Invited | Phase::Leaving)
        && row.epoch == commit.epoch
        && commit.accepted_at >= FORMAT_EXISTS
        && place(frame, &row).is_ok();
    if is_ours_to_take && tx.is_of_a_member(&row, &commit)? == Some(false) {
        return Ok(Some(row.uri));
    }
    Ok(None)
}
