//! The one disk of the process: what it counts, when it fails, what it has not synced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::tail::{Cut, Op, Tail};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies: what it has written stays.
    Kill,
    /// The power goes: the process dies, and of each file nothing stays that was not synced.
    PowerCut,
    /// The power goes, seen from inside a process that lives on: [`frozen`] has the files as they were, and nothing is
    /// written any more.
    Freeze,
    /// No space is left, until [`disarm`]. Half of the write that hits it is written.
    Full,
    /// One change fails, half done; then the disk works again.
    Broken,
    /// The medium is read-only, until [`disarm`].
    ReadOnly,
}

/// What happened between [`arm`] and [`disarm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Writes, syncs, truncations and deletions.
    pub changes: u64,
    /// Whether the fault was reached.
    pub fired: bool,
}

/// Records, counts and fails what concerns files below `dir`, and forgets all it knew of others.
pub fn watch(dir: &Path) {
    let mut disk = disk();
    *disk = Disk {
        below: Some(dir.to_path_buf()),
        swallow: disk.swallow,
        ..Disk::default()
    };
}

/// Counts from 0, and fails at the `at`-th change, counted from 1.
pub fn arm(at: u64, fault: Fault) {
    let mut disk = disk();
    disk.plan = Some((at, fault));
    disk.changes = 0;
    disk.fired = false;
    disk.frozen = None;
}

/// Everything works again.
pub fn disarm() -> Counted {
    let mut disk = disk();
    disk.plan = None;
    Counted {
        changes: disk.changes,
        fired: disk.fired,
    }
}

/// From now on syncs succeed and do nothing, or work again.
pub fn swallow_syncs(swallow: bool) {
    disk().swallow = swallow;
}

/// When this process last began a write transaction.
pub fn last_write_lock() -> Option<Instant> {
    disk().write_lock
}

/// The watched files as they are.
pub fn tails() -> Vec<Tail> {
    disk().tails()
}

/// The watched files as they were when [`Fault::Freeze`] was reached.
pub fn frozen() -> Option<Vec<Tail>> {
    disk().frozen.clone()
}

/// Puts every watched file back to what was synced of it. The connections to it are worth nothing afterwards.
pub fn lose_unsynced() {
    disk().lose_unsynced();
}

/// A change that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Write,
    Truncate,
    Sync,
    Delete,
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is made.
    Make,
    /// It succeeds and nothing happens.
    Swallow,
    /// It fails; a write is half made.
    Fail(Fault),
}

#[derive(Default)]
pub(crate) struct Disk {
    below: Option<PathBuf>,
    plan: Option<(u64, Fault)>,
    changes: u64,
    fired: bool,
    swallow: bool,
    files: BTreeMap<PathBuf, Tail>,
    frozen: Option<Vec<Tail>>,
    write_lock: Option<Instant>,
}

static DISK: Mutex<Option<Disk>> = Mutex::new(None);

/// The disk, for as long as the guard lives.
pub(crate) struct Guard(MutexGuard<'static, Option<Disk>>);

pub(crate) fn disk() -> Guard {
    let mut guard = DISK.lock().unwrap_or_else(PoisonError::into_inner);
    guard.get_or_insert_default();
    Guard(guard)
}

impl std::ops::Deref for Guard {
    type Target = Disk;
    fn deref(&self) -> &Disk {
        self.0.as_ref().unwrap_or_else(|| unreachable!())
    }
}

impl std::ops::DerefMut for Guard {
    fn deref_mut(&mut self) -> &mut Disk {
        self.0.as_mut().unwrap_or_else(|| unreachable!())
    }
}

impl Disk {
    pub(crate) fn watches(&self, path: &Path) -> bool {
        self.below.as_ref().is_some_and(|below| path.starts_with(below))
    }

    pub(crate) fn knows(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// A file was opened; what stands in it then counts as synced.
    pub(crate) fn opened(&mut self, path: PathBuf, octets: Vec<u8>) {
        let tail = Tail::new(path.clone(), Some(octets));
        // One that was deleted behind our back may have left its place on the medium to this one.
        self.files.retain(|_, other| !other.is_same(&tail));
        self.files.insert(path, tail);
    }

    /// Counts a change and says what becomes of it.
    pub(crate) fn about_to(&mut self, kind: Kind) -> Verdict {
        self.changes += 1;
        if let Some((at, fault)) = self.plan
            && self.changes >= at
        {
            let first = !std::mem::replace(&mut self.fired, true);
            if let Some(verdict) = self.strike(fault, kind, first) {
                return verdict;
            }
        }
        if kind == Kind::Sync && self.swallow {
            return Verdict::Swallow;
        }
        Verdict::Make
    }

    fn strike(&mut self, fault: Fault, kind: Kind, first: bool) -> Option<Verdict> {
        match fault {
            Fault::Kill => std::process::abort(),
            Fault::PowerCut => {
                self.lose_unsynced();
                std::process::abort()
            }
            Fault::Freeze => {
                if first {
                    self.frozen = Some(self.tails());
                }
                Some(Verdict::Fail(fault))
            }
            Fault::Full => (kind == Kind::Write).then_some(Verdict::Fail(fault)),
            Fault::Broken => first.then_some(Verdict::Fail(fault)),
            // What a medium that became read-only has in its cache, it cannot write either.
            Fault::ReadOnly => Some(Verdict::Fail(fault)),
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "how long others wait is what is measured"
    )]
    pub(crate) fn write_locked(&mut self) {
        self.write_lock = Some(Instant::now());
    }

    /// A change was made.
    pub(crate) fn done(&mut self, path: &Path, op: Op) {
        if let Some(file) = self.files.get_mut(path) {
            file.push(op);
        }
    }

    /// A file was synced. The first sync of a new journal or write-ahead log also syncs its directory (SQLite's unix VFS
    /// does it so), and with it the deletions of its neighbours.
    pub(crate) fn synced(&mut self, path: &Path) {
        let Some(file) = self.files.get_mut(path) else {
            return;
        };
        let directory = file.is_new_journal();
        file.synced();
        if directory {
            let neighbours = self
                .files
                .values_mut()
                .filter(|file| file.path.parent() == path.parent());
            neighbours.filter(|file| file.is_deleted()).for_each(Tail::synced);
        }
    }

    pub(crate) fn read_only(&self) -> bool {
        self.fired && matches!(self.plan, Some((_, Fault::ReadOnly)))
    }

    fn tails(&self) -> Vec<Tail> {
        self.files.values().cloned().map(Tail::followed).collect()
    }

    fn lose_unsynced(&self) {
        for file in self.tails() {
            // This drops the locks of the connections, which are past caring.
            let written = match file.after(Cut::None) {
                Some(octets) => std::fs::write(&file.path, octets),
                None => std::fs::remove_file(&file.path),
            };
            if let Err(error) = written
                && error.kind() != std::io::ErrorKind::NotFound
            {
                eprintln!("{}: {error}", file.path.display());
            }
        }
    }
}
