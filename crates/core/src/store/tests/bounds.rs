//! What grows by itself has a limit.

use super::*;
use crate::rejection::{Advice, Rejection};
use crate::step::{EventKind, Seq};
use crate::store::small::SeenRow;
use crate::store::{event, small};

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
