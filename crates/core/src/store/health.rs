//! How a client's file is: counts and codes, fit for a support log.

use super::{StorageError, Store, open, turns};

/// How a client's file is. Nothing in it tells who, what or when: it may be put into any log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The schema of the file.
    pub schema: i64,
    /// The oldest schema that a program must know to use the file.
    pub oldest_reader: i64,
    /// Octets of the database.
    pub octets: u64,
    /// Octets of it that are free.
    pub free: u64,
    /// Octets of the write-ahead log.
    pub log: u64,
    /// Rooms, those that were left included.
    pub rooms: u64,
    /// Messages, those that change others included.
    pub messages: u64,
    /// Messages that wait for something before they are sent.
    pub waiting: u64,
    /// Events in the log.
    pub events: u64,
    /// Requests that nobody has answered.
    pub requests: u64,
    /// Frames that wait for something.
    pub held: u64,
    /// Frames that are remembered as taken.
    pub seen: u64,
    /// Tasks, those that are over included.
    pub tasks: u64,
    /// Clients that we have met.
    pub peers: u64,
    /// What is wrong with the file, as a stable code; `None` if SQLite finds nothing, and no row that carries safety is
    /// missing or older than the others. What the seals hold is only found where it is read.
    pub damage: Option<&'static str>,
}

impl std::fmt::Display for Health {
    /// One line of `name=number`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            schema,
            oldest_reader,
            octets,
            free,
            log,
            rooms,
            messages,
            waiting,
            events,
            requests,
            held,
            seen,
            tasks,
            peers,
            damage,
        } = self;
        write!(
            f,
            "schema={schema} oldest_reader={oldest_reader} octets={octets} free={free} log={log} "
        )?;
        write!(
            f,
            "rooms={rooms} messages={messages} waiting={waiting} events={events} requests={requests} "
        )?;
        write!(f, "held={held} seen={seen} tasks={tasks} peers={peers} ")?;
        write!(f, "damage={}", damage.unwrap_or("none"))
    }
}

/// Looks at the whole file.
pub(crate) fn health(store: &Store) -> Result<Health, StorageError> {
    let versions = open::check_versions(&store.conn)?;
    let page = number(store, "PRAGMA page_size")?;
    let pages = |sql| Ok::<_, StorageError>(number(store, sql)?.saturating_mul(page));
    let log = std::fs::metadata(turns::with_suffix(&store.path, "-wal"));
    Ok(Health {
        schema: versions.schema,
        oldest_reader: versions.oldest_reader,
        octets: pages("PRAGMA page_count")?,
        free: pages("PRAGMA freelist_count")?,
        log: log.map_or(0, |log| log.len()),
        rooms: number(store, "SELECT count(*) FROM room")?,
        messages: number(store, "SELECT count(*) FROM message")?,
        waiting: number(store, "SELECT count(*) FROM message WHERE waiting <> 0")?,
        events: number(store, "SELECT count(*) FROM event")?,
        requests: number(store, "SELECT count(*) FROM outbox")?,
        held: number(store, "SELECT count(*) FROM held")?,
        seen: number(store, "SELECT count(*) FROM seen")?,
        tasks: number(store, "SELECT count(*) FROM task")?,
        peers: number(store, "SELECT count(*) FROM peer")?,
        damage: damage(store),
    })
}

fn number(store: &Store, sql: &'static str) -> Result<u64, StorageError> {
    let number: Option<i64> = store.one(sql, [], |row| row.get(0))?;
    number
        .and_then(|number| u64::try_from(number).ok())
        .ok_or(StorageError::Corrupt)
}

/// What SQLite finds: pages that contradict one another, and indexes that do not fit their tables. And what the head tells:
/// rows that are missing, or older than others.
fn damage(store: &Store) -> Option<&'static str> {
    let verdict = store.one("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match verdict {
        Ok(Some(verdict)) if verdict == "ok" => store.verify().err().map(|error| error.code()),
        Ok(_) => Some(StorageError::Corrupt.code()),
        Err(error) => Some(error.code()),
    }
}
