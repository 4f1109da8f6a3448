//! What tests in other languages need besides the library: providers with hubs, in one process, and every error at will. Never
//! shipped.
//!
//! The shared library has the whole C API as well; with the feature `seeded`, chance comes from the variable `COMITY_SEED`. So the same
//! story, told in any language, prints the same facts. [`story`] is the Rust version, which the others are compared with.
#![allow(
    clippy::expect_used,
    reason = "whatever goes wrong here fails a test, and a panic is how tests fail"
)]
#![allow(non_camel_case_types, reason = "the names are those of the header")]
#![allow(
    clippy::missing_safety_doc,
    reason = "comity_test.h says what callers promise"
)]
#![allow(
    clippy::result_large_err,
    reason = "an error crosses the border as octets; until then it is moved once"
)]

mod c;
mod errors;
pub mod faces;
mod samples;
pub mod story;

pub use c::*;
pub use comity_testkit::Network;
pub use errors::*;

/// The C API, so that it is linked and exported.
pub use comity_capi as capi;

/// What the other languages call, so that it is linked and exported.
pub use comity_uniffi as uniffi_face;

uniffi::setup_scaffolding!("comity_test");
