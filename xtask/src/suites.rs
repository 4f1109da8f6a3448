//! Cargo's tests, suite by suite, in one profile.
//!
//! Cargo builds the test binaries and says which they are; they are run here, one after the other, as cargo would: so each suite has
//! its package, its time, its seeds and its way of ending. Documentation tests are left to cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::Fault;
use crate::cargo;
use crate::libtest::{self, Counts};
use crate::report::{Report, Suite, spoken};

/// A test binary and whose it is.
#[derive(Debug, PartialEq, Eq)]
struct Binary {
    executable: PathBuf,
    /// The directory of its package.
    package: PathBuf,
    /// Its source file, from the root of the workspace: the name of the suite.
    source: String,
}

/// Builds and runs all tests of `packages`. `profile` is `debug` or `release`.
pub(crate) fn run(profile: &'static str, packages: &[String], report: &mut Report) -> Result<(), Fault> {
    let start = Instant::now();
    let Some(binaries) = build(profile, packages)? else {
        report.failures.push(format!("{profile} tests do not build"));
        report.suites.push(Suite {
            name: "build of the tests".into(),
            profile,
            failed: 1,
            ..Suite::default()
        });
        return Ok(());
    };
    println!("    built in {}", spoken(start.elapsed()));
    for binary in &binaries {
        let mut command = Command::new(&binary.executable);
        command
            .current_dir(&binary.package)
            .env("CARGO_MANIFEST_DIR", &binary.package);
        suite(binary.source.clone(), profile, command, report)?;
    }
    let mut command = cargo::quiet_cargo();
    command
        .args(["test", "--doc", "--no-fail-fast"])
        .args(selection(profile, packages));
    if has_library(packages) {
        suite("documentation examples".into(), profile, command, report)?;
    }
    Ok(())
}

fn selection(profile: &str, packages: &[String]) -> Vec<String> {
    let mut arguments = crate::checks::selection(packages);
    if profile == "release" {
        arguments.push("--release".into());
    }
    arguments
}

/// `cargo test --doc` is an error, not nothing, for packages without a library; ours without one is this one.
fn has_library(packages: &[String]) -> bool {
    packages.is_empty() || packages.iter().any(|package| package != "xtask")
}

/// Where tests put their files: in memory, if the machine has a place for that. Every step of the engine waits for the
/// disk, and the tests take tens of thousands of steps.
fn memory() -> Option<&'static str> {
    let chosen = std::env::var_os("TMPDIR").is_some();
    (!chosen && Path::new("/dev/shm").is_dir()).then_some("/dev/shm")
}

/// Runs one suite: a line when it is done, its whole output if it failed.
fn suite(
    name: String,
    profile: &'static str,
    mut command: Command,
    report: &mut Report,
) -> Result<(), Fault> {
    let (start, log) = (Instant::now(), cargo::scratch()?.join("seeds.log"));
    std::fs::write(&log, "").map_err(|e| format!("{}: {e}", log.display()))?;
    command.env("COMITY_SEEDS_LOG", &log);
    if let Some(memory) = memory() {
        command.env("TMPDIR", memory);
    }
    let (mut counts, mut output) = (Counts::default(), Vec::new());
    let succeeded = cargo::stream(command, |line| {
        counts.line(line);
        output.push(line.to_owned());
    })?;
    counts.end(succeeded);
    if counts.failed > 0 {
        output.iter().for_each(|line| println!("{line}"));
    }
    let seeds = libtest::seeds(&std::fs::read_to_string(&log).unwrap_or_default());
    let suite = Suite {
        profile,
        passed: counts.passed,
        failed: counts.failed,
        skipped: counts.ignored,
        seeds,
        time: start.elapsed(),
        name,
    };
    report.failures.extend(
        counts
            .failures
            .iter()
            .map(|test| format!("{} ({profile}): {test}", suite.name)),
    );
    if suite.passed + suite.failed + suite.skipped > 0 {
        let failed = if suite.failed == 0 {
            String::new()
        } else {
            format!("{} FAILED  ", suite.failed)
        };
        let time = spoken(suite.time);
        println!(
            "    {profile:7}  {:>4} passed  {failed}{time:>8}  {}",
            suite.passed, suite.name
        );
        report.suites.push(suite);
    }
    Ok(())
}

/// Builds the test binaries; none if they do not build.
fn build(profile: &str, packages: &[String]) -> Result<Option<Vec<Binary>>, Fault> {
    let mut command = cargo::quiet_cargo();
    command.args(["test", "--no-run", "--message-format=json-render-diagnostics"]);
    command.args(selection(profile, packages));
    let mut binaries = Vec::new();
    let succeeded = cargo::build_and_see(command, |line| {
        binaries.extend(binary(line, cargo::root()));
        line.starts_with('{')
    })?;
    binaries.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(succeeded.then_some(binaries))
}

/// The test binary that a message of cargo's speaks of, if it does.
fn binary(message: &str, root: &Path) -> Option<Binary> {
    let (_, profile) = message.split_once(r#""profile":{"#)?;
    let (profile, _) = profile.split_once('}')?;
    if !profile.contains(r#""test":true"#) {
        return None;
    }
    let manifest = PathBuf::from(text(message, "manifest_path")?);
    let source = PathBuf::from(text(message, "src_path")?);
    Some(Binary {
        executable: text(message, "executable")?.into(),
        package: manifest.parent()?.into(),
        source: source
            .strip_prefix(root)
            .unwrap_or(&source)
            .to_string_lossy()
            .into_owned(),
    })
}

/// The text of a field of a JSON object that cargo wrote on one line; paths in it need no escapes but the backslash.
fn text(message: &str, field: &str) -> Option<String> {
    let (_, rest) = message.split_once(&format!(r#""{field}":""#))?;
    Some(rest.split_once('"')?.0.replace(r"\\", r"\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTIFACT: &str = r#"{"reason":"compiler-artifact","package_id":"path+file:///w/crates/room#comity-room@0.1.0","manifest_path":"/w/crates/room/Cargo.toml","target":{"kind":["test"],"crate_types":["bin"],"name":"uri","src_path":"/w/crates/room/tests/uri.rs","edition":"2024","doc":false,"doctest":false,"test":true},"profile":{"opt_level":"0","debuginfo":0,"debug_assertions":true,"overflow_checks":true,"test":true},"features":[],"filenames":["/t/debug/deps/uri-1"],"executable":"/t/debug/deps/uri-1","fresh":false}"#;

    #[test]
    fn a_test_binary_is_named_after_its_source() {
        let found = binary(ARTIFACT, Path::new("/w"));
        let wanted = Binary {
            executable: "/t/debug/deps/uri-1".into(),
            package: "/w/crates/room".into(),
            source: "crates/room/tests/uri.rs".into(),
        };
        assert_eq!(found, Some(wanted));
    }

    #[test]
    fn what_is_no_test_binary_is_passed_over() {
        let plain = ARTIFACT.replace(
            r#""overflow_checks":true,"test":true"#,
            r#""overflow_checks":true,"test":false"#,
        );
        assert_eq!(binary(&plain, Path::new("/w")), None);
        assert_eq!(
            binary(
                &ARTIFACT.replace(r#""/t/debug/deps/uri-1","fresh""#, r#"null,"fresh""#),
                Path::new("/w")
            ),
            None
        );
        assert_eq!(
            binary(r#"{"reason":"build-finished","success":true}"#, Path::new("/w")),
            None
        );
    }
}
