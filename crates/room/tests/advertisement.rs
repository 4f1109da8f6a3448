//! Advertisement and requirement: who can read what, what is missing, what is shared.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by #[test], but not what helps them"
)]

use comity_room::{Advertisement, MediaType, MediaTypeListError, Requirement, common, media_types, missing};
use proptest::prelude::*;

fn types(texts: &[&str]) -> Vec<MediaType> {
    texts.iter().map(|text| MediaType::parse(text).unwrap()).collect()
}

fn advertisement(texts: &[&str]) -> Advertisement {
    Advertisement::new(types(texts)).unwrap()
}

fn requirement(texts: &[&str]) -> Requirement {
    Requirement::new(types(texts)).unwrap()
}

fn texts<'a>(types: impl IntoIterator<Item = &'a MediaType>) -> Vec<String> {
    types.into_iter().map(ToString::to_string).collect()
}

#[test]
fn an_advertisement_is_sorted_and_says_nothing_twice() {
    let one = advertisement(&["text/plain", "image/png", "IMAGE/PNG", "text/html"]);
    assert_eq!(texts(&one), ["image/png", "text/html", "text/plain"]);
}

#[test]
fn a_requirement_keeps_its_order_and_says_nothing_twice() {
    let one = requirement(&[
        "text/plain",
        "application/mimi-content",
        "text/plain",
        "image/png",
    ]);
    assert_eq!(
        texts(one.iter()),
        ["text/plain", "application/mimi-content", "image/png"]
    );
    assert_eq!(one.first().essence(), "text/plain");
}

#[test]
fn empty_lists_are_refused() {
    assert_eq!(Advertisement::new([]), Err(MediaTypeListError::Empty));
    assert_eq!(Requirement::new([]), Err(MediaTypeListError::Empty));
    assert!(serde_json::from_str::<Advertisement>("[]").is_err());
    assert!(serde_json::from_str::<Requirement>("[]").is_err());
}

#[test]
fn lists_have_a_bound_and_an_endless_one_is_not_read_to_its_end() {
    let many = |count| {
        (0..count)
            .map(|n| MediaType::parse(&format!("a/t{n}")).unwrap())
            .collect::<Vec<_>>()
    };
    assert!(Advertisement::new(many(1024)).is_ok());
    assert_eq!(Advertisement::new(many(1025)), Err(MediaTypeListError::TooLong));
    assert_eq!(
        Requirement::new(std::iter::repeat(media_types::png())),
        Err(MediaTypeListError::TooLong)
    );
    let json = |count| serde_json::to_string(&many(count)).unwrap();
    assert!(serde_json::from_str::<Requirement>(&json(1024)).is_ok());
    assert!(serde_json::from_str::<Requirement>(&json(1025)).is_err());
}

