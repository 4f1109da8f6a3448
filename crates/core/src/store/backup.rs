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
        let synced = std::fs::File::open(path).and_then(|copy| copy.sync_all());
        synced.map_err(|_| StorageError::Io)?;
        sync_directory(path)
    }
}

/// A new file is only there when its directory is on the medium.
#[cfg(unix)]
fn sync_directory(path: &Path) -> Result<(), StorageError> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let synced = std::fs::File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|_| StorageError::Io)
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> Result<(), StorageError> {
    Ok(())
}
