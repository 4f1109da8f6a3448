//! External parts, row by row of the checklist.

use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};

use crate::common::{content, example};
use comity_content::attachment::{
    self, AttachmentError, Sealed, Verified, fetch_limit, is_available, open, open_to, remaining, seal,
};
use comity_content::{Content, ContentKey, Disposition, ExternalPart, Part, check_outgoing};
use comity_room::Timestamp;
use sha2::{Digest, Sha256};

const KEY: [u8; 16] = [1; 16];
const NONCE: [u8; 12] = [2; 12];

fn sealed() -> Sealed {
    seal(&KEY, &NONCE, b"a photo").unwrap()
}

fn published(name: &str) -> ExternalPart {
    match Content::decode(example(name).octets).unwrap().part.body {
        comity_content::Body::External(external) => *external,
        _ => panic!("an external part"),
    }
}

#[test]
fn c_100_what_is_uploaded_is_not_what_was_said() {
    let sealed = sealed();
    assert!(
        !sealed
            .ciphertext
            .octets()
            .windows(4)
            .any(|window| b"a photo".windows(4).any(|w| w == window))
    );
    assert!(!format!("{sealed:?}").contains("photo"));
}

/// The vectors of the GCM specification, test cases 2 to 4.
#[test]
fn c_101_aes_128_gcm_is_the_specified_one_both_ways() {
    let octets = |text: &str| hex::decode(text).unwrap();
    let plaintext = concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
    );
    let ciphertext = concat!(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e",
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
    );
    for (key, nonce, plaintext, ciphertext, tag) in [
        (
            "00000000000000000000000000000000",
            "000000000000000000000000",
            "00000000000000000000000000000000",
            "0388dace60b6a392f328c2b971b2fe78",
            "ab6e47d42cec13bdf53a67b21257bddf",
        ),
        (
            "feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            plaintext,
            ciphertext,
            "4d5c2af327cd64a62cf35abd2ba6fab4",
        ),
    ] {
        let (key, nonce) = (octets(key).try_into().unwrap(), octets(nonce).try_into().unwrap());
        let sealed = seal(&key, &nonce, &octets(plaintext)).unwrap();
        assert_eq!(
            hex::encode(sealed.ciphertext.octets()),
            format!("{ciphertext}{tag}")
        );
        assert_eq!(
            hex::encode(&open(&sealed.part, sealed.ciphertext.octets()).unwrap().plaintext[..]),
            plaintext
        );
    }
    // Case 4 has additional data, which we only read.
    let fetched = octets(&format!(
        "{}{}",
        &ciphertext[..120],
        "5bc94fbc3221a5db94fae95ae7121a47"
    ));
    let part = ExternalPart {
        encryption_algorithm: attachment::AES_128_GCM,
        key: ContentKey::new(octets("feffe9928665731c6d6a8f9467308308")),
        nonce: octets("cafebabefacedbaddecaf888"),
        aad: octets("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
        ..ExternalPart::default()
    };
    assert_eq!(
        hex::encode(&open(&part, &fetched).unwrap().plaintext[..]),
        plaintext[..120]
    );
}

#[test]
fn c_103_additional_data_is_empty() {
    assert_eq!(sealed().part.aad, b"");
    assert_eq!(published("attachment").aad, b"");
}

#[test]
fn c_104_what_is_not_encrypted_has_no_key() {
    let session = published("conferencing");
    assert_eq!(session.encryption_algorithm, attachment::NOT_ENCRYPTED);
    assert_eq!(attachment::check_lengths(&session), Ok(()));
    for mismatched in [
        ExternalPart {
            key: ContentKey::new(vec![1]),
            ..session.clone()
        },
        ExternalPart {
            nonce: vec![1],
            ..session.clone()
        },
        ExternalPart {
            aad: vec![1],
            ..session.clone()
        },
    ] {
        assert_eq!(
            open(&mismatched, b"x"),
            Err(AttachmentError::KeyWithoutEncryption)
        );
        let message = content(1, Part::external(Disposition::ATTACHMENT, mismatched));
        assert_eq!(
            check_outgoing(&message).unwrap_err().code(),
            "attachment_key_without_encryption"
        );
    }
    assert_eq!(&open(&session, b"public").unwrap().plaintext[..], b"public");
}

