//! The participant list: which users are in a room, and in which role.
//!
//! **Owns** the list's shape and how updates change it.
//! **Knows nothing of** whether a change is allowed; that is [`policy`](crate::policy). A participant may be
//! inactive (no client in the group) or banned, and stays listed.
//!
//! See *mimi-protocol*, "Participant List".

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{RoleIndex, UserUri, bounded};

/// The most participants we accept in one room.
const MAX_PARTICIPANTS: usize = 100_000;

/// A user in the participant list, with the one role that all of the user's clients have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Participant {
    /// The user.
    pub user: UserUri,
    /// The user's role. Never [`RoleIndex::NONE`] inside a [`ParticipantList`].
    pub role: RoleIndex,
}

/// Why a list is not a participant list, or an update does not apply to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParticipantError {
    /// An index beyond the end of the list.
    #[error("a participant update names an index that the list does not have")]
    NoSuchIndex,
    /// A user changed, removed or added more than once in one commit.
    #[error("the same user is touched twice in one commit")]
    TouchedTwice,
    /// A user in the list more than once.
    #[error("a user is in the participant list twice")]
    AlreadyListed,
    /// A participant with role 0, which means not being in the list.
    #[error("a participant has role 0")]
    RoleZero,
    /// More than 100,000 participants.
    #[error("the room has more than 100,000 participants")]
    TooMany,
}

impl ParticipantError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchIndex => "participant_no_such_index",
            Self::TouchedTwice => "participant_touched_twice",
            Self::AlreadyListed => "participant_already_listed",
            Self::RoleZero => "participant_role_zero",
            Self::TooMany => "participant_too_many",
        }
    }
}

/// The participants of a room, in the list's order. No user appears twice, none has role 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ParticipantList(Vec<Participant>);

impl ParticipantList {
    /// Makes a list of these participants.
    ///
    /// # Errors
    /// [`ParticipantError`], if a user appears twice, has role 0, or there are more than 100,000.
    pub fn new(participants: Vec<Participant>) -> Result<Self, ParticipantError> {
        if participants.len() > MAX_PARTICIPANTS {
            return Err(ParticipantError::TooMany);
        }
        if participants
            .iter()
            .any(|participant| participant.role == RoleIndex::NONE)
        {
            return Err(ParticipantError::RoleZero);
        }
        let mut users = BTreeSet::new();
        if !participants
            .iter()
            .all(|participant| users.insert(&participant.user))
        {
            return Err(ParticipantError::AlreadyListed);
        }
        Ok(Self(participants))
    }

    /// The participant that is this user, with the index by which updates name it.
    #[must_use]
    pub fn find(&self, user: &UserUri) -> Option<(u32, &Participant)> {
        (0..)
            .zip(&self.0)
            .find(|(_, participant)| participant.user == *user)
    }

    /// The role of this user; [`RoleIndex::NONE`] if the user is not in the list.
    #[must_use]
    pub fn role(&self, user: &UserUri) -> RoleIndex {
        self.find(user)
            .map_or(RoleIndex::NONE, |(_, participant)| participant.role)
    }

