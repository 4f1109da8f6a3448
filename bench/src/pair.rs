//! What every library does here: two members of one room, each with a file of its own; the first sends, the second receives.
//!
//! A step is what an app must have done before it may go on: the message encrypted or decrypted, kept where a list of messages can show
//! it, and everything on disk in the way that the mode says. The room's other members only make it large; they have no files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use comity_room::{ClientUri, Participant, ParticipantList, Roles, UserUri, media_types};
use comity_wire::Wire as _;
use openmls::prelude::{Extensions, LeafNode};

use crate::Fault;
use crate::{mls_rs_sqlite, openmls_sqlite, ours};

/// The room that is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) members: usize,
    /// Whether a peer's group is as large as that of a MIMI room: its GroupContext lists the participants, and whoever signs or
    /// verifies a message hashes it; its leaves name a user and what a client can receive, and whoever keeps a tree writes them.
    pub(crate) as_mimi: bool,
}

impl Shape {
    /// A room as each library makes it by itself.
    pub(crate) fn of(members: usize) -> Self {
        Self {
            members,
            as_mimi: false,
        }
    }

    /// What a peer's GroupContext holds besides its own: nothing, or as many octets as the list of the participants has here.
    pub(crate) fn list(self) -> Result<Option<Vec<u8>>, Fault> {
        if !self.as_mimi {
            return Ok(None);
        }
        let participant = |number| {
            Ok::<_, Fault>(Participant {
                user: user(&format!("m{number}"))?,
                role: Roles::MEMBER,
            })
        };
        let list = (0..self.members).map(participant).collect::<Result<_, _>>()?;
        Ok(Some(ParticipantList::new(list)?.encode()))
    }

    /// Who a member of a peer's group is.
    pub(crate) fn member(self, name: &str) -> Result<Named, Fault> {
        if !self.as_mimi {
            return Ok(Named {
                identity: name.as_bytes().to_vec(),
                leaf: Extensions::default(),
            });
        }
        Ok(Named {
            identity: client(name)?.as_str().as_bytes().to_vec(),
            leaf: comity_mls::leaf_extensions(&user(name)?, &media_types::baseline()),
        })
    }
}

/// A member of a peer's group.
pub(crate) struct Named {
    /// What the credential says.
    pub(crate) identity: Vec<u8>,
    /// What else the leaf has.
    pub(crate) leaf: Extensions<LeafNode>,
}

pub(crate) fn user(name: &str) -> Result<UserUri, Fault> {
    Ok(UserUri::parse(&format!("mimi://a.example/u/{name}"))?)
}

pub(crate) fn client(name: &str) -> Result<ClientUri, Fault> {
    Ok(ClientUri::parse(&format!("mimi://a.example/d/{name}"))?)
}

/// How much of a step went into what a library's storage cannot take into its own transaction.
pub(crate) type Aside = Duration;

/// Two members of one room.
pub(crate) trait Pair {
    /// Encrypts a message at the first member. Durable on return.
    fn send(&mut self, text: &str) -> Result<Aside, Fault>;

    /// Carries what was sent last through the server. No member does anything. Returns the frame for the second member.
    fn carry(&mut self) -> Result<Vec<u8>, Fault>;

    /// Records at the first member that the server has accepted the message; `false` if the library does not keep that.
    fn record_answer(&mut self) -> Result<bool, Fault>;

    /// Decrypts a message at the second member. Durable on return.
    fn receive(&mut self, frame: Vec<u8>) -> Result<Aside, Fault>;

    /// Decrypts messages at the second member, in as few transactions as the library allows. Durable on return.
    fn receive_all(&mut self, frames: Vec<Vec<u8>>) -> Result<(), Fault>;

    /// Begins a new epoch by a commit of the first member.
    fn commit(&mut self) -> Result<(), Fault>;

    /// Moves both write-ahead logs into their files and empties them.
    fn empty_logs(&mut self) -> Result<(), Fault>;

    /// The write-ahead logs of the first and of the second member.
    fn logs(&self) -> [PathBuf; 2];

    /// Closes both files and opens them again, with nothing kept in memory.
    fn reopen(self: Box<Self>) -> Result<Box<dyn Pair>, Fault>;

    /// How many messages the first and the second member can show.
    fn messages(&self) -> Result<[usize; 2], Fault>;
}

/// Makes a room whose files lie in a directory.
pub(crate) type Make = fn(&Path, Shape) -> Result<Box<dyn Pair>, Fault>;