#[test]
fn c_105_key_and_nonce_have_the_length_of_their_algorithm() {
    let Sealed { ciphertext, part } = sealed();
    for length in [0, 15, 17, 32] {
        let short = ExternalPart {
            key: ContentKey::new(vec![1; length]),
            ..part.clone()
        };
        assert_eq!(open(&short, ciphertext.octets()), Err(AttachmentError::KeyLength));
    }
    for length in [0, 11, 13] {
        let short = ExternalPart {
            nonce: vec![2; length],
            ..part.clone()
        };
        assert_eq!(
            open(&short, ciphertext.octets()),
            Err(AttachmentError::NonceLength)
        );
    }
    for longer in [attachment::AES_256_GCM, attachment::CHACHA20_POLY1305] {
        let short = ExternalPart {
            encryption_algorithm: longer,
            ..part.clone()
        };
        assert_eq!(open(&short, ciphertext.octets()), Err(AttachmentError::KeyLength));
    }
    let unknown = ExternalPart {
        encryption_algorithm: 30,
        ..part
    };
    assert_eq!(
        open(&unknown, ciphertext.octets()),
        Err(AttachmentError::UnknownEncryption(30))
    );
}

#[test]
fn c_106_the_hash_is_of_the_octets_at_the_url_and_checked_before_anything_is_released() {
    let Sealed { ciphertext, part } = sealed();
    assert_eq!(part.content_hash, Sha256::digest(ciphertext.octets()).to_vec());
    assert_eq!(
        (part.hash_algorithm, part.size),
        (1, 7 + 16),
        "the size counts the tag"
    );
    let opened = open(&part, ciphertext.octets()).unwrap();
    assert!(opened.hash_checked);
    assert_eq!(&opened.plaintext[..], b"a photo");
    for at in 0..ciphertext.octets().len() {
        let mut fetched = ciphertext.octets().to_vec();
        fetched[at] ^= 1;
        assert_eq!(open(&part, &fetched), Err(AttachmentError::HashMismatch));
    }
    let empty = ExternalPart {
        content_hash: Vec::new(),
        ..part
    };
    assert_eq!(
        open(&empty, ciphertext.octets()),
        Err(AttachmentError::HashMismatch)
    );
}

#[test]
fn c_107_without_a_hash_that_we_know_the_tag_decides_and_that_is_told() {
    let Sealed { ciphertext, part } = sealed();
    for (hash_algorithm, content_hash) in [(0, vec![]), (6, vec![0; 4]), (200, vec![1; 32])] {
        let unhashed = ExternalPart {
            hash_algorithm,
            content_hash,
            ..part.clone()
        };
        let opened = open(&unhashed, ciphertext.octets()).unwrap();
        assert!(!opened.hash_checked);
        assert_eq!(&opened.plaintext[..], b"a photo");
        let mut fetched = ciphertext.octets().to_vec();
        fetched[0] ^= 1;
        assert_eq!(open(&unhashed, &fetched), Err(AttachmentError::TagMismatch));
    }
}

#[test]
fn c_108_a_stated_size_caps_the_download() {
    let Sealed { ciphertext, part } = sealed();
    assert_eq!(fetch_limit(&part, 1 << 30), part.size + 16);
    assert_eq!(fetch_limit(&part, 10), 10);
    assert_eq!(
        fetch_limit(
            &ExternalPart {
                size: 0,
                ..part.clone()
            },
            1000
        ),
        1000
    );
    assert_eq!(
        fetch_limit(
            &ExternalPart {
                size: u64::MAX,
                ..part.clone()
            },
            1000
        ),
        1000
    );
    for (size, good) in [
        (0, true),
        (7, true),
        (23, true),
        (6, false),
        (8, false),
        (24, false),
        (u64::MAX, false),
    ] {
        let stated = ExternalPart { size, ..part.clone() };
        let opened = open(&stated, ciphertext.octets()).map(drop);
        assert_eq!(
            opened,
            if good {
                Ok(())
            } else {
                Err(AttachmentError::SizeMismatch)
            },
            "{size}"
        );
    }
}

