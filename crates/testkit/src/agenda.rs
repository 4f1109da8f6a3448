//! What is to happen, in the order of its time; at the same time, in the order in which it was put down.

use std::collections::BTreeMap;

/// Things that are to happen at a virtual time, in milliseconds.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    entries: BTreeMap<(u64, u64), T>,
    count: u64,
}

impl<T> Agenda<T> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            count: 0,
        }
    }

    pub(crate) fn put(&mut self, at: u64, what: T) {
        self.count += 1;
        self.entries.insert((at, self.count), what);
    }

    /// When the next thing is to happen.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn take_next(&mut self) -> Option<(u64, T)> {
        self.entries.pop_first().map(|((at, _), what)| (at, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_happens_first_and_ties_keep_their_order() {
        let mut agenda = Agenda::new();
        for (at, what) in [(5, "c"), (1, "a"), (5, "d"), (1, "b")] {
            agenda.put(at, what);
        }
        let order: Vec<_> = std::iter::from_fn(|| agenda.take_next()).collect();
        assert_eq!(order, [(1, "a"), (1, "b"), (5, "c"), (5, "d")]);
    }
}
