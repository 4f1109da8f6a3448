//! The hub, with real frames: honest ones are accepted, and each dishonest one is refused for its own reason.

mod dishonest_commits;
mod stories;
mod support;
