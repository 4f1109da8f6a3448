//! Running one test under many seeds, and saying which one failed.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Runs `test` once per seed: ten in a debug build, thirty in a release build, or as many as `COMITY_SEEDS` says.
///
/// `COMITY_SEED` runs that one alone. A failure prints its seed. If `COMITY_SEEDS_LOG` names a file, a line
/// `seeds: N suite` is added to it.
pub fn for_each_seed(suite: &str, test: impl Fn(u64)) {
    let seeds = seeds();
    for &seed in &seeds {
        let blame = Blame { suite, seed };
        test(seed);
        drop(blame);
    }
    log(suite, seeds.len());
}

fn seeds() -> Vec<u64> {
    if let Some(one) = number("COMITY_SEED") {
        return vec![one];
    }
    let usual = if cfg!(debug_assertions) { 10 } else { 30 };
    (1..=number("COMITY_SEEDS").unwrap_or(usual)).collect()
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
    )
}

fn log(suite: &str, seeds: usize) {
    let Ok(path) = std::env::var("COMITY_SEEDS_LOG") else {
        return;
    };
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .expect("the seeds' log opens");
    // One write per line, so that tests in parallel do not mix theirs.
    file.write_all(format!("seeds: {seeds} {suite}\n").as_bytes())
        .expect("the seeds' log is written");
}

/// Prints the seed if the test panics.
struct Blame<'s> {
    suite: &'s str,
    seed: u64,
}

impl Drop for Blame<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "{} failed under seed {}; repeat it with COMITY_SEED={}",
                self.suite, self.seed, self.seed
            );
        }
    }
}
