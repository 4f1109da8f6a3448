//! The disk below a real database.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use comity_faultfs::{Cut, Fault, arm, disarm, frozen, install, swallow_syncs, tails, watch};
use rusqlite::Connection;

/// There is one disk in a process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn database(dir: &Path) -> (Connection, PathBuf) {
    install();
    watch(dir);
    let path = dir.join("db");
    let conn = Connection::open(&path).expect("a database");
    let mode: String = conn
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .expect("a mode");
    assert_eq!(mode, "wal");
    conn.execute_batch("PRAGMA synchronous = FULL; CREATE TABLE t (x)")
        .expect("a table");
    (conn, path)
}

fn insert(conn: &Connection) -> rusqlite::Result<usize> {
    conn.execute("INSERT INTO t VALUES (randomblob(5000))", [])
}

fn rows(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .expect("a count")
}

/// Writes the files as a power cut leaves them into another directory, and opens them there.
fn reopened(tails: &[comity_faultfs::Tail], cut: Cut, dir: &Path) -> Connection {
    for tail in tails {
        let name = tail.path.file_name().expect("a name");
        if let Some(octets) = tail.after(cut) {
            std::fs::write(dir.join(name), octets).expect("a file");
        }
    }
    let conn = Connection::open(dir.join("db")).expect("a database");
    let verdict: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a verdict");
    assert_eq!(verdict, "ok");
    conn
}

#[test]
fn what_was_synced_survives_a_power_cut_and_what_only_seemed_so_does_not() {
    let _alone = alone();
    for (swallow, left) in [(false, 5), (true, 0)] {
        let (dir, other) = (
            tempfile::tempdir().expect("a directory"),
            tempfile::tempdir().expect("a directory"),
        );
        let (conn, _) = database(dir.path());
        swallow_syncs(swallow);
        for _ in 0..5 {
            insert(&conn).expect("a row");
        }
        swallow_syncs(false);
        assert_eq!(rows(&reopened(&tails(), Cut::None, other.path())), left);
    }
}

#[test]
fn every_cut_of_an_unfinished_commit_leaves_all_of_it_or_nothing() {
    let _alone = alone();
    let mut seen = 0;
    for at in 1.. {
        let dir = tempfile::tempdir().expect("a directory");
        let (conn, _) = database(dir.path());
        insert(&conn).expect("a row");
        arm(at, Fault::Freeze);
        let result = insert(&conn);
        if !disarm().fired {
            assert!(result.is_ok());
            break;
        }
        assert!(result.is_err());
        let frozen = frozen().expect("the power was cut");
        let most = frozen
            .iter()
            .map(comity_faultfs::Tail::unsynced)
            .max()
            .unwrap_or(0);
        for cut in (0..most)
            .flat_map(|n| [Cut::First(n), Cut::Torn(n), Cut::Without(n)])
            .chain([Cut::All])
        {
            let other = tempfile::tempdir().expect("a directory");
            let left = rows(&reopened(&frozen, cut, other.path()));
            assert!(
                left == 1 || (left == 2 && cut == Cut::All),
                "{left} rows after {cut:?} at {at}"
            );
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen} cuts");
}

#[test]
fn a_full_a_broken_and_a_read_only_disk_fail_as_told_and_work_again() {
    let _alone = alone();
    for (fault, code) in [
        (Fault::Full, rusqlite::ErrorCode::DiskFull),
        (Fault::Broken, rusqlite::ErrorCode::SystemIoFailure),
        (Fault::ReadOnly, rusqlite::ErrorCode::SystemIoFailure),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let (conn, _) = database(dir.path());
        arm(1, fault);
        assert_eq!(
            insert(&conn).expect_err("a fault").sqlite_error_code(),
            Some(code)
        );
        assert_eq!(
            disarm(),
            comity_faultfs::Counted {
                changes: disarm().changes,
                fired: true
            }
        );
        insert(&conn).expect("the disk works again");
        assert_eq!(rows(&conn), 1);
    }
}

#[test]
fn other_files_are_left_alone() {
    let _alone = alone();
    let (dir, other) = (
        tempfile::tempdir().expect("a directory"),
        tempfile::tempdir().expect("a directory"),
    );
    let (conn, _) = database(dir.path());
    watch(other.path());
    arm(1, Fault::Full);
    insert(&conn).expect("a row");
    assert_eq!(disarm().changes, 0);
    assert!(tails().is_empty());
}
