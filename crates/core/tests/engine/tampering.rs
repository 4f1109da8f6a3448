//! A thief has the file, cannot open it, changes it with SQLite or octet by octet, and puts it back under the app.
//!
//! Whatever was done, everything that can be read is read, one message is sent and one received: the outcome is what the
//! untouched file gives, or an error with a code.

use std::path::{Path, PathBuf};

use comity::content::Expiration;
use comity::{
    Allow, Batch, Change, Client, Error, FrameOutcome, Opening, Outgoing, Page, Position, Reader, Seq,
    StorageError, Timestamp,
};
use comity::{Frame, RoomUri};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use crate::support::*;

/// A file that was in use, closed, and what an app would do next with it.
struct Victim {
    dir: TempDir,
    path: PathBuf,
    /// Its octets some time ago, and now.
    old: Vec<u8>,
    now: Vec<u8>,
    at: Timestamp,
    room: RoomUri,
    /// A message that has not come yet.
    next: Frame,
    /// One of whose epoch only a past ratchet remains, and a commit.
    late: Frame,
    commit: Frame,
}

/// What one gets to see: everything, as text.
type Seen = Result<Vec<String>, StorageError>;

impl Victim {
    fn new() -> Self {
        let mut scene = Scene::new();
        let uri = scene.uri();
        let at = scene.alice.now;
        scene.still_reads();
        let late = scene.saying("late");
        for _ in 0..2 {
            scene.everybody_follows(Plan::default());
        }
        says(&mut scene, "mine");
        scene.alice.client.pause().unwrap();
        let old = std::fs::read(scene.alice.path()).unwrap();
        scene.alice.client.resume().unwrap();
        scene.everybody_follows(Plan::default());
        scene.still_reads();
        says(&mut scene, &"a long one ".repeat(400));
        let tomorrow = u32::try_from(at.as_millis() / 1_000 + 86_400).unwrap();
        let expiring = Outgoing::text("gone soon").expiring(Expiration::Absolute(tomorrow));
        drop(scene.alice.client.send(at, &uri, &expiring, Allow::default()));
        let early = scene.mallory.says(&uri, "of an epoch to come");
        let mut frame = scene.place.message(&early);
        frame.bytes[8 + 4 + 1] ^= 0x40;
        drop(scene.alice.steps(std::slice::from_ref(&frame)));
        drop(scene.alice.client.change(at, &uri, &[Change::Rotate]).unwrap());
        let batch = Batch {
            frames: Vec::new(),
            cursor: Some(comity::Cursor {
                queue: "mailbox".to_owned(),
                position: vec![1, 2, 3],
            }),
            more: true,
        };
        drop(scene.alice.client.receive(at, &batch).unwrap());
        let next = scene.saying("next");
        let commit = scene.mallory.commits(Plan::default()).commit;
        let commit = scene.place.commit(&commit);
        scene.alice.client.pause().unwrap();
        let now = std::fs::read(scene.alice.path()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        Self {
            path: dir.path().join("client.comity"),
            dir,
            old,
            now,
            at,
            room: uri,
            next,
            late,
            commit,
        }
    }

    /// Puts these octets under the app, with nothing beside them.
    fn lay(&self, octets: &[u8]) {
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        std::fs::write(&self.path, octets).unwrap();
    }

    /// Does something to the file with SQLite.
    fn tamper<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        self.lay(&self.now);
        let file = Connection::open(&self.path).unwrap();
        let done = work(&file).unwrap();
        drop(file);
        done
    }

    /// Reads everything and goes on.
    fn seen(&self) -> Seen {
        match self.try_everything() {
            Ok(seen) => Ok(seen),
            Err(Error::Storage(error)) => Err(error),
            Err(error) => panic!("{error:?}"),
        }
    }

    fn try_everything(&self) -> Result<Vec<String>, Error> {
        let mut client = Client::open(self.at, &Opening::app(&self.path, KEY))?;
        let reader = client.reader()?;
        let mut seen = self.everything(&reader)?;
        let batch = Batch {
            frames: vec![self.next.clone(), self.late.clone(), self.commit.clone()],
            cursor: None,
            more: false,
        };
        let step = client.receive(self.at, &batch)?;
        let done = step.frames.iter();
        seen.extend(done.map(|outcome| matches!(outcome, FrameOutcome::Done { .. }).to_string()));
        let sent = client.send(self.at, &self.room, &Outgoing::text("sent"), Allow::default())?;
        seen.push(format!("{:?}", sent.requests.len()));
        let _: comity::Step = client.wake(self.at.plus(std::time::Duration::from_secs(90_000)))?;
        client.close()?;
        Ok(seen)
    }

