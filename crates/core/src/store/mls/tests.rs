//! What waits in memory is as if it stood in its rows, whatever is undone in between.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::store::Key32;

const KEY: Key32 = Key32::new([0x11; 32]);
const ROOM: i64 = 1;

/// What is done to the store and to the model.
#[derive(Debug, Clone, Copy)]
enum Act {
    Put(u8, u8),
    PutIfOther(u8, u8),
    Delete(u8),
    /// Written at once, as rows of ours are.
    Row(u8),
    TurnEpoch,
    Savepoint,
    Pass,
    Release,
    RollbackTo,
    Commit,
    Rollback,
}

fn act() -> impl Strategy<Value = Act> {
    let place = 0..4_u8;
    prop_oneof![
        6 => (place.clone(), 0..3_u8).prop_map(|(place, value)| Act::Put(place, value)),
        6 => (place.clone(), 0..3_u8).prop_map(|(place, value)| Act::PutIfOther(place, value)),
        3 => place.prop_map(Act::Delete),
        3 => any::<u8>().prop_map(Act::Row),
        1 => Just(Act::TurnEpoch),
        5 => Just(Act::Savepoint),
        1 => Just(Act::Pass),
        3 => Just(Act::Release),
        4 => Just(Act::RollbackTo),
        1 => Just(Act::Commit),
        1 => Just(Act::Rollback),
    ]
}

/// A store without sealing, without SQL, and without anything that waits.
#[derive(Debug, Clone, Default, PartialEq)]
struct Plain {
    values: BTreeMap<u8, u8>,
    rows: Vec<i64>,
}

/// The plain store, the points to which it can return, and whether anybody may.
#[derive(Default)]
struct Model {
    now: Plain,
    begun: Plain,
    savepoints: Vec<(Plain, bool)>,
}

/// Secrets of an epoch and others, in turn.
fn slot(store: &Store, place: u8) -> Slot<'_> {
    let (scope, kind) = if place.is_multiple_of(2) {
        (Scope::Epoch(ROOM), Kind::EpochKeyPairs)
    } else {
        (Scope::Mls(ROOM), Kind::Proposal)
    };
    let key = [place; 16];
    Slot::at(
        store,
        scope,
        At {
            room: ROOM,
            kind,
            key,
        },
    )
}

fn row(number: u8) -> i64 {
    1_000 + i64::from(number)
}

/// What a store holds, as this connection sees it.
fn held(store: &Store) -> Plain {
    let values = (0..4).filter_map(|place| {
        let value: Option<u8> = slot(store, place).read().unwrap();
        assert_eq!(slot(store, place).exists().unwrap(), value.is_some());
        value.map(|value| (place, value))
    });
    let values = values.collect();
    let rows = "SELECT seq FROM content WHERE seq >= 1000 ORDER BY seq";
    Plain {
        values,
        rows: store.all(rows, [], |row| row.get(0)).unwrap(),
    }
}

fn apply(store: &Store, model: &mut Model, act: Act) {
    match act {
        Act::Put(place, value) => {
            slot(store, place).put(&value).unwrap();
            model.now.values.insert(place, value);
        }
        Act::PutIfOther(place, value) => {
            slot(store, place).put_if_other(&value).unwrap();
            model.now.values.insert(place, value);
        }
        Act::Delete(place) => {
            slot(store, place).delete().unwrap();
            model.now.values.remove(&place);
        }
        Act::Row(number) => {
            let insert = "INSERT OR IGNORE INTO content VALUES (?1, 1, x'00')";
            store.write(insert, [row(number)]).unwrap();
            if !model.now.rows.contains(&row(number)) {
                model.now.rows.push(row(number));
                model.now.rows.sort_unstable();
            }
        }
        Act::TurnEpoch => MlsStore::for_room(store, ROOM).turn_epoch().unwrap(),
        Act::Savepoint => {
            store.savepoint().unwrap();
            model.savepoints.push((model.now.clone(), true));
        }
        Act::Pass => {
            if let Some((_, returns)) = model.savepoints.last_mut() {
                store.pass_savepoint();
                *returns = false;
            }
        }
        Act::Release => {
            if model.savepoints.pop().is_some() {
                store.release().unwrap();
            }
        }
        Act::RollbackTo => match model.savepoints.pop() {
            Some((before, true)) => {
                store.rollback_to().unwrap();
                model.now = before;
            }
            Some((_, false)) => store.release().unwrap(),
            None => {}
        },
        Act::Commit => {
            while model.savepoints.pop().is_some() {
                store.release().unwrap();
            }
            store.commit().unwrap();
            model.begun = model.now.clone();
            store.begin_immediate().unwrap();
        }
        Act::Rollback => {
            store.rollback();
            model.savepoints.clear();
            model.now = model.begun.clone();
            store.begin_immediate().unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn writing_late_is_as_writing_at_once(acts in prop::collection::vec(act(), 1..60)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("client");
        let store = Store::create(&path, &KEY).unwrap();
        let mut model = Model::default();
        store.begin_immediate().unwrap();
        for act in acts {
            apply(&store, &mut model, act);
            prop_assert_eq!(&held(&store), &model.now, "after {:?}", act);
        }
        apply(&store, &mut model, Act::Commit);
        store.rollback();
        store.close().unwrap();
        let again = Store::open(&path, &KEY).unwrap();
        prop_assert_eq!(held(&again), model.now);
    }
}

#[test]
fn a_savepoint_that_was_passed_cannot_be_returned_to() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::create(&directory.path().join("client"), &KEY).unwrap();
    store.begin_immediate().unwrap();
    store.savepoint().unwrap();
    store.pass_savepoint();
    slot(&store, 0).put(&1_u8).unwrap();
    assert!(matches!(store.rollback_to(), Err(StorageError::Bug(_))));
    store.rollback();
}
