//! The closing lines: a table of suites, and the count.

use std::time::Duration;

/// What one suite in one profile came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) name: String,
    /// `debug`, `release` or `-`.
    pub(crate) profile: &'static str,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// Seeds and generated cases that its tests told of; 0 for tests without chance.
    pub(crate) seeds: u64,
    pub(crate) time: Duration,
}

/// Everything that ran.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) suites: Vec<Suite>,
    /// One line for each failure, said again at the end, where it is found.
    pub(crate) failures: Vec<String>,
}

impl Report {
    /// The closing lines. The last is `N passed, N failed` and nothing else.
    pub(crate) fn closing(&self, time: Duration, left_out: &[&str]) -> String {
        let total = self.total(time);
        let name = self
            .suites
            .iter()
            .map(|s| s.name.len())
            .max()
            .unwrap_or_default()
            .max(8);
        let mut lines = vec![format!(
            "{:name$}  {:8}{:>8}{:>8}{:>8}{:>10}{:>13}",
            "suite", "profile", "passed", "failed", "skipped", "seeds", "time"
        )];
        lines.extend(self.suites.iter().chain([&total]).map(|suite| row(suite, name)));
        lines.push(String::new());
        lines.extend(self.failures.iter().map(|failure| format!("failed: {failure}")));
        if !left_out.is_empty() {
            lines.push(format!("left out by the arguments: {}", left_out.join(", ")));
        }
        lines.push(format!(
            "tests and checks {}, seeds {}, skips {}",
            total.passed + total.failed,
            total.seeds,
            total.skipped
        ));
        lines.push(format!("{} passed, {} failed", total.passed, total.failed));
        lines.join("\n")
    }

    /// Whether all held: nothing failed, and something ran.
    pub(crate) fn held(&self) -> bool {
        let total = self.total(Duration::ZERO);
        total.failed == 0 && total.passed > 0
    }

    fn total(&self, time: Duration) -> Suite {
        let start = Suite {
            name: "total".into(),
            profile: "",
            time,
            ..Suite::default()
        };
        self.suites.iter().fold(start, |sum, suite| Suite {
            passed: sum.passed + suite.passed,
            failed: sum.failed + suite.failed,
            skipped: sum.skipped + suite.skipped,
            seeds: sum.seeds + suite.seeds,
            ..sum
        })
    }
}

/// `1.2 s` or `3 min 05 s`.
pub(crate) fn spoken(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn row(suite: &Suite, name: usize) -> String {
    let seeds = if suite.seeds == 0 {
        "-".to_owned()
    } else {
        suite.seeds.to_string()
    };
    format!(
        "{:name$}  {:8}{:>8}{:>8}{:>8}{seeds:>10}{:>13}",
        suite.name,
        suite.profile,
        suite.passed,
        suite.failed,
        suite.skipped,
        spoken(suite.time)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(passed: u64, failed: u64, skipped: u64, seeds: u64) -> Suite {
        Suite {
            name: "crates/room/tests/uri.rs".into(),
            profile: "debug",
            passed,
            failed,
            skipped,
            seeds,
            ..Suite::default()
        }
    }

    #[test]
    fn the_last_line_is_the_plain_count() {
        let report = Report {
            suites: vec![suite(20, 0, 0, 256), suite(3, 1, 0, 0)],
            failures: vec!["x".into()],
        };
        let closing = report.closing(Duration::from_secs(61), &[]);
        assert_eq!(closing.lines().last(), Some("23 passed, 1 failed"));
        assert!(closing.contains("tests and checks 24, seeds 256, skips 0"));
        assert!(closing.contains("1 min 01 s"));
        assert!(!report.held());
    }

    #[test]
    fn a_run_of_nothing_does_not_hold() {
        assert!(!Report::default().held());
        assert!(
            Report {
                suites: vec![suite(1, 0, 0, 0)],
                failures: Vec::new()
            }
            .held()
        );
    }
}
