//! The command line.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: demo [--note FILE.md] [--photo FILE] [--json] [--export DIR] [--keep DIR]

  --note FILE.md   send this Markdown file
  --photo FILE     send this PNG or JPEG image as an encrypted attachment
  --json           print one JSON object per line, and nothing else
  --export DIR     write contents, frames and what each client showed, for an auditor
  --keep DIR       keep the clients' files there";

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) note: Option<PathBuf>,
    pub(crate) photo: Option<PathBuf>,
    pub(crate) json: bool,
    pub(crate) export: Option<PathBuf>,
    pub(crate) keep: Option<PathBuf>,
    pub(crate) help: bool,
}

impl Options {
    /// # Errors
    /// A sentence about what was not understood.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let path = match name {
                "--note" => &mut options.note,
                "--photo" => &mut options.photo,
                "--export" => &mut options.export,
                "--keep" => &mut options.keep,
                "--json" if inline.is_none() => {
                    options.json = true;
                    continue;
                }
                "--help" | "-h" => {
                    options.help = true;
                    continue;
                }
                _ => return Err(format!("{argument} is not understood")),
            };
            let value = inline
                .or_else(|| arguments.next())
                .filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| format!("{name} needs a path"))?;
            if path.replace(value.into()).is_some() {
                return Err(format!("{name} is given twice"));
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_option_is_understood_in_either_form() {
        let options = parse("--note README.md --photo=a.png --json --export out --keep files").unwrap();
        assert_eq!(
            options,
            Options {
                note: Some("README.md".into()),
                photo: Some("a.png".into()),
                json: true,
                export: Some("out".into()),
                keep: Some("files".into()),
                help: false,
            }
        );
        assert_eq!(parse(""), Ok(Options::default()));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in [
            ("--not", "--not"),
            ("README.md", "README.md"),
            ("--note", "--note"),
            ("--json=1", "--json"),
            ("--note a --note b", "--note"),
        ] {
            let problem = parse(line).unwrap_err();
            assert!(problem.contains(named), "{line}: {problem}");
        }
    }
}
