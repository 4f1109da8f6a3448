//! The tables in small, and that they fail where they must.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how tests fail"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use comity_reliability::verbs;

const CRASH_MATRIX: &str = env!("CARGO_BIN_EXE_crash-matrix");
const LOST_TAIL: &str = env!("CARGO_BIN_EXE_lost-tail");

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}"))
}

#[track_caller]
fn holds(program: &str, arguments: &[&str]) {
    let output = run(program, arguments);
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("all recovered"));
}

#[track_caller]
fn fails(program: &str, arguments: &[&str]) {
    let output = run(program, arguments);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("NOT all recovered"));
}

/// Some of the changes of every verb. Without optimisation each takes four times as long.
const EVERY: &str = if cfg!(debug_assertions) { "47" } else { "13" };

#[test]
fn whoever_is_killed_or_fails_anywhere_loses_doubles_and_reuses_nothing() {
    holds(CRASH_MATRIX, &["--every", EVERY]);
}

#[test]
fn a_power_cut_takes_nothing_that_was_acknowledged() {
    holds(LOST_TAIL, &["--every", EVERY]);
}

/// More often than other calls: a copy that was cut short must not pass for the client.
#[test]
fn wherever_the_process_that_makes_a_copy_is_killed_there_is_none_or_a_whole_one_that_is_known_as_one() {
    holds(CRASH_MATRIX, &["--every", "9", "--verb", "backup_to"]);
}

/// Otherwise they would test nothing.
#[test]
fn both_tables_fail_when_syncs_do_nothing() {
    fails(
        CRASH_MATRIX,
        &["--sabotage", "no-sync", "--every", "1000", "--verb", "send: edit"],
    );
    fails(
        LOST_TAIL,
        &[
            "--sabotage",
            "no-sync",
            "--every",
            "1000",
            "--verb",
            "a conversation",
        ],
    );
}

/// Methods that change nothing on the medium, or not through SQLite.
const NO_VERBS: [(&str, &str); 5] = [
    ("twin", "says what `open` has found"),
    ("restored", "says what `open` has found"),
    ("reader", "opens the file to read it"),
    ("interrupter", "is no call on the file"),
    (
        "wipe",
        "deletes files; see the engine's own test of one that is cut short",
    ),
];

/// The public methods of `Client`, in whatever file they stand.
fn methods() -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/core/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            for block in source.split("\nimpl Client {\n").skip(1) {
                let lines = block.lines().take_while(|line| *line != "}");
                let heads = lines.filter_map(|line| line.strip_prefix("    pub fn "));
                methods.extend(heads.map(|head| head.split(['(', '<']).next().unwrap().to_owned()));
            }
        }
    }
    methods
}

#[test]
fn every_method_of_a_client_has_a_row_or_a_reason() {
    let methods = methods();
    assert!(methods.len() > 20, "{methods:?}");
    let all = verbs::all();
    let words = all.iter().flat_map(|verb| verb.name.split([':', ',']));
    let words = words.map(|word| word.trim().to_owned());
    let rows: BTreeSet<String> = words.filter(|word| methods.contains(word)).collect();
    let excused: BTreeSet<String> = NO_VERBS.map(|(name, _)| name.to_owned()).into();
    assert_eq!(rows.intersection(&excused).next(), None, "a reason, and a row");
    assert_eq!(&rows | &excused, methods);
}

/// Nobody believes a table that others have seen.
#[test]
fn the_documented_tables_have_these_rows() {
    let page = include_str!("../../docs/reliability.md");
    let all = verbs::all();
    assert!(page.contains(&format!("**{} rows**", all.len())));
    let tables: Vec<Vec<&str>> = page
        .split("```")
        .filter(|block| block.trim_start().starts_with("verb  "))
        .map(|table| table.trim().lines().skip(1).collect())
        .collect();
    assert_eq!(tables.len(), 2, "the crash matrix and the lost tail");
    for table in &tables {
        let named = |verb: &&verbs::Verb| {
            let begins = format!("{:32} ", verb.name);
            !table.iter().any(|line| line.starts_with(&begins))
        };
        let missing: Vec<&str> = all.iter().filter(named).map(|verb| verb.name).collect();
        assert_eq!(missing, [""; 0]);
    }
}
