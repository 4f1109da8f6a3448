//! The verdict on a whole commit: who made it, whom it brings, changes and removes, and whether the room allows it.

use std::collections::{BTreeMap, BTreeSet};

use comity_room::policy::{self, Change, ClientChange, Proposers};
use comity_room::{ClientUri, MediaType, ParticipantList, UserUri, missing};
use comity_wire::components::PARTICIPANT_LIST;
use openmls::group::{PublicGroup, StagedCommit};
use openmls::messages::proposals::{Proposal, ProposalOrRefType};
use openmls::prelude::{Extension, ExtensionType, LeafNodeIndex, Sender};

use crate::choke::{self, Door, LeafChange};
use crate::context::{ContextFault, RoomState, room_state};
use crate::leaf::{LeafFacts, LeafFault, LeafIdentity, identify, leaf_facts};
use crate::resolve::AppDataFault;

/// What a commit does, after every check but the hub's own.
#[derive(Clone, Debug)]
pub struct CommitFacts {
    /// Who made it.
    pub committer: LeafIdentity,
    /// Whether the committer came from outside.
    pub external: bool,
    /// The older leaf of the same client that an external committer replaced.
    pub resync: bool,
    /// The clients that it brings: added ones, and a joiner from outside that replaces nothing.
    pub added: Vec<LeafFacts>,
    /// The clients that it removes, those that left by themselves not among them.
    pub removed: Vec<LeafIdentity>,
    /// The clients that left by themselves.
    pub left: Vec<LeafIdentity>,
    /// Every leaf that it brings or changes.
    pub changes: Vec<LeafChange>,
    /// The room before it.
    pub before: RoomState,
    /// The room after it.
    pub after: RoomState,
    /// The clients that will be in the room and cannot read what it requires. A hub refuses such a commit; a member
    /// merges it and says so, because members that judged differently would part ways.
    pub gaps: Vec<(ClientUri, Vec<MediaType>)>,
}

/// Why a commit must not be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A leaf that nobody should believe.
    #[error("a leaf that came by {0:?} is not acceptable: {1}")]
    Leaf(Door, LeafFault),
    /// A leaf became somebody else.
    #[error("a leaf that came by {0:?} changed its identity")]
    IdentityChanged(Door),
    /// One signature key would stand in two leaves.
    #[error("two leaves share a signature key")]
    TwinKeys,
    /// One encryption key would stand in two nodes of the tree.
    #[error("two nodes of the tree share an encryption key")]
    TwinNodes,
    /// One client would stand in two leaves.
    #[error("a client would be in the group twice")]
    TwinClients,
    /// A member of the group before the commit cannot be identified.
    #[error("the group holds a leaf that is nobody")]
    Roster(LeafFault),
    /// The committer is not a member.
    #[error("the committer is not a member")]
    Committer,
    /// A commit without an update path.
    #[error("the commit has no update path")]
    NoPath,
    /// A proposal that a room does not use, or that travelled by reference and must not.
    #[error("a proposal of this kind is not used in rooms")]
    Proposal,
    /// The AppDataUpdate proposals are invalid.
    #[error("the room's state was updated wrongly: {0}")]
    AppData(AppDataFault),
    /// The GroupContext is not that of a room, before or after.
    #[error("the group context is not that of a room: {0}")]
    Context(ContextFault),
    /// Something in the GroupContext changed that nothing may change.
    #[error("a part of the group context changed that must not")]
    ContextChanged,
    /// The room does not allow it.
    #[error("the room does not allow it: {0}")]
    Denied(policy::Denied),
}

impl Violation {
    /// The stable code of this violation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Leaf(_, fault) => fault.code(),
            Self::IdentityChanged(_) => "identity_changed",
            Self::TwinKeys => "signature_key_twin",
            Self::TwinNodes => "encryption_key_twin",
            Self::TwinClients => "client_twin",
            Self::Roster(_) => "roster_unidentified",
            Self::Committer => "committer_unknown",
            Self::NoPath => "commit_without_path",
            Self::Proposal => "proposal_not_used",
            Self::AppData(fault) => fault.code(),
            Self::Context(fault) => fault.code(),
            Self::ContextChanged => "context_changed",
            Self::Denied(denied) => denied.code(),
        }
    }
}

