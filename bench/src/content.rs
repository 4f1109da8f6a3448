//! Messages as octets, without any file: the published examples of the MIMI content format, beside ciborium.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use comity_content::{Content, ContentView, Disposition, MessageId, Part, Received, Salt, media};
use comity_room::{RoomUri, UserUri};
use sha2::{Digest, Sha256};

use crate::Fault;
use crate::arguments::Arguments;
use crate::ciborium;
use crate::samples::Samples;
use crate::table::{Table, micros};

macro_rules! examples {
    ($($name:literal)*) => {
        /// *mimi-content*, "Examples".
        const EXAMPLES: &[(&str, &[u8])] = &[$(
            ($name, include_bytes!(concat!("../../crates/content/tests/vectors/", $name, ".cbor"))),
        )*];
    };
}

examples! {
    "original" "reply" "reaction" "mention" "mention-html" "edit" "delete" "unlike" "expiring" "attachment"
    "conferencing" "multipart-1" "multipart-2" "multipart-3"
}

/// The largest: nested multiparts with text, HTML and an external part.
const EXAMPLE: &[u8] = include_bytes!("../../crates/content/tests/vectors/multipart-3.cbor");
const SENDER: &str = "mimi://example.com/u/alice-smith";
const ROOM: &str = "mimi://example.com/r/engineering_team";
const ID: &str = "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f";

/// Enough repetitions for the clock's own time not to matter, and few enough for the machine to leave most of them undisturbed.
const REPETITIONS: u32 = 50;
/// How often so many are timed in each round.
const TIMES: usize = 100;
/// The same for a large message, which takes a thousand times as long.
const LARGE_TIMES: usize = 20;
/// Octets of the one part of a large message.
const LARGE: usize = (1 << 20) - 1024;

/// Measures and prints.
pub(crate) fn measure(arguments: &Arguments) -> Result<(), Fault> {
    for (name, octets) in EXAMPLES {
        let ours = Content::decode(octets)?;
        if ours.encode()? != *octets || ciborium::decode_strictly(octets)? != ours {
            return Err(format!("{name} is not decoded alike").into());
        }
    }
    one_message(arguments)?;
    beside_ciborium(arguments)?;
    large_message(arguments)
}

