//! What each participant may do, worked out once per commit so that a message need not.

use std::collections::{BTreeMap, BTreeSet};

use comity_mls::{LeafFacts, RoomState};
use comity_room::{ProviderUri, UserUri, policy};

use super::Outcome;
use super::accept::put;
use crate::rows::{Part, ParticipantRow};
use crate::verdict::Write;

/// The participants of one epoch, and the providers with a client in the room.
#[derive(Debug, Default)]
pub(super) struct Standing {
    rows: BTreeMap<UserUri, ParticipantRow>,
    pub(super) providers: Vec<ProviderUri>,
}

impl Standing {
    pub(super) fn of<'a>(state: &RoomState, leaves: impl IntoIterator<Item = &'a LeafFacts>) -> Self {
        let mut clients: BTreeMap<&UserUri, u32> = BTreeMap::new();
        let mut providers = BTreeSet::new();
        for leaf in leaves {
            *clients.entry(&leaf.identity.user).or_default() += 1;
            providers.insert(leaf.identity.client.provider());
        }
        // As `policy::may`, without looking every user up in the list again.
        let may_send = |role| {
            state
                .roles
                .find(role)
                .is_some_and(|role| role.can(policy::Action::Send.capability()))
        };
        let rows = state.participants.iter().map(|participant| {
            let user = &participant.user;
            let row = ParticipantRow {
                role: participant.role.0,
                clients: clients.get(user).copied().unwrap_or_default(),
                may_send: may_send(participant.role),
            };
            (user.clone(), row)
        });
        Self {
            rows: rows.collect(),
            providers: providers.into_iter().collect(),
        }
    }

    /// The rows to write when `self` takes the place of `before`: only those that differ.
    pub(super) fn changes_since(&self, before: &Self) -> Outcome<Vec<Write>> {
        let mut writes = Vec::new();
        for (user, row) in &self.rows {
            if before.rows.get(user) != Some(row) {
                writes.push(put(Part::Participant(user.clone()), row)?);
            }
        }
        let gone = before.rows.keys().filter(|user| !self.rows.contains_key(*user));
        writes.extend(gone.map(|user| Write::Delete {
            part: Part::Participant(user.clone()),
        }));
        Ok(writes)
    }
}
