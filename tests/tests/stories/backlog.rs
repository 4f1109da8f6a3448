//! Story H: weeks offline, thousands of frames, many rooms.

use std::time::Duration;

use comity::{Batch, Budget, Phase};
use comity_testkit::Weather;

use crate::support::Cast;

#[test]
fn two_thousand_frames_are_taken_in_pages_and_in_order() {
    const MESSAGES: usize = 2_000;
    let cast = Cast::two(1);
    cast.bob.is_cut_off();
    let mut said = Vec::new();
    for number in 0..MESSAGES {
        if number % 100 == 50 {
            cast.alice.rotates();
        }
        said.push(cast.alice.says(&format!("{number}")));
        cast.world.advance(Duration::from_millis(20));
    }
    cast.world.settle();
    assert!(cast.bob.unfetched().len() >= MESSAGES);
    cast.bob.is_back();
    cast.world.settle();
    let seen: Vec<_> = cast
        .bob
        .messages()
        .into_iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(seen, said);
    assert_eq!(cast.bob.unread(), u32::try_from(MESSAGES).unwrap());
    assert_eq!(cast.bob.rejections(), []);
    cast.bob.says("what did I miss?");
    cast.world.settle();
    cast.agrees();
}

#[test]
fn a_backlog_of_many_rooms_is_taken_with_a_small_budget_and_kills_in_between() {
    takes_the_backlog_of_many_rooms(Budget {
        frames: 3,
        octets: 1 << 20,
        ..Budget::APP
    });
}

/// Each group is dropped after each frame of it, in the middle of a step, and read again for the next.
#[test]
fn a_backlog_of_many_rooms_is_taken_by_an_app_that_has_memory_for_no_group() {
    takes_the_backlog_of_many_rooms(Budget {
        memory: 0,
        ..Budget::APP
    });
}

fn takes_the_backlog_of_many_rooms(budget: Budget) {
    let cast = Cast::new(5);
    let rooms: Vec<_> = (0..8)
        .map(|number| {
            let room = cast.alice.creates(&format!("room-{number}"));
            cast.alice.invites(&cast.users.bob);
            cast.world.settle();
            cast.bob.accepts();
            room
        })
        .collect();
    cast.world.settle();
    cast.bob.is_cut_off();
    for round in 0..10 {
        for room in &rooms {
            if round == 5 {
                cast.alice.within(room).rotates();
            }
            cast.alice.within(room).says(&format!("{round}"));
        }
        cast.world.advance(Duration::from_millis(100));
    }
    cast.world.settle();
    cast.bob.closes();
    cast.bob.takes_at_most(budget);
    cast.bob.starts();
    cast.world.weather(Weather {
        page: 10,
        kill: 20,
        ..Weather::CALM
    });
    cast.bob.is_back();
    cast.world.settle();
    cast.world.weather(Weather::CALM);
    cast.world.settle();
    for room in &rooms {
        let seen = cast.bob.within(room).timeline();
        let said: Vec<_> = (0..10).map(|round| format!("alice: {round}")).collect();
        assert_eq!(seen, said);
        cast.world.agrees(room, &[&cast.alice, &cast.bob]);
    }
}

#[test]
fn an_interrupted_receive_keeps_what_it_took() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    for number in 0..30 {
        cast.alice.says(&format!("{number}"));
    }
    cast.world.settle();
    let frames = cast.bob.unfetched();
    let mut rest = frames.as_slice();
    let budget = 7;
    cast.bob.closes();
    cast.bob.takes_at_most(Budget {
        frames: budget,
        octets: usize::MAX,
        ..Budget::APP
    });
    cast.bob.starts();
    while !rest.is_empty() {
        let batch = Batch {
            frames: rest.to_vec(),
            cursor: None,
            more: true,
        };
        let mut taken = 0;
        cast.bob.acts("receives", |client, now| {
            let step = client.receive(now, &batch)?;
            taken = step.frames.len();
            Ok(step)
        });
        assert_eq!(taken, budget.min(rest.len()), "a prefix of the batch");
        rest = &rest[taken..];
    }
    assert_eq!(cast.bob.timeline().len(), 30);
}

/// The errands of a catch-up run once, at its end.
#[test]
fn a_proposal_in_the_backlog_is_not_committed_when_its_commit_is_there_too() {
    let cast = Cast::three(1);
    cast.bob.is_cut_off();
    cast.carol.leaves();
    cast.world.settle();
    assert_eq!(cast.carol.phase(), Some(Phase::Left));
    cast.alice.says("bye");
    cast.world.settle();
    let epoch = cast.alice.epoch();
    cast.world.weather(Weather {
        page: 1,
        ..Weather::CALM
    });
    cast.bob.is_back();
    cast.world.settle();
    assert_eq!((cast.alice.epoch(), cast.bob.epoch()), (epoch, epoch));
    cast.bob.sees(["alice: bye"]);
}
