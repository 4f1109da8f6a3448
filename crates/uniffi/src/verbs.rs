//! What a person does: verbs, `now` first, a step last.

use comity::content::MessageId;
use comity::{RoomUri, Timestamp};

use crate::change::{Change, NewRoom};
use crate::client::Client;
use crate::fault::ComityError;
use crate::media::Supported;
use crate::message::Position;
use crate::octets::Octets;
use crate::outgoing::{Allow, Outgoing, Resolution};
use crate::room::Response;
use crate::step::Step;

#[uniffi::export]
impl Client {
    /// Sends a message: the smallest content that gives every client the best alternative it can read. `plan` of a reader tells
    /// beforehand who will see what.
    ///
    /// The message's id, in `made`, is final. `CannotRead` names those who could read none of the alternatives.
    pub fn send(
        &self,
        now: Timestamp,
        room: RoomUri,
        outgoing: Outgoing,
        allow: Allow,
    ) -> Result<Step, ComityError> {
        let outgoing = outgoing.try_into()?;
        self.steps(|client| client.send(now, &room, &outgoing, allow.into()))
    }

    /// Sends again, or withdraws, a message that the hub has not accepted.
    pub fn resolve(&self, now: Timestamp, message: MessageId, how: Resolution) -> Result<Step, ComityError> {
        self.steps(|client| client.resolve(now, message, how.into()))
    }

    /// Notes that the person has read the room up to a position: unread counts are reset, and messages that vanish some time after they
    /// were read begin to.
    pub fn read(&self, now: Timestamp, room: RoomUri, up_to: Position) -> Result<Step, ComityError> {
        self.steps(|client| client.read(now, &room, up_to.into()))
    }

    /// Creates a room at the hub that its URI names, such as `mimi://a.example/r/lunch`, with us as its only member and administrator. It
    /// stands once the hub has accepted it: the event `Created`.
    pub fn create_room(&self, now: Timestamp, room: RoomUri, new_room: NewRoom) -> Result<Step, ComityError> {
        let new = new_room.try_into()?;
        self.steps(|client| client.create_room(now, &room, &new))
    }

    /// Changes a room: all the changes in one commit. `task` of a reader tells how the task in `made` goes.
    pub fn change(&self, now: Timestamp, room: RoomUri, changes: Vec<Change>) -> Result<Step, ComityError> {
        let changes: Vec<comity::Change> = changes
            .into_iter()
            .map(TryInto::try_into)
            .collect::<Result<_, _>>()?;
        self.steps(|client| client.change(now, &room, &changes))
    }

    /// Answers an invitation. Declining leaves the room and forgets it.
    pub fn respond(&self, now: Timestamp, room: RoomUri, response: Response) -> Result<Step, ComityError> {
        self.steps(|client| client.respond(now, &room, response.into()))
    }

    /// Joins from outside: a room of our user's from a new client, or a room that stalled. `code`: a joining code, if there is one.
    pub fn join(&self, now: Timestamp, room: RoomUri, code: Option<Octets>) -> Result<Step, ComityError> {
        let code = code.map(Vec::from);
        self.steps(|client| client.join(now, &room, code.as_deref()))
    }

    /// Says what this client can receive from now on: new key packages at once; every room's leaf follows, at once in rooms of at most
    /// 32 members, else within a day.
    pub fn advertise(&self, now: Timestamp, supported: Supported) -> Result<Step, ComityError> {
        let supported = supported.try_into()?;
        self.steps(|client| client.advertise(now, &supported))
    }

    /// Publishes key packages if fewer than enough are `left` at the own provider.
    pub fn restock(&self, now: Timestamp, left: u32) -> Result<Step, ComityError> {
        self.steps(|client| client.restock(now, left))
    }

    /// Forgets events up to and including one: the app has them in its own database. Their numbers are never used again. After a power
    /// cut they may be there once more.
    pub fn forget(&self, now: Timestamp, up_to: u64) -> Result<Step, ComityError> {
        self.steps(|client| client.forget(now, comity::Seq(up_to)))
    }
}
