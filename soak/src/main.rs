//! `cargo xtask soak [--steps N] [--seed N]`: two clients live through thousands of steps, through the C API alone, over the relay's hubs;
//! nothing may be left behind.
//!
//! Under AddressSanitizer every access of Rust's and SQLite's is checked, and every leak told when it ends. In any build it counts what is
//! allocated after 1,000 steps and at the end: see `memory.rs` for the bounds.
#![allow(
    clippy::macro_metavars_in_unsafe,
    reason = "the macros are for the calls here alone, whose arguments promise nothing of their own"
)]

mod app;
mod life;
mod memory;

use std::process::ExitCode;

use life::Life;
use memory::Allocated;

#[global_allocator]
static COUNTED: memory::Counted = memory::Counted;

/// Steps after which what is allocated is looked at for the first time.
const SETTLED: u64 = 1_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        let value = at.and_then(|at| arguments.get(at + 1));
        value.map_or(Ok(default), |value| value.parse())
    };
    let sabotage = arguments
        .iter()
        .skip_while(|argument| *argument != "--sabotage")
        .nth(1);
    let sabotage = match sabotage.map(String::as_str) {
        None => Sabotage::None,
        Some("keep-steps") => Sabotage::KeepSteps,
        Some("use-after-free") => Sabotage::UseAfterFree,
        Some(_) => {
            eprintln!("soak: --sabotage takes keep-steps or use-after-free");
            return ExitCode::from(2);
        }
    };
    let (Ok(steps), Ok(seed)) = (number("--steps", 10_000), number("--seed", 1)) else {
        eprintln!("soak [--steps N] [--seed N] [--sabotage keep-steps|use-after-free]");
        return ExitCode::from(2);
    };
    if steps <= SETTLED {
        eprintln!("soak: more than {SETTLED} steps, of which the first are not measured");
        return ExitCode::from(2);
    }
    if soak(steps, seed, sabotage) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is done wrong on purpose: whoever passes then watches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sabotage {
    None,
    /// Steps are not freed.
    KeepSteps,
    /// A step is read once more, freed as it is. For AddressSanitizer alone.
    UseAfterFree,
}

/// True if memory stayed within its bounds.
fn soak(steps: u64, seed: u64, sabotage: Sabotage) -> bool {
    println!("seed {seed}; steps, octets of Rust with groups in memory, without, octets of SQLite");
    let mut life = Life::begin(seed, sabotage);
    let mut looks = Vec::new();
    for mark in marks(steps) {
        life.live_until(mark);
        let with_groups = memory::allocated();
        life.drops_groups();
        let without = memory::allocated();
        println!(
            "{:6} {:9} {:9} {:9}",
            life.steps(),
            with_groups.rust,
            without.rust,
            without.sqlite
        );
        looks.push((with_groups, without));
    }
    let first = looks.first().map_or(0, |(_, without)| without.rust);
    let last = looks.last().map_or(0, |(_, without)| without.rust);
    let grown = last.saturating_sub(first);
    let most = |of: fn(&(Allocated, Allocated)) -> usize| looks.iter().map(of).max().unwrap_or_default();
    let groups = most(|(with_groups, without)| with_groups.rust.saturating_sub(without.rust));
    let sqlite = most(|(with_groups, _)| with_groups.sqlite);
    println!(
        "Rust's part grew by {grown} octets, of {} that it may",
        memory::GROWTH
    );
    println!("groups took {groups} at most, of {}", memory::GROUPS);
    println!("SQLite's part was {sqlite} at most, of {}", memory::SQLITE);
    let ended = life.end();
    println!(
        "when everything was freed, {} octets of Rust and {} of SQLite were left",
        ended.rust, ended.sqlite
    );
    grown <= memory::GROWTH && groups <= memory::GROUPS && sqlite <= memory::SQLITE && ended.sqlite == 0
}

/// 1,000, then every tenth of the rest.
fn marks(steps: u64) -> impl Iterator<Item = u64> {
    let tenth = ((steps - SETTLED) / 9).max(1);
    (0..9).map(move |at| SETTLED + at * tenth).chain([steps])
}