    /// The participants, in the list's order: the position of each is its index.
    pub fn iter(&self) -> std::slice::Iter<'_, Participant> {
        self.0.iter()
    }

    /// How many participants there are, inactive and banned ones included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no participant.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list after all updates of one commit.
    ///
    /// Every index, in every update, means a position in *this* list, the one at the beginning of the epoch:
    /// proposals of different members are all built on it. All role changes are made, then all removals, then
    /// the additions are appended in commit order.
    ///
    /// # Errors
    /// [`ParticipantError`], if an index does not exist, a user is touched twice or already listed, or a role
    /// is 0. One bad update spoils the commit.
    pub fn apply(&self, updates: &[ParticipantUpdate]) -> Result<Self, ParticipantError> {
        let fates = self.fates(updates)?;
        let mut next = Vec::with_capacity(self.0.len());
        for (index, participant) in (0..).zip(&self.0) {
            match fates.get(&index) {
                None => next.push(participant.clone()),
                Some(Fate::Role(role)) => next.push(Participant {
                    user: participant.user.clone(),
                    role: *role,
                }),
                Some(Fate::Removed) => {}
            }
        }
        next.extend(self.additions(updates, &fates)?.into_iter().cloned());
        Self::new(next)
    }

    /// The one update that turns this list into `target`.
    ///
    /// Updates can neither move nor reinsert a participant, so the order of those who stay is this list's:
    /// with a target that has them in another order, the result has the target's users and roles, but not its
    /// order.
    #[must_use]
    pub fn diff(&self, target: &Self) -> ParticipantUpdate {
        let wanted: BTreeMap<&UserUri, RoleIndex> =
            target.0.iter().map(|one| (&one.user, one.role)).collect();
        let known: BTreeSet<&UserUri> = self.0.iter().map(|one| &one.user).collect();
        let mut update = ParticipantUpdate::default();
        for (index, participant) in (0..).zip(&self.0) {
            match wanted.get(&participant.user) {
                None => update.removed.push(index),
                Some(role) if *role != participant.role => update.changed.push((index, *role)),
                Some(_) => {}
            }
        }
        let is_new = |one: &&Participant| !known.contains(&one.user);
        update.added = target.0.iter().filter(is_new).cloned().collect();
        update
    }

    /// What happens to each index that the updates name.
    fn fates(&self, updates: &[ParticipantUpdate]) -> Result<BTreeMap<u32, Fate>, ParticipantError> {
        let mut fates = BTreeMap::new();
        let changed = updates
            .iter()
            .flat_map(|update| &update.changed)
            .map(|(index, role)| (*index, Fate::Role(*role)));
        let removed = updates
            .iter()
            .flat_map(|update| &update.removed)
            .map(|index| (*index, Fate::Removed));
        for (index, fate) in changed.chain(removed) {
            if usize::try_from(index).map_or(true, |index| index >= self.0.len()) {
                return Err(ParticipantError::NoSuchIndex);
            }
            if fates.insert(index, fate).is_some() {
                return Err(ParticipantError::TouchedTwice);
            }
        }
        Ok(fates)
    }

    /// The added participants, in commit order, none of whom the list or another update names.
    fn additions<'a>(
        &self,
        updates: &'a [ParticipantUpdate],
        fates: &BTreeMap<u32, Fate>,
    ) -> Result<Vec<&'a Participant>, ParticipantError> {
        let added: Vec<&Participant> = updates.iter().flat_map(|update| &update.added).collect();
        let mut users = BTreeSet::new();
        if !added.iter().all(|one| users.insert(&one.user)) {
            return Err(ParticipantError::TouchedTwice);
        }
        for (index, listed) in (0..).zip(&self.0) {
            if users.contains(&listed.user) {
                let touched = fates.contains_key(&index);
                return Err(if touched {
                    ParticipantError::TouchedTwice
                } else {
                    ParticipantError::AlreadyListed
                });
            }
        }
        Ok(added)
    }
}

impl<'a> IntoIterator for &'a ParticipantList {
    type Item = &'a Participant;
    type IntoIter = std::slice::Iter<'a, Participant>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'de> Deserialize<'de> for ParticipantList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(bounded::list::<D, Participant, MAX_PARTICIPANTS>(deserializer)?).map_err(D::Error::custom)
    }
}

/// A change of the participant list, as one proposal carries it. Indices are positions in the list that it
/// changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantUpdate {
    /// Participants who get another role.
    pub changed: Vec<(u32, RoleIndex)>,
    /// Participants who leave the list.
    pub removed: Vec<u32>,
    /// Users appended to the list.
    pub added: Vec<Participant>,
}

impl ParticipantUpdate {
    /// Whether this update changes nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty() && self.added.is_empty()
    }
}

/// What a commit does with a listed participant.
#[derive(Clone, Copy)]
enum Fate {
    Role(RoleIndex),
    Removed,
}
