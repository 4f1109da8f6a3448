//! What OpenMLS calls: each of its entities, and where it goes.

use openmls_traits::storage::{StorageProvider, traits};

use super::{Kind, MlsStore, V};
use crate::store::StorageError;

/// The three methods of an entity of which a group has one.
macro_rules! one_per_group {
    ($kind:ident: $write:ident, $read:ident, $delete:ident, $Entity:ident) => {
        fn $write<G: traits::GroupId<V>, E: traits::$Entity<V>>(&self, group: &G, entity: &E) -> Done {
            self.put(self.group(Kind::$kind, group), entity)
        }

        fn $read<G: traits::GroupId<V>, E: traits::$Entity<V>>(&self, group: &G) -> Found<E> {
            self.take(self.group(Kind::$kind, group))
        }

        fn $delete<G: traits::GroupId<V>>(&self, group: &G) -> Done {
            self.delete(self.group(Kind::$kind, group))
        }
    };
}

type Done = Result<(), StorageError>;
type Found<E> = Result<Option<E>, StorageError>;

impl StorageProvider<V> for MlsStore<'_> {
    type Error = StorageError;

    // One entity per group

    one_per_group!(JoinConfig: write_mls_join_config, mls_group_join_config, delete_group_config,
        MlsGroupJoinConfig);
    fn write_tree<G: traits::GroupId<V>, E: traits::TreeSync<V>>(&self, _: &G, tree: &E) -> Done {
        self.noting(self.put_tree(tree))
    }
    fn tree<G: traits::GroupId<V>, E: traits::TreeSync<V>>(&self, group: &G) -> Found<E> {
        let own = self.group(Kind::OwnLeafIndex, group)?;
        self.noting(self.take_tree(&own))
    }
    fn delete_tree<G: traits::GroupId<V>>(&self, _: &G) -> Done {
        self.noting(self.forget_tree())
    }
    one_per_group!(InterimTranscriptHash: write_interim_transcript_hash, interim_transcript_hash,
        delete_interim_transcript_hash, InterimTranscriptHash);
    one_per_group!(Context: write_context, group_context, delete_context, GroupContext);
    one_per_group!(ConfirmationTag: write_confirmation_tag, confirmation_tag, delete_confirmation_tag,
        ConfirmationTag);
    fn write_message_secrets<G: traits::GroupId<V>, E: traits::MessageSecrets<V>>(
        &self,
        _: &G,
        secrets: &E,
    ) -> Done {
        self.noting(self.put_secrets(secrets))
    }
    fn message_secrets<G: traits::GroupId<V>, E: traits::MessageSecrets<V>>(&self, _: &G) -> Found<E> {
        self.noting(self.take_secrets())
    }
    fn delete_message_secrets<G: traits::GroupId<V>>(&self, _: &G) -> Done {
        self.noting(self.delete_secrets())
    }
    one_per_group!(ResumptionPsks: write_resumption_psk_store, resumption_psk_store,
        delete_all_resumption_psk_secrets, ResumptionPskStore);
    one_per_group!(OwnLeafIndex: write_own_leaf_index, own_leaf_index, delete_own_leaf_index, LeafNodeIndex);
    one_per_group!(GroupEpochSecrets: write_group_epoch_secrets, group_epoch_secrets,
        delete_group_epoch_secrets, GroupEpochSecrets);

    fn write_group_state<E: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        group: &G,
        entity: &E,
    ) -> Done {
        self.put(self.group(Kind::GroupState, group), entity)
    }

    fn group_state<E: traits::GroupState<V>, G: traits::GroupId<V>>(&self, group: &G) -> Found<E> {
        self.take(self.group(Kind::GroupState, group))
    }

    fn delete_group_state<G: traits::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(self.group(Kind::GroupState, group))
    }

    fn write_application_export_tree<G: traits::GroupId<V>, E: traits::ApplicationExportTree<V>>(
        &self,
        group: &G,
        entity: &E,
    ) -> Done {
        self.put(self.group(Kind::ApplicationExportTree, group), entity)
    }

    fn application_export_tree<G: traits::GroupId<V>, E: traits::ApplicationExportTree<V>>(
        &self,
        group: &G,
    ) -> Found<E> {
        self.take(self.group(Kind::ApplicationExportTree, group))
    }

    fn delete_application_export_tree<G: traits::GroupId<V>, E: traits::ApplicationExportTree<V>>(
        &self,
        group: &G,
    ) -> Done {
        self.delete(self.group(Kind::ApplicationExportTree, group))
    }

    // Lists of a group

    fn append_own_leaf_node<G: traits::GroupId<V>, E: traits::LeafNode<V>>(
        &self,
        group: &G,
        leaf: &E,
    ) -> Done {
        let item = self.item(leaf)?;
        self.edit_list(self.group(Kind::OwnLeafNodes, group), |list| list.push(item))
    }

    fn own_leaf_nodes<G: traits::GroupId<V>, E: traits::LeafNode<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<E>, StorageError> {
        self.list(self.group(Kind::OwnLeafNodes, group))
    }

    fn delete_own_leaf_nodes<G: traits::GroupId<V>>(&self, group: &G) -> Done {
        self.delete(self.group(Kind::OwnLeafNodes, group))
    }

    /// A proposal queued twice stays where it was first: its reference is a hash of it.
    fn queue_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>, E: traits::QueuedProposal<V>>(
        &self,
        group: &G,
        reference: &R,
        proposal: &E,
    ) -> Done {
        let item = self.item(reference)?;
        self.put(self.group(Kind::Proposal, &(group, reference)), proposal)?;
        self.edit_list(self.group(Kind::ProposalRefs, group), |list| {
            if !list.contains(&item) {
                list.push(item);
            }
        })
    }

    fn queued_proposal_refs<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<R>, StorageError> {
        self.list(self.group(Kind::ProposalRefs, group))
    }

    fn queued_proposals<G: traits::GroupId<V>, R: traits::ProposalRef<V>, E: traits::QueuedProposal<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<(R, E)>, StorageError> {
        let references: Vec<R> = self.queued_proposal_refs(group)?;
        references
            .into_iter()
            .map(|reference| {
                let proposal = self.take(self.group(Kind::Proposal, &(group, &reference)))?;
                let proposal = self.noting(proposal.ok_or(StorageError::Corrupt))?;
                Ok((reference, proposal))
            })
            .collect()
    }

    fn remove_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group: &G,
        reference: &R,
    ) -> Done {
        let item = self.item(reference)?;
        self.edit_list(self.group(Kind::ProposalRefs, group), |list| {
            list.retain(|kept| *kept != item)
        })?;
        self.delete(self.group(Kind::Proposal, &(group, reference)))
    }

    fn clear_proposal_queue<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, group: &G) -> Done {
        let references: Vec<R> = self.queued_proposal_refs(group)?;
        for reference in &references {
            self.delete(self.group(Kind::Proposal, &(group, reference)))?;
        }
        self.delete(self.group(Kind::ProposalRefs, group))
    }

    // Keys of a group

    /// OpenMLS writes these for its own update proposals in a group, and for nothing else.
    fn write_encryption_key_pair<K: traits::EncryptionKey<V>, E: traits::HpkeKeyPair<V>>(
        &self,
        public_key: &K,
        key_pair: &E,
    ) -> Done {
        self.put(self.group(Kind::EncryptionKeyPair, public_key), key_pair)
    }

    fn encryption_key_pair<E: traits::HpkeKeyPair<V>, K: traits::EncryptionKey<V>>(
        &self,
        public_key: &K,
    ) -> Found<E> {
        self.take(self.group(Kind::EncryptionKeyPair, public_key))
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<V>>(&self, public_key: &K) -> Done {
        self.delete(self.group(Kind::EncryptionKeyPair, public_key))
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<V>,
        K: traits::EpochKey<V>,
        E: traits::HpkeKeyPair<V>,
    >(
        &self,
        group: &G,
        epoch: &K,
        leaf_index: u32,
        key_pairs: &[E],
    ) -> Done {
        self.put(
            self.group(Kind::EpochKeyPairs, &(group, epoch, leaf_index)),
            key_pairs,
        )
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<V>,
        K: traits::EpochKey<V>,
        E: traits::HpkeKeyPair<V>,
    >(
        &self,
        group: &G,
        epoch: &K,
        leaf_index: u32,
    ) -> Result<Vec<E>, StorageError> {
        let pairs = self.take(self.group(Kind::EpochKeyPairs, &(group, epoch, leaf_index)))?;
        Ok(pairs.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<V>, K: traits::EpochKey<V>>(
        &self,
        group: &G,
        epoch: &K,
        leaf_index: u32,
    ) -> Done {
        self.delete(self.group(Kind::EpochKeyPairs, &(group, epoch, leaf_index)))
    }

    // What belongs to the client

    fn write_key_package<K: traits::HashReference<V>, E: traits::KeyPackage<V>>(
        &self,
        reference: &K,
        key_package: &E,
    ) -> Done {
        self.put(self.client(Kind::KeyPackage, reference), key_package)
    }

    fn key_package<K: traits::HashReference<V>, E: traits::KeyPackage<V>>(&self, reference: &K) -> Found<E> {
        self.take(self.client(Kind::KeyPackage, reference))
    }

    fn delete_key_package<K: traits::HashReference<V>>(&self, reference: &K) -> Done {
        self.delete(self.client(Kind::KeyPackage, reference))
    }

    fn write_signature_key_pair<K: traits::SignaturePublicKey<V>, E: traits::SignatureKeyPair<V>>(
        &self,
        public_key: &K,
        key_pair: &E,
    ) -> Done {
        self.put(self.client(Kind::SignatureKeyPair, public_key), key_pair)
    }

    fn signature_key_pair<K: traits::SignaturePublicKey<V>, E: traits::SignatureKeyPair<V>>(
        &self,
        public_key: &K,
    ) -> Found<E> {
        self.take(self.client(Kind::SignatureKeyPair, public_key))
    }

    fn delete_signature_key_pair<K: traits::SignaturePublicKey<V>>(&self, public_key: &K) -> Done {
        self.delete(self.client(Kind::SignatureKeyPair, public_key))
    }

    fn write_psk<K: traits::PskId<V>, E: traits::PskBundle<V>>(&self, id: &K, psk: &E) -> Done {
        self.put(self.client(Kind::Psk, id), psk)
    }

    fn psk<E: traits::PskBundle<V>, K: traits::PskId<V>>(&self, id: &K) -> Found<E> {
        self.take(self.client(Kind::Psk, id))
    }

    fn delete_psk<K: traits::PskId<V>>(&self, id: &K) -> Done {
        self.delete(self.client(Kind::Psk, id))
    }
}
