//! What a genuine frame costs when every other one is junk, as a hostile hub could send it.

use std::time::Duration;

use comity::FrameOutcome;

use comity_wire::{FanoutMessage, Wire as _};

use super::Board;
use crate::Fault;
use crate::arguments::Arguments;
use crate::ours::{self, Comity, batch, now};
use crate::pair::Pair as _;
use crate::samples::Samples;
use crate::stopwatch::{Clock, Stopwatch};
use crate::table::{micros, times};

/// Genuine messages in a batch, beside as many frames of the other sort.
const GENUINE: usize = 100;
/// Genuine commits in a batch, beside as many.
const COMMITS: usize = 10;
const SIZES: [usize; 2] = [10, super::MEMBERS];
/// Against a batch without junk.
const TARGET: f64 = 2.0;

/// How a frame is made worthless.
type Spoil = fn(&Genuine<'_>) -> Option<Vec<u8>>;

struct Genuine<'a> {
    number: usize,
    frame: &'a [u8],
    /// A commit that was taken.
    commit: &'a [u8],
}

const KINDS: [(&str, Spoil); 7] = [
    ("random octets", |genuine| {
        Some(noise(genuine.number, genuine.frame.len()))
    }),
    ("replays", |genuine| Some(genuine.frame.to_vec())),
    ("a past epoch", |genuine| with_epoch(genuine.frame, 0)),
    ("a future epoch", |genuine| {
        with_epoch(genuine.frame, (1 << 40) + genuine.number as u64)
    }),
    ("flipped ciphertexts", |genuine| {
        Some(flipped(genuine.frame, genuine.number))
    }),
    ("commits with flipped signatures", |genuine| {
        let present = epoch_of(genuine.frame)?;
        with_epoch(&flipped(genuine.commit, genuine.number), present)
    }),
    ("unknown groups", |genuine| {
        of_another_group(genuine.frame, genuine.number)
    }),
];

pub(super) fn measure(arguments: &Arguments, board: &mut Board) -> Result<(), Fault> {
    for members in SIZES {
        eprintln!("… junk, {members} members");
        for (kind, spoil) in KINDS {
            beside_messages(arguments, members, (kind, spoil), board)?;
        }
        beside_commits(arguments, members, board)?;
    }
    Ok(())
}

fn beside_messages(
    arguments: &Arguments,
    members: usize,
    (kind, spoil): (&str, Spoil),
    board: &mut Board,
) -> Result<(), Fault> {
    let dir = tempfile::tempdir_in(&arguments.dir)?;
    let mut room = ours::room(dir.path(), members)?;
    let commit = room.commit_frame()?;
    let mut octets = [0, 0];
    let (mut clean, mut mixed) = (Samples::default(), Samples::default());
    for _ in 0..arguments.rounds {
        let frames = send(&mut room, GENUINE)?;
        clean.begin_round();
        clean.add(receive(&mut room, frames)?);
        let mut frames = send(&mut room, GENUINE)?;
        let junk: Vec<Vec<u8>> = (0..)
            .zip(&frames)
            .map(|(number, frame)| {
                let genuine = Genuine {
                    number,
                    frame,
                    commit: &commit,
                };
                spoil(&genuine).ok_or("a frame is not as frames are")
            })
            .collect::<Result<_, _>>()?;
        octets = [&frames, &junk].map(|all| all.iter().map(Vec::len).sum());
        frames = frames
            .into_iter()
            .zip(junk)
            .flat_map(|(frame, junk)| [frame, junk])
            .collect();
        mixed.begin_round();
        mixed.add(receive(&mut room, frames)?);
    }
    let [genuine, junk] = octets;
    let times_the_octets = junk / genuine.max(1);
    let sort = match times_the_octets {
        0 | 1 => kind.to_owned(),
        more => format!("{kind} of {more} times the octets"),
    };
    let work = format!("a message beside as much junk: {sort}, {members} members ÷ alone");
    let cells = cells(work, (&mixed, &clean), GENUINE);
    board.judged(cells, mixed.ratio_to(&clean), (TARGET, "×"));
    Ok(())
}

