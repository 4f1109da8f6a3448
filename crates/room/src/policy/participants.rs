//! Who may add users to the participant list, remove them, and change their roles.
//!
//! See *mimi-room-policy*, "Membership Capabilities".

use super::Denied;
use super::facts::Facts;
use crate::{RoleCapability, RoleIndex, UserUri};

/// Judges every entry that differs, each on its own.
pub(super) fn authorize(facts: &Facts<'_>) -> Result<(), Denied> {
    facts.touched().try_for_each(|user| entry(facts, user))
}

fn entry(facts: &Facts<'_>, user: &UserUri) -> Result<(), Denied> {
    let by = facts.proposer(user);
    let own = by == user;
    match (facts.role_before(user), facts.role_after(user)) {
        (RoleIndex::NONE, role) if own => join(facts, user, role),
        (RoleIndex::NONE, role) => add(facts, by, role),
        (_, RoleIndex::NONE) if own => leave(facts, user),
        (role, RoleIndex::NONE) => remove(facts, by, role).or_else(|denied| {
            let left = went_by_own_will(facts, user);
            if left { leave(facts, user) } else { Err(denied) }
        }),
        (_, role) if own => change_own(facts, user, role),
        (from, to) => change(facts, by, from, to),
    }
}

/// A stranger lets itself in, by an external commit.
fn join(facts: &Facts<'_>, user: &UserUri, role: RoleIndex) -> Result<(), Denied> {
    let change = facts.change;
    if !change.external || user != change.actor {
        return Err(Denied::NotInRoom);
    }
    let open = change
        .roles
        .find(RoleIndex::NONE)
        .filter(|none| none.can(RoleCapability::OpenJoin));
    if open.is_some_and(|none| none.authorizes(RoleIndex::NONE, role)) {
        return Ok(());
    }
    let target = change.roles.find(role).ok_or(Denied::UnknownRole(role))?;
    let by_preauthorization = target.can(RoleCapability::JoinIfPreauthorized);
    match (by_preauthorization, open) {
        (true, _) if change.preauthorized == Some(role) => Ok(()),
        (_, Some(_)) => Err(Denied::RoleChange {
            from: RoleIndex::NONE,
            to: role,
        }),
        (true, None) => Err(Denied::NotPreauthorized(role)),
        (false, None) => Err(Denied::Capability(RoleCapability::OpenJoin)),
    }
}

fn add(facts: &Facts<'_>, by: &UserUri, role: RoleIndex) -> Result<(), Denied> {
    let bans = facts.change.roles.is_banned(role) && facts.acting_role(by)?.can(RoleCapability::Ban);
    if !bans {
        facts.require(by, RoleCapability::AddParticipant)?;
    }
    facts.require_change(by, RoleIndex::NONE, role)
}

fn remove(facts: &Facts<'_>, by: &UserUri, role: RoleIndex) -> Result<(), Denied> {
    facts.require(by, RoleCapability::RemoveParticipant)?;
    facts.require_change(by, role, RoleIndex::NONE)
}

/// The user leaves. That another member commits it is seen to by MLS, and by the rule that no client stays.
fn leave(facts: &Facts<'_>, user: &UserUri) -> Result<(), Denied> {
    facts.require(user, RoleCapability::RemoveSelf)?;
    facts.require_change(user, facts.role_before(user), RoleIndex::NONE)
}

/// Whether the user had clients, and all of them left by the user's own proposals.
fn went_by_own_will(facts: &Facts<'_>, user: &UserUri) -> bool {
    let mut removed = facts
        .change
        .clients_removed
        .iter()
        .filter(|removed| removed.user == user)
        .peekable();
    removed.peek().is_some() && facts.clients_after(user) == 0 && removed.all(|removed| removed.by == user)
}

/// The list of authorised role changes is not asked here, only the list of preauthorised users.
fn change_own(facts: &Facts<'_>, user: &UserUri, role: RoleIndex) -> Result<(), Denied> {
    facts.require(user, RoleCapability::ChangeOwnRole)?;
    let preauthorized = user == facts.change.actor && facts.change.preauthorized == Some(role);
    if preauthorized {
        Ok(())
    } else {
        Err(Denied::NotPreauthorized(role))
    }
}

fn change(facts: &Facts<'_>, by: &UserUri, from: RoleIndex, to: RoleIndex) -> Result<(), Denied> {
    let special = match (from, to) {
        (_, RoleIndex::BANNED) => Some(RoleCapability::Ban),
        (RoleIndex::BANNED, _) => Some(RoleCapability::Unban),
        _ => None,
    };
    let role = facts.acting_role(by)?;
    let general = RoleCapability::ChangeUserRole;
    match special.filter(|special| role.can(*special)) {
        _ if role.can(general) => {}
        Some(_) if facts.change.roles.have_banned() => {}
        Some(_) => return Err(Denied::NoBannedRole),
        None => return Err(Denied::Capability(special.unwrap_or(general))),
    }
    facts.require_change(by, from, to)
}
