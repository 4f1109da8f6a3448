//! The main job: two messengers that differ hold one end-to-end encrypted room.
//!
//! Read [`cast`] for who takes part, then [`scenes`] for what happens, line by line. Behind them:
//!
//! - [`device`]: one client in its file, and the whole host around it, which every app has to write once;
//! - [`stage`]: how everything that happens is told, and what is claimed of every message;
//! - [`sight`]: what a client shows of a message;
//! - [`report`], [`export`]: what is printed, and what is written for an auditor.
//!
//! Nothing is claimed that was not read back from the files of the clients that received it. The program exits with 1 if
//! anything that it claims did not happen.

mod args;
mod cast;
mod device;
mod export;
mod material;
mod report;
mod scenes;
mod sight;
mod stage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use comity::RoomUri;
use comity_examples::{Fault, Network, present};
use tempfile::TempDir;

use crate::args::{Options, USAGE};
use export::Export;
use material::Material;
use report::Report;
use stage::Stage;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) if options.help => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(problem) => {
            eprintln!("demo: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("demo: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Plays the whole conversation; whether everything that it claims has happened.
fn run(options: &Options) -> Result<bool, Fault> {
    let material = Material::load(options.note.as_deref(), options.photo.as_deref())?;
    let export = match &options.export {
        Some(dir) => Some(Export::create(dir).map_err(|e| format!("--export {}: {e}", dir.display()))?),
        None => None,
    };
    let files = Files::new(options.keep.as_deref())?;
    let report = Report::new(options.json);
    report.files(&files.path().display().to_string(), options.keep.is_some())?;

    let room = RoomUri::parse(cast::ROOM)?;
    let mut stage = Stage::new(
        Network::new(present()?),
        room,
        files.path().to_owned(),
        report,
        export,
    );
    scenes::play(&mut stage, &material)?;
    stage.closes()
}

/// Where the clients' files are.
enum Files {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Files {
    fn new(keep: Option<&Path>) -> Result<Self, Fault> {
        Ok(match keep {
            Some(dir) => {
                std::fs::create_dir_all(dir).map_err(|e| format!("--keep {}: {e}", dir.display()))?;
                Self::Kept(std::path::absolute(dir)?)
            }
            None => Self::Temporary(tempfile::Builder::new().prefix("comity-demo-").tempdir()?),
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(dir) => dir,
            Self::Temporary(dir) => dir.path(),
        }
    }
}
