//! The salt of a message: 16 octets that make its id unguessable.
//!
//! See *mimi-content*, "Generating the random salt".

use std::fmt;

use crate::limits::SALT_OCTETS;

/// The salt of one message. A new message needs a new one; the same message, encrypted again, keeps its own.
///
/// There are two ways to get one: the engine's random source draws it, or a decoder reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; SALT_OCTETS]);

impl Salt {
    /// Draws a salt from a cryptographically secure random source, which `fill` must be.
    ///
    /// Only the engine's random source calls this: whoever can foretell a salt can foretell message ids.
    #[must_use]
    pub fn draw(fill: impl FnOnce(&mut [u8; SALT_OCTETS])) -> Self {
        let mut octets = [0; SALT_OCTETS];
        fill(&mut octets);
        Self(octets)
    }

    /// A chosen salt, to rebuild published examples.
    #[cfg(feature = "test-vectors")]
    #[must_use]
    pub const fn from_octets(octets: [u8; SALT_OCTETS]) -> Self {
        Self(octets)
    }

    /// The salt of a message that was decoded.
    pub(crate) fn decoded(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; SALT_OCTETS] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}
