//! What Rust's test harness prints, read.

/// Counts over the `test result:` lines seen, and the names of what failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// `test result:` lines; a binary that died has none.
    pub(crate) results: u64,
    pub(crate) failures: Vec<String>,
}

impl Counts {
    /// Takes one line of output into account.
    pub(crate) fn line(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.results += 1;
            self.passed += count(result, " passed");
            self.failed += count(result, " failed");
            self.ignored += count(result, " ignored");
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
    }

    /// Takes the way into account in which the process ended: whatever it counted, dying is a failure, and so is silence.
    pub(crate) fn end(&mut self, succeeded: bool) {
        if self.failed == 0 && (!succeeded || self.results == 0) {
            self.failed += 1;
            self.failures.push("it ended without a result".to_owned());
        }
    }
}

/// The number before `what` in `ok. 12 passed; 0 failed; …`.
fn count(result: &str, what: &str) -> u64 {
    let Some((before, _)) = result.split_once(what) else {
        return 0;
    };
    before
        .rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// The sum of the lines `seeds: N …` that the tests of a suite wrote.
pub(crate) fn seeds(log: &str) -> u64 {
    log.lines()
        .filter_map(|line| {
            line.strip_prefix("seeds: ")?
                .split(' ')
                .next()?
                .parse::<u64>()
                .ok()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up_and_failures_named() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test a_uri_is_kept ... ok",
            "test a_port_is_refused ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            counts.line(line);
        }
        let failures = vec!["a_port_is_refused".to_owned()];
        assert_eq!(
            counts,
            Counts {
                passed: 13,
                failed: 1,
                ignored: 1,
                results: 2,
                failures
            }
        );
    }

    #[test]
    fn a_process_that_died_or_said_nothing_failed() {
        const OK: &str = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        for (said, succeeded, failed) in [(OK, true, 0), (OK, false, 1), ("", true, 1), ("", false, 1)] {
            let mut counts = Counts::default();
            counts.line(said);
            counts.end(succeeded);
            assert_eq!(counts.failed, failed, "{said:?} {succeeded}");
        }
    }

    #[test]
    fn seeds_are_added_up_and_other_lines_passed_over() {
        assert_eq!(
            seeds("seeds: 256 any value round-trips\nnoise\nseeds: 1\nseeds: many\n"),
            257
        );
    }
}
