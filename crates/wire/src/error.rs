//! What is wrong with octets that do not decode.

use crate::frame::MessageKind;

/// Why octets were not accepted.
///
/// Offsets count octets from the start of the octets handed to `decode`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The octets, or the vector they stand in, end inside a value.
    #[error("octets end inside a value at offset {offset}")]
    Truncated {
        /// Where the unfinished value begins.
        offset: usize,
    },
    /// There are octets after the value.
    #[error("octets left over at offset {offset}")]
    Trailing {
        /// The first octet too many.
        offset: usize,
    },
    /// A vector's length is not written in its shortest form.
    #[error("length at offset {offset} is not in its shortest form")]
    Length {
        /// Where the length stands.
        offset: usize,
    },
    /// A body, vector or embedded MLS struct is longer than we read.
    #[error("{octets} octets at offset {offset}, at most {limit} are read")]
    TooLong {
        /// Where the length stands.
        offset: usize,
        /// The length found.
        octets: u64,
        /// The length allowed.
        limit: usize,
    },
    /// A list has more than [`MAX_ENTRIES`](crate::MAX_ENTRIES) entries.
    #[error("too many entries in the list that reaches offset {offset}")]
    TooMany {
        /// Where the first entry too many stands.
        offset: usize,
    },
    /// A list that must not be empty is empty.
    #[error("{field} is empty at offset {offset}")]
    Empty {
        /// Where the list ends.
        offset: usize,
        /// The standard's name of the list.
        field: &'static str,
    },
    /// An enumerated field holds a value that has no meaning.
    #[error("{field} has the unknown value {value} at offset {offset}")]
    UnknownValue {
        /// Where the value stands.
        offset: usize,
        /// The standard's name of the field.
        field: &'static str,
        /// The value found.
        value: u64,
    },
    /// Text is not UTF-8, or contains NUL.
    #[error("{field} is not text at offset {offset}")]
    Text {
        /// Where the text stands.
        offset: usize,
        /// The standard's name of the field.
        field: &'static str,
    },
    /// Component ids are not strictly increasing.
    #[error("component id {id:#06x} out of order at offset {offset}")]
    Unsorted {
        /// Where the component id stands.
        offset: usize,
        /// The component id found.
        id: u16,
    },
    /// A URI is not a MIMI URI of the right kind in normal form.
    #[error("URI at offset {offset}: {source}")]
    Uri {
        /// Where the URI stands.
        offset: usize,
        /// What is wrong with it.
        source: comity_room::UriError,
    },
    /// A media type is malformed or beyond bounds.
    #[error("media type at offset {offset}: {source}")]
    MediaType {
        /// Where the media type stands.
        offset: usize,
        /// What is wrong with it.
        source: comity_room::MediaTypeError,
    },
    /// A list of media types is too long, or has no entry that is one.
    #[error("list of media types at offset {offset}: {source}")]
    MediaTypeList {
        /// Where the list stands.
        offset: usize,
        /// What is wrong with it.
        source: comity_room::MediaTypeListError,
    },
    /// A participant list breaks its own rules.
    #[error("participant list at offset {offset}: {source}")]
    Participants {
        /// Where the list stands.
        offset: usize,
        /// What is wrong with it.
        source: comity_room::ParticipantError,
    },
    /// A role list breaks its own rules.
    #[error("role list at offset {offset}: {source}")]
    Roles {
        /// Where the list stands.
        offset: usize,
        /// What is wrong with it.
        source: comity_room::RolesError,
    },
    /// An embedded MLS struct does not parse.
    #[error("{what} at offset {offset} does not parse")]
    Mls {
        /// Where the struct begins.
        offset: usize,
        /// RFC 9420's name of the struct.
        what: &'static str,
    },
    /// An embedded MLSMessage is of a kind that has no place here.
    #[error("a {found:?} message at offset {offset} has no place here")]
    Message {
        /// Where the message begins.
        offset: usize,
        /// What kind of message it is.
        found: MessageKind,
    },
}

impl WireError {
    /// A stable name of the error, the same in every language.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "wire_truncated",
            Self::Trailing { .. } => "wire_trailing_octets",
            Self::Length { .. } => "wire_length_not_minimal",
            Self::TooLong { .. } => "wire_too_long",
            Self::TooMany { .. } => "wire_too_many_entries",
            Self::Empty { .. } => "wire_empty_list",
            Self::UnknownValue { .. } => "wire_unknown_value",
            Self::Text { .. } => "wire_not_text",
            Self::Unsorted { .. } => "wire_components_unsorted",
            Self::Uri { .. } => "wire_uri",
            Self::MediaType { .. } => "wire_media_type",
            Self::MediaTypeList { .. } => "wire_media_type_list",
            Self::Participants { .. } => "wire_participants",
            Self::Roles { .. } => "wire_roles",
            Self::Mls { .. } => "wire_mls",
            Self::Message { .. } => "wire_unexpected_message",
        }
    }

    /// Where in the octets the fault lies.
    #[must_use]
    pub fn offset(&self) -> usize {
        match self {
            Self::Truncated { offset }
            | Self::Trailing { offset }
            | Self::Length { offset }
            | Self::TooLong { offset, .. }
            | Self::TooMany { offset }
            | Self::Empty { offset, .. }
            | Self::UnknownValue { offset, .. }
            | Self::Text { offset, .. }
            | Self::Unsorted { offset, .. }
            | Self::Uri { offset, .. }
            | Self::MediaType { offset, .. }
            | Self::MediaTypeList { offset, .. }
            | Self::Participants { offset, .. }
            | Self::Roles { offset, .. }
            | Self::Mls { offset, .. }
            | Self::Message { offset, .. } => *offset,
        }
    }
}
