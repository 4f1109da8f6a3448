//! The participant list: updates apply as the draft says, and a difference leads where it should.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by #[test], but not what helps them"
)]

use comity_room::{Participant, ParticipantError, ParticipantList, ParticipantUpdate, RoleIndex, UserUri};
use proptest::prelude::*;

fn user(name: &str) -> UserUri {
    UserUri::parse(&format!("mimi://a.example/u/{name}")).unwrap()
}

fn participant(name: &str, role: u32) -> Participant {
    Participant {
        user: user(name),
        role: RoleIndex(role),
    }
}

fn list(entries: &[(&str, u32)]) -> ParticipantList {
    ParticipantList::new(
        entries
            .iter()
            .map(|(name, role)| participant(name, *role))
            .collect(),
    )
    .unwrap()
}

fn update(changed: &[(u32, u32)], removed: &[u32], added: &[(&str, u32)]) -> ParticipantUpdate {
    ParticipantUpdate {
        changed: changed
            .iter()
            .map(|(index, role)| (*index, RoleIndex(*role)))
            .collect(),
        removed: removed.to_vec(),
        added: added
            .iter()
            .map(|(name, role)| participant(name, *role))
            .collect(),
    }
}

#[test]
fn indices_mean_the_list_before_the_update() {
    let before = list(&[("alice", 3), ("bob", 2), ("cathy", 2), ("diana", 2)]);
    let after = before.apply(&[update(&[(3, 3)], &[1, 0], &[("eric", 2), ("frank", 1)])]);
    assert_eq!(
        after,
        Ok(list(&[("cathy", 2), ("diana", 3), ("eric", 2), ("frank", 1)]))
    );
}

#[test]
fn indices_of_every_update_in_a_commit_mean_the_list_before_the_commit() {
    let before = list(&[("alice", 3), ("bob", 2), ("cathy", 2)]);
    let updates = [
        update(&[], &[0], &[("zoe", 2)]),
        update(&[], &[1], &[]),
        update(&[(2, 3)], &[], &[("eric", 2)]),
    ];
    // One after the other, the second removal would hit cathy.
    assert_eq!(
        before.apply(&updates),
        Ok(list(&[("cathy", 3), ("zoe", 2), ("eric", 2)]))
    );
}

#[test]
fn an_update_that_touches_nobody_changes_nothing() {
    let before = list(&[("alice", 3), ("bob", 1)]);
    assert_eq!(before.apply(&[]), Ok(before.clone()));
    assert_eq!(before.apply(&[ParticipantUpdate::default()]), Ok(before.clone()));
    assert!(before.diff(&before).is_empty());
    for touching in [
        update(&[(0, 2)], &[], &[]),
        update(&[], &[0], &[]),
        update(&[], &[], &[("zoe", 2)]),
    ] {
        assert!(!touching.is_empty());
    }
}

#[test]
fn bad_updates_spoil_the_commit() {
    let before = list(&[("alice", 3), ("bob", 2)]);
    let good = update(&[], &[], &[("zoe", 2)]);
    let table = [
        (
            "an index beyond the end",
            vec![update(&[(2, 2)], &[], &[])],
            ParticipantError::NoSuchIndex,
        ),
        (
            "a removal beyond the end",
            vec![update(&[], &[u32::MAX], &[])],
            ParticipantError::NoSuchIndex,
        ),
        (
            "an index that only exists afterwards",
            vec![update(&[(2, 3)], &[], &[("eric", 2)])],
            ParticipantError::NoSuchIndex,
        ),
        (
            "changed twice",
            vec![update(&[(1, 3), (1, 2)], &[], &[])],
            ParticipantError::TouchedTwice,
        ),
        (
            "removed twice",
            vec![update(&[], &[1, 1], &[])],
            ParticipantError::TouchedTwice,
        ),
        (
            "changed and removed",
            vec![update(&[(1, 3)], &[1], &[])],
            ParticipantError::TouchedTwice,
        ),
        (
            "changed and removed by two",
            vec![update(&[(1, 3)], &[], &[]), update(&[], &[1], &[])],
            ParticipantError::TouchedTwice,
        ),
        (
            "added twice",
            vec![update(&[], &[], &[("eric", 2), ("eric", 3)])],
            ParticipantError::TouchedTwice,
        ),
        (
            "added by two",
            vec![update(&[], &[], &[("eric", 2)]), update(&[], &[], &[("eric", 2)])],
            ParticipantError::TouchedTwice,
        ),
        (
            "removed and added again",
            vec![update(&[], &[1], &[("bob", 3)])],
            ParticipantError::TouchedTwice,
        ),
        (
            "changed and added",
            vec![update(&[(1, 3)], &[], &[("bob", 3)])],
            ParticipantError::TouchedTwice,
        ),
        (
            "added though listed",
            vec![update(&[], &[], &[("bob", 2)])],
            ParticipantError::AlreadyListed,
        ),
        (
            "changed to role 0",
            vec![update(&[(1, 0)], &[], &[])],
            ParticipantError::RoleZero,
        ),
        (
            "added in role 0",
            vec![update(&[], &[], &[("eric", 0)])],
            ParticipantError::RoleZero,
        ),
    ];
    for (what, mut updates, error) in table {
        assert_eq!(before.apply(&updates), Err(error), "{what}");
        updates.insert(0, good.clone());
        assert_eq!(before.apply(&updates), Err(error), "{what}, after a good one");
    }
}

