//! Damaged files: every one ends in a typed error or in the truth, never in a panic and never in something
//! else.

use openmls::group::MlsGroup;
use openmls::prelude::GroupId;

use super::mls::{Person, member_of};
use super::*;

const PAGE: usize = 4096;

/// A closed file that holds a group, its octets, and what the group must say.
fn intact() -> (TempDir, PathBuf, Vec<u8>, Vec<u8>) {
    let (directory, path) = place();
    let person = Person::at(&path, "alice");
    let group = person.in_step(|| member_of(&person, &[]));
    let truth = group.epoch_authenticator().as_slice().to_vec();
    person.store.close().unwrap();
    let octets = std::fs::read(&path).unwrap();
    (directory, path, octets, truth)
}

/// Opens the file and loads the group, as a client would.
fn read(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    let store = Store::open(path, &KEY)?;
    let id = GroupId::from_slice(b"group of the test");
    let group = store.snapshot(|store| MlsGroup::load(&MlsStore::for_room(store, 1), &id))?;
    let _rows: Vec<i64> = store.all("SELECT scope FROM mls", [], |row| row.get(0))?;
    Ok(group.map(|group| group.epoch_authenticator().as_slice().to_vec()))
}

fn rewrite(path: &Path, octets: &[u8]) {
    for companion in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(companion);
        let _ = std::fs::remove_file(name);
    }
    std::fs::write(path, octets).unwrap();
}

fn must_be_honest(path: &Path, truth: &[u8], what: &str) -> Option<StorageError> {
    match read(path) {
        Ok(found) => {
            assert!(
                found.is_none_or(|found| found == truth),
                "{what}: another group came out"
            );
            None
        }
        Err(error) => {
            assert!(
                matches!(
                    error,
                    StorageError::Corrupt
                        | StorageError::Altered
                        | StorageError::NotADatabase
                        | StorageError::Foreign
                        | StorageError::FromTheFuture
                        | StorageError::WrongKey
                        | StorageError::Missing
                ),
                "{what}: {error:?}"
            );
            Some(error)
        }
    }
}

#[test]
fn one_flipped_octet_anywhere_is_an_error_or_without_effect() {
    let (_directory, path, octets, truth) = intact();
    assert_eq!(read(&path).unwrap().as_ref(), Some(&truth));

    // Every octet of the header and of the first page's cells' index, and a spread of every page.
    let header = 0..140;
    let spread = (0..octets.len()).step_by(PAGE / 16 + 7);
    let starts = (0..octets.len()).step_by(PAGE).flat_map(|page| page..page + 12);
    let mut corrupt = 0;
    for at in header.chain(spread).chain(starts) {
        let mut damaged = octets.clone();
        *damaged.get_mut(at).unwrap() ^= 0xff;
        rewrite(&path, &damaged);
        if must_be_honest(&path, &truth, &format!("octet {at}")) == Some(StorageError::Corrupt) {
            corrupt += 1;
        }
    }
    assert!(corrupt > 50, "only {corrupt} were noticed as damage");
}

#[test]
fn every_sealed_value_of_the_file_is_authenticated() {
    let (_directory, path, octets, truth) = intact();
    let store = Store::open(&path, &KEY).unwrap();
    let rows: Vec<Vec<u8>> = store
        .all(
            "SELECT sealed FROM mls WHERE scope = 1 AND kind < 22",
            [],
            |row| row.get(0),
        )
        .unwrap();
    store.close().unwrap();
    let small: Vec<_> = rows.iter().filter(|row| row.len() < 400).collect();
    assert!(small.len() > 3);
    for row in small {
        let start = octets
            .windows(row.len())
            .position(|window| window == row.as_slice())
            .unwrap();
        let mut damaged = octets.clone();
        *damaged.get_mut(start + row.len() / 2).unwrap() ^= 1;
        rewrite(&path, &damaged);
        assert_eq!(
            must_be_honest(&path, &truth, "a sealed value"),
            Some(StorageError::Corrupt)
        );
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_without_effect() {
    let (_directory, path, octets, truth) = intact();
    let pages = (0..octets.len() / PAGE).map(|page| page * PAGE);
    for length in pages.chain([1, 15, 16, 50, 99, 100, 101, 512, PAGE - 1, PAGE + 1]) {
        rewrite(&path, octets.get(..length).unwrap());
        let error = must_be_honest(&path, &truth, &format!("cut at {length}"));
        assert!(error.is_some(), "cut at {length} of {}", octets.len());
    }
    rewrite(&path, octets.get(..octets.len() - 1).unwrap());
    must_be_honest(&path, &truth, "the last octet cut off");
}

#[test]
fn exchanged_pages_are_an_error_or_without_effect() {
    let (_directory, path, octets, truth) = intact();
    let count = octets.len() / PAGE;
    for page in 1..count {
        let other = 1 + page % (count - 1);
        let mut damaged = octets.clone();
        damaged[page * PAGE..(page + 1) * PAGE].copy_from_slice(&octets[other * PAGE..(other + 1) * PAGE]);
        rewrite(&path, &damaged);
        must_be_honest(&path, &truth, &format!("page {page}"));
    }
}
