//! What holds for every struct: it comes back as it went, whole and alone, or not at all.

mod common;

use std::fmt::Debug;

use comity_wire::{FanoutMessage, Wire};
use common::samples::{self, Check};

#[test]
fn every_struct_comes_back_as_it_went() {
    struct RoundTrip(usize);
    impl Check for RoundTrip {
        fn check<T: Wire + PartialEq + Debug>(&mut self, name: &str, value: &T) {
            let octets = value.encode();
            let back = T::decode(&octets).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(&back, value, "{name}");
            assert_eq!(back.encode(), octets, "{name}");
            self.0 += 1;
        }
    }
    let mut seen = RoundTrip(0);
    samples::each(&common::made(), &mut seen);
    assert!(seen.0 > 60, "only {} samples", seen.0);
}

#[test]
fn octets_behind_a_struct_are_refused() {
    struct Trailing;
    impl Check for Trailing {
        fn check<T: Wire + PartialEq + Debug>(&mut self, name: &str, value: &T) {
            let octets = value.encode();
            for extra in [0, 1, 0xff] {
                let error = T::decode(&[&octets[..], &[extra]].concat()).expect_err(name);
                assert_eq!(
                    (error.code(), error.offset()),
                    ("wire_trailing_octets", octets.len()),
                    "{name}"
                );
            }
        }
    }
    samples::each(&common::made(), &mut Trailing);
}

#[test]
fn a_struct_cut_short_anywhere_is_refused() {
    struct Truncated;
    impl Check for Truncated {
        fn check<T: Wire + PartialEq + Debug>(&mut self, name: &str, value: &T) {
            let octets = value.encode();
            for len in 0..octets.len() {
                let error = T::decode(&octets[..len]).expect_err(name);
                assert_eq!(error.code(), "wire_truncated", "{name} at {len}: {error}");
                assert!(error.offset() <= len, "{name} at {len}: {error}");
            }
        }
    }
    samples::each(&common::made(), &mut Truncated);
}

#[test]
fn a_struct_with_a_bit_flipped_is_refused_or_reads_as_another_value() {
    struct Flipped;
    impl Check for Flipped {
        fn check<T: Wire + PartialEq + Debug>(&mut self, name: &str, value: &T) {
            let mut octets = value.encode();
            for at in 0..octets.len() {
                for bit in 0..8 {
                    octets[at] ^= 1 << bit;
                    if let Ok(other) = T::decode(&octets) {
                        let case_or_order = ["Media", "Advert", "Require", "Application", "Roles"];
                        if !case_or_order.iter().any(|prefix| name.starts_with(prefix)) {
                            assert_ne!(&other, value, "{name}: octet {at}, bit {bit} does not matter");
                            assert_eq!(other.encode(), octets, "{name}: octet {at}, bit {bit}");
                        }
                    }
                    octets[at] ^= 1 << bit;
                }
            }
        }
    }
    samples::each(&common::made(), &mut Flipped);
}

#[test]
fn fan_outs_that_stand_one_behind_the_other_are_all_read() {
    let messages: Vec<FanoutMessage> = samples::fanouts(&common::made())
        .into_iter()
        .map(|(_, message)| message)
        .collect();
    let octets = messages.iter().map(Wire::encode).collect::<Vec<_>>().concat();
    assert_eq!(FanoutMessage::decode_all(&octets).unwrap(), messages);
    assert_eq!(
        FanoutMessage::decode(&octets).unwrap_err().code(),
        "wire_trailing_octets"
    );
}

#[test]
fn a_body_of_fan_outs_is_refused_if_one_of_them_is_cut_short() {
    let messages = samples::fanouts(&common::made());
    let octets = messages
        .iter()
        .map(|(_, message)| message.encode())
        .collect::<Vec<_>>();
    let ends: Vec<usize> = octets
        .iter()
        .scan(0, |end, one| {
            *end += one.len();
            Some(*end)
        })
        .collect();
    let octets = octets.concat();
    for len in 0..octets.len() {
        let read = FanoutMessage::decode_all(&octets[..len]);
        assert_eq!(read.is_ok(), ends.contains(&len), "at {len}");
    }
}
