//! Messages: what is shown of them, what a frame would bring, and what would be sent.

use comity_content::{Content, MessageId};
use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};

use super::{LARGEST_PAGE, Reader};
use crate::error::Error;
use crate::outgoing::Outgoing;
use crate::plan::{self, Plan, Reach};
use crate::preview::{self, Preview};
use crate::step::Frame;
use crate::store::message::{Delivery, MessageRow, Reacted};
use crate::store::room::Position;
use crate::store::{StorageError, Store, message};

/// A message, as a timeline shows it. `Debug` shows nothing of what it says.
#[derive(Clone)]
pub struct Message {
    /// Its id, which it keeps for ever.
    pub id: MessageId,
    /// The user who sent it.
    pub sender: UserUri,
    /// The client that sent it.
    pub client: ClientUri,
    /// The hub's time; `None` until the hub has accepted it.
    pub accepted: Option<Timestamp>,
    /// The epoch in which it was last encrypted.
    pub epoch: u64,
    /// Where it stands in the timeline.
    pub position: Position,
    /// How it travels.
    pub delivery: Delivery,
    /// What is to be shown: the latest version. `None` once deleted.
    pub content: Option<Content>,
    /// The octets of the version that is shown, as they travelled.
    pub octets: Option<Vec<u8>>,
    /// The ids of later versions, oldest first; not empty once edited.
    pub edits: Vec<MessageId>,
    /// Whether it was deleted by someone who may.
    pub deleted: bool,
    /// The reactions to it.
    pub reactions: Vec<Reacted>,
    /// Whether it was read here.
    pub read: bool,
    /// When it vanishes, if that is known.
    pub expires: Option<Timestamp>,
}

/// Which part of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The latest messages.
    Latest(u32),
    /// So many messages before a position.
    Before(Position, u32),
    /// So many messages after a position.
    After(Position, u32),
}

impl Reader {
    /// Messages of a room, oldest first. What has expired at `now` is not among them.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`](crate::Misuse::NoSuchRoom), [`Error::Storage`].
    pub fn timeline(&self, now: Timestamp, uri: &RoomUri, page: Page) -> Result<Vec<Message>, Error> {
        self.ask_room(uri, |store, row| {
            let mut rows = match page {
                Page::Latest(limit) => before(store, row.id, Position::BEYOND, limit)?,
                Page::Before(position, limit) => before(store, row.id, position, limit)?,
                Page::After(position, limit) => {
                    message::after(store, row.id, position, limit.min(LARGEST_PAGE))?
                }
            };
            rows.retain(|row| !is_over(row, now));
            rows.into_iter().map(|row| shown(store, row)).collect()
        })
    }

    /// One message. `None` if there is none, or it has expired at `now`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn message(&self, now: Timestamp, id: MessageId) -> Result<Option<Message>, Error> {
        self.ask(|store| match message::by_id(store, id)? {
            Some(row) if !is_over(&row, now) => shown(store, row).map(Some),
            _ => Ok(None),
        })
    }

    /// Looks into a frame without taking it: what a notification shows while another process has its turn. A frame that was
    /// taken is answered from what it brought. `None` if it holds no message that a person may see now; and in an extension, if
    /// looking needs more memory than its [`Budget`](crate::Budget) allows.
    ///
    /// Loads the room's group: its cost and memory grow with the room.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn preview(&self, now: Timestamp, frame: &Frame) -> Result<Option<Preview>, Error> {
        self.ask(|store| preview::preview(store, &self.user, now, frame, self.memory))
    }

    /// What `send` would send, and who would see which alternative.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`](crate::Misuse::NoSuchRoom), [`Misuse::Outgoing`](crate::Misuse::Outgoing), [`Error::Storage`].
    pub fn plan(&self, uri: &RoomUri, outgoing: &Outgoing) -> Result<Plan, Error> {
        let (row, view) = self.room_and_view(uri)?;
        let choice = plan::choose(outgoing, &row.classes)?;
        let reach = view.members.iter().map(|member| Reach {
            user: member.user.clone(),
            client: member.client.clone(),
            sees: choice.sees.get(member.class).copied().flatten(),
        });
        Ok(Plan {
            reach: reach.collect(),
            sends: choice.sends,
            part: choice.part,
        })
    }
}

fn before(store: &Store, room: i64, position: Position, limit: u32) -> Result<Vec<MessageRow>, StorageError> {
    let mut rows = message::before(store, room, position, limit.min(LARGEST_PAGE))?;
    rows.reverse();
    Ok(rows)
}

fn is_over(row: &MessageRow, now: Timestamp) -> bool {
    row.erased || row.expires.is_some_and(|expires| expires <= now)
}

/// A message with the content of its latest version.
fn shown(store: &Store, row: MessageRow) -> Result<Message, StorageError> {
    let version = row.folded.edit.unwrap_or(row.id);
    let octets = if row.folded.deleted {
        None
    } else {
        let octets = message::content(store, version)?;
        if octets.is_none() && !is_erased(store, &row, version)? {
            return Err(StorageError::Corrupt);
        }
        octets
    };
    let content = match &octets {
        Some(octets) => Some(Content::decode(octets).map_err(|_| StorageError::Corrupt)?),
        None => None,
    };
    Ok(Message {
        id: row.id,
        position: row.position(),
        sender: row.sender,
        client: row.client,
        accepted: row.accepted,
        epoch: row.epoch,
        delivery: row.delivery,
        content,
        octets,
        edits: row.folded.versions,
        deleted: row.folded.deleted,
        reactions: row.folded.reactions,
        read: row.read,
        expires: row.expires,
    })
}

/// Whether the octets of a version of a message are gone because we have deleted them.
fn is_erased(store: &Store, row: &MessageRow, version: MessageId) -> Result<bool, StorageError> {
    if row.erased || version == row.id {
        return Ok(row.erased);
    }
    Ok(message::by_id(store, version)?.is_none_or(|version| version.erased))
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
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
        } = self;
        let octets = octets.as_ref().map_or(0, Vec::len);
        f.debug_struct("Message")
            .field("id", id)
            .field("sender", sender)
            .field("client", client)
            .field("accepted", accepted)
            .field("epoch", epoch)
            .field("position", position)
            .field("delivery", delivery)
            .field("content", content)
            .field("octets", &format_args!("({octets} octets)"))
            .field("edits", edits)
            .field("deleted", deleted)
            .field("reactions", reactions)
            .field("read", read)
            .field("expires", expires)
            .finish()
    }
}
