//! Links from one part to another of the same message: `cid:5@local.invalid`.
//!
//! **Knows nothing of** HTML or Markdown: a link is found by its text alone, wherever it stands.
//!
//! See *mimi-content*, "Message Bodies", and RFC 2392.

use thiserror::Error;

use crate::limits::PARTS;
use crate::part::{Body, Part, PartIndex};

const SCHEME: &[u8] = b"cid:";
const DOMAIN: &[u8] = b"@local.invalid";

/// Types whose text may link to other parts.
const CONTAINERS: [&str; 5] = [
    "text/html",
    "text/markdown",
    "text/vcard",
    "text/calendar",
    "application/xhtml+xml",
];

/// The link to the part `index`.
#[must_use]
pub fn link(index: PartIndex) -> String {
    format!("cid:{index}@local.invalid")
}

/// The part that `uri` links to, or `None` if it is another kind of URI.
#[must_use]
pub fn linked(uri: &str) -> Option<PartIndex> {
    match link_at(uri.as_bytes())? {
        (index, []) => Some(index),
        _ => None,
    }
}

/// The parts that `part` links to, in the order of their first mention; none unless it is a single part of a type that
/// can link, such as HTML.
#[must_use]
pub fn links(part: &Part) -> Vec<PartIndex> {
    let Body::Single(single) = &part.body else {
        return Vec::new();
    };
    let essence = single.media_type.split(';').next().unwrap_or_default().trim();
    if !CONTAINERS
        .iter()
        .any(|container| essence.eq_ignore_ascii_case(container))
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = single.content.as_slice();
    let mut after_scheme_character = false;
    while let Some((first, behind)) = rest.split_first() {
        let link = if after_scheme_character {
            None
        } else {
            link_at(rest)
        };
        after_scheme_character = is_scheme_character(*first);
        rest = behind;
        if let Some((index, _)) = link
            && !found.contains(&index)
        {
            found.push(index);
        }
    }
    found
}

/// The part that a link to `index` shows, in the message whose root is `root`.
///
/// # Errors
/// When there is no such part, or it is neither single nor external.
pub fn resolve(root: &Part, index: PartIndex) -> Result<&Part, LinkError> {
    let part = root.at(index).ok_or(LinkError::NoSuchPart)?;
    match part.body {
        Body::Single(_) | Body::External(_) => Ok(part),
        Body::Null | Body::Multi(_) => Err(LinkError::NotContent),
    }
}

/// Checks every link between parts of a message that we are about to send.
///
/// # Errors
/// The first link that does not lead to a single or external part.
pub fn check(root: &Part) -> Result<(), LinkError> {
    root.walk()
        .flat_map(|(_, part)| links(part))
        .try_for_each(|index| resolve(root, index).map(drop))
}

/// A link that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The message has no part of that index.
    #[error("link to a part that does not exist")]
    NoSuchPart,
    /// Only a single or external part can be linked to.
    #[error("link to a null or multi part")]
    NotContent,
}

impl LinkError {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPart => "link_no_such_part",
            Self::NotContent => "link_not_content",
        }
    }
}

/// The link at the start of `text`, and what follows it.
fn link_at(text: &[u8]) -> Option<(PartIndex, &[u8])> {
    let behind_scheme = strip_ignoring_case(text, SCHEME)?;
    let digits = behind_scheme
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let (number, behind_number) = behind_scheme.split_at_checked(digits)?;
    let rest = strip_ignoring_case(behind_number, DOMAIN)?;
    let goes_on = rest
        .first()
        .is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'-')
        || matches!(rest, [b'.', next, ..] if next.is_ascii_alphanumeric());
    let canonical = matches!(number, [b'0'] | [b'1'..=b'9', ..]);
    // Numbers that no part can have become one, so that hostile text cannot name more than there are parts.
    let number_of_part = std::str::from_utf8(number)
        .ok()?
        .parse()
        .ok()
        .filter(|n| usize::from(*n) < PARTS);
    let index = number_of_part.unwrap_or(u16::MAX);
    (canonical && !goes_on).then_some((PartIndex(index), rest))
}

fn strip_ignoring_case<'t>(text: &'t [u8], prefix: &[u8]) -> Option<&'t [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What may stand in the name of a scheme, so that `xcid:` is not `cid:`.
const fn is_scheme_character(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Disposition;

    fn found(media_type: &str, text: &str) -> Vec<u16> {
        let part = Part::single(Disposition::RENDER, media_type, text);
        links(&part).into_iter().map(|index| index.0).collect()
    }

    #[test]
    fn links_are_found_wherever_they_stand() {
        let text = "![a](cid:5@local.invalid) <img src='CID:10@LOCAL.INVALID'> cid:5@local.invalid.";
        assert_eq!(found("Text/Markdown; variant=GFM-MIMI", text), [5, 10]);
    }

    #[test]
    fn what_only_looks_like_a_link_is_none() {
        for text in [
            "xcid:5@local.invalid",
            "cid:05@local.invalid",
            "cid:@local.invalid",
            "cid:5@local.invalid.example",
            "cid:5@local.invalidx",
            "cid:5@elsewhere.invalid",
            "cid:5",
        ] {
            assert_eq!(found("text/html", text), [], "{text}");
        }
        assert_eq!(
            found("text/plain", "cid:5@local.invalid"),
            [],
            "plain text shows no links"
        );
    }

    #[test]
    fn a_link_is_read_as_it_is_written() {
        assert_eq!(linked(&link(PartIndex(7))), Some(PartIndex(7)));
        assert_eq!(linked("cid:7@local.invalid#top"), None);
    }

    #[test]
    fn all_numbers_that_no_part_can_have_are_one() {
        let of = |number: &str| found("text/html", &format!("cid:{number}@local.invalid"));
        assert_eq!(of("1023"), [1023], "the last of 1,024 parts");
        assert_eq!(of("1024"), [u16::MAX]);
        assert_eq!(of("65536"), [u16::MAX]);
        assert_eq!(of("99999999"), [u16::MAX]);
    }
}
