//! Roles: what participants may do, how many may hold a role, and which role changes a holder may make.
//!
//! **Owns** the role table of a room and its standard filling.
//! **Knows nothing of** who holds which role; that is the [`ParticipantList`](crate::ParticipantList).
//!
//! See *mimi-room-policy*, "Role-Based Access Control".

use std::collections::BTreeSet;
use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::RoleCapability::{self, *};
use crate::bounded;

/// The most roles we accept in one room.
const MAX_ROLES: usize = 1024;
/// What role 1 must be called for bans to exist.
const BANNED_NAME: &str = "banned";

/// The number by which participants and other components refer to a role. Numbers need not be contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleIndex(pub u32);

impl RoleIndex {
    /// The role of whoever is not in the participant list.
    pub const NONE: Self = Self(0);
    /// The role of banned users, if it is named "banned".
    pub const BANNED: Self = Self(1);
}

impl fmt::Display for RoleIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One role of a room.
///
/// The four constraints count participants who hold the role; *active* ones have at least one client in the
/// group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The number by which the role is referred to.
    pub index: RoleIndex,
    /// A name for people.
    pub name: String,
    /// A description for people; may be empty.
    pub description: String,
    /// What holders may do.
    pub capabilities: BTreeSet<RoleCapability>,
    /// The fewest participants who may hold the role; 0 for no minimum.
    pub min_participants: u32,
    /// The most participants who may hold the role; `None` for no maximum.
    pub max_participants: Option<u32>,
    /// The fewest active participants who may hold the role; 0 for no minimum.
    pub min_active: u32,
    /// The most active participants who may hold the role; `None` for no maximum, 0 if holders may have no
    /// client.
    pub max_active: Option<u32>,
    /// Which changes holders may make: from a role, to any of these roles. Role 0 stands for not being in the
    /// list.
    pub role_changes: Vec<(RoleIndex, Vec<RoleIndex>)>,
}

impl Role {
    /// A role without capabilities, constraints or authorised changes.
    #[must_use]
    pub fn new(index: RoleIndex, name: &str) -> Self {
        Self {
            index,
            name: name.to_owned(),
            description: String::new(),
            capabilities: BTreeSet::new(),
            min_participants: 0,
            max_participants: None,
            min_active: 0,
            max_active: None,
            role_changes: Vec::new(),
        }
    }

    /// Whether holders have this capability.
    #[must_use]
    pub fn can(&self, capability: RoleCapability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Whether the role's list of authorised changes has this one.
    #[must_use]
    pub fn authorizes(&self, from: RoleIndex, to: RoleIndex) -> bool {
        self.role_changes
            .iter()
            .any(|(source, targets)| *source == from && targets.contains(&to))
    }
}

/// Why a list of roles is not a role table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RolesError {
    /// Two roles with one number.
    #[error("two roles have the same index")]
    DuplicateIndex,
    /// A role other than 0 lets strangers join.
    #[error("a role other than 0 holds canOpenJoin")]
    OpenJoin,
    /// More than 1024 roles.
    #[error("the room has more than 1024 roles")]
    TooMany,
}

impl RolesError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DuplicateIndex => "roles_duplicate_index",
            Self::OpenJoin => "roles_open_join",
            Self::TooMany => "roles_too_many",
        }
    }
}

