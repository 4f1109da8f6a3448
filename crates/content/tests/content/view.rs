//! Messages read where they lie: as strict as the owned decode, with the same content, and without allocating.

use crate::common::negatives::{head, negatives, with_part};
use crate::common::{ALICE, EXAMPLES, ROOM, content, example, salt, strategies, text};
use comity_content::{
    Body, BodyView, Content, ContentKey, ContentView, Disposition, EncodeError, ExtensionKey, ExternalPart,
    Limits, Part, PartIndex, PartSemantics, Received, Value,
};
use proptest::prelude::*;

/// What a part is, whichever way it was read.
fn described(index: PartIndex, part: &Part) -> String {
    let Part {
        disposition,
        language,
        body,
    } = part;
    let body = match body {
        Body::Null => "null".to_owned(),
        Body::Single(single) => format!("{:?} {:?}", single.media_type, single.content),
        Body::External(e) => format!(
            "{:?} {:?} {} {} {} {:?} {:?} {:?} {} {:?} {:?} {:?}",
            e.media_type,
            e.url,
            e.expires,
            e.size,
            e.encryption_algorithm,
            e.key.octets(),
            e.nonce,
            e.aad,
            e.hash_algorithm,
            e.content_hash,
            e.description,
            e.filename
        ),
        Body::Multi(multi) => format!("{:?} {}", multi.semantics(), multi.parts().len()),
    };
    format!("{index} {disposition:?} {language:?} {body}")
}

fn described_view(part: &comity_content::PartView<'_>) -> String {
    let body = match part.body {
        BodyView::Null => "null".to_owned(),
        BodyView::Single { media_type, content } => format!("{media_type:?} {content:?}"),
        BodyView::External(e) => format!(
            "{:?} {:?} {} {} {} {:?} {:?} {:?} {} {:?} {:?} {:?}",
            e.media_type,
            e.url,
            e.expires,
            e.size,
            e.encryption_algorithm,
            e.key,
            e.nonce,
            e.aad,
            e.hash_algorithm,
            e.content_hash,
            e.description,
            e.filename
        ),
        BodyView::Multi { semantics, parts } => format!("{semantics:?} {parts}"),
    };
    format!("{} {:?} {:?} {body}", part.index, part.disposition, part.language)
}

fn check(octets: &[u8]) {
    let (owned, view) = (Content::decode(octets), ContentView::decode(octets));
    let (owned, view) = match (owned, view) {
        (Ok(owned), Ok(view)) => (owned, view),
        (owned, view) => {
            assert_eq!(owned.err(), view.err(), "{}", hex::encode(octets));
            return;
        }
    };
    assert_eq!(view.to_content(), owned);
    assert_eq!((view.salt(), view.topic()), (&owned.salt, owned.topic.as_slice()));
    assert_eq!(
        (view.replaces(), view.in_reply_to()),
        (owned.replaces, owned.in_reply_to)
    );
    assert_eq!((view.expires(), view.octets()), (owned.expires, octets));
    assert_eq!(view.sender_uri(), owned.extensions.sender_uri());
    assert_eq!(view.room_uri(), owned.extensions.room_uri());
    for (key, value) in owned.extensions.iter() {
        assert_eq!(view.extension(key), Some(value.octets()));
    }
    assert_eq!(view.extension(&ExtensionKey::text("nobody's").unwrap()), None);
    let parts: Vec<_> = view.parts().map(|part| described_view(&part)).collect();
    let expected: Vec<_> = owned
        .part
        .walk()
        .map(|(index, part)| described(index, part))
        .collect();
    assert_eq!(parts, expected);
    assert!(view.parts().all(|part| part.level <= owned.part.levels()));
}

#[test]
fn every_example_is_viewed_as_it_is_decoded() {
    EXAMPLES.iter().for_each(|example| check(example.octets));
    let deepest = ContentView::decode(example("multipart-3").octets).unwrap();
    let levels: Vec<_> = deepest.parts().map(|part| part.level).collect();
    assert_eq!(levels, [1, 2, 3, 4, 4, 3, 2, 3, 4, 4, 3]);
}

