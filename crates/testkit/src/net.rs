//! What is on its way between clients, providers and hub, and what becomes of it when it arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use comity::{
    Answer, Budget, Client, Error, Frame, FrameOutcome, Identity, Made, Request, RequestId, RequestKind, Step,
};
use comity_hub::Limits;
use comity_room::{ClientUri, ProviderUri, Timestamp};

use crate::agenda::Agenda;
use crate::dice::Dice;
use crate::host::Host;
use crate::server::{self, Server, Servers};
use crate::trace::Trace;
use crate::traffic::{Exchange, Happening, Mishap, Queue, Seat, describe, is_message, kind_of};
use crate::weather::Weather;

/// How long a host waits for a reply, in milliseconds.
const TIMEOUT: u64 = 10_000;
/// After how long something lost is sent again, in milliseconds.
const AGAIN: u64 = 1_000;
/// How much memory an extension may need for a frame, one of these each time: for none, for a message in a small room but
/// no commit, and for everything that comes up here.
const EXTENSIONS: [usize; 3] = [0, 80_000, 12 << 20];
/// How long after a kill the process is started again, at most, in milliseconds.
const RESTART: u64 = 3_000;
/// For how long after the last thing that moved `settle` waits for timers, in milliseconds: a proposal is committed
/// within ten seconds.
const PATIENCE: u64 = 20_000;
/// How many things may happen before `settle` says that it never ends.
const BOUND: usize = 20_000;
/// How long it may take, in milliseconds, before `settle` says so: two days, in which every pause between two attempts
/// has long reached its longest.
const LONGEST: u64 = 2 * 86_400_000;

/// Everything that is not the tests' own.
pub(crate) struct Net {
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) servers: Servers,
    pub(crate) seats: BTreeMap<String, Seat>,
    pub(crate) mishaps: Vec<(String, RequestKind, Mishap)>,
    pub(crate) limits: Limits,
    started: u64,
    now: u64,
    agenda: Agenda<Happening>,
    exchanges: Vec<Exchange>,
    fanning_out: BTreeSet<(ProviderUri, Queue)>,
    trace: Trace,
}

