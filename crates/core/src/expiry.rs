//! Expiring messages: hidden at once, erased when that is certain.
//!
//! Queries do not show a message from the moment on at which it expires by the host's clock. Its octets go when the
//! hub's time confirms it, or when this device's clock has held on to it for a day: a phone that is set to 2030 for a
//! moment loses nothing.

use std::time::Duration;

use comity_content::MessageId;

use crate::error::Error;
use crate::inbound::application::tell;
use crate::outbound;
use crate::step::MessageChange;
use crate::store::message::{Delivery, Folded, MessageRow};
use crate::store::room::RoomRow;
use crate::store::{message, room};
use crate::timeline;
use crate::tx::Tx;

/// For how long a message past its time waits for the hub's time to confirm it.
const CONFIRM: Duration = Duration::from_secs(86_400);
/// How soon we look again whether the hub's time has confirmed it.
const ASK_AGAIN: Duration = Duration::from_secs(3_600);
/// How many messages one step erases.
const ERASE: u32 = 500;

/// Erases messages whose time is certainly over.
pub(crate) fn erase(tx: &mut Tx<'_>) -> Result<(), Error> {
    for row in message::expired(tx.store, tx.now, ERASE)? {
        let Some(room) = room::by_id(tx.store, row.room)? else {
            continue;
        };
        let Some(expires) = row.expires else { continue };
        let since = row.over_since.unwrap_or(tx.now);
        if expires <= room::hub_time(tx.store, &room)? || tx.now.since(since) >= CONFIRM {
            erase_one(tx, &room, row)?;
        } else {
            let again = tx.now.plus(ASK_AGAIN).min(since.plus(CONFIRM));
            message::put(
                tx.store,
                &MessageRow {
                    erase_due: Some(again),
                    over_since: Some(since),
                    ..row
                },
            )?;
        }
    }
    Ok(())
}

/// The clock went back: what seemed to be over may not be, and what began with reading ends no later than if it began now.
pub(crate) fn reconsider(tx: &Tx<'_>) -> Result<(), Error> {
    for row in message::expiring(tx.store)? {
        let from_reading = row.expires_after_read.filter(|_| row.read && row.counts);
        let from_now = from_reading.map(|seconds| tx.now.plus(Duration::from_secs(seconds.into())));
        let expires = row.expires.into_iter().chain(from_now).min();
        if row.over_since.is_some() || row.erase_due != expires || row.expires != expires {
            message::put(
                tx.store,
                &MessageRow {
                    expires,
                    erase_due: expires,
                    over_since: None,
                    ..row
                },
            )?;
        }
    }
    Ok(())
}

/// The octets go; what stays is that the message was there, so that nobody can show it again.
fn erase_one(tx: &mut Tx<'_>, room: &RoomRow, row: MessageRow) -> Result<(), Error> {
    let (id, root) = (row.id, row.root);
    let dependents = if id == root {
        message::by_root(tx.store, room.id, root)?
    } else {
        vec![row]
    };
    for dependent in dependents {
        erase_row(tx, dependent)?;
    }
    if id != root {
        timeline::moved(tx, room, root)?;
    }
    tell(tx, room, root, MessageChange::Expired)
}

/// The same for what has just been stored, if what it belongs to is over: whatever is said of that goes with it.
pub(crate) fn erase_if_over(tx: &Tx<'_>, id: MessageId) -> Result<(), Error> {
    let row = message::by_id(tx.store, id)?.filter(|row| row.root != row.id && !row.erased);
    let Some(row) = row else { return Ok(()) };
    let over = message::by_id(tx.store, row.root)?.filter(|root| root.erased);
    if let Some(root) = over {
        erase_row(tx, row)?;
        let folded = Folded::default();
        message::put(tx.store, &MessageRow { folded, ..root })?;
    }
    Ok(())
}

/// What has not been sent until now never is.
fn erase_row(tx: &Tx<'_>, row: MessageRow) -> Result<(), Error> {
    let delivery = match row.delivery {
        Delivery::Waiting | Delivery::Sending => {
            outbound::call_off(tx, row.id)?;
            Delivery::Undeliverable
        }
        settled => settled,
    };
    let mut erased = MessageRow {
        delivery,
        erased: true,
        erase_due: None,
        folded: Folded::default(),
        reaction: Vec::new(),
        ..row
    };
    Ok(message::erase(tx.store, &mut erased)?)
}
