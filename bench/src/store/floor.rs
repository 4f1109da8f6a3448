//! What receiving a message cannot do without: one signature verified, its keys derived, two ciphertexts opened. With the same libraries
//! as the engine, keys ready, nothing parsed, nothing stored.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto as _;
use openmls_traits::types::{AeadType, HashType};

use crate::Fault;

const HASH: HashType = HashType::Sha2_256;
const AEAD: AeadType = AeadType::Aes128Gcm;
/// The labels and contexts that go into deriving a key are about this long.
const INFO: [u8; 32] = [1; 32];
/// Who sent it, as encrypted beside the message: leaf, generation, reuse guard.
const SENDER_DATA: usize = 12;

/// One message, ready to be received.
pub(super) struct Floor {
    crypto: RustCrypto,
    key: VerifyingKey,
    signature: Signature,
    signed: Vec<u8>,
    secret: [u8; 32],
    sender: Vec<u8>,
    sealed: Vec<u8>,
}

impl Floor {
    /// `context`: the octets of the GroupContext, which is signed with the message; `message`: those of a frame.
    pub(super) fn new(context: usize, message: usize) -> Result<Self, Fault> {
        let crypto = RustCrypto::default();
        let signer = SigningKey::from_bytes(&[7; 32]);
        let signed = vec![3; context.saturating_add(message)];
        let secret = [5; 32];
        let key = crypto.hkdf_expand(HASH, &secret, &INFO, 16)?;
        let sealing = |octets| crypto.aead_encrypt(AEAD, key.as_slice(), &vec![0; octets], &[0; 12], &INFO);
        Ok(Self {
            key: signer.verifying_key(),
            signature: signer.sign(&signed),
            signed,
            secret,
            sender: sealing(SENDER_DATA)?,
            sealed: sealing(message)?,
            crypto,
        })
    }

    /// Does it once.
    pub(super) fn receive(&self) -> Result<(), Fault> {
        let Self { crypto, .. } = self;
        let derive = |length| crypto.hkdf_expand(HASH, &self.secret, &INFO, length);
        // The sender's data; then the message's key and nonce, and the secret of the next one.
        let (key, _nonce) = (derive(16)?, derive(12)?);
        let _ = crypto.aead_decrypt(AEAD, key.as_slice(), &self.sender, &[0; 12], &INFO)?;
        let (key, _nonce, _next) = (derive(16)?, derive(12)?, derive(32)?);
        let _ = crypto.aead_decrypt(AEAD, key.as_slice(), &self.sealed, &[0; 12], &INFO)?;
        Ok(self.key.verify_strict(&self.signed, &self.signature)?)
    }
}
