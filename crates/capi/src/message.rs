//! Messages: a room's timeline, one message, a look into a frame.

use std::ffi::c_char;
use std::ptr;

use comity::{Delivery, Message, Page, Preview, Reacted};

use crate::content::{self, comity_content};
use crate::event::refusal_detail;
use crate::fault::comity_error;
use crate::guard::guard;
use crate::inbound::frame;
use crate::input::time;
use crate::output::{self, Keep, Shown};
use crate::reader::comity_reader;
use crate::values::{comity_bytes, comity_message_id, comity_position, comity_status, comity_text};

/// How a message travels.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_delivery {
    /// Something that this header does not know.
    Other = 0,
    /// It came from another client.
    Received = 1,
    /// It is ours and waits for another epoch, or for the room.
    Waiting = 2,
    /// It is ours and on its way to the hub.
    Sending = 3,
    /// It is ours and the hub has accepted it.
    Accepted = 4,
    /// It is ours and the hub will not take it: `reason`. Resolve it.
    Refused = 5,
    /// It is ours and could not be delivered. Resolve it.
    Undeliverable = 6,
}

/// One reaction to a message.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_reaction {
    /// Who reacted.
    pub by: *const c_char,
    /// The reaction's own id, by which its sender takes it back.
    pub id: comity_message_id,
    /// The version that was reacted to.
    pub to: comity_message_id,
    /// The reactions as text, such as an emoji; several if the message carried several.
    pub texts: *const comity_text,
    /// How many.
    pub texts_len: usize,
}

/// A message, as a timeline shows it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_message {
    /// Its id, which it keeps for ever.
    pub id: comity_message_id,
    /// The user who sent it.
    pub sender: *const c_char,
    /// The client that sent it.
    pub client: *const c_char,
    /// Whether the hub has accepted it.
    pub has_accepted: bool,
    /// Whether it was deleted by someone who may.
    pub deleted: bool,
    /// Whether it was read here.
    pub read: bool,
    /// Whether it is known when it vanishes.
    pub has_expires: bool,
    /// How it travels.
    pub delivery: comity_delivery,
    /// The hub's time.
    pub accepted: u64,
    /// When it vanishes.
    pub expires: u64,
    /// The epoch in which it was last encrypted.
    pub epoch: u64,
    /// Where it stands in the timeline.
    pub position: comity_position,
    /// For COMITY_DELIVERY_REFUSED: why, one of `comity_code`; else 0.
    pub reason: comity_status,
    /// The same in words, or NULL.
    pub reason_name: *const c_char,
    /// For a refusal that names a rule: that rule, as the hub calls it; else NULL.
    pub reason_detail: *const c_char,
    /// What is to be shown: the latest version. NULL once deleted.
    pub content: *const comity_content,
    /// The octets of the version that is shown, as they travelled: for `comity_select`.
    pub octets: comity_bytes,
    /// The ids of later versions, oldest first; not empty once edited.
    pub edits: *const comity_message_id,
    /// How many.
    pub edits_len: usize,
    /// The reactions to it.
    pub reactions: *const *const comity_reaction,
    /// How many.
    pub reactions_len: usize,
}

/// Messages, oldest first; or one. Free it with `comity_messages_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_messages {
    /// The messages.
    pub items: *const *const comity_message,
    /// How many.
    pub len: usize,
}

impl Shown for comity_messages {}

/// The latest messages of a room, oldest first; at most `limit`, and never more than 1,000. What has expired at `now` is not among
/// them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_timeline(
    reader: *const comity_reader,
    now: u64,
    room: *const c_char,
    limit: u32,
    messages: *mut *mut comity_messages,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(messages)?;
        let room = call.room(room)?;
        let found = call
            .reader(reader)?
            .timeline(time(now), &room, Page::Latest(limit))?;
        let (shown, keep) = shown(found);
        out.give(shown, keep)
    })
}

/// Messages before a position, as `comity_reader_timeline` tells them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_timeline_before(
    reader: *const comity_reader,
    now: u64,
    room: *const c_char,
    position: *const comity_position,
    limit: u32,
    messages: *mut *mut comity_messages,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(messages)?;
        let (room, position) = (call.room(room)?, *call.object(position)?);
        let page = Page::Before(position.into(), limit);
        let (shown, keep) = shown(call.reader(reader)?.timeline(time(now), &room, page)?);
        out.give(shown, keep)
    })
}

/// Messages after a position, as `comity_reader_timeline` tells them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_timeline_after(
    reader: *const comity_reader,
    now: u64,
    room: *const c_char,
    position: *const comity_position,
    limit: u32,
    messages: *mut *mut comity_messages,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(messages)?;
        let (room, position) = (call.room(room)?, *call.object(position)?);
        let page = Page::After(position.into(), limit);
        let (shown, keep) = shown(call.reader(reader)?.timeline(time(now), &room, page)?);
        out.give(shown, keep)
    })
}

