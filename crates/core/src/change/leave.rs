//! Leaving: a SelfRemove proposal that somebody else commits.

use comity_wire::{HandshakeBundle, MlsOctets, Wire as _};

use crate::errands;
use crate::error::Error;
use crate::rejection::Refusal;
use crate::step::{RequestKind, RoomChange};
use crate::store::outbox::Errand;
use crate::store::room;
use crate::store::room::{HeldProposal, Phase, RoomRow};
use crate::store::small;
use crate::tx::{NewRequest, Tx};

/// Proposes to leave with this client. The last one in a room simply goes, unless a commit that is on its way brings others.
pub(crate) fn propose(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    if row.phase == Phase::Creating || (row.on_its_way().is_none() && is_alone(tx, row)?) {
        return go(tx, row);
    }
    errands::unsend_messages(tx, row)?;
    // What becomes of a change whose commit is on its way, its answer tells.
    let on_its_way = row.on_its_way().and_then(|pending| pending.task);
    row.tasks.retain(|task| Some(*task) != on_its_way);
    super::abandon_tasks(tx, row, "left_room")?;
    row.tasks.extend(on_its_way);
    row.phase = Phase::Leaving;
    row.commit_due = None;
    row.leaf_due = None;
    room::put(tx.store, row)?;
    errands::drive(tx, row)
}

fn is_alone(tx: &Tx<'_>, row: &RoomRow) -> Result<bool, Error> {
    Ok(tx.view(row)?.members.len() <= 1)
}

/// Asks the hub to take our proposal, in the present epoch. If nobody has come who could commit it, we go.
pub(crate) fn request(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    if is_alone(tx, row)? {
        return go(tx, row);
    }
    let provider = tx.provider(row);
    let me = tx.me;
    let frame = tx.group(row)?.propose_leaving(&provider, &me.signer)?;
    row.proposals.push(HeldProposal {
        frame: frame.clone(),
        client: me.client.clone(),
        user: me.user.clone(),
        leaves: true,
    });
    let proposal = MlsOctets::new(frame).map_err(|_| Error::Bug("own proposal"))?;
    let hash = proposal.sha256();
    small::put_taken(tx.store, &hash)?;
    tx.request(NewRequest {
        to: row.hub.clone(),
        lane: Some(row.uri.clone()),
        kind: RequestKind::UpdateRoom,
        body: HandshakeBundle::Proposals {
            proposal,
            more: Vec::new(),
        }
        .encode(),
        urgent: true,
        errand: Errand::Leave { hash },
    })?;
    Ok(())
}

/// The hub does not take the proposal with this hash, or will never get it: we stay. Of an earlier epoch's proposal nobody
/// cares.
pub(crate) fn stay(
    tx: &mut Tx<'_>,
    row: &mut RoomRow,
    hash: &[u8; 32],
    refusal: Refusal,
) -> Result<(), Error> {
    let proposed =
        |held: &HeldProposal| <MlsOctets>::new(held.frame.clone()).is_ok_and(|frame| frame.sha256() == *hash);
    if row.phase != Phase::Leaving || !row.proposals.iter().any(proposed) {
        return Ok(());
    }
    row.phase = Phase::Joined;
    row.declined = false;
    row.proposals.retain(|held| !proposed(held));
    row.commit_due = (!row.proposals.is_empty()).then(|| tx.now.plus(errands::BEHIND));
    errands::renew_leaf_later(tx, row)?;
    room::put(tx.store, row)?;
    tx.tell_room(&row.uri.clone(), RoomChange::Refused(refusal))?;
    errands::drive(tx, row)
}

/// Nobody is left to commit our leaving.
fn go(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    errands::unsend(tx, row)?;
    super::abandon_tasks(tx, row, "left_room")?;
    tx.delete_group(row)?;
    row.phase = Phase::Left;
    row.pending = None;
    row.leaf_due = None;
    row.commit_due = None;
    room::put(tx.store, row)?;
    tx.tell_room(&row.uri.clone(), RoomChange::Left)
}
