//! How much is allocated: Rust's part counted here, SQLite's as SQLite counts it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// By how many octets Rust's part may have grown between step 1,000 and the last, both times just after the clients were paused and
/// resumed, so that no group is in memory. It is not zero, because lists keep the capacity that they once needed. A leak of one octet a step
/// would be more.
pub(crate) const GROWTH: usize = 8 << 10;

/// How many octets more than that Rust's part may be while groups are in memory. Each client keeps the keys of up to 64 messages of
/// each sender in the present epoch and in each of five past ones: 2 × 2 × 6 × 64 keys of some 100 octets; and the group itself.
pub(crate) const GROUPS: usize = 256 << 10;

/// How many octets SQLite may hold: five connections (two clients, two readers, the relay), each with its page cache of 2 MB,
/// full after some thousand steps, and some 100 KB of statements and schema.
pub(crate) const SQLITE: usize = 5 * (2_048_000 + (256 << 10));

/// What is allocated at one time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocated {
    pub(crate) rust: usize,
    pub(crate) sqlite: usize,
}

pub(crate) fn allocated() -> Allocated {
    // SAFETY: SQLite's function takes nothing, and may be called at any time from any thread.
    let sqlite = unsafe { sqlite3_memory_used() };
    Allocated {
        rust: LIVE.load(Ordering::Relaxed),
        sqlite: usize::try_from(sqlite).unwrap_or(usize::MAX),
    }
}

unsafe extern "C" {
    fn sqlite3_memory_used() -> i64;
}

/// The system's allocator, which AddressSanitizer replaces, with a count of what is live.
pub(crate) struct Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by the system's allocator, under the same promises.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: what the caller promised is what the system asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}
