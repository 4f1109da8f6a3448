//! Which parts of a message a reader sees, and which forms of a part a machine can make.

use comity::content as engine;
use comity::content::derive;

use crate::content::decoded;
use crate::fault::ComityError;
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
    let content = decoded(octets)?;
    Ok(engine::select(&content, &supported.try_into()?).into())
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
    let alternatives = derive::alternatives(part.try_into()?);
    Ok(alternatives.into_iter().map(Into::into).collect())
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
