//! Proposals: kept as frames in a row of ours until somebody commits them.

use comity_mls::LeafIdentity;
use comity_wire::FanoutTail;

use super::Opened;
use crate::errands;
use crate::group::{Processed, protocol_message};
use crate::rejection::Rejection;
use crate::store::room;
use crate::store::room::{HeldProposal, Phase, RoomRow};
use crate::tx::Tx;
use crate::unprocessed::Unprocessed;

/// How many proposals of one epoch we keep, and how many octets of them: each step of the room reads them.
const MOST: usize = 1_000;
const OCTETS: usize = 4 << 20;

/// What is known of a proposal.
pub(super) struct Known {
    pub(super) by: LeafIdentity,
    pub(super) leaves: bool,
}

/// Keeps a proposal, and those that travelled with it.
pub(super) fn hold(
    tx: &mut Tx<'_>,
    mut row: RoomRow,
    opened: &Opened,
    known: Known,
) -> Result<(), Unprocessed> {
    keep(&mut row, opened.message.message.as_slice(), known)?;
    if let FanoutTail::Proposal { more } = &opened.message.tail {
        for frame in more {
            let protocol = protocol_message(frame.as_slice()).ok_or(Rejection::Malformed)?;
            let provider = tx.provider(&row);
            match tx.group(&row)?.process(&provider, protocol, &[])? {
                Processed::Proposal { by, leaves } => keep(&mut row, frame.as_slice(), Known { by, leaves })?,
                _ => return Err(Rejection::InvalidProposal.into()),
            }
        }
    }
    if row.phase == Phase::Joined {
        errands::commit_soon(tx, &mut row)?;
    }
    if row.pending.as_ref().is_some_and(|pending| pending.refused) && !row.behind {
        // Perhaps it was refused because it left this proposal out.
        row.quiet = None;
        row.errand = Some(tx.now.plus(errands::POSTPONED));
    }
    room::put(tx.store, &row)?;
    Ok(())
}

fn keep(row: &mut RoomRow, frame: &[u8], known: Known) -> Result<(), Unprocessed> {
    let kept = row.proposals.iter().map(|held| held.frame.len());
    let octets = kept.fold(frame.len(), usize::saturating_add);
    if row.proposals.len() >= MOST || octets > OCTETS {
        return Err(Rejection::InvalidProposal.into());
    }
    if row.proposals.iter().all(|held| held.frame != frame) {
        row.proposals.push(HeldProposal {
            frame: frame.to_vec(),
            client: known.by.client,
            user: known.by.user,
            leaves: known.leaves,
        });
    }
    Ok(())
}
