//! From an intent to a commit: what the room is to become, worked out from what it is now.

use std::collections::BTreeSet;

use comity_mls::{CheckedKeyPackage, check_key_package};
use comity_room::{ClientUri, MediaType, Participant, ParticipantList, Requirement, Roles, UserUri, missing};
use comity_wire::Wire as _;
use comity_wire::components::{CONTENT_MEDIA_TYPES, PARTICIPANT_LIST, ROOM_METADATA};
use openmls::prelude::LeafNodeIndex;

use crate::error::{Blocked, Error, Misuse};
use crate::group::CommitPlan;
use crate::permission;
use crate::step::Change;
use crate::store::room::{RoomRow, RoomView};
use crate::task::{ClientOutcome, InviteRow, TaskRow};
use crate::tx::Tx;

/// Whether some of the changes cannot stand together in one commit: each person and each thing is changed once.
pub(super) fn contradict(changes: &[Change]) -> bool {
    let (mut people, mut roles, mut things) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut once = |change: &Change| match change {
        Change::Invite { user, .. } | Change::RemoveUser(user) => people.insert(user.clone()),
        Change::SetRole(user, _) => roles.insert(user.clone()),
        Change::Metadata(_) => things.insert(ROOM_METADATA),
        Change::Require(_) => things.insert(CONTENT_MEDIA_TYPES),
        _ => true,
    };
    !changes.iter().all(&mut once)
}

/// Refuses what cannot be done now, before anything is stored; the same whether it is asked or done.
pub(crate) fn permitted(
    row: &RoomRow,
    view: &RoomView,
    (user, client): (&UserUri, &ClientUri),
    change: &Change,
) -> Result<(), Error> {
    names_something(view, change)?;
    // Nobody can commit their own removal; that is what leaving is for.
    if *change == Change::RemoveUser(user.clone()) || *change == Change::RemoveClient(client.clone()) {
        return Err(Misuse::Changes.into());
    }
    permission::may_change(view, user, change).map_err(Blocked::NotAllowed)?;
    if let Change::Require(requirement) = change {
        let users = lacking(row, view, requirement);
        if !users.is_empty() {
            return Err(Blocked::CannotRead(users).into());
        }
    }
    Ok(())
}

/// Who could not read what is to be required, sorted.
fn lacking(row: &RoomRow, view: &RoomView, requirement: &Requirement) -> Vec<UserUri> {
    let lacks = |class: usize| {
        let class = row.classes.get(class);
        class.is_none_or(|class| !missing(class, requirement).is_empty())
    };
    let members = view.members.iter().filter(|member| lacks(member.class));
    let mut users: Vec<UserUri> = members.map(|member| member.user.clone()).collect();
    users.sort();
    users.dedup();
    users
}

fn names_something(view: &RoomView, change: &Change) -> Result<(), Misuse> {
    let sound = match change {
        Change::RemoveUser(user) | Change::SetRole(user, _) => view.participants.find(user).is_some(),
        Change::RemoveClient(client) => view.members.iter().any(|member| member.client == *client),
        Change::Metadata(metadata) => metadata.check().is_ok() && metadata.room_uri == view.metadata.room_uri,
        _ => true,
    };
    if sound { Ok(()) } else { Err(Misuse::Changes) }
}

/// Works out the commit. `None` if nothing is left to do.
pub(super) fn plan(tx: &Tx<'_>, row: &RoomRow, task: &mut TaskRow) -> Result<Option<CommitPlan>, Error> {
    let view = tx.view(row)?;
    let mut plan = CommitPlan::default();
    let mut participants: Vec<Participant> = view.participants.iter().cloned().collect();
    let mut forced = false;
    for change in task.changes.clone() {
        match change {
            Change::Invite { user, role, .. } => {
                let Some(invite) = task.invites.iter_mut().find(|invite| invite.user == user) else {
                    continue;
                };
                let adds = usable(tx, &view, invite);
                if !adds.is_empty() && !participants.iter().any(|listed| listed.user == user) {
                    participants.push(Participant {
                        user,
                        role: role.unwrap_or(Roles::MEMBER),
                    });
                }
                plan.adds
                    .extend(adds.into_iter().map(|checked| checked.key_package));
            }
            Change::RemoveUser(user) => {
                plan.removes.extend(leaves(&view, |member| member.user == user));
                participants.retain(|listed| listed.user != user);
            }
            Change::RemoveClient(client) => plan
                .removes
                .extend(leaves(&view, |member| member.client == client)),
            Change::SetRole(user, role) => {
                participants
                    .iter_mut()
                    .filter(|listed| listed.user == user)
                    .for_each(|listed| listed.role = role);
            }
            Change::Metadata(metadata) if metadata != view.metadata => {
                plan.app_data.push((ROOM_METADATA, metadata.encode()));
            }
            Change::Require(requirement) if requirement != view.requirement => {
                plan.app_data.push((CONTENT_MEDIA_TYPES, requirement.encode()));
            }
            Change::Rotate => forced = true,
            _ => {}
        }
    }
    drop_leavers(row, &view, &mut participants);
    let target = ParticipantList::new(participants).map_err(|_| Error::Bug("participants"))?;
    if target != view.participants {
        plan.app_data
            .push((PARTICIPANT_LIST, view.participants.diff(&target).encode()));
    }
    let empty = plan.adds.is_empty() && plan.removes.is_empty() && plan.app_data.is_empty();
    Ok((forced || !empty).then_some(plan))
}

