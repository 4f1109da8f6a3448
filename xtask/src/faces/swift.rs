//! The Swift package: its tests against the library of the tests, and its examples against the library as it ships.

use std::process::Command;
use std::time::Instant;

use crate::Fault;
use crate::cargo;
use crate::report::{Report, Suite};
use crate::stages::check;
use crate::story;
use crate::swift::Swift;

use super::library;

const OURS: [&str; 2] = ["comity-uniffi", "comity-ffi-test"];
const PACKAGE: &str = "bindings/swift";
const EXAMPLES: &str = "bindings/swift/Examples";
/// Where what Swift builds goes, in the target directory.
const BUILT: &str = "xtask/swift";
const BUILT_EXAMPLES: &str = "xtask/swift-examples";

/// Everything that is tested in Swift.
pub(crate) fn run(report: &mut Report, packages: &[String]) -> Result<(), Fault> {
    if !packages.is_empty() && !packages.iter().any(|package| OURS.contains(&package.as_str())) {
        println!("    nothing of it is in the packages that were asked for");
        return Ok(());
    }
    let swift = Swift::installed()?;
    story::library()?;
    check(report, "swift: the sources are formatted", || format(&swift))?;
    tests(&swift, report)?;
    check(report, "swift: the story is Rust's, octet for octet", || {
        story::is_told(|| {
            Ok(testing(
                &swift,
                &Swift::in_target(&format!("{BUILT}/debug/Story")),
            ))
        })
    })?;
    check(
        report,
        "swift: the library exports what uniffi calls alone",
        library::exports_what_uniffi_calls,
    )?;
    check(
        report,
        "swift: the examples build, and the guide runs, with the library that ships",
        || examples(&swift),
    )
}

/// A program with the library that has the tests' functions.
fn testing(swift: &Swift, program: &str) -> Command {
    let library = Swift::in_target("debug");
    swift.command(
        PACKAGE,
        &[
            ("COMITY_LIBRARY", "comity_ffi_test"),
            ("LD_LIBRARY_PATH", &library),
        ],
        program,
    )
}

fn format(swift: &Swift) -> Result<bool, Fault> {
    let mut lint = swift.command(PACKAGE, &[], "swift");
    lint.args([
        "format",
        "lint",
        "--strict",
        "--parallel",
        "--recursive",
        "Package.swift",
    ]);
    lint.args([
        "Sources/Comity",
        "Sources/ComityEngine/Dates.swift",
        "Tests/ComityTests",
        "Tests/Story",
        "Examples",
    ]);
    cargo::build(lint)
}

/// Builds and runs the tests; each one counts.
fn tests(swift: &Swift, report: &mut Report) -> Result<(), Fault> {
    let start = Instant::now();
    let mut tests = testing(swift, "swift");
    tests.args(["test", "--disable-xctest", "-Xswiftc", "-warnings-as-errors"]);
    tests.args(["--scratch-path", &Swift::in_target(BUILT)]);
    tests.args(["-Xlinker", &format!("-L{}", Swift::in_target("debug"))]);
    let (mut outcome, mut output) = (Outcome::default(), Vec::new());
    let succeeded = cargo::stream(tests, |line| {
        outcome.line(line);
        output.push(line.to_owned());
    })?;
    if !succeeded || outcome.ran == 0 {
        output.iter().for_each(|line| println!("    {line}"));
        outcome.failed = outcome.failed.max(1);
        report.failures.push("swift: swift test".to_owned());
    } else if let Some(closing) = output.iter().rev().find(|line| Outcome::is_closing(line)) {
        println!("    {closing}");
    }
    report.suites.push(Suite {
        name: "swift: swift test".to_owned(),
        profile: "debug",
        passed: outcome.ran.saturating_sub(outcome.failed + outcome.skipped),
        failed: outcome.failed,
        skipped: outcome.skipped,
        time: start.elapsed(),
        ..Suite::default()
    });
    Ok(())
}

/// The programs that developers copy, linked as theirs are.
fn examples(swift: &Swift) -> Result<bool, Fault> {
    let library = Swift::in_target("release");
    let mut build = swift.command(EXAMPLES, &[], "swift");
    build.args(["build", "-Xswiftc", "-warnings-as-errors"]);
    build.args(["--scratch-path", &Swift::in_target(BUILT_EXAMPLES)]);
    build.args(["-Xlinker", &format!("-L{library}")]);
    if !cargo::build(build)? {
        return Ok(false);
    }
    let program = Swift::in_target(&format!("{BUILT_EXAMPLES}/debug/Start"));
    let start = swift.command(EXAMPLES, &[("LD_LIBRARY_PATH", &library)], &program);
    Ok(cargo::output(start)?.contains("still to post"))
}

/// What Swift's tests say as they go, and at their end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    ran: u64,
    failed: u64,
    skipped: u64,
}

impl Outcome {
    fn is_closing(line: &str) -> bool {
        let words = line.split_once(' ').map_or("", |(_, words)| words);
        words.starts_with("Test run with ")
    }

    fn line(&mut self, line: &str) {
        let (mark, words) = line.split_once(' ').unwrap_or_default();
        if let Some(number) = words.strip_prefix("Test run with ") {
            let number = number.split(' ').next().and_then(|number| number.parse().ok());
            self.ran = number.unwrap_or_default();
        } else if words.starts_with("Test ") && mark == "✘" && words.contains(" failed after ") {
            self.failed += 1;
        } else if words.starts_with("Test ") && words.contains(" skipped") && mark == "➜" {
            self.skipped += 1;
        }
    }
}

#[cfg(test)]
mod outcomes {
    use super::*;

    fn outcome(lines: &[&str]) -> Outcome {
        let mut outcome = Outcome::default();
        lines.iter().for_each(|line| outcome.line(line));
        outcome
    }

    #[test]
    fn what_passed_failed_and_was_skipped_is_counted() {
        let said = [
            "◇ Test run started.",
            "✔ Test \"A date goes back\" passed after 0.001 seconds.",
            "✘ Test \"Large values\" recorded an issue at A.swift:1:1: Expectation failed",
            "✘ Test \"Large values\" failed after 0.2 seconds with 1 issue.",
            "➜ Test \"Not now\" skipped.",
            "✘ Suite Misuse failed after 0.3 seconds with 1 issue.",
            "✘ Test run with 3 tests failed after 0.3 seconds with 1 issue.",
        ];
        let wanted = Outcome {
            ran: 3,
            failed: 1,
            skipped: 1,
        };
        assert_eq!(outcome(&said), wanted);
        assert!(Outcome::is_closing(
            "✔ Test run with 41 tests passed after 1.1 seconds."
        ));
    }
}
