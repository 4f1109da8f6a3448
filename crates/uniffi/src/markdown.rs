//! Texts: MIMI's Markdown as plain text, as HTML that is safe to show, its links and mentions.

use comity::content::{derive, markdown as engine};
use comity::{RoomUri, UserUri};

use crate::fault::ComityError;
use crate::guard::contained;

/// What markdown says, as plain text.
#[uniffi::export]
pub fn markdown_to_plain_text(markdown: String) -> Result<String, ComityError> {
    contained(|| Ok(engine::to_plain_text(&markdown)))
}

/// Markdown as HTML that is safe to show: no scripts, no images that would be fetched, no HTML of the sender's.
#[uniffi::export]
pub fn markdown_to_html(markdown: String) -> Result<String, ComityError> {
    contained(|| Ok(engine::to_html(&markdown)))
}

/// Markdown with the HTML in it as text, as MIMI's profile wants it.
#[uniffi::export]
pub fn markdown_without_html(markdown: String) -> Result<String, ComityError> {
    contained(|| Ok(engine::without_html(&markdown).into_owned()))
}

/// A text as Markdown that shows exactly it: nothing in it is formatting.
#[uniffi::export]
pub fn markdown_escape(text: String) -> Result<String, ComityError> {
    contained(|| Ok(engine::escape(&text)))
}

/// A link in Markdown. Neither the text nor the URL can end it early.
#[uniffi::export]
pub fn markdown_link(text: String, url: String) -> Result<String, ComityError> {
    contained(|| Ok(engine::link(&text, &url)))
}

/// What HTML says, as markdown: a basic form to send beside it.
#[uniffi::export]
pub fn html_to_markdown(html: String) -> Result<String, ComityError> {
    contained(|| Ok(derive::html_to_markdown(&html)))
}

/// Every link and image of a text, in the order in which they end.
#[uniffi::export]
pub fn markdown_links(markdown: String) -> Result<Vec<Link>, ComityError> {
    contained(|| Ok(engine::links(&markdown).into_iter().map(Into::into).collect()))
}

/// Who is mentioned in a text, in order and each as often as mentioned. Links to users who are not among the members are ordinary
/// links.
#[uniffi::export]
pub fn markdown_mentions(markdown: String, members: Vec<UserUri>) -> Result<Vec<Mention>, ComityError> {
    contained(|| {
        let mentions = engine::mentions(&markdown, |user| members.contains(user));
        Ok(mentions.into_iter().map(Into::into).collect())
    })
}

/// A link in a Markdown text. It prints nothing of what it says.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Link {
    /// What the reader sees, without formatting.
    pub text: String,
    /// Where it leads, entities and escapes resolved.
    pub target: String,
    /// It is an image: following it is what showing it does.
    pub is_image: bool,
    /// What it leads to.
    pub kind: LinkKind,
    /// Whether its text is where it leads.
    pub agreement: Agreement,
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LinkKind {
    /// A user: if in the room, this is a mention.
    User {
        /// Who.
        user: UserUri,
    },
    /// A room.
    Room {
        /// Which.
        room: RoomUri,
    },
    /// Another part of the same message.
    Part {
        /// Its place: depth first from 0, multiparts counted as well.
        index: u16,
    },
    /// A page of the web.
    Web,
    /// Anything else.
    Other,
}

/// Whether what a reader sees of a link is where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Agreement {
    /// The text is the target, or another way to write it. No warning is needed.
    Agrees,
    /// The text is words and claims no target.
    Silent,
    /// The text is an address, and the link leads to another one. Warn.
    Differs,
    /// The text says `https` and the link leads to the same place by `http`. Warn.
    Downgrade,
}

/// A link to somebody in the room.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Mention {
    /// Who is mentioned.
    pub user: UserUri,
    /// What the sender calls them. Only a hint: show the name that you know.
    pub hint: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            text: _,
            target: _,
            is_image,
            kind: _,
            agreement,
        } = self;
        f.debug_struct("Link")
            .field("is_image", is_image)
            .field("agreement", agreement)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Mention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, hint: _ } = self;
        f.debug_struct("Mention")
            .field("user", user)
            .finish_non_exhaustive()
    }
}

impl From<engine::Link> for Link {
    fn from(link: engine::Link) -> Self {
        let (kind, agreement) = (link.kind().into(), link.agreement().into());
        // The engine's may grow; a test compares the fields.
        let engine::Link {
            text,
            target,
            is_image,
            ..
        } = link;
        Self {
            text,
            target,
            is_image,
            kind,
            agreement,
        }
    }
}

impl From<engine::LinkKind> for LinkKind {
    fn from(kind: engine::LinkKind) -> Self {
        match kind {
            engine::LinkKind::User(user) => Self::User { user },
            engine::LinkKind::Room(room) => Self::Room { room },
            engine::LinkKind::Part(index) => Self::Part { index: index.0 },
            engine::LinkKind::Web => Self::Web,
            // `Other`, and what this version does not know.
            _ => Self::Other,
        }
    }
}

impl From<engine::Agreement> for Agreement {
    fn from(agreement: engine::Agreement) -> Self {
        match agreement {
            engine::Agreement::Agrees => Self::Agrees,
            engine::Agreement::Silent => Self::Silent,
            engine::Agreement::Differs => Self::Differs,
            engine::Agreement::Downgrade => Self::Downgrade,
        }
    }
}

impl From<engine::Mention> for Mention {
    fn from(mention: engine::Mention) -> Self {
        // The engine's may grow; a test compares the fields.
        let engine::Mention { user, hint, .. } = mention;
        Self { user, hint }
    }
}
