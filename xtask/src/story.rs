//! The story that every language tells: whether it is the one that Rust tells, octet for octet. See `crates/ffi-test/src/story.rs`.

use std::path::PathBuf;
use std::process::Command;

use crate::Fault;
use crate::cargo;

/// What the story is asked for, and what it must not be the same as.
const STORIES: [[&str; 4]; 2] = [
    ["--seed", "1", "--names", "alice,bob"],
    ["--seed", "271828", "--names", "nadja,omar"],
];

/// Builds the library with the network and with chance from a seed, and the Rust story. The folder in which both are.
pub(crate) fn library() -> Result<PathBuf, Fault> {
    let mut build = cargo::quiet_cargo();
    build.args([
        "build",
        "--locked",
        "-p",
        "comity-ffi-test",
        "--features",
        "seeded",
    ]);
    if !cargo::build(build)? {
        return Err("comity-ffi-test does not build".into());
    }
    Ok(cargo::target()?.join("debug"))
}

/// For each seed the facts that a program prints are those of the Rust story, and another seed gives other facts. `teller`: the
/// program, with all its arguments but for those of the story.
pub(crate) fn is_told(teller: impl Fn() -> Result<Command, Fault>) -> Result<bool, Fault> {
    let mut told = Vec::new();
    for arguments in STORIES {
        let facts = facts(teller()?, arguments)?;
        if !same(&facts, &facts_in_rust(arguments)?) {
            return Ok(false);
        }
        told.push(facts);
    }
    let ids: Vec<Vec<&str>> = told
        .iter()
        .map(|facts| {
            facts
                .lines()
                .filter(|fact| fact.starts_with("message "))
                .collect()
        })
        .collect();
    let fresh = ids
        .iter()
        .flatten()
        .all(|id| ids.iter().filter(|ids| ids.contains(id)).count() == 1);
    if !fresh {
        println!("    another seed does not change every message id");
    }
    Ok(fresh)
}

/// A program that links what ships tells the same story; ids differ, because what ships takes no seed.
pub(crate) fn is_told_by_what_ships(teller: Command) -> Result<bool, Fault> {
    let facts = facts(teller, STORIES[0])?;
    let rust = facts_in_rust(STORIES[0])?;
    if facts == rust {
        println!("    what ships takes a seed");
        return Ok(false);
    }
    Ok(same(&without_ids(&facts), &without_ids(&rust)))
}

/// The facts that a program prints.
fn facts(mut teller: Command, arguments: [&str; 4]) -> Result<String, Fault> {
    teller.args(arguments);
    cargo::output(teller)
}

fn facts_in_rust(arguments: [&str; 4]) -> Result<String, Fault> {
    facts(Command::new(cargo::target()?.join("debug/story")), arguments)
}

/// Whether two stories are the same; if not, the first fact that differs is printed.
fn same(told: &str, rust: &str) -> bool {
    if told == rust {
        return true;
    }
    let differs = told.lines().zip(rust.lines()).find(|(told, rust)| told != rust);
    match differs {
        Some((told, rust)) => println!("    told: {told}\n    in Rust: {rust}"),
        None => println!(
            "    {} facts were told, {} in Rust",
            told.lines().count(),
            rust.lines().count()
        ),
    }
    false
}

/// The facts with every message id left out.
fn without_ids(facts: &str) -> String {
    let is_id = |word: &str| word.len() == 64 && word.bytes().all(|octet| octet.is_ascii_hexdigit());
    let words = |line: &str| {
        line.split(' ')
            .filter(|word| !is_id(word))
            .collect::<Vec<_>>()
            .join(" ")
    };
    facts.lines().map(|line| words(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_left_out_and_nothing_else() {
        let id = "01".repeat(32);
        assert_eq!(
            without_ids(&format!("message {id}\nevent 3 {id} x\n")),
            "message\nevent 3 x\n"
        );
    }

    #[test]
    fn stories_that_differ_are_not_the_same() {
        assert!(same("a\nb\n", "a\nb\n"));
        assert!(!same("a\nb\n", "a\nc\n"));
        assert!(!same("a\n", "a\nb\n"));
    }
}
