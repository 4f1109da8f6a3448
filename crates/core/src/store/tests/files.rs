//! Creating, opening and closing files.

use rusqlite::Connection;

use super::*;
use crate::{Client, Error, Identity, Opening, Reader, Seq, Timestamp};

fn created() -> (TempDir, PathBuf) {
    let (directory, path) = place();
    Store::create(&path, &KEY).unwrap().close().unwrap();
    (directory, path)
}

/// Runs SQL on the file as somebody without the key could.
fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn refused(path: &Path, key: &Key32) -> StorageError {
    let error = Store::open(path, key).err().unwrap();
    assert_eq!(
        Store::open_reader(path, key).err(),
        Some(error),
        "a reader is told the same"
    );
    error
}

#[test]
fn a_file_that_is_not_there_is_missing_and_is_not_made() {
    let (_directory, path) = place();
    assert_eq!(refused(&path, &KEY), StorageError::Missing);
    assert!(!path.exists());
}

#[test]
fn a_file_is_created_once() {
    let (_directory, path) = created();
    assert_eq!(Store::create(&path, &KEY).err(), Some(StorageError::Exists));
    Store::open(&path, &KEY).unwrap();
}

#[test]
fn nothing_of_somebody_elses_is_overwritten() {
    let (_directory, path) = place();
    std::fs::write(&path, vec![0x5a; 5000]).unwrap();
    assert_eq!(Store::create(&path, &KEY).err(), Some(StorageError::Exists));
    std::fs::remove_file(&path).unwrap();
    tamper(&path, "CREATE TABLE theirs (x)");
    assert_eq!(Store::create(&path, &KEY).err(), Some(StorageError::Exists));
}

#[test]
fn a_creation_that_was_killed_can_be_done_again() {
    let (_directory, path) = place();
    std::fs::write(&path, []).unwrap();
    assert_eq!(refused(&path, &KEY), StorageError::Missing);
    Store::create(&path, &KEY).unwrap().close().unwrap();
    std::fs::remove_file(&path).unwrap();

    let _: String = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .unwrap();
    assert!(path.metadata().unwrap().len() > 0);
    assert_eq!(Store::open(&path, &KEY).err(), Some(StorageError::Missing));
    Store::create(&path, &KEY).unwrap().close().unwrap();
    Store::open(&path, &KEY).unwrap();
}

#[test]
fn a_creation_that_never_committed_leaves_nothing_and_can_be_done_again() {
    let (_directory, path) = place();
    drop(Store::begin_creation(&path, &KEY).unwrap());
    assert_eq!(refused(&path, &KEY), StorageError::Missing);
    Store::create(&path, &KEY).unwrap().close().unwrap();
    Store::open(&path, &KEY).unwrap();
}

#[test]
fn a_directory_that_does_not_exist_is_not_made() {
    let (directory, _) = place();
    let path = directory.path().join("no").join("file");
    assert_eq!(Store::create(&path, &KEY).err(), Some(StorageError::Io));
}

#[test]
fn another_key_does_not_open_the_file() {
    let (_directory, path) = created();
    assert_eq!(refused(&path, &Key32::new([0x12; 32])), StorageError::WrongKey);
    Store::open(&path, &KEY).unwrap();
}

#[test]
fn damage_to_the_keys_is_not_called_a_wrong_key() {
    for damage in [
        "UPDATE root_key SET sealed = zeroblob(length(sealed))",
        "UPDATE root_key SET host_check = zeroblob(length(host_check))",
        "UPDATE root_key SET host_check = x''",
        "DELETE FROM root_key",
        "DELETE FROM scope_key",
        "UPDATE scope_key SET sealed = x'01'",
        "DELETE FROM meta",
        "UPDATE meta SET schema = 0",
        "UPDATE meta SET schema = 2",
        "UPDATE meta SET oldest_reader = 0",
        "UPDATE meta SET oldest_reader = 2",
    ] {
        let (_directory, path) = created();
        tamper(&path, damage);
        assert_eq!(refused(&path, &KEY), StorageError::Corrupt, "{damage}");
    }
}

