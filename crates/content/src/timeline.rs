//! What a room looks like after everything that was said in it.
//!
//! **Owns** what edits, deletes, reactions and replies do to each other. [`fold`] sees all messages at once and so is the
//! specification of what a store, which sees them one by one, must come to: a store keeps a
//! [`Folded`](crate::Folded) per message.
//! **Knows nothing of** roles: it asks whether an action is allowed.
//!
//! The result is the same in whatever order the messages arrive. See *mimi-content*, "Message Behavior Fields" and
//! "Rendering and authorization of edits and deletes".

use std::collections::BTreeMap;

use comity_room::policy::Action;
use comity_room::{Timestamp, UserUri};

use crate::classify::{Class, classify, is_a_reaction, is_reaction};
use crate::extensions::Extensions;
use crate::folded::{Place, Stored, needed};
use crate::message::Expiration;
use crate::message_id::MessageId;
use crate::part::Part;
use crate::replies::{Lineage, find_loops, find_roots};

/// A room, message by message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// What was said, in the room's order.
    pub entries: Vec<Entry>,
    /// Edits, deletes and reactions of something that is not known, or not yet: keep them, it may come.
    pub waiting: Vec<MessageId>,
    /// What had no effect, in the room's order. Not to be hidden from an audit.
    pub refused: Vec<Refused>,
}

/// A message as it stands. `Debug` shows nothing of what it says.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The id of its first version.
    pub id: MessageId,
    /// Who said it.
    pub sender: UserUri,
    /// When the hub accepted its first version.
    pub accepted: Timestamp,
    /// The topic of its first version; no edit can change it.
    pub topic: Vec<u8>,
    /// The expiration of its first version; no edit can change it.
    pub expires: Option<Expiration>,
    /// What its first version replies to; no edit can change it.
    pub in_reply_to: Option<Reference>,
    /// The extensions of its first version; no edit can change them.
    pub extensions: Extensions,
    /// All versions, the first one first and the one to show last. Empty once it is deleted.
    pub versions: Vec<Version>,
    /// The message that deleted it.
    pub deleted: Option<MessageId>,
    /// Reactions that were not taken back, in the room's order. Empty once it is deleted.
    pub reactions: Vec<Reaction>,
}

impl Entry {
    /// The version to show; `None` once it is deleted.
    #[must_use]
    pub fn shown(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Whether another version than the first is shown.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        self.versions.len() > 1
    }

    /// When it is to be deleted, as far as known; a relative expiration begins when this client `read` it.
    #[must_use]
    pub fn due(&self, read: Option<Timestamp>) -> Option<Timestamp> {
        self.expires?.due(read)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            id,
            sender,
            accepted,
            topic,
            expires,
            in_reply_to,
            extensions,
            versions,
            deleted,
            reactions,
        } = self;
        f.debug_struct("Entry")
            .field("id", id)
            .field("sender", sender)
            .field("accepted", accepted)
            .field("topic", &format_args!("({} octets)", topic.len()))
            .field("expires", expires)
            .field("in_reply_to", in_reply_to)
            .field("extensions", extensions)
            .field("versions", versions)
            .field("deleted", deleted)
            .field("reactions", reactions)
            .finish()
    }
}

/// One version of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The id of the message that brought this version.
    pub id: MessageId,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// The body.
    pub part: Part,
}

/// A reference from one message to a version of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The version referred to.
    pub version: MessageId,
    /// The first version of that message; `None` if it is not known.
    pub root: Option<MessageId>,
    /// Another version has taken its place: the author of the reference may have had something else in mind.
    pub is_outdated: bool,
    /// Following references from here leads back to where they have been. Do not follow them.
    pub loops: bool,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The message.
    pub id: MessageId,
    /// What it would have changed.
    pub target: MessageId,
    /// Why.
    pub because: RefusedBecause,
}

/// Why a message had no effect on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedBecause {
    /// Its sender may not do that.
    Unauthorized,
    /// An edit would make a reaction of a message or a message of a reaction.
    ClassChanged,
    /// A reaction to a reaction.
    NotAMessage,
}

