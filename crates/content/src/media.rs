//! The media types that messages are written in, as MIMI writes them.
//!
//! [`comity_room::media_types`] has those of them that clients advertise, parsed.

use comity_room::MediaType;

use crate::compose::ComposeError;

/// Plain text. Every client receives it.
pub const PLAIN_TEXT: &str = "text/plain;charset=utf-8";
/// MIMI's Markdown. Every client receives it, if only as plain text.
pub const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";
/// HTML.
pub const HTML: &str = "text/html;charset=utf-8";
/// What became of messages: receipts.
pub const MESSAGE_STATUS: &str = "application/mimi-message-status";
/// A place (RFC 7946).
pub const GEO_JSON: &str = "application/geo+json";
/// A contact (RFC 6350).
pub const VCARD: &str = "text/vcard;charset=utf-8";

/// The type without its parameters, in lower case; `None` if it is no media type.
pub(crate) fn essence(media_type: &str) -> Option<String> {
    MediaType::parse(media_type)
        .ok()
        .map(|parsed| parsed.essence().to_owned())
}

/// Whether it is of this type, whatever its parameters. Most are not, and that is seen without reading them.
pub(crate) fn is(media_type: &str, wanted: &str) -> bool {
    let written = media_type.split(';').next().unwrap_or_default().trim();
    written.eq_ignore_ascii_case(wanted) && essence(media_type).is_some()
}

/// Whether it is `kind/…`.
pub(crate) fn is_kind(media_type: &str, kind: &str) -> bool {
    essence(media_type)
        .and_then(|essence| essence.split_once('/').map(|(of, _)| of == kind))
        .unwrap_or_default()
}

pub(crate) fn check(media_type: &str) -> Result<(), ComposeError> {
    essence(media_type).map(drop).ok_or(ComposeError::MediaType)
}
