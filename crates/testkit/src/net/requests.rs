//! Requests on their way to a hub, and answers on their way back.

use comity::{Answer, Request, RequestId, RequestKind};

use super::Net;
use crate::server;
use crate::traffic::{Exchange, Happening, Mishap};

/// How long a host waits for a reply, in milliseconds.
const TIMEOUT: u64 = 10_000;

impl Net {
    /// Posts what the lanes of a client allow.
    pub(crate) fn post_ready(&mut self, name: &str) {
        for request in self.seat_mut(name).host.ready() {
            self.post(name, request);
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

    pub(super) fn arrive(&mut self, exchange: usize) {
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

    pub(super) fn answer(&mut self, exchange: usize, answer: Answer) {
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

    pub(super) fn give_up(&mut self, exchange: usize) {
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

    fn mishap(&mut self, name: &str, kind: RequestKind) -> Option<Mishap> {
        let at = self
            .mishaps
            .iter()
            .position(|(who, what, _)| who == name && *what == kind)?;
        Some(self.mishaps.remove(at).2)
    }
}
