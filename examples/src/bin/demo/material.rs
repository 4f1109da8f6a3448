//! What is said in the demo: a note, a photo, cards. The user may bring their own note and photo.

use std::io::Cursor;
use std::path::Path;

use comity::content::{Disposition, ExternalPart, Part};
use comity::{MARKDOWN, Outgoing, PLAIN_TEXT, attachment};
use comity_examples::{Fault, Network};
use image::{ImageFormat, RgbImage};
use sha2::{Digest, Sha256};

/// The type of Aurora's own cards.
pub(crate) const CARD: &str = "application/vnd.aurora.card+json";
/// The longest note that the hub lets through in one message, roughly, in octets.
const LONGEST_NOTE: usize = 200 << 10;

/// What the user brought along, or what the demo has with it.
pub(crate) struct Material {
    pub(crate) note: String,
    pub(crate) photo: Photo,
}

/// An image file, as it is.
pub(crate) struct Photo {
    pub(crate) octets: Vec<u8>,
    pub(crate) media_type: &'static str,
    filename: String,
    size: (u32, u32),
}

impl Material {
    /// # Errors
    /// A sentence about the file that cannot be sent.
    pub(crate) fn load(note: Option<&Path>, photo: Option<&Path>) -> Result<Self, String> {
        let note = match note {
            Some(path) => read_note(path).map_err(|why| format!("--note {}: {why}", path.display()))?,
            None => include_str!("note.md").to_owned(),
        };
        let photo = match photo {
            Some(path) => Photo::read(path).map_err(|why| format!("--photo {}: {why}", path.display()))?,
            None => Photo::sunset().map_err(|why| format!("the demo's own picture: {why}"))?,
        };
        Ok(Self { note, photo })
    }
}

fn read_note(path: &Path) -> Result<String, String> {
    let octets = std::fs::read(path).map_err(|e| e.to_string())?;
    if octets.len() > LONGEST_NOTE {
        return Err(format!(
            "{} octets, but a message has room for {LONGEST_NOTE}",
            octets.len()
        ));
    }
    String::from_utf8(octets).map_err(|_| "this is not a text in UTF-8".to_owned())
}

impl Photo {
    fn read(path: &Path) -> Result<Self, String> {
        let octets = std::fs::read(path).map_err(|e| e.to_string())?;
        let filename = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Self::of(octets, filename)
    }

    /// Any octets that are a PNG or JPEG image from beginning to end.
    fn of(octets: Vec<u8>, filename: String) -> Result<Self, String> {
        let media_type = match image::guess_format(&octets) {
            Ok(ImageFormat::Png) => "image/png",
            Ok(ImageFormat::Jpeg) => "image/jpeg",
            _ => return Err("this is not a PNG or JPEG image".to_owned()),
        };
        let image = image::load_from_memory(&octets).map_err(|e| format!("this image is damaged: {e}"))?;
        let size = (image.width(), image.height());
        Ok(Self {
            octets,
            media_type,
            filename,
            size,
        })
    }

    /// A picture of our own making.
    fn sunset() -> Result<Self, String> {
        let shade = |from: u8, to: u8, at: u32| {
            let (from, to) = (i64::from(from), i64::from(to));
            u8::try_from(from + (to - from) * i64::from(at) / 119).unwrap_or(u8::MAX)
        };
        let picture = RgbImage::from_fn(160, 120, |x, y| {
            let from_sun = x.abs_diff(104).pow(2) + y.abs_diff(70).pow(2);
            match (from_sun, y) {
                (0..400, ..90) => image::Rgb([255, 244, 196]),
                (_, 90..) => image::Rgb([24, 40, shade(110, 60, y)]),
                _ => image::Rgb([shade(70, 255, y), shade(60, 130, y), shade(140, 70, y)]),
            }
        });
        let mut octets = Cursor::new(Vec::new());
        picture
            .write_to(&mut octets, ImageFormat::Png)
            .map_err(|e| e.to_string())?;
        Self::of(octets.into_inner(), "sunset.png".to_owned())
    }

    /// Encrypts the photo under a key of its own, uploads it, and says it in two forms: the picture, which carries the
    /// key, and for those who see no pictures what is in it.
    pub(crate) fn upload(&self, network: &mut Network) -> Result<Outgoing, Fault> {
        let sealed = attachment::seal(&self.octets)?;
        let octets = sealed.ciphertext.into_octets();
        let url = format!("https://assets.example/{}", hex::encode(Sha256::digest(&octets)));
        network.upload(&url, octets);
        let description = format!(
            "Photo “{}”, {} × {} pixels",
            self.filename, self.size.0, self.size.1
        );
        let picture = ExternalPart {
            media_type: self.media_type.to_owned(),
            url,
            description: description.clone(),
            filename: self.filename.clone(),
            ..sealed.part
        };
        Ok(Outgoing::new(vec![
            Part::external(Disposition::RENDER, picture),
            single(PLAIN_TEXT, &description),
        ]))
    }
}

/// An invitation as Aurora's card, and in Markdown for everybody else.
pub(crate) fn card(title: &str, place: &str) -> Outgoing {
    let card =
        serde_json::json!({ "card": "event", "title": title, "place": place, "answers": ["yes", "no"] });
    let markdown = format!("**{title}**\n\nWhere: {place}\n\n*Are you coming?*");
    Outgoing::new(vec![single(CARD, &card.to_string()), single(MARKDOWN, &markdown)])
}

/// The card alone.
pub(crate) fn card_alone(title: &str, place: &str) -> Outgoing {
    let mut outgoing = card(title, place);
    outgoing.alternatives.truncate(1);
    outgoing
}

fn single(media_type: &str, text: &str) -> Part {
    Part::single(Disposition::RENDER, media_type, text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_own_picture_is_a_png() {
        let photo = Photo::sunset().unwrap();
        assert_eq!((photo.media_type, photo.size), ("image/png", (160, 120)));
    }

    #[test]
    fn what_is_no_image_or_half_of_one_is_refused() {
        let refused = |octets: &[u8]| Photo::of(octets.to_vec(), "x".to_owned()).err().unwrap();
        assert!(refused(b"# A note").contains("not a PNG or JPEG image"));
        assert!(refused(b"").contains("not a PNG or JPEG image"));
        let whole = Photo::sunset().unwrap().octets;
        assert!(refused(&whole[..whole.len() / 2]).contains("damaged"));
    }
}
