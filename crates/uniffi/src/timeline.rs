//! What a conversation looks like after all was said, for an app that keeps messages itself.

use std::collections::BTreeMap;

use comity::content as engine;
use comity::content::MessageId;
use comity::room::policy;
use comity::{Timestamp, UserUri};

use crate::content::{Expiration, Extension, decoded, extensions};
use crate::fault::ComityError;
use crate::guard::contained;
use crate::octets::Octets;
use crate::part::Part;
use crate::room::Action;

/// A message with what its delivery tells about it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Stored {
    /// Its id.
    pub id: MessageId,
    /// The user who sent it, whichever client it was.
    pub sender: UserUri,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// What it says: its octets, as they travelled.
    pub octets: Octets,
}

/// What somebody may not do.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Denied {
    /// Who.
    pub user: UserUri,
    /// What.
    pub action: Action,
}

/// A room, message by message.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Timeline {
    /// What was said, in the room's order.
    pub entries: Vec<Entry>,
    /// Edits, deletes and reactions of something that is not known, or not yet: keep them, it may come.
    pub waiting: Vec<MessageId>,
    /// What had no effect, in the room's order. Not to be hidden from an audit.
    pub refused: Vec<Refused>,
}

/// A message as it stands. It prints nothing of what it says.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Entry {
    /// The id of its first version.
    pub id: MessageId,
    /// Who said it.
    pub sender: UserUri,
    /// When the hub accepted its first version.
    pub accepted: Timestamp,
    /// The topic of its first version; no edit can change it.
    pub topic: Octets,
    /// The expiration of its first version; no edit can change it.
    pub expires: Option<Expiration>,
    /// What its first version replies to; no edit can change it.
    pub in_reply_to: Option<Reference>,
    /// The further fields of its first version; no edit can change them.
    pub extensions: Vec<Extension>,
    /// All versions, the first one first and the one to show last. Empty once it is deleted.
    pub versions: Vec<Version>,
    /// The message that deleted it.
    pub deleted: Option<MessageId>,
    /// Reactions that were not taken back, in the room's order. Empty once it is deleted.
    pub reactions: Vec<Reaction>,
}

/// One version of a message.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Version {
    /// The id of the message that brought this version.
    pub id: MessageId,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// The body.
    pub part: Part,
}

/// A reference from one message to a version of another.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Reference {
    /// The version referred to.
    pub version: MessageId,
    /// The first version of that message; none if it is not known.
    pub root: Option<MessageId>,
    /// Another version has taken its place: the author of the reference may have had something else in mind.
    pub is_outdated: bool,
    /// Following references from here leads back to where they have been. Do not follow them.
    pub loops: bool,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Reaction {
    /// The id of its first version, by which it is taken back.
    pub id: MessageId,
    /// Who reacted.
    pub sender: UserUri,
    /// When the hub accepted its first version.
    pub accepted: Timestamp,
    /// What it reacts to.
    pub target: Reference,
    /// The reaction, or as a multipart several.
    pub part: Part,
}

/// A message that had no effect on another.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Refused {
    /// The message.
    pub id: MessageId,
    /// What it would have changed.
    pub target: MessageId,
    /// Why.
    pub because: RefusedBecause,
}

/// Why a message had no effect on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RefusedBecause {
    /// Its sender may not do that.
    Unauthorized,
    /// An edit would make a reaction of a message or a message of a reaction.
    ClassChanged,
    /// A reaction to a reaction.
    NotAMessage,
    /// A reason that this version does not know.
    Other,
}

/// What a message replies to.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Reply {
    /// The message.
    pub message: MessageId,
    /// The version that it replies to.
    pub in_reply_to: MessageId,
}

/// A message, what it replies to, what that replies to, and so on.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ReplyChain {
    /// The messages, the one that was asked about first.
    pub messages: Vec<MessageId>,
    /// How it ends.
    pub end: ChainEnd,
}

/// How a chain of replies ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ChainEnd {
    /// At a message that replies to nothing, or to something that is not known.
    Begins,
    /// At a message that the chain has been to: whoever sent it did what the draft forbids. Do not reply to it.
    Loops,
    /// After 1,024 messages, looked at no further.
    TooLong,
    /// In a way that this version does not know.
    Other,
}

