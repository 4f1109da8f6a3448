//! A copy of the whole file, as of one moment.

use std::path::Path;

use super::{StorageError, Store, open};

impl Store {
    /// Writes a copy into a new file, readable by this user only. What was deleted is not in it. The copy is on the medium
    /// when this returns; on any error there is none.
    ///
    /// # Errors
    /// [`StorageError::Exists`] if there is anything at the path.
    pub(crate) fn backup_to(&self, path: &Path) -> Result<(), StorageError> {
        self.alive()?;
        let path = open::plain(path);
        open::reserve_new(&path)?;
        let copied = self.copy_to(&path);
        if copied.is_err() {
            drop(std::fs::remove_file(&path));
        }
        copied
    }

    fn copy_to(&self, path: &Path) -> Result<(), StorageError> {
        let name = path.to_str().ok_or(StorageError::Io)?;
        self.conn.prepare_cached("VACUUM INTO ?1")?.execute([name])?;
        sync(path)?;
        // A new file is only there when its directory is on the medium.
        if cfg!(unix) {
            sync(path.parent().unwrap_or_else(|| Path::new(".")))?;
        }
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
    use std::path::PathBuf;

    use super::*;
    use crate::store::Key32;

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

    /// Copies a file, whose syncs fail from the given one on. What came of it, what was synced, and whether a copy is there.
    fn back_up(fails_at: usize) -> (Result<(), StorageError>, Vec<PathBuf>, Vec<PathBuf>) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::create(&directory.path().join("client"), &KEY).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let relative = |paths: Vec<PathBuf>| {
            let paths = paths.into_iter();
            paths
                .map(|path| path.strip_prefix(elsewhere.path()).unwrap().to_owned())
                .collect()
        };
        FAILS_AT.set(fails_at);
        let copied = store.backup_to(&elsewhere.path().join("copy"));
        FAILS_AT.set(usize::MAX);
        let left = std::fs::read_dir(elsewhere.path()).unwrap();
        let left = left.map(|entry| entry.unwrap().path()).collect();
        (copied, relative(SYNCED.take()), relative(left))
    }

    #[test]
    fn a_copy_and_its_directory_are_on_the_medium_when_it_is_made_and_there_is_none_if_either_is_not() {
        let (file, directory) = (PathBuf::from("copy"), PathBuf::new());
        let both = vec![file.clone(), directory];
        assert_eq!(back_up(usize::MAX), (Ok(()), both.clone(), vec![file.clone()]));
        assert_eq!(back_up(1), (Err(StorageError::Io), both, Vec::new()));
        assert_eq!(back_up(0), (Err(StorageError::Io), vec![file], Vec::new()));
    }
}
