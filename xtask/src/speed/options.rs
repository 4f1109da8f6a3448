//! What `cargo xtask bench faces` was asked to do.

use crate::Fault;

use super::face::{FACES, Face};

pub(super) const HELP: &str = "\
cargo xtask bench faces [OPTIONS]

  --faces FACE,…     c, swift, kotlin, python; all of them without it; Rust takes part always
  --profile PROFILE  of all that is built from Rust: ship (the default), as apps get it, or release, which builds faster
  --sittings N       how often all programs are started anew; 5 without it
  --rounds N         how often they take turns in a sitting; 21 without it
  --times N          calls of each kind in a turn; 25 without it";

/// The arguments, with defaults for what was not given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    faces: Option<Vec<String>>,
    pub(super) profile: &'static str,
    pub(super) sittings: usize,
    pub(super) rounds: usize,
    pub(super) times: usize,
}

impl Options {
    /// None if help is asked for.
    pub(super) fn parse(arguments: &[String]) -> Result<Option<Self>, Fault> {
        let mut options = Self {
            faces: None,
            profile: "ship",
            sittings: 5,
            rounds: 21,
            times: 25,
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--help" | "-h" => return Ok(None),
                "--faces" => options.faces = Some(faces(value()?)?),
                "--profile" => options.profile = profile(value()?)?,
                "--sittings" => options.sittings = number(value()?)?,
                "--rounds" => options.rounds = number(value()?)?,
                "--times" => options.times = number(value()?)?,
                _ => return Err(format!("there is no {name}\n\n{HELP}")),
            }
        }
        Ok(Some(options))
    }

    /// Whether a face takes part. The first one is what the others are measured beside.
    pub(super) fn wants(&self, face: &Face) -> bool {
        let is_named = |faces: &Vec<String>| faces.iter().any(|name| face.is_called(name));
        FACES.first().is_some_and(|first| first.name == face.name) || self.faces.as_ref().is_none_or(is_named)
    }
}

fn faces(list: &str) -> Result<Vec<String>, Fault> {
    let names: Vec<String> = list.split(',').map(str::to_owned).collect();
    match names
        .iter()
        .find(|name| !FACES.iter().any(|face| face.is_called(name)))
    {
        Some(unknown) => Err(format!("there is no face `{unknown}`\n\n{HELP}")),
        None => Ok(names),
    }
}

fn profile(name: &str) -> Result<&'static str, Fault> {
    ["ship", "release"]
        .into_iter()
        .find(|known| *known == name)
        .ok_or_else(|| format!("there is no profile `{name}`\n\n{HELP}"))
}

fn number(text: &str) -> Result<usize, Fault> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("`{text}` is no number above 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Result<Option<Options>, Fault> {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments)
    }

    fn taking_part(arguments: &str) -> Vec<&'static str> {
        let options = parse(arguments).unwrap().unwrap();
        let wanted = FACES.iter().filter(|face| options.wants(face));
        wanted.map(|face| face.name).collect()
    }

    #[test]
    fn rust_takes_part_always_and_the_others_as_they_are_named() {
        assert_eq!(taking_part(""), ["Rust", "C", "Swift", "Kotlin", "Python"]);
        assert_eq!(
            taking_part("--faces c,kotlin --rounds 3"),
            ["Rust", "C", "Kotlin"]
        );
    }

    #[test]
    fn what_is_unknown_is_said() {
        for arguments in [
            "--faces cobol",
            "--rounds 0",
            "--rounds",
            "--profile debug",
            "--round 3",
        ] {
            assert!(parse(arguments).is_err(), "{arguments}");
        }
        assert_eq!(parse("--rounds 3 --help"), Ok(None));
    }
}
