//! What two clients do all day, in an order that a seed decides.

use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};

use comity_capi::*;
use comity_relay::Providers;
use tempfile::TempDir;

use crate::app::App;
use crate::memory::{self, Allocated};
use crate::{Sabotage, call, free, must};

const ROOM: &CStr = c"mimi://a.example/r/soak";
const HUB: &CStr = c"mimi://a.example";

/// Deeds in an epoch. Groups keep the secrets of five past epochs, so that they are as large as they get after six of these.
const EPOCH: u64 = 20;

/// Two clients, the relay between them, and the time.
pub(crate) struct Life {
    relay: Option<Providers>,
    apps: Vec<App>,
    supported: *mut comity_supported,
    now: u64,
    chance: u64,
    deeds: u64,
    latest: Option<(usize, comity_message_id)>,
    _dir: TempDir,
}

impl Life {
    /// Both are in a room.
    pub(crate) fn begin(seed: u64, sabotage: Sabotage) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let relay = Providers::open(&dir.path().join("relay.sqlite")).expect("a relay");
        let now = present();
        let apps = [("a.example", "alice"), ("b.example", "bob")]
            .map(|(provider, name)| App::create(&relay, now, dir.path(), provider, name, sabotage));
        let mut life = Self {
            relay: Some(relay),
            apps: apps.into(),
            supported: supported(),
            now,
            chance: seed,
            deeds: 0,
            latest: None,
            _dir: dir,
        };
        life.meet();
        life
    }

    fn meet(&mut self) {
        let mut step = null_mut();
        for at in 0..2 {
            must!(comity_client_advertise(
                self.apps[at].client,
                self.now,
                self.supported,
                &mut step
            ));
            self.take(at, step);
        }
        let key = self
            .relay()
            .hub_key(&::comity_room::ProviderUri::parse(HUB.to_str().expect("UTF-8")).expect("a provider"));
        let key = key.expect("the relay's file").expect("a provider");
        let (mut room, mut changes) = (null_mut(), null_mut());
        must!(comity_new_room_new(key.as_ptr(), key.len(), &mut room));
        must!(comity_client_create_room(
            self.apps[0].client,
            self.now,
            ROOM.as_ptr(),
            room,
            &mut step
        ));
        free!(comity_new_room_free(room));
        self.take(0, step);
        must!(comity_changes_new(&mut changes));
        must!(comity_changes_invite(changes, self.apps[1].user.as_ptr(), 0));
        self.change(0, changes);
        must!(comity_client_respond(
            self.apps[1].client,
            self.now,
            ROOM.as_ptr(),
            1,
            &mut step
        ));
        self.take(1, step);
        self.everybody_takes_mail(false);
    }

    /// Goes on until the library has given so many steps.
    pub(crate) fn live_until(&mut self, steps: u64) {
        while self.steps() < steps {
            self.deeds += 1;
            self.now += 500;
            let who = self.below(2);
            match self.deeds % 400 {
                100 => self.restart(who),
                200 => self.pause(who),
                300 => self.apps[who].asks(self.now, ROOM),
                deed if deed % EPOCH == 0 => self.rotate(who),
                _ => self.everyday(who),
            }
        }
    }

    fn everyday(&mut self, who: usize) {
        match self.below(10) {
            0..4 => self.says(who),
            4 => self.reacts(who),
            5 => self.edits(who),
            6 => self.deletes(who),
            7 => self.attaches(),
            8 => self.misuses(who),
            _ => self.writes_markdown(),
        }
        let tampered = self.below(20) == 0;
        self.everybody_takes_mail(tampered);
        let (relay, reader) = (self.relay.as_ref().expect("a relay"), &mut self.apps[1 - who]);
        reader.reads(relay, self.now, ROOM, self.supported);
        self.wakes(who);
    }

    /// How many steps the library has given.
    pub(crate) fn steps(&self) -> u64 {
        self.apps.iter().map(|app| app.steps).sum()
    }

    /// Pauses and resumes both clients, so that they have no group in memory.
    pub(crate) fn drops_groups(&self) {
        (0..self.apps.len()).for_each(|who| self.pause(who));
    }

    /// Frees everything.
    pub(crate) fn end(mut self) -> Allocated {
        self.apps.iter_mut().for_each(App::close);
        free!(comity_supported_free(self.supported));
        self.relay = None;
        memory::allocated()
    }

    fn relay(&self) -> &Providers {
        self.relay.as_ref().expect("a relay until the end")
    }

    fn take(&mut self, who: usize, step: *mut comity_step) {
        let relay = self.relay.as_ref().expect("a relay");
        self.apps[who].take(relay, self.now, step);
    }

    fn everybody_takes_mail(&mut self, tampered: bool) {
        let relay = self.relay.as_ref().expect("a relay");
        for app in &mut self.apps {
            app.take_mail(relay, self.now, tampered);
        }
    }

    fn sends(&mut self, who: usize, outgoing: *mut comity_outgoing) -> comity_message_id {
        let relay = self.relay.as_ref().expect("a relay");
        self.apps[who].sends(relay, self.now, ROOM, outgoing)
    }

    fn says(&mut self, who: usize) {
        let text = "All work and no play. ".repeat(1 + self.below(20));
        let outgoing = text_of(&text);
        if let (Some((_, latest)), 0) = (self.latest, self.below(3)) {
            must!(comity_outgoing_in_reply_to(outgoing, &latest));
        }
        let id = self.sends(who, outgoing);
        self.latest = Some((who, id));
    }

    fn reacts(&mut self, who: usize) {
        let Some((_, latest)) = self.latest else { return };
        let (mut outgoing, heart) = (null_mut(), "\u{2764}");
        must!(comity_outgoing_reaction(
            &latest,
            heart.as_ptr().cast(),
            heart.len(),
            &mut outgoing
        ));
        self.sends(who, outgoing);
    }

    fn edits(&mut self, who: usize) {
        let Some((by, latest)) = self.latest.filter(|(by, _)| *by == who) else {
            return self.says(who);
        };
        let outgoing = text_of("What I meant to say");
        must!(comity_outgoing_editing(outgoing, &latest));
        self.sends(by, outgoing);
    }

    fn deletes(&mut self, who: usize) {
        let Some((by, latest)) = self.latest.take().filter(|(by, _)| *by == who) else {
            return self.says(who);
        };
        let mut outgoing = null_mut();
        must!(comity_outgoing_deletion(&latest, &mut outgoing));
        self.sends(by, outgoing);
    }

    /// Seals and opens, in memory and as streams; and does not open what was changed.
    fn attaches(&mut self) {
        let film: Vec<u8> = (0..self.below(20_000) + 1)
            .map(|at| at.to_le_bytes()[0])
            .collect();
        let (mut sealed, mut opened) = (null_mut(), null_mut());
        must!(comity_seal(film.as_ptr(), film.len(), &mut sealed));
        // SAFETY: freed below.
        let shown = unsafe { &*sealed };
        let cipher = shown.ciphertext;
        must!(comity_open(shown.part, cipher.data, cipher.len, &mut opened));
        // SAFETY: freed below.
        assert_eq!(crate::app::octets(&unsafe { &*opened }.plaintext), film);
        free!(comity_opened_free(opened));
        let mut changed = crate::app::octets(&cipher).to_vec();
        changed[0] ^= 1;
        let (status, _) = call!(comity_open(
            shown.part,
            changed.as_ptr(),
            changed.len(),
            &mut opened
        ));
        assert!(
            status != COMITY_OK && opened.is_null(),
            "what was changed was opened"
        );
        let (mut verifier, mut opener) = (null_mut(), null_mut());
        let (mut hash_checked, mut len) = (false, 0);
        must!(comity_verifier_new(shown.part, u64::MAX, &mut verifier));
        must!(comity_verifier_update(verifier, cipher.data, cipher.len));
        must!(comity_verifier_finish(
            verifier,
            &mut opener,
            &mut hash_checked,
            &mut len
        ));
        assert_eq!((hash_checked, len), (true, film.len() as u64));
        free!(comity_verifier_free(verifier));
        free!(comity_opener_free(opener));
        free!(comity_sealed_free(sealed));
    }

    /// Whatever a program can do wrong and is told.
    fn misuses(&mut self, who: usize) {
        let client = self.apps[who].client;
        let (mut step, mut outgoing, mut content) = (null_mut(), null_mut(), null_mut());
        let no_text: [u8; 3] = [0xff, 0xfe, 0x80];
        let garbage: Vec<u8> = (0..self.below(500)).map(|at| (at * 7).to_le_bytes()[0]).collect();
        let refused = [
            call!(comity_client_send(
                null_mut(),
                self.now,
                ROOM.as_ptr(),
                null(),
                0,
                &mut step
            )),
            call!(comity_client_send(
                client,
                self.now,
                ROOM.as_ptr(),
                null(),
                0,
                &mut step
            )),
            call!(comity_client_read(
                client,
                self.now,
                c"mimi:/bad".as_ptr(),
                null(),
                &mut step
            )),
            call!(comity_client_respond(
                client,
                self.now,
                ROOM.as_ptr(),
                77,
                &mut step
            )),
            call!(comity_outgoing_text(no_text.as_ptr().cast(), 3, &mut outgoing)),
            call!(comity_outgoing_text(null(), 3, &mut outgoing)),
            call!(comity_content_decode(
                garbage.as_ptr(),
                garbage.len(),
                &mut content
            )),
        ];
        for (status, name) in refused {
            assert!(status != COMITY_OK && !name.is_empty(), "misuse is told");
        }
        assert!(step.is_null() && outgoing.is_null() && content.is_null());
        let mut batch = null_mut();
        must!(comity_batch_new(&mut batch));
        must!(comity_batch_add(
            batch,
            ROOM.as_ptr(),
            HUB.as_ptr(),
            1,
            garbage.as_ptr(),
            garbage.len()
        ));
        must!(comity_client_receive(client, self.now, batch, &mut step));
        free!(comity_batch_free(batch));
        self.take(who, step);
    }

    fn writes_markdown(&self) {
        let text = "# Hello *you* <b>there</b> [a link](https://a.example) ".repeat(20);
        let (at, len): (*const c_char, usize) = (text.as_ptr().cast(), text.len());
        let mut string = null_mut();
        must!(comity_markdown_to_html(at, len, &mut string));
        free!(comity_string_free(string));
        must!(comity_markdown_to_plain_text(at, len, &mut string));
        free!(comity_string_free(string));
        must!(comity_html_to_markdown(at, len, &mut string));
        free!(comity_string_free(string));
    }

    fn wakes(&mut self, who: usize) {
        let mut step = null_mut();
        must!(comity_client_wake(self.apps[who].client, self.now, &mut step));
        self.take(who, step);
    }

    fn rotate(&mut self, who: usize) {
        let mut changes = null_mut();
        must!(comity_changes_new(&mut changes));
        must!(comity_changes_rotate(changes));
        self.change(who, changes);
    }

    fn change(&mut self, who: usize, changes: *mut comity_changes) {
        let mut step = null_mut();
        must!(comity_client_change(
            self.apps[who].client,
            self.now,
            ROOM.as_ptr(),
            changes,
            &mut step
        ));
        free!(comity_changes_free(changes));
        self.take(who, step);
        self.everybody_takes_mail(false);
    }

    fn pause(&self, who: usize) {
        must!(comity_client_pause(self.apps[who].client));
        must!(comity_client_resume(self.apps[who].client));
    }

    fn restart(&mut self, who: usize) {
        self.apps[who].close();
        self.apps[who].open_again(self.now);
    }

    /// A number below another, from the seed.
    fn below(&mut self, sides: usize) -> usize {
        // Knuth's multiplier; the upper half has the better chance.
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.chance >> 33).expect("31 bits") % sides
    }
}

fn text_of(text: &str) -> *mut comity_outgoing {
    let mut outgoing = null_mut();
    must!(comity_outgoing_text(
        text.as_ptr().cast(),
        text.len(),
        &mut outgoing
    ));
    outgoing
}

fn supported() -> *mut comity_supported {
    let (mut types, mut supported) = (null_mut(), null_mut());
    must!(comity_media_types_baseline(&mut types));
    must!(comity_supported_new(types, &mut supported));
    free!(comity_media_types_free(types));
    supported
}

#[expect(clippy::disallowed_methods, reason = "a host has a clock")]
fn present() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.expect("a present after 1970").as_millis()).expect("a present")
}
