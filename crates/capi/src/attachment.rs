//! Attachments: sealed here, uploaded and fetched by the host; in memory, or piece by piece.

use comity::attachment::{
    self, Algorithm, Opened, Opener, Sealer, Verified, Verifier, fetch_limit, is_available,
};
use comity::code::Boundary;
use comity::content::attachment::Sealed;
use comity::content::{Body, ExternalPart, Part, PartIndex};

use crate::content::{comity_part, kept_part};
use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle};
use crate::input::{invalid, time};
use crate::output::{self, Keep, Shown};
use crate::part;
use crate::values::{comity_bytes, comity_status};

/// How content is encrypted, by its number in IANA's registry of AEAD algorithms.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum comity_algorithm {
    /// What every MIMI client has.
    Aes128Gcm = 1,
    /// Where everybody who is to read it has it.
    Aes256Gcm = 2,
    /// The same; fast without AES instructions.
    Chacha20Poly1305 = 29,
}

/// Octets of the tag behind a sealed attachment.
pub const COMITY_TAG_OCTETS: usize = 16;

/// Content ready to be uploaded. Free it with `comity_sealed_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_sealed {
    /// What to upload.
    pub ciphertext: comity_bytes,
    /// What to send, once `comity_part_attachment` has completed it. It carries the key.
    pub part: *const comity_part,
}

impl Shown for comity_sealed {}

/// Encrypts an attachment in memory under a fresh key and nonce (AES-128-GCM), for one part of one message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_seal(
    plaintext: *const u8,
    plaintext_len: usize,
    sealed: *mut *mut comity_sealed,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(sealed)?;
        let Sealed { ciphertext, part } = attachment::seal(call.octets(plaintext, plaintext_len)?)?;
        let mut keep = Keep::new();
        let shown = comity_sealed {
            ciphertext: keep.moved_bytes(ciphertext.into_octets()),
            part: kept_part(&external(part), PartIndex::ROOT, &mut keep),
        };
        out.give(shown, keep)
    })
}

/// Frees sealed content. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_sealed_free(sealed: *mut comity_sealed) {
    output::free(sealed);
}

/// What an attachment holds. Free it with `comity_opened_free`, which overwrites it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_opened {
    /// The content.
    pub plaintext: comity_bytes,
    /// Whether a hash that we know was there and right. If not, only the encryption vouches for the content.
    pub hash_checked: bool,
}

impl Shown for comity_opened {}

/// Verifies and decrypts what was fetched for a part. Nothing is released unless all of it is what the sender meant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_open(
    part: *const comity_part,
    fetched: *const u8,
    fetched_len: usize,
    opened: *mut *mut comity_opened,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(opened)?;
        let part = call.external_part(part)?;
        let Opened {
            plaintext,
            hash_checked,
        } = attachment::open(&part, call.octets(fetched, fetched_len)?)?;
        let mut keep = Keep::new();
        let shown = comity_opened {
            plaintext: keep.secret(&plaintext),
            hash_checked,
        };
        out.give(shown, keep)
    })
}

/// Frees and overwrites opened content. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opened_free(opened: *mut comity_opened) {
    output::free(opened);
}

/// How many octets to fetch for a part at most, where the local policy allows `policy`; one more means that it is not what the
/// sender stated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_fetch_limit(
    part: *const comity_part,
    policy: u64,
    limit: *mut u64,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(limit, 0)?;
        call.put(limit, fetch_limit(&call.external_part(part)?, policy))
    })
}

/// Whether an external part is still there, as the sender states it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_is_available(
    part: *const comity_part,
    now: u64,
    available: *mut bool,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(available, false)?;
        call.put(available, is_available(&call.external_part(part)?, time(now)))
    })
}

/// Encrypts an attachment piece by piece. One thread at a time; free it with `comity_sealer_free`.
pub struct comity_sealer(Option<Sealer>);

impl Handle for comity_sealer {}

/// Begins to encrypt under a fresh key and nonce. `algorithm`: a comity_algorithm; every MIMI client has
/// COMITY_ALGORITHM_AES128_GCM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_sealer_new(
    algorithm: u32,
    sealer: *mut *mut comity_sealer,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(sealer)?;
        let algorithm = match algorithm {
            1 => Algorithm::Aes128Gcm,
            2 => Algorithm::Aes256Gcm,
            29 => Algorithm::ChaCha20Poly1305,
            _ => return Err(invalid("unknown_algorithm")),
        };
        out.give_handle(comity_sealer(Some(attachment::sealer(algorithm)?)))
    })
}

