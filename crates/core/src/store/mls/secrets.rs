//! The rows of a group's message secrets: the present, the settled, and one for each past epoch, under a key of its own.
//!
//! Ending a past epoch deletes its row and its key. If OpenMLS's names are others than peel.rs knows, all of it is one row.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::pending::At;
use super::slot::Slot;
use super::{Kind, MlsStore, Reads, Writes, codec, peel};
use crate::store::{Scope, StorageError};

const PAST_KEYS: &str = "SELECT key FROM mls WHERE scope = ?1 AND kind = 28";

/// What changes with the epoch only.
#[derive(Serialize, Deserialize)]
struct Settled {
    /// The past epochs that are kept, in OpenMLS's order, and the names of their rows and keys.
    past: Vec<(u64, i64)>,
    context: ByteBuf,
}

/// Where in the present epoch's secrets the one is that hides who sent a message, in OpenMLS's names.
#[derive(Deserialize)]
struct HidesSenders {
    sender_data_secret: Wrapped,
}

/// The same of the key by which members know a commit for a member's.
#[derive(Deserialize)]
struct KnowsMembers {
    membership_key: Wrapped,
}

#[derive(Deserialize)]
struct Wrapped {
    secret: Secret,
}

#[derive(Deserialize)]
struct Secret {
    value: Octets,
}

#[derive(Deserialize)]
struct Octets {
    vec: ByteBuf,
}

