//! Welcomes: joined at once, in state `Invited`, because commits flow while the person thinks.

use comity_wire::{FanoutTail, RatchetTreeOption};

use super::commit::{meet, view_of};
use super::known::finish;
use super::{Opened, release};
use crate::error::Error;
use crate::group::{Group, Welcomed, join_by_welcome};
use crate::provider::Provider;
use crate::rejection::Rejection;
use crate::step::{Frame, FrameOutcome, RoomChange};
use crate::store::room;
use crate::store::room::{Phase, RoomRow};
use crate::tx::Tx;
use crate::unprocessed::Unprocessed;
use crate::{advertise, change, errands};

/// Joins by a Welcome. Everything is undone if anything is wrong with it, the used-up key package included.
pub(super) fn take(tx: &mut Tx<'_>, frame: &Frame, opened: &Opened) -> Result<FrameOutcome, Unprocessed> {
    let FanoutTail::Welcome {
        ratchet_tree: RatchetTreeOption::Full(tree),
    } = &opened.message.tail
    else {
        return Err(Rejection::InvalidWelcome.into());
    };
    let scope = room::next_id(tx.store)?;
    let provider = Provider::for_room(tx.crypto, tx.store, scope);
    let joined = join_by_welcome(&provider, opened.message.message.as_slice(), tree.as_slice());
    let Welcomed { group, inviter } = match joined {
        Ok(welcomed) => welcomed,
        Err(reason) => {
            return Err(tx
                .store
                .take_hidden()
                .map_or(Unprocessed::Rejected(reason), Into::into));
        }
    };
    let (state, leaves) = group
        .roster()
        .map_err(|violation| Rejection::Violation(violation.code().to_owned()))?;
    if frame.from != state.hub.provider {
        return Err(Rejection::ForeignHub.into());
    }
    if frame.room.as_ref().is_some_and(|named| *named != state.room) {
        return Err(Rejection::WrongRoom.into());
    }
    let own = leaves
        .iter()
        .find(|(index, _)| *index == group.own_index())
        .map(|(_, leaf)| leaf.identity.clone());
    if own.is_none_or(|own| own.client != tx.me.client || own.user != tx.me.user) {
        return Err(Rejection::InvalidWelcome.into());
    }
    if !room::may_have(tx.store, &state.room, group.id())? {
        return Err(Rejection::InvalidWelcome.into());
    }
    let old = room::by_uri(tx.store, &state.room)?;
    if let Some(old) = &old {
        not_needed(old, &group)?;
    }
    let known = match old {
        Some(old) => {
            abandon(tx, &old)?;
            old
        }
        None => RoomRow {
            id: room::next_id(tx.store)?,
            ..RoomRow::blank(state.room.clone())
        },
    };
    let mut row = RoomRow {
        scope,
        group: group.id().to_vec(),
        hub: state.hub.provider.clone(),
        hub_key: state.hub.signature_key.clone(),
        phase: Phase::Invited,
        epoch: group.epoch(),
        joined_epoch: group.epoch(),
        inviter: Some(inviter.user.clone()),
        hub_time: opened.message.accepted_at,
        ..known.anew()
    };
    errands::renew_leaf_later(tx, &mut row)?;
    let facts: Vec<_> = leaves.iter().map(|(_, facts)| facts.clone()).collect();
    let view = view_of(&mut row, state, leaves, Vec::new());
    room::put(tx.store, &row)?;
    tx.keep_group(&row, group, view)?;
    meet(tx, facts.iter())?;
    advertise::used_a_key_package(tx)?;
    tx.tell_room(&row.uri, RoomChange::Invited { by: inviter.user })?;
    let outcome = finish(tx, opened.name, None, true)?;
    release(tx, &row.group)?;
    Ok(outcome)
}

/// A Welcome changes nothing while we are in the group. But it may have overtaken the commit that puts us out of it, or
/// be what is left to us when the hub does not take our external commit: then it waits.
fn not_needed(old: &RoomRow, group: &Group) -> Result<(), Unprocessed> {
    let entering = old.phase == Phase::Joining && old.pending.is_some();
    if !entering && !old.is_member() {
        return Ok(());
    }
    if old.group == group.id() && (entering || group.epoch() > old.epoch) {
        return Err(Unprocessed::Overtook(old.group.clone()));
    }
    Err(Rejection::AlreadyJoined.into())
}

/// What is left of a copy that could not follow, or of an attempt to join: the Welcome is better.
fn abandon(tx: &mut Tx<'_>, old: &RoomRow) -> Result<(), Error> {
    let mut gone = old.clone();
    change::abandon_tasks(tx, &mut gone, "removed_from_room")?;
    errands::unsend(tx, &mut gone)?;
    tx.delete_group(&mut gone)
}