#[test]
fn stored_lists_come_back_as_they_were() {
    let ours = advertisement(&["text/plain", "image/png"]);
    assert_eq!(
        serde_json::to_string(&ours).unwrap(),
        r#"["image/png","text/plain"]"#
    );
    assert_eq!(
        serde_json::from_str::<Advertisement>(r#"["text/plain","image/png","text/plain"]"#).unwrap(),
        ours
    );
    let room = requirement(&["text/plain", "image/png"]);
    let json = serde_json::to_string(&room).unwrap();
    assert_eq!(json, r#"["text/plain","image/png"]"#);
    assert_eq!(serde_json::from_str::<Requirement>(&json).unwrap(), room);
}

#[test]
fn missing_names_what_a_client_lacks_in_the_rooms_order() {
    let room = requirement(&[
        "text/markdown;variant=GFM-MIMI",
        "application/mimi-content",
        "image/png",
    ]);
    let basic = advertisement(&["application/mimi-content", "text/plain"]);
    assert_eq!(
        texts(&missing(&basic, &room)),
        ["text/markdown;variant=GFM-MIMI", "image/png"]
    );
    let rich = advertisement(&["image/png", "application/mimi-content", "text/markdown"]);
    assert!(missing(&rich, &room).is_empty());
}

#[test]
fn the_baseline_reads_the_required_types_even_when_they_come_bare() {
    let baseline = media_types::baseline();
    for wanted in types(&[
        "text/plain",
        "text/markdown",
        "text/markdown;variant=gfm-mimi",
        "application/mimi-content",
    ]) {
        assert!(baseline.can_read(&wanted), "{wanted}");
    }
    assert!(!baseline.can_read(&media_types::common_mark()));
    assert!(!baseline.can_read(&media_types::html()));
}

#[test]
fn common_is_what_everybody_reads() {
    let aurora = advertisement(&[
        "text/markdown",
        "text/html",
        "image/png",
        "text/plain;charset=utf-8",
    ]);
    let basalt = advertisement(&["text/markdown;variant=GFM-MIMI", "text/plain;charset=utf-8"]);
    let shared = common([&aurora, &basalt]).unwrap();
    assert_eq!(
        texts(&shared),
        ["text/markdown;variant=GFM-MIMI", "text/plain;charset=utf-8"]
    );
    assert_eq!(common([&aurora]), Some(aurora.clone()));
    assert_eq!(common([&aurora, &advertisement(&["audio/ogg"])]), None);
    assert_eq!(common([]), None);
}

fn any_type() -> impl Strategy<Value = MediaType> {
    let texts = vec![
        "text/plain",
        "text/plain;charset=utf-8",
        "text/plain;charset=UTF-8",
        "text/plain;charset=us-ascii",
        "text/markdown",
        "text/markdown;variant=GFM-MIMI",
        "text/markdown;variant=CommonMark",
        "text/markdown;variant=CommonMark;x=1",
        "text/markdown;x=1;variant=commonmark",
        "image/png",
        "image/png;x=1",
        "text/html",
    ];
    prop::sample::select(texts).prop_map(|text| MediaType::parse(text).unwrap())
}

fn any_advertisement() -> impl Strategy<Value = Advertisement> {
    prop::collection::vec(any_type(), 1..7).prop_map(|types| Advertisement::new(types).unwrap())
}

proptest! {
    #[test]
    fn a_list_reads_what_one_of_its_types_covers(ours in any_advertisement(), wanted in any_type()) {
        prop_assert_eq!(ours.can_read(&wanted), ours.iter().any(|one| one.covers(&wanted)));
    }

    #[test]
    fn what_is_missing_is_what_is_required_and_unreadable(
        ours in any_advertisement(),
        room in prop::collection::vec(any_type(), 1..7),
    ) {
        let room = Requirement::new(room).unwrap();
        let missing = missing(&ours, &room);
        for required in room.iter() {
            prop_assert_eq!(missing.contains(required), !ours.can_read(required));
        }
        prop_assert!(missing.iter().all(|one| room.iter().any(|required| required == one)));
    }

    #[test]
    fn whoever_adds_what_is_missing_misses_nothing(
        ours in any_advertisement(),
        room in prop::collection::vec(any_type(), 1..7),
    ) {
        let room = Requirement::new(room).unwrap();
        let more = ours.iter().cloned().chain(missing(&ours, &room));
        prop_assert_eq!(missing(&Advertisement::new(more).unwrap(), &room), []);
    }

    #[test]
    fn common_reads_exactly_what_each_reads(
        all in prop::collection::vec(any_advertisement(), 1..5),
        wanted in any_type(),
    ) {
        let shared = common(&all);
        let each = all.iter().all(|one| one.can_read(&wanted));
        prop_assert_eq!(shared.is_some_and(|shared| shared.can_read(&wanted)), each);
    }

    #[test]
    fn common_asks_neither_order_nor_repetition(
        all in prop::collection::vec(any_advertisement(), 1..5).prop_shuffle(),
    ) {
        let twice_backwards = all.iter().rev().chain(&all);
        prop_assert_eq!(common(&all), common(twice_backwards));
    }
}
