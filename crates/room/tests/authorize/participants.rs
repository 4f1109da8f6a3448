//! Who adds users to the list, takes them out, bans them, and changes roles.

use comity_room::policy::Denied::*;
use comity_room::{RoleCapability, RoleIndex, Roles};

use crate::commit::{Commit, with};
use crate::{
    ADMIN, BANNED, MEMBER, NONE, Row, allowed, by, by_in, check, denied, granting, lacks, no_change,
    withholding, without_changes,
};

#[test]
fn adding_participants_needs_the_capability_and_the_role_change() {
    check(additions());
}

pub(crate) fn additions() -> Vec<Row> {
    use RoleCapability::{AddParticipant, Ban};
    let only_bans = |actor| by_in(actor, ADMIN, |role| role.capabilities = [Ban].into());
    vec![
        allowed(
            "an admin adds a member",
            by("alice")
                .lists("zoe", MEMBER)
                .adds_client("zoe")
                .adds_client("zoe"),
        ),
        allowed("an admin adds an admin", by("alice").lists("zoe", ADMIN)),
        allowed("an admin bans a stranger", by("alice").lists("zoe", BANNED)),
        allowed(
            "canBan suffices to ban a stranger",
            only_bans("alice").lists("zoe", BANNED),
        ),
        denied(
            "canBan does not suffice to add one",
            only_bans("alice").lists("zoe", MEMBER),
            lacks(AddParticipant),
        ),
        denied(
            "a member adds",
            by("bob").lists("zoe", MEMBER),
            lacks(AddParticipant),
        ),
        allowed(
            "an admin's proposal, committed by a member",
            by("bob").lists("zoe", MEMBER).entry_proposed_by("zoe", "alice"),
        ),
        denied(
            "a member's proposal, committed by an admin",
            by("alice").lists("zoe", MEMBER).entry_proposed_by("zoe", "bob"),
            lacks(AddParticipant),
        ),
        denied(
            "the capability without the role change",
            granting("bob", MEMBER, AddParticipant).lists("zoe", MEMBER),
            no_change(NONE, MEMBER),
        ),
        denied(
            "the role change without the capability",
            by_in("bob", MEMBER, |role| {
                role.role_changes.push((RoleIndex(NONE), vec![RoleIndex(MEMBER)]))
            })
            .lists("zoe", MEMBER),
            lacks(AddParticipant),
        ),
        denied(
            "a role that there is not",
            by("alice").lists("zoe", 9),
            UnknownRole(RoleIndex(9)),
        ),
    ]
}

#[test]
fn removing_participants_needs_the_capability_and_the_role_change() {
    check(removals());
}

pub(crate) fn removals() -> Vec<Row> {
    use RoleCapability::RemoveParticipant;
    vec![
        allowed(
            "an admin removes a member and its client",
            by("alice").unlists("cathy").removes_client("cathy"),
        ),
        allowed(
            "an admin removes an inactive member",
            by("alice").unlists("diana"),
        ),
        allowed("an admin forgets a banned user", by("alice").unlists("mallory")),
        denied(
            "a member removes a member",
            by("bob").unlists("cathy").removes_client("cathy"),
            lacks(RemoveParticipant),
        ),
        denied(
            "the capability without the role change",
            by_in("bob", MEMBER, |role| {
                role.capabilities.insert(RemoveParticipant);
                role.role_changes = vec![];
            })
            .unlists("cathy")
            .removes_client("cathy"),
            no_change(MEMBER, NONE),
        ),
        allowed(
            "the clients that an admin's removal leaves, removed by the committer",
            by("bob")
                .unlists("cathy")
                .entry_proposed_by("cathy", "alice")
                .removes_client("cathy"),
        ),
    ]
}

#[test]
fn users_leave_by_their_own_proposals() {
    check(leaving());
}

