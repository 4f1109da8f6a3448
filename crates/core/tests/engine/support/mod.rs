//! One client of ours, a member who speaks OpenMLS by hand, and a room that believes whatever its hub lets through.

mod phone;
mod place;
mod rogue;
mod scene;

pub(crate) use phone::{KEY, Phone, same_rows};
pub(crate) use place::Place;
pub(crate) use rogue::{Plan, Rogue, app_data, text_content};
pub(crate) use scene::{Scene, accepted, code_of, users};

use std::time::{SystemTime, UNIX_EPOCH};

use comity::{ClientUri, ProviderUri, RoomUri, Timestamp, UserUri};

pub(crate) fn provider(domain: &str) -> ProviderUri {
    ProviderUri::parse(&format!("mimi://{domain}")).unwrap()
}

pub(crate) fn user(domain: &str, name: &str) -> UserUri {
    UserUri::parse(&format!("mimi://{domain}/u/{name}")).unwrap()
}

pub(crate) fn client(domain: &str, name: &str) -> ClientUri {
    ClientUri::parse(&format!("mimi://{domain}/d/{name}")).unwrap()
}

pub(crate) fn room(domain: &str, name: &str) -> RoomUri {
    RoomUri::parse(&format!("mimi://{domain}/r/{name}")).unwrap()
}

/// The real present: OpenMLS asks the real clock whether key packages are valid.
pub(crate) fn present() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "tests are hosts, and hosts have clocks")]
    let now = SystemTime::now();
    let millis = now.duration_since(UNIX_EPOCH).unwrap().as_millis();
    Timestamp::from_millis(u64::try_from(millis).unwrap())
}

/// Seconds since the Unix epoch.
pub(crate) fn seconds(at: Timestamp) -> u64 {
    at.as_millis() / 1_000
}

/// A day, so many times.
pub(crate) const fn days(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count * 86_400)
}
