//! The row of one entity: read and written in memory first, and in the file before COMMIT.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::pending::{At, Digest, Head, Value};
use super::{Kind, MLS, codec};
use crate::store::seal::{Place, Start};
use crate::store::{Col, RowAt, Scope, StorageError, Store};

const WRITE: &str = "INSERT INTO mls (scope, kind, key, sealed) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (scope, kind, key) DO UPDATE SET sealed = excluded.sealed";
pub(super) const READ: &str =
    "SELECT scope, kind, key, sealed FROM mls WHERE scope = ?1 AND kind = ?2 AND key = ?3";
const DELETE: &str = "DELETE FROM mls WHERE scope = ?1 AND kind = ?2 AND key = ?3";
const EXISTS: &str = "SELECT 1 FROM mls WHERE scope = ?1 AND kind = ?2 AND key = ?3";
/// The kinds of [`Kind::TELLING`].
const HEADS: &str = "SELECT kind, substr(sealed, 1, 16) FROM mls WHERE scope = ?1 AND kind IN (15, 16, 26)";

pub(super) struct Slot<'a> {
    store: &'a Store,
    scope: Scope,
    at: At,
}

impl<'a> Slot<'a> {
    /// The row of an entity that OpenMLS names.
    pub(super) fn new<K: Serialize>(
        store: &'a Store,
        scope: Scope,
        room: i64,
        kind: Kind,
        key: &K,
    ) -> Result<Self, StorageError> {
        let key = store.lookup(MLS, &codec::encode(&(kind as u8, key))?);
        Ok(Self::at(store, scope, At { room, kind, key }))
    }

    /// A row whose key is known.
    pub(super) fn at(store: &'a Store, scope: Scope, at: At) -> Self {
        Self { store, scope, at }
    }

