//! The key that the host brings.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::store::StorageError;

/// The 32 octets under which a client's file is sealed, from the platform's key store.
///
/// Losing them loses the file: nothing in it opens without them. They are wiped from memory when dropped
/// and never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key32([u8; 32]);

impl Key32 {
    /// A key the host brought. It must be 32 uniformly random octets, not a password.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Fresh octets from the operating system.
    pub(crate) fn random() -> Result<Self, StorageError> {
        let mut key = Self([0; 32]);
        getrandom::fill(&mut key.0)?;
        Ok(key)
    }

    pub(crate) fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Key32 {
    fn from(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl fmt::Debug for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("Key32(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", Key32::new([0x2a; 32])), "Key32(..)");
    }
}
