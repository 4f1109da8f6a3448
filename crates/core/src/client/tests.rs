//! One state of the client and of every reader of its, whatever fails.

use std::path::{Path, PathBuf};

use super::*;
use crate::step::Seq;
use crate::store::MORE_READERS;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const KEY: Key32 = Key32::new([7; 32]);

fn named(name: &str) -> Identity {
    Identity {
        user: format!("mimi://a.example/u/{name}").parse().unwrap(),
        client: format!("mimi://a.example/d/{name}-phone").parse().unwrap(),
    }
}

/// A client with readers of its.
struct Readers {
    client: Client,
    readers: Vec<Reader>,
    dir: tempfile::TempDir,
}

impl Readers {
    fn new(readers: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let opening = Opening::app(dir.path().join("client"), KEY);
        let client = Client::create(NOW, &opening, named("alice")).unwrap();
        let readers = (0..readers).map(|_| client.reader().unwrap()).collect();
        Self { client, readers, dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("client")
    }

    /// What everybody says, the client last.
    fn say(&mut self) -> Vec<Result<(), Error>> {
        let mut said: Vec<_> = self
            .readers
            .iter()
            .map(|reader| reader.events(Seq(0), 1).map(drop))
            .collect();
        said.push(self.client.wake(NOW).map(drop));
        said
    }

    fn all_are_open(&mut self) {
        let said = self.say();
        assert!(said.iter().all(Result::is_ok), "{said:?}");
    }

    /// They say so, and no file is open.
    fn all_are_paused(&mut self) {
        let said = self.say();
        assert!(said.iter().all(|said| *said == Err(Error::Paused)), "{said:?}");
        assert_eq!(opened_below(self.dir.path()), [""; 0]);
    }
}

/// The files below a directory that this process has open, as far as the system tells.
fn opened_below(dir: &Path) -> Vec<String> {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|path| path.starts_with(dir))
        .map(|path| path.display().to_string())
        .collect()
}

#[test]
fn a_resume_that_fails_at_any_reader_leaves_all_of_them_paused_and_the_next_one_opens_all() {
    let mut them = Readers::new(3);
    for opened in 0..3 {
        them.client.pause().unwrap();
        them.all_are_paused();
        MORE_READERS.set(opened);
        let resumed = them.client.resume();
        MORE_READERS.set(usize::MAX);
        assert_eq!(resumed, Err(StorageError::Io.into()), "{opened} readers opened");
        them.all_are_paused();
        them.client.resume().unwrap();
        them.all_are_open();
    }
}

#[test]
fn a_resume_that_the_file_refuses_leaves_all_paused_and_succeeds_when_the_file_is_there_again() {
    let mut them = Readers::new(2);
    let elsewhere = them.path().with_file_name("elsewhere");
    let other = Opening::app(them.path().with_file_name("bob"), KEY);
    Client::create(NOW, &other, named("bob"))
        .unwrap()
        .close()
        .unwrap();
    let another_key = Opening {
        key: Key32::new([8; 32]),
        path: them.path().with_file_name("carol"),
        ..other.clone()
    };
    Client::create(NOW, &another_key, named("carol"))
        .unwrap()
        .close()
        .unwrap();
    them.client.pause().unwrap();
    std::fs::rename(them.path(), &elsewhere).unwrap();
    let mut refused = |put: &dyn Fn(&Path), wanted: StorageError| {
        put(&them.path());
        assert_eq!(them.client.resume(), Err(wanted.into()));
        them.all_are_paused();
        let _ = std::fs::remove_dir(them.path());
        Client::wipe(&them.path()).unwrap();
    };
    let copied = |from: &Opening| {
        let from = from.path.clone();
        move |path: &Path| assert!(std::fs::copy(&from, path).is_ok())
    };
    refused(&|_| {}, StorageError::Missing);
    refused(&|path| std::fs::create_dir(path).unwrap(), StorageError::Missing);
    refused(&|path| std::fs::write(path, "").unwrap(), StorageError::Missing);
    refused(
        &|path| std::fs::write(path, [1; 999]).unwrap(),
        StorageError::NotADatabase,
    );
    refused(&copied(&another_key), StorageError::WrongKey);
    refused(&copied(&other), StorageError::Foreign);
    std::fs::rename(&elsewhere, them.path()).unwrap();
    them.client.resume().unwrap();
    them.all_are_open();
}

#[test]
fn a_query_that_panicked_keeps_no_file_open_and_nobody_from_resuming() {
    let mut them = Readers::new(2);
    them.readers[0].panics();
    assert!(matches!(them.say()[0], Err(Error::Bug(_))));
    them.client.pause().unwrap();
    them.all_are_paused();
    them.client.resume().unwrap();
    them.all_are_open();
    them.readers[1].panics();
    them.client.rekey(&Key32::new([9; 32])).unwrap();
    them.all_are_open();
}

#[test]
fn readers_of_a_closed_client_are_paused_and_those_of_a_dropped_one_go_on() {
    let Readers {
        client, readers, dir, ..
    } = Readers::new(1);
    client.close().unwrap();
    assert_eq!(readers[0].events(Seq(0), 1), Err(Error::Paused));
    assert_eq!(opened_below(dir.path()), [""; 0]);
    let Readers { client, readers, .. } = Readers::new(1);
    drop(client);
    assert!(readers[0].events(Seq(0), 1).is_ok());
}

/// What has reached the medium when a client is created is all of it or nothing, its witnesses included: whoever is told that it failed can
/// create it again.
#[test]
fn a_client_whose_host_keeps_witnesses_is_created_in_one_transaction() {
    let dir = tempfile::tempdir().unwrap();
    for twin in [None, Some(Twin::new([3; 16]))] {
        let path = dir.path().join(format!("{}", twin.is_some()));
        let witnesses = Witnesses {
            twin,
            last_request: None,
        };
        let opening = Opening::app(&path, KEY).witnessed(witnesses);
        let client = Client::create(NOW, &opening, named("alice")).unwrap();
        assert_eq!(client.restored(), twin.is_some());
        let log = std::fs::read(path.with_file_name(format!("{}-wal", twin.is_some()))).unwrap();
        // A frame that ends a transaction tells how long the database is then.
        let commits = log[32..].chunks(24 + 4096).filter(|frame| frame[4..8] != [0; 4]);
        assert_eq!(commits.count(), 1);
        let shown = Witnesses {
            twin: client.twin(),
            last_request: None,
        };
        client.close().unwrap();
        let opened = Client::open(NOW, &opening.witnessed(shown)).unwrap();
        assert!(!opened.restored());
    }
}