#[test]
fn a_file_of_a_newer_version_is_told_before_any_key() {
    let (_directory, path) = created();
    tamper(
        &path,
        "UPDATE meta SET schema = 9, oldest_reader = 8; DROP TABLE scope_key; CREATE TABLE newer (x)",
    );
    assert_eq!(refused(&path, &KEY), StorageError::FromTheFuture);
    assert_eq!(refused(&path, &Key32::new([0; 32])), StorageError::FromTheFuture);
}

#[test]
fn a_file_that_becomes_newer_while_it_is_open_is_not_written_any_more() {
    let (_directory, path) = created();
    let store = Store::open(&path, &KEY).unwrap();
    store.begin_immediate().unwrap();
    store.commit().unwrap();
    tamper(&path, "UPDATE meta SET schema = 9, oldest_reader = 9");
    assert_eq!(store.begin_immediate(), Err(StorageError::FromTheFuture));
    assert_eq!(store.begin_immediate(), Err(StorageError::FromTheFuture));
    assert_eq!(store.snapshot(|_| Ok(())), Err(StorageError::FromTheFuture));
}

#[test]
fn a_client_that_cannot_be_resumed_yet_can_be_resumed_later() {
    let (_directory, path) = place();
    let identity = Identity {
        user: "mimi://a.example/u/alice".parse().unwrap(),
        client: "mimi://a.example/d/alice-phone".parse().unwrap(),
    };
    let now = Timestamp::from_millis(1_790_000_000_000);
    let mut client = Client::create(now, &Opening::app(&path, KEY), identity).unwrap();
    let reader = client.reader().unwrap();
    client.pause().unwrap();
    for (change, error) in [
        (
            "UPDATE meta SET schema = 9, oldest_reader = 9",
            StorageError::FromTheFuture,
        ),
        ("UPDATE meta SET schema = 0", StorageError::Corrupt),
    ] {
        tamper(&path, change);
        assert_eq!(client.resume(), Err(error.into()));
        assert_eq!(reader.events(Seq(0), 1), Err(Error::Paused));
        tamper(&path, "UPDATE meta SET schema = 1, oldest_reader = 1");
    }
    client.resume().unwrap();
    assert_eq!(reader.events(Seq(0), 1), Ok(Vec::new()));
}

/// A path that leads to no file is nobody's client, and no failure of the system that may be over when it is tried again.
#[test]
fn a_directory_and_an_empty_path_are_no_client() {
    let (directory, path) = created();
    let names = || std::fs::read_dir(directory.path()).unwrap().count();
    let before = names();
    let now = Timestamp::from_millis(0);
    let below = path.join("below");
    for nowhere in [
        directory.path(),
        Path::new(""),
        Path::new("."),
        Path::new("/"),
        &below,
    ] {
        assert_eq!(refused(nowhere, &KEY), StorageError::Missing, "{nowhere:?}");
        let opening = Opening::app(nowhere, KEY);
        let opened = Client::open(now, &opening).err();
        assert_eq!(opened, Some(StorageError::Missing.into()));
        assert_eq!(Reader::open(&opening).err(), Some(StorageError::Missing.into()));
        if *nowhere != below {
            assert_eq!(Store::create(nowhere, &KEY).err(), Some(StorageError::Exists));
            assert_eq!(wipe(nowhere), Err(StorageError::Missing));
        }
    }
    assert_eq!(names(), before, "nothing is made or deleted");
    Store::open(&path, &KEY).unwrap();
}

/// What may not be looked at is not known to be missing: somebody might create a client in its place.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_looked_for_is_not_called_missing() {
    let (_directory, path) = place();
    std::os::unix::fs::symlink(&path, &path).unwrap();
    assert_eq!(refused(&path, &KEY), StorageError::Io);
}

