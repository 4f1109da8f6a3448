//! Content that lies elsewhere: sealed before it is uploaded, opened and verified after it was fetched.
//!
//! **Owns** the order of the checks: lengths, then the hash of what was fetched, then the authentication tag. Nothing of
//! the plaintext is released before all have passed.
//! **Knows nothing of** fetching, and draws no keys: the engine hands in fresh ones.
//!
//! AES-128-GCM in one piece, and SHA-256 over the octets at the URL. See *mimi-content*, "External content".

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Nonce};
use comity_room::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::part::{ContentKey, ExternalPart};

/// No encryption, as `encAlg` says it.
pub const NOT_ENCRYPTED: u16 = 0;
/// AES-128-GCM, as `encAlg` says it.
pub const AES_128_GCM: u16 = 1;
/// No hash, as `hashAlg` says it.
pub const NOT_HASHED: u8 = 0;
/// SHA-256, as `hashAlg` says it.
pub const SHA_256: u8 = 1;

/// Octets of an AES-128-GCM key.
pub const KEY_OCTETS: usize = 16;
/// Octets of an AES-128-GCM nonce.
pub const NONCE_OCTETS: usize = 12;
/// Octets of an AES-128-GCM tag, which stands behind the ciphertext.
pub const TAG_OCTETS: usize = 16;

/// Content ready to be uploaded. `Debug` shows sizes only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What to upload.
    pub ciphertext: Ciphertext,
    /// What to send, but for its `url`, which only the upload tells, and what the sender wants to say about it:
    /// `media_type`, `expires`, `description`, `filename`.
    pub part: ExternalPart,
}

/// Octets to upload.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext(Vec<u8>);

impl Ciphertext {
    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The octets, taken out.
    #[must_use]
    pub fn into_octets(self) -> Vec<u8> {
        self.0
    }
}

impl std::fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({} octets)", self.0.len())
    }
}

/// Encrypts content under a key and nonce that are drawn for this content and used for no other.
///
/// # Errors
/// [`AttachmentError::TooLarge`] beyond what AES-GCM can encrypt under one nonce, 64 GiB.
pub fn seal(
    key: &[u8; KEY_OCTETS],
    nonce: &[u8; NONCE_OCTETS],
    plaintext: &[u8],
) -> Result<Sealed, AttachmentError> {
    let cipher = Aes128Gcm::new(key.into());
    let ciphertext = cipher
        .encrypt(Nonce::from_slice(nonce), plaintext)
        .map_err(|_| AttachmentError::TooLarge)?;
    let part = ExternalPart {
        size: ciphertext.len() as u64,
        encryption_algorithm: AES_128_GCM,
        key: ContentKey::new(key.to_vec()),
        nonce: nonce.to_vec(),
        hash_algorithm: SHA_256,
        content_hash: Sha256::digest(&ciphertext).to_vec(),
        ..ExternalPart::default()
    };
    Ok(Sealed {
        ciphertext: Ciphertext(ciphertext),
        part,
    })
}

/// Content that was fetched, verified and decrypted. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The content.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// Whether a hash that we know was there and right. If not, only the encryption vouches for the content, or where
    /// there is none either, nothing.
    pub hash_checked: bool,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            plaintext,
            hash_checked,
        } = self;
        write!(
            f,
            "Opened({} octets, hash checked: {hash_checked})",
            plaintext.len()
        )
    }
}

/// Verifies and decrypts what was fetched from the URL of `part`.
///
/// # Errors
/// [`AttachmentError`] says which check failed.
///
/// # Trust
/// Whoever serves the URL can make this fail and nothing else, as long as the part is encrypted or hashed.
pub fn open(part: &ExternalPart, fetched: &[u8]) -> Result<Opened, AttachmentError> {
    check_lengths(part)?;
    check_size(part, fetched.len())?;
    let hash_checked = check_hash(part, fetched)?;
    let plaintext = match part.encryption_algorithm {
        NOT_ENCRYPTED => fetched.to_vec(),
        _ => decrypt(part, fetched)?,
    };
    Ok(Opened {
        plaintext: Zeroizing::new(plaintext),
        hash_checked,
    })
}

