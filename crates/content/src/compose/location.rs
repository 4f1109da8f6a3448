//! A place, for a map and in words.
//!
//! The rich form is GeoJSON (RFC 7946), the basic one a `geo:` link (RFC 5870) that any reader can follow or copy.

use crate::compose::ComposeError;
use crate::disposition::Disposition;
use crate::markdown;
use crate::media;
use crate::part::Part;

/// A place on Earth, WGS 84, in degrees.
#[derive(Clone, Copy, PartialEq)]
pub struct Location {
    latitude: f64,
    longitude: f64,
}

impl Location {
    /// A place.
    ///
    /// # Errors
    /// [`ComposeError::NotAPlace`] when the latitude is beyond ±90° or the longitude beyond ±180°.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, ComposeError> {
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return Err(ComposeError::NotAPlace);
        }
        // Minus zero would be written as such.
        let (latitude, longitude) = (latitude + 0.0, longitude + 0.0);
        Ok(Self { latitude, longitude })
    }

    /// The place as a URI: `geo:46.9481,7.4474`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("geo:{},{}", self.latitude, self.longitude)
    }

    /// The place in alternatives, richest first: GeoJSON, Markdown, plain text. `label` says what is there; it may be empty.
    #[must_use]
    pub fn alternatives(&self, label: &str) -> Vec<Part> {
        let uri = self.uri();
        let (words, linked) = match label.trim() {
            "" => (uri.clone(), format!("<{uri}>")),
            label => (format!("{label} ({uri})"), markdown::link(label, &uri)),
        };
        vec![
            Part::single(Disposition::RENDER, media::GEO_JSON, self.geo_json(label.trim())),
            Part::markdown(&linked),
            Part::text(&words),
        ]
    }

    fn geo_json(&self, label: &str) -> String {
        let Self { latitude, longitude } = self;
        let mut name = String::with_capacity(label.len());
        for c in label.chars() {
            match c {
                '"' | '\\' => name.extend(['\\', c]),
                c if c < ' ' => name.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => name.push(c),
            }
        }
        format!(
            "{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{longitude},{latitude}]}},\
             \"properties\":{{\"name\":\"{name}\"}}}}"
        )
    }
}

/// Where somebody is, is nobody's business.
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            latitude: _,
            longitude: _,
        } = self;
        f.write_str("Location(..)")
    }
}