/// Follows replies from a message, given what messages reply to. If a message is there twice, the last counts.
#[uniffi::export]
pub fn reply_chain(from: MessageId, replies: Vec<Reply>) -> Result<ReplyChain, ComityError> {
    contained(|| {
        let replies: BTreeMap<MessageId, MessageId> = replies
            .into_iter()
            .map(|reply| (reply.message, reply.in_reply_to))
            .collect();
        let (messages, end) = engine::reply_chain(from, |message| replies.get(&message).copied());
        let end = match end {
            engine::ChainEnd::Begins => ChainEnd::Begins,
            engine::ChainEnd::Loops => ChainEnd::Loops,
            engine::ChainEnd::TooLong => ChainEnd::TooLong,
            _ => ChainEnd::Other,
        };
        Ok(ReplyChain { messages, end })
    })
}

/// Folds the messages of a room, in any order: edits, deletes, reactions and replies take effect on each other.
///
/// Who is not among those to whom an action is denied may do it. Edits of what others said are refused without asking.
#[uniffi::export]
pub fn fold(messages: Vec<Stored>, denied: Vec<Denied>) -> Result<Timeline, ComityError> {
    contained(|| {
        let messages = messages
            .into_iter()
            .map(TryInto::try_into)
            .collect::<Result<Vec<engine::Stored>, ComityError>>()?;
        let denied: Vec<(UserUri, policy::Action)> = denied
            .into_iter()
            .map(|Denied { user, action }| (user, action.into()))
            .collect();
        let may = |message: &engine::Stored, action, _: &engine::Stored| {
            !denied
                .iter()
                .any(|(user, denied)| *user == message.sender && *denied == action)
        };
        Ok(engine::fold(messages, may).into())
    })
}

impl TryFrom<Stored> for engine::Stored {
    type Error = ComityError;

    fn try_from(stored: Stored) -> Result<Self, ComityError> {
        let Stored {
            id,
            sender,
            accepted,
            octets,
        } = stored;
        Ok(Self {
            id,
            sender,
            accepted,
            content: decoded(&octets.0)?,
        })
    }
}

impl From<engine::Timeline> for Timeline {
    fn from(timeline: engine::Timeline) -> Self {
        let engine::Timeline {
            entries,
            waiting,
            refused,
        } = timeline;
        Self {
            entries: entries.into_iter().map(Into::into).collect(),
            waiting,
            refused: refused.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<engine::Entry> for Entry {
    fn from(entry: engine::Entry) -> Self {
        let engine::Entry {
            id,
            sender,
            accepted,
            topic,
            expires,
            in_reply_to,
            extensions: further,
            versions,
            deleted,
            reactions,
        } = entry;
        Self {
            id,
            sender,
            accepted,
            topic: topic.into(),
            expires: expires.map(Into::into),
            in_reply_to: in_reply_to.map(Into::into),
            extensions: extensions(&further),
            versions: versions.into_iter().map(Into::into).collect(),
            deleted,
            reactions: reactions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<engine::Version> for Version {
    fn from(version: engine::Version) -> Self {
        let engine::Version { id, accepted, part } = version;
        Self {
            id,
            accepted,
            part: part.into(),
        }
    }
}

impl From<engine::Reference> for Reference {
    fn from(reference: engine::Reference) -> Self {
        let engine::Reference {
            version,
            root,
            is_outdated,
            loops,
        } = reference;
        Self {
            version,
            root,
            is_outdated,
            loops,
        }
    }
}

impl From<engine::Reaction> for Reaction {
    fn from(reaction: engine::Reaction) -> Self {
        let engine::Reaction {
            id,
            sender,
            accepted,
            target,
            part,
        } = reaction;
        Self {
            id,
            sender,
            accepted,
            target: target.into(),
            part: part.into(),
        }
    }
}

impl From<engine::Refused> for Refused {
    fn from(refused: engine::Refused) -> Self {
        let engine::Refused { id, target, because } = refused;
        Self {
            id,
            target,
            because: match because {
                engine::RefusedBecause::Unauthorized => RefusedBecause::Unauthorized,
                engine::RefusedBecause::ClassChanged => RefusedBecause::ClassChanged,
                engine::RefusedBecause::NotAMessage => RefusedBecause::NotAMessage,
                _ => RefusedBecause::Other,
            },
        }
    }
}