impl Net {
    pub(crate) fn new(seed: u64, now: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            weather: Weather::CALM,
            servers: BTreeMap::new(),
            seats: BTreeMap::new(),
            mishaps: Vec::new(),
            limits: Limits::default(),
            started: now,
            now,
            agenda: Agenda::new(),
            exchanges: Vec::new(),
            fanning_out: BTreeSet::new(),
            trace: Trace::new(seed),
        }
    }

    /// The true time, which is also the hubs'.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// What a client's clock says.
    pub(crate) fn now_of(&self, name: &str) -> Timestamp {
        Timestamp::from_millis(self.now.saturating_add_signed(self.seat(name).skew))
    }

    pub(crate) fn note(&mut self, line: &str) {
        self.trace.note(self.now - self.started, line);
    }

    pub(crate) fn trace(&self) -> String {
        self.trace.text()
    }

    pub(crate) fn server(&mut self, provider: &ProviderUri) -> &mut Server {
        let limits = &self.limits;
        self.servers
            .entry(provider.clone())
            .or_insert_with(|| Server::new(provider.clone(), limits))
    }

    pub(crate) fn seat(&self, name: &str) -> &Seat {
        self.seats
            .get(name)
            .unwrap_or_else(|| panic!("there is no client {name}"))
    }

    pub(crate) fn seat_mut(&mut self, name: &str) -> &mut Seat {
        self.seats
            .get_mut(name)
            .unwrap_or_else(|| panic!("there is no client {name}"))
    }

    pub(crate) fn sit_down(&mut self, name: &str, host: Host, login: Identity) {
        self.server(&login.client.provider()).register(&login);
        let seat = Seat {
            host,
            login,
            skew: 0,
            cut_off: false,
            deaf: false,
            keeps_messages_back: false,
            fetching: false,
        };
        assert!(
            self.seats.insert(name.to_owned(), seat).is_none(),
            "there are two clients {name}"
        );
    }

    /// Calls a verb of a client, which is started first if it is not running.
    pub(crate) fn act(
        &mut self,
        name: &str,
        what: &str,
        verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>,
    ) -> Result<Option<Made>, Error> {
        self.note(&format!("{name}: {what}"));
        if !self.seat(name).host.is_running() {
            self.start(name);
        }
        let now = self.now_of(name);
        self.maybe_doom(name);
        let result = self.seat_mut(name).host.act(|client| verb(client, now));
        if let Err(error) = &result {
            self.note(&format!("{name}: error {}", error.code()));
        }
        self.after_call(name);
        result
    }

    /// Runs until nothing is on its way, nothing is outstanding and no timer is due soon.
    pub(crate) fn settle(&mut self) {
        let (mut patience, end) = (self.now + PATIENCE, self.now + LONGEST);
        for _ in 0..BOUND {
            let (event, timer) = (self.agenda.next_at(), self.next_timer());
            if self.now > end {
                break;
            }
            match (event, timer) {
                (Some(at), timer) if timer.as_ref().is_none_or(|(due, _)| at <= *due) => {
                    self.happen();
                    patience = self.now + PATIENCE;
                }
                (_, Some((due, name))) if due <= patience || self.somebody_waits() => self.wake(due, &name),
                _ => return self.assert_settled(),
            }
        }
        panic!("the world does not settle");
    }

    /// Lets time pass, with all that happens in it.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.now + u64::try_from(by.as_millis()).expect("a time of this world");
        for _ in 0..BOUND {
            let (event, timer) = (self.agenda.next_at(), self.next_timer());
            match (event, timer) {
                (Some(at), timer) if at <= end && timer.as_ref().is_none_or(|(due, _)| at <= *due) => {
                    self.happen()
                }
                (_, Some((due, name))) if due <= end => self.wake(due, &name),
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("time does not pass");
    }

    /// Starts a process.
    pub(crate) fn start(&mut self, name: &str) {
        self.note(&format!("{name}: starts"));
        let now = self.now_of(name);
        let seat = self.seat_mut(name);
        seat.fetching = false;
        seat.host.open(now);
        self.fetch_soon(name);
        self.post_ready(name);
    }

    /// The client can be reached again, or listens again.
    pub(crate) fn fetch_soon(&mut self, name: &str) {
        let seat = self.seat_mut(name);
        if !seat.fetching && !seat.deaf && !seat.cut_off && seat.host.is_running() {
            seat.fetching = true;
            self.put_soon(Happening::Fetch(name.to_owned()));
        }
    }

    /// Posts what the lanes of a client allow.
    pub(crate) fn post_ready(&mut self, name: &str) {
        for request in self.seat_mut(name).host.ready() {
            self.post(name, request);
        }
    }

    /// Looks for frames to fan out: a hub was used behind the link's back.
    pub(crate) fn fan_out(&mut self) {
        let hubs: Vec<ProviderUri> = self.servers.keys().cloned().collect();
        for hub in hubs {
            self.fan_out_of(&hub);
        }
    }

    /// A request reaches the client's provider past the link.
    pub(crate) fn serve(&mut self, name: &str, request: &Request) -> Answer {
        let (now, login) = (self.now(), self.seat(name).login.clone());
        let response = server::post(&mut self.servers, now, &login, request);
        self.note(&format!(
            "{name}'s {:?} {:?}: {} – the answer goes nowhere",
            request.kind, request.id, response.word
        ));
        self.fan_out_of(&request.to);
        response.answer
    }

    fn post(&mut self, name: &str, request: Request) {
        let mishap = self.mishap(name, request.kind);
        let lost = self.dice.chance(self.weather.lose_request) || mishap == Some(Mishap::LoseRequest);
        let repeated = self.dice.chance(self.weather.repeat_request) || mishap == Some(Mishap::RepeatRequest);
        if mishap == Some(Mishap::LoseAnswer) {
            // Seen again when it arrives.
            self.mishaps
                .push((name.to_owned(), request.kind, Mishap::LoseAnswer));
        }
        let undeliverable = mishap == Some(Mishap::Undeliverable);
        let lost = lost || undeliverable;
        let word = if lost { " – lost" } else { "" };
        self.note(&format!("{name} → {:?} {:?}{word}", request.kind, request.id));
        let life = self.seat(name).host.life();
        self.exchanges.push(Exchange {
            name: name.to_owned(),
            life,
            request,
            open: true,
        });
        let exchange = self.exchanges.len() - 1;
        if !lost {
            self.put_soon(Happening::Arrive(exchange));
        }
        if repeated {
            self.put_soon(Happening::Arrive(exchange));
        }
        if undeliverable {
            self.put_soon(Happening::Return(exchange, Answer::Undeliverable));
        }
        self.agenda.put(self.now + TIMEOUT, Happening::GiveUp(exchange));
    }

    /// Lets the next thing happen.
    fn happen(&mut self) {
        let Some((at, what)) = self.agenda.take_next() else {
            return;
        };
        self.now = self.now.max(at);
        match what {
            Happening::Arrive(exchange) => self.arrive(exchange),
            Happening::Return(exchange, answer) => self.answer(exchange, answer),
            Happening::GiveUp(exchange) => self.give_up(exchange),
            Happening::FanOut(hub, queue) => self.deliver(&hub, queue),
            Happening::Fetch(name) => self.fetch(&name),
            Happening::Page {
                name,
                life,
                frames,
                position,
                more,
            } => {
                self.page(&name, life, frames, position, more);
            }
            Happening::Push { name, frame } => self.push(&name, frame),
            Happening::Start(name) => {
                if !self.seat(&name).host.is_running() {
                    self.start(&name);
                }
            }
        }
    }

    fn arrive(&mut self, exchange: usize) {
        let Some(Exchange { name, request, .. }) = self.exchanges.get(exchange) else {
            return;
        };
        let (name, request) = (name.clone(), request.clone());
        if self.seat(&name).cut_off {
            return;
        }
        let (now, login) = (self.now(), self.seat(&name).login.clone());
        let response = server::post(&mut self.servers, now, &login, &request);
        let mishap = self.mishap(&name, request.kind) == Some(Mishap::LoseAnswer);
        let lost = mishap || self.dice.chance(self.weather.lose_answer);
        let repeated = self.dice.chance(self.weather.repeat_answer);
        let word = if lost { " – answer lost" } else { "" };
        self.note(&format!(
            "{name}'s {:?} {:?}: {}{word}",
            request.kind, request.id, response.word
        ));
        if !lost {
            self.put_soon(Happening::Return(exchange, response.answer.clone()));
        }
        if repeated {
            self.put_soon(Happening::Return(exchange, response.answer));
        }
        self.fan_out_of(&request.to);
    }

    fn answer(&mut self, exchange: usize, answer: Answer) {
        let Some(entry) = self.exchanges.get_mut(exchange) else {
            return;
        };
        let (name, life, id) = (entry.name.clone(), entry.life, entry.request.id);
        let seat = self.seats.get(&name).expect("a client");
        if seat.cut_off || !seat.host.is_running() || seat.host.life() != life {
            return;
        }
        entry.open = false;
        self.reply(&name, id, answer);
    }

    fn give_up(&mut self, exchange: usize) {
        let Some(entry) = self.exchanges.get_mut(exchange) else {
            return;
        };
        let (name, life, id) = (entry.name.clone(), entry.life, entry.request.id);
        if !std::mem::take(&mut entry.open) {
            return;
        }
        let host = &self.seat(&name).host;
        if host.is_running() && host.life() == life {
            self.note(&format!("{name}: no answer to {id:?}"));
            self.reply(&name, id, Answer::Unreachable { retry_after: None });
        }
    }

    fn reply(&mut self, name: &str, id: RequestId, answer: Answer) {
        let now = self.now_of(name);
        self.maybe_doom(name);
        self.seat_mut(name).host.reply(now, id, answer);
        self.after_call(name);
    }

    fn fan_out_of(&mut self, hub: &ProviderUri) {
        let Some(server) = self.servers.get(hub) else {
            return;
        };
        for queue in server.hub.waiting() {
            self.fan_out_soon(hub, queue);
        }
    }

    fn fan_out_soon(&mut self, hub: &ProviderUri, queue: Queue) {
        if self.fanning_out.insert((hub.clone(), queue.clone())) {
            self.put_soon(Happening::FanOut(hub.clone(), queue));
        }
    }

    /// A hub delivers in order per provider and room, and again until it is acknowledged.
    fn deliver(&mut self, hub: &ProviderUri, queue: Queue) {
        self.fanning_out.remove(&(hub.clone(), queue.clone()));
        let Some(delivery) = self.server(hub).hub.next_delivery(&queue) else {
            return;
        };
        let down = self.server(&queue.0).down;
        if down || self.dice.chance(self.weather.lose_frames) {
            if self.fanning_out.insert((hub.clone(), queue.clone())) {
                self.agenda
                    .put(self.now + AGAIN, Happening::FanOut(hub.clone(), queue));
            }
            return;
        }
        let locals = self.server(&queue.0).take(&delivery, hub);
        for local in locals {
            let frame = Server::frame(&delivery, &local);
            for client in &local.clients {
                self.put_into_mailbox(client, &frame, local.urgent);
            }
        }
        if !self.dice.chance(self.weather.repeat_frames) {
            self.server(hub).hub.delivered(&queue);
        }
        self.fan_out_of(hub);
    }

    fn put_into_mailbox(&mut self, client: &ClientUri, frame: &Frame, urgent: bool) {
        let jumps = self.dice.chance(self.weather.reorder_frames);
        let seat = self.seats.iter().find(|(_, seat)| seat.login.client == *client);
        let Some((name, keeps_back)) =
            seat.map(|(name, seat)| (name.clone(), seat.keeps_messages_back && is_message(frame)))
        else {
            return;
        };
        let server = self
            .servers
            .get_mut(&client.provider())
            .expect("the client's provider");
        let mailbox = server.mailboxes.entry(client.clone()).or_default();
        if keeps_back {
            return mailbox.keep_back(frame.clone());
        }
        mailbox.put(frame.clone(), jumps, &mut self.dice);
        if urgent && self.dice.chance(self.weather.push_frames) {
            let (name, frame) = (name.clone(), frame.clone());
            self.put_soon(Happening::Push { name, frame });
        }
        self.fetch_soon(&name);
    }

    fn fetch(&mut self, name: &str) {
        let page = self.weather.page;
        let lost = self.dice.chance(self.weather.lose_frames);
        let seat = self.seats.get_mut(name).expect("a client");
        if seat.cut_off || seat.deaf || !seat.host.is_running() {
            seat.fetching = false;
            return;
        }
        let (life, from, client) = (seat.host.life(), seat.host.position(), seat.login.client.clone());
        let server = self
            .servers
            .get_mut(&client.provider())
            .expect("the client's provider");
        let (frames, position, more) = server.mailboxes.entry(client).or_default().page(from, page);
        if frames.is_empty() {
            seat.fetching = false;
        } else if lost {
            self.agenda
                .put(self.now + AGAIN, Happening::Fetch(name.to_owned()));
        } else {
            self.put_soon(Happening::Page {
                name: name.to_owned(),
                life,
                frames,
                position,
                more,
            });
        }
    }

    fn page(&mut self, name: &str, life: u32, frames: Vec<Frame>, position: usize, more: bool) {
        let now = self.now_of(name);
        let seat = self.seat_mut(name);
        if seat.host.life() != life || !seat.host.is_running() {
            return;
        }
        seat.fetching = false;
        if seat.cut_off {
            return;
        }
        self.maybe_doom(name);
        let outcomes = self
            .seat_mut(name)
            .host
            .receive(now, frames.clone(), position, more);
        self.note_outcomes(name, "page", &frames, &outcomes);
        self.after_call(name);
        self.fetch_soon(name);
    }

    /// A push wakes the notification extension, if the app does not run or is in the background.
    fn push(&mut self, name: &str, frame: Frame) {
        let now = self.now_of(name);
        let in_background = self.dice.chance(self.weather.extension);
        let seat = self.seat_mut(name);
        if seat.cut_off || seat.deaf {
            return;
        }
        if !in_background && seat.host.is_running() {
            self.maybe_doom(name);
            let outcomes = self.seat_mut(name).host.pushed(now, frame.clone());
            self.note_outcomes(name, "push", &[frame], &outcomes);
            return self.after_call(name);
        }
        let memory = self.dice.pick(&EXTENSIONS).copied().unwrap_or_default();
        let budget = Budget {
            memory,
            ..Budget::EXTENSION
        };
        let host = &mut self.seat_mut(name).host;
        let outcomes = host.pushed_to_extension(now, budget, frame.clone());
        self.note_outcomes(name, "push to the extension", &[frame], &outcomes);
        self.post_ready(name);
    }

    fn wake(&mut self, due: u64, name: &str) {
        self.now = self.now.max(due);
        self.note(&format!("{name}: wakes"));
        let now = self.now_of(name);
        self.maybe_doom(name);
        self.seat_mut(name).host.wake(now);
        self.after_call(name);
    }

    /// The timer that goes off next, in true time.
    fn next_timer(&self) -> Option<(u64, String)> {
        let timers = self.seats.iter().filter_map(|(name, seat)| {
            let due = seat
                .host
                .wake_at()?
                .as_millis()
                .saturating_add_signed(seat.skew.saturating_neg());
            Some((due, name.clone()))
        });
        timers.min()
    }

    /// Whether a client that hears everything waits for an answer.
    fn somebody_waits(&self) -> bool {
        let mut listening = self.reachable().filter(|(_, seat)| !seat.deaf);
        listening.any(|(_, seat)| !seat.host.outstanding().is_empty())
    }

    fn assert_settled(&self) {
        for (name, seat) in self.reachable().filter(|(_, seat)| !seat.deaf) {
            let outstanding = seat.host.outstanding();
            assert!(
                outstanding.is_empty(),
                "{name} still waits for {:?}",
                outstanding.first().map(|r| r.kind)
            );
            let server = self
                .servers
                .get(&seat.login.client.provider())
                .expect("the client's provider");
            let waiting = server
                .mailboxes
                .get(&seat.login.client)
                .map_or(0, crate::mailbox::Mailbox::len);
            assert_eq!(
                waiting,
                seat.host.position(),
                "{name} has not fetched all its frames"
            );
        }
    }

    fn reachable(&self) -> impl Iterator<Item = (&String, &Seat)> {
        self.seats
            .iter()
            .filter(|(_, seat)| seat.host.is_running() && !seat.cut_off)
    }

    fn maybe_doom(&mut self, name: &str) {
        if self.dice.chance(self.weather.kill) {
            self.note(&format!("{name}: is about to be killed"));
            self.seat_mut(name).host.doom();
        }
    }

    fn after_call(&mut self, name: &str) {
        if self.seat(name).host.is_running() && self.dice.chance(self.weather.kill) {
            self.note(&format!("{name}: is killed"));
            self.seat_mut(name).host.kill();
        }
        if self.seat(name).host.is_running() {
            self.post_ready(name);
        } else {
            let pause = self.dice.below(RESTART);
            self.agenda
                .put(self.now + pause, Happening::Start(name.to_owned()));
        }
    }

    fn mishap(&mut self, name: &str, kind: RequestKind) -> Option<Mishap> {
        let at = self
            .mishaps
            .iter()
            .position(|(who, what, _)| who == name && *what == kind)?;
        Some(self.mishaps.remove(at).2)
    }

    fn put_soon(&mut self, what: Happening) {
        let slowest = u64::try_from(self.weather.slowest.as_millis()).unwrap_or(u64::MAX);
        let calm = self.weather == Weather::CALM;
        // In calm weather everything takes equally long, so that nothing overtakes anything.
        let takes = if calm {
            slowest
        } else {
            1 + self.dice.below(slowest)
        };
        self.agenda.put(self.now + takes, what);
    }

    fn note_outcomes(&mut self, name: &str, how: &str, frames: &[Frame], outcomes: &[FrameOutcome]) {
        for (frame, outcome) in frames.iter().zip(outcomes) {
            let kind = kind_of(frame);
            self.note(&format!("{name} ← {how} {kind}: {}", describe(outcome)));
        }
    }
}
