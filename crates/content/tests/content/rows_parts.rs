//! Parts, dispositions and selection, row by row of the checklist.

use crate::common::{HTML, MARKDOWN, PLAIN, content, example, text};
use comity_content::cid::{self, LinkError};
use comity_content::{
    Class, Content, Disposition, Part, PartError, PartIndex, PartSemantics, PassedOverBecause, Selection,
    Supported, Wish, check_outgoing, classify, derive, leaf_media_types, readable, select, select_by,
};
use comity_room::{Advertisement, MediaType, media_types};

const VENDOR: &str = "application/vnd.examplevendor-fancy-im-message";

fn supported(types: &[&str], languages: &[&str]) -> Supported {
    let media = Advertisement::new(types.iter().map(|t| MediaType::parse(t).unwrap())).unwrap();
    Supported {
        media,
        languages: languages.iter().map(|l| (*l).to_owned()).collect(),
    }
}

fn published(name: &str) -> Content {
    Content::decode(example(name).octets).unwrap()
}

fn single(media_type: &str) -> Part {
    Part::single(Disposition::RENDER, media_type, "x")
}

fn multi(semantics: PartSemantics, parts: impl Into<Vec<Part>>) -> Part {
    Part::multi(Disposition::RENDER, semantics, parts.into()).unwrap()
}

