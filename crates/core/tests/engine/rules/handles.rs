//! Rules 13 and 14: queries never wait, and nothing holds the file of a paused client.

use super::*;

#[test]
fn rule_13_a_reader_answers_while_another_writes() {
    let mut scene = Scene::new();
    scene.still_reads();
    let reader = scene.alice.reader();
    let writer = rusqlite::Connection::open(scene.alice.path()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM seen").unwrap();
    let timeline = reader
        .timeline(scene.alice.now, &scene.uri(), Page::Latest(10))
        .unwrap();
    assert_eq!(timeline.len(), 1);
    assert!(!reader.events(Seq::default(), 10).unwrap().is_empty());
    assert_eq!(reader.rooms(scene.alice.now).unwrap().len(), 1);
    let frame = scene.saying("busy");
    let batch = comity::Batch {
        frames: vec![frame.clone()],
        cursor: None,
        more: false,
    };
    let busy = scene.alice.client.receive(scene.alice.now, &batch).unwrap_err();
    assert_eq!((busy.code(), busy.advice()), ("busy", comity::Advice::Retry));
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    scene.reads(&frame, "busy");
}

#[test]
fn rule_13_no_query_holds_a_snapshot_after_it_has_answered() {
    let mut scene = Scene::new();
    let reader = scene.alice.reader();
    assert_eq!(
        reader
            .timeline(scene.alice.now, &scene.uri(), Page::Latest(10))
            .unwrap()
            .len(),
        0
    );
    scene.still_reads();
    assert_eq!(
        reader
            .timeline(scene.alice.now, &scene.uri(), Page::Latest(10))
            .unwrap()
            .len(),
        1,
        "the next sees what is new"
    );
    let file = rusqlite::Connection::open(scene.alice.path()).unwrap();
    let busy: i64 = file
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0, "and nobody keeps the write-ahead log from being emptied");
}

/// What the queries of an app's screens say of a room: lists, badges, timelines, permissions.
fn screens(scene: &Scene, reader: &comity::Reader) -> Result<Vec<String>, Error> {
    let (now, uri) = (scene.alice.now, scene.uri());
    let outgoing = Outgoing::text("hi");
    Ok(vec![
        format!("{:?}", reader.rooms(now)?),
        format!("{:?}", reader.room(&uri)?),
        format!("{:?}", reader.members(&uri, 0, 10)?),
        format!("{:?}", reader.timeline(now, &uri, Page::Latest(10))?),
        format!("{:?}", reader.can(&uri, &Change::Rotate)),
        format!("{:?}", reader.may(&uri, comity_room::policy::Action::Send)?),
        format!("{:?}", reader.plan(&uri, &outgoing)?),
        format!("{:?}", reader.posture(&uri)?),
        format!("{:?}", reader.events(Seq::default(), 10)?),
        format!("{:?}", reader.outstanding(None, 10)?),
        format!("{:?}", reader.user(&scene.mallory.user)?),
        format!("{:?}", reader.wake_at()?),
    ])
}

/// So a list of rooms costs no memory, however large they are: with every group unreadable, all answer as before.
#[test]
fn rule_13_no_query_but_a_look_into_a_frame_reads_a_group() {
    let mut scene = Scene::new();
    scene.still_reads();
    let frame = scene.saying("look");
    let (reader, now) = (scene.alice.reader(), scene.alice.now);
    let before = screens(&scene, &reader).unwrap();
    assert!(reader.preview(now, &frame).unwrap().is_some());

    let file = rusqlite::Connection::open(scene.alice.path()).unwrap();
    let spoilt = file.execute("UPDATE mls SET sealed = x'00' WHERE scope <> 0", []);
    assert!(spoilt.unwrap() > 5, "a group has rows");
    let corrupt = Error::Storage(comity::StorageError::Corrupt);
    assert_eq!(reader.preview(now, &frame).unwrap_err(), corrupt);
    assert_eq!(screens(&scene, &reader).unwrap(), before);
}

/// The handles that this process has on a file or its companions.
#[cfg(target_os = "linux")]
fn handles(path: &std::path::Path) -> Vec<std::path::PathBuf> {
    let name = path.to_str().unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.ok()?.path()).ok();
    open.filter_map(target)
        .filter(|target| target.to_str().is_some_and(|target| target.starts_with(name)))
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn rule_14_a_paused_client_has_no_handle_on_its_file_until_it_is_resumed() {
    let mut scene = Scene::new();
    scene.still_reads();
    let path = scene.alice.path().to_owned();
    assert!(!handles(&path).is_empty());
    scene.alice.client.pause().unwrap();
    assert_eq!(handles(&path), Vec::<std::path::PathBuf>::new());
    let (now, uri) = (scene.alice.now, scene.uri());
    let client = &mut scene.alice.client;
    let nothing = comity::Batch {
        frames: Vec::new(),
        cursor: None,
        more: false,
    };
    let calls = [
        client.receive(now, &nothing).map(drop),
        client
            .answer(now, comity::RequestId([0; 16]), comity::Answer::Undeliverable)
            .map(drop),
        client.wake(now).map(drop),
        client
            .send(now, &uri, &Outgoing::text("hi"), Allow::default())
            .map(drop),
        client.read(now, &uri, Position::default()).map(drop),
        client.change(now, &uri, &[Change::Rotate]).map(drop),
        client.respond(now, &uri, Response::Accept).map(drop),
        client.join(now, &uri, None).map(drop),
        client.advertise(now, &cards()).map(drop),
        client.restock(now, 0).map(drop),
        client.forget(now, Seq(1)).map(drop),
        client.reader().map(drop),
    ];
    assert!(calls.iter().all(|call| *call == Err(Error::Paused)), "{calls:?}");
    assert_eq!(
        handles(&path),
        Vec::<std::path::PathBuf>::new(),
        "and none has opened it again"
    );
    client.pause().unwrap(); // twice does no harm
    client.resume().unwrap();
    scene.still_reads();
}

#[cfg(target_os = "linux")]
#[test]
fn rule_14_the_readers_of_a_paused_client_have_no_handle_either() {
    let mut scene = Scene::new();
    let path = scene.alice.path().to_owned();
    let reader = scene.alice.reader();
    scene.alice.client.pause().unwrap();
    assert_eq!(
        handles(&path),
        Vec::<std::path::PathBuf>::new(),
        "an idle reader holds a lock on the index"
    );
    assert_eq!(reader.rooms(scene.alice.now).map(drop), Err(Error::Paused));
    scene.alice.client.resume().unwrap();
    assert_eq!(scene.alice.reader().rooms(scene.alice.now).unwrap().len(), 1);
}
