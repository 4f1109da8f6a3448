//! Attachments: sealed here, uploaded and fetched by the host; in memory, or piece by piece.

use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use comity::Timestamp;
use comity::attachment as engine;
use comity::code::Boundary;
use comity::content::attachment as content;

use crate::fault::{ComityError, invalid};
use crate::guard::contained;
use crate::octets::Octets;
use crate::part::ExternalPart;

/// The most octets of one argument: enough for an attachment of a film in memory.
const MOST_OCTETS: usize = 1 << 30;

/// How content is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Algorithm {
    /// What every MIMI client has.
    Aes128Gcm,
    /// Where everybody who is to read it has it.
    Aes256Gcm,
    /// The same; fast without AES instructions.
    ChaCha20Poly1305,
}

/// Content ready to be uploaded.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Sealed {
    /// What to upload.
    pub ciphertext: Octets,
    /// What to send, but for what only the host knows: see `part_attachment`.
    pub part: ExternalPart,
}

/// What an attachment holds. It prints its size only.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Opened {
    /// The content.
    pub plaintext: Octets,
    /// Whether a hash that we know was there and right. If not, only the encryption vouches for the content.
    pub hash_checked: bool,
}

/// Encrypts an attachment in memory under a fresh key and nonce (AES-128-GCM), for one part of one message.
#[uniffi::export]
pub fn seal(plaintext: &[u8]) -> Result<Sealed, ComityError> {
    contained(|| Ok(engine::seal(bounded(plaintext)?)?.into()))
}

/// Verifies and decrypts what was fetched for a part. Nothing is released unless all of it is what the sender meant.
#[uniffi::export]
pub fn open(part: ExternalPart, fetched: &[u8]) -> Result<Opened, ComityError> {
    contained(|| Ok(engine::open(&part.into(), bounded(fetched)?)?.into()))
}

/// How many octets to fetch for a part at most, where the local policy allows `policy`; one more means that it is not what the
/// sender stated.
#[uniffi::export]
pub fn fetch_limit(part: ExternalPart, policy: u64) -> Result<u64, ComityError> {
    contained(|| Ok(engine::fetch_limit(&part.into(), policy)))
}

/// Whether an external part is still there, as the sender states it.
#[uniffi::export]
pub fn is_available(part: ExternalPart, now: Timestamp) -> Result<bool, ComityError> {
    contained(|| Ok(engine::is_available(&part.into(), now)))
}

/// A file name made of one that a sender suggests, without folders or anything else that means something to a file system. None if
/// nothing is left of it.
#[uniffi::export]
pub fn safe_file_name(suggested: String) -> Result<Option<String>, ComityError> {
    contained(|| Ok(engine::safe_file_name(&suggested)))
}

/// Encrypts an attachment piece by piece.
#[derive(uniffi::Object)]
pub struct Sealer(Mutex<Option<engine::Sealer>>);

#[uniffi::export]
impl Sealer {
    /// Begins to encrypt under a fresh key and nonce. Every MIMI client has AES-128-GCM.
    #[uniffi::constructor]
    pub fn new(algorithm: Algorithm) -> Result<Arc<Self>, ComityError> {
        contained(|| {
            let sealer = engine::sealer(algorithm.into())?;
            Ok(Arc::new(Self(Mutex::new(Some(sealer)))))
        })
    }

    /// Encrypts the next octets: upload what comes back.
    pub fn update(&self, plaintext: &[u8]) -> Result<Octets, ComityError> {
        running(&self.0, |sealer| {
            let mut octets = bounded(plaintext)?.to_vec();
            sealer.update(&mut octets)?;
            Ok(Octets(octets))
        })
    }

    /// Ends encrypting, and the sealer: the last octets to upload, and the part to send, which `part_attachment` takes once it is
    /// complete.
    pub fn finish(&self) -> Result<SealedEnd, ComityError> {
        spent(&self.0, |sealer| {
            let (tag, part) = sealer.finish();
            Ok(SealedEnd {
                tag: Octets(tag.to_vec()),
                part: part.into(),
            })
        })
    }
}

/// The end of content that was encrypted piece by piece.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct SealedEnd {
    /// The last octets to upload.
    pub tag: Octets,
    /// What to send, but for what only the host knows.
    pub part: ExternalPart,
}

/// Verifies what was fetched, piece by piece. Releases nothing.
#[derive(uniffi::Object)]
pub struct Verifier(Mutex<Option<engine::Verifier>>);

