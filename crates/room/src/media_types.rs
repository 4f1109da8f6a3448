//! The media types that MIMI names, and the baseline that every client can receive.
//!
//! See *mimi-content*, "MIMI Required and Recommended media types", and *mimi-message-status*.

use crate::{Advertisement, MediaType};

/// `application/mimi-content`: the container. Receiving it is required.
#[must_use]
pub fn mimi_content() -> MediaType {
    MediaType::known("application/mimi-content", &[])
}

/// `text/plain;charset=utf-8`. Receiving it is required.
#[must_use]
pub fn text_plain() -> MediaType {
    MediaType::known("text/plain", &[("charset", "utf-8")])
}

/// `text/markdown;variant=GFM-MIMI`: MIMI's Markdown. Receiving it is required; rendering it as plain text is
/// acceptable.
#[must_use]
pub fn markdown() -> MediaType {
    MediaType::known("text/markdown", &[("variant", "GFM-MIMI")])
}

/// `text/markdown;variant=CommonMark`. Receiving it is recommended.
#[must_use]
pub fn common_mark() -> MediaType {
    MediaType::known("text/markdown", &[("variant", "CommonMark")])
}

/// `text/html`, with any parameters. Receiving it is recommended.
#[must_use]
pub fn html() -> MediaType {
    MediaType::known("text/html", &[])
}

/// `image/png`. Receiving it is recommended.
#[must_use]
pub fn png() -> MediaType {
    MediaType::known("image/png", &[])
}

/// `image/jpeg`. Receiving it is recommended.
#[must_use]
pub fn jpeg() -> MediaType {
    MediaType::known("image/jpeg", &[])
}

/// `application/mimi-message-status`: receipts.
#[must_use]
pub fn message_status() -> MediaType {
    MediaType::known("application/mimi-message-status", &[])
}

/// The three types that every MIMI client receives: the container, plain text and MIMI's Markdown.
#[must_use]
pub fn baseline() -> Advertisement {
    Advertisement::known([mimi_content(), text_plain(), markdown()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_type_is_what_parsing_its_text_gives() {
        let all = [
            mimi_content(),
            text_plain(),
            markdown(),
            common_mark(),
            html(),
            png(),
            jpeg(),
            message_status(),
        ];
        let texts = [
            "application/mimi-content",
            "text/plain;charset=utf-8",
            "text/markdown;variant=GFM-MIMI",
            "text/markdown;variant=CommonMark",
            "text/html",
            "image/png",
            "image/jpeg",
            "application/mimi-message-status",
        ];
        for (known, text) in all.iter().zip(texts) {
            assert_eq!(known.to_string(), text);
            assert_eq!(known, &MediaType::parse(text).unwrap());
        }
    }

    #[test]
    fn the_baseline_is_the_three_required_types() {
        let baseline = baseline();
        assert_eq!(
            baseline,
            Advertisement::new([markdown(), mimi_content(), text_plain()]).unwrap()
        );
        assert_eq!(baseline.iter().count(), 3);
    }
}
