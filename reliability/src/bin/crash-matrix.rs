//! See `comity_reliability::matrix`.

use std::process::ExitCode;

use comity_reliability::arguments::Arguments;
use comity_reliability::{child, matrix};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments
        .peek()
        .is_some_and(|argument| argument == child::ARGUMENT)
    {
        child::live();
    }
    match Arguments::parse(arguments) {
        Ok(arguments) if matrix::run(&arguments).failures.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}