/// One message. The list is empty if there is none, or it has expired at `now`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_message(
    reader: *const comity_reader,
    now: u64,
    id: *const comity_message_id,
    messages: *mut *mut comity_messages,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(messages)?;
        let found = call.reader(reader)?.message(time(now), call.message(id)?)?;
        let (shown, keep) = shown(found.into_iter().collect());
        out.give(shown, keep)
    })
}

/// Frees messages. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_messages_free(messages: *mut comity_messages) {
    output::free(messages);
}

/// What is in a frame that has not been taken, or was. Free it with `comity_preview_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_preview {
    /// The room.
    pub room: *const c_char,
    /// The message.
    pub message: comity_message_id,
    /// Who sent it.
    pub sender: *const c_char,
    /// With which client.
    pub client: *const c_char,
    /// When the hub accepted it.
    pub accepted: u64,
    /// What it says. For an edit, a deletion or a reaction this names the message that it changes.
    pub content: *const comity_content,
    /// Whether a person should be told.
    pub notify: bool,
}

impl Shown for comity_preview {}

/// Looks into a frame without taking it: what a notification shows while another process has its turn. `*preview` is NULL if the
/// frame holds no message that a person may see now. The arguments are those of `comity_batch_add`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_preview(
    reader: *const comity_reader,
    now: u64,
    room: *const c_char,
    from: *const c_char,
    kind: u32,
    octets: *const u8,
    octets_len: usize,
    preview: *mut *mut comity_preview,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(preview)?;
        let frame = frame(call, room, from, kind, octets, octets_len)?;
        let Some(found) = call.reader(reader)?.preview(time(now), &frame)? else {
            return Ok(());
        };
        let (shown, keep) = previewed(&found);
        out.give(shown, keep)
    })
}

/// Frees a preview. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_preview_free(preview: *mut comity_preview) {
    output::free(preview);
}

fn previewed(preview: &Preview) -> (comity_preview, Keep) {
    let mut keep = Keep::new();
    let shown = comity_preview {
        room: keep.word(preview.room.as_ref()),
        message: preview.message.into(),
        sender: keep.word(preview.sender.as_ref()),
        client: keep.word(preview.client.as_ref()),
        accepted: preview.accepted.as_millis(),
        content: content::kept(&preview.content, &mut keep),
        notify: preview.notify,
    };
    (shown, keep)
}

fn shown(messages: Vec<Message>) -> (comity_messages, Keep) {
    let mut keep = Keep::new();
    let shown: Vec<_> = messages
        .into_iter()
        .map(|message| one(message, &mut keep))
        .collect();
    let len = shown.len();
    let items = keep.pointers(shown);
    (comity_messages { items, len }, keep)
}

fn one(message: Message, keep: &mut Keep) -> comity_message {
    let Message {
        id,
        sender,
        client,
        accepted,
        epoch,
        position,
        delivery,
        content,
        octets,
        edits,
        deleted,
        reactions,
        read,
        expires,
    } = message;
    let refusal = match &delivery {
        Delivery::Refused(refusal) => Some(refusal),
        _ => None,
    };
    let reactions: Vec<_> = reactions.into_iter().map(|one| reaction(one, keep)).collect();
    comity_message {
        id: id.into(),
        sender: keep.word(sender.as_ref()),
        client: keep.word(client.as_ref()),
        has_accepted: accepted.is_some(),
        deleted,
        read,
        has_expires: expires.is_some(),
        delivery: (&delivery).into(),
        accepted: accepted.map_or(0, |at| at.as_millis()),
        expires: expires.map_or(0, |at| at.as_millis()),
        epoch,
        position: position.into(),
        reason: refusal.map_or(0, |refusal| refusal.number()),
        reason_name: keep.optional_word(refusal.map(|refusal| refusal.code())),
        reason_detail: keep.optional_word(refusal.and_then(refusal_detail)),
        content: content.map_or(ptr::null(), |content| content::kept(&content, keep)),
        octets: keep.moved_bytes(octets.unwrap_or_default()),
        edits_len: edits.len(),
        edits: keep.list(edits.into_iter().map(Into::into).collect()),
        reactions_len: reactions.len(),
        reactions: keep.pointers(reactions),
    }
}

fn reaction(reaction: Reacted, keep: &mut Keep) -> comity_reaction {
    let Reacted { by, id, text, to } = reaction;
    let texts: Vec<_> = text.iter().map(|text| keep.text(text)).collect();
    comity_reaction {
        by: keep.word(by.as_ref()),
        id: id.into(),
        to: to.into(),
        texts_len: texts.len(),
        texts: keep.list(texts),
    }
}

impl From<&Delivery> for comity_delivery {
    fn from(delivery: &Delivery) -> Self {
        match delivery {
            Delivery::Received => Self::Received,
            Delivery::Waiting => Self::Waiting,
            Delivery::Sending => Self::Sending,
            Delivery::Accepted => Self::Accepted,
            Delivery::Refused(_) => Self::Refused,
            Delivery::Undeliverable => Self::Undeliverable,
            _ => Self::Other,
        }
    }
}
