//! Results: structs that C reads, with everything they point to, in one piece that is freed at once.
//!
//! A result is a public struct of plain values and pointers, followed by what it points to. C sees the struct; `free` takes the
//! whole. Nothing of ours reads through these pointers again.

use std::ffi::{c_char, c_void};
use std::mem::ManuallyDrop;
use std::ptr;

use comity::code::Boundary;
use zeroize::Zeroize as _;

use crate::fault::{Fault, comity_error, error_of};
use crate::guard::{Call, quietly};
use crate::handle::{self, Handle};
use crate::values::{comity_bytes, comity_text};

/// A public struct that stands at the beginning of a result.
pub(crate) trait Shown: Sized {}

/// What C holds by a pointer to its first field.
#[repr(C)]
struct Result_<T> {
    shown: T,
    keep: Keep,
}

/// What a result points to. Freed in one go.
#[derive(Default)]
pub(crate) struct Keep(Vec<Kept>);

/// The parts of a vector, whose type `free` knows.
struct Kept {
    at: *mut c_void,
    len: usize,
    capacity: usize,
    free: fn(&Self),
}

impl Keep {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Keeps a list. An empty one is at null.
    pub(crate) fn list<T: Copy>(&mut self, items: Vec<T>) -> *const T {
        self.keep(items, free_vector::<T>)
    }

    /// Keeps structs and a list of where they are, which stays as it is when a later version's structs are longer.
    pub(crate) fn pointers<T: Copy>(&mut self, items: Vec<T>) -> *const *const T {
        let len = items.len();
        let first = self.list(items);
        self.list((0..len).map(|at| first.wrapping_add(at)).collect())
    }

    /// Keeps one struct.
    pub(crate) fn one<T: Copy>(&mut self, item: T) -> *const T {
        self.list(vec![item])
    }

    /// Keeps octets, behind which a null stands.
    pub(crate) fn bytes(&mut self, mut octets: Vec<u8>) -> comity_bytes {
        let len = octets.len();
        octets.push(0);
        let data = self.list(octets);
        comity_bytes { data, len }
    }

    /// Keeps octets as they are: nothing is copied.
    pub(crate) fn moved_bytes(&mut self, octets: Vec<u8>) -> comity_bytes {
        let len = octets.len();
        comity_bytes {
            data: self.list(octets),
            len,
        }
    }

    /// Keeps octets that are overwritten when they are freed.
    pub(crate) fn secret(&mut self, octets: &[u8]) -> comity_bytes {
        let len = octets.len();
        comity_bytes {
            data: self.keep(octets.to_vec(), free_secret),
            len,
        }
    }

    /// Keeps a text with its length; behind it stands a null.
    pub(crate) fn text(&mut self, text: &str) -> comity_text {
        let comity_bytes { data, len } = self.bytes(text.as_bytes().to_vec());
        comity_text {
            data: data.cast(),
            len,
        }
    }

    /// Keeps a text without a null in it, to be read as C reads texts.
    pub(crate) fn word(&mut self, text: &str) -> *const c_char {
        self.text(text).data
    }

    /// Keeps a text, or null.
    pub(crate) fn optional_word(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(ptr::null(), |text| self.word(text))
    }

    /// Keeps texts and a list of where they are.
    pub(crate) fn words<S: AsRef<str>>(
        &mut self,
        texts: impl IntoIterator<Item = S>,
    ) -> (*const *const c_char, usize) {
        let at: Vec<*const c_char> = texts.into_iter().map(|text| self.word(text.as_ref())).collect();
        let len = at.len();
        (self.list(at), len)
    }

    fn keep<T>(&mut self, items: Vec<T>, free: fn(&Kept)) -> *const T {
        if items.is_empty() {
            return ptr::null();
        }
        let mut items = ManuallyDrop::new(items);
        let at = items.as_mut_ptr();
        self.0.push(Kept {
            at: at.cast(),
            len: items.len(),
            capacity: items.capacity(),
            free,
        });
        at
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.0.iter().for_each(|kept| (kept.free)(kept));
    }
}

