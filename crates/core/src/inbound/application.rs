//! Application messages: from the octets that MLS released to a row in the timeline.
//!
//! Whatever is wrong with the content, the frame is finished: its key has been used, so it is never delivered again.

use std::time::Duration;

use comity_content::{Body, Class, Content, Disposition, Expiration, MessageId, Part, Received, classify};
use comity_room::{ClientUri, Timestamp, UserUri};
use comity_wire::{ApplicationFraming, Wire as _};

use super::known::finish;
use crate::error::Error;
use crate::rejection::Rejection;
use crate::step::{EventKind, FrameOutcome, MessageChange};
use crate::store::message::{Delivery, Folded, FrameAt, MessageRow};
use crate::store::room::{Phase, RoomRow};
use crate::store::{message, room};
use crate::timeline::{self, Placed};
use crate::tx::Tx;
use crate::unprocessed::Unprocessed;

/// What MLS released.
pub(super) struct Sent {
    pub(super) client: ClientUri,
    pub(super) epoch: u64,
    pub(super) bytes: Vec<u8>,
}

/// Takes an application message whose key has been used.
pub(super) fn take(
    tx: &mut Tx<'_>,
    mut row: RoomRow,
    frame: FrameAt,
    sent: Sent,
) -> Result<FrameOutcome, Unprocessed> {
    if row.declined {
        return finish(tx, frame.name, None, false);
    }
    let accepted = frame.accepted;
    let view = tx.view(&row)?;
    let Some(user) = view.user_of(&sent.client).cloned() else {
        return used_up(tx, row, frame, Rejection::NotFromMember);
    };
    let received = match open(&sent.bytes) {
        Ok(received) => received,
        Err(reason) => return used_up(tx, row, frame, reason),
    };
    let Ok(id) = received.message_id(&user, &row.uri) else {
        return used_up(tx, row, frame, Rejection::ContentContradicts);
    };
    let (octets, content) = received.into_parts();
    let arrival = Arrival {
        id,
        user,
        client: sent.client,
        epoch: sent.epoch,
        accepted: Some(accepted),
    };
    let mut message = new_row(tx, &row, arrival, &content, Delivery::Received);
    if let Some(seconds) = message.expires_after_read
        && message.sender == tx.me.user
    {
        // Our user's own words, from another client: their time began when the hub accepted them.
        message.expires = Some(accepted.plus(Duration::from_secs(seconds.into())));
        message.erase_due = message.expires;
    }
    message.frame = Some(frame.name);
    message.tie = frame.tie;
    match timeline::place(tx, &mut row, message, &octets)? {
        Placed::New { notify } => Ok(FrameOutcome::Done {
            message: Some(id),
            notify,
        }),
        Placed::Known => repeated(tx, &row, frame, id),
    }
}

/// Who a message is from, and when it was accepted.
pub(crate) struct Arrival {
    pub(crate) id: MessageId,
    pub(crate) user: UserUri,
    pub(crate) client: ClientUri,
    pub(crate) epoch: u64,
    pub(crate) accepted: Option<Timestamp>,
}

/// The row of a message that is new here.
pub(crate) fn new_row(
    tx: &Tx<'_>,
    room: &RoomRow,
    arrival: Arrival,
    content: &Content,
    delivery: Delivery,
) -> MessageRow {
    let (expires_after_read, expires) = match content.expires {
        Some(Expiration::Relative(seconds)) => (Some(seconds), None),
        Some(absolute @ Expiration::Absolute(_)) => (None, absolute.due(None)),
        None => (None, None),
    };
    let class = classify(content);
    let is_reaction = content.part.disposition == Disposition::REACTION;
    MessageRow {
        seq: 0,
        id: arrival.id,
        room: room.id,
        root: target(&class).unwrap_or(arrival.id),
        alone: content.expires.is_some(),
        frame: None,
        tie: 0,
        told: None,
        notify: false,
        counts: arrival.user != tx.me.user,
        sender: arrival.user,
        client: arrival.client,
        epoch: arrival.epoch,
        accepted: arrival.accepted,
        noted: tx.now,
        order: 0,
        delivery,
        class,
        is_reaction,
        reaction: if is_reaction {
            reaction_texts(&content.part)
        } else {
            Vec::new()
        },
        allowed: None,
        folded: Folded::default(),
        expires_after_read,
        expires,
        erase_due: expires,
        over_since: None,
        read: false,
        erased: false,
    }
}

/// What a message changes, if it changes another.
pub(crate) fn target(class: &Class) -> Option<MessageId> {
    match class {
        Class::Reaction { target }
        | Class::Edit { target }
        | Class::Delete { target }
        | Class::Unlike { target } => Some(*target),
        _ => None,
    }
}

/// The texts in a reaction's parts.
fn reaction_texts(part: &Part) -> Vec<String> {
    let text = |part: &Part| match &part.body {
        Body::Single(single) => std::str::from_utf8(&single.content).ok().map(str::to_owned),
        _ => None,
    };
    part.walk().filter_map(|(_, part)| text(part)).collect()
}

/// Takes off the framing and decodes the content.
pub(crate) fn open(bytes: &[u8]) -> Result<Received, Rejection> {
    let framing = ApplicationFraming::decode(bytes).map_err(|_| Rejection::BadFraming)?;
    let is_mimi = match &framing.media_type {
        Some(media_type) => media_type.essence() == "application/mimi-content",
        // The first type of the room's requirement, which in our rooms is MIMI content.
        None => true,
    };
    if !is_mimi {
        return Err(Rejection::BadFraming);
    }
    Received::decode(framing.content).map_err(|error| Rejection::BadContent(error.code().to_owned()))
}

/// The same message again: encrypted anew after its sender lost an answer, or our own from another path.
fn repeated(
    tx: &mut Tx<'_>,
    row: &RoomRow,
    frame: FrameAt,
    id: MessageId,
) -> Result<FrameOutcome, Unprocessed> {
    let known = message::by_id(tx.store, id)?.ok_or(Error::Bug("a message known and unknown"))?;
    if known.is_own_unsent() {
        crate::answer::message_came_back(tx, id, frame)?;
    }
    // Nothing that stands outside the timeline is told of, however often it comes.
    let notify = known.counts && known.shown() && row.phase != Phase::Invited;
    finish(tx, frame.name, Some(id), notify)?;
    Ok(FrameOutcome::Known {
        message: Some(id),
        notify,
    })
}

/// A frame whose key has been used and whose content nobody can show.
fn used_up(
    tx: &mut Tx<'_>,
    mut row: RoomRow,
    frame: FrameAt,
    reason: Rejection,
) -> Result<FrameOutcome, Unprocessed> {
    row.hub_time = row.hub_time.max(frame.accepted);
    room::put(tx.store, &row)?;
    finish(tx, frame.name, None, false)?;
    let advice = reason.advice();
    tx.tell(EventKind::Frame {
        room: Some(row.uri),
        reason: reason.clone(),
        advice,
    })?;
    Ok(FrameOutcome::Rejected { reason, advice })
}

/// Tells what happened to a message.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    room: &RoomRow,
    message: MessageId,
    change: MessageChange,
) -> Result<(), Error> {
    tx.tell(EventKind::Message {
        room: room.uri.clone(),
        message,
        change,
    })
}
