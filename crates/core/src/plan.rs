//! The smallest content that gives every client the best alternative it can read. Pure.

use comity_content::{Disposition, Part, PartSemantics, readable};
use comity_room::{Advertisement, ClientUri, UserUri};

use crate::error::Misuse;
use crate::outgoing::Outgoing;

/// What will be sent, and who will see what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which alternatives travel, by their place in the `Outgoing`, richest first.
    pub sends: Vec<usize>,
    /// For every client in the room, the alternative that it will see.
    pub reach: Vec<Reach>,
    pub(crate) part: Part,
}

/// What one client will see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The participant.
    pub user: UserUri,
    /// Their client.
    pub client: ClientUri,
    /// The alternative, by its place in the `Outgoing`; `None` if it can read none of them.
    pub sees: Option<usize>,
}

impl Plan {
    /// The part tree that will be sent.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The participants that have a client which can read none of the alternatives, sorted.
    pub fn unreadable_by(&self) -> Vec<UserUri> {
        let mut users: Vec<_> = self
            .reach
            .iter()
            .filter(|r| r.sees.is_none())
            .map(|r| r.user.clone())
            .collect();
        users.sort();
        users.dedup();
        users
    }
}

/// What the content will be when clients differ only in the given advertisements, and which alternative the clients
/// of each will see.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) sends: Vec<usize>,
    pub(crate) part: Part,
    /// Beside each advertisement, the alternative that its clients see.
    pub(crate) sees: Vec<Option<usize>>,
}

/// Chooses what to send to clients that advertise one of `classes`.
///
/// # Errors
/// [`Misuse::Outgoing`] for an outgoing message without alternatives that is no deletion, or with too many parts.
pub(crate) fn choose(outgoing: &Outgoing, classes: &[Advertisement]) -> Result<Choice, Misuse> {
    if outgoing.alternatives.is_empty() {
        return deletion(outgoing, classes.len());
    }
    let best = |class: &Advertisement| {
        outgoing
            .alternatives
            .iter()
            .position(|part| readable(part, class))
    };
    let sees: Vec<Option<usize>> = classes.iter().map(best).collect();
    let mut sends: Vec<usize> = sees.iter().flatten().copied().collect();
    sends.sort_unstable();
    sends.dedup();
    if sends.is_empty() {
        sends.push(outgoing.alternatives.len().saturating_sub(1));
    }
    let parts = sends
        .iter()
        .filter_map(|&at| outgoing.alternatives.get(at))
        .cloned()
        .collect();
    Ok(Choice {
        part: one_or_choose(parts)?,
        sends,
        sees,
    })
}

/// A deletion has no media type, so everybody reads it.
fn deletion(outgoing: &Outgoing, classes: usize) -> Result<Choice, Misuse> {
    if outgoing.replaces.is_none() {
        return Err(Misuse::Outgoing);
    }
    Ok(Choice {
        sends: Vec::new(),
        part: Part::null(Disposition::RENDER),
        sees: vec![Some(0); classes],
    })
}

fn one_or_choose(mut parts: Vec<Part>) -> Result<Part, Misuse> {
    match parts.pop() {
        Some(only) if parts.is_empty() => Ok(only),
        Some(last) => {
            parts.push(last);
            Part::multi(Disposition::RENDER, PartSemantics::ChooseOne, parts).map_err(|_| Misuse::Outgoing)
        }
        None => Err(Misuse::Outgoing),
    }
}
