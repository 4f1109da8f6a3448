//! Bodies: what a person sends, and what is derived from it for others.

use comity_content::attachment::AttachmentError;
use comity_content::compose::{ComposeError, Contact, Location, PREVIEW_OCTETS, Words, previews};
use comity_content::derive::{Origin, alternatives, basic_of, is_basic};
use comity_content::markdown::{to_html, to_plain_text};
use comity_content::{
    Body, Class, Content, Disposition, ExternalPart, Part, PartError, check_outgoing, media,
};

use super::{check, file, said};
use crate::common::{ALICE, BOB, MARKDOWN, example, user};

fn text_of(part: &Part) -> &str {
    match &part.body {
        Body::Single(single) => std::str::from_utf8(&single.content).unwrap(),
        _ => panic!("a single part"),
    }
}

#[test]
fn every_body_that_a_person_sends_is_a_message() {
    let bodies = [
        Part::text("Pizza?"),
        Part::markdown("**Pizza?**"),
        Part::html("<b>Pizza?</b>"),
        Part::attachment(file("application/pdf")).unwrap(),
        Part::voice(file("audio/ogg;codecs=opus")).unwrap(),
        Part::image(file("image/jpeg")).unwrap(),
        Part::video(file("video/mp4")).unwrap(),
        Part::session("https://meet.example/lunch", "Lunch", 0).unwrap(),
        Part::vendor("application/vnd.example.poll", "{}").unwrap(),
        Part::choose_one([Part::html("<b>x</b>"), Part::markdown("**x**"), Part::text("x")]).unwrap(),
        Part::process_all([Part::text("two photos"), Part::image(file("image/png")).unwrap()]).unwrap(),
        Part::single_unit([Part::text("a"), Part::text("b")]).unwrap(),
        Part::in_languages([("de", Part::text("Pizza?")), ("fr-CH,fr", Part::text("Pizza ?"))]).unwrap(),
        Part::choose_one(Location::new(46.9481, 7.4474).unwrap().alternatives("Lunch")).unwrap(),
        Part::choose_one(Contact::named("Alice").alternatives().unwrap()).unwrap(),
    ];
    for body in bodies {
        check(&said(1, body).0, Class::Message);
    }
}

#[test]
fn c_049_a_link_to_a_part_leads_to_a_single_or_external_part() {
    let body = |link: &str| {
        let html = Part::html(&format!("<img src='{link}'>"));
        Part::single_unit([html, Part::image(file("image/png")).unwrap()]).unwrap()
    };
    check(&said(1, body("cid:2@local.invalid")).0, Class::Message);
    assert!(
        check_outgoing(&said(1, body("cid:0@local.invalid")).0).is_err(),
        "the root is a multipart"
    );
}

#[test]
fn c_053_a_part_in_a_language_names_it_rightly() {
    let wrong =
        |language| Part::in_languages([(language, Part::text("a")), ("en", Part::text("b"))]).unwrap_err();
    for language in ["", "en_US", "deutsch!"] {
        assert_eq!(wrong(language), PartError::Language);
    }
}

#[test]
fn c_054_a_vendor_type_has_a_media_type_and_needs_words_beside_it() {
    assert_eq!(Part::vendor("poll", "x").unwrap_err(), ComposeError::MediaType);
    let poll = Part::vendor("application/vnd.example.poll", "x").unwrap();
    let derived = alternatives(poll.clone());
    assert_eq!(derived.len(), 1, "no machine knows what it means");
    assert!(!is_basic(&derived[0].part));
    let with_words = Part::choose_one([poll, Part::text("Pizza or pasta?")]).unwrap();
    assert!(comity_content::readable(
        &with_words,
        &comity_room::media_types::baseline()
    ));
}

#[test]
fn c_080_only_members_are_mentioned_and_nobodys_name_is_formatting() {
    let bob = user(BOB);
    let words = Words::new()
        .text("*Thanks*, ")
        .mention(&bob, "B](x) **ob**", |_| true)
        .unwrap()
        .text("!");
    let part = words.part();
    assert_eq!(part.media_type(), Some(MARKDOWN));
    let mentioned = comity_content::markdown::mentions(text_of(&part), |uri| *uri == bob);
    assert_eq!((mentioned.len(), mentioned[0].hint.as_str()), (1, "B](x) **ob**"));
    let stranger = Words::new().mention(&bob, "Bob", |_| false).unwrap_err();
    assert_eq!(stranger, ComposeError::NotAMember);
    assert!(!format!("{words:?}").contains("Thanks"));
}

