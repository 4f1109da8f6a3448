//! A thief has the file, cannot open it, changes it with SQLite or octet by octet, and puts it back under the app.
//!
//! Whatever was done, everything that can be read is read, one message is sent and one received: the outcome is what the
//! untouched file gives, or an error with a code.

mod octets;
mod victim;

use comity::{Error, StorageError};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::support::*;

use victim::Victim;

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
    assert!(victim.seen().is_ok());
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
