//! Receipts, row by row of the checklist.

use crate::common::{ALICE, BOB, CATHY, EXAMPLES, example, room, salt, stored, text, user};
use comity_content::compose::Author;
use comity_content::{
    Class, Content, MessageId, Part, Place, REPORT_ENTRIES, Receipts, Received, ReportPolicy, Status,
    StatusReport, classify, fold, is_reported,
};
use comity_room::Timestamp;
use proptest::prelude::*;

/// The published report of Bob's, in hex.
const PUBLISHED: &str = concat!(
    "84825820017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f402",
    "825820015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b2702",
    "825820018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af00",
    "82582001e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a0303",
);

fn id(name: &str) -> MessageId {
    MessageId::parse(example(name).id).unwrap()
}

fn place(millis: u64) -> Place {
    Place {
        accepted: Timestamp::from_millis(millis),
        id: id("original"),
    }
}

/// The standing of Bob to the original after these reports, one a client and a millisecond each.
fn after(statuses: &[Status]) -> Option<Status> {
    let mut receipts = Receipts::new();
    for (millis, status) in (1..).zip(statuses) {
        let report = StatusReport::of(*status, [id("original")]);
        receipts.apply(&user(BOB), place(millis), &report, |_| true);
    }
    receipts.of(id("original"), &user(BOB))?.status()
}

#[test]
fn c_090_the_published_report_is_read_and_written() {
    let octets = hex::decode(PUBLISHED).unwrap();
    assert_eq!(octets.len(), 145);
    let report = StatusReport::decode(&octets).unwrap();
    assert_eq!(
        report.entries(),
        [
            (id("original"), Status::READ),
            (id("reply"), Status::READ),
            (id("mention"), Status::UNREAD),
            (id("expiring"), Status::EXPIRED),
        ]
    );
    assert_eq!(report.encode(), octets);
    assert_eq!(
        StatusReport::decode(&StatusReport::default().encode()),
        Ok(StatusReport::default())
    );
    let media_type = Part::status(&report).media_type().map(str::to_owned);
    assert_eq!(media_type.as_deref(), Some("application/mimi-message-status"));
}

#[test]
fn c_090_what_is_no_report_is_refused_for_its_reason_and_at_its_octet() {
    let entry = format!("825820{}", example("original").id);
    for (octets, code, offset) in [
        (String::new(), "content_truncated", 0),
        ("a0".into(), "content_wrong_type", 0),
        ("9fff".into(), "content_not_deterministic_indefinite_length", 0),
        ("8100".into(), "content_wrong_type", 1),
        ("8181f6".into(), "report_entry_length", 1),
        ("8182f600".into(), "content_wrong_type", 2),
        ("8182410100".into(), "content_message_id_length", 2),
        (
            format!("81825820{}00", "02".repeat(32)),
            "content_message_id_hash",
            2,
        ),
        (format!("81{entry}190100"), "content_number_too_large", 36),
        (
            format!("81{entry}1802"),
            "content_not_deterministic_long_form",
            36,
        ),
        (format!("81{entry}f6"), "content_wrong_type", 36),
        (format!("81{entry}0200"), "content_trailing_octets", 37),
        (format!("82{entry}02"), "content_truncated", 37),
        ("9b7fffffffffffffff".into(), "content_truncated", 9),
    ] {
        let error = StatusReport::decode(&hex::decode(&octets).unwrap()).unwrap_err();
        assert_eq!((error.code(), error.offset), (code, offset), "{octets}");
    }
    let many = StatusReport::of(Status::READ, vec![id("original"); REPORT_ENTRIES]);
    assert_eq!(StatusReport::decode(&many.encode()), Ok(many));
    let too_many = StatusReport::of(Status::READ, vec![id("original"); REPORT_ENTRIES + 1]).encode();
    assert_eq!(
        StatusReport::decode(&too_many).unwrap_err().code(),
        "report_too_many_entries"
    );
    assert_eq!(
        StatusReport::decode(&vec![0; (1 << 20) + 1]).unwrap_err().code(),
        "content_too_large"
    );
}

