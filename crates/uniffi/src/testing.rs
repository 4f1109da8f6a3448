//! Doors for tests in other languages: every error at will, and a panic. Only under the feature `testing`, which nothing that ships
//! has. Nothing here is exported: the library of the tests is, which calls it.

use std::cell::Cell;

use crate::client::Client;
use crate::fault::ComityError;

/// Panics in the middle of a call on a client.
///
/// # Errors
/// Always: that it panicked.
#[expect(clippy::panic, reason = "this is what it is for")]
pub fn panic_within(client: &Client) -> Result<(), ComityError> {
    client.calls(|_| std::panic::panic_any("planted by a test"))
}

thread_local! {
    /// Whether the next call on this thread panics.
    static PLANTED: Cell<bool> = const { Cell::new(false) };
}

/// Lets the next call on this thread panic, whichever it is.
pub fn plant_panic() {
    PLANTED.set(true);
}

/// In the middle of every call.
#[expect(clippy::panic, reason = "this is what it is for")]
pub(crate) fn goes_off() {
    if PLANTED.replace(false) {
        std::panic::panic_any("planted by a test");
    }
}

/// Does work in the middle of a call on a client, so that another thread finds it in use.
///
/// # Errors
/// As every call.
pub fn while_in_use(client: &Client, work: impl FnOnce()) -> Result<(), ComityError> {
    client.calls(|_| {
        work();
        Ok(())
    })
}
