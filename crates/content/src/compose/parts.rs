//! Bodies of messages, one constructor per thing that a person sends.
//!
//! **Owns** the media types, dispositions and semantics that go with each. **Knows nothing of** who reads it: a part here
//! is one alternative, and [`Part::choose_one`] puts several together, richest first.
//!
//! See *mimi-content*, "Message Bodies".

use crate::attachment;
use crate::compose::ComposeError;
use crate::disposition::Disposition;
use crate::error::PartError;
use crate::markdown;
use crate::media;
use crate::part::{ExternalPart, Part, PartSemantics};
use crate::status::StatusReport;

impl Part {
    /// Plain text. Everybody reads it.
    pub fn text(text: &str) -> Self {
        Self::single(Disposition::RENDER, media::PLAIN_TEXT, text)
    }

    /// MIMI's Markdown, GFM-MIMI. Everybody reads it, if only as plain text.
    ///
    /// GFM-MIMI has no HTML: tags are escaped here, in code they are left alone. See [`markdown::without_html`].
    pub fn markdown(markdown: &str) -> Self {
        let text = markdown::without_html(markdown).into_owned();
        Self::single(Disposition::RENDER, media::MARKDOWN, text)
    }

    /// HTML, as it is. Not everybody reads it: send it beside a [basic form](crate::derive::basic_of).
    pub fn html(html: &str) -> Self {
        Self::single(Disposition::RENDER, media::HTML, html)
    }

    /// Content of an app's own media type. Others do not read it: send it beside a basic form in words.
    ///
    /// # Errors
    /// [`ComposeError::MediaType`] when `media_type` is none.
    pub fn vendor(media_type: &str, content: impl Into<Vec<u8>>) -> Result<Self, ComposeError> {
        media::check(media_type)?;
        Ok(Self::single(Disposition::RENDER, media_type, content))
    }

    /// Several forms of the same, of which a reader sees one; the sender's favourite first.
    ///
    /// # Errors
    /// As [`Part::multi`].
    pub fn choose_one(parts: impl IntoIterator<Item = Self>) -> Result<Self, PartError> {
        Self::together(PartSemantics::ChooseOne, parts)
    }

    /// Parts that make sense together only.
    ///
    /// # Errors
    /// As [`Part::multi`].
    pub fn single_unit(parts: impl IntoIterator<Item = Self>) -> Result<Self, PartError> {
        Self::together(PartSemantics::SingleUnit, parts)
    }

    /// Several things in one message: words and a photo, a photo and another.
    ///
    /// # Errors
    /// As [`Part::multi`].
    pub fn process_all(parts: impl IntoIterator<Item = Self>) -> Result<Self, PartError> {
        Self::together(PartSemantics::ProcessAll, parts)
    }

