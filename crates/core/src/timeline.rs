//! Puts a message where it belongs: into the timeline, or onto the message that it changes.

use comity_content::{Class, MessageId};

use crate::error::Error;
use crate::expiry;
use crate::fold;
use crate::inbound::application::tell;
use crate::step::MessageChange;
use crate::store::message::{Delivery, MessageRow, Told};
use crate::store::room::{Phase, RoomRow};
use crate::store::{message, room};
use crate::tx::Tx;

/// How many messages deep a chain of references is followed.
const DEEPEST_CHAIN: usize = 16;

/// What came of placing a message.
pub(crate) enum Placed {
    /// It is new here. Says whether a person should be told.
    New { notify: bool },
    /// There is a message of this id already; nothing was written.
    Known,
}

/// Stores a new message with its octets and folds it into what it belongs to.
pub(crate) fn place(
    tx: &mut Tx<'_>,
    room: &mut RoomRow,
    row: MessageRow,
    octets: &[u8],
) -> Result<Placed, Error> {
    let vanishes = row.expires_after_read.is_some() && row.counts;
    let late = Some(row.position()).filter(|at| vanishes && *at <= room.read_up_to);
    let placed = store(tx, room, row, octets)?;
    if let (Some(late), Placed::New { .. }) = (late, &placed) {
        room.late = Some(room.late.map_or(late, |known| known.min(late)));
        room::put(tx.store, room)?;
    }
    Ok(placed)
}

fn store(tx: &mut Tx<'_>, room: &mut RoomRow, mut row: MessageRow, octets: &[u8]) -> Result<Placed, Error> {
    if row.root != row.id {
        row.root = root_of(tx, row.root, row.id)?;
    }
    let awaited = room.orphans > 0 && message::has_root(tx.store, row.room, row.id)?;
    if matches!(row.class, Class::Message) && !awaited {
        return plain(tx, room, row, octets);
    }
    if !message::insert(tx.store, &mut row, octets)? {
        return Ok(Placed::Known);
    }
    tell_row(tx, room, &row);
    let (id, root, received) = (row.id, row.root, row.delivery == Delivery::Received);
    adopt(tx, room.id, id, root)?;
    let folded = refold(tx, room, root)?;
    if folded.is_none() {
        room.orphans = room.orphans.saturating_add(1);
        room::put(tx.store, room)?;
    }
    let notify = announce(tx, room, id, root, folded.as_ref())?;
    if notify {
        note_that_told(tx, id)?;
    }
    if received {
        expiry::erase_if_over(tx, id)?;
    }
    Ok(Placed::New { notify })
}

/// The common case: a message that nothing refers to yet.
fn plain(tx: &mut Tx<'_>, room: &RoomRow, mut row: MessageRow, octets: &[u8]) -> Result<Placed, Error> {
    let view = tx.view(room)?;
    fold::judge(std::slice::from_mut(&mut row), &view);
    let received = row.delivery == Delivery::Received;
    let allowed = row.allowed != Some(false);
    if received && allowed && room.phase != Phase::Invited {
        row.told = Some(Told::Received);
        row.notify = row.counts;
    }
    if !message::insert(tx.store, &mut row, octets)? {
        return Ok(Placed::Known);
    }
    tell_row(tx, room, &row);
    if !allowed {
        tell(tx, room, row.id, MessageChange::Unauthorized)?;
    }
    Ok(Placed::New { notify: row.notify })
}

fn tell_row(tx: &mut Tx<'_>, room: &RoomRow, row: &MessageRow) {
    if let Some(event) = row.event(&room.uri) {
        tx.told(event);
    }
}

/// What the second delivery of its frame is told.
fn note_that_told(tx: &Tx<'_>, id: MessageId) -> Result<(), Error> {
    if let Some(mut row) = message::by_id(tx.store, id)? {
        row.notify = true;
        message::put(tx.store, &row)?;
    }
    Ok(())
}

/// Where a chain of references ends: at a message of the timeline, or at one that has not arrived.
fn root_of(tx: &Tx<'_>, mut target: MessageId, own: MessageId) -> Result<MessageId, Error> {
    for _ in 0..DEEPEST_CHAIN {
        match message::by_id(tx.store, target)? {
            Some(row) if row.root != target && row.root != own => target = row.root,
            _ => break,
        }
    }
    Ok(target)
}

/// Messages that arrived before the edit or reaction that they refer to took it for their root.
fn adopt(tx: &Tx<'_>, room: i64, id: MessageId, root: MessageId) -> Result<(), Error> {
    if id == root {
        return Ok(());
    }
    for mut orphan in message::by_root(tx.store, room, id)? {
        if orphan.id != id {
            orphan.root = root;
            message::put(tx.store, &orphan)?;
        }
    }
    Ok(())
}

/// Folds everything that belongs to a root. `None` if the root has not arrived.
fn refold(tx: &Tx<'_>, room: &RoomRow, root: MessageId) -> Result<Option<message::Folded>, Error> {
    let mut rows = message::by_root(tx.store, room.id, root)?;
    let view = tx.view(room)?;
    let before: Vec<Option<bool>> = rows.iter().map(|row| row.allowed).collect();
    fold::judge(&mut rows, &view);
    for (row, before) in rows.iter().zip(before) {
        if row.allowed != before && row.id != root {
            message::put(tx.store, row)?;
        }
    }
    rows.sort_by_key(|row| (row.position(), row.id));
    let folded = fold::fold(root, &rows);
    let Some(mut root_row) = rows.into_iter().find(|row| row.id == root) else {
        return Ok(None);
    };
    root_row.folded = folded.clone();
    message::put(tx.store, &root_row)?;
    Ok(Some(folded))
}

/// Folds anew after the position of one of a root's messages has changed.
pub(crate) fn moved(tx: &Tx<'_>, room: &RoomRow, root: MessageId) -> Result<(), Error> {
    refold(tx, room, root)?;
    Ok(())
}

fn announce(
    tx: &mut Tx<'_>,
    room: &RoomRow,
    id: MessageId,
    root: MessageId,
    folded: Option<&message::Folded>,
) -> Result<bool, Error> {
    let Some(row) = message::by_id(tx.store, id)? else {
        return Ok(false);
    };
    if id == root {
        if row.delivery == Delivery::Received && room.phase != Phase::Invited && row.allowed == Some(true) {
            tell(tx, room, id, MessageChange::Received)?;
            return Ok(row.counts);
        }
        return Ok(false);
    }
    let Some(folded) = folded else { return Ok(false) };
    if room.phase == Phase::Invited {
        return Ok(false);
    }
    let change = if row.allowed == Some(false) {
        MessageChange::Unauthorized
    } else {
        match row.class {
            Class::Reaction { .. } => MessageChange::Reactions,
            _ if row.is_reaction => MessageChange::Reactions,
            Class::Delete { .. } | Class::Unlike { .. } if folded.deleted => MessageChange::Deleted,
            Class::Delete { .. } | Class::Unlike { .. } => MessageChange::Reactions,
            _ => MessageChange::Edited,
        }
    };
    tell(tx, room, root, change)?;
    Ok(false)
}
