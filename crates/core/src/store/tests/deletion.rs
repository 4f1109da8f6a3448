//! What is deleted is gone: sealed octets, read from rows before they were deleted, are looked for in the files after.
//!
//! The same with `secure_delete=OFF` finds them: the search can fail.

use comity_content::{Class, MessageId};
use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};

use super::mls::{ROOM, two};
use super::*;
use crate::store::message::{self, Delivery, Folded, MessageRow};

/// The first column of every row, which holds octets.
fn octets(store: &Store, sql: &'static str) -> Vec<Vec<u8>> {
    store.all(sql, [], |row| row.get(0)).unwrap()
}

fn insecure(store: &Store) {
    store.conn.pragma_update(None, "secure_delete", false).unwrap();
}

/// How many of them lie in the files of a directory.
fn found(directory: &TempDir, wanted: &[Vec<u8>]) -> usize {
    let all = on_disk(directory);
    wanted.iter().filter(|octets| contains(&all, octets)).count()
}

#[expect(clippy::disallowed_methods, reason = "ids that tests can tell apart")]
pub(super) fn message_of(number: u8, alone: bool) -> MessageRow {
    let user = UserUri::parse("mimi://a.example/u/alice").unwrap();
    let room = RoomUri::parse("mimi://a.example/r/room").unwrap();
    let salt = comity_content::Salt::draw(|octets| octets.fill(number));
    let part = comity_content::Part::null(comity_content::Disposition::RENDER);
    let content = comity_content::Content::new(salt, &user, &room, part);
    let received = comity_content::Received::decode(content.encode().unwrap()).unwrap();
    let id: MessageId = received.message_id(&user, &room).unwrap();
    MessageRow {
        seq: 0,
        id,
        room: 1,
        alone,
        root: id,
        sender: user,
        client: ClientUri::parse("mimi://a.example/d/alice/1").unwrap(),
        epoch: 0,
        frame: None,
        tie: 0,
        accepted: Some(Timestamp::from_millis(1)),
        noted: Timestamp::from_millis(1),
        order: 0,
        delivery: Delivery::Received,
        class: Class::Message,
        told: None,
        notify: false,
        counts: true,
        is_reaction: false,
        reaction: Vec::new(),
        allowed: Some(true),
        folded: Folded::default(),
        expires_after_read: None,
        expires: Some(Timestamp::from_millis(2)),
        erase_due: Some(Timestamp::from_millis(2)),
        over_since: None,
        read: false,
        erased: false,
    }
}

/// A store with messages, small and large, of which some have keys of their own.
fn with_messages(directory: &TempDir) -> (Store, Vec<MessageRow>) {
    let store = Store::create(&directory.path().join("client"), &KEY).unwrap();
    let mut rows = Vec::new();
    store.begin_immediate().unwrap();
    for (number, (alone, size)) in [(true, 100), (true, 9_000), (false, 100)].into_iter().enumerate() {
        let mut row = message_of(u8::try_from(number).unwrap(), alone);
        assert!(message::insert(&store, &mut row, &vec![7; size]).unwrap());
        rows.push(row);
    }
    store.commit().unwrap();
    (store, rows)
}

#[test]
fn an_erased_message_leaves_neither_octets_nor_key_in_the_files() {
    for secure in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let (store, mut rows) = with_messages(&directory);
        if !secure {
            insecure(&store);
        }
        let mut wanted = octets(
            &store,
            "SELECT body FROM message WHERE body IS NOT NULL AND alone = 1",
        );
        wanted.extend(octets(&store, "SELECT sealed FROM message WHERE alone = 1"));
        // The tail of a large value: its head lies behind SQLite's own page numbers.
        wanted.extend(
            octets(&store, "SELECT sealed FROM content")
                .iter()
                .map(|octets| octets.get(octets.len() - 200..).unwrap().to_vec()),
        );
        wanted.extend(octets(&store, "SELECT sealed FROM scope_key WHERE kind = 5"));
        assert_eq!(wanted.len(), 6);
        assert_eq!(found(&directory, &wanted), 6, "the search finds what is there");

        store.begin_immediate().unwrap();
        for row in rows.iter_mut().filter(|row| row.alone) {
            row.erased = true;
            message::erase(&store, row).unwrap();
        }
        store.commit().unwrap();
        assert!(store.checkpoint_truncate().unwrap());
        let left = found(&directory, &wanted);
        assert_eq!(left == 0, secure, "{left} of 6 are left, secure_delete={secure}");
        for row in &rows {
            let there = message::content(&store, row.id).unwrap();
            assert_eq!(there.is_some(), !row.erased);
            assert_eq!(
                message::by_id(&store, row.id).unwrap().unwrap().erased,
                row.erased
            );
        }
    }
}

