//! The keys of one file: host key → root key → one key per scope → values.
//!
//! **Owns** the rows of `root_key` and `scope_key`, and the initialised ciphers in memory. A scope's key is
//! drawn when something is first sealed in it, inside the transaction that writes it; deleting its row
//! makes everything sealed in the scope unreadable for ever, whatever copies of the values remain on the
//! medium.
//!
//! Keys met while a transaction is open are forgotten when it is rolled back, because their rows may be gone.

use std::collections::HashMap;

use aes::Aes128;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt as _, BlockEncrypt as _, KeyInit as _};
use hmac::{Hmac, KeyInit as _, Mac};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::StorageError;
use super::seal::{Col, Key32, Place, RowAt, STAMP, Sealer, Table};

const ROOT_KEY: Table = Table::new(1, 1);
pub(super) const SCOPE_KEY: Table = Table::new(2, 2).covered(ALL_SCOPES, ONE_SCOPE).ordered();

/// What one key seals, and what can therefore be made unreadable alone. Ids are those of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// What belongs to no room: identity, signature keys, key packages, trust, the outbox.
    Client,
    /// The MLS state of a room, as far as it is no secret of an epoch.
    Mls(i64),
    /// The secrets of a room's present epoch: another key in each.
    Epoch(i64),
    /// The secrets of a past epoch. The id is drawn for it.
    Past(i64),
    /// The kept messages of a room.
    Messages(i64),
    /// One message that expires.
    Message(i64),
}

impl Scope {
    fn kind_and_id(self) -> (i64, i64) {
        match self {
            Self::Client => (1, 0),
            Self::Mls(room) => (2, room),
            Self::Messages(room) => (3, room),
            Self::Epoch(room) => (4, room),
            Self::Message(seq) => (5, seq),
            Self::Past(id) => (6, id),
        }
    }
}

/// Where the key of hashed identifiers lies in `scope_key`. A scope of its own and not derived from the
/// root key, so that a new root key leaves every hashed column as it is.
const LOOKUP: (i64, i64) = (0, 0);

const CREATE_ROOT: &str = "INSERT INTO root_key (id, host_check, sealed) VALUES (1, ?1, ?2)";
const READ_ROOT: &str = "SELECT host_check, sealed FROM root_key WHERE id = 1";
const BIND_ROOT: &str = "UPDATE root_key SET sealed = ?1 WHERE id = 1";
const CREATE_SCOPE: &str = "INSERT INTO scope_key (kind, id, sealed) VALUES (?1, ?2, ?3)";
const READ_SCOPE: &str = "SELECT sealed FROM scope_key WHERE kind = ?1 AND id = ?2";
const ALL_SCOPES: &str = "SELECT kind, id, sealed FROM scope_key";
const ONE_SCOPE: &str = "SELECT kind, id, sealed FROM scope_key WHERE kind = ?1 AND id = ?2";
const RESEAL_SCOPE: &str = "UPDATE scope_key SET sealed = ?3 WHERE kind = ?1 AND id = ?2";
const RESEAL_ROOT: &str = "UPDATE root_key SET host_check = ?1, sealed = ?2 WHERE id = 1";
const DELETE_SCOPE: &str = "DELETE FROM scope_key WHERE kind = ?1 AND id = ?2";

/// The two numbers that say who may open a file; see `open.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) schema: i64,
    pub(super) oldest_reader: i64,
}

/// The opened keys of one file.
pub(super) struct Ring {
    root: Sealer,
    /// The check value beside the root key: another one says that the file was sealed anew.
    root_mark: Vec<u8>,
    lookup: Hmac<Sha256>,
    numbers: Aes128,
    elements: Hmac<Sha256>,
    scopes: HashMap<Scope, Sealer>,
    /// Scopes whose key was first met inside the open transaction.
    fresh: Vec<Scope>,
    /// By how much the open transaction has changed the sum of the rows of `scope_key` (see head.rs), as far as nobody has
    /// asked.
    delta: u128,
}

impl Ring {
    /// Draws a root key for a new file and writes its rows.
    pub(super) fn create(conn: &Connection, host: &Key32, versions: Versions) -> Result<Self, StorageError> {
        let root_key = Key32::random()?;
        let sealed = seal_root(host, &root_key, versions)?;
        conn.prepare_cached(CREATE_ROOT)?
            .execute(params![host_check(host)?, sealed])?;

        let root = Sealer::new(&root_key)?;
        let (lookup, drawn) = draw_scope_key(conn, &root, LOOKUP)?;
        let mut ring = Self::with(root, sealed, &lookup)?;
        ring.delta = ring.scope_element(LOOKUP, &drawn)?;
        Ok(ring)
    }

