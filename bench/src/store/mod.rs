//! What the store costs where it hurts: large rooms, kept epochs, long backlogs, another process on the file, a cold start, and a hub
//! that sends junk. Each row has a target, and says whether it is met.
//!
//! * `steps`: a message in a room of 1,000, with and without past epochs, beside the peers; `values`: the octets that it writes;
//! * `backlog`: 1,000 messages in one call, beside `floor`: the cryptography alone;
//! * `reload`: a step after another process has written; `opening`: a process that opens, decrypts one message and closes;
//! * `junk`: what a genuine frame costs beside frames that are nothing.

mod backlog;
mod floor;
mod junk;
pub(crate) mod opening;
mod reload;
mod steps;
mod values;

use std::time::Duration;

use crate::Fault;
use crate::arguments::Arguments;
use crate::modes::Mode;
use crate::table::Table;

/// As many members as one commit can invite.
const MEMBERS: usize = 1_000;
/// As many past epochs as the engine keeps.
const PAST_EPOCHS: usize = 5;

/// What measures some rows.
type Rows = fn(&Arguments, &mut Board) -> Result<(), Fault>;

/// All of them, by name.
pub(crate) const ROWS: [(&str, Rows); 5] = [
    ("backlog", backlog::measure),
    ("steps", steps::measure),
    ("reload", reload::measure),
    ("opening", opening::measure),
    ("junk", junk::measure),
];

/// Measures and prints. Under FULL only what waits for the disk once: the backlog.
pub(crate) fn measure(arguments: &Arguments) -> Result<(), Fault> {
    let mut board = Board::new();
    for (name, rows) in ROWS {
        let asked = arguments.rows.is_empty() || arguments.rows.iter().any(|row| row == name);
        if asked && (Mode::BUILT == Mode::Normal || name == "backlog") {
            rows(arguments, &mut board)?;
        }
    }
    board.print();
    Ok(())
}

/// What was measured, and what was to be reached.
pub(crate) struct Board {
    table: Table,
    met: usize,
    of: usize,
}

impl Board {
    fn new() -> Self {
        Self {
            table: Table::new(&["work", "Comity", "beside", "ratio", "target", "met"]),
            met: 0,
            of: 0,
        }
    }

    /// A row with a target for its value: a ratio, or what was measured.
    fn judged(
        &mut self,
        [work, ours, beside, ratio]: [String; 4],
        value: Option<f64>,
        (most, unit): (f64, &str),
    ) {
        let met = value.is_some_and(|value| value <= most);
        self.of += 1;
        self.met += usize::from(met);
        let target = format!("≤ {most} {unit}");
        let met = if met { "yes" } else { "no" }.to_owned();
        self.table.row([work, ours, beside, ratio, target, met]);
    }

    /// A row without a target.
    fn told(&mut self, [work, ours, beside, ratio]: [String; 4]) {
        self.table
            .row([work, ours, beside, ratio, "–".to_owned(), "–".to_owned()]);
    }

    fn print(&self) {
        println!("The store. Medians; microseconds unless it says otherwise.\n");
        self.table.print();
        println!("{} of {} targets are met.\n", self.met, self.of);
    }
}

/// How long this thread has had a processor: what a busy machine does to a step of several milliseconds is not in it.
fn on_cpu() -> Result<Duration, Fault> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text
        .split_whitespace()
        .next()
        .ok_or("the system does not tell the time on the processor")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}
