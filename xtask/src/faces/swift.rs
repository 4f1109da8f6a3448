//! The Swift package: its tests against the library of the tests, and its examples against the library as it ships.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fault;
use crate::cargo;
use crate::native::Profile;
use crate::report::Report;
use crate::speed::ALLOCATOR;
use crate::stages::check;
use crate::story;
use crate::swift::Swift;

use super::library;
use super::runner::{self, Outcome};

const OURS: [&str; 2] = ["comity-uniffi", "comity-ffi-test"];
const PACKAGE: &str = "bindings/swift";
const EXAMPLES: &str = "bindings/swift/Examples";

/// Everything that is tested in Swift.
pub(crate) fn run(report: &mut Report, packages: &[String]) -> Result<(), Fault> {
    if !packages.is_empty() && !packages.iter().any(|package| OURS.contains(&package.as_str())) {
        println!("    nothing of it is in the packages that were asked for");
        return Ok(());
    }
    let shop = Workshop::open(story::library()?)?;
    check(report, "swift: the sources are formatted", || shop.format())?;
    shop.tests(report)?;
    check(report, "swift: the story is Rust's, octet for octet", || {
        story::is_told(|| Ok(shop.testing(&shop.built.join("debug/Story"))))
    })?;
    check(
        report,
        "swift: everything is documented, and the links lead somewhere",
        || shop.documentation(),
    )?;
    check(
        report,
        "swift: the libraries export what uniffi calls alone",
        || library::export_what_uniffi_calls(Profile::of_tests()),
    )?;
    let examples = Examples::build(shop.swift)?;
    check(
        report,
        "swift: the guide runs with the library that ships",
        || Ok(cargo::output(examples.program("Start"))?.contains("still to post")),
    )
}

/// The example chat, with the library as it ships, and how it is started.
pub(crate) fn chat() -> Result<Command, Fault> {
    let examples = Examples::build(Swift::installed()?)?;
    Ok(examples.program("Chat"))
}

/// Builds the program that `cargo xtask bench faces` measures Swift by, with the library in a folder, and says how it is started.
pub(crate) fn sends(library: &Path) -> Result<Command, Fault> {
    let shop = Workshop {
        swift: Swift::installed()?,
        library: library.to_owned(),
        built: cargo::scratch()?.join("swift-sends"),
    };
    let mut build = shop.testing(Path::new("swift"));
    build.args(["build", "-c", "release", "--product", "Sends"]);
    build.arg("--scratch-path").arg(&shop.built);
    build.arg("-Xlinker").arg(format!("-L{}", library.display()));
    if !cargo::build(build)? {
        return Err("the program in Swift does not build".into());
    }
    let mut variables = vec![("LD_LIBRARY_PATH", library.as_os_str())];
    variables.extend(ALLOCATOR.map(|(name, value)| (name, OsStr::new(value))));
    let program = shop.built.join("release/Sends");
    Ok(shop.swift.command(PACKAGE, &variables, &program))
}

/// The package with the library that has the tests' functions.
struct Workshop {
    swift: Swift,
    library: PathBuf,
    built: PathBuf,
}

impl Workshop {
    fn open(library: PathBuf) -> Result<Self, Fault> {
        let built = cargo::scratch()?.join("swift");
        plan_anew(&built)?;
        Ok(Self {
            swift: Swift::installed()?,
            library,
            built,
        })
    }

    fn testing(&self, program: &Path) -> Command {
        let variables = [
            ("COMITY_LIBRARY", OsStr::new("comity_ffi_test")),
            ("LD_LIBRARY_PATH", self.library.as_os_str()),
        ];
        self.swift.command(PACKAGE, &variables, program)
    }

    fn format(&self) -> Result<bool, Fault> {
        let mut lint = self.swift.command(PACKAGE, &[], Path::new("swift"));
        lint.args([
            "format",
            "lint",
            "--strict",
            "--parallel",
            "--recursive",
            "Package.swift",
        ]);
        lint.args(["Sources/Comity", "Sources/ComityEngine/Dates.swift"]);
        lint.args(["Tests/ComityTests", "Tests/Story", "Tests/Sends", "Examples"]);
        cargo::build(lint)
    }

    /// Builds and runs the tests; each one counts.
    fn tests(&self, report: &mut Report) -> Result<(), Fault> {
        let mut tests = self.testing(Path::new("swift"));
        tests.args(["test", "--disable-xctest", "-Xswiftc", "-warnings-as-errors"]);
        tests.arg("--scratch-path").arg(&self.built);
        tests.arg("-Xlinker").arg(format!("-L{}", self.library.display()));
        let output = runner::run(report, "swift: swift test", tests, read)?;
        if let Some(closing) = output.iter().rev().find(|line| is_closing(line)) {
            println!("    {closing}");
        }
        Ok(())
    }

    /// Makes pages of the comments, in which a link that leads nowhere is an error; and looks for what has none.
    fn documentation(&self) -> Result<bool, Fault> {
        let pages = cargo::scratch()?.join("swift-pages");
        let mut documentation = self.swift.command(PACKAGE, &[], Path::new("sh"));
        documentation
            .args(["-ec", DOCUMENTATION, "sh"])
            .arg(self.built.join("debug/Modules"))
            .arg(&pages);
        if !cargo::build(documentation)? {
            return Ok(false);
        }
        let graph = pages.join("graphs/Comity.symbols.json");
        let graph = fs::read_to_string(&graph).map_err(|e| format!("{}: {e}", graph.display()))?;
        let (all, undocumented) = undocumented(&graph);
        for symbol in &undocumented {
            println!("    it is not said what {symbol} is");
        }
        Ok(all > 30 && undocumented.is_empty())
    }
}

