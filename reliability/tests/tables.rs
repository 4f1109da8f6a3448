//! The tables in small, and that they fail where they must.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how tests fail"
)]

use std::process::{Command, Output};

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
