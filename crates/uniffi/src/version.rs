//! Which library this is.

/// The version of the library, such as `0.1.0`.
#[uniffi::export]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
