//! The book that the pages in `docs` make, and the page of it that is generated.

use std::path::PathBuf;

use crate::Fault;
use crate::cargo;
use crate::rules;
use crate::setup;

/// `cargo xtask book`: looks whether the programs that the pages show are there, installs mdBook if it is missing, and makes the book.
pub(crate) fn book(arguments: &[String]) -> Result<u8, Fault> {
    if !arguments.is_empty() {
        return Err("cargo xtask book takes nothing".into());
    }
    let missing = rules::pages()?;
    if !missing.is_empty() {
        missing.iter().for_each(|place| println!("{place}"));
        return Ok(1);
    }
    let program = setup::mdbook()?;
    let mut build = std::process::Command::new(program);
    build.arg("build").arg(pages());
    if !cargo::stream(build, |line| println!("{line}"))? {
        return Ok(1);
    }
    println!("target/book/index.html");
    Ok(0)
}

/// `cargo xtask reference [--check]`: writes the reference of codes, or says whether it is what the sources say.
pub(crate) fn reference(arguments: &[String]) -> Result<u8, Fault> {
    const WRITE: &str = "COMITY_WRITE_REFERENCE";
    let mut test = cargo::quiet_cargo();
    test.args([
        "test",
        "--locked",
        "-p",
        "comity",
        "--lib",
        "--quiet",
        "--",
        "code::reference::",
    ]);
    match arguments {
        [] => test.env(WRITE, "1"),
        [flag] if flag == "--check" => test.env_remove(WRITE),
        _ => return Err("cargo xtask reference takes --check or nothing".into()),
    };
    let mut output = Vec::new();
    let held = cargo::stream(test, |line| output.push(line.to_owned()))?;
    if held {
        println!("docs/errors.md is what the sources say");
    } else {
        output.iter().for_each(|line| println!("{line}"));
    }
    Ok(u8::from(!held))
}

fn pages() -> PathBuf {
    cargo::root().join("docs")
}
