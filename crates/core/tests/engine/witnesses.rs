//! What the file and its witnesses say of one another, one opening at a time. Whole stories are in `tests/`.

use std::path::{Path, PathBuf};

use comity::{Client, Error, Identity, Opening, RequestId, StorageError, Timestamp, Twin, Witnesses};
use tempfile::TempDir;

use crate::support::KEY;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A host that keeps a twin.
struct Kept {
    _dir: TempDir,
    path: PathBuf,
    twin: Option<Twin>,
}

impl Kept {
    /// Its client exists and is closed.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("client.comity");
        let identity = Identity {
            user: "mimi://a.example/u/alice".parse().unwrap(),
            client: "mimi://a.example/d/alice-phone".parse().unwrap(),
        };
        let mut kept = Self {
            _dir: dir,
            path,
            twin: None,
        };
        let client = Client::create(NOW, &kept.opening(), identity).unwrap();
        kept.twin = client.twin();
        client.close().unwrap();
        kept
    }

    fn opening(&self) -> Opening {
        Opening::app(&self.path, KEY).witnessed(self.witnesses())
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            twin: self.twin,
            last_request: None,
        }
    }

    /// Opens the file and keeps the new twin; says whether it is a copy.
    fn opens(&mut self) -> bool {
        let client = Client::open(NOW, &self.opening()).unwrap();
        assert_ne!(client.twin(), self.twin, "another twin at each opening");
        self.twin = client.twin();
        let restored = client.restored();
        client.close().unwrap();
        restored
    }
}

fn octets(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn every_opening_takes_another_twin_and_only_the_last_two_fit() {
    let mut kept = Kept::new();
    let first = kept.twin;
    assert!(!kept.opens());
    let second = kept.twin;
    kept.twin = first;
    assert!(!kept.opens(), "the second was never written down");
    kept.twin = second;
    assert!(
        kept.opens(),
        "but was taken by a file that went on from the first"
    );
}

#[test]
fn a_file_of_a_host_that_begins_to_keep_witnesses_is_no_copy_and_its_older_copies_are() {
    let mut kept = Kept::new();
    kept.twin = None;
    let plain = Opening {
        witnesses: None,
        ..kept.opening()
    };
    Client::wipe(&kept.path).unwrap();
    let identity = Identity {
        user: "mimi://a.example/u/alice".parse().unwrap(),
        client: "mimi://a.example/d/alice-phone".parse().unwrap(),
    };
    let client = Client::create(NOW, &plain, identity).unwrap();
    assert_eq!(client.twin(), None);
    client.close().unwrap();
    let old = octets(&kept.path);
    assert!(!kept.opens());
    assert!(!kept.opens());
    std::fs::write(&kept.path, old).unwrap();
    assert!(kept.opens());
}

#[test]
fn a_resumed_process_keeps_its_twin_and_notices_an_older_file() {
    let mut kept = Kept::new();
    let old = octets(&kept.path);
    assert!(!kept.opens());
    let mut client = Client::open(NOW, &kept.opening()).unwrap();
    let twin = client.twin();
    client.pause().unwrap();
    client.resume().unwrap();
    assert_eq!((client.twin(), client.restored()), (twin, false));
    client.pause().unwrap();
    std::fs::write(&kept.path, old).unwrap();
    client.resume().unwrap();
    assert!(client.restored() && client.twin() != twin);
    kept.twin = client.twin();
    client.close().unwrap();
    assert!(!kept.opens());
}

#[test]
fn a_request_that_the_file_never_made_tells_of_another_file_and_is_told_once() {
    let mut kept = Kept::new();
    let opening = Opening {
        witnesses: Some(Witnesses {
            last_request: Some(RequestId([9; 16])),
            ..kept.witnesses()
        }),
        ..kept.opening()
    };
    let client = Client::open(NOW, &opening).unwrap();
    assert!(client.restored());
    kept.twin = client.twin();
    client.close().unwrap();
    let opening = Opening {
        witnesses: Some(Witnesses {
            twin: kept.twin,
            ..opening.witnesses.unwrap()
        }),
        ..kept.opening()
    };
    assert!(!Client::open(NOW, &opening).unwrap().restored());
}

#[test]
fn an_extension_takes_no_twin_and_leaves_a_copy_to_the_app() {
    let mut kept = Kept::new();
    assert!(!kept.opens());
    let before = octets(&kept.path);
    let extension = |witnesses| Opening::extension(&kept.path, KEY).witnessed(witnesses);
    for _ in 0..2 {
        let client = Client::open(NOW, &extension(kept.witnesses())).unwrap();
        assert_eq!(client.twin(), kept.twin);
        client.close().unwrap();
    }
    let nothing = Client::open(NOW, &extension(Witnesses::default()));
    assert_eq!(nothing.err(), Some(Error::Storage(StorageError::NeedsApp)));
    assert_eq!(octets(&kept.path), before);
}

/// Whoever was killed between opening the copy and keeping its twin has not heard that it is one.
#[test]
fn that_it_is_a_copy_is_said_until_the_host_shows_the_twin_that_came_with_it() {
    let mut kept = Kept::new();
    let older = octets(&kept.path);
    kept.opens();
    std::fs::write(&kept.path, older).unwrap();
    kept.opens();
    kept.opens();
    let shown = kept.twin;
    let older = octets(&kept.path);
    kept.opens();
    kept.opens();
    std::fs::write(&kept.path, older).unwrap();
    let lost = kept.twin;
    assert!(kept.opens(), "a copy");
    for _ in 0..2 {
        kept.twin = lost;
        assert!(kept.opens(), "and nobody has heard of it");
    }
    assert_ne!(kept.twin, shown);
    assert!(!kept.opens(), "its twin was kept");
    assert!(!kept.opens());
}
