//! Reading: unread counts are reset, and relative expiry starts.

use std::time::Duration;

use comity_room::RoomUri;

use crate::error::Error;
use crate::step::{Made, RoomChange};
use crate::store::message;
use crate::store::room;
use crate::store::room::Position;
use crate::tx::Tx;

/// How many messages one step marks.
const PAGE: u32 = 500;

/// Notes that the person has read the room up to a position.
pub(crate) fn read(tx: &mut Tx<'_>, uri: &RoomUri, up_to: Position) -> Result<Option<Made>, Error> {
    let mut row = tx.room(uri)?;
    let before = |at: Position| Position {
        tie: at.tie.saturating_sub(1),
        ..at
    };
    let late = row.late.take_if(|late| *late <= up_to).map(before);
    let mut from = row.read_up_to.min(late.unwrap_or(row.read_up_to));
    let mut newly = false;
    while from < up_to {
        let page = message::after(tx.store, row.id, from, PAGE)?;
        let Some(last) = page.last().map(message::MessageRow::position) else {
            break;
        };
        for mut message in page
            .into_iter()
            .filter(|message| message.position() <= up_to && !message.read)
        {
            message.read = true;
            if let Some(seconds) = message.expires_after_read
                && message.sender != tx.me.user
            {
                message.expires = Some(tx.now.plus(Duration::from_secs(seconds.into())));
                message.erase_due = message.expires;
            }
            message::put(tx.store, &message)?;
            newly = true;
        }
        from = last;
    }
    // What the hub has not accepted yet stands behind all that others will say: nobody has read that.
    let last = message::last_accepted(tx.store, row.id)?.unwrap_or_default();
    row.read_up_to = row.read_up_to.max(up_to.min(last));
    room::put(tx.store, &row)?;
    if newly {
        tx.tell_room(&row.uri, RoomChange::Read)?;
    }
    Ok(None)
}
