//! The libraries that Swift, Kotlin and Python load or link: how they are installed, and what they export.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::c;
use crate::cargo;
use crate::native::{self, Profile, declared, exported};
use crate::{Fault, fault};

/// How the names begin of what uniffi calls.
const CALLED: [&str; 2] = ["uniffi_comity_uniffi_", "ffi_comity_uniffi_"];
/// And of that by which its generator finds what there is; in the shared library only.
const DESCRIBED: &str = "UNIFFI_META_";
/// And of what Kotlin calls, by pointers to arguments and result; in the shared library only, too.
const BY_POINTERS: &str = "uniffi_ffibuffer_comity_uniffi_";

/// `cargo xtask install-uniffi --prefix DIR`.
pub(crate) fn install_command(arguments: &[String]) -> Result<u8, Fault> {
    let [flag, prefix] = arguments else {
        return Err("cargo xtask install-uniffi --prefix DIR".into());
    };
    if flag != "--prefix" {
        return Err(format!(
            "`{flag}` is unknown; cargo xtask install-uniffi --prefix DIR"
        ));
    }
    let prefix = std::path::absolute(prefix).map_err(|e| format!("{prefix}: {e}"))?;
    for library in install(&prefix, Profile::Ship)? {
        println!("{}", library.display());
    }
    Ok(0)
}

/// Builds both libraries and puts them into `lib`, the shared one also where a jar takes it from. The shared one, and the static one.
pub(crate) fn install(prefix: &Path, profile: Profile) -> Result<[PathBuf; 2], Fault> {
    if !cfg!(target_os = "linux") {
        return Err(
            "the libraries are installed on Linux only so far; bindings/swift/README.md has a recipe".into(),
        );
    }
    let built = build(profile)?;
    let (lib, natives) = (prefix.join("lib"), prefix.join("natives").join(folder_of_jna()));
    for dir in [&lib, &natives] {
        fs::create_dir_all(dir).map_err(|e| fault(dir, &e))?;
    }
    let [shared, fixed] = ["libcomity_uniffi.so", "libcomity_uniffi.a"].map(|name| lib.join(name));
    native::strip(&built, &shared)?;
    let native = natives.join("libcomity_uniffi.so");
    fs::copy(&shared, &native).map_err(|e| fault(&native, &e))?;
    native::hide(&built.with_extension("a"), &of_the_header()?, &fixed)?;
    Ok([shared, fixed])
}

/// The folder in which JNA looks for this machine's libraries.
pub(crate) fn folder_of_jna() -> String {
    format!("linux-{}", std::env::consts::ARCH.replace('_', "-"))
}

/// Whether both libraries export what uniffi calls and nothing else, and have nothing of the tests in them.
pub(crate) fn export_what_uniffi_calls(profile: Profile) -> Result<bool, Fault> {
    let prefix = cargo::scratch()?.join(profile.name());
    let [shared, fixed] = install(&prefix, profile)?;
    let called = of_the_header()?;
    let in_shared = [called.clone(), of_the_kotlin()?].concat();
    let exports = |library: &Path, dynamic: bool| {
        let names = exported(library, dynamic)?;
        let wrong = wrong(&names, if dynamic { &in_shared } else { &called }, dynamic);
        for what in &wrong {
            println!("    {} {what}", library.display());
        }
        Ok::<bool, Fault>(wrong.is_empty() && is_without_tests(library)?)
    };
    let held = exports(&shared, true)? & exports(&fixed, false)?;
    Ok(called.len() > 100 && held && has_an_sqlite_of_its_own(&fixed)?)
}

/// A program that has a function by the name of one of SQLite's, calls the library, and keeps its own.
const PROGRAM: &str = r#"#include <stdint.h>
uint32_t ffi_comity_uniffi_uniffi_contract_version(void);
const char *sqlite3_libversion(void);
const char *sqlite3_libversion(void) { return "the program's"; }
int main(void) {
    return ffi_comity_uniffi_uniffi_contract_version() == 0 || sqlite3_libversion()[0] != 't';
}
"#;

