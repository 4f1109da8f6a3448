//! Time that passes, and what happens in it.

use std::time::Duration;

use super::Net;
use crate::traffic::{Happening, Seat};

/// For how long after the last thing that moved `settle` waits for timers, in milliseconds: a proposal is committed
/// within ten seconds.
const PATIENCE: u64 = 20_000;
/// How many things may happen before `settle` says that it never ends.
const BOUND: usize = 20_000;
/// How long it may take, in milliseconds, before `settle` says so: two days, in which every pause between two attempts
/// has long reached its longest.
const LONGEST: u64 = 2 * 86_400_000;

impl Net {
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
}
