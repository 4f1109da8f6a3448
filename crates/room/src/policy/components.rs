//! Who may change the room's other facts: role table, metadata, requirement and further policy.
//!
//! See *mimi-room-policy*, "Adjust metadata" and "Disruptive Policy Changes".

use super::Denied;
use super::facts::Facts;
use crate::{RoleCapability, RoleIndex, RoomMetadata, UserUri};

/// Some components may not change in the same commit as participants.
pub(super) fn check_exclusive(facts: &Facts<'_>) -> Result<(), Denied> {
    if facts.change.new_roles.is_some() && facts.touched().next().is_some() {
        return Err(Denied::RolesWithParticipants);
    }
    let mut kept = facts
        .touched()
        .filter(|user| facts.role_after(user) != RoleIndex::NONE);
    if facts.change.preauthorized_changed && kept.next().is_some() {
        return Err(Denied::PreauthorizedWithParticipants);
    }
    Ok(())
}

/// Judges every component that changes, each on its own.
pub(super) fn authorize(facts: &Facts<'_>) -> Result<(), Denied> {
    let change = facts.change;
    let proposers = &change.proposers;
    let changed = [
        (
            change.new_roles.is_some(),
            proposers.roles,
            RoleCapability::ChangeRoleDefinitions,
        ),
        (
            change.requirement_changed,
            proposers.requirement,
            RoleCapability::ChangeMlsOperationalPolicies,
        ),
        (
            change.preauthorized_changed,
            proposers.preauthorized,
            RoleCapability::ChangePreauthorizedUserList,
        ),
        (
            change.other_policy_changed,
            proposers.other_policy,
            RoleCapability::ChangeOtherPolicyAttribute,
        ),
    ];
    for (_, by, capability) in changed.into_iter().filter(|(changed, ..)| *changed) {
        facts.require(by.unwrap_or(change.actor), capability)?;
    }
    if change.metadata_before == change.metadata_after {
        Ok(())
    } else {
        metadata(facts)
    }
}

/// New metadata is sound, keeps the room's URI, and differs only in fields that the proposer may change.
fn metadata(facts: &Facts<'_>) -> Result<(), Denied> {
    let by = facts.change.proposers.metadata.unwrap_or(facts.change.actor);
    let after = facts.change.metadata_after.ok_or(Denied::RoomUri)?;
    after.check()?;
    match facts.change.metadata_before {
        Some(before) if before.room_uri != after.room_uri => Err(Denied::RoomUri),
        Some(before) => fields(facts, by, before, after),
        None => fields(facts, by, &RoomMetadata::default(), after),
    }
}

fn fields(
    facts: &Facts<'_>,
    by: &UserUri,
    before: &RoomMetadata,
    after: &RoomMetadata,
) -> Result<(), Denied> {
    let RoomMetadata {
        room_uri: _,
        name,
        description,
        avatar,
        subject,
        mood,
    } = after;
    let changed = [
        (*name != before.name, RoleCapability::ChangeRoomName),
        (
            *description != before.description,
            RoleCapability::ChangeRoomDescription,
        ),
        (*avatar != before.avatar, RoleCapability::ChangeRoomAvatar),
        (*subject != before.subject, RoleCapability::ChangeRoomSubject),
        (*mood != before.mood, RoleCapability::ChangeRoomMood),
    ];
    let mut needed = changed.into_iter().filter(|(changed, _)| *changed);
    needed.try_for_each(|(_, capability)| facts.require(by, capability))
}
