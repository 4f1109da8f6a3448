//! How the libraries for other languages are built, and what they hide.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::{Fault, fault};

/// How the libraries are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As they ship: small. See `docs/sizes.md`.
    Ship,
    /// As everything else is built, whose dependencies are there already.
    Release,
}

impl Profile {
    /// What tests build: the quick one, unless the variable `COMITY_PROFILE` is `ship`.
    pub(crate) fn of_tests() -> Self {
        match std::env::var("COMITY_PROFILE").as_deref() {
            Ok("ship") => Self::Ship,
            _ => Self::Release,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::Release => "release",
        }
    }
}

/// What a program that links a static library needs of the system. What else there is, compilers know: libgcc_s, or another one for a
/// program that is linked with `-static`.
pub(crate) const SYSTEM_LIBRARIES: [&str; 3] = ["-lpthread", "-ldl", "-lm"];

/// Builds the shared and the static library of a package, alone, so that no other package turns on a feature that does not ship.
/// Says where they are.
pub(crate) fn build(package: &str, profile: Profile, linking: &[String]) -> Result<PathBuf, Fault> {
    let mut build = cargo::quiet_cargo();
    build.args(["rustc", "--locked", "--profile", profile.name()]);
    if profile == Profile::Ship {
        build.args(["--config", &without_home(&cargo::home()?)]);
    }
    // Without the crate type for Rust, of which there can be no optimisation of the whole: cargo leaves it out and says nothing.
    build.args(["-p", package, "--lib", "--crate-type", "cdylib,staticlib", "--"]);
    build.args(linking);
    if !cargo::build(build)? {
        return Err(format!("{package} does not build"));
    }
    cargo::target().map(|target| target.join(profile.name()))
}

/// The setting by which what ships does not name the folder where the builder keeps other packages' sources, and which panics would tell.
fn without_home(home: &Path) -> String {
    format!("build.rustflags=['--remap-path-prefix={}=cargo']", home.display())
}

/// A shared library without what a host does not need.
pub(crate) fn strip(built: &Path, to: &Path) -> Result<(), Fault> {
    let mut strip = Command::new("strip");
    run(strip.args(["--strip-unneeded", "-o"]).arg(to).arg(built))
}

/// A static library of one object, in which everything but these functions is local. What nobody calls is left out.
pub(crate) fn hide(built: &Path, exported: &[String], archive: &Path) -> Result<(), Fault> {
    let name = archive
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let work = cargo::scratch()?.join("static").join(&name);
    fs::create_dir_all(&work).map_err(|e| fault(&work, &e))?;
    let object = work.join(format!("{}.o", name.trim_start_matches("lib")));
    let list = work.join("exported");
    fs::write(&list, exported.join("\n") + "\n").map_err(|e| fault(&list, &e))?;
    let mut link = Command::new("ld");
    link.args(["-r", "--gc-sections", "--force-group-allocation"]);
    link.args(exported.iter().map(|name| format!("--undefined={name}")));
    run(link.arg("-o").arg(&object).arg(built))?;
    let mut hide = Command::new("objcopy");
    hide.arg(format!("--keep-global-symbols={}", list.display()));
    hide.args(["--strip-debug", "--strip-unneeded"]);
    // Bitcode that rustc leaves for its own linker. In one object it is nonsense, over which tools with an LLVM plugin stumble.
    run(hide
        .args(["--remove-section=.llvmbc", "--remove-section=.llvmcmd"])
        .arg(&object))?;
    if archive.exists() {
        fs::remove_file(archive).map_err(|e| fault(archive, &e))?;
    }
    run(Command::new("ar").arg("crsD").arg(archive).arg(&object))
}

/// The names that a library exports, sorted.
pub(crate) fn exported(library: &Path, dynamic: bool) -> Result<Vec<String>, Fault> {
    let mut nm = Command::new("nm");
    nm.args(["--defined-only", "--extern-only", "--format=just-symbols"]);
    if dynamic {
        nm.arg("--dynamic");
    }
    Ok(names(&cargo::output({
        nm.arg(library);
        nm
    })?))
}

/// The names in what nm prints: not the name of the member of an archive, which ends with a colon.
fn names(printed: &str) -> Vec<String> {
    let mut names: Vec<String> = printed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.ends_with(':'))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

/// The functions that a header declares and whose names begin with one of these, sorted.
pub(crate) fn declared(header: &str, beginnings: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = header
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()) && line.contains('('))
        .filter_map(|line| line.split('(').next()?.rsplit([' ', '*']).next())
        .filter(|name| beginnings.iter().any(|beginning| name.starts_with(beginning)))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Runs a program; what it says is the fault if it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), Fault> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{name}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{name} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_of_a_header_are_found_and_nothing_else() {
        let header = "// comity_note(x)\ntypedef struct comity_a comity_a;\ncomity_status comity_b(struct comity_a *a,\n                       int c);\nconst char *comity_version(void);\n#define COMITY_C(d) 1\n";
        assert_eq!(declared(header, &["comity_"]), ["comity_b", "comity_version"]);
        let uniffi = "#ifndef A\nRustBuffer ffi_x_alloc(uint64_t size, Y\n);\nvoid uniffi_x_free(uint64_t handle\n);\ntypedef void (*UniffiFree)(uint64_t\n";
        assert_eq!(
            declared(uniffi, &["uniffi_x_", "ffi_x_"]),
            ["ffi_x_alloc", "uniffi_x_free"]
        );
    }

    #[test]
    fn members_of_archives_are_no_names() {
        assert_eq!(
            names("\ncomity.o:\ncomity_b\ncomity_a\n"),
            ["comity_a", "comity_b"]
        );
    }
}
