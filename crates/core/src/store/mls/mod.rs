//! OpenMLS's state, as rows beside ours in the same transaction.
//!
//! **Owns** the table `mls`: one sealed row per entity. What belongs to a group lies in the room's scope,
//! so that ending the scope erases it; what outlives groups (key packages, signature keys, pre-shared keys)
//! lies in the client's. The method decides, not the instance: joining reads a key package of the client
//! and writes a group.
//! **Knows nothing of** what the entities mean.
//!
//! `provider` is what OpenMLS calls; `slot` the row of an entity, of which `pending` keeps the latest value until the transaction ends.
//! Two entities grow with the group and are taken apart: `secrets` with `peel`, and `tree`. `probe` is how their parts are seen.
//!
//! OpenMLS hides some storage failures behind errors of its own, so the first one is kept in the store:
//! take it with [`MlsStore::take_error`] whenever OpenMLS fails.

pub(super) mod peel;
pub(super) mod pending;
mod probe;
mod provider;
mod secrets;
mod slot;
#[cfg(test)]
mod tests;
mod tree;

use openmls_traits::storage::CURRENT_VERSION;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

use super::seal::Index;
use super::{Scope, StorageError, Store, Table, codec};
use pending::At;
use slot::Slot;

pub(super) const MLS: Table = Table::new(3, 3).covered(ALL, slot::READ).indexed(&[Index {
    all: "SELECT scope, kind, key FROM mls INDEXED BY sqlite_autoindex_mls_1",
    columns: &[0, 1, 2],
}]);
const ALL: &str = "SELECT scope, kind, key, sealed FROM mls";

/// The kinds of [`Kind::SECRETS`].
const SECRETS: &str =
    "SELECT kind, key FROM mls WHERE scope = ?1 AND kind IN (16, 17, 19, 20, 24, 25, 26, 27)";
const DELETE_SCOPE: &str =
    "DELETE FROM mls WHERE scope = ?1 RETURNING scope, kind, key, substr(sealed, 1, 13)";
const STORED: &str = "SELECT ifnull(sum(length(sealed)), 0) FROM mls WHERE scope = ?1";

/// What `mls.scope` says of rows that belong to the client.
const CLIENT: i64 = 0;

/// What an entity is. The numbers are part of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
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
    /// what changes with the epoch,
    SettledSecrets = 27,
    /// and a past epoch, under a key of its own.
    PastSecrets = 28,
    /// A large tree, taken apart (see tree.rs): so many leaves,
    TreeLeaves = 29,
    /// so many parents,
    TreeParents = 30,
    /// and what is neither.
    TreeTrunk = 31,
}

impl Kind {
    /// Of those that tell when a group has changed, each: whatever OpenMLS changes of a group, it writes one of them.
    pub(super) const TELLING: [Self; 3] = [Self::GroupState, Self::MessageSecrets, Self::PresentSecrets];

    /// Whether it is one of [`Kind::TELLING`].
    const fn tells(self) -> bool {
        matches!(
            self,
            Self::GroupState | Self::MessageSecrets | Self::PresentSecrets
        )
    }

    /// Of those that hold secrets of the present epoch, each.
    const SECRETS: [Self; 8] = [
        Self::MessageSecrets,
        Self::ResumptionPsks,
        Self::GroupEpochSecrets,
        Self::ApplicationExportTree,
        Self::EncryptionKeyPair,
        Self::EpochKeyPairs,
        Self::PresentSecrets,
        Self::SettledSecrets,
    ];

    /// Whether it is one of [`Kind::SECRETS`].
    fn is_secret(self) -> bool {
        Self::SECRETS.contains(&self)
    }
}

/// OpenMLS's storage for one room, inside the store's open transaction. Cheap to make; make one per call.
pub(crate) struct MlsStore<'a> {
    store: &'a Store,
    room: i64,
    reads: Reads<'a>,
    writes: Writes,
}

/// What of a group is read when OpenMLS loads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads<'a> {
    All,
    /// No past epochs: enough for messages of the present one.
    Present,
    /// The same, and of a large tree no more than our own leaf and these, with those beside them. All others are blank, so
    /// whoever sent a message may seem not to be a member.
    Leaves(&'a [u32]),
}

/// What of OpenMLS's writing reaches the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    All,
    /// No more than the ratchets of the present epoch can change; and maybe not everything was read.
    Present,
    /// The same, but not now: whoever keeps the group in memory has it written later in the transaction.
    Later,
    /// No more than the ratchets of a past epoch can change.
    Past(u64),
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
            reads: Reads::All,
            writes: Writes::All,
        }
    }

    /// As [`MlsStore::for_room`], to send a message, or to take one of the present epoch.
    pub(crate) fn for_message(store: &'a Store, room: i64, reads: Reads<'a>) -> Self {
        Self {
            reads,
            writes: Writes::Present,
            ..Self::for_room(store, room)
        }
    }

    /// As [`MlsStore::for_message`], to take one message of many. Its ratchets are written when a store that is made by
    /// [`MlsStore::for_message`] is told of them, before the transaction ends.
    pub(crate) fn for_one_of_many(store: &'a Store, room: i64) -> Self {
        Self {
            writes: Writes::Later,
            ..Self::for_message(store, room, Reads::Present)
        }
    }

    /// As [`MlsStore::for_room`], to take a message of a past epoch.
    pub(crate) fn for_late_message(store: &'a Store, room: i64, epoch: u64) -> Self {
        Self {
            writes: Writes::Past(epoch),
            ..Self::for_room(store, room)
        }
    }

    /// As [`MlsStore::for_room`], to look into a frame with a group that is thrown away.
    pub(crate) fn for_nothing(store: &'a Store, room: i64, reads: Reads<'a>) -> Self {
        Self {
            reads,
            writes: Writes::Nothing,
            ..Self::for_room(store, room)
        }
    }

    /// For what belongs to no group: making key packages.
    pub(crate) fn for_client(store: &'a Store) -> Self {
        Self {
            store,
            room: CLIENT,
            reads: Reads::All,
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
        self.end_all_past()?;
        slot::delete_room(self.store, self.room, DELETE_SCOPE)?;
        self.store.end_scope(Scope::Epoch(self.room))?;
        self.store.end_scope(Scope::Mls(self.room))
    }

    /// How many octets the rows of this room's group take, as far as they are written. Reads none of them.
    pub(crate) fn stored(&self) -> Result<usize, StorageError> {
        let octets = self.store.one(STORED, [self.room], |row| row.get::<_, i64>(0))?;
        Ok(usize::try_from(octets.unwrap_or(0)).unwrap_or(usize::MAX))
    }

    /// A new epoch has begun: the key under which the secrets of the last one lay is deleted, and with it whatever
    /// copies of them remain on the medium. Past epochs have keys of their own.
    pub(crate) fn turn_epoch(&self) -> Result<(), StorageError> {
        let scope = Scope::Epoch(self.room);
        let rows = self.store.all(SECRETS, [self.room], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?))
        })?;
        for (number, key) in rows {
            let kind = Kind::SECRETS.into_iter().find(|kind| *kind as i64 == number);
            let kind = kind.ok_or(StorageError::Corrupt)?;
            let room = self.room;
            Slot::at(self.store, scope, At { room, kind, key }).write_again()?;
        }
        self.store.end_scope(scope)
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

const V: u16 = CURRENT_VERSION;
