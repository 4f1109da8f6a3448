//! Commits: what changes when a room reaches a new epoch, whoever made the commit.

use comity_mls::{CommitFacts, LeafFacts};
use comity_room::{Advertisement, Timestamp};
use openmls::group::StagedCommit;
use openmls::prelude::LeafNodeIndex;

use crate::error::Error;
use crate::group::PAST_EPOCHS;
use crate::step::{EventKind, RoomChange, UserChange};
use crate::store::room::{Former, MemberRow, Phase, RoomRow, RoomView};
use crate::store::small::PeerRow;
use crate::store::{room, small};
use crate::tx::Tx;
use crate::unprocessed::Unprocessed;
use crate::{change, errands};

/// Merges somebody else's commit, which has been checked.
pub(super) fn merge(
    tx: &mut Tx<'_>,
    mut row: RoomRow,
    staged: StagedCommit,
    facts: CommitFacts,
    accepted: Timestamp,
) -> Result<(), Unprocessed> {
    let provider = tx.provider(&row);
    tx.group(&row)?.merge(&provider, staged)?;
    row.hub_time = row.hub_time.max(accepted);
    row.unheard = 0;
    change::overtaken(tx, &mut row)?;
    new_epoch(tx, &mut row, &facts)?;
    Ok(())
}

/// What follows from a merged commit, ours or another's.
pub(crate) fn new_epoch(tx: &mut Tx<'_>, row: &mut RoomRow, facts: &CommitFacts) -> Result<(), Error> {
    row.epoch = tx.group(row)?.epoch();
    row.proposals.clear();
    row.commit_due = None;
    row.behind = false;
    row.quiet = None;
    row.ended_by_us = None;
    row.errand = Some(tx.now.plus(errands::POSTPONED));
    if !tx.group(row)?.is_active() {
        return gone(tx, row, facts);
    }
    tx.turn_epoch(row)?;
    refresh(tx, row, facts)?;
    room::put(tx.store, row)?;
    if row.phase != Phase::Invited && !row.declined {
        tell_changes(tx, row, facts)?;
    }
    meet(tx, facts.changes.iter().map(|change| &change.now))?;
    super::release(tx, &row.group.clone())?;
    reread(tx, row)
}

/// Reads who is in the room from the group, and writes it.
fn refresh(tx: &mut Tx<'_>, row: &mut RoomRow, facts: &CommitFacts) -> Result<(), Error> {
    let old = tx.view(row)?;
    let mut former = old.former.clone();
    former.retain(|former| former.since.saturating_add(PAST_EPOCHS as u64) >= row.epoch);
    former.extend(facts.removed.iter().chain(&facts.left).map(|gone| Former {
        since: row.epoch,
        client: gone.client.clone(),
        user: gone.user.clone(),
        role: old.participants.role(&gone.user),
    }));
    let (state, leaves) = tx
        .group(row)?
        .roster()
        .map_err(|_| Error::Bug("merged a roster that is not sound"))?;
    let view = view_of(row, state, leaves, former);
    tx.put_view(row, view)
}

/// Who is in the room, with the distinct advertisements taken out into the room's row.
pub(crate) fn view_of(
    row: &mut RoomRow,
    state: comity_mls::RoomState,
    leaves: Vec<(LeafNodeIndex, LeafFacts)>,
    former: Vec<Former>,
) -> RoomView {
    let mut classes: Vec<Advertisement> = Vec::new();
    let mut members = Vec::with_capacity(leaves.len());
    for (index, facts) in leaves {
        let class = facts
            .advertisement
            .unwrap_or_else(comity_room::media_types::baseline);
        let place = classes
            .iter()
            .position(|known| *known == class)
            .unwrap_or_else(|| {
                classes.push(class);
                classes.len().saturating_sub(1)
            });
        members.push(MemberRow {
            client: facts.identity.client,
            user: facts.identity.user,
            key: facts.identity.signature_key,
            index: index.u32(),
            class: place,
        });
    }
    row.classes = classes;
    row.name = state.metadata.name.clone();
    RoomView {
        participants: state.participants,
        roles: state.roles,
        metadata: state.metadata,
        requirement: state.requirement,
        members,
        former,
    }
}

