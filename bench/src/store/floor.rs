//! What sending and receiving a message cannot do without: one signature made or verified, keys derived, two ciphertexts sealed or opened.
//! With the same libraries as the engine, keys ready, nothing parsed, nothing stored.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto as _;
use openmls_traits::types::{AeadType, HashType};

use crate::Fault;
use crate::pair::Shape;

const HASH: HashType = HashType::Sha2_256;
const AEAD: AeadType = AeadType::Aes128Gcm;
/// The labels and contexts that go into deriving a key are about this long.
const INFO: [u8; 32] = [1; 32];
/// Who sent it, as encrypted beside the message: leaf, generation, reuse guard.
const SENDER_DATA: usize = 12;

/// What MIMI content and framing add to a text, and the fields of MLS that are signed with it.
const AROUND: usize = 200;
/// A GroupContext without the list of the participants.
const CONTEXT: usize = 500;

/// One message, ready to be sent or received.
pub(super) struct Floor {
    crypto: RustCrypto,
    signer: SigningKey,
    key: VerifyingKey,
    signature: Signature,
    signed: Vec<u8>,
    secret: [u8; 32],
    sender: Vec<u8>,
    sealed: Vec<u8>,
}

impl Floor {
    /// Of a text of so many octets in a room of this shape, whose GroupContext is signed with it.
    pub(super) fn new(shape: Shape, text: usize) -> Result<Self, Fault> {
        let list = shape.list()?.map_or(0, |list| list.len());
        let (context, message) = (list.saturating_add(CONTEXT), text.saturating_add(AROUND));
        let crypto = RustCrypto::default();
        let signer = SigningKey::from_bytes(&[7; 32]);
        let signed = vec![3; context.saturating_add(message)];
        let secret = [5; 32];
        let key = crypto.hkdf_expand(HASH, &secret, &INFO, 16)?;
        let sealing =
            |octets: usize| crypto.aead_encrypt(AEAD, key.as_slice(), &vec![0; octets], &[0; 12], &INFO);
        Ok(Self {
            key: signer.verifying_key(),
            signature: signer.sign(&signed),
            signer,
            signed,
            secret,
            sender: sealing(SENDER_DATA)?,
            sealed: sealing(message)?,
            crypto,
        })
    }

    /// Sends it once.
    pub(super) fn send(&self) -> Result<Signature, Fault> {
        let Self { crypto, .. } = self;
        let derive = |length| crypto.hkdf_expand(HASH, &self.secret, &INFO, length);
        let signature = self.signer.sign(&self.signed);
        let (key, _nonce, _next) = (derive(16)?, derive(12)?, derive(32)?);
        let _ = crypto.aead_encrypt(AEAD, key.as_slice(), &self.sealed, &[0; 12], &INFO)?;
        let (key, _nonce) = (derive(16)?, derive(12)?);
        let _ = crypto.aead_encrypt(AEAD, key.as_slice(), &[0; SENDER_DATA], &[0; 12], &INFO)?;
        Ok(signature)
    }

    /// Receives it once.
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
