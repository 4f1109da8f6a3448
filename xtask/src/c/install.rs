//! `cargo xtask install-c --prefix DIR`: header, libraries, and the files by which pkg-config and CMake find them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fault;
use crate::cargo;

use super::symbols;

/// The version of all our packages.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The number in the shared library's name, by which programs look for it. It changes with `COMITY_ABI_VERSION`.
const ABI: &str = "0";

pub(crate) fn command(arguments: &[String]) -> Result<u8, Fault> {
    let [flag, prefix] = arguments else {
        return Err("cargo xtask install-c --prefix DIR".into());
    };
    if flag != "--prefix" {
        return Err(format!("`{flag}` is unknown; cargo xtask install-c --prefix DIR"));
    }
    let prefix = std::path::absolute(prefix).map_err(|e| format!("{prefix}: {e}"))?;
    install(&prefix, Profile::Ship)?;
    println!("installed into {}", prefix.display());
    Ok(0)
}

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

    fn name(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::Release => "release",
        }
    }
}

/// Builds the library and installs it.
pub(crate) fn install(prefix: &Path, profile: Profile) -> Result<(), Fault> {
    if !cfg!(target_os = "linux") {
        return Err("the C library is installed on Linux only so far".into());
    }
    let built = build(profile)?;
    let lib = prefix.join("lib");
    for dir in ["include", "lib/pkgconfig", "lib/cmake/comity"] {
        let dir = prefix.join(dir);
        fs::create_dir_all(&dir).map_err(|e| fault(&dir, &e))?;
    }
    copy(&source("include/comity.h"), &prefix.join("include/comity.h"))?;
    shared(&built.join("libcomity_capi.so"), &lib)?;
    fixed(&built.join("libcomity_capi.a"), &lib)?;
    fill("comity.pc", &lib.join("pkgconfig"))?;
    fill("comity-config.cmake", &lib.join("cmake/comity"))?;
    fill("comity-config-version.cmake", &lib.join("cmake/comity"))
}

/// Builds both libraries, alone, so that no other package turns on a feature that does not ship. Says where they are.
fn build(profile: Profile) -> Result<PathBuf, Fault> {
    let mut build = cargo::quiet_cargo();
    build.args(["rustc", "--locked", "--profile", profile.name()]);
    // Without the crate type for Rust, of which there can be no optimisation of the whole.
    build.args([
        "-p",
        "comity-capi",
        "--lib",
        "--crate-type",
        "cdylib,staticlib",
        "--",
    ]);
    build.arg(format!("-Clink-arg=-Wl,-soname,libcomity.so.{ABI}"));
    if !cargo::build(build)? {
        return Err("comity-capi does not build".into());
    }
    cargo::target().map(|target| target.join(profile.name()))
}

/// The shared library under its full name, and the two shorter ones by which programs find it.
fn shared(built: &Path, lib: &Path) -> Result<(), Fault> {
    let full = format!("libcomity.so.{VERSION}");
    copy(built, &lib.join(&full))?;
    run(Command::new("strip").arg("--strip-unneeded").arg(lib.join(&full)))?;
    for name in [format!("libcomity.so.{ABI}"), "libcomity.so".to_owned()] {
        let link = lib.join(name);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(&link, &error)),
            _ => {}
        }
        std::os::unix::fs::symlink(&full, &link).map_err(|e| fault(&link, &e))?;
    }
    Ok(())
}

/// The static library: one object, in which everything but our functions is local. What nobody calls is left out.
fn fixed(built: &Path, lib: &Path) -> Result<(), Fault> {
    let work = cargo::scratch()?.join("static");
    fs::create_dir_all(&work).map_err(|e| fault(&work, &e))?;
    let (object, list) = (work.join("comity.o"), work.join("exported"));
    let exported = symbols::of_the_header()?;
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
    let archive = lib.join("libcomity.a");
    if archive.exists() {
        fs::remove_file(&archive).map_err(|e| fault(&archive, &e))?;
    }
    run(Command::new("ar").arg("crsD").arg(&archive).arg(&object))
}

/// A file of `bindings/c/packaging/` with its blanks filled in.
fn fill(name: &str, to: &Path) -> Result<(), Fault> {
    let template = source(&format!("packaging/{name}.in"));
    let text = fs::read_to_string(&template).map_err(|e| fault(&template, &e))?;
    let to = to.join(name);
    let text = text.replace("@VERSION@", VERSION).replace("@ABI@", ABI);
    fs::write(&to, text).map_err(|e| fault(&to, &e))
}

pub(super) fn source(name: &str) -> PathBuf {
    cargo::root().join("bindings/c").join(name)
}

fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::copy(from, to)
        .map(drop)
        .map_err(|e| format!("{} to {}: {e}", from.display(), to.display()))
}

fn run(command: &mut Command) -> Result<(), Fault> {
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

pub(super) fn fault(path: &Path, error: &io::Error) -> Fault {
    format!("{}: {error}", path.display())
}
