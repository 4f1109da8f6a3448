//! Sending and receiving a message of 1 KiB in rooms of several sizes, library beside library.

use crate::Fault;
use crate::arguments::Arguments;
use crate::fsyncs::{self, Counted};
use crate::pair::LIBRARIES;
use crate::rounds::{Logged, Seat, Times, take_turns};
use crate::samples::Samples;
use crate::table::{Table, micros, times};

/// What was found in rooms of one size; beside each other, in the order of the libraries.
struct Size {
    members: usize,
    times: Vec<Times>,
    logged: Vec<Logged>,
    counted: Vec<usize>,
}

/// Measures and prints.
pub(crate) fn measure(arguments: &Arguments) -> Result<(), Fault> {
    let fsyncs = fsyncs::count(arguments)?;
    let mut sizes = Vec::new();
    for members in &arguments.members {
        eprintln!("… rooms of {members}");
        sizes.push(size(arguments, *members)?);
    }
    if arguments.commits > 0 {
        println!(
            "After {} commits by a member who was there from the beginning.\n",
            arguments.commits
        );
    }
    print_times(&sizes);
    print_disk(&sizes, fsyncs.as_ref());
    Ok(())
}

fn size(arguments: &Arguments, members: usize) -> Result<Size, Fault> {
    let mut seats = Vec::new();
    for library in &LIBRARIES {
        seats.push(Seat::new(library, arguments, members)?);
    }
    let times = take_turns(&mut seats, arguments.rounds, arguments.steps)?;
    let logged = seats.iter_mut().map(Seat::logged).collect::<Result<_, _>>()?;
    let counted = seats
        .into_iter()
        .map(Seat::count_after_reopening)
        .collect::<Result<_, _>>()?;
    Ok(Size {
        members,
        times,
        logged,
        counted,
    })
}

/// One kind of step, and where its times are; the second place is that without the message's own row.
type Kind = (&'static str, fn(&Times) -> &Samples, fn(&Times) -> &Samples);

const KINDS: [Kind; 3] = [
    ("send", |times| &times.send, |times| &times.send_alone),
    ("receive", |times| &times.receive, |times| &times.receive_alone),
    ("answer", |times| &times.answer, |times| &times.answer),
];

fn print_times(sizes: &[Size]) {
    let head = [
        "members",
        "step",
        "Comity",
        "OpenMLS",
        "mls-rs",
        "mls-rs, state alone",
        "÷ OpenMLS",
        "÷ mls-rs",
        "means",
    ];
    println!(
        "Microseconds a step: medians; at the end the means of {}.\n",
        LIBRARIES.each_ref().map(|l| l.name).join(" / ")
    );
    let mut table = Table::new(&head);
    for size in sizes {
        let [ours, openmls, mls_rs] = size.times.as_slice() else {
            continue;
        };
        for (name, of, alone) in KINDS {
            let means: Vec<String> = size.times.iter().map(|times| micros(of(times).mean())).collect();
            table.row([
                size.members.to_string(),
                name.to_owned(),
                micros(of(ours).median()),
                micros(of(openmls).median()),
                micros(of(mls_rs).median()),
                micros(alone(mls_rs).median()),
                times(of(ours).ratio_to(of(openmls))),
                times(of(ours).ratio_to(of(mls_rs))),
                means.join(" / "),
            ]);
        }
    }
    table.print();
}

fn print_disk(sizes: &[Size], fsyncs: Option<&Counted>) {
    println!(
        "What a step writes, and what is there after reopening. Each cell: {}.\n",
        LIBRARIES.each_ref().map(|l| l.name).join(" / ")
    );
    let mut table = Table::new(&[
        "members",
        "step",
        "transactions",
        "fsyncs",
        "octets of WAL",
        "messages, sent = found",
    ]);
    for size in sizes {
        for (name, of, _) in KINDS {
            let took = |index: usize| {
                size.times
                    .get(index)
                    .is_some_and(|times| of(times).median().is_some())
            };
            let each = |cell: &dyn Fn(usize) -> String| {
                let cells: Vec<String> = (0..LIBRARIES.len())
                    .map(|index| {
                        if took(index) {
                            cell(index)
                        } else {
                            "–".to_owned()
                        }
                    })
                    .collect();
                cells.join(" / ")
            };
            let fsync = |index: usize| {
                let found = LIBRARIES
                    .get(index)
                    .and_then(|library| fsyncs?.of(size.members, library.name, name));
                found.map_or_else(|| "?".to_owned(), |count| format!("{count:.2}"))
            };
            table.row([
                size.members.to_string(),
                name.to_owned(),
                each(&|index| {
                    LIBRARIES
                        .get(index)
                        .map_or_else(String::new, |library| library.commits.to_string())
                }),
                each(&fsync),
                each(&|index| {
                    size.logged
                        .get(index)
                        .map_or_else(String::new, |logged| octets(logged, name).to_string())
                }),
                each(&|index| {
                    size.counted
                        .get(index)
                        .map_or_else(String::new, ToString::to_string)
                }),
            ]);
        }
    }
    table.print();
    if fsyncs.is_none() {
        println!("fsyncs were not counted: that takes `strace`, which is not here or may not trace.\n");
    }
}

fn octets(logged: &Logged, step: &str) -> usize {
    match step {
        "send" => logged.send,
        "receive" => logged.receive,
        _ => logged.answer,
    }
}