/// Folds the messages of a room, in any order.
///
/// `may` says whether the sender of the first message may do this to the second one, which is always a first version.
/// It is asked about edits, deletes and reactions; who may send at all, the hub decides. Edits of what others said are
/// refused without asking.
#[must_use]
pub fn fold(
    messages: impl IntoIterator<Item = Stored>,
    may: impl Fn(&Stored, Action, &Stored) -> bool,
) -> Timeline {
    let messages = by_id(messages);
    let roots = find_roots(
        messages
            .values()
            .map(|message| (message.id, message.content.replaces)),
    );
    let room = Room {
        messages: &messages,
        roots: &roots,
        may,
    };
    room.timeline()
}

/// The messages by id. Should one be there twice, the earlier counts.
fn by_id(messages: impl IntoIterator<Item = Stored>) -> BTreeMap<MessageId, Stored> {
    let mut known: BTreeMap<MessageId, Stored> = BTreeMap::new();
    for message in messages {
        match known.get(&message.id) {
            Some(earlier) if earlier.accepted <= message.accepted => {}
            _ => drop(known.insert(message.id, message)),
        }
    }
    known
}

struct Room<'r, M> {
    messages: &'r BTreeMap<MessageId, Stored>,
    roots: &'r BTreeMap<MessageId, Lineage>,
    may: M,
}

/// All that was done to one message and had an effect.
#[derive(Default)]
struct Effects<'r> {
    /// In order.
    edits: Vec<&'r Stored>,
    deleted: Option<Place>,
}

impl<'r, M: Fn(&Stored, Action, &Stored) -> bool> Room<'r, M> {
    fn timeline(&self) -> Timeline {
        let mut timeline = Timeline::default();
        let effects = self.effects(&mut timeline);
        let loops = find_loops(self.messages.values().map(|message| {
            (
                message.id,
                message
                    .content
                    .in_reply_to
                    .and_then(|target| self.root(target))
                    .map(|root| root.id),
            )
        }));
        let refer = |version: MessageId, from: &Stored| Reference {
            version,
            root: self.root(version).map(|root| root.id),
            is_outdated: self
                .root(version)
                .is_some_and(|root| newest(root, &effects) != version),
            loops: loops.contains(&from.id),
        };
        let mut reactions = self.reactions(&effects, refer, &mut timeline);
        for message in self.in_order() {
            if classify(&message.content) == Class::Message {
                let reactions = reactions.remove(&message.id).unwrap_or_default();
                let in_reply_to = message.content.in_reply_to.map(|target| refer(target, message));
                timeline
                    .entries
                    .push(entry(message, in_reply_to, effects.get(&message.id), reactions));
            }
        }
        timeline
            .refused
            .sort_by_key(|refused| self.messages.get(&refused.id).map(Stored::place));
        timeline
            .waiting
            .sort_by_key(|id| self.messages.get(id).map(Stored::place));
        timeline
    }