    /// Binds the root key to other versions, inside the transaction that writes them.
    pub(super) fn bind(
        conn: &Connection,
        host: &Key32,
        before: Versions,
        now: Versions,
    ) -> Result<(), StorageError> {
        let sealed: Vec<u8> = conn.prepare_cached(READ_ROOT)?.query_row([], |row| row.get(1))?;
        let sealer = Sealer::new(host)?;
        let root_key = sealer.open(&root_place(before)?, &sealed)?;
        let sealed = sealer.seal_with(&root_place(now)?, |octets| {
            octets.extend_from_slice(&root_key);
            Ok(())
        })?;
        conn.prepare_cached(BIND_ROOT)?.execute(params![sealed])?;
        Ok(())
    }

    /// Opens the keys of a file.
    ///
    /// # Errors
    /// [`StorageError::WrongKey`] only if neither the check nor the seal knows the host's key; one of them
    /// alone is damage.
    pub(super) fn open(conn: &Connection, host: &Key32, versions: Versions) -> Result<Self, StorageError> {
        let (check, sealed): (Vec<u8>, Vec<u8>) = conn
            .prepare_cached(READ_ROOT)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?
            .ok_or(StorageError::Corrupt)?;
        let known = mac(host.octets(), CHECK_LABEL)?.verify_slice(&check).is_ok();
        let root_key = match (Sealer::new(host)?.open(&root_place(versions)?, &sealed), known) {
            (Ok(octets), true) => key_of(&octets)?,
            (Err(_), false) => return Err(StorageError::WrongKey),
            _ => return Err(StorageError::Corrupt),
        };

        let root = Sealer::new(&root_key)?;
        let lookup = read_scope_key(conn, &root, LOOKUP)?.ok_or(StorageError::Corrupt)?;
        Self::with(root, sealed, &lookup)
    }

    /// Draws a new root key, seals every key of the file under it, and it under the host's: old copies of keys open
    /// nothing any more.
    pub(super) fn rekey(
        &mut self,
        conn: &Connection,
        host: &Key32,
        versions: Versions,
    ) -> Result<(), StorageError> {
        let root_key = Key32::random()?;
        let root = Sealer::new(&root_key)?;
        let keys: Vec<(i64, i64, Vec<u8>)> = conn
            .prepare_cached(ALL_SCOPES)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        for (kind, id, sealed) in keys {
            let place = scope_place(kind, id)?;
            let key = self.root.open(&place, &sealed)?;
            let resealed = seal_octets(&root, &place, &key)?;
            conn.prepare_cached(RESEAL_SCOPE)?
                .execute(params![kind, id, resealed])?;
            let (before, after) = (self.element(&place, &sealed), self.element(&place, &resealed));
            self.delta = self.delta.wrapping_sub(before).wrapping_add(after);
        }
        let sealed = seal_root(host, &root_key, versions)?;
        conn.prepare_cached(RESEAL_ROOT)?
            .execute(params![host_check(host)?, sealed])?;
        self.root = root;
        self.root_mark = sealed;
        Ok(())
    }

    /// Whether the file's root key is still the one that was opened.
    pub(super) fn is_current(&self, conn: &Connection) -> Result<bool, StorageError> {
        let sealed: Option<Vec<u8>> = conn
            .prepare_cached(READ_ROOT)?
            .query_row([], |row| row.get(1))
            .optional()?;
        Ok(sealed.ok_or(StorageError::Corrupt)? == self.root_mark)
    }

    /// The same ring for another connection, with nothing cached.
    pub(super) fn copy(&self) -> Self {
        Self {
            root: self.root.clone(),
            root_mark: self.root_mark.clone(),
            lookup: self.lookup.clone(),
            numbers: self.numbers.clone(),
            elements: self.elements.clone(),
            scopes: HashMap::new(),
            fresh: Vec::new(),
            delta: 0,
        }
    }

