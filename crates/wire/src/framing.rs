//! `ApplicationFraming`: the media type before the content of every application message of a room.
//!
//! See *mls-extensions*, "Content Advertisement".

use std::fmt;

use comity_room::MediaType;

use crate::codec::{Codec, Reader, Writer};
use crate::media_types::Parts;
use crate::{WireError, wire};

/// What MLS encrypts as application data, where the group context has `content_media_types`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApplicationFraming {
    /// The type of the content. `None`, the zero-length type: the first of the room's requirement in the message's epoch.
    /// We always write a type.
    pub media_type: Option<MediaType>,
    /// The content's octets.
    pub content: Vec<u8>,
}

impl fmt::Debug for ApplicationFraming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { media_type, content } = self;
        f.debug_struct("ApplicationFraming")
            .field("media_type", media_type)
            .field("content_len", &content.len())
            .finish()
    }
}

wire!(ApplicationFraming);

impl Codec for ApplicationFraming {
    fn write(&self, out: &mut Writer) {
        let Self { media_type, content } = self;
        match media_type {
            Some(media_type) => out.write(media_type),
            None => out.raw(&[0, 0]),
        }
        out.write(content);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        let parts = Parts::read(input)?;
        let media_type = if parts.is_absent() {
            None
        } else {
            Some(parts.media_type(offset)?)
        };
        Ok(Self {
            media_type,
            content: input.read()?,
        })
    }
}
