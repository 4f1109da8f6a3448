//! Chains of references from message to message, which hostile senders may bend into loops.
//!
//! Each message refers to at most one other in each of two ways: it replaces one, and it replies to one. Every walk
//! here visits a message at most once or stops after a fixed number of steps.
//!
//! See *mimi-content*, "Message Behavior Fields".

use std::collections::{BTreeMap, BTreeSet};

use crate::message_id::MessageId;

/// Where a version comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lineage {
    /// This is its first version.
    From(MessageId),
    /// Something between it and its first version is not known, or what it replaces replaces it.
    Lost,
}

/// Finds the first version of every message, given what each replaces.
pub(crate) fn find_roots(
    replaces: impl IntoIterator<Item = (MessageId, Option<MessageId>)>,
) -> BTreeMap<MessageId, Lineage> {
    let replaces: BTreeMap<_, _> = replaces.into_iter().collect();
    let mut roots = BTreeMap::new();
    for start in replaces.keys() {
        let mut path = BTreeSet::new();
        let mut at = *start;
        let lineage = loop {
            if let Some(known) = roots.get(&at) {
                break *known;
            }
            match replaces.get(&at) {
                _ if !path.insert(at) => break Lineage::Lost,
                None => break Lineage::Lost,
                Some(None) => break Lineage::From(at),
                Some(Some(target)) => at = *target,
            }
        };
        // Also what is not known itself: whatever leads there is lost until it comes.
        roots.extend(path.into_iter().map(|id| (id, lineage)));
    }
    roots
}

/// Finds the messages whose chain of references comes back to where it has been.
pub(crate) fn find_loops(
    references: impl IntoIterator<Item = (MessageId, Option<MessageId>)>,
) -> BTreeSet<MessageId> {
    let references: BTreeMap<_, _> = references.into_iter().collect();
    let mut looping = BTreeSet::new();
    let mut ending = BTreeSet::new();
    for start in references.keys() {
        let mut path = BTreeSet::new();
        let mut at = Some(*start);
        let loops = loop {
            match at {
                Some(id) if looping.contains(&id) => break true,
                Some(id) if ending.contains(&id) => break false,
                Some(id) if !path.insert(id) => break true,
                Some(id) => at = references.get(&id).copied().flatten(),
                None => break false,
            }
        };
        if loops {
            looping.extend(path)
        } else {
            ending.extend(path)
        }
    }
    looping
}

/// How a chain of replies ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainEnd {
    /// At a message that replies to nothing, or to something that is not known.
    Begins,
    /// At a message that the chain has been to: whoever sent it did what the draft forbids. Do not reply to it.
    Loops,
    /// After [`CHAIN_STEPS`] messages, looked at no further.
    TooLong,
}

/// Most messages that [`reply_chain`] visits.
pub const CHAIN_STEPS: usize = 1024;

/// Follows replies from the message `from`, given what each message replies to. Returns the messages visited, `from`
/// first, and how the chain ends.
///
/// For a store, which looks messages up one by one.
pub fn reply_chain(
    from: MessageId,
    mut replies_to: impl FnMut(MessageId) -> Option<MessageId>,
) -> (Vec<MessageId>, ChainEnd) {
    let mut visited = BTreeSet::new();
    let mut chain = Vec::new();
    let mut at = Some(from);
    while let Some(id) = at {
        if !visited.insert(id) {
            return (chain, ChainEnd::Loops);
        }
        if chain.len() == CHAIN_STEPS {
            return (chain, ChainEnd::TooLong);
        }
        chain.push(id);
        at = replies_to(id);
    }
    (chain, ChainEnd::Begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> MessageId {
        let mut octets = [n; 32];
        octets[0] = 1;
        MessageId::from_octets(octets).unwrap()
    }

    #[test]
    fn roots_are_found_through_any_number_of_versions() {
        let roots = find_roots([
            (id(1), None),
            (id(2), Some(id(1))),
            (id(3), Some(id(2))),
            (id(4), Some(id(9))),
        ]);
        assert_eq!(roots.get(&id(3)), Some(&Lineage::From(id(1))));
        assert_eq!(roots.get(&id(1)), Some(&Lineage::From(id(1))));
        assert_eq!(roots.get(&id(4)), Some(&Lineage::Lost));
    }

    #[test]
    fn versions_that_replace_each_other_have_no_root() {
        let roots = find_roots([(id(1), Some(id(2))), (id(2), Some(id(1))), (id(3), Some(id(2)))]);
        assert!(
            roots.values().all(|lineage| *lineage == Lineage::Lost),
            "{roots:?}"
        );
    }

    #[test]
    fn only_what_leads_into_a_loop_loops() {
        let loops = find_loops([
            (id(1), None),
            (id(2), Some(id(1))),
            (id(3), Some(id(4))),
            (id(4), Some(id(3))),
            (id(5), Some(id(4))),
        ]);
        assert_eq!(loops, BTreeSet::from([id(3), id(4), id(5)]));
    }

    /// Were every chain walked to its end, this would take minutes.
    #[test]
    fn what_is_known_of_a_chain_is_not_looked_at_again() {
        const LENGTH: u32 = 40_000;
        let id = |n: u32| {
            let mut octets = [0; 32];
            octets[0] = 1;
            octets[1..5].copy_from_slice(&n.to_be_bytes());
            MessageId::from_octets(octets).unwrap()
        };
        let chain = |first: Option<MessageId>| {
            let rest = (1..LENGTH).map(move |n| (id(n), Some(id(n - 1))));
            std::iter::once((id(0), first)).chain(rest)
        };
        assert!(find_loops(chain(None)).is_empty());
        assert_eq!(find_loops(chain(Some(id(1)))).len(), LENGTH as usize);
        let is_rooted = |lineage: &Lineage| *lineage == Lineage::From(id(0));
        assert!(find_roots(chain(None)).values().all(is_rooted));
        assert!(!find_roots(chain(Some(id(1)))).values().any(is_rooted));
    }

    #[test]
    fn a_chain_that_never_ends_is_not_followed_for_ever() {
        let mut n = 0_u32;
        let (chain, end) = reply_chain(id(0), |_| {
            n += 1;
            let mut octets = [1; 32];
            octets[1..5].copy_from_slice(&n.to_be_bytes());
            MessageId::from_octets(octets).ok()
        });
        assert_eq!((chain.len(), end), (CHAIN_STEPS, ChainEnd::TooLong));
    }
}