/// Whether a program links the static library beside what it has itself, and runs.
fn has_an_sqlite_of_its_own(fixed: &Path) -> Result<bool, Fault> {
    let program = cargo::scratch()?.join("own-sqlite");
    let source = program.with_extension("c");
    fs::write(&source, PROGRAM).map_err(|e| fault(&source, &e))?;
    let mut compile = Command::new("cc");
    compile.args(["-Wall", "-Werror"]).arg(&source);
    compile.arg("-o").arg(&program).arg(fixed);
    native::run(compile.args(native::SYSTEM_LIBRARIES))?;
    native::run(&mut Command::new(&program)).map(|()| true)
}

/// Whether nothing in a library is of the tests or of benchmarks.
pub(crate) fn is_without_tests(library: &Path) -> Result<bool, Fault> {
    let octets = fs::read(library).map_err(|e| fault(library, &e))?;
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

/// What a library exports that it should not, and what it should and does not.
fn wrong(names: &[String], called: &[String], described: bool) -> Vec<String> {
    let is_uniffis = |name: &&String| called.contains(name) || (described && name.starts_with(DESCRIBED));
    let foreign = names
        .iter()
        .filter(|name| !is_uniffis(name))
        .map(|name| format!("exports {name}"));
    let missing = called
        .iter()
        .filter(|name| !names.contains(name))
        .map(|name| format!("does not export {name}"));
    foreign.chain(missing).collect()
}

/// The functions that uniffi's header declares, sorted.
fn of_the_header() -> Result<Vec<String>, Fault> {
    let path = cargo::root().join("bindings/swift/Sources/comityFFI/include/comityFFI.h");
    let header = fs::read_to_string(&path).map_err(|e| fault(&path, &e))?;
    Ok(declared(&header, &CALLED))
}

/// The functions that the Kotlin code declares in their second form.
fn of_the_kotlin() -> Result<Vec<String>, Fault> {
    let path = cargo::root().join("bindings/kotlin/src/main/kotlin/org/comity/generated/comity.kt");
    let code = fs::read_to_string(&path).map_err(|e| fault(&path, &e))?;
    Ok(by_pointers(&code))
}

fn by_pointers(code: &str) -> Vec<String> {
    let declared = code
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("external fun "));
    declared
        .filter_map(|begun| begun.split('(').next())
        .filter(|name| name.starts_with(BY_POINTERS))
        .map(str::to_owned)
        .collect()
}

/// Builds both libraries. The shared one; the static one is beside it.
pub(super) fn build(profile: Profile) -> Result<PathBuf, Fault> {
    let built = native::build("comity-uniffi", profile, &[])?;
    Ok(built.join("libcomity_uniffi.so"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_and_of_tests_are_found() {
        let names = [
            "uniffi_comity_uniffi_fn_method_client_send",
            "UNIFFI_META_COMITY_UNIFFI_FUNC_SEAL",
            "sqlite3_open",
            "uniffi_comity_ffi_test_fn_func_fail",
        ]
        .map(str::to_owned);
        let called = [
            "uniffi_comity_uniffi_fn_method_client_send",
            "ffi_comity_uniffi_rustbuffer_alloc",
        ]
        .map(str::to_owned);
        let shared = [
            "exports sqlite3_open",
            "exports uniffi_comity_ffi_test_fn_func_fail",
            "does not export ffi_comity_uniffi_rustbuffer_alloc",
        ];
        assert_eq!(wrong(&names, &called, true), shared);
        assert_eq!(
            wrong(&names, &called, false).len(),
            4,
            "no descriptions in the static one"
        );
        assert!(wrong(&called, &called, false).is_empty());
    }

    #[test]
    fn what_kotlin_calls_by_pointers_is_found() {
        let code = "object UniffiLib {
    external fun uniffi_comity_uniffi_fn_clone_client(handle: Long, status: Pointer): Long
    external fun uniffi_ffibuffer_comity_uniffi_fn_func_seal(arguments: Pointer, result: Pointer)
    fun uniffi_comity_uniffi_fn_func_seal(status: UniffiRustCallStatus): RustBuffer {";
        assert_eq!(by_pointers(code), ["uniffi_ffibuffer_comity_uniffi_fn_func_seal"]);
    }
}