#[test]
fn c_089_a_session_is_told_from_a_file_and_has_its_url() {
    let published = Content::decode(example("conferencing").octets).unwrap();
    let Body::External(external) = &published.part.body else {
        panic!("an external part")
    };
    assert_eq!(published.part.disposition, Disposition::SESSION);
    let ours = Part::session(&external.url, &external.description, external.expires).unwrap();
    assert_eq!(ours, published.part);
    for url in [
        "file:///etc/passwd",
        "javascript:x",
        "meet.example",
        "https://",
        "https://a@b.example",
        "https://a b/",
    ] {
        let refused = Part::session(url, "", 0).unwrap_err();
        assert_eq!(refused, ComposeError::Attachment(AttachmentError::Url), "{url}");
    }
}

#[test]
fn c_100_only_what_can_be_fetched_and_decrypted_is_sent() {
    let part = file("image/png");
    for (wrong, reason) in [
        (
            ExternalPart {
                url: "ftp://a.example/x".into(),
                ..part.clone()
            },
            AttachmentError::Url,
        ),
        (
            ExternalPart {
                url: String::new(),
                ..part.clone()
            },
            AttachmentError::Url,
        ),
        (
            ExternalPart {
                nonce: vec![],
                ..part.clone()
            },
            AttachmentError::NonceLength,
        ),
        (
            ExternalPart {
                encryption_algorithm: 30,
                ..part.clone()
            },
            AttachmentError::UnknownEncryption(30),
        ),
    ] {
        assert_eq!(
            Part::attachment(wrong.clone()).unwrap_err(),
            ComposeError::Attachment(reason)
        );
        assert_eq!(Part::image(wrong).unwrap_err(), ComposeError::Attachment(reason));
    }
    for (part, other) in [(Part::voice(part.clone()), "audio"), (Part::video(part), "video")] {
        assert_eq!(
            part.unwrap_err(),
            ComposeError::MediaType,
            "an image is no {other}"
        );
    }
}

#[test]
fn an_image_has_previews_that_are_found_again() {
    let image = Part::image(file("image/jpeg")).unwrap();
    let previewed = image
        .clone()
        .previewed([("image/png", vec![1; 80]), ("image/jpeg", vec![2; 4000])])
        .unwrap();
    check(&said(1, previewed.clone()).0, Class::Message);
    let (small, subject) = previews(&previewed).unwrap();
    assert_eq!((small.len(), subject), (2, &image));
    assert!(
        small
            .iter()
            .all(|preview| preview.disposition == Disposition::PREVIEW)
    );
    assert_eq!(previews(&image), None);
    let album = Part::process_all([image.clone(), image.clone()]).unwrap();
    assert_eq!(previews(&album), None, "two photos are no preview of each other");
    let large = image
        .clone()
        .previewed([("image/png", vec![0; PREVIEW_OCTETS + 1])]);
    assert_eq!(large.unwrap_err(), ComposeError::PreviewTooLarge);
    let words = image.previewed([("text/plain", vec![])]);
    assert_eq!(words.unwrap_err(), ComposeError::MediaType);
}

#[test]
fn a_place_is_a_map_for_some_and_a_link_for_all() {
    let bern = Location::new(46.9481, 7.4474).unwrap();
    let [map, link, words] = &bern.alternatives("Lunch \"here\"")[..] else {
        panic!("three alternatives")
    };
    assert_eq!(map.media_type(), Some(media::GEO_JSON));
    let json: serde_json::Value = serde_json::from_str(text_of(map)).unwrap();
    assert_eq!(
        json["geometry"]["coordinates"],
        serde_json::json!([7.4474, 46.9481]),
        "longitude first"
    );
    assert_eq!(json["properties"]["name"], "Lunch \"here\"");
    assert_eq!(text_of(link), "[Lunch \"here\"](geo:46.9481,7.4474)");
    assert_eq!(text_of(words), "Lunch \"here\" (geo:46.9481,7.4474)");
    assert_eq!(text_of(&bern.alternatives(" ")[2]), "geo:46.9481,7.4474");
    for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
        assert_eq!(
            Location::new(latitude, longitude).map(drop),
            Err(ComposeError::NotAPlace)
        );
    }
    assert_eq!(Location::new(-0.0, -0.0).unwrap().uri(), "geo:0,0");
    assert_eq!(format!("{bern:?}"), "Location(..)");
}

