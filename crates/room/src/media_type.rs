//! Media types with their parameters, and when an advertised one covers a wanted one.
//!
//! **Owns** parsing, the text form that MIMI writes, and matching.
//! **Knows nothing of** which types a client supports; that is an [`Advertisement`](crate::Advertisement).
//!
//! The `mime` crate reads `type/subtype`. Parameters are read here, because MIMI's TLS form carries values
//! without quotes and escapes, and `mime` keeps neither escaped nor empty quoted values.
//!
//! See *mls-extensions*, "Content Advertisement", and *mimi-content*, "MIMI Required and Recommended media
//! types". Matching is left open there; ours follows *mimi-room-policy*, "Asset policies component": an entry
//! without parameters matches the type with any parameters.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest text form we accept, in octets.
const MAX_OCTETS: usize = 4096;
/// The most parameters we accept.
const MAX_PARAMETERS: usize = 64;
/// The longest type or subtype, in octets (RFC 6838, "Naming Requirements").
const MAX_NAME: usize = 127;

/// Why a text, or a set of parts, is not a media type. Carries no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaTypeError {
    /// More than 4096 octets in all.
    #[error("the media type is longer than 4096 octets")]
    TooLong,
    /// Not `type/subtype` with registrable names; a wildcard is not a media type.
    #[error("the media type is not type/subtype")]
    Essence,
    /// More than 64 parameters.
    #[error("the media type has more than 64 parameters")]
    TooManyParameters,
    /// A parameter without a name, equals sign or closing quote, or a name or value with forbidden octets.
    #[error("a parameter of the media type is malformed")]
    Parameter,
    /// Two parameters of one name: two readers could pick different ones.
    #[error("the media type names a parameter twice")]
    DuplicateParameter,
}

impl MediaTypeError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "media_type_too_long",
            Self::Essence => "media_type_essence",
            Self::TooManyParameters => "media_type_too_many_parameters",
            Self::Parameter => "media_type_parameter",
            Self::DuplicateParameter => "media_type_duplicate_parameter",
        }
    }
}

/// A media type, such as `text/markdown;variant=GFM-MIMI`.
///
/// Type, subtype and parameter names are held in lower case; values as written, without quotes and escapes.
/// Parameters keep the order in which they were written, but two media types are equal whatever the order of
/// their parameters, and the values of `charset` and `variant` are compared without regard to case.
///
/// [`Display`](fmt::Display) writes the canonical text form: no spaces, and quotes only where a value needs
/// them.
///
/// ```
/// # use comity_room::MediaType;
/// let plain = MediaType::parse("Text/Plain; charset=\"UTF-8\"")?;
/// assert_eq!(plain.to_string(), "text/plain;charset=UTF-8");
/// assert_eq!(plain, MediaType::parse("text/plain;charset=utf-8")?);
/// # Ok::<(), comity_room::MediaTypeError>(())
/// ```
#[derive(Clone)]
pub struct MediaType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a media type from text.
    ///
    /// # Errors
    /// [`MediaTypeError`], if the text is malformed or over a bound.
    pub fn parse(text: &str) -> Result<Self, MediaTypeError> {
        if text.len() > MAX_OCTETS {
            return Err(MediaTypeError::TooLong);
        }
        let (essence, rest) = text.split_once(';').unwrap_or((text, ""));
        let mut media_type = Self::bare(essence.trim_matches(is_blank))?;
        let mut scanner = Scanner(rest);
        while let Some((name, value)) = scanner.parameter()? {
            media_type.push(name, value)?;
        }
        media_type.bounded()
    }

    /// Puts a media type together from the parts in which *mls-extensions* carries it: `type/subtype`, then
    /// names and values without quotes or escapes.
    ///
    /// # Errors
    /// [`MediaTypeError`], if a part is malformed or over a bound.
    pub fn from_parts<'a>(
        essence: &str,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, MediaTypeError> {
        let mut media_type = Self::bare(essence)?;
        for (name, value) in parameters {
            if name.len().saturating_add(value.len()) > MAX_OCTETS {
                return Err(MediaTypeError::TooLong);
            }
            media_type.push(name, value.to_owned())?;
        }
        media_type.bounded()
    }

    /// `type/subtype`, in lower case.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The parameters as written: names in lower case, values without quotes and escapes.
    #[must_use]
    pub fn parameters(&self) -> Parameters<'_> {
        Parameters(self.parameters.iter())
    }

    /// The value of the parameter `name`, if it is there.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether a client that advertises `self` can read `wanted`.
    ///
    /// Without parameters, `self` covers its type with any parameters. With parameters, it covers exactly
    /// that set, in any order. A wanted bare `text/markdown` means `variant=GFM-MIMI`, and a wanted bare
    /// `text/plain` means `charset=utf-8`, which is how MIMI's receivers treat them.
    ///
    /// ```
    /// # use comity_room::MediaType;
    /// # let parse = |text| MediaType::parse(text).unwrap();
    /// assert!(parse("text/markdown").covers(&parse("text/markdown;variant=CommonMark")));
    /// assert!(parse("text/markdown;variant=gfm-mimi").covers(&parse("text/markdown")));
    /// assert!(!parse("text/markdown;variant=GFM-MIMI").covers(&parse("text/markdown;variant=CommonMark")));
    /// ```
    #[must_use]
    pub fn covers(&self, wanted: &Self) -> bool {
        self.essence == wanted.essence && (self.parameters.is_empty() || self.compared() == wanted.read_as())
    }

    /// The order of media types, against one given in parts, its parameters as compared.
    pub(crate) fn order(&self, essence: &str, parameters: &[Compared<'_>]) -> Ordering {
        self.essence
            .as_str()
            .cmp(essence)
            .then_with(|| self.compared().as_slice().cmp(parameters))
    }

    /// The parameters as they are compared: sorted by name.
    pub(crate) fn compared(&self) -> Vec<Compared<'_>> {
        let mut parameters: Vec<_> = self.parameters().map(compared).collect();
        parameters.sort_unstable();
        parameters
    }

    /// The parameters that a receiver acts on, as they are compared.
    pub(crate) fn read_as(&self) -> Vec<Compared<'_>> {
        match (self.essence.as_str(), self.parameters.is_empty()) {
            ("text/markdown", true) => vec![compared(("variant", "GFM-MIMI"))],
            ("text/plain", true) => vec![compared(("charset", "utf-8"))],
            _ => self.compared(),
        }
    }

    /// A media type written down in this crate, in normal form.
    pub(crate) fn known(essence: &str, parameters: &[(&str, &str)]) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            essence: essence.to_owned(),
            parameters: parameters.iter().map(owned).collect(),
        }
    }

    fn bare(essence: &str) -> Result<Self, MediaTypeError> {
        // `mime` would read parameters too, and they would be lost here.
        if essence.contains(';') {
            return Err(MediaTypeError::Essence);
        }
        let parsed = mime::Mime::from_str(essence).map_err(|_| MediaTypeError::Essence)?;
        let essence = parsed.essence_str().to_owned();
        let (kind, subtype) = essence.split_once('/').ok_or(MediaTypeError::Essence)?;
        if !is_restricted_name(kind) || !is_restricted_name(subtype) {
            return Err(MediaTypeError::Essence);
        }
        Ok(Self {
            essence,
            parameters: Vec::new(),
        })
    }

    fn push(&mut self, name: &str, value: String) -> Result<(), MediaTypeError> {
        if !is_token(name) || value.chars().any(is_control) {
            return Err(MediaTypeError::Parameter);
        }
        if self.parameters.len() >= MAX_PARAMETERS {
            return Err(MediaTypeError::TooManyParameters);
        }
        if self.parameter(name).is_some() {
            return Err(MediaTypeError::DuplicateParameter);
        }
        self.parameters.push((name.to_ascii_lowercase(), value));
        Ok(())
    }

    fn bounded(self) -> Result<Self, MediaTypeError> {
        if self.to_string().len() > MAX_OCTETS {
            Err(MediaTypeError::TooLong)
        } else {
            Ok(self)
        }
    }
}

