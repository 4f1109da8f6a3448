//! Attachments: encrypted here with a key of their own, uploaded and fetched by the host.
//!
//! The part that travels in the message carries the key; the octets at its URL are useless without the message.

use comity_content::attachment::{self as pure, Sealed};
use zeroize::Zeroizing;

pub use comity_content::attachment::{
    AttachmentError, Opened, check_lengths, fetch_limit, is_available, open,
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
