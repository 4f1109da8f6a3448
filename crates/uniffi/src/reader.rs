//! Queries: on a connection of their own, on any thread, never waiting for `receive`.

use std::sync::Arc;

use comity::code::Boundary;
use comity::content::MessageId;
use comity::{RequestId, RoomUri, Seq, TaskId, Timestamp, UserUri};

use crate::change::Change;
use crate::event::Event;
use crate::fault::ComityError;
use crate::guard::{contained, released};
use crate::inbound::{Cursor, Frame};
use crate::message::{Message, Page, Preview};
use crate::opening::{Opening, narrow};
use crate::outgoing::{Outgoing, Plan};
use crate::people::{Identity, Task, User};
use crate::request::Request;
use crate::room::{Action, Member, Posture, Room, RoomSummary};

/// Answers questions about a client's file.
///
/// It has its own read-only connection: an app keeps one on its UI thread while the client works on another. Any thread, at any time;
/// two at once wait for each other.
#[derive(uniffi::Object)]
pub struct Reader(Option<comity::Reader>);

#[uniffi::export]
impl Reader {
    /// Opens a file for queries alone, for instance to count a badge in a process that does nothing else.
    #[uniffi::constructor]
    pub fn open(opening: &Opening) -> Result<Arc<Self>, ComityError> {
        contained(|| Ok(Arc::new(Self::new(comity::Reader::open(&opening.0)?))))
    }

    /// The user and the client whose file it is.
    pub fn identity(&self) -> Result<Identity, ComityError> {
        let identity = self.asks(|reader| {
            let (user, client) = reader.identity();
            Ok(comity::Identity {
                user: user.clone(),
                client: client.clone(),
            })
        });
        identity.map(Into::into)
    }

    /// How the file is, in counts and codes, fit for a support log. Looks at the whole file: not for every frame.
    pub fn health(&self) -> Result<Health, ComityError> {
        self.asks(comity::Reader::health).map(Into::into)
    }

    /// Events after a place in the log (0 for all), oldest first; at most `limit`, and never more than 1,000.
    ///
    /// Numbers have no gaps. The log keeps the last 50,000: an app that was away for longer sees a first number that does not follow its
    /// own, and reads rooms and timelines instead.
    pub fn events(&self, after: u64, limit: u32) -> Result<Vec<Event>, ComityError> {
        self.list(|reader| reader.events(Seq(after), limit))
    }

    /// Requests that have not been answered, in the order in which they were made, behind the one named, or from the first; at most
    /// `limit`, and never more than 1,000.
    pub fn outstanding(&self, after: Option<RequestId>, limit: u32) -> Result<Vec<Request>, ComityError> {
        self.list(|reader| reader.outstanding(after, limit))
    }

    /// Where a queue of the host's stands. None if nothing was ever stored for it.
    pub fn cursor(&self, queue: String) -> Result<Option<Cursor>, ComityError> {
        Ok(self.asks(|reader| reader.cursor(&queue))?.map(Into::into))
    }

    /// When to call `wake` of the client.
    pub fn wake_at(&self) -> Result<Option<Timestamp>, ComityError> {
        self.asks(comity::Reader::wake_at)
    }

    /// The rooms, in the order in which we came to know them.
    pub fn rooms(&self, now: Timestamp) -> Result<Vec<RoomSummary>, ComityError> {
        self.list(|reader| reader.rooms(now))
    }

    /// One room in full.
    pub fn room(&self, room: RoomUri) -> Result<Room, ComityError> {
        self.asks(|reader| reader.room(&room)).map(Into::into)
    }

    /// The clients in a room, from a place in the list on (0 for the first); at most `limit`.
    pub fn members(&self, room: RoomUri, first: u64, limit: u64) -> Result<Vec<Member>, ComityError> {
        self.list(|reader| reader.members(&room, narrow(first), narrow(limit)))
    }

    /// Says whether a change would be allowed now, before anybody taps. If not, the error says why, as `change` of the client would.
    pub fn can(&self, room: RoomUri, change: Change) -> Result<(), ComityError> {
        let change = change.try_into()?;
        self.asks(|reader| reader.can(&room, &change))
    }

    /// Whether we may do something with messages in a room.
    pub fn may(&self, room: RoomUri, action: Action) -> Result<bool, ComityError> {
        self.asks(|reader| reader.may(&room, action.into()))
    }

