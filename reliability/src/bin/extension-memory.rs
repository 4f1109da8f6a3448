//! See `comity_reliability::memory`.

use std::process::ExitCode;

use comity::Budget;
use comity_reliability::memory::{self, Deed, Use};

const USAGE: &str = "\
--members N,…    sizes of rooms, 2,100,300,1000
--memory N       what a frame may need, in octets; the default is an extension's";

/// What the system allows an extension in all.
const ALLOWED: u64 = 24_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|argument| argument == memory::ARGUMENT)
    {
        memory::live();
        return ExitCode::SUCCESS;
    }
    match parse(&arguments).and_then(|(members, memory)| run(&members, memory)) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("{fault}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: &[String]) -> Result<(Vec<usize>, usize), String> {
    let (mut members, mut memory) = (vec![2, 100, 300, 1_000], Budget::EXTENSION.memory);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else {
            return Err(format!("`{}` lacks its value", pair[0]));
        };
        let number = |value: &str| value.parse().map_err(|_| format!("`{value}` is no number"));
        match name.as_str() {
            "--members" => members = value.split(',').map(number).collect::<Result<_, _>>()?,
            "--memory" => memory = number(value)?,
            _ => return Err(format!("`{name}` is unknown")),
        }
    }
    Ok((members, memory))
}

fn run(members: &[usize], memory: usize) -> Result<ExitCode, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    println!("MB of resident memory at its highest, above the process before it opened the file\n");
    print!("{:>7} {:>6} {:>7}", "members", "group", "Welcome");
    for deed in Deed::ALL {
        print!(" {:>22}", format!("{deed:?}").to_lowercase());
    }
    println!();
    let mut most = 0;
    for &members in members {
        let row = memory::measure(&program, members, memory);
        print!(
            "{members:>7} {:>6.2} {:>7.2}",
            megabytes(row.group),
            megabytes(row.welcome)
        );
        for Use { octets, outcome } in row.deeds {
            most = most.max(octets);
            print!(" {:>5.1} {outcome:>16}", megabytes(octets));
        }
        println!();
    }
    println!(
        "\nmost: {:.1} MB (allowed in all: {:.0})",
        megabytes(most),
        megabytes(ALLOWED)
    );
    Ok(if most <= ALLOWED {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}
