//! What the server of a gatekeeper runs: validate, order, fan out, hand out key packages. It cannot read content.
//!
//! **Rows in, rows out.** No database, no clock, no socket: a host hands in the rows that a call names, and gets a
//! [`Verdict`] back to commit in one transaction, if the room's head still has the version that the verdict expects.
//!
//! ```text
//! let seen = hub.inspect(Endpoint::UpdateRoom, &body)?;      // class and size, for rate limits
//! let head = db.row(&room, &Part::Head);                     // FOR UPDATE, or compare and swap below
//! let rows = Rows::of(room).load(&seen.parts(head)?, |part| db.row(part))?;
//! let verdict = hub.update(now, &caller, &rows, &body)?;
//! db.commit_if(verdict.expects, verdict.writes, verdict.fanout)?;
//! answer(verdict.reply)
//! ```
//!
//! * [`Verdict`]: the vocabulary; read it first;
//! * [`Part`]: what is stored, and under which keys;
//! * [`Refusal`]: every reason to say no, with its stable code;
//! * [`Hub`]: the calls of the server that is the hub of a room;
//! * [`Directory`]: key packages: what to keep, what to hand out;
//! * [`follow`]: what every other server of the room does with a frame.
//!
//! The rules about leaves, commits and rooms are those of `comity-mls` and `comity-room`: a client calls the same functions.
//! **Knows nothing of** content: it cannot link the crate that reads it.

mod caller;
mod directory;
mod follow;
mod hub;
mod inspect;
mod limits;
mod refusal;
mod room;
mod rows;
mod store;
mod verdict;

pub use caller::Caller;
pub use directory::{
    Chosen, Consent, Directory, DirectoryWrite, KeyPackageRow, Publication, Selection, Shelf, Target,
};
pub use follow::{Followed, Inbound, LocalDelivery, amend_roster, follow, local_clients};
pub use hub::Hub;
pub use inspect::{Class, Endpoint, Inspected};
pub use limits::{HEAD_OCTETS, Limits};
pub use refusal::Refusal;
pub use rows::{Fault, Part, Rows, Version};
pub use verdict::{CommitAccepted, Delivery, Facts, RosterChange, SteppedBack, Verdict, Write};
