//! Queries: on a connection of their own, on any thread, never waiting for `receive`.
//!
//! Each query sees one state of the file and ends its read transaction before it returns. None but [`Reader::preview`] loads a group.

use std::sync::{Arc, Mutex};

use comity_content::{Content, MessageId};
use comity_room::policy::Action;
use comity_room::{
    Advertisement, ClientUri, MediaType, Requirement, RoleIndex, RoomMetadata, RoomUri, Timestamp, UserUri,
    missing,
};

use crate::change;
use crate::error::{Blocked, Error, Misuse};
use crate::inbound::cursor_name;
use crate::me::Me;
use crate::opening::Opening;
use crate::outgoing::Outgoing;
use crate::plan::{self, Plan, Reach};
use crate::preview::{self, Preview};
use crate::step::{Change, Cursor, Event, Frame, Request, RequestId, Seq, TaskId};
use crate::store::health::{self, Health};
use crate::store::message::{Delivery, MessageRow, Reacted};
use crate::store::room::{MemberRow, Phase, Position, RoomRow, RoomView};
use crate::store::{StorageError, Store, due, event, message, outbox, room, small};
use crate::task::Task;

/// Answers questions about a client's file.
///
/// It has its own read-only connection: an app keeps one on its UI thread while the client works on another.
pub struct Reader {
    store: Latch,
    user: UserUri,
    client: ClientUri,
    /// How many octets of memory a look into a frame may need.
    memory: usize,
}

/// A reader's connection, which its client's `pause` takes away and `resume` gives back.
pub(crate) type Latch = Arc<Mutex<Option<Store>>>;

/// A room, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// Its URI.
    pub uri: RoomUri,
    /// Its name; may be empty.
    pub name: String,
    /// Where we stand in it.
    pub phase: Phase,
    /// Who invited us, if we were.
    pub inviter: Option<UserUri>,
    /// How many messages of others have not been read.
    pub unread: u32,
    /// Up to where it was read.
    pub read_up_to: Position,
    /// The latest time that the hub has told us.
    pub hub_time: Timestamp,
    /// The epoch of its group.
    pub epoch: u64,
    /// Whether the hub is ahead of us.
    pub behind: bool,
}

/// A room in full, except its members.
#[derive(Clone, Debug)]
pub struct Room {
    /// What a list shows.
    pub summary: RoomSummary,
    /// Name, subject and so on.
    pub metadata: RoomMetadata,
    /// The users in it, with their roles.
    pub participants: Vec<(UserUri, RoleIndex)>,
    /// What every member must be able to read.
    pub requirement: Requirement,
    /// Changes that have not taken effect yet.
    pub tasks: Vec<TaskId>,
}

/// One client in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The client.
    pub client: ClientUri,
    /// Its user.
    pub user: UserUri,
    /// What it says it can receive.
    pub advertisement: Advertisement,
    /// What it lacks of the room's requirement.
    pub lacks: Vec<MediaType>,
}

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

/// A user, as far as we have met them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub uri: UserUri,
    /// Their clients that we have met, with their signature public keys.
    pub clients: Vec<(ClientUri, Vec<u8>)>,
}

/// One conversation's honest verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posture {
    /// The number of the cipher suite.
    pub cipher_suite: u16,
    /// Whether its secrecy withstands a quantum computer.
    pub post_quantum: bool,
    /// How many clients are in the group.
    pub clients: u32,
    /// How many users are in the room with at least one client.
    pub users: u32,
    /// Clients that cannot read what the room requires.
    pub cannot_read_required: Vec<ClientUri>,
    /// For each media type that somebody can read beyond the requirement: how many clients can.
    pub readable: Vec<(MediaType, u32)>,
    /// Whether our copy can follow the room.
    pub stalled: bool,
    /// Whether the hub is ahead of us.
    pub behind: bool,
}

/// The most that one page holds.
const LARGEST_PAGE: u32 = 1_000;

impl Reader {
    /// Opens a file for queries alone, for instance to count a badge in a process that does nothing else.
    ///
    /// # Errors
    /// As [`Client::open`](crate::Client::open).
    pub fn open(opening: &Opening) -> Result<Self, Error> {
        let store = Store::open_reader(&opening.path, &opening.key)?;
        let me = store.snapshot(|store| Ok(Me::load(store)))??;
        let latch = Arc::new(Mutex::new(Some(store)));
        Ok(Self::new(latch, me.user, me.client, opening.memory_of_a_frame()))
    }

