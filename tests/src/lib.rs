//! Whole-product tests across crates: see `tests/tests`.

/// What the first page of the repository shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct FirstPage;
