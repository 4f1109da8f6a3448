//! `cargo xtask soak`: thousands of steps through the C API, and what they leave behind; with `--asan` under AddressSanitizer.

use std::process::Command;

use crate::Fault;
use crate::cargo;
use crate::programs;

const PACKAGE: [&str; 2] = ["-p", "comity-soak"];

/// What is done wrong on purpose, and what AddressSanitizer has to say to it.
const SABOTAGE: [(&str, &str); 2] = [
    ("use-after-free", "heap-use-after-free"),
    ("keep-steps", "detected memory leaks"),
];

/// `cargo xtask soak [--asan] [--steps N] [--seed N]`.
pub(crate) fn command(arguments: &[String]) -> Result<u8, Fault> {
    match arguments.split_first() {
        Some((flag, rest)) if flag == "--asan" => sanitized(rest),
        _ => programs::run(&PACKAGE, arguments),
    }
}

/// First a short one with each sabotage, which must be found; then the real one.
fn sanitized(arguments: &[String]) -> Result<u8, Fault> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("AddressSanitizer is set up for x86_64 Linux only so far".into());
    }
    for (sabotage, finding) in SABOTAGE {
        let mut soak = program();
        soak.args(["--steps", "1100", "--sabotage", sabotage]);
        let output = soak.output().map_err(|e| format!("cargo does not start: {e}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() || !said.contains(finding) {
            println!("{said}");
            return Err(format!(
                "with the sabotage {sabotage} nothing is said of `{finding}`"
            ));
        }
        println!("sabotage {sabotage}: {finding}, as it should be");
    }
    let status = program()
        .args(arguments)
        .status()
        .map_err(|e| format!("cargo does not start: {e}"))?;
    Ok(if status.success() { 0 } else { 1 })
}

/// Everything but the standard library is instrumented, SQLite included; build scripts and macros are not, for they are built for
/// the host and not for a target.
fn program() -> Command {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    let mut run = if cargo::succeeds("rustup", &["run", "nightly", "rustc", "--version"]) {
        let mut run = Command::new("rustup");
        run.args(["run", "nightly", "cargo"]);
        run
    } else {
        let mut run = cargo::cargo();
        run.env("RUSTC_BOOTSTRAP", "1");
        run
    };
    // What the cargo that started us has set for its own toolchain.
    for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC"] {
        run.env_remove(name);
    }
    run.current_dir(cargo::root())
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("CFLAGS_x86_64_unknown_linux_gnu", "-fsanitize=address")
        .env(
            "ASAN_OPTIONS",
            "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
        )
        .args(["run", "--quiet", "--target", TARGET])
        .args(PACKAGE)
        .arg("--");
    run
}
