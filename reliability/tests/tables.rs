//! The tables in small, and that they fail where they must.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how tests fail"
)]

use std::collections::BTreeSet;
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

#[test]
fn every_method_of_a_client_has_a_row_or_a_reason() {
    let client = include_str!("../../crates/core/src/client.rs");
    let methods = client.lines().filter_map(|line| line.strip_prefix("    pub fn "));
    let name = |line: &'static str| line.split(['(', '<']).next().unwrap();
    // `interrupt` is the interrupter's.
    let methods: BTreeSet<&str> = methods.map(name).filter(|name| *name != "interrupt").collect();
    assert!(methods.len() > 20, "{methods:?}");
    let all = verbs::all();
    let words = all.iter().flat_map(|verb| verb.name.split([':', ',']));
    let rows: BTreeSet<&str> = words
        .map(str::trim)
        .filter(|word| methods.contains(word))
        .collect();
    let excused: BTreeSet<&str> = NO_VERBS.into_iter().map(|(name, _)| name).collect();
    assert_eq!(rows.intersection(&excused).next(), None, "a reason, and a row");
    let found: BTreeSet<&str> = rows.union(&excused).copied().collect();
    assert_eq!(found, methods);
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