#[test]
fn a_forgotten_rooms_messages_leave_neither_octets_nor_keys() {
    let directory = tempfile::tempdir().unwrap();
    let (store, rows) = with_messages(&directory);
    let mut wanted = octets(&store, "SELECT body FROM message WHERE body IS NOT NULL");
    wanted.extend(octets(
        &store,
        "SELECT sealed FROM scope_key WHERE kind IN (3, 5)",
    ));
    assert_eq!(found(&directory, &wanted), 5);
    store.begin_immediate().unwrap();
    message::delete_room(&store, 1).unwrap();
    store.commit().unwrap();
    assert!(store.checkpoint_truncate().unwrap());
    assert_eq!(found(&directory, &wanted), 0);
    assert_eq!(message::content(&store, rows.first().unwrap().id), Ok(None));
    assert_eq!(
        dump(&store, "SELECT * FROM scope_key WHERE kind IN (3, 5)"),
        [""; 0]
    );
}

#[test]
fn the_secrets_of_an_ended_epoch_leave_neither_octets_nor_key() {
    for secure in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let (alice, mut in_alice, ..) = two(&directory);
        if !secure {
            insecure(&alice.store);
        }
        assert!(alice.store.checkpoint_truncate().unwrap());
        let secrets = "SELECT substr(sealed, -200) FROM mls WHERE kind IN (16, 17, 19, 24, 25, 26, 27)";
        let mut wanted = octets(&alice.store, secrets);
        wanted.extend(octets(
            &alice.store,
            "SELECT sealed FROM scope_key WHERE kind = 4",
        ));
        let before = wanted.len();
        assert!(before >= 5, "{before}");
        assert_eq!(found(&directory, &wanted), before);

        alice.in_step(|| {
            let provider = alice.provider();
            in_alice
                .self_update(
                    &provider,
                    &alice.signer,
                    openmls::prelude::LeafNodeParameters::default(),
                )
                .unwrap();
            in_alice.merge_pending_commit(&provider).unwrap();
            MlsStore::for_room(&alice.store, ROOM).turn_epoch().unwrap();
        });
        assert!(alice.store.checkpoint_truncate().unwrap());
        let left = found(&directory, &wanted);
        assert_eq!(
            left == 0,
            secure,
            "{left} of {before} are left, secure_delete={secure}"
        );
        let alice = alice.reopened(&directory);
        let mut in_alice = alice.load();
        alice.in_step(|| alice.send(&mut in_alice, b"the group lives on"));
    }
}

#[test]
fn after_rekey_the_old_keys_are_gone_and_open_nothing() {
    const OTHER: Key32 = Key32::new([0x22; 32]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client");
    let (store, rows) = with_messages(&directory);
    let beside = Store::open(&path, &KEY).unwrap();
    beside.begin_immediate().unwrap();
    beside.commit().unwrap();
    let mut wanted = octets(&store, "SELECT sealed FROM scope_key");
    wanted.extend(octets(&store, "SELECT sealed FROM root_key"));
    assert_eq!(found(&directory, &wanted), wanted.len());

    assert_eq!(store.rekey(&OTHER), Ok(true));
    assert_eq!(found(&directory, &wanted), 0);
    assert_eq!(
        beside.begin_immediate(),
        Err(StorageError::WrongKey),
        "who has the old keys in memory is told"
    );
    beside.close().unwrap();
    for row in &rows {
        assert!(message::content(&store, row.id).unwrap().is_some());
    }
    store.close().unwrap();
    assert_eq!(Store::open(&path, &KEY).err(), Some(StorageError::WrongKey));
    let store = Store::open(&path, &OTHER).unwrap();
    assert!(
        message::by_id(&store, rows.first().unwrap().id)
            .unwrap()
            .is_some()
    );
}

#[test]
fn the_log_is_emptied_64_steps_after_a_deletion_or_a_mebibyte_later_and_no_reader_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::create(&directory.path().join("client"), &KEY).unwrap();
    let log = || {
        std::fs::metadata(directory.path().join("client-wal"))
            .unwrap()
            .len()
    };
    let step = |octets: usize, deletes: bool| {
        store.begin_immediate().unwrap();
        if octets > 0 {
            let filler = (store.data_version().unwrap(), vec![0_u8; octets]);
            store
                .write("INSERT INTO mls VALUES (77, ?1, randomblob(8), ?2)", filler)
                .unwrap();
        }
        if deletes {
            store.end_scope(Scope::Messages(1)).unwrap();
        }
        store.commit().unwrap();
        store.pay_checkpoint(false).unwrap();
    };
    assert!(store.checkpoint_truncate().unwrap());
    (0..100).for_each(|_| step(10, false));
    assert!(log() > 0, "nothing was deleted");
    step(10, true);
    (0..62).for_each(|_| step(0, false));
    assert!(log() > 0);
    step(0, false);
    assert_eq!(log(), 0, "after 64 steps");

    step(200_000, true);
    (0..7).for_each(|_| step(200_000, false));
    assert_eq!(log(), 0, "after a mebibyte");

    step(10, false);
    store.pay_checkpoint(false).unwrap();
    assert!(log() > 0);
    store.pay_checkpoint(true).unwrap();
    assert_eq!(log(), 0, "at once");

    let reader = store.reader().unwrap();
    reader
        .snapshot(|reader| {
            reader.one("SELECT count(*) FROM mls", [], |row| row.get::<_, i64>(0))?;
            (0..70).for_each(|_| step(10, true));
            assert!(log() > 0, "a reader needs it");
            Ok(())
        })
        .unwrap();
    step(10, false);
    assert_eq!(log(), 0, "with the first step after it has gone");
}