/// We are no longer in the room.
fn gone(tx: &mut Tx<'_>, row: &mut RoomRow, facts: &CommitFacts) -> Result<(), Error> {
    let wished = facts.left.iter().any(|left| left.client == tx.me.client);
    row.phase = if wished { Phase::Left } else { Phase::Removed };
    row.leaf_due = None;
    tx.delete_group(row)?;
    change::abandon_tasks(tx, row, "removed_from_room")?;
    errands::unsend(tx, row)?;
    crate::outbound::give_up_waiting(tx, row)?;
    row.pending = None;
    room::put(tx.store, row)?;
    tx.tell_room(
        &row.uri.clone(),
        if wished {
            RoomChange::Left
        } else {
            RoomChange::Removed
        },
    )?;
    // A Welcome that brings us back may have overtaken the commit that put us out.
    super::release(tx, &row.group.clone())?;
    reread(tx, row)
}

/// The row as it is after frames were released, each of which may have changed it.
fn reread(tx: &Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    if let Some(fresh) = room::by_id(tx.store, row.id)? {
        *row = fresh;
    }
    Ok(())
}

fn tell_changes(tx: &mut Tx<'_>, row: &RoomRow, facts: &CommitFacts) -> Result<(), Error> {
    let (before, after) = (&facts.before, &facts.after);
    let moved = !facts.added.is_empty() || !facts.removed.is_empty() || !facts.left.is_empty();
    if moved || before.participants != after.participants || before.roles != after.roles {
        tx.tell_room(&row.uri, RoomChange::Participants)?;
    }
    if before.metadata != after.metadata {
        tx.tell_room(&row.uri, RoomChange::Metadata)?;
    }
    if before.requirement != after.requirement {
        tx.tell_room(&row.uri, RoomChange::Requirement)?;
    }
    for changed in &facts.changes {
        let was = changed.before.as_ref().map(|before| &before.advertisement);
        let lacks = facts
            .gaps
            .iter()
            .find(|(client, _)| *client == changed.now.identity.client);
        let new = was.is_some_and(|was| *was != changed.now.advertisement);
        if new || lacks.is_some() {
            let client = changed.now.identity.client.clone();
            let lacks = lacks.map(|(_, lacks)| lacks.clone()).unwrap_or_default();
            tx.tell_room(&row.uri, RoomChange::Capability { client, lacks })?;
        }
    }
    Ok(())
}

/// Notes clients that we meet. A client or a key that is new for a user whom we know is told once, not once per room.
pub(crate) fn meet<'f>(tx: &mut Tx<'_>, leaves: impl Iterator<Item = &'f LeafFacts>) -> Result<(), Error> {
    for leaf in leaves {
        let identity = &leaf.identity;
        let known = small::peer(tx.store, &identity.client)?;
        let change = match &known {
            Some(peer) if peer.key == identity.signature_key => continue,
            Some(_) => Some(UserChange::KeyChanged(identity.client.clone())),
            None if small::peers_of(tx.store, &identity.user)?.is_empty() => None,
            None => Some(UserChange::ClientAdded(identity.client.clone())),
        };
        let peer = PeerRow {
            client: identity.client.clone(),
            user: identity.user.clone(),
            key: identity.signature_key.clone(),
        };
        small::put_peer(tx.store, &peer)?;
        if let Some(change) = change
            && identity.client != tx.me.client
        {
            tx.tell(EventKind::User {
                user: identity.user.clone(),
                change,
            })?;
        }
    }
    Ok(())
}

/// Our copy of the room cannot follow any more.
pub(crate) fn stall(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    row.phase = Phase::Stalled;
    row.leaf_due = None;
    row.commit_due = None;
    room::put(tx.store, row)?;
    errands::unsend(tx, row)?;
    tx.tell_room(&row.uri.clone(), RoomChange::Stalled)
}
