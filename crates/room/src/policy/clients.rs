//! Whose clients may be in the group, and who may add and remove them.
//!
//! See *mimi-protocol*, "Participant List", and *mimi-room-policy*, "Membership Capabilities".

use std::collections::BTreeMap;

use super::facts::Facts;
use super::{ClientChange, Denied};
use crate::{RoleCapability, RoleIndex, UserUri};

/// Checks what the group would become: every client's user is listed and not banned, and every client is
/// accounted for.
pub(super) fn check_members(facts: &Facts<'_>) -> Result<(), Denied> {
    check_accounts(facts)?;
    let roles = facts.change.new_roles.unwrap_or(facts.change.roles);
    let active = facts
        .change
        .active_after
        .iter()
        .filter(|(_, clients)| **clients > 0);
    for (user, _) in active {
        match facts.role_after(user) {
            RoleIndex::NONE if facts.role_before(user) != RoleIndex::NONE => {
                return Err(Denied::ClientsRemain);
            }
            RoleIndex::NONE => return Err(Denied::UserNotListed),
            role if roles.is_banned(role) => return Err(Denied::BannedClient),
            _ => {}
        }
    }
    Ok(())
}

/// Before, and added, is after, and removed, for every user.
fn check_accounts(facts: &Facts<'_>) -> Result<(), Denied> {
    let change = facts.change;
    let mut balance: BTreeMap<&UserUri, i64> = BTreeMap::new();
    let before = change
        .active_before
        .iter()
        .map(|(user, clients)| (user, i64::from(*clients)));
    let after = change
        .active_after
        .iter()
        .map(|(user, clients)| (user, i64::from(*clients).saturating_neg()));
    let added = change.clients_added.iter().map(|added| (added.user, 1));
    let removed = change.clients_removed.iter().map(|removed| (removed.user, -1));
    for (user, clients) in before.chain(after).chain(added).chain(removed) {
        let sum = balance.entry(user).or_default();
        *sum = sum.saturating_add(clients);
    }
    if balance.values().all(|sum| *sum == 0) {
        Ok(())
    } else {
        Err(Denied::ClientsUnaccounted)
    }
}

/// Judges every client that came or left, each on its own.
pub(super) fn authorize(facts: &Facts<'_>) -> Result<(), Denied> {
    facts
        .change
        .clients_added
        .iter()
        .try_for_each(|added| add(facts, added))?;
    facts
        .change
        .clients_removed
        .iter()
        .try_for_each(|removed| remove(facts, removed))
}

fn add(facts: &Facts<'_>, added: &ClientChange<'_>) -> Result<(), Denied> {
    let ClientChange { user, by } = *added;
    if by != user {
        facts.require(by, RoleCapability::AddParticipant)?;
        return facts.require_change(by, RoleIndex::NONE, facts.role_after(user));
    }
    let joins =
        facts.change.external && user == facts.change.actor && facts.role_before(user) == RoleIndex::NONE;
    if joins {
        Ok(())
    } else {
        facts.require(user, RoleCapability::AddOwnClient)
    }
}

fn remove(facts: &Facts<'_>, removed: &ClientChange<'_>) -> Result<(), Denied> {
    let ClientChange { user, by } = *removed;
    let role = facts.role_after(user);
    // The user goes, and that was judged with the participant list: all clients have to go, whoever proposes
    // it.
    if role == RoleIndex::NONE {
        return Ok(());
    }
    // An external commit replaces the committer's old client by the new one.
    let replaced = facts.change.external && user == facts.change.actor;
    if by == user {
        return if replaced {
            Ok(())
        } else {
            facts.require(user, RoleCapability::RemoveOwnClient)
        };
    }
    let bans = facts.change.roles.is_banned(role) && facts.acting_role(by)?.can(RoleCapability::Ban);
    if bans {
        Ok(())
    } else {
        facts.require(by, RoleCapability::Kick)
    }
}
