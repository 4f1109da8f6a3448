//! Handles: objects of ours that C holds by a pointer and gives back once.

use crate::fault::Fault;
use crate::guard::{Call, quietly};

/// What C sees as an opaque struct. It may be used on another thread than the one that made it.
pub(crate) trait Handle: Send {}

/// What several threads may use at once.
pub(crate) trait Shared: Handle + Sync {}

/// A handle's object, moved to where C can hold it.
pub(crate) fn lend<T: Handle>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

impl Call {
    /// A handle's object that other threads may use meanwhile.
    pub(crate) fn shared<T: Shared>(&self, at: *const T) -> Result<&T, Fault> {
        self.object(at)
    }

    /// Takes a handle's object back, if there is one. The pointer is dangling from then on.
    pub(crate) fn take_back<T: Handle>(&self, at: *mut T) -> Option<Box<T>> {
        if at.is_null() {
            return None;
        }
        // SAFETY: a handle of this type is made by `lend` alone, and the caller promised that it gives it back once and uses it
        // no more.
        Some(unsafe { Box::from_raw(at) })
    }
}

/// Frees a handle. Null is nothing to free.
pub(crate) fn free<T: Handle>(at: *mut T) {
    quietly(|call| drop(call.take_back(at)));
}
