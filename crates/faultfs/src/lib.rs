//! A disk that fails on demand: an SQLite VFS above the system's own. Never shipped.
//!
//! [`install`] makes it SQLite's default, so that a program under test opens its files over it without knowing. It passes
//! everything on, and for the files below [`watch`]ed directories it
//!
//! * **counts** what changes the medium: writes, syncs, truncations and deletions;
//! * **fails** at the k-th of them as [`arm`]ed: the process dies, the disk is full, broken or read-only, or the power
//!   goes;
//! * **remembers** what has been written since the last sync of each file: this is what a power cut may take
//!   ([`Tail`]), in parts and in any order ([`Cut`]).
//!
//! [`swallow_syncs`] is sabotage: syncs succeed and do nothing. A test of durability that passes then tests nothing.
//!
//! It also knows when the process last began a write transaction ([`last_write_lock`]). There is one such disk in a process. Shared memory and locks are the system's own.
#![deny(missing_docs)]

mod disk;
mod tail;
mod vfs;

pub use disk::{
    Counted, Fault, arm, disarm, frozen, last_write_lock, lose_unsynced, swallow_syncs, tails, watch,
};
pub use tail::{Cut, Tail};
pub use vfs::install;
