//! The file, or its log, with one octet flipped.

use std::path::Path;

use comity::{Client, Opening, Page, Position, StorageError};

use super::Victim;
use crate::support::*;

/// Beside the file's octets, the offsets within a page at which one is flipped: all of the header and of the first cells'
/// places, and a spread of the rest.
fn offsets(page: usize) -> impl Iterator<Item = usize> {
    let head = if page == 0 { 0..112 } else { 0..20 };
    let dense = if cfg!(debug_assertions) { 9 } else { 1 };
    let spread = (20..4096).step_by(if cfg!(debug_assertions) { 1_021 } else { 61 });
    let ends = [4080, 4092, 4095];
    head.step_by(dense).chain(spread).chain(ends)
}

#[test]
fn one_flipped_octet_in_any_page_is_an_error_or_without_effect() {
    let victim = Victim::new();
    victim.lay(&victim.now);
    let whole = victim.seen().unwrap();
    let mut noticed = 0;
    for page in 0..victim.now.len() / 4096 {
        for offset in offsets(page) {
            let mut damaged = victim.now.clone();
            damaged[page * 4096 + offset] ^= 0x11;
            victim.lay(&damaged);
            match victim.seen() {
                Ok(seen) if seen == whole => {}
                // An index of messages may hide some: whoever looks into the health of the file is told.
                Ok(_) => assert!(victim.is_ill(&damaged), "page {page}, octet {offset}"),
                Err(
                    StorageError::Altered
                    | StorageError::Corrupt
                    | StorageError::NotADatabase
                    | StorageError::Foreign
                    | StorageError::FromTheFuture
                    | StorageError::NeedsApp
                    | StorageError::WrongKey
                    | StorageError::Missing
                    | StorageError::Io, // SQLite takes the file for one that may not be written.
                ) => noticed += 1,
                Err(error) => panic!("page {page}, octet {offset}: {error:?}"),
            }
        }
    }
    assert!(noticed > 100, "{noticed} were noticed");
}

/// SQLite ends a log where its sums no longer fit: what is left is the file as it was at an earlier commit, whole, and only
/// witnesses tell that it is an older one.
#[test]
fn one_flipped_octet_in_the_log_is_an_earlier_commit_or_without_effect() {
    let mut scene = Scene::new();
    scene.alice.client.pause().unwrap();
    scene.alice.client.resume().unwrap();
    let (path, room, at) = (scene.alice.path().to_owned(), scene.uri(), scene.alice.now);
    let log = |path: &Path| std::fs::read(path.with_extension("comity-wal")).unwrap_or_default();
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("client.comity");
    let texts = |octets: &[u8], log: &[u8]| {
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        std::fs::write(&copy, octets).unwrap();
        std::fs::write(copy.with_extension("comity-wal"), log).unwrap();
        let client = Client::open(at, &Opening::app(&copy, KEY)).unwrap();
        let reader = client.reader().unwrap();
        let page = Page::After(Position::default(), 100);
        let messages = reader.timeline(at, &room, page).unwrap();
        messages
            .into_iter()
            .map(|message| message.octets)
            .collect::<Vec<_>>()
    };
    let database = std::fs::read(&path).unwrap();
    let mut truths = vec![texts(&database, &[])];
    for _ in 0..4 {
        scene.still_reads();
        truths.push(texts(&database, &log(&path)));
    }
    assert_eq!(std::fs::read(&path).unwrap(), database, "all of it is in the log");
    let whole = log(&path);
    let mut cut = 0;
    for frame in (32..whole.len()).step_by(4096 + 24) {
        for offset in [0, 5, 9, 17, 23, 24, 30, 500, 2_000, 4_100] {
            let mut damaged = whole.clone();
            let Some(octet) = damaged.get_mut(frame + offset) else {
                continue;
            };
            *octet ^= 0x11;
            let seen = texts(&database, &damaged);
            assert!(
                truths.contains(&seen),
                "frame at {frame}, octet {offset}: {seen:?}"
            );
            cut += usize::from(Some(&seen) != truths.last());
        }
    }
    assert!(cut > 10, "{cut} logs were cut");
}
