//! Whose clients are in the group, who commits, joins, and kicks.

use comity_room::policy::Denied::*;
use comity_room::{RoleCapability, RoleIndex};

use crate::{
    ADMIN, BANNED, MEMBER, NONE, Row, allowed, by, by_in, check, denied, granting, lacks, no_change,
    withholding, without_changes,
};

#[test]
fn a_committer_is_in_the_room() {
    check(committers());
}

pub(crate) fn committers() -> Vec<Row> {
    vec![
        allowed("a member rotates its keys", by("bob")),
        denied("a stranger commits", by("eve"), NotInRoom),
        denied("a participant without clients commits", by("diana"), NotInRoom),
        denied("a banned user commits", by("mallory"), NotInRoom),
        denied(
            "an external commit that brings no client",
            by("bob").externally_without_client(),
            NotInRoom,
        ),
        denied(
            "an external commit that brings somebody else's client",
            by("alice").externally_without_client().adds_client("diana"),
            NotInRoom,
        ),
        denied(
            "an external commit whose client does not stay",
            by("zoe").externally().removes_client("zoe"),
            NotInRoom,
        ),
        denied(
            "a stranger's proposal",
            by("alice").lists("zoe", MEMBER).entry_proposed_by("zoe", "eve"),
            NotInRoom,
        ),
    ]
}

#[test]
fn every_client_belongs_to_a_participant_who_is_not_banned() {
    check(members());
}

pub(crate) fn members() -> Vec<Row> {
    vec![
        denied(
            "a client of nobody listed",
            by("alice").adds_client("zoe"),
            UserNotListed,
        ),
        allowed(
            "a client together with its user",
            by("alice").lists("zoe", MEMBER).adds_client("zoe"),
        ),
        denied(
            "a client of a banned user",
            by("alice").adds_client("mallory"),
            BannedClient,
        ),
        allowed("a user without its removed clients", by("alice").unlists("diana")),
        denied(
            "a user whose clients stay",
            by("alice").unlists("bob"),
            ClientsRemain,
        ),
        denied(
            "a user one of whose clients stays",
            by("alice").unlists("bob").removes_client("bob"),
            ClientsRemain,
        ),
        denied(
            "a ban whose clients stay",
            by("alice").lists("cathy", BANNED),
            BannedClient,
        ),
        denied(
            "a leaf that turns into another user's",
            by("bob").turns_client("bob", "alice"),
            ClientsUnaccounted,
        ),
    ]
}

#[test]
fn clients_are_added_by_their_user_or_by_who_could_add_the_user() {
    check(added_clients());
}

pub(crate) fn added_clients() -> Vec<Row> {
    use RoleCapability::{AddOwnClient, AddParticipant, RemoveOwnClient};
    let alone = |actor| withholding(actor, MEMBER, AddOwnClient);
    vec![
        allowed("an own client, by a member", by("bob").adds_client("bob")),
        denied(
            "an own client, without the capability",
            alone("bob").adds_client("bob"),
            lacks(AddOwnClient),
        ),
        allowed(
            "an own client, proposed by oneself and committed by another",
            by("cathy").adds_client_for("bob", "bob"),
        ),
        allowed("an own client, by an external commit", by("bob").externally()),
        allowed(
            "the first own client, by an external commit",
            by("diana").externally(),
        ),
        denied(
            "an external commit without the capability",
            alone("bob").externally(),
            lacks(AddOwnClient),
        ),
        denied(
            "an external commit of a banned user",
            by("mallory").externally(),
            BannedClient,
        ),
        allowed(
            "an external commit that replaces a client",
            by("cathy").externally().removes_client("cathy"),
        ),
        allowed(
            "an external commit that replaces a client, without the capability to remove it",
            withholding("cathy", MEMBER, RemoveOwnClient)
                .externally()
                .removes_client("cathy"),
        ),
        denied(
            "an external commit with a SelfRemove by someone without the capability",
            withholding("bob", MEMBER, RemoveOwnClient)
                .externally()
                .removes_client_for("cathy", "cathy"),
            lacks(RemoveOwnClient),
        ),
        allowed(
            "a client of a listed user, by an admin",
            by("alice").adds_client("diana"),
        ),
        denied(
            "a client of a listed user, by a member",
            by("bob").adds_client("diana"),
            lacks(AddParticipant),
        ),
        denied(
            "a client of a new user, by someone else than who lists it",
            by("alice").lists("zoe", MEMBER).adds_client_for("zoe", "bob"),
            lacks(AddParticipant),
        ),
        denied(
            "a client of a user in a role that one could not add",
            without_changes("alice", ADMIN).adds_client("diana"),
            no_change(NONE, MEMBER),
        ),
    ]
}

