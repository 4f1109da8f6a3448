//! Content that lies elsewhere: sealed before it is uploaded, opened and verified after it was fetched.
//!
//! **Owns** the order of the checks: lengths, then the size and the hash of what was fetched, then the authentication tag.
//! Nothing of the plaintext is released before all have passed.
//! **Knows nothing of** fetching, and draws no keys: the engine hands in fresh ones. It says what to fetch and checks what came.
//!
//! Small content goes through memory: [`seal`], [`open`]. Large content goes through in pieces, in constant memory:
//! [`Sealer`], [`Verifier`] and [`Opener`], or with readers and writers [`seal_to`] and [`open_to`].
//!
//! AES-128-GCM unless others are negotiated, and SHA-256 over the octets at the URL. See *mimi-content*, "External content".

mod aead;
mod file_name;
mod stream;

use std::ops::Range;

use comity_room::Timestamp;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::part::ExternalPart;

pub use file_name::safe_file_name;
pub use stream::{Opener, Sealer, StreamError, Verified, Verifier, open_to, seal_to};

/// No encryption, as `encAlg` says it.
pub const NOT_ENCRYPTED: u16 = 0;
/// AES-128-GCM, as `encAlg` says it. Every client has it.
pub const AES_128_GCM: u16 = 1;
/// AES-256-GCM, as `encAlg` says it.
pub const AES_256_GCM: u16 = 2;
/// ChaCha20-Poly1305, as `encAlg` says it.
pub const CHACHA20_POLY1305: u16 = 29;
/// No hash, as `hashAlg` says it.
pub const NOT_HASHED: u8 = 0;
/// SHA-256, as `hashAlg` says it.
pub const SHA_256: u8 = 1;

/// Octets of an AES-128-GCM key.
pub const KEY_OCTETS: usize = 16;
/// Octets of a nonce, of every algorithm.
pub const NONCE_OCTETS: usize = 12;
/// Octets of a tag, which stands behind the ciphertext, of every algorithm.
pub const TAG_OCTETS: usize = 16;

/// How content is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// What every MIMI client has.
    #[default]
    Aes128Gcm,
    /// Where everybody who is to read it has it.
    Aes256Gcm,
    /// The same; fast without AES instructions.
    ChaCha20Poly1305,
}