    pub(crate) fn new(store: Latch, user: UserUri, client: ClientUri, memory: usize) -> Self {
        Self {
            store,
            user,
            client,
            memory,
        }
    }

    /// The user and the client whose file it is.
    pub fn identity(&self) -> (&UserUri, &ClientUri) {
        (&self.user, &self.client)
    }

    /// How the file is, in counts and codes, fit for a support log. Looks at the whole file: not for every frame.
    ///
    /// # Errors
    /// [`Error::Storage`], as for every query.
    pub fn health(&self) -> Result<Health, Error> {
        self.ask(health::health)
    }

    /// Events after a place in the log, oldest first; at most 1,000.
    ///
    /// Numbers have no gaps. The log keeps the last 50,000: an app that was away for longer sees a first number that does
    /// not follow its own, and reads rooms and timelines instead.
    ///
    /// # Errors
    /// [`Error::Storage`], as for every query.
    pub fn events(&self, after: Seq, limit: u32) -> Result<Vec<Event>, Error> {
        self.ask(|store| event::after(store, after, limit.min(LARGEST_PAGE)))
    }

    /// Requests that have not been answered, behind the given one, in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn outstanding(&self, after: Option<RequestId>, limit: u32) -> Result<Vec<Request>, Error> {
        let rows = self.ask(|store| outbox::after(store, after, limit.min(LARGEST_PAGE)))?;
        Ok(rows.iter().map(outbox::OutboxRow::request).collect())
    }

    /// Where a queue of the host's stands.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn cursor(&self, queue: &str) -> Result<Option<Cursor>, Error> {
        self.ask(|store| small::setting(store, &cursor_name(queue)))
    }

    /// When to call `wake`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn wake_at(&self) -> Result<Option<Timestamp>, Error> {
        self.ask(due::next)
    }

    /// The rooms, in the order in which we came to know them.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn rooms(&self, _now: Timestamp) -> Result<Vec<RoomSummary>, Error> {
        self.ask(|store| {
            room::all(store)?
                .into_iter()
                .map(|row| summary(store, row))
                .collect()
        })
    }

    /// One room in full.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn room(&self, uri: &RoomUri) -> Result<Room, Error> {
        let found = self.ask_room(uri, |store, row| {
            let view = room::view(store, row.id)?;
            let tasks = row.tasks.clone();
            Ok((view, tasks, summary(store, row)?))
        })?;
        let (view, tasks, summary) = found;
        let view = view.ok_or(Blocked::NotJoined)?;
        Ok(Room {
            participants: view
                .participants
                .iter()
                .map(|p| (p.user.clone(), p.role))
                .collect(),
            metadata: view.metadata,
            requirement: view.requirement,
            tasks,
            summary,
        })
    }

    /// The clients in a room, from a place in the list on.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn members(&self, uri: &RoomUri, from: usize, limit: usize) -> Result<Vec<Member>, Error> {
        let (row, view) = self.room_and_view(uri)?;
        let page = view.members.iter().skip(from).take(limit);
        Ok(page
            .filter_map(|member| {
                let advertisement = row.classes.get(member.class)?.clone();
                Some(Member {
                    client: member.client.clone(),
                    user: member.user.clone(),
                    lacks: missing(&advertisement, &view.requirement),
                    advertisement,
                })
            })
            .collect())
    }

    /// Whether a change would be allowed now, before anybody taps.
    ///
    /// # Errors
    /// What [`Client::change`](crate::Client::change) would say: [`Blocked::NotAllowed`], `CannotRead`, `NotJoined` or
    /// `Stalled`; [`Misuse::Changes`], [`Misuse::NoSuchRoom`]; [`Error::Storage`].
    pub fn can(&self, uri: &RoomUri, change: &Change) -> Result<(), Error> {
        let (row, view) = self.room_and_view(uri)?;
        match row.phase {
            Phase::Joined | Phase::Creating => {}
            Phase::Stalled => return Err(Blocked::Stalled.into()),
            _ => return Err(Blocked::NotJoined.into()),
        }
        change::build::permitted(&row, &view, (&self.user, &self.client), change)
    }

    /// Whether we may do something with messages in a room.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn may(&self, uri: &RoomUri, action: Action) -> Result<bool, Error> {
        let (row, view) = self.room_and_view(uri)?;
        Ok(row.phase == Phase::Joined && view.may(&self.user, action))
    }

    /// Messages of a room, oldest first. What has expired at `now` is not among them.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
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

    /// A user, as far as we have met them.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn user(&self, uri: &UserUri) -> Result<User, Error> {
        let peers = self.ask(|store| small::peers_of(store, uri))?;
        let clients = peers.into_iter().map(|peer| (peer.client, peer.key)).collect();
        Ok(User {
            uri: uri.clone(),
            clients,
        })
    }

    /// How a task stands.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        Ok(self.ask(|store| small::task(store, id))?.map(Task::from))
    }

    /// What `send` would send, and who would see which alternative.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Misuse::Outgoing`], [`Error::Storage`].
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

    /// The room's posture.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Error::Storage`].
    pub fn posture(&self, uri: &RoomUri) -> Result<Posture, Error> {
        let (row, view) = self.room_and_view(uri)?;
        Ok(posture(&row, &view))
    }

    fn room_and_view(&self, uri: &RoomUri) -> Result<(RoomRow, RoomView), Error> {
        self.ask_room(uri, |store, row| {
            let view = room::view(store, row.id)?;
            Ok((row, view))
        })
        .and_then(|(row, view)| Ok((row, view.ok_or(Blocked::NotJoined)?)))
    }

    fn ask_room<R>(
        &self,
        uri: &RoomUri,
        query: impl FnOnce(&Store, RoomRow) -> Result<R, StorageError>,
    ) -> Result<R, Error> {
        let found = self.ask(|store| match room::by_uri(store, uri)? {
            Some(row) => query(store, row).map(Some),
            None => Ok(None),
        })?;
        Ok(found.ok_or(Misuse::NoSuchRoom)?)
    }

    fn ask<R>(&self, query: impl FnOnce(&Store) -> Result<R, StorageError>) -> Result<R, Error> {
        let store = self.store.lock().map_err(|_| Error::Bug("a query panicked"))?;
        Ok(store.as_ref().ok_or(Error::Paused)?.snapshot(query)?)
    }
}

