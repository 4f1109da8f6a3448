//! A copy of the whole file, as of one moment.
//!
//! It is made under a name of its own beside the place where it is to be, and stands there when it is finished: whoever finds a file at
//! the path finds all of it. Of a process that is killed before, a file of that other name is left, which the next copy to the path, or
//! a wipe of it, takes away.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{StorageError, Store, delete, open, turns};

/// Between the name of a copy and what tells one attempt from another.
const UNFINISHED: &str = "-unfinished-";
/// What SQLite and we may put beside a copy that is being made.
const COMPANIONS: [&str; 6] = ["", "-journal", "-wal", "-shm", "-next", "-hold"];

impl Store {
    /// Writes a copy into a new file, readable by this user only. What was deleted is not in it. `finish` is what is done to the copy
    /// before anybody finds it, and must leave one file. The copy is on the medium when this returns; on any error there is none.
    ///
    /// # Errors
    /// [`StorageError::Exists`] if there is anything at the path.
    pub(crate) fn backup_to<E: From<StorageError>>(
        &self,
        path: &Path,
        finish: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), E> {
        self.alive()?;
        let path = open::plain(path);
        if std::fs::symlink_metadata(&path).is_ok() {
            return Err(StorageError::Exists.into());
        }
        // If they cannot be deleted they are in nobody's way.
        let _ = sweep(&path);
        let unfinished = turns::with_suffix(&path, &attempt()?);
        open::reserve_new(&unfinished)?;
        let copied = self
            .copy_to(&unfinished)
            .map_err(E::from)
            .and_then(|()| finish(&unfinished))
            .and_then(|()| Ok(publish(&unfinished, &path)?));
        if copied.is_err() {
            let _ = delete(&unfinished, COMPANIONS);
        }
        copied
    }

    fn copy_to(&self, path: &Path) -> Result<(), StorageError> {
        let name = path.to_str().ok_or(StorageError::Io)?;
        self.conn.prepare_cached("VACUUM INTO ?1")?.execute([name])?;
        Ok(())
    }
}

/// Gives a copy that is whole the name under which it is looked for.
fn publish(unfinished: &Path, path: &Path) -> Result<(), StorageError> {
    sync(unfinished)?;
    appear(unfinished, path)?;
    let published = delete(unfinished, COMPANIONS).and_then(|()| sync_directory_of(path));
    if published.is_err() {
        let _ = std::fs::remove_file(path);
    }
    published
}

/// Lets a file appear at a path where nothing is. A rename would replace what has come there meanwhile, and is for file systems
/// without links only.
fn appear(unfinished: &Path, path: &Path) -> Result<(), StorageError> {
    match std::fs::hard_link(unfinished, path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(StorageError::Exists),
        Err(_) => {}
    }
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(StorageError::Exists);
    }
    std::fs::rename(unfinished, path).map_err(|error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StorageError::Full,
        _ => StorageError::Io,
    })
}

/// What the name of an unfinished copy ends in: no two are alike.
fn attempt() -> Result<String, StorageError> {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets)?;
    Ok(format!("{UNFINISHED}{:016x}", u64::from_be_bytes(octets)))
}

/// Deletes what processes that were killed have left of copies to a path.
pub(super) fn sweep(path: &Path) -> Result<(), StorageError> {
    left_of(path)?.iter().try_for_each(|left| delete(left, [""]))
}

/// The files that belong to unfinished copies.
fn left_of(path: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let Some(name) = path.file_name() else {
        return Ok(Vec::new());
    };
    let begins = [name.as_encoded_bytes(), UNFINISHED.as_bytes()].concat();
    let entries = match std::fs::read_dir(directory_of(path)) {
        // Whoever may not look into a directory can still delete files whose names are known.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            return Ok(Vec::new());
        }
        entries => entries.map_err(|_| StorageError::Io)?,
    };
    let names: Result<Vec<OsString>, _> = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect();
    let mut left = names.map_err(|_| StorageError::Io)?;
    left.retain(|name| name.as_encoded_bytes().starts_with(&begins));
    Ok(left.iter().map(|name| path.with_file_name(name)).collect())
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

/// A new name is only there when its directory is on the medium.
fn sync_directory_of(path: &Path) -> Result<(), StorageError> {
    if cfg!(unix) {
        sync(directory_of(path))
    } else {
        Ok(())
    }
}