/// A library, and how it makes a room.
pub(crate) struct Library {
    pub(crate) name: &'static str,
    pub(crate) make: Make,
    /// How many transactions one step commits.
    pub(crate) commits: u32,
}

/// Ours first; then those beside whom we are measured.
pub(crate) const LIBRARIES: [Library; 3] = [
    Library {
        name: "Comity",
        make: ours::make,
        commits: 1,
    },
    Library {
        name: "OpenMLS",
        make: openmls_sqlite::make,
        commits: 1,
    },
    Library {
        name: "mls-rs",
        make: mls_rs_sqlite::make,
        commits: 2,
    },
];

/// How a peer keeps its messages: the least that an app can do, one row each.
pub(crate) mod app {
    use std::path::Path;

    use rusqlite::Connection;

    use crate::Fault;
    use crate::modes::Mode;

    const TABLE: &str =
        "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;";

    /// Opens a file as the engine does: write-ahead log, and `synchronous` as this build says.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA journal_mode = WAL;")?;
        connection.execute_batch(Mode::BUILT.pragma())?;
        Ok(connection)
    }

    /// The app's own table.
    pub(crate) fn make_table(connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(TABLE)
    }

    /// Keeps one message.
    pub(crate) fn keep(connection: &Connection, body: &[u8]) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT INTO message (body) VALUES (?1)")?
            .execute([body])?;
        Ok(())
    }

    /// How many messages are kept.
    pub(crate) fn count(connection: &Connection) -> rusqlite::Result<usize> {
        connection.query_row("SELECT count(*) FROM message", [], |row| row.get(0))
    }

    /// Moves the write-ahead log into the file and empties it.
    pub(crate) fn empty_log(connection: &Connection) -> rusqlite::Result<()> {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    /// Does everything in one transaction, or nothing.
    pub(crate) fn in_transaction<R>(
        connection: &Connection,
        work: impl FnOnce() -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let result = work();
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        connection.prepare_cached(end)?.execute([])?;
        result
    }
}

/// The write-ahead log beside a database.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: usize = 3;

    fn pass(pair: &mut dyn Pair, text: &str) {
        pair.send(text).unwrap();
        let frame = pair.carry().unwrap();
        pair.record_answer().unwrap();
        pair.receive(frame).unwrap();
    }

    #[test]
    fn every_library_passes_messages_and_has_them_after_reopening() {
        for library in &LIBRARIES {
            let dir = tempfile::tempdir().unwrap();
            let mut pair = (library.make)(dir.path(), Shape::of(MEMBERS)).unwrap();
            pass(&mut *pair, "one");
            pair.commit().unwrap();
            pass(&mut *pair, "two");
            pair.empty_logs().unwrap();
            pass(&mut *pair, "three");
            let mut pair = pair.reopen().unwrap();
            assert_eq!(pair.messages().unwrap(), [3, 3], "{}", library.name);
            pass(&mut *pair, "four");
            assert_eq!(pair.messages().unwrap(), [4, 4], "{}", library.name);
            let frames = ["five", "six"].map(|text| {
                pair.send(text).unwrap();
                let frame = pair.carry().unwrap();
                pair.record_answer().unwrap();
                frame
            });
            pair.receive_all(frames.into()).unwrap();
            assert_eq!(pair.messages().unwrap(), [6, 6], "{}", library.name);
        }
    }

    #[test]
    fn a_peer_sends_in_a_room_whose_context_is_as_large_as_ours() {
        let shape = Shape {
            members: MEMBERS,
            listed: true,
        };
        assert!(shape.list().unwrap().unwrap().len() > MEMBERS * "mimi://a.example/u/m0".len());
        for library in &LIBRARIES {
            let dir = tempfile::tempdir().unwrap();
            let mut pair = (library.make)(dir.path(), shape).unwrap();
            pass(&mut *pair, "one");
            assert_eq!(pair.messages().unwrap(), [1, 1], "{}", library.name);
        }
    }

    #[test]
    fn an_emptied_log_grows_with_the_next_step() {
        let length = |log: &PathBuf| std::fs::metadata(log).map_or(0, |log| log.len());
        for library in &LIBRARIES {
            let dir = tempfile::tempdir().unwrap();
            let mut pair = (library.make)(dir.path(), Shape::of(2)).unwrap();
            pair.empty_logs().unwrap();
            assert_eq!(pair.logs().each_ref().map(length), [0, 0], "{}", library.name);
            pass(&mut *pair, "one");
            assert!(pair.logs().iter().all(|log| length(log) > 0), "{}", library.name);
        }
    }
}
