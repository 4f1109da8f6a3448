//! The soak, shortened, in any build; and that it finds what it looks for.

use std::process::{Command, Output};

fn soak(arguments: &[&str]) -> Output {
    let mut soak = Command::new(env!("CARGO_BIN_EXE_comity-soak"));
    let output = soak.args(["--steps", "1400"]).args(arguments).output();
    output.expect("the program starts")
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_thousand_steps_through_the_c_api_leave_nothing_behind() {
    let output = soak(&["--seed", "2"]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_step_that_is_not_freed_is_noticed() {
    let output = soak(&["--sabotage", "keep-steps"]);
    assert!(!output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("Rust's part grew"), "{}", said(&output));
}