/// The role table of a room, in the order in which it was written. No index appears twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// The role of ordinary participants in [`Roles::standard`].
    pub const MEMBER: RoleIndex = RoleIndex(2);
    /// The role of administrators in [`Roles::standard`]; a room's creator starts with it.
    pub const ADMIN: RoleIndex = RoleIndex(3);

    /// Makes a role table of these roles.
    ///
    /// # Errors
    /// [`RolesError`], if an index appears twice, `canOpenJoin` appears outside role 0, or there are more
    /// than 1024.
    pub fn new(roles: Vec<Role>) -> Result<Self, RolesError> {
        if roles.len() > MAX_ROLES {
            return Err(RolesError::TooMany);
        }
        let mut indices = BTreeSet::new();
        if !roles.iter().all(|role| indices.insert(role.index)) {
            return Err(RolesError::DuplicateIndex);
        }
        if roles
            .iter()
            .any(|role| role.index != RoleIndex::NONE && role.can(OpenJoin))
        {
            return Err(RolesError::OpenJoin);
        }
        Ok(Self(roles))
    }

    /// The table that rooms start with, meant for groups that a few people look after.
    ///
    /// | index | name | may |
    /// |---|---|---|
    /// | 0 | none | nothing: strangers cannot join |
    /// | 1 | banned | nothing, and has no clients |
    /// | 2 | member | write and read messages, add and remove own clients, leave |
    /// | 3 | admin | also add, remove, kick, ban, promote; change metadata and policy; delete others' messages |
    ///
    /// There is no minimum anywhere, so that the last admin may leave. An admin changes everybody's role but
    /// its own.
    #[must_use]
    pub fn standard() -> Self {
        let mut none = Role::new(RoleIndex::NONE, "none");
        none.max_active = Some(0);
        let mut banned = Role::new(RoleIndex::BANNED, BANNED_NAME);
        banned.max_active = Some(0);
        let mut member = Role::new(Self::MEMBER, "member");
        member.capabilities = MEMBER_CAPABILITIES.into_iter().collect();
        member.role_changes = changes(&[(2, &[0])]);
        let mut admin = Role::new(Self::ADMIN, "admin");
        admin.capabilities = MEMBER_CAPABILITIES
            .into_iter()
            .chain(ADMIN_CAPABILITIES)
            .collect();
        admin.role_changes = changes(&[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3]), (3, &[0, 1, 2])]);
        Self(vec![none, banned, member, admin])
    }

    /// The role with this index.
    #[must_use]
    pub fn find(&self, index: RoleIndex) -> Option<&Role> {
        self.0.iter().find(|role| role.index == index)
    }

    /// The roles, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Role> {
        self.0.iter()
    }

    /// Whether users can be banned here: role 1 exists and is named "banned".
    #[must_use]
    pub fn have_banned(&self) -> bool {
        self.find(RoleIndex::BANNED)
            .is_some_and(|role| role.name == BANNED_NAME)
    }

    /// Whether this is the index of the role of banned users.
    #[must_use]
    pub fn is_banned(&self, index: RoleIndex) -> bool {
        index == RoleIndex::BANNED && self.have_banned()
    }
}

impl<'a> IntoIterator for &'a Roles {
    type Item = &'a Role;
    type IntoIter = std::slice::Iter<'a, Role>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(bounded::list::<D, Role, MAX_ROLES>(deserializer)?).map_err(D::Error::custom)
    }
}

/// What every participant of a standard room may do.
const MEMBER_CAPABILITIES: [RoleCapability; 32] = [
    AddOwnClient,
    RemoveOwnClient,
    RemoveSelf,
    SendMessage,
    ReceiveMessage,
    CopyMessage,
    ReportAbuse,
    ReplyToMessage,
    ReactToMessage,
    EditReaction,
    DeleteOwnReaction,
    EditOwnMessage,
    DeleteOwnMessage,
    StartTopic,
    ReplyInTopic,
    EditOwnTopic,
    UploadImage,
    UploadAudio,
    UploadVideo,
    UploadAttachment,
    DownloadImage,
    DownloadAudio,
    DownloadVideo,
    DownloadAttachment,
    SendLink,
    SendLinkPreview,
    FollowLink,
    CopyLink,
    ChangeOwnName,
    ChangeOwnPresence,
    ChangeOwnMood,
    ChangeOwnAvatar,
];

/// What only admins of a standard room may do.
const ADMIN_CAPABILITIES: [RoleCapability; 21] = [
    AddParticipant,
    RemoveParticipant,
    Ban,
    Unban,
    Kick,
    ChangeUserRole,
    DeleteOtherReaction,
    DeleteOtherMessage,
    EditOtherTopic,
    ChangeRoomName,
    ChangeRoomDescription,
    ChangeRoomAvatar,
    ChangeRoomSubject,
    ChangeRoomMood,
    DestroyRoom,
    ChangeRoomMembershipStyle,
    ChangeRoleDefinitions,
    ChangePreauthorizedUserList,
    ChangeOtherPolicyAttribute,
    ChangeMlsOperationalPolicies,
    SendMlsReinitProposal,
];

fn changes(rows: &[(u32, &[u32])]) -> Vec<(RoleIndex, Vec<RoleIndex>)> {
    let targets = |row: &[u32]| row.iter().copied().map(RoleIndex).collect();
    rows.iter()
        .map(|(from, to)| (RoleIndex(*from), targets(to)))
        .collect()
}
