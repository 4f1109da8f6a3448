//! What people see of a room before its messages: name, descriptions, avatar, subject, mood.
//!
//! See *mimi-protocol*, "Room Metadata".

use serde::{Deserialize, Serialize};

use crate::{MediaType, MediaTypeError, media_types};

/// A description of a room, in one language and media type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RichDescription {
    /// The media type as written; empty for `text/plain;charset=utf-8`.
    pub media_type: String,
    /// A language tag; may be empty.
    pub language_tag: String,
    /// The description itself.
    pub content: Vec<u8>,
}

impl RichDescription {
    /// The media type of the content.
    ///
    /// # Errors
    /// [`MediaTypeError`], if what is written is none.
    pub fn parsed_media_type(&self) -> Result<MediaType, MediaTypeError> {
        if self.media_type.is_empty() {
            Ok(media_types::text_plain())
        } else {
            MediaType::parse(&self.media_type)
        }
    }
}

/// The metadata of a room. An update replaces all of it; see [`policy`](crate::policy) for who may change
/// which field.
///
/// Texts come from whoever may change them, and are as they travelled; [`RoomMetadata::check`] says whether
/// they are sound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMetadata {
    /// The room's URI. Never changes.
    pub room_uri: String,
    /// The room's name.
    pub name: String,
    /// Descriptions in any number of languages and media types.
    pub description: Vec<RichDescription>,
    /// An `https` URI of the room's picture; may be empty.
    pub avatar: String,
    /// What the room is about now; may be empty.
    pub subject: String,
    /// The room's mood; may be empty.
    pub mood: String,
}

/// Why metadata is unsound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// A text with a NUL, which the draft's texts have not.
    #[error("a text of the room's metadata contains a NUL")]
    Nul,
    /// An avatar that is neither empty nor an `https` URI.
    #[error("the room's avatar is not an https URI")]
    Avatar,
}

impl MetadataError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Nul => "metadata_nul",
            Self::Avatar => "metadata_avatar",
        }
    }
}

impl RoomMetadata {
    /// Whether every text is one that the draft allows.
    ///
    /// # Errors
    /// [`MetadataError`], if one is not.
    pub fn check(&self) -> Result<(), MetadataError> {
        let texts = [
            &self.room_uri,
            &self.name,
            &self.avatar,
            &self.subject,
            &self.mood,
        ];
        let written = self
            .description
            .iter()
            .flat_map(|one| [&one.media_type, &one.language_tag]);
        if texts.into_iter().chain(written).any(|text| text.contains('\0')) {
            return Err(MetadataError::Nul);
        }
        if self.avatar.is_empty() || self.avatar.starts_with("https://") {
            Ok(())
        } else {
            Err(MetadataError::Avatar)
        }
    }
}
