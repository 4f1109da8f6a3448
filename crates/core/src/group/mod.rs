//! The only neighbour of OpenMLS's `MlsGroup`: every step of a group's life, and nothing of rooms.
//!
//! Proposals wait in rows of ours. OpenMLS's own store holds them only inside the step that commits or processes a
//! commit, because a stored proposal stops all sending.
//!
//! Here a group begins, speaks and moves on; `commit` makes commits of ours, `process` takes frames, `join` comes in.

mod commit;
mod join;
mod process;

use std::time::UNIX_EPOCH;

use comity_mls::{LeafFacts, RoomState, Violation, check_roster};
use openmls::ciphersuite::hash_ref::KeyPackageRef;
use openmls::group::{
    MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, PastEpochDeletion,
    StagedCommit,
};
use openmls::prelude::{
    CredentialWithKey, Extensions, GroupId, LeafNode, LeafNodeIndex, MlsMessageBodyOut, MlsMessageIn,
    MlsMessageOut, OpenMlsProvider, ProtocolMessage, SenderRatchetConfiguration,
};
use openmls_traits::signatures::Signer;
use openmls_traits::storage::StorageProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};

pub(crate) use commit::{CommitPlan, StageFault, Staged, bare_welcome};
pub(crate) use join::{Entrance, Welcomed, join_by_welcome, join_from_outside};
pub(crate) use process::Processed;

use crate::error::Error;

/// How many past epochs a message may be late. OpenMLS's default is none, and a message that overtakes a commit is
/// ordinary on phones; each kept epoch costs a copy of the message secrets.
pub(crate) const PAST_EPOCHS: usize = 5;
/// How many messages of one sender may overtake another. OpenMLS's default of 5 broke two peers.
const OUT_OF_ORDER: u32 = 64;
/// How many messages of one sender may be missing before one that we read: bounds the work of a forged generation.
const FORWARD: u32 = 1_000;
/// Messages are padded to a multiple of this, so that their sizes tell little.
const PADDING: usize = 256;

/// An MLS group in memory. It is never cloned, and dropped whenever a transaction that touched it rolls back.
pub(crate) struct Group(MlsGroup);

impl Group {
    /// Creates a group of one.
    pub(crate) fn create<P: OpenMlsProvider>(
        provider: &P,
        signer: &impl Signer,
        id: &[u8],
        who: CredentialWithKey,
        state: &RoomState,
        leaf: Extensions<LeafNode>,
    ) -> Result<Self, Error> {
        let context = comity_mls::room_context(state).map_err(|_| Error::Bug("room context"))?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(comity_mls::CIPHER_SUITE)
            .capabilities(comity_mls::capabilities())
            .with_leaf_node_extensions(leaf)
            .map_err(|_| Error::Bug("leaf extensions"))?
            .with_group_context_extensions(context)
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .max_past_epochs(PAST_EPOCHS)
            .padding_size(PADDING)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
            .build();
        MlsGroup::new_with_group_id(provider, signer, &config, GroupId::from_slice(id), who)
            .map(Self)
            .map_err(|_| Error::Bug("create group"))
    }

    /// Loads a group, if it is stored.
    pub(crate) fn load<P: OpenMlsProvider>(provider: &P, id: &[u8]) -> Result<Option<Self>, Error> {
        let group = MlsGroup::load(provider.storage(), &GroupId::from_slice(id))
            .map_err(|_| Error::Bug("load group"))?;
        Ok(group.map(Self))
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.0.epoch().as_u64()
    }

    pub(crate) fn id(&self) -> &[u8] {
        self.0.group_id().as_slice()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.0.is_active()
    }

    pub(crate) fn own_index(&self) -> LeafNodeIndex {
        self.0.own_leaf_index()
    }

    /// The room's state and every leaf, checked.
    pub(crate) fn roster(&self) -> Result<(RoomState, Vec<(LeafNodeIndex, LeafFacts)>), Violation> {
        check_roster(self.0.public_group())
    }

    /// Encrypts one application message.
    pub(crate) fn encrypt<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        signer: &impl Signer,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let message = self
            .0
            .create_message(provider, signer, plaintext)
            .map_err(|_| Error::Bug("encrypt"))?;
        octets(&message)
    }

    /// Writes the message secrets as they are. OpenMLS does so by itself whenever they change, and when it is told to
    /// delete past epochs, of which this names none.
    pub(crate) fn write_ratchets<P: OpenMlsProvider>(&mut self, provider: &P) -> Result<(), Error> {
        let none = PastEpochDeletion::before_timestamp(UNIX_EPOCH);
        self.0
            .delete_past_epoch_secrets(provider, none)
            .map_err(|_| Error::Bug("write ratchets"))
    }

    /// The GroupInfo of a group that has just been created.
    pub(crate) fn first_group_info<P: OpenMlsProvider>(
        &self,
        provider: &P,
        signer: &impl Signer,
    ) -> Result<Vec<u8>, Error> {
        let message = self
            .0
            .export_group_info(provider.crypto(), signer, false)
            .map_err(|_| Error::Bug("group info"))?;
        match message.body() {
            MlsMessageBodyOut::GroupInfo(info) => info
                .tls_serialize_detached()
                .map_err(|_| Error::Bug("group info octets")),
            _ => Err(Error::Bug("group info body")),
        }
    }

    /// The GroupContext of the present epoch.
    pub(crate) fn context(&self) -> Result<Vec<u8>, Error> {
        self.0
            .public_group()
            .group_context()
            .tls_serialize_detached()
            .map_err(|_| Error::Bug("group context"))
    }

    /// The ratchet tree of the present epoch.
    pub(crate) fn ratchet_tree(&self) -> Result<Vec<u8>, Error> {
        self.0
            .export_ratchet_tree()
            .tls_serialize_detached()
            .map_err(|_| Error::Bug("ratchet tree"))
    }

    /// Merges our own staged commit, which the hub has accepted.
    pub(crate) fn merge_own<P: OpenMlsProvider>(&mut self, provider: &P) -> Result<(), Error> {
        self.0
            .merge_pending_commit(provider)
            .map_err(|_| Error::Bug("merge own commit"))
    }

    /// Merges somebody's commit; whatever we had staged is gone.
    pub(crate) fn merge<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        staged: StagedCommit,
    ) -> Result<(), Error> {
        self.0
            .merge_staged_commit(provider, staged)
            .map_err(|_| Error::Bug("merge commit"))
    }
}

/// The settings of a group that somebody else has created.
fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(PAST_EPOCHS)
        .padding_size(PADDING)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build()
}

/// Deletes the private part of a key package, if it is still there.
pub(crate) fn forget_key_package<P: OpenMlsProvider>(
    provider: &P,
    reference: &KeyPackageRef,
) -> Result<(), Error> {
    provider
        .storage()
        .delete_key_package(reference)
        .map_err(|_| Error::Bug("delete key package"))
}

/// Decodes the octets of an `MLSMessage` that is a frame of a group.
pub(crate) fn protocol_message(octets: &[u8]) -> Option<ProtocolMessage> {
    MlsMessageIn::tls_deserialize_exact(octets)
        .ok()?
        .try_into_protocol_message()
        .ok()
}

fn octets(message: &MlsMessageOut) -> Result<Vec<u8>, Error> {
    message.to_bytes().map_err(|_| Error::Bug("message octets"))
}