    /// Whether the file says that something is wrong with it.
    fn is_ill(&self, octets: &[u8]) -> bool {
        self.lay(octets);
        let reader = Reader::open(&Opening::app(&self.path, KEY)).unwrap();
        reader.health().is_ok_and(|health| health.damage.is_some())
    }

    fn everything(&self, reader: &Reader) -> Result<Vec<String>, Error> {
        let (at, room) = (self.at, &self.room);
        let mut seen = vec![
            format!("{:?}", reader.identity()),
            format!("{:?}", reader.rooms(at)?),
            format!("{:?}", reader.room(room)?),
            format!("{:?}", reader.members(room, 0, 100)?),
            format!("{:?}", reader.outstanding(None, 100)?),
            format!("{:?}", reader.cursor("mailbox")?),
            format!("{:?}", reader.wake_at()?),
            format!("{:?}", reader.posture(room)?),
        ];
        for task in reader.room(room)?.tasks {
            seen.push(format!("{:?}", reader.task(task)?));
        }
        for user in users() {
            seen.push(format!("{:?}", reader.user(&user)?));
        }
        for event in reader.events(Seq(0), 1_000)? {
            if let comity::EventKind::Message { message, .. } = event.kind {
                seen.push(format!("{:?}", reader.message(at, message)?.map(|it| it.octets)));
            }
            seen.push(format!("{event:?}"));
        }
        for message in reader.timeline(at, room, Page::After(Position::default(), 100))? {
            seen.push(format!("{message:?} {:?}", message.octets));
        }
        Ok(seen)
    }
}

fn says(scene: &mut Scene, text: &str) {
    let (now, uri) = (scene.alice.now, scene.uri());
    let step = scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text(text), Allow::default());
    drop(step.unwrap());
}

const NOTICED: [StorageError; 2] = [StorageError::Altered, StorageError::Corrupt];

/// The statements of an attack are tried one by one; each must be noticed.
#[track_caller]
fn is_noticed(victim: &Victim, what: &str) {
    match victim.seen() {
        Err(error) if NOTICED.contains(&error) => {}
        other => panic!("{what}: {other:?}"),
    }
}

