//! The C API: its header, its installation, its symbols, and its tests in C.

mod install;
mod programs;
mod symbols;

use std::process::Command;

use crate::Fault;
use crate::cargo;
use crate::native::Profile;
use crate::report::Report;
use crate::setup;
use crate::stages::check;

pub(crate) use install::command as install_c;
pub(crate) use programs::sends;
pub(crate) use symbols::{command as symbols_command, sizes, waits_for_the_disk, words_of_tests};

/// Everything that is tested in C and C++.
pub(crate) fn run(report: &mut Report, packages: &[String]) -> Result<(), Fault> {
    const OURS: [&str; 2] = ["comity-capi", "comity-ffi-test"];
    if !packages.is_empty() && !packages.iter().any(|package| OURS.contains(&package.as_str())) {
        println!("    nothing of it is in the packages that were asked for");
        return Ok(());
    }
    setup::c()?;
    check(report, "c: the header is what the sources say", || header(false))?;
    let prefix = cargo::scratch()?.join("c");
    check(report, "c: the library is built and installed", || {
        install::install(&prefix, Profile::of_tests()).map(|()| true)
    })?;
    check(report, "c: the shared library exports comity_* alone", || {
        symbols::shared(&prefix)
    })?;
    check(report, "c: the static library exports comity_* alone", || {
        symbols::fixed(&prefix)
    })?;
    programs::run(report, &prefix)
}

/// Builds the example chat with the library as it ships, and says how it is started.
pub(crate) fn chat() -> Result<Command, Fault> {
    setup::c_chat()?;
    let prefix = cargo::scratch()?.join("c");
    install::install(&prefix, Profile::of_tests())?;
    programs::chat(&prefix).map(Command::new)
}

/// `cargo xtask header [--check]`.
pub(crate) fn header_command(arguments: &[String]) -> Result<u8, Fault> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("cargo xtask header takes --check or nothing".into()),
    };
    let held = header(!check)?;
    if held {
        println!("bindings/c/include/comity.h is what the sources say");
    }
    Ok(if held { 0 } else { 1 })
}

/// Compares the header with the sources, or writes it. A check writes nothing outside the target directory.
fn header(write: bool) -> Result<bool, Fault> {
    let mut test = cargo::quiet_cargo();
    test.args([
        "test",
        "--locked",
        "-p",
        "comity-capi",
        "--test",
        "face",
        "--quiet",
        "--",
        "header::",
    ]);
    if write {
        test.env("COMITY_WRITE_HEADER", "1");
    } else {
        test.env_remove("COMITY_WRITE_HEADER");
    }
    let mut output = Vec::new();
    let held = cargo::stream(test, |line| output.push(line.to_owned()))?;
    if !held {
        output.iter().for_each(|line| println!("{line}"));
    }
    Ok(held)
}
