//! A cold start: a process of its own opens the file, decrypts one message in a large room, and closes. Its time and its memory.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use comity::{Client, FrameOutcome, Key32, Opening};
use comity_room::RoomUri;

use super::{Board, MEMBERS, on_cpu};
use crate::Fault;
use crate::arguments::Arguments;
use crate::ours::{self, batch, now};
use crate::pair::Pair as _;
use crate::samples::Samples;
use crate::table::micros;

/// In milliseconds, and in MB above what a process takes that does nothing.
const TIME: f64 = 15.0;
const MEMORY: f64 = 12.0;

/// The argument that makes this program the process to be measured, and says where its work lies.
pub(crate) const CHILD: &str = "--open-one";

pub(super) fn measure(arguments: &Arguments, board: &mut Board) -> Result<(), Fault> {
    eprintln!("… cold start");
    for commits in [0, super::PAST_EPOCHS] {
        of(arguments, commits, board)?;
    }
    Ok(())
}

fn of(arguments: &Arguments, commits: usize, board: &mut Board) -> Result<(), Fault> {
    let dir = tempfile::tempdir_in(&arguments.dir)?;
    let mut room = ours::room(dir.path(), MEMBERS)?;
    for _ in 0..commits {
        room.commit()?;
    }
    let mut frames = Vec::new();
    for _ in 0..arguments.rounds {
        room.send("hello")?;
        frames.push(room.carry()?);
        room.record_answer()?;
    }
    room.bob.client.pause()?;
    let place = dir.path().join("frame");
    let (mut times, mut busy, mut memory) = (Samples::default(), Samples::default(), Vec::new());
    for frame in frames {
        std::fs::write(&place, frame)?;
        let empty = run(dir.path(), "")?;
        let full = run(dir.path(), room.room.as_str())?;
        times.begin_round();
        times.add(full.time);
        busy.begin_round();
        busy.add(full.worked);
        memory.push(full.memory.saturating_sub(empty.memory));
    }
    memory.sort_unstable();
    let megabytes = f64::from(u32::try_from(
        memory.get(memory.len() / 2).copied().unwrap_or_default(),
    )?) / 1_000.0;
    let median = times.median();
    let work =
        |what: &str| format!("open, decrypt one, close: {what}, {MEMBERS} members, {commits} past epochs");
    let none = || "–".to_owned();
    board.judged(
        [
            work("time"),
            format!("{}, on the processor {}", micros(median), micros(busy.median())),
            none(),
            none(),
        ],
        median.map(|median| median / 1_000.0),
        (TIME, "ms"),
    );
    board.judged(
        [work("memory"), format!("{megabytes:.1} MB"), none(), none()],
        Some(megabytes),
        (MEMORY, "MB"),
    );
    Ok(())
}

/// What a process took.
struct Taken {
    time: Duration,
    /// For how much of it the process had a processor.
    worked: Duration,
    /// The most memory that it ever held, in kB.
    memory: u64,
}

fn run(dir: &Path, room: &str) -> Result<Taken, Fault> {
    let output = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .arg(dir)
        .arg(room)
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut words = text.split_whitespace().map(str::parse::<u64>);
    match (words.next(), words.next(), words.next()) {
        (Some(Ok(nanos)), Some(Ok(worked)), Some(Ok(memory))) if output.status.success() => Ok(Taken {
            time: Duration::from_nanos(nanos),
            worked: Duration::from_nanos(worked),
            memory,
        }),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

/// The process: does it, or nothing if there is no room, and prints what it took.
pub(crate) fn be_measured(dir: &Path, room: &str) -> Result<(), Fault> {
    let (begun, worked) = (Instant::now(), on_cpu()?);
    if !room.is_empty() {
        let frame = std::fs::read(dir.join("frame"))?;
        let room = RoomUri::parse(room)?;
        let opening = Opening::app(dir.join("comity-bob"), Key32::new([7; 32]));
        let mut client = Client::open(now()?, &opening)?;
        let step = client.receive(now()?, &batch(&room, vec![frame]))?;
        if !matches!(
            step.frames.as_slice(),
            [FrameOutcome::Done { message: Some(_), .. }]
        ) {
            return Err(format!("a message came out as {:?}", step.frames).into());
        }
        client.close()?;
    }
    let worked = on_cpu()?.saturating_sub(worked);
    println!(
        "{} {} {}",
        begun.elapsed().as_nanos(),
        worked.as_nanos(),
        most_memory()?
    );
    Ok(())
}

/// The most memory that this process has held, in kB.
fn most_memory() -> Result<u64, Fault> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("the system does not tell the memory")?.parse()?)
}
