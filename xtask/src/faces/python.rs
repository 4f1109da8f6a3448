//! The Python package: its tests against the library of the tests, and the wheel as it ships, in an environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::native::Profile;
use crate::report::Report;
use crate::setup;
use crate::stages::check;
use crate::story;
use crate::{Fault, fault};

use super::library;
use super::runner::{self, Outcome};

const OURS: [&str; 2] = ["comity-uniffi", "comity-ffi-test"];

/// Everything that is tested in Python.
pub(crate) fn run(report: &mut Report, packages: &[String]) -> Result<(), Fault> {
    if !packages.is_empty() && !packages.iter().any(|package| OURS.contains(&package.as_str())) {
        println!("    nothing of it is in the packages that were asked for");
        return Ok(());
    }
    let tools = setup::python()?;
    let folder = Staged::new("python-staged", &story::library()?)?;
    check(report, "python: the story is Rust's, octet for octet", || {
        story::is_told(|| Ok(folder.python("tests/story.py")))
    })?;
    folder.tests(report)?;
    check(
        report,
        "python: the libraries export what uniffi calls alone",
        || library::export_what_uniffi_calls(Profile::of_tests()),
    )?;
    let wheel = Wheel::build(&tools)?;
    check(
        report,
        "python: the wheel is installed and runs the guide",
        || wheel.runs("tests/start.py"),
    )?;
    check(
        report,
        "python: mypy finds the types that the wheel has, and what is wrong in a program",
        || wheel.is_typed(&tools),
    )?;
    check(report, "python: the wheel has nothing of the tests", || {
        wheel.is_clean()
    })
}

/// The program that `cargo xtask bench faces` measures Python by, with the library in a folder.
pub(crate) fn sends(library: &Path) -> Result<Command, Fault> {
    Ok(Staged::new("python-sends", library)?.python("tests/sends.py"))
}

/// The package with the library of the tests in the place of what ships, and what the tests call beside it.
struct Staged(PathBuf);

impl Staged {
    /// With the library that is in a folder.
    fn new(name: &str, library: &Path) -> Result<Self, Fault> {
        let library = library.join("libcomity_ffi_test.so");
        let folder = fresh(name)?;
        copy(&source("src/comity"), &folder.join("comity"))?;
        copy(&source("testing"), &folder)?;
        for place in ["comity/_ffi", "."] {
            // The same file by two names: the loader sees that it is one library.
            let link = folder.join(place).join("libcomity_uniffi.so");
            std::os::unix::fs::symlink(&library, &link).map_err(|e| fault(&link, &e))?;
        }
        Ok(Self(folder))
    }

    fn python(&self, program: &str) -> Command {
        let mut python = self.interpreter();
        python.arg(source(program));
        python
    }

    fn interpreter(&self) -> Command {
        let mut python = Command::new("python3");
        python
            .env("PYTHONPATH", &self.0)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("RUST_BACKTRACE");
        python
    }

    /// Runs the tests; each one counts.
    fn tests(&self, report: &mut Report) -> Result<(), Fault> {
        let mut tests = self.interpreter();
        tests.args([
            "-W",
            "error",
            "-m",
            "unittest",
            "discover",
            "--verbose",
            "--start-directory",
        ]);
        tests.arg(source("tests"));
        runner::run(report, "python: unittest", tests, read).map(drop)
    }
}

/// What unittest says at its end.
fn read(outcome: &mut Outcome, line: &str) {
    if let Some(rest) = line.strip_prefix("Ran ") {
        outcome.ran = rest
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_default();
    }
    let named = line
        .strip_prefix("FAILED (")
        .or_else(|| line.strip_prefix("OK ("))
        .and_then(|rest| rest.strip_suffix(')'));
    for (name, number) in named
        .into_iter()
        .flat_map(|named| named.split(", "))
        .filter_map(|one| one.split_once('='))
    {
        let number: u64 = number.parse().unwrap_or(1);
        match name {
            "skipped" | "expected failures" => outcome.skipped += number,
            _ => outcome.failed += number,
        }
    }
}

/// The wheel, installed where nothing else is.
struct Wheel {
    python: PathBuf,
    file: PathBuf,
}