/// `$1` the folder with the modules, `$2` where the pages go.
const DOCUMENTATION: &str = r#"
modules=$1 pages=$2 bin=/usr/libexec/swift/bin
rm -rf "$pages"
mkdir -p "$pages/graphs"
target=$(swiftc -print-target-info | sed -n 's/.*"triple": "\(.*\)".*/\1/p' | head -n 1)
for module in Comity ComityEngine; do
    "$bin/swift-symbolgraph-extract" -module-name "$module" -minimum-access-level public -target "$target" \
        -I "$modules" -Xcc -fmodule-map-file="$PWD/Sources/comityFFI/include/module.modulemap" \
        -skip-synthesized-members -output-dir "$pages/graphs"
done
"$bin/docc" convert Sources/Comity/Comity.docc --additional-symbol-graph-dir "$pages/graphs" --output-dir "$pages/pages" \
    --warnings-as-errors
"#;

/// How many symbols a module's graph has, and those without a comment.
fn undocumented(graph: &str) -> (usize, Vec<String>) {
    let symbols = graph.split(r#"{"kind":{"identifier":"swift."#).skip(1);
    let (mut all, mut without) = (0, Vec::new());
    for symbol in symbols {
        all += 1;
        if !symbol.contains(r#""docComment":"#) {
            let title = symbol.split_once(r#""title":""#).map_or("?", |(_, rest)| rest);
            without.push(title.split('"').next().unwrap_or_default().to_owned());
        }
    }
    (all, without)
}

/// The programs that developers copy, linked as theirs are.
struct Examples {
    swift: Swift,
    library: PathBuf,
    built: PathBuf,
}

impl Examples {
    fn build(swift: Swift) -> Result<Self, Fault> {
        let built = cargo::scratch()?.join("swift-examples");
        plan_anew(&built)?;
        let library = library::build(Profile::of_tests())?;
        let library = library.parent().ok_or("the library is nowhere")?.to_owned();
        let examples = Self {
            swift,
            library,
            built,
        };
        let mut build = examples.swift.command(EXAMPLES, &[], Path::new("swift"));
        build.args(["build", "-Xswiftc", "-warnings-as-errors"]);
        build.arg("--scratch-path").arg(&examples.built);
        build
            .arg("-Xlinker")
            .arg(format!("-L{}", examples.library.display()));
        if cargo::build(build)? {
            Ok(examples)
        } else {
            Err("the examples in Swift do not build".into())
        }
    }

    fn program(&self, name: &str) -> Command {
        let variables = [("LD_LIBRARY_PATH", self.library.as_os_str())];
        self.swift
            .command(EXAMPLES, &variables, &self.built.join("debug").join(name))
    }
}

/// Lets Swift look for source files again: it does not notice by itself that a package has more of them than last time.
fn plan_anew(built: &Path) -> Result<(), Fault> {
    let plan = built.join("debug.yaml");
    match fs::remove_file(&plan) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(format!("{}: {e}", plan.display())),
        _ => Ok(()),
    }
}

fn is_closing(line: &str) -> bool {
    let words = line.split_once(' ').map_or("", |(_, words)| words);
    words.starts_with("Test run with ")
}

/// What Swift's tests say as they go, and at their end.
fn read(outcome: &mut Outcome, line: &str) {
    let (mark, words) = line.split_once(' ').unwrap_or_default();
    if let Some(number) = words.strip_prefix("Test run with ") {
        let number = number.split(' ').next().and_then(|number| number.parse().ok());
        outcome.ran = number.unwrap_or_default();
    } else if words.starts_with("Test ") && mark == "✘" && words.contains(" failed after ") {
        outcome.failed += 1;
    } else if words.starts_with("Test ") && words.contains(" skipped") && mark == "➜" {
        outcome.skipped += 1;
    }
}

#[cfg(test)]
mod outcomes {
    use super::*;

    fn outcome(lines: &[&str]) -> Outcome {
        runner::outcome(read, lines)
    }

    #[test]
    fn what_has_no_comment_is_found() {
        let graph = r#"{"symbols":[{"kind":{"identifier":"swift.struct"},"names":{"title":"A"},"docComment":{}},
            {"kind":{"identifier":"swift.method"},"names":{"title":"A.b()"},"accessLevel":"public"}]}"#;
        assert_eq!(undocumented(graph), (2, vec!["A.b()".to_owned()]));
    }

    #[test]
    fn what_passed_failed_and_was_skipped_is_counted() {
        let said = [
            "◇ Test run started.",
            "✔ Test \"A date goes back\" passed after 0.001 seconds.",
            "✘ Test \"Large values\" recorded an issue at A.swift:1:1: Expectation failed",
            "✘ Test \"Large values\" failed after 0.2 seconds with 1 issue.",
            "➜ Test \"Not now\" skipped.",
            "✘ Suite Misuse failed after 0.3 seconds with 1 issue.",
            "✘ Test run with 3 tests failed after 0.3 seconds with 1 issue.",
        ];
        let wanted = Outcome {
            ran: 3,
            failed: 1,
            skipped: 1,
        };
        assert_eq!(outcome(&said), wanted);
        assert!(is_closing("✔ Test run with 41 tests passed after 1.1 seconds."));
    }
}
