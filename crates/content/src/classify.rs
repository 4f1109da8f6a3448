//! What a message does: say something, or change something said before.
//!
//! See *mimi-content*, "Reply", "Reaction", "Edit", "Delete" and "Unlike".

use serde::{Deserialize, Serialize};

use crate::disposition::Disposition;
use crate::message::Content;
use crate::message_id::MessageId;
use crate::part::Body;
use crate::status::is_report;

/// What a message does, as far as it alone tells.
///
/// Whether it may, and what its target is, only the messages before it tell: a [`Delete`](Self::Delete) of a reaction is
/// as good as an [`Unlike`](Self::Unlike), and a target may itself be an edit of something older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Class {
    /// Says something. A reply is one that names what it replies to.
    Message,
    /// Reacts to a message.
    Reaction {
        /// The version that it reacts to.
        target: MessageId,
    },
    /// Replaces the body of a message or reaction.
    Edit {
        /// What it replaces: the first version, if the sender did right.
        target: MessageId,
    },
    /// Takes a message back.
    Delete {
        /// What it deletes: the first version, if the sender did right.
        target: MessageId,
    },
    /// Takes a reaction back, and says so by its disposition.
    Unlike {
        /// The reaction.
        target: MessageId,
    },
    /// Tells what became of other messages, and is not shown itself. See [`StatusReport`](crate::StatusReport).
    Report,
}

/// Tells what a message does.
#[must_use]
pub fn classify(content: &Content) -> Class {
    let is_null = matches!(content.part.body, Body::Null);
    match (content.replaces, content.in_reply_to) {
        (Some(target), _) if is_null && is_reaction(content) => Class::Unlike { target },
        (Some(target), _) if is_null => Class::Delete { target },
        (Some(target), _) => Class::Edit { target },
        (None, Some(target)) if is_reaction(content) && !is_null => Class::Reaction { target },
        (None, _) if is_report(&content.part) => Class::Report,
        (None, _) => Class::Message,
    }
}

/// Whether the message reacts to another one.
pub(crate) fn is_a_reaction(content: &Content) -> bool {
    matches!(classify(content), Class::Reaction { .. })
}

/// Whether the body as a whole is a reaction, to something or not.
pub(crate) fn is_reaction(content: &Content) -> bool {
    content.part.disposition == Disposition::REACTION
}
