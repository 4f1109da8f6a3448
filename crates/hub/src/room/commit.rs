//! A commit: everything a hub can check before it becomes the room's next epoch.
//!
//! What only members can check — membership tag, path secrets, `external_pub` — is why the previous epoch's rows stay.

use std::collections::BTreeSet;

use comity_mls::choke::{removed_indices, twin_nodes};
use comity_mls::{
    CommitFacts, GroupInfoFault, KeyPackageFault, Violation, check_commit, check_group_info,
    check_key_package,
};
use comity_room::{ClientUri, Timestamp};
use comity_wire::{
    FanoutMessage, FanoutTail, GroupInfoOctets, GroupInfoOption, MlsOctets, RatchetTreeOctets,
    RatchetTreeOption, UpdateRoomResponse, UpdateVerdict, WelcomeOctets, Wire as _,
};
use openmls::group::{PublicGroup, QueuedProposal, StagedCommit};
use openmls::messages::proposals::Proposal;
use openmls::prelude::{KeyPackage, Sender};
use openmls_traits::crypto::OpenMlsCrypto;
use tls_codec::Serialize as _;

use super::accept::{head_stays_small, put};
use super::group::{Loaded, Verified, stage};
use super::standing::Standing;
use super::{Call, Outcome, at_this_epoch, fanout, in_this_group};
use crate::inspect::{Frame, public};
use crate::refusal::Refusal;
use crate::rows::{Begun, Fault, GroupInfoRow, Head, Part, unpack};
use crate::verdict::{CommitAccepted, Facts, Verdict, Write};

/// A commit with what travels beside it.
pub(super) struct Bundle {
    pub(super) commit: MlsOctets,
    pub(super) welcome: Option<WelcomeOctets>,
    pub(super) group_info: GroupInfoOption,
    pub(super) ratchet_tree: RatchetTreeOption,
}

pub(super) fn accept<C: OpenMlsCrypto>(call: &Call<'_, C>, bundle: &Bundle) -> Outcome<Verdict> {
    let frame = Frame::of(&bundle.commit)?;
    let head = call.head()?;
    let part = Part::Reply {
        epoch: frame.epoch,
        message: bundle.commit.sha256(),
    };
    if let Some(first) = call.repeated(&head, &part)? {
        return Ok(first);
    }
    in_this_group(&head, &frame)?;
    at_this_epoch(&head, &frame)?;
    let room = Loaded::at(call, &head, head.epoch)?;
    let judged = judge(call, &room, bundle)?;
    settle(call, head, room, judged, bundle)
}

/// A commit that passed every check that can be made before it is merged.
struct Judged<'a> {
    facts: CommitFacts,
    staged: StagedCommit,
    group_info: &'a GroupInfoOctets,
}

fn judge<'a, C: OpenMlsCrypto>(call: &Call<'_, C>, room: &Loaded, bundle: &'a Bundle) -> Outcome<Judged<'a>> {
    let message = public(&bundle.commit)?;
    let tag = message
        .confirmation_tag()
        .and_then(|tag| tag.tls_serialize_detached().ok());
    let tag = tag.ok_or(Refusal::Malformed("confirmation_tag"))?;
    let Verified {
        sender,
        content: staged,
    } = stage(call.crypto, &room.group, message)?;
    let path = staged.update_path_leaf_node().ok_or(Refusal::MissingPath)?;
    let signer = path.signature_key().as_slice().to_vec();
    let facts = check_commit(&room.group, &sender, &staged).map_err(violation)?;
    call.caller.speaks_for_user(&facts.committer.user)?;
    call.caller.speaks_for_client(&facts.committer.client)?;
    if !facts.gaps.is_empty() {
        return Err(Refusal::MissingMediaTypes.into());
    }
    let added = added(&staged);
    key_packages_last(call.crypto, &added, call.now)?;
    nobody_is_kept(room, &staged)?;
    welcome_fits(call.crypto, bundle.welcome.as_ref(), &added)?;
    let GroupInfoOption::Full(group_info) = &bundle.group_info else {
        return Err(Refusal::MissingGroupInfo.into());
    };
    let place = match sender {
        Sender::Member(index) => Ok(index),
        _ => room.group.ext_commit_sender_index(&staged),
    };
    let info = check_group_info(
        call.crypto,
        staged.group_context(),
        &tag,
        group_info.as_slice(),
        place.map_err(|_| Refusal::NotAMember)?,
        &signer,
    )
    .map_err(|fault: GroupInfoFault| Refusal::GroupInfoMismatch(fault.code()))?;
    if info.extensions().external_pub().is_none() {
        return Err(Refusal::GroupInfoMismatch("group_info_external_pub").into());
    }
    Ok(Judged {
        facts,
        staged,
        group_info,
    })
}

