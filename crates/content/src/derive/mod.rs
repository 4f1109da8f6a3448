//! Basic forms by machine: what everybody can read, made of what only some can.
//!
//! **Owns** which basic form follows from an enhanced one, and the mark that tells a derived form from one that a person wrote.
//! **Knows nothing of** who reads which, and speaks no language: a description line has a name, a type and a size.

mod html;

use crate::disposition::Disposition;
use crate::markdown;
use crate::media;
use crate::part::{Body, ExternalPart, Part, SinglePart};

pub use html::html_to_markdown;

/// One form of a message, and where it comes from. The mark is local: whoever asks who sees what can say "they see a
/// description only".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The form.
    pub part: Part,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a form of a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A person, or an app that knows what it means.
    Given,
    /// Made of the richer form before it, with all its words.
    Converted,
    /// Made of what is known about the richer form: its name, type and size. The content itself is not in it.
    Described,
}

impl Alternative {
    /// Whether a machine made it.
    #[must_use]
    pub const fn is_derived(&self) -> bool {
        !matches!(self.origin, Origin::Given)
    }
}

/// A part in alternatives, richest first, down to one that everybody can read, as far as a machine can tell.
///
/// If the last one [is not basic](is_basic), the app that knows the media type has to give words for it.
#[must_use]
pub fn alternatives(part: Part) -> Vec<Alternative> {
    let mut alternatives = vec![Alternative {
        part,
        origin: Origin::Given,
    }];
    // HTML → Markdown → plain text is the longest way there is.
    while let Some((part, origin)) = alternatives.last().and_then(|last| basic_of(&last.part)) {
        alternatives.push(Alternative { part, origin });
    }
    alternatives
}

/// Whether it is plain text, which everybody reads, or nothing at all.
#[must_use]
pub fn is_basic(part: &Part) -> bool {
    match &part.body {
        Body::Null => true,
        Body::Single(single) => media::is(&single.media_type, "text/plain"),
        Body::External(_) | Body::Multi(_) => false,
    }
}

/// A more basic form of a part: of Markdown its plain text, of HTML Markdown, of an image, recording or video its name, type
/// and size. `None` for plain text, for reactions, for several parts in one, and for types that only their app knows.
#[must_use]
pub fn basic_of(part: &Part) -> Option<(Part, Origin)> {
    if part.disposition == Disposition::REACTION {
        return None;
    }
    let (text, media_type, origin) = match &part.body {
        Body::Single(single) => of_single(single)?,
        Body::External(external) => {
            let described = describe(&external.media_type, external);
            (described, media::PLAIN_TEXT, Origin::Described)
        }
        Body::Null | Body::Multi(_) => return None,
    };
    let basic = Part::single(Disposition::RENDER, media_type, text);
    let language = part.language.clone();
    Some((Part { language, ..basic }, origin))
}

fn of_single(single: &SinglePart) -> Option<(String, &'static str, Origin)> {
    let text = || String::from_utf8_lossy(&single.content);
    match media::essence(&single.media_type)?.as_str() {
        "text/markdown" => {
            let plain = markdown::to_plain_text(&text());
            Some((plain, media::PLAIN_TEXT, Origin::Converted))
        }
        "text/html" => Some((html_to_markdown(&text()), media::MARKDOWN, Origin::Converted)),
        essence if is_medium(essence) => {
            let size = single.content.len() as u64;
            let described = line(essence, "", "", size);
            Some((described, media::PLAIN_TEXT, Origin::Described))
        }
        _ => None,
    }
}

/// What lies elsewhere, in one line: what the sender says about it, its name, its type and its size.
fn describe(media_type: &str, external: &ExternalPart) -> String {
    let essence = media::essence(media_type).unwrap_or_default();
    // A session has nothing but its address.
    if essence.is_empty() {
        let words = [external.description.trim(), external.url.as_str()];
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        return words.join(": ");
    }
    line(&essence, &external.description, &external.filename, external.size)
}

fn line(essence: &str, description: &str, name: &str, size: u64) -> String {
    let type_and_size = match size {
        0 => essence.to_owned(),
        size => format!("{essence}, {}", readable_size(size)),
    };
    let words: Vec<&str> = [description, name]
        .map(str::trim)
        .into_iter()
        .filter(|w| !w.is_empty())
        .collect();
    match words.as_slice() {
        [] => format!("[{type_and_size}]"),
        words => format!("{} [{type_and_size}]", words.join(" – ")),
    }
}

/// A number of octets as people write it: `812 B`, `1.5 kB`, `708 MB`.
fn readable_size(octets: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if octets < 1000 {
        return format!("{octets} B");
    }
    let mut tenths = u128::from(octets) / 100;
    let mut unit = "kB";
    for larger in UNITS {
        unit = larger;
        if tenths < 10_000 {
            break;
        }
        tenths /= 1000;
    }
    match tenths {
        ..100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        _ => format!("{} {unit}", tenths / 10),
    }
}

fn is_medium(essence: &str) -> bool {
    ["image/", "audio/", "video/"]
        .iter()
        .any(|kind| essence.starts_with(kind))
}