impl From<AppDataFault> for Violation {
    fn from(fault: AppDataFault) -> Self {
        Self::AppData(fault)
    }
}

/// Judges a commit that OpenMLS has verified, against the group as it stands before it.
///
/// # Errors
/// The first [`Violation`] found. Then drop `staged`: nothing has been written.
pub fn check_commit(
    old: &PublicGroup,
    sender: &Sender,
    staged: &StagedCommit,
) -> Result<CommitFacts, Violation> {
    only_known_proposals(staged)?;
    let before = room_state(old.group_context()).map_err(Violation::Context)?;
    let after = room_state(staged.group_context()).map_err(Violation::Context)?;
    context_kept(old, staged, &before, &after)?;
    let changes =
        choke::changed_leaves(old, sender, staged).map_err(|(door, fault)| Violation::Leaf(door, fault))?;
    same_people(&changes)?;
    if choke::twin_keys(old, staged, &changes) {
        return Err(Violation::TwinKeys);
    }
    let roster = Roster::of(old)?;
    let facts = facts(&roster, sender, staged, before, after, changes)?;
    no_client_twice(&roster, staged, &facts)?;
    authorize(&roster, &facts)?;
    Ok(CommitFacts {
        gaps: gaps(old, staged, &facts)?,
        ..facts
    })
}

/// Checks a whole group that a Welcome or a GroupInfo brought: every leaf is somebody, nobody stands there twice, and
/// every client's user is a participant.
///
/// # Errors
/// The first [`Violation`] found.
pub fn check_roster(group: &PublicGroup) -> Result<(RoomState, Vec<(LeafNodeIndex, LeafFacts)>), Violation> {
    let state = room_state(group.group_context()).map_err(Violation::Context)?;
    let mut leaves = Vec::new();
    let (mut keys, mut clients) = (BTreeSet::new(), BTreeSet::new());
    for (index, leaf) in group.treesync().full_leaves() {
        let facts = leaf_facts(leaf).map_err(|fault| Violation::Leaf(Door::Roster, fault))?;
        if !keys.insert(facts.identity.signature_key.clone()) {
            return Err(Violation::TwinKeys);
        }
        if !clients.insert(facts.identity.client.clone()) {
            return Err(Violation::TwinClients);
        }
        if state.participants.find(&facts.identity.user).is_none() {
            return Err(Violation::Denied(policy::Denied::UserNotListed));
        }
        leaves.push((index, facts));
    }
    Ok((state, leaves))
}

/// Whether the room lets these members go by their own proposals, all at once. A hub lets no commit pass such proposals over, so it
/// takes none that no commit could grant: nothing would ever be committed in that epoch.
///
/// It is judged as members commit it: a user whose last client goes leaves the participant list, too.
///
/// # Errors
/// The first [`Violation`] found.
pub fn check_leaving(group: &PublicGroup, leaving: &BTreeSet<LeafNodeIndex>) -> Result<(), Violation> {
    let before = room_state(group.group_context()).map_err(Violation::Context)?;
    let roster = Roster::of(group)?;
    let left = leaving
        .iter()
        .map(|index| roster.0.get(index).cloned().ok_or(Violation::Committer))
        .collect::<Result<Vec<_>, _>>()?;
    // Whoever commits does nothing by it; so it may as well be one of them.
    let Some(committer) = left.first().cloned() else {
        return Ok(());
    };
    let staying: BTreeSet<&UserUri> = roster
        .0
        .iter()
        .filter(|(index, _)| !leaving.contains(index))
        .map(|(_, identity)| &identity.user)
        .collect();
    let goes = |user: &UserUri| left.iter().any(|gone| gone.user == *user) && !staying.contains(user);
    let stay = before.participants.iter().filter(|listed| !goes(&listed.user));
    let participants = ParticipantList::new(stay.cloned().collect())
        .map_err(|_| Violation::Context(ContextFault::Malformed(PARTICIPANT_LIST)))?;
    let after = RoomState {
        participants,
        ..before.clone()
    };
    let facts = CommitFacts {
        committer,
        external: false,
        resync: false,
        added: Vec::new(),
        removed: Vec::new(),
        left,
        changes: Vec::new(),
        before,
        after,
        gaps: Vec::new(),
    };
    authorize(&roster, &facts)
}

