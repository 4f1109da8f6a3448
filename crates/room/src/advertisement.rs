//! What a client can receive, what a room requires, and the difference between the two.
//!
//! **Owns** the two lists of media types that MLS carries in the component `content_media_types`: in a leaf
//! or key package it is an [`Advertisement`], in the GroupContext a [`Requirement`].
//! **Knows nothing of** components and leaves.
//!
//! See *mls-extensions*, "Content Advertisement".

use std::collections::BTreeSet;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::media_type::Compared;
use crate::{MediaType, bounded};

/// The most media types we accept in one list.
const MAX_TYPES: usize = 1024;

/// Why a list of media types is neither an advertisement nor a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaTypeListError {
    /// The list is empty, which the draft forbids in both places.
    #[error("the list of media types is empty")]
    Empty,
    /// More than 1024 media types.
    #[error("the list has more than 1024 media types")]
    TooLong,
}

impl MediaTypeListError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "media_type_list_empty",
            Self::TooLong => "media_type_list_too_long",
        }
    }
}

/// Every media type that a client says it can receive. Never empty; sorted, without duplicates.
///
/// A list fingerprints its implementation; the host may trim it, down to the baseline.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Advertisement(Vec<MediaType>);

impl Advertisement {
    /// Sorts the given types and drops duplicates.
    ///
    /// # Errors
    /// [`MediaTypeListError`], if there are none, or more than 1024.
    pub fn new(types: impl IntoIterator<Item = MediaType>) -> Result<Self, MediaTypeListError> {
        let types = at_most(types)?;
        if types.is_empty() {
            Err(MediaTypeListError::Empty)
        } else {
            Ok(Self::sorted(types))
        }
    }

    /// Whether a client that advertises this can read `wanted`: one of its types [covers](MediaType::covers)
    /// it.
    #[must_use]
    pub fn can_read(&self, wanted: &MediaType) -> bool {
        self.has(wanted.essence(), &[]) || self.has(wanted.essence(), &wanted.read_as())
    }

    /// The types, sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, MediaType> {
        self.0.iter()
    }

    /// An advertisement of types written down in this crate.
    pub(crate) fn known<const N: usize>(types: [MediaType; N]) -> Self {
        const { assert!(N > 0, "an advertisement is never empty") };
        Self::sorted(Vec::from(types))
    }

    fn sorted(mut types: Vec<MediaType>) -> Self {
        types.sort();
        types.dedup();
        Self(types)
    }

    /// Whether exactly this type is in the list. Logarithmic, because a peer chooses the length of the list.
    fn has(&self, essence: &str, parameters: &[Compared<'_>]) -> bool {
        self.0
            .binary_search_by(|one| one.order(essence, parameters))
            .is_ok()
    }

    /// Whether whatever `entry` covers is covered by this list too.
    fn subsumes(&self, entry: &MediaType) -> bool {
        self.has(entry.essence(), &[]) || self.has(entry.essence(), &entry.compared())
    }

    /// The types that both lists cover; `None` if there are none.
    fn meet(&self, other: &Self) -> Option<Self> {
        let ours = self.iter().filter(|entry| other.subsumes(entry));
        let theirs = other.iter().filter(|entry| self.subsumes(entry));
        let both: Vec<MediaType> = ours.chain(theirs).cloned().collect();
        if both.is_empty() {
            None
        } else {
            Some(Self::sorted(both))
        }
    }
}

impl<'a> IntoIterator for &'a Advertisement {
    type Item = &'a MediaType;
    type IntoIter = std::slice::Iter<'a, MediaType>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'de> Deserialize<'de> for Advertisement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(bounded::list::<D, MediaType, MAX_TYPES>(deserializer)?).map_err(D::Error::custom)
    }
}

/// Every media type that all members of a room must be able to receive. Never empty; without duplicates.
///
/// The order is kept: the first is the type of a framed message that names none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    first: MediaType,
    rest: Vec<MediaType>,
}

impl Requirement {
    /// Keeps the given types in their order; of duplicates, the first stays.
    ///
    /// # Errors
    /// [`MediaTypeListError`], if there are none, or more than 1024.
    pub fn new(types: impl IntoIterator<Item = MediaType>) -> Result<Self, MediaTypeListError> {
        let mut seen = BTreeSet::new();
        let mut types = at_most(types)?.into_iter().filter(|one| seen.insert(one.clone()));
        let first = types.next().ok_or(MediaTypeListError::Empty)?;
        Ok(Self {
            first,
            rest: types.collect(),
        })
    }

    /// The type of a framed message that names none.
    #[must_use]
    pub const fn first(&self) -> &MediaType {
        &self.first
    }

    /// The types, in the room's order.
    pub fn iter(&self) -> impl Iterator<Item = &MediaType> + Clone {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

impl Serialize for Requirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(bounded::list::<D, MediaType, MAX_TYPES>(deserializer)?).map_err(D::Error::custom)
    }
}

/// The required types that a client with this advertisement cannot read, in the room's order. Empty: it may
/// be added.
#[must_use]
pub fn missing(advertisement: &Advertisement, requirement: &Requirement) -> Vec<MediaType> {
    requirement
        .iter()
        .filter(|required| !advertisement.can_read(required))
        .cloned()
        .collect()
}

/// What every one of the advertisements covers; `None` if nothing, or if there is no advertisement.
///
/// A type can be read by the result exactly if it can be read by each of them.
pub fn common<'a>(advertisements: impl IntoIterator<Item = &'a Advertisement>) -> Option<Advertisement> {
    let mut advertisements = advertisements.into_iter();
    let mut shared = advertisements.next()?.clone();
    for advertisement in advertisements {
        if *advertisement != shared {
            shared = shared.meet(advertisement)?;
        }
    }
    Some(shared)
}

/// Collects the types, stopping at the bound.
fn at_most(types: impl IntoIterator<Item = MediaType>) -> Result<Vec<MediaType>, MediaTypeListError> {
    let types: Vec<_> = types.into_iter().take(MAX_TYPES.saturating_add(1)).collect();
    if types.len() > MAX_TYPES {
        Err(MediaTypeListError::TooLong)
    } else {
        Ok(types)
    }
}
