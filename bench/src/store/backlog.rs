//! 1,000 messages of 100 octets that have waited, received in one call.

use std::time::Duration;

use super::floor::Floor;
use super::{Board, MEMBERS};
use crate::Fault;
use crate::arguments::Arguments;
use crate::modes::Mode;
use crate::pair::{LIBRARIES, Shape};
use crate::rounds::Seat;
use crate::samples::Samples;
use crate::stopwatch::{Clock, Stopwatch};
use crate::table::{micros, times};

const MESSAGES: usize = 1_000;
const TEXT: usize = 100;
/// A group as people have them; and the large one, where what is signed is mostly the GroupContext.
const SIZES: [usize; 2] = [10, MEMBERS];
/// Against the floor.
const TARGET: f64 = 1.4;

pub(super) fn measure(arguments: &Arguments, board: &mut Board) -> Result<(), Fault> {
    for members in SIZES {
        let shape = Shape {
            members,
            as_mimi: true,
        };
        let floor = Floor::new(shape, TEXT)?;
        let mut seats = Vec::new();
        for library in &LIBRARIES {
            eprintln!("… backlog, {members} members, {}", library.name);
            seats.push(Seat::of(library, arguments, shape, (0, clock()))?);
        }
        let mut all: Vec<Samples> = seats.iter().map(|_| Samples::default()).collect();
        let mut floors = Samples::default();
        for round in 0..arguments.rounds {
            let mut order: Vec<(&mut Seat, &mut Samples)> = seats.iter_mut().zip(&mut all).collect();
            let first = round % order.len();
            order.rotate_left(first);
            for (seat, samples) in order {
                samples.begin_round();
                samples.add(receive(seat)?);
            }
            floors.begin_round();
            floors.add(at_the_floor(&floor)?);
        }
        for seat in seats {
            seat.count_after_reopening()?;
        }
        print(board, members, &all, &floors);
    }
    Ok(())
}

/// FULL is measured for its waiting; NORMAL for the work.
fn clock() -> Clock {
    match Mode::BUILT {
        Mode::Full => Clock::Wall,
        Mode::Normal => Clock::Processor,
    }
}

/// Sends the messages, and has them received; the time of the latter.
fn receive(seat: &mut Seat) -> Result<Duration, Fault> {
    let mut frames = Vec::with_capacity(MESSAGES);
    for number in 0..MESSAGES {
        seat.pair.send(&text(number))?;
        frames.push(seat.pair.carry()?);
        seat.pair.record_answer()?;
        seat.passed += 1;
    }
    let begun = Stopwatch::start();
    seat.pair.receive_all(frames)?;
    Ok(begun.read(clock()))
}

fn at_the_floor(floor: &Floor) -> Result<Duration, Fault> {
    let begun = Stopwatch::start();
    for _ in 0..MESSAGES {
        floor.receive()?;
    }
    Ok(begun.read(clock()))
}

fn print(board: &mut Board, members: usize, all: &[Samples], floors: &Samples) {
    let Some((ours, peers)) = all.split_first() else {
        return;
    };
    let work = |beside: &str| {
        format!(
            "{MESSAGES} backlogged messages of {TEXT} B, {members} members, one call, {} ÷ {beside}",
            Mode::BUILT.name()
        )
    };
    let ratio = ours.ratio_to(floors);
    let cells = [
        work("crypto floor"),
        micros(ours.median()),
        micros(floors.median()),
        times(ratio),
    ];
    match Mode::BUILT {
        Mode::Normal => board.judged(cells, ratio, (TARGET, "×")),
        Mode::Full => board.told(cells),
    }
    for (library, peer) in LIBRARIES.iter().skip(1).zip(peers) {
        board.told([
            work(library.name),
            micros(ours.median()),
            micros(peer.median()),
            times(ours.ratio_to(peer)),
        ]);
    }
}

fn text(number: usize) -> String {
    format!("{number:0TEXT$}")
}
