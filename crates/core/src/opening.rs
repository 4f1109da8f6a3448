//! How a client's file is opened: by whom, with which key, and within which bounds.

use std::path::PathBuf;

use crate::store::{Key32, Patience, StorageError, Store};
use crate::witness::Witnesses;

/// How to open a client's file.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The file. Beside it stand its log (`-wal`, `-shm`) and its turnstile (`-next`, `-hold`). A relative path begins at the folder that the
    /// process is in when a client is created or opened, and leads there for as long as that client lives.
    pub path: PathBuf,
    /// The key that the host keeps for this client, for instance in the device's keystore.
    pub key: Key32,
    /// Who opens it.
    pub role: Role,
    /// How much one `receive` may take, and how much memory groups may.
    pub budget: Budget,
    /// What the host keeps outside of the file, to notice that it is an older copy. `None`: the host keeps nothing, and an
    /// older copy is *not* noticed. Keys are used twice then, and members of a room see different histories for ever.
    ///
    /// A host that keeps witnesses passes `Some` from [`Client::create`](crate::Client::create) on, with whatever it finds. In this order, at each
    /// opening: read the twin; open; write [`Client::twin`](crate::Client::twin) to where the twin is kept; only then post a request. A kill
    /// between any two of these is no false alarm.
    ///
    /// If the file is a copy, [`ClientChange::Restored`](crate::ClientChange::Restored) stands in the log. An extension is told
    /// `NeedsApp` then, and does nothing; so that it does not have to guess, give it the same witnesses, read anew.
    pub witnesses: Option<Witnesses>,
}

/// Who opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The main app.
    App,
    /// A notification extension, which lives for seconds and in little memory. It never creates, migrates or advertises,
    /// makes no commit of its own accord, keeps no group in memory, and holds for the main app the frames that need more
    /// memory than its [`Budget`] allows.
    Extension,
}

/// How much one `receive` may take, and how much memory groups may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Frames.
    pub frames: usize,
    /// Octets of frames. At least one frame is taken, whatever its size.
    pub octets: usize,
    /// Octets of memory, about. In the main app: what groups may take together between two steps; those that were used
    /// longest ago are read from the file again. In an extension: what one frame may need while it is taken; frames that
    /// need more are [`HeldUntil::MainApp`](crate::HeldUntil::MainApp).
    pub memory: usize,
}

impl Budget {
    /// What is right for a main app on a phone.
    pub const APP: Self = Self {
        frames: 1_000,
        octets: 16 << 20,
        memory: 32 << 20,
    };
    /// What is right for a notification extension that may use 24 MB in all.
    pub const EXTENSION: Self = Self {
        frames: 20,
        octets: 1 << 20,
        memory: 12 << 20,
    };
}

impl Default for Budget {
    fn default() -> Self {
        Self::APP
    }
}

impl Opening {
    /// Opens as the main app, with the default budget.
    pub fn app(path: impl Into<PathBuf>, key: Key32) -> Self {
        Self {
            path: path.into(),
            key,
            role: Role::App,
            budget: Budget::APP,
            witnesses: None,
        }
    }

    /// Opens as a notification extension, with a small budget.
    pub fn extension(path: impl Into<PathBuf>, key: Key32) -> Self {
        Self {
            path: path.into(),
            key,
            role: Role::Extension,
            budget: Budget::EXTENSION,
            witnesses: None,
        }
    }

    /// The same, by a host that keeps witnesses.
    #[must_use]
    pub fn witnessed(self, witnesses: Witnesses) -> Self {
        Self {
            witnesses: Some(witnesses),
            ..self
        }
    }

    /// How much memory one frame may need.
    pub(crate) fn memory_of_a_frame(&self) -> usize {
        match self.role {
            Role::App => usize::MAX,
            Role::Extension => self.budget.memory,
        }
    }

    /// How much memory groups may take between two steps.
    pub(crate) fn memory_between_steps(&self) -> usize {
        match self.role {
            Role::App => self.budget.memory,
            Role::Extension => 0,
        }
    }

    /// Opens the file to write to it. Only the main app brings an older one up to date, and an extension, which has seconds
    /// to live, does not wait long.
    pub(crate) fn store(&self) -> Result<Store, StorageError> {
        let (store, patience) = match self.role {
            Role::App => (Store::open_and_migrate(&self.path, &self.key)?, Patience::APP),
            Role::Extension => (Store::open(&self.path, &self.key)?, Patience::EXTENSION),
        };
        store.set_patience(patience)?;
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_main_app_keeps_groups_in_memory_between_steps() {
        let with = |opening: Opening, memory| Opening {
            budget: Budget {
                memory,
                ..opening.budget
            },
            ..opening
        };
        let (app, extension) = (
            Opening::app("client", Key32::new([1; 32])),
            Opening::extension("client", Key32::new([1; 32])),
        );
        for memory in [0, 1, 1 << 30, usize::MAX] {
            assert_eq!(with(app.clone(), memory).memory_between_steps(), memory);
            assert_eq!(with(extension.clone(), memory).memory_between_steps(), 0);
        }
    }
}
