//! The room's shared state, as the GroupContext carries it.
//!
//! Participants, roles, metadata and the media types that every member must read are components of the
//! `app_data_dictionary`; the hub is an external sender. (*mimi-protocol*, "MLS Group"; *mimi-room-policy*.)

use comity_room::{ParticipantList, ProviderUri, Requirement, Roles, RoomMetadata, RoomUri};
use comity_wire::Wire;
use comity_wire::components::{
    APP_COMPONENTS, CONTENT_MEDIA_TYPES, PARTICIPANT_LIST, ROLES_LIST, ROOM_METADATA,
};
use openmls::prelude::{
    BasicCredential, CredentialType, Extension, ExtensionType, Extensions, ExternalSender, GroupContext,
    ProposalType, RequiredCapabilitiesExtension, SignaturePublicKey,
};
use tls_codec::{Deserialize as _, Serialize as _, VLBytes};

use crate::leaf::{component, components_list, dictionary};

/// The hub of a room: who may order it, and the key with which it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// The hub's provider URI: the authority of the room's URI.
    pub provider: ProviderUri,
    /// The hub's signature public key.
    pub signature_key: Vec<u8>,
}

/// Everything that the members of a room share in one epoch, except the members themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// The room's URI, from its metadata.
    pub room: RoomUri,
    /// The hub.
    pub hub: Hub,
    /// The users in the room, with their roles.
    pub participants: ParticipantList,
    /// What each role may do.
    pub roles: Roles,
    /// Name, subject and so on.
    pub metadata: RoomMetadata,
    /// What every member must be able to read; its presence turns on `ApplicationFraming`.
    pub requirement: Requirement,
}

/// Why a GroupContext is not that of a MIMI room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextFault {
    /// A component that a room needs is absent.
    #[error("component {0:#06x} is missing")]
    Missing(u16),
    /// A component is malformed.
    #[error("component {0:#06x} is malformed")]
    Malformed(u16),
    /// The room URI in the metadata is malformed.
    #[error("the room URI is malformed")]
    RoomUri,
    /// There is not exactly one external sender, or it is not a provider.
    #[error("the hub is not named as the external sender")]
    Hub,
    /// The hub's provider is not the authority of the room's URI.
    #[error("the hub is not the authority of the room's URI")]
    ForeignHub,
    /// The members are not required to support what a MIMI room uses.
    #[error("required capabilities are missing")]
    RequiredCapabilities,
}

impl ContextFault {
    /// The stable code of this fault.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing(_) => "context_component_missing",
            Self::Malformed(_) => "context_component_malformed",
            Self::RoomUri => "context_room_uri",
            Self::Hub => "context_hub",
            Self::ForeignHub => "context_foreign_hub",
            Self::RequiredCapabilities => "context_required_capabilities",
        }
    }
}

/// Reads the room's shared state from a GroupContext.
///
/// # Errors
/// [`ContextFault`] if it is not the context of a MIMI room.
pub fn room_state(context: &GroupContext) -> Result<RoomState, ContextFault> {
    let extensions = context.extensions();
    let metadata: RoomMetadata = decode(extensions, ROOM_METADATA)?;
    let room = RoomUri::parse(&metadata.room_uri).map_err(|_| ContextFault::RoomUri)?;
    let hub = hub(extensions)?;
    if hub.provider != room.provider() {
        return Err(ContextFault::ForeignHub);
    }
    if !requires_what_a_room_needs(extensions) {
        return Err(ContextFault::RequiredCapabilities);
    }
    Ok(RoomState {
        participants: decode(extensions, PARTICIPANT_LIST)?,
        roles: decode(extensions, ROLES_LIST)?,
        requirement: decode(extensions, CONTENT_MEDIA_TYPES)?,
        room,
        hub,
        metadata,
    })
}

/// The GroupContext extensions of a new room.
///
/// # Errors
/// [`ContextFault::Hub`] if OpenMLS does not take the list.
pub fn room_context(state: &RoomState) -> Result<Extensions<GroupContext>, ContextFault> {
    let hub = ExternalSender::new(
        SignaturePublicKey::from(state.hub.signature_key.clone()),
        BasicCredential::new(state.hub.provider.as_str().as_bytes().to_vec()).into(),
    );
    Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required_capabilities()),
        Extension::ExternalSenders(vec![hub]),
        dictionary([
            (APP_COMPONENTS, components_list()),
            (CONTENT_MEDIA_TYPES, state.requirement.encode()),
            (PARTICIPANT_LIST, state.participants.encode()),
            (ROOM_METADATA, state.metadata.encode()),
            (ROLES_LIST, state.roles.encode()),
        ]),
    ])
    .map_err(|_| ContextFault::Hub)
}

/// What every member of a room must support.
pub fn required_capabilities() -> RequiredCapabilitiesExtension {
    RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[CredentialType::Basic],
    )
}

fn requires_what_a_room_needs(extensions: &Extensions<GroupContext>) -> bool {
    let needed = required_capabilities();
    extensions.required_capabilities().is_some_and(|stated| {
        needed
            .extension_types()
            .iter()
            .all(|e| stated.extension_types().contains(e))
            && needed
                .proposal_types()
                .iter()
                .all(|p| stated.proposal_types().contains(p))
            && needed
                .credential_types()
                .iter()
                .all(|c| stated.credential_types().contains(c))
    })
}

fn decode<T: Wire>(extensions: &Extensions<GroupContext>, id: u16) -> Result<T, ContextFault> {
    let bytes = component(extensions, id).ok_or(ContextFault::Missing(id))?;
    T::decode(bytes).map_err(|_| ContextFault::Malformed(id))
}

/// OpenMLS keeps the fields of an external sender to itself, so they are read from its octets:
/// `signature_key<V>`, credential type, `identity<V>`.
fn hub(extensions: &Extensions<GroupContext>) -> Result<Hub, ContextFault> {
    let [sender] = extensions.external_senders().map_or(&[][..], Vec::as_slice) else {
        return Err(ContextFault::Hub);
    };
    let octets = sender.tls_serialize_detached().map_err(|_| ContextFault::Hub)?;
    let mut rest = octets.as_slice();
    let key = VLBytes::tls_deserialize(&mut rest).map_err(|_| ContextFault::Hub)?;
    let kind = u16::tls_deserialize(&mut rest).map_err(|_| ContextFault::Hub)?;
    let identity = VLBytes::tls_deserialize(&mut rest).map_err(|_| ContextFault::Hub)?;
    if kind != u16::from(CredentialType::Basic) || !rest.is_empty() {
        return Err(ContextFault::Hub);
    }
    let uri = std::str::from_utf8(identity.as_slice()).map_err(|_| ContextFault::Hub)?;
    let provider = ProviderUri::parse(uri).map_err(|_| ContextFault::Hub)?;
    Ok(Hub {
        provider,
        signature_key: key.as_slice().to_vec(),
    })
}
