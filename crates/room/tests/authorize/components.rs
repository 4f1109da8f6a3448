//! Limits of roles, and who may change what else a room consists of.

use comity_room::policy::Denied::*;
use comity_room::{MetadataError, RichDescription, Role, RoleCapability, RoleIndex, Roles, RoomMetadata};

use crate::commit::{Commit, role, with};
use crate::{ADMIN, BANNED, MEMBER, Row, allowed, by, by_in, check, denied, granting, lacks, withholding};

#[test]
fn limits_bind_the_commit_that_moves_towards_them() {
    check(limits());
}

pub(crate) fn limits() -> Vec<Row> {
    let members = |alter: fn(&mut Role)| by_in("alice", MEMBER, alter);
    let leaves = |commit: Commit| commit.unlists("cathy").removes_client("cathy");
    vec![
        // Three members, of whom two are active.
        allowed(
            "at the most",
            members(|role| role.max_participants = Some(4)).lists("zoe", MEMBER),
        ),
        denied(
            "beyond the most",
            members(|role| role.max_participants = Some(3)).lists("zoe", MEMBER),
            TooMany(RoleIndex(MEMBER)),
        ),
        allowed("at the fewest", leaves(members(|role| role.min_participants = 2))),
        denied(
            "below the fewest",
            leaves(members(|role| role.min_participants = 3)),
            TooFew(RoleIndex(MEMBER)),
        ),
        allowed(
            "at the most active",
            members(|role| role.max_active = Some(3)).adds_client("diana"),
        ),
        denied(
            "beyond the most active",
            members(|role| role.max_active = Some(2)).adds_client("diana"),
            TooManyActive(RoleIndex(MEMBER)),
        ),
        allowed(
            "a second client makes nobody more active",
            members(|role| role.max_active = Some(2)).adds_client("cathy"),
        ),
        allowed(
            "at the fewest active",
            members(|role| role.min_active = 1).removes_client("cathy"),
        ),
        denied(
            "below the fewest active",
            members(|role| role.min_active = 2).removes_client("cathy"),
            TooFewActive(RoleIndex(MEMBER)),
        ),
        allowed(
            "one of two clients leaves its user active",
            members(|role| role.min_active = 2).removes_client("bob"),
        ),
        denied(
            "below the fewest active, by a SelfRemove",
            by_in("alice", MEMBER, |role| role.min_active = 2).removes_client_for("cathy", "cathy"),
            TooFewActive(RoleIndex(MEMBER)),
        ),
        denied(
            "no clients allowed",
            by_in("alice", MEMBER, |role| role.max_active = Some(0)).adds_client("diana"),
            TooManyActive(RoleIndex(MEMBER)),
        ),
        allowed(
            "one goes, one comes",
            members(|role| (role.min_participants, role.max_participants) = (3, Some(3)))
                .unlists("diana")
                .lists("zoe", MEMBER),
        ),
        denied(
            "a promotion counts in both roles",
            by_in("alice", ADMIN, |role| role.max_participants = Some(1)).lists("bob", ADMIN),
            TooMany(RoleIndex(ADMIN)),
        ),
        allowed(
            "a room below the fewest is not frozen",
            members(|role| role.min_participants = 9).lists("zoe", MEMBER),
        ),
        allowed(
            "a room beyond the most is not frozen",
            leaves(members(|role| role.max_participants = Some(1))),
        ),
        allowed(
            "a room beyond the most may rotate keys",
            members(|role| {
                (role.max_active, role.min_active) = (Some(0), 9);
                (role.max_participants, role.min_participants) = (Some(0), 9);
            }),
        ),
    ]
}

#[test]
fn role_tables_and_participants_change_apart() {
    check(role_tables());
}

pub(crate) fn role_tables() -> Vec<Row> {
    let standard = Roles::standard();
    let silent = with(&standard, MEMBER, |role| role.capabilities.clear());
    let fewer = Roles::new(
        standard
            .iter()
            .filter(|role| role.index.0 != BANNED)
            .cloned()
            .collect(),
    )
    .unwrap();
    let swallowing = Roles::new(
        standard
            .iter()
            .filter(|role| role.index.0 != MEMBER)
            .cloned()
            .chain([role(MEMBER, "x", &[], &[])])
            .collect(),
    );
    vec![
        allowed("an admin defines roles", by("alice").defines_roles(&silent)),
        allowed(
            "an admin defines the same roles again",
            by("alice").defines_roles(&standard),
        ),
        denied(
            "a member defines roles",
            by("bob").defines_roles(&silent),
            lacks(RoleCapability::ChangeRoleDefinitions),
        ),
        allowed(
            "an admin's proposal, committed by a member",
            by("bob").defines_roles(&silent).components_proposed_by("alice"),
        ),
        denied(
            "a member's proposal, committed by an admin",
            by("alice").defines_roles(&silent).components_proposed_by("bob"),
            lacks(RoleCapability::ChangeRoleDefinitions),
        ),
        denied(
            "with a participant added",
            by("alice").defines_roles(&standard).lists("zoe", MEMBER),
            RolesWithParticipants,
        ),
        denied(
            "with a participant removed",
            by("alice").defines_roles(&standard).unlists("diana"),
            RolesWithParticipants,
        ),
        denied(
            "with a role changed",
            by("alice").defines_roles(&standard).lists("bob", ADMIN),
            RolesWithParticipants,
        ),
        allowed(
            "with a client added",
            by("alice").defines_roles(&standard).adds_client("diana"),
        ),
        denied(
            "that lack a role somebody holds",
            by("alice").defines_roles(&fewer),
            UnknownRole(RoleIndex(BANNED)),
        ),
        allowed(
            "that keep every role somebody holds",
            by("alice").defines_roles(&swallowing.unwrap()),
        ),
        denied(
            "that make a role with clients the banned one",
            Commit::by(
                "alice",
                &with(&standard, BANNED, |role| role.name = "guest".to_owned()),
                &[("alice", ADMIN, 1), ("gus", BANNED, 1)],
            )
            .defines_roles(&standard),
            BannedClient,
        ),
    ]
}

