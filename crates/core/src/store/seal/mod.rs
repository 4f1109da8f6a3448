//! How the value of a row is sealed, so that it opens only in the place it was written for.
//!
//! **Owns** the format of a sealed value: algorithm octet ‖ random nonce ‖ ciphertext ‖ 16-octet tag. The
//! algorithms are 1 = XChaCha20-Poly1305 (24 octets of nonce) and 2 = AES-256-GCM (12). Either opens everywhere;
//! what is sealed with is whatever this machine is fast at. The associated data (`place.rs`) name the format, the
//! table, the row's key and its clear columns: a value moved to another row, or a clear column edited beside it, no
//! longer opens.
//! **Knows nothing of** SQL and of where keys come from (`ring.rs`).

mod key;
mod place;
mod table;

use std::sync::OnceLock;

use aes_gcm::Aes256Gcm;
use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::{AeadInPlace, KeyInit, XChaCha20Poly1305};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use key::Key32;

pub(super) use place::Place;
pub(crate) use place::{Col, RowAt};
pub(crate) use table::Table;
pub(super) use table::{Covered, Index};

use super::StorageError;

/// With what a value is sealed. The numbers are part of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    XChaCha20Poly1305 = 1,
    /// Its nonces are random: one key may seal 2^32 values, which at a hundred a second takes more than a year of
    /// ceaseless work.
    Aes256Gcm = 2,
}

impl Algorithm {
    fn of(octet: u8) -> Option<Self> {
        [Self::XChaCha20Poly1305, Self::Aes256Gcm]
            .into_iter()
            .find(|algorithm| *algorithm as u8 == octet)
    }

    /// What this machine is fast at. Without instructions for it AES is ten times slower than ChaCha20.
    fn here() -> Self {
        static HERE: OnceLock<Algorithm> = OnceLock::new();
        *HERE.get_or_init(|| {
            if aes_is_fast() {
                Self::Aes256Gcm
            } else {
                Self::XChaCha20Poly1305
            }
        })
    }

    const fn nonce(self) -> usize {
        match self {
            Self::XChaCha20Poly1305 => 24,
            Self::Aes256Gcm => 12,
        }
    }

    /// The length of what stands before the ciphertext.
    const fn head(self) -> usize {
        1 + self.nonce()
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn aes_is_fast() -> bool {
    std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
}

/// RustCrypto uses these instructions only if it was built to.
#[cfg(all(target_arch = "aarch64", aes_armv8, polyval_armv8))]
fn aes_is_fast() -> bool {
    std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull")
}

#[cfg(not(any(
    target_arch = "x86",
    target_arch = "x86_64",
    all(target_arch = "aarch64", aes_armv8, polyval_armv8)
)))]
fn aes_is_fast() -> bool {
    false
}

const TAG: usize = 16;
/// The first octets of a sealed value, which no two values share: the algorithm and 96 random bits.
pub(super) const STAMP: usize = 13;
/// As much as most values need, so that their buffer never moves.
const USUAL: usize = 4096;

/// How a sealed value begins: the algorithm and the nonce. Drawn before the value is sealed where the head (see head.rs) must
/// know of it earlier.
#[derive(Clone, Copy)]
pub(super) struct Start {
    algorithm: Algorithm,
    octets: [u8; 25],
}

impl Start {
    /// One that no other value has.
    pub(super) fn draw() -> Result<Self, StorageError> {
        Self::with(Algorithm::here())
    }

    fn with(algorithm: Algorithm) -> Result<Self, StorageError> {
        let mut octets = [algorithm as u8; 25];
        getrandom::fill(octets.get_mut(1..algorithm.head()).unwrap_or_default())?;
        Ok(Self { algorithm, octets })
    }

    /// The first octets of the sealed value.
    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..self.algorithm.head()).unwrap_or_default()
    }
}

/// The initialised ciphers of one key. Wipes it when dropped.
#[derive(Clone)]
pub(super) struct Sealer {
    chacha: XChaCha20Poly1305,
    /// Under a key of its own, derived from the one given: no two algorithms share a key.
    aes: Box<Aes256Gcm>,
    algorithm: Algorithm,
}

const AES_LABEL: &[u8] = b"comity AES-256-GCM";

impl Sealer {
    pub(super) fn new(key: &Key32) -> Result<Self, StorageError> {
        Self::with(key, Algorithm::here())
    }