    /// Messages of a room, oldest first. What has expired at `now` is not among them.
    pub fn timeline(&self, now: Timestamp, room: RoomUri, page: Page) -> Result<Vec<Message>, ComityError> {
        self.list(|reader| reader.timeline(now, &room, page.into()))
    }

    /// One message. None if there is none, or it has expired at `now`.
    pub fn message(&self, now: Timestamp, id: MessageId) -> Result<Option<Message>, ComityError> {
        Ok(self.asks(|reader| reader.message(now, id))?.map(Into::into))
    }

    /// Looks into a frame without taking it: what a notification shows while another process has its turn. None if the frame holds no
    /// message that a person may see now; and in an extension, if looking needs more memory than its budget allows.
    pub fn preview(&self, now: Timestamp, frame: Frame) -> Result<Option<Preview>, ComityError> {
        let frame = frame.into();
        Ok(self.asks(|reader| reader.preview(now, &frame))?.map(Into::into))
    }

    /// A user, as far as we have met them.
    pub fn user(&self, user: UserUri) -> Result<User, ComityError> {
        self.asks(|reader| reader.user(&user)).map(Into::into)
    }

    /// How a task stands. None if there is none of this name.
    pub fn task(&self, id: TaskId) -> Result<Option<Task>, ComityError> {
        Ok(self.asks(|reader| reader.task(id))?.map(Into::into))
    }

    /// What `send` of the client would send, and who would see which alternative.
    pub fn plan(&self, room: RoomUri, outgoing: Outgoing) -> Result<Plan, ComityError> {
        let outgoing = outgoing.try_into()?;
        self.asks(|reader| reader.plan(&room, &outgoing)).map(Into::into)
    }

    /// The room's posture.
    pub fn posture(&self, room: RoomUri) -> Result<Posture, ComityError> {
        self.asks(|reader| reader.posture(&room)).map(Into::into)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        released(self.0.take());
    }
}

impl Reader {
    pub(crate) fn new(reader: comity::Reader) -> Self {
        Self(Some(reader))
    }

    fn asks<R>(
        &self,
        query: impl FnOnce(&comity::Reader) -> Result<R, comity::Error>,
    ) -> Result<R, ComityError> {
        // It is there until it is dropped.
        contained(|| Ok(query(self.0.as_ref().ok_or(Boundary::Panicked)?)?))
    }

    fn list<T, R: From<T>>(
        &self,
        query: impl FnOnce(&comity::Reader) -> Result<Vec<T>, comity::Error>,
    ) -> Result<Vec<R>, ComityError> {
        Ok(self.asks(query)?.into_iter().map(R::from).collect())
    }
}

/// How a client's file is. Nothing in it tells who, what or when: it may be put into any log.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Health {
    /// The schema of the file.
    pub schema: i64,
    /// The oldest schema that a program must know to use the file.
    pub oldest_reader: i64,
    /// Octets of the database.
    pub octets: u64,
    /// Octets of it that are free.
    pub free: u64,
    /// Octets of the write-ahead log.
    pub log: u64,
    /// Rooms, those that were left included.
    pub rooms: u64,
    /// Messages, those that change others included.
    pub messages: u64,
    /// Messages that wait for something before they are sent.
    pub waiting: u64,
    /// Events in the log.
    pub events: u64,
    /// Requests that nobody has answered.
    pub requests: u64,
    /// Frames that wait for something.
    pub held: u64,
    /// Frames that are remembered as taken.
    pub seen: u64,
    /// Tasks, those that are over included.
    pub tasks: u64,
    /// Clients that we have met.
    pub peers: u64,
    /// What is wrong with the file, as a stable code; none if nothing is found.
    pub damage: Option<String>,
    /// All of it on one line of `name=number`.
    pub line: String,
}

impl From<comity::Health> for Health {
    fn from(health: comity::Health) -> Self {
        let line = health.to_string();
        // The engine's may grow; a test compares the fields.
        let comity::Health {
            schema,
            oldest_reader,
            octets,
            free,
            log,
            rooms,
            messages,
            waiting,
            events,
            requests,
            held,
            seen,
            tasks,
            peers,
            damage,
            ..
        } = health;
        Self {
            schema,
            oldest_reader,
            octets,
            free,
            log,
            rooms,
            messages,
            waiting,
            events,
            requests,
            held,
            seen,
            tasks,
            peers,
            damage: damage.map(str::to_owned),
            line,
        }
    }
}