    /// Sorts edits, deletes and unlikes to the messages that they change.
    fn effects(&self, timeline: &mut Timeline) -> BTreeMap<MessageId, Effects<'r>> {
        let mut effects: BTreeMap<MessageId, Effects<'r>> = BTreeMap::new();
        for change in self.in_order() {
            let (Class::Edit { target } | Class::Delete { target } | Class::Unlike { target }) =
                classify(&change.content)
            else {
                continue;
            };
            let Some(root) = self.root(change.id) else {
                timeline.waiting.push(change.id);
                continue;
            };
            if let Some(because) = self.refusal(change, root) {
                timeline.refused.push(Refused {
                    id: change.id,
                    target,
                    because,
                });
                continue;
            }
            let effects = effects.entry(root.id).or_default();
            match classify(&change.content) {
                Class::Edit { .. } => effects.edits.push(change),
                _ => effects.deleted = effects.deleted.or_else(|| Some(change.place())),
            }
        }
        effects
    }

    /// Sorts reactions to the messages that they are about.
    fn reactions(
        &self,
        effects: &BTreeMap<MessageId, Effects<'r>>,
        refer: impl Fn(MessageId, &Stored) -> Reference,
        timeline: &mut Timeline,
    ) -> BTreeMap<MessageId, Vec<Reaction>> {
        let mut reactions: BTreeMap<MessageId, Vec<Reaction>> = BTreeMap::new();
        for reaction in self.in_order() {
            let Class::Reaction { target } = classify(&reaction.content) else {
                continue;
            };
            let Some(root) = self.root(target) else {
                timeline.waiting.push(reaction.id);
                continue;
            };
            if let Some(because) = self.refusal(reaction, root) {
                timeline.refused.push(Refused {
                    id: reaction.id,
                    target,
                    because,
                });
                continue;
            }
            let own = effects.get(&reaction.id);
            if own.is_none_or(|own| own.deleted.is_none()) {
                reactions.entry(root.id).or_default().push(Reaction {
                    id: reaction.id,
                    sender: reaction.sender.clone(),
                    accepted: reaction.accepted,
                    target: refer(target, reaction),
                    part: latest(reaction, own).content.part.clone(),
                });
            }
        }
        reactions
    }

    /// Why `change` has no effect on `root`, if it has none.
    fn refusal(&self, change: &Stored, root: &Stored) -> Option<RefusedBecause> {
        let target_is_reaction = is_reaction(&root.content);
        let allowed = needed(change, &root.sender, target_is_reaction)
            .is_some_and(|action| (self.may)(change, action, root));
        match classify(&change.content) {
            Class::Reaction { .. } if is_a_reaction(&root.content) => Some(RefusedBecause::NotAMessage),
            _ if !allowed => Some(RefusedBecause::Unauthorized),
            Class::Edit { .. } if is_reaction(&change.content) != target_is_reaction => {
                Some(RefusedBecause::ClassChanged)
            }
            _ => None,
        }
    }

    /// The first version of the message of which `id` is a version.
    fn root(&self, id: MessageId) -> Option<&'r Stored> {
        match self.roots.get(&id)? {
            Lineage::From(root) => self.messages.get(root),
            Lineage::Lost => None,
        }
    }

    fn in_order(&self) -> impl Iterator<Item = &'r Stored> {
        let mut messages: Vec<_> = self.messages.values().collect();
        messages.sort_by_key(|message| message.place());
        messages.into_iter()
    }
}

/// The newest version of the message whose first version is `root`.
fn latest<'r>(root: &'r Stored, effects: Option<&Effects<'r>>) -> &'r Stored {
    effects
        .and_then(|effects| effects.edits.last().copied())
        .unwrap_or(root)
}

fn newest(root: &Stored, effects: &BTreeMap<MessageId, Effects<'_>>) -> MessageId {
    let edits = effects
        .get(&root.id)
        .map(|effects| effects.edits.as_slice())
        .unwrap_or_default();
    edits.last().map_or(root.id, |edit| edit.id)
}

fn entry(
    root: &Stored,
    in_reply_to: Option<Reference>,
    effects: Option<&Effects<'_>>,
    reactions: Vec<Reaction>,
) -> Entry {
    let edits = effects
        .map(|effects| effects.edits.as_slice())
        .unwrap_or_default();
    let deleted = effects.and_then(|effects| effects.deleted);
    let versions = std::iter::once(root)
        .chain(edits.iter().copied())
        .map(|version| Version {
            id: version.id,
            accepted: version.accepted,
            part: version.content.part.clone(),
        });
    Entry {
        id: root.id,
        sender: root.sender.clone(),
        accepted: root.accepted,
        topic: root.content.topic.clone(),
        expires: root.content.expires,
        in_reply_to,
        extensions: root.content.extensions.clone(),
        versions: if deleted.is_none() {
            versions.collect()
        } else {
            Vec::new()
        },
        deleted: deleted.map(|place| place.id),
        reactions: if deleted.is_none() { reactions } else { Vec::new() },
    }
}

impl Timeline {
    /// The messages of a topic, in the room's order.
    pub fn topic<'t>(&'t self, topic: &[u8]) -> impl Iterator<Item = &'t Entry> {
        self.entries.iter().filter(move |entry| entry.topic == topic)
    }

    /// The message of which `id` is the first version.
    #[must_use]
    pub fn find(&self, id: MessageId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }
}
