//! What a power cut leaves of a file.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file as the medium has it for certain, and what has been done to it since its last sync.
#[derive(Clone, Debug)]
pub struct Tail {
    /// The file.
    pub path: PathBuf,
    /// What tells it from other files whatever it is called; 0 if that is not known.
    inode: u64,
    /// Its octets at the last sync; `None` if it was not there.
    durable: Option<Vec<u8>>,
    unsynced: Vec<Op>,
}

/// One change of a file.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Write { at: usize, octets: Vec<u8> },
    Truncate { to: usize },
    Delete,
}

/// Which of the changes since the last sync have reached the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// None.
    None,
    /// All.
    All,
    /// The first so many.
    First(usize),
    /// The first so many, and half of the one after them.
    Torn(usize),
    /// All but this one, counted from 0: a disk writes in any order.
    Without(usize),
}

impl Tail {
    pub(crate) fn new(path: PathBuf, durable: Option<Vec<u8>>) -> Self {
        Self {
            inode: inode_of(&path).unwrap_or(0),
            path,
            durable,
            unsynced: Vec::new(),
        }
    }

    /// The same file, under the name that it has now: whoever renames it does not tell us.
    pub(crate) fn followed(mut self) -> Self {
        if self.inode != 0 && !self.is_deleted() && inode_of(&self.path).is_none() {
            let neighbours = self
                .path
                .parent()
                .and_then(|directory| std::fs::read_dir(directory).ok());
            let mut paths = neighbours
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path());
            if let Some(now) = paths.find(|path| inode_of(path) == Some(self.inode)) {
                self.path = now;
            }
        }
        self
    }

    /// Whether it is the same file as another.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.inode != 0 && self.inode == other.inode
    }

    pub(crate) fn push(&mut self, op: Op) {
        self.unsynced.push(op);
    }

    pub(crate) fn synced(&mut self) {
        self.durable = self.after(Cut::All);
        self.unsynced.clear();
    }

    pub(crate) fn is_new_journal(&self) -> bool {
        let name = self.path.to_string_lossy();
        self.durable.as_ref().is_some_and(Vec::is_empty)
            && (name.ends_with("-wal") || name.ends_with("-journal"))
    }

    pub(crate) fn is_deleted(&self) -> bool {
        matches!(self.unsynced.last(), Some(Op::Delete))
    }

    /// How many changes may be lost.
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// The octets of the file after a power cut; `None` if it is not there.
    pub fn after(&self, cut: Cut) -> Option<Vec<u8>> {
        let mut octets = self.durable.clone();
        for (number, op) in self.unsynced.iter().enumerate() {
            match cut {
                Cut::None => break,
                Cut::First(kept) if number >= kept => break,
                Cut::Torn(kept) if number > kept => break,
                Cut::Torn(kept) if number == kept => op.half().apply(&mut octets),
                Cut::Without(lost) if number == lost => {}
                _ => op.apply(&mut octets),
            }
        }
        octets
    }
}

fn inode_of(path: &Path) -> Option<u64> {
    Some(std::fs::symlink_metadata(path).ok()?.ino())
}

impl Op {
    fn apply(&self, file: &mut Option<Vec<u8>>) {
        match self {
            Self::Write { at, octets } => {
                let file = file.get_or_insert_default();
                let end = at + octets.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[*at..end].copy_from_slice(octets);
            }
            Self::Truncate { to } => file.get_or_insert_default().resize(*to, 0),
            Self::Delete => *file = None,
        }
    }

    /// The first half of a write; other changes happen or do not.
    fn half(&self) -> Self {
        match self {
            Self::Write { at, octets } => Self::Write {
                at: *at,
                octets: octets[..octets.len() / 2].to_vec(),
            },
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail() -> Tail {
        let mut tail = Tail::new("file".into(), Some(b"abcdef".to_vec()));
        for (at, octets) in [(0, "AB"), (4, "EFGH")] {
            tail.push(Op::Write {
                at,
                octets: octets.into(),
            });
        }
        tail
    }

    #[test]
    fn a_power_cut_takes_what_was_not_synced_and_nothing_else() {
        let left = |cut| String::from_utf8(tail().after(cut).unwrap_or_default());
        for (cut, wanted) in [
            (Cut::None, "abcdef"),
            (Cut::All, "ABcdEFGH"),
            (Cut::First(1), "ABcdef"),
            (Cut::Torn(0), "Abcdef"),
            (Cut::Torn(1), "ABcdEF"),
            (Cut::Without(0), "abcdEFGH"),
        ] {
            assert_eq!(left(cut).as_deref(), Ok(wanted), "{cut:?}");
        }
        let mut synced = tail();
        synced.synced();
        assert_eq!(synced.unsynced(), 0);
        assert_eq!(synced.after(Cut::None).as_deref(), Some(&b"ABcdEFGH"[..]));
    }

    #[test]
    fn a_deletion_and_a_truncation_may_be_lost_like_anything_else() {
        let mut tail = tail();
        tail.push(Op::Truncate { to: 2 });
        assert_eq!(tail.after(Cut::All).as_deref(), Some(&b"AB"[..]));
        tail.push(Op::Delete);
        assert_eq!(tail.after(Cut::All), None);
        assert_eq!(tail.after(Cut::Without(3)).as_deref(), Some(&b"AB"[..]));
    }
}