    fn with(root: Sealer, root_mark: Vec<u8>, lookup: &Key32) -> Result<Self, StorageError> {
        let lookup = mac_key(lookup.octets())?;
        let key = Zeroizing::new(hash(&lookup, &[NUMBERS_LABEL]));
        let elements = Zeroizing::new(hash(&lookup, &[ELEMENTS_LABEL]));
        Ok(Self {
            root,
            root_mark,
            lookup,
            numbers: Aes128::new(GenericArray::from_slice(key.as_slice())),
            elements: Hmac::new_from_slice(elements.as_slice())
                .map_err(|_| StorageError::Bug("HMAC takes keys of any length"))?,
            scopes: HashMap::new(),
            fresh: Vec::new(),
            delta: 0,
        })
    }

    /// What a row adds to the sum in the head: of its place and its value, and without the file's keys a random number.
    pub(super) fn element(&self, place: &Place, sealed: &[u8]) -> u128 {
        let stamp = sealed.get(..STAMP).unwrap_or(sealed);
        u128::from_be_bytes(hash(&self.elements, &[place.octets(), stamp]))
    }

    /// By how much the sum of the rows of `scope_key` has changed since this was asked last.
    pub(super) fn take_delta(&mut self) -> u128 {
        std::mem::take(&mut self.delta)
    }

    fn scope_element(&self, (kind, id): (i64, i64), sealed: &[u8]) -> Result<u128, StorageError> {
        Ok(self.element(&scope_place(kind, id)?, sealed))
    }

    /// The hash under which an identifier is looked up: equal identifiers of one table are equal, and
    /// nothing else can be told without the key.
    pub(super) fn lookup(&self, tag: u8, identifier: &[u8]) -> [u8; 16] {
        hash(&self.lookup, &[&[tag], identifier])
    }

    /// Two numbers, encrypted as one block.
    pub(super) fn hide_numbers(&self, first: i64, second: i64) -> [u8; 16] {
        let numbers = (u128::from(first.cast_unsigned()) << 64) | u128::from(second.cast_unsigned());
        let mut block = GenericArray::from(numbers.to_be_bytes());
        self.numbers.encrypt_block(&mut block);
        block.into()
    }

    /// What [`Ring::hide_numbers`] has hidden.
    pub(super) fn hidden_numbers(&self, octets: [u8; 16]) -> (i64, i64) {
        let mut block = GenericArray::from(octets);
        self.numbers.decrypt_block(&mut block);
        let [a, b, c, d, e, f, g, h, rest @ ..] = <[u8; 16]>::from(block);
        (
            i64::from_be_bytes([a, b, c, d, e, f, g, h]),
            i64::from_be_bytes(rest),
        )
    }

    /// The cipher that seals in a scope; its key is drawn and written if the scope is new.
    pub(super) fn sealer(&mut self, conn: &Connection, scope: Scope) -> Result<&Sealer, StorageError> {
        if !self.scopes.contains_key(&scope) {
            let key = match read_scope_key(conn, &self.root, scope.kind_and_id())? {
                Some(key) => key,
                None => {
                    let (key, drawn) = draw_scope_key(conn, &self.root, scope.kind_and_id())?;
                    let element = self.scope_element(scope.kind_and_id(), &drawn)?;
                    self.delta = self.delta.wrapping_add(element);
                    key
                }
            };
            self.remember(conn, scope, &key)?;
        }
        self.scopes
            .get(&scope)
            .ok_or(StorageError::Bug("a scope's key was not kept"))
    }

    /// The cipher that opens what was sealed in a scope.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if the scope has no key: whoever has a row to open says that there is one.
    pub(super) fn opener(&mut self, conn: &Connection, scope: Scope) -> Result<&Sealer, StorageError> {
        if !self.scopes.contains_key(&scope) {
            let key = read_scope_key(conn, &self.root, scope.kind_and_id())?.ok_or(StorageError::Corrupt)?;
            self.remember(conn, scope, &key)?;
        }
        self.scopes
            .get(&scope)
            .ok_or(StorageError::Bug("a scope's key was not kept"))
    }

    /// Deletes the key of a scope. Whatever is still sealed in it stays unreadable.
    pub(super) fn end_scope(&mut self, conn: &Connection, scope: Scope) -> Result<(), StorageError> {
        self.scopes.remove(&scope);
        let (kind, id) = scope.kind_and_id();
        let sealed: Option<Vec<u8>> = conn
            .prepare_cached(READ_SCOPE)?
            .query_row([kind, id], |row| row.get(0))
            .optional()?;
        if let Some(sealed) = sealed {
            conn.prepare_cached(DELETE_SCOPE)?.execute([kind, id])?;
            let element = self.scope_element((kind, id), &sealed)?;
            self.delta = self.delta.wrapping_sub(element);
        }
        Ok(())
    }

