//! Octets and nested parts across the border: the only conversions that are written by hand.
//!
//! uniffi moves a `Vec<u8>` octet by octet, some three nanoseconds each: a body of 64 KiB would take longer than to encrypt it.
//! And it reads a list inside a list inside a list for as long as there is one, so that a program which nests parts without end
//! would exhaust the stack.

use std::cell::Cell;

use uniffi::deps::anyhow;
use uniffi::deps::bytes::{Buf as _, BufMut as _};
use uniffi::{FfiConverter, Lift, Lower, MetadataBuffer, TypeId, check_remaining};

use crate::fault::{ComityError, invalid};
use crate::part::Part;

/// Octets. The languages see their own type: `Data`, `ByteArray`, `bytes`.
#[derive(Clone, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl std::fmt::Debug for Octets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({} octets)", self.0.len())
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl From<Octets> for Vec<u8> {
    fn from(octets: Octets) -> Self {
        octets.0
    }
}

// SAFETY: what is written and read is what `Vec<u8>` writes and reads, in one piece: a length as an `i32`, then so many octets. The
// type says of itself that it is a `Vec<u8>`, for which the languages have that form. A test compares the two.
unsafe impl<UT> FfiConverter<UT> for Octets {
    uniffi::ffi_converter_rust_buffer_lift_and_lower!(UT);

    fn write(obj: Self, buf: &mut Vec<u8>) {
        // Nothing that is given here is longer: arguments are bounded, and results follow from arguments or from frames. Should it
        // be, the octets end where the form ends.
        let octets = obj.0.get(..MOST).unwrap_or(&obj.0);
        let len = i32::try_from(octets.len()).unwrap_or_default();
        buf.reserve(octets.len().saturating_add(4));
        buf.put_i32(len);
        buf.extend_from_slice(octets);
    }

    fn try_read(buf: &mut &[u8]) -> anyhow::Result<Self> {
        check_remaining(buf, 4)?;
        let len = usize::try_from(buf.get_i32())?;
        check_remaining(buf, len)?;
        let (octets, rest) = buf.split_at(len);
        *buf = rest;
        Ok(Self(octets.to_vec()))
    }

    const TYPE_ID_META: MetadataBuffer = <Vec<u8> as TypeId<UT>>::TYPE_ID_META;
}

uniffi::derive_ffi_traits!(blanket Octets);

/// The most octets that the form can say.
const MOST: usize = 0x7fff_ffff;

/// Parts inside a part: a list of them for the languages.
#[derive(Clone, Debug, PartialEq)]
pub struct Nested(pub Vec<Part>);

/// How deep parts are nested at most: as deep as in a message, and one level more, so that the engine has its say.
const LEVELS: u32 = 5;

thread_local! {
    /// How deep the part lies that is being read.
    static LEVEL: Cell<u32> = const { Cell::new(0) };
}

/// One level deeper, for as long as it lives.
struct Deeper;

impl Deeper {
    fn new() -> Result<Self, ComityError> {
        let level = LEVEL.get();
        if level >= LEVELS {
            return Err(invalid("part_too_deep"));
        }
        LEVEL.set(level + 1);
        Ok(Self)
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        LEVEL.set(LEVEL.get().saturating_sub(1));
    }
}

// SAFETY: writes and reads what `Vec<Part>` does, by its own implementation.
unsafe impl FfiConverter<crate::UniFfiTag> for Nested {
    uniffi::ffi_converter_rust_buffer_lift_and_lower!(crate::UniFfiTag);

    fn write(obj: Self, buf: &mut Vec<u8>) {
        <Vec<Part> as Lower<crate::UniFfiTag>>::write(obj.0, buf);
    }

    fn try_read(buf: &mut &[u8]) -> anyhow::Result<Self> {
        let _deeper = Deeper::new()?;
        Ok(Self(<Vec<Part> as Lift<crate::UniFfiTag>>::try_read(buf)?))
    }

    const TYPE_ID_META: MetadataBuffer = <Vec<Part> as TypeId<crate::UniFfiTag>>::TYPE_ID_META;
}

uniffi::derive_ffi_traits!(local Nested);
