//! The stages of `cargo xtask test` and `cargo xtask lint`: which there are, in which order, and what they came to.

use std::time::Instant;

use crate::Fault;
use crate::c;
use crate::chat;
use crate::checks;
use crate::faces;
use crate::report::{Report, Suite, spoken};
use crate::rules;
use crate::setup;
use crate::suites;

/// One stage. It adds to the report; a fault means that it could not be run to its end, and counts as one failure.
pub(crate) struct Stage {
    name: &'static str,
    says: &'static str,
    run: fn(&mut Report, &[String]) -> Result<(), Fault>,
}

/// What CI runs, the quickest answers first.
pub(crate) const TEST: &[Stage] = &[
    SETUP,
    FORMAT,
    ARCHITECTURE,
    DENY,
    CLIPPY,
    DOCS,
    DEBUG,
    RELEASE,
    C,
    BINDINGS,
    PYTHON,
    SWIFT,
    KOTLIN,
    CHAT,
];

/// The fast part.
pub(crate) const LINT: &[Stage] = &[SETUP, FORMAT, ARCHITECTURE, DENY, CLIPPY, DOCS];

/// The word by which `--only` takes all that needs no language but Rust, and the stages that it stands for.
const RUST: (&str, &[Stage]) = (
    "rust",
    &[SETUP, FORMAT, ARCHITECTURE, DENY, CLIPPY, DOCS, DEBUG, RELEASE],
);

const SETUP: Stage = Stage {
    name: "setup",
    says: "what is needed is there",
    run: |_, _| setup::for_checks(),
};
const FORMAT: Stage = Stage {
    name: "format",
    says: "cargo fmt",
    run: |report, packages| check(report, "format", || checks::format(packages)),
};
const ARCHITECTURE: Stage = Stage {
    name: "architecture",
    says: "the rules of the house",
    run: |report, _| rules::run(report),
};
const DENY: Stage = Stage {
    name: "deny",
    says: "cargo-deny: licences, versions and sources of what we depend on",
    run: |report, _| check(report, "deny", checks::deny),
};
const CLIPPY: Stage = Stage {
    name: "clippy",
    says: "cargo clippy, no warnings",
    run: |report, packages| check(report, "clippy", || checks::clippy(packages)),
};
const DOCS: Stage = Stage {
    name: "docs",
    says: "cargo doc, no warnings",
    run: |report, packages| check(report, "docs", || checks::docs(packages)),
};
const DEBUG: Stage = Stage {
    name: "debug",
    says: "all tests, debug profile",
    run: |report, packages| suites::run("debug", packages, report),
};
const RELEASE: Stage = Stage {
    name: "release",
    says: "all tests, release profile",
    run: |report, packages| suites::run("release", packages, report),
};

const C: Stage = Stage {
    name: "c",
    says: "the C API, in C and C++",
    run: c::run,
};

const BINDINGS: Stage = Stage {
    name: "bindings",
    says: "the generated Swift, Kotlin and Python code is what the sources say",
    run: |report, _| check(report, "bindings", faces::up_to_date),
};

const PYTHON: Stage = Stage {
    name: "python",
    says: "the Python package",
    run: faces::python,
};

const SWIFT: Stage = Stage {
    name: "swift",
    says: "the Swift package",
    run: faces::swift,
};

const KOTLIN: Stage = Stage {
    name: "kotlin",
    says: "the Kotlin package",
    run: faces::kotlin,
};

const CHAT: Stage = Stage {
    name: "chat",
    says: "the example chats of all languages, in one room",
    run: chat::run,
};

/// Runs the stages that the arguments leave, whatever fails, and closes with the table and the count. The exit code.
pub(crate) fn run(stages: &[Stage], arguments: &[String]) -> Result<u8, Fault> {
    let names: Vec<&str> = stages.iter().map(|stage| stage.name).collect();
    let chosen = Chosen::parse(arguments, &names)?;
    let (start, mut report) = (Instant::now(), Report::default());
    for stage in stages.iter().filter(|stage| chosen.takes(stage.name)) {
        println!("▸ {}: {}", stage.name, stage.says);
        let stage_start = Instant::now();
        if let Err(fault) = (stage.run)(&mut report, &chosen.packages) {
            println!("    {fault}");
            failed(&mut report, stage.name, fault);
        }
        println!("  {}: {}", stage.name, spoken(stage_start.elapsed()));
    }
    no_test_is_skipped(&mut report);
    let mut left_out: Vec<&str> = names.iter().copied().filter(|name| !chosen.takes(name)).collect();
    if !chosen.packages.is_empty() {
        left_out.push("the other packages");
    }
    println!("\n{}", report.closing(start.elapsed(), &left_out));
    Ok(if report.held() { 0 } else { 1 })
}

