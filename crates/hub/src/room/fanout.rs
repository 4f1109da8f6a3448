//! Who gets which frame: one delivery per provider, this hub's own included.

use std::collections::{BTreeMap, BTreeSet};

use comity_room::{ClientUri, ProviderUri, RoomUri};

use crate::verdict::{Delivery, RosterChange};

/// The same frame for every provider in the room.
pub(super) fn to_all(providers: &[ProviderUri], room: &RoomUri, frame: &[u8], urgent: bool) -> Vec<Delivery> {
    let deliver = |provider: &ProviderUri| Delivery {
        provider: provider.clone(),
        room: room.clone(),
        frame: frame.to_vec(),
        urgent,
        roster: RosterChange::default(),
    };
    providers.iter().map(deliver).collect()
}

/// A commit: for every provider that had a client before it, so that a removed client gets it too, and for the provider of
/// one who joined from outside by it.
pub(super) fn commit(
    before: &[ProviderUri],
    room: &RoomUri,
    frame: &[u8],
    joined: &[ClientUri],
    left: &[ClientUri],
) -> Vec<Delivery> {
    let rosters = by_provider(joined, left);
    let providers: BTreeSet<_> = before.iter().chain(rosters.keys()).cloned().collect();
    let mut deliveries = to_all(&Vec::from_iter(providers), room, frame, false);
    for delivery in &mut deliveries {
        delivery.roster = rosters.get(&delivery.provider).cloned().unwrap_or_default();
    }
    deliveries
}

/// A Welcome: for the providers of those who were added.
pub(super) fn welcome(room: &RoomUri, frame: &[u8], added: &[ClientUri]) -> Vec<Delivery> {
    let mut deliveries = commit(&[], room, frame, added, &[]);
    deliveries.iter_mut().for_each(|delivery| delivery.urgent = true);
    deliveries
}

/// Who comes and who goes, per provider.
pub(super) fn by_provider(joined: &[ClientUri], left: &[ClientUri]) -> BTreeMap<ProviderUri, RosterChange> {
    let mut rosters: BTreeMap<ProviderUri, RosterChange> = BTreeMap::new();
    for client in joined {
        rosters
            .entry(client.provider())
            .or_default()
            .joined
            .push(client.clone());
    }
    for client in left {
        rosters
            .entry(client.provider())
            .or_default()
            .left
            .push(client.clone());
    }
    rosters
}