    /// After a commit: what was met in the transaction may be kept.
    pub(super) fn keep_fresh(&mut self) {
        self.fresh.clear();
    }

    /// After a rollback: forgets the keys first met inside the transaction, whose rows may never have
    /// existed.
    pub(super) fn forget_uncommitted(&mut self) {
        self.delta = 0;
        for scope in self.fresh.drain(..) {
            self.scopes.remove(&scope);
        }
    }

    /// Forgets every scope's key, because another connection may have ended or begun scopes.
    pub(super) fn forget_scopes(&mut self) {
        self.scopes.clear();
        self.fresh.clear();
    }

    fn remember(&mut self, conn: &Connection, scope: Scope, key: &Key32) -> Result<(), StorageError> {
        if self.scopes.len() >= REMEMBERED {
            self.scopes.clear();
            self.fresh.clear();
        }
        if !conn.is_autocommit() {
            self.fresh.push(scope);
        }
        self.scopes.insert(scope, Sealer::new(key)?);
        Ok(())
    }
}

/// How many ciphers are kept in memory.
const REMEMBERED: usize = 256;

fn seal_octets(sealer: &Sealer, place: &Place, value: &[u8]) -> Result<Vec<u8>, StorageError> {
    sealer.seal_with(place, |octets| {
        octets.extend_from_slice(value);
        Ok(())
    })
}

fn seal_root(host: &Key32, root_key: &Key32, versions: Versions) -> Result<Vec<u8>, StorageError> {
    seal_octets(&Sealer::new(host)?, &root_place(versions)?, root_key.octets())
}

/// Draws a key and writes its row; returns both.
fn draw_scope_key(
    conn: &Connection,
    root: &Sealer,
    (kind, id): (i64, i64),
) -> Result<(Key32, Vec<u8>), StorageError> {
    let key = Key32::random()?;
    let sealed = seal_octets(root, &scope_place(kind, id)?, key.octets())?;
    conn.prepare_cached(CREATE_SCOPE)?
        .execute(params![kind, id, sealed])?;
    Ok((key, sealed))
}

fn read_scope_key(
    conn: &Connection,
    root: &Sealer,
    (kind, id): (i64, i64),
) -> Result<Option<Key32>, StorageError> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached(READ_SCOPE)?
        .query_row([kind, id], |row| row.get(0))
        .optional()?;
    sealed
        .map(|sealed| key_of(&root.open(&scope_place(kind, id)?, &sealed)?))
        .transpose()
}

fn root_place(versions: Versions) -> Result<Place, StorageError> {
    Place::of(&RowAt {
        table: ROOT_KEY,
        key: &[Col::Int(1)],
        clear: &[Col::Int(versions.schema), Col::Int(versions.oldest_reader)],
    })
}

fn scope_place(kind: i64, id: i64) -> Result<Place, StorageError> {
    Place::of(&RowAt {
        table: SCOPE_KEY,
        key: &[Col::Int(kind), Col::Int(id)],
        clear: &[],
    })
}

fn key_of(octets: &[u8]) -> Result<Key32, StorageError> {
    <[u8; 32]>::try_from(octets)
        .map(Key32::new)
        .map_err(|_| StorageError::Corrupt)
}

/// Beyond the tags of tables.
const NUMBERS_LABEL: &[u8] = b"comity numbers";
const ELEMENTS_LABEL: &[u8] = b"comity elements";
const CHECK_LABEL: &[u8] = b"comity host key check";

fn host_check(host: &Key32) -> Result<Vec<u8>, StorageError> {
    Ok(mac(host.octets(), CHECK_LABEL)?.finalize().into_bytes().to_vec())
}

/// The first 16 octets of the keyed hash of the parts, one behind the other.
fn hash(key: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| mac.update(part));
    let full = mac.finalize().into_bytes();
    let mut short = [0; 16];
    short.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    short
}

fn mac(key: &[u8; 32], message: &[u8]) -> Result<Hmac<Sha256>, StorageError> {
    let mut mac = mac_key(key)?;
    mac.update(message);
    Ok(mac)
}

fn mac_key(key: &[u8; 32]) -> Result<Hmac<Sha256>, StorageError> {
    Hmac::new_from_slice(key).map_err(|_| StorageError::Bug("HMAC takes keys of any length"))
}
