//! The four rooms that *mimi-room-policy* describes in "Role examples", and what can happen in them.
//!
//! The fixtures hold what the rules ask for: who may add, remove, ban and change whom, and within which
//! limits.

use RoleCapability::{
    AddOwnClient, AddParticipant, Ban, ChangeOwnRole, ChangeRoleDefinitions, ChangeUserRole,
    JoinIfPreauthorized, Kick, ReactToMessage, ReceiveMessage, RemoveOwnClient, RemoveParticipant,
    RemoveSelf, SendMessage, Unban, UseJoinCode,
};
use comity_room::policy::Denied::*;
use comity_room::policy::{Action, may};
use comity_room::{Participant, ParticipantList, Role, RoleCapability, RoleIndex, Roles};

use crate::commit::{Commit, role, user};
use crate::{Row, allowed, check, denied, lacks, no_change};

type Changes = &'static [(u32, &'static [u32])];

const MEMBER: &[RoleCapability] = &[
    AddOwnClient,
    RemoveOwnClient,
    RemoveSelf,
    SendMessage,
    ReceiveMessage,
    ReactToMessage,
];
const JOINS: &[RoleCapability] = &[JoinIfPreauthorized, ChangeOwnRole];
const ADMIN: &[RoleCapability] = &[
    AddParticipant,
    RemoveParticipant,
    Ban,
    Unban,
    Kick,
    ChangeUserRole,
];
const ENFORCER: &[RoleCapability] = &[
    RemoveParticipant,
    ChangeUserRole,
    Ban,
    Unban,
    ChangeRoleDefinitions,
];

/// A role of an example room, by the capabilities of others and its own.
fn made(index: u32, name: &str, capabilities: &[&[RoleCapability]], changes: Changes) -> Role {
    role(index, name, &capabilities.concat(), changes)
}

/// The same role for at least `min` and at most `max` participants.
fn limited(role: Role, min: u32, max: Option<u32>) -> Role {
    Role {
        min_participants: min,
        max_participants: max,
        ..role
    }
}

/// A role whose holders have no clients.
fn without_clients(role: Role) -> Role {
    Role {
        max_active: Some(0),
        ..role
    }
}

fn banned() -> Role {
    without_clients(made(1, "banned", &[], &[]))
}

fn enforcer(index: u32, changes: Changes) -> Role {
    without_clients(limited(
        made(index, "policy_enforcer", &[ENFORCER], changes),
        1,
        Some(2),
    ))
}

const GROUP_ADMIN: Changes = &[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3]), (3, &[0, 1, 2])];
const SUPER_ADMIN: Changes = &[
    (0, &[1, 2, 3, 4]),
    (1, &[0, 2, 3, 4]),
    (2, &[0, 1, 3, 4]),
    (3, &[0, 1, 2, 4]),
    (4, &[0, 1, 2, 3]),
];
const SMALL_ENFORCER: Changes = &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1])];

fn cooperative() -> Roles {
    let adds: &[RoleCapability] = &[AddParticipant, RemoveParticipant];
    Roles::new(vec![
        without_clients(made(0, "no_role", &[], &[])),
        banned(),
        made(2, "ordinary_user", &[MEMBER, adds], &[(0, &[2]), (2, &[0])]),
        limited(made(3, "group_admin", &[MEMBER, ADMIN], GROUP_ADMIN), 1, None),
        made(4, "super_admin", &[MEMBER, ADMIN], SUPER_ADMIN),
        enforcer(5, SMALL_ENFORCER),
    ])
    .unwrap()
}

fn strict() -> Roles {
    Roles::new(vec![
        without_clients(made(0, "no_role", &[&[UseJoinCode]], &[(0, &[2])])),
        banned(),
        made(2, "ordinary_user", &[MEMBER, JOINS], &[(0, &[2]), (2, &[0])]),
        limited(
            made(3, "group_admin", &[MEMBER, JOINS, ADMIN], GROUP_ADMIN),
            1,
            None,
        ),
        made(
            4,
            "super_admin",
            &[MEMBER, JOINS, ADMIN, &[ChangeRoleDefinitions]],
            SUPER_ADMIN,
        ),
        enforcer(5, SMALL_ENFORCER),
    ])
    .unwrap()
}

fn moderated() -> Roles {
    let guest: &[RoleCapability] = &[RemoveSelf, ReceiveMessage, ReactToMessage];
    let attendee = [guest, JOINS, &[AddOwnClient, RemoveOwnClient]].concat();
    let speaker = [attendee.as_slice(), &[SendMessage]].concat();
    Roles::new(vec![
        made(0, "no_role", &[&[UseJoinCode]], &[(0, &[2, 3])]),
        banned(),
        made(2, "guest", &[guest], &[(0, &[2]), (2, &[0])]),
        made(3, "attendee", &[&attendee], &[(0, &[3]), (3, &[0])]),
        made(4, "speaker", &[&speaker], &[(0, &[4]), (4, &[0])]),
        limited(
            made(
                5,
                "moderator",
                &[&speaker, ADMIN],
                &[
                    (0, &[1, 2, 3, 4, 5]),
                    (1, &[0, 2, 3, 4, 5]),
                    (2, &[0, 1, 3, 4, 5]),
                    (3, &[0, 1, 2, 4, 5]),
                    (4, &[0, 1, 2, 3, 5]),
                    (5, &[0, 1, 2, 3, 4]),
                ],
            ),
            1,
            None,
        ),
        enforcer(
            7,
            &[
                (0, &[1]),
                (1, &[0]),
                (2, &[0, 1]),
                (3, &[0, 1]),
                (4, &[0, 1]),
                (5, &[0, 1]),
            ],
        ),
    ])
    .unwrap()
}

