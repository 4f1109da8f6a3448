//! Doors for tests in C: every error at will, and a panic. Only under the feature `testing`, which nothing that ships has.

use comity::Error;
use comity::code::Boundary;
use comity::content::attachment::AttachmentError;

use crate::client::comity_client;
use crate::fault::{Fault, comity_error};
use crate::guard::guard;
use crate::values::comity_status;

/// Something that a call can come to.
#[derive(Clone, Debug)]
pub enum Planted {
    /// What the engine says.
    Engine(Error),
    /// What is wrong between the engine and C.
    Boundary(Boundary),
    /// What is wrong with an attachment.
    Attachment(AttachmentError),
}

impl Planted {
    /// The number that C is told.
    pub fn number(&self) -> comity_status {
        Fault::from(self.clone()).number()
    }

    /// Comes to it, as an exported function would.
    pub fn happen(self, error: *mut *mut comity_error) -> comity_status {
        guard(error, |_| Err(self.into()))
    }
}

impl From<Planted> for Fault {
    fn from(planted: Planted) -> Self {
        match planted {
            Planted::Engine(error) => Self::Engine(error),
            Planted::Boundary(error) => Self::Boundary(error),
            Planted::Attachment(error) => Self::Attachment(error),
        }
    }
}

/// Panics in the middle of a call on a client.
#[expect(clippy::panic, reason = "this is what it is for")]
pub fn panic_within(client: *mut comity_client, error: *mut *mut comity_error) -> comity_status {
    guard(error, |call| {
        let _held = call.shared(client)?.lock()?;
        std::panic::panic_any("planted by a test")
    })
}