#[test]
fn c_108_what_is_not_encrypted_has_no_tag_to_allow_for() {
    let public = ExternalPart {
        size: 6,
        ..published("conferencing")
    };
    assert_eq!(fetch_limit(&public, 1000), 6);
    assert!(open(&public, b"public").is_ok());
    assert_eq!(open(&public, &[0; 22]), Err(AttachmentError::SizeMismatch));
}

#[test]
fn c_109_what_has_expired_is_not_available() {
    let part = |expires| ExternalPart {
        expires,
        ..ExternalPart::default()
    };
    let now = Timestamp::from_millis(100_000);
    assert!(is_available(&part(0), now) && is_available(&part(101), now));
    assert!(!is_available(&part(100), now) && !is_available(&part(1), now));
}

#[test]
fn c_110_nothing_is_released_of_what_is_cut_short() {
    let Sealed { ciphertext, part } = sealed();
    let unhashed = ExternalPart {
        size: 0,
        hash_algorithm: 0,
        content_hash: Vec::new(),
        ..part
    };
    for length in 0..ciphertext.octets().len() {
        assert_eq!(
            open(&unhashed, &ciphertext.octets()[..length]),
            Err(AttachmentError::TagMismatch),
            "{length}"
        );
    }
}

/// What opens a stream gets neither sink nor octet before everything has been verified.
#[test]
fn c_110_nothing_is_written_before_all_is_verified() {
    let Sealed { ciphertext, part } = sealed();
    let octets = ciphertext.octets();
    let opened = |part: &ExternalPart, fetched: &[u8], policy| {
        open_to(part, policy, Cursor::new(fetched), |verified| {
            assert_eq!(verified.plaintext_octets(), 7);
            Ok(Vec::new())
        })
    };
    assert_eq!(opened(&part, octets, 1000).unwrap(), b"a photo");
    let refused = |part: &ExternalPart, fetched: &[u8], policy| {
        let sink = |_: &Verified| -> std::io::Result<Vec<u8>> { panic!("nothing is verified") };
        open_to(part, policy, Cursor::new(fetched), sink)
            .unwrap_err()
            .code()
    };
    let mut altered = octets.to_vec();
    altered[3] ^= 1;
    assert_eq!(refused(&part, &altered, 1000), "attachment_hash_mismatch");
    let rehashed = ExternalPart {
        content_hash: Sha256::digest(&altered).to_vec(),
        ..part.clone()
    };
    assert_eq!(refused(&rehashed, &altered, 1000), "attachment_tag_mismatch");
    assert_eq!(refused(&part, &octets[..22], 1000), "attachment_size_mismatch");
    assert_eq!(
        refused(&part, &[octets, &[0; 20]].concat(), 1000),
        "attachment_size_mismatch"
    );
    assert_eq!(refused(&part, octets, 22), "attachment_over_limit");
}

/// A source that gives something else each time it is read from the start.
struct Shifty {
    readings: Vec<Vec<u8>>,
    at: usize,
}

impl Read for Shifty {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.readings[0][self.at..];
        let read = rest.len().min(to.len()).min(5);
        to[..read].copy_from_slice(&rest[..read]);
        self.at += read;
        Ok(read)
    }
}

impl Seek for Shifty {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        if to == SeekFrom::Start(0) {
            self.readings.remove(0);
            self.at = 0;
        }
        Ok(0)
    }
}

#[test]
fn what_changes_after_it_was_verified_is_told_at_the_end() {
    let Sealed { ciphertext, part } = sealed();
    let octets = ciphertext.octets().to_vec();
    let plain = ExternalPart {
        hash_algorithm: 1,
        content_hash: Sha256::digest(b"public").to_vec(),
        ..ExternalPart::default()
    };
    let reread = |part: &ExternalPart, first: &[u8], second: &[u8]| {
        let source = Shifty {
            readings: vec![first.to_vec(), second.to_vec()],
            at: 0,
        };
        open_to(part, 1000, source, |_| Ok(Vec::new()))
    };
    assert_eq!(reread(&part, &octets, &octets).unwrap(), b"a photo");
    assert_eq!(reread(&plain, b"public", b"public").unwrap(), b"public");
    for at in 0..octets.len() {
        let mut other = octets.clone();
        other[at] ^= 1;
        for second in [&other[..], &octets[..at], &[&octets[..], &[0; 1]].concat()] {
            assert_eq!(
                reread(&part, &octets, second).unwrap_err().code(),
                "attachment_changed"
            );
        }
    }
    for second in [&b"Public"[..], b"publi", b"publics"] {
        assert_eq!(
            reread(&plain, b"public", second).unwrap_err().code(),
            "attachment_changed"
        );
    }
}

