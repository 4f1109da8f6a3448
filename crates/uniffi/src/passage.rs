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
