//! Short names for long ones: `alice@a.example` is the user `mimi://a.example/u/alice`.

use comity_room::{ClientUri, ProviderUri, RoomUri, UserUri};

/// The provider `mimi://a.example`.
pub fn provider(domain: &str) -> ProviderUri {
    ProviderUri::parse(&format!("mimi://{domain}")).expect("a domain name")
}

/// The user `alice@a.example`.
pub fn user(handle: &str) -> UserUri {
    let (name, domain) = split(handle);
    UserUri::parse(&format!("mimi://{domain}/u/{name}")).expect("a user's handle")
}

/// The client `alice-phone@a.example`.
pub fn client(handle: &str) -> ClientUri {
    let (name, domain) = split(handle);
    ClientUri::parse(&format!("mimi://{domain}/d/{name}")).expect("a client's handle")
}

/// The room `clubhouse@a.example`.
pub fn room(handle: &str) -> RoomUri {
    let (name, domain) = split(handle);
    RoomUri::parse(&format!("mimi://{domain}/r/{name}")).expect("a room's handle")
}

/// The last segment of a URI: what its owner is called.
pub(crate) fn short(uri: &str) -> &str {
    uri.rsplit('/').next().unwrap_or(uri)
}

fn split(handle: &str) -> (&str, &str) {
    handle.split_once('@').expect("a handle has the form name@domain")
}