#[uniffi::export]
impl Verifier {
    /// Begins to verify. `policy`: the most octets that the host wants to fetch.
    #[uniffi::constructor]
    pub fn new(part: ExternalPart, policy: u64) -> Result<Arc<Self>, ComityError> {
        contained(|| {
            let verifier = engine::Verifier::new(&part.into(), policy)?;
            Ok(Arc::new(Self(Mutex::new(Some(verifier)))))
        })
    }

    /// Takes the next octets that were fetched.
    pub fn update(&self, fetched: &[u8]) -> Result<(), ComityError> {
        running(&self.0, |verifier| Ok(verifier.update(bounded(fetched)?)?))
    }

    /// Ends verifying, and the verifier. After a success everything is what the sender meant, and the opener decrypts the same octets,
    /// from their beginning.
    pub fn finish(&self) -> Result<Verified, ComityError> {
        spent(&self.0, |verifier| {
            let verified = verifier.finish()?;
            Ok(Verified {
                hash_checked: verified.hash_checked(),
                plaintext_octets: verified.plaintext_octets(),
                opener: Arc::new(Opener(Mutex::new(Some(verified.opener())))),
            })
        })
    }
}

/// The knowledge that what was fetched is what the sender meant.
#[derive(Clone, uniffi::Record)]
pub struct Verified {
    /// Whether a hash that we know was there and right. If not, only the encryption vouches for the content.
    pub hash_checked: bool,
    /// Octets of the content.
    pub plaintext_octets: u64,
    /// What decrypts it.
    pub opener: Arc<Opener>,
}

/// Decrypts what has been verified, piece by piece.
#[derive(uniffi::Object)]
pub struct Opener(Mutex<Option<engine::Opener>>);

#[uniffi::export]
impl Opener {
    /// Decrypts the next octets.
    ///
    /// Nobody may see the content before `finish` has said that all is well: write it where it can be undone.
    pub fn update(&self, fetched: &[u8]) -> Result<Octets, ComityError> {
        running(&self.0, |opener| {
            let mut octets = bounded(fetched)?.to_vec();
            let plain = opener.update(&mut octets);
            octets.truncate(plain);
            Ok(Octets(octets))
        })
    }

    /// Says whether these were the octets that were verified. After `AttachmentChanged` throw away what was written. The opener is
    /// spent.
    pub fn finish(&self) -> Result<(), ComityError> {
        spent(&self.0, |opener| Ok(opener.finish()?))
    }
}

/// Works on a stream that has not been finished.
fn running<T, R>(
    stream: &Mutex<Option<T>>,
    work: impl FnOnce(&mut T) -> Result<R, ComityError>,
) -> Result<R, ComityError> {
    contained(|| work(locked(stream)?.as_mut().ok_or_else(finished)?))
}

/// Takes a stream and finishes it.
fn spent<T, R>(
    stream: &Mutex<Option<T>>,
    finish: impl FnOnce(T) -> Result<R, ComityError>,
) -> Result<R, ComityError> {
    contained(|| finish(locked(stream)?.take().ok_or_else(finished)?))
}

fn locked<T>(stream: &Mutex<Option<T>>) -> Result<MutexGuard<'_, Option<T>>, ComityError> {
    stream.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => Boundary::ConcurrentUse.into(),
        TryLockError::Poisoned(_) => Boundary::Panicked.into(),
    })
}

fn finished() -> ComityError {
    invalid("stream_is_finished")
}

fn bounded(octets: &[u8]) -> Result<&[u8], ComityError> {
    if octets.len() > MOST_OCTETS {
        return Err(comity::Misuse::TooLong.into());
    }
    Ok(octets)
}

impl From<Algorithm> for engine::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Aes128Gcm => Self::Aes128Gcm,
            Algorithm::Aes256Gcm => Self::Aes256Gcm,
            Algorithm::ChaCha20Poly1305 => Self::ChaCha20Poly1305,
        }
    }
}

impl From<content::Sealed> for Sealed {
    fn from(sealed: content::Sealed) -> Self {
        let content::Sealed { ciphertext, part } = sealed;
        Self {
            ciphertext: ciphertext.into_octets().into(),
            part: part.into(),
        }
    }
}

impl From<engine::Opened> for Opened {
    fn from(opened: engine::Opened) -> Self {
        let engine::Opened {
            plaintext,
            hash_checked,
        } = opened;
        Self {
            plaintext: Octets(plaintext.to_vec()),
            hash_checked,
        }
    }
}