fn added(staged: &StagedCommit) -> Vec<&KeyPackage> {
    let added = staged
        .queued_proposals()
        .filter_map(|queued| match queued.proposal() {
            Proposal::Add(add) => Some(add.key_package()),
            _ => None,
        });
    added.collect()
}

/// Every added key package outlives the longest absence that a member is promised.
fn key_packages_last(
    crypto: &impl OpenMlsCrypto,
    added: &[&KeyPackage],
    now: Timestamp,
) -> Result<(), Refusal> {
    for key_package in added {
        let octets = key_package
            .tls_serialize_detached()
            .map_err(|_| Refusal::InvalidKeyPackage("key_package_malformed"))?;
        check_key_package(crypto, &octets, now).map_err(|fault| match fault {
            KeyPackageFault::ExpiresSoon => Refusal::KeyPackageExpiring,
            fault => Refusal::InvalidKeyPackage(fault.code()),
        })?;
    }
    Ok(())
}

/// Whoever asked to leave is gone after the commit.
fn nobody_is_kept(room: &Loaded, staged: &StagedCommit) -> Outcome<()> {
    let gone = removed_indices(staged);
    let mut missing = Vec::new();
    for pending in &room.pending {
        let queued: QueuedProposal = unpack(&pending.queued).map_err(|_| Fault::Damaged("proposals"))?;
        if let (Proposal::SelfRemove, Sender::Member(leaver)) = (queued.proposal(), queued.sender())
            && !gone.contains(leaver)
        {
            missing.push(queued.proposal_reference_ref().as_slice().to_vec());
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Refusal::PendingSelfRemoveIgnored { missing }.into())
    }
}

/// A Welcome is there if and only if clients are added, with one secret for each of them and nobody else.
fn welcome_fits(
    crypto: &impl OpenMlsCrypto,
    welcome: Option<&WelcomeOctets>,
    added: &[&KeyPackage],
) -> Result<(), Refusal> {
    let welcome = match (welcome, added) {
        (None, []) => return Ok(()),
        (None, _) => return Err(Refusal::MissingWelcome),
        (Some(_), []) => return Err(Refusal::UnexpectedWelcome),
        (Some(welcome), _) => welcome.parse().map_err(|_| Refusal::Malformed("welcome"))?,
    };
    let addressed: BTreeSet<Vec<u8>> = welcome
        .secrets()
        .iter()
        .map(|s| s.new_member().as_slice().to_vec())
        .collect();
    let reference = |key_package: &&KeyPackage| {
        key_package
            .hash_ref(crypto)
            .map(|reference| reference.as_slice().to_vec())
    };
    let wanted: Result<BTreeSet<Vec<u8>>, _> = added.iter().map(reference).collect();
    let wanted = wanted.map_err(|_| Refusal::InvalidKeyPackage("key_package_invalid"))?;
    if addressed == wanted && welcome.secrets().len() == added.len() {
        Ok(())
    } else {
        Err(Refusal::WelcomeMismatch)
    }
}

/// Merges the commit and writes down the epoch that it begins.
fn settle<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    head: Head,
    room: Loaded,
    judged: Judged<'_>,
    bundle: &Bundle,
) -> Outcome<Verdict> {
    let Judged {
        facts,
        staged,
        group_info,
    } = judged;
    let (state, leaves) = room.roster()?;
    let before = Standing::of(&state, &leaves);
    let Loaded { mut group, store, .. } = room;
    group
        .merge_commit(&store, staged)
        .map_err(|_| Fault::Unencodable("group"))?;
    if twin_nodes(&group) {
        return Err(violation(Violation::TwinNodes).into());
    }
    let (state, leaves) = comity_mls::check_roster(&group).map_err(violation)?;
    let after = Standing::of(&state, leaves.iter().map(|(_, facts)| facts));
    let tree = tree_after(&group, &bundle.ratchet_tree)?;

    let hash = bundle.commit.sha256();
    let (expects, old, new) = (head.version, head.epoch, group.group_context().epoch().as_u64());
    let (joined, left) = (clients_in(&facts), clients_out(&facts));
    let providers = after.providers.clone();
    let advanced = Head {
        epoch: new,
        providers,
        may_step_back: true,
        ..head.clone()
    };
    head_stays_small(&advanced)?;
    let (_, accepted_at, mut writes) = call.advance(advanced)?;
    let committer = facts.committer.client.clone();
    let begun_by = Begun {
        commit: hash,
        committer: committer.clone(),
        external: facts.external,
    };
    let (group_row, tree_row) = store.into_rows(Some(begun_by))?;
    writes.push(put(Part::Group(new), &group_row)?);
    writes.push(put(Part::Tree(new), &tree_row)?);
    let octets = group_info.as_slice().to_vec();
    writes.push(put(
        Part::GroupInfo(new),
        &GroupInfoRow {
            octets,
            signer: committer.clone(),
        },
    )?);
    writes.extend(after.changes_since(&before)?);
    writes.extend(forgotten(old, new, call.limits.epoch_tolerance));
    let verdict = UpdateVerdict::Success {
        accepted_at,
        accepted: hash,
    };
    let reply = UpdateRoomResponse {
        verdict,
        description: String::new(),
    }
    .encode();
    writes.push(call.remember(
        Part::Reply {
            epoch: old,
            message: hash,
        },
        &reply,
    )?);

    let fanout = frames(call, &head, &facts, bundle, accepted_at, &tree);
    let facts = CommitAccepted {
        committer,
        external: facts.external,
        epoch: new,
        accepted: accepted_at,
        joined,
        left,
        providers: after.providers,
    };
    Ok(Verdict {
        expects,
        writes,
        fanout,
        reply,
        facts: Facts::Commit(facts),
    })
}

