//! Whether a message costs more when thousands came before it: a room at its beginning and one with a history, in turns.

use crate::Fault;
use crate::arguments::Arguments;
use crate::pair::LIBRARIES;
use crate::rounds::{Seat, take_turns};
use crate::table::{Table, micros, times};

const BEFORE: usize = 5_000;
const MEASURED: usize = 500;
const ROUNDS: usize = 10;

/// Measures and prints. Ours and, for reference, the first peer.
pub(crate) fn measure(arguments: &Arguments) -> Result<(), Fault> {
    println!(
        "Two members; microseconds a step for messages 1–{MEASURED} of a room and for messages {}–{} of another, in turns.\n",
        BEFORE + 1,
        BEFORE + MEASURED
    );
    let mut table = Table::new(&[
        "library",
        "step",
        "at the beginning",
        "after 5,000 messages",
        "ratio",
        "means",
    ]);
    for library in LIBRARIES.iter().take(2) {
        eprintln!("… {BEFORE} messages with {}", library.name);
        let mut long = Seat::new(library, arguments, 2)?;
        long.pass_unmeasured(BEFORE)?;
        let young = Seat::new(library, arguments, 2)?;
        let mut seats = [young, long];
        let measured = take_turns(&mut seats, ROUNDS, MEASURED / ROUNDS)?;
        let [young, long] = measured.as_slice() else {
            continue;
        };
        let steps = [
            ("send", &young.send, &long.send),
            ("receive", &young.receive, &long.receive),
            ("answer", &young.answer, &long.answer),
        ];
        for (name, young, long) in steps.into_iter().filter(|(_, young, _)| young.median().is_some()) {
            table.row([
                library.name.to_owned(),
                name.to_owned(),
                micros(young.median()),
                micros(long.median()),
                times(long.ratio_to(young)),
                format!("{} / {}", micros(young.mean()), micros(long.mean())),
            ]);
        }
        for seat in seats {
            seat.count_after_reopening()?;
        }
    }
    table.print();
    Ok(())
}
