//! Sealed rows, scopes and transactions.

use super::*;

const NOTE: Table = Table::new(250, 2);
const PUT: &str = "INSERT INTO note (room, id, position, sealed) VALUES (?1, ?2, ?3, ?4)";
const GET: &str = "SELECT room, id, position, sealed FROM note WHERE id = ?1";
const ALL: &str = "SELECT room, id, position, sealed FROM note ORDER BY position DESC";

/// A store with a table as a row module would have it.
fn with_notes() -> (TempDir, PathBuf, Store) {
    let (directory, path) = place();
    let store = Store::create(&path, &KEY).unwrap();
    store
        .conn
        .execute_batch(
            "CREATE TEMP TABLE note (room INTEGER, id BLOB, position INTEGER, sealed BLOB,
             PRIMARY KEY (room, id));",
        )
        .unwrap();
    (directory, path, store)
}

fn put(store: &Store, room: i64, id: &[u8], position: i64, text: &str) -> Result<(), StorageError> {
    let at = RowAt {
        table: NOTE,
        key: &[room.into(), id.into()],
        clear: &[position.into()],
    };
    store.put_sealed(PUT, Scope::Messages(room), &at, text)
}

fn get(store: &Store, room: i64, id: &[u8]) -> Result<Option<String>, StorageError> {
    store.get_sealed(GET, [id], Scope::Messages(room), NOTE)
}

fn written(write: impl FnOnce(&Store)) -> (TempDir, PathBuf, Store) {
    let (directory, path, store) = with_notes();
    store.begin_immediate().unwrap();
    write(&store);
    store.commit().unwrap();
    (directory, path, store)
}

#[test]
fn what_was_put_is_read_back_with_its_clear_columns_in_order() {
    let (_directory, _, store) = written(|store| {
        put(store, 1, b"a", 10, "first").unwrap();
        put(store, 1, b"b", 20, "second").unwrap();
    });
    assert_eq!(get(&store, 1, b"a").unwrap().as_deref(), Some("first"));
    assert_eq!(get(&store, 1, b"c").unwrap(), None);
    let all: Vec<(i64, String)> = store
        .all_sealed(ALL, [], Scope::Messages(1), NOTE, |row, text| {
            Ok((row.get(2)?, text))
        })
        .unwrap();
    assert_eq!(all, [(20, "second".to_owned()), (10, "first".to_owned())]);
}

#[test]
fn a_row_edited_moved_or_exchanged_does_not_open() {
    for tampering in [
        "UPDATE note SET position = 11 WHERE id = x'61'",
        "UPDATE note SET position = NULL WHERE id = x'61'",
        "UPDATE note SET position = '10' || x'00' WHERE id = x'61'",
        "UPDATE note SET room = 2 WHERE id = x'61'",
        "UPDATE note SET sealed = (SELECT sealed FROM note WHERE id = x'62') WHERE id = x'61'",
        "UPDATE note SET sealed = NULL WHERE id = x'61'",
        "UPDATE note SET sealed = x'' WHERE id = x'61'",
        "UPDATE scope_key SET sealed = (SELECT sealed FROM scope_key WHERE kind = 3 AND id = 2)
         WHERE kind = 3 AND id = 1",
        "DELETE FROM scope_key WHERE kind = 3 AND id = 1",
    ] {
        let (_directory, _, store) = written(|store| {
            put(store, 1, b"a", 10, "one").unwrap();
            put(store, 1, b"b", 10, "two").unwrap();
            put(store, 2, b"c", 10, "three").unwrap();
        });
        assert_eq!(get(&store, 1, b"a").unwrap().as_deref(), Some("one"));
        store.begin_immediate().unwrap();
        assert_eq!(store.write(tampering, []).unwrap(), 1);
        store.commit().unwrap();
        store.ring.borrow_mut().forget_scopes();
        assert_eq!(get(&store, 1, b"a"), Err(StorageError::Corrupt), "{tampering}");
    }
}

#[test]
fn ending_a_scope_makes_its_rows_unreadable_and_leaves_the_others() {
    let (_directory, _, store) = written(|store| {
        put(store, 1, b"a", 1, "gone").unwrap();
        put(store, 2, b"b", 2, "kept").unwrap();
    });
    store.begin_immediate().unwrap();
    store.end_scope(Scope::Messages(1)).unwrap();
    store.commit().unwrap();
    assert_eq!(get(&store, 1, b"a"), Err(StorageError::Corrupt));
    assert_eq!(get(&store, 2, b"b").unwrap().as_deref(), Some("kept"));
}

