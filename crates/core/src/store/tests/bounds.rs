//! What grows by itself has a limit.

use comity_room::{ProviderUri, Timestamp};

use super::*;
use crate::rejection::{Advice, Rejection};
use crate::step::{EventKind, HeldUntil, Seq};
use crate::store::held::HeldRow;
use crate::store::small::SeenRow;
use crate::store::{event, held, small};

fn created() -> (TempDir, Store) {
    let (directory, path) = place();
    let store = Store::create(&path, &KEY).unwrap();
    (directory, store)
}

fn count(store: &Store, sql: &'static str) -> i64 {
    store.one(sql, [], |row| row.get(0)).unwrap().unwrap()
}

#[test]
fn the_event_log_keeps_its_last_numbers_and_says_which_are_gone() {
    let (_directory, store) = created();
    let junk = || EventKind::Frame {
        room: None,
        reason: Rejection::Malformed,
        advice: Advice::None,
    };
    store.begin_immediate().unwrap();
    // To the limit: nothing is gone.
    for _ in 0..event::KEPT {
        event::append(&store, junk()).unwrap();
    }
    let all = event::after(&store, Seq(0), 1).unwrap();
    assert_eq!(all.first().unwrap().seq, Seq(1));
    for _ in 0..512 {
        event::append(&store, junk()).unwrap();
    }
    store.commit().unwrap();
    let kept = count(&store, "SELECT count(*) FROM event");
    assert!((event::KEPT..event::KEPT + 256).contains(&kept), "{kept}");
    let first = event::after(&store, Seq(0), 1).unwrap();
    let first = i64::try_from(first.first().unwrap().seq.0).unwrap();
    assert!((257..=513).contains(&first), "{first}");
    assert_eq!(kept, event::KEPT + 512 + 1 - first, "without gaps");
}

#[test]
fn frames_are_remembered_up_to_a_limit_and_the_oldest_are_forgotten_first() {
    let (_directory, store) = created();
    let name = |number: i64| small::frame_key(&store, &std::array::from_fn(|i| number.to_be_bytes()[i % 8]));
    let row = SeenRow {
        message: None,
        notify: false,
    };
    store.begin_immediate().unwrap();
    for number in 0..small::REMEMBERED {
        small::put_seen(&store, name(number), &row).unwrap();
    }
    assert!(small::seen(&store, name(0)).unwrap().is_some(), "to the limit");
    // Seen again: the newest now.
    small::put_seen(&store, name(0), &row).unwrap();
    for number in 0..128 {
        small::put_seen(&store, name(small::REMEMBERED + number), &row).unwrap();
    }
    store.commit().unwrap();
    let kept = count(&store, "SELECT count(*) FROM seen");
    assert!(
        (small::REMEMBERED..small::REMEMBERED + 64).contains(&kept),
        "{kept}"
    );
    assert!(small::seen(&store, name(0)).unwrap().is_some());
    assert!(small::seen(&store, name(1)).unwrap().is_none());
    assert!(
        small::seen(&store, name(small::REMEMBERED + 127))
            .unwrap()
            .is_some()
    );
}

#[test]
fn of_one_provider_a_thousand_frames_wait_whatever_their_groups_and_no_other_provider_minds() {
    let (_directory, store) = created();
    let frame = |number: u32, provider: &str| HeldRow {
        hash: number.to_be_bytes().to_vec(),
        group: (number / 250).to_be_bytes().to_vec(),
        room: None,
        from: ProviderUri::parse(provider).unwrap(),
        frame: vec![1],
        until: HeldUntil::Commit,
        due: Timestamp::from_millis(u64::from(number)),
    };
    store.begin_immediate().unwrap();
    for number in 0..1_000 {
        assert!(
            held::put(&store, &frame(number, "mimi://a.example")).unwrap(),
            "{number}"
        );
    }
    let (last, next) = (frame(999, "mimi://a.example"), frame(1_000, "mimi://a.example"));
    assert!(held::put(&store, &last).unwrap(), "it waits already");
    assert!(!held::put(&store, &next).unwrap(), "one more does not");
    assert!(held::put(&store, &frame(1_001, "mimi://b.example")).unwrap());
    assert_eq!(count(&store, "SELECT count(*) FROM held"), 1_001);
    // Whoever has left makes room for another.
    held::forget(&store, &last.hash).unwrap();
    assert!(held::put(&store, &next).unwrap());
    store.commit().unwrap();
}

/// As many of the largest would fill a disk.
#[test]
fn of_one_provider_no_more_octets_wait_than_a_phone_can_spare() {
    const LARGE: usize = 4 << 20;
    let (_directory, store) = created();
    let frame = |number: u32, provider: &str, length: usize| HeldRow {
        hash: number.to_be_bytes().to_vec(),
        group: number.to_be_bytes().to_vec(),
        room: None,
        from: ProviderUri::parse(provider).unwrap(),
        frame: vec![0x5a; length],
        until: HeldUntil::Welcome,
        due: Timestamp::from_millis(u64::from(number)),
    };
    store.begin_immediate().unwrap();
    let waits = |number, provider, length| held::put(&store, &frame(number, provider, length)).unwrap();
    let taken = (0..32)
        .filter(|number| waits(*number, "mimi://a.example", LARGE))
        .count();
    assert_eq!(
        taken, 7,
        "the eighth does not fit: each takes a little more than itself"
    );
    let octets = count(&store, "SELECT sum(length(sealed)) FROM held");
    assert!(
        (held::OCTETS - i64::try_from(LARGE).unwrap()..=held::OCTETS).contains(&octets),
        "{octets}"
    );
    assert!(waits(100, "mimi://a.example", 1_000), "a small one does");
    let share = usize::try_from(held::OCTETS / held::PER_PROVIDER).unwrap();
    assert!(
        waits(102, "mimi://a.example", share),
        "of small ones there are never too many"
    );
    assert!(!waits(103, "mimi://a.example", LARGE));
    assert!(waits(101, "mimi://b.example", LARGE), "no other provider minds");
    store.commit().unwrap();
}

#[test]
fn the_log_does_not_grow_beyond_a_thousand_pages_if_nothing_was_deleted() {
    const PAGE: u64 = 4_096 + 24;
    let (_directory, path) = place();
    let store = Store::create(&path, &KEY).unwrap();
    let mut longest = 0;
    // Some 25 pages each.
    for step in 0..200_i64 {
        store.begin_immediate().unwrap();
        store
            .write(
                "INSERT INTO mls VALUES (77, ?1, randomblob(8), zeroblob(90000))",
                [step],
            )
            .unwrap();
        store.commit().unwrap();
        store.pay_checkpoint(false).unwrap();
        let log = path.with_file_name("client.comity-wal").metadata().unwrap();
        longest = longest.max(log.len());
    }
    let pages = longest / PAGE;
    assert!((900..1_050).contains(&pages), "{pages} pages");
}
