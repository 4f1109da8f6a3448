//! The choke point: every leaf that a commit brings or changes, seen before anything is merged.
//!
//! OpenMLS accepts a member that renames itself in an update path, an Update proposal or an external resync, and two
//! members that take one signature key along a path. It is stopped here, at the member and at the hub alike.

use std::collections::BTreeSet;

use openmls::group::{PublicGroup, QueuedProposal, StagedCommit};
use openmls::messages::proposals::Proposal;
use openmls::prelude::{LeafNode, LeafNodeIndex, Sender};
use tls_codec::{Deserialize as _, Serialize as _, VLBytes};

use crate::leaf::{LeafFacts, LeafFault, leaf_facts};

/// How a leaf came into a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Door {
    /// An Add proposal.
    Add,
    /// An Update proposal of the member itself, committed by another.
    Update,
    /// The committer's update path.
    Path,
    /// The committer joined from outside.
    ExternalJoin,
    /// The committer joined from outside in the place of its own older leaf.
    Resync,
    /// A leaf of a tree that a Welcome or a GroupInfo brought.
    Roster,
}

/// One leaf that a commit brings or changes.
#[derive(Clone, Debug)]
pub struct LeafChange {
    /// How it came.
    pub door: Door,
    /// Its place, if that is known before merging.
    pub index: Option<LeafNodeIndex>,
    /// What it will be.
    pub now: LeafFacts,
    /// What stood in its place before, where it replaces something.
    pub before: Option<LeafFacts>,
}

/// Every leaf that `staged` brings or changes.
///
/// # Errors
/// The door and the fault of the first leaf that nobody should believe.
pub fn changed_leaves(
    old: &PublicGroup,
    sender: &Sender,
    staged: &StagedCommit,
) -> Result<Vec<LeafChange>, (Door, LeafFault)> {
    let mut changes = Vec::new();
    for queued in staged.queued_proposals() {
        match (queued.proposal(), queued.sender()) {
            (Proposal::Add(add), _) => {
                changes.push(change(Door::Add, None, add.key_package().leaf_node(), None)?);
            }
            (Proposal::Update(update), Sender::Member(index)) => {
                changes.push(change(
                    Door::Update,
                    Some(*index),
                    update.leaf_node(),
                    old.leaf(*index),
                )?);
            }
            _ => {}
        }
    }
    if let Some(leaf) = staged.update_path_leaf_node() {
        changes.push(path_change(old, sender, staged, leaf)?);
    }
    Ok(changes)
}

/// Whether a signature key would stand in two leaves after the commit. OpenMLS asks this of adds only; a group in
/// which it happens can never be joined again.
pub fn twin_keys(old: &PublicGroup, staged: &StagedCommit, changes: &[LeafChange]) -> bool {
    let gone = removed_indices(staged);
    let replaced = |index: LeafNodeIndex| {
        changes
            .iter()
            .any(|change| change.door != Door::ExternalJoin && change.index == Some(index))
    };
    let mut keys: BTreeSet<Vec<u8>> = old
        .members()
        .filter(|member| !gone.contains(&member.index) && !replaced(member.index))
        .map(|member| member.signature_key)
        .collect();
    changes
        .iter()
        .any(|change| !keys.insert(change.now.identity.signature_key.clone()))
}

/// Whether an encryption key stands in two nodes of the tree. Of a commit OpenMLS asks this for the leaves only, of a tree that
/// somebody joins by for all nodes; so a group in which it happens is closed to everybody until other keys take their place.
pub fn twin_nodes(group: &PublicGroup) -> bool {
    let leaves = group.members().map(|member| Some(member.encryption_key));
    // OpenMLS has no getter for a parent's key: it is what a parent begins with.
    let parents = group.treesync().full_parents().map(|(_, parent)| {
        let octets = parent.tls_serialize_detached().ok()?;
        let key = VLBytes::tls_deserialize(&mut octets.as_slice()).ok()?;
        Some(key.as_slice().to_vec())
    });
    let mut keys = BTreeSet::new();
    !leaves
        .chain(parents)
        .all(|key| key.is_some_and(|key| keys.insert(key)))
}

/// The places that the commit empties: removed, or left by themselves.
pub fn removed_indices(staged: &StagedCommit) -> BTreeSet<LeafNodeIndex> {
    staged
        .queued_proposals()
        .filter_map(|queued| match (queued.proposal(), queued.sender()) {
            (Proposal::Remove(remove), _) => Some(remove.removed()),
            (Proposal::SelfRemove, Sender::Member(index)) => Some(*index),
            _ => None,
        })
        .collect()
}

/// The leaf that an external committer replaces, if it is a resync.
pub(crate) fn resynced(staged: &StagedCommit) -> Option<LeafNodeIndex> {
    let by_joiner = |queued: &&QueuedProposal| matches!(queued.sender(), Sender::NewMemberCommit);
    staged
        .queued_proposals()
        .filter(by_joiner)
        .find_map(|queued| match queued.proposal() {
            Proposal::Remove(remove) => Some(remove.removed()),
            _ => None,
        })
}

fn path_change(
    old: &PublicGroup,
    sender: &Sender,
    staged: &StagedCommit,
    leaf: &LeafNode,
) -> Result<LeafChange, (Door, LeafFault)> {
    if let Sender::Member(index) = sender {
        return change(Door::Path, Some(*index), leaf, old.leaf(*index));
    }
    let place = old.ext_commit_sender_index(staged).ok();
    match resynced(staged) {
        Some(index) => change(Door::Resync, place, leaf, old.leaf(index)),
        None => change(Door::ExternalJoin, place, leaf, None),
    }
}

fn change(
    door: Door,
    index: Option<LeafNodeIndex>,
    now: &LeafNode,
    before: Option<&LeafNode>,
) -> Result<LeafChange, (Door, LeafFault)> {
    let facts = |leaf| leaf_facts(leaf).map_err(|fault| (door, fault));
    Ok(LeafChange {
        door,
        index,
        now: facts(now)?,
        before: before.map(facts).transpose()?,
    })
}
