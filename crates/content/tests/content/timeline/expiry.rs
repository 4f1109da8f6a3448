//! When a message is over.

use comity_content::{Content, Expiration};
use comity_room::Timestamp;

use super::{folded, said};
use crate::common::{ALICE, stored, stored_example, text};

#[test]
fn c_084_an_absolute_expiration_is_due_unread_and_a_relative_one_once_read() {
    let read = Some(Timestamp::from_millis(5_000));
    let absolute = stored(
        ALICE,
        1,
        10,
        |content| content.expiring(Expiration::Absolute(100)),
        text("a"),
    );
    let relative = stored(
        ALICE,
        2,
        11,
        |content| content.expiring(Expiration::Relative(60)),
        text("b"),
    );
    let timeline = folded(&[&absolute, &relative, &said(ALICE, 3, 12, "c")]);
    let due = |n: usize, read| timeline.entries[n].due(read).map(Timestamp::as_millis);
    assert_eq!((due(0, None), due(0, read)), (Some(100_000), Some(100_000)));
    assert_eq!((due(1, None), due(1, read)), (None, Some(65_000)));
    assert_eq!(due(2, read), None);
}

/// Whatever is needed to know when is in the message and in what the store keeps: no network, no timer that ran since.
#[test]
fn c_085_when_a_message_expires_is_known_from_what_is_stored() {
    let read = Timestamp::from_millis(1_000_000);
    for expires in [Expiration::Relative(60), Expiration::Absolute(2_000)] {
        let before = stored(
            ALICE,
            1,
            500,
            |content| content.expiring(expires),
            text("soon gone"),
        );
        let octets = before.content.encode().unwrap();
        let after = Content::decode(&octets).unwrap();
        let due = after.expires.unwrap().due(Some(read));
        assert_eq!(due, expires.due(Some(read)));
        let entry = folded(&[&before]).entries.remove(0);
        assert_eq!(entry.due(Some(read)), due);
    }
    assert_eq!(
        Expiration::Relative(60).due(Some(read)),
        Some(Timestamp::from_millis(1_060_000))
    );
    assert_eq!(
        Expiration::Absolute(2_000).due(None),
        Some(Timestamp::from_millis(2_000_000))
    );
}

#[test]
fn c_086_expirations_more_than_a_year_away_are_implausible() {
    const YEAR: u32 = 365 * 24 * 60 * 60;
    let now = 1_700_000_000_u32;
    let at = Timestamp::from_millis(u64::from(now) * 1000);
    for (expires, plausible) in [
        (Expiration::Absolute(now + YEAR), true),
        (Expiration::Absolute(now + YEAR + 1), false),
        (Expiration::Absolute(now - YEAR), true),
        (Expiration::Absolute(now - YEAR - 1), false),
        (Expiration::Relative(YEAR), true),
        (Expiration::Relative(YEAR + 1), false),
        (Expiration::Relative(0), true),
    ] {
        assert_eq!(expires.is_plausible(at), plausible, "{expires:?}");
    }
}

#[test]
fn c_087_the_boolean_tells_relative_from_absolute() {
    assert_eq!(
        stored_example("expiring", 0).content.expires,
        Some(Expiration::Absolute(1_644_390_004))
    );
    let relative = crate::common::content(1, text("a")).expiring(Expiration::Relative(1_644_390_004));
    assert_eq!(Content::decode(&relative.encode().unwrap()), Ok(relative));
}
