//! Who takes part, and what their messengers can show.

use comity::Supported;
use comity::room::{Advertisement, MediaType, media_types};
use comity_examples::Fault;

use crate::material::CARD;

/// The room, and by its name the hub.
pub(crate) const ROOM: &str = "mimi://hub.example/r/lake";

/// A user.
pub(crate) struct User {
    pub(crate) uri: &'static str,
    /// Their clients.
    pub(crate) clients: &'static [&'static str],
}

/// Ada uses Aurora.
pub(crate) const ADA: User = User {
    uri: "mimi://a.example/u/ada",
    clients: &[ADA_PHONE],
};
/// Ben uses Basalt, of another provider.
pub(crate) const BEN: User = User {
    uri: "mimi://b.example/u/ben",
    clients: &[BEN_PHONE],
};
/// Cleo has two clients, and a messenger of a third provider.
pub(crate) const CLEO: User = User {
    uri: "mimi://c.example/u/cleo",
    clients: &[CLEO_PHONE, CLEO_LAPTOP],
};
/// Dora comes later. She uses Aurora, too.
pub(crate) const DORA: User = User {
    uri: "mimi://a.example/u/dora",
    clients: &[DORA_PHONE],
};

pub(crate) const ADA_PHONE: &str = "ada-phone";
pub(crate) const BEN_PHONE: &str = "ben-phone";
pub(crate) const CLEO_PHONE: &str = "cleo-phone";
pub(crate) const CLEO_LAPTOP: &str = "cleo-laptop";
pub(crate) const DORA_PHONE: &str = "dora-phone";

/// Aurora shows Markdown, HTML, pictures and its own cards.
pub(crate) fn aurora() -> Result<Supported, Fault> {
    let more = [
        media_types::html(),
        media_types::png(),
        media_types::jpeg(),
        MediaType::parse(CARD)?,
    ];
    supported(&more)
}

/// Basalt shows what MIMI requires of every client: plain text and Markdown.
pub(crate) fn basalt() -> Result<Supported, Fault> {
    supported(&[])
}

/// Cleo's messenger shows pictures as well.
pub(crate) fn pictures() -> Result<Supported, Fault> {
    supported(&[media_types::png(), media_types::jpeg()])
}

fn supported(more: &[MediaType]) -> Result<Supported, Fault> {
    let required = media_types::baseline();
    let media = Advertisement::new(required.iter().chain(more).cloned())?;
    Ok(Supported {
        media,
        languages: Vec::new(),
    })
}