impl PartialEq for MediaType {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MediaType {}

impl PartialOrd for MediaType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MediaType {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order(&other.essence, &other.compared())
    }
}

impl Hash for MediaType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.essence.hash(state);
        self.compared().hash(state);
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.essence)?;
        for (name, value) in self.parameters() {
            write!(f, ";{name}=")?;
            write_value(f, value)?;
        }
        Ok(())
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MediaType {
    type Err = MediaTypeError;

    fn from_str(text: &str) -> Result<Self, MediaTypeError> {
        Self::parse(text)
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::parsed(deserializer, Self::parse)
    }
}

/// The parameters of a [`MediaType`], as written: (name in lower case, value without quotes and escapes).
#[derive(Clone, Debug)]
pub struct Parameters<'a>(std::slice::Iter<'a, (String, String)>);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Parameters<'_> {}

/// A parameter as it is compared: values of `charset` and `variant` in lower case.
pub(crate) type Compared<'a> = (&'a str, Cow<'a, str>);

fn compared<'a>((name, value): (&'a str, &'a str)) -> Compared<'a> {
    let folds =
        matches!(name, "charset" | "variant") && value.bytes().any(|octet| octet.is_ascii_uppercase());
    (
        name,
        if folds {
            Cow::Owned(value.to_ascii_lowercase())
        } else {
            Cow::Borrowed(value)
        },
    )
}

/// What is left of a parameter list, after the semicolon that opened it.
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    /// The next parameter, unquoted; `None` at the end. Empty parameters, as after a trailing semicolon, are
    /// skipped.
    fn parameter(&mut self) -> Result<Option<(&'a str, String)>, MediaTypeError> {
        self.0 = self.0.trim_start_matches(|c| is_blank(c) || c == ';');
        if self.0.is_empty() {
            return Ok(None);
        }
        let (name, rest) = self.0.split_once('=').ok_or(MediaTypeError::Parameter)?;
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => token(rest)?,
        };
        let rest = rest.trim_start_matches(is_blank);
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(MediaTypeError::Parameter);
        }
        self.0 = rest;
        Ok(Some((name, value)))
    }
}

/// Reads an unquoted value; it may be empty, as `mime` allows.
fn token(text: &str) -> Result<(String, &str), MediaTypeError> {
    let end = text.find(|c| is_blank(c) || c == ';').unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end).ok_or(MediaTypeError::Parameter)?;
    if value.is_empty() || is_token(value) {
        Ok((value.to_owned(), rest))
    } else {
        Err(MediaTypeError::Parameter)
    }
}

/// Reads a quoted value after its opening quote, taking the escapes away.
fn unquote(text: &str) -> Result<(String, &str), MediaTypeError> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next().ok_or(MediaTypeError::Parameter)? {
            '"' => return Ok((value, chars.as_str())),
            '\\' => value.push(chars.next().ok_or(MediaTypeError::Parameter)?),
            other => value.push(other),
        }
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    if is_token(value) {
        return f.write_str(value);
    }
    f.write_char('"')?;
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// A character that may stand in no value, quoted or not. A tab may.
const fn is_control(c: char) -> bool {
    c.is_ascii_control() && c != '\t'
}

/// RFC 9110 `token`.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet))
}

/// RFC 6838 `restricted-name`: what a registered type or subtype may be called. Leaves no room for `*`.
fn is_restricted_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&octet))
}
