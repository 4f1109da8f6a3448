//! A step in a large room after another process has written to the file: as the app finds it after its extension has been at work.

use std::time::{Duration, Instant};

use comity::{Client, Opening, Role};

use super::{Board, MEMBERS, on_cpu};
use crate::Fault;
use crate::arguments::Arguments;
use crate::ours::{self, Comity, batch, now};
use crate::pair::Pair as _;
use crate::samples::Samples;
use crate::table::{micros, times};

/// In milliseconds.
const TARGET: f64 = 2.0;

/// What the other process has written.
#[derive(Clone, Copy)]
enum Other {
    Nothing,
    /// It has received a frame of the same room.
    SameRoom,
    /// It has rejected a frame of none.
    Elsewhere,
}

pub(super) fn measure(arguments: &Arguments, board: &mut Board) -> Result<(), Fault> {
    eprintln!("… reload");
    let dir = tempfile::tempdir_in(&arguments.dir)?;
    let mut room = ours::room(dir.path(), MEMBERS)?;
    for _ in 0..super::PAST_EPOCHS {
        room.commit()?;
    }
    let opening = Opening {
        role: Role::Extension,
        ..room.bob.opening.clone()
    };
    let mut extension = Client::open(now()?, &opening)?;
    let kinds = [Other::Nothing, Other::SameRoom, Other::Elsewhere];
    let mut all = [Samples::default(), Samples::default(), Samples::default()];
    let mut busy = [Samples::default(), Samples::default(), Samples::default()];
    for _ in 0..arguments.rounds {
        for ((kind, samples), busy) in kinds.into_iter().zip(&mut all).zip(&mut busy) {
            samples.begin_round();
            busy.begin_round();
            for _ in 0..arguments.steps.min(10) {
                let (took, worked) = step(&mut room, &mut extension, kind)?;
                samples.add(took);
                busy.add(worked);
            }
        }
    }
    extension.close()?;
    let [alone, same, elsewhere] = &all;
    let [_, busy_same, busy_elsewhere] = &busy;
    for (what, samples, busy) in [
        ("to the room", same, busy_same),
        ("elsewhere", elsewhere, busy_elsewhere),
    ] {
        let median = samples.median();
        let cells = [
            format!("receive, {MEMBERS} members, after another process wrote {what} ÷ warm"),
            format!("{}, on the processor {}", micros(median), micros(busy.median())),
            micros(alone.median()),
            times(samples.ratio_to(alone)),
        ];
        board.judged(cells, median.map(|median| median / 1_000.0), (TARGET, "ms"));
    }
    Ok(())
}

/// How long it took, and for how much of that it had a processor.
fn step(room: &mut Comity, extension: &mut Client, kind: Other) -> Result<(Duration, Duration), Fault> {
    match kind {
        Other::Nothing => {}
        Other::SameRoom => {
            let frame = send(room)?;
            let _ = extension.receive(now()?, &batch(&room.room, vec![frame]))?;
        }
        Other::Elsewhere => {
            let _ = extension.receive(now()?, &batch(&room.room, vec![b"no frame".to_vec()]))?;
        }
    }
    let frame = send(room)?;
    let (begun, worked) = (Instant::now(), on_cpu()?);
    room.receive(frame)?;
    Ok((begun.elapsed(), on_cpu()?.saturating_sub(worked)))
}

fn send(room: &mut Comity) -> Result<Vec<u8>, Fault> {
    room.send("hello")?;
    let frame = room.carry()?;
    room.record_answer()?;
    Ok(frame)
}