fn organizations() -> Roles {
    let admin: &[RoleCapability] = &[AddParticipant, RemoveParticipant, Ban, Kick, ChangeUserRole];
    let per_organization = |role| Role {
        min_active: 1,
        ..limited(role, 1, Some(3))
    };
    Roles::new(vec![
        without_clients(made(0, "no_role", &[], &[])),
        banned(),
        made(2, "org_a_user", &[MEMBER, JOINS], &[(0, &[2]), (2, &[0])]),
        made(3, "org_b_user", &[MEMBER], &[(0, &[3]), (3, &[0])]),
        made(4, "org_c_user", &[MEMBER], &[(0, &[4]), (4, &[0])]),
        per_organization(made(
            5,
            "org_a_admin",
            &[MEMBER, JOINS, admin],
            &[(0, &[2, 5]), (2, &[0, 1, 5]), (5, &[0, 1, 2])],
        )),
        per_organization(made(
            6,
            "org_b_admin",
            &[MEMBER, admin],
            &[(0, &[3, 6]), (3, &[0, 1, 6]), (6, &[0, 1, 3])],
        )),
        per_organization(made(
            7,
            "org_c_admin",
            &[MEMBER, admin],
            &[(0, &[4, 7]), (4, &[0, 1, 7]), (7, &[0, 1, 4])],
        )),
        Role {
            min_active: 1,
            ..limited(
                made(
                    8,
                    "super_admin",
                    &[MEMBER, JOINS, ADMIN],
                    &[
                        (0, &[1, 2, 3, 4, 5, 6, 7, 8]),
                        (1, &[0, 2, 3, 4, 5, 6, 7, 8]),
                        (2, &[0, 1, 5, 8]),
                        (3, &[0, 1, 6]),
                        (4, &[0, 1, 7]),
                        (5, &[0, 1, 2, 8]),
                        (6, &[0, 1, 3]),
                        (7, &[0, 1, 4]),
                        (8, &[0, 1, 2, 5]),
                    ],
                ),
                1,
                None,
            )
        },
        enforcer(
            9,
            &[
                (0, &[1]),
                (1, &[0]),
                (3, &[0, 1]),
                (4, &[0, 1]),
                (5, &[0, 1]),
                (6, &[0, 1]),
                (7, &[0, 1]),
                (8, &[0, 1]),
            ],
        ),
    ])
    .unwrap()
}

/// Every change of an inactive target's role that a holder of `acting` may propose in a room with enough
/// holders of every role.
fn allowed_changes(roles: &Roles, acting: u32) -> Vec<(u32, u32)> {
    let indices: Vec<u32> = roles.iter().map(|role| role.index.0).collect();
    let holders: Vec<(String, u32)> = indices
        .iter()
        .filter(|index| **index != 0)
        .map(|index| (format!("holder{index}"), *index))
        .collect();
    let all = indices
        .iter()
        .flat_map(|from| indices.iter().map(move |to| (*from, *to)))
        .filter(|(from, to)| from != to);
    let is_allowed = |(from, to): &(u32, u32)| {
        let mut people: Vec<(&str, u32, u32)> = holders
            .iter()
            .map(|(name, index)| (name.as_str(), *index, 1))
            .collect();
        people.retain(|(_, index, _)| *index != 1);
        people.push(("actor", acting, 0));
        if *from != 0 {
            people.push(("target", *from, 0));
        }
        let commit = Commit::by("holder2", roles, &people).entry_proposed_by("target", "actor");
        let commit = if *to == 0 {
            commit.unlists("target")
        } else {
            commit.lists("target", *to)
        };
        commit.verdict().is_ok()
    };
    all.filter(is_allowed).collect()
}

/// The changes that the role lists.
fn listed_changes(roles: &Roles, index: u32) -> Vec<(u32, u32)> {
    let role = roles.find(RoleIndex(index)).unwrap();
    role.role_changes
        .iter()
        .flat_map(|(from, to)| to.iter().map(|to| (from.0, to.0)))
        .collect()
}

#[test]
fn who_administers_makes_the_listed_changes_and_nobody_else_any() {
    let rooms = [
        ("cooperative", cooperative(), vec![2, 3, 4, 5]),
        ("strict", strict(), vec![3, 4, 5]),
        ("moderated", moderated(), vec![5, 7]),
        ("organizations", organizations(), vec![5, 6, 7, 8, 9]),
    ];
    for (name, roles, administering) in rooms {
        for index in roles.iter().map(|role| role.index.0).filter(|index| *index != 0) {
            let expected = if administering.contains(&index) {
                listed_changes(&roles, index)
            } else {
                vec![]
            };
            assert_eq!(
                allowed_changes(&roles, index),
                expected,
                "role {index} of the {name} room"
            );
        }
    }
}

