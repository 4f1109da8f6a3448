//! Who is in a room.

use comity_room::policy::Action;
use comity_room::{ClientUri, ParticipantList, Requirement, RoleIndex, Roles, RoomMetadata, UserUri};
use serde::{Deserialize, Serialize};

/// Who is in a room, in its present epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoomView {
    pub(crate) participants: ParticipantList,
    pub(crate) roles: Roles,
    pub(crate) metadata: RoomMetadata,
    pub(crate) requirement: Requirement,
    pub(crate) members: Vec<MemberRow>,
    /// Clients that went in the epochs whose late messages can still be read.
    pub(crate) former: Vec<Former>,
}

/// One client in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberRow {
    pub(crate) client: ClientUri,
    pub(crate) user: UserUri,
    #[serde(with = "serde_bytes")]
    pub(crate) key: Vec<u8>,
    pub(crate) index: u32,
    /// Its advertisement, by its place in the room's classes.
    pub(crate) class: usize,
}

/// A client that went, whose late messages can still be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Former {
    /// The epoch in which it was gone.
    pub(crate) since: u64,
    pub(crate) client: ClientUri,
    pub(crate) user: UserUri,
    /// Its user's role when it went, by which its late messages are judged.
    pub(crate) role: RoleIndex,
}

impl RoomView {
    /// The user of a client that is, or lately was, in the room.
    pub(crate) fn user_of(&self, client: &ClientUri) -> Option<&UserUri> {
        let member = self
            .members
            .iter()
            .find(|member| member.client == *client)
            .map(|member| &member.user);
        member.or_else(|| {
            self.former
                .iter()
                .rev()
                .find(|former| former.client == *client)
                .map(|former| &former.user)
        })
    }

    /// Whether a user may do something with messages; one who went, whether they might when they went.
    pub(crate) fn may(&self, user: &UserUri, action: Action) -> bool {
        let present = self
            .participants
            .find(user)
            .map(|(_, participant)| participant.role);
        let role = present.or_else(|| {
            self.former
                .iter()
                .rev()
                .find(|former| former.user == *user)
                .map(|former| former.role)
        });
        role.and_then(|role| self.roles.find(role))
            .is_some_and(|role| role.can(action.capability()))
    }
}