/// Checks that key, nonce and additional data fit the algorithm: before fetching, and before sending.
///
/// # Errors
/// When the algorithm is not one of ours, or a length is not that of the algorithm.
pub fn check_lengths(part: &ExternalPart) -> Result<(), AttachmentError> {
    match part.encryption_algorithm {
        NOT_ENCRYPTED if part.key.octets().is_empty() && part.nonce.is_empty() && part.aad.is_empty() => {
            Ok(())
        }
        NOT_ENCRYPTED => Err(AttachmentError::KeyWithoutEncryption),
        AES_128_GCM if part.key.octets().len() != KEY_OCTETS => Err(AttachmentError::KeyLength),
        AES_128_GCM if part.nonce.len() != NONCE_OCTETS => Err(AttachmentError::NonceLength),
        AES_128_GCM => Ok(()),
        algorithm => Err(AttachmentError::UnknownEncryption(algorithm)),
    }
}

/// Most octets to fetch for `part`, given what the local policy allows for any. A part that gives its size is fetched
/// no further, apart from a tag that its sender may not have counted.
#[must_use]
pub fn fetch_limit(part: &ExternalPart, policy: u64) -> u64 {
    match part.size {
        0 => policy,
        size => size.saturating_add(uncounted(part)).min(policy),
    }
}

/// Whether the content is still there at `now`.
#[must_use]
pub fn is_available(part: &ExternalPart, now: Timestamp) -> bool {
    part.expires == 0 || Timestamp::from_millis(u64::from(part.expires) * 1000) > now
}

/// The draft does not say whether `size` counts the tag. We do; some do not.
const fn uncounted(part: &ExternalPart) -> u64 {
    if part.encryption_algorithm == NOT_ENCRYPTED {
        0
    } else {
        TAG_OCTETS as u64
    }
}

fn check_size(part: &ExternalPart, fetched: usize) -> Result<(), AttachmentError> {
    let fetched = fetched as u64;
    let as_stated = part.size == fetched || part.size.saturating_add(uncounted(part)) == fetched;
    if part.size == 0 || as_stated {
        Ok(())
    } else {
        Err(AttachmentError::SizeMismatch)
    }
}

fn check_hash(part: &ExternalPart, fetched: &[u8]) -> Result<bool, AttachmentError> {
    match part.hash_algorithm {
        SHA_256 => {
            let hash = Sha256::digest(fetched);
            let equal = bool::from(hash.as_slice().ct_eq(&part.content_hash));
            if equal {
                Ok(true)
            } else {
                Err(AttachmentError::HashMismatch)
            }
        }
        _ => Ok(false),
    }
}

fn decrypt(part: &ExternalPart, fetched: &[u8]) -> Result<Vec<u8>, AttachmentError> {
    let cipher = Aes128Gcm::new_from_slice(part.key.octets()).map_err(|_| AttachmentError::KeyLength)?;
    if fetched.len() < TAG_OCTETS {
        return Err(AttachmentError::TagMismatch);
    }
    let payload = Payload {
        msg: fetched,
        aad: &part.aad,
    };
    cipher
        .decrypt(Nonce::from_slice(&part.nonce), payload)
        .map_err(|_| AttachmentError::TagMismatch)
}

/// Why content that lies elsewhere cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// More than AES-GCM can encrypt under one nonce.
    #[error("content is too large to be encrypted in one piece")]
    TooLarge,
    /// An encryption algorithm that we do not have.
    #[error("unknown encryption algorithm {0}")]
    UnknownEncryption(u16),
    /// A part that is not encrypted has a key, a nonce or additional data.
    #[error("key for content that is not encrypted")]
    KeyWithoutEncryption,
    /// The key does not have the length that its algorithm asks for.
    #[error("key has the wrong length")]
    KeyLength,
    /// The nonce does not have the length that its algorithm asks for.
    #[error("nonce has the wrong length")]
    NonceLength,
    /// Not as many octets as the sender stated.
    #[error("size differs from what the sender stated")]
    SizeMismatch,
    /// Other octets than the sender hashed.
    #[error("hash differs from what the sender stated")]
    HashMismatch,
    /// Other octets than the sender encrypted, or another key.
    #[error("authentication tag does not match")]
    TagMismatch,
}

impl AttachmentError {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "attachment_too_large",
            Self::UnknownEncryption(_) => "attachment_unknown_encryption",
            Self::KeyWithoutEncryption => "attachment_key_without_encryption",
            Self::KeyLength => "attachment_key_length",
            Self::NonceLength => "attachment_nonce_length",
            Self::SizeMismatch => "attachment_size_mismatch",
            Self::HashMismatch => "attachment_hash_mismatch",
            Self::TagMismatch => "attachment_tag_mismatch",
        }
    }
}