pub(crate) fn leaving() -> Vec<Row> {
    use RoleCapability::{RemoveOwnClient, RemoveParticipant, RemoveSelf};
    let bound = |actor| withholding(actor, MEMBER, RemoveSelf);
    let held = |actor| withholding(actor, MEMBER, RemoveOwnClient);
    let goes = |commit: Commit| commit.unlists("cathy").removes_client_for("cathy", "cathy");
    vec![
        allowed(
            "with list entry and client, committed by a member",
            goes(by("bob")).entry_proposed_by("cathy", "cathy"),
        ),
        allowed(
            "with the client alone: stays listed",
            by("bob").removes_client_for("cathy", "cathy"),
        ),
        allowed(
            "with one of two clients: stays listed and active",
            by("alice").removes_client_for("bob", "bob"),
        ),
        allowed(
            "with the client, dropped from the list by a plain member",
            goes(by("bob")),
        ),
        denied(
            "with all clients but one",
            by("alice")
                .unlists("bob")
                .entry_proposed_by("bob", "bob")
                .removes_client_for("bob", "bob"),
            ClientsRemain,
        ),
        allowed(
            "with one client by itself and one by the committer",
            by("cathy")
                .unlists("bob")
                .entry_proposed_by("bob", "bob")
                .removes_client_for("bob", "bob")
                .removes_client("bob"),
        ),
        denied(
            "dropped from the list by a plain member who removes a client",
            by("cathy")
                .unlists("bob")
                .removes_client_for("bob", "bob")
                .removes_client("bob"),
            lacks(RemoveParticipant),
        ),
        denied(
            "dropped from the list without having had a client",
            by("bob").unlists("diana"),
            lacks(RemoveParticipant),
        ),
        denied(
            "without canRemoveSelf",
            goes(bound("bob")).entry_proposed_by("cathy", "cathy"),
            lacks(RemoveSelf),
        ),
        denied(
            "without canRemoveSelf, dropped by the committer",
            goes(bound("bob")),
            lacks(RemoveSelf),
        ),
        allowed("without canRemoveSelf, dropped by an admin", goes(bound("alice"))),
        denied(
            "without canRemoveOwnClient, with one client",
            held("bob").removes_client_for("cathy", "cathy"),
            lacks(RemoveOwnClient),
        ),
        allowed(
            "without canRemoveOwnClient, altogether",
            goes(held("bob")).entry_proposed_by("cathy", "cathy"),
        ),
        denied("in one's own commit", by("cathy").unlists("cathy"), ClientsRemain),
        allowed(
            "as the last admin",
            by("bob")
                .unlists("alice")
                .entry_proposed_by("alice", "alice")
                .removes_client_for("alice", "alice"),
        ),
        denied(
            "without the role change",
            goes(without_changes("bob", MEMBER)).entry_proposed_by("cathy", "cathy"),
            no_change(MEMBER, NONE),
        ),
        allowed(
            "one's other client, in one's own commit",
            by("bob").removes_client("bob"),
        ),
    ]
}

#[test]
fn bans_need_role_1_by_its_name() {
    check(bans());
}