#[test]
fn c_014_every_negative_vector_is_refused_by_the_view_for_the_same_reason_and_at_the_same_octet() {
    for negative in negatives() {
        let error = ContentView::decode(&negative.octets).unwrap_err();
        assert_eq!(
            (error.code(), error.offset),
            (negative.code, negative.offset),
            "{}",
            negative.name
        );
    }
    let octets = example("original").octets;
    let small = ContentView::decode_with(octets, Limits::with_octets(192)).unwrap_err();
    assert_eq!(small.code(), "content_too_large");
}

#[test]
fn c_029_a_view_allocates_nothing_however_much_there_is() {
    let many = content(
        1,
        Part::process_all((0..1000).map(|n| text(&format!("part {n}")))).unwrap(),
    );
    let large = content(2, text(&"x".repeat(500_000)));
    let mut all: Vec<Vec<u8>> = vec![many.encode().unwrap(), large.encode().unwrap()];
    all.extend(EXAMPLES.iter().map(|example| example.octets.to_vec()));
    for octets in &all {
        let mut parts = 0;
        let counted = allocation_counter::measure(|| {
            let view = ContentView::decode(octets).unwrap();
            parts = view.parts().count();
            assert_eq!(view.room_uri(), Some(ROOM));
        });
        assert!(parts > 0);
        assert_eq!(counted.count_total, 0, "{} octets", octets.len());
    }
}

#[test]
fn c_029_an_owned_decode_allocates_once_for_what_it_keeps() {
    for example in EXAMPLES {
        let counted = allocation_counter::measure(|| drop(Content::decode(example.octets).unwrap()));
        println!("{:3} allocations: {}", counted.count_total, example.name);
        let kept = Content::decode(example.octets).unwrap().part.count();
        // The map, its two values, the topic; for each part its texts, an external one with eight more and its box.
        assert!(counted.count_total <= 6 + 12 * kept as u64, "{}", example.name);
    }
}

#[test]
fn nested_parts_are_allocated_for_at_once() {
    let parts = vec![Part::null(Disposition::UNSPECIFIED); 100];
    let part = Part::multi(Disposition::RENDER, PartSemantics::ProcessAll, parts).unwrap();
    let octets = Content::unasserted(salt(1), part).encode().unwrap();
    let counted = allocation_counter::measure(|| drop(Content::decode(&octets).unwrap()));
    assert_eq!(counted.count_total, 1, "one list of a hundred");
}

#[test]
fn c_029_nothing_is_allocated_for_parts_that_are_not_there() {
    // It says that there are 1,000 parts, and has octets for ten of the smallest.
    let part = format!("8500600302{}{}", head(4, 1_000), "83006000".repeat(10));
    let octets = with_part(&part);
    let counted = allocation_counter::measure(|| {
        let error = Content::decode(&octets).expect_err("refused");
        assert_eq!((error.code(), error.offset), ("content_truncated", octets.len()));
    });
    let room_for_ten = 10 * size_of::<Part>() as u64;
    assert!(counted.bytes_max <= room_for_ten, "{} octets", counted.bytes_max);
}