/// Runs one check and puts it into the report as a suite of one.
pub(crate) fn check(
    report: &mut Report,
    name: &str,
    run: impl FnOnce() -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let start = Instant::now();
    let held = run()?;
    if !held {
        report.failures.push(name.to_owned());
    }
    report.suites.push(Suite {
        name: name.to_owned(),
        profile: "-",
        passed: held.into(),
        failed: (!held).into(),
        time: start.elapsed(),
        ..Suite::default()
    });
    Ok(())
}

/// A skipped test is a claim that nobody checked: it fails the run.
fn no_test_is_skipped(report: &mut Report) {
    let skipped: Vec<String> = report
        .suites
        .iter()
        .filter(|suite| suite.skipped > 0)
        .map(|suite| format!("{} ({}): {} skipped", suite.name, suite.profile, suite.skipped))
        .collect();
    if skipped.is_empty() {
        return;
    }
    failed(report, "no test is skipped", skipped.join(", "));
}

fn failed(report: &mut Report, name: &str, why: String) {
    report.failures.push(format!("{name}: {why}"));
    report.suites.push(Suite {
        name: name.to_owned(),
        profile: "-",
        failed: 1,
        ..Suite::default()
    });
}

/// What the arguments ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Chosen {
    /// Empty: every stage.
    stages: Vec<String>,
    /// Empty: every package.
    packages: Vec<String>,
}

impl Chosen {
    fn parse(arguments: &[String], names: &[&str]) -> Result<Self, Fault> {
        let mut chosen = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("`{argument}` is unknown or lacks its value"))?;
            match argument.as_str() {
                "--only" => chosen
                    .stages
                    .extend(value.split(',').flat_map(|word| named(word, names))),
                "-p" | "--package" => chosen.packages.push(value.clone()),
                _ => {
                    return Err(format!(
                        "`{argument}` is unknown; there are --only STAGE,… and -p PACKAGE"
                    ));
                }
            }
        }
        match chosen
            .stages
            .iter()
            .find(|stage| !names.contains(&stage.as_str()))
        {
            Some(unknown) => Err(format!(
                "there is no stage `{unknown}`; there are {}, and `{}` for those of Rust",
                names.join(", "),
                RUST.0
            )),
            None => Ok(chosen),
        }
    }

    fn takes(&self, stage: &str) -> bool {
        self.stages.is_empty() || self.stages.iter().any(|name| name == stage)
    }
}

/// The stages that a word of `--only` stands for, of those that there are.
fn named(word: &str, names: &[&str]) -> Vec<String> {
    let (group, stages) = RUST;
    if word != group {
        return vec![word.to_owned()];
    }
    stages
        .iter()
        .map(|stage| stage.name)
        .filter(|name| names.contains(name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Chosen, Fault> {
        let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        Chosen::parse(&arguments, &["format", "debug"])
    }

    #[test]
    fn without_arguments_every_stage_runs() {
        let all = parse(&[]).unwrap();
        assert!(all.takes("format") && all.takes("debug") && all.packages.is_empty());
    }

    #[test]
    fn stages_and_packages_are_chosen() {
        let some = parse(&["--only", "debug", "-p", "comity-room"]).unwrap();
        assert!(some.takes("debug") && !some.takes("format"));
        assert_eq!(some.packages, ["comity-room"]);
    }

    #[test]
    fn rust_is_every_stage_that_needs_no_other_language() {
        let arguments = ["--only".to_owned(), "rust".to_owned()];
        for (stages, left_out) in [
            (TEST, &["c", "bindings", "python", "swift", "kotlin", "chat"][..]),
            (LINT, &[]),
        ] {
            let names: Vec<&str> = stages.iter().map(|stage| stage.name).collect();
            let chosen = Chosen::parse(&arguments, &names).unwrap();
            let left: Vec<&str> = names.into_iter().filter(|name| !chosen.takes(name)).collect();
            assert_eq!(left, left_out);
        }
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert!(
            parse(&["--only", "dance"])
                .unwrap_err()
                .contains("there is no stage `dance`; there are format, debug")
        );
        assert!(parse(&["--fast", "yes"]).unwrap_err().contains("--fast"));
        assert!(parse(&["--only"]).unwrap_err().contains("lacks its value"));
    }

    #[test]
    fn a_skipped_test_fails_the_run() {
        let suite = Suite {
            name: "a".into(),
            profile: "debug",
            passed: 1,
            skipped: 1,
            ..Suite::default()
        };
        let mut report = Report {
            suites: vec![suite],
            failures: Vec::new(),
        };
        assert!(report.held());
        no_test_is_skipped(&mut report);
        assert!(!report.held());
        assert_eq!(report.failures, ["no test is skipped: a (debug): 1 skipped"]);
    }
}
