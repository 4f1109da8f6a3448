//! What OpenMLS has written in the open transaction and is not in its rows yet: each entity is written once, before COMMIT.
//!
//! A batch of a thousand messages changes one room's ratchets a thousand times. Until the transaction ends, the latest value of each
//! entity waits here; whoever reads an entity asks here first. Savepoints hold here as they do in SQLite: what a rejected frame wrote
//! is undone with its rows.
//!
//! **Knows nothing of** SQL, of sealing, and of what the entities mean.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Kind;
use crate::store::Scope;
use crate::store::seal::Start;

/// The place of an entity: its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct At {
    /// What `mls.scope` says.
    pub(super) room: i64,
    pub(super) kind: Kind,
    pub(super) key: [u8; 16],
}

/// A value as it will be sealed, and in which scope.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) scope: Scope,
    pub(super) octets: Arc<Zeroizing<Vec<u8>>>,
    /// How it begins when it is sealed. The latest value of an entity takes over what the one before it would have had.
    pub(super) start: Start,
}

/// A value that waits, or that the row is to be deleted.
pub(super) type Change = Option<Value>;

/// The SHA-256 of what a row holds, or will hold.
pub(super) type Digest = [u8; 32];

/// The first octets of a sealed value: another in every value that was ever sealed.
pub(super) type Head = [u8; 16];

/// What is remembered of OpenMLS's rows.
#[derive(Default)]
pub(in crate::store) struct Pending {
    changes: BTreeMap<At, Change>,
    /// What rows are known to hold, so that what is equal is not written.
    digests: HashMap<At, Digest>,
    /// Rooms whose message secrets are known to be in parts.
    parted: HashSet<i64>,
    /// Of rows that change whenever a group does: how the value begins that this connection has read or written last.
    heads: HashMap<(i64, Kind), Head>,
    /// What was there before each change since the outermost savepoint.
    undo: Vec<(At, Option<Change>, Option<Digest>)>,
    /// How long `undo` was at each open savepoint.
    savepoints: Vec<usize>,
}

// Values
impl Pending {
    /// What waits for a place, if anything does.
    pub(super) fn get(&self, at: &At) -> Option<Change> {
        self.changes.get(at).cloned()
    }

    pub(super) fn put(&mut self, at: At, change: Change, digest: Option<Digest>) {
        let before = self.changes.insert(at, change);
        self.note(at, before, digest);
    }

    /// Takes away what waits for a room: all of its rows are deleted at once.
    pub(super) fn drop_room(&mut self, room: i64) -> Vec<(At, Change)> {
        let mut waiting = Vec::new();
        let known = self.changes.keys().chain(self.digests.keys());
        let places: HashSet<At> = known.filter(|at| at.room == room).copied().collect();
        for at in places {
            let before = self.changes.remove(&at);
            waiting.extend(before.clone().map(|change| (at, change)));
            self.note(at, before, None);
        }
        self.parted.remove(&room);
        self.heads.retain(|(of, _), _| *of != room);
        waiting
    }

    /// The keys of values of one kind that wait for a room.
    pub(super) fn keys_of(&self, room: i64, kind: Kind) -> Vec<[u8; 16]> {
        let of = |at: &&At| at.room == room && at.kind == kind;
        self.changes.keys().filter(of).map(|at| at.key).collect()
    }

    fn note(&mut self, at: At, before: Option<Change>, digest: Option<Digest>) {
        let known = match digest {
            Some(digest) => self.digests.insert(at, digest),
            None => self.digests.remove(&at),
        };
        if !self.savepoints.is_empty() {
            self.undo.push((at, before, known));
        }
    }

    /// All that waits, in the order of the places.
    pub(super) fn take(&mut self) -> BTreeMap<At, Change> {
        self.undo.clear();
        self.savepoints.clear();
        std::mem::take(&mut self.changes)
    }

    pub(super) fn digest(&self, at: &At) -> Option<Digest> {
        self.digests.get(at).copied()
    }

    pub(super) fn learn(&mut self, at: At, digest: Digest) {
        self.digests.insert(at, digest);
    }

    pub(super) fn is_parted(&self, room: i64) -> bool {
        self.parted.contains(&room)
    }

    pub(super) fn set_parted(&mut self, room: i64, parted: bool) {
        if parted {
            self.parted.insert(room);
        } else {
            self.parted.remove(&room);
        }
    }

    pub(super) fn head(&self, room: i64, kind: Kind) -> Option<Head> {
        self.heads.get(&(room, kind)).copied()
    }

    /// `None` if the row is gone.
    pub(super) fn set_head(&mut self, at: &At, head: Option<Head>) {
        if !at.kind.tells() {
            return;
        }
        match head {
            Some(head) => self.heads.insert((at.room, at.kind), head),
            None => self.heads.remove(&(at.room, at.kind)),
        };
    }
}

// Transactions
impl Pending {
    /// Whether anything waits.
    pub(in crate::store) fn waits(&self) -> bool {
        !self.changes.is_empty()
    }

    pub(in crate::store) fn savepoint(&mut self) {
        self.savepoints.push(self.undo.len());
    }

    pub(in crate::store) fn release(&mut self) {
        self.savepoints.pop();
        if self.savepoints.is_empty() {
            self.undo.clear();
        }
    }

    /// Undoes everything since the latest savepoint, which is gone then.
    pub(in crate::store) fn rollback_to(&mut self) {
        let mark = self.savepoints.pop().unwrap_or_default();
        while self.undo.len() > mark {
            let Some((at, change, digest)) = self.undo.pop() else {
                break;
            };
            match change {
                Some(change) => self.changes.insert(at, change),
                None => self.changes.remove(&at),
            };
            match digest {
                Some(digest) => self.digests.insert(at, digest),
                None => self.digests.remove(&at),
            };
        }
        self.parted.clear();
    }

    /// After a rollback: nothing waits, and nothing is known.
    pub(in crate::store) fn rollback(&mut self) {
        *self = Self::default();
    }

    /// Another connection has written: what rows hold is known no more, but how they were is.
    pub(in crate::store) fn forget_read(&mut self) {
        self.digests.clear();
        self.parted.clear();
    }
}
