//! Arguments: from pointers and lengths to references, each checked as far as it can be.
//!
//! What cannot be checked is promised by the caller, in the header: a pointer that is not null points to what the function says,
//! for as long as the call lasts, and nobody writes there meanwhile.
//!
//! Every reference made here lives no longer than the [`Call`], so that none outlasts the exported function.

use std::collections::BTreeSet;
use std::ffi::c_char;
use std::slice;

use comity::code::Boundary;
use comity::content::MessageId;
use comity::room::MediaType;
use comity::{ClientUri, Misuse, ProviderUri, RoomUri, Timestamp, UserUri};

use crate::fault::Fault;
use crate::guard::Call;
use crate::values::comity_message_id;

/// The most octets of one argument: enough for every body that a hub takes and for an attachment of a film in memory.
const MOST_OCTETS: usize = 1 << 30;
/// The most octets of a text that ends with a null: a path is the longest.
const MOST_TEXT: usize = 16 << 10;
/// The most texts of one argument: more than a room has users.
const MOST_TEXTS: usize = 1 << 20;

impl Call {
    /// What a pointer points to.
    pub(crate) fn object<T>(&self, at: *const T) -> Result<&T, Fault> {
        // SAFETY: null is checked by `as_ref`; else the caller of the exported function promised a live, shared object of this
        // type, and the reference ends with the call.
        unsafe { at.as_ref() }.ok_or_else(null)
    }

    /// What a pointer points to, if it is not null.
    pub(crate) fn optional<T>(&self, at: *const T) -> Option<&T> {
        // SAFETY: as in `object`.
        unsafe { at.as_ref() }
    }

    /// What a pointer points to, to be changed: builders and streams, which the header keeps to one thread at a time.
    #[expect(
        clippy::mut_from_ref,
        reason = "the reference stands for the caller's object, not for the call"
    )]
    pub(crate) fn builder<T>(&self, at: *mut T) -> Result<&mut T, Fault> {
        // SAFETY: null is checked by `as_mut`; else the caller promised a live object of this type that no other thread uses
        // meanwhile. No exported function takes two of the same type to be changed.
        unsafe { at.as_mut() }.ok_or_else(null)
    }

    /// Octets that may be none; then the pointer may be anything.
    pub(crate) fn octets(&self, at: *const u8, len: usize) -> Result<&[u8], Fault> {
        if len == 0 {
            return Ok(&[]);
        }
        if at.is_null() {
            return Err(null());
        }
        if len > MOST_OCTETS {
            return Err(Misuse::TooLong.into());
        }
        // SAFETY: not null, not empty, and shorter than what an object may have; the caller promised so many octets there.
        Ok(unsafe { slice::from_raw_parts(at, len) })
    }

    /// Octets to be changed where they lie.
    #[expect(
        clippy::mut_from_ref,
        reason = "the reference stands for the caller's octets, not for the call"
    )]
    pub(crate) fn octets_to_change(&self, at: *mut u8, len: usize) -> Result<&mut [u8], Fault> {
        if len == 0 {
            return Ok(&mut []);
        }
        if at.is_null() {
            return Err(null());
        }
        if len > MOST_OCTETS {
            return Err(Misuse::TooLong.into());
        }
        // SAFETY: as in `octets`, and the caller promised that nobody else uses them meanwhile.
        Ok(unsafe { slice::from_raw_parts_mut(at, len) })
    }

    /// A text with its length.
    pub(crate) fn text(&self, at: *const c_char, len: usize) -> Result<&str, Fault> {
        std::str::from_utf8(self.octets(at.cast(), len)?).map_err(|_| Boundary::InvalidUtf8.into())
    }

    /// A text that ends with a null. It is read no further than its bound.
    pub(crate) fn word(&self, at: *const c_char) -> Result<&str, Fault> {
        if at.is_null() {
            return Err(null());
        }
        let mut len = 0;
        loop {
            if len == MOST_TEXT {
                return Err(Misuse::TooLong.into());
            }
            // SAFETY: the octets before this one are no null, so by the caller's promise this one belongs to the text.
            let octet = unsafe { at.cast::<u8>().wrapping_add(len).read() };
            if octet == 0 {
                return self.text(at, len);
            }
            len += 1;
        }
    }

    /// Texts that end with a null each, behind one another's pointers.
    pub(crate) fn words(&self, at: *const *const c_char, len: usize) -> Result<Vec<&str>, Fault> {
        if len == 0 {
            return Ok(Vec::new());
        }
        if at.is_null() {
            return Err(null());
        }
        if len > MOST_TEXTS {
            return Err(Misuse::TooLong.into());
        }
        // SAFETY: not null, not empty, and shorter than what an object may have; the caller promised so many pointers there.
        let pointers = unsafe { slice::from_raw_parts(at, len) };
        pointers.iter().map(|at| self.word(*at)).collect()
    }

    /// A text that ends with a null, or none.
    pub(crate) fn optional_word(&self, at: *const c_char) -> Result<Option<&str>, Fault> {
        if at.is_null() {
            Ok(None)
        } else {
            self.word(at).map(Some)
        }
    }
}

// What texts and numbers mean. Safe code from here on.
impl Call {
    pub(crate) fn room(&self, at: *const c_char) -> Result<RoomUri, Fault> {
        RoomUri::parse(self.word(at)?).map_err(|error| invalid(error.code()))
    }

    pub(crate) fn optional_room(&self, at: *const c_char) -> Result<Option<RoomUri>, Fault> {
        if at.is_null() {
            Ok(None)
        } else {
            self.room(at).map(Some)
        }
    }

    pub(crate) fn user(&self, at: *const c_char) -> Result<UserUri, Fault> {
        UserUri::parse(self.word(at)?).map_err(|error| invalid(error.code()))
    }

    pub(crate) fn users(&self, at: *const *const c_char, len: usize) -> Result<BTreeSet<UserUri>, Fault> {
        let texts = self.words(at, len)?;
        texts
            .into_iter()
            .map(|text| UserUri::parse(text).map_err(|error| invalid(error.code())))
            .collect()
    }

    pub(crate) fn client(&self, at: *const c_char) -> Result<ClientUri, Fault> {
        ClientUri::parse(self.word(at)?).map_err(|error| invalid(error.code()))
    }

    pub(crate) fn provider(&self, at: *const c_char) -> Result<ProviderUri, Fault> {
        ProviderUri::parse(self.word(at)?).map_err(|error| invalid(error.code()))
    }

    pub(crate) fn media_type(&self, at: *const c_char) -> Result<MediaType, Fault> {
        MediaType::parse(self.word(at)?).map_err(|error| invalid(error.code()))
    }

    pub(crate) fn message(&self, at: *const comity_message_id) -> Result<MessageId, Fault> {
        message_id(*self.object(at)?)
    }
}

pub(crate) fn message_id(id: comity_message_id) -> Result<MessageId, Fault> {
    MessageId::from_octets(id.octets).map_err(|error| invalid(error.code()))
}

pub(crate) const fn time(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// An argument without meaning, with the code that says why.
pub(crate) const fn invalid(code: &'static str) -> Fault {
    Fault::Boundary(Boundary::InvalidArgument(code))
}

const fn null() -> Fault {
    Fault::Boundary(Boundary::NullArgument)
}
