//! See `comity_reliability::tail`.

use std::process::ExitCode;

use comity_reliability::arguments::Arguments;
use comity_reliability::tail;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) if tail::run(&arguments).failures.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}
