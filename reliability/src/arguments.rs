//! What the programs are asked to do.

use std::path::PathBuf;

use crate::verbs::Verb;

/// What both tables take.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// Only verbs whose name contains this.
    pub verb: String,
    /// Only every so manieth change.
    pub every: u64,
    /// The seed of the worlds.
    pub seed: u64,
    /// Syncs do nothing: the table must then fail.
    pub no_sync: bool,
    /// This program, to be started as a child.
    pub program: PathBuf,
}

/// How to ask.
pub const USAGE: &str = "\
--verb TEXT            only verbs whose name contains it
--every N              only every N-th change of the disk
--seed N               another world
--sabotage no-sync     syncs do nothing; whoever passes then tests nothing";

impl Arguments {
    /// Reads them from the command line.
    ///
    /// # Errors
    /// A sentence for whoever wrote them.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self {
            verb: String::new(),
            every: 1,
            seed: 1,
            no_sync: false,
            program: std::env::current_exe().map_err(|error| error.to_string())?,
        };
        let mut arguments = arguments;
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("`{name}` lacks its value\n\n{USAGE}"))?;
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| format!("`{value}` is no number"))
            };
            match (name.as_str(), value.as_str()) {
                ("--verb", _) => parsed.verb = value,
                ("--every", _) => parsed.every = number()?.max(1),
                ("--seed", _) => parsed.seed = number()?,
                ("--sabotage", "no-sync") => parsed.no_sync = true,
                _ => return Err(format!("`{name} {value}` is unknown\n\n{USAGE}")),
            }
        }
        Ok(parsed)
    }

    /// The verbs that are asked for.
    pub fn verbs(&self) -> Vec<Verb> {
        let mut verbs = crate::verbs::all();
        verbs.retain(|verb| verb.name.contains(&self.verb));
        verbs
    }

    /// The changes at which something goes wrong, counted from 1. Where some are left out, each verb begins at another.
    pub fn changes(&self, verb: &Verb) -> impl Iterator<Item = u64> + use<> {
        let letters = verb.name.bytes().map(u64::from).sum::<u64>();
        let first = 1 + letters.checked_rem(self.every).unwrap_or(0);
        (first..).step_by(usize::try_from(self.every).unwrap_or(usize::MAX))
    }
}

/// Runs something that panics if it fails; says what it said.
///
/// # Errors
/// What the panic said.
pub fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        text.unwrap_or_else(|| "something panicked".to_owned())
    })
}