/// By value: Add, Remove, AppDataUpdate, and what an external commit needs. By reference: SelfRemove and Update, which
/// their senders alone can make. Everything else in a room travels inside the commit of the one who answers for it.
fn only_known_proposals(staged: &StagedCommit) -> Result<(), Violation> {
    let known = staged.queued_proposals().all(|queued| {
        let by_reference = matches!(queued.proposal_or_ref_type(), ProposalOrRefType::Reference);
        match queued.proposal() {
            Proposal::SelfRemove | Proposal::Update(_) => by_reference,
            Proposal::Add(_)
            | Proposal::Remove(_)
            | Proposal::AppDataUpdate(_)
            | Proposal::ExternalInit(_) => !by_reference,
            _ => false,
        }
    });
    if known { Ok(()) } else { Err(Violation::Proposal) }
}

fn context_kept(
    old: &PublicGroup,
    staged: &StagedCommit,
    before: &RoomState,
    after: &RoomState,
) -> Result<(), Violation> {
    let kept = |context: &openmls::prelude::GroupContext| -> BTreeMap<u16, Extension> {
        let others = context
            .extensions()
            .iter()
            .filter(|e| e.extension_type() != ExtensionType::AppDataDictionary);
        others
            .map(|extension| (extension.extension_type().into(), extension.clone()))
            .collect()
    };
    let same = kept(old.group_context()) == kept(staged.group_context()) && before.room == after.room;
    if same {
        Ok(())
    } else {
        Err(Violation::ContextChanged)
    }
}

fn same_people(changes: &[LeafChange]) -> Result<(), Violation> {
    let changed = changes.iter().find(|change| {
        change
            .before
            .as_ref()
            .is_some_and(|before| !before.identity.is_same_client(&change.now.identity))
    });
    changed.map_or(Ok(()), |change| Err(Violation::IdentityChanged(change.door)))
}

/// The members before the commit, by place.
struct Roster(BTreeMap<LeafNodeIndex, LeafIdentity>);

