//! What the server of a gatekeeper runs: validate, order, fan out, hand out key packages. It cannot read content.
//!
//! **Rows in, rows out.** No database, no clock, no socket: a host hands in the rows that a call names, and gets a
//! [`Verdict`] back to commit in one transaction, if the room's head still has the version that the verdict expects.
//!
//! A host does with every request what this does with one:
//!
//! ```
//! # use std::{collections::BTreeMap, convert::Infallible};
//! # use comity_hub::*;
//! # use comity_room::{ProviderUri, RoomUri, Timestamp};
//! # let hub = Hub::new(openmls_rust_crypto::RustCrypto::default(), ProviderUri::parse("mimi://a.example")?, vec![0; 32]);
//! # let (mut db, mut queue): (BTreeMap<Part, Vec<u8>>, Vec<Delivery>) = Default::default();
//! # let (room, now, body) = (RoomUri::parse("mimi://a.example/r/clubhouse")?, Timestamp::from_millis(0), Vec::new());
//! # let caller = Caller::provider(ProviderUri::parse("mimi://b.example")?);
//! # fn answer(_: Vec<u8>) {}
//! match hub.inspect(Endpoint::UpdateRoom, &body) {
//!     Err(refusal) => answer(hub.refuse(Endpoint::UpdateRoom, &room, &refusal)),
//!     Ok(seen) => {
//!         // In one transaction, with the head locked, or compared with `verdict.expects` at the end.
//!         let head = db.get(&Part::Head).cloned();
//!         let mut parts = seen.parts(head.as_deref())?;
//!         parts.push(Part::Head);
//!         let rows = Rows::of(room).load(&parts, |part| Ok::<_, Infallible>(db.get(part).cloned()))?;
//!         let verdict = hub.update(now, &caller, &rows, &body)?;
//!         for write in verdict.writes {
//!             match write {
//!                 Write::Put { part, value } => drop(db.insert(part, value)),
//!                 Write::Delete { part } => drop(db.remove(&part)),
//!                 Write::ForgetReplies { through } => {
//!                     db.retain(|part, _| !matches!(part, Part::Reply { epoch, .. } if *epoch <= through));
//!                 }
//!             }
//!         }
//!         queue.extend(verdict.fanout);
//!         answer(verdict.reply);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`Verdict`]: the vocabulary; read it first;
//! * [`Part`]: what is stored, and under which keys;
//! * [`Refusal`]: every reason to say no, with its stable code;
//! * [`Hub`]: the calls of the server that is the hub of a room;
//! * [`Directory`]: key packages: what to keep, what to hand out;
//! * [`follow()`]: what every other server of the room does with a frame.
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
