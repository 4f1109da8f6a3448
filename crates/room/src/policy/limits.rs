//! How many participants may hold a role, and how many of them may be active.
//!
//! A limit binds the commit that moves a count towards it. A room that is beyond a limit already, for
//! instance one that was just created and lacks an admin it should have, is not frozen by it.
//!
//! See *mimi-room-policy*, "Role-Based Access Control".

use std::collections::BTreeMap;

use super::Denied;
use super::facts::Facts;
use crate::{ParticipantList, Role, RoleIndex, UserUri};

/// Checks every role whose counts change.
pub(super) fn check(facts: &Facts<'_>) -> Result<(), Denied> {
    let before = count(facts.change.before, |user| facts.clients_before(user));
    let after = count(facts.change.after, |user| facts.clients_after(user));
    for role in facts.change.roles {
        let held = |counts: &BTreeMap<RoleIndex, Held>| counts.get(&role.index).copied().unwrap_or_default();
        check_role(role, held(&before), held(&after))?;
    }
    Ok(())
}

/// How many hold a role.
#[derive(Clone, Copy, Default)]
struct Held {
    participants: u32,
    active: u32,
}

fn count(participants: &ParticipantList, clients: impl Fn(&UserUri) -> u32) -> BTreeMap<RoleIndex, Held> {
    let mut counts: BTreeMap<RoleIndex, Held> = BTreeMap::new();
    for participant in participants {
        let held = counts.entry(participant.role).or_default();
        held.participants = held.participants.saturating_add(1);
        held.active = held
            .active
            .saturating_add(u32::from(clients(&participant.user) > 0));
    }
    counts
}

fn check_role(role: &Role, before: Held, after: Held) -> Result<(), Denied> {
    let (fewer, more) = (
        after.participants < before.participants,
        after.participants > before.participants,
    );
    let (fewer_active, more_active) = (after.active < before.active, after.active > before.active);
    let over = |count: u32, max: Option<u32>| max.is_some_and(|max| count > max);
    let broken = [
        (
            fewer && after.participants < role.min_participants,
            Denied::TooFew(role.index),
        ),
        (
            more && over(after.participants, role.max_participants),
            Denied::TooMany(role.index),
        ),
        (
            fewer_active && after.active < role.min_active,
            Denied::TooFewActive(role.index),
        ),
        (
            more_active && over(after.active, role.max_active),
            Denied::TooManyActive(role.index),
        ),
    ];
    broken
        .into_iter()
        .find(|(broken, _)| *broken)
        .map_or(Ok(()), |(_, denied)| Err(denied))
}