    fn with(key: &Key32, algorithm: Algorithm) -> Result<Self, StorageError> {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.octets())
            .map_err(|_| StorageError::Bug("HMAC takes keys of any length"))?;
        mac.update(AES_LABEL);
        let derived = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        Ok(Self {
            chacha: XChaCha20Poly1305::new(GenericArray::from_slice(key.octets())),
            aes: Box::new(Aes256Gcm::new(GenericArray::from_slice(derived.as_slice()))),
            algorithm,
        })
    }

    /// Seals what `write` appends to the buffer it is given, in that buffer.
    pub(super) fn seal_with(
        &self,
        place: &Place,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), StorageError>,
    ) -> Result<Vec<u8>, StorageError> {
        self.seal_from(&Start::with(self.algorithm)?, place, write)
    }

    /// The same, with a start that was drawn for this value and seals no other.
    pub(super) fn seal_from(
        &self,
        start: &Start,
        place: &Place,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), StorageError>,
    ) -> Result<Vec<u8>, StorageError> {
        let algorithm = start.algorithm;
        let head = algorithm.head();
        let mut sealed = Zeroizing::new(Vec::with_capacity(USUAL));
        sealed.extend_from_slice(start.octets());
        write(&mut sealed)?;
        if place.is_padded() {
            pad(&mut sealed, head);
        }
        let (nonce, body) = sealed
            .split_at_mut_checked(head)
            .ok_or(StorageError::Bug("a writer shortened its buffer"))?;
        let nonce = nonce.get(1..).unwrap_or_default();
        let tag = match algorithm {
            Algorithm::XChaCha20Poly1305 => {
                self.chacha
                    .encrypt_in_place_detached(GenericArray::from_slice(nonce), place.octets(), body)
            }
            Algorithm::Aes256Gcm => {
                self.aes
                    .encrypt_in_place_detached(GenericArray::from_slice(nonce), place.octets(), body)
            }
        };
        let tag = tag.map_err(|_| StorageError::Bug("a value is too large to seal"))?;
        sealed.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *sealed))
    }

    /// The plaintext of a sealed value.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if the value was not sealed with this key at this place.
    pub(super) fn open(&self, place: &Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StorageError> {
        let (octet, rest) = sealed.split_first().ok_or(StorageError::Corrupt)?;
        let algorithm = Algorithm::of(*octet).ok_or(StorageError::Corrupt)?;
        let (nonce, rest) = rest
            .split_at_checked(algorithm.nonce())
            .ok_or(StorageError::Corrupt)?;
        let split = rest.len().checked_sub(TAG).ok_or(StorageError::Corrupt)?;
        let (body, tag) = rest.split_at(split);
        let tag = GenericArray::from_slice(tag);
        let mut plain = Zeroizing::new(body.to_vec());
        match algorithm {
            Algorithm::XChaCha20Poly1305 => self.chacha.decrypt_in_place_detached(
                GenericArray::from_slice(nonce),
                place.octets(),
                &mut plain,
                tag,
            ),
            Algorithm::Aes256Gcm => self.aes.decrypt_in_place_detached(
                GenericArray::from_slice(nonce),
                place.octets(),
                &mut plain,
                tag,
            ),
        }
        .map_err(|_| StorageError::Corrupt)?;
        if place.is_padded() {
            unpad(&mut plain)?;
        }
        Ok(plain)
    }
}

/// The grain of padded values, in octets.
const PAD: usize = 256;

/// ISO/IEC 7816-4: one octet 0x80, then zeros, until the plaintext behind the head fills whole grains.
fn pad(sealed: &mut Vec<u8>, head: usize) {
    sealed.push(0x80);
    let plain = sealed.len().saturating_sub(head);
    sealed.resize(head.saturating_add(plain.next_multiple_of(PAD)), 0);
}