    pub(super) fn put<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), StorageError> {
        self.put_octets(Zeroizing::new(codec::encode(value)?), None)
    }

    /// Writes the value, unless it is what the row holds already.
    pub(super) fn put_if_other<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), StorageError> {
        let octets = Zeroizing::new(codec::encode(value)?);
        let digest = Sha256::digest(&*octets).into();
        if self.holds()? == Some(digest) {
            return Ok(());
        }
        self.put_octets(octets, Some(digest))
    }

    /// Writes a value that is in its envelope.
    pub(super) fn put_octets(
        &self,
        octets: Zeroizing<Vec<u8>>,
        digest: Option<Digest>,
    ) -> Result<(), StorageError> {
        self.store.still_writing()?;
        let value = Value {
            scope: self.scope,
            octets: Arc::new(octets),
            start: self.start()?,
        };
        self.store.mls.borrow_mut().put(self.at, Some(value), digest);
        Ok(())
    }

    /// How the row's value will begin, of which the head is told when the row is first changed in a transaction.
    fn start(&self) -> Result<Start, StorageError> {
        let waiting = self.store.mls.borrow().get(&self.at);
        if let Some(Some(value)) = waiting {
            return Ok(value.start);
        }
        let start = Start::draw()?;
        let columns = columns(&self.at);
        let before = match waiting {
            Some(_) => None,
            None => self.store.element_of(MLS, &columns)?,
        };
        let place = Place::of(&row(&columns))?;
        self.store
            .replaced(MLS, &columns, before, (&place, start.octets()))?;
        Ok(start)
    }

    /// Has the row written anew, with a key that is drawn then. Its own must end in this transaction.
    pub(super) fn write_again(&self) -> Result<(), StorageError> {
        if self.store.mls.borrow().get(&self.at).is_some() {
            return Ok(());
        }
        let octets = self.octets()?.ok_or(StorageError::Corrupt)?;
        self.put_octets(Zeroizing::new(octets.to_vec()), None)
    }

    pub(super) fn delete(&self) -> Result<(), StorageError> {
        self.store.still_writing()?;
        let waiting = self.store.mls.borrow().get(&self.at);
        let columns = columns(&self.at);
        let before = match waiting {
            Some(None) => return Ok(()),
            Some(Some(value)) => Some(self.store.element_at(&row(&columns), value.start.octets())?),
            None => self.store.element_of(MLS, &columns)?,
        };
        self.store.removed(MLS, &columns, before)?;
        self.store.mls.borrow_mut().put(self.at, None, None);
        Ok(())
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, StorageError> {
        let octets = self.octets()?;
        octets.map(|octets| codec::decode(&octets)).transpose()
    }

    /// A list is one row: the encoded items, in order.
    pub(super) fn list(&self) -> Result<Vec<ByteBuf>, StorageError> {
        Ok(self.read()?.unwrap_or_default())
    }

    pub(super) fn exists(&self) -> Result<bool, StorageError> {
        if let Some(waiting) = self.store.mls.borrow().get(&self.at) {
            return Ok(waiting.is_some());
        }
        let found = self.store.one(EXISTS, columns(&self.at), |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// The value in its envelope.
    pub(super) fn octets(&self) -> Result<Option<Arc<Zeroizing<Vec<u8>>>>, StorageError> {
        let waiting = self.store.mls.borrow().get(&self.at);
        if let Some(change) = waiting {
            return Ok(change.map(|value| value.octets));
        }
        let found = self
            .store
            .octets_sealed(READ, columns(&self.at), self.scope, MLS)?;
        let head = found.as_ref().map(|(head, _)| *head);
        self.store.mls.borrow_mut().set_head(&self.at, head);
        Ok(found.map(|(_, octets)| Arc::new(octets)))
    }

    /// The hash of what the row holds, if there is one.
    fn holds(&self) -> Result<Option<Digest>, StorageError> {
        let known = self.store.mls.borrow().digest(&self.at);
        if known.is_some() {
            return Ok(known);
        }
        let Some(octets) = self.octets()? else {
            return Ok(None);
        };
        let digest = Sha256::digest(octets.as_slice()).into();
        self.store.mls.borrow_mut().learn(self.at, digest);
        Ok(Some(digest))
    }
}

fn columns(at: &At) -> [Col<'_>; 3] {
    [Col::Int(at.room), Col::Int(at.kind as i64), Col::Octets(&at.key)]
}

fn row<'a>(key: &'a [Col<'a>]) -> RowAt<'a> {
    RowAt {
        table: MLS,
        key,
        clear: &[],
    }
}

/// Deletes all rows of a room with a statement that returns them, and what waits for them.
pub(super) fn delete_room(store: &Store, room: i64, sql: &'static str) -> Result<(), StorageError> {
    let waiting = store.mls.borrow_mut().drop_room(room);
    for (at, change) in &waiting {
        let columns = columns(at);
        if let Some(value) = change {
            let element = store.element_at(&row(&columns), value.start.octets())?;
            store.removed(MLS, &columns, Some(element))?;
        }
    }
    // The head was told of those rows when something first waited for them.
    let told: HashSet<(i64, [u8; 16])> = waiting.iter().map(|(at, _)| (at.kind as i64, at.key)).collect();
    store.delete_sealed_that(sql, MLS, [room], |row| {
        Ok(!told.contains(&(row.get(1)?, row.get(2)?)))
    })
}

impl Store {
    /// Writes what waits, each entity once. To be called before COMMIT.
    pub(in crate::store) fn flush(&self) -> Result<(), StorageError> {
        let changes = self.mls.borrow_mut().take();
        for (at, change) in changes {
            let head = match change {
                Some(value) => {
                    let columns = columns(&at);
                    let sealed = (&value.start, value.octets.as_slice());
                    Some(self.put_octets(WRITE, value.scope, &row(&columns), sealed)?)
                }
                None => {
                    self.write_quietly(DELETE, columns(&at))?;
                    None
                }
            };
            self.mls.borrow_mut().set_head(&at, head);
        }
        Ok(())
    }

    /// Whether the group of a room is, in the file, as this connection has read or written it last. To be asked when another one has
    /// written: whatever OpenMLS changes of a group, it writes one of the rows that this looks at.
    pub(crate) fn has_group_as_before(&self, room: i64) -> Result<bool, StorageError> {
        let mut statement = self.conn.prepare_cached(HEADS)?;
        let mut rows = statement.query([room])?;
        let mut found: Vec<(i64, Head)> = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, row.get(1)?));
        }
        let mls = self.mls.borrow();
        let known = Kind::TELLING.map(|kind| mls.head(room, kind));
        let in_file = Kind::TELLING.map(|kind| {
            let row = found.iter().find(|(number, _)| *number == kind as i64);
            row.map(|(_, head)| *head)
        });
        Ok(!found.is_empty() && known == in_file)
    }
}
