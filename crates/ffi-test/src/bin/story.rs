//! Tells the story: `story --seed N --names a,b` prints its facts.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str, default: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1).cloned())
            .unwrap_or_else(|| default.to_owned())
    };
    let (seed, names) = (value("--seed", "1"), value("--names", "alice,bob"));
    match comity_ffi_test::story::tell(&seed, &names) {
        Ok(facts) => {
            print!("{facts}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("story: {fault}");
            ExitCode::FAILURE
        }
    }
}
