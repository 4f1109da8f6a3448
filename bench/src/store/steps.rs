//! One message of 1 KiB in a room of 1,000, without past epochs and with five.

use super::floor::Floor;
use super::{Board, MEMBERS, PAST_EPOCHS, values};
use crate::Fault;
use crate::arguments::Arguments;
use crate::ours;
use crate::pair::{LIBRARIES, Shape};
use crate::rounds::{Seat, Times, take_turns};
use crate::samples::Samples;
use crate::stopwatch::{Clock, Stopwatch};
use crate::table::{micros, times};

/// The most octets of values and of the write-ahead log that a step may write, in KiB.
const VALUES: f64 = 8.0;
const LOG: f64 = 48.0;

/// A kind of step, and where its times are.
type Kind = (&'static str, fn(&Times) -> &Samples);

const KINDS: [Kind; 2] = [("send", |times| &times.send), ("receive", |times| &times.receive)];

/// The seats: ours without and with past epochs; then each peer alike, with as large a GroupContext and as large leaves as ours, and with small ones.
struct Seats(Vec<(String, Seat)>);

impl Seats {
    fn take(
        &mut self,
        arguments: &Arguments,
        name: &str,
        library: usize,
        as_mimi: bool,
        commits: usize,
    ) -> Result<(), Fault> {
        let library = LIBRARIES.get(library).ok_or("no such library")?;
        eprintln!("… {name}, {commits} past epochs");
        let shape = Shape {
            members: MEMBERS,
            as_mimi,
        };
        let seat = Seat::of(library, arguments, shape, (commits, Clock::Processor))?;
        self.0.push((name.to_owned(), seat));
        Ok(())
    }
}

pub(super) fn measure(arguments: &Arguments, board: &mut Board) -> Result<(), Fault> {
    let mut fresh = None;
    for commits in [0, PAST_EPOCHS] {
        let mut seats = Seats(Vec::new());
        seats.take(arguments, "Comity", 0, true, commits)?;
        seats.take(arguments, "OpenMLS", 1, true, commits)?;
        seats.take(arguments, "mls-rs", 2, true, commits)?;
        seats.take(arguments, "OpenMLS, small", 1, false, commits)?;
        seats.take(arguments, "mls-rs, small", 2, false, commits)?;
        if commits > 0 {
            // Ours without past epochs once more, so that the two are measured in one run.
            seats.take(arguments, "Comity, no past epochs", 0, true, 0)?;
        }
        let (names, mut seats): (Vec<String>, Vec<Seat>) = seats.0.into_iter().unzip();
        let measured = take_turns(&mut seats, arguments.rounds, arguments.steps)?;
        beside(board, commits, &names, &measured);
        if commits == 0 {
            floor_beside(arguments, board, (&names, &measured))?;
        }
        if let Some(seat) = seats.first_mut() {
            log(board, commits, seat)?;
        }
        for seat in seats {
            seat.count_after_reopening()?;
        }
        fresh = measured.into_iter().next();
    }
    drop(fresh);
    written(arguments, board)
}

/// The first of the libraries beside each of the others.
fn beside(board: &mut Board, commits: usize, names: &[String], measured: &[Times]) {
    let Some((ours, others)) = measured.split_first() else {
        return;
    };
    for (kind, of) in KINDS {
        for (name, other) in names.iter().skip(1).zip(others) {
            let ratio = of(ours).ratio_to(of(other));
            let cells = [
                format!("{kind} 1 KiB, {MEMBERS} members, {commits} past epochs ÷ {name}"),
                micros(of(ours).median()),
                micros(of(other).median()),
                times(ratio),
            ];
            match target(commits, name) {
                Some(most) => board.judged(cells, ratio, (most, "×")),
                None => board.told(cells),
            }
        }
    }
}

/// What every library must do for such a step, whatever it stores and however, beside the peer that the target names.
fn floor_beside(
    arguments: &Arguments,
    board: &mut Board,
    (names, measured): (&[String], &[Times]),
) -> Result<(), Fault> {
    let shape = Shape {
        members: MEMBERS,
        as_mimi: true,
    };
    let floor = Floor::new(shape, crate::rounds::text(0).len())?;
    let (mut send, mut receive) = (Samples::default(), Samples::default());
    for _ in 0..arguments.rounds {
        send.begin_round();
        receive.begin_round();
        for _ in 0..arguments.steps {
            let begun = Stopwatch::start();
            let _ = floor.send()?;
            send.add(begun.read(Clock::Processor));
            let begun = Stopwatch::start();
            floor.receive()?;
            receive.add(begun.read(Clock::Processor));
        }
    }
    let peer = names.iter().zip(measured).find(|(name, _)| *name == "mls-rs");
    for ((kind, of), floor) in KINDS.into_iter().zip([send, receive]) {
        let theirs = peer.map(|(_, times)| of(times));
        board.told([
            format!("crypto floor alone, {kind} 1 KiB, {MEMBERS} members ÷ mls-rs"),
            micros(floor.median()),
            micros(theirs.and_then(Samples::median)),
            times(theirs.and_then(|theirs| floor.ratio_to(theirs))),
        ]);
    }
    Ok(())
}

fn target(commits: usize, name: &str) -> Option<f64> {
    match (commits, name) {
        (0, "OpenMLS") => Some(0.7),
        (0, "mls-rs") => Some(0.06),
        (PAST_EPOCHS, "OpenMLS") => Some(0.02),
        (PAST_EPOCHS, "Comity, no past epochs") => Some(1.5),
        _ => None,
    }
}

fn log(board: &mut Board, commits: usize, seat: &mut Seat) -> Result<(), Fault> {
    if commits == 0 {
        return Ok(());
    }
    let logged = seat.logged()?;
    for (kind, octets) in [("send", logged.send), ("receive", logged.receive)] {
        let kib = kib(octets);
        let cells = [
            format!("growth of the log, {kind}, {commits} past epochs"),
            format!("{kib:.1} KiB"),
            "–".to_owned(),
            "–".to_owned(),
        ];
        board.judged(cells, Some(kib), (LOG, "KiB"));
    }
    Ok(())
}

/// The octets of the values that a step writes, as another connection sees them.
fn written(arguments: &Arguments, board: &mut Board) -> Result<(), Fault> {
    use crate::pair::Pair as _;
    let dir = tempfile::tempdir_in(&arguments.dir)?;
    let mut room = ours::room(dir.path(), MEMBERS)?;
    for _ in 0..PAST_EPOCHS {
        room.commit()?;
    }
    let alice = values::Watch::over(&room.alice.opening.path)?;
    let bob = values::Watch::over(&room.bob.opening.path)?;
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    for number in 0..arguments.rounds {
        let before = alice.look()?;
        room.send(&crate::rounds::text(number))?;
        sent.push(alice.look()?.octets_beside(&before));
        let frame = room.carry()?;
        room.record_answer()?;
        let before = bob.look()?;
        room.receive(frame)?;
        received.push(bob.look()?.octets_beside(&before));
    }
    for (kind, octets) in [("send", sent), ("receive", received)] {
        let kib = kib(middle(octets));
        let cells = [
            format!("octets of values, {kind}, {PAST_EPOCHS} past epochs"),
            format!("{kib:.1} KiB"),
            "–".to_owned(),
            "–".to_owned(),
        ];
        board.judged(cells, Some(kib), (VALUES, "KiB"));
    }
    Ok(())
}

fn middle(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn kib(octets: usize) -> f64 {
    u32::try_from(octets).map_or(f64::INFINITY, f64::from) / 1_024.0
}
