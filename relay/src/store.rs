//! The rows of all providers, in one SQLite file. All SQL of the relay stands here.

use std::path::Path;

use comity_hub::{DirectoryWrite, Fault, KeyPackageRow, Part, Rows, Write};
use comity_room::{ClientUri, ProviderUri, RoomUri, UserUri};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS providers (uri TEXT PRIMARY KEY, keys BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS clients (uri TEXT PRIMARY KEY, user TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    provider TEXT NOT NULL,
    room TEXT NOT NULL,
    part TEXT NOT NULL,
    reply_epoch INTEGER,
    value BLOB NOT NULL,
    PRIMARY KEY (provider, room, part)
);
CREATE TABLE IF NOT EXISTS key_packages (
    reference BLOB PRIMARY KEY,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0,
    value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS key_packages_of ON key_packages (client, retired);
CREATE TABLE IF NOT EXISTS frames (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    room TEXT NOT NULL,
    frame BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS frames_of ON frames (client, cursor);
CREATE TABLE IF NOT EXISTS replies (
    ord INTEGER PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    id BLOB NOT NULL,
    request BLOB NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (client, id)
);
";

/// How many replies are kept for requests that come again.
const REPLIES: i64 = 10_000;

/// A result of the database.
pub(crate) type Result<T> = rusqlite::Result<T>;

/// Opens the file, or makes it.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

/// One request's work. Dropped without [`Work::commit`], nothing of it happened.
pub(crate) struct Work<'a>(Transaction<'a>);

impl<'a> Work<'a> {
    pub(crate) fn begin(db: &'a mut Connection) -> Result<Self> {
        db.transaction_with_behavior(TransactionBehavior::Immediate)
            .map(Self)
    }

    pub(crate) fn commit(self) -> Result<()> {
        self.0.commit()
    }

    /// The key pair of a provider's hub; none if there is no such provider.
    pub(crate) fn keys(&self, provider: &ProviderUri) -> Result<Option<Vec<u8>>> {
        self.0
            .prepare_cached("SELECT keys FROM providers WHERE uri = ?1")?
            .query_row([provider.to_string()], |row| row.get(0))
            .optional()
    }

    pub(crate) fn add_provider(&self, provider: &ProviderUri, keys: &[u8]) -> Result<()> {
        self.0
            .prepare_cached("INSERT INTO providers (uri, keys) VALUES (?1, ?2)")?
            .execute(params![provider.to_string(), keys])
            .map(drop)
    }

    /// The user of a client that has logged in.
    pub(crate) fn user_of(&self, client: &ClientUri) -> Result<Option<String>> {
        self.0
            .prepare_cached("SELECT user FROM clients WHERE uri = ?1")?
            .query_row([client.as_str()], |row| row.get(0))
            .optional()
    }

    pub(crate) fn add_client(&self, client: &ClientUri, user: &UserUri) -> Result<()> {
        self.0
            .prepare_cached("INSERT INTO clients (uri, user) VALUES (?1, ?2)")?
            .execute([client.as_str(), user.as_str()])
            .map(drop)
    }

    /// The clients of a user, as text.
    pub(crate) fn clients_of(&self, user: &UserUri) -> Result<Vec<String>> {
        self.0
            .prepare_cached("SELECT uri FROM clients WHERE user = ?1 ORDER BY uri")?
            .query_map([user.as_str()], |row| row.get(0))?
            .collect()
    }

    /// The users who left key packages.
    pub(crate) fn users(&self) -> Result<Vec<String>> {
        self.0
            .prepare_cached("SELECT DISTINCT user FROM key_packages ORDER BY user")?
            .query_map([], |row| row.get(0))?
            .collect()
    }

    /// One row of a room, as `provider` has it.
    pub(crate) fn row(&self, provider: &ProviderUri, room: &RoomUri, part: &Part) -> Result<Option<Vec<u8>>> {
        self.0
            .prepare_cached("SELECT value FROM rows WHERE provider = ?1 AND room = ?2 AND part = ?3")?
            .query_row(
                [provider.to_string(), room.to_string(), part.to_string()],
                |row| row.get(0),
            )
            .optional()
    }

    /// Rows of a room, for the hub crate.
    pub(crate) fn rows(&self, provider: &ProviderUri, room: &RoomUri, parts: &[Part]) -> Result<Rows> {
        Rows::of(room.clone()).load(parts, |part| self.row(provider, room, part))
    }

    /// Commits what the hub crate decided about a room.
    pub(crate) fn write(&self, provider: &ProviderUri, room: &RoomUri, writes: &[Write]) -> Result<()> {
        let (provider, room) = (provider.to_string(), room.to_string());
        for write in writes {
            match write {
                Write::Put { part, value } => self
                    .0
                    .prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![
                        provider,
                        room,
                        part.to_string(),
                        reply_epoch(part),
                        value
                    ])?,
                Write::Delete { part } => self
                    .0
                    .prepare_cached("DELETE FROM rows WHERE provider = ?1 AND room = ?2 AND part = ?3")?
                    .execute([&provider, &room, &part.to_string()])?,
                Write::ForgetReplies { through } => self
                    .0
                    .prepare_cached(
                        "DELETE FROM rows WHERE provider = ?1 AND room = ?2 AND reply_epoch <= ?3",
                    )?
                    .execute(params![provider, room, column(*through)])?,
            };
        }
        Ok(())
    }

    /// The key packages of a client that can still be handed out, as [`KeyPackageRow`]s.
    pub(crate) fn key_packages(&self, client: &str) -> Result<Vec<Vec<u8>>> {
        self.0
            .prepare_cached("SELECT value FROM key_packages WHERE client = ?1 AND retired = 0")?
            .query_map([client], |row| row.get(0))?
            .collect()
    }

    /// One key package, handed out or not.
    pub(crate) fn key_package(&self, reference: &[u8]) -> Result<Option<Vec<u8>>> {
        self.0
            .prepare_cached("SELECT value FROM key_packages WHERE reference = ?1")?
            .query_row([reference], |row| row.get(0))
            .optional()
    }

    /// Commits what the directory decided.
    pub(crate) fn write_directory(
        &self,
        writes: &[DirectoryWrite],
    ) -> std::result::Result<(), DirectoryFault> {
        for write in writes {
            match write {
                DirectoryWrite::Insert(row) => self.add_key_package(row)?,
                DirectoryWrite::Retire { reference } => {
                    let changed = self
                        .0
                        .prepare_cached(
                            "UPDATE key_packages SET retired = 1 WHERE reference = ?1 AND retired = 0",
                        )?
                        .execute([reference])?;
                    if changed != 1 {
                        return Err(DirectoryFault::Contradiction);
                    }
                }
            }
        }
        Ok(())
    }

    fn add_key_package(&self, row: &KeyPackageRow) -> std::result::Result<(), DirectoryFault> {
        let value = row.encode().map_err(DirectoryFault::Row)?;
        self.0
            .prepare_cached(
                "INSERT OR IGNORE INTO key_packages (reference, client, user, value) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                row.reference,
                row.client.as_str(),
                row.user.as_str(),
                value
            ])?;
        Ok(())
    }

    /// Puts a frame into a client's mailbox.
    pub(crate) fn deliver(&self, client: &ClientUri, room: &RoomUri, frame: &[u8]) -> Result<()> {
        self.0
            .prepare_cached("INSERT INTO frames (client, room, frame) VALUES (?1, ?2, ?3)")?
            .execute(params![client.as_str(), room.as_str(), frame])
            .map(drop)
    }

    /// The first frame of a mailbox behind a cursor: its cursor, its room, its octets.
    pub(crate) fn frame(&self, client: &ClientUri, after: u64) -> Result<Option<(u64, String, Vec<u8>)>> {
        self.0
            .prepare_cached(
                "SELECT cursor, room, frame FROM frames WHERE client = ?1 AND cursor > ?2 ORDER BY cursor LIMIT 1",
            )?
            .query_row(params![client.as_str(), column(after)], |row| {
                let cursor: i64 = row.get(0)?;
                Ok((cursor.unsigned_abs(), row.get(1)?, row.get(2)?))
            })
            .optional()
    }

    /// What was answered to a request before, if these octets were posted under this id.
    pub(crate) fn reply(&self, client: &ClientUri, id: &[u8], request: &[u8]) -> Result<Option<Vec<u8>>> {
        self.0
            .prepare_cached("SELECT body FROM replies WHERE client = ?1 AND id = ?2 AND request = ?3")?
            .query_row(params![client.as_str(), id, request], |row| row.get(0))
            .optional()
    }

    pub(crate) fn keep_reply(
        &self,
        client: &ClientUri,
        id: &[u8],
        request: &[u8],
        body: &[u8],
    ) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT OR REPLACE INTO replies (client, id, request, body) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![client.as_str(), id, request, body])?;
        self.0
            .prepare_cached("DELETE FROM replies WHERE ord <= (SELECT max(ord) FROM replies) - ?1")?
            .execute([REPLIES])
            .map(drop)
    }
}

/// What can go wrong with the directory's rows.
pub(crate) enum DirectoryFault {
    /// The database.
    Store(rusqlite::Error),
    /// A row does not encode.
    Row(Fault),
    /// A key package that was to be handed out is not there.
    Contradiction,
}

impl From<rusqlite::Error> for DirectoryFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

fn reply_epoch(part: &Part) -> Option<i64> {
    match part {
        Part::Reply { epoch, .. } => Some(column(*epoch)),
        _ => None,
    }
}

/// SQLite's integers are signed; no epoch and no cursor comes near the end.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