fn free_vector<T>(kept: &Kept) {
    // SAFETY: these are the parts of a vector of this type that `keep` took apart, put together once, when the keep is dropped.
    drop(unsafe { Vec::from_raw_parts(kept.at.cast::<T>(), kept.len, kept.capacity) });
}

fn free_secret(kept: &Kept) {
    // SAFETY: as in `free_vector`; `secret` keeps octets.
    let mut octets = unsafe { Vec::from_raw_parts(kept.at.cast::<u8>(), kept.len, kept.capacity) };
    octets.zeroize();
}

/// A result, moved to where C can hold it.
fn lend<T: Shown>(shown: T, keep: Keep) -> *mut T {
    Box::into_raw(Box::new(Result_ { shown, keep })).cast()
}

/// Frees a result with all that it points to. Null is nothing to free.
pub(crate) fn free<T: Shown>(at: *mut T) {
    if at.is_null() {
        return;
    }
    // SAFETY: a result of this type is made by `lend` alone, and the caller promised that it gives it back once.
    let whole = unsafe { Box::from_raw(at.cast::<Result_<T>>()) };
    quietly(|_| drop(whole));
}

/// Where a result goes. It holds null until there is one, so that whoever overlooks an error finds no garbage.
pub(crate) struct Out<T>(*mut *mut T);

impl Call {
    /// The place for a result. Claim it before any work is done: without a place nothing must happen.
    pub(crate) fn out<T>(&self, at: *mut *mut T) -> Result<Out<T>, Fault> {
        write(at, ptr::null_mut())?;
        Ok(Out(at))
    }

    /// Writes a plain value to where the caller wants it.
    pub(crate) fn put<T: Copy>(&self, at: *mut T, value: T) -> Result<(), Fault> {
        write(at, value)
    }

    /// The same, where the caller may have no use for it.
    pub(crate) fn put_if_wanted<T: Copy>(&self, at: *mut T, value: T) -> Result<(), Fault> {
        if at.is_null() { Ok(()) } else { write(at, value) }
    }
}

impl<T: Shown> Out<T> {
    pub(crate) fn give(self, shown: T, keep: Keep) -> Result<(), Fault> {
        write(self.0, lend(shown, keep))
    }
}

impl<T: Handle> Out<T> {
    pub(crate) fn give_handle(self, object: T) -> Result<(), Fault> {
        write(self.0, handle::lend(object))
    }
}

fn write<T>(at: *mut T, value: T) -> Result<(), Fault> {
    if at.is_null() {
        return Err(Boundary::NullArgument.into());
    }
    // SAFETY: not null, and the caller of the exported function promised room for this type there. What stands there may never
    // have been written, so it is neither read nor dropped.
    unsafe { at.write(value) };
    Ok(())
}

/// Writes an error, or null, if the caller has room for one.
pub(crate) fn tell(at: *mut *mut comity_error, fault: Option<&Fault>) {
    if at.is_null() {
        return;
    }
    let error = fault.map_or(ptr::null_mut(), |fault| {
        let (shown, keep) = error_of(fault);
        lend(shown, keep)
    });
    let _ = write(at, error);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_at_null_and_an_empty_text_is_not() {
        let mut keep = Keep::new();
        assert!(keep.list(Vec::<u32>::new()).is_null());
        assert!(keep.pointers(Vec::<u32>::new()).is_null());
        assert!(!keep.word("").is_null());
    }

    #[test]
    fn what_is_kept_can_be_read_until_it_is_freed() {
        let mut keep = Keep::new();
        let text = keep.text("a\0b");
        let numbers = keep.pointers(vec![1_u32, 2, 3]);
        let secret = keep.secret(b"key");
        assert_eq!((text.len, secret.len), (3, 3));
        for at in 0..3 {
            // SAFETY: the list has three pointers to live numbers.
            let number = unsafe { numbers.wrapping_add(at).read() };
            // SAFETY: see above.
            assert_eq!(unsafe { number.read() }, u32::try_from(at).unwrap() + 1);
        }
        drop(keep);
    }
}