impl Algorithm {
    /// Its number in IANA's registry of AEAD algorithms.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Aes128Gcm => AES_128_GCM,
            Self::Aes256Gcm => AES_256_GCM,
            Self::ChaCha20Poly1305 => CHACHA20_POLY1305,
        }
    }

    /// Octets of its keys.
    #[must_use]
    pub const fn key_octets(self) -> usize {
        match self {
            Self::Aes128Gcm => KEY_OCTETS,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Most octets under one key and nonce: 2³² − 2 blocks of 16 (NIST SP 800-38D), or 2³² − 1 of 64 (RFC 8439), of which we
    /// use no more.
    const fn most_octets(self) -> u64 {
        ((1 << 32) - 2) * 16
    }
}

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

/// Encrypts content in memory with AES-128-GCM under a key and nonce that are drawn for this content and used for no other.
///
/// # Errors
/// [`AttachmentError::TooLarge`] beyond what AES-GCM can encrypt under one nonce, 64 GiB.
pub fn seal(
    key: &[u8; KEY_OCTETS],
    nonce: &[u8; NONCE_OCTETS],
    plaintext: &[u8],
) -> Result<Sealed, AttachmentError> {
    seal_with(Algorithm::Aes128Gcm, key, nonce, plaintext)
}

/// The same with another algorithm, which everybody who is to read it must have.
///
/// # Errors
/// As [`seal`], and [`AttachmentError::KeyLength`] when the key does not have the length that the algorithm asks for.
pub fn seal_with(
    algorithm: Algorithm,
    key: &[u8],
    nonce: &[u8; NONCE_OCTETS],
    plaintext: &[u8],
) -> Result<Sealed, AttachmentError> {
    let mut sealer = Sealer::new(algorithm, key, nonce)?;
    let mut octets = Vec::with_capacity(plaintext.len().saturating_add(TAG_OCTETS));
    octets.extend_from_slice(plaintext);
    sealer.update(&mut octets)?;
    let (tag, part) = sealer.finish();
    octets.extend_from_slice(&tag);
    Ok(Sealed {
        ciphertext: Ciphertext(octets),
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
    let mut verifier = Verifier::new(part, u64::MAX)?;
    verifier.update(fetched)?;
    let verified = verifier.finish()?;
    let hash_checked = verified.hash_checked();
    let mut plaintext = Zeroizing::new(fetched.to_vec());
    let mut opener = verified.opener();
    let plain = opener.update(&mut plaintext);
    opener.finish()?;
    plaintext.truncate(plain);
    Ok(Opened {
        plaintext,
        hash_checked,
    })
}

/// Checks that key, nonce and additional data fit the algorithm: before fetching, and before sending.
///
/// # Errors
/// When the algorithm is not one of ours, or a length is not that of the algorithm.
pub fn check_lengths(part: &ExternalPart) -> Result<(), AttachmentError> {
    match algorithm_of(part)? {
        None if part.key.octets().is_empty() && part.nonce.is_empty() && part.aad.is_empty() => Ok(()),
        None => Err(AttachmentError::KeyWithoutEncryption),
        Some(algorithm) if part.key.octets().len() != algorithm.key_octets() => {
            Err(AttachmentError::KeyLength)
        }
        Some(_) if part.nonce.len() != NONCE_OCTETS => Err(AttachmentError::NonceLength),
        Some(_) => Ok(()),
    }
}

/// Checks a part that we are about to send: lengths, and that it lies where every client can fetch it.
///
/// # Errors
/// As [`check_lengths`] and [`check_url`].
pub fn check_outgoing(part: &ExternalPart) -> Result<(), AttachmentError> {
    check_lengths(part)?;
    check_url(&part.url)
}

/// Checks that `url` is one that is fetched: `https` or `http`, and a host. Others could read files or start programs.
///
/// # Errors
/// [`AttachmentError::Url`].
pub fn check_url(url: &str) -> Result<(), AttachmentError> {
    let has = |scheme: &str| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let behind = has("https://").or_else(|| has("http://")).unwrap_or_default();
    let host = behind.split(['/', '?', '#']).next().unwrap_or_default();
    let is_clean = !url
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    if host.is_empty() || host.contains('@') || !is_clean {
        return Err(AttachmentError::Url);
    }
    Ok(())
}

fn algorithm_of(part: &ExternalPart) -> Result<Option<Algorithm>, AttachmentError> {
    match part.encryption_algorithm {
        NOT_ENCRYPTED => Ok(None),
        AES_128_GCM => Ok(Some(Algorithm::Aes128Gcm)),
        AES_256_GCM => Ok(Some(Algorithm::Aes256Gcm)),
        CHACHA20_POLY1305 => Ok(Some(Algorithm::ChaCha20Poly1305)),
        unknown => Err(AttachmentError::UnknownEncryption(unknown)),
    }
}

/// What is left to send or to fetch of `size` octets once the other side has the first `done`, in pieces of at most `piece`
/// octets.
///
/// For uploads and downloads that go on where they were broken off. What is uploaded again must be the same octets, so a host
/// keeps the ciphertext until the upload is complete: sealing other content under the same key and nonce gives both away.
pub fn remaining(size: u64, done: u64, piece: u64) -> impl Iterator<Item = Range<u64>> {
    let step = usize::try_from(piece.max(1)).unwrap_or(usize::MAX);
    let end = move |start: u64| start.saturating_add(piece.max(1)).min(size);
    (done..size).step_by(step).map(move |start| start..end(start))
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

fn check_size(part: &ExternalPart, fetched: u64) -> Result<(), AttachmentError> {
    let as_stated = part.size == fetched || part.size.saturating_add(uncounted(part)) == fetched;
    if part.size == 0 || as_stated {
        Ok(())
    } else {
        Err(AttachmentError::SizeMismatch)
    }
}

/// Why content that lies elsewhere cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// More than AES-GCM can encrypt under one nonce.
    #[error("content is too large to be encrypted in one piece")]
    TooLarge,
    /// More than the local policy allows to fetch.
    #[error("content is larger than allowed")]
    OverLimit,
    /// Neither `https` nor `http`, or no URL at all.
    #[error("URL is neither https nor http")]
    Url,
    /// What was read the second time is not what was verified.
    #[error("content changed between verifying and decrypting")]
    Changed,
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
            Self::OverLimit => "attachment_over_limit",
            Self::Url => "attachment_url",
            Self::Changed => "attachment_changed",
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
