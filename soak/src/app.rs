//! One app: a client behind the C API, called as C would call it, and its mailbox at the relay.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::time::Duration;

use crate::Sabotage;
use ::comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp, UserUri};
use comity_capi::*;
use comity_hub::Endpoint;
use comity_relay::{Outcome, Posted, Providers};

/// Calls a function that can fail with room for an error behind its arguments. What it comes to, and the error's name.
#[macro_export]
macro_rules! call {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        let mut error = std::ptr::null_mut();
        // SAFETY: pointers that are live, or null where null is told; results are freed once, by the function of their name.
        let status = unsafe { comity_capi::$function($($argument,)* &mut error) };
        $crate::app::told(status, error)
    }};
}

/// The same, for a call that must not fail.
#[macro_export]
macro_rules! must {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        let (status, name) = $crate::call!($function($($argument),*));
        assert_eq!((status, name.as_str()), (0, ""), "{}", stringify!($function));
    }};
}

/// Frees a result or a builder.
#[macro_export]
macro_rules! free {
    ($function:ident($it:expr)) => {
        // SAFETY: it is given back once, here.
        unsafe { comity_capi::$function($it) }
    };
}

/// The status, and the name of the error, which is freed.
pub(crate) fn told(status: comity_status, error: *mut comity_error) -> (comity_status, String) {
    // SAFETY: null, or an error that lives until it is freed below.
    let name = unsafe { error.as_ref() }.map_or_else(String::new, |error| word(error.name));
    free!(comity_error_free(error));
    (status, name)
}

pub(crate) fn word(at: *const c_char) -> String {
    // SAFETY: a text of a result, which ends with a null and lives as long as the result.
    unsafe { CStr::from_ptr(at) }.to_str().expect("UTF-8").to_owned()
}

/// A list of a result.
pub(crate) fn list<'a, T: 'a>(at: *const *const T, len: usize) -> impl Iterator<Item = &'a T> {
    (0..len).map(move |index| {
        // SAFETY: the result says so many pointers, each to something that lives as long as it does.
        unsafe { &**at.add(index) }
    })
}

pub(crate) fn octets<'a>(bytes: &comity_bytes) -> &'a [u8] {
    if bytes.len == 0 {
        return &[];
    }
    // SAFETY: octets of a result, which lives while they are used.
    unsafe { std::slice::from_raw_parts(bytes.data, bytes.len) }
}

/// An app.
pub(crate) struct App {
    pub(crate) client: *mut comity_client,
    pub(crate) reader: *mut comity_reader,
    pub(crate) user: CString,
    who: ClientUri,
    uri: CString,
    path: CString,
    /// The frames that were taken.
    cursor: u64,
    /// Steps that the library has given.
    pub(crate) steps: u64,
    sabotage: Sabotage,
}

impl App {
    pub(crate) fn create(
        relay: &Providers,
        now: u64,
        dir: &Path,
        provider: &str,
        name: &str,
        sabotage: Sabotage,
    ) -> Self {
        let uri = |kind: &str| format!("mimi://{provider}/{kind}/{name}");
        let text = |text: String| CString::new(text).expect("no null");
        let who = ClientUri::parse(&uri("d")).expect("a client");
        let user = UserUri::parse(&uri("u")).expect("a user");
        relay.login(&user, &who).expect("a login");
        let path = dir.join(name).to_str().expect("a path").to_owned();
        let mut app = Self {
            client: null_mut(),
            reader: null_mut(),
            user: text(uri("u")),
            who,
            uri: text(uri("d")),
            path: text(path),
            cursor: 0,
            steps: 0,
            sabotage,
        };
        let opening = app.opening();
        must!(comity_client_create(
            now,
            opening,
            app.user.as_ptr(),
            app.uri.as_ptr(),
            &mut app.client
        ));
        free!(comity_opening_free(opening));
        must!(comity_client_reader(app.client, &mut app.reader));
        app
    }

    fn opening(&self) -> *mut comity_opening {
        let mut opening = null_mut();
        must!(comity_opening_app(
            self.path.as_ptr(),
            [7; 32].as_ptr(),
            32,
            &mut opening
        ));
        opening
    }

