//! What holds of every commit, whatever the role table.

use comity_room::{RoleCapability, RoleIndex, Roles};
use proptest::prelude::*;

use crate::commit::{Commit, with};
use crate::{ADMIN, BANNED, MEMBER, NONE, PEOPLE};

const NAMES: [&str; 7] = ["alice", "bob", "cathy", "diana", "mallory", "zoe", "eric"];

/// One thing that happens in a commit. Names are positions in [`NAMES`]; the last is who proposed it.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Lists(usize, u32, usize),
    Unlists(usize, usize),
    Adds(usize, usize),
    Removes(usize, usize),
    Requires,
}

fn happen(commit: Commit, happening: Happening) -> Commit {
    match happening {
        Happening::Lists(name, role, by) => commit
            .lists(NAMES[name], role)
            .entry_proposed_by(NAMES[name], NAMES[by]),
        Happening::Unlists(name, by) => commit
            .unlists(NAMES[name])
            .entry_proposed_by(NAMES[name], NAMES[by]),
        Happening::Adds(name, by) => commit.adds_client_for(NAMES[name], NAMES[by]),
        Happening::Removes(name, _) if commit.clients(NAMES[name]) == 0 => commit,
        Happening::Removes(name, by) => commit.removes_client_for(NAMES[name], NAMES[by]),
        Happening::Requires => commit.changes_requirement(),
    }
}

fn any_happening() -> impl Strategy<Value = Happening> {
    // Alice proposes most, so that enough is allowed; and people often act on themselves.
    let by = || prop_oneof![3 => Just(0_usize), 1 => 0..NAMES.len()];
    let name = || 0..NAMES.len();
    prop_oneof![
        (name(), 1..4_u32, by()).prop_map(|(name, role, by)| Happening::Lists(name, role, by)),
        (name(), by()).prop_map(|(name, by)| Happening::Unlists(name, by)),
        (name(), by()).prop_map(|(name, by)| Happening::Adds(name, by)),
        (name(), by()).prop_map(|(name, by)| Happening::Removes(name, by)),
        name().prop_map(|name| Happening::Adds(name, name)),
        name().prop_map(|name| Happening::Removes(name, name)),
        Just(Happening::Requires),
    ]
}

fn any_commit() -> impl Strategy<Value = Commit> {
    let happenings = prop::collection::vec(any_happening(), 0..4);
    (
        0..NAMES.len(),
        any::<bool>(),
        any_capabilities(),
        any_capabilities(),
        happenings,
    )
        .prop_map(|(actor, external, member, admin, happenings)| {
            let roles = with(&Roles::standard(), MEMBER, |role| {
                role.capabilities = member.into_iter().collect()
            });
            let roles = with(&roles, ADMIN, |role| role.capabilities.extend(admin));
            let roles = with(&roles, NONE, |role| {
                role.capabilities.insert(RoleCapability::OpenJoin);
                role.role_changes = vec![(RoleIndex(NONE), vec![RoleIndex(MEMBER)])];
            });
            let commit = Commit::by(NAMES[actor], &roles, &PEOPLE);
            let commit = if external { commit.externally() } else { commit };
            happenings.into_iter().fold(commit, happen)
        })
}

fn any_capabilities() -> impl Strategy<Value = Vec<RoleCapability>> {
    // The block of membership capabilities, without canOpenJoin, and what changes the requirement.
    let values: Vec<u16> = (0..0x12).filter(|value| *value != 4).chain([0x0600]).collect();
    prop::sample::subsequence(values, 0..18)
        .prop_map(|values| values.into_iter().map(RoleCapability::from).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_allowed_commit_leaves_no_client_without_a_place_in_the_list(commit in any_commit()) {
        if commit.verdict().is_ok() {
            prop_assert!(commit.leaves_the_room_sound());
        }
    }

    #[test]
    fn more_capabilities_never_forbid_what_was_allowed(
        commit in any_commit(),
        index in 2..4_u32,
        more in any_capabilities(),
    ) {
        if commit.verdict().is_ok() {
            let roles = with(commit.roles(), index, |role| role.capabilities.extend(more));
            prop_assert_eq!(commit.under(roles).verdict(), Ok(()));
        }
    }

    #[test]
    fn more_role_changes_never_forbid_what_was_allowed(
        commit in any_commit(),
        index in 2..4_u32,
        from in 0..4_u32,
        to in 0..4_u32,
    ) {
        if commit.verdict().is_ok() {
            let more = (RoleIndex(from), vec![RoleIndex(to)]);
            let roles = with(commit.roles(), index, |role| role.role_changes.push(more));
            prop_assert_eq!(commit.under(roles).verdict(), Ok(()));
        }
    }

    #[test]
    fn without_capabilities_nothing_can_change(commit in any_commit()) {
        let powerless = [NONE, BANNED, MEMBER, ADMIN].into_iter().fold(Roles::standard(), |roles, index| {
            with(&roles, index, |role| role.capabilities.clear())
        });
        let commit = commit.under(powerless);
        prop_assert!(commit.verdict().is_err() || commit.changes_nothing());
    }
}
