//! Which commits the room's roles allow: every rule once allowed, once denied; the drafts' rooms; and laws.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by #[test], but not what helps them"
)]

mod clients;
mod commit;
mod components;
mod example_rooms;
mod laws;
mod participants;

use std::collections::{BTreeMap, BTreeSet};

use comity_room::policy::Denied::{self, *};
use comity_room::policy::{self, Change};
use comity_room::{Participant, ParticipantList, Role, RoleCapability, RoleIndex, Roles};
use commit::{Commit, with};

const NONE: u32 = 0;
const BANNED: u32 = 1;
const MEMBER: u32 = 2;
const ADMIN: u32 = 3;

/// Name, role and clients: bob has two clients, diana none.
const PEOPLE: [(&str, u32, u32); 5] = [
    ("alice", ADMIN, 1),
    ("bob", MEMBER, 2),
    ("cathy", MEMBER, 1),
    ("diana", MEMBER, 0),
    ("mallory", BANNED, 0),
];

/// A commit in the standard room.
fn by(actor: &str) -> Commit {
    Commit::by(actor, &Roles::standard(), &PEOPLE)
}

/// A commit in the standard room with one role altered.
fn by_in(actor: &str, index: u32, alter: impl FnOnce(&mut Role)) -> Commit {
    Commit::by(actor, &with(&Roles::standard(), index, alter), &PEOPLE)
}

/// A commit in the standard room with one capability more in one role.
fn granting(actor: &str, index: u32, capability: RoleCapability) -> Commit {
    by_in(actor, index, |role| assert!(role.capabilities.insert(capability)))
}

/// A commit in the standard room with one capability less in one role.
fn withholding(actor: &str, index: u32, capability: RoleCapability) -> Commit {
    by_in(actor, index, |role| {
        assert!(role.capabilities.remove(&capability))
    })
}

/// A commit in the standard room with one role that may change no roles.
fn without_changes(actor: &str, index: u32) -> Commit {
    by_in(actor, index, |role| role.role_changes.clear())
}

/// What happens, in words and as a commit, and the verdict.
type Row = (&'static str, Commit, Result<(), Denied>);

const fn allowed(what: &'static str, commit: Commit) -> Row {
    (what, commit, Ok(()))
}

const fn denied(what: &'static str, commit: Commit, verdict: Denied) -> Row {
    (what, commit, Err(verdict))
}

const fn lacks(capability: RoleCapability) -> Denied {
    Capability(capability)
}

const fn no_change(from: u32, to: u32) -> Denied {
    RoleChange {
        from: RoleIndex(from),
        to: RoleIndex(to),
    }
}

fn check(rows: Vec<Row>) {
    for (what, commit, verdict) in rows {
        assert_eq!(commit.verdict(), verdict, "{what}");
    }
}

#[test]
fn changing_nothing_needs_no_capability() {
    let roles = with(&Roles::standard(), MEMBER, |role| role.capabilities.clear());
    let bob = commit::user("bob");
    let list = ParticipantList::new(vec![Participant {
        user: bob.clone(),
        role: Roles::MEMBER,
    }])
    .unwrap();
    let active = BTreeMap::from([(bob.clone(), 1)]);
    assert_eq!(
        policy::authorize(&Change::nothing(&bob, &roles, &list, &active)),
        Ok(())
    );
}

/// Were the table read for each of them, this would take minutes.
#[test]
fn a_long_table_is_not_read_for_every_participant() {
    let roles = with(&Roles::standard(), ADMIN, |role| {
        let never = (RoleIndex(7), vec![RoleIndex(8)]);
        role.role_changes.splice(0..0, vec![never; 1_000_000]);
    });
    let list = |role| {
        let first = (commit::user("alice"), Roles::ADMIN);
        let others = (0..99_999).map(|n| (commit::user(&n.to_string()), role));
        let participants = std::iter::once(first).chain(others);
        ParticipantList::new(
            participants
                .map(|(user, role)| Participant { user, role })
                .collect(),
        )
        .unwrap()
    };
    let (alice, before, after) = (commit::user("alice"), list(Roles::MEMBER), list(Roles::ADMIN));
    let active = BTreeMap::from([(alice.clone(), 1)]);
    let mut change = Change::nothing(&alice, &roles, &before, &active);
    change.after = &after;
    assert_eq!(policy::authorize(&change), Ok(()));
}

#[test]
fn the_tables_reach_every_verdict_and_each_has_its_own_code() {
    let tables = [
        clients::committers(),
        clients::members(),
        participants::additions(),
        clients::added_clients(),
        clients::joins(),
        participants::removals(),
        participants::leaving(),
        clients::kicks(),
        participants::bans(),
        participants::role_changes(),
        components::limits(),
        components::role_tables(),
        components::components(),
        components::metadata(),
    ];
    let reached: BTreeSet<&str> = tables
        .iter()
        .flatten()
        .filter_map(|(_, _, verdict)| verdict.err())
        .map(|denied| denied.code())
        .collect();
    let codes = [
        "metadata_avatar",
        "metadata_nul",
        "policy_banned_client",
        "policy_capability_missing",
        "policy_clients_remain",
        "policy_clients_unaccounted",
        "policy_no_banned_role",
        "policy_not_in_room",
        "policy_not_preauthorized",
        "policy_preauthorized_with_participants",
        "policy_role_change",
        "policy_roles_with_participants",
        "policy_room_uri",
        "policy_too_few",
        "policy_too_few_active",
        "policy_too_many",
        "policy_too_many_active",
        "policy_unknown_role",
        "policy_user_not_listed",
    ];
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), codes);
}
