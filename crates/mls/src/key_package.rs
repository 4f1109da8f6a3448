//! Key packages: everything that OpenMLS lets through and a room must not.
//!
//! OpenMLS's validation checks signatures, the key package's own extensions and that it has not expired by the
//! process's clock. It does not check the leaf's extensions against its capabilities, the length of the lifetime, the
//! suite, an empty list of media types, or who it is.

use std::time::Duration;

use comity_room::Timestamp;
use comity_wire::components::{APP_COMPONENTS, CONTENT_MEDIA_TYPES, LAST_RESORT, USER_URI};
use openmls::key_packages::{KeyPackage, KeyPackageIn};
use openmls::prelude::{
    CredentialType, ExtensionType, MlsMessageBodyIn, MlsMessageIn, ProposalType, ProtocolVersion,
};
use openmls_traits::crypto::OpenMlsCrypto;
use tls_codec::Deserialize as _;

use crate::CIPHER_SUITE;
use crate::leaf::{LeafFacts, LeafFault, app_components, component, leaf_facts};

/// Nobody hands out, or adds by, a key package that lives shorter than this: a member who is offline when the key
/// package expires can never process the commit that added it.
pub const REMAINING_LIFETIME: Duration = Duration::from_secs(28 * 86_400);

/// How long a key package of ours lives in all: 84 days, the most that peers accept less an hour.
pub const LIFETIME: Duration = Duration::from_secs(84 * 86_400);

/// How far its beginning lies back, so that a phone whose clock is weeks slow still takes the commit that uses it.
pub const BACK_DATED: Duration = Duration::from_secs(21 * 86_400);

/// A key package that a client of a room may be added by.
#[derive(Clone, Debug)]
pub struct CheckedKeyPackage {
    /// The verified key package.
    pub key_package: KeyPackage,
    /// Who it is and what it can receive.
    pub facts: LeafFacts,
    /// Its reference, by which a Welcome names it.
    pub reference: Vec<u8>,
    /// When it expires.
    pub not_after: Timestamp,
    /// Whether it may be used more than once, when nothing else is left.
    pub last_resort: bool,
}

/// Why a key package cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyPackageFault {
    /// Not a key package.
    #[error("not a key package")]
    Malformed,
    /// A signature, the lifetime by the process's clock, or the structure is wrong.
    #[error("the key package is not valid")]
    Invalid,
    /// Another cipher suite.
    #[error("the key package is of another cipher suite")]
    CipherSuite,
    /// The leaf is nobody.
    #[error("the key package's leaf is not acceptable: {0}")]
    Leaf(LeafFault),
    /// The leaf carries what its capabilities do not name, or lacks what a room needs.
    #[error("the key package's capabilities do not suffice")]
    Capabilities,
    /// It does not say what its client can receive.
    #[error("the key package does not advertise media types")]
    NoMediaTypes,
    /// Its lifetime is longer than anybody should accept.
    #[error("the key package lives too long")]
    LifetimeTooLong,
    /// It expires too soon to be handed out.
    #[error("the key package expires too soon")]
    ExpiresSoon,
}

impl KeyPackageFault {
    /// The stable code of this fault.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "key_package_malformed",
            Self::Invalid => "key_package_invalid",
            Self::CipherSuite => "key_package_cipher_suite",
            Self::Leaf(fault) => fault.code(),
            Self::Capabilities => "key_package_capabilities",
            Self::NoMediaTypes => "key_package_no_media_types",
            Self::LifetimeTooLong => "key_package_lifetime_too_long",
            Self::ExpiresSoon => "key_package_expires_soon",
        }
    }
}

/// Checks one key package, given as the octets of an `MLSMessage` or of a bare `KeyPackage`.
///
/// # Errors
/// The first [`KeyPackageFault`] found.
pub fn check_key_package(
    crypto: &impl OpenMlsCrypto,
    octets: &[u8],
    now: Timestamp,
) -> Result<CheckedKeyPackage, KeyPackageFault> {
    let key_package = parse(octets)?
        .validate(crypto, ProtocolVersion::Mls10)
        .map_err(|_| KeyPackageFault::Invalid)?;
    if key_package.ciphersuite() != CIPHER_SUITE {
        return Err(KeyPackageFault::CipherSuite);
    }
    let facts = leaf_facts(key_package.leaf_node()).map_err(KeyPackageFault::Leaf)?;
    capabilities_suffice(&key_package)?;
    if facts.advertisement.is_none() {
        return Err(KeyPackageFault::NoMediaTypes);
    }
    let not_after = lives_long_enough(&key_package, now)?;
    let reference = key_package
        .hash_ref(crypto)
        .map_err(|_| KeyPackageFault::Invalid)?
        .as_slice()
        .to_vec();
    let last_resort = key_package.last_resort() || component(key_package.extensions(), LAST_RESORT).is_some();
    Ok(CheckedKeyPackage {
        key_package,
        facts,
        reference,
        not_after,
        last_resort,
    })
}

fn parse(octets: &[u8]) -> Result<KeyPackageIn, KeyPackageFault> {
    if let Ok(message) = MlsMessageIn::tls_deserialize_exact(octets)
        && let MlsMessageBodyIn::KeyPackage(key_package) = message.extract()
    {
        return Ok(key_package);
    }
    KeyPackageIn::tls_deserialize_exact(octets).map_err(|_| KeyPackageFault::Malformed)
}

fn capabilities_suffice(key_package: &KeyPackage) -> Result<(), KeyPackageFault> {
    let leaf = key_package.leaf_node();
    let capabilities = leaf.capabilities();
    let named = leaf
        .extensions()
        .iter()
        .map(|extension| extension.extension_type())
        .chain([ExtensionType::AppDataDictionary])
        .all(|kind| capabilities.extensions().contains(&kind));
    let proposals = [ProposalType::AppDataUpdate, ProposalType::SelfRemove];
    let needed = proposals
        .iter()
        .all(|kind| capabilities.proposals().contains(kind))
        && capabilities.credentials().contains(&CredentialType::Basic);
    let components = app_components(leaf).ok_or(KeyPackageFault::Capabilities)?;
    let understood = [APP_COMPONENTS, CONTENT_MEDIA_TYPES, USER_URI]
        .iter()
        .all(|id| components.contains(*id));
    if named && needed && understood {
        Ok(())
    } else {
        Err(KeyPackageFault::Capabilities)
    }
}

fn lives_long_enough(key_package: &KeyPackage, now: Timestamp) -> Result<Timestamp, KeyPackageFault> {
    let lifetime = key_package.life_time();
    if !lifetime.has_acceptable_range() {
        return Err(KeyPackageFault::LifetimeTooLong);
    }
    let not_after = Timestamp::from_millis(lifetime.not_after().saturating_mul(1_000));
    if not_after < now.plus(REMAINING_LIFETIME) {
        return Err(KeyPackageFault::ExpiresSoon);
    }
    Ok(not_after)
}
