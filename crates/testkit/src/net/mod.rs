//! What is on its way between clients, providers and hub, and what becomes of it when it arrives.

mod frames;
mod passing;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use comity::{Client, Error, Identity, Made, RequestKind, Step};
use comity_hub::Limits;
use comity_room::{ProviderUri, Timestamp};

use crate::agenda::Agenda;
use crate::dice::Dice;
use crate::host::Host;
use crate::server::{Server, Servers};
use crate::trace::Trace;
use crate::traffic::{Exchange, Happening, Mishap, Queue, Seat};
use crate::weather::Weather;

/// How long after a kill the process is started again, at most, in milliseconds.
const RESTART: u64 = 3_000;

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
}
