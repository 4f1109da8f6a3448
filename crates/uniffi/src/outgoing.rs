//! What is about to be sent, and who would see what of it.

use comity::content::MessageId;
use comity::{ClientUri, UserUri};

use crate::content::Expiration;
use crate::fault::ComityError;
use crate::guard::contained;
use crate::octets::Octets;
use crate::part::Part;

/// A message that is about to be sent: alternatives that say the same thing, richest first, and how they behave. The last one is the
/// basic one, which everybody should be able to read. It prints nothing of what it says.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Outgoing {
    /// The alternatives, richest first. Empty only for a deletion. Of two that the same clients can read, the first alone travels: the
    /// same in several languages is one alternative, a part of which one is chosen.
    pub alternatives: Vec<Part>,
    /// The version of a message that this replies or reacts to.
    #[uniffi(default = None)]
    pub in_reply_to: Option<MessageId>,
    /// The message that this edits or deletes.
    #[uniffi(default = None)]
    pub replaces: Option<MessageId>,
    /// The topic, at most 4,096 octets; none for none.
    #[uniffi(default = None)]
    pub topic: Option<Octets>,
    /// When it is to vanish.
    #[uniffi(default = None)]
    pub expires: Option<Expiration>,
}

/// Plain text.
#[uniffi::export]
#[must_use]
pub fn outgoing_text(text: String) -> Outgoing {
    comity::Outgoing::text(&text).into()
}

/// GFM-MIMI markdown, with its plain form as the basic alternative. HTML in it is sent as text.
#[uniffi::export]
pub fn outgoing_markdown(markdown: String) -> Result<Outgoing, ComityError> {
    contained(|| Ok(comity::Outgoing::markdown(&markdown).into()))
}

/// One reaction to a message, such as an emoji.
#[uniffi::export]
pub fn outgoing_reaction(message: MessageId, reaction: String) -> Result<Outgoing, ComityError> {
    contained(|| Ok(comity::Outgoing::reaction(message, &reaction).into()))
}

/// Takes back the reaction, or deletes the message, with the given id.
#[uniffi::export]
pub fn outgoing_deletion(message: MessageId) -> Result<Outgoing, ComityError> {
    contained(|| Ok(comity::Outgoing::deletion(message).into()))
}

/// What a sender accepts knowingly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Allow {
    /// Some participants will not be able to read it.
    #[uniffi(default = false)]
    pub unreadable_by: bool,
    /// Trust in some participants is broken.
    #[uniffi(default = false)]
    pub broken_trust: bool,
}

/// What to do with a message that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Resolution {
    /// Send the same octets again.
    Retry,
    /// Forget it; it was not accepted.
    Withdraw,
}

/// What will be sent, and who will see what.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Plan {
    /// Which alternatives travel, by their place in the outgoing message, richest first.
    pub sends: Vec<u32>,
    /// For every client in the room, the alternative that it will see.
    pub reach: Vec<Reach>,
    /// The participants that have a client which can read none of the alternatives.
    pub unreadable_by: Vec<UserUri>,
    /// The part tree that will be sent.
    pub part: Part,
}

/// What one client will see.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Reach {
    /// The participant.
    pub user: UserUri,
    /// Their client.
    pub client: ClientUri,
    /// The alternative, by its place in the outgoing message; none if it can read none of them.
    pub sees: Option<u32>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            alternatives,
            in_reply_to,
            replaces,
            topic,
            expires,
        } = self;
        f.debug_struct("Outgoing")
            .field("alternatives", alternatives)
            .field("in_reply_to", in_reply_to)
            .field("replaces", replaces)
            .field("topic", topic)
            .field("expires", expires)
            .finish()
    }
}

impl From<comity::Outgoing> for Outgoing {
    fn from(outgoing: comity::Outgoing) -> Self {
        let comity::Outgoing {
            alternatives,
            in_reply_to,
            replaces,
            topic,
            expires,
        } = outgoing;
        Self {
            alternatives: alternatives.into_iter().map(Into::into).collect(),
            in_reply_to,
            replaces,
            topic: Some(topic).filter(|topic| !topic.is_empty()).map(Into::into),
            expires: expires.map(Into::into),
        }
    }
}

impl TryFrom<Outgoing> for comity::Outgoing {
    type Error = ComityError;

    fn try_from(outgoing: Outgoing) -> Result<Self, ComityError> {
        let Outgoing {
            alternatives,
            in_reply_to,
            replaces,
            topic,
            expires,
        } = outgoing;
        Ok(Self {
            alternatives: alternatives
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            in_reply_to,
            replaces,
            topic: topic.map_or_else(Vec::new, Into::into),
            expires: expires.map(Into::into),
        })
    }
}

impl From<Allow> for comity::Allow {
    fn from(allow: Allow) -> Self {
        let Allow {
            unreadable_by,
            broken_trust,
        } = allow;
        Self {
            unreadable_by,
            broken_trust,
        }
    }
}

impl From<Resolution> for comity::Resolution {
    fn from(how: Resolution) -> Self {
        match how {
            Resolution::Retry => Self::Retry,
            Resolution::Withdraw => Self::Withdraw,
        }
    }
}

impl From<comity::Plan> for Plan {
    fn from(plan: comity::Plan) -> Self {
        let unreadable_by = plan.unreadable_by();
        let part = plan.part().clone().into();
        // The part tree is private there, and taken above.
        let comity::Plan { sends, reach, .. } = plan;
        Self {
            sends: sends.into_iter().map(place).collect(),
            reach: reach.into_iter().map(Into::into).collect(),
            unreadable_by,
            part,
        }
    }
}

impl From<comity::Reach> for Reach {
    fn from(reach: comity::Reach) -> Self {
        let comity::Reach { user, client, sees } = reach;
        Self {
            user,
            client,
            sees: sees.map(place),
        }
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
