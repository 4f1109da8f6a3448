//! A client, spoken of in the words of the domain: `alice.says("hi")`.

use std::cell::{Ref, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use comity::{
    Allow, Answer, Batch, Budget, Change, Client, Error, Frame, FrameOutcome, Made, MessageId, NewRoom,
    Outgoing, Request, Resolution, Response, Step, TaskId, Twin,
};
use comity_content::Supported;
use comity_room::{ClientUri, Requirement, RoleIndex, RoomUri, Timestamp, UserUri};

use crate::host::{Copy, Host};
use crate::names;
use crate::world::State;

/// A client of a user. Verbs act in the room that was created last, unless [`Actor::within`] says otherwise.
pub struct Actor {
    state: Rc<State>,
    name: String,
    supported: RefCell<Supported>,
    within: Option<RoomUri>,
}

// Commands.
impl Actor {
    pub(crate) fn new(state: Rc<State>, name: &str, supported: Supported) -> Self {
        Self {
            state,
            name: name.to_owned(),
            supported: RefCell::new(supported),
            within: None,
        }
    }

    /// Its name in the test.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn supported(&self) -> Ref<'_, Supported> {
        self.supported.borrow()
    }

    pub(crate) fn place(&self) -> Option<&RoomUri> {
        self.within.as_ref()
    }

    /// The same client, acting in another room.
    #[must_use]
    pub fn within(&self, room: &RoomUri) -> Self {
        Self {
            state: Rc::clone(&self.state),
            name: self.name.clone(),
            supported: self.supported.clone(),
            within: Some(room.clone()),
        }
    }

    /// Creates a room at the own provider; from now on everybody acts in it.
    #[track_caller]
    pub fn creates(&self, name: &str) -> RoomUri {
        self.creates_at(self.user().provider().domain(), name, None)
    }

    /// Creates a room at the hub of `domain`, perhaps with a requirement of its own.
    #[track_caller]
    pub fn creates_at(&self, domain: &str, name: &str, requirement: Option<Requirement>) -> RoomUri {
        let room = names::room(&format!("{name}@{domain}"));
        let hub_key = self
            .state
            .net_mut()
            .server(&names::provider(domain))
            .hub
            .signature_key();
        let new = NewRoom {
            hub_key,
            name: name.to_owned(),
            requirement,
        };
        let made = self.acts(&format!("creates {name}"), |client, now| {
            client.create_room(now, &room, &new)
        });
        assert_eq!(made, Some(Made::Room(room.clone())));
        *self.state.room.borrow_mut() = Some(room.clone());
        room
    }

    /// Invites a user by key packages that are fetched through the hub.
    #[track_caller]
    pub fn invites(&self, user: &UserUri) -> TaskId {
        self.changes(&[Change::Invite {
            user: user.clone(),
            role: None,
            key_packages: Vec::new(),
        }])
    }

    /// Invites a user as administrator.
    #[track_caller]
    pub fn invites_as(&self, user: &UserUri, role: RoleIndex) -> TaskId {
        self.changes(&[Change::Invite {
            user: user.clone(),
            role: Some(role),
            key_packages: Vec::new(),
        }])
    }

    /// Accepts the invitation.
    #[track_caller]
    pub fn accepts(&self) {
        let room = self.room();
        self.acts("accepts", |client, now| {
            client.respond(now, &room, Response::Accept)
        });
    }

    /// Declines the invitation.
    #[track_caller]
    pub fn declines(&self) {
        let room = self.room();
        self.acts("declines", |client, now| {
            client.respond(now, &room, Response::Decline)
        });
    }

    /// Sends plain text.
    #[track_caller]
    pub fn says(&self, text: &str) -> MessageId {
        self.sends(&Outgoing::text(text))
    }

    /// Sends a message.
    #[track_caller]
    pub fn sends(&self, outgoing: &Outgoing) -> MessageId {
        match self.tries_to_send(outgoing, Allow::default()) {
            Ok(id) => id,
            Err(error) => panic!("{} cannot send: {error}", self.name),
        }
    }

    /// Sends a message, if that is possible.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn tries_to_send(&self, outgoing: &Outgoing, allow: Allow) -> Result<MessageId, Error> {
        let room = self.room();
        match self.tries("sends", |client, now| client.send(now, &room, outgoing, allow))? {
            Some(Made::Message(id)) => Ok(id),
            made => panic!("a send made {made:?}"),
        }
    }

    /// Replies to a message with plain text.
    #[track_caller]
    pub fn replies(&self, to: MessageId, text: &str) -> MessageId {
        self.sends(&Outgoing::text(text).in_reply_to(to))
    }

    /// Reacts to a message.
    #[track_caller]
    pub fn reacts(&self, to: MessageId, reaction: &str) -> MessageId {
        self.sends(&Outgoing::reaction(to, reaction))
    }

    /// Edits a message.
    #[track_caller]
    pub fn edits(&self, message: MessageId, text: &str) -> MessageId {
        self.sends(&Outgoing::text(text).editing(message))
    }

    /// Deletes a message, or takes a reaction back.
    #[track_caller]
    pub fn deletes(&self, message: MessageId) -> MessageId {
        self.sends(&Outgoing::deletion(message))
    }

    /// Sends again, or withdraws, what the hub has not accepted.
    #[track_caller]
    pub fn resolves(&self, message: MessageId, how: Resolution) {
        self.acts(&format!("resolves: {how:?}"), |client, now| {
            client.resolve(now, message, how)
        });
    }

    /// Reads everything that is in the room.
    #[track_caller]
    pub fn reads(&self) {
        let room = self.room();
        if let Some(last) = self.messages().last() {
            self.acts("reads", |client, now| client.read(now, &room, last.position));
        }
    }

    /// Leaves the room with this client.
    #[track_caller]
    pub fn leaves(&self) {
        let room = self.room();
        self.acts("leaves", |client, now| {
            client.change(now, &room, &[Change::Leave])
        });
    }

    /// Removes a user with all their clients.
    #[track_caller]
    pub fn removes(&self, user: &UserUri) -> TaskId {
        self.changes(&[Change::RemoveUser(user.clone())])
    }

    /// Removes one client.
    #[track_caller]
    pub fn removes_client(&self, client: &ClientUri) -> TaskId {
        self.changes(&[Change::RemoveClient(client.clone())])
    }

    /// Renews its keys in the room.
    #[track_caller]
    pub fn rotates(&self) -> TaskId {
        self.changes(&[Change::Rotate])
    }

    /// Changes the room, in one commit.
    #[track_caller]
    pub fn changes(&self, changes: &[Change]) -> TaskId {
        match self.tries_to_change(changes) {
            Ok(task) => task,
            Err(error) => panic!("{} cannot change the room: {error}", self.name),
        }
    }

    /// Changes the room, if that is possible.
    ///
    /// # Errors
    /// As [`Client::change`].
    pub fn tries_to_change(&self, changes: &[Change]) -> Result<TaskId, Error> {
        let room = self.room();
        match self.tries(&format!("changes: {}", words(changes)), |client, now| {
            client.change(now, &room, changes)
        })? {
            Some(Made::Task(task)) => Ok(task),
            made => panic!("a change made {made:?}"),
        }
    }

    /// Joins the room from outside.
    #[track_caller]
    pub fn joins(&self) {
        let room = self.room();
        self.acts("joins", |client, now| client.join(now, &room, None));
    }

    /// Says what it can receive from now on.
    #[track_caller]
    pub fn advertises(&self, supported: &Supported) {
        self.acts("advertises", |client, now| client.advertise(now, supported));
        *self.supported.borrow_mut() = supported.clone();
    }

    /// Calls any verb.
    #[track_caller]
    pub fn acts(
        &self,
        what: &str,
        verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>,
    ) -> Option<Made> {
        match self.tries(what, verb) {
            Ok(made) => made,
            Err(error) => panic!("{} {what}: {error}", self.name),
        }
    }

    /// Calls any verb, which may be impossible.
    ///
    /// # Errors
    /// The verb's own.
    pub fn tries(
        &self,
        what: &str,
        verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>,
    ) -> Result<Option<Made>, Error> {
        self.state.net_mut().act(&self.name, what, verb)
    }
}

