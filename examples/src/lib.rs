//! Programs a newcomer runs first, and the network in one process that they run on.
//!
//! - `start`: a client, from nothing to its first request: what docs/rust.md shows;
//! - `two_clients`: the smallest program: two clients, one hub, one message. Begin here;
//! - `demo`: the main job: two messengers hold one encrypted room;
//! - `inspect`: tells what MIMI content messages say;
//! - `attach`: encrypts a file of any size as an attachment, and restores it.

mod network;

pub use network::{Delivered, Network};

use comity::Timestamp;

/// What these programs make of everything that goes wrong: a sentence, and an exit code.
pub type Fault = Box<dyn std::error::Error>;

/// The present. Comity asks no clock; these programs are hosts, and hosts have one.
///
/// # Errors
/// If the computer's clock stands before 1970.
#[expect(clippy::disallowed_methods, reason = "a host has a clock")]
pub fn present() -> Result<Timestamp, Fault> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(u64::try_from(since.as_millis())?))
}
