//! What a MIMI room is: URIs, media types, participants, roles, metadata. Pure.
//!
//! **Owns** the words in which a room is described and the rules that decide what may change in it. Clients
//! and hubs call the same functions, so both reach the same verdict.
//! **Knows nothing of** MLS, TLS presentation language, storage, clocks or randomness: values in, values out.
//!
//! See *mimi-protocol*, *mimi-room-policy*, *mimi-content* ("MIMI Required and Recommended media types") and
//! *mls-extensions* ("Content Advertisement").

mod advertisement;
mod bounded;
mod capability;
mod media_type;
pub mod media_types;
mod metadata;
mod participant;
pub mod policy;
mod role;
mod text;
mod timestamp;
mod uri;

pub use advertisement::{Advertisement, MediaTypeListError, Requirement, common, missing};
pub use capability::RoleCapability;
pub use media_type::{MediaType, MediaTypeError, Parameters};
pub use metadata::{MetadataError, RichDescription, RoomMetadata};
pub use participant::{Participant, ParticipantError, ParticipantList, ParticipantUpdate};
pub use role::{Role, RoleIndex, Roles, RolesError};
pub use timestamp::Timestamp;
pub use uri::{ClientUri, GroupUri, ProviderUri, RoomUri, UriError, UserUri};
