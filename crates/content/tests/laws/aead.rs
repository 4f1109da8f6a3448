//! The encryption of attachments against other implementations and the Wycheproof vectors.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use comity_content::attachment::{Algorithm, AttachmentError, Sealer, Verifier, open, seal_with};
use comity_content::{ContentKey, ExternalPart};
use proptest::prelude::*;
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

const ALGORITHMS: [Algorithm; 3] = [
    Algorithm::Aes128Gcm,
    Algorithm::Aes256Gcm,
    Algorithm::ChaCha20Poly1305,
];

/// What an implementation that works in memory makes of it.
fn reference(algorithm: Algorithm, key: &[u8], nonce: &[u8], plaintext: &[u8], aad: &[u8]) -> Vec<u8> {
    let payload = Payload { msg: plaintext, aad };
    let sealed = match algorithm {
        Algorithm::Aes128Gcm => aes_gcm::Aes128Gcm::new_from_slice(key)
            .unwrap()
            .encrypt(nonce.into(), payload),
        Algorithm::Aes256Gcm => aes_gcm::Aes256Gcm::new_from_slice(key)
            .unwrap()
            .encrypt(nonce.into(), payload),
        Algorithm::ChaCha20Poly1305 => chacha20poly1305::ChaCha20Poly1305::new_from_slice(key)
            .unwrap()
            .encrypt(nonce.into(), payload),
    };
    sealed.unwrap()
}

fn part(algorithm: Algorithm, key: &[u8], nonce: &[u8], aad: &[u8]) -> ExternalPart {
    ExternalPart {
        encryption_algorithm: algorithm.number(),
        key: ContentKey::new(key.to_vec()),
        nonce: nonce.to_vec(),
        aad: aad.to_vec(),
        ..ExternalPart::default()
    }
}

#[test]
fn c_101_every_vector_of_wycheproof_is_opened_or_refused_as_it_should_be() {
    let (mut opened, mut refused) = (0, 0);
    for name in [TestName::AesGcm, TestName::ChaCha20Poly1305] {
        for group in TestSet::load(name).unwrap().test_groups {
            let algorithm = match (name, group.key_size) {
                (TestName::AesGcm, 128) => Algorithm::Aes128Gcm,
                (TestName::AesGcm, 256) => Algorithm::Aes256Gcm,
                (TestName::ChaCha20Poly1305, 256) => Algorithm::ChaCha20Poly1305,
                // Keys of 192 bits are not registered for content.
                _ => continue,
            };
            for test in group.tests {
                let part = part(algorithm, &test.key, &test.nonce, &test.aad);
                let sealed = [&test.ct[..], &test.tag].concat();
                let result = open(&part, &sealed).map(|opened| opened.plaintext.to_vec());
                if group.nonce_size != 96 {
                    assert_eq!(
                        result,
                        Err(AttachmentError::NonceLength),
                        "{name:?} {}",
                        test.tc_id
                    );
                } else if test.result == TestResult::Invalid {
                    assert_eq!(
                        result,
                        Err(AttachmentError::TagMismatch),
                        "{name:?} {}",
                        test.tc_id
                    );
                    refused += 1;
                } else {
                    assert_eq!(result, Ok(test.pt.to_vec()), "{name:?} {}", test.tc_id);
                    opened += 1;
                }
            }
        }
    }
    println!("{opened} opened, {refused} refused");
    assert!(opened > 200 && refused > 80, "{opened} {refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn c_101_sealing_is_what_the_aead_crates_do_however_it_is_cut(
        which in 0_usize..3,
        key: [u8; 32],
        nonce: [u8; 12],
        plaintext in prop::collection::vec(any::<u8>(), 0..1500),
        cuts in prop::collection::vec(1_usize..200, 0..12),
    ) {
        let algorithm = ALGORITHMS[which];
        let key = &key[..algorithm.key_octets()];
        let expected = reference(algorithm, key, &nonce, &plaintext, b"");

        let mut sealer = Sealer::new(algorithm, key, &nonce).unwrap();
        let mut sealed = Vec::new();
        let mut rest = &plaintext[..];
        for cut in cuts.iter().chain([&usize::MAX]) {
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            let mut piece = piece.to_vec();
            sealer.update(&mut piece).unwrap();
            sealed.extend(piece);
            rest = behind;
        }
        let (tag, part) = sealer.finish();
        sealed.extend(tag);
        prop_assert_eq!(&sealed, &expected);
        prop_assert_eq!(part.size, expected.len() as u64);

        let mut verifier = Verifier::new(&part, u64::MAX).unwrap();
        let mut rest = &sealed[..];
        for cut in cuts.iter().chain([&usize::MAX]) {
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            verifier.update(piece).unwrap();
            rest = behind;
        }
        let mut opener = verifier.finish().unwrap().opener();
        let mut opened = Vec::new();
        let mut rest = &mut sealed[..];
        for cut in cuts.iter().rev().chain([&usize::MAX]) {
            let (piece, behind) = rest.split_at_mut((*cut).min(rest.len()));
            let plain = opener.update(piece);
            opened.extend_from_slice(&piece[..plain]);
            rest = behind;
        }
        prop_assert_eq!(opener.finish(), Ok(()));
        prop_assert_eq!(opened, plaintext);
    }

    #[test]
    fn c_103_additional_data_that_a_peer_names_is_authenticated(
        which in 0_usize..3,
        key: [u8; 32],
        nonce: [u8; 12],
        plaintext in prop::collection::vec(any::<u8>(), 0..100),
        aad in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let algorithm = ALGORITHMS[which];
        let key = &key[..algorithm.key_octets()];
        let sealed = reference(algorithm, key, &nonce, &plaintext, &aad);
        let stated = part(algorithm, key, &nonce, &aad);
        prop_assert_eq!(open(&stated, &sealed).map(|opened| opened.plaintext.to_vec()), Ok(plaintext));
        let mut other = aad;
        other.push(0);
        prop_assert_eq!(open(&part(algorithm, key, &nonce, &other), &sealed), Err(AttachmentError::TagMismatch));
    }

    #[test]
    fn c_110_what_is_altered_cut_or_prolonged_is_not_released(
        which in 0_usize..3,
        plaintext in prop::collection::vec(any::<u8>(), 0..80),
        at: prop::sample::Index,
        bit in 0_u8..8,
    ) {
        let algorithm = ALGORITHMS[which];
        let sealed = seal_with(algorithm, &vec![3; algorithm.key_octets()], &[4; 12], &plaintext).unwrap();
        let octets = sealed.ciphertext.octets().to_vec();
        // Only the tag is left to notice it.
        let unhashed = ExternalPart { size: 0, hash_algorithm: 0, content_hash: vec![], ..sealed.part };
        prop_assert!(open(&unhashed, &octets).is_ok());
        let mut altered = octets.clone();
        altered[at.index(octets.len())] ^= 1 << bit;
        let cut = &octets[..at.index(octets.len())];
        let prolonged = [&octets[..], &[bit]].concat();
        for other in [&altered[..], cut, &prolonged] {
            prop_assert_eq!(open(&unhashed, other), Err(AttachmentError::TagMismatch));
        }
    }
}
