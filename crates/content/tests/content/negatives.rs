//! Octets that are no message: each is refused for its own reason, at the octet where the reason shows.

use crate::common::negatives::{negatives, smallest};
use comity_content::Content;

#[test]
fn every_negative_vector_is_refused_for_its_reason_and_at_its_octet() {
    for negative in negatives() {
        let error = Content::decode(&negative.octets).expect_err(negative.name);
        assert_eq!(
            (error.code(), error.offset),
            (negative.code, negative.offset),
            "{}: {error}",
            negative.name
        );
    }
}

#[test]
fn what_the_negative_vectors_are_made_of_is_accepted() {
    assert_eq!(
        hex::encode(smallest()),
        "875000000000000000000000000000000000f640f6f6a083006000"
    );
    assert!(Content::decode(&smallest()).is_ok());
}

#[test]
fn the_guide_lists_every_negative_vector_with_its_reason_and_octet() {
    let guide = include_str!("../../../../docs/content.md");
    for negative in negatives() {
        let row = format!(
            "| {} | `{}` | {} |",
            negative.name, negative.code, negative.offset
        );
        assert!(guide.contains(&row), "the guide lacks: {row}");
    }
}