/// The columns of a table: its name, and whether it is sealed.
fn columns(file: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = file.prepare(&format!("SELECT name, type FROM pragma_table_info('{table}')"))?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn tables(file: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// The rows of a table, each as the condition that finds it, and its values.
fn rows(file: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = file.prepare(&format!("SELECT * FROM {table}"))?;
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect())?;
    rows.collect()
}

/// Every column must be what it was: the row with these values.
fn condition(columns: &[(String, String)], first: usize) -> String {
    let equal = |(at, (name, _)): (usize, &(String, String))| format!("{name} IS ?{}", first + at);
    let all: Vec<String> = columns.iter().enumerate().map(equal).collect();
    all.join(" AND ")
}

/// Tables whose rows nobody misses: what became of single messages and events is sealed, but not counted.
const NOT_COUNTED: [&str; 3] = ["message", "content", "event"];

#[test]
fn the_untouched_file_is_read_and_goes_on() {
    let victim = Victim::new();
    victim.lay(&victim.now);
    let seen = victim.seen().unwrap();
    victim.lay(&victim.now);
    assert_eq!(victim.seen().unwrap(), seen, "twice the same");
    assert!(seen.iter().any(|line| line == "true"), "a frame was taken");
    let file = Connection::open(&victim.path).unwrap();
    for table in tables(&file).unwrap() {
        assert!(!rows(&file, &table).unwrap().is_empty(), "{table} was not in use");
    }
}

#[test]
fn any_row_that_carries_safety_is_missed() {
    let victim = Victim::new();
    let tables = victim.tamper(tables);
    let mut deleted = 0;
    for table in tables
        .iter()
        .filter(|table| !NOT_COUNTED.contains(&table.as_str()))
    {
        for row in victim.tamper(|file| rows(file, table)) {
            victim.tamper(|file| {
                let columns = columns(file, table)?;
                let sql = format!("DELETE FROM {table} WHERE {}", condition(&columns, 1));
                file.execute(&sql, rusqlite::params_from_iter(row))
            });
            is_noticed(&victim, &format!("a row of {table} less"));
            deleted += 1;
        }
        victim.tamper(|file| file.execute(&format!("DELETE FROM {table}"), []));
        is_noticed(&victim, &format!("no {table}"));
    }
    assert!(deleted > 60, "{deleted} rows");
}

#[test]
fn an_older_value_of_any_row_that_carries_safety_is_noticed() {
    let victim = Victim::new();
    let directory = tempfile::tempdir().unwrap();
    let old = directory.path().join("old");
    std::fs::write(&old, &victim.old).unwrap();
    let old = Connection::open(&old).unwrap();
    let mut put_back = 0;
    for table in tables(&old).unwrap() {
        let columns = columns(&old, &table).unwrap();
        let values: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
        for row in rows(&old, &table).unwrap() {
            let there = victim.tamper(|file| {
                let sql = format!("SELECT 1 FROM {table} WHERE {}", condition(&columns, 1));
                let mut same = file.prepare(&sql)?;
                if same.exists(rusqlite::params_from_iter(row.clone()))? {
                    return Ok(true);
                }
                let sql = format!("INSERT OR REPLACE INTO {table} VALUES ({})", values.join(", "));
                file.execute(&sql, rusqlite::params_from_iter(row)).map(|_| false)
            });
            if !there && !NOT_COUNTED.contains(&table.as_str()) {
                is_noticed(&victim, &format!("an older row of {table}"));
                put_back += 1;
            }
        }
    }
    assert!(put_back > 8, "{put_back} rows");
}

/// All rows of a room as they were, in every table that has any: the ratchets above all.
#[test]
fn an_older_whole_room_is_noticed() {
    let victim = Victim::new();
    victim.lay(&victim.old);
    let old = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(old.path(), &victim.old).unwrap();
    let everything = [
        "mls",
        "room",
        "room_view",
        "scope_key",
        "message",
        "content",
        "outbox",
        "task",
    ];
    for tables in [&everything[..1], &everything[..4], &everything[..]] {
        victim.tamper(|file| {
            file.execute("ATTACH ?1 AS old", [old.path().to_str().unwrap()])?;
            for table in tables {
                file.execute_batch(&format!(
                    "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM old.{table};"
                ))?;
            }
            file.execute_batch("DETACH old")
        });
        is_noticed(&victim, &format!("older {tables:?}"));
    }
    // All but the log, which goes on: with its heads, and without.
    let every = victim.tamper(tables);
    let older = every
        .iter()
        .filter(|table| !NOT_COUNTED.contains(&table.as_str()));
    for heads in ["", "UPDATE message SET head = NULL; UPDATE event SET head = NULL"] {
        victim.tamper(|file| {
            file.execute("ATTACH ?1 AS old", [old.path().to_str().unwrap()])?;
            for table in older.clone() {
                file.execute_batch(&format!(
                    "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM old.{table};"
                ))?;
            }
            file.execute_batch(heads)?;
            file.execute_batch("DETACH old")
        });
        is_noticed(&victim, "all but the log older");
    }
    // Everything there is: an older file, which only witnesses tell.
    victim.lay(&victim.old);
    assert!(victim.try_everything().is_ok());
}

#[test]
fn an_edited_clear_column_is_noticed_wherever_it_stands() {
    let victim = Victim::new();
    let mut edited = 0;
    for table in victim.tamper(tables) {
        let columns = victim.tamper(|file| columns(file, &table));
        for row in victim.tamper(|file| rows(file, &table)) {
            for (column, kind) in columns.iter().filter(|(name, _)| name != "head") {
                let set = match kind.as_str() {
                    "INTEGER" => format!("{column} = ifnull({column}, 0) + 1"),
                    _ => format!("{column} = ifnull({column}, x'00') || x'00'"),
                };
                let sql = format!("UPDATE {table} SET {set} WHERE {}", condition(&columns, 1));
                victim.lay(&victim.now);
                let file = Connection::open(&victim.path).unwrap();
                let done = file.execute(&sql, rusqlite::params_from_iter(row.clone()));
                drop(file);
                if done.is_err() {
                    continue; // SQLite itself forbids it: two rows of one key.
                }
                let wanted = match victim.seen() {
                    Err(error) => {
                        NOTICED.contains(&error)
                            || (table == "meta"
                                && matches!(error, StorageError::FromTheFuture | StorageError::NeedsApp))
                            || (table == "root_key" && error == StorageError::WrongKey)
                    }
                    Ok(_) => false,
                };
                assert!(wanted, "{table}.{column}: {:?}", {
                    victim.lay(&victim.now);
                    drop(
                        Connection::open(&victim.path)
                            .and_then(|file| file.execute(&sql, rusqlite::params_from_iter(row.clone()))),
                    );
                    victim.seen().map(|_| "read")
                });
                edited += 1;
            }
        }
    }
    assert!(edited > 100, "{edited} columns");
}

#[test]
fn exchanged_and_doubled_values_are_noticed() {
    let victim = Victim::new();
    for sql in [
        "UPDATE message SET sealed = body, body = sealed WHERE body IS NOT NULL",
        "UPDATE mls SET sealed = (SELECT sealed FROM mls other WHERE other.rowid <> mls.rowid ORDER BY rowid LIMIT 1)
         WHERE kind = 26",
        "UPDATE peer SET sealed = (SELECT sealed FROM peer other WHERE other.client <> peer.client LIMIT 1)",
        "UPDATE scope_key SET sealed = (SELECT sealed FROM scope_key other WHERE other.kind <> scope_key.kind LIMIT 1)
         WHERE kind = 4",
        "UPDATE root_key SET sealed = (SELECT sealed FROM scope_key LIMIT 1)",
        "INSERT INTO seen (hash, sealed) SELECT randomblob(16), sealed FROM seen LIMIT 1",
        "INSERT INTO peer SELECT randomblob(16), user, sealed FROM peer LIMIT 1",
        "INSERT INTO outbox (salt, sealed) SELECT salt, sealed FROM outbox LIMIT 1",
        "INSERT INTO setting SELECT randomblob(16), sealed FROM setting LIMIT 1",
        "INSERT INTO mls (scope, kind, key, sealed) SELECT scope, kind, randomblob(16), sealed FROM mls LIMIT 1",
    ] {
        victim.tamper(|file| file.execute_batch(sql));
        is_noticed(&victim, sql);
    }
}

/// After a message the head stands in the message's own row.
#[test]
fn a_head_that_was_taken_out_of_a_message_is_missed() {
    let mut scene = Scene::new();
    scene.still_reads();
    scene.alice.client.pause().unwrap();
    let file = Connection::open(scene.alice.path()).unwrap();
    let last = "seq = (SELECT max(seq) FROM message)";
    let head: Vec<u8> = file
        .query_row(&format!("SELECT head FROM message WHERE {last}"), [], |row| {
            row.get(0)
        })
        .unwrap();
    for (head, verdict) in [
        (None, Err(StorageError::Altered)),
        (Some(head[..20].to_vec()), Err(StorageError::Corrupt)),
        (Some(head), Ok(())),
    ] {
        file.execute(&format!("UPDATE message SET head = ?1 WHERE {last}"), [head])
            .unwrap();
        let opened = scene.alice.client.resume();
        assert_eq!(opened, verdict.map_err(Error::Storage));
    }
}

#[test]
fn what_undoes_our_writes_is_not_let_in() {
    let victim = Victim::new();
    for sql in [
        "CREATE TRIGGER undo AFTER UPDATE ON mls BEGIN UPDATE mls SET sealed = old.sealed WHERE rowid = old.rowid; END",
        "CREATE TRIGGER again BEFORE INSERT ON seen BEGIN SELECT RAISE(IGNORE); END",
        "CREATE VIEW v AS SELECT * FROM peer",
        "CREATE UNIQUE INDEX one ON seen (substr(sealed, 2, 12))",
        "DROP INDEX message_timeline",
        "ALTER TABLE peer RENAME TO pins; CREATE VIEW peer AS SELECT * FROM pins WHERE 0",
    ] {
        victim.tamper(|file| file.execute_batch(sql));
        is_noticed(&victim, sql);
    }
}

/// What is said of it in SECURITY.md: such a change is not noticed, and this is all that comes of it.
#[test]
fn a_message_or_an_event_that_is_gone_is_missing_and_nothing_else_changes() {
    let victim = Victim::new();
    victim.lay(&victim.now);
    let whole = victim.seen().unwrap();
    // Neither is the last of its table, which carries the head.
    let first = "(SELECT seq FROM message WHERE seq > 0 ORDER BY seq LIMIT 1)";
    for sql in [
        format!("DELETE FROM message WHERE seq = {first}"),
        "DELETE FROM event WHERE seq = 1".to_owned(),
    ] {
        victim.tamper(|file| file.execute(&sql, []));
        let seen = victim.seen().unwrap();
        assert!(seen.len() < whole.len());
    }
    let last = "DELETE FROM message WHERE seq > 0";
    victim.tamper(|file| file.execute(last, []));
    drop(victim.seen());
}

/// Beside the file's octets, the offsets within a page at which one is flipped: all of the header and of the first cells'
/// places, and a spread of the rest.
fn offsets(page: usize) -> impl Iterator<Item = usize> {
    let head = if page == 0 { 0..112 } else { 0..20 };
    let dense = if cfg!(debug_assertions) { 9 } else { 1 };
    let spread = (20..4096).step_by(if cfg!(debug_assertions) { 1_021 } else { 61 });
    let ends = [4080, 4092, 4095];
    head.step_by(dense).chain(spread).chain(ends)
}

#[test]
fn one_flipped_octet_in_any_page_is_an_error_or_without_effect() {
    let victim = Victim::new();
    victim.lay(&victim.now);
    let whole = victim.seen().unwrap();
    let mut noticed = 0;
    for page in 0..victim.now.len() / 4096 {
        for offset in offsets(page) {
            let mut damaged = victim.now.clone();
            damaged[page * 4096 + offset] ^= 0x11;
            victim.lay(&damaged);
            match victim.seen() {
                Ok(seen) if seen == whole => {}
                // An index of messages may hide some: whoever looks into the health of the file is told.
                Ok(_) => assert!(victim.is_ill(&damaged), "page {page}, octet {offset}"),
                Err(
                    StorageError::Altered
                    | StorageError::Corrupt
                    | StorageError::NotADatabase
                    | StorageError::Foreign
                    | StorageError::FromTheFuture
                    | StorageError::NeedsApp
                    | StorageError::WrongKey
                    | StorageError::Missing
                    | StorageError::Io, // SQLite takes the file for one that may not be written.
                ) => noticed += 1,
                Err(error) => panic!("page {page}, octet {offset}: {error:?}"),
            }
        }
    }
    assert!(noticed > 100, "{noticed} were noticed");
}

/// SQLite ends a log where its sums no longer fit: what is left is the file as it was at an earlier commit, whole, and only
/// witnesses tell that it is an older one.
#[test]
fn one_flipped_octet_in_the_log_is_an_earlier_commit_or_without_effect() {
    let mut scene = Scene::new();
    scene.alice.client.pause().unwrap();
    scene.alice.client.resume().unwrap();
    let (path, room, at) = (scene.alice.path().to_owned(), scene.uri(), scene.alice.now);
    let log = |path: &Path| std::fs::read(path.with_extension("comity-wal")).unwrap_or_default();
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("client.comity");
    let texts = |octets: &[u8], log: &[u8]| {
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        std::fs::write(&copy, octets).unwrap();
        std::fs::write(copy.with_extension("comity-wal"), log).unwrap();
        let client = Client::open(at, &Opening::app(&copy, KEY)).unwrap();
        let reader = client.reader().unwrap();
        let page = Page::After(Position::default(), 100);
        let messages = reader.timeline(at, &room, page).unwrap();
        messages
            .into_iter()
            .map(|message| message.octets)
            .collect::<Vec<_>>()
    };
    let database = std::fs::read(&path).unwrap();
    let mut truths = vec![texts(&database, &[])];
    for _ in 0..4 {
        scene.still_reads();
        truths.push(texts(&database, &log(&path)));
    }
    assert_eq!(std::fs::read(&path).unwrap(), database, "all of it is in the log");
    let whole = log(&path);
    let mut cut = 0;
    for frame in (32..whole.len()).step_by(4096 + 24) {
        for offset in [0, 5, 9, 17, 23, 24, 30, 500, 2_000, 4_100] {
            let mut damaged = whole.clone();
            let Some(octet) = damaged.get_mut(frame + offset) else {
                continue;
            };
            *octet ^= 0x11;
            let seen = texts(&database, &damaged);
            assert!(
                truths.contains(&seen),
                "frame at {frame}, octet {offset}: {seen:?}"
            );
            cut += usize::from(Some(&seen) != truths.last());
        }
    }
    assert!(cut > 10, "{cut} logs were cut");
}
