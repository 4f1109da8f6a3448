//! Which library this is.

use std::ffi::c_char;

/// The version of the interface that this header describes. It changes when a program that was compiled with an older header would
/// no longer work; functions, numbers and fields at the end of structs are added without a change. The shared library goes by it:
/// libcomity.so.1.
pub const COMITY_ABI_VERSION: u32 = 1;

/// The version of the interface that the library has. A program that links the shared library checks that it is
/// COMITY_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn comity_abi_version() -> u32 {
    COMITY_ABI_VERSION
}

/// The version of the library, such as "0.1.0". It need not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn comity_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