/// A commit that changes nothing but what the held proposals ask for.
pub(crate) fn housekeeping(tx: &Tx<'_>, row: &RoomRow) -> Result<CommitPlan, Error> {
    let view = tx.view(row)?;
    let mut participants: Vec<Participant> = view.participants.iter().cloned().collect();
    drop_leavers(row, &view, &mut participants);
    let target = ParticipantList::new(participants).map_err(|_| Error::Bug("participants"))?;
    let mut plan = CommitPlan::default();
    if target != view.participants {
        plan.app_data
            .push((PARTICIPANT_LIST, view.participants.diff(&target).encode()));
    }
    Ok(plan)
}

/// A user whose last client leaves by itself leaves the list too.
fn drop_leavers(row: &RoomRow, view: &RoomView, participants: &mut Vec<Participant>) {
    let stays = |user: &UserUri| {
        let proposed = |client: &ClientUri| {
            row.proposals
                .iter()
                .any(|held| held.leaves && held.client == *client)
        };
        view.members
            .iter()
            .any(|member| member.user == *user && !proposed(&member.client))
    };
    let leaves =
        |user: &UserUri| row.proposals.iter().any(|held| held.leaves && held.user == *user) && !stays(user);
    participants.retain(|listed| !leaves(&listed.user));
}

fn leaves(view: &RoomView, wanted: impl Fn(&crate::store::room::MemberRow) -> bool) -> Vec<LeafNodeIndex> {
    let members = view.members.iter().filter(|member| wanted(member));
    members.map(|member| LeafNodeIndex::new(member.index)).collect()
}

/// The key packages of an invitation that can be added now; what becomes of the others is noted.
fn usable(tx: &Tx<'_>, view: &RoomView, invite: &mut InviteRow) -> Vec<CheckedKeyPackage> {
    let mut usable: Vec<CheckedKeyPackage> = Vec::new();
    let mut outcomes: Vec<(ClientUri, ClientOutcome)> = Vec::new();
    for octets in &invite.key_packages {
        let Ok(checked) = check_key_package(tx.crypto, octets, tx.now) else {
            invite.failed = Some("key_package_invalid".to_owned());
            continue;
        };
        let identity = &checked.facts.identity;
        if identity.user != invite.user {
            invite.failed = Some("key_package_of_another_user".to_owned());
            continue;
        }
        let client = identity.client.clone();
        if usable.iter().any(|other| other.facts.identity.client == client) {
            continue;
        }
        let lacks = lacks(view, &checked);
        let outcome = if view.members.iter().any(|member| member.client == client) {
            ClientOutcome::Present
        } else if view
            .members
            .iter()
            .any(|member| member.key == identity.signature_key)
        {
            ClientOutcome::Unusable("signature_key_twin".to_owned())
        } else if !lacks.is_empty() {
            ClientOutcome::CannotReceive(lacks)
        } else {
            usable.push(checked);
            ClientOutcome::Adding
        };
        outcomes.push((client, outcome));
    }
    invite
        .clients
        .retain(|(client, _)| outcomes.iter().all(|(other, _)| other != client));
    invite.clients.extend(outcomes);
    usable
}

fn lacks(view: &RoomView, checked: &CheckedKeyPackage) -> Vec<MediaType> {
    match &checked.facts.advertisement {
        Some(advertisement) => missing(advertisement, &view.requirement),
        None => view.requirement.iter().cloned().collect(),
    }
}
