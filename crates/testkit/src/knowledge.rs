//! What a client knows, asked in the words of the domain: `bob.sees(["alice: hi"])`.
//!
//! Every answer comes from the client's own file.

use std::collections::{BTreeMap, BTreeSet};

use comity::{
    Delivery, Error, Event, EventKind, FrameOutcome, Member, Message, MessageId, Page, Phase, Reader,
    Rejection, RoomChange, Task, TaskId,
};
use comity_room::{ClientUri, RoleIndex, RoomUri, Timestamp, UserUri};

use crate::actor::Actor;
use crate::view;

impl Actor {
    /// Its user.
    pub fn user(&self) -> UserUri {
        self.state().net().seat(self.name()).login.user.clone()
    }

    /// Its URI.
    pub fn client(&self) -> ClientUri {
        self.state().net().seat(self.name()).login.client.clone()
    }

    /// The room that it acts in.
    #[track_caller]
    pub fn room(&self) -> RoomUri {
        match self.place() {
            Some(room) => room.clone(),
            None => self
                .state()
                .room
                .borrow()
                .clone()
                .expect("a room has been created"),
        }
    }

    /// What its clock says.
    pub fn now(&self) -> Timestamp {
        self.state().net().now_of(self.name())
    }

    /// Asks its file. A process that does not run is started: somebody opens the app to look.
    pub fn asks<T>(&self, query: impl FnOnce(&Reader) -> T) -> T {
        self.starts_if_needed();
        query(self.state().net().seat(self.name()).host.reader())
    }

    /// Its timeline is exactly this, line by line as [`view::line`] writes them.
    #[track_caller]
    pub fn sees<const N: usize>(&self, lines: [&str; N]) {
        assert_eq!(self.timeline(), lines, "what {} sees", self.name());
    }

    /// Its timeline, one line per message.
    pub fn timeline(&self) -> Vec<String> {
        let supported = self.supported();
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
            .map(|message| view::line(&message, &self.supported()))
    }

    /// Which media type it shows of a message; `None` if it cannot show it.
    pub fn shows(&self, id: MessageId) -> Option<String> {
        let message = self.message(id)?;
        let content = message.content?;
        let selection = comity_content::select(&content, &self.supported());
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
        self.starts_if_needed();
        self.state().net().seat(self.name()).host.events()
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
        self.state().net().seat(self.name()).host.outcomes().to_vec()
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
        assert_eq!(
            Some(found.summary.epoch),
            epoch,
            "the epoch of {} and the hub's",
            self.name()
        );
        assert!(
            found.tasks.is_empty(),
            "{} has tasks left: {:?}",
            self.name(),
            found.tasks
        );
        assert!(!found.summary.behind, "{} thinks that it is behind", self.name());
        let unsent = |message: &Message| matches!(message.delivery, Delivery::Waiting | Delivery::Sending);
        let unsent = self.within(room).messages().into_iter().filter(unsent).count();
        assert_eq!(unsent, 0, "messages that {} has not sent", self.name());
    }

    /// Every message of ours since both are here is there, too, and looks the same; and what both have stands in the same
    /// order. What happened to older messages while one of them was away, that one cannot know.
    #[track_caller]
    pub(crate) fn is_seen_alike_by(&self, other: &Self, room: &RoomUri) {
        let (ours, theirs) = (self.plain_lines(room), other.plain_lines(room));
        let since = self.first_epoch(room).max(other.first_epoch(room));
        let seen: BTreeMap<MessageId, &String> = theirs.iter().map(|(id, _, line)| (*id, line)).collect();
        for (id, epoch, line) in ours.iter().filter(|(_, epoch, _)| *epoch >= since) {
            let pair = format!("{id} of epoch {epoch}, of {} and {}", self.name(), other.name());
            assert_eq!(
                Some(&line),
                seen.get(id),
                "{pair}, who are both there since epoch {since}"
            );
        }
        let known: BTreeSet<MessageId> = ours.iter().map(|(id, ..)| *id).collect();
        let in_our_order = ours.iter().map(|(id, ..)| *id).filter(|id| seen.contains_key(id));
        let in_their_order = theirs.iter().map(|(id, ..)| *id).filter(|id| known.contains(id));
        let pair = format!("order of {} and {}", self.name(), other.name());
        assert_eq!(
            in_our_order.collect::<Vec<_>>(),
            in_their_order.collect::<Vec<_>>(),
            "{pair}"
        );
    }

    /// Its timeline as a basic client would show it: id, epoch, line. What the hub would not take is only its own.
    fn plain_lines(&self, room: &RoomUri) -> Vec<(MessageId, u64, String)> {
        let plain = crate::supports::basic();
        let mut messages = self.within(room).messages();
        messages
            .retain(|message| !matches!(message.delivery, Delivery::Refused(_) | Delivery::Undeliverable));
        messages
            .iter()
            .map(|message| (message.id, message.epoch, view::line(message, &plain)))
            .collect()
    }

    /// The first epoch of the room that it could read.
    pub(crate) fn first_epoch(&self, room: &RoomUri) -> u64 {
        self.state()
            .net()
            .seat(self.name())
            .host
            .first_epoch(room)
            .unwrap_or(u64::MAX)
    }
}