#[test]
fn c_091_the_seven_statuses_have_names_and_others_are_kept() {
    let names: Vec<_> = (0..8).map(|value| Status::from_value(value).name()).collect();
    let known = [
        "unread",
        "delivered",
        "read",
        "expired",
        "deleted",
        "hidden",
        "error",
    ];
    assert_eq!(names[..7], known.map(Some));
    assert_eq!(names[7], None);
    let unknown = StatusReport::of(Status::from_value(42), [id("original")]);
    let read = StatusReport::decode(&unknown.encode()).unwrap();
    assert_eq!(read.entries()[0].1.value(), 42);
    assert_eq!(
        format!("{:?} {:?}", Status::READ, Status::from_value(42)),
        "read unknown(42)"
    );
    assert_eq!(
        after(&[Status::READ, Status::from_value(42)]),
        Some(Status::from_value(42))
    );
}

#[test]
fn c_092_one_report_tells_about_many_messages_of_its_room() {
    let report = StatusReport::of(
        Status::DELIVERED,
        EXAMPLES.iter().map(|e| MessageId::parse(e.id).unwrap()),
    );
    let mut receipts = Receipts::new();
    let elsewhere = id("delete");
    receipts.apply(&user(BOB), place(1), &report, |message| message != elsewhere);
    for example in EXAMPLES {
        let message = MessageId::parse(example.id).unwrap();
        assert_eq!(
            receipts.of(message, &user(BOB)).is_some(),
            message != elsewhere,
            "{}",
            example.name
        );
    }
}

#[test]
fn c_093_steps_that_make_no_sense_are_not_taken() {
    let (unread, delivered, read) = (Status::UNREAD, Status::DELIVERED, Status::READ);
    let (expired, deleted, hidden) = (Status::EXPIRED, Status::DELETED, Status::HIDDEN);
    for (told, shown) in [
        (&[delivered, read][..], read),
        (&[read, delivered], read),
        (&[deleted, delivered], deleted),
        (&[deleted, read], deleted),
        (&[expired, unread], expired),
        (&[expired, hidden], expired),
        (&[deleted, expired], expired),
        (&[expired, deleted], expired),
        (&[read, unread], unread),
        (&[unread, read], read),
        (&[read, unread, delivered], unread),
        (&[read, hidden], hidden),
        (&[read, hidden, read], read),
        (&[delivered, Status::ERROR], Status::ERROR),
    ] {
        assert_eq!(after(told), Some(shown), "{told:?}");
    }
}

#[test]
fn c_094_what_a_room_forbids_is_not_reported_and_what_it_requires_is() {
    for wants in [false, true] {
        assert!(!ReportPolicy::Forbidden.reports(wants));
        assert!(ReportPolicy::Required.reports(wants));
    }
}

#[test]
fn c_095_where_it_is_optional_the_user_decides() {
    assert!(ReportPolicy::default().reports(true));
    assert!(!ReportPolicy::default().reports(false));
}

#[test]
fn c_096_nobody_reports_about_reports() {
    let report = StatusReport::of(Status::READ, [id("original")]);
    let (bob, room) = (user(BOB), room());
    let content = Author::new(&bob, &room).reports(salt(1), &report).unwrap();
    assert_eq!(classify(&content), Class::Report);
    assert!(!is_reported(&content));
    let reported = |name: &str| is_reported(&Content::decode(example(name).octets).unwrap());
    assert!(reported("original") && reported("reaction") && reported("edit"));
    assert!(!reported("delete") && !reported("unlike"));
    let shown = fold(
        [
            stored(BOB, 1, 1, |c| c, Part::status(&report)),
            stored(BOB, 2, 2, |c| c, text("x")),
        ],
        |_, _, _| true,
    );
    assert_eq!(
        shown.entries.len(),
        1,
        "a report is not a message that somebody sees"
    );
    assert_eq!((shown.waiting.len(), shown.refused.len()), (0, 0));
}

