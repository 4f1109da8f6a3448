//! The checks that other tools make: format, lints, documentation, dependencies. True if nothing was found.

use std::process::Command;

use crate::Fault;
use crate::cargo;
use crate::setup;

/// Every file is formatted; those that are not are listed.
pub(crate) fn format(packages: &[String]) -> Result<bool, Fault> {
    let mut command = cargo::quiet_cargo();
    command.arg("fmt");
    if packages.is_empty() {
        command.arg("--all");
    } else {
        command.args(packages.iter().flat_map(|package| ["-p", package]));
    }
    command.args(["--", "--check", "-l"]);
    cargo::build(command)
}

/// Clippy finds nothing, in tests neither.
pub(crate) fn clippy(packages: &[String]) -> Result<bool, Fault> {
    let mut command = cargo::quiet_cargo();
    command
        .args(["clippy", "--all-targets"])
        .args(selection(packages))
        .args(["--", "-D", "warnings"]);
    cargo::build(command)
}

/// Every public item is documented and every link leads somewhere.
pub(crate) fn docs(packages: &[String]) -> Result<bool, Fault> {
    let mut command = cargo::quiet_cargo();
    command
        .args(["doc", "--no-deps"])
        .args(selection(packages))
        .env("RUSTDOCFLAGS", "-D warnings");
    cargo::build(command)
}

/// Licences, versions and sources, by `deny.toml`. Advisories are left to those who reach their database, which no package registry has.
pub(crate) fn deny() -> Result<bool, Fault> {
    let mut command = Command::new(setup::cargo_deny()?);
    command
        .current_dir(cargo::root())
        .args(["--locked", "--color", "never"]);
    command.args(["check", "-D", "warnings", "licenses", "bans", "sources"]);
    cargo::build(command)
}

/// The arguments that choose packages: these, or all.
pub(crate) fn selection(packages: &[String]) -> Vec<String> {
    if packages.is_empty() {
        return vec!["--workspace".into()];
    }
    packages
        .iter()
        .flat_map(|package| ["-p".into(), package.clone()])
        .collect()
}
