//! What the program was asked to do.

use std::path::PathBuf;

use crate::Fault;
use crate::modes::Mode;

pub(crate) const HELP: &str = "\
cargo xtask bench [content | store | faces] [OPTIONS]

  content            messages as octets alone, and what decoding allocates
  store              what the store costs in large rooms, each row with its target
  faces              what a send costs in each language; it has options of its own
  --only PART,…      messages, history, store, content; all of them without it
  --rows ROW,…       of the store: backlog, steps, reload, opening, junk; all of them without it
  --mode MODE        full, normal, or both (the default)
  --members N,…      sizes of rooms; 2,64,1000 without it
  --rounds N         how often the libraries take turns; 11 without it, at least 5
  --steps N          messages in each turn; 40 without it
  --commits N        commits by members after everybody has joined, each of which is a past epoch kept; 0 without it
  --dir DIR          where the files lie; the system's directory for temporary files without it";

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Messages,
    History,
    Store,
    Content,
}

/// The arguments, with defaults for what was not given.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    pub(crate) help: bool,
    /// Run under a tracer that counts: see `fsyncs.rs`.
    pub(crate) count_fsyncs: bool,
    /// Be the process that is measured from its beginning: see `store/opening.rs`.
    pub(crate) open_one: Vec<String>,
    parts: Vec<Part>,
    modes: Vec<Mode>,
    /// Of the store; empty for all.
    pub(crate) rows: Vec<String>,
    pub(crate) members: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) steps: usize,
    pub(crate) commits: usize,
    pub(crate) dir: PathBuf,
    /// As they were given, for the second build.
    pub(crate) given: Vec<String>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            help: false,
            count_fsyncs: false,
            open_one: Vec::new(),
            parts: vec![Part::Messages, Part::History, Part::Store, Part::Content],
            modes: vec![Mode::Full, Mode::Normal],
            rows: Vec::new(),
            members: vec![2, 64, 1_000],
            rounds: 11,
            steps: 40,
            commits: 0,
            dir: std::env::temp_dir(),
            given: Vec::new(),
        }
    }
}

/// Fewer rounds than this make no median worth printing.
const FEWEST_ROUNDS: usize = 5;
/// The creator, the one who receives, and those who only make the room large. One change of a room holds 1,000 invitations.
const MEMBERS: std::ops::RangeInclusive<usize> = 2..=1_001;

impl Arguments {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let given: Vec<String> = arguments.collect();
        let mut parsed = Self {
            given: given.clone(),
            ..Self::default()
        };
        let mut rest = given.into_iter();
        while let Some(name) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--help" | "-h" => parsed.help = true,
                crate::store::opening::CHILD => parsed.open_one = vec![value()?, value()?],
                "--count-fsyncs" => parsed.count_fsyncs = true,
                "--only" => parsed.parts = list(&value()?, part)?,
                "--mode" => parsed.modes = mode(&value()?)?,
                "--rows" => parsed.rows = list(&value()?, row)?,
                "--members" => parsed.members = list(&value()?, number)?,
                "--rounds" => parsed.rounds = number(&value()?)?,
                "--steps" => parsed.steps = number(&value()?)?.max(1),
                "--commits" => parsed.commits = number(&value()?)?,
                "--dir" => parsed.dir = PathBuf::from(value()?),
                _ => return Err(format!("there is no {name}\n\n{HELP}").into()),
            }
        }
        if parsed.rounds < FEWEST_ROUNDS {
            return Err(format!("--rounds is at least {FEWEST_ROUNDS}").into());
        }
        if !parsed.members.iter().all(|members| MEMBERS.contains(members)) {
            return Err(format!("--members is from {} to {}", MEMBERS.start(), MEMBERS.end()).into());
        }
        Ok(parsed)
    }

    pub(crate) fn covers(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    pub(crate) fn measures(&self, mode: Mode) -> bool {
        self.modes.contains(&mode)
    }

    /// Whether this mode is the last of those asked for.
    pub(crate) fn is_last(&self, mode: Mode) -> bool {
        self.modes.last() == Some(&mode)
    }
}

fn list<T>(text: &str, one: impl Fn(&str) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    text.split(',').map(|item| one(item.trim())).collect()
}

fn number(text: &str) -> Result<usize, Fault> {
    text.parse().map_err(|_| format!("{text} is not a number").into())
}

fn row(text: &str) -> Result<String, Fault> {
    if crate::store::ROWS.iter().any(|(name, _)| *name == text) {
        Ok(text.to_owned())
    } else {
        Err(format!("the store has no rows called {text}\n\n{HELP}").into())
    }
}

fn part(text: &str) -> Result<Part, Fault> {
    match text {
        "messages" => Ok(Part::Messages),
        "history" => Ok(Part::History),
        "store" => Ok(Part::Store),
        "content" => Ok(Part::Content),
        _ => Err(format!("there is nothing called {text} to measure\n\n{HELP}").into()),
    }
}

fn mode(text: &str) -> Result<Vec<Mode>, Fault> {
    match text {
        "full" => Ok(vec![Mode::Full]),
        "normal" => Ok(vec![Mode::Normal]),
        "both" => Ok(vec![Mode::Full, Mode::Normal]),
        _ => Err(format!("there is no mode {text}\n\n{HELP}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, Fault> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn without_arguments_everything_is_measured_in_both_modes() {
        let all = parse("").unwrap();
        assert!(
            [Part::Messages, Part::History, Part::Store, Part::Content]
                .iter()
                .all(|part| all.covers(*part))
        );
        assert!(all.measures(Mode::Full) && all.measures(Mode::Normal));
        assert_eq!(all.members, [2, 64, 1_000]);
    }

    #[test]
    fn what_is_given_replaces_what_is_usual() {
        let some =
            parse("--only content --rows junk --mode full --members 3,5 --rounds 7 --steps 9 --commits 2")
                .unwrap();
        assert!(some.covers(Part::Content) && !some.covers(Part::Messages));
        assert_eq!(some.rows, ["junk"]);
        assert!(some.is_last(Mode::Full) && !some.measures(Mode::Normal));
        assert_eq!(
            (some.members, some.rounds, some.steps, some.commits),
            (vec![3, 5], 7, 9, 2)
        );
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for line in [
            "--rounds 4",
            "--members 1",
            "--members 2,x",
            "--only speed",
            "--rows speed",
            "--mode fast",
            "--steps",
            "--fast",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