#[test]
fn a_changed_schema_is_damage() {
    for change in [
        "CREATE TRIGGER undo AFTER DELETE ON scope_key BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT * FROM mls",
        "CREATE TABLE extra (x)",
        "CREATE INDEX more ON mls (sealed)",
        "ALTER TABLE mls ADD COLUMN more BLOB",
        "DROP TABLE mls",
    ] {
        let (_directory, path) = created();
        tamper(&path, change);
        assert_eq!(refused(&path, &KEY), StorageError::Corrupt, "{change}");
    }
}

#[test]
fn a_planted_trigger_never_runs() {
    let (_directory, path) = created();
    let store = Store::open(&path, &KEY).unwrap();
    tamper(
        &path,
        "CREATE TRIGGER undo AFTER DELETE ON scope_key BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    store.begin_immediate().unwrap();
    assert_eq!(
        store.write("DELETE FROM scope_key WHERE kind = 0", []).unwrap(),
        1
    );
    store.commit().unwrap();
}

#[test]
fn foreign_databases_and_garbage_are_told_apart() {
    let (_directory, path) = place();
    tamper(&path, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    assert_eq!(refused(&path, &KEY), StorageError::Foreign);
    tamper(&path, "PRAGMA application_id = 77");
    assert_eq!(refused(&path, &KEY), StorageError::Foreign);
    for garbage in [vec![0x5a; 10_000], b"not a database".to_vec(), vec![0; 4096]] {
        std::fs::write(&path, garbage).unwrap();
        assert_eq!(refused(&path, &KEY), StorageError::NotADatabase);
    }
}

#[cfg(unix)]
#[test]
fn only_this_user_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, path) = place();
    let store = Store::create(&path, &KEY).unwrap();
    store.begin_immediate().unwrap();
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(names.len(), 5, "database, log, index and turnstile");
    for name in names {
        assert_eq!(
            name.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{name:?}"
        );
    }
}

#[test]
fn the_connection_is_set_as_the_policy_says() {
    let (_directory, path) = created();
    let store = Store::open(&path, &KEY).unwrap();
    let synchronous = if cfg!(feature = "bench-normal") { 1 } else { 2 };
    for (pragma, value) in [
        ("PRAGMA synchronous", synchronous),
        ("PRAGMA secure_delete", 1),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA trusted_schema", 0),
        ("PRAGMA fullfsync", 1),
        ("PRAGMA checkpoint_fullfsync", 1),
        ("PRAGMA wal_autocheckpoint", 1_000),
    ] {
        assert_eq!(
            store.one(pragma, [], |row| row.get(0)).unwrap(),
            Some(value),
            "{pragma}"
        );
    }
    assert_eq!(
        store.one("PRAGMA journal_mode", [], |row| row.get(0)).unwrap(),
        Some("wal".to_owned())
    );
    let reader = store.reader().unwrap();
    assert_eq!(
        reader.one("PRAGMA query_only", [], |row| row.get(0)).unwrap(),
        Some(1)
    );
}

