//! Groups that stay in memory between steps, within a bound: those that were used longest ago are forgotten first.
//!
//! **Owns** the rule of what is kept. A group here equals its rows in the file: whoever undoes rows, or hears that somebody
//! else has written, forgets the groups (see `tx.rs`).

use std::collections::HashMap;
use std::sync::Arc;

use crate::group::Group;
use crate::store::room::RoomView;
use crate::store::{StorageError, Store};

/// What a group takes in memory for each of its members, about, in octets, and what it takes beside (docs/reliability.md).
const PER_MEMBER: usize = 2_048;
const BESIDE: usize = 64 << 10;

/// Groups in memory.
pub(crate) type Warm = Bounded<WarmGroup>;

/// A group in memory, and who is in it.
pub(crate) struct WarmGroup {
    pub(crate) group: Group,
    pub(crate) view: Arc<RoomView>,
    /// Where OpenMLS's rows of it are.
    scope: i64,
    /// Whether it has the secrets of past epochs; messages of the present one need them not.
    pub(crate) whole: bool,
}

impl WarmGroup {
    pub(crate) fn new(group: Group, view: RoomView, scope: i64, whole: bool) -> Self {
        Self {
            group,
            view: Arc::new(view),
            scope,
            whole,
        }
    }
}

/// Another connection has written: drops the groups that are others in the file than in memory.
pub(crate) fn drop_changed(store: &Store, warm: &mut Warm) -> Result<(), StorageError> {
    let mut result = Ok(());
    warm.retain(|group| {
        store.has_group_as_before(group.scope).unwrap_or_else(|error| {
            result = Err(error);
            false
        })
    });
    result
}

impl Bounded<WarmGroup> {
    pub(crate) fn put(&mut self, room: i64, group: WarmGroup) {
        let octets = in_memory(&group.view);
        self.insert(room, group, octets);
    }

    /// Somebody came or went.
    pub(crate) fn set_view(&mut self, room: i64, view: RoomView) {
        let octets = in_memory(&view);
        if let Some(group) = self.get_mut(room) {
            group.view = Arc::new(view);
            self.resize(room, octets);
        }
    }
}

/// About how many octets a group of these members takes.
fn in_memory(view: &RoomView) -> usize {
    view.members
        .len()
        .saturating_mul(PER_MEMBER)
        .saturating_add(BESIDE)
}

/// Values by a room's row id, of about so many octets together.
pub(crate) struct Bounded<T> {
    values: HashMap<i64, Entry<T>>,
    bound: usize,
    /// About how many they take now.
    octets: usize,
    /// Counts uses.
    uses: u64,
}

struct Entry<T> {
    value: T,
    octets: usize,
    /// When it was used last, in uses.
    used: u64,
}

impl<T> Bounded<T> {
    /// Nothing yet, and after [`Bounded::trim`] never more than about `bound` octets.
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            values: HashMap::new(),
            bound,
            octets: 0,
            uses: 0,
        }
    }

    pub(crate) fn get(&self, room: i64) -> Option<&T> {
        self.values.get(&room).map(|entry| &entry.value)
    }

    /// The same, to be used: it is forgotten later than those used before.
    pub(crate) fn get_mut(&mut self, room: i64) -> Option<&mut T> {
        let used = self.next_use();
        let entry = self.values.get_mut(&room)?;
        entry.used = used;
        Some(&mut entry.value)
    }

    fn insert(&mut self, room: i64, value: T, octets: usize) {
        self.remove(room);
        let used = self.next_use();
        self.octets = self.octets.saturating_add(octets);
        self.values.insert(room, Entry { value, octets, used });
    }

    /// A value has grown, or shrunk.
    fn resize(&mut self, room: i64, octets: usize) {
        if let Some(entry) = self.values.get_mut(&room) {
            let before = std::mem::replace(&mut entry.octets, octets);
            self.octets = self.octets.saturating_sub(before).saturating_add(octets);
        }
    }

    pub(crate) fn remove(&mut self, room: i64) {
        if let Some(entry) = self.values.remove(&room) {
            self.octets = self.octets.saturating_sub(entry.octets);
        }
    }

    /// Keeps those of which this is true.
    fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let octets = &mut self.octets;
        self.values.retain(|_, entry| {
            let keeps = keep(&entry.value);
            if !keeps {
                *octets = octets.saturating_sub(entry.octets);
            }
            keeps
        });
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.octets = 0;
    }

    /// Forgets what is beyond the bound, what was used longest ago first.
    pub(crate) fn trim(&mut self) {
        while self.octets > self.bound {
            let oldest = self.values.iter().min_by_key(|(_, entry)| entry.used);
            let Some(room) = oldest.map(|(room, _)| *room) else {
                return;
            };
            self.remove(room);
        }
    }

    fn next_use(&mut self) -> u64 {
        self.uses = self.uses.saturating_add(1);
        self.uses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(bounded: &Bounded<&str>) -> Vec<i64> {
        let mut rooms: Vec<_> = bounded.values.keys().copied().collect();
        rooms.sort_unstable();
        rooms
    }

    #[test]
    fn what_was_used_longest_ago_is_forgotten_first_and_no_more_than_needed() {
        let mut bounded = Bounded::new(100);
        for room in 1..=5 {
            bounded.insert(room, "a group", 30);
        }
        assert!(bounded.get_mut(1).is_some());
        bounded.trim();
        assert_eq!(rooms(&bounded), [1, 4, 5]);
        bounded.resize(5, 60);
        bounded.trim();
        assert_eq!(rooms(&bounded), [1, 5]);
    }

    #[test]
    fn what_fits_stays_and_what_is_larger_than_the_bound_goes() {
        let mut bounded = Bounded::new(100);
        bounded.insert(1, "a group", 100);
        bounded.trim();
        assert_eq!(rooms(&bounded), [1]);
        bounded.resize(1, 101);
        bounded.trim();
        assert!(rooms(&bounded).is_empty());
    }

    #[test]
    fn what_was_dropped_takes_no_place() {
        let mut bounded = Bounded::new(100);
        for room in 1..=5 {
            bounded.insert(room, if room == 5 { "kept" } else { "changed" }, 90);
        }
        bounded.retain(|group| *group == "kept");
        bounded.insert(6, "new", 10);
        bounded.trim();
        assert_eq!(rooms(&bounded), [5, 6]);
    }

    #[test]
    fn with_a_bound_of_nothing_nothing_stays() {
        let mut bounded = Bounded::new(0);
        bounded.insert(1, "a group", 1);
        bounded.insert(2, "another", 1);
        bounded.trim();
        assert!(rooms(&bounded).is_empty());
    }
}
