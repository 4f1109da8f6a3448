//! Which parts of a message a reader sees, and which forms of a part a machine can make.

use std::collections::BTreeMap;

use comity::content as engine;
use comity::content::{cid, derive};

use crate::content::decoded;
use crate::fault::ComityError;
use crate::guard::contained;
use crate::media::Supported;
use crate::part::Part;

/// The parts of a message, sorted by what a receiver does with them.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Selection {
    /// To be shown, in order. Empty when nothing can be read: then `unsupported` says what there was.
    pub chosen: Vec<Chosen>,
    /// Shown inside one of the chosen, which links to them; not to be shown again.
    pub embedded: Vec<Chosen>,
    /// The other versions.
    pub passed_over: Vec<PassedOver>,
    /// Leaves that were to be shown but cannot be read.
    pub unsupported: Vec<Chosen>,
}

/// A part and its place in the message.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Chosen {
    /// Its place: depth first from 0, multiparts counted as well.
    pub index: u16,
    /// The part.
    pub part: Part,
}

/// A part that is not shown, so that an app can say: this message has other versions.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct PassedOver {
    /// Its place: depth first from 0, multiparts counted as well.
    pub index: u16,
    /// The part, with all that is nested in it.
    pub part: Part,
    /// Why.
    pub because: PassedOverBecause,
}

/// Why a part that could have been shown is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PassedOverBecause {
    /// Another part of the same choice suits the reader better.
    AnotherSuitsBetter,
    /// Another part of the same choice was taken, and this one cannot be read.
    CannotBeRead,
    /// It belongs to a unit of which another part cannot be read.
    UnitIncomplete,
    /// The local policy does not want it.
    NotWanted,
    /// A reason that this version does not know.
    Other,
}

/// Chooses what to show of a message for a reader who supports this. `octets`: the message as it travelled, such as `octets` of a
/// message.
#[uniffi::export]
pub fn select(octets: &[u8], supported: Supported) -> Result<Selection, ComityError> {
    contained(|| {
        let content = decoded(octets)?;
        Ok(engine::select(&content, &supported.try_into()?).into())
    })
}

/// What a person, or an app on their behalf, wants of a part that could be shown: to save data, to block what would be fetched from the
/// sender's server, to hear rather than to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Wish {
    /// Show it. Of two parts to choose from, the one with the lower rank; at the same rank, language decides.
    Rank {
        /// 0 for what is wanted most.
        rank: u8,
    },
    /// Do not show it, even if nothing else is left.
    Never,
}

/// What is wanted of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WishedPart {
    /// Its place: depth first from 0, multiparts counted as well.
    pub index: u16,
    /// What is wanted of it.
    pub wish: Wish,
}

/// Chooses what to show where a local policy has a say. It says what it wants of the leaves that it looked at, such as those that
/// `select` chose and passed over; all others have rank 0.
#[uniffi::export]
pub fn select_by(
    octets: &[u8],
    supported: Supported,
    wishes: Vec<WishedPart>,
) -> Result<Selection, ComityError> {
    contained(|| {
        let content = decoded(octets)?;
        let wishes: BTreeMap<u16, Wish> = wishes.iter().map(|wished| (wished.index, wished.wish)).collect();
        let wish = |asked: &engine::Part| {
            let mut places = content.part.walk();
            let place = places.find(|(_, part)| std::ptr::eq(*part, asked));
            let wish = place.and_then(|(index, _)| wishes.get(&index.0));
            wish.copied().map_or(engine::Wish::Rank(0), Into::into)
        };
        Ok(engine::select_by(&content, &supported.try_into()?, wish).into())
    })
}

/// The link to a part of the same message, such as `cid:2@local.invalid`, for HTML or Markdown beside it.
#[uniffi::export]
pub fn part_link(index: u16) -> Result<String, ComityError> {
    contained(|| Ok(cid::link(engine::PartIndex(index))))
}

/// The place of the part of the same message that a link leads to; none if it is another kind of link.
#[uniffi::export]
pub fn linked_part(link: String) -> Result<Option<u16>, ComityError> {
    contained(|| Ok(cid::linked(&link).map(|index| index.0)))
}

/// The places of the parts that a part links to, in the order of their first mention; none unless it is of a type that can link, such
/// as HTML.
#[uniffi::export]
pub fn linked_parts(part: Part) -> Result<Vec<u16>, ComityError> {
    contained(|| {
        let links = cid::links(&part.try_into()?);
        Ok(links.into_iter().map(|index| index.0).collect())
    })
}

/// One form of a message, and where it comes from.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Alternative {
    /// The form.
    pub part: Part,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a form of a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Origin {
    /// A person, or an app that knows what it means.
    Given,
    /// Made of the richer form before it, with all its words.
    Converted,
    /// Made of what is known about the richer form: its name, type and size. The content itself is not in it.
    Described,
}

/// A part in alternatives, richest first, down to one that everybody can read, as far as a machine can tell.
#[uniffi::export]
pub fn alternatives(part: Part) -> Result<Vec<Alternative>, ComityError> {
    contained(|| {
        let alternatives = derive::alternatives(part.try_into()?);
        Ok(alternatives.into_iter().map(Into::into).collect())
    })
}

impl From<Wish> for engine::Wish {
    fn from(wish: Wish) -> Self {
        match wish {
            Wish::Rank { rank } => Self::Rank(rank),
            Wish::Never => Self::Never,
        }
    }
}

impl From<engine::Selection<'_>> for Selection {
    fn from(selection: engine::Selection<'_>) -> Self {
        let engine::Selection {
            chosen,
            embedded,
            passed_over,
            unsupported,
        } = selection;
        Self {
            chosen: chosen.into_iter().map(Into::into).collect(),
            embedded: embedded.into_iter().map(Into::into).collect(),
            passed_over: passed_over.into_iter().map(Into::into).collect(),
            unsupported: unsupported.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<engine::Chosen<'_>> for Chosen {
    fn from(chosen: engine::Chosen<'_>) -> Self {
        let engine::Chosen { index, part } = chosen;
        Self {
            index: index.0,
            part: part.clone().into(),
        }
    }
}

impl From<engine::PassedOver<'_>> for PassedOver {
    fn from(passed: engine::PassedOver<'_>) -> Self {
        let engine::PassedOver { index, part, because } = passed;
        Self {
            index: index.0,
            part: part.clone().into(),
            because: match because {
                engine::PassedOverBecause::AnotherSuitsBetter => PassedOverBecause::AnotherSuitsBetter,
                engine::PassedOverBecause::CannotBeRead => PassedOverBecause::CannotBeRead,
                engine::PassedOverBecause::UnitIncomplete => PassedOverBecause::UnitIncomplete,
                engine::PassedOverBecause::NotWanted => PassedOverBecause::NotWanted,
                _ => PassedOverBecause::Other,
            },
        }
    }
}

impl From<derive::Alternative> for Alternative {
    fn from(alternative: derive::Alternative) -> Self {
        let derive::Alternative { part, origin } = alternative;
        Self {
            part: part.into(),
            origin: match origin {
                derive::Origin::Given => Origin::Given,
                derive::Origin::Converted => Origin::Converted,
                derive::Origin::Described => Origin::Described,
            },
        }
    }
}