#[test]
fn a_message_is_encoded_into_one_allocation_that_it_fills() {
    let long = |n: usize| "x".repeat(1_000 + n);
    let external = ExternalPart {
        media_type: long(1),
        url: long(2),
        key: ContentKey::new(vec![0; 32]),
        nonce: vec![0; 12],
        aad: long(3).into_bytes(),
        content_hash: vec![0; 32],
        description: long(4),
        filename: long(5),
        ..ExternalPart::default()
    };
    let mut single = Part::single(Disposition::RENDER, long(6), long(7));
    single.language = long(8);
    let parts = vec![single, Part::external(Disposition::ATTACHMENT, external)];
    let part = Part::multi(Disposition::RENDER, PartSemantics::ProcessAll, parts).unwrap();
    let mut large = content(1, part).on_topic(long(9));
    let key = ExtensionKey::text(&"k".repeat(255)).unwrap();
    large.extensions.insert(key, &Value::from(&*long(10))).unwrap();

    let examples = EXAMPLES
        .iter()
        .map(|example| Content::decode(example.octets).unwrap());
    for content in examples.chain([large]) {
        let mut octets = Vec::new();
        let counted = allocation_counter::measure(|| content.encode_into(&mut octets).unwrap());
        assert_eq!(counted.count_total, 1, "{content:?}");
        let parts = content.part.count();
        assert!(
            octets.capacity() <= octets.len() + 128 + 128 * parts,
            "{content:?}"
        );
    }
}

#[test]
fn a_buffer_is_used_again_for_the_next_message() {
    let mut buffer = Vec::new();
    for example in EXAMPLES {
        let content = Content::decode(example.octets).unwrap();
        buffer.clear();
        content.encode_into(&mut buffer).unwrap();
        assert_eq!(buffer, example.octets);
    }
    let content = content(1, text("again"));
    let counted = allocation_counter::measure(|| {
        buffer.clear();
        content.encode_into(&mut buffer).unwrap();
    });
    assert_eq!(counted.count_total, 0, "there is room enough");
    let before = buffer.clone();
    content.encode_into(&mut buffer).unwrap();
    assert_eq!(buffer, [before.clone(), before].concat(), "a message is appended");
    let too_long = content.clone().on_topic(vec![0; 4097]);
    let length = buffer.len();
    assert_eq!(too_long.encode_into(&mut buffer), Err(EncodeError::TopicTooLong));
    assert_eq!(buffer.len(), length, "or nothing");
}

#[test]
fn nothing_that_is_said_or_secret_is_in_what_a_view_prints() {
    let octets = content(1, text("secret words")).encode().unwrap();
    let view = ContentView::decode(&octets).unwrap();
    let printed = format!("{view:?} {:?} {:?}", view.parts(), view.parts().next().unwrap());
    assert!(
        !printed.contains("secret") && !printed.contains(ALICE),
        "{printed}"
    );
    assert_eq!(
        format!("{view:?}"),
        format!("ContentView({} octets)", octets.len())
    );
    assert_eq!(format!("{:?}", view.parts()), "PartViews(from 0)");
    let body = |name| {
        format!(
            "{:?}",
            ContentView::decode(example(name).octets)
                .unwrap()
                .parts()
                .next()
                .unwrap()
                .body
        )
    };
    assert_eq!(
        body("original"),
        r#"Single("text/markdown;variant=GFM-MIMI", 57 octets)"#
    );
    assert_eq!(body("attachment"), r#"External("video/mp4")"#);
    assert_eq!(body("multipart-1"), "Multi(ChooseOne, 2 parts)");
    assert_eq!(body("delete"), "Null");
    let attachment = ContentView::decode(example("attachment").octets).unwrap();
    let part = attachment.parts().next().unwrap();
    let BodyView::External(external) = part.body else {
        panic!("{part:?}")
    };
    assert_eq!(format!("{external:?}"), r#"ExternalView("video/mp4")"#);
    assert_eq!(Received::decode(octets.clone()).unwrap().octets(), view.octets());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_message_is_viewed_as_it_is_decoded(content in strategies::content()) {
        check(&content.encode().unwrap());
    }

    #[test]
    fn c_029_whatever_is_refused_is_refused_alike(
        example in prop::sample::select(EXAMPLES.iter().collect::<Vec<_>>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut octets = example.octets.to_vec();
        for (at, octet, how) in changes {
            let at = at.index(octets.len());
            match how {
                0 => octets[at] = octet,
                1 => octets[at] ^= 1 << (octet % 8),
                2 => octets.insert(at, octet),
                _ => drop(octets.remove(at)),
            }
        }
        check(&octets);
    }
}
