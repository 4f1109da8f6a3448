//! What happened, in words, for the one who has to find out why a test failed.

use std::collections::VecDeque;

/// How many lines are kept, and how many are printed.
const KEPT: usize = 400;

/// The last lines of what happened. They are printed if the test panics.
#[derive(Debug)]
pub(crate) struct Trace {
    seed: u64,
    lines: VecDeque<String>,
    dropped: usize,
}

impl Trace {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seed,
            lines: VecDeque::new(),
            dropped: 0,
        }
    }

    pub(crate) fn note(&mut self, elapsed: u64, line: &str) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines
            .push_back(format!("{:>6}.{:03} {line}", elapsed / 1_000, elapsed % 1_000));
    }

    /// The trace as text.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "world of seed {}; {} earlier lines left out\n",
            self.seed, self.dropped
        );
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.text());
        }
    }
}