#[test]
fn strangers_join_only_where_role_0_or_preauthorization_lets_them() {
    check(joins());
}

pub(crate) fn joins() -> Vec<Row> {
    use RoleCapability::{JoinIfPreauthorized, OpenJoin};
    let open = |actor: &str| {
        by_in(actor, NONE, |role| {
            role.capabilities.insert(OpenJoin);
            role.role_changes = vec![(RoleIndex(NONE), vec![RoleIndex(MEMBER)])];
        })
    };
    let preauthorizing = |actor| granting(actor, MEMBER, JoinIfPreauthorized);
    vec![
        allowed("into an open room", open("zoe").externally().lists("zoe", MEMBER)),
        denied(
            "into an open room, as admin",
            open("zoe").externally().lists("zoe", ADMIN),
            no_change(NONE, ADMIN),
        ),
        denied(
            "into an open room, not listing oneself",
            open("zoe").externally(),
            UserNotListed,
        ),
        denied(
            "into an open room, bringing a friend",
            open("zoe")
                .externally()
                .lists("zoe", MEMBER)
                .lists("eric", MEMBER),
            NotInRoom,
        ),
        denied(
            "into an open room, without a client",
            open("zoe").lists("zoe", MEMBER),
            NotInRoom,
        ),
        denied(
            "into an open room, by a proposal",
            open("alice").lists("zoe", MEMBER).entry_proposed_by("zoe", "zoe"),
            NotInRoom,
        ),
        denied(
            "into an open room, in somebody else's external commit",
            open("bob")
                .externally()
                .lists("zoe", MEMBER)
                .entry_proposed_by("zoe", "zoe"),
            NotInRoom,
        ),
        denied(
            "into an open room, where one is banned",
            open("mallory").externally().lists("mallory", MEMBER),
            lacks(RoleCapability::ChangeOwnRole),
        ),
        denied(
            "into a closed room",
            by("zoe").externally().lists("zoe", MEMBER),
            lacks(OpenJoin),
        ),
        allowed(
            "preauthorised",
            preauthorizing("zoe")
                .preauthorized_for(MEMBER)
                .externally()
                .lists("zoe", MEMBER),
        ),
        denied(
            "preauthorised for another role",
            preauthorizing("zoe")
                .preauthorized_for(ADMIN)
                .externally()
                .lists("zoe", MEMBER),
            NotPreauthorized(RoleIndex(MEMBER)),
        ),
        denied(
            "not preauthorised",
            preauthorizing("zoe").externally().lists("zoe", MEMBER),
            NotPreauthorized(RoleIndex(MEMBER)),
        ),
        denied(
            "preauthorised for a role without the capability",
            preauthorizing("zoe")
                .preauthorized_for(ADMIN)
                .externally()
                .lists("zoe", ADMIN),
            lacks(OpenJoin),
        ),
        denied(
            "preauthorised, though banned",
            preauthorizing("mallory").preauthorized_for(MEMBER).externally(),
            BannedClient,
        ),
    ]
}

#[test]
fn kicking_needs_the_capability() {
    check(kicks());
}

pub(crate) fn kicks() -> Vec<Row> {
    vec![
        allowed("an admin kicks", by("alice").removes_client("cathy")),
        allowed(
            "an admin kicks one of two clients",
            by("alice").removes_client("bob"),
        ),
        denied(
            "a member kicks",
            by("bob").removes_client("cathy"),
            lacks(RoleCapability::Kick),
        ),
        allowed(
            "an admin's proposal, committed by a member",
            by("bob").removes_client_for("cathy", "alice"),
        ),
        denied(
            "a member's proposal, committed by an admin",
            by("alice").removes_client_for("cathy", "bob"),
            lacks(RoleCapability::Kick),
        ),
    ]
}
