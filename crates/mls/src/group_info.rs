//! Whether a GroupInfo belongs to a commit. Only the last committer can make one, and whoever joins from outside
//! believes it, so a hub keeps none that it has not compared.

use openmls::group::GroupContext;
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::{
    ConfirmationTag, ExtensionType, LeafNodeIndex, OpenMlsSignaturePublicKey, Verifiable as _,
};
use openmls_traits::crypto::OpenMlsCrypto;
use tls_codec::{Deserialize as _, Serialize as _, VLBytes};

use crate::CIPHER_SUITE;

/// Why a GroupInfo does not belong to a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupInfoFault {
    /// Not a GroupInfo.
    #[error("not a group info")]
    Malformed,
    /// It describes another state than the commit leads to.
    #[error("the group info is of another commit")]
    OtherCommit,
    /// It is not signed by the committer.
    #[error("the group info is not signed by the committer")]
    Signature,
    /// It carries the ratchet tree, which travels beside it.
    #[error("the group info carries the ratchet tree")]
    CarriesTree,
}

impl GroupInfoFault {
    /// The stable code of this fault.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "group_info_malformed",
            Self::OtherCommit => "group_info_mismatch",
            Self::Signature => "group_info_signature",
            Self::CarriesTree => "group_info_carries_tree",
        }
    }
}

/// Decodes a GroupInfo and checks that it leads to the state `context` with the confirmation tag `tag`, signed by the leaf
/// at `place` with the key `signer`. Whoever joins looks the key up at the place that the GroupInfo names.
///
/// # Errors
/// [`GroupInfoFault`] as named.
pub fn check_group_info(
    crypto: &impl OpenMlsCrypto,
    context: &GroupContext,
    tag: &[u8],
    octets: &[u8],
    place: LeafNodeIndex,
    signer: &[u8],
) -> Result<VerifiableGroupInfo, GroupInfoFault> {
    let info = VerifiableGroupInfo::tls_deserialize_exact(octets).map_err(|_| GroupInfoFault::Malformed)?;
    if info
        .extensions()
        .iter()
        .any(|e| e.extension_type() == ExtensionType::RatchetTree)
    {
        return Err(GroupInfoFault::CarriesTree);
    }
    let (tag_in_it, place_in_it) = confirmation_tag_and_signer(octets)?;
    if info.group_context() != context || tag_in_it != tag {
        return Err(GroupInfoFault::OtherCommit);
    }
    if place_in_it != place {
        return Err(GroupInfoFault::Signature);
    }
    let key = OpenMlsSignaturePublicKey::from_signature_key(
        signer.to_vec().into(),
        CIPHER_SUITE.signature_algorithm(),
    );
    info.clone()
        .verify(crypto, &key)
        .map_err(|_| GroupInfoFault::Signature)?;
    Ok(info)
}

/// The octets of a confirmation tag, as they stand in a GroupInfo and in a commit.
///
/// # Errors
/// [`GroupInfoFault::Malformed`] if OpenMLS cannot serialise it.
pub fn tag_octets(tag: &ConfirmationTag) -> Result<Vec<u8>, GroupInfoFault> {
    tag.tls_serialize_detached()
        .map_err(|_| GroupInfoFault::Malformed)
}

/// OpenMLS has no getters: GroupContext, `extensions<V>`, confirmation tag, signer, signature.
fn confirmation_tag_and_signer(octets: &[u8]) -> Result<(Vec<u8>, LeafNodeIndex), GroupInfoFault> {
    let malformed = |_| GroupInfoFault::Malformed;
    let mut rest = octets;
    GroupContext::tls_deserialize(&mut rest).map_err(malformed)?;
    VLBytes::tls_deserialize(&mut rest).map_err(malformed)?;
    let tag = VLBytes::tls_deserialize(&mut rest)
        .and_then(|tag| tag.tls_serialize_detached())
        .map_err(malformed)?;
    let signer = u32::tls_deserialize(&mut rest).map_err(malformed)?;
    Ok((tag, LeafNodeIndex::new(signer)))
}
