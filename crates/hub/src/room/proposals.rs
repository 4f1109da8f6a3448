//! Proposals that wait for somebody else's commit. In a room that is SelfRemove alone: everything else travels inside the
//! commit of the one who answers for it, because a waiting proposal stops everybody's sending.

use std::collections::BTreeSet;

use comity_mls::{LeafIdentity, check_leaving, identify};
use comity_wire::{FanoutMessage, FanoutTail, MlsOctets, UpdateRoomResponse, UpdateVerdict, Wire as _};
use openmls::group::{PublicGroup, QueuedProposal};
use openmls::messages::proposals::Proposal;
use openmls::prelude::{LeafNodeIndex, Sender};
use openmls_traits::crypto::OpenMlsCrypto;

use super::accept::put;
use super::commit::violation;
use super::fanout::to_all;
use super::group::{Loaded, Verified, proposal};
use super::{Call, Outcome, at_this_epoch, in_this_group};
use crate::inspect::{Frame, key_of_proposals, public};
use crate::refusal::Refusal;
use crate::rows::{Fault, Part, Pending, ProposalsRow, pack, unpack};
use crate::verdict::{Facts, Verdict};

pub(super) fn accept<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    first: &MlsOctets,
    more: &[MlsOctets],
) -> Outcome<Verdict> {
    let frame = Frame::of(first)?;
    let head = call.head()?;
    let part = Part::Reply {
        epoch: frame.epoch,
        message: key_of_proposals(first, more),
    };
    if let Some(verdict) = call.repeated(&head, &part)? {
        return Ok(verdict);
    }
    in_this_group(&head, &frame)?;
    at_this_epoch(&head, &frame)?;
    if more.len() >= call.limits.proposals_per_request {
        return Err(Refusal::TooLarge("proposals").into());
    }
    let room = Loaded::at(call, &head, head.epoch)?;

    let expects = head.version;
    let epoch = head.epoch;
    let (head, accepted, mut writes) = call.advance(head)?;
    let mut pending = room.pending;
    let mut sender = None;
    for message in std::iter::once(first).chain(more) {
        let (identity, queued) = judge(call, &room.group, &pending, message)?;
        let reference = pack(queued.proposal_reference_ref()).map_err(|_| Fault::Unencodable("proposals"))?;
        let queued = pack(&queued).map_err(|_| Fault::Unencodable("proposals"))?;
        pending.push(Pending {
            reference,
            queued,
            frame: message.as_slice().to_vec(),
            accepted,
        });
        sender = Some(identity);
    }
    if pending.len() > call.limits.pending_proposals {
        return Err(Refusal::TooLarge("pending_proposals").into());
    }
    check_leaving(&room.group, &leaving(&pending)?).map_err(violation)?;
    let sender = sender.ok_or(Refusal::Malformed("handshake_bundle"))?.client;
    let waiting = pending.len();
    writes.push(put(Part::Proposals(epoch), &ProposalsRow { pending })?);
    let verdict = UpdateVerdict::Success {
        accepted_at: accepted,
        accepted: first.sha256(),
    };
    let reply = UpdateRoomResponse {
        verdict,
        description: String::new(),
    }
    .encode();
    writes.push(call.remember(part, &reply)?);
    let tail = FanoutTail::Proposal { more: more.to_vec() };
    let frame = FanoutMessage {
        accepted_at: accepted,
        message: first.clone(),
        tail,
    }
    .encode();
    Ok(Verdict {
        expects,
        writes,
        fanout: to_all(&head.providers, call.rows.room(), &frame, false),
        reply,
        facts: Facts::Proposals {
            sender,
            pending: waiting,
            accepted,
        },
    })
}

/// One proposal: by a member for whom the caller speaks, a SelfRemove, and that member's first in this epoch.
fn judge<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    group: &PublicGroup,
    pending: &[Pending],
    message: &MlsOctets,
) -> Outcome<(LeafIdentity, QueuedProposal)> {
    let Verified {
        sender,
        content: queued,
    } = proposal(call.crypto, group, public(message)?)?;
    let Sender::Member(index) = sender else {
        return Err(Refusal::UnsupportedProposal("external_sender").into());
    };
    let leaf = group.leaf(index).ok_or(Refusal::NotAMember)?;
    let identity = identify(leaf).map_err(|_| Fault::Damaged("group"))?;
    call.caller.speaks_for_client(&identity.client)?;
    if !matches!(queued.proposal(), Proposal::SelfRemove) {
        return Err(Refusal::UnsupportedProposal("only_self_remove").into());
    }
    if leaving(pending)?.contains(&index) {
        return Err(Refusal::UnsupportedProposal("already_pending").into());
    }
    Ok((identity, queued))
}

/// The members whose proposals to leave wait.
fn leaving(pending: &[Pending]) -> Outcome<BTreeSet<LeafNodeIndex>> {
    let mut leaving = BTreeSet::new();
    for waiting in pending {
        let queued: QueuedProposal = unpack(&waiting.queued).map_err(|_| Fault::Damaged("proposals"))?;
        if let Sender::Member(index) = queued.sender() {
            leaving.insert(*index);
        }
    }
    Ok(leaving)
}
