//! Our `createRoom` endpoint: a client opens a room at a hub.
//!
//! MIMI leaves this to each provider, because client and hub provider are the same there. We give it a form, so that a
//! library and a hub crate can meet.

use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};

use crate::codec::{Codec, Reader, Writer};
use crate::frame::GroupInfoOctets;
use crate::group_state::RatchetTreeOption;
use crate::{WireError, wire};

/// The body of a room's creation. All else the hub needs stands in the GroupInfo's group context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRoom {
    /// The room to be.
    pub room: RoomUri,
    /// The user who creates it.
    pub user: UserUri,
    /// The client that creates it, the group's only member.
    pub client: ClientUri,
    /// The GroupInfo of the first epoch, without the `ratchet_tree` extension.
    pub group_info: GroupInfoOctets,
    /// The tree of the first epoch.
    pub ratchet_tree: RatchetTreeOption,
}

/// The hub's answer to a room's creation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateRoomResponse {
    /// The room exists.
    Accepted {
        /// When the hub accepted it.
        accepted_at: Timestamp,
        /// SHA-256 of the GroupInfo accepted.
        accepted: [u8; 32],
    },
    /// A room of this URI exists already.
    AlreadyExists,
    /// The hub does not open this room.
    NotAllowed {
        /// Words for a log, not for a user. May be empty.
        description: String,
    },
}

wire!(CreateRoom, CreateRoomResponse);

impl Codec for CreateRoom {
    fn write(&self, out: &mut Writer) {
        let Self {
            room,
            user,
            client,
            group_info,
            ratchet_tree,
        } = self;
        out.protocol();
        out.write(room);
        out.write(user);
        out.write(client);
        out.write(group_info);
        out.write(ratchet_tree);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        Ok(Self {
            room: input.read()?,
            user: input.read()?,
            client: input.read()?,
            group_info: input.read()?,
            ratchet_tree: input.read()?,
        })
    }
}

impl Codec for CreateRoomResponse {
    fn write(&self, out: &mut Writer) {
        out.protocol();
        match self {
            Self::Accepted {
                accepted_at,
                accepted,
            } => {
                out.u8(0);
                out.write(accepted_at);
                out.raw(accepted);
            }
            Self::AlreadyExists => out.u8(1),
            Self::NotAllowed { description } => {
                out.u8(2);
                out.text(description);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        match input.u8()? {
            0 => Ok(Self::Accepted {
                accepted_at: input.read()?,
                accepted: input.array()?,
            }),
            1 => Ok(Self::AlreadyExists),
            2 => Ok(Self::NotAllowed {
                description: input.text("description")?,
            }),
            other => Err(input.unknown("CreateRoomResponse", other)),
        }
    }
}
