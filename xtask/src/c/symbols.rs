//! What the libraries export, and how large they are.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo;
use crate::faces;
use crate::native::{self, Profile, declared, exported};
use crate::source::find;
use crate::{Fault, fault};

use super::install::{self, source};

/// Words that only what never ships has in it.
const NEVER_SHIPPED: [&str; 4] = [
    "COMITY_SEED",
    "comity_test_network",
    "comity_ffi_test",
    "planted by a test",
];

/// `cargo xtask symbols [--check]`: lists what the libraries export, or says whether it is what the header declares.
pub(crate) fn command(arguments: &[String]) -> Result<u8, Fault> {
    let prefix = cargo::scratch()?.join("ship");
    install::install(&prefix, Profile::Ship)?;
    match arguments {
        [] => {
            exported(&prefix.join("lib/libcomity.so"), true)?
                .iter()
                .for_each(|name| println!("{name}"));
            Ok(0)
        }
        [flag] if flag == "--check" => {
            let held = shared(&prefix)?
                & fixed(&prefix)?
                & is_from_nowhere(&prefix)?
                & faces::export_what_uniffi_calls(Profile::Ship)?;
            if held {
                println!(
                    "both C libraries export the {} functions of the header and nothing else; the two for Swift, Kotlin and Python \
                     export what uniffi calls and nothing else",
                    of_the_header()?.len()
                );
            }
            Ok(if held { 0 } else { 1 })
        }
        _ => Err("cargo xtask symbols takes --check or nothing".into()),
    }
}

/// `cargo xtask sizes`.
pub(crate) fn sizes() -> Result<u8, Fault> {
    let prefix = cargo::scratch()?.join("ship");
    install::install(&prefix, Profile::Ship)?;
    for name in ["libcomity.so", "libcomity.a"] {
        let path = prefix.join("lib").join(name);
        let octets = fs::metadata(&path).map_err(|e| fault(&path, &e))?.len();
        println!("{:>8.2} MB  {name}, stripped", octets as f64 / 1e6);
    }
    for library in faces::install(&prefix, Profile::Ship)? {
        let octets = fs::metadata(&library).map_err(|e| fault(&library, &e))?.len();
        let name = library.file_name().unwrap_or_default().display();
        println!(
            "{:>8.2} MB  {name} (Swift, Kotlin, Python), stripped",
            octets as f64 / 1e6
        );
    }
    let program = cargo::scratch()?.join("start-static");
    let mut compile = Command::new("cc");
    compile
        .args(["-Os", "-s", "-Wl,--gc-sections", "-I"])
        .arg(prefix.join("include"));
    compile
        .arg(source("tests/start.c"))
        .arg("-o")
        .arg(&program)
        .arg(prefix.join("lib/libcomity.a"));
    compile.args(native::SYSTEM_LIBRARIES);
    cargo::output(compile)?;
    let octets = fs::metadata(&program).map_err(|e| fault(&program, &e))?.len();
    println!(
        "{:>8.2} MB  a program that links libcomity.a, stripped",
        octets as f64 / 1e6
    );
    Ok(0)
}

/// Whether the shared library exports what the header declares.
pub(super) fn shared(prefix: &Path) -> Result<bool, Fault> {
    agrees(&prefix.join("lib/libcomity.so"), true)
}

/// Whether the static library does.
pub(super) fn fixed(prefix: &Path) -> Result<bool, Fault> {
    agrees(&prefix.join("lib/libcomity.a"), false)
}

fn agrees(library: &Path, dynamic: bool) -> Result<bool, Fault> {
    let (found, wanted) = (exported(library, dynamic)?, of_the_header()?);
    let mut held = true;
    for name in found.iter().filter(|name| !wanted.contains(name)) {
        println!(
            "    {} exports {name}, which the header does not declare",
            library.display()
        );
        held = false;
    }
    for name in wanted.iter().filter(|name| !found.contains(name)) {
        println!("    {} does not export {name}", library.display());
        held = false;
    }
    let octets = fs::read(library).map_err(|e| fault(library, &e))?;
    for word in words_of_tests(&octets) {
        println!("    {} has {word} in it, which never ships", library.display());
        held = false;
    }
    if !waits_for_the_disk(&octets) {
        println!("    {} does not wait for the disk", library.display());
        held = false;
    }
    Ok(held)
}

/// Whether the libraries tell nothing of the folders of whoever built them, so that others who build them get the same.
fn is_from_nowhere(prefix: &Path) -> Result<bool, Fault> {
    let mut held = true;
    for name in ["lib/libcomity.so", "lib/libcomity.a"] {
        let library = prefix.join(name);
        let octets = fs::read(&library).map_err(|e| fault(&library, &e))?;
        for folder in [&cargo::home()?, cargo::root()] {
            let folder = folder.display().to_string();
            if find(&octets, &folder).is_some() {
                println!("    {} has {folder} in it", library.display());
                held = false;
            }
        }
    }
    Ok(held)
}

/// The words in a library that only what never ships has in it.
pub(crate) fn words_of_tests(library: &[u8]) -> Vec<&'static str> {
    NEVER_SHIPPED
        .into_iter()
        .filter(|word| find(library, word).is_some())
        .collect()
}

/// Whether the words are in the library of the tests: one that is not would be looked for in vain in what ships.
pub(super) fn words_are_of_tests(library: &Path) -> Result<bool, Fault> {
    let octets = fs::read(library).map_err(|e| fault(library, &e))?;
    let found = words_of_tests(&octets);
    for word in NEVER_SHIPPED.iter().filter(|word| !found.contains(word)) {
        println!("    {} has no {word} in it", library.display());
    }
    Ok(found.len() == NEVER_SHIPPED.len())
}

/// Whether clients of a library wait until the disk has what they wrote: those of benchmarks do not.
pub(crate) fn waits_for_the_disk(library: &[u8]) -> bool {
    find(library, "PRAGMA synchronous = FULL").is_some()
}

/// The functions that the header declares, sorted.
pub(super) fn of_the_header() -> Result<Vec<String>, Fault> {
    let path = source("include/comity.h");
    let header = fs::read_to_string(&path).map_err(|e| fault(&path, &e))?;
    Ok(declared(&header, &["comity_"]))
}