#[test]
fn the_key_of_an_ended_scope_leaves_the_files_with_the_next_checkpoint() {
    for (pragma, remains) in [
        ("PRAGMA secure_delete = ON", false),
        ("PRAGMA secure_delete = OFF", true),
    ] {
        let (directory, _, store) = written(|store| put(store, 1, b"a", 1, "gone").unwrap());
        let sealed: Vec<u8> = store
            .one("SELECT sealed FROM scope_key WHERE kind = 3", [], |row| {
                row.get(0)
            })
            .unwrap()
            .unwrap();
        assert!(store.checkpoint_truncate().unwrap());
        assert!(contains(&on_disk(&directory), &sealed));

        let _: i64 = store.conn.query_row(pragma, [], |row| row.get(0)).unwrap();
        store.begin_immediate().unwrap();
        store.end_scope(Scope::Messages(1)).unwrap();
        store.commit().unwrap();
        assert!(store.checkpoint_truncate().unwrap());
        assert_eq!(contains(&on_disk(&directory), &sealed), remains, "{pragma}");
    }
}

#[test]
fn a_rollback_leaves_every_row_as_it_was() {
    let (_directory, _, store) = written(|store| put(store, 1, b"a", 1, "before").unwrap());
    let tables = [
        "SELECT * FROM note",
        "SELECT * FROM scope_key",
        "SELECT * FROM mls",
    ];
    let before = tables.map(|sql| dump(&store, sql));
    store.begin_immediate().unwrap();
    put(&store, 1, b"b", 2, "never").unwrap();
    put(&store, 2, b"c", 3, "never").unwrap();
    store.end_scope(Scope::Messages(1)).unwrap();
    store.rollback();
    assert_eq!(tables.map(|sql| dump(&store, sql)), before);
    assert_eq!(get(&store, 1, b"a").unwrap().as_deref(), Some("before"));
}

#[test]
fn a_key_drawn_in_a_transaction_that_was_rolled_back_seals_nothing_later() {
    let (_directory, _, store) = with_notes();
    store.begin_immediate().unwrap();
    put(&store, 1, b"a", 1, "never").unwrap();
    store.rollback();

    store.begin_immediate().unwrap();
    put(&store, 1, b"a", 1, "kept").unwrap();
    store.savepoint().unwrap();
    put(&store, 2, b"b", 2, "never").unwrap();
    store.rollback_to().unwrap();
    put(&store, 2, b"b", 2, "kept too").unwrap();
    store.commit().unwrap();

    store.ring.borrow_mut().forget_scopes();
    assert_eq!(get(&store, 1, b"a").unwrap().as_deref(), Some("kept"));
    assert_eq!(get(&store, 2, b"b").unwrap().as_deref(), Some("kept too"));
}

#[test]
fn a_released_savepoint_keeps_and_a_returned_one_undoes() {
    let (_directory, _, store) = written(|store| {
        store.savepoint().unwrap();
        put(store, 1, b"a", 1, "kept").unwrap();
        store.savepoint().unwrap();
        put(store, 1, b"b", 2, "undone").unwrap();
        store.rollback_to().unwrap();
        store.release().unwrap();
    });
    assert_eq!(dump(&store, "SELECT id FROM note").len(), 1);
}

#[test]
fn nothing_is_written_outside_a_transaction() {
    let (_directory, _, store) = with_notes();
    let outside = |result: Result<(), StorageError>| assert!(matches!(result, Err(StorageError::Bug(_))));
    outside(put(&store, 1, b"a", 1, "no"));
    outside(store.write("DELETE FROM note", []).map(|_| ()));
    outside(store.end_scope(Scope::Client));
    outside(store.snapshot(|store| put(store, 1, b"a", 1, "no")));
    store.begin_immediate().unwrap();
    store.commit().unwrap();
    outside(put(&store, 1, b"a", 1, "no"));
    assert!(dump(&store, "SELECT * FROM note").is_empty());
}

#[test]
fn a_transaction_that_sqlite_gave_up_by_itself_is_not_committed() {
    let (_directory, _, store) = with_notes();
    store.begin_immediate().unwrap();
    put(&store, 1, b"a", 1, "never").unwrap();
    store.conn.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(
        put(&store, 1, b"b", 2, "never"),
        Err(StorageError::Bug(_))
    ));
    assert!(matches!(store.commit(), Err(StorageError::Bug(_))));
    assert!(!store.poisoned());
    store.begin_immediate().unwrap();
    put(&store, 1, b"a", 1, "kept").unwrap();
    store.commit().unwrap();
    assert_eq!(get(&store, 1, b"a").unwrap().as_deref(), Some("kept"));
}

