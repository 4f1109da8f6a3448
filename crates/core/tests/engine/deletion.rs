//! What is deleted leaves the files, and not only the database's rows: sealed octets, read while they are still there, are
//! looked for in database and write-ahead log after `wake`, after `pause` and after `close`.
//!
//! A second connection stays open meanwhile, as an extension's does: SQLite would empty the log by itself when the last
//! one goes. Each search is made before as well, when it must find everything.

use std::path::{Path, PathBuf};
use std::time::Duration;

use comity::content::Expiration;
use comity::{MessageId, Timestamp};
use rusqlite::Connection;

use crate::support::*;

/// Another process's connection, and octets that are to leave the file.
struct Search {
    path: PathBuf,
    beside: Connection,
    wanted: Vec<Vec<u8>>,
}

impl Search {
    fn on(path: &Path) -> Self {
        let beside = Connection::open(path).unwrap();
        Self {
            path: path.to_owned(),
            beside,
            wanted: Vec::new(),
        }
    }

    /// Looks for the first column of these rows from now on. Only for their ends: SQLite cuts long values into pages.
    fn wants(&mut self, sql: &str) -> usize {
        let mut rows = self.beside.prepare(sql).unwrap();
        let octets = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let before = self.wanted.len();
        self.wanted.extend(octets.map(|octets| {
            let octets = octets.unwrap();
            octets[octets.len().saturating_sub(200)..].to_vec()
        }));
        self.wanted.len() - before
    }

    /// How many of them lie in the database or its log.
    fn found(&self) -> usize {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let mut all = std::fs::read(&self.path).unwrap();
        all.extend(std::fs::read(log).unwrap());
        let is_there = |octets: &&Vec<u8>| all.windows(octets.len()).any(|window| window == **octets);
        self.wanted.iter().filter(is_there).count()
    }

    /// The connection needs the log as it is, until [`Search::lets_go`].
    fn holds_on(&self) {
        self.beside.execute_batch("BEGIN; SELECT * FROM meta").unwrap();
    }

    fn lets_go(&self) {
        self.beside.execute_batch("COMMIT").unwrap();
    }
}

type Call = fn(Scene) -> Scene;

/// The calls after which nothing that was deleted may be left.
const AFTER: [(&str, Call); 3] = [
    ("wake", |mut scene| {
        drop(scene.alice.client.wake(scene.alice.now).unwrap());
        scene
    }),
    ("pause", |mut scene| {
        scene.alice.client.pause().unwrap();
        scene
    }),
    ("close", Scene::restarts),
];

/// Alice's clock goes on until everything that expires by `at` is erased.
fn wakes_until(scene: &mut Scene, at: Timestamp) {
    // Without the hub's word it is certain a day later.
    while scene.alice.now < at.plus(days(1)) {
        scene.alice.now = scene.alice.now.plus(Duration::from_secs(3_600));
        drop(scene.alice.client.wake(scene.alice.now).unwrap());
    }
}

fn is_erased(scene: &Scene, id: MessageId) -> bool {
    let long_ago = Timestamp::from_millis(0);
    scene.alice.reader().message(long_ago, id).unwrap().is_none()
}

/// Alice has read a message that expires, among others that do not.
fn with_an_expiring_message() -> (Scene, Search, MessageId, Timestamp) {
    let mut scene = Scene::new();
    scene.still_reads();
    let due = seconds(scene.alice.now) + 3_600;
    let content = text_content(&scene.mallory.user, &scene.place.uri, "for an hour")
        .expiring(Expiration::Absolute(u32::try_from(due).unwrap()))
        .encode()
        .unwrap();
    let message = scene.mallory.sends(content);
    let frame = scene.place.message(&message);
    let id = scene.reads(&frame, "for an hour");
    scene.still_reads();
    let mut search = Search::on(scene.alice.path());
    assert_eq!(search.wants("SELECT body FROM message WHERE alone = 1"), 1);
    assert_eq!(search.wants("SELECT sealed FROM message WHERE alone = 1"), 1);
    assert_eq!(search.wants("SELECT sealed FROM scope_key WHERE kind = 5"), 1);
    assert_eq!(search.found(), 3, "the search finds what is there");
    (scene, search, id, Timestamp::from_millis(due * 1_000))
}

#[test]
fn the_wake_that_erases_a_message_leaves_neither_its_octets_nor_its_key() {
    let (mut scene, search, id, due) = with_an_expiring_message();
    wakes_until(&mut scene, due);
    assert!(is_erased(&scene, id));
    assert_eq!(search.found(), 0);
    scene.still_reads();
}

#[test]
fn what_a_reader_kept_in_the_log_is_gone_after_wake_pause_or_close() {
    for (after, call) in AFTER {
        let (mut scene, search, id, due) = with_an_expiring_message();
        search.holds_on();
        wakes_until(&mut scene, due);
        search.lets_go();
        assert!(is_erased(&scene, id));
        assert_eq!(search.found(), 3, "before {after}");
        scene = call(scene);
        assert_eq!(search.found(), 0, "after {after}");
        scene.alice.client.resume().unwrap();
        scene.still_reads();
    }
}

#[test]
fn a_past_epoch_that_is_not_kept_any_more_leaves_neither_secrets_nor_key() {
    for (after, call) in AFTER {
        let mut scene = Scene::new();
        let late = scene.saying("late");
        scene.everybody_follows(Plan::default());
        let mut search = Search::on(scene.alice.path());
        assert_eq!(search.wants("SELECT sealed FROM mls WHERE kind = 28"), 1);
        assert_eq!(search.wants("SELECT sealed FROM scope_key WHERE kind = 6"), 1);
        assert_eq!(search.found(), 2, "the search finds what is there");
        for _ in 1..5 {
            scene.everybody_follows(Plan::default());
        }
        drop(scene.alice.client.wake(scene.alice.now).unwrap());
        assert_eq!(search.found(), 2, "five are kept");

        scene.everybody_follows(Plan::default());
        assert_eq!(search.found(), 2, "before {after}");
        scene = call(scene);
        assert_eq!(search.found(), 0, "after {after}");
        scene.alice.client.resume().unwrap();
        scene.rejects(&late, "epoch_too_old", comity::Advice::AskResend);
        scene.still_reads();
    }
}
