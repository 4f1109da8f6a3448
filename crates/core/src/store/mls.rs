//! OpenMLS's state, as rows beside ours in the same transaction.
//!
//! **Owns** the table `mls`: one sealed row per entity. What belongs to a group lies in the room's scope,
//! so that ending the scope erases it; what outlives groups (key packages, signature keys, pre-shared keys)
//! lies in the client's. The method decides, not the instance: joining reads a key package of the client
//! and writes a group.
//! **Knows nothing of** what the entities mean.
//!
//! OpenMLS hides some storage failures behind errors of its own, so the first one is kept in the store:
//! take it with [`MlsStore::take_error`] whenever OpenMLS fails.

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

use super::seal::Index;
use super::{Col, RowAt, Scope, StorageError, Store, Table, codec, peel};

pub(super) const MLS: Table = Table::new(3, 3).covered(ALL, READ).indexed(&[Index {
    all: "SELECT scope, kind, key FROM mls INDEXED BY sqlite_autoindex_mls_1",
    columns: &[0, 1, 2],
}]);

const WRITE: &str = "INSERT INTO mls (scope, kind, key, sealed) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, kind, key) DO UPDATE SET sealed = excluded.sealed";
const REPLACE: &str = "UPDATE mls SET sealed = ?4 WHERE scope = ?1 AND kind = ?2 AND key = ?3";
const ALL: &str = "SELECT scope, kind, key, sealed FROM mls";
const READ: &str = "SELECT scope, kind, key, sealed FROM mls WHERE scope = ?1 AND kind = ?2 AND key = ?3";
/// The kinds that [`Kind::is_secret`] names.
const READ_SECRETS: &str = "SELECT scope, kind, key, sealed FROM mls
    WHERE scope = ?1 AND kind IN (16, 17, 19, 20, 24, 25, 26, 27)";
const DELETE: &str = "DELETE FROM mls WHERE scope = ?1 AND kind = ?2 AND key = ?3";
const DELETE_SCOPE: &str =
    "DELETE FROM mls WHERE scope = ?1 RETURNING scope, kind, key, substr(sealed, 1, 13)";

/// What `mls.scope` says of rows that belong to the client.
const CLIENT: i64 = 0;

/// What an entity is. The numbers are part of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    KeyPackage = 1,
    SignatureKeyPair = 2,
    Psk = 3,
    JoinConfig = 10,
    Tree = 11,
    InterimTranscriptHash = 12,
    Context = 13,
    ConfirmationTag = 14,
    GroupState = 15,
    MessageSecrets = 16,
    ResumptionPsks = 17,
    OwnLeafIndex = 18,
    GroupEpochSecrets = 19,
    ApplicationExportTree = 20,
    OwnLeafNodes = 21,
    ProposalRefs = 22,
    Proposal = 23,
    EncryptionKeyPair = 24,
    EpochKeyPairs = 25,
    /// Message secrets, taken apart (see peel.rs): what a message changes,
    PresentSecrets = 26,
    /// and what it does not.
    SettledSecrets = 27,
}

impl Kind {
    /// Whether it holds secrets of an epoch.
    const fn is_secret(self) -> bool {
        matches!(
            self,
            Self::MessageSecrets
                | Self::ResumptionPsks
                | Self::GroupEpochSecrets
                | Self::ApplicationExportTree
                | Self::EncryptionKeyPair
                | Self::EpochKeyPairs
                | Self::PresentSecrets
                | Self::SettledSecrets
        )
    }
}

/// OpenMLS's storage for one room, inside the store's open transaction. Cheap to make; make one per call.
pub(crate) struct MlsStore<'a> {
    store: &'a Store,
    room: i64,
    writes: Writes,
}

/// What of OpenMLS's writing reaches the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    All,
    /// No more than the ratchets of the present epoch can change.
    Present,
    /// Nothing: the group is thrown away.
    Nothing,
}