impl MlsStore<'_> {
    /// Writes message secrets: what changed, as far as that is known; else everything.
    pub(super) fn put_secrets<T: Serialize>(&self, secrets: &T) -> Result<(), StorageError> {
        match self.writes {
            Writes::Nothing => Ok(()),
            Writes::Later if self.is_parted()? => Ok(()),
            Writes::Present if self.put_present(secrets)? => Ok(()),
            Writes::Past(epoch) if self.put_late(secrets, epoch)? => Ok(()),
            _ => self.put_all(secrets),
        }
    }

    /// What a message of the present epoch changes. `false` if it must be everything: the rows are not in parts.
    fn put_present<T: Serialize>(&self, secrets: &T) -> Result<bool, StorageError> {
        match peel::present(secrets) {
            Some(changed) if self.is_parted()? => self.present().put(&changed).map(|()| true),
            _ => Ok(false),
        }
    }

    /// What a late message changes. `false` as for [`MlsStore::put_present`].
    fn put_late<T: Serialize>(&self, secrets: &T, epoch: u64) -> Result<bool, StorageError> {
        let Some((now, past)) = peel::past(secrets, epoch) else {
            return Ok(false);
        };
        if !self.is_parted()? {
            return Ok(false);
        }
        let settled: Settled = self.settled().read()?.ok_or(StorageError::Corrupt)?;
        let Some((_, id)) = settled.past.iter().find(|(of, _)| *of == past.epoch) else {
            return Ok(false);
        };
        self.past(*id).put(&ByteBuf::from(past.octets.to_vec()))?;
        // It has not changed; but it is by this row that others see that the group has.
        self.present().put(&now).map(|()| true)
    }

    fn put_all<T: Serialize>(&self, secrets: &T) -> Result<(), StorageError> {
        let before = self.kept()?;
        let Some(parts) = peel::apart(secrets) else {
            self.present().delete()?;
            self.settled().delete()?;
            before.into_iter().try_for_each(|(_, id)| self.end_past(id))?;
            self.store.mls.borrow_mut().set_parted(self.room, false);
            return self.as_one().put(secrets);
        };
        let mut kept = Vec::with_capacity(parts.past.len());
        for past in parts.past {
            let known = before.iter().find(|(epoch, _)| *epoch == past.epoch);
            let id = match known {
                Some((_, id)) => *id,
                None => name()?,
            };
            self.past(id).put_if_other(&ByteBuf::from(past.octets.to_vec()))?;
            kept.push((past.epoch, id));
        }
        for gone in before.iter().filter(|old| !kept.contains(old)) {
            self.end_past(gone.1)?;
        }
        self.present().put(&parts.present)?;
        self.settled().put(&Settled {
            past: kept,
            context: parts.context.into(),
        })?;
        self.as_one().delete()?;
        self.store.mls.borrow_mut().set_parted(self.room, true);
        Ok(())
    }

    /// Whether the rows are in parts.
    fn is_parted(&self) -> Result<bool, StorageError> {
        if self.store.mls.borrow().is_parted(self.room) {
            return Ok(true);
        }
        let parted = self.present().exists()?;
        self.store.mls.borrow_mut().set_parted(self.room, parted);
        Ok(parted)
    }

    pub(super) fn take_secrets<T: Serialize + DeserializeOwned>(&self) -> Result<Option<T>, StorageError> {
        let Some(now) = self.present().read()? else {
            return self.as_one().read();
        };
        let settled: Settled = self.settled().read()?.ok_or(StorageError::Corrupt)?;
        if self.reads != Reads::All {
            let none: [&[u8]; 0] = [];
            let alone = peel::together(&now, &settled.context, &none)?;
            // What cannot be taken apart is written as one, and then must be whole.
            if peel::present(&alone).is_some() {
                return Ok(Some(alone));
            }
        }
        let mut past = Vec::new();
        for (_, id) in &settled.past {
            let octets: Option<ByteBuf> = self.past(*id).read()?;
            past.push(Zeroizing::new(octets.ok_or(StorageError::Corrupt)?.into_vec()));
        }
        let past: Vec<&[u8]> = past.iter().map(|octets| octets.as_slice()).collect();
        peel::together(&now, &settled.context, &past).map(Some)
    }

    /// The present epoch's `sender_data_secret`, which tells whose message it is. `None` if the rows are not in parts.
    pub(crate) fn sender_data_secret(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        self.in_present(|found: HidesSenders| found.sender_data_secret)
    }

    /// The present epoch's `membership_key`. `None` if the rows are not in parts.
    pub(crate) fn membership_key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        self.in_present(|found: KnowsMembers| found.membership_key)
    }

    /// One of the present epoch's secrets.
    fn in_present<T: DeserializeOwned>(
        &self,
        which: impl FnOnce(T) -> Wrapped,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let present: Option<peel::Present> = self.present().read()?;
        let found = present.and_then(|present| codec::decode_bare::<T>(&present.secrets()).ok());
        Ok(found.map(|found| Zeroizing::new(which(found).secret.value.vec.into_vec())))
    }

    pub(super) fn delete_secrets(&self) -> Result<(), StorageError> {
        if self.writes == Writes::Nothing {
            return Ok(());
        }
        for (_, id) in self.kept()? {
            self.end_past(id)?;
        }
        [self.present(), self.settled(), self.as_one()]
            .iter()
            .try_for_each(Slot::delete)
    }

    /// Deletes the keys of all past epochs, whatever the rows say of them.
    pub(super) fn end_all_past(&self) -> Result<(), StorageError> {
        let mut keys = self
            .store
            .all(PAST_KEYS, [self.room], |row| row.get::<_, [u8; 16]>(0))?;
        keys.extend(self.store.mls.borrow().keys_of(self.room, Kind::PastSecrets));
        for [a, b, c, d, e, f, g, h, ..] in keys {
            let id = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
            self.store.end_scope(Scope::Past(id))?;
        }
        Ok(())
    }

    /// The past epochs that have rows.
    fn kept(&self) -> Result<Vec<(u64, i64)>, StorageError> {
        let settled: Option<Settled> = self.settled().read()?;
        Ok(settled.map(|settled| settled.past).unwrap_or_default())
    }

    fn end_past(&self, id: i64) -> Result<(), StorageError> {
        self.past(id).delete()?;
        self.store.end_scope(Scope::Past(id))
    }

    fn as_one(&self) -> Slot<'_> {
        self.secret(Kind::MessageSecrets)
    }

    fn present(&self) -> Slot<'_> {
        self.secret(Kind::PresentSecrets)
    }

    fn settled(&self) -> Slot<'_> {
        self.secret(Kind::SettledSecrets)
    }

    /// A scope has one group, so these need no key.
    fn secret(&self, kind: Kind) -> Slot<'_> {
        let at = At {
            room: self.room,
            kind,
            key: [0; 16],
        };
        Slot::at(self.store, Scope::Epoch(self.room), at)
    }

    fn past(&self, id: i64) -> Slot<'_> {
        let mut key = [0; 16];
        key.iter_mut()
            .zip(id.to_be_bytes())
            .for_each(|(to, from)| *to = from);
        let at = At {
            room: self.room,
            kind: Kind::PastSecrets,
            key,
        };
        Slot::at(self.store, Scope::Past(id), at)
    }
}

/// A name that nothing else has.
fn name() -> Result<i64, StorageError> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets)?;
    Ok(i64::from_be_bytes(octets))
}
