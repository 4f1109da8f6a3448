//! How the value of a row is sealed, so that it opens only in the place it was written for.
//!
//! **Owns** the format of a sealed value: algorithm octet ‖ random nonce ‖ ciphertext ‖ 16-octet tag. The
//! algorithms are 1 = XChaCha20-Poly1305 (24 octets of nonce) and 2 = AES-256-GCM (12). Either opens everywhere;
//! what is sealed with is whatever this machine is fast at. The associated data name the format, the table,
//! the row's key and its clear columns: a value moved to another row, or a clear column edited beside it, no
//! longer opens.
//! **Knows nothing of** SQL and of where keys come from (`ring.rs`).

use std::fmt;
use std::sync::OnceLock;

use aes_gcm::Aes256Gcm;
use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::{AeadInPlace, KeyInit, XChaCha20Poly1305};
use hmac::{Hmac, Mac as _};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::StorageError;

/// The 32 octets under which a client's file is sealed, from the platform's key store.
///
/// Losing them loses the file: nothing in it opens without them. They are wiped from memory when dropped
/// and never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key32([u8; 32]);

impl Key32 {
    /// A key the host brought. It must be 32 uniformly random octets, not a password.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Fresh octets from the operating system.
    pub(crate) fn random() -> Result<Self, StorageError> {
        let mut key = Self([0; 32]);
        getrandom::fill(&mut key.0)?;
        Ok(key)
    }

    pub(crate) fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Key32 {
    fn from(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl fmt::Debug for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("Key32(..)")
    }
}

/// What the seal has to know of a table: one constant in each row module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    tag: u8,
    keys: usize,
    padded: bool,
    due: bool,
    covered: Option<Covered>,
}

/// How the rows of a table that the head covers (see head.rs) are found: the key columns, then the clear columns, and last
/// the sealed value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Covered {
    /// Every row.
    pub(super) all: &'static str,
    /// The row of a key.
    pub(super) one: &'static str,
    /// Whether the rows come in the order of the key, because the table is a tree of keys.
    pub(super) ordered: bool,
    pub(super) indexes: &'static [Index],
}

/// An index of a covered table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Index {
    /// Every entry, in its order.
    pub(super) all: &'static str,
    /// Which columns of the rows those of the entries are. Rows whose first one is NULL have no entry.
    pub(super) columns: &'static [usize],
}

impl Table {
    /// A table whose primary key has `keys` columns. `tag` is its name inside seals and must never change
    /// or be reused.
    pub(crate) const fn new(tag: u8, keys: usize) -> Self {
        Self {
            tag,
            keys,
            padded: false,
            due: false,
            covered: None,
        }
    }

    /// As [`Table::new`], but values are padded to a multiple of [`PAD`] octets, so that their length does
    /// not name their kind. For the bodies of messages and of the outbox.
    pub(crate) const fn padded(tag: u8, keys: usize) -> Self {
        Self {
            tag,
            keys,
            padded: true,
            due: false,
            covered: None,
        }
    }

    /// As this one, with a column that says when something is due (see due.rs).
    pub(crate) const fn with_due(self) -> Self {
        Self { due: true, ..self }
    }

    /// As this one, with rows that the head covers.
    pub(super) const fn covered(self, all: &'static str, one: &'static str) -> Self {
        Self {
            covered: Some(Covered {
                all,
                one,
                ordered: false,
                indexes: &[],
            }),
            ..self
        }
    }

    /// As this one, which is covered, and is a tree of keys (`WITHOUT ROWID`).
    pub(super) const fn ordered(self) -> Self {
        match self.covered {
            Some(covered) => Self {
                covered: Some(Covered {
                    ordered: true,
                    ..covered
                }),
                ..self
            },
            None => self,
        }
    }

    /// As this one, which is covered, with its indexes.
    pub(super) const fn indexed(self, indexes: &'static [Index]) -> Self {
        match self.covered {
            Some(covered) => Self {
                covered: Some(Covered { indexes, ..covered }),
                ..self
            },
            None => self,
        }
    }

    pub(super) const fn coverage(&self) -> Option<Covered> {
        self.covered
    }

    pub(super) const fn has_due(self) -> bool {
        self.due
    }

    pub(super) const fn tag(&self) -> u8 {
        self.tag
    }

