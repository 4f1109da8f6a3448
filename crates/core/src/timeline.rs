//! Puts a message where it belongs: into the timeline, or onto the message that it changes.

use comity_content::{Class, MessageId};

use crate::error::Error;
use crate::fold;
use crate::inbound::application::tell;
use crate::step::MessageChange;
use crate::store::message;
use crate::store::message::{Delivery, MessageRow};
use crate::store::room::{Phase, RoomRow};
use crate::tx::Tx;

/// How many messages deep a chain of references is followed.
const DEEPEST_CHAIN: usize = 16;

/// Stores a new message and folds it into what it belongs to. Says whether a person should be told.
pub(crate) fn place(tx: &mut Tx<'_>, room: &mut RoomRow, mut row: MessageRow) -> Result<bool, Error> {
    row.root = root_of(tx, row.root, row.id)?;
    if matches!(row.class, Class::Message) && !has_dependents(tx, &row)? {
        return plain(tx, room, row);
    }
    let (id, root) = (row.id, row.root);
    message::put(tx.store, &row)?;
    adopt(tx, room.id, id, root)?;
    let folded = refold(tx, room, root)?;
    announce(tx, room, id, root, folded.as_ref())
}

/// The common case: a message that nothing refers to yet.
fn plain(tx: &mut Tx<'_>, room: &mut RoomRow, mut row: MessageRow) -> Result<bool, Error> {
    let view = tx.view(room)?;
    fold::judge(std::slice::from_mut(&mut row), &view);
    message::put(tx.store, &row)?;
    let received = row.delivery == Delivery::Received;
    if row.allowed == Some(false) {
        tell(tx, room, row.id, MessageChange::Unauthorized)?;
        return Ok(false);
    }
    if received && room.phase != Phase::Invited {
        tell(tx, room, row.id, MessageChange::Received)?;
    }
    let counts = received && row.sender != tx.me.user;
    if counts {
        room.unread = room.unread.saturating_add(1);
    }
    Ok(counts)
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

fn has_dependents(tx: &Tx<'_>, row: &MessageRow) -> Result<bool, Error> {
    Ok(message::has_root(tx.store, row.room, row.id)?)
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
    room: &mut RoomRow,
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
            let counts = row.sender != tx.me.user;
            room.unread = room.unread.saturating_add(u32::from(counts));
            return Ok(counts);
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
