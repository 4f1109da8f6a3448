//! What went wrong, as other languages are told: by who must act, with a number, a code, an advice and a sentence.

use comity::code::{Boundary, attachment_number};
use comity::content::attachment::AttachmentError;
use comity::{Blocked, Error, Misuse, RoomUri, UserUri};

use crate::code::{Advice, Code};

/// Why a call did nothing. The cases say who must act.
#[derive(Clone, Debug, PartialEq, uniffi::Error)]
pub enum ComityError {
    /// The program is wrong.
    Misuse {
        /// What is wrong.
        fault: Fault,
    },
    /// A person decides.
    Blocked {
        /// What is in the way.
        fault: Fault,
    },
    /// Another process is writing and did not let us have our turn in time. An extension leaves the work to the app; an app tries
    /// again soon.
    Busy {
        /// What is in the way.
        fault: Fault,
    },
    /// The client is paused; resume it first.
    Paused {
        /// What is in the way.
        fault: Fault,
    },
    /// The database.
    Storage {
        /// What is wrong with it.
        fault: Fault,
    },
    /// An attachment cannot be had, or cannot be sent.
    Attachment {
        /// Why.
        fault: Fault,
    },
    /// Ours. Please report it.
    Bug {
        /// What is wrong.
        fault: Fault,
    },
}

/// What went wrong. It tells nothing about what people say, so it may be logged; `users` and `rooms` are for the person, and are not
/// printed.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Fault {
    /// Which fault.
    pub code: Code,
    /// The code in words, the same in every language, such as `not_allowed`. Where it names one of many rules, `code` is that of
    /// them all.
    pub name: String,
    /// A code that says more, such as the rule that does not allow it.
    pub detail: Option<String>,
    /// What helps.
    pub advice: Advice,
    /// A sentence in English, for logs.
    pub message: String,
    /// For `CannotRead` and `TrustBroken`: the users concerned.
    pub users: Vec<UserUri>,
    /// For `RoomsRequire`: the rooms concerned.
    pub rooms: Vec<RoomUri>,
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            name,
            detail,
            advice: _,
            message,
            users: _,
            rooms: _,
        } = self;
        write!(f, "{message} ({} {name}", code.number())?;
        if let Some(detail) = detail {
            write!(f, ", {detail}")?;
        }
        f.write_str(")")
    }
}

impl ComityError {
    /// What went wrong.
    #[must_use]
    pub const fn fault(&self) -> &Fault {
        match self {
            Self::Misuse { fault }
            | Self::Blocked { fault }
            | Self::Busy { fault }
            | Self::Paused { fault }
            | Self::Storage { fault }
            | Self::Attachment { fault }
            | Self::Bug { fault } => fault,
        }
    }
}

impl std::fmt::Display for ComityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.fault())
    }
}

impl std::error::Error for ComityError {}

/// An argument without meaning, with the code that says why.
pub(crate) fn invalid(code: &'static str) -> ComityError {
    Boundary::InvalidArgument(code).into()
}

impl From<Error> for ComityError {
    fn from(error: Error) -> Self {
        let fault = Fault {
            code: Code::of(error.number()),
            name: error.code().to_owned(),
            detail: None,
            advice: error.advice().into(),
            message: error.to_string(),
            users: Vec::new(),
            rooms: Vec::new(),
        };
        match error {
            Error::Misuse(_) => Self::Misuse { fault },
            Error::Blocked(blocked) => Self::Blocked {
                fault: with_names(fault, blocked),
            },
            Error::Busy => Self::Busy { fault },
            Error::Paused => Self::Paused { fault },
            Error::Storage(_) => Self::Storage { fault },
            // A later engine may have more; what we do not know is ours.
            _ => Self::Bug { fault },
        }
    }
}

/// What a person decides, with the names of whom and what it is about.
fn with_names(fault: Fault, blocked: Blocked) -> Fault {
    match blocked {
        Blocked::CannotRead(users) | Blocked::TrustBroken(users) => Fault { users, ..fault },
        Blocked::RoomsRequire(rooms) => Fault { rooms, ..fault },
        Blocked::NotAllowed(rule) => Fault {
            detail: Some(rule.to_owned()),
            ..fault
        },
        _ => fault,
    }
}

impl From<Misuse> for ComityError {
    fn from(misuse: Misuse) -> Self {
        Error::from(misuse).into()
    }
}

impl From<Boundary> for ComityError {
    fn from(error: Boundary) -> Self {
        let fault = Fault {
            code: Code::of(error.number()),
            name: error.code().to_owned(),
            detail: match error {
                Boundary::InvalidArgument(code) => Some(code.to_owned()),
                _ => None,
            },
            advice: Advice::FixProgram,
            message: error.to_string(),
            users: Vec::new(),
            rooms: Vec::new(),
        };
        match error {
            Boundary::Panicked => Self::Bug { fault },
            Boundary::NullArgument
            | Boundary::InvalidUtf8
            | Boundary::InvalidArgument(_)
            | Boundary::ConcurrentUse => Self::Misuse { fault },
        }
    }
}

impl From<AttachmentError> for ComityError {
    fn from(error: AttachmentError) -> Self {
        let fault = Fault {
            code: Code::of(attachment_number(&error)),
            name: error.code().to_owned(),
            detail: None,
            advice: Advice::None,
            message: error.to_string(),
            users: Vec::new(),
            rooms: Vec::new(),
        };
        Self::Attachment { fault }
    }
}
