//! Parts: the tree that a message's body is.

use std::sync::Arc;

use comity::content as engine;
use comity::room::MediaType;

use crate::fault::{ComityError, invalid};
use crate::guard::contained;
use crate::octets::{Nested, Octets};

/// A part of a message: what it is for, in which language, and what it is. It prints its shape and no content.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Part {
    /// What the part is for.
    pub disposition: Disposition,
    /// Empty, or a comma-separated list of RFC 5646 language tags. A received one may be anything.
    #[uniffi(default = "")]
    pub language: String,
    /// What the part is.
    pub body: Body,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
pub enum Body {
    /// Nothing: the body of a deletion.
    Null,
    /// Content in the message itself.
    Single {
        /// The content.
        single: SinglePart,
    },
    /// Content to be fetched.
    External {
        /// Where it is, and how to verify and decrypt it.
        external: ExternalPart,
    },
    /// Several parts.
    Multi {
        /// How they belong together.
        semantics: PartSemantics,
        /// The parts, in the sender's order.
        parts: Nested,
    },
}

/// What a part is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Disposition {
    /// Not said.
    Unspecified,
    /// To be shown.
    Render,
    /// A reaction to another message.
    Reaction,
    /// A profile.
    Profile,
    /// To be shown in place.
    Inline,
    /// An icon.
    Icon,
    /// To be kept rather than shown.
    Attachment,
    /// To join a session, such as a call.
    Session,
    /// A preview.
    Preview,
    /// One that nobody knows yet: to be treated as `Render`.
    Other {
        /// Its number.
        value: u8,
    },
}

/// Content in the message itself. It prints its size only.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct SinglePart {
    /// The media type with its parameters, as written.
    pub media_type: String,
    /// The octets, of text as well.
    pub content: Octets,
}

/// Content to be fetched from a URL, and how to verify and decrypt it. It prints neither what it is called, nor where it is.
#[derive(Clone, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct ExternalPart {
    /// The media type of the content with its parameters, as written. May be empty.
    pub media_type: String,
    /// Where it is.
    pub url: String,
    /// When it ceases to be there, in seconds since 1970; 0 for never.
    pub expires: u32,
    /// Its size in octets as the sender states it; 0 for unknown.
    pub size: u64,
    /// The AEAD algorithm by its IANA number: 0 none, 1 AES-128-GCM, 2 AES-256-GCM, 29 ChaCha20-Poly1305.
    pub encryption_algorithm: u16,
    /// The key of that algorithm; empty for none.
    pub key: Arc<ContentKey>,
    /// The nonce; empty for none.
    pub nonce: Octets,
    /// The additional authenticated data, empty unless an extension says otherwise.
    pub aad: Octets,
    /// The hash algorithm by its number in the Named Information registry: 0 none, 1 SHA-256.
    pub hash_algorithm: u8,
    /// The hash of the octets at the URL; empty for none.
    pub content_hash: Octets,
    /// What it is, in words. May be empty.
    pub description: String,
    /// A file name that the sender suggests, not to be trusted: see `safe_file_name`. May be empty.
    pub filename: String,
}

/// The key of an attachment. An object, so that it is not printed; overwritten when it is dropped.
#[derive(uniffi::Object)]
pub struct ContentKey(pub(crate) engine::ContentKey);

#[uniffi::export]
impl ContentKey {
    /// Takes the octets of a key, for an app that keeps parts in a database of its own.
    #[uniffi::constructor]
    pub fn new(octets: &[u8]) -> Arc<Self> {
        Arc::new(Self(engine::ContentKey::new(octets.to_vec())))
    }

    /// The octets. Whoever has them reads the attachment.
    pub fn octets(&self) -> Octets {
        Octets(self.0.octets().to_vec())
    }
}

/// How the parts of a multipart belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PartSemantics {
    /// The receiver processes exactly one.
    ChooseOne,
    /// The receiver processes all or none.
    SingleUnit,
    /// The receiver processes as many as it can.
    ProcessAll,
}

/// Plain text. Everybody reads it.
#[uniffi::export]
#[must_use]
pub fn part_text(text: String) -> Part {
    engine::Part::text(&text).into()
}