#[test]
fn c_102_content_that_is_sealed_twice_is_not_the_same_twice() {
    let again = seal(&KEY, &[3; 12], b"a photo").unwrap();
    assert_ne!(again.ciphertext, sealed().ciphertext);
    let other_key = seal(&[9; 16], &NONCE, b"a photo").unwrap();
    assert_ne!(other_key.ciphertext, sealed().ciphertext);
}

/// Serves `octets` at `/x`, range by range, for as many requests as there are ranges.
#[allow(clippy::disallowed_methods, reason = "a server beside the test")]
fn serve(octets: Vec<u8>, requests: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for _ in 0..requests {
            let mut reader = BufReader::new(listener.accept().unwrap().0);
            let mut range = 0..octets.len();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(bytes) = line.trim().strip_prefix("Range: bytes=") {
                    let (start, end) = bytes.split_once('-').unwrap();
                    range = start.parse().unwrap()..end.parse::<usize>().unwrap() + 1;
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let body = &octets[range];
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            reader
                .get_mut()
                .write_all(&[head.as_bytes(), body].concat())
                .unwrap();
        }
    });
    url
}

fn fetch(url: &str, range: std::ops::Range<u64>) -> Vec<u8> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let last = range.end - 1;
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={}-{last}\r\n\r\n",
        range.start
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    answer.split_off(head + 4)
}

/// A host fetches in pieces, as after a broken connection, and the library says which and whether they are right.
#[test]
fn c_057_what_lies_on_a_web_server_is_fetched_verified_and_decrypted() {
    let plaintext: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let Sealed { ciphertext, part } = seal(&KEY, &NONCE, &plaintext).unwrap();
    let part = ExternalPart {
        url: serve(ciphertext.into_octets(), 4),
        ..part
    };
    assert_eq!(
        attachment::check_outgoing(&part),
        Ok(()),
        "http is fetched from as well as https"
    );
    let mut fetched = fetch(&part.url, 0..1000);
    for range in remaining(part.size, fetched.len() as u64, 4000) {
        fetched.extend(fetch(&part.url, range));
    }
    let opened = open_to(&part, 1 << 20, Cursor::new(fetched), |_| Ok(Vec::new())).unwrap();
    assert_eq!(opened, plaintext);
}

#[test]
fn what_is_left_of_an_upload_is_told_in_pieces() {
    let left = |size, done, piece| remaining(size, done, piece).collect::<Vec<_>>();
    assert_eq!(left(10, 0, 4), [0..4, 4..8, 8..10]);
    assert_eq!(left(10, 5, 4), [5..9, 9..10]);
    assert_eq!(left(10, 10, 4), []);
    assert_eq!(left(10, 11, 4), []);
    assert_eq!(left(3, 0, 0), [0..1, 1..2, 2..3]);
    assert_eq!(
        left(u64::MAX, u64::MAX - 5, u64::MAX).first(),
        Some(&(u64::MAX - 5..u64::MAX))
    );
}

#[test]
fn only_the_web_is_fetched_from() {
    for good in [
        "https://a.example",
        "HTTPS://a.example/x?y#z",
        "http://127.0.0.1:8080/x",
    ] {
        assert_eq!(attachment::check_url(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "a.example/x",
        "file:///x",
        "ftp://a.example",
        "https://",
        "https:///x",
        "https://u:p@a.example",
        "data:,x",
        "https://a.example/\n",
        "javascript:alert(1)",
        "https://a.example\\@b.example",
    ] {
        assert_eq!(attachment::check_url(bad), Err(AttachmentError::Url), "{bad}");
    }
}

#[test]
fn a_sealed_part_is_fit_to_be_sent_once_it_has_a_url() {
    let part = ExternalPart {
        url: "https://example.com/x".into(),
        media_type: "image/png".into(),
        ..sealed().part
    };
    let message = content(1, Part::external(Disposition::INLINE, part));
    assert_eq!(check_outgoing(&message), Ok(()));
    assert_eq!(Content::decode(&message.encode().unwrap()), Ok(message));
}