#[test]
fn a_contact_is_a_card_for_some_and_lines_for_all() {
    let mut contact = Contact::named("Zoë, of; \\ x\nEND:VCARD");
    contact.phones.push("+41 44 668 18 00".into());
    contact.emails.push("zoe@example.com".into());
    contact.users.push(user(ALICE));
    let [card, words] = &contact.alternatives().unwrap()[..] else {
        panic!("two alternatives")
    };
    assert_eq!(card.media_type(), Some(media::VCARD));
    assert_eq!(
        text_of(card),
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Zoë\\, of\\; \\\\ x\\nEND:VCARD\r\nTEL:+41 44 668 18 00\r\n\
         EMAIL:zoe@example.com\r\nIMPP:mimi://example.com/u/alice-smith\r\nEND:VCARD\r\n"
    );
    assert_eq!(
        text_of(words),
        format!("Zoë, of; \\ x\nEND:VCARD\n+41 44 668 18 00\nzoe@example.com\n{ALICE}")
    );
    assert_eq!(Contact::default().alternatives(), Err(ComposeError::EmptyContact));
    let long = Contact::named("ä".repeat(100)).alternatives().unwrap();
    assert!(text_of(&long[0]).lines().all(|line| line.len() <= 75));
    assert!(!format!("{contact:?}").contains("Zo"));
}

#[test]
fn a_basic_form_is_derived_where_a_machine_can_and_marked() {
    let origins = |part: Part| {
        let derived = alternatives(part);
        let last = derived.last().unwrap().part.clone();
        (derived.iter().map(|form| form.origin).collect::<Vec<_>>(), last)
    };
    let (chain, last) = origins(
        Part::html("<p>We <b>shipped</b> &amp; ate</p>")
            .in_language("en")
            .unwrap(),
    );
    assert_eq!(chain, [Origin::Given, Origin::Converted, Origin::Converted]);
    assert_eq!(
        (text_of(&last), last.language.as_str()),
        ("We shipped & ate", "en")
    );
    let (chain, last) = origins(Part::markdown("We __shipped__"));
    assert_eq!(chain, [Origin::Given, Origin::Converted]);
    assert!(is_basic(&last));
    assert_eq!(text_of(&last), "We shipped");
    let (chain, last) = origins(Part::image(file("image/jpeg")).unwrap());
    assert_eq!(chain, [Origin::Given, Origin::Described]);
    assert_eq!(text_of(&last), "IMG 1.jpg [image/jpeg, 1.5 MB]");
    let (_, last) = origins(
        Part::voice(ExternalPart {
            filename: String::new(),
            size: 0,
            ..file("audio/ogg")
        })
        .unwrap(),
    );
    assert_eq!(text_of(&last), "[audio/ogg]");
    let (_, last) = origins(Part::session("https://meet.example/x", "Lunch", 0).unwrap());
    assert_eq!(text_of(&last), "Lunch: https://meet.example/x");
    let (_, last) = origins(Part::single(Disposition::INLINE, "image/png", vec![0; 812]));
    assert_eq!(text_of(&last), "[image/png, 812 B]");
    let derived = alternatives(Part::text("x"));
    assert!(!derived[0].is_derived() && derived.len() == 1);
    assert_eq!(basic_of(&Part::reaction("❤").unwrap()), None);
    assert_eq!(basic_of(&Part::null(Disposition::RENDER)), None);
    let sizes = [999_u64, 1000, 9_950, 12_345, 708_234_961, u64::MAX].map(|size| {
        text_of(
            &basic_of(
                &Part::image(ExternalPart {
                    filename: String::new(),
                    size,
                    ..file("image/png")
                })
                .unwrap(),
            )
            .unwrap()
            .0,
        )
        .to_owned()
    });
    assert_eq!(
        sizes,
        ["999 B", "1.0 kB", "9.9 kB", "12 kB", "708 MB", "18 EB"].map(|size| format!("[image/png, {size}]"))
    );
}

#[test]
fn words_keep_their_spaces_and_lines_whichever_pieces_they_come_in() {
    let words = |pieces: &[&str]| pieces.iter().fold(Words::new(), |words, piece| words.text(piece));
    for (pieces, shown) in [
        (&["Bob", " is here"][..], "Bob is here"),
        (&["one\n", "two"], "one\ntwo"),
        (&["one\r\n", "  two\n"], "one\ntwo"),
        (&["one\n", "", "\n two"], "one\n\ntwo"),
        (&["one", "\ntwo"], "one\ntwo"),
        (&["one\n", "> two"], "one\n> two"),
        (&["1", ". one"], "1. one"),
        (&["\n12", ") one"], "12) one"),
    ] {
        let words = words(pieces);
        assert_eq!(to_plain_text(words.as_str()), shown, "{pieces:?}");
        let html = to_html(words.as_str());
        let lines = html.matches("<br />").count() + 2 * (html.matches("<p>").count() - 1);
        assert_eq!(lines, shown.matches('\n').count(), "{html}");
    }
    let link = Words::new()
        .link("@Bob", "mimi://b.example/u/bob")
        .text(" is here\n")
        .markdown("*now*");
    assert_eq!(link.as_str(), "[@Bob](mimi://b.example/u/bob) is here\\\n*now*");
}