/// MIMI's Markdown, GFM-MIMI. Everybody reads it, if only as plain text. HTML tags in it are sent as text.
#[uniffi::export]
pub fn part_markdown(markdown: String) -> Result<Part, ComityError> {
    contained(|| Ok(engine::Part::markdown(&markdown).into()))
}

/// HTML, as it is. Not everybody reads it: send it beside a basic form.
#[uniffi::export]
#[must_use]
pub fn part_html(html: String) -> Part {
    engine::Part::html(&html).into()
}

/// An attachment that was sealed and uploaded: the part that sealing gave, with what only the host knows. `disposition`: `Attachment`,
/// or `Inline` for what is shown in place. `expires`: when it ceases to be at its URL, in seconds since 1970; 0 for never.
#[uniffi::export(default(expires = 0, filename = "", description = ""))]
pub fn part_attachment(
    sealed: ExternalPart,
    disposition: Disposition,
    media_type: MediaType,
    url: String,
    expires: u32,
    filename: String,
    description: String,
) -> Result<Part, ComityError> {
    contained(|| {
        let external = engine::ExternalPart {
            media_type: media_type.to_string(),
            url,
            expires,
            filename,
            description,
            ..sealed.into()
        };
        comity::attachment::check_outgoing(&external)?;
        Ok(engine::Part::external(disposition.into(), external).into())
    })
}

/// Several parts as one: two or more.
#[uniffi::export]
pub fn part_multi(
    disposition: Disposition,
    semantics: PartSemantics,
    parts: Vec<Part>,
) -> Result<Part, ComityError> {
    contained(|| Ok(multi(disposition, semantics, parts)?.into()))
}

/// The same part, said to be in a language: RFC 5646 tags, separated by commas.
#[uniffi::export]
pub fn part_in_language(part: Part, language: String) -> Result<Part, ComityError> {
    contained(|| {
        let part = engine::Part::try_from(part)?.in_language(language);
        Ok(part.map_err(|error| invalid(error.code()))?.into())
    })
}

fn multi(
    disposition: Disposition,
    semantics: PartSemantics,
    parts: Vec<Part>,
) -> Result<engine::Part, ComityError> {
    let parts = parts
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, _>>()?;
    engine::Part::multi(disposition.into(), semantics.into(), parts).map_err(|error| invalid(error.code()))
}

impl std::fmt::Debug for SinglePart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { media_type, content } = self;
        write!(f, "SinglePart({media_type}, {} octets)", content.0.len())
    }
}

impl std::fmt::Debug for ExternalPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            media_type,
            url: _,
            expires,
            size,
            encryption_algorithm,
            key: _,
            nonce: _,
            aad: _,
            hash_algorithm,
            content_hash: _,
            description: _,
            filename: _,
        } = self;
        f.debug_struct("ExternalPart")
            .field("media_type", media_type)
            .field("expires", expires)
            .field("size", size)
            .field("encryption_algorithm", encryption_algorithm)
            .field("hash_algorithm", hash_algorithm)
            .finish_non_exhaustive()
    }
}

/// Two are the same if they say the same, whichever objects their keys are.
impl PartialEq for ExternalPart {
    fn eq(&self, other: &Self) -> bool {
        engine::ExternalPart::from(self.clone()) == engine::ExternalPart::from(other.clone())
    }
}

impl From<engine::Part> for Part {
    fn from(part: engine::Part) -> Self {
        let engine::Part {
            disposition,
            language,
            body,
        } = part;
        Self {
            disposition: disposition.into(),
            language,
            body: body.into(),
        }
    }
}

impl TryFrom<Part> for engine::Part {
    type Error = ComityError;

    fn try_from(part: Part) -> Result<Self, ComityError> {
        let Part {
            disposition,
            language,
            body,
        } = part;
        let body = match body {
            Body::Null => engine::Body::Null,
            Body::Single { single } => engine::Body::Single(single.into()),
            Body::External { external } => engine::Body::External(Box::new(external.into())),
            Body::Multi { semantics, parts } => multi(disposition, semantics, parts.0)?.body,
        };
        Ok(Self {
            disposition: disposition.into(),
            language,
            body,
        })
    }
}