// What happens to it.
impl Actor {
    /// The process is killed: its memory is gone, and the file is as a crash leaves it.
    pub fn is_killed(&self) {
        self.host_mut("is killed", Host::kill);
    }

    /// The process is killed as soon as the next step is on disk, before anybody has seen it.
    pub fn will_be_killed_after_the_next_step(&self) {
        self.host_mut("is doomed", Host::doom);
    }

    /// The process closes the file in an orderly way.
    pub fn closes(&self) {
        self.host_mut("closes", Host::close);
    }

    /// A copy of its files as they lie there now.
    pub fn is_copied(&self) -> Copy {
        self.state.net_mut().note(&format!("{}: is copied", self.name));
        self.state.net().seat(&self.name).host.copy()
    }

    /// The process closes the file, and a copy is put in its place.
    pub fn gets_back(&self, copy: &Copy) {
        self.host_mut("gets a copy back", |host| host.put_back(copy));
    }

    /// The twin that its host keeps outside of the file.
    pub fn twin(&self) -> Option<Twin> {
        self.state.net().seat(&self.name).host.twin()
    }

    /// Its host keeps nothing outside of the file any more.
    pub fn keeps_no_witnesses(&self) {
        self.host_mut("keeps no witnesses", Host::keep_no_witnesses);
    }

