//! What holds for every message and for all octets.

use crate::common::{EXAMPLES, reference, room, strategies, user};
use comity_content::{
    Content, DecodeErrorKind, ExtensionValue, Limits, Part, PartIndex, Received, Supported, Value, select,
};
use comity_room::media_types;
use proptest::prelude::*;

/// Everything that is done with octets from outside, so that none of it can panic.
fn use_fully(octets: &[u8]) {
    for decoded in [
        Content::decode(octets),
        Content::decode_lenient(octets, Limits::default()),
    ] {
        let Ok(content) = decoded else { continue };
        let supported = Supported {
            media: media_types::baseline(),
            languages: vec!["fr-CA".into(), "en".into()],
        };
        let selection = select(&content, &supported);
        assert!(selection.chosen.len() <= content.part.count());
        let encoded = content.encode().unwrap();
        assert_eq!(
            Content::decode(&encoded).unwrap(),
            content,
            "what was decoded has one encoding"
        );
        let _ = format!("{content:?}");
    }
    if let Ok(received) = Received::decode_lenient(octets.to_vec(), Limits::default()) {
        let _ = received.message_id(&user(crate::common::ALICE), &room());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn c_012_every_message_is_encoded_as_the_reference_encodes_it(content in strategies::content()) {
        prop_assert_eq!(hex::encode(content.encode().unwrap()), hex::encode(reference::content(&content)));
    }

    #[test]
    fn one_message_has_one_encoding(content in strategies::content()) {
        let octets = content.encode().unwrap();
        let decoded = Content::decode(&octets).unwrap();
        prop_assert_eq!(&decoded, &content);
        prop_assert_eq!(decoded.encode().unwrap(), octets);
    }

    #[test]
    fn c_013_extension_keys_are_ordered_as_their_encodings(a in strategies::extension_key(), b in strategies::extension_key()) {
        prop_assert_eq!(a.cmp(&b), reference::key(&a).cmp(&reference::key(&b)));
    }

    #[test]
    fn extension_values_survive(value in strategies::extension_value()) {
        if let Ok(kept) = ExtensionValue::new(&value) {
            prop_assert_eq!(kept.octets(), reference::value(&value));
            prop_assert_eq!(kept.value(), value);
        }
    }

    #[test]
    fn octets_that_are_cut_short_or_prolonged_are_refused(content in strategies::content(), at: prop::sample::Index) {
        let mut octets = content.encode().unwrap();
        let cut = &octets[..at.index(octets.len())];
        prop_assert_eq!(Content::decode(cut).unwrap_err().kind, DecodeErrorKind::Truncated);
        octets.push(0);
        let error = Content::decode(&octets).unwrap_err();
        prop_assert_eq!((error.kind, error.offset), (DecodeErrorKind::TrailingOctets, octets.len() - 1));
    }

    #[test]
    fn parts_are_found_by_the_index_under_which_they_are_walked(content in strategies::content()) {
        let walked: Vec<(PartIndex, &Part)> = content.part.walk().collect();
        prop_assert_eq!(walked.len(), content.part.count());
        for (n, (index, part)) in walked.into_iter().enumerate() {
            prop_assert_eq!(usize::from(index.0), n);
            prop_assert_eq!(content.part.at(index), Some(part));
        }
    }

    #[test]
    fn selection_puts_every_leaf_in_one_place(content in strategies::content()) {
        let supported = Supported { media: media_types::baseline(), languages: vec![] };
        let selection = select(&content, &supported);
        let mut seen = std::collections::BTreeSet::new();
        for chosen in selection.chosen.iter().chain(&selection.embedded).chain(&selection.unsupported) {
            prop_assert!(seen.insert(chosen.index));
        }
        for passed in &selection.passed_over {
            prop_assert!(passed.part.walk().all(|(n, _)| !seen.contains(&PartIndex(passed.index.0 + n.0))));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn c_029_random_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        use_fully(&octets);
    }

    #[test]
    fn c_029_mutated_examples_never_panic(
        example in prop::sample::select(EXAMPLES.iter().collect::<Vec<_>>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
    ) {
        let mut octets = example.octets.to_vec();
        for (at, octet, how) in changes {
            let at = at.index(octets.len());
            match how {
                0 => octets[at] = octet,
                1 => octets[at] ^= 1 << (octet % 8),
                2 => octets.insert(at, octet),
                _ if octets.len() > 1 => drop(octets.remove(at)),
                _ => {}
            }
        }
        use_fully(&octets);
    }
}

#[test]
fn every_single_octet_change_of_every_example_is_refused_or_means_something_else() {
    for example in EXAMPLES {
        let original = Content::decode(example.octets).unwrap();
        for at in 0..example.octets.len() {
            for bit in 0..8 {
                let mut octets = example.octets.to_vec();
                octets[at] ^= 1 << bit;
                if let Ok(content) = Content::decode(&octets) {
                    assert_ne!(content, original, "{} octet {at} bit {bit}", example.name);
                    assert_eq!(
                        content.encode().unwrap(),
                        octets,
                        "{} octet {at} bit {bit}",
                        example.name
                    );
                }
            }
        }
    }
}

#[test]
fn a_value_equals_itself_whatever_it_is() {
    assert_eq!(
        Value::Float(f64::NAN),
        Value::Float(-f64::NAN),
        "there is one NaN"
    );
    assert_ne!(Value::Float(0.0), Value::Float(-0.0));
    assert_ne!(Value::Float(1.0), Value::Unsigned(1));
}
