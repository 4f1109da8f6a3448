//! Frames on their way from a hub through mailboxes to clients.

use comity::{Budget, Frame, FrameOutcome};
use comity_room::{ClientUri, ProviderUri};

use super::Net;
use crate::server::Server;
use crate::traffic::{Happening, Queue, describe, is_message, kind_of};

/// After how long something lost is sent again, in milliseconds.
const AGAIN: u64 = 1_000;
/// How much memory an extension may need for a frame, one of these each time: for none, for a message in a small room but
/// no commit, and for everything that comes up here.
const EXTENSIONS: [usize; 3] = [0, 80_000, 12 << 20];

impl Net {
    /// The client can be reached again, or listens again.
    pub(crate) fn fetch_soon(&mut self, name: &str) {
        let seat = self.seat_mut(name);
        if !seat.fetching && !seat.deaf && !seat.cut_off && seat.host.is_running() {
            seat.fetching = true;
            self.put_soon(Happening::Fetch(name.to_owned()));
        }
    }

    /// Looks for frames to fan out: a hub was used behind the link's back.
    pub(crate) fn fan_out(&mut self) {
        let hubs: Vec<ProviderUri> = self.servers.keys().cloned().collect();
        for hub in hubs {
            self.fan_out_of(&hub);
        }
    }

    pub(super) fn fan_out_of(&mut self, hub: &ProviderUri) {
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
    pub(super) fn deliver(&mut self, hub: &ProviderUri, queue: Queue) {
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

    pub(super) fn fetch(&mut self, name: &str) {
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

    pub(super) fn page(&mut self, name: &str, life: u32, frames: Vec<Frame>, position: usize, more: bool) {
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
    pub(super) fn push(&mut self, name: &str, frame: Frame) {
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

    fn note_outcomes(&mut self, name: &str, how: &str, frames: &[Frame], outcomes: &[FrameOutcome]) {
        for (frame, outcome) in frames.iter().zip(outcomes) {
            let kind = kind_of(frame);
            self.note(&format!("{name} ← {how} {kind}: {}", describe(outcome)));
        }
    }
}
