//! `mimi://` URIs in their one normal form: provider, user, client, room and MLS group.
//!
//! **Owns** what counts as a well-formed name. A value of one of these types is always in normal form, so
//! comparing octets compares names, and hashing octets (as the message id does) hashes the name.
//! **Knows nothing of** whether anybody answers to that name.
//!
//! Normal form: scheme and domain in lower case, no user info, no port, no query, no fragment, no empty or
//! dot segment, no trailing slash, and percent-encoding (upper-case hex) only for octets that cannot stand
//! bare in a path segment. The draft leaves all of this open; anything else is refused rather than repaired,
//! because a repaired name has other octets than the ones its owner signed.
//!
//! See *mimi-protocol*, "Example protocol flow" and RFC 3986, "Normalization and Comparison".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest URI we accept, in octets.
const MAX_OCTETS: usize = 1024;
/// The longest domain name, in octets (RFC 1035, "Size limits").
const MAX_DOMAIN: usize = 253;
/// The longest label of a domain name, in octets (RFC 1035, "Size limits").
const MAX_LABEL: usize = 63;
const SCHEME: &str = "mimi://";

/// Why a text is not a MIMI URI of the wanted kind in normal form. Carries no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// More than 1024 octets.
    #[error("the URI is longer than 1024 octets")]
    TooLong,
    /// Does not begin with `mimi://`, in lower case.
    #[error("the URI does not begin with mimi://")]
    Scheme,
    /// The authority is not a domain name in lower case, or has user info or a port.
    #[error("the URI's authority is not a lower-case domain name")]
    Authority,
    /// The path does not begin with the letter of the wanted kind, or a provider has a path.
    #[error("the URI names another kind of thing")]
    Kind,
    /// A path segment is missing, empty, `.` or `..`, or there are too many.
    #[error("the URI's path has a missing, empty, dot or surplus segment")]
    Segment,
    /// An octet that must be percent-encoded, or a query or fragment.
    #[error("the URI's path has an octet that cannot stand there")]
    Character,
    /// Percent-encoding that is malformed, in lower case, or of an octet that can stand bare.
    #[error("the URI's percent-encoding is malformed or not minimal")]
    Encoding,
}

impl UriError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "uri_too_long",
            Self::Scheme => "uri_scheme",
            Self::Authority => "uri_authority",
            Self::Kind => "uri_kind",
            Self::Segment => "uri_segment",
            Self::Character => "uri_character",
            Self::Encoding => "uri_encoding",
        }
    }
}

/// A provider: `mimi://a.example`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderUri(String);

impl ProviderUri {
    /// Reads a provider URI in normal form.
    ///
    /// # Errors
    /// Anything else, see [`UriError`].
    pub fn parse(text: &str) -> Result<Self, UriError> {
        match split(text)? {
            (_, None) => Ok(Self(text.to_owned())),
            (_, Some("")) => Err(UriError::Segment),
            (_, Some(_)) => Err(UriError::Kind),
        }
    }

    /// The provider's domain name, as in `a.example`.
    #[must_use]
    pub fn domain(&self) -> &str {
        domain(&self.0)
    }

    /// The provider itself, so that all kinds of URI answer the same question.
    #[must_use]
    pub fn provider(&self) -> Self {
        self.clone()
    }
}

/// Defines one kind of URI with a path: its letter and how many segments may follow.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $letter:literal, $max_segments:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads a URI of this kind in normal form.
            ///
            /// # Errors
            /// Anything else, see [`UriError`].
            pub fn parse(text: &str) -> Result<Self, UriError> {
                check_named(text, $letter, $max_segments)?;
                Ok(Self(text.to_owned()))
            }

            /// The provider under whose authority this name stands.
            #[must_use]
            pub fn provider(&self) -> ProviderUri {
                ProviderUri(format!("{SCHEME}{}", domain(&self.0)))
            }
        }

        text_form!($name);
    };
}

/// What every kind shares: text, octets, formatting, parsing and serde.
macro_rules! text_form {
    ($name:ident) => {
        impl $name {
            /// The normal form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The octets of the normal form: what travels, is compared and is hashed.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = UriError;

            fn from_str(text: &str) -> Result<Self, UriError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::parsed(deserializer, Self::parse)
            }
        }
    };
}

text_form!(ProviderUri);
named!(
    /// A user: `mimi://a.example/u/alice`.
    UserUri, "u", 1
);
named!(
    /// A client of a user: `mimi://a.example/d/ClientA1`, with one or more segments after the `d`.
    ClientUri, "d", usize::MAX
);
named!(
    /// A room: `mimi://a.example/r/clubhouse`. Its provider is the room's hub.
    RoomUri, "r", 1
);
named!(
    /// The MLS group that anchors a room: `mimi://a.example/g/clubhouse`.
    GroupUri, "g", 1
);

/// Checks that `text` is `mimi://domain/letter/segment…`, with at most `max_segments` segments after the
/// letter.
fn check_named(text: &str, letter: &str, max_segments: usize) -> Result<(), UriError> {
    let (_, path) = split(text)?;
    let (kind, rest) = path
        .ok_or(UriError::Kind)?
        .split_once('/')
        .ok_or(UriError::Kind)?;
    if kind != letter {
        return Err(UriError::Kind);
    }
    let mut count = 0_usize;
    for segment in rest.split('/') {
        check_segment(segment)?;
        count = count.saturating_add(1);
    }
    if count > max_segments {
        Err(UriError::Segment)
    } else {
        Ok(())
    }
}

/// Divides `mimi://domain/path` into the domain, checked, and what follows its slash.
fn split(text: &str) -> Result<(&str, Option<&str>), UriError> {
    if text.len() > MAX_OCTETS {
        return Err(UriError::TooLong);
    }
    let rest = text.strip_prefix(SCHEME).ok_or(UriError::Scheme)?;
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) => (domain, Some(path)),
        None => (rest, None),
    };
    check_domain(domain)?;
    Ok((domain, path))
}

fn check_domain(domain: &str) -> Result<(), UriError> {
    let good = domain.len() <= MAX_DOMAIN && domain.split('.').all(is_label);
    if good { Ok(()) } else { Err(UriError::Authority) }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn check_segment(segment: &str) -> Result<(), UriError> {
    if matches!(segment, "" | "." | "..") {
        return Err(UriError::Segment);
    }
    let mut octets = segment.bytes();
    while let Some(octet) = octets.next() {
        match octet {
            b'%' => check_encoded(octets.next(), octets.next())?,
            octet if stands_bare(octet) => {}
            _ => return Err(UriError::Character),
        }
    }
    Ok(())
}

/// Checks the two digits after a `%`: upper-case hex of an octet that has to be encoded.
fn check_encoded(high: Option<u8>, low: Option<u8>) -> Result<(), UriError> {
    let high = high.and_then(hex_digit).ok_or(UriError::Encoding)?;
    let low = low.and_then(hex_digit).ok_or(UriError::Encoding)?;
    if stands_bare((high << 4) | low) {
        Err(UriError::Encoding)
    } else {
        Ok(())
    }
}

const fn hex_digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

/// RFC 3986 `pchar` without percent-encoding: what a path segment may hold as it is.
const fn stands_bare(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'-' | b'.' | b'_' | b'~')
        || matches!(
            octet,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
        || matches!(octet, b':' | b'@')
}

/// The domain of a URI that was checked before.
fn domain(uri: &str) -> &str {
    let rest = uri.strip_prefix(SCHEME).unwrap_or_default();
    rest.split_once('/').map_or(rest, |(domain, _)| domain)
}
