//! The languages that take part, and what each must reach.

use std::process::Command;

use crate::Fault;
use crate::c;
use crate::cargo;
use crate::faces;
use crate::swift::Swift;

use super::build::Built;

/// One language.
pub(super) struct Face {
    pub(super) name: &'static str,
    /// How many times what it takes in Rust, in the same situation, a `send` may take, in hundredths.
    pub(super) target: Option<u32>,
    /// What this machine lacks for it, and how it is had.
    pub(super) missing: fn() -> Option<&'static str>,
    /// Builds its program, and says how it is started.
    pub(super) build: fn(&Built) -> Result<Command, Fault>,
}

/// The first one is what the others are measured beside.
pub(super) const FACES: &[Face] = &[
    Face {
        name: "Rust",
        target: None,
        missing: || None,
        build: |built| Ok(Command::new(built.program())),
    },
    Face {
        name: "C",
        target: Some(105),
        missing: || lacks("gcc", "there is no gcc"),
        build: |built| c::sends(built.library()),
    },
    Face {
        name: "Swift",
        target: Some(110),
        missing: || {
            let missing = "Swift is not installed: `cargo xtask setup --swift`";
            (!Swift::is_there()).then_some(missing)
        },
        build: |built| faces::swift_sends(built.library()),
    },
    Face {
        name: "Kotlin",
        target: Some(150),
        missing: || {
            let missing = "there is no Maven with a JDK: `cargo xtask test --only kotlin` installs them";
            lacks("mvn", missing)
        },
        build: |built| faces::kotlin_sends(built.library()),
    },
    Face {
        name: "Python",
        target: None,
        missing: || lacks("python3", "there is no Python"),
        build: |built| faces::python_sends(built.library()),
    },
];

impl Face {
    /// Whether an argument names it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

fn lacks(program: &str, missing: &'static str) -> Option<&'static str> {
    (!cargo::succeeds(program, &["--version"])).then_some(missing)
}
