//! Another language's own test runner as one suite of ours: each of its tests counts.

use std::process::Command;
use std::time::Instant;

use crate::Fault;
use crate::cargo;
use crate::report::{Report, Suite};

/// What a runner says at its end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) ran: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

/// Runs it and reports the suite; `read` takes from each line what it tells. A runner that fails without saying which test did, or that
/// finds none, is one failure. Returns the lines, which were printed if something failed.
pub(super) fn run(
    report: &mut Report,
    name: &str,
    runner: Command,
    read: fn(&mut Outcome, &str),
) -> Result<Vec<String>, Fault> {
    let start = Instant::now();
    let (mut outcome, mut output) = (Outcome::default(), Vec::new());
    let succeeded = cargo::stream(runner, |line| {
        read(&mut outcome, line);
        output.push(line.to_owned());
    })?;
    if !succeeded || outcome.ran == 0 {
        output.iter().for_each(|line| println!("    {line}"));
        outcome.failed = outcome.failed.max(1);
        report.failures.push(name.to_owned());
    }
    report.suites.push(Suite {
        name: name.to_owned(),
        profile: "debug",
        passed: outcome.ran.saturating_sub(outcome.failed + outcome.skipped),
        failed: outcome.failed,
        skipped: outcome.skipped,
        time: start.elapsed(),
        ..Suite::default()
    });
    Ok(output)
}

/// What a runner's lines come to, for tests.
#[cfg(test)]
pub(super) fn outcome(read: fn(&mut Outcome, &str), lines: &[&str]) -> Outcome {
    let mut outcome = Outcome::default();
    lines.iter().for_each(|line| read(&mut outcome, line));
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(script: &str) -> Report {
        let mut report = Report::default();
        let mut runner = Command::new("sh");
        runner.args(["-c", script]);
        let read = |outcome: &mut Outcome, _: &str| outcome.ran += 1;
        run(&mut report, "a runner", runner, read).unwrap();
        report
    }

    fn counts(report: &Report) -> (u64, u64, usize) {
        let suite = &report.suites[0];
        (suite.passed, suite.failed, report.failures.len())
    }

    #[test]
    fn a_runner_that_fails_or_finds_nothing_is_a_failure() {
        assert_eq!(counts(&said("echo one; echo two")), (2, 0, 0));
        assert_eq!(counts(&said("echo one; echo two; exit 3")), (1, 1, 1));
        assert_eq!(counts(&said("true")), (0, 1, 1));
    }
}