    /// What its host keeps on the device is gone, and the server does not say which request it took last.
    pub fn loses_its_keychain(&self) {
        self.host_mut("loses its keychain", Host::lose_keychain);
    }

    /// Its server does not say which request it took last.
    pub fn has_a_silent_server(&self) {
        self.host_mut("has a silent server", Host::lose_last_request);
    }

    /// The process dies at its next start, before it has kept the twin.
    pub fn will_die_before_it_keeps_its_twin(&self) {
        self.host_mut("is forgetful", Host::die_before_keeping);
    }

    /// Its files are deleted.
    pub fn is_wiped(&self) {
        self.host_mut("is wiped", Host::wipe);
    }

    /// The process starts.
    pub fn starts(&self) {
        self.state.net_mut().start(&self.name);
    }

    /// The process starts, if it does not run.
    pub fn starts_if_needed(&self) {
        if !self.state.net().seat(&self.name).host.is_running() {
            self.starts();
        }
    }

    /// Nothing reaches it any more, and nothing of it reaches others.
    pub fn is_cut_off(&self) {
        self.state.net_mut().note(&format!("{}: is cut off", self.name));
        self.state.net_mut().seat_mut(&self.name).cut_off = true;
    }

    /// It is reached again.
    pub fn is_back(&self) {
        let mut net = self.state.net_mut();
        net.note(&format!("{}: is back", self.name));
        net.seat_mut(&self.name).cut_off = false;
        net.fetch_soon(&self.name);
    }

    /// It fetches no frames; its requests and their answers go through.
    pub fn is_deaf(&self) {
        self.state.net_mut().note(&format!("{}: is deaf", self.name));
        self.state.net_mut().seat_mut(&self.name).deaf = true;
    }

    /// It fetches frames again.
    pub fn listens(&self) {
        let mut net = self.state.net_mut();
        net.note(&format!("{}: listens", self.name));
        net.seat_mut(&self.name).deaf = false;
        net.fetch_soon(&self.name);
    }

    /// Messages to it are kept back at its provider; handshakes go through.
    pub fn gets_no_messages(&self) {
        self.state
            .net_mut()
            .note(&format!("{}: gets no messages", self.name));
        self.state.net_mut().seat_mut(&self.name).keeps_messages_back = true;
    }

    /// It gets the messages that were kept back.
    pub fn gets_messages_again(&self) {
        let client = self.client();
        let mut net = self.state.net_mut();
        net.note(&format!("{}: gets messages again", self.name));
        net.seat_mut(&self.name).keeps_messages_back = false;
        if net
            .server(&client.provider())
            .mailboxes
            .entry(client)
            .or_default()
            .release()
        {
            net.fetch_soon(&self.name);
        }
    }

