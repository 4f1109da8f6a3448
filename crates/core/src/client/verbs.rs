//! The verbs, one line each.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use comity_content::{MessageId, Supported};
use comity_room::{RoomUri, Timestamp};

use super::Client;
use crate::error::{Error, Misuse};
use crate::opening::Role;
use crate::outgoing::Outgoing;
use crate::step::{Allow, Answer, Batch, Change, NewRoom, RequestId, Resolution, Response, Seq, Step};
use crate::store::event;
use crate::store::room::Position;
use crate::{advertise, answer, change, errands, inbound, join, outbound, read, respond};

// Inbound, answers, clock.
impl Client {
    /// Takes frames, in order, in one transaction. A bad frame is finished with a reason; it never blocks the rest.
    ///
    /// # Durable
    /// Everything taken, and the cursor if the whole batch was taken, before this returns.
    ///
    /// # Errors
    /// [`Error::Busy`] if another process does not give up its turn: an extension leaves the frames to the app then.
    /// [`Error::Paused`], [`Error::Storage`]. Nothing of the batch was taken.
    pub fn receive(&mut self, now: Timestamp, batch: &Batch) -> Result<Step, Error> {
        let interrupted = Arc::clone(&self.interrupted);
        interrupted.store(false, Ordering::Relaxed);
        self.step(now, |tx| inbound::receive(tx, batch, &interrupted))
    }

    /// Records what came back for a request, and does whatever follows from it. Answering twice, or an unknown
    /// request, is harmless and yields an empty step.
    ///
    /// # Trust
    /// A dishonest hub can delay or refuse; it cannot make us apply what it did not accept: an accept answer names the
    /// hash of what was accepted.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Paused`], [`Error::Storage`].
    pub fn answer(&mut self, now: Timestamp, request: RequestId, answer: Answer) -> Result<Step, Error> {
        self.step(now, |tx| answer::answer(tx, request, answer))
    }

    /// Does what is due: hands out requests again, erases what has expired, renews what must be renewed. Waking early,
    /// late or twice is harmless.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Paused`], [`Error::Storage`].
    pub fn wake(&mut self, now: Timestamp) -> Result<Step, Error> {
        let step = self.step(now, errands::wake)?;
        if let Some(open) = &self.open {
            let _ = open.store.pay_checkpoint(true);
        }
        Ok(step)
    }
}

// Verbs.
impl Client {
    /// Sends a message: the smallest content that gives every client the best alternative it can read.
    ///
    /// The message's id, in [`Step::made`], is final. See `plan` for who will see what.
    ///
    /// # Errors
    /// [`Blocked::CannotRead`](crate::Blocked::CannotRead) unless allowed; `NotJoined`, `Stalled`, `NotAllowed`;
    /// [`Misuse::NoSuchMessage`] if what it edits or deletes is not in this room;
    /// [`Misuse::Outgoing`], [`Misuse::TooLong`] for content of more than 1 MiB or a topic of more than 4,096 octets.
    pub fn send(
        &mut self,
        now: Timestamp,
        room: &RoomUri,
        outgoing: &Outgoing,
        allow: Allow,
    ) -> Result<Step, Error> {
        self.step(now, |tx| outbound::send(tx, room, outgoing, allow))
    }

    /// Sends again, or withdraws, a message that the hub has not accepted.
    ///
    /// # Errors
    /// [`Misuse::NoSuchMessage`], [`Misuse::NotResolvable`].
    pub fn resolve(&mut self, now: Timestamp, message: MessageId, how: Resolution) -> Result<Step, Error> {
        self.step(now, |tx| outbound::resolve(tx, message, how))
    }

    /// Notes that the person has read the room up to a position, as the timeline names it: unread counts are reset and
    /// relative expiry starts.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`].
    pub fn read(&mut self, now: Timestamp, room: &RoomUri, up_to: Position) -> Result<Step, Error> {
        self.step(now, |tx| read::read(tx, room, up_to))
    }

    /// Creates a room at the hub that its URI names, with us as its only member and administrator.
    ///
    /// # Errors
    /// [`Misuse::RoomExists`], [`Misuse::HubKey`], [`Misuse::TooLong`];
    /// [`Blocked::CannotRead`](crate::Blocked::CannotRead) if we ourselves cannot receive what is to be required.
    pub fn create_room(&mut self, now: Timestamp, room: &RoomUri, new: &NewRoom) -> Result<Step, Error> {
        self.step(now, |tx| change::create::create_room(tx, room, new))
    }

    /// Changes a room: all the changes in one commit. The task in [`Step::made`] tells how it goes.
    ///
    /// # Errors
    /// [`Misuse::Changes`]; [`Blocked::NotAllowed`](crate::Blocked::NotAllowed) if the room's policy forbids it now,
    /// `CannotRead` if a new requirement excludes somebody, `NotJoined`, `Stalled`.
    pub fn change(&mut self, now: Timestamp, room: &RoomUri, changes: &[Change]) -> Result<Step, Error> {
        self.step(now, |tx| change::change(tx, room, changes))
    }

    /// Answers an invitation. Declining leaves the room and forgets it.
    ///
    /// # Errors
    /// [`Misuse::NoSuchRoom`], [`Misuse::NotInvited`].
    pub fn respond(&mut self, now: Timestamp, room: &RoomUri, response: Response) -> Result<Step, Error> {
        self.step(now, |tx| respond::respond(tx, room, response))
    }

    /// Joins from outside: a room of our user's from a new client, or a room that stalled.
    ///
    /// # Errors
    /// [`Misuse::TooLong`] for a joining code of more than 1,024 octets.
    pub fn join(&mut self, now: Timestamp, room: &RoomUri, code: Option<&[u8]>) -> Result<Step, Error> {
        self.step(now, |tx| join::join(tx, room, code))
    }

    /// Says what this client can receive from now on: new key packages at once; every room's leaf follows, at once in
    /// rooms of at most 32 members, else within a day.
    ///
    /// # Errors
    /// [`Misuse::ExtensionMayNot`]; [`Blocked::NotAllowed`](crate::Blocked::NotAllowed) if a room requires what is to
    /// be dropped.
    pub fn advertise(&mut self, now: Timestamp, supported: &Supported) -> Result<Step, Error> {
        self.app_only()?;
        self.step(now, |tx| advertise::advertise(tx, supported))
    }

    /// Publishes key packages if fewer than enough are `left` at the own provider.
    ///
    /// # Errors
    /// [`Misuse::ExtensionMayNot`].
    pub fn restock(&mut self, now: Timestamp, left: u32) -> Result<Step, Error> {
        self.app_only()?;
        self.step(now, |tx| advertise::restock(tx, left))
    }

    /// Forgets events up to and including one: the app has them in its own database. Their numbers are never used again.
    ///
    /// # Durable
    /// Unlike every other step not before it returns, but with the next one: after a power cut the events may be there
    /// again.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Paused`], [`Error::Storage`].
    pub fn forget(&mut self, now: Timestamp, up_to: Seq) -> Result<Step, Error> {
        self.lazy_step(now, |tx| {
            event::forget(tx.store, up_to)?;
            Ok(None)
        })
    }

    fn app_only(&self) -> Result<(), Error> {
        if self.opening.role == Role::Extension {
            Err(Misuse::ExtensionMayNot.into())
        } else {
            Ok(())
        }
    }
}
