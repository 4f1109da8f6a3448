//! How much memory a frame may need while it is taken, so that an extension leaves to the main app what it cannot afford.
//!
//! An estimate from sizes alone, made before anything is loaded, of what is needed above the code and the caches that every
//! frame needs. The factors were measured with `cargo xtask extension-memory` (docs/reliability.md), and are rounded up.

use openmls::framing::ContentType;

/// What taking an application message needs, in octets of the group's rows.
const MESSAGE: usize = 3;
/// What taking a commit or a proposal needs, in octets of the group's rows.
const HANDSHAKE: usize = 8;
/// What joining by a Welcome needs, in octets of the frame, which has the ratchet tree.
const WELCOME: usize = 16;
/// What every copy of the frame itself adds.
const FRAME: usize = 4;

/// For a frame of a group whose rows take `stored` octets.
pub(crate) fn of_frame(content: ContentType, stored: usize, frame: usize) -> usize {
    let factor = match content {
        ContentType::Application => MESSAGE,
        ContentType::Commit | ContentType::Proposal => HANDSHAKE,
    };
    stored
        .saturating_mul(factor)
        .saturating_add(frame.saturating_mul(FRAME))
}

/// For a Welcome.
pub(crate) fn of_welcome(frame: usize) -> usize {
    frame.saturating_mul(WELCOME)
}
