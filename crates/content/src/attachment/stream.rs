//! Sealing and opening piece by piece, in constant memory.
//!
//! Sealing is one pass: [`Sealer`]. Opening is two, because nothing may be released before everything has been verified: a
//! [`Verifier`] reads all that was fetched and gives a [`Verified`], and only that gives an [`Opener`], which reads it again.
//! Should it be something else the second time, the opener says so at its end.

use std::io::{self, Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use super::aead::Aead;
use super::{
    Algorithm, AttachmentError, NONCE_OCTETS, SHA_256, TAG_OCTETS, algorithm_of, check_lengths, check_size,
    fetch_limit,
};
use crate::part::{ContentKey, ExternalPart};

/// Encrypts content under a key and nonce that are drawn for this content and used for no other, not even for the same
/// content again: to go on with an upload, keep the ciphertext.
///
/// ```
/// use comity_content::attachment::{Algorithm, Sealer, Verifier};
/// # fn random(octets: &mut [u8]) { octets.fill(7) }
/// let (mut key, mut nonce) = (vec![0; Algorithm::Aes128Gcm.key_octets()], [0; 12]);
/// random(&mut key);
/// random(&mut nonce);
/// let mut sealer = Sealer::new(Algorithm::Aes128Gcm, &key, &nonce)?;
/// let mut uploaded = Vec::new();
/// for piece in [&b"a rather "[..], b"long film"] {
///     let mut piece = piece.to_vec();
///     sealer.update(&mut piece)?;
///     uploaded.extend(piece);
/// }
/// let (tag, part) = sealer.finish();
/// uploaded.extend(tag);
///
/// let mut verifier = Verifier::new(&part, 1 << 20)?;
/// verifier.update(&uploaded)?;
/// let mut opener = verifier.finish()?.opener();
/// let plain = opener.update(&mut uploaded);
/// opener.finish()?;
/// assert_eq!(&uploaded[..plain], b"a rather long film");
/// # Ok::<(), comity_content::attachment::AttachmentError>(())
/// ```
pub struct Sealer {
    algorithm: Algorithm,
    key: ContentKey,
    nonce: [u8; NONCE_OCTETS],
    aead: Aead,
    hash: Sha256,
    octets: u64,
}

impl Sealer {
    /// Begins to encrypt.
    ///
    /// # Errors
    /// [`AttachmentError::KeyLength`] when the key does not have the length that the algorithm asks for.
    pub fn new(
        algorithm: Algorithm,
        key: &[u8],
        nonce: &[u8; NONCE_OCTETS],
    ) -> Result<Self, AttachmentError> {
        Ok(Self {
            algorithm,
            key: ContentKey::new(key.to_vec()),
            nonce: *nonce,
            aead: Aead::new(algorithm, key, nonce, &[]).ok_or(AttachmentError::KeyLength)?,
            hash: Sha256::new(),
            octets: 0,
        })
    }

    /// Encrypts the next octets in place: upload them in this order.
    ///
    /// # Errors
    /// [`AttachmentError::TooLarge`] beyond what can be encrypted under one nonce, 64 GiB; then the octets are as they were.
    pub fn update(&mut self, octets: &mut [u8]) -> Result<(), AttachmentError> {
        let total = self.octets.saturating_add(octets.len() as u64);
        if total > self.algorithm.most_octets() {
            return Err(AttachmentError::TooLarge);
        }
        self.octets = total;
        self.aead.encrypt(octets);
        self.hash.update(&*octets);
        Ok(())
    }

    /// The last octets to upload, and what to send, but for its `url`, which only the upload tells, and what the sender wants
    /// to say about it.
    #[must_use]
    pub fn finish(mut self) -> ([u8; TAG_OCTETS], ExternalPart) {
        let tag = self.aead.tag();
        self.hash.update(tag);
        let part = ExternalPart {
            size: self.octets.saturating_add(TAG_OCTETS as u64),
            encryption_algorithm: self.algorithm.number(),
            key: self.key,
            nonce: self.nonce.to_vec(),
            hash_algorithm: SHA_256,
            content_hash: self.hash.finalize().to_vec(),
            ..ExternalPart::default()
        };
        (tag, part)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            algorithm,
            key: _,
            nonce: _,
            aead: _,
            hash: _,
            octets,
        } = self;
        write!(f, "Sealer({algorithm:?}, {octets} octets)")
    }
}

/// Verifies what was fetched for a part, piece by piece. Releases nothing.
pub struct Verifier {
    part: ExternalPart,
    aead: Option<Aead>,
    hash: Option<Sha256>,
    policy: u64,
    limit: u64,
    octets: u64,
    /// The last octets, which may be the tag.
    tail: [u8; TAG_OCTETS],
    held: usize,
}