pub(crate) fn bans() -> Vec<Row> {
    use RoleCapability::{AddParticipant, Ban, ChangeUserRole, Kick, Unban};
    let only = |capability, actor| by_in(actor, ADMIN, |role| role.capabilities = [capability].into());
    let elsewhere = |capability, actor| {
        by_in(actor, ADMIN, |role| role.capabilities = [capability].into()).under(with(
            &with(&Roles::standard(), ADMIN, |role| {
                role.capabilities = [capability].into()
            }),
            BANNED,
            |role| {
                role.name = "guest".to_owned();
                role.max_active = None;
            },
        ))
    };
    vec![
        allowed(
            "a ban takes the clients along",
            by("alice").lists("cathy", BANNED).removes_client("cathy"),
        ),
        denied(
            "a ban, by a member",
            by("bob").lists("cathy", BANNED).removes_client("cathy"),
            lacks(Ban),
        ),
        allowed(
            "a ban, with canBan alone",
            only(Ban, "alice").lists("cathy", BANNED).removes_client("cathy"),
        ),
        allowed(
            "a ban, with canChangeUserRole alone, of an inactive user",
            only(ChangeUserRole, "alice").lists("diana", BANNED),
        ),
        denied(
            "a ban, with canChangeUserRole alone, of an active user",
            only(ChangeUserRole, "alice")
                .lists("cathy", BANNED)
                .removes_client("cathy"),
            lacks(Kick),
        ),
        denied(
            "a ban, where role 1 is something else",
            elsewhere(Ban, "alice").lists("diana", BANNED),
            NoBannedRole,
        ),
        allowed(
            "role 1, where it is something else",
            elsewhere(ChangeUserRole, "alice").lists("cathy", BANNED),
        ),
        denied(
            "a ban, without the role change",
            without_changes("alice", ADMIN).lists("diana", BANNED),
            no_change(MEMBER, BANNED),
        ),
        allowed("an unban", by("alice").lists("mallory", MEMBER)),
        allowed(
            "an unban, with canUnban alone",
            only(Unban, "alice").lists("mallory", MEMBER),
        ),
        denied(
            "an unban, by a member",
            by("bob").lists("mallory", MEMBER),
            lacks(Unban),
        ),
        denied(
            "an unban, where role 1 is something else",
            elsewhere(Unban, "alice").lists("mallory", MEMBER),
            NoBannedRole,
        ),
        denied(
            "an unban that brings clients back",
            only(Unban, "alice")
                .lists("mallory", MEMBER)
                .adds_client("mallory"),
            lacks(AddParticipant),
        ),
    ]
}

#[test]
fn role_changes_are_those_that_the_role_lists() {
    check(role_changes());
}

pub(crate) fn role_changes() -> Vec<Row> {
    use RoleCapability::{ChangeOwnRole, ChangeUserRole};
    let ambitious = |actor| granting(actor, MEMBER, ChangeOwnRole);
    vec![
        allowed("an admin promotes", by("alice").lists("bob", ADMIN)),
        allowed(
            "an admin demotes an admin",
            Commit::by(
                "alice",
                &Roles::standard(),
                &[("alice", ADMIN, 1), ("eric", ADMIN, 1)],
            )
            .lists("eric", MEMBER),
        ),
        denied(
            "a member promotes",
            by("bob").lists("cathy", ADMIN),
            lacks(ChangeUserRole),
        ),
        denied(
            "a member promotes itself",
            by("bob").lists("bob", ADMIN),
            lacks(ChangeOwnRole),
        ),
        denied(
            "an admin demotes itself",
            by("alice").lists("alice", MEMBER),
            lacks(ChangeOwnRole),
        ),
        denied(
            "without the role change",
            without_changes("alice", ADMIN).lists("bob", ADMIN),
            no_change(MEMBER, ADMIN),
        ),
        allowed(
            "its own, preauthorised",
            ambitious("bob").preauthorized_for(ADMIN).lists("bob", ADMIN),
        ),
        denied(
            "its own, not preauthorised",
            ambitious("bob").lists("bob", ADMIN),
            NotPreauthorized(RoleIndex(ADMIN)),
        ),
        denied(
            "its own, preauthorised for another",
            ambitious("bob").preauthorized_for(4).lists("bob", ADMIN),
            NotPreauthorized(RoleIndex(ADMIN)),
        ),
        denied(
            "its own by a proposal: the preauthorisation is the committer's",
            ambitious("cathy")
                .preauthorized_for(ADMIN)
                .lists("bob", ADMIN)
                .entry_proposed_by("bob", "bob"),
            NotPreauthorized(RoleIndex(ADMIN)),
        ),
        denied(
            "to a role that there is not",
            by("alice").lists("bob", 7),
            UnknownRole(RoleIndex(7)),
        ),
        denied(
            "one good and one bad",
            by("alice").lists("bob", ADMIN).lists("alice", MEMBER),
            lacks(ChangeOwnRole),
        ),
    ]
}