#[test]
fn a_list_names_nobody_twice_and_nobody_with_role_0() {
    assert_eq!(
        ParticipantList::new(vec![participant("alice", 2), participant("alice", 3)]),
        Err(ParticipantError::AlreadyListed)
    );
    assert_eq!(
        ParticipantList::new(vec![participant("alice", 0)]),
        Err(ParticipantError::RoleZero)
    );
    let twice =
        r#"[{"user":"mimi://a.example/u/alice","role":2},{"user":"mimi://a.example/u/alice","role":2}]"#;
    assert!(serde_json::from_str::<ParticipantList>(twice).is_err());
    let stored = list(&[("bob", 1), ("alice", 3)]);
    let json = serde_json::to_string(&stored).unwrap();
    assert_eq!(serde_json::from_str::<ParticipantList>(&json).unwrap(), stored);
}

#[test]
fn a_room_has_at_most_a_hundred_thousand_participants() {
    let crowd = |count: u32| {
        (0..count)
            .map(|n| participant(&n.to_string(), 2))
            .collect::<Vec<_>>()
    };
    let full = ParticipantList::new(crowd(100_000)).unwrap();
    assert_eq!(
        ParticipantList::new(crowd(100_001)),
        Err(ParticipantError::TooMany)
    );
    assert_eq!(
        full.apply(&[update(&[], &[], &[("late", 2)])]),
        Err(ParticipantError::TooMany)
    );
    assert!(full.apply(&[update(&[], &[7], &[("late", 2)])]).is_ok());
}

#[test]
fn a_participant_is_found_with_its_index_and_role() {
    let room = list(&[("alice", 3), ("bob", 1)]);
    assert_eq!(room.find(&user("bob")), Some((1, &participant("bob", 1))));
    assert_eq!(room.find(&user("eve")), None);
    assert_eq!(
        (room.role(&user("alice")), room.role(&user("eve"))),
        (RoleIndex(3), RoleIndex::NONE)
    );
    assert_eq!(
        (room.len(), room.is_empty(), ParticipantList::default().is_empty()),
        (2, false, true)
    );
}

#[test]
fn those_who_stay_keep_their_order_whatever_the_target_says() {
    let before = list(&[("alice", 3), ("bob", 2), ("cathy", 2)]);
    let shuffled = list(&[("zoe", 2), ("cathy", 2), ("alice", 2)]);
    let after = before.apply(&[before.diff(&shuffled)]);
    assert_eq!(after, Ok(list(&[("alice", 2), ("cathy", 2), ("zoe", 2)])));
}

/// Twelve names in an order of their own, each with a role.
fn any_entries() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::btree_map(0..12_u32, 1..5_u32, 0..12)
        .prop_map(Vec::from_iter)
        .prop_shuffle()
}

fn listed(entries: &[(u32, u32)]) -> ParticipantList {
    ParticipantList::new(
        entries
            .iter()
            .map(|(name, role)| participant(&name.to_string(), *role))
            .collect(),
    )
    .unwrap()
}

/// A list, and one that updates can make of it.
fn any_reachable() -> impl Strategy<Value = (ParticipantList, ParticipantList)> {
    (
        any_entries(),
        prop::collection::vec((any::<bool>(), 1..5_u32), 12),
        prop::collection::vec(1..5_u32, 0..4),
    )
        .prop_map(|(before, fates, added)| {
            let kept = before.iter().zip(fates).filter(|(_, (stays, _))| *stays);
            let kept = kept.map(|((name, _), (_, role))| (*name, role));
            let after: Vec<_> = kept.chain((100..).zip(added)).collect();
            (listed(&before), listed(&after))
        })
}

proptest! {
    #[test]
    fn applying_the_difference_gives_the_target((before, target) in any_reachable()) {
        prop_assert_eq!(before.apply(&[before.diff(&target)]), Ok(target));
    }

    #[test]
    fn applying_the_difference_to_any_target_gives_its_users_and_roles(
        before in any_entries(),
        target in any_entries(),
    ) {
        let (before, target) = (listed(&before), listed(&target));
        let after = before.apply(&[before.diff(&target)]).unwrap();
        prop_assert_eq!(after.len(), target.len());
        for wanted in &target {
            prop_assert_eq!(after.role(&wanted.user), wanted.role);
        }
        prop_assert!(after.diff(&target).is_empty());
    }

    #[test]
    fn an_update_may_be_cut_into_as_many_as_one_likes((before, target) in any_reachable()) {
        let whole = before.diff(&target);
        let mut pieces: Vec<_> = whole.removed.iter().map(|index| update(&[], &[*index], &[])).collect();
        pieces.extend(whole.changed.iter().map(|(index, role)| update(&[(*index, role.0)], &[], &[])));
        let alone = |one: &Participant| ParticipantUpdate { added: vec![one.clone()], ..Default::default() };
        pieces.extend(whole.added.iter().map(alone));
        prop_assert_eq!(before.apply(&pieces), Ok(target));
    }

    #[test]
    fn no_update_makes_applying_panic_or_the_list_unsound(
        before in any_entries(),
        changed in prop::collection::vec((0..14_u32, 0..5_u32), 0..4),
        removed in prop::collection::vec(0..14_u32, 0..4),
        added in prop::collection::vec((0..16_u32, 0..5_u32), 0..4),
    ) {
        let added = added.iter().map(|(name, role)| participant(&name.to_string(), *role)).collect();
        let update = ParticipantUpdate { added, ..update(&changed, &removed, &[]) };
        if let Ok(after) = listed(&before).apply(&[update]) {
            prop_assert_eq!(ParticipantList::new(after.iter().cloned().collect()), Ok(after));
        }
    }
}