impl<'a> MlsStore<'a> {
    /// For the group of a room. `room` is the room's row id, greater than zero.
    pub(crate) fn for_room(store: &'a Store, room: i64) -> Self {
        debug_assert!(room > CLIENT, "room ids start at one");
        Self {
            store,
            room,
            writes: Writes::All,
        }
    }

    /// As [`MlsStore::for_room`], to send a message, or to take one of the present epoch.
    pub(crate) fn for_message(store: &'a Store, room: i64) -> Self {
        Self {
            writes: Writes::Present,
            ..Self::for_room(store, room)
        }
    }

    /// As [`MlsStore::for_room`], to look into a frame with a group that is thrown away.
    pub(crate) fn for_nothing(store: &'a Store, room: i64) -> Self {
        Self {
            writes: Writes::Nothing,
            ..Self::for_room(store, room)
        }
    }

    /// For what belongs to no group: making key packages.
    pub(crate) fn for_client(store: &'a Store) -> Self {
        Self {
            store,
            room: CLIENT,
            writes: Writes::All,
        }
    }

    /// The storage failure behind the error that OpenMLS has just returned, if it was one.
    #[cfg(test)]
    pub(crate) fn take_error(&self) -> Option<StorageError> {
        self.store.take_hidden()
    }

    /// Deletes everything that OpenMLS keeps for this room, and the key under which it was sealed.
    pub(crate) fn delete_scope(&self) -> Result<(), StorageError> {
        if self.room == CLIENT {
            return Err(StorageError::Bug("the client's scope ends with the file"));
        }
        self.store.delete_sealed(DELETE_SCOPE, MLS, [self.room])?;
        self.store.end_scope(Scope::Epoch(self.room))?;
        self.store.end_scope(Scope::Mls(self.room))
    }

    /// A new epoch has begun: the key under which the secrets of the last one lay is deleted, and with it whatever
    /// copies of them remain on the medium.
    pub(crate) fn turn_epoch(&self) -> Result<(), StorageError> {
        let scope = Scope::Epoch(self.room);
        self.store
            .renew_scope(scope, MLS, (READ_SECRETS, [self.room]), REPLACE)
    }

    fn group<K: Serialize>(&self, kind: Kind, key: &K) -> Result<Slot<'a>, StorageError> {
        let scope = match self.room {
            CLIENT => Scope::Client,
            room if kind.is_secret() => Scope::Epoch(room),
            room => Scope::Mls(room),
        };
        self.noting(Slot::new(self.store, scope, self.room, kind, key))
    }

    fn client<K: Serialize>(&self, kind: Kind, key: &K) -> Result<Slot<'a>, StorageError> {
        self.noting(Slot::new(self.store, Scope::Client, CLIENT, kind, key))
    }

    /// Keeps a failure where OpenMLS cannot lose it.
    fn noting<T>(&self, result: Result<T, StorageError>) -> Result<T, StorageError> {
        result.inspect_err(|error| self.store.hide(*error))
    }

    /// Writes message secrets: what a message changes, or everything.
    fn put_secrets<T: Serialize>(&self, secrets: &T) -> Result<(), StorageError> {
        let [whole, present, settled] = self.secrets();
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        if self.writes == Writes::Present
            && let Some(changed) = peel::present(secrets)
            && present.replace(&changed)?
        {
            return Ok(());
        }
        match peel::apart(secrets) {
            Some((now, rest)) => {
                present.put(&now)?;
                settled.put(&rest)?;
                whole.delete()
            }
            None => {
                present.delete()?;
                settled.delete()?;
                whole.put(secrets)
            }
        }
    }

    fn take_secrets<T: DeserializeOwned>(&self) -> Result<Option<T>, StorageError> {
        let [whole, present, settled] = self.secrets();
        let Some(now) = present.read()? else {
            return whole.read();
        };
        let rest = settled.read()?.ok_or(StorageError::Corrupt)?;
        peel::together(&now, &rest).map(Some)
    }

    fn delete_secrets(&self) -> Result<(), StorageError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        self.secrets().iter().try_for_each(Slot::delete)
    }

    /// The rows of message secrets. A scope has one group, so they need no key.
    fn secrets(&self) -> [Slot<'a>; 3] {
        [Kind::MessageSecrets, Kind::PresentSecrets, Kind::SettledSecrets].map(|kind| Slot {
            store: self.store,
            scope: Scope::Epoch(self.room),
            row: self.room,
            kind,
            key: [0; 16],
        })
    }

    fn put<T: Serialize + ?Sized>(
        &self,
        slot: Result<Slot<'_>, StorageError>,
        value: &T,
    ) -> Result<(), StorageError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        self.noting(slot?.put(value))
    }

    fn take<T: DeserializeOwned>(
        &self,
        slot: Result<Slot<'_>, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        self.noting(slot?.read())
    }

    fn delete(&self, slot: Result<Slot<'_>, StorageError>) -> Result<(), StorageError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        self.noting(slot?.delete())
    }

    fn edit_list(
        &self,
        slot: Result<Slot<'_>, StorageError>,
        edit: impl FnOnce(&mut Vec<ByteBuf>),
    ) -> Result<(), StorageError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        let slot = slot?;
        self.noting(slot.list().and_then(|mut list| {
            edit(&mut list);
            if list.is_empty() {
                slot.delete()
            } else {
                slot.put(&list)
            }
        }))
    }

    fn list<T: DeserializeOwned>(
        &self,
        slot: Result<Slot<'_>, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        self.noting(
            slot?
                .list()
                .and_then(|list| list.iter().map(|item| codec::decode(item)).collect()),
        )
    }

    fn item<T: Serialize + ?Sized>(&self, value: &T) -> Result<ByteBuf, StorageError> {
        self.noting(codec::encode(value).map(ByteBuf::from))
    }
}

