//! The code that uniffi writes for Swift, Kotlin and Python, from the library itself: committed, so that whoever builds a package of
//! these languages needs no generator.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::story;
use crate::{Fault, fault};

use super::{kotlin, reads, stubs};

/// Where what is generated goes, and from where in what the generator writes. The first four are of the library, the others of
/// its tests.
const FILES: &[(&str, &str)] = &[
    (
        "swift/comityFFI.h",
        "bindings/swift/Sources/comityFFI/include/comityFFI.h",
    ),
    (
        "swift/ComityEngine.swift",
        "bindings/swift/Sources/ComityEngine/Generated/ComityEngine.swift",
    ),
    (
        "kotlin/org/comity/comity.kt",
        "bindings/kotlin/src/main/kotlin/org/comity/generated/comity.kt",
    ),
    ("python/comity.py", PYTHON),
    (
        "swift/comityTestFFI.h",
        "bindings/swift/Tests/comityTestFFI/include/comityTestFFI.h",
    ),
    (
        "swift/ComityTest.swift",
        "bindings/swift/Tests/ComityTest/Generated/ComityTest.swift",
    ),
    (
        "kotlin/org/comity/test/comity_test.kt",
        "bindings/kotlin/src/test/kotlin/org/comity/test/generated/comity_test.kt",
    ),
    ("python/comity_test.py", "bindings/python/testing/comity_test.py"),
];

/// Beside it stands what type checkers read.
const PYTHON: &str = "bindings/python/src/comity/_ffi/comity.py";

/// `cargo xtask bindings [--check]`.
pub(crate) fn command(arguments: &[String]) -> Result<u8, Fault> {
    match arguments {
        [] => {
            for (path, text) in generated()? {
                write(&cargo::root().join(&path), &text)?;
                println!("{path}");
            }
            Ok(0)
        }
        [flag] if flag == "--check" => {
            let held = up_to_date()?;
            if held {
                println!("the Swift, Kotlin and Python code is what the sources say");
            }
            Ok(if held { 0 } else { 1 })
        }
        _ => Err("cargo xtask bindings takes --check or nothing".into()),
    }
}

/// Whether what is committed is what the sources say. Writes nothing outside of the target directory.
pub(crate) fn up_to_date() -> Result<bool, Fault> {
    let mut held = true;
    for (path, text) in generated()? {
        let there = fs::read_to_string(cargo::root().join(&path)).unwrap_or_default();
        if there != text {
            println!("    {path} is not what the sources say: cargo xtask bindings");
            held = false;
        }
    }
    Ok(held)
}

/// Every file as it should be, by its path in the repository.
fn generated() -> Result<BTreeMap<String, String>, Fault> {
    let (library, generator) = (library()?, generator()?);
    let out = cargo::scratch()?.join("bindings");
    if out.exists() {
        fs::remove_dir_all(&out).map_err(|e| fault(&out, &e))?;
    }
    for language in ["swift", "kotlin", "python"] {
        let mut generate = Command::new(&generator);
        generate
            .current_dir(cargo::root())
            .args(["generate", "--no-format", "--config"])
            .arg("bindings/bindgen/bindgen.toml")
            .args(["--language", language, "--out-dir"])
            .arg(out.join(language))
            .arg(&library);
        cargo::output(generate)?;
    }
    let mut files = BTreeMap::new();
    for (from, to) in FILES {
        let path = out.join(from);
        let text = fs::read_to_string(&path).map_err(|e| fault(&path, &e))?;
        let text = tidy(from, &text);
        let text = if from.ends_with(".kt") {
            kotlin::rewritten(&text)?
        } else {
            text
        };
        files.insert((*to).to_owned(), text);
    }
    reads::in_one_piece(&mut files)?;
    let python = files.get(PYTHON).map(String::as_str).unwrap_or_default();
    files.insert(format!("{PYTHON}i"), stubs::stub(python)?);
    Ok(files)
}

/// The library with the functions of the tests, which holds what both are generated from. Not stripped: the generator reads its
/// symbols.
fn library() -> Result<PathBuf, Fault> {
    Ok(story::library()?.join("libcomity_ffi_test.so"))
}

/// uniffi's generator, built once into the target directory: two minutes.
fn generator() -> Result<PathBuf, Fault> {
    let target = cargo::scratch()?.join("bindgen");
    let mut build = cargo::quiet_cargo();
    build
        .args(["build", "--locked", "--manifest-path"])
        .arg("bindings/bindgen/Cargo.toml")
        .arg("--target-dir")
        .arg(&target);
    if !cargo::build(build)? {
        return Err("the generator does not build".into());
    }
    Ok(target.join("debug/comity-bindgen"))
}

/// What the generator's authors note for themselves in what it writes, and what is to be said of it here.
const NOTES: &[(&str, &str)] = &[
    (
        "// TODO: maybe we should log a warning if called more than once?",
        "// Calling it again is harmless, and nothing here logs.",
    ),
    (
        "// TODO: We'd like this to be `private` but for Swifty reasons,",
        "// This is not `private`, because in Swift",
    ),
];