    /// The frames in its mailbox that it has not fetched are lost for ever.
    pub fn loses_its_mail(&self) -> Vec<Frame> {
        let client = self.client();
        let mut net = self.state.net_mut();
        net.note(&format!("{}: its mail is lost", self.name));
        let position = net.seat(&self.name).host.position();
        net.server(&client.provider())
            .mailboxes
            .entry(client)
            .or_default()
            .lose_from(position)
    }

    /// The frames in its mailbox that it has not fetched.
    pub fn unfetched(&self) -> Vec<Frame> {
        let client = self.client();
        let mut net = self.state.net_mut();
        let position = net.seat(&self.name).host.position();
        net.server(&client.provider())
            .mailboxes
            .entry(client)
            .or_default()
            .from(position)
            .to_vec()
    }

    /// What it would fetch next, whole: the frames and the cursor behind them.
    pub fn next_batch(&self) -> Batch {
        let frames = self.unfetched();
        let position = self.state.net().seat(&self.name).host.position() + frames.len();
        Batch {
            frames,
            cursor: Some(crate::host::cursor_at(position)),
            more: false,
        }
    }

    /// Its file, in a directory of its own, and the key that opens it. After [`Actor::is_killed`] they are at rest, and
    /// another process may have them until [`Actor::starts`].
    pub fn file(&self) -> (PathBuf, [u8; 32]) {
        self.state.net().seat(&self.name).host.file()
    }

    /// Its requests that nobody has answered.
    pub fn outstanding(&self) -> Vec<Request> {
        self.starts_if_needed();
        self.state.net().seat(&self.name).host.outstanding()
    }

    /// A request of its reaches its provider, whoever posted it. The answer goes nowhere.
    pub fn posts(&self, request: &Request) -> Answer {
        self.state.net_mut().serve(&self.name, request)
    }

    /// A frame is pushed to it, beside its mailbox.
    pub fn is_pushed(&self, frame: Frame) -> FrameOutcome {
        let now = self.now();
        let outcomes = self.state.net_mut().seat_mut(&self.name).host.pushed(now, frame);
        self.state.net_mut().post_ready(&self.name);
        outcomes.into_iter().next().expect("one frame, one outcome")
    }

    /// The same file is opened a second time, as a notification extension does.
    pub fn as_extension<T>(&self, work: impl FnOnce(&mut Client, Timestamp) -> T) -> T {
        self.as_extension_within(Budget::EXTENSION, work)
    }

    /// The same, with another budget.
    pub fn as_extension_within<T>(
        &self,
        budget: Budget,
        work: impl FnOnce(&mut Client, Timestamp) -> T,
    ) -> T {
        let now = self.now();
        self.state
            .net_mut()
            .note(&format!("{}: its extension runs", self.name));
        let result = self
            .state
            .net_mut()
            .seat_mut(&self.name)
            .host
            .as_extension(now, budget, |client| work(client, now));
        if self.state.net().seat(&self.name).host.is_running() {
            self.state.net_mut().post_ready(&self.name);
        }
        result
    }

    /// Its clock is wrong by so many milliseconds from now on.
    pub fn has_a_clock_off_by(&self, milliseconds: i64) {
        self.state
            .net_mut()
            .note(&format!("{}: its clock is off by {milliseconds} ms", self.name));
        self.state.net_mut().seat_mut(&self.name).skew = milliseconds;
    }

    /// How much one `receive` takes, from the next start on.
    pub fn takes_at_most(&self, budget: Budget) {
        self.host_mut("has another budget", |host| host.set_budget(budget));
    }

    fn host_mut(&self, what: &str, work: impl FnOnce(&mut Host)) {
        let mut net = self.state.net_mut();
        net.note(&format!("{}: {what}", self.name));
        work(&mut net.seat_mut(&self.name).host);
    }
}

fn words(changes: &[Change]) -> String {
    let word = |change: &Change| match change {
        Change::Invite { user, .. } => format!("invite {}", names::short(user.as_str())),
        Change::RemoveUser(user) => format!("remove {}", names::short(user.as_str())),
        Change::RemoveClient(client) => format!("remove {}", names::short(client.as_str())),
        Change::SetRole(user, role) => format!("make {} {role:?}", names::short(user.as_str())),
        other => format!("{other:?}"),
    };
    changes.iter().map(word).collect::<Vec<_>>().join(", ")
}