#[test]
fn a_commit_that_fails_poisons_the_store_until_it_is_opened_again() {
    let (_directory, path, store) = with_notes();
    store
        .conn
        .execute_batch(
            "CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TEMP TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);",
        )
        .unwrap();
    store.begin_immediate().unwrap();
    store.write("INSERT INTO child VALUES (1)", []).unwrap();
    assert!(store.commit().is_err());
    assert!(store.poisoned());
    assert_eq!(store.begin_immediate(), Err(StorageError::Poisoned));
    assert_eq!(store.commit(), Err(StorageError::Poisoned));
    assert_eq!(store.checkpoint_truncate(), Err(StorageError::Poisoned));
    assert_eq!(store.snapshot(|_| Ok(())), Err(StorageError::Poisoned));
    assert!(store.reader().is_err());
    store.close().unwrap();
    Store::open(&path, &KEY).unwrap().begin_immediate().unwrap();
}

#[test]
fn a_transaction_tells_whether_another_connection_has_written_since() {
    let (_directory, path, ours) = written(|store| put(store, 1, b"a", 1, "x").unwrap());
    let theirs = Store::open(&path, &KEY).unwrap();
    assert!(
        theirs.begin_immediate().unwrap(),
        "the first transaction of a connection knows nothing"
    );
    theirs.rollback();

    let again = |store: &Store| {
        let others_wrote = store.begin_immediate().unwrap();
        store.commit().unwrap();
        others_wrote
    };
    assert!(!again(&ours));
    assert!(!again(&theirs));
    theirs.begin_immediate().unwrap();
    theirs.end_scope(Scope::Messages(1)).unwrap();
    theirs.commit().unwrap();
    assert!(!again(&theirs));
    assert!(again(&ours));
    assert!(!again(&ours));
}

#[test]
fn a_scope_that_another_connection_began_anew_is_opened_with_its_new_key() {
    const MARK: Table = Table::new(251, 2);
    const WRITE: &str = "INSERT OR REPLACE INTO content (seq, room, sealed) VALUES (?1, ?2, ?3)";
    const READ: &str = "SELECT seq, room, sealed FROM content";
    let write = |store: &Store, text: &str| {
        let at = RowAt {
            table: MARK,
            key: &[1.into(), 99.into()],
            clear: &[],
        };
        store.put_sealed(WRITE, Scope::Messages(1), &at, text)
    };
    let (_directory, path, ours) = written(|store| write(store, "old").unwrap());
    let reader = ours.reader().unwrap();
    let read = |store: &Store| {
        store.snapshot(|store| store.get_sealed::<String>(READ, [], Scope::Messages(1), MARK))
    };
    assert_eq!(read(&reader).unwrap().as_deref(), Some("old"));

    let theirs = Store::open(&path, &KEY).unwrap();
    theirs.begin_immediate().unwrap();
    theirs.end_scope(Scope::Messages(1)).unwrap();
    write(&theirs, "new").unwrap();
    theirs.commit().unwrap();
    assert_eq!(read(&reader).unwrap().as_deref(), Some("new"));
    ours.begin_immediate().unwrap();
    write(&ours, "newest").unwrap();
    ours.commit().unwrap();
    assert_eq!(read(&theirs).unwrap().as_deref(), Some("newest"));
}

#[test]
fn the_write_lock_is_held_by_one_connection() {
    let (_directory, path, ours) = with_notes();
    let theirs = Store::open(&path, &KEY).unwrap();
    ours.begin_immediate().unwrap();
    assert_eq!(theirs.begin_immediate(), Err(StorageError::Locked));
    ours.commit().unwrap();
    theirs.begin_immediate().unwrap();
}

#[test]
fn identifiers_are_hashed_by_table_and_stay_the_same_after_reopening() {
    let (_directory, path, store) = with_notes();
    let hash = store.lookup(NOTE, b"alice");
    assert_ne!(hash, store.lookup(NOTE, b"bob"));
    assert_ne!(hash, store.lookup(Table::new(251, 2), b"alice"));
    store.close().unwrap();
    assert_eq!(Store::open(&path, &KEY).unwrap().lookup(NOTE, b"alice"), hash);
}

#[test]
fn an_interrupted_statement_says_so_and_nothing_of_the_step_remains() {
    let (_directory, _, store) = with_notes();
    let interrupt = store.interrupt_handle();
    store.begin_immediate().unwrap();
    put(&store, 1, b"a", 1, "never").unwrap();
    let endless = "INSERT INTO note (room, position)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 9, i FROM n";
    let result = std::thread::scope(|threads| {
        let stopping = threads.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            interrupt.interrupt();
        });
        let result = store.write(endless, []);
        stopping.join().unwrap();
        result
    });
    assert_eq!(result, Err(StorageError::Interrupted));
    assert!(store.commit().is_err());
    assert!(dump(&store, "SELECT * FROM note").is_empty());
    store.begin_immediate().unwrap();
}