/// What carries values across, of which Swift's generator makes everything public: the package needs it, its tests included, and no app does.
const CARRIERS: [&str; 3] = ["struct FfiConverter", "func FfiConverter", "func uniffiEnsure"];

/// A line of Swift that declares such a thing, for the package alone.
fn for_the_package(line: &str) -> Option<String> {
    let declared = line.strip_prefix("public ")?;
    let carries = CARRIERS.iter().any(|carrier| declared.starts_with(carrier));
    carries.then(|| format!("package {declared}"))
}

/// The same without spaces that nobody sees, lines that nobody needs and notes of others. The tests' Swift code does not say by itself where the
/// types of the library come from.
fn tidy(name: &str, text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = false;
    let mut printing = Printing::default();
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        let printed = printing
            .line(line)
            .or_else(|| for_the_package(line))
            .filter(|_| name.ends_with(".swift"));
        let line = printed.as_deref().unwrap_or(line);
        let line = NOTES
            .iter()
            .fold(line.to_owned(), |line, (from, to)| line.replace(from, to));
        tidied.push_str(&line);
        tidied.push('\n');
        if name == "swift/ComityTest.swift" && line == "import Foundation" {
            tidied.push_str("import ComityEngine\n");
        }
    }
    tidied.truncate(tidied.trim_end().len());
    tidied.push('\n');
    tidied
}

/// How Swift prints a record: a call of the library that, as uniffi writes it, ends the program if it fails, as it does for a record with
/// an id in it that is none. It prints the name of the type then.
#[derive(Default)]
struct Printing {
    inside: bool,
    /// The line before closed the call.
    closed: bool,
}

impl Printing {
    /// What is to stand in the place of a line, if anything else.
    fn line(&mut self, line: &str) -> Option<String> {
        let was_closed = std::mem::replace(&mut self.closed, line == "}");
        if [
            "public var description: String {",
            "public var debugDescription: String {",
        ]
        .contains(&line)
        {
            self.inside = true;
        } else if self.inside && was_closed {
            self.inside = false;
            return (line == "    )").then(|| "    )) ?? \"\\(Self.self)\"".to_owned());
        } else if self.inside {
            let safe = line
                .replace(
                    "return try!  FfiConverterString.lift(",
                    "return (try? FfiConverterString.lift(",
                )
                .replace("try! rustCall()", "try rustCall()");
            return Some(safe);
        }
        None
    }
}

fn write(path: &Path, text: &str) -> Result<(), Fault> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| fault(folder, &e))?;
    }
    fs::write(path, text).map_err(|e| fault(path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_empty_lines_that_say_nothing_go() {
        assert_eq!(tidy("a.py", "a  \n\n\n \nb\n\n"), "a\n\nb\n");
    }

    #[test]
    fn to_print_a_record_never_ends_a_program_in_swift() {
        let written = "public var description: String {\n    return try!  FfiConverterString.lift(\n        try! rustCall() {\n    print(\n            x\n    )\n}\n    )\n}\nlet b = try! rustCall() {\n}\n    )\n";
        let safe = "public var description: String {\n    return (try? FfiConverterString.lift(\n        try rustCall() {\n    print(\n            x\n    )\n}\n    )) ?? \"\\(Self.self)\"\n}\nlet b = try! rustCall() {\n}\n    )\n";
        assert_eq!(tidy("swift/a.swift", written), safe);
        assert_eq!(tidy("a.py", written), written);
    }

    #[test]
    fn notes_of_the_generators_authors_are_answered() {
        for (note, answer) in NOTES {
            assert_eq!(tidy("a.kt", &format!("    {note}\n")), format!("    {answer}\n"));
            assert!(!answer.contains("TODO"));
        }
    }

    #[test]
    fn an_app_in_swift_does_not_see_what_carries_values() {
        for (written, told) in [
            (
                "public func FfiConverterTypeRoom_lift(",
                "package func FfiConverterTypeRoom_lift(",
            ),
            (
                "public struct FfiConverterTypeRoom: X {",
                "package struct FfiConverterTypeRoom: X {",
            ),
            (
                "public func uniffiEnsureInitialized() {",
                "package func uniffiEnsureInitialized() {",
            ),
            (
                "public func wipe(path: String)throws   {",
                "public func wipe(path: String)throws   {",
            ),
            (
                "    public func uniffiCloneHandle()",
                "    public func uniffiCloneHandle()",
            ),
        ] {
            assert_eq!(tidy("swift/a.swift", written), format!("{told}\n"));
            assert_eq!(tidy("a.kt", written), format!("{written}\n"));
        }
    }

    #[test]
    fn the_swift_of_the_tests_knows_the_library() {
        let told = tidy("swift/ComityTest.swift", "import Foundation\nx\n");
        assert_eq!(told, "import Foundation\nimport ComityEngine\nx\n");
    }
}
