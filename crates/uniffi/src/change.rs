//! New rooms and changes of rooms, before they are asked for.

use comity::room::{MediaType, RoleIndex};
use comity::{ClientUri, UserUri};

use crate::fault::ComityError;
use crate::media::requirement;
use crate::octets::Octets;
use crate::room::Metadata;

/// A new room, before it exists.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NewRoom {
    /// The hub's signature public key, from its provider's directory.
    pub hub_key: Octets,
    /// The room's name; may be empty.
    #[uniffi(default = "")]
    pub name: String,
    /// What every member must be able to read; none for what MIMI requires of every client.
    #[uniffi(default = None)]
    pub requirement: Option<Vec<MediaType>>,
}

/// One change of a room. Several make one commit.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Change {
    /// Invite a user, by the given key packages, or by fetching them through the room's hub if there are none.
    Invite {
        /// Whom.
        user: UserUri,
        /// As which role, by its number; none for a member.
        #[uniffi(default = None)]
        role: Option<u32>,
        /// Encoded key packages of the user's clients.
        #[uniffi(default = [])]
        key_packages: Vec<Octets>,
    },
    /// Remove a user with all their clients. Not one's own: leave instead.
    RemoveUser {
        /// Whom.
        user: UserUri,
    },
    /// Remove one client, but not this one; its user stays.
    RemoveClient {
        /// Which.
        client: ClientUri,
    },
    /// Give a user another role.
    SetRole {
        /// Whom.
        user: UserUri,
        /// Which, by its number.
        role: u32,
    },
    /// Replace the room's metadata: set whatever is to stay.
    Metadata {
        /// All of it.
        metadata: Metadata,
    },
    /// Replace what every member must be able to read.
    Require {
        /// The media types.
        requirement: Vec<MediaType>,
    },
    /// Renew this client's keys in the room.
    Rotate,
    /// Leave the room with this client. It stands alone.
    Leave,
}

impl TryFrom<NewRoom> for comity::NewRoom {
    type Error = ComityError;

    fn try_from(new: NewRoom) -> Result<Self, ComityError> {
        let NewRoom {
            hub_key,
            name,
            requirement: required,
        } = new;
        Ok(Self {
            hub_key: hub_key.into(),
            name,
            requirement: required.map(requirement).transpose()?,
        })
    }
}

impl TryFrom<Change> for comity::Change {
    type Error = ComityError;

    fn try_from(change: Change) -> Result<Self, ComityError> {
        Ok(match change {
            Change::Invite {
                user,
                role,
                key_packages,
            } => Self::Invite {
                user,
                role: role.map(RoleIndex),
                key_packages: key_packages.into_iter().map(Into::into).collect(),
            },
            Change::RemoveUser { user } => Self::RemoveUser(user),
            Change::RemoveClient { client } => Self::RemoveClient(client),
            Change::SetRole { user, role } => Self::SetRole(user, RoleIndex(role)),
            Change::Metadata { metadata } => Self::Metadata(metadata.into()),
            Change::Require {
                requirement: required,
            } => Self::Require(requirement(required)?),
            Change::Rotate => Self::Rotate,
            Change::Leave => Self::Leave,
        })
    }
}