/// The tree after the commit, for the Welcome; and the check of the one that came along, if one did.
fn tree_after(group: &PublicGroup, sent: &RatchetTreeOption) -> Outcome<RatchetTreeOctets> {
    let tree = RatchetTreeOctets::of(&group.export_ratchet_tree()).map_err(|_| Fault::Unencodable("tree"))?;
    match sent {
        RatchetTreeOption::DistributionService => Ok(tree),
        RatchetTreeOption::Full(sent) if *sent == tree => Ok(tree),
        _ => Err(Refusal::TreeMismatch.into()),
    }
}

/// The rows that the new epoch makes useless: two epochs back, and verdicts on what is too old anyway. One epoch's verdicts
/// more than are accepted stay, because the hub may step back; and the previous epoch's at any tolerance, because the
/// answer to this very commit may get lost.
fn forgotten(old: u64, new: u64, tolerance: u64) -> Vec<Write> {
    let mut writes = Vec::new();
    if let Some(dead) = old.checked_sub(1) {
        let rows = [
            Part::Group(dead),
            Part::Tree(dead),
            Part::GroupInfo(dead),
            Part::Proposals(dead),
        ];
        writes.extend(rows.map(|part| Write::Delete { part }));
    }
    if let Some(through) = new.checked_sub(tolerance.max(1).saturating_add(2)) {
        writes.push(Write::ForgetReplies { through });
    }
    writes
}

/// The commit for everybody who was in the room, the Welcome for those who come in.
fn frames<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    head: &Head,
    facts: &CommitFacts,
    bundle: &Bundle,
    accepted_at: Timestamp,
    tree: &RatchetTreeOctets,
) -> Vec<crate::verdict::Delivery> {
    let room = call.rows.room();
    let tail = FanoutTail::Commit { external: Vec::new() };
    let commit = FanoutMessage {
        accepted_at,
        message: bundle.commit.clone(),
        tail,
    }
    .encode();
    let clients = clients_in(facts);
    let (joiner, added) = if facts.external {
        (clients, Vec::new())
    } else {
        (Vec::new(), clients)
    };
    let mut deliveries = fanout::commit(&head.providers, room, &commit, &joiner, &clients_out(facts));
    if let Some(welcome) = &bundle.welcome {
        let tail = FanoutTail::Welcome {
            ratchet_tree: RatchetTreeOption::Full(tree.clone()),
        };
        let frame = FanoutMessage {
            accepted_at,
            message: welcome.into(),
            tail,
        }
        .encode();
        deliveries.extend(fanout::welcome(room, &frame, &added));
    }
    deliveries
}

fn clients_in(facts: &CommitFacts) -> Vec<ClientUri> {
    facts
        .added
        .iter()
        .map(|leaf| leaf.identity.client.clone())
        .collect()
}

fn clients_out(facts: &CommitFacts) -> Vec<ClientUri> {
    facts
        .removed
        .iter()
        .chain(&facts.left)
        .map(|identity| identity.client.clone())
        .collect()
}

pub(super) fn violation(violation: Violation) -> Refusal {
    match violation {
        Violation::Leaf(_, fault) | Violation::Roster(fault) => Refusal::InvalidIdentity(fault.code()),
        Violation::IdentityChanged(_) => Refusal::IdentityChanged,
        Violation::TwinKeys => Refusal::SignatureKeyTwin,
        Violation::TwinClients => Refusal::InvalidIdentity("client_twin"),
        Violation::Committer => Refusal::NotAMember,
        Violation::NoPath => Refusal::MissingPath,
        Violation::Proposal => Refusal::UnsupportedProposal("proposal_not_used"),
        Violation::AppData(fault) => Refusal::InvalidAppData(fault.code()),
        Violation::Context(fault) => Refusal::InvalidContext(fault.code()),
        Violation::ContextChanged => Refusal::InvalidContext("context_changed"),
        Violation::Denied(denied) => Refusal::PolicyDenied(denied.code()),
        _ => Refusal::InvalidCommit(violation.code().to_owned()),
    }
}
