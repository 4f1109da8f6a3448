//! Groups that stay in memory between steps, within a bound: those that were used longest ago are forgotten first.
//!
//! **Owns** the rule of what is kept. A group here equals its rows in the file: whoever undoes rows, or hears that somebody
//! else has written, forgets the groups (see `tx.rs`).

use std::collections::HashMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::group::Group;
use crate::store::room::{self, RoomView};
use crate::store::{Reads, StorageError, Store};

/// What a group takes in memory for each of its members, about, in octets: with all of its tree, and with a few leaves; and what
/// it takes beside (docs/reliability.md).
const PER_MEMBER: usize = 2_048;
const PER_NAME: usize = 256;
/// What a leaf brings with it that is read alone: its neighbours in the file.
const PER_LEAF: usize = 64 << 10;
const BESIDE: usize = 64 << 10;
/// Of how many members, at most, leaves are read one by one. For one more the whole tree is.
const FEW: usize = 8;

/// Groups in memory.
pub(crate) type Warm = Bounded<WarmGroup>;

/// A group in memory, and who is in it.
pub(crate) struct WarmGroup {
    /// `None` if another process has changed it since, and who is in it is still true.
    group: Option<Group>,
    extent: Extent,
    view: Arc<RoomView>,
    /// How the view's row begins in the file.
    begins: Option<[u8; 16]>,
    /// Where OpenMLS's rows of it are.
    scope: i64,
    /// Of which epoch this is the `membership_key`, if anybody has asked for it.
    membership_key: Option<(u64, Zeroizing<Vec<u8>>)>,
}

/// How much of a group is in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    /// All but the secrets of past epochs, which messages of the present one need not.
    Present,
    /// The same, and of its tree no more than our own leaf and these, with those beside them.
    Leaves(Vec<u32>),
}

impl Extent {
    /// What is to be read of a group to have so much of it.
    pub(crate) fn reads(&self) -> Reads<'_> {
        match self {
            Self::All => Reads::All,
            Self::Present => Reads::Present,
            Self::Leaves(leaves) => Reads::Leaves(leaves),
        }
    }

    /// The same with a leaf more. `None` if it is there already.
    pub(crate) fn with(&self, leaf: u32) -> Option<Self> {
        let Self::Leaves(leaves) = self else {
            return None;
        };
        if leaves.contains(&leaf) {
            return None;
        }
        if leaves.len() >= FEW {
            return Some(Self::Present);
        }
        Some(Self::Leaves([leaves.as_slice(), &[leaf]].concat()))
    }
}

impl WarmGroup {
    pub(crate) fn new(
        group: Group,
        extent: Extent,
        view: Arc<RoomView>,
        begins: Option<[u8; 16]>,
        scope: i64,
    ) -> Self {
        Self {
            group: Some(group),
            extent,
            view,
            begins,
            scope,
            membership_key: None,
        }
    }

    /// The group, if it is in memory and not only who is in it.
    pub(crate) fn group(&mut self) -> Option<&mut Group> {
        self.group.as_mut()
    }

    pub(crate) fn has_group(&self) -> bool {
        self.group.is_some()
    }

    /// How much of the group is in memory, or was.
    pub(crate) fn extent(&self) -> &Extent {
        &self.extent
    }

    pub(crate) fn view(&self) -> (&Arc<RoomView>, Option<[u8; 16]>) {
        (&self.view, self.begins)
    }

    /// The key by which the group's members know a commit of theirs in this epoch, if it was noted.
    pub(crate) fn membership_key(&self, epoch: u64) -> Option<&[u8]> {
        let (of, key) = self.membership_key.as_ref()?;
        (*of == epoch).then_some(key.as_slice())
    }

    pub(crate) fn note_membership_key(&mut self, epoch: u64, key: Zeroizing<Vec<u8>>) {
        self.membership_key = Some((epoch, key));
    }

    /// Drops the group, and keeps who is in it.
    fn forget_group(&mut self) {
        self.group = None;
        self.membership_key = None;
        if self.extent == Extent::All || self.extent == Extent::Present {
            self.extent = Extent::Leaves(Vec::new());
        }
    }

    /// About how many octets it takes.
    fn octets(&self) -> usize {
        let members = self.view.members.len();
        let (per_member, leaves) = match (&self.group, &self.extent) {
            (Some(_), Extent::All | Extent::Present) => (PER_MEMBER, 0),
            // Our own, and theirs.
            (Some(_), Extent::Leaves(leaves)) => (PER_NAME, leaves.len().saturating_add(1)),
            (None, _) => (PER_NAME, 0),
        };
        members
            .saturating_mul(per_member)
            .saturating_add(leaves.saturating_mul(PER_LEAF))
            .saturating_add(BESIDE)
    }
}

/// Another connection has written: drops the groups that are others in the file than in memory.
pub(crate) fn drop_changed(store: &Store, warm: &mut Warm) -> Result<(), StorageError> {
    for room in warm.rooms() {
        let Some(known) = warm.get(room) else {
            continue;
        };
        if known.has_group() && store.has_group_as_before(known.scope)? {
            continue;
        }
        if room::view_begins(store, room)? == known.begins {
            warm.change(room, WarmGroup::forget_group);
        } else {
            warm.remove(room);
        }
    }
    Ok(())
}

impl Bounded<WarmGroup> {
    pub(crate) fn put(&mut self, room: i64, group: WarmGroup) {
        let octets = group.octets();
        self.insert(room, group, octets);
    }

    /// Somebody came or went.
    pub(crate) fn set_view(&mut self, room: i64, view: RoomView, begins: Option<[u8; 16]>) {
        self.change(room, |group| {
            group.view = Arc::new(view);
            group.begins = begins;
        });
    }

    /// Drops a group, to read it again.
    pub(crate) fn forget_group(&mut self, room: i64) {
        self.change(room, WarmGroup::forget_group);
    }

    fn change(&mut self, room: i64, change: impl FnOnce(&mut WarmGroup)) {
        if let Some(entry) = self.values.get_mut(&room) {
            change(&mut entry.value);
            let octets = entry.value.octets();
            self.resize(room, octets);
        }
    }
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

    /// The rooms of all values.
    fn rooms(&self) -> Vec<i64> {
        self.values.keys().copied().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.octets = 0;
    }

    /// Whether something is beyond the bound.
    pub(crate) fn is_full(&self) -> bool {
        self.octets > self.bound
    }

    /// Forgets what is beyond the bound, what was used longest ago first.
    pub(crate) fn trim(&mut self) {
        while self.is_full() {
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
        let mut rooms = bounded.rooms();
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
            bounded.insert(room, "a group", 90);
        }
        (1..=4).for_each(|room| bounded.remove(room));
        bounded.insert(6, "new", 10);
        bounded.trim();
        assert_eq!(rooms(&bounded), [5, 6]);
    }

    #[test]
    fn of_a_few_members_leaves_are_read_and_of_more_the_tree() {
        let mut extent = Extent::Leaves(Vec::new());
        for leaf in 0..8 {
            extent = extent.with(leaf).unwrap();
            assert_eq!(extent.with(leaf), None, "it is there");
        }
        assert!(matches!(extent, Extent::Leaves(_)));
        assert_eq!(extent.with(8), Some(Extent::Present));
        assert_eq!(Extent::Present.with(9), None);
        assert_eq!(Extent::All.with(9), None);
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
