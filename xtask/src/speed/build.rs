//! What is built from Rust: the library that the languages call, and the program that Rust is measured by. Both wait less for the disk
//! than what ships does, so both lie in a folder of their own, where nothing that ships is taken from.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Fault;
use crate::c;
use crate::cargo;

const LIBRARY: &str = "libcomity_ffi_test.so";

/// The folder with all of it.
pub(super) struct Built(PathBuf);

impl Built {
    /// Builds both. The library is built alone, as what ships is: beside a library for Rust nothing is optimised as a whole.
    pub(super) fn new(profile: &str) -> Result<Self, Fault> {
        let place = cargo::scratch()?.join("speed");
        fs::create_dir_all(&place).map_err(|e| fault(&place, &e))?;
        println!(
            "the library, and the program in Rust, profile `{profile}` (minutes, where it was not built before)"
        );
        for what in [
            ["--bin", "sends"].as_slice(),
            &["--lib", "--crate-type", "cdylib"],
        ] {
            let mut build = cargo::quiet_cargo();
            build.args(["rustc", "--locked", "--profile", profile, "-p", "comity-ffi-test"]);
            build.args(["--features", "normal"]).args(what);
            if !cargo::build(build)? {
                return Err("comity-ffi-test does not build".into());
            }
        }
        let from = cargo::target()?.join(profile);
        for name in ["sends", LIBRARY] {
            fs::copy(from.join(name), place.join(name)).map_err(|e| fault(&from.join(name), &e))?;
        }
        let built = Self(place);
        let octets = fs::read(built.0.join(LIBRARY)).map_err(|e| fault(&built.0, &e))?;
        if c::waits_for_the_disk(&octets) {
            return Err("the library was built without `synchronous=NORMAL`".into());
        }
        Ok(built)
    }

    /// The folder of the library.
    pub(super) fn library(&self) -> &Path {
        &self.0
    }

    /// The program in Rust.
    pub(super) fn program(&self) -> PathBuf {
        self.0.join("sends")
    }

    /// An empty folder for a program's files, on the disk that all of them have.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, Fault> {
        let folder = self.0.join("files").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|e| fault(&folder, &e))?;
        }
        fs::create_dir_all(&folder).map_err(|e| fault(&folder, &e))?;
        Ok(folder)
    }
}

fn fault(path: &Path, error: &std::io::Error) -> Fault {
    format!("{}: {error}", path.display())
}
