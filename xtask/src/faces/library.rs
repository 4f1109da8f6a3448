//! What the library exports that Swift, Kotlin and Python load.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fault;
use crate::c;
use crate::cargo;

/// How the names begin that uniffi calls, and by which its generator finds what there is.
const OF_UNIFFI: [&str; 4] = [
    "uniffi_comity_uniffi_",
    "uniffi_ffibuffer_comity_uniffi_",
    "ffi_comity_uniffi_",
    "UNIFFI_META_",
];

/// Whether the library as it ships exports what uniffi calls and nothing else, and has nothing of the tests in it.
pub(crate) fn exports_what_uniffi_calls() -> Result<bool, Fault> {
    let library = build()?;
    let names = c::exported(&library, true)?;
    let foreign = foreign(&names);
    for name in &foreign {
        println!("    {} exports {name}", library.display());
    }
    if names.len() < 100 {
        println!("    {} exports {} names only", library.display(), names.len());
    }
    Ok(foreign.is_empty() && names.len() >= 100 && is_without_tests(&library)?)
}

/// How large the library is, stripped.
pub(crate) fn octets_of_library() -> Result<u64, Fault> {
    let stripped = cargo::scratch()?.join("libcomity_uniffi.so");
    let mut strip = Command::new("strip");
    strip
        .args(["--strip-unneeded", "-o"])
        .arg(&stripped)
        .arg(build()?);
    cargo::output(strip)?;
    let about = fs::metadata(&stripped).map_err(|e| format!("{}: {e}", stripped.display()))?;
    Ok(about.len())
}

/// Whether nothing in a library is of the tests or of benchmarks.
pub(crate) fn is_without_tests(library: &Path) -> Result<bool, Fault> {
    let octets = fs::read(library).map_err(|e| format!("{}: {e}", library.display()))?;
    let found = c::words_of_tests(&octets);
    for word in &found {
        println!("    {} has {word} in it, which never ships", library.display());
    }
    let durable = c::waits_for_the_disk(&octets);
    if !durable {
        println!("    {} does not wait for the disk", library.display());
    }
    Ok(found.is_empty() && durable)
}

/// The names that uniffi has no part in.
fn foreign(names: &[String]) -> Vec<&String> {
    let is_of_uniffi = |name: &&String| OF_UNIFFI.iter().any(|start| name.starts_with(start));
    names.iter().filter(|name| !is_of_uniffi(name)).collect()
}

/// Builds the library as it ships.
pub(super) fn build() -> Result<PathBuf, Fault> {
    let mut build = cargo::quiet_cargo();
    build.args(["build", "--locked", "--release", "-p", "comity-uniffi"]);
    if !cargo::build(build)? {
        return Err("comity-uniffi does not build".into());
    }
    Ok(cargo::target()?.join("release/libcomity_uniffi.so"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_and_of_tests_are_found() {
        let names = [
            "uniffi_comity_uniffi_fn_method_client_send",
            "uniffi_ffibuffer_comity_uniffi_fn_method_client_send",
            "ffi_comity_uniffi_rustbuffer_alloc",
            "UNIFFI_META_COMITY_UNIFFI_FUNC_SEAL",
            "sqlite3_open",
            "comity_client_send",
            "uniffi_comity_ffi_test_fn_func_fail",
        ]
        .map(str::to_owned);
        assert_eq!(foreign(&names), names.iter().skip(4).collect::<Vec<_>>());
    }
}