impl From<engine::Body> for Body {
    fn from(body: engine::Body) -> Self {
        match body {
            engine::Body::Null => Self::Null,
            engine::Body::Single(single) => Self::Single {
                single: single.into(),
            },
            engine::Body::External(external) => Self::External {
                external: (*external).into(),
            },
            engine::Body::Multi(multi) => Self::Multi {
                semantics: multi.semantics().into(),
                parts: Nested(multi.into_parts().into_iter().map(Into::into).collect()),
            },
        }
    }
}

impl From<engine::SinglePart> for SinglePart {
    fn from(single: engine::SinglePart) -> Self {
        let engine::SinglePart { media_type, content } = single;
        Self {
            media_type,
            content: content.into(),
        }
    }
}

impl From<SinglePart> for engine::SinglePart {
    fn from(single: SinglePart) -> Self {
        let SinglePart { media_type, content } = single;
        Self {
            media_type,
            content: content.into(),
        }
    }
}

impl From<engine::ExternalPart> for ExternalPart {
    fn from(external: engine::ExternalPart) -> Self {
        let engine::ExternalPart {
            media_type,
            url,
            expires,
            size,
            encryption_algorithm,
            key,
            nonce,
            aad,
            hash_algorithm,
            content_hash,
            description,
            filename,
        } = external;
        Self {
            media_type,
            url,
            expires,
            size,
            encryption_algorithm,
            key: Arc::new(ContentKey(key)),
            nonce: nonce.into(),
            aad: aad.into(),
            hash_algorithm,
            content_hash: content_hash.into(),
            description,
            filename,
        }
    }
}

impl From<ExternalPart> for engine::ExternalPart {
    fn from(external: ExternalPart) -> Self {
        let ExternalPart {
            media_type,
            url,
            expires,
            size,
            encryption_algorithm,
            key,
            nonce,
            aad,
            hash_algorithm,
            content_hash,
            description,
            filename,
        } = external;
        Self {
            media_type,
            url,
            expires,
            size,
            encryption_algorithm,
            key: key.0.clone(),
            nonce: nonce.into(),
            aad: aad.into(),
            hash_algorithm,
            content_hash: content_hash.into(),
            description,
            filename,
        }
    }
}

impl From<engine::Disposition> for Disposition {
    fn from(disposition: engine::Disposition) -> Self {
        match disposition {
            engine::Disposition::UNSPECIFIED => Self::Unspecified,
            engine::Disposition::RENDER => Self::Render,
            engine::Disposition::REACTION => Self::Reaction,
            engine::Disposition::PROFILE => Self::Profile,
            engine::Disposition::INLINE => Self::Inline,
            engine::Disposition::ICON => Self::Icon,
            engine::Disposition::ATTACHMENT => Self::Attachment,
            engine::Disposition::SESSION => Self::Session,
            engine::Disposition::PREVIEW => Self::Preview,
            other => Self::Other { value: other.value() },
        }
    }
}

impl From<Disposition> for engine::Disposition {
    fn from(disposition: Disposition) -> Self {
        match disposition {
            Disposition::Unspecified => Self::UNSPECIFIED,
            Disposition::Render => Self::RENDER,
            Disposition::Reaction => Self::REACTION,
            Disposition::Profile => Self::PROFILE,
            Disposition::Inline => Self::INLINE,
            Disposition::Icon => Self::ICON,
            Disposition::Attachment => Self::ATTACHMENT,
            Disposition::Session => Self::SESSION,
            Disposition::Preview => Self::PREVIEW,
            Disposition::Other { value } => Self::from_value(value),
        }
    }
}

impl From<engine::PartSemantics> for PartSemantics {
    fn from(semantics: engine::PartSemantics) -> Self {
        match semantics {
            engine::PartSemantics::ChooseOne => Self::ChooseOne,
            engine::PartSemantics::SingleUnit => Self::SingleUnit,
            engine::PartSemantics::ProcessAll => Self::ProcessAll,
        }
    }
}

impl From<PartSemantics> for engine::PartSemantics {
    fn from(semantics: PartSemantics) -> Self {
        match semantics {
            PartSemantics::ChooseOne => Self::ChooseOne,
            PartSemantics::SingleUnit => Self::SingleUnit,
            PartSemantics::ProcessAll => Self::ProcessAll,
        }
    }
}
