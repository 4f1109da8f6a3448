//! Looking into a frame without taking it: what a notification shows while another process has its turn.
//!
//! The group is loaded, used once and thrown away; nothing is written, so the frame can still be taken.

use std::{fmt, slice};

use comity_content::{Class, Content, MessageId, classify};
use comity_room::policy::Action;
use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};
use comity_wire::FanoutMessage;
use openmls::framing::ContentType;

use crate::crypto::Crypto;
use crate::group::{Group, Processed};
use crate::inbound::{self, application, weight};
use crate::provider::Provider;
use crate::sender;
use crate::step::Frame;
use crate::store::message::FrameAt;
use crate::store::room::{Phase, RoomRow};
use crate::store::{MlsStore, Reads, StorageError, Store, message, room, small};

/// What is in a frame that has not been taken, or was.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Preview {
    /// The room.
    pub room: RoomUri,
    /// The message.
    pub message: MessageId,
    /// Who sent it.
    pub sender: UserUri,
    /// With which client.
    pub client: ClientUri,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// What it says. For an edit, a deletion or a reaction this names the message that it changes.
    pub content: Content,
    /// Whether a person should be told: it is another user's, stands in the timeline, and its time is not over.
    pub notify: bool,
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preview")
            .field("room", &self.room)
            .field("message", &self.message)
            .field("sender", &self.sender)
            .field("client", &self.client)
            .field("accepted", &self.accepted)
            .field("notify", &self.notify)
            .finish_non_exhaustive()
    }
}

/// Looks into a frame. `None` if it holds no message that a person may see: a handshake, a frame of a room that we do not
/// take part in, one that waits for another, one that would be rejected, or one that would need more than `memory`.
pub(crate) fn preview(
    store: &Store,
    us: &UserUri,
    now: Timestamp,
    frame: &Frame,
    memory: usize,
) -> Result<Option<Preview>, StorageError> {
    let Ok((fanout, Some(protocol))) = FanoutMessage::decode_with_message(&frame.bytes) else {
        return Ok(None);
    };
    let Some(row) = room::by_group(store, protocol.group_id().as_slice())? else {
        return Ok(None);
    };
    let shows = matches!(row.phase, Phase::Joined | Phase::Leaving) && !row.declined;
    if !shows || inbound::place(frame, &row).is_err() || protocol.content_type() != ContentType::Application {
        return Ok(None);
    }
    let hash = fanout.message.sha256();
    let at = FrameAt {
        room: row.id,
        accepted: fanout.accepted_at,
        tie: message::tie_of(&hash),
        name: small::frame_key(store, &hash),
    };
    if message::is_taken(store, at)? {
        return taken(store, row, now, at);
    }
    let mls = MlsStore::for_room(store, row.scope);
    let stored = mls.stored()?;
    if weight::of_frame(ContentType::Application, stored, frame.bytes.len()) > memory {
        return Ok(None);
    }
    let crypto = Crypto::default();
    let secret = match protocol.epoch().as_u64() == row.epoch {
        true => mls.sender_data_secret()?,
        false => None,
    };
    let sender = secret.and_then(|secret| sender::leaf(&crypto, &secret, fanout.message.as_slice()));
    let reads = sender
        .as_ref()
        .map_or(Reads::All, |leaf| Reads::Leaves(slice::from_ref(leaf)));
    let provider = Provider::for_nothing(&crypto, store, row.scope, reads);
    let Ok(Some(mut group)) = Group::load(&provider, &row.group) else {
        return Err(StorageError::Corrupt);
    };
    let Ok(Processed::Application { sender, bytes, .. }) = group.process(&provider, protocol, &[]) else {
        return Ok(None);
    };
    let view = room::view(store, row.id)?.ok_or(StorageError::Corrupt)?;
    let (Some(user), Ok(received)) = (view.user_of(&sender).cloned(), application::open(&bytes)) else {
        return Ok(None);
    };
    let Ok(id) = received.message_id(&user, &row.uri) else {
        return Ok(None);
    };
    let (_, content) = received.into_parts();
    let class = classify(&content);
    let allowed = match class {
        Class::Message => view.may(&user, Action::Send),
        Class::Reaction { .. } => view.may(&user, Action::React),
        _ => true,
    };
    let over = content
        .expires
        .and_then(|expires| expires.due(None))
        .is_some_and(|due| due <= now);
    if !allowed || over {
        return Ok(None);
    }
    Ok(Some(Preview {
        room: row.uri,
        message: id,
        notify: user != *us && matches!(class, Class::Message),
        sender: user,
        client: sender,
        accepted: at.accepted,
        content,
    }))
}

/// The message that a frame brought when it was taken.
fn taken(store: &Store, room: RoomRow, now: Timestamp, at: FrameAt) -> Result<Option<Preview>, StorageError> {
    let known = match message::by_frame(store, at)? {
        Some(row) => Some(row),
        None => match small::seen(store, at.name)?.and_then(|seen| seen.message) {
            Some(id) => message::by_id(store, id)?,
            None => None,
        },
    };
    let Some(row) = known.filter(|row| !row.erased && row.expires.is_none_or(|expires| expires > now)) else {
        return Ok(None);
    };
    let Some(octets) = message::content(store, row.id)? else {
        return Ok(None);
    };
    Ok(Some(Preview {
        room: room.uri,
        message: row.id,
        sender: row.sender,
        client: row.client,
        accepted: row.accepted.unwrap_or(at.accepted),
        content: Content::decode(&octets).map_err(|_| StorageError::Corrupt)?,
        notify: row.notify,
    }))
}
