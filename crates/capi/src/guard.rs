//! The border: every exported function runs its work in here, and nothing but a status leaves.
//!
//! A panic ends at this border. What it leaves behind half done is behind a lock that is poisoned by it, so that the next call
//! on the handle is told so.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use comity::code::Boundary;

use crate::fault::{Fault, comity_error};
use crate::output;
use crate::values::comity_status;

/// The right to read arguments and to write results: whoever holds it is inside an exported function, whose caller has promised
/// what the header asks of callers. Nobody else can make one.
#[derive(Debug)]
pub(crate) struct Call(());

/// Runs the work of an exported function. The error, if there is room for one, is null after a success.
pub(crate) fn guard(
    error: *mut *mut comity_error,
    work: impl FnOnce(&Call) -> Result<(), Fault>,
) -> comity_status {
    let outcome = caught(|| work(&Call(()))).unwrap_or(Err(Fault::Boundary(Boundary::Panicked)));
    let (status, told) = match outcome {
        Ok(()) => (0, None),
        Err(fault) => (fault.number(), Some(fault)),
    };
    // To tell of a fault allocates and no more; should even that panic, the status has to do.
    let written = caught(|| output::tell(error, told.as_ref()));
    match written {
        Some(()) => status,
        None => Boundary::Panicked.number(),
    }
}

/// Runs work that has nothing to tell, such as freeing.
pub(crate) fn quietly(work: impl FnOnce(&Call)) {
    let _ = caught(|| work(&Call(())));
}

fn caught<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(payload) => {
            // Whatever a panic carries may panic when it is dropped; what that carries is left where it lies.
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            let _: Option<ManuallyDrop<Box<dyn Any + Send>>> = dropped.err().map(ManuallyDrop::new);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any("while dropping");
        }
    }

    #[test]
    fn a_panic_ends_at_the_border_whatever_it_carries() {
        let status = guard(ptr::null_mut(), |_| std::panic::panic_any(Bomb));
        assert_eq!(status, Boundary::Panicked.number());
        quietly(|_| std::panic::panic_any(Bomb));
    }

    #[test]
    fn what_went_well_is_zero() {
        assert_eq!(guard(ptr::null_mut(), |_| Ok(())), 0);
    }
}
