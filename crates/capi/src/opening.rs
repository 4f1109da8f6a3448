//! How to open a client's file.

use std::ffi::c_char;

use comity::{Budget, Key32, Opening, RequestId, Twin, Witnesses};
use zeroize::Zeroizing;

use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle};
use crate::input::invalid;
use crate::values::{comity_request_id, comity_status, comity_twin};

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

/// Says how much one `comity_client_receive` may take: so many frames, and so many octets of frames; at least one frame is taken,
/// whatever its size. `memory`: octets, about. In the main app what groups may take together between two steps; in an extension
/// what one frame may need while it is taken: frames that need more are held for the main app.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opening_set_budget(
    opening: *mut comity_opening,
    frames: usize,
    octets: usize,
    memory: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.builder(opening)?.0.budget = Budget {
            frames,
            octets,
            memory,
        };
        Ok(())
    })
}

/// Shows what the host keeps outside of the file, to notice that the file is an older copy. Without witnesses an older copy is not
/// noticed; keys are used twice then, and members of a room see different histories for ever.
///
/// `twin`: the latest `comity_client_twin`, from a place that stays on this device and is in no backup; NULL if nothing is there.
/// `last_request`: the last request of this client that its server took, as the server says; NULL if it does not.
///
/// A host that keeps witnesses calls this from `comity_client_create` on, with whatever it finds. In this order, at each opening:
/// read the twin; open; write `comity_client_twin` to where the twin is kept; only then post a request. If the file is a copy,
/// COMITY_EVENT_KIND_CLIENT_RESTORED stands in the log, and an extension is told COMITY_CODE_STORAGE_NEEDS_APP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_opening_set_witnesses(
    opening: *mut comity_opening,
    twin: *const comity_twin,
    last_request: *const comity_request_id,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let witnesses = Witnesses {
            twin: call.optional(twin).map(|twin| Twin::new(twin.octets)),
            last_request: call.optional(last_request).map(|id| RequestId(id.octets)),
        };
        call.builder(opening)?.0.witnesses = Some(witnesses);
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
