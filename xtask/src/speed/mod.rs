//! `cargo xtask bench faces`: what a `send` costs through C, Swift, Kotlin and Python beside Rust.
//!
//! Each language has a program that sends when it is told to, and says how long it took; see `crates/ffi-test/src/bin/sends.rs`. All of
//! them call one library, built with `synchronous=NORMAL`, which only benchmarks may have: it lies in a folder of its own. They take
//! turns, round by round, and another one begins each round.

mod build;
mod face;
mod figures;
mod options;
mod racer;

use crate::Fault;
use crate::cargo;
use build::Built;
use face::{FACES, Face};
use figures::Figures;
use options::Options;
use racer::Racer;

/// How large the texts are, in octets, and how many of them are sent before those that count.
const SIZES: [(usize, usize); 2] = [(100, 1_500), (64 << 10, 300)];

/// What the C library's allocator is told, for every program alike: to keep the memory that it has. Else one program gives memory back and
/// takes it again with every message of 64 KiB and another does not, by how its memory happens to lie, which is a fifth of the time.
pub(crate) const ALLOCATOR: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
    ("MALLOC_TRIM_THRESHOLD_", "268435456"),
];

/// `cargo xtask bench faces [OPTIONS]`.
pub(crate) fn command(arguments: &[String]) -> Result<u8, Fault> {
    let Some(options) = Options::parse(arguments)? else {
        println!("{}", options::HELP);
        return Ok(0);
    };
    let built = Built::new(options.profile)?;
    let mut taking_part = Vec::new();
    for face in FACES.iter().filter(|face| options.wants(face)) {
        match (face.missing)() {
            Some(missing) => println!("{} is skipped: {missing}", face.name),
            None => taking_part.push((face, (face.build)(&built)?)),
        }
    }
    let faces: Vec<&Face> = taking_part.iter().map(|(face, _)| *face).collect();
    let mut figures = Figures::new(&faces);
    for sitting in 0..options.sittings {
        let mut racers = Vec::new();
        for (face, program) in &taking_part {
            racers.push(Racer::start(face.name, program, &built.folder(face.name)?)?);
        }
        for (octets, warm) in SIZES {
            println!("sitting {} of {}: {octets} octets", sitting + 1, options.sittings);
            measure(&mut racers, (octets, warm), &options, &mut figures)?;
        }
    }
    println!("\n{}\n", conditions(&options)?);
    figures.print();
    Ok(0)
}

/// All rounds of one size with programs that run.
fn measure(
    racers: &mut [Racer],
    (octets, warm): (usize, usize),
    options: &Options,
    figures: &mut Figures<'_>,
) -> Result<(), Fault> {
    for racer in racers.iter_mut() {
        racer.turn(octets, warm)?;
    }
    let count = racers.len();
    for round in 0..options.rounds {
        let mut turns = vec![None; count];
        for place in 0..count {
            let who = (round + place) % count;
            if let (Some(racer), Some(turn)) = (racers.get_mut(who), turns.get_mut(who)) {
                *turn = Some(racer.turn(octets, options.times)?);
            }
        }
        figures.add(octets, turns.into_iter().flatten().collect());
    }
    Ok(())
}

/// What a reader of the tables must know.
fn conditions(options: &Options) -> Result<String, Fault> {
    Ok(format!(
        "`synchronous=NORMAL`, profile `{}`, files in {}, {} sittings of {} rounds of {} calls",
        options.profile,
        cargo::scratch()?.display(),
        options.sittings,
        options.rounds,
        options.times
    ))
}
