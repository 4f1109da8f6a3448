//! `MediaTypeList`: what a client can receive, or what a room requires, in the component `content_media_types`.
//!
//! See *mls-extensions*, "Content Advertisement".

use comity_room::{Advertisement, MediaType, MediaTypeError, Requirement};

use crate::codec::{Codec, MAX_MLS_LEN, Reader, Writer};
use crate::{WireError, wire};

/// A list of media types in the order in which it was written. Never empty when decoded.
///
/// In a leaf or key package it becomes an [`Advertisement`], in the group context a [`Requirement`]; both have the same form on
/// the wire and can be encoded and decoded directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaTypeList(pub Vec<MediaType>);

wire!(MediaTypeList, Advertisement, Requirement);

impl Codec for MediaTypeList {
    fn write(&self, out: &mut Writer) {
        out.list(&self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.some("media_type_list").map(Self)
    }
}

impl Codec for Advertisement {
    fn write(&self, out: &mut Writer) {
        out.list(self);
    }

    /// An entry that is no media type we know how to read is passed over: a peer that lists something odd is still readable.
    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        let entries: Vec<Entry> = input.some("media_type_list")?;
        Self::new(entries.into_iter().filter_map(|entry| entry.0))
            .map_err(|source| WireError::MediaTypeList { offset, source })
    }
}

impl Codec for Requirement {
    fn write(&self, out: &mut Writer) {
        out.list(self.iter());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        let list = MediaTypeList::read(input)?;
        Self::new(list.0).map_err(|source| WireError::MediaTypeList { offset, source })
    }
}

/// An entry of an advertisement; `None` if it is no media type.
struct Entry(Option<MediaType>);

impl Codec for Entry {
    fn write(&self, out: &mut Writer) {
        if let Some(media_type) = &self.0 {
            media_type.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match MediaType::read(input) {
            Ok(media_type) => Ok(Self(Some(media_type))),
            Err(WireError::MediaType { .. }) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

impl Codec for MediaType {
    fn write(&self, out: &mut Writer) {
        out.text(self.essence());
        out.vector(|out| {
            for (name, value) in self.parameters() {
                out.text(name);
                out.text(value);
            }
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        Parts::read(input)?.media_type(offset)
    }
}

/// `MediaType` as it stands on the wire, before anyone says that it is one.
pub(crate) struct Parts<'a> {
    essence: &'a [u8],
    parameters: Reader<'a>,
}

impl<'a> Parts<'a> {
    pub(crate) fn read(input: &mut Reader<'a>) -> Result<Self, WireError> {
        Ok(Self {
            essence: input.opaque(MAX_MLS_LEN)?,
            parameters: input.vector(MAX_MLS_LEN)?,
        })
    }

    /// Whether both type and parameters have zero length.
    pub(crate) fn is_absent(&self) -> bool {
        self.essence.is_empty() && self.parameters.is_empty()
    }

    pub(crate) fn media_type(mut self, offset: usize) -> Result<MediaType, WireError> {
        let malformed = |source| WireError::MediaType { offset, source };
        let essence = str::from_utf8(self.essence).map_err(|_| malformed(MediaTypeError::Essence))?;
        let mut parameters = Vec::new();
        while !self.parameters.is_empty() && parameters.len() < ENOUGH_PARAMETERS {
            let (name, value) = (
                self.parameters.opaque(MAX_MLS_LEN)?,
                self.parameters.opaque(MAX_MLS_LEN)?,
            );
            let text = |octets| str::from_utf8(octets).map_err(|_| malformed(MediaTypeError::Parameter));
            parameters.push((text(name)?, text(value)?));
        }
        MediaType::from_parts(essence, parameters).map_err(malformed)
    }
}

/// As many parameters as the room crate needs to see to refuse them.
const ENOUGH_PARAMETERS: usize = 1024;