fn unpad(plain: &mut Vec<u8>) -> Result<(), StorageError> {
    let mark = plain
        .iter()
        .rposition(|octet| *octet != 0)
        .ok_or(StorageError::Corrupt)?;
    if plain.get(mark) != Some(&0x80) {
        return Err(StorageError::Corrupt);
    }
    plain.truncate(mark);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: Table = Table::new(200, 1);
    const PADDED: Table = Table::padded(200, 1);

    const BOTH: [Algorithm; 2] = [Algorithm::XChaCha20Poly1305, Algorithm::Aes256Gcm];

    fn sealer(octet: u8) -> Sealer {
        Sealer::new(&Key32::new([octet; 32])).unwrap()
    }

    fn place(table: Table, key: i64, clear: &[Col<'_>]) -> Place {
        Place::of(&RowAt {
            table,
            key: &[Col::Int(key)],
            clear,
        })
        .unwrap()
    }

    fn seal(place: &Place, plain: &[u8]) -> Vec<u8> {
        seal_by(Algorithm::here(), place, plain)
    }

    fn seal_by(algorithm: Algorithm, place: &Place, plain: &[u8]) -> Vec<u8> {
        let sealer = Sealer::with(&Key32::new([1; 32]), algorithm).unwrap();
        sealer
            .seal_with(place, |octets| {
                octets.extend_from_slice(plain);
                Ok(())
            })
            .unwrap()
    }

    #[test]
    fn what_one_machine_seals_every_other_opens() {
        let here = place(PADDED, 1, &[]);
        for (algorithm, octet) in BOTH.into_iter().zip([1, 2]) {
            let sealed = seal_by(algorithm, &here, b"secret");
            assert_eq!(sealed.first(), Some(&octet));
            for opener in BOTH {
                let opener = Sealer::with(&Key32::new([1; 32]), opener).unwrap();
                assert_eq!(opener.open(&here, &sealed).unwrap().as_slice(), b"secret");
            }
        }
    }

    #[test]
    fn a_sealed_value_opens_where_it_was_written_and_nowhere_else() {
        let here = place(PLAIN, 1, &[Col::Int(5), Col::Null]);
        let sealed = seal(&here, b"secret");
        assert_eq!(sealer(1).open(&here, &sealed).unwrap().as_slice(), b"secret");

        for elsewhere in [
            place(PLAIN, 2, &[Col::Int(5), Col::Null]),
            place(PLAIN, 1, &[Col::Int(6), Col::Null]),
            place(PLAIN, 1, &[Col::Null, Col::Int(5)]),
            place(PLAIN, 1, &[Col::Int(5)]),
            place(PADDED, 1, &[Col::Int(5), Col::Null]),
            place(Table::new(201, 1), 1, &[Col::Int(5), Col::Null]),
        ] {
            assert_eq!(sealer(1).open(&elsewhere, &sealed), Err(StorageError::Corrupt));
        }
        assert_eq!(sealer(2).open(&here, &sealed), Err(StorageError::Corrupt));
    }

    #[test]
    fn octets_cannot_move_from_one_column_into_the_next() {
        // Without lengths both would read: octets, a, octets, b, octets, c.
        let apart = place(PLAIN, 1, &[Col::Octets(b"a\x02b"), Col::Octets(b"c")]);
        let sealed = seal(&apart, b"secret");
        let shifted = place(PLAIN, 1, &[Col::Octets(b"a"), Col::Octets(b"b\x02c")]);
        assert_eq!(sealer(1).open(&shifted, &sealed), Err(StorageError::Corrupt));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_of_a_sealed_value_is_noticed() {
        let here = place(PADDED, 1, &[]);
        for algorithm in BOTH {
            let sealed = seal_by(algorithm, &here, b"secret");
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                *flipped.get_mut(bit / 8).unwrap() ^= 1 << (bit % 8);
                assert_eq!(
                    sealer(1).open(&here, &flipped),
                    Err(StorageError::Corrupt),
                    "bit {bit}"
                );
            }
            for cut in 0..sealed.len() {
                assert_eq!(
                    sealer(1).open(&here, sealed.get(..cut).unwrap()),
                    Err(StorageError::Corrupt)
                );
            }
        }
    }

    #[test]
    fn sealing_the_same_value_twice_gives_different_octets() {
        let here = place(PLAIN, 1, &[]);
        assert_ne!(seal(&here, b"secret"), seal(&here, b"secret"));
    }

    #[test]
    fn padded_values_show_only_whole_grains() {
        let here = place(PADDED, 1, &[]);
        let length = |plain: usize| seal(&here, &vec![0; plain]).len() - Algorithm::here().head() - TAG;
        assert_eq!([length(0), length(1), length(PAD - 1)], [PAD; 3]);
        assert_eq!([length(PAD), length(2 * PAD - 1)], [2 * PAD; 2]);
    }

    proptest! {
        #[test]
        fn padding_loses_nothing(plain in proptest::collection::vec(any::<u8>(), 0..1024)) {
            let here = place(PADDED, 1, &[]);
            let opened = sealer(1).open(&here, &seal(&here, &plain)).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }
    }
}
