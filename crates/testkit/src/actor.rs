//! A client, spoken of in the words of the domain: `alice.says("hi")`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use comity::{
    Allow, Budget, Change, Client, Delivery, Error, Event, EventKind, Frame, FrameOutcome, Made, Member, Message,
    MessageId, NewRoom, Outgoing, Page, Phase, Reader, Rejection, Resolution, Response, RoomChange, Step,
    Task, TaskId,
};
use comity_content::Supported;
use comity_room::{ClientUri, Requirement, RoleIndex, RoomUri, Timestamp, UserUri};

use crate::host::Host;
use crate::names;
use crate::view;
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

    /// A frame is pushed to it, beside its mailbox.
    pub fn is_pushed(&self, frame: Frame) -> FrameOutcome {
        let now = self.now();
        let outcomes = self.state.net_mut().seat_mut(&self.name).host.pushed(now, frame);
        self.state.net_mut().post_ready(&self.name);
        outcomes.into_iter().next().expect("one frame, one outcome")
    }

    /// The same file is opened a second time, as a notification extension does.
    pub fn as_extension<T>(&self, work: impl FnOnce(&mut Client, Timestamp) -> T) -> T {
        let now = self.now();
        self.state
            .net_mut()
            .note(&format!("{}: its extension runs", self.name));
        let result = self
            .state
            .net_mut()
            .seat_mut(&self.name)
            .host
            .as_extension(now, |client| work(client, now));
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

// What it knows.
impl Actor {
    /// Its name in the test.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its user.
    pub fn user(&self) -> UserUri {
        self.state.net().seat(&self.name).login.user.clone()
    }

    /// Its URI.
    pub fn client(&self) -> ClientUri {
        self.state.net().seat(&self.name).login.client.clone()
    }

    /// The room that it acts in.
    #[track_caller]
    pub fn room(&self) -> RoomUri {
        match &self.within {
            Some(room) => room.clone(),
            None => self.state.room.borrow().clone().expect("a room has been created"),
        }
    }

    /// What its clock says.
    pub fn now(&self) -> Timestamp {
        self.state.net().now_of(&self.name)
    }

    /// Asks its file.
    pub fn asks<T>(&self, query: impl FnOnce(&Reader) -> T) -> T {
        query(self.state.net().seat(&self.name).host.reader())
    }

    /// Its timeline is exactly this, line by line as [`view::line`] writes them.
    #[track_caller]
    pub fn sees<const N: usize>(&self, lines: [&str; N]) {
        assert_eq!(self.timeline(), lines, "what {} sees", self.name);
    }

    /// Its timeline, one line per message.
    pub fn timeline(&self) -> Vec<String> {
        let supported = self.supported.borrow();
        self.messages()
            .iter()
            .map(|message| view::line(message, &supported))
            .collect()
    }

    /// The messages of its timeline; none if it knows no such room.
    pub fn messages(&self) -> Vec<Message> {
        let (now, room) = (self.now(), self.room());
        self.asks(|reader| {
            let mut messages: Vec<Message> = Vec::new();
            loop {
                let page = match messages.last() {
                    Some(last) => Page::After(last.position, 500),
                    None => Page::After(comity::Position::default(), 500),
                };
                match reader.timeline(now, &room, page) {
                    Ok(page) if page.is_empty() => return messages,
                    Ok(page) => messages.extend(page),
                    Err(Error::Misuse(comity::Misuse::NoSuchRoom)) => return Vec::new(),
                    Err(error) => panic!("the timeline cannot be read: {error}"),
                }
            }
        })
    }

    /// One message.
    pub fn message(&self, id: MessageId) -> Option<Message> {
        let now = self.now();
        self.asks(|reader| reader.message(now, id).expect("a message can be asked for"))
    }

    /// One message as a line of the timeline.
    pub fn line(&self, id: MessageId) -> Option<String> {
        self.message(id)
            .map(|message| view::line(&message, &self.supported.borrow()))
    }

    /// Which media type it shows of a message; `None` if it cannot show it.
    pub fn shows(&self, id: MessageId) -> Option<String> {
        let message = self.message(id)?;
        let content = message.content?;
        let selection = comity_content::select(&content, &self.supported.borrow());
        selection.chosen.first()?.part.media_type().map(str::to_owned)
    }

    /// Where it stands in the room.
    pub fn phase(&self) -> Option<Phase> {
        self.phase_in(&self.room())
    }

    pub(crate) fn phase_in(&self, room: &RoomUri) -> Option<Phase> {
        let now = self.now();
        let rooms = self.asks(|reader| reader.rooms(now).expect("rooms can be listed"));
        rooms
            .into_iter()
            .find(|summary| summary.uri == *room)
            .map(|summary| summary.phase)
    }

    /// The epoch that its group is in.
    #[track_caller]
    pub fn epoch(&self) -> u64 {
        self.epoch_in(&self.room())
    }

    #[track_caller]
    pub(crate) fn epoch_in(&self, room: &RoomUri) -> u64 {
        self.asks(|reader| reader.room(room))
            .expect("the room is known")
            .summary
            .epoch
    }

    /// The participants of the room, with their roles.
    #[track_caller]
    pub fn participants(&self) -> Vec<(UserUri, RoleIndex)> {
        self.participants_in(&self.room())
    }

    #[track_caller]
    pub(crate) fn participants_in(&self, room: &RoomUri) -> Vec<(UserUri, RoleIndex)> {
        self.asks(|reader| reader.room(room))
            .expect("the room is known")
            .participants
    }

    /// The clients in the room, sorted by their URI.
    #[track_caller]
    pub fn members(&self) -> Vec<Member> {
        self.members_in(&self.room())
    }

    #[track_caller]
    pub(crate) fn members_in(&self, room: &RoomUri) -> Vec<Member> {
        let mut members = self
            .asks(|reader| reader.members(room, 0, usize::MAX))
            .expect("the room is known");
        members.sort_by(|one, other| one.client.cmp(&other.client));
        members
    }

    /// How many messages it has not read.
    #[track_caller]
    pub fn unread(&self) -> u32 {
        self.asks(|reader| reader.room(&self.room()))
            .expect("the room is known")
            .summary
            .unread
    }

    /// How a task stands.
    #[track_caller]
    pub fn task(&self, task: TaskId) -> Task {
        self.asks(|reader| reader.task(task))
            .expect("a task can be asked for")
            .expect("the task is known")
    }

    /// Every event in its log.
    pub fn events(&self) -> Vec<Event> {
        self.state.net().seat(&self.name).host.events()
    }

    /// What happened to the room, by its log.
    pub fn room_events(&self) -> Vec<RoomChange> {
        let here = self.room();
        let of_room = |event: Event| match event.kind {
            EventKind::Room { room, change } if room == here => Some(change),
            _ => None,
        };
        self.events().into_iter().filter_map(of_room).collect()
    }

    /// What happened to a message, by its log.
    pub fn message_events(&self, id: MessageId) -> Vec<comity::MessageChange> {
        let of_message = |event: Event| match event.kind {
            EventKind::Message { message, change, .. } if message == id => Some(change),
            _ => None,
        };
        self.events().into_iter().filter_map(of_message).collect()
    }

    /// What became of every frame that it received.
    pub fn outcomes(&self) -> Vec<FrameOutcome> {
        self.state.net().seat(&self.name).host.outcomes().to_vec()
    }

    /// Why frames were rejected, by its log.
    pub fn rejections(&self) -> Vec<Rejection> {
        let rejection = |event: Event| match event.kind {
            EventKind::Frame { reason, .. } => Some(reason),
            _ => None,
        };
        self.events().into_iter().filter_map(rejection).collect()
    }

    /// It is in the hub's epoch, its changes are made, and its messages are sent.
    #[track_caller]
    pub(crate) fn is_done_with(&self, room: &RoomUri, epoch: Option<u64>) {
        let found = self.asks(|reader| reader.room(room)).expect("the room is known");
        assert_eq!(Some(found.summary.epoch), epoch, "the epoch of {} and the hub's", self.name);
        assert!(found.tasks.is_empty(), "{} has tasks left: {:?}", self.name, found.tasks);
        assert!(!found.summary.behind, "{} thinks that it is behind", self.name);
        let unsent = |message: &Message| matches!(message.delivery, Delivery::Waiting | Delivery::Sending);
        let unsent = self.within(room).messages().into_iter().filter(unsent).count();
        assert_eq!(unsent, 0, "messages that {} has not sent", self.name);
    }

    /// Every message of ours that the other could read, it has read, and shows it the same; and in the same order.
    #[track_caller]
    pub(crate) fn is_seen_alike_by(&self, other: &Self, room: &RoomUri) {
        let (ours, theirs) = (self.plain_lines(room), other.plain_lines(room));
        let since = other.first_epoch(room);
        let seen: BTreeMap<MessageId, &String> = theirs.iter().map(|(id, _, line)| (*id, line)).collect();
        for (id, epoch, line) in &ours {
            let pair = format!("{id} of epoch {epoch}, of {} and {}", self.name, other.name);
            match seen.get(id) {
                Some(theirs) => assert_eq!(line, *theirs, "{pair}"),
                None => assert!(
                    *epoch < since,
                    "{pair}: {} is there since epoch {since} and lacks: {line}",
                    other.name
                ),
            }
        }
        let common =
            |lines: &[(MessageId, u64, String)], others: &[(MessageId, u64, String)]| -> Vec<MessageId> {
                let both = lines
                    .iter()
                    .filter(|(id, ..)| others.iter().any(|(other, ..)| other == id));
                both.map(|(id, ..)| *id).collect()
            };
        let pair = format!("order of {} and {}", self.name, other.name);
        assert_eq!(common(&ours, &theirs), common(&theirs, &ours), "{pair}");
    }

    /// Its timeline as a basic client would show it: id, epoch, line. What the hub would not take is only its own.
    fn plain_lines(&self, room: &RoomUri) -> Vec<(MessageId, u64, String)> {
        let plain = crate::supports::basic();
        let mut messages = self.within(room).messages();
        messages.retain(|message| !matches!(message.delivery, Delivery::Refused(_) | Delivery::Undeliverable));
        messages
            .iter()
            .map(|message| (message.id, message.epoch, view::line(message, &plain)))
            .collect()
    }

    /// The first epoch of the room that it could read.
    pub(crate) fn first_epoch(&self, room: &RoomUri) -> u64 {
        self.state
            .net()
            .seat(&self.name)
            .host
            .first_epoch(room)
            .unwrap_or(u64::MAX)
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