impl Wheel {
    fn build(tools: &Path) -> Result<Self, Fault> {
        let folder = fresh("python-wheel")?;
        let mut build = Command::new(tools.join("bin/maturin"));
        build
            .current_dir(source("."))
            .args(["build", "--profile", Profile::of_tests().name()])
            .args(["--auditwheel", "skip", "--out"])
            .arg(&folder)
            .env("CARGO_TERM_COLOR", "never");
        if !cargo::build_and_see(build, is_of_maturin)? {
            return Err("the wheel cannot be built".into());
        }
        let file = fs::read_dir(&folder)
            .map_err(|e| fault(&folder, &e))?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .ok_or("there is no wheel")?;
        let place = fresh("python-installed")?;
        let mut environment = Command::new("python3");
        environment.args(["-m", "venv"]).arg(&place);
        cargo::output(environment)?;
        let mut install = Command::new(place.join("bin/pip"));
        install
            .args(["install", "--quiet", "--no-index", "--disable-pip-version-check"])
            .arg(&file);
        cargo::output(install)?;
        Ok(Self {
            python: place.join("bin/python"),
            file,
        })
    }

    /// Whether a program runs with what was installed and nothing else.
    fn runs(&self, program: &str) -> Result<bool, Fault> {
        let mut run = Command::new(&self.python);
        run.arg("-I").arg(source(program));
        Ok(cargo::output(run)?.contains("PUBLISH_KEY_PACKAGES"))
    }

    /// Whether the types of the installed package are in order, and so is a program with types. Lines that must be wrong are marked in
    /// it; a mark that is not needed is an error.
    fn is_typed(&self, tools: &Path) -> Result<bool, Fault> {
        let mut held = true;
        for what in [vec!["-p".into(), "comity".into()], vec![source("tests/typed.py")]] {
            let mut mypy = Command::new(tools.join("bin/mypy"));
            mypy.args(["--strict", "--python-version", "3.10", "--python-executable"])
                .arg(&self.python)
                .arg("--cache-dir")
                .arg(cargo::scratch()?.join("python-types"))
                .args(what);
            held &= cargo::build(mypy)?;
        }
        Ok(held)
    }

    fn is_clean(&self) -> Result<bool, Fault> {
        let mut list = Command::new(&self.python);
        list.args(["-I", "-m", "zipfile", "--list"]).arg(&self.file);
        let names = cargo::output(list)?;
        let mut held = true;
        for word in ["test", "story"] {
            if names.contains(word) {
                println!("    the wheel has {word} in it:\n{names}");
                held = false;
            }
        }
        let mut find = Command::new(&self.python);
        find.args(["-I", "-c", "import comity._ffi; print(comity._ffi.__path__[0])"]);
        let folder = cargo::output(find)?;
        Ok(held & library::is_without_tests(&Path::new(folder.trim()).join("libcomity_uniffi.so"))?)
    }
}

/// What maturin says while all is well.
fn is_of_maturin(line: &str) -> bool {
    !line.is_ascii() || line.trim_start().starts_with("Running") || line.trim_start().starts_with("Finished")
}

/// A folder of ours with nothing in it.
fn fresh(name: &str) -> Result<PathBuf, Fault> {
    let folder = cargo::scratch()?.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| fault(&folder, &e))?;
    }
    fs::create_dir_all(&folder).map_err(|e| fault(&folder, &e))?;
    Ok(folder)
}

/// Copies what is in a folder, but for what an interpreter or a build leaves there.
fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::create_dir_all(to).map_err(|e| fault(to, &e))?;
    for entry in fs::read_dir(from).map_err(|e| fault(from, &e))?.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            if entry.file_name() != "__pycache__" {
                copy(&path, &target)?;
            }
        } else if path.extension().is_none_or(|extension| extension != "so") {
            fs::copy(&path, &target).map_err(|e| fault(&path, &e))?;
        }
    }
    Ok(())
}

fn source(path: &str) -> PathBuf {
    cargo::root().join("bindings/python").join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(lines: &[&str]) -> Outcome {
        runner::outcome(read, lines)
    }

    #[test]
    fn what_unittest_says_is_counted() {
        let all = outcome(&["Ran 29 tests in 0.932s", "OK"]);
        assert_eq!((all.ran, all.failed, all.skipped), (29, 0, 0));
        let some = outcome(&["Ran 9 tests in 1s", "FAILED (failures=2, errors=1, skipped=3)"]);
        assert_eq!((some.ran, some.failed, some.skipped), (9, 3, 3));
        let skipped = outcome(&["Ran 1 test in 1s", "OK (skipped=1)"]);
        assert_eq!((skipped.ran, skipped.failed, skipped.skipped), (1, 0, 1));
        assert_eq!(outcome(&["FAILED (unexpected successes=1)"]).failed, 1);
    }
}