impl Verifier {
    /// Begins to verify. `policy` is the most octets that are taken for any part.
    ///
    /// # Errors
    /// As [`check_lengths`].
    pub fn new(part: &ExternalPart, policy: u64) -> Result<Self, AttachmentError> {
        check_lengths(part)?;
        let hash = (part.hash_algorithm == SHA_256).then(Sha256::new);
        Ok(Self {
            aead: aead(part)?,
            hash,
            policy,
            limit: fetch_limit(part, policy),
            part: part.clone(),
            octets: 0,
            tail: [0; TAG_OCTETS],
            held: 0,
        })
    }

    /// Takes in the next octets.
    ///
    /// # Errors
    /// When there are more than the sender stated, or than the policy allows. Fetch no further.
    pub fn update(&mut self, fetched: &[u8]) -> Result<(), AttachmentError> {
        self.octets = self.octets.saturating_add(fetched.len() as u64);
        if self.octets > self.limit {
            return Err(if self.octets > self.policy {
                AttachmentError::OverLimit
            } else {
                AttachmentError::SizeMismatch
            });
        }
        if let Some(hash) = &mut self.hash {
            hash.update(fetched);
        }
        if let Some(aead) = &mut self.aead {
            let mut joined = [0; 2 * TAG_OCTETS];
            let free = fetched.len().saturating_sub(TAG_OCTETS);
            let (body, last) = fetched.split_at(free);
            // Whatever was held back and what comes last: of these, all but a tag's worth is text.
            let known = self.tail.iter().take(self.held);
            if body.is_empty() {
                let all = self.held + last.len();
                joined
                    .iter_mut()
                    .zip(known.chain(last))
                    .for_each(|(to, from)| *to = *from);
                let text = all.saturating_sub(TAG_OCTETS);
                aead.authenticate(joined.get(..text).unwrap_or_default());
                let kept = joined.get(text..all).unwrap_or_default();
                self.tail.iter_mut().zip(kept).for_each(|(to, from)| *to = *from);
                self.held = all - text;
            } else {
                aead.authenticate(self.tail.get(..self.held).unwrap_or_default());
                aead.authenticate(body);
                self.tail.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
                self.held = last.len();
            }
        }
        Ok(())
    }

    /// Says whether it is what the sender meant: its size, then its hash, then its authentication tag.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn finish(self) -> Result<Verified, AttachmentError> {
        check_size(&self.part, self.octets)?;
        let hash_checked = self.hash.is_some();
        if let Some(hash) = self.hash
            && !bool::from(hash.finalize().as_slice().ct_eq(&self.part.content_hash))
        {
            return Err(AttachmentError::HashMismatch);
        }
        let mut tag = None;
        if let Some(aead) = self.aead {
            if self.held < TAG_OCTETS || !bool::from(aead.tag().ct_eq(&self.tail)) {
                return Err(AttachmentError::TagMismatch);
            }
            tag = Some(self.tail);
        }
        Ok(Verified {
            part: self.part,
            tag,
            octets: self.octets,
            hash_checked,
        })
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            part,
            aead: _,
            hash: _,
            policy: _,
            limit: _,
            octets,
            tail: _,
            held: _,
        } = self;
        write!(f, "Verifier({part:?}, {octets} octets)")
    }
}

/// The knowledge that what was fetched is what the sender meant. Read it again through an [`Opener`].
#[derive(Debug)]
pub struct Verified {
    part: ExternalPart,
    tag: Option<[u8; TAG_OCTETS]>,
    octets: u64,
    hash_checked: bool,
}

impl Verified {
    /// Whether a hash that we know was there and right. If not, only the encryption vouches for the content, or where there is
    /// none either, nothing.
    #[must_use]
    pub const fn hash_checked(&self) -> bool {
        self.hash_checked
    }

    /// Octets of the content.
    #[must_use]
    pub const fn plaintext_octets(&self) -> u64 {
        match self.tag {
            Some(_) => self.octets.saturating_sub(TAG_OCTETS as u64),
            None => self.octets,
        }
    }

    /// Begins to decrypt: hand it the same octets again.
    #[must_use]
    pub fn opener(self) -> Opener {
        // The lengths were checked before, so there is a cipher wherever there is a tag.
        let aead = aead(&self.part).ok().flatten();
        let hash = (aead.is_none() && self.hash_checked).then(Sha256::new);
        Opener {
            left: self.plaintext_octets(),
            surplus: [0; TAG_OCTETS],
            held: 0,
            too_many: false,
            aead,
            hash,
            tag: self.tag,
            part: self.part,
        }
    }
}

/// Decrypts what has been verified, piece by piece.
pub struct Opener {
    part: ExternalPart,
    aead: Option<Aead>,
    /// Where nothing is encrypted, the hash is taken again.
    hash: Option<Sha256>,
    tag: Option<[u8; TAG_OCTETS]>,
    left: u64,
    /// What came behind the text: the tag.
    surplus: [u8; TAG_OCTETS],
    held: usize,
    too_many: bool,
}

