//! `RoomMetaData`.
//!
//! See *mimi-protocol*, "Room Metadata".

use comity_room::{RichDescription, RoomMetadata};

use crate::codec::{Codec, Reader, Writer};
use crate::{WireError, wire};

wire!(RoomMetadata);

impl Codec for RoomMetadata {
    fn write(&self, out: &mut Writer) {
        let Self {
            room_uri,
            name,
            description,
            avatar,
            subject,
            mood,
        } = self;
        out.text(room_uri);
        out.text(name);
        out.list(description);
        out.text(avatar);
        out.text(subject);
        out.text(mood);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            room_uri: input.text("room_uri")?,
            name: input.text("room_name")?,
            description: input.list()?,
            avatar: input.text("room_avatar")?,
            subject: input.text("room_subject")?,
            mood: input.text("room_mood")?,
        })
    }
}

impl Codec for RichDescription {
    fn write(&self, out: &mut Writer) {
        let Self {
            media_type,
            language_tag,
            content,
        } = self;
        out.text(media_type);
        out.text(language_tag);
        out.write(content);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            media_type: input.text("media_type")?,
            language_tag: input.text("language_tag")?,
            content: input.read()?,
        })
    }
}
