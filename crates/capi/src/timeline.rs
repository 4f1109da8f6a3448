//! Folding messages of which the host keeps the octets, without a client: what edits, deletions, reactions and replies come to.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::ptr;

use comity::content::{
    self, Content, Entry, MessageId, PartIndex, Reaction, Reference, Refused, RefusedBecause, Stored,
    Timeline, Version,
};
use comity::room::Timestamp;
use comity::room::policy::Action;

use crate::content::{comity_expires, comity_part, expiration, kept_part};
use crate::fault::comity_error;
use crate::guard::guard;
use crate::handle::{self, Handle};
use crate::input::{invalid, time};
use crate::output::{self, Keep, Shown};
use crate::room::ACTIONS;
use crate::step::optional_id;
use crate::values::{comity_bytes, comity_message_id, comity_status};

/// Messages of one room that are to be folded. One thread at a time; free it with `comity_fold_free`.
pub struct comity_fold {
    messages: Vec<Stored>,
    /// What the senders may do, by message; should one be there twice, the earlier counts.
    may: BTreeMap<(MessageId, Timestamp), u64>,
}

impl Handle for comity_fold {}

/// More messages than a room is folded of at once.
const MOST: usize = 1 << 20;

/// A reference from one message to a version of another.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_reference {
    /// The version referred to.
    pub version: comity_message_id,
    /// The first version of that message; NULL if it is not known.
    pub root: *const comity_message_id,
    /// Another version has taken its place: the author of the reference may have had something else in mind.
    pub is_outdated: bool,
    /// Following references from here leads back to where they have been. Do not follow them.
    pub loops: bool,
}

/// One version of a message.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_message_version {
    /// The id of the message that brought this version.
    pub id: comity_message_id,
    /// When the hub accepted it.
    pub accepted: u64,
    /// The body.
    pub part: *const comity_part,
}

/// A reaction to a folded message.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_entry_reaction {
    /// The id of its first version, by which it is taken back.
    pub id: comity_message_id,
    /// Who reacted.
    pub sender: *const c_char,
    /// When the hub accepted its first version.
    pub accepted: u64,
    /// What it reacts to.
    pub target: comity_reference,
    /// The reaction, or as a multipart several.
    pub part: *const comity_part,
}

/// A folded message. What no edit can change is that of its first version.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_entry {
    /// The id of its first version.
    pub id: comity_message_id,
    /// Who said it.
    pub sender: *const c_char,
    /// When the hub accepted its first version.
    pub accepted: u64,
    /// The topic; empty for none.
    pub topic: comity_bytes,
    /// When it vanishes.
    pub expires: comity_expires,
    /// The seconds of that.
    pub expires_seconds: u32,
    /// What it replies to, or NULL.
    pub in_reply_to: *const comity_reference,
    /// All versions, the first one first and the one to show last. Empty once it is deleted.
    pub versions: *const *const comity_message_version,
    /// How many.
    pub versions_len: usize,
    /// The message that deleted it, or NULL.
    pub deleted: *const comity_message_id,
    /// Reactions that were not taken back, in the room's order. Empty once it is deleted.
    pub reactions: *const *const comity_entry_reaction,
    /// How many.
    pub reactions_len: usize,
}

/// Why a message had no effect on another.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_refused_because {
    /// A reason that this header does not know.
    Other = 0,
    /// Its sender may not do that.
    Unauthorized = 1,
    /// An edit would make a reaction of a message or a message of a reaction.
    ClassChanged = 2,
    /// A reaction to a reaction.
    NotAMessage = 3,
}

/// A message that had no effect on another.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_refused {
    /// The message.
    pub id: comity_message_id,
    /// What it would have changed.
    pub target: comity_message_id,
    /// Why.
    pub because: comity_refused_because,
}

/// A room, message by message. Free it with `comity_timeline_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_timeline {
    /// What was said, in the room's order.
    pub entries: *const *const comity_entry,
    /// How many.
    pub entries_len: usize,
    /// Edits, deletions and reactions of something that is not known, or not yet: keep them, it may come.
    pub waiting: *const comity_message_id,
    /// How many.
    pub waiting_len: usize,
    /// What had no effect, in the room's order. Not to be hidden from an audit.
    pub refused: *const *const comity_refused,
    /// How many.
    pub refused_len: usize,
}

impl Shown for comity_timeline {}

/// No messages yet. A client folds its own rooms: `comity_reader_timeline`. This is for messages that a host keeps by itself, such as an
/// archive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_fold_new(
    fold: *mut *mut comity_fold,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.out(fold)?.give_handle(comity_fold {
            messages: Vec::new(),
            may: BTreeMap::new(),
        })
    })
}

/// Adds a message; the order does not matter.
///
/// `accepted`: the hub's time. `octets`: the message as it travelled. `may`: what its sender may do in the room, the sum of `1 << action`
/// for each comity_action; UINT64_MAX for everything. Who may send at all, the hub has decided; edits of what others said have
/// no effect, whoever may what.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_fold_add(
    fold: *mut comity_fold,
    id: *const comity_message_id,
    sender: *const c_char,
    accepted: u64,
    octets: *const u8,
    octets_len: usize,
    may: u64,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let message = Stored {
            id: call.message(id)?,
            sender: call.user(sender)?,
            accepted: time(accepted),
            content: Content::decode(call.octets(octets, octets_len)?)
                .map_err(|error| invalid(error.code()))?,
        };
        let fold = call.builder(fold)?;
        if fold.messages.len() == MOST {
            return Err(comity::Misuse::TooLong.into());
        }
        fold.may.insert((message.id, message.accepted), may);
        fold.messages.push(message);
        Ok(())
    })
}

