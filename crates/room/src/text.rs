//! Reading values that travel as text through serde, checked again on the way in.

use std::fmt::{self, Display};

use serde::de::{Deserializer, Error, Visitor};

/// Reads a text and parses it; what does not parse does not deserialize.
pub(crate) fn parsed<'de, D, T, E>(deserializer: D, parse: fn(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: Display,
{
    deserializer.deserialize_str(Text(parse))
}

struct Text<T, E>(fn(&str) -> Result<T, E>);

impl<T, E: Display> Visitor<'_> for Text<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in normal form")
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
        (self.0)(text).map_err(F::custom)
    }
}