/// The row of one entity.
struct Slot<'a> {
    store: &'a Store,
    scope: Scope,
    row: i64,
    kind: Kind,
    key: [u8; 16],
}

impl<'a> Slot<'a> {
    fn new<K: Serialize>(
        store: &'a Store,
        scope: Scope,
        row: i64,
        kind: Kind,
        key: &K,
    ) -> Result<Self, StorageError> {
        let key = store.lookup(MLS, &codec::encode(&(kind as u8, key))?);
        Ok(Self {
            store,
            scope,
            row,
            kind,
            key,
        })
    }

    fn columns(&self) -> [Col<'_>; 3] {
        [
            Col::Int(self.row),
            Col::Int(self.kind as i64),
            Col::Octets(&self.key),
        ]
    }

    fn put<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), StorageError> {
        let at = RowAt {
            table: MLS,
            key: &self.columns(),
            clear: &[],
        };
        self.store.put_sealed(WRITE, self.scope, &at, value)
    }

    /// Rewrites a row that is there; says whether it was.
    fn replace<T: Serialize + ?Sized>(&self, value: &T) -> Result<bool, StorageError> {
        let at = RowAt {
            table: MLS,
            key: &self.columns(),
            clear: &[],
        };
        self.store.put_sealed_if(REPLACE, self.scope, &at, value)
    }

    fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, StorageError> {
        self.store.get_sealed(READ, self.columns(), self.scope, MLS)
    }

    fn delete(&self) -> Result<(), StorageError> {
        self.store.delete_one(DELETE, MLS, &self.columns()).map(drop)
    }

    /// A list is one row: the encoded items, in order.
    fn list(&self) -> Result<Vec<ByteBuf>, StorageError> {
        Ok(self.read()?.unwrap_or_default())
    }
}

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

const V: u16 = CURRENT_VERSION;
type Done = Result<(), StorageError>;
type Found<E> = Result<Option<E>, StorageError>;

impl StorageProvider<V> for MlsStore<'_> {
    type Error = StorageError;

    // One entity per group

    one_per_group!(JoinConfig: write_mls_join_config, mls_group_join_config, delete_group_config,
        MlsGroupJoinConfig);
    one_per_group!(Tree: write_tree, tree, delete_tree, TreeSync);
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