impl Roster {
    fn of(group: &PublicGroup) -> Result<Self, Violation> {
        let leaves = group.treesync().full_leaves();
        leaves
            .map(|(index, leaf)| Ok((index, identify(leaf).map_err(Violation::Roster)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn active(&self) -> BTreeMap<UserUri, u32> {
        let mut active = BTreeMap::new();
        for identity in self.0.values() {
            *active.entry(identity.user.clone()).or_insert(0_u32) += 1;
        }
        active
    }
}

fn facts(
    roster: &Roster,
    sender: &Sender,
    staged: &StagedCommit,
    before: RoomState,
    after: RoomState,
    changes: Vec<LeafChange>,
) -> Result<CommitFacts, Violation> {
    let joiner = changes
        .iter()
        .find(|c| matches!(c.door, Door::ExternalJoin | Door::Resync));
    let committer = match sender {
        Sender::Member(index) => roster.0.get(index).cloned().ok_or(Violation::Committer)?,
        Sender::NewMemberCommit => joiner
            .map(|c| c.now.identity.clone())
            .ok_or(Violation::Committer)?,
        _ => return Err(Violation::Committer),
    };
    if staged.update_path_leaf_node().is_none() {
        return Err(Violation::NoPath);
    }
    let resync = choke::resynced(staged);
    let mut removed = Vec::new();
    let mut left = Vec::new();
    for queued in staged.queued_proposals() {
        match (queued.proposal(), queued.sender()) {
            (Proposal::Remove(remove), _) if Some(remove.removed()) != resync => {
                removed.extend(roster.0.get(&remove.removed()).cloned());
            }
            (Proposal::SelfRemove, Sender::Member(index)) => left.extend(roster.0.get(index).cloned()),
            _ => {}
        }
    }
    let added = changes
        .iter()
        .filter(|c| matches!(c.door, Door::Add | Door::ExternalJoin))
        .map(|c| c.now.clone());
    Ok(CommitFacts {
        committer,
        external: matches!(sender, Sender::NewMemberCommit),
        resync: resync.is_some(),
        added: added.collect(),
        removed,
        left,
        changes,
        before,
        after,
        gaps: Vec::new(),
    })
}

fn no_client_twice(roster: &Roster, staged: &StagedCommit, facts: &CommitFacts) -> Result<(), Violation> {
    let gone = choke::removed_indices(staged);
    let staying = roster
        .0
        .iter()
        .filter(|(index, _)| !gone.contains(index))
        .map(|(_, identity)| &identity.client);
    let mut clients: BTreeSet<&ClientUri> = staying.collect();
    let fresh = facts
        .added
        .iter()
        .all(|added| clients.insert(&added.identity.client));
    if fresh {
        Ok(())
    } else {
        Err(Violation::TwinClients)
    }
}

/// Asks the room's policy. What a leaver's own proposal did counts as the leaver's deed, the committer's otherwise; a
/// user whose last clients left by themselves also leaves the list by their own wish.
fn authorize(roster: &Roster, facts: &CommitFacts) -> Result<(), Violation> {
    let actor = &facts.committer.user;
    let active_before = roster.active();
    let mut active_after = active_before.clone();
    for gone in facts.removed.iter().chain(&facts.left) {
        if let Some(count) = active_after.get_mut(&gone.user) {
            *count = count.saturating_sub(1);
        }
    }
    for added in &facts.added {
        *active_after.entry(added.identity.user.clone()).or_insert(0) += 1;
    }
    active_after.retain(|_, count| *count > 0);
    let brought = facts.added.iter().map(|added| ClientChange {
        user: &added.identity.user,
        by: actor,
    });
    // A resync takes the committer's own leaf out and puts one in: both are its deed, and the counts stay.
    let replaced = facts.resync.then_some(ClientChange {
        user: actor,
        by: actor,
    });
    let added: Vec<_> = brought.chain(replaced).collect();
    let removed = facts.removed.iter().map(|gone| ClientChange {
        user: &gone.user,
        by: actor,
    });
    let left = facts.left.iter().map(|gone| ClientChange {
        user: &gone.user,
        by: &gone.user,
    });
    let gone: Vec<_> = removed.chain(left).chain(replaced).collect();
    let leavers = facts
        .left
        .iter()
        .map(|gone| &gone.user)
        .filter(|user| !active_after.contains_key(*user));
    policy::authorize(&Change {
        external: facts.external,
        new_roles: (facts.before.roles != facts.after.roles).then_some(&facts.after.roles),
        after: &facts.after.participants,
        clients_added: &added,
        clients_removed: &gone,
        active_after: &active_after,
        metadata_before: Some(&facts.before.metadata),
        metadata_after: Some(&facts.after.metadata),
        requirement_changed: facts.before.requirement != facts.after.requirement,
        proposers: Proposers {
            participants: leavers.map(|user| (user, user)).collect(),
            ..Proposers::default()
        },
        ..Change::nothing(
            actor,
            &facts.before.roles,
            &facts.before.participants,
            &active_before,
        )
    })
    .map_err(Violation::Denied)
}

/// Leaves that are new or changed are asked always; those that stay as they are only when the requirement moved.
fn gaps(
    old: &PublicGroup,
    staged: &StagedCommit,
    facts: &CommitFacts,
) -> Result<Vec<(ClientUri, Vec<MediaType>)>, Violation> {
    let requirement = &facts.after.requirement;
    let gap = |leaf: &LeafFacts| {
        let lacking = match &leaf.advertisement {
            Some(advertisement) => missing(advertisement, requirement),
            None => requirement.iter().cloned().collect(),
        };
        (!lacking.is_empty()).then(|| (leaf.identity.client.clone(), lacking))
    };
    let mut gaps: Vec<_> = facts
        .changes
        .iter()
        .filter_map(|change| gap(&change.now))
        .collect();
    if facts.before.requirement != *requirement {
        let gone = choke::removed_indices(staged);
        for (index, leaf) in old.treesync().full_leaves() {
            let changed = facts.changes.iter().any(|change| change.index == Some(index));
            if !gone.contains(&index) && !changed {
                gaps.extend(gap(&leaf_facts(leaf).map_err(Violation::Roster)?));
            }
        }
    }
    Ok(gaps)
}
