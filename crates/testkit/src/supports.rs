//! What the messengers of the stories can receive.

use comity_content::Supported;
use comity_room::{Advertisement, MediaType, media_types};

/// The vendor type that only Aurora reads.
pub const CARD: &str = "application/vnd.aurora.card+json";

/// Basalt: what MIMI requires of every client, and nothing else.
pub fn basic() -> Supported {
    Supported {
        media: media_types::baseline(),
        languages: Vec::new(),
    }
}

/// Aurora: HTML, pictures and its own cards as well.
pub fn enhanced() -> Supported {
    let card = MediaType::parse(CARD).expect("a media type");
    let more = [media_types::html(), media_types::png(), media_types::jpeg(), card];
    let all = media_types::baseline()
        .iter()
        .cloned()
        .chain(more)
        .collect::<Vec<_>>();
    Supported {
        media: Advertisement::new(all).expect("an advertisement"),
        languages: Vec::new(),
    }
}
