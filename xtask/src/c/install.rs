//! `cargo xtask install-c --prefix DIR`: header, libraries, and the files by which pkg-config and CMake find them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cargo;
use crate::native::{self, Profile};
use crate::{Fault, fault};

use super::symbols;

/// The version of all our packages.
const VERSION: &str = env!("CARGO_PKG_VERSION");

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

/// Builds the library and installs it.
pub(crate) fn install(prefix: &Path, profile: Profile) -> Result<(), Fault> {
    if !cfg!(target_os = "linux") {
        return Err("the C library is installed on Linux only so far".into());
    }
    let abi = abi()?;
    let soname = format!("-Clink-arg=-Wl,-soname,libcomity.so.{abi}");
    // OpenMLS's pool of threads runs until the process ends: a program that closes a plugin must not take its code away.
    let stays = "-Clink-arg=-Wl,-z,nodelete".to_owned();
    let built = native::build("comity-capi", profile, &[soname, stays])?;
    let lib = prefix.join("lib");
    for dir in ["include", "lib/pkgconfig", "lib/cmake/comity"] {
        let dir = prefix.join(dir);
        fs::create_dir_all(&dir).map_err(|e| fault(&dir, &e))?;
    }
    copy(&source("include/comity.h"), &prefix.join("include/comity.h"))?;
    shared(&built.join("libcomity_capi.so"), &lib, &abi)?;
    native::hide(
        &built.join("libcomity_capi.a"),
        &symbols::of_the_header()?,
        &lib.join("libcomity.a"),
    )?;
    fill("comity.pc", &lib.join("pkgconfig"), &abi)?;
    fill("comity-config.cmake", &lib.join("cmake/comity"), &abi)?;
    fill("comity-config-version.cmake", &lib.join("cmake/comity"), &abi)
}

/// The number in the shared library's name, by which programs look for it: what `comity_abi_version` answers.
fn abi() -> Result<String, Fault> {
    let path = source("include/comity.h");
    let header = fs::read_to_string(&path).map_err(|e| fault(&path, &e))?;
    number(&header, "COMITY_ABI_VERSION").ok_or_else(|| format!("{} has no ABI version", path.display()))
}

/// The number that a header gives to a name.
fn number(header: &str, name: &str) -> Option<String> {
    let mut lines = header.lines();
    let given = lines.find_map(|line| {
        line.strip_prefix("#define ")?
            .strip_prefix(name)?
            .strip_prefix(' ')
    })?;
    given.parse::<u32>().ok().map(|number| number.to_string())
}

/// The shared library under its full name, and the two shorter ones by which programs find it.
fn shared(built: &Path, lib: &Path, abi: &str) -> Result<(), Fault> {
    let full = format!("libcomity.so.{VERSION}");
    native::strip(built, &lib.join(&full))?;
    for name in [format!("libcomity.so.{abi}"), "libcomity.so".to_owned()] {
        let link = lib.join(name);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(&link, &error)),
            _ => {}
        }
        std::os::unix::fs::symlink(&full, &link).map_err(|e| fault(&link, &e))?;
    }
    Ok(())
}

/// A file of `bindings/c/packaging/` with its blanks filled in.
fn fill(name: &str, to: &Path, abi: &str) -> Result<(), Fault> {
    let template = source(&format!("packaging/{name}.in"));
    let text = fs::read_to_string(&template).map_err(|e| fault(&template, &e))?;
    let to = to.join(name);
    let text = text
        .replace("@VERSION@", VERSION)
        .replace("@ABI@", abi)
        .replace("@POINTER@", &size_of::<usize>().to_string());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_name_is_read_and_no_other() {
        let header = "// COMITY_ABI 3\n#define COMITY_ABI_OLD 2\n#define COMITY_ABI 17\n";
        assert_eq!(number(header, "COMITY_ABI").as_deref(), Some("17"));
        assert_eq!(number(header, "COMITY_AB"), None);
        assert_eq!(number("#define COMITY_ABI x\n", "COMITY_ABI"), None);
    }
}