/// SQLite refuses to change the setting inside of a transaction.
#[test]
fn a_step_is_durable_after_one_that_was_not_even_if_that_could_not_be_set_at_once() {
    let (_directory, path) = created();
    let store = Store::open(&path, &KEY).unwrap();
    let synchronous = || store.one("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
    let durable: Option<i64> = synchronous();
    store.begin_lazily().unwrap();
    store.commit().unwrap();
    assert_eq!(synchronous(), Some(1));
    assert!(store.snapshot(|store| store.begin_immediate()).is_err());
    store.begin_immediate().unwrap();
    assert_eq!(synchronous(), durable);
}

#[test]
fn what_others_wrote_is_said_to_the_next_step_whoever_has_noticed_it_before() {
    let (_directory, path) = created();
    let [ours, theirs] = [(); 2].map(|()| Store::open(&path, &KEY).unwrap());
    let said = |store: &Store| {
        let said = store.begin_immediate().unwrap();
        store.commit().unwrap();
        said
    };
    let writes = |store: &Store, name| {
        store.begin_immediate().unwrap();
        small::put_setting(store, name, &1).unwrap();
        store.commit().unwrap();
    };
    assert!(said(&ours), "the first one always");
    assert!(!said(&ours));
    writes(&theirs, "one");
    ours.snapshot(|_| Ok(())).unwrap();
    assert!(said(&ours), "noticed by a query");
    assert!(!said(&ours));
    writes(&theirs, "two");
    assert!(ours.rekey(&KEY).unwrap());
    assert!(said(&ours), "noticed by a new key");
    assert!(!said(&ours));
}

#[test]
fn a_wipe_that_was_cut_short_can_be_done_again_and_nothing_of_the_old_file_comes_back() {
    const OTHER: Key32 = Key32::new([0x22; 32]);
    const FILES: [&str; 5] = ["", "-wal", "-shm", "-next", "-hold"];
    for deleted in 1..=FILES.len() {
        // A file that was in use when its process died: some of it is in the log alone.
        let (died, path) = place();
        let store = Store::create(&path, &KEY).unwrap();
        let (_directory, path) = place();
        for entry in std::fs::read_dir(died.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), path.with_file_name(entry.file_name())).unwrap();
        }
        drop(store);
        let with = |suffix: &&str| turns::with_suffix(&path, suffix);
        assert!(FILES.iter().map(with).all(|file| file.exists()));

        for suffix in &FILES[..deleted] {
            std::fs::remove_file(with(suffix)).unwrap();
        }
        assert_eq!(refused(&path, &KEY), StorageError::Missing, "{deleted} deleted");
        Store::create(&path, &OTHER).unwrap().close().unwrap();
        assert_eq!(refused(&path, &KEY), StorageError::WrongKey);
        Store::open(&path, &OTHER).unwrap().close().unwrap();
        wipe(&path).unwrap();
        assert!(!FILES.iter().map(with).any(|file| file.exists()));
    }
}

#[test]
fn an_extension_waits_a_tenth_of_a_second_for_its_turn_and_then_for_the_lock() {
    let (_directory, path) = created();
    for (opening, patience, wanted) in [
        (Opening::app(&path, KEY), Patience::APP, 500),
        (Opening::extension(&path, KEY), Patience::EXTENSION, 100),
    ] {
        let store = opening.store().unwrap();
        assert_eq!(store.turns.patience(), patience);
        assert_eq!(patience.as_duration().as_millis(), wanted);
        let lock: Option<i64> = store.one("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap();
        assert_eq!(lock, Some(i64::try_from(wanted).unwrap()));
    }
}

#[test]
fn a_reader_reads_from_another_thread_and_cannot_write() {
    let (_directory, path) = created();
    let store = Store::open(&path, &KEY).unwrap();
    let reader = store.reader().unwrap();
    store.begin_immediate().unwrap();
    let count = std::thread::scope(|threads| {
        let reading = threads.spawn(move || {
            assert!(reader.begin_immediate().is_err());
            assert!(
                reader
                    .snapshot(|reader| reader.write("DELETE FROM meta", []))
                    .is_err()
            );
            reader.snapshot(|reader| reader.one("SELECT count(*) FROM meta", [], |row| row.get(0)))
        });
        reading.join().unwrap()
    });
    assert_eq!(count.unwrap(), Some(1));
    store.commit().unwrap();
    store.close().unwrap();
    let alone = Store::open_reader(&path, &KEY).unwrap();
    assert!(alone.snapshot(|_| Ok(())).is_ok());
}

#[test]
fn errors_carry_stable_codes_and_nothing_of_the_host() {
    let (_directory, path) = place();
    let error = Store::open(&path, &KEY).err().unwrap();
    assert_eq!(error.code(), "storage_missing");
    assert!(!error.to_string().contains("client.comity"));
}
