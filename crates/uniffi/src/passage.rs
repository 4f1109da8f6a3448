//! uniffi's own buffers, for a language that pays for each structure that it passes.
//!
//! Kotlin calls through JNA, which takes microseconds to hand over a structure and next to nothing for a pointer. So it calls uniffi's
//! functions by their second form (the feature `scaffolding-ffi-buffer-fns`): a pointer to the arguments, and one to where the
//! result and its status go, all in elements of eight octets. uniffi writes that form for every function of ours and for none of
//! its own; the two that Kotlin needs of these are here. See `docs/adr/0032-kotlin-passes-pointers.md`.

use uniffi::{FfiBufferElement, FfiSerialize, RustBuffer, RustCallStatus, ffi_buffer_size};

use crate::{ffi_comity_uniffi_rustbuffer_alloc as alloc, ffi_comity_uniffi_rustbuffer_free as free};

/// What `alloc` is given.
type Size = [FfiBufferElement; ffi_buffer_size!(u64)];
/// What `free` is given.
type Buffer = [FfiBufferElement; ffi_buffer_size!(RustBuffer)];
/// Where the result of `alloc` goes.
type Allocated = [FfiBufferElement; ffi_buffer_size!(RustBuffer, RustCallStatus)];
/// Where the result of `free` goes.
type Freed = [FfiBufferElement; ffi_buffer_size!(RustCallStatus)];

/// Makes a buffer of so many octets, all zero. `arguments`: its size; `result`: the buffer, and the status of the call. Without both
/// nothing is done.
///
/// # Safety
/// Each pointer is NULL, or points to elements of that number that nobody else uses meanwhile.
#[doc(hidden)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uniffi_ffibuffer_comity_uniffi_rustbuffer_alloc(
    arguments: *const FfiBufferElement,
    result: *mut FfiBufferElement,
) {
    // SAFETY: NULL, or so many elements: the caller promises it.
    let arguments = unsafe { arguments.cast::<Size>().as_ref() };
    // SAFETY: as before, and nobody else uses them.
    let result = unsafe { result.cast::<Allocated>().as_mut() };
    let (Some(arguments), Some(result)) = (arguments, result) else {
        return;
    };
    let mut status = RustCallStatus::default();
    let buffer = alloc(<u64 as FfiSerialize>::get(arguments), &mut status);
    let mut result = result.as_mut_slice();
    <RustBuffer as FfiSerialize>::write(&mut result, buffer);
    <RustCallStatus as FfiSerialize>::write(&mut result, status);
}

/// Frees a buffer that came from here. `arguments`: the buffer; `result`: the status of the call. Without both nothing is done.
///
/// # Safety
/// Each pointer is NULL, or points to elements of that number that nobody else uses meanwhile. The buffer is one that a call gave,
/// and that nobody uses from now on.
#[doc(hidden)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uniffi_ffibuffer_comity_uniffi_rustbuffer_free(
    arguments: *const FfiBufferElement,
    result: *mut FfiBufferElement,
) {
    // SAFETY: NULL, or so many elements: the caller promises it.
    let arguments = unsafe { arguments.cast::<Buffer>().as_ref() };
    // SAFETY: as before, and nobody else uses them.
    let result = unsafe { result.cast::<Freed>().as_mut() };
    let (Some(arguments), Some(result)) = (arguments, result) else {
        return;
    };
    let mut status = RustCallStatus::default();
    let buffer = <RustBuffer as FfiSerialize>::get(arguments);
    // SAFETY: a buffer that a call gave: the caller promises it.
    unsafe { free(buffer, &mut status) };
    <RustCallStatus as FfiSerialize>::put(result, status);
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use uniffi::{Lift, RustCallStatusCode};

    use super::*;

    fn elements<const N: usize>() -> [FfiBufferElement; N] {
        [FfiBufferElement::default(); N]
    }

    fn allocated(size: u64) -> (RustBuffer, RustCallStatus) {
        let mut arguments: Size = elements();
        <u64 as FfiSerialize>::put(&mut arguments, size);
        let mut result: Allocated = elements();
        // SAFETY: both are of the size that is asked for.
        unsafe { uniffi_ffibuffer_comity_uniffi_rustbuffer_alloc(arguments.as_ptr(), result.as_mut_ptr()) };
        let mut result = result.as_slice();
        (
            <RustBuffer as FfiSerialize>::read(&mut result),
            <RustCallStatus as FfiSerialize>::read(&mut result),
        )
    }

    fn freed(buffer: RustBuffer) -> RustCallStatus {
        let mut arguments: Buffer = elements();
        <RustBuffer as FfiSerialize>::put(&mut arguments, buffer);
        let mut result: Freed = elements();
        // SAFETY: both are of the size that is asked for, and the buffer is one of ours.
        unsafe { uniffi_ffibuffer_comity_uniffi_rustbuffer_free(arguments.as_ptr(), result.as_mut_ptr()) };
        <RustCallStatus as FfiSerialize>::get(&result)
    }

    #[test]
    fn a_buffer_is_made_as_large_as_asked_empty_and_goes() {
        for size in [0, 1, 70_000] {
            let (buffer, status) = allocated(size);
            assert_eq!(status.code, RustCallStatusCode::Success);
            assert_eq!(buffer.len() as u64, size);
            assert_eq!(freed(buffer).code, RustCallStatusCode::Success);
        }
    }

    #[test]
    fn a_size_that_nobody_has_is_a_status_and_not_a_panic() {
        let (_, status) = allocated(u64::MAX);
        assert_eq!(status.code, RustCallStatusCode::UnexpectedError);
        let told = std::mem::ManuallyDrop::into_inner(status.error_buf);
        assert!(<String as Lift<crate::UniFfiTag>>::try_lift(told).is_ok_and(|told| !told.is_empty()));
    }

    #[test]
    fn without_a_place_nothing_is_done() {
        let arguments: Size = elements();
        let mut result: Allocated = elements();
        // SAFETY: NULL, or of the size that is asked for.
        unsafe { uniffi_ffibuffer_comity_uniffi_rustbuffer_alloc(ptr::null(), result.as_mut_ptr()) };
        // SAFETY: as before.
        unsafe { uniffi_ffibuffer_comity_uniffi_rustbuffer_alloc(arguments.as_ptr(), ptr::null_mut()) };
        // SAFETY: as before.
        unsafe { uniffi_ffibuffer_comity_uniffi_rustbuffer_free(ptr::null(), result.as_mut_ptr()) };
        // SAFETY: as before.
        unsafe { uniffi_ffibuffer_comity_uniffi_rustbuffer_free(ptr::null(), ptr::null_mut()) };
        let mut result = result.as_slice();
        assert!(
            <RustBuffer as FfiSerialize>::read(&mut result)
                .data_pointer()
                .is_null()
        );
    }
}