impl Opener {
    /// Decrypts the next octets in place and says how many of them are content; behind those stands the tag, if anything.
    ///
    /// Nobody may see the content before [`finish`](Self::finish) has said that all is well: write it where it can be undone.
    pub fn update(&mut self, octets: &mut [u8]) -> usize {
        let plain = usize::try_from(self.left).unwrap_or(usize::MAX).min(octets.len());
        self.left -= plain as u64;
        let (text, behind) = octets.split_at_mut(plain);
        if let Some(hash) = &mut self.hash {
            hash.update(&*text);
        }
        if let Some(aead) = &mut self.aead {
            aead.decrypt(text);
        }
        let free = self.surplus.iter_mut().skip(self.held);
        free.zip(behind.iter()).for_each(|(to, from)| *to = *from);
        let held = self.held.saturating_add(behind.len());
        let expected = if self.tag.is_some() { TAG_OCTETS } else { 0 };
        self.too_many |= held > expected;
        self.held = held.min(expected);
        plain
    }

    /// Says whether these were the octets that were verified.
    ///
    /// # Errors
    /// [`AttachmentError::Changed`] when they were not: throw away what was written.
    pub fn finish(self) -> Result<(), AttachmentError> {
        let mut same = self.left == 0 && !self.too_many;
        if let (Some(aead), Some(tag)) = (self.aead, self.tag) {
            let again = bool::from(aead.tag().ct_eq(&tag)) && bool::from(self.surplus.ct_eq(&tag));
            same &= again && self.held == TAG_OCTETS;
        }
        if let Some(hash) = self.hash {
            same &= bool::from(hash.finalize().as_slice().ct_eq(&self.part.content_hash));
        }
        if same {
            Ok(())
        } else {
            Err(AttachmentError::Changed)
        }
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            part,
            aead: _,
            hash: _,
            tag: _,
            left,
            surplus: _,
            held: _,
            too_many: _,
        } = self;
        write!(f, "Opener({part:?}, {left} octets left)")
    }
}

fn aead(part: &ExternalPart) -> Result<Option<Aead>, AttachmentError> {
    let Some(algorithm) = algorithm_of(part)? else {
        return Ok(None);
    };
    let nonce = part
        .nonce
        .as_slice()
        .try_into()
        .map_err(|_| AttachmentError::NonceLength)?;
    Aead::new(algorithm, part.key.octets(), nonce, &part.aad)
        .map(Some)
        .ok_or(AttachmentError::KeyLength)
}

/// Octets that are read, worked on and written at a time.
const PIECE: usize = 64 << 10;

/// Seals all that `source` gives, into `sink`.
///
/// # Errors
/// When reading or writing fails, or there is too much: throw away what was written.
pub fn seal_to(
    mut sealer: Sealer,
    mut source: impl Read,
    mut sink: impl Write,
) -> Result<ExternalPart, StreamError> {
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    loop {
        let read = read_some(&mut source, &mut piece)?;
        let Some(octets) = piece.get_mut(..read).filter(|octets| !octets.is_empty()) else {
            break;
        };
        sealer.update(octets)?;
        sink.write_all(octets)?;
    }
    let (tag, part) = sealer.finish();
    sink.write_all(&tag)?;
    sink.flush()?;
    Ok(part)
}

/// Opens what was fetched for `part`, from its beginning. `sink` is asked for only once everything has been verified, so that
/// nothing is there for somebody to find before.
///
/// # Errors
/// When a check, reading or writing fails. If `sink` was asked for, what was written to it must be thrown away.
pub fn open_to<W: Write>(
    part: &ExternalPart,
    policy: u64,
    mut fetched: impl Read + Seek,
    sink: impl FnOnce(&Verified) -> io::Result<W>,
) -> Result<W, StreamError> {
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    let begin = fetched.stream_position()?;
    let mut verifier = Verifier::new(part, policy)?;
    loop {
        let read = read_some(&mut fetched, &mut piece)?;
        if read == 0 {
            break;
        }
        verifier.update(piece.get(..read).unwrap_or_default())?;
    }
    let verified = verifier.finish()?;
    fetched.seek(SeekFrom::Start(begin))?;
    let mut sink = sink(&verified)?;
    let mut opener = verified.opener();
    loop {
        let read = read_some(&mut fetched, &mut piece)?;
        let Some(octets) = piece.get_mut(..read).filter(|octets| !octets.is_empty()) else {
            break;
        };
        let plain = opener.update(octets);
        sink.write_all(octets.get(..plain).unwrap_or_default())?;
    }
    opener.finish()?;
    sink.flush()?;
    Ok(sink)
}

fn read_some(source: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(piece) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Why a stream was not sealed or opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A check failed.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl StreamError {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Attachment(reason) => reason.code(),
            Self::Io(_) => "attachment_io",
        }
    }
}
