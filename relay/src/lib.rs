//! What stands between the example chats: every provider there is, with its hub, behind HTTP on loopback, with all it knows in one
//! SQLite file. `docs/relay.md` says how it is spoken to. Never shipped.
//!
//! A toy as a transport, for nobody has a password; not a toy as a hub: [`Providers`] is what a gatekeeper writes around `comity-hub`,
//! one transaction for each request.
//!
//! * [`Providers`]: the servers of all providers, without a socket;
//! * `store`: their rows, and all SQL;
//! * `calls`: what each HTTP call asks of them;
//! * [`serve`]: HTTP, bounded on every side.

mod calls;
mod http;
mod providers;
mod store;

pub use calls::serve;
pub use providers::{Fault, Mail, Outcome, Posted, Providers};
