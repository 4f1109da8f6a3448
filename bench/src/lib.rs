//! Measures Comity beside raw OpenMLS and mls-rs, each with its own SQLite storage, in the same run.
//!
//! A harness of its own and not criterion or divan, because what is asked is a ratio, on machines that are shared: the libraries take
//! turns, round by round, in one process and on one file system, so that whatever disturbs one disturbs the others. A row shows the
//! median of the rounds' medians, and its ratio is the median of the rounds' ratios.
//!
//! * `pair`: what every library does here: two members of one room, each with a file of its own;
//! * `rounds`: the turns, and what is written on the way; `history`: whether a long conversation costs more;
//! * `store`: what the store costs in large rooms, after a pause, beside junk; each row has a target;
//! * `content`: decoding and encoding messages, without any file, beside ciborium; `ciborium`: what it needs for that;
//! * `fsyncs`: how often a step waits for the disk, as the system sees it.
//!
//! `synchronous=FULL` is what ships. NORMAL hides the disk, so that the work can be compared; it is another build of the engine, which
//! the program starts by itself (see `modes`). How to repeat it, what is set how, and results: `docs/performance.md`.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads clocks; the engine under it is handed `now` as ever"
)]

mod arguments;
mod ciborium;
mod content;
mod environment;
mod fsyncs;
mod history;
mod messages;
mod mls_rs_sqlite;
mod modes;
mod openmls_sqlite;
mod ours;
mod pair;
mod rounds;
mod samples;
mod store;
mod table;

use std::path::Path;
use std::process::ExitCode;

use arguments::{Arguments, Part};

/// Why nothing was measured.
type Fault = Box<dyn std::error::Error>;

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("comity-bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what decoding allocates, as `count` counts the allocations of what it is handed.
pub fn allocations(count: impl Fn(&mut dyn FnMut()) -> u64) -> ExitCode {
    content::allocations(count)
}

fn run(arguments: &Arguments) -> Result<(), Fault> {
    if arguments.help {
        println!("{}", arguments::HELP);
        return Ok(());
    }
    if let [dir, room] = arguments.open_one.as_slice() {
        return store::opening::be_measured(Path::new(dir), room);
    }
    if arguments.count_fsyncs {
        return fsyncs::be_counted(arguments);
    }
    if arguments.measures(modes::Mode::BUILT) {
        measure(arguments)?;
    }
    if modes::Mode::BUILT == modes::Mode::Full && arguments.measures(modes::Mode::Normal) {
        modes::run_normal(arguments)?;
    }
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<(), Fault> {
    environment::print(arguments)?;
    if arguments.covers(Part::Messages) {
        messages::measure(arguments)?;
    }
    if arguments.covers(Part::History) && modes::Mode::BUILT == modes::Mode::Normal {
        history::measure(arguments)?;
    }
    if arguments.covers(Part::Store) {
        store::measure(arguments)?;
    }
    // It opens no file, so once is enough: in the run that is always the last.
    if arguments.covers(Part::Content) && arguments.is_last(modes::Mode::BUILT) {
        content::measure(arguments)?;
    }
    Ok(())
}
