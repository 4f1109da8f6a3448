//! The two builds: `synchronous=FULL`, which ships, and NORMAL, which hides the disk.
//!
//! The engine has no switch for it, only a feature that nothing shipped may have; so the program that was built without it starts the
//! one that was built with it.

use std::process::Command;

use crate::Fault;
use crate::arguments::Arguments;

/// How SQLite waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Full,
    Normal,
}

impl Mode {
    /// How this program was built.
    pub(crate) const BUILT: Self = if cfg!(feature = "normal") {
        Self::Normal
    } else {
        Self::Full
    };

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }

    /// Sets a peer's connection as ours is set by this build.
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Full => "PRAGMA synchronous = FULL;",
            Self::Normal => "PRAGMA synchronous = NORMAL;",
        }
    }
}

/// Builds and runs the other program with the same arguments.
pub(crate) fn run_normal(arguments: &Arguments) -> Result<(), Fault> {
    let (Some(cargo), Some(package)) = (std::env::var_os("CARGO"), std::env::var_os("CARGO_MANIFEST_DIR"))
    else {
        return Err(
            "to measure NORMAL as well, start this with `cargo xtask bench`; or give `--mode full`".into(),
        );
    };
    let manifest = std::path::Path::new(&package).join("Cargo.toml");
    let status = Command::new(cargo)
        .args([
            "run",
            "--release",
            "--quiet",
            "--features",
            "normal",
            "--bin",
            "comity-bench-normal",
        ])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--")
        .args(&arguments.given)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err("the measurement under NORMAL failed".into())
    }
}
