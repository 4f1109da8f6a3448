//! Authenticated encryption piece by piece: AES-GCM and ChaCha20-Poly1305 put together from their parts.
//!
//! **Owns** the composition, which the AEAD crates offer for octets in memory only: counter mode and GHASH (NIST SP 800-38D),
//! ChaCha20 and Poly1305 (RFC 8439). The parts are RustCrypto's, and the whole is held to `aes-gcm`, `chacha20poly1305` and
//! the Wycheproof vectors by the tests.
//! **Knows nothing of** when plaintext may be released.

use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipher, BlockEncrypt, BlockEncryptMut, BlockSizeUser, KeyInit, KeyIvInit, StreamCipher,
    StreamCipherSeek,
};
use aes::{Aes128, Aes256};
use chacha20::ChaCha20;
use ctr::Ctr32BE;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use poly1305::Poly1305;
use zeroize::{Zeroize, Zeroizing};

use super::{Algorithm, NONCE_OCTETS, TAG_OCTETS};

const BLOCK: usize = 16;
type Block = ghash::Block;

/// How many blocks are handed on at once.
const BATCH: usize = 32;

/// One message under one key and nonce: octets go through in order, then comes the tag.
pub(super) struct Aead {
    keystream: Keystream,
    mac: Mac,
    /// The beginning of a block that is not whole yet.
    partial: [u8; BLOCK],
    held: usize,
    associated: u64,
    octets: u64,
}

/// Boxed, because a key schedule is large and the rest is moved about.
enum Keystream {
    Aes128(Box<Ctr32BE<Aes128>>),
    Aes256(Box<Ctr32BE<Aes256>>),
    ChaCha20(Box<ChaCha20>),
}

enum Mac {
    /// With the encrypted first counter block, which masks the tag.
    GHash(Box<GHash>, Zeroizing<[u8; BLOCK]>),
    Poly1305(Box<Poly1305>),
}

impl Aead {
    /// `None` when the key does not have the length that the algorithm asks for.
    pub(super) fn new(
        algorithm: Algorithm,
        key: &[u8],
        nonce: &[u8; NONCE_OCTETS],
        associated: &[u8],
    ) -> Option<Self> {
        let (keystream, mac) = match algorithm {
            Algorithm::Aes128Gcm => {
                let (keystream, mac) = gcm::<Aes128>(key, nonce)?;
                (Keystream::Aes128(keystream), mac)
            }
            Algorithm::Aes256Gcm => {
                let (keystream, mac) = gcm::<Aes256>(key, nonce)?;
                (Keystream::Aes256(keystream), mac)
            }
            Algorithm::ChaCha20Poly1305 => chacha20_poly1305(key, nonce)?,
        };
        let mut aead = Self {
            keystream,
            mac,
            partial: [0; BLOCK],
            held: 0,
            associated: associated.len() as u64,
            octets: 0,
        };
        aead.absorb(associated);
        aead.pad();
        Some(aead)
    }

    /// Encrypts the next octets in place.
    pub(super) fn encrypt(&mut self, octets: &mut [u8]) {
        self.apply_keystream(octets);
        self.authenticate(octets);
    }

    /// Takes in the next octets of a ciphertext without decrypting them.
    pub(super) fn authenticate(&mut self, ciphertext: &[u8]) {
        self.octets = self.octets.saturating_add(ciphertext.len() as u64);
        self.absorb(ciphertext);
    }

    /// Takes in and decrypts the next octets in place.
    pub(super) fn decrypt(&mut self, octets: &mut [u8]) {
        self.authenticate(octets);
        self.apply_keystream(octets);
    }

    /// The tag over everything.
    pub(super) fn tag(mut self) -> [u8; TAG_OCTETS] {
        self.pad();
        let mut lengths = Block::default();
        let (associated, octets) = lengths.split_at_mut(BLOCK / 2);
        match self.mac {
            Mac::GHash(mut mac, mask) => {
                associated.copy_from_slice(&self.associated.wrapping_mul(8).to_be_bytes());
                octets.copy_from_slice(&self.octets.wrapping_mul(8).to_be_bytes());
                mac.update(&[lengths]);
                let mut tag: [u8; TAG_OCTETS] = mac.finalize().into();
                tag.iter_mut()
                    .zip(mask.iter())
                    .for_each(|(octet, mask)| *octet ^= mask);
                tag
            }
            Mac::Poly1305(mut mac) => {
                associated.copy_from_slice(&self.associated.to_le_bytes());
                octets.copy_from_slice(&self.octets.to_le_bytes());
                mac.update(&[lengths]);
                mac.finalize().into()
            }
        }
    }

