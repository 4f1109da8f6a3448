//! The face of the library: the header is what the sources say, and the sources say all that the engine can do.

mod complete;
mod docs;
mod header;
mod layout;
mod nulls;
