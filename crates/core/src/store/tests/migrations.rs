//! Older files, newer files, and what happens between.

use comity_room::{ClientUri, Timestamp, UserUri};

use super::migrate::{Migration, migrate};
use super::ring::{Ring, Versions};
use super::*;
use crate::{Client, Error, Identity, Opening};

fn old_file() -> (TempDir, PathBuf) {
    let (directory, path) = place();
    Store::create(&path, &KEY).unwrap().close().unwrap();
    (directory, path)
}

/// A step that adds a table.
const ADDS: Migration = Migration {
    from: 1,
    oldest_reader: 1,
    run: |conn| Ok(conn.execute_batch("CREATE TABLE added (x INTEGER) STRICT")?),
};

/// A step after it that old programs must not miss.
const BREAKS: Migration = Migration {
    from: 2,
    oldest_reader: 3,
    run: |conn| Ok(conn.execute_batch("INSERT INTO added VALUES (1)")?),
};

fn versions(path: &Path) -> (i64, i64) {
    let conn = Connection::open(path).unwrap();
    conn.query_row("SELECT schema, oldest_reader FROM meta", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .unwrap()
}

#[test]
fn steps_are_taken_in_order_and_the_keys_stay() {
    let (_directory, path) = old_file();
    let conn = Connection::open(&path).unwrap();
    let before = Ring::open(
        &conn,
        &KEY,
        Versions {
            schema: 1,
            oldest_reader: 1,
        },
    )
    .unwrap();
    migrate(&conn, &KEY, &[BREAKS, ADDS], 3).unwrap();
    assert_eq!(versions(&path), (3, 3));
    let after = Ring::open(
        &conn,
        &KEY,
        Versions {
            schema: 3,
            oldest_reader: 3,
        },
    )
    .unwrap();
    assert_eq!(before.lookup(1, b"alice"), after.lookup(1, b"alice"));
    let rows: i64 = conn
        .query_row("SELECT count(*) FROM added", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);

    migrate(&conn, &KEY, &[BREAKS, ADDS], 3).unwrap();
    let rows: i64 = conn
        .query_row("SELECT count(*) FROM added", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1, "nothing is done twice");
    assert_eq!(Store::open(&path, &KEY).err(), Some(StorageError::FromTheFuture));
}

#[test]
fn a_newer_file_that_old_programs_may_use_is_still_used() {
    let (_directory, path) = old_file();
    migrate(&Connection::open(&path).unwrap(), &KEY, &[ADDS], 2).unwrap();
    assert_eq!(versions(&path), (2, 1));
    let store = Store::open(&path, &KEY).unwrap();
    store.begin_immediate().unwrap();
    store.commit().unwrap();
}

#[test]
fn a_migration_that_fails_leaves_the_old_file() {
    let fails = || Migration {
        from: 2,
        oldest_reader: 2,
        run: |_| Err(StorageError::Full),
    };
    let (_directory, path) = old_file();
    let conn = Connection::open(&path).unwrap();
    for (steps, key, error) in [
        (vec![ADDS, fails()], &KEY, StorageError::Full),
        (
            vec![ADDS],
            &KEY,
            StorageError::Bug("a step of the migration is missing"),
        ),
        (vec![ADDS, BREAKS], &Key32::new([9; 32]), StorageError::WrongKey),
    ] {
        assert_eq!(migrate(&conn, key, &steps, 3), Err(error));
        assert_eq!(versions(&path), (1, 1));
        Store::open(&path, &KEY).unwrap();
    }
}

#[test]
fn a_backup_is_the_file_as_of_one_moment_and_never_overwrites() {
    let (directory, path) = old_file();
    let copy = directory.path().join("copy.comity");
    let store = Store::open(&path, &KEY).unwrap();
    let backs_up = |path: &Path| store.backup_to(path, |_| Ok::<_, StorageError>(()));
    backs_up(&copy).unwrap();
    assert_eq!(backs_up(&copy), Err(StorageError::Exists));
    assert_eq!(
        Store::open(&copy, &Key32::new([1; 32])).err(),
        Some(StorageError::WrongKey)
    );
    let opened = Store::open(&copy, &KEY).unwrap();
    assert_eq!(
        opened.ring.borrow().lookup(1, b"a"),
        store.ring.borrow().lookup(1, b"a")
    );
    let nowhere = directory.path().join("no").join("copy");
    assert_eq!(backs_up(&nowhere), Err(StorageError::Io));
    assert!(!nowhere.exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn health_counts_and_names_damage() {
    let (_directory, path) = old_file();
    let store = Store::open(&path, &KEY).unwrap();
    let well = health::health(&store).unwrap();
    assert_eq!((well.schema, well.rooms, well.damage), (1, 0, None));
    assert!(well.octets > 0 && well.octets.is_multiple_of(4096));
    assert!(well.to_string().ends_with("damage=none"));

    // A page that opening does not look at.
    let page: usize = store
        .one(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'message_root'",
            [],
            |row| row.get(0),
        )
        .unwrap()
        .unwrap();
    store.close().unwrap();
    let mut octets = std::fs::read(&path).unwrap();
    octets[(page - 1) * 4096..page * 4096].fill(0x5a);
    std::fs::write(&path, octets).unwrap();
    let store = Store::open(&path, &KEY).unwrap();
    assert_eq!(health::health(&store).unwrap().damage, Some("storage_corrupt"));
}

/// A step that changes nothing but the number.
const COUNTS: Migration = Migration {
    from: 1,
    oldest_reader: 1,
    run: |_| Ok(()),
};

#[test]
fn the_main_app_brings_an_older_file_up_to_date_and_an_extension_leaves_it_to_it() {
    let (_directory, path) = place();
    let (app, extension) = (Opening::app(&path, KEY), Opening::extension(&path, KEY));
    let now = Timestamp::from_millis(1);
    let identity = Identity {
        user: UserUri::parse("mimi://a.example/u/alice").unwrap(),
        client: ClientUri::parse("mimi://a.example/d/alice").unwrap(),
    };
    Client::create(now, &app, identity).unwrap().close().unwrap();
    let newer = Versions {
        schema: 2,
        oldest_reader: 1,
    };
    let mut paused = Client::open(now, &extension).unwrap();
    paused.pause().unwrap();
    open::NEWER.set(Some((newer, &[COUNTS])));
    let needs_app = Some(Error::Storage(StorageError::NeedsApp));
    assert_eq!(Client::open(now, &extension).err(), needs_app);
    assert_eq!(paused.resume().err(), needs_app);
    assert_eq!(versions(&path), (1, 1), "the extension has changed nothing");

    Client::open(now, &app).unwrap().close().unwrap();
    assert_eq!(versions(&path), (2, 1));
    paused.resume().unwrap();
    Client::open(now, &extension).unwrap().close().unwrap();
    open::NEWER.set(None);
}
