//! Media types: what a client can receive, what a room requires.

use comity::room::{Advertisement, MediaType, Requirement, media_types};

use crate::fault::{ComityError, invalid};
use crate::guard::contained;
use crate::part::Part;

/// What a receiver can show.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Supported {
    /// The media types it can read.
    pub media: Vec<MediaType>,
    /// RFC 4647 language ranges, best first: `fr-CA`, `en`. May be empty.
    pub languages: Vec<String>,
}

/// What MIMI requires of every client: MIMI content, plain text, Markdown.
#[uniffi::export]
#[must_use]
pub fn baseline() -> Vec<MediaType> {
    media_types::baseline().iter().cloned().collect()
}

/// Whether a reader of these media types can read a part: a sender asks beforehand by the rule by which receivers choose.
#[uniffi::export]
pub fn readable(part: Part, media: Vec<MediaType>) -> Result<bool, ComityError> {
    contained(|| {
        let (part, media) = (part.try_into()?, advertisement(media)?);
        Ok(comity::content::readable(&part, &media))
    })
}

pub(crate) fn advertisement(media: Vec<MediaType>) -> Result<Advertisement, ComityError> {
    Advertisement::new(media).map_err(|error| invalid(error.code()))
}

pub(crate) fn requirement(media: Vec<MediaType>) -> Result<Requirement, ComityError> {
    Requirement::new(media).map_err(|error| invalid(error.code()))
}

impl TryFrom<Supported> for comity::Supported {
    type Error = ComityError;

    fn try_from(supported: Supported) -> Result<Self, ComityError> {
        let Supported { media, languages } = supported;
        Ok(Self {
            media: advertisement(media)?,
            languages,
        })
    }
}