fn summary(store: &Store, row: RoomRow) -> Result<RoomSummary, StorageError> {
    Ok(RoomSummary {
        unread: room::unread(store, &row)?,
        hub_time: room::hub_time(store, &row)?,
        uri: row.uri,
        name: row.name,
        phase: row.phase,
        inviter: row.inviter,
        read_up_to: row.read_up_to,
        epoch: row.epoch,
        behind: row.behind,
    })
}

/// The participants that have a client which sees nothing, sorted.
pub(crate) fn unreadable_by(view: &RoomView, sees: &[Option<usize>]) -> Vec<UserUri> {
    let blind = |class: usize| sees.get(class).is_none_or(Option::is_none);
    let mut users: Vec<UserUri> = view
        .members
        .iter()
        .filter(|member| blind(member.class))
        .map(|member| member.user.clone())
        .collect();
    users.sort();
    users.dedup();
    users
}

fn posture(row: &RoomRow, view: &RoomView) -> Posture {
    let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
    let mut users: Vec<&UserUri> = view.members.iter().map(|member| &member.user).collect();
    users.sort();
    users.dedup();
    let class = |member: &MemberRow| row.classes.get(member.class);
    let cannot = view.members.iter().filter(|member| {
        class(member).is_none_or(|advertisement| !missing(advertisement, &view.requirement).is_empty())
    });
    let mut types: Vec<&MediaType> = row.classes.iter().flat_map(Advertisement::iter).collect();
    types.sort();
    types.dedup();
    let readers = |media: &MediaType| {
        view.members
            .iter()
            .filter(|member| class(member).is_some_and(|a| a.can_read(media)))
            .count()
    };
    Posture {
        cipher_suite: comity_mls::CIPHER_SUITE.into(),
        post_quantum: false,
        clients: count(view.members.len()),
        users: count(users.len()),
        cannot_read_required: cannot.map(|member| member.client.clone()).collect(),
        readable: types
            .into_iter()
            .filter(|media| !view.requirement.iter().any(|required| required == *media))
            .map(|media| (media.clone(), count(readers(media))))
            .collect(),
        stalled: row.phase == Phase::Stalled,
        behind: row.behind,
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

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