    pub(super) const fn keys(&self) -> usize {
        self.keys
    }
}

/// The grain of padded values, in octets.
pub(crate) const PAD: usize = 256;

/// The value of one clear column.
/// In the order in which SQLite puts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Col<'a> {
    Null,
    Int(i64),
    Octets(&'a [u8]),
}

impl From<i64> for Col<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Col<'_> {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl<'a> From<&'a [u8]> for Col<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Octets(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Col<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Octets(value)
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Col<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> TryFrom<ValueRef<'a>> for Col<'a> {
    type Error = StorageError;

    /// Our clear columns are integers and blobs; anything else was put there by somebody else.
    fn try_from(value: ValueRef<'a>) -> Result<Self, StorageError> {
        match value {
            ValueRef::Null => Ok(Self::Null),
            ValueRef::Integer(value) => Ok(Self::Int(value)),
            ValueRef::Blob(value) => Ok(Self::Octets(value)),
            ValueRef::Real(_) | ValueRef::Text(_) => Err(StorageError::Corrupt),
        }
    }
}

impl ToSql for Col<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Octets(value) => ValueRef::Blob(value),
        }))
    }
}

/// The place a sealed value belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowAt<'a> {
    pub(crate) table: Table,
    /// The columns of the primary key, in the order of the schema.
    pub(crate) key: &'a [Col<'a>],
    /// Every other column that is not sealed, in the order of the schema.
    pub(crate) clear: &'a [Col<'a>],
}

/// The associated data of a row: format ‖ table ‖ key columns ‖ clear columns.
pub(super) struct Place(Vec<u8>);

const PLAIN_FORMAT: u8 = 1;
const PADDED_FORMAT: u8 = 2;

impl Place {
    /// # Errors
    /// [`StorageError::Bug`] if the row names another number of key columns than its table has.
    pub(super) fn of(at: &RowAt<'_>) -> Result<Self, StorageError> {
        if at.key.len() != at.table.keys {
            return Err(StorageError::Bug(
                "a row is keyed by other columns than its table",
            ));
        }
        let mut place = Self::in_table(at.table);
        for column in at.key.iter().chain(at.clear) {
            place.push(column);
        }
        Ok(place)
    }

    pub(super) fn in_table(table: Table) -> Self {
        let mut octets = Vec::with_capacity(128);
        octets.push(if table.padded { PADDED_FORMAT } else { PLAIN_FORMAT });
        octets.push(table.tag);
        Self(octets)
    }

    /// Adds the next column, so that no two different rows have the same associated data: every column says
    /// its type, octets say their length, and the table fixes how many columns are the key.
    pub(super) fn push(&mut self, column: &Col<'_>) {
        match column {
            Col::Null => self.0.push(0),
            Col::Int(value) => {
                self.0.push(1);
                self.0.extend_from_slice(&value.to_be_bytes());
            }
            Col::Octets(octets) => {
                self.0.push(2);
                self.0.extend_from_slice(&(octets.len() as u64).to_be_bytes());
                self.0.extend_from_slice(octets);
            }
        }
    }
}

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
                    .encrypt_in_place_detached(GenericArray::from_slice(nonce), &place.0, body)
            }
            Algorithm::Aes256Gcm => {
                self.aes
                    .encrypt_in_place_detached(GenericArray::from_slice(nonce), &place.0, body)
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
                &place.0,
                &mut plain,
                tag,
            ),
            Algorithm::Aes256Gcm => {
                self.aes
                    .decrypt_in_place_detached(GenericArray::from_slice(nonce), &place.0, &mut plain, tag)
            }
        }
        .map_err(|_| StorageError::Corrupt)?;
        if place.is_padded() {
            unpad(&mut plain)?;
        }
        Ok(plain)
    }
}

impl Place {
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }

    fn is_padded(&self) -> bool {
        self.0.first() == Some(&PADDED_FORMAT)
    }
}

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

    #[test]
    fn a_row_keyed_by_too_few_columns_is_refused() {
        let at = RowAt {
            table: PLAIN,
            key: &[],
            clear: &[],
        };
        assert!(matches!(Place::of(&at), Err(StorageError::Bug(_))));
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", Key32::new([0x2a; 32])), "Key32(..)");
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