#[test]
fn the_example_rooms_live_as_described() {
    check(cooperative_life());
    check(strict_life());
    check(organizations_life());
}

fn cooperative_life() -> Vec<Row> {
    let by = |actor| {
        Commit::by(
            actor,
            &cooperative(),
            &[("oda", 2, 1), ("ola", 2, 1), ("ada", 3, 1)],
        )
    };
    vec![
        allowed(
            "anybody adds a friend",
            by("oda").lists("zoe", 2).adds_client("zoe"),
        ),
        allowed(
            "anybody removes an ordinary user",
            by("oda").unlists("ola").removes_client("ola"),
        ),
        denied(
            "nobody ordinary removes the admin",
            by("oda").unlists("ada").removes_client("ada"),
            no_change(3, 0),
        ),
        denied(
            "nobody ordinary bans",
            by("oda").lists("ola", 1).removes_client("ola"),
            lacks(Ban),
        ),
        denied(
            "the last admin cannot be demoted by itself",
            by("ada").lists("ada", 2),
            lacks(ChangeOwnRole),
        ),
        denied(
            "the last admin leaves, where there must be one, and by a role that may",
            by("oda")
                .unlists("ada")
                .entry_proposed_by("ada", "ada")
                .removes_client_for("ada", "ada"),
            TooFew(RoleIndex(3)),
        ),
    ]
}

fn strict_life() -> Vec<Row> {
    let by = |actor| Commit::by(actor, &strict(), &[("oda", 2, 1), ("ada", 3, 1), ("mal", 1, 0)]);
    vec![
        allowed(
            "employees join preauthorised",
            by("zoe").preauthorized_for(2).externally().lists("zoe", 2),
        ),
        allowed(
            "and as admins",
            by("zoe").preauthorized_for(3).externally().lists("zoe", 3),
        ),
        denied(
            "but only in their role",
            by("zoe").preauthorized_for(2).externally().lists("zoe", 3),
            NotPreauthorized(RoleIndex(3)),
        ),
        denied(
            "and others not at all",
            by("zoe").externally().lists("zoe", 2),
            NotPreauthorized(RoleIndex(2)),
        ),
        denied(
            "nor the banned",
            by("mal").preauthorized_for(2).externally().lists("mal", 2),
            lacks(ChangeOwnRole),
        ),
        allowed(
            "an employee takes up its role",
            by("oda").preauthorized_for(3).lists("oda", 3),
        ),
        denied(
            "nobody ordinary adds",
            by("oda").lists("zoe", 2),
            lacks(AddParticipant),
        ),
    ]
}

fn organizations_life() -> Vec<Row> {
    let people = [
        ("sue", 8, 1),
        ("ann", 5, 1),
        ("ben", 6, 1),
        ("bea", 6, 1),
        ("bob", 3, 1),
        ("cid", 7, 1),
        ("cat", 4, 1),
        ("mal", 1, 0),
    ];
    let by = |actor| Commit::by(actor, &organizations(), &people);
    vec![
        allowed(
            "an admin adds a user of its organization",
            by("ben").lists("zoe", 3),
        ),
        denied("but none of another", by("ben").lists("zoe", 4), no_change(0, 4)),
        denied(
            "and does not ban one of another",
            by("ben").lists("cat", 1).removes_client("cat"),
            no_change(4, 1),
        ),
        allowed(
            "it bans one of its own",
            by("ben").lists("bob", 1).removes_client("bob"),
        ),
        denied("but does not unban", by("ben").lists("mal", 3), no_change(1, 3)),
        allowed("the super admin does", by("sue").lists("mal", 3)),
        allowed("a third admin", by("ben").lists("bob", 6)),
        denied(
            "a fourth admin",
            by("ben").lists("bob", 6).lists("zoe", 6),
            TooMany(RoleIndex(6)),
        ),
        allowed(
            "one of two admins goes",
            by("ben").unlists("bea").removes_client("bea"),
        ),
        denied(
            "the last admin goes",
            by("sue").unlists("cid").removes_client("cid"),
            TooFew(RoleIndex(7)),
        ),
        denied(
            "the last admin is kicked",
            by("sue").removes_client("cid"),
            TooFewActive(RoleIndex(7)),
        ),
    ]
}

#[test]
fn guests_of_a_moderated_room_react_but_do_not_send() {
    let people = [("gus", 2), ("ada", 3), ("sam", 4), ("mal", 1)];
    let list = people.map(|(name, role)| Participant {
        user: user(name),
        role: RoleIndex(role),
    });
    let list = ParticipantList::new(list.into()).unwrap();
    let may = |name, action| may(&moderated(), &list, &user(name), action);
    for name in ["gus", "ada"] {
        assert!(
            may(name, Action::React) && may(name, Action::Receive) && !may(name, Action::Send),
            "{name}"
        );
    }
    assert!(may("sam", Action::Send));
    assert!(!may("mal", Action::Receive) && !may("eve", Action::Receive));
}
