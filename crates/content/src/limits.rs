//! Every limit on a MIMI content message, in one place.
//!
//! All but [`Limits`] are the draft's own numbers and cannot be changed: a client that accepted more would show its
//! user what others throw away. See *mimi-content*, "Depth restrictions" and "General handling".

/// Octets in a salt.
pub const SALT_OCTETS: usize = 16;
/// Octets in a message id.
pub const MESSAGE_ID_OCTETS: usize = 32;
/// Most octets in a topic.
pub const TOPIC_OCTETS: usize = 4096;
/// Most parts in a message, counting the root and every multipart.
pub const PARTS: usize = 1024;
/// Most levels of parts; the root is level 1.
pub const PART_LEVELS: usize = 4;
/// Most levels of tags, maps and arrays in the extensions; the extensions map itself is level 1.
pub const EXTENSION_LEVELS: usize = 4;
/// Most octets in a text key of the extensions map. The fewest is one.
pub const EXTENSION_KEY_OCTETS: usize = 255;
/// Largest absolute value of an integer key, 2⁵³ − 1: what a double holds without loss.
pub const INTEGER_KEY: i64 = 9_007_199_254_740_991;

/// What the local policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most octets in a whole encoded message. By default 1 MiB.
    pub octets: usize,
}

impl Limits {
    /// Limits with a whole-message limit of `octets`.
    pub const fn with_octets(octets: usize) -> Self {
        Self { octets }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::with_octets(1 << 20)
    }
}
