//! Component ids, and the components whose data is a struct of the room crate.
//!
//! All values of the drafts are still "suggested"; this is the one table of them.
//!
//! See *mls-extensions*, "MLS Component Types", *mimi-protocol*, "IANA Considerations" and *mimi-room-policy*.

mod metadata;
mod participants;
mod roles;

use crate::codec::{Codec, Reader, Writer};
use crate::{WireError, wire};

/// `app_components`: the components a leaf supports, or a group requires. Data: [`ComponentsList`].
pub const APP_COMPONENTS: u16 = 0x0001;
/// `safe_aad`: the components whose authenticated data a leaf supports, or a group requires. Data: [`ComponentsList`].
pub const SAFE_AAD: u16 = 0x0002;
/// `content_media_types`: an advertisement in a leaf, a requirement in the group context.
pub const CONTENT_MEDIA_TYPES: u16 = 0x0003;
/// `last_resort_key_package`: marks a key package that may be used again. No data.
pub const LAST_RESORT: u16 = 0x0004;
/// `frank_aad`: the franking tag, in authenticated data. Data: 32 octets.
pub const FRANK_AAD: u16 = 0x0020;
/// `franking_agent`: the hub's key for franks, in the group context. Data: [`Signatory`](crate::Signatory).
pub const FRANKING_AGENT: u16 = 0x0021;
/// `participant_list`, in the group context. Data: [`ParticipantList`](comity_room::ParticipantList), changed by
/// [`ParticipantUpdate`](comity_room::ParticipantUpdate).
pub const PARTICIPANT_LIST: u16 = 0x0022;
/// `room_metadata`, in the group context. Data: [`RoomMetadata`](comity_room::RoomMetadata).
pub const ROOM_METADATA: u16 = 0x0023;
/// `roles_list`, in the group context. Data: [`Roles`](comity_room::Roles).
pub const ROLES_LIST: u16 = 0x0025;
/// Ours, from the private range: the user whom a leaf belongs to, in the leaf. Data: [`UserUri`](comity_room::UserUri).
///
/// MIMI leaves open how a credential names its user. Ours is basic and names the client; this names the user.
pub const USER_URI: u16 = 0x8001;

/// `ComponentsList`: component ids, in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentsList(pub Vec<u16>);

impl ComponentsList {
    /// Whether the component is in the list.
    #[must_use]
    pub fn contains(&self, component: u16) -> bool {
        self.0.contains(&component)
    }
}

wire!(ComponentsList);

impl Codec for ComponentsList {
    fn write(&self, out: &mut Writer) {
        out.list(&self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.list().map(Self)
    }
}
