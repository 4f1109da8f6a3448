//! What the draft asks of senders beyond what can be decoded.
//!
//! A receiver tolerates all of this, so no decoder refuses it; we do not send it.

use thiserror::Error;

use crate::attachment::{self, AttachmentError};
use crate::cid::{self, LinkError};
use crate::disposition::Disposition;
use crate::language::is_language_list;
use crate::media;
use crate::message::Content;
use crate::part::{Body, Part, PartIndex, SinglePart};
use crate::reaction::holds_several_reactions;

/// Checks a message that we are about to send: languages, reactions, links between parts, and external parts.
///
/// # Errors
/// The first part, by index, that the draft tells senders not to send, and why.
pub fn check_outgoing(content: &Content) -> Result<(), OutgoingError> {
    content.part.walk().try_for_each(|(index, part)| {
        check_part(&content.part, part).map_err(|reason| OutgoingError { index, reason })
    })
}

fn check_part(root: &Part, part: &Part) -> Result<(), OutgoingReason> {
    if !is_language_list(&part.language) {
        return Err(OutgoingReason::Language);
    }
    match &part.body {
        Body::Single(single) if part.disposition == Disposition::REACTION => check_reaction(single),
        Body::Single(_) => {
            cid::links(part)
                .into_iter()
                .try_for_each(|index| cid::resolve(root, index).map(drop))?;
            Ok(())
        }
        Body::External(external) => Ok(attachment::check_lengths(external)?),
        Body::Null | Body::Multi(_) => Ok(()),
    }
}

fn check_reaction(single: &SinglePart) -> Result<(), OutgoingReason> {
    match std::str::from_utf8(&single.content) {
        Ok(text) if media::is(&single.media_type, "text/plain") && holds_several_reactions(text) => {
            Err(OutgoingReason::SeveralReactions)
        }
        _ => Ok(()),
    }
}

/// A part that we do not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("part {index}: {reason}")]
pub struct OutgoingError {
    /// The part.
    pub index: PartIndex,
    /// What is wrong with it.
    pub reason: OutgoingReason,
}

impl OutgoingError {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.reason {
            OutgoingReason::Language => "outgoing_language",
            OutgoingReason::SeveralReactions => "outgoing_several_reactions",
            OutgoingReason::Link(reason) => reason.code(),
            OutgoingReason::External(reason) => reason.code(),
        }
    }
}

/// Why we do not send a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OutgoingReason {
    /// Its language is neither empty nor a list of RFC 5646 tags.
    #[error("language is not a list of language tags")]
    Language,
    /// Its text holds several reactions.
    #[error("several reactions in one text")]
    SeveralReactions,
    /// It links to something that cannot be shown.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Its key or nonce does not fit its algorithm.
    #[error(transparent)]
    External(#[from] AttachmentError),
}
