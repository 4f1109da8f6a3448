//! A world of clients, hubs and follower providers over a seeded, unreliable link. Never shipped.
//!
//! ```
//! use comity_testkit::{World, supports};
//!
//! let world = World::with_seed(1);
//! let alice = world.user("alice@a.example");
//! let bob = world.user("bob@b.example");
//! let alice_phone = world.client("alice-phone", &alice, &supports::enhanced());
//! let bob_phone = world.client("bob-phone", &bob, &supports::basic());
//! world.settle();
//! alice_phone.creates("clubhouse");
//! alice_phone.invites(&bob);
//! world.settle();
//! bob_phone.accepts();
//! alice_phone.says("hi");
//! world.settle();
//! bob_phone.sees(["alice: hi"]);
//! ```
//!
//! * [`World`] and [`Actor`]: the words in which tests speak;
//! * [`Host`]: the whole host loop around one client, once; each client has a real file and can be killed at any point;
//! * [`HubHost`], [`Server`], [`Shelves`]: what a gatekeeper writes around the hub crate, with rows as octets;
//! * [`crowd`]: a room with a thousand members of whom two are real;
//! * [`Weather`], [`Mishap`]: what the link does to what it carries.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "whatever goes wrong here fails a test, and a panic is how tests fail"
)]

mod actor;
mod agenda;
pub mod crowd;
mod dice;
mod host;
mod hub_host;
mod knowledge;
mod mailbox;
pub mod names;
mod net;
mod network;
mod seeds;
mod server;
mod shelves;
pub mod supports;
mod trace;
mod traffic;
pub mod view;
mod weather;
mod world;

pub use actor::Actor;
pub use dice::Dice;
pub use host::{Copy, Host};
pub use hub_host::HubHost;
pub use network::{Network, Posted};
pub use seeds::for_each_seed;
pub use server::{Response, Server, Servers, deliver_all, post};
pub use shelves::Shelves;
pub use traffic::Mishap;
pub use weather::Weather;
pub use world::World;
