//! Cryptography: RustCrypto as OpenMLS brings it, with the signature keys of those who write kept ready.
//!
//! **Owns** the verification of Ed25519 signatures. To check one, the signer's key is decompressed, a sixth of the work;
//! in a conversation it is the same few keys again and again.
//! **Knows nothing of** anything else: every other call goes to RustCrypto.

use std::collections::HashMap;
use std::sync::Mutex;

use ed25519_dalek::{Signature, VerifyingKey};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKeyPair,
    KemOutput, SignatureScheme,
};
use tls_codec::SecretVLBytes;

/// How many signature keys are kept ready.
const READY: usize = 64;

/// What OpenMLS computes with.
#[derive(Default)]
pub(crate) struct Crypto {
    rust: RustCrypto,
    keys: Mutex<HashMap<[u8; 32], VerifyingKey>>,
}

impl Crypto {
    /// The source of randomness.
    pub(crate) fn random(&self) -> &RustCrypto {
        &self.rust
    }

    /// A public key, decompressed.
    fn key(&self, public: &[u8]) -> Result<VerifyingKey, CryptoError> {
        let octets: [u8; 32] = public.try_into().map_err(|_| CryptoError::CryptoLibraryError)?;
        let Ok(mut keys) = self.keys.lock() else {
            return VerifyingKey::from_bytes(&octets).map_err(|_| CryptoError::CryptoLibraryError);
        };
        if let Some(key) = keys.get(&octets) {
            return Ok(*key);
        }
        let key = VerifyingKey::from_bytes(&octets).map_err(|_| CryptoError::CryptoLibraryError)?;
        if keys.len() >= READY {
            keys.clear();
        }
        keys.insert(octets, key);
        Ok(key)
    }
}

type Result<T, E = CryptoError> = std::result::Result<T, E>;

impl OpenMlsCrypto for Crypto {
    /// As strict as RustCrypto in OpenMLS: no key or nonce point of small order.
    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        data: &[u8],
        public: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        if scheme != SignatureScheme::ED25519 {
            return self.rust.verify_signature(scheme, data, public, signature);
        }
        let key = self.key(public)?;
        let signature = Signature::from_slice(signature).map_err(|_| CryptoError::CryptoLibraryError)?;
        key.verify_strict(data, &signature)
            .map_err(|_| CryptoError::InvalidSignature)
    }

    fn supports(&self, suite: Ciphersuite) -> Result<()> {
        self.rust.supports(suite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.rust.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes> {
        self.rust.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes> {
        self.rust.hmac(hash, key, message)
    }

    fn hkdf_expand(&self, hash: HashType, prk: &[u8], info: &[u8], length: usize) -> Result<SecretVLBytes> {
        self.rust.hkdf_expand(hash, prk, info, length)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>> {
        self.rust.hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.rust.aead_encrypt(aead, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        sealed: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.rust.aead_decrypt(aead, key, sealed, nonce, aad)
    }

    fn signature_key_gen(&self, scheme: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>)> {
        self.rust.signature_key_gen(scheme)
    }

    fn sign(&self, scheme: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>> {
        self.rust.sign(scheme, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        aad: &[u8],
        plain: &[u8],
    ) -> Result<HpkeCiphertext> {
        self.rust.hpke_seal(config, public, info, aad, plain)
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        sealed: &HpkeCiphertext,
        private: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        self.rust.hpke_open(config, sealed, private, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret)> {
        self.rust
            .hpke_setup_sender_and_export(config, public, info, context, length)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        private: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<ExporterSecret> {
        self.rust
            .hpke_setup_receiver_and_export(config, enc, private, info, context, length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair> {
        self.rust.derive_hpke_keypair(config, ikm)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    const SCHEME: SignatureScheme = SignatureScheme::ED25519;

    #[test]
    fn verdicts_on_signatures_are_those_of_openmls_own_provider() {
        let (crypto, oracle) = (Crypto::default(), RustCrypto::default());
        let keys: Vec<SigningKey> = (0..3).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
        for _ in 0..2 {
            for (signer, named) in keys.iter().flat_map(|a| keys.iter().map(move |b| (a, b))) {
                let signature = signer.sign(b"text").to_bytes();
                let public = named.verifying_key().to_bytes();
                for (data, signature) in [
                    (b"text", signature.as_slice()),
                    (b"tekt", &signature),
                    (b"text", &signature[..63]),
                    (b"text", &[0; 64]),
                ] {
                    assert_eq!(
                        crypto.verify_signature(SCHEME, data, &public, signature),
                        oracle.verify_signature(SCHEME, data, &public, signature)
                    );
                }
            }
        }
    }

    #[test]
    fn keys_of_small_order_and_of_other_lengths_are_refused_each_time() {
        let (crypto, oracle) = (Crypto::default(), RustCrypto::default());
        // The neutral element, under which anything would verify; an octet too few; no point of the curve.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        for public in [neutral.as_slice(), &neutral[..31], &[2; 32]] {
            for _ in 0..2 {
                let verdict = crypto.verify_signature(SCHEME, b"text", public, &signature);
                assert!(verdict.is_err());
                assert_eq!(
                    verdict,
                    oracle.verify_signature(SCHEME, b"text", public, &signature)
                );
            }
        }
    }

    #[test]
    fn more_keys_than_are_kept_ready_are_verified_too() {
        let crypto = Crypto::default();
        for seed in 0..=u8::try_from(READY).unwrap() {
            let key = SigningKey::from_bytes(&[seed; 32]);
            let signature = key.sign(b"text").to_bytes();
            let public = key.verifying_key().to_bytes();
            assert!(
                crypto
                    .verify_signature(SCHEME, b"text", &public, &signature)
                    .is_ok()
            );
        }
        assert!(crypto.keys.lock().unwrap().len() <= READY);
    }
}