    pub(crate) fn close(&mut self) {
        free!(comity_reader_free(self.reader));
        must!(comity_client_close(self.client));
        (self.client, self.reader) = (null_mut(), null_mut());
    }

    pub(crate) fn open_again(&mut self, now: u64) {
        let opening = self.opening();
        must!(comity_client_open(now, opening, &mut self.client));
        free!(comity_opening_free(opening));
        must!(comity_client_reader(self.client, &mut self.reader));
    }

    /// Posts what a step asks for, and what follows from the answers. The message that the first step made.
    pub(crate) fn take(
        &mut self,
        relay: &Providers,
        now: u64,
        step: *mut comity_step,
    ) -> Option<comity_message_id> {
        let mut steps = std::collections::VecDeque::from([step]);
        let mut made = None;
        while let Some(step) = steps.pop_front() {
            self.steps += 1;
            // SAFETY: a step that is freed below, once.
            let shown = unsafe { &*step };
            // SAFETY: null, or a message id that lives as long as the step.
            made = made.or(unsafe { shown.made_message.as_ref() }.copied());
            for request in list(shown.requests, shown.requests_len) {
                steps.push_back(self.post(relay, now, request));
            }
            if self.sabotage != Sabotage::KeepSteps {
                free!(comity_step_free(step));
            }
            if self.sabotage == Sabotage::UseAfterFree {
                // SAFETY: there is none; this is what AddressSanitizer is to find.
                made = made.filter(|_| unsafe { (&raw const (*step).requests_len).read_volatile() } < 1_000);
            }
        }
        made
    }

    fn post(&self, relay: &Providers, now: u64, request: &comity_request) -> *mut comity_step {
        let lane = (!request.lane.is_null()).then(|| RoomUri::parse(&word(request.lane)).expect("a room"));
        let posted = Posted {
            id: &request.id.octets,
            to: &ProviderUri::parse(&word(request.to)).expect("a provider"),
            lane: lane.as_ref(),
            endpoint: endpoint(request.kind),
            body: octets(&request.body),
        };
        let outcome = relay.post(Timestamp::from_millis(now), &self.who, posted);
        let Outcome::Answer(body) = outcome.expect("an outcome") else {
            panic!("a provider that everybody knows")
        };
        let mut step = null_mut();
        must!(comity_client_answer(
            self.client,
            now,
            &request.id,
            body.as_ptr(),
            body.len(),
            &mut step
        ));
        step
    }

    /// Takes all frames that wait. With `tampered`, each comes once with a flipped bit before.
    pub(crate) fn take_mail(&mut self, relay: &Providers, now: u64, tampered: bool) {
        while let Some(mail) = relay
            .frame(&self.who, self.cursor, Duration::ZERO)
            .expect("a mailbox")
        {
            self.cursor = mail.cursor;
            let room = CString::new(mail.room.to_string()).expect("no null");
            let from = CString::new(mail.room.provider().to_string()).expect("no null");
            let mut frame = mail.frame;
            if tampered {
                let at = frame.len() / 2;
                frame[at] ^= 1;
                self.receive(relay, now, &room, &from, &frame);
                frame[at] ^= 1;
            }
            self.preview(now, &room, &from, &frame);
            self.receive(relay, now, &room, &from, &frame);
        }
    }

    fn receive(&mut self, relay: &Providers, now: u64, room: &CStr, from: &CStr, frame: &[u8]) {
        let (mut batch, mut step) = (null_mut(), null_mut());
        let cursor = self.cursor.to_string();
        must!(comity_batch_new(&mut batch));
        must!(comity_batch_add(
            batch,
            room.as_ptr(),
            from.as_ptr(),
            1,
            frame.as_ptr(),
            frame.len()
        ));
        must!(comity_batch_set_cursor(
            batch,
            c"relay".as_ptr(),
            cursor.as_ptr(),
            cursor.len()
        ));
        must!(comity_client_receive(self.client, now, batch, &mut step));
        free!(comity_batch_free(batch));
        self.take(relay, now, step);
    }