    /// More octets than one nonce allows never come here: the caller counts them.
    fn apply_keystream(&mut self, octets: &mut [u8]) {
        let applied = match &mut self.keystream {
            Keystream::Aes128(keystream) => keystream.try_apply_keystream(octets),
            Keystream::Aes256(keystream) => keystream.try_apply_keystream(octets),
            Keystream::ChaCha20(keystream) => keystream.try_apply_keystream(octets),
        };
        if applied.is_err() {
            // Whatever went wrong, neither plaintext nor keystream is handed on twice.
            octets.zeroize();
        }
    }

    fn absorb(&mut self, mut octets: &[u8]) {
        if self.held > 0 {
            let (now, rest) = octets.split_at(octets.len().min(BLOCK - self.held));
            let to = self.partial.iter_mut().skip(self.held);
            to.zip(now).for_each(|(to, from)| *to = *from);
            self.held += now.len();
            octets = rest;
            if self.held < BLOCK {
                return;
            }
            self.mac.update(&[self.partial.into()]);
            self.held = 0;
        }
        let whole = octets.len() - octets.len() % BLOCK;
        let (blocks, rest) = octets.split_at(whole);
        self.mac.absorb(blocks);
        self.partial
            .iter_mut()
            .zip(rest)
            .for_each(|(to, from)| *to = *from);
        self.held = rest.len();
    }

    /// Fills the block that is not whole with zeros.
    fn pad(&mut self) {
        if self.held > 0 {
            self.partial
                .iter_mut()
                .skip(self.held)
                .for_each(|octet| *octet = 0);
            self.mac.update(&[self.partial.into()]);
            self.held = 0;
        }
    }
}

impl Mac {
    fn update(&mut self, blocks: &[Block]) {
        match self {
            Self::GHash(mac, _) => mac.update(blocks),
            Self::Poly1305(mac) => mac.update(blocks),
        }
    }

    /// `octets` are whole blocks.
    fn absorb(&mut self, octets: &[u8]) {
        let mut batch = [Block::default(); BATCH];
        for octets in octets.chunks(BATCH * BLOCK) {
            let blocks = octets.chunks_exact(BLOCK);
            let count = blocks.len();
            batch
                .iter_mut()
                .zip(blocks)
                .for_each(|(to, from)| to.copy_from_slice(from));
            self.update(batch.get(..count).unwrap_or_default());
        }
    }
}

/// NIST SP 800-38D §7.1 for nonces of 96 bits: counter 1 masks the tag, the text begins at 2.
fn gcm<C>(key: &[u8], nonce: &[u8; NONCE_OCTETS]) -> Option<(Box<Ctr32BE<C>>, Mac)>
where
    C: BlockCipher + BlockEncryptMut + BlockEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
    Ctr32BE<C>: KeyIvInit + StreamCipher,
{
    let mut hash_key = Block::default();
    C::new_from_slice(key).ok()?.encrypt_block(&mut hash_key);
    let mut counter = [0; BLOCK];
    let (start, count) = counter.split_at_mut(NONCE_OCTETS);
    start.copy_from_slice(nonce);
    count.copy_from_slice(&1_u32.to_be_bytes());

    let mut keystream = Box::new(Ctr32BE::<C>::new_from_slices(key, &counter).ok()?);
    let mut mask = Zeroizing::new([0; BLOCK]);
    keystream.try_apply_keystream(&mut mask[..]).ok()?;
    let mac = Mac::GHash(Box::new(GHash::new(&hash_key)), mask);
    hash_key.as_mut_slice().zeroize();
    Some((keystream, mac))
}

/// RFC 8439 §2.8: block 0 is the key of the authenticator, the text begins at block 1.
fn chacha20_poly1305(key: &[u8], nonce: &[u8; NONCE_OCTETS]) -> Option<(Keystream, Mac)> {
    let mut keystream = Box::new(ChaCha20::new_from_slices(key, nonce).ok()?);
    let mut mac_key = Zeroizing::new([0; 32]);
    keystream.try_apply_keystream(&mut mac_key[..]).ok()?;
    keystream.try_seek(64_u64).ok()?;
    let mac = Mac::Poly1305(Box::new(Poly1305::new_from_slice(&mac_key[..]).ok()?));
    Some((Keystream::ChaCha20(keystream), mac))
}
