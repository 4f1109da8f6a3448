//! What can go wrong with the file, said so that the host knows what to do.
//!
//! **Owns** the translation of SQLite's result codes. No variant carries a path, a key, SQL or a value, so
//! an error may be logged anywhere.

use rusqlite::ffi;

/// Why the client's file could not be used. Whatever the step had done is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The disk, or the quota of this app, is full. Free space and call again.
    #[error("no space is left for the client's file")]
    Full,
    /// Another connection holds the write lock. Call again later.
    #[error("the client's file is in use by another connection")]
    Locked,
    /// The key is not the one under which the file was created.
    #[error("the key does not open the client's file")]
    WrongKey,
    /// The file is one of ours, but damaged or tampered with.
    #[error("the client's file is damaged")]
    Corrupt,
    /// Every row of the file is ours, but they are not of one moment: somebody has deleted rows, or put back older ones.
    #[error("rows of the client's file are missing, or older than others")]
    Altered,
    /// A newer version of this library wrote the file. Update the app.
    #[error("the client's file was written by a newer version")]
    FromTheFuture,
    /// The file has to be migrated first, which only the main app does.
    #[error("the client's file waits for the main app to migrate it")]
    NeedsApp,
    /// There is a file, but it is no SQLite database.
    #[error("the file is not a database")]
    NotADatabase,
    /// There is an SQLite database, but somebody else's.
    #[error("the database does not belong to this library")]
    Foreign,
    /// There is no client at this path.
    #[error("there is no client's file at this path")]
    Missing,
    /// There is a file at this path already, so none can be created.
    #[error("there is a file at this path already")]
    Exists,
    /// The operating system failed us: permissions, a broken disk, no memory, no randomness.
    #[error("the operating system failed to serve the client's file")]
    Io,
    /// The host interrupted the call.
    #[error("the call was interrupted")]
    Interrupted,
    /// A commit failed and nobody knows whether it took effect. `resume` the client, which opens the file
    /// again, and ask what is outstanding.
    #[error("the outcome of the last commit is unknown until the client is opened again")]
    Poisoned,
    /// Our own mistake; please report it.
    #[error("a bug in the store: {0}")]
    Bug(&'static str),
}

impl StorageError {
    /// A stable name, the same in every language.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full => "storage_full",
            Self::Locked => "storage_locked",
            Self::WrongKey => "storage_wrong_key",
            Self::Corrupt => "storage_corrupt",
            Self::Altered => "storage_altered",
            Self::FromTheFuture => "storage_from_the_future",
            Self::NeedsApp => "storage_needs_app",
            Self::NotADatabase => "storage_not_a_database",
            Self::Foreign => "storage_foreign",
            Self::Missing => "storage_missing",
            Self::Exists => "storage_exists",
            Self::Io => "storage_io",
            Self::Interrupted => "storage_interrupted",
            Self::Poisoned => "storage_poisoned",
            Self::Bug(_) => "storage_bug",
        }
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, _) => from_sqlite(failure),
            rusqlite::Error::SqlInputError { error, .. } => from_sqlite(error),
            // The columns are STRICT, so only a manipulated file holds another type than we wrote.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Corrupt,
            _ => Self::Bug("a statement does not fit its use"),
        }
    }
}

impl From<getrandom::Error> for StorageError {
    fn from(_: getrandom::Error) -> Self {
        Self::Io
    }
}

/// SQLite's primary result code decides; a few I/O errors are told apart by the extended one.
fn from_sqlite(failure: ffi::Error) -> StorageError {
    match failure.extended_code {
        ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_DATA | ffi::SQLITE_IOERR_SHORT_READ => {
            return StorageError::Corrupt;
        }
        _ => {}
    }
    match failure.extended_code & 0xff {
        ffi::SQLITE_FULL => StorageError::Full,
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => StorageError::Locked,
        ffi::SQLITE_CORRUPT | ffi::SQLITE_MISMATCH => StorageError::Corrupt,
        ffi::SQLITE_NOTADB | ffi::SQLITE_FORMAT => StorageError::NotADatabase,
        ffi::SQLITE_INTERRUPT => StorageError::Interrupted,
        ffi::SQLITE_IOERR
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_PERM
        | ffi::SQLITE_AUTH
        | ffi::SQLITE_NOMEM
        | ffi::SQLITE_NOLFS => StorageError::Io,
        ffi::SQLITE_CONSTRAINT => StorageError::Bug("a row breaks a rule of the schema"),
        _ => StorageError::Bug("SQLite rejects a statement"),
    }
}
