//! What a leaf states, and the one function that turns it into an identity.
//!
//! A leaf carries a basic credential that holds the client's URI, the user's URI in a component of ours, and the media
//! types that the client can receive. The user URI has the same authority as the client URI: a provider speaks for its
//! own users only. (*mimi-protocol*, "Identifiers"; *mls-extensions*, "Content Advertisement".)

use comity_room::{Advertisement, ClientUri, UserUri};
use comity_wire::ComponentsList;
use comity_wire::Wire as _;
use comity_wire::components::{APP_COMPONENTS, CONTENT_MEDIA_TYPES, LAST_RESORT, SAFE_AAD, USER_URI};
use openmls::extensions::ExtensionValidator;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, BasicCredential, Capabilities, Credential, CredentialType,
    CredentialWithKey, Extension, ExtensionType, Extensions, KeyPackage, LeafNode, ProposalType,
};

use crate::CIPHER_SUITE;

/// The components that every client of ours understands, ascending.
pub const COMPONENTS: [u16; 7] = [
    APP_COMPONENTS,
    SAFE_AAD,
    CONTENT_MEDIA_TYPES,
    comity_wire::components::PARTICIPANT_LIST,
    comity_wire::components::ROOM_METADATA,
    comity_wire::components::ROLES_LIST,
    USER_URI,
];

/// Who a leaf is: made only by [`identify`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIdentity {
    /// The client's own URI, from its credential.
    pub client: ClientUri,
    /// The user to whom the client belongs, of the same provider.
    pub user: UserUri,
    /// The client's signature public key.
    pub signature_key: Vec<u8>,
}

impl LeafIdentity {
    /// Whether this is the same client of the same user, whatever its key.
    pub fn is_same_client(&self, other: &Self) -> bool {
        self.client == other.client && self.user == other.user
    }
}

/// A leaf's identity and what it can receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafFacts {
    /// Who it is.
    pub identity: LeafIdentity,
    /// What it can receive; `None` if it does not say, which MIMI allows in rooms of others.
    pub advertisement: Option<Advertisement>,
}

/// Why a leaf cannot be taken for anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeafFault {
    /// Not a basic credential.
    #[error("the credential is not a basic credential")]
    CredentialType,
    /// The credential does not hold a client URI in normal form.
    #[error("the credential is not a client URI")]
    ClientUri,
    /// The leaf does not state its user.
    #[error("the leaf does not state a user URI")]
    NoUserUri,
    /// The stated user URI is malformed.
    #[error("the leaf's user URI is malformed")]
    UserUri,
    /// Client and user belong to different providers.
    #[error("the client and the user belong to different providers")]
    ForeignUser,
    /// The list of receivable media types is malformed or empty.
    #[error("the list of media types is malformed")]
    MediaTypes,
}

impl LeafFault {
    /// The stable code of this fault.
    pub fn code(self) -> &'static str {
        match self {
            Self::CredentialType => "leaf_credential_type",
            Self::ClientUri => "leaf_client_uri",
            Self::NoUserUri => "leaf_user_uri_missing",
            Self::UserUri => "leaf_user_uri_malformed",
            Self::ForeignUser => "leaf_foreign_user",
            Self::MediaTypes => "leaf_media_types",
        }
    }
}

/// Turns a leaf into an identity, or says why nobody should believe it.
///
/// # Errors
/// [`LeafFault`] if the credential or the stated user is not what MIMI clients of ours present.
pub fn identify(leaf: &LeafNode) -> Result<LeafIdentity, LeafFault> {
    let client = client_of(leaf.credential())?;
    let stated = component(leaf.extensions(), USER_URI).ok_or(LeafFault::NoUserUri)?;
    let user = UserUri::decode(stated).map_err(|_| LeafFault::UserUri)?;
    if client.provider() != user.provider() {
        return Err(LeafFault::ForeignUser);
    }
    Ok(LeafIdentity {
        client,
        user,
        signature_key: leaf.signature_key().as_slice().to_vec(),
    })
}

/// Identity and advertisement of a leaf.
///
/// # Errors
/// As [`identify`], and [`LeafFault::MediaTypes`] for a malformed list.
pub fn leaf_facts(leaf: &LeafNode) -> Result<LeafFacts, LeafFault> {
    let identity = identify(leaf)?;
    let advertisement = component(leaf.extensions(), CONTENT_MEDIA_TYPES)
        .map(|bytes| Advertisement::decode(bytes).map_err(|_| LeafFault::MediaTypes))
        .transpose()?;
    Ok(LeafFacts {
        identity,
        advertisement,
    })
}

/// The credential of a client, with its signature public key.
pub fn credential(client: &ClientUri, signature_key: &[u8]) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(client.as_str().as_bytes().to_vec()).into(),
        signature_key: signature_key.to_vec().into(),
    }
}

/// The capabilities of every leaf of ours. OpenMLS's default would claim suites that a provider may lack.
pub fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![CIPHER_SUITE])
        .extensions(vec![ExtensionType::AppDataDictionary, ExtensionType::LastResort])
        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove])
        .credentials(vec![CredentialType::Basic])
        .build()
}

/// The extensions of a leaf of `user` that can receive `advertisement`.
pub fn leaf_extensions(user: &UserUri, advertisement: &Advertisement) -> Extensions<LeafNode> {
    let dictionary = dictionary([
        (APP_COMPONENTS, components_list()),
        (SAFE_AAD, ComponentsList::default().encode()),
        (CONTENT_MEDIA_TYPES, advertisement.encode()),
        (USER_URI, user.encode()),
    ]);
    Extensions::single(dictionary).unwrap_or_default()
}

/// The extensions of a last-resort key package: component 0x0004 with empty data. OpenMLS itself looks only at the
/// older extension 0x000a, so the key package carries both marks.
pub fn last_resort_extensions() -> Extensions<KeyPackage> {
    Extensions::single(dictionary([(LAST_RESORT, Vec::new())])).unwrap_or_default()
}

pub(crate) fn components_list() -> Vec<u8> {
    ComponentsList(COMPONENTS.to_vec()).encode()
}

pub(crate) fn dictionary(entries: impl IntoIterator<Item = (u16, Vec<u8>)>) -> Extension {
    let mut dictionary = AppDataDictionary::new();
    for (id, data) in entries {
        dictionary.insert(id, data);
    }
    Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary))
}

/// The data of one component in an extension list.
pub(crate) fn component<T: ExtensionValidator>(extensions: &Extensions<T>, id: u16) -> Option<&[u8]> {
    extensions.iter().find_map(|extension| match extension {
        Extension::AppDataDictionary(dictionary) => dictionary.dictionary().get(&id),
        _ => None,
    })
}

/// The component ids that a leaf says it supports.
pub(crate) fn app_components(leaf: &LeafNode) -> Option<ComponentsList> {
    let bytes = component(leaf.extensions(), APP_COMPONENTS)?;
    ComponentsList::decode(bytes).ok()
}

fn client_of(credential: &Credential) -> Result<ClientUri, LeafFault> {
    let basic = BasicCredential::try_from(credential.clone()).map_err(|_| LeafFault::CredentialType)?;
    text(basic.identity())
        .and_then(|uri| ClientUri::parse(uri).ok())
        .ok_or(LeafFault::ClientUri)
}

fn text(octets: &[u8]) -> Option<&str> {
    std::str::from_utf8(octets).ok()
}
