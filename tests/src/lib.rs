//! Whole-product tests across crates: see `tests/tests`.
