//! What tests in Swift, Kotlin and Python call, through uniffi: the network, every value and every error at will.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use comity_uniffi::testing;
use comity_uniffi::{
    Answer, Client, ClientUri, ComityError, Event, Frame, Octets, ProviderUri, Reason, Request, Timestamp,
    UserUri,
};

use crate::errors;
use crate::samples;

uniffi::use_remote_type!(comity_uniffi::ClientUri);
uniffi::use_remote_type!(comity_uniffi::ProviderUri);
uniffi::use_remote_type!(comity_uniffi::Timestamp);
uniffi::use_remote_type!(comity_uniffi::UserUri);

/// Providers, their hubs and their mailboxes, in one process and without a socket.
#[derive(Default, uniffi::Object)]
pub struct Network(Mutex<crate::Network>);

#[uniffi::export]
impl Network {
    /// A network without providers: each exists from the first time that it is named.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Lets a client log in at its provider.
    pub fn register(&self, user: UserUri, client: ClientUri) -> Result<(), ComityError> {
        self.lock().register(&comity::Identity { user, client });
        Ok(())
    }

    /// The key of a provider's hub.
    pub fn hub_key(&self, provider: ProviderUri) -> Result<Octets, ComityError> {
        Ok(Octets(self.lock().hub_key(&provider)))
    }

    /// Posts a request for a client. What follows from it for others is in their mailboxes when this returns.
    pub fn post(
        &self,
        now: Timestamp,
        user: UserUri,
        client: ClientUri,
        request: Request,
    ) -> Result<Answer, ComityError> {
        let who = comity::Identity { user, client };
        let posted = self.lock().post(now, &who, &samples::posted(request));
        Ok(samples::answered(posted.answer))
    }

    /// The frames that a client ever got, from a place on.
    pub fn mail(&self, client: ClientUri, first: u32) -> Result<Vec<Frame>, ComityError> {
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let network = self.lock();
        let mail = network.mail(&client).iter().skip(first);
        Ok(mail.cloned().map(samples::delivered).collect())
    }
}

impl Network {
    fn lock(&self) -> std::sync::MutexGuard<'_, crate::Network> {
        self.0.lock().expect("a network that did not panic")
    }
}

/// Draws chance from a seed from now on: before anything else is called, on the only thread.
#[uniffi::export]
pub fn seed(number: String) {
    // SAFETY: as the tests promise, nobody reads or writes variables meanwhile.
    unsafe { std::env::set_var("COMITY_SEED", number) };
}

/// The numbers of all errors that a call can come to.
#[uniffi::export]
pub fn failures() -> Vec<i32> {
    errors::every_number()
}

/// Fails with the given number. Does nothing if no call can fail with it.
#[uniffi::export]
pub fn fail(number: i32) -> Result<(), ComityError> {
    errors::every_for_faces()
        .into_iter()
        .find(|error| error.fault().code.number() == number)
        .map_or(Ok(()), Err)
}

/// Every reason for which a frame is rejected, or a hub refuses.
#[uniffi::export]
pub fn reasons() -> Vec<Reason> {
    samples::reasons()
}

/// An event of every kind, with every change.
#[uniffi::export]
pub fn events() -> Vec<Event> {
    samples::events()
}

/// So many octets.
#[uniffi::export]
pub fn large(octets: u64) -> Octets {
    let octets = usize::try_from(octets).expect("memory for so many");
    Octets((0..octets).map(|at| at.to_le_bytes()[0]).collect())
}

/// The same octets, there and back.
#[uniffi::export]
pub fn echo(octets: Octets) -> Octets {
    octets
}

/// How many octets these are: they are read where they lie.
#[uniffi::export]
pub fn count(octets: &[u8]) -> u64 {
    octets.len() as u64
}

/// The same text, there and back.
#[uniffi::export]
pub fn echo_text(text: String) -> String {
    text
}

/// Panics outside of any client.
#[uniffi::export]
#[expect(clippy::panic, reason = "this is what it is for")]
pub fn panics() {
    panic!("planted by a test");
}

/// Lets the next call on this thread panic, whichever it is.
#[uniffi::export]
pub fn plant_panic() {
    testing::plant_panic();
}

/// Panics in the middle of a call on a client.
#[uniffi::export]
pub fn panic_within(client: &Client) -> Result<(), ComityError> {
    testing::panic_within(client)
}

/// Holds a call on a client open until it is let go.
#[derive(Default, uniffi::Object)]
pub struct Gate {
    /// Whether a call is inside, and whether it may leave.
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

/// Longer than any test waits.
const PATIENCE: Duration = Duration::from_secs(60);

#[uniffi::export]
impl Gate {
    /// A gate that is closed.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A call on a client that lasts until `open` is called on another thread.
    pub fn hold(&self, client: &Client) -> Result<(), ComityError> {
        testing::while_in_use(client, || {
            self.change(|state| state.0 = true);
            self.wait(|state| state.1);
        })
    }

    /// Waits until the call is inside.
    pub fn entered(&self) {
        self.wait(|state| state.0);
    }

    /// Lets the call leave.
    pub fn open(&self) {
        self.change(|state| state.1 = true);
    }
}

impl Gate {
    fn change(&self, change: impl FnOnce(&mut (bool, bool))) {
        change(&mut self.state.lock().expect("a gate that did not panic"));
        self.changed.notify_all();
    }

    fn wait(&self, until: impl Fn(&(bool, bool)) -> bool) {
        let state = self.state.lock().expect("a gate that did not panic");
        let (state, _) = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !until(state))
            .expect("a gate that did not panic");
        assert!(until(&state), "nobody came");
    }
}
