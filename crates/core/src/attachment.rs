//! Attachments: encrypted here with a key of their own, uploaded and fetched by the host.
//!
//! The part that travels in the message carries the key; the octets at its URL are useless without the message.

use comity_content::attachment::{self as pure, Sealed};
use zeroize::Zeroizing;

pub use comity_content::attachment::{
    Algorithm, AttachmentError, Opened, Opener, Sealer, StreamError, Verified, Verifier, check_lengths,
    check_outgoing, fetch_limit, is_available, open, open_to, remaining, safe_file_name, seal_to,
};

use crate::error::Error;
use crate::tx::random;

/// Encrypts an attachment under a fresh key and nonce (AES-128-GCM), for one part of one message. The URL of the part is
/// to be filled in once the host has uploaded the octets.
///
/// # Errors
/// [`Error::Storage`] if the operating system has no randomness.
pub fn seal(plaintext: &[u8]) -> Result<Sealed, Error> {
    let key = Zeroizing::new(random::<16>()?);
    pure::seal(&key, &random::<12>()?, plaintext).map_err(|_| Error::Bug("seal attachment"))
}

/// Begins to encrypt an attachment piece by piece under a fresh key and nonce, for one part of one message. See [`seal_to`].
///
/// Every MIMI client has AES-128-GCM; use another only where all who are to read it have that.
///
/// # Errors
/// [`Error::Storage`] if the operating system has no randomness.
pub fn sealer(algorithm: Algorithm) -> Result<Sealer, Error> {
    let key = Zeroizing::new(random::<32>()?);
    let key = key.get(..algorithm.key_octets()).unwrap_or_default();
    Sealer::new(algorithm, key, &random::<12>()?).map_err(|_| Error::Bug("begin to seal an attachment"))
}