/// Commits among junk of their own size, each behind its own copy whose signature is another.
fn beside_commits(arguments: &Arguments, members: usize, board: &mut Board) -> Result<(), Fault> {
    let dir = tempfile::tempdir_in(&arguments.dir)?;
    let mut room = ours::room(dir.path(), members)?;
    let (mut clean, mut mixed) = (Samples::default(), Samples::default());
    for _ in 0..arguments.rounds {
        for (samples, junk) in [(&mut clean, false), (&mut mixed, true)] {
            let mut frames = Vec::new();
            for number in 0..COMMITS {
                let commit = room.commit_for_bob()?;
                frames.extend(junk.then(|| flipped(&commit, number)));
                frames.push(commit);
            }
            samples.begin_round();
            samples.add(receive_commits(&mut room, frames)?);
        }
    }
    let work =
        format!("a commit beside as much junk: commits with flipped signatures, {members} members ÷ alone");
    let cells = cells(work, (&mixed, &clean), COMMITS);
    board.judged(cells, mixed.ratio_to(&clean), (TARGET, "×"));
    Ok(())
}

/// What is told of a batch with junk and of one without: what each of their genuine frames took.
fn cells(work: String, (mixed, clean): (&Samples, &Samples), genuine: usize) -> [String; 4] {
    let each = |samples: &Samples| micros(samples.median().map(|all| all / genuine as f64));
    [work, each(mixed), each(clean), times(mixed.ratio_to(clean))]
}

fn send(room: &mut Comity, messages: usize) -> Result<Vec<Vec<u8>>, Fault> {
    (0..messages)
        .map(|number| {
            room.send(&format!("hello {number}"))?;
            let frame = room.carry()?;
            room.record_answer()?;
            Ok(frame)
        })
        .collect()
}

/// Every genuine message must come out, whatever is between them.
fn receive(room: &mut Comity, frames: Vec<Vec<u8>>) -> Result<Duration, Fault> {
    let batch = batch(&room.room, frames);
    let begun = Stopwatch::start();
    let step = room.bob.client.receive(now()?, &batch)?;
    let took = begun.read(Clock::Processor);
    let done = |outcome: &&FrameOutcome| matches!(outcome, FrameOutcome::Done { message: Some(_), .. });
    match step.frames.iter().filter(done).count() {
        GENUINE => Ok(took),
        other => Err(format!("of {GENUINE} genuine frames {other} came out").into()),
    }
}

/// Every genuine commit must be taken, and nothing else.
fn receive_commits(room: &mut Comity, frames: Vec<Vec<u8>>) -> Result<Duration, Fault> {
    let batch = batch(&room.room, frames);
    let begun = Stopwatch::start();
    let step = room.bob.client.receive(now()?, &batch)?;
    let took = begun.read(Clock::Processor);
    let done = |outcome: &&FrameOutcome| matches!(outcome, FrameOutcome::Done { .. });
    match step.frames.iter().filter(done).count() {
        COMMITS => Ok(took),
        other => Err(format!("of {COMMITS} genuine commits {other} were taken").into()),
    }
}

/// Octets without meaning; the same for the same number.
fn noise(seed: usize, length: usize) -> Vec<u8> {
    let mut state = seed as u64 | 1 << 40;
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// One bit of the last third is another: in the ciphertext, or in signature and tag.
fn flipped(frame: &[u8], number: usize) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let place = frame.len().saturating_sub(40 + number % 8);
    if let Some(octet) = frame.get_mut(place) {
        *octet ^= 1 << (number % 8);
    }
    frame
}

/// Where the name of the group stands in a frame, and how long it is: behind MLS's version and the kind of message.
fn group_at(frame: &[u8]) -> Option<(usize, usize)> {
    let message = FanoutMessage::decode(frame).ok()?.message;
    let message = message.as_slice();
    let at = frame
        .windows(message.len())
        .position(|octets| octets == message)?;
    // Names of groups are shorter than 64 octets here, so that their length is one octet.
    let length = usize::from(*message.get(4)?);
    Some((at + 5, length))
}

fn epoch_of(frame: &[u8]) -> Option<u64> {
    let (at, length) = group_at(frame)?;
    let octets = frame.get(at + length..)?.first_chunk()?;
    Some(u64::from_be_bytes(*octets))
}

fn with_epoch(frame: &[u8], epoch: u64) -> Option<Vec<u8>> {
    let (at, length) = group_at(frame)?;
    let mut frame = frame.to_vec();
    *frame.get_mut(at + length..)?.first_chunk_mut()? = epoch.to_be_bytes();
    Some(frame)
}

fn of_another_group(frame: &[u8], number: usize) -> Option<Vec<u8>> {
    let (at, length) = group_at(frame)?;
    let mut frame = frame.to_vec();
    *frame.get_mut(at..at + length)?.last_chunk_mut()? = u32::try_from(number).ok()?.to_be_bytes();
    Some(frame)
}
