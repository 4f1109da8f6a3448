//! What OpenMLS is given to work with: cryptography, randomness, storage, and our signature.
//!
//! **Owns** the seam at which another cryptographic library could be put (`crypto.rs` is what stands there).
//! **Knows nothing of** groups.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use zeroize::Zeroizing;

use crate::crypto::Crypto;
use crate::store::{MlsStore, Reads, StorageError, Store};

/// The provider for one call of OpenMLS, inside the store's open transaction. Cheap to make; make one per
/// call.
pub(crate) struct Provider<'a> {
    crypto: &'a Crypto,
    storage: MlsStore<'a>,
}

impl<'a> Provider<'a> {
    /// For the group of a room; `room` is the room's row id.
    pub(crate) fn for_room(crypto: &'a Crypto, store: &'a Store, room: i64) -> Self {
        Self {
            crypto,
            storage: MlsStore::for_room(store, room),
        }
    }

    /// As [`Provider::for_room`], to send a message, or to take one of the present epoch: what else there is of the
    /// group is not written.
    pub(crate) fn for_message(crypto: &'a Crypto, store: &'a Store, room: i64, reads: Reads<'a>) -> Self {
        Self {
            crypto,
            storage: MlsStore::for_message(store, room, reads),
        }
    }

    /// As [`Provider::for_message`], to take one message of many: its ratchets are not written yet.
    pub(crate) fn for_one_of_many(crypto: &'a Crypto, store: &'a Store, room: i64) -> Self {
        Self {
            crypto,
            storage: MlsStore::for_one_of_many(store, room),
        }
    }

    /// As [`Provider::for_room`], to take a message of a past epoch.
    pub(crate) fn for_late_message(crypto: &'a Crypto, store: &'a Store, room: i64, epoch: u64) -> Self {
        Self {
            crypto,
            storage: MlsStore::for_late_message(store, room, epoch),
        }
    }

    /// As [`Provider::for_room`], to look into a frame with a group that is thrown away: nothing is written.
    pub(crate) fn for_nothing(crypto: &'a Crypto, store: &'a Store, room: i64, reads: Reads<'a>) -> Self {
        Self {
            crypto,
            storage: MlsStore::for_nothing(store, room, reads),
        }
    }

    /// For what belongs to no group: making key packages.
    pub(crate) fn for_client(crypto: &'a Crypto, store: &'a Store) -> Self {
        Self {
            crypto,
            storage: MlsStore::for_client(store),
        }
    }

    /// The storage failure behind the error that OpenMLS has just returned, if it was one.
    #[cfg(test)]
    pub(crate) fn take_error(&self) -> Option<StorageError> {
        self.storage.take_error()
    }
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = Crypto;
    type RandProvider = RustCrypto;
    type StorageProvider = MlsStore<'a>;

    fn storage(&self) -> &MlsStore<'a> {
        &self.storage
    }

    fn crypto(&self) -> &Crypto {
        self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.crypto.random()
    }
}

/// The client's signature key, kept with its public half so that signing does not compute that anew each
/// time. Wiped from memory when dropped and never printed.
pub(crate) struct LeafSigner(SigningKey);

impl LeafSigner {
    /// A new key from the operating system's randomness.
    pub(crate) fn generate() -> Result<Self, StorageError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut())?;
        Ok(Self::from_octets(&seed))
    }

    /// The key whose [`LeafSigner::octets`] these are.
    pub(crate) fn from_octets(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The 32 secret octets, to be sealed.
    pub(crate) fn octets(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key, as it stands in the leaf.
    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

impl Signer for LeafSigner {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signature = self.0.try_sign(payload).map_err(|_| SignerError::SigningError)?;
        Ok(signature.to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl fmt::Debug for LeafSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("LeafSigner(..)")
    }
}

#[cfg(test)]
mod tests {
    use openmls_traits::crypto::OpenMlsCrypto as _;

    use super::*;

    #[test]
    fn what_the_signer_signs_openmls_verifies() {
        let signer = LeafSigner::generate().unwrap();
        let signature = signer.sign(b"leaf").unwrap();
        let crypto = RustCrypto::default();
        let verify = |payload| {
            crypto.verify_signature(SignatureScheme::ED25519, payload, &signer.public(), &signature)
        };
        assert!(verify(b"leaf").is_ok());
        assert!(verify(b"leav").is_err());
    }

    #[test]
    fn a_signer_comes_back_from_its_sealed_octets() {
        let signer = LeafSigner::generate().unwrap();
        assert_eq!(
            LeafSigner::from_octets(&signer.octets()).public(),
            signer.public()
        );
        assert_ne!(LeafSigner::generate().unwrap().public(), signer.public());
    }

    #[test]
    fn a_signer_is_not_printed() {
        assert_eq!(
            format!("{:?}", LeafSigner::from_octets(&[0x2a; 32])),
            "LeafSigner(..)"
        );
    }
}
