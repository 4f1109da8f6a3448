//! What stands around every call of a client and of a reader: a panic ends here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use comity::code::Boundary;

use crate::fault::ComityError;

/// Does the work of a call. A panic comes to an error, like all else; what it leaves behind half done is behind a lock that it
/// poisons.
pub(crate) fn contained<R>(work: impl FnOnce() -> Result<R, ComityError>) -> Result<R, ComityError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(payload) => {
            // Whatever a panic carries may panic when it is dropped.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(std::mem::ManuallyDrop::new);
            Err(Boundary::Panicked.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any("while dropping");
        }
    }

    #[test]
    fn a_panic_ends_at_the_border_whatever_it_carries() {
        let error = contained::<()>(|| std::panic::panic_any(Bomb)).unwrap_err();
        assert_eq!(error.fault().code, Code::Panicked);
    }
}
