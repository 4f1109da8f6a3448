//! The small tables: frames that were taken, tasks, clients that we have met, and the client's own settings.

use comity_content::MessageId;
use comity_room::{ClientUri, UserUri};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::seal::Index;
use super::{Col, RowAt, Scope, StorageError, Store, Table};
use crate::step::TaskId;
use crate::task::TaskRow;

pub(super) const SEEN: Table = Table::new(23, 1)
    .covered(
        "SELECT hash, ord, sealed FROM seen",
        "SELECT hash, ord, sealed FROM seen WHERE hash = ?1",
    )
    .indexed(&[Index {
        all: "SELECT hash, ord FROM seen INDEXED BY sqlite_autoindex_seen_1",
        columns: &[0, 1],
    }]);
pub(super) const TASK: Table = Table::new(24, 1)
    .covered(
        "SELECT id, sealed FROM task",
        "SELECT id, sealed FROM task WHERE id = ?1",
    )
    .ordered();
pub(super) const PEER: Table = Table::new(25, 1)
    .covered(
        "SELECT client, user, sealed FROM peer",
        "SELECT client, user, sealed FROM peer WHERE client = ?1",
    )
    .ordered()
    .indexed(&[Index {
        all: "SELECT user, client FROM peer INDEXED BY peer_user",
        columns: &[1, 0],
    }]);
pub(super) const SETTING: Table = Table::new(26, 1)
    .covered(
        "SELECT name, sealed FROM setting",
        "SELECT name, sealed FROM setting WHERE name = ?1",
    )
    .ordered();
const SCOPE: Scope = Scope::Client;

/// A frame that was taken: what the second delivery is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SeenRow {
    pub(crate) message: Option<MessageId>,
    pub(crate) notify: bool,
}

/// How a frame is named here and in the rows of messages.
pub(crate) fn frame_key(store: &Store, hash: &[u8; 32]) -> [u8; 16] {
    store.lookup(SEEN, hash)
}

/// What became of a frame that no message's row names.
pub(crate) fn seen(store: &Store, frame: [u8; 16]) -> Result<Option<SeenRow>, StorageError> {
    store.get_sealed(
        "SELECT hash, ord, sealed FROM seen WHERE hash = ?1",
        [frame],
        SCOPE,
        SEEN,
    )
}

/// How many frames are remembered beside those of messages. They are handshakes for the most part, and what is much older
/// than the room's epoch is rejected anyway.
pub(crate) const REMEMBERED: i64 = 20_000;
/// After how many new ones it is looked whether there are too many.
const LOOK: i64 = 64;

/// Notes what became of a frame that no message's row names.
pub(crate) fn put_seen(store: &Store, frame: [u8; 16], row: &SeenRow) -> Result<(), StorageError> {
    let last = store.one("SELECT max(ord) FROM seen", [], |row| {
        row.get::<_, Option<i64>>(0)
    })?;
    let ord = last
        .flatten()
        .unwrap_or(0)
        .checked_add(1)
        .ok_or(StorageError::Corrupt)?;
    let (key, clear) = ([Col::from(&frame)], [Col::Int(ord)]);
    store.put_sealed(
        "INSERT OR REPLACE INTO seen (hash, ord, sealed) VALUES (?1, ?2, ?3)",
        SCOPE,
        &RowAt {
            table: SEEN,
            key: &key,
            clear: &clear,
        },
        row,
    )?;
    if ord % LOOK == 0 {
        store.delete_sealed(
            "DELETE FROM seen WHERE ord <= ?1 RETURNING hash, ord, substr(sealed, 1, 13)",
            SEEN,
            [ord.saturating_sub(REMEMBERED)],
        )?;
    }
    Ok(())
}

/// Notes that a frame which brought no message was taken, by the hash of its MLSMessage.
pub(crate) fn put_taken(store: &Store, hash: &[u8; 32]) -> Result<(), StorageError> {
    let row = SeenRow {
        message: None,
        notify: false,
    };
    put_seen(store, frame_key(store, hash), &row)
}

pub(crate) fn task(store: &Store, id: TaskId) -> Result<Option<TaskRow>, StorageError> {
    let key = store.lookup(TASK, &id.0);
    store.get_sealed("SELECT id, sealed FROM task WHERE id = ?1", [key], SCOPE, TASK)
}

pub(crate) fn put_task(store: &Store, row: &TaskRow) -> Result<(), StorageError> {
    let id = store.lookup(TASK, &row.id.0);
    let key = [Col::from(&id)];
    store.put_sealed(
        "INSERT OR REPLACE INTO task (id, sealed) VALUES (?1, ?2)",
        SCOPE,
        &RowAt {
            table: TASK,
            key: &key,
            clear: &[],
        },
        row,
    )
}

/// A client that we have met.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PeerRow {
    pub(crate) client: ClientUri,
    pub(crate) user: UserUri,
    #[serde(with = "serde_bytes")]
    pub(crate) key: Vec<u8>,
}

pub(crate) fn peer(store: &Store, client: &ClientUri) -> Result<Option<PeerRow>, StorageError> {
    let key = store.lookup(PEER, client.as_bytes());
    store.get_sealed(
        "SELECT client, user, sealed FROM peer WHERE client = ?1",
        [key],
        SCOPE,
        PEER,
    )
}

/// The clients of a user that we have met.
pub(crate) fn peers_of(store: &Store, user: &UserUri) -> Result<Vec<PeerRow>, StorageError> {
    let key = store.lookup(PEER, user.as_bytes());
    store.all_sealed(
        "SELECT client, user, sealed FROM peer WHERE user = ?1",
        [key],
        SCOPE,
        PEER,
        |_, row| Ok(row),
    )
}

pub(crate) fn put_peer(store: &Store, row: &PeerRow) -> Result<(), StorageError> {
    let client = store.lookup(PEER, row.client.as_bytes());
    let user = store.lookup(PEER, row.user.as_bytes());
    let key = [Col::from(&client)];
    store.put_sealed(
        "INSERT OR REPLACE INTO peer (client, user, sealed) VALUES (?1, ?2, ?3)",
        SCOPE,
        &RowAt {
            table: PEER,
            key: &key,
            clear: &[Col::from(&user)],
        },
        row,
    )
}

/// A setting by its name.
pub(crate) fn setting<T: DeserializeOwned>(store: &Store, name: &str) -> Result<Option<T>, StorageError> {
    let key = store.lookup(SETTING, name.as_bytes());
    store.get_sealed(
        "SELECT name, sealed FROM setting WHERE name = ?1",
        [key],
        SCOPE,
        SETTING,
    )
}

pub(crate) fn put_setting<T: Serialize>(store: &Store, name: &str, value: &T) -> Result<(), StorageError> {
    let name = store.lookup(SETTING, name.as_bytes());
    let key = [Col::from(&name)];
    store.put_sealed(
        "INSERT OR REPLACE INTO setting (name, sealed) VALUES (?1, ?2)",
        SCOPE,
        &RowAt {
            table: SETTING,
            key: &key,
            clear: &[],
        },
        value,
    )
}
