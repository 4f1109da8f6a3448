//! See `comity_reliability::turns`.

use std::process::ExitCode;

use comity_reliability::other;
use comity_reliability::turns::{self, Report, Waits};

const USAGE: &str = "\
--steps N    steps of both processes together, 10000
--seed N     another world";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|argument| argument == turns::ARGUMENT)
    {
        turns::live();
        return ExitCode::SUCCESS;
    }
    if arguments
        .first()
        .is_some_and(|argument| argument == other::ARGUMENT)
    {
        other::live(&arguments[1..]);
        return ExitCode::SUCCESS;
    }
    match parse(&arguments) {
        Ok((steps, seed)) => run(steps, seed),
        Err(fault) => {
            eprintln!("{fault}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: &[String]) -> Result<(u64, u64), String> {
    let (mut steps, mut seed) = (10_000, 1);
    for pair in arguments.chunks(2) {
        let [name, value] = pair else {
            return Err(format!("`{}` lacks its value", pair[0]));
        };
        let number = value.parse().map_err(|_| format!("`{value}` is no number"))?;
        match name.as_str() {
            "--steps" => steps = number,
            "--seed" => seed = number,
            _ => return Err(format!("`{name}` is unknown")),
        }
    }
    Ok((steps, seed))
}

fn run(steps: u64, seed: u64) -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let outcome = turns::run(&program, steps, seed);
    println!(
        "{:10} {:>6} {:>5} {:>6} {:>6} {:>12} {:>12} {:>13}",
        "", "steps", "busy", "taken", "sent", "mean wait", "worst wait", "longest call"
    );
    line("app", &outcome.app);
    line("extension", &outcome.extension);
    println!("generations reused: {}", outcome.reused);
    println!("messages lost or doubled: {}", outcome.lost);
    let waits = waits(&outcome.extension);
    if outcome.reused + outcome.lost == 0 && waits != Waits::TooLong {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn waits(extension: &Report) -> Waits {
    let (most, late, calls) = (millis(extension.waited_most), extension.late, extension.calls());
    let waits = extension.waits();
    let verdict = match waits {
        Waits::AsWanted => "yes",
        Waits::Noise => "no, but so seldom that it may be the machine's load",
        Waits::TooLong => "NO",
    };
    let wanted = turns::WANTED.as_millis();
    println!(
        "the extension waited at most {most:.1} ms, and longer than {wanted} ms in {late} of {calls} calls"
    );
    println!("it never waits above {wanted} ms: {verdict}");
    waits
}

fn line(name: &str, report: &Report) {
    let Report {
        steps,
        busy,
        waited_most,
        longest,
        taken,
        sent,
        ..
    } = *report;
    let mean = report.waited_mean().as_secs_f64() * 1_000.0;
    println!(
        "{name:10} {steps:>6} {busy:>5} {taken:>6} {sent:>6} {mean:>9.2} ms {:>9.2} ms {:>10.2} ms",
        millis(waited_most),
        millis(longest)
    );
}

fn millis(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64() * 1_000.0
}