/// Encrypts the next octets in place: upload them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_sealer_update(
    sealer: *mut comity_sealer,
    octets: *mut u8,
    octets_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let octets = call.octets_to_change(octets, octets_len)?;
        Ok(running(call.builder(sealer)?.0.as_mut())?.update(octets)?)
    })
}

/// Ends encrypting: writes COMITY_TAG_OCTETS octets, which are uploaded last, and gives the part to send, which
/// `comity_part_attachment` completes. The sealer is spent; free it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_sealer_finish(
    sealer: *mut comity_sealer,
    tag: *mut u8,
    tag_len: usize,
    part: *mut *mut comity_part,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(part)?;
        let tag = call.octets_to_change(tag, tag_len)?;
        let Ok(tag) = <&mut [u8; COMITY_TAG_OCTETS]>::try_from(tag) else {
            return Err(invalid("tag_length"));
        };
        let sealer = running(call.builder(sealer)?.0.take())?;
        let (octets, part) = sealer.finish();
        *tag = octets;
        part::give(out, &external(part))
    })
}

/// Frees a sealer. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_sealer_free(sealer: *mut comity_sealer) {
    handle::free(sealer);
}

/// Verifies what was fetched, piece by piece. Releases nothing. One thread at a time; free it with `comity_verifier_free`.
pub struct comity_verifier(Option<Verifier>);

impl Handle for comity_verifier {}

/// Begins to verify. `policy`: the most octets that the host wants to fetch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_verifier_new(
    part: *const comity_part,
    policy: u64,
    verifier: *mut *mut comity_verifier,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(verifier)?;
        let verifier = Verifier::new(&call.external_part(part)?, policy)?;
        out.give_handle(comity_verifier(Some(verifier)))
    })
}

/// Takes the next octets that were fetched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_verifier_update(
    verifier: *mut comity_verifier,
    fetched: *const u8,
    fetched_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let fetched = call.octets(fetched, fetched_len)?;
        Ok(running(call.builder(verifier)?.0.as_mut())?.update(fetched)?)
    })
}

/// Ends verifying. After a success everything is what the sender meant, and the opener decrypts the same octets, from their
/// beginning. `hash_checked` and `plaintext_octets` may be NULL. The verifier is spent; free it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_verifier_finish(
    verifier: *mut comity_verifier,
    opener: *mut *mut comity_opener,
    hash_checked: *mut bool,
    plaintext_octets: *mut u64,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(opener)?;
        call.put_if_wanted(hash_checked, false)?;
        call.put_if_wanted(plaintext_octets, 0)?;
        let verified: Verified = running(call.builder(verifier)?.0.take())?.finish()?;
        call.put_if_wanted(hash_checked, verified.hash_checked())?;
        call.put_if_wanted(plaintext_octets, verified.plaintext_octets())?;
        out.give_handle(comity_opener(Some(verified.opener())))
    })
}

/// Frees a verifier. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_verifier_free(verifier: *mut comity_verifier) {
    handle::free(verifier);
}

/// Decrypts what has been verified, piece by piece. One thread at a time; free it with `comity_opener_free`.
pub struct comity_opener(Option<Opener>);

impl Handle for comity_opener {}

/// Decrypts the next octets in place, and says how many of them are content; behind those stands the tag, if anything.
///
/// Nobody may see the content before `comity_opener_finish` has said that all is well: write it where it can be undone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opener_update(
    opener: *mut comity_opener,
    octets: *mut u8,
    octets_len: usize,
    plain_len: *mut usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(plain_len, 0)?;
        let octets = call.octets_to_change(octets, octets_len)?;
        let plain = running(call.builder(opener)?.0.as_mut())?.update(octets);
        call.put(plain_len, plain)
    })
}

/// Says whether these were the octets that were verified. After COMITY_CODE_ATTACHMENT_CHANGED throw away what was written. The
/// opener is spent; free it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opener_finish(
    opener: *mut comity_opener,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        Ok(running(call.builder(opener)?.0.take())?.finish()?)
    })
}

/// Frees an opener. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opener_free(opener: *mut comity_opener) {
    handle::free(opener);
}

/// A stream that has not been finished.
fn running<T>(stream: Option<T>) -> Result<T, Fault> {
    stream.ok_or(Fault::Boundary(Boundary::InvalidArgument("stream_is_finished")))
}

fn external(part: ExternalPart) -> Part {
    Part::external(comity::content::Disposition::ATTACHMENT, part)
}

impl Call {
    fn external_part(&self, at: *const comity_part) -> Result<ExternalPart, Fault> {
        match self.part(at)?.body {
            Body::External(part) => Ok(*part),
            _ => Err(invalid("not_an_external_part")),
        }
    }
}
