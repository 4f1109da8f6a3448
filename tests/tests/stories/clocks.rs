//! Story I: clocks are wrong, and jump.

use std::time::Duration;

use comity::{ClientChange, EventKind, Phase};
use comity_testkit::{Actor, for_each_seed};

use crate::support::Cast;

const DAY: i64 = 86_400_000;

#[test]
fn a_client_whose_clock_is_100_days_ahead_or_a_day_behind_takes_part_like_everybody_else() {
    for skew in [100 * DAY, -DAY, 40 * DAY, -20 * DAY] {
        let cast = Cast::new(1);
        cast.bob.has_a_clock_off_by(skew);
        let cast = cast.with_bob();
        cast.alice.says("hi");
        cast.bob.says("ho");
        cast.world.settle();
        let cast = cast.with_carol();
        cast.bob.rotates();
        cast.carol.says("hello");
        cast.world.settle();
        assert_eq!(cast.bob.timeline().len(), 3, "clock off by {skew} ms");
        assert_eq!(cast.bob.rejections(), []);
        cast.agrees();
        cast.bob.has_a_clock_off_by(0);
        cast.bob.says("my clock is right again");
        cast.world.settle();
        assert_eq!(cast.alice.timeline().len(), 4);
        cast.agrees();
    }
}

#[test]
fn a_clock_that_is_behind_the_hubs_is_told_once_a_day() {
    let cast = Cast::two(1);
    cast.bob.has_a_clock_off_by(-3_600_000);
    cast.alice.says("one");
    cast.alice.says("two");
    cast.world.settle();
    assert_eq!(suspicions(&cast.bob).len(), 1);
    assert!((3_590_000..3_610_000).contains(&suspicions(&cast.bob)[0]));
    cast.world.advance(Duration::from_secs(86_400));
    cast.alice.says("three");
    cast.world.settle();
    assert_eq!(suspicions(&cast.bob).len(), 2);
    cast.bob.sees(["alice: one", "alice: two", "alice: three"]);
}

fn suspicions(actor: &Actor) -> Vec<i64> {
    let offset = |event: comity::Event| match event.kind {
        EventKind::Client {
            change: ClientChange::ClockSuspect { offset_ms },
            ..
        } => Some(offset_ms),
        _ => None,
    };
    actor.events().into_iter().filter_map(offset).collect()
}

#[test]
fn waking_early_late_or_again_and_again_changes_nothing() {
    let cast = Cast::three(1);
    cast.carol.leaves();
    for _ in 0..20 {
        for actor in cast.everybody() {
            actor.acts("wakes", comity::Client::wake);
        }
        cast.world.advance(Duration::from_millis(500));
    }
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    assert_eq!(cast.alice.epoch(), 3);
    cast.agrees();
}

/// Longer than a key package lives: its leaf was renewed within a day.
#[test]
fn a_client_that_sleeps_for_three_months_comes_back() {
    let cast = Cast::three(1);
    cast.world.advance(Duration::from_secs(2 * 86_400));
    cast.bob.closes();
    for tenth_day in 0..9 {
        cast.alice.says(&format!("after {tenth_day}0 days"));
        cast.world.advance(Duration::from_secs(10 * 86_400));
    }
    cast.bob.starts();
    cast.world.settle();
    cast.bob.says("good morning");
    cast.world.settle();
    assert_eq!(cast.alice.timeline().len(), 10);
    cast.agrees();
}

#[test]
fn clocks_that_jump_in_both_directions_do_no_harm() {
    for_each_seed("jumping_clocks", |seed| {
        let cast = Cast::three(seed);
        for round in 0..12 {
            let actor = cast.world.one_of(&cast.everybody());
            let hours = i64::try_from(cast.world.throw(96)).unwrap() - 48;
            actor.has_a_clock_off_by(hours * 3_600_000);
            if cast.world.throw(4) == 0 {
                actor.rotates();
            }
            actor.says(&format!("{round}"));
            cast.world
                .advance(Duration::from_millis(cast.world.throw(2_000) as u64));
        }
        cast.world.settle();
        for actor in cast.everybody() {
            actor.has_a_clock_off_by(0);
        }
        cast.world.settle();
        assert_eq!(cast.alice.timeline().len(), 12);
        cast.agrees();
    });
}