/// What the messages come to. The same for any order in which they were added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_fold_timeline(
    fold: *const comity_fold,
    timeline: *mut *mut comity_timeline,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(timeline)?;
        let comity_fold { messages, may } = call.object(fold)?;
        let allowed = |message: &Stored, action: Action, _: &Stored| {
            let may = may.get(&(message.id, message.accepted)).copied();
            may.unwrap_or_default() & bit(action) != 0
        };
        let (shown, keep) = shown(&content::fold(messages.iter().cloned(), allowed));
        out.give(shown, keep)
    })
}

/// Frees messages that were to be folded. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_fold_free(fold: *mut comity_fold) {
    handle::free(fold);
}

/// Frees a timeline. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_timeline_free(timeline: *mut comity_timeline) {
    output::free(timeline);
}

/// An action's place in a sum of them: its number in comity_action is one more than its place in the list.
fn bit(action: Action) -> u64 {
    let at = ACTIONS.iter().position(|known| *known == action);
    at.and_then(|at| 2_u64.checked_shl(u32::try_from(at).unwrap_or(u32::MAX)))
        .unwrap_or_default()
}

fn shown(timeline: &Timeline) -> (comity_timeline, Keep) {
    let Timeline {
        entries,
        waiting,
        refused,
    } = timeline;
    let mut keep = Keep::new();
    let entries: Vec<_> = entries.iter().map(|one| entry(one, &mut keep)).collect();
    let refused: Vec<_> = refused.iter().map(refused_shown).collect();
    let shown = comity_timeline {
        entries_len: entries.len(),
        entries: keep.pointers(entries),
        waiting_len: waiting.len(),
        waiting: keep.list(waiting.iter().map(|id| (*id).into()).collect()),
        refused_len: refused.len(),
        refused: keep.pointers(refused),
    };
    (shown, keep)
}

fn entry(entry: &Entry, keep: &mut Keep) -> comity_entry {
    let Entry {
        id,
        sender,
        accepted,
        topic,
        expires,
        in_reply_to,
        extensions: _,
        versions,
        deleted,
        reactions,
    } = entry;
    let (expires, expires_seconds) = expiration(*expires);
    let versions: Vec<_> = versions.iter().map(|one| version(one, keep)).collect();
    let reactions: Vec<_> = reactions.iter().map(|one| reaction(one, keep)).collect();
    comity_entry {
        id: (*id).into(),
        sender: keep.word(sender.as_ref()),
        accepted: accepted.as_millis(),
        topic: keep.bytes(topic.clone()),
        expires,
        expires_seconds,
        in_reply_to: match in_reply_to {
            Some(to) => {
                let to = reference(to, keep);
                keep.one(to)
            }
            None => ptr::null(),
        },
        versions_len: versions.len(),
        versions: keep.pointers(versions),
        deleted: optional_id(*deleted, keep),
        reactions_len: reactions.len(),
        reactions: keep.pointers(reactions),
    }
}

fn version(version: &Version, keep: &mut Keep) -> comity_message_version {
    let Version { id, accepted, part } = version;
    comity_message_version {
        id: (*id).into(),
        accepted: accepted.as_millis(),
        part: kept_part(part, PartIndex::ROOT, keep),
    }
}

fn reaction(reaction: &Reaction, keep: &mut Keep) -> comity_entry_reaction {
    let Reaction {
        id,
        sender,
        accepted,
        target,
        part,
    } = reaction;
    comity_entry_reaction {
        id: (*id).into(),
        sender: keep.word(sender.as_ref()),
        accepted: accepted.as_millis(),
        target: reference(target, keep),
        part: kept_part(part, PartIndex::ROOT, keep),
    }
}

fn reference(reference: &Reference, keep: &mut Keep) -> comity_reference {
    let Reference {
        version,
        root,
        is_outdated,
        loops,
    } = *reference;
    comity_reference {
        version: version.into(),
        root: optional_id(root, keep),
        is_outdated,
        loops,
    }
}

fn refused_shown(refused: &Refused) -> comity_refused {
    let Refused { id, target, because } = *refused;
    comity_refused {
        id: id.into(),
        target: target.into(),
        because: match because {
            RefusedBecause::Unauthorized => comity_refused_because::Unauthorized,
            RefusedBecause::ClassChanged => comity_refused_because::ClassChanged,
            RefusedBecause::NotAMessage => comity_refused_because::NotAMessage,
            _ => comity_refused_because::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::comity_action;

    #[test]
    fn the_place_of_an_action_in_a_sum_is_its_number() {
        for (action, number) in [
            (Action::Send, comity_action::Send),
            (Action::EditOwn, comity_action::EditOwn),
            (Action::CopyLink, comity_action::CopyLink),
        ] {
            assert_eq!(bit(action), 1 << (number as u32));
        }
    }
}
