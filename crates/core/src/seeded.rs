//! Chance from a seed, so that one story can be told in every language to the octet. Only under the feature `seeded`, which is in
//! nothing that ships.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

/// The variable that holds the seed. Where it is unset, chance is the operating system's.
const VARIABLE: &str = "COMITY_SEED";

/// How often octets were drawn in this process.
static DRAWN: AtomicU64 = AtomicU64::new(0);

/// Fills the octets from the seed, if there is one.
pub(crate) fn fill(octets: &mut [u8]) -> bool {
    let Some(seed) = std::env::var_os(VARIABLE) else {
        return false;
    };
    for piece in octets.chunks_mut(32) {
        let mut hash = Sha256::new();
        hash.update(seed.as_encoded_bytes());
        hash.update(DRAWN.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        piece
            .iter_mut()
            .zip(hash.finalize())
            .for_each(|(to, from)| *to = from);
    }
    true
}