/// Waits until a file, or what is in a directory, is on the medium.
fn sync(path: &Path) -> Result<(), StorageError> {
    #[cfg(test)]
    tests::about_to_sync(path)?;
    let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|_| StorageError::Io)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::store::{Key32, wipe};

    const KEY: Key32 = Key32::new([0x11; 32]);

    thread_local! {
        /// What this thread has synced, and the first that fails.
        static SYNCED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
        static FAILS_AT: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    pub(super) fn about_to_sync(path: &Path) -> Result<(), StorageError> {
        SYNCED.with_borrow_mut(|synced| {
            synced.push(path.to_owned());
            if synced.len() > FAILS_AT.get() {
                return Err(StorageError::Io);
            }
            Ok(())
        })
    }

    /// A client's file, and an empty directory for copies of it.
    struct Place {
        elsewhere: tempfile::TempDir,
        _directory: tempfile::TempDir,
        store: Store,
    }

    impl Place {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            Self {
                store: Store::create(&directory.path().join("client"), &KEY).unwrap(),
                _directory: directory,
                elsewhere: tempfile::tempdir().unwrap(),
            }
        }

        fn path(&self) -> PathBuf {
            self.elsewhere.path().join("copy")
        }

        fn backs_up(&self) -> Result<(), StorageError> {
            self.store.backup_to(&self.path(), |_| Ok(()))
        }

        /// The names that are there, without what tells attempts from one another.
        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(self.elsewhere.path()).unwrap();
            let mut names: Vec<String> = entries.map(|entry| name_of(&entry.unwrap().path())).collect();
            names.sort();
            names
        }
    }

    fn name_of(path: &Path) -> String {
        let name = path.file_name().unwrap().to_str().unwrap();
        match name.split_once(UNFINISHED) {
            Some((copy, _)) => format!("{copy}, unfinished"),
            None => name.to_owned(),
        }
    }

    #[test]
    fn a_copy_and_its_directory_are_on_the_medium_when_it_is_made_and_there_is_none_if_either_is_not() {
        let back_up = |fails_at: usize| {
            let place = Place::new();
            FAILS_AT.set(fails_at);
            let copied = place.backs_up();
            FAILS_AT.set(usize::MAX);
            let synced = SYNCED.take();
            let synced: Vec<String> = synced
                .iter()
                .map(|path| match path == place.elsewhere.path() {
                    true => "the directory".to_owned(),
                    false => name_of(path),
                })
                .collect();
            (copied, synced.join(", then "), place.names())
        };
        let both = "copy, unfinished, then the directory".to_owned();
        assert_eq!(
            back_up(usize::MAX),
            (Ok(()), both.clone(), vec!["copy".to_owned()])
        );
        assert_eq!(back_up(1), (Err(StorageError::Io), both, Vec::new()));
        let one = "copy, unfinished".to_owned();
        assert_eq!(back_up(0), (Err(StorageError::Io), one, Vec::new()));
    }

    #[test]
    fn until_it_is_finished_nothing_is_at_the_path_and_if_that_fails_nothing_is_left() {
        let place = Place::new();
        let finished = place.store.backup_to(&place.path(), |unfinished| {
            assert_eq!(name_of(unfinished), "copy, unfinished");
            assert_eq!(place.names(), ["copy, unfinished"]);
            for companion in COMPANIONS {
                std::fs::write(turns::with_suffix(unfinished, companion), "half").unwrap();
            }
            Err(StorageError::Full)
        });
        assert_eq!(finished, Err(StorageError::Full));
        assert_eq!(place.names(), [""; 0]);
    }

    #[test]
    fn what_has_come_to_the_path_meanwhile_stays_as_it_is() {
        let place = Place::new();
        let copied = place.store.backup_to(&place.path(), |_| {
            std::fs::write(place.path(), "somebody else's").unwrap();
            Ok(())
        });
        assert_eq!(copied, Err(StorageError::Exists));
        assert_eq!(place.names(), ["copy"]);
        assert_eq!(std::fs::read(place.path()).unwrap(), b"somebody else's");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_something_at_the_path_wherever_it_leads() {
        let place = Place::new();
        let target = place.elsewhere.path().join("nowhere");
        std::os::unix::fs::symlink(&target, place.path()).unwrap();
        assert_eq!(place.backs_up(), Err(StorageError::Exists));
        assert_eq!(place.names(), ["copy"]);
        assert!(!target.exists());
    }

    #[test]
    fn what_a_killed_process_has_left_goes_with_the_next_copy_or_with_a_wipe() {
        let place = Place::new();
        let leaves = || {
            for companion in COMPANIONS {
                let left = [&attempt().unwrap(), companion].concat();
                std::fs::write(turns::with_suffix(&place.path(), &left), "half").unwrap();
            }
        };
        let other = place.elsewhere.path().join("copy-unfinished");
        std::fs::write(&other, "of somebody else").unwrap();
        leaves();
        place.backs_up().unwrap();
        assert_eq!(place.names(), ["copy", "copy-unfinished"]);
        leaves();
        wipe(&place.path()).unwrap();
        assert_eq!(place.names(), ["copy-unfinished"]);
    }
}