fn one_message(arguments: &Arguments) -> Result<(), Fault> {
    let (sender, room) = (UserUri::parse(SENDER)?, RoomUri::parse(ROOM)?);
    let take = |octets: Vec<u8>| -> Result<MessageId, Fault> {
        Ok(Received::decode(octets)?.message_id(&sender, &room)?)
    };
    if take(EXAMPLE.to_vec())?.to_string() != ID {
        return Err("the example has another message id than the one published".into());
    }
    let received = Received::decode(EXAMPLE.to_vec())?;
    let mut buffer = Vec::with_capacity(2 * EXAMPLE.len());

    let mut rows = [
        ("decode, validate, message id", Samples::default()),
        ("decode, validate", Samples::default()),
        ("validate, borrowed view", Samples::default()),
        ("message id", Samples::default()),
        ("encode", Samples::default()),
        ("encode into a buffer", Samples::default()),
    ];
    for _ in 0..arguments.rounds {
        rows.iter_mut().for_each(|(_, samples)| samples.begin_round());
        for _ in 0..TIMES {
            let times = [
                repeated(|| take(black_box(EXAMPLE).to_vec()))?,
                repeated(|| Ok(Received::decode(black_box(EXAMPLE).to_vec())?))?,
                repeated(|| Ok(ContentView::decode(black_box(EXAMPLE))?.parts().count()))?,
                repeated(|| Ok(black_box(&received).message_id(&sender, &room)?))?,
                repeated(|| Ok(black_box(&received).content().encode()?))?,
                repeated(|| {
                    buffer.clear();
                    Ok(black_box(&received).content().encode_into(&mut buffer)?)
                })?,
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
        table.row([(*what).to_owned(), in_micros(samples)]);
    }
    table.print();
    Ok(())
}

/// Every example, into the same struct.
fn beside_ciborium(arguments: &Arguments) -> Result<(), Fault> {
    println!(
        "All published examples, decoded into the same struct, microseconds: medians of {} rounds, ratios of neighbours.\n",
        arguments.rounds
    );
    let mut table = Table::new(&[
        "example",
        "octets",
        "Comity",
        "ciborium",
        "ciborium ÷ Comity",
        "ciborium, deterministic",
        "÷ Comity",
    ]);
    for (name, octets) in EXAMPLES {
        let mut samples = [Samples::default(), Samples::default(), Samples::default()];
        for _ in 0..arguments.rounds {
            samples.iter_mut().for_each(Samples::begin_round);
            for _ in 0..TIMES / 4 {
                let times = [
                    repeated(|| Ok(Content::decode(black_box(octets))?))?,
                    repeated(|| ciborium::decode(black_box(octets)))?,
                    repeated(|| ciborium::decode_strictly(black_box(octets)))?,
                ];
                samples
                    .iter_mut()
                    .zip(times)
                    .for_each(|(samples, time)| samples.add(time));
            }
        }
        let [ours, loose, strict] = &samples;
        table.row([
            (*name).to_owned(),
            octets.len().to_string(),
            in_micros(ours),
            in_micros(loose),
            times(loose.ratio_to(ours)),
            in_micros(strict),
            times(strict.ratio_to(ours)),
        ]);
    }
    table.print();
    Ok(())
}

/// One large part: what is there beside copying it and hashing it?
fn large_message(arguments: &Arguments) -> Result<(), Fault> {
    let (sender, room) = (UserUri::parse(SENDER)?, RoomUri::parse(ROOM)?);
    let body = Part::single(Disposition::RENDER, media::PLAIN_TEXT, vec![b'x'; LARGE]);
    let octets = Content::new(Salt::draw(|salt| salt.fill(7)), &sender, &room, body).encode()?;
    let mut samples = [Samples::default(), Samples::default(), Samples::default()];
    for _ in 0..arguments.rounds {
        samples.iter_mut().for_each(Samples::begin_round);
        for _ in 0..LARGE_TIMES {
            let arrived = octets.clone();
            let owned = once(|| {
                let received = Received::decode(black_box(arrived))?;
                Ok((received.message_id(&sender, &room)?, received))
            })?;
            let view = once(|| {
                let view = ContentView::decode(black_box(&octets))?;
                Ok(MessageId::compute(&sender, &room, view.octets(), view.salt()))
            })?;
            let copied = once(|| {
                let copy = black_box(&octets).clone();
                Ok((Sha256::digest(&copy), copy))
            })?;
            let times = [owned, view, copied];
            samples
                .iter_mut()
                .zip(times)
                .for_each(|(samples, time)| samples.add(time));
        }
    }
    let [owned, view, copied] = &samples;
    println!(
        "One part of {LARGE} octets, microseconds; speed is that of copying and hashing divided by ours.\n"
    );
    let mut table = Table::new(&["what", "µs", "speed"]);
    table.row([
        "memcpy and SHA-256".to_owned(),
        in_micros(copied),
        times(copied.ratio_to(copied)),
    ]);
    table.row([
        "decode, validate, message id".to_owned(),
        in_micros(owned),
        times(copied.ratio_to(owned)),
    ]);
    table.row([
        "borrowed view, message id".to_owned(),
        in_micros(view),
        times(copied.ratio_to(view)),
    ]);
    table.print();
    Ok(())
}

/// Prints what decoding each example allocates, counted by `count`.
pub(crate) fn allocations(count: impl Fn(&mut dyn FnMut()) -> u64) -> ExitCode {
    println!("Allocations while each example is decoded and dropped.\n");
    let mut table = Table::new(&["example", "Comity", "Comity, borrowed view", "ciborium"]);
    for (name, octets) in EXAMPLES {
        let counts = [
            count(&mut || drop(black_box(Content::decode(octets)))),
            count(&mut || _ = black_box(ContentView::decode(octets))),
            count(&mut || drop(black_box(ciborium::decode(octets)))),
        ];
        table.row(
            [(*name).to_owned()]
                .into_iter()
                .chain(counts.map(|n| n.to_string())),
        );
    }
    table.print();
    ExitCode::SUCCESS
}

fn in_micros(samples: &Samples) -> String {
    samples
        .median()
        .map_or_else(|| micros(None), |time| format!("{time:.2}"))
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2} ×"))
}

/// The time of one of many.
fn repeated<T>(mut work: impl FnMut() -> Result<T, Fault>) -> Result<Duration, Fault> {
    let begun = Instant::now();
    for _ in 0..REPETITIONS {
        black_box(work()?);
    }
    Ok(begun.elapsed() / REPETITIONS)
}

/// How long it took; freeing what came out is not counted.
fn once<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<Duration, Fault> {
    let begun = Instant::now();
    let done = black_box(work()?);
    let took = begun.elapsed();
    drop(done);
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_the_published_one() {
        assert_eq!(EXAMPLE.len(), 716);
        let few = ["--rounds", "5"].map(str::to_owned);
        measure(&Arguments::parse(few.into_iter()).unwrap()).unwrap();
        assert_eq!(
            allocations(|work| {
                work();
                0
            }),
            ExitCode::SUCCESS
        );
    }

    #[test]
    fn ciborium_decodes_what_we_decode_and_refuses_what_is_altered() {
        for (name, octets) in EXAMPLES {
            assert_eq!(
                ciborium::decode_strictly(octets).unwrap(),
                Content::decode(octets).unwrap(),
                "{name}"
            );
            assert!(ciborium::decode(&octets[..octets.len() - 1]).is_err(), "{name}");
            assert!(ciborium::decode(&[octets, &[0][..]].concat()).is_err(), "{name}");
        }
    }
}
