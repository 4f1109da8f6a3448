//! Counts what decoding allocates: see `content.rs` in the library of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    comity_bench::allocations(|work| allocation_counter::measure(work).count_total)
}