    /// The same in several languages, each part with its own; a reader sees the one that suits best.
    ///
    /// # Errors
    /// [`PartError::Language`] when one is no list of RFC 5646 tags, or is empty; else as [`Part::multi`].
    pub fn in_languages<'l>(parts: impl IntoIterator<Item = (&'l str, Self)>) -> Result<Self, PartError> {
        let spoken = parts.into_iter().map(|(language, part)| match language {
            "" => Err(PartError::Language),
            language => part.in_language(language),
        });
        Self::choose_one(spoken.collect::<Result<Vec<_>, _>>()?)
    }

    /// A file to be kept rather than shown.
    ///
    /// # Errors
    /// When `file` is not fit to be sent: see [`attachment::check_outgoing`].
    pub fn attachment(file: ExternalPart) -> Result<Self, ComposeError> {
        attachment::check_outgoing(&file)?;
        Ok(Self::external(Disposition::ATTACHMENT, file))
    }

    /// A voice message, played in place.
    ///
    /// # Errors
    /// [`ComposeError::MediaType`] when it is no `audio/…`; else as [`Part::attachment`].
    pub fn voice(recording: ExternalPart) -> Result<Self, ComposeError> {
        Self::inline("audio", recording)
    }

    /// An image, shown in place. See [`Part::previewed`].
    ///
    /// # Errors
    /// [`ComposeError::MediaType`] when it is no `image/…`; else as [`Part::attachment`].
    pub fn image(image: ExternalPart) -> Result<Self, ComposeError> {
        Self::inline("image", image)
    }

    /// A video, played in place. See [`Part::previewed`].
    ///
    /// # Errors
    /// [`ComposeError::MediaType`] when it is no `video/…`; else as [`Part::attachment`].
    pub fn video(video: ExternalPart) -> Result<Self, ComposeError> {
        Self::inline("video", video)
    }

    fn inline(kind: &str, external: ExternalPart) -> Result<Self, ComposeError> {
        if !media::is_kind(&external.media_type, kind) {
            return Err(ComposeError::MediaType);
        }
        attachment::check_outgoing(&external)?;
        Ok(Self::external(Disposition::INLINE, external))
    }

    /// The same with previews that travel inside the message, smallest first: a placeholder of a few dozen pixels to show at
    /// once, a preview of a few kilobytes. [`previews`] finds them again.
    ///
    /// A preview is an ordinary small image (`image/jpeg`, `image/png`), because whoever shows images shows it; formats such
    /// as BlurHash are read by few and save a few hundred octets.
    ///
    /// # Errors
    /// [`ComposeError::MediaType`] when a preview is no image, [`ComposeError::PreviewTooLarge`] when it has more than
    /// [`PREVIEW_OCTETS`]; else as [`Part::multi`].
    pub fn previewed<'t>(
        self,
        previews: impl IntoIterator<Item = (&'t str, Vec<u8>)>,
    ) -> Result<Self, ComposeError> {
        let mut parts = Vec::new();
        for (media_type, octets) in previews {
            if !media::is_kind(media_type, "image") {
                return Err(ComposeError::MediaType);
            }
            if octets.len() > PREVIEW_OCTETS {
                return Err(ComposeError::PreviewTooLarge);
            }
            parts.push(Self::single(Disposition::PREVIEW, media_type, octets));
        }
        parts.push(self);
        Ok(Self::process_all(parts)?)
    }

    /// A conference, call or other session to join at `url`; `expires` in seconds since the Unix epoch, 0 for never.
    ///
    /// # Errors
    /// [`ComposeError::Attachment`] when the URL is neither `https` nor `http`.
    pub fn session(url: &str, description: &str, expires: u32) -> Result<Self, ComposeError> {
        attachment::check_url(url)?;
        let session = ExternalPart {
            url: url.to_owned(),
            description: description.to_owned(),
            expires,
            ..ExternalPart::default()
        };
        Ok(Self::external(Disposition::SESSION, session))
    }

    /// A report of what became of messages: what a receipt is. See [`Author::reports`](crate::compose::Author::reports).
    pub fn status(report: &StatusReport) -> Self {
        Self::single(Disposition::UNSPECIFIED, media::MESSAGE_STATUS, report.encode())
    }

    fn together(semantics: PartSemantics, parts: impl IntoIterator<Item = Self>) -> Result<Self, PartError> {
        Self::multi(Disposition::RENDER, semantics, parts.into_iter().collect())
    }
}

/// Most octets in a preview. All previews of a message travel to every client, wanted or not.
pub const PREVIEW_OCTETS: usize = 64 << 10;

/// The previews that travel beside `part`'s one file or image, smallest first, and that file or image; `None` when the part
/// is not of the form that [`Part::previewed`] makes.
#[must_use]
pub fn previews(part: &Part) -> Option<(Vec<&Part>, &Part)> {
    let (subject, previews) = part.children().split_last()?;
    let is_preview = |part: &Part| {
        part.disposition == Disposition::PREVIEW
            && part
                .media_type()
                .is_some_and(|media_type| media::is_kind(media_type, "image"))
    };
    let fits = part.is_process_all() && !is_preview(subject) && previews.iter().all(is_preview);
    fits.then(|| (previews.iter().collect(), subject))
}
