//! Coming into a group: by a Welcome, or from outside.

use comity_mls::{LeafIdentity, identify};
use openmls::group::{ExternalCommitBuilder, QueuedProposal, StagedWelcome, WelcomeError};
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::messages::proposals::Proposal;
use openmls::prelude::{
    CredentialWithKey, Extensions, LeafNode, LeafNodeParameters, MlsMessageBodyIn, MlsMessageIn,
    OpenMlsProvider, ProtocolMessage, RatchetTreeIn, Sender,
};
use openmls_traits::signatures::Signer;
use tls_codec::Deserialize as _;

use super::commit::staged_octets;
use super::{Group, StageFault, Staged, join_config, protocol_message};
use crate::error::Error;
use crate::rejection::Rejection;

/// A group that a Welcome brought.
pub(crate) struct Welcomed {
    pub(crate) group: Group,
    pub(crate) inviter: LeafIdentity,
}

/// Joins by a Welcome. On rejection the caller rolls back: OpenMLS has used up the key package by then.
pub(crate) fn join_by_welcome<P: OpenMlsProvider>(
    provider: &P,
    welcome: &[u8],
    tree: &[u8],
) -> Result<Welcomed, Rejection> {
    let message = MlsMessageIn::tls_deserialize_exact(welcome).map_err(|_| Rejection::Malformed)?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return Err(Rejection::Malformed);
    };
    let tree = RatchetTreeIn::tls_deserialize_exact(tree).map_err(|_| Rejection::InvalidWelcome)?;
    let staged = StagedWelcome::build_from_welcome(provider, &join_config(), welcome)
        .map_err(|_| Rejection::WelcomeForNobody)?
        .with_ratchet_tree(tree)
        .skip_lifetime_validation()
        .build()
        .map_err(|error| match error {
            WelcomeError::GroupAlreadyExists => Rejection::AlreadyJoined,
            _ => Rejection::InvalidWelcome,
        })?;
    let inviter = staged.welcome_sender().map_err(|_| Rejection::InvalidWelcome)?;
    let inviter = identify(inviter).map_err(|fault| Rejection::Violation(fault.code().to_owned()))?;
    let group = staged
        .into_group(provider)
        .map_err(|_| Rejection::InvalidWelcome)?;
    Ok(Welcomed {
        group: Group(group),
        inviter,
    })
}

/// What an external commit needs.
pub(crate) struct Entrance<'a> {
    pub(crate) group_info: &'a [u8],
    pub(crate) tree: &'a [u8],
    pub(crate) self_removes: Vec<Vec<u8>>,
    pub(crate) who: CredentialWithKey,
    pub(crate) leaf: Extensions<LeafNode>,
}

/// Joins from outside. OpenMLS merges at once: the group is in the new epoch, on disk, before the hub has answered.
pub(crate) fn join_from_outside<P: OpenMlsProvider>(
    provider: &P,
    signer: &impl Signer,
    entrance: Entrance<'_>,
) -> Result<(Group, Staged), StageFault> {
    let malformed = StageFault::Refused("group_info_malformed");
    let Ok(info) = VerifiableGroupInfo::tls_deserialize_exact(entrance.group_info) else {
        return Err(malformed);
    };
    let Ok(tree) = RatchetTreeIn::tls_deserialize_exact(entrance.tree) else {
        return Err(malformed);
    };
    let leaving = entrance
        .self_removes
        .iter()
        .filter_map(|frame| match protocol_message(frame) {
            Some(ProtocolMessage::PublicMessage(message)) => Some(*message),
            _ => None,
        })
        .collect();
    let leaf = LeafNodeParameters::builder()
        .with_capabilities(comity_mls::capabilities())
        .with_extensions(entrance.leaf)
        .build();
    let not_possible = StageFault::Refused("external_join_not_possible");
    let Ok(builder) = ExternalCommitBuilder::new()
        .with_ratchet_tree(tree)
        .with_proposals(leaving)
        .with_config(join_config())
        .skip_lifetime_validation()
        .build_group(provider, info, entrance.who)
    else {
        return Err(not_possible);
    };
    let builder = builder.leaf_node_parameters(leaf).load_psks(provider.storage());
    let mut builder = builder
        .map_err(|_| Error::Bug("load psks"))?
        .create_group_info(true)
        .use_ratchet_tree_extension(false);
    let updates = comity_mls::resolve(
        builder.app_data_dictionary_updater(),
        builder.app_data_update_proposals(),
    )
    .map_err(|fault| StageFault::Refused(fault.code()))?;
    builder.with_app_data_dictionary_updates(updates);
    // A proposal of our old leaf to go takes that leaf out as well as our commit would; OpenMLS knows no way to do both.
    let mut gone = Vec::new();
    let once = |queued: &QueuedProposal| match (queued.proposal(), queued.sender()) {
        (Proposal::SelfRemove, Sender::Member(index)) => {
            gone.push(*index);
            true
        }
        (Proposal::Remove(remove), _) => !gone.contains(&remove.removed()),
        _ => true,
    };
    let Ok(builder) = builder.build(provider.rand(), provider.crypto(), signer, once) else {
        return Err(not_possible);
    };
    let (group, bundle) = builder
        .finalize(provider)
        .map_err(|_| Error::Bug("external commit"))?;
    Ok((Group(group), staged_octets(bundle)?))
}