fn indices(selection: &Selection<'_>) -> [Vec<u16>; 4] {
    let all = |chosen: &[comity_content::Chosen<'_>]| chosen.iter().map(|chosen| chosen.index.0).collect();
    [
        all(&selection.chosen),
        all(&selection.embedded),
        selection
            .passed_over
            .iter()
            .map(|passed| passed.index.0)
            .collect(),
        all(&selection.unsupported),
    ]
}

/// Chosen, embedded, passed over and unsupported parts, by index.
fn selected(content: &Content, types: &[&str], languages: &[&str]) -> [Vec<u16>; 4] {
    indices(&select(content, &supported(types, languages)))
}

#[test]
fn c_044_exactly_one_of_a_choose_one_is_processed() {
    let welcome = published("multipart-1");
    assert_eq!(
        selected(&welcome, &[MARKDOWN], &[]),
        [vec![1], vec![], vec![2], vec![]]
    );
    assert_eq!(
        selected(&welcome, &[VENDOR], &[]),
        [vec![2], vec![], vec![1], vec![]]
    );
    assert_eq!(
        selected(&welcome, &[VENDOR, MARKDOWN], &[]),
        [vec![1], vec![], vec![2], vec![]],
        "the sender's first"
    );
    assert_eq!(
        selected(&welcome, &["image/png"], &[]),
        [vec![], vec![], vec![], vec![1, 2]]
    );

    let nested = published("multipart-3");
    assert_eq!(
        selected(&nested, &[HTML, "image/png"], &["en"]),
        [vec![8], vec![10], vec![1, 9], vec![]]
    );
    assert_eq!(
        selected(&nested, &[HTML, "image/gif"], &["en"]),
        [vec![3], vec![5], vec![4, 6], vec![]]
    );
}

#[test]
fn c_044_why_a_version_was_passed_over_is_told() {
    let nested = published("multipart-3");
    let selection = select(&nested, &supported(&[HTML, "image/png"], &[]));
    let because: Vec<_> = selection
        .passed_over
        .iter()
        .map(|p| (p.index.0, p.because))
        .collect();
    // The GIF version can be read for its text, but only in part.
    assert_eq!(
        because,
        [
            (1, PassedOverBecause::AnotherSuitsBetter),
            (9, PassedOverBecause::AnotherSuitsBetter)
        ]
    );
    let welcome = published("multipart-1");
    let selection = select(&welcome, &supported(&[MARKDOWN], &[]));
    assert_eq!(selection.passed_over[0].because, PassedOverBecause::CannotBeRead);
}

#[test]
fn c_044_nothing_is_chosen_only_when_there_is_nothing_else() {
    let nothing = || Part::null(Disposition::RENDER);
    let message = content(
        1,
        multi(
            PartSemantics::ChooseOne,
            [nothing(), single(PLAIN).in_language("en").unwrap()],
        ),
    );
    assert_eq!(selected(&message, &[PLAIN], &["fr"])[0], [2]);
    assert_eq!(selected(&message, &["image/png"], &["fr"])[0], [1]);
}

#[test]
fn c_045_of_a_single_unit_all_is_processed_or_none() {
    let unit = content(
        1,
        multi(PartSemantics::SingleUnit, [single(PLAIN), single("image/png")]),
    );
    assert_eq!(
        selected(&unit, &[PLAIN, "image/png"], &[]),
        [vec![1, 2], vec![], vec![], vec![]]
    );
    assert_eq!(selected(&unit, &[PLAIN], &[]), [vec![], vec![], vec![1], vec![2]]);
    let selection = select(&unit, &supported(&[PLAIN], &[]));
    assert_eq!(
        selection.passed_over[0].because,
        PassedOverBecause::UnitIncomplete
    );
}

#[test]
fn c_046_of_a_process_all_whatever_can_be_is_processed() {
    let reactions = Part::reactions(["❤", "🥳", "🤞"]).unwrap();
    let mut parts: Vec<_> = reactions.children().to_vec();
    parts.insert(1, single(VENDOR));
    let mixed = content(1, multi(PartSemantics::ProcessAll, parts));
    assert_eq!(
        selected(&mixed, &[PLAIN], &[]),
        [vec![1, 3, 4], vec![], vec![], vec![2]]
    );
    assert_eq!(selected(&published("multipart-2"), &[PLAIN], &[])[0], [1, 2, 3]);
}

#[test]
fn c_047_the_readers_language_decides_before_the_senders_order() {
    let nested = published("multipart-3");
    let types = [HTML, "image/gif", "image/png"];
    for (languages, first) in [
        (&["fr"][..], 4),
        (&["fr-CA", "en"], 4),
        (&["de", "en-GB"], 3),
        (&["de"], 3),
        (&[], 3),
    ] {
        assert_eq!(selected(&nested, &types, languages)[0], [first], "{languages:?}");
    }
    assert_eq!(
        selected(&nested, &[HTML, "image/png"], &["fr"])[..2],
        [vec![9], vec![10]]
    );
}

#[test]
fn c_047_for_a_reader_without_preferences_the_senders_order_decides() {
    let english = single(PLAIN).in_language("en").unwrap();
    let message = content(1, multi(PartSemantics::ChooseOne, [english, single(PLAIN)]));
    assert_eq!(selected(&message, &[PLAIN], &[])[0], [1]);
    assert_eq!(selected(&message, &[PLAIN], &["fr"])[0], [2]);
}

#[test]
fn c_047_the_language_of_what_is_nested_speaks_for_a_whole_alternative() {
    let page = |language: &str| single(HTML).in_language(language).unwrap();
    let english = multi(PartSemantics::ProcessAll, [page("en"), single("image/png")]);
    let french = multi(PartSemantics::ProcessAll, [page("fr"), single("image/png")]);
    let message = content(
        1,
        multi(PartSemantics::ChooseOne, [english, french, single(PLAIN)]),
    );
    let types = [HTML, "image/png", PLAIN];
    assert_eq!(selected(&message, &types, &["fr"])[0], [5, 6]);
    assert_eq!(selected(&message, &types, &["en"])[0], [2, 3]);
    assert_eq!(
        selected(&message, &types, &["de"])[0],
        [7],
        "rather no language than a foreign one"
    );
}

#[test]
fn c_047_the_local_policy_decides_before_the_language() {
    let content = published("multipart-3");
    let readable = supported(&["text/html", "image/gif", "image/png"], &["fr"]);
    let chosen = |policy: &dyn Fn(&Part) -> Wish| {
        let selection = select_by(&content, &readable, |part| policy(part));
        let [chosen, _, passed_over, unsupported] = indices(&selection);
        let because: Vec<_> = selection.passed_over.iter().map(|p| p.because).collect();
        (chosen, passed_over, unsupported, because)
    };
    use PassedOverBecause::{AnotherSuitsBetter, NotWanted};
    let all = chosen(&|_| Wish::Rank(3));
    assert_eq!(
        all.0,
        indices(&select(&content, &readable))[0],
        "a policy without preference changes nothing"
    );

    // Prefers PNG to GIF, and takes the other language for it.
    let rather_png = chosen(&|part| Wish::Rank(u8::from(part.media_type() == Some("image/gif"))));
    assert!(rather_png.3.contains(&AnotherSuitsBetter));
    assert_ne!(rather_png.0, all.0);

    let words_only = chosen(&|part| match part.media_type() {
        Some(media_type) if media_type.starts_with("image/") => Wish::Never,
        _ => Wish::Rank(0),
    });
    assert!(
        words_only.2.is_empty(),
        "what is not wanted is not called unsupported"
    );
    assert!(
        words_only
            .3
            .iter()
            .all(|because| *because != AnotherSuitsBetter || words_only.0.len() == 1)
    );
    let nothing = chosen(&|_| Wish::Never);
    assert_eq!((nothing.0, nothing.2), (vec![], vec![]));
    assert!(
        !nothing.3.is_empty() && nothing.3.iter().all(|because| *because == NotWanted),
        "{:?}",
        nothing.3
    );
}

#[test]
fn c_047_a_policy_is_asked_about_what_can_be_read_only() {
    let parts = [
        single("text/plain"),
        single("application/vnd.example.x"),
        single("image/png"),
    ];
    let content = content(1, multi(PartSemantics::ProcessAll, parts));
    let mut asked = Vec::new();
    let selection = select_by(&content, &supported(&["text/plain", "image/png"], &[]), |part| {
        asked.extend(part.media_type().map(str::to_owned));
        if part.media_type() == Some("image/png") {
            Wish::Never
        } else {
            Wish::Rank(200)
        }
    });
    assert_eq!(asked, ["text/plain", "image/png"]);
    assert_eq!(indices(&selection), [vec![1], vec![], vec![3], vec![2]]);
    assert_eq!(selection.passed_over[0].because, PassedOverBecause::NotWanted);
}

#[test]
fn c_048_indices_count_every_part_depth_first_from_0() {
    let nested = published("multipart-3");
    assert_eq!(
        nested.part.at(PartIndex(5)).unwrap().media_type(),
        Some("image/gif")
    );
    assert_eq!(
        nested.part.at(PartIndex(10)).unwrap().media_type(),
        Some("image/png")
    );
    assert_eq!(nested.part.at(PartIndex(0)), Some(&nested.part));
    assert_eq!(nested.part.at(PartIndex(7)).unwrap().children().len(), 2);
    assert_eq!(nested.part.at(PartIndex(11)), None);
    let walked: Vec<u16> = nested.part.walk().map(|(index, _)| index.0).collect();
    assert_eq!(walked, (0..11).collect::<Vec<_>>(), "multiparts counted");
}

#[test]
fn c_049_a_link_leads_to_a_single_or_external_part_only() {
    let nested = published("multipart-3");
    assert_eq!(
        cid::resolve(&nested.part, PartIndex(5)).unwrap().media_type(),
        Some("image/gif")
    );
    assert_eq!(
        cid::resolve(&nested.part, PartIndex(2)),
        Err(LinkError::NotContent)
    );
    assert_eq!(
        cid::resolve(&nested.part, PartIndex(11)),
        Err(LinkError::NoSuchPart)
    );
    assert_eq!(check_outgoing(&nested), Ok(()));

    for (target, code) in [(0, "link_not_content"), (3, "link_no_such_part")] {
        let page = Part::single(Disposition::RENDER, HTML, cid::link(PartIndex(target)));
        let message = content(1, multi(PartSemantics::ProcessAll, [page, single("image/png")]));
        let error = check_outgoing(&message).unwrap_err();
        assert_eq!((error.code(), error.index), (code, PartIndex(1)));
        assert!(cid::check(&message.part).is_err());
    }
    let attachment = published("attachment");
    assert!(
        cid::resolve(&attachment.part, PartIndex::ROOT).is_ok(),
        "an external part"
    );
}

#[test]
fn c_050_what_an_earlier_part_shows_is_not_shown_again() {
    let nested = published("multipart-3");
    let selection = select(&nested, &supported(&[HTML, "image/gif", "image/png"], &[]));
    assert_eq!(
        selection
            .chosen
            .iter()
            .map(|c| c.part.media_type())
            .collect::<Vec<_>>(),
        [Some(HTML)]
    );
    assert_eq!(selection.embedded[0].part.media_type(), Some("image/gif"));

    let picture = Part::single(Disposition::ATTACHMENT, "image/png", "x");
    let page = Part::single(Disposition::RENDER, HTML, cid::link(PartIndex(1)));
    let later = content(1, multi(PartSemantics::ProcessAll, [picture.clone(), page]));
    assert_eq!(
        selected(&later, &[HTML, "image/png"], &[])[..2],
        [vec![1, 2], vec![]],
        "a later part links to it"
    );
    let page = Part::single(Disposition::RENDER, HTML, cid::link(PartIndex(2)));
    let earlier = content(1, multi(PartSemantics::ProcessAll, [page, picture]));
    assert_eq!(
        selected(&earlier, &[HTML, "image/png"], &[])[..2],
        [vec![1], vec![2]],
        "whatever its disposition"
    );
}

#[test]
fn c_051_an_unknown_disposition_is_kept_and_handled_as_render() {
    let disposition = Disposition::from_value(200);
    assert_eq!((disposition.value(), disposition.name()), (200, None));
    assert_eq!(disposition.handled_as(), Disposition::RENDER);
    assert_eq!(Disposition::PREVIEW.handled_as(), Disposition::PREVIEW);
    let message = content(1, Part::single(disposition, PLAIN, "x"));
    assert_eq!(Content::decode(&message.encode().unwrap()), Ok(message));
}

#[test]
fn c_052_unknown_types_and_languages_are_named_with_their_octets_and_no_error() {
    for media_type in ["application/vnd.nobody-knows", "not a media type", "", "🤷"] {
        let part = Part {
            language: "not a language".into(),
            ..Part::single(Disposition::RENDER, media_type, "raw")
        };
        let message = content(1, part);
        let message = Content::decode(&message.encode().unwrap()).unwrap();
        let selection = select(&message, &supported(&[PLAIN], &["en"]));
        assert_eq!(selection.chosen, []);
        assert_eq!(selection.unsupported_types().collect::<Vec<_>>(), [media_type]);
        let comity_content::Body::Single(single) = &selection.unsupported[0].part.body else {
            panic!("single")
        };
        assert_eq!(single.content, b"raw");
    }
}

#[test]
fn c_053_a_language_is_empty_or_a_list_of_tags() {
    for good in ["", "en", "en-GB", "zh-Hant-TW", "de-CH-1996,fr"] {
        assert!(text("x").in_language(good).is_ok(), "{good}");
    }
    for bad in ["english!", "en,", ",", "en, fr", "en_US"] {
        assert_eq!(text("x").in_language(bad), Err(PartError::Language), "{bad}");
        let part = Part {
            language: bad.into(),
            ..text("x")
        };
        assert_eq!(
            check_outgoing(&content(1, part)).unwrap_err().code(),
            "outgoing_language"
        );
    }
}

#[test]
fn c_054_a_vendor_type_alone_is_not_readable_by_everyone_beside_a_baseline_it_is() {
    let baseline = media_types::baseline();
    assert!(!readable(&single(VENDOR), &baseline));
    assert!(readable(&published("multipart-1").part, &baseline));
    let both = Advertisement::new([MediaType::parse(VENDOR).unwrap()]).unwrap();
    assert!(readable(&single(VENDOR), &both), "unless all support it");
}

#[test]
fn c_064_media_types_are_compared_as_names_and_not_as_texts() {
    let advertised = supported(&[PLAIN, MARKDOWN], &[]).media;
    for good in [
        "Text/Plain; charset=UTF-8",
        "text/plain",
        "text/markdown",
        "TEXT/MARKDOWN;VARIANT=gfm-mimi",
    ] {
        assert!(readable(&single(good), &advertised), "{good}");
    }
    for bad in [
        "text/plain;charset=koi8-r",
        "text/markdown;variant=CommonMark",
        "text/html",
    ] {
        assert!(!readable(&single(bad), &advertised), "{bad}");
    }
    for plain in ["text/plain", "TEXT/Plain ; charset=utf-8"] {
        assert!(derive::is_basic(&single(plain)), "{plain}");
    }
    for report in [
        "application/mimi-message-status",
        "Application/MIMI-Message-Status",
    ] {
        assert_eq!(classify(&content(1, single(report))), Class::Report, "{report}");
    }
    assert_eq!(classify(&content(1, single("application/mimi"))), Class::Message);
}

#[test]
fn c_069_several_reactions_never_share_a_text() {
    assert_eq!(Part::reaction("❤🥳"), Err(PartError::SeveralReactions));
    assert!(Part::reaction("👩‍👩‍👧‍👦").is_ok() && Part::reaction("+1").is_ok());
    assert_eq!(Part::reactions(["❤", "🥳🤞"]), Err(PartError::SeveralReactions));
    for media_type in [PLAIN, "text/plain", "Text/PLAIN"] {
        let smuggled = Part::single(Disposition::REACTION, media_type, "❤🥳");
        let error = check_outgoing(&content(1, smuggled)).unwrap_err();
        assert_eq!(error.code(), "outgoing_several_reactions", "{media_type}");
    }
    let picture = Part::single(Disposition::REACTION, "image/svg+xml", "❤🥳");
    assert_eq!(check_outgoing(&content(1, picture)), Ok(()), "whatever it draws");
    assert_eq!(check_outgoing(&published("multipart-2")), Ok(()));
}

#[test]
fn readable_is_the_same_rule_for_all_three_semantics() {
    let media = supported(&[PLAIN], &[]).media;
    let pair = |semantics| multi(semantics, [single(PLAIN), single(VENDOR)]);
    for (semantics, expected) in [
        (PartSemantics::ChooseOne, true),
        (PartSemantics::ProcessAll, true),
        (PartSemantics::SingleUnit, false),
    ] {
        assert_eq!(readable(&pair(semantics), &media), expected, "{semantics:?}");
        let selection_shows = !select(&content(1, pair(semantics)), &supported(&[PLAIN], &[]))
            .chosen
            .is_empty();
        assert_eq!(
            selection_shows, expected,
            "and a receiver sees what the sender foretold"
        );
        assert!(!readable(
            &multi(semantics, [single(VENDOR), single(HTML)]),
            &media
        ));
    }
    assert!(
        readable(&published("conferencing").part, &media),
        "a session without a type is a link"
    );
    assert!(!readable(&published("attachment").part, &media));
}

#[test]
fn the_media_types_of_all_leaves_are_named() {
    let nested = published("multipart-3");
    let types: Vec<_> = leaf_media_types(&nested.part).collect();
    assert_eq!(types, [HTML, HTML, "image/gif", HTML, HTML, "image/png"]);
    assert_eq!(leaf_media_types(&published("conferencing").part).count(), 0);
}
