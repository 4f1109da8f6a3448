//! What went wrong, as C is told: a number, a code, an advice, a sentence.

use std::ffi::c_char;
use std::ptr;

use comity::code::{Boundary, attachment_number};
use comity::content::attachment::AttachmentError;
use comity::{Advice, Blocked, Error, Misuse};

use crate::codes::comity_advice;
use crate::output::{self, Keep, Shown};
use crate::values::comity_status;

/// Why a call did nothing. Free it with `comity_error_free`. It tells nothing about what people say, so it may be logged; `users`
/// and `rooms` are for the person.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_error {
    /// One of `comity_code`: what the function returned.
    pub code: comity_status,
    /// What helps.
    pub advice: comity_advice,
    /// The code in words, the same in every language, such as "not_allowed". Where it names one of many rules, `code` is the number
    /// of them all.
    pub name: *const c_char,
    /// A code that says more, such as the rule that does not allow it. Null if there is none.
    pub detail: *const c_char,
    /// A sentence in English, for logs.
    pub message: *const c_char,
    /// For COMITY_CODE_CANNOT_READ and COMITY_CODE_TRUST_BROKEN: the URIs of the users concerned.
    pub users: *const *const c_char,
    /// How many.
    pub users_len: usize,
    /// For COMITY_CODE_ROOMS_REQUIRE: the URIs of the rooms concerned.
    pub rooms: *const *const c_char,
    /// How many.
    pub rooms_len: usize,
}

impl Shown for comity_error {}

/// Frees an error. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_error_free(error: *mut comity_error) {
    output::free(error);
}

/// Why a call did nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    Engine(Error),
    Boundary(Boundary),
    Attachment(AttachmentError),
}

impl Fault {
    pub(crate) fn number(&self) -> comity_status {
        match self {
            Self::Engine(error) => error.number(),
            Self::Boundary(error) => error.number(),
            Self::Attachment(error) => attachment_number(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::Boundary(error) => error.code(),
            Self::Attachment(error) => error.code(),
        }
    }

    fn detail(&self) -> Option<&'static str> {
        match self {
            Self::Engine(Error::Blocked(Blocked::NotAllowed(rule))) => Some(rule),
            Self::Boundary(Boundary::InvalidArgument(code)) => Some(code),
            _ => None,
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Engine(error) => error.advice(),
            Self::Boundary(_) => Advice::FixProgram,
            Self::Attachment(_) => Advice::None,
        }
    }
}

/// A fault as C reads it.
pub(crate) fn error_of(fault: &Fault) -> (comity_error, Keep) {
    let mut keep = Keep::new();
    let message = match fault {
        Fault::Engine(error) => error.to_string(),
        Fault::Boundary(error) => error.to_string(),
        Fault::Attachment(error) => error.to_string(),
    };
    let (users, users_len) = match fault {
        Fault::Engine(Error::Blocked(Blocked::CannotRead(users) | Blocked::TrustBroken(users))) => {
            keep.words(users)
        }
        _ => (ptr::null(), 0),
    };
    let (rooms, rooms_len) = match fault {
        Fault::Engine(Error::Blocked(Blocked::RoomsRequire(rooms))) => keep.words(rooms),
        _ => (ptr::null(), 0),
    };
    let error = comity_error {
        code: fault.number(),
        advice: fault.advice().into(),
        name: keep.word(fault.code()),
        detail: keep.optional_word(fault.detail()),
        message: keep.word(&message),
        users,
        users_len,
        rooms,
        rooms_len,
    };
    (error, keep)
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Misuse> for Fault {
    fn from(misuse: Misuse) -> Self {
        Self::Engine(misuse.into())
    }
}

impl From<Boundary> for Fault {
    fn from(error: Boundary) -> Self {
        Self::Boundary(error)
    }
}

impl From<AttachmentError> for Fault {
    fn from(error: AttachmentError) -> Self {
        Self::Attachment(error)
    }
}