#[test]
fn other_components_change_by_their_capabilities() {
    check(components());
}

pub(crate) fn components() -> Vec<Row> {
    use RoleCapability::{
        ChangeMlsOperationalPolicies, ChangeOtherPolicyAttribute, ChangePreauthorizedUserList,
    };
    vec![
        allowed(
            "an admin changes the requirement",
            by("alice").changes_requirement(),
        ),
        denied(
            "a member changes the requirement",
            by("bob").changes_requirement(),
            lacks(ChangeMlsOperationalPolicies),
        ),
        allowed(
            "a member commits an admin's requirement",
            by("bob").changes_requirement().components_proposed_by("alice"),
        ),
        allowed(
            "an admin changes other policy",
            by("alice").changes_other_policy(),
        ),
        denied(
            "a member changes other policy",
            by("bob").changes_other_policy(),
            lacks(ChangeOtherPolicyAttribute),
        ),
        allowed(
            "an admin changes who is preauthorised",
            by("alice").changes_preauthorized_list(),
        ),
        denied(
            "a member changes who is preauthorised",
            by("bob").changes_preauthorized_list(),
            lacks(ChangePreauthorizedUserList),
        ),
        allowed(
            "preauthorised users, with a removal",
            by("alice").changes_preauthorized_list().unlists("diana"),
        ),
        denied(
            "preauthorised users, with an addition",
            by("alice").changes_preauthorized_list().lists("zoe", MEMBER),
            PreauthorizedWithParticipants,
        ),
        denied(
            "preauthorised users, with a role change",
            by("alice").changes_preauthorized_list().lists("bob", ADMIN),
            PreauthorizedWithParticipants,
        ),
    ]
}

#[test]
fn metadata_changes_field_by_field() {
    check(metadata());
}

pub(crate) fn metadata() -> Vec<Row> {
    use RoleCapability::{
        ChangeRoomAvatar, ChangeRoomDescription, ChangeRoomMood, ChangeRoomName, ChangeRoomSubject,
    };
    let old = RoomMetadata {
        room_uri: "mimi://a.example/r/club".to_owned(),
        name: "Club".to_owned(),
        ..Default::default()
    };
    let altered = |alter: fn(&mut RoomMetadata)| {
        let mut new = old.clone();
        alter(&mut new);
        Some(new)
    };
    let described = |new: &mut RoomMetadata| {
        let content = b"A club".to_vec();
        new.description.push(RichDescription {
            media_type: String::new(),
            language_tag: "en".to_owned(),
            content,
        });
    };
    let fields: [(&'static str, RoleCapability, Option<RoomMetadata>); 5] = [
        (
            "the name",
            ChangeRoomName,
            altered(|new| new.name = "House".to_owned()),
        ),
        ("the description", ChangeRoomDescription, altered(described)),
        (
            "the avatar",
            ChangeRoomAvatar,
            altered(|new| new.avatar = "https://a.example/1.png".to_owned()),
        ),
        (
            "the subject",
            ChangeRoomSubject,
            altered(|new| new.subject = "Supper".to_owned()),
        ),
        (
            "the mood",
            ChangeRoomMood,
            altered(|new| new.mood = "merry".to_owned()),
        ),
    ];
    let mut rows: Vec<Row> = Vec::new();
    for (what, capability, new) in fields {
        let only = |commit: Commit| commit.changes_metadata(Some(old.clone()), new.clone());
        rows.extend([
            allowed(what, only(by("alice"))),
            denied(what, only(by("bob")), lacks(capability)),
            allowed(what, only(by("bob")).components_proposed_by("alice")),
            denied(
                what,
                only(by("alice")).components_proposed_by("bob"),
                lacks(capability),
            ),
            allowed(what, only(granting("bob", MEMBER, capability))),
            denied(
                what,
                only(withholding("alice", ADMIN, capability)),
                lacks(capability),
            ),
        ]);
    }
    let from = |old: Option<&RoomMetadata>, new| by("alice").changes_metadata(old.cloned(), new);
    let namer = |new| granting("bob", MEMBER, ChangeRoomName).changes_metadata(None, Some(new));
    rows.extend([
        allowed(
            "the same again",
            by("bob").changes_metadata(Some(old.clone()), Some(old.clone())),
        ),
        allowed("all of it, for the first time", from(None, altered(described))),
        allowed("a name, for the first time", namer(old.clone())),
        denied(
            "more than a name, for the first time",
            namer(altered(described).unwrap()),
            lacks(ChangeRoomDescription),
        ),
        denied(
            "the room's URI",
            from(Some(&old), altered(|new| new.room_uri.push('2'))),
            RoomUri,
        ),
        denied("all of it away", from(Some(&old), None), RoomUri),
        denied(
            "a name with a NUL",
            from(Some(&old), altered(|new| new.name.push('\0'))),
            Metadata(MetadataError::Nul),
        ),
        denied(
            "an avatar without TLS",
            from(
                Some(&old),
                altered(|new| new.avatar = "http://a.example/".to_owned()),
            ),
            Metadata(MetadataError::Avatar),
        ),
    ]);
    rows
}
