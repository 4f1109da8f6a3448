//! What stands around every call: a panic ends here.
//!
//! A function that says that it cannot fail has no way to tell of a panic, and in Swift the program ends. So only those say so that put
//! values together and do nothing else: `tests/face/panics.rs` lists them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use comity::code::Boundary;

use crate::fault::ComityError;

/// Does the work of a call. A panic comes to an error, like all else; what it leaves behind half done is behind a lock that it
/// poisons.
pub(crate) fn contained<R>(work: impl FnOnce() -> Result<R, ComityError>) -> Result<R, ComityError> {
    let work = || {
        #[cfg(feature = "testing")]
        crate::testing::goes_off();
        work()
    };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(payload) => {
            // Whatever a panic carries may panic when it is dropped.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(std::mem::ManuallyDrop::new);
            Err(Boundary::Panicked.into())
        }
    }
}

/// Lets go of something whose end may be work, such as closing a file: languages drop objects where nobody can be told of a panic.
pub(crate) fn released<T>(value: T) {
    // What went wrong is told by the file, when it is opened again.
    let _: Result<(), ComityError> = contained(|| {
        drop(value);
        Ok(())
    });
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

    #[test]
    fn what_panics_when_it_ends_is_let_go_of_all_the_same() {
        released(Bomb);
        released([Bomb]);
    }
}