#[test]
fn c_097_a_report_is_read_inside_a_content_and_as_it_is() {
    let octets = hex::decode(PUBLISHED).unwrap();
    let bare = StatusReport::decode(&octets).unwrap();
    for media_type in [
        "application/mimi-message-status",
        "Application/MIMI-Message-Status;x=y",
    ] {
        let inside = Part::vendor(media_type, octets.clone()).unwrap();
        let inside = Content::unasserted(salt(1), inside).encode().unwrap();
        let received = Received::decode(inside).unwrap();
        assert_eq!(
            StatusReport::of_content(received.content()),
            Some(Ok(bare.clone()))
        );
    }
    let words = Content::unasserted(salt(1), text("x"));
    assert_eq!(StatusReport::of_content(&words), None);
    let broken = Content::unasserted(
        salt(1),
        Part::vendor("application/mimi-message-status", "x").unwrap(),
    );
    assert_eq!(
        StatusReport::of_content(&broken).unwrap().unwrap_err().code(),
        "content_wrong_type"
    );
}

#[test]
fn c_098_what_one_client_of_a_user_read_the_user_read() {
    let mut receipts = Receipts::new();
    let report = |status| StatusReport::of(status, [id("original")]);
    receipts.apply(&user(BOB), place(1), &report(Status::READ), |_| true);
    receipts.apply(&user(BOB), place(2), &report(Status::DELIVERED), |_| true);
    receipts.apply(&user(CATHY), place(3), &report(Status::DELIVERED), |_| true);
    let all: Vec<_> = receipts
        .about(id("original"))
        .map(|(user, standing)| (user.as_str(), standing.status().unwrap(), standing.was_read()))
        .collect();
    assert_eq!(
        all,
        [(BOB, Status::READ, true), (CATHY, Status::DELIVERED, false)]
    );
    receipts.forget(id("original"));
    assert_eq!(receipts, Receipts::new());
}

#[test]
fn c_099_a_report_may_come_before_its_message_or_be_dropped() {
    let report = StatusReport::of(Status::READ, [id("original")]);
    let (mut kept, mut dropped) = (Receipts::new(), Receipts::new());
    kept.apply(&user(BOB), place(1), &report, |_| true);
    dropped.apply(&user(BOB), place(1), &report, |_| false);
    assert!(kept.of(id("original"), &user(BOB)).unwrap().was_read());
    assert_eq!(dropped, Receipts::new());
    assert_eq!(kept.of(id("original"), &user(ALICE)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn c_098_reports_come_to_the_same_in_every_order_and_twice(
        (told, shuffled) in prop::collection::vec((0_u64..6, 0_u8..9), 0..8).prop_flat_map(|told| {
            let twice: Vec<_> = told.iter().chain(&told).copied().collect();
            (Just(told), Just(twice).prop_shuffle())
        }),
    ) {
        let take = |told: &[(u64, u8)]| {
            let mut receipts = Receipts::new();
            for (millis, status) in told {
                let report = StatusReport::of(Status::from_value(*status), [id("original")]);
                receipts.apply(&user(BOB), place(*millis), &report, |_| true);
            }
            receipts
        };
        prop_assert_eq!(take(&told), take(&shuffled));
    }

    #[test]
    fn a_report_comes_back_as_it_went_and_never_panics(
        entries in prop::collection::vec((any::<[u8; 31]>(), any::<u8>()), 0..40),
        noise in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let entries = entries.iter().map(|(rest, status)| {
            let mut octets = [1; 32];
            octets[1..].copy_from_slice(rest);
            (MessageId::from_octets(octets).unwrap(), Status::from_value(*status))
        });
        let report = StatusReport::new(entries);
        prop_assert_eq!(StatusReport::decode(&report.encode()), Ok(report));
        if let Ok(read) = StatusReport::decode(&noise) {
            prop_assert_eq!(read.encode(), noise);
        }
    }
}
