//! Messages as octets, without any file: the largest published example of the MIMI content format.

use std::hint::black_box;
use std::time::{Duration, Instant};

use comity_content::{MessageId, Received};
use comity_room::{RoomUri, UserUri};

use crate::Fault;
use crate::arguments::Arguments;
use crate::samples::Samples;
use crate::table::{Table, micros};

/// *mimi-content*, "Examples": nested multiparts with text, HTML and an external part.
const EXAMPLE: &[u8] = include_bytes!("../../crates/content/tests/vectors/multipart-3.cbor");
const SENDER: &str = "mimi://example.com/u/alice-smith";
const ROOM: &str = "mimi://example.com/r/engineering_team";
const ID: &str = "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f";

/// Enough repetitions for the clock's own time not to matter, and few enough for the machine to leave most of them undisturbed.
const REPETITIONS: u32 = 50;
/// How often so many are timed in each round.
const TIMES: usize = 100;

/// Measures and prints.
pub(crate) fn measure(arguments: &Arguments) -> Result<(), Fault> {
    let (sender, room) = (UserUri::parse(SENDER)?, RoomUri::parse(ROOM)?);
    let take = |octets: Vec<u8>| -> Result<MessageId, Fault> {
        Ok(Received::decode(octets)?.message_id(&sender, &room)?)
    };
    if take(EXAMPLE.to_vec())?.to_string() != ID {
        return Err("the example has another message id than the one published".into());
    }
    let received = Received::decode(EXAMPLE.to_vec())?;
    if received.content().encode()? != EXAMPLE {
        return Err("the example does not encode to itself".into());
    }

    let mut rows = [
        ("decode, validate, message id", Samples::default()),
        ("decode, validate", Samples::default()),
        ("message id", Samples::default()),
        ("encode", Samples::default()),
    ];
    for _ in 0..arguments.rounds {
        rows.iter_mut().for_each(|(_, samples)| samples.begin_round());
        for _ in 0..TIMES {
            let times = [
                repeated(|| take(black_box(EXAMPLE).to_vec()))?,
                repeated(|| Ok(Received::decode(black_box(EXAMPLE).to_vec())?))?,
                repeated(|| Ok(black_box(&received).message_id(&sender, &room)?))?,
                repeated(|| Ok(black_box(&received).content().encode()?))?,
            ];
            rows.iter_mut()
                .zip(times)
                .for_each(|((_, samples), time)| samples.add(time));
        }
    }
    println!(
        "The published example of {} octets, microseconds: medians of {} rounds.\n",
        EXAMPLE.len(),
        arguments.rounds
    );
    let mut table = Table::new(&["what", "µs"]);
    for (what, samples) in &rows {
        table.row([
            (*what).to_owned(),
            samples
                .median()
                .map_or_else(|| micros(None), |time| format!("{time:.2}")),
        ]);
    }
    table.print();
    Ok(())
}

/// The time of one of many.
fn repeated<T>(mut work: impl FnMut() -> Result<T, Fault>) -> Result<Duration, Fault> {
    let begun = Instant::now();
    for _ in 0..REPETITIONS {
        black_box(work()?);
    }
    Ok(begun.elapsed() / REPETITIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_the_published_one() {
        assert_eq!(EXAMPLE.len(), 716);
        measure(&Arguments::default()).unwrap();
    }
}