    fn preview(&self, now: u64, room: &CStr, from: &CStr, frame: &[u8]) {
        let mut preview = null_mut();
        let (status, name) = call!(comity_reader_preview(
            self.reader,
            now,
            room.as_ptr(),
            from.as_ptr(),
            1,
            frame.as_ptr(),
            frame.len(),
            &mut preview
        ));
        assert_eq!((status, name.as_str()), (0, ""), "a preview");
        free!(comity_preview_free(preview));
    }

    pub(crate) fn sends(
        &mut self,
        relay: &Providers,
        now: u64,
        room: &CStr,
        outgoing: *mut comity_outgoing,
    ) -> comity_message_id {
        let (mut step, mut plan) = (null_mut(), null_mut());
        must!(comity_reader_plan(
            self.reader,
            room.as_ptr(),
            outgoing,
            &mut plan
        ));
        free!(comity_plan_free(plan));
        must!(comity_client_send(
            self.client,
            now,
            room.as_ptr(),
            outgoing,
            0,
            &mut step
        ));
        free!(comity_outgoing_free(outgoing));
        self.take(relay, now, step).expect("a message")
    }

    /// Looks at the latest messages as a person would, and says how many there are.
    pub(crate) fn reads(
        &mut self,
        relay: &Providers,
        now: u64,
        room: &CStr,
        supported: *mut comity_supported,
    ) -> usize {
        let (mut messages, mut step) = (null_mut(), null_mut());
        must!(comity_reader_timeline(
            self.reader,
            now,
            room.as_ptr(),
            20,
            &mut messages
        ));
        // SAFETY: freed below.
        let shown = unsafe { &*messages };
        let mut last = None;
        for message in list(shown.items, shown.len) {
            last = Some(message.position);
            if message.octets.len > 0 {
                let mut selection = null_mut();
                must!(comity_select(
                    message.octets.data,
                    message.octets.len,
                    supported,
                    &mut selection
                ));
                free!(comity_selection_free(selection));
            }
        }
        let len = shown.len;
        if let Some(position) = last {
            must!(comity_client_read(
                self.client,
                now,
                room.as_ptr(),
                &position,
                &mut step
            ));
            self.take(relay, now, step);
        }
        free!(comity_messages_free(messages));
        len
    }

    /// Asks everything that a support screen would ask.
    pub(crate) fn asks(&self, now: u64, room: &CStr) {
        let (mut rooms, mut shown, mut members, mut posture) =
            (null_mut(), null_mut(), null_mut(), null_mut());
        let (mut events, mut health, mut requests) = (null_mut(), null_mut(), null_mut());
        must!(comity_reader_rooms(self.reader, now, &mut rooms));
        free!(comity_rooms_free(rooms));
        must!(comity_reader_room(self.reader, room.as_ptr(), &mut shown));
        free!(comity_room_free(shown));
        must!(comity_reader_members(
            self.reader,
            room.as_ptr(),
            0,
            100,
            &mut members
        ));
        free!(comity_members_free(members));
        must!(comity_reader_posture(self.reader, room.as_ptr(), &mut posture));
        free!(comity_posture_free(posture));
        must!(comity_reader_events(self.reader, 0, 50, &mut events));
        free!(comity_events_free(events));
        must!(comity_reader_outstanding(self.reader, null(), 100, &mut requests));
        free!(comity_requests_free(requests));
        must!(comity_reader_health(self.reader, &mut health));
        // SAFETY: freed below.
        assert!(unsafe { &*health }.damage.is_null(), "a damaged file");
        free!(comity_health_free(health));
    }
}

fn endpoint(kind: comity_request_kind) -> Endpoint {
    match kind {
        comity_request_kind::CreateRoom => Endpoint::CreateRoom,
        comity_request_kind::UpdateRoom => Endpoint::UpdateRoom,
        comity_request_kind::SubmitMessage => Endpoint::SubmitMessage,
        comity_request_kind::FetchKeyMaterial => Endpoint::KeyMaterial,
        comity_request_kind::FetchGroupInfo => Endpoint::GroupInfo,
        _ => Endpoint::PublishKeyPackages,
    }
}
