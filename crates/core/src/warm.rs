//! Groups that stay in memory between steps, within a bound: those that were used longest ago are forgotten first.
//!
//! **Owns** the rule of what is kept. A group here equals its rows in the file: whoever undoes rows, or hears that somebody
//! else has written, forgets the groups (see `tx.rs`).

use std::collections::HashMap;
use std::sync::Arc;

use crate::group::Group;
use crate::store::room::RoomView;

/// How much larger a group is in memory than its rows are in the file, about.
const IN_MEMORY: usize = 2;

/// Groups in memory.
pub(crate) type Warm = Bounded<WarmGroup>;

/// A group in memory, and who is in it.
pub(crate) struct WarmGroup {
    pub(crate) group: Group,
    pub(crate) view: Arc<RoomView>,
}

/// About how many octets a group takes whose rows take `stored`.
pub(crate) fn in_memory(stored: usize) -> usize {
    stored.saturating_mul(IN_MEMORY)
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

    pub(crate) fn insert(&mut self, room: i64, value: T, octets: usize) {
        self.remove(room);
        let used = self.next_use();
        self.octets = self.octets.saturating_add(octets);
        self.values.insert(room, Entry { value, octets, used });
    }

    /// A value has grown, or shrunk.
    pub(crate) fn resize(&mut self, room: i64, octets: usize) {
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
        assert_eq!(rooms(&bounded), []);
    }

    #[test]
    fn with_a_bound_of_nothing_nothing_stays() {
        let mut bounded = Bounded::new(0);
        bounded.insert(1, "a group", 1);
        bounded.insert(2, "another", 1);
        bounded.trim();
        assert_eq!(rooms(&bounded), []);
    }
}
