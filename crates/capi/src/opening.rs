//! How to open a client's file.

use std::ffi::c_char;

use comity::{Budget, Key32, Opening};
use zeroize::Zeroizing;

use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle};
use crate::input::invalid;
use crate::values::comity_status;

/// How to open a client's file. One thread at a time; free it with `comity_opening_free`.
pub struct comity_opening(pub(crate) Opening);

impl Handle for comity_opening {}

/// Opens as the main app, with the default budget.
///
/// `path`: the file; beside it stand its log and its locks. `key`: 32 uniformly random octets that the host keeps, for instance
/// in the device's keystore; not a password. The library keeps a copy until the opening and the client are freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opening_app(
    path: *const c_char,
    key: *const u8,
    key_len: usize,
    opening: *mut *mut comity_opening,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(opening)?;
        let key = read_key(call, key, key_len)?;
        out.give_handle(comity_opening(Opening::app(call.word(path)?, key)))
    })
}

/// Opens as a notification extension, with a small budget: it never advertises, never creates, and keeps no group in memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opening_extension(
    path: *const c_char,
    key: *const u8,
    key_len: usize,
    opening: *mut *mut comity_opening,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(opening)?;
        let key = read_key(call, key, key_len)?;
        out.give_handle(comity_opening(Opening::extension(call.word(path)?, key)))
    })
}

/// Says how much one `comity_client_receive` may take: so many frames, and so many octets of frames. At least one frame is taken,
/// whatever its size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opening_set_budget(
    opening: *mut comity_opening,
    frames: usize,
    octets: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.builder(opening)?.0.budget = Budget { frames, octets };
        Ok(())
    })
}

/// Frees an opening. NULL is allowed. Clients and readers that were opened with it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opening_free(opening: *mut comity_opening) {
    handle::free(opening);
}

pub(crate) fn read_key(call: &Call, key: *const u8, len: usize) -> Result<Key32, Fault> {
    let octets = call.octets(key, len)?;
    let key: Zeroizing<[u8; 32]> = octets
        .try_into()
        .map(Zeroizing::new)
        .map_err(|_| invalid("key_length"))?;
    Ok(Key32::new(*key))
}
