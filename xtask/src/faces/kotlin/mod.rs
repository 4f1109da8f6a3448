//! The Kotlin package: its tests against the library of the tests, and the artefacts as they ship, in a local repository of Maven's in
//! the target directory.

mod calls;
mod elf;
mod tidy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::native::{self, Profile};
use crate::report::Report;
use crate::setup;
use crate::stages::check;
use crate::story;
use crate::{Fault, fault};

use super::library::{self, folder_of_jna};
use super::runner::{self, Outcome};

const OURS: [&str; 2] = ["comity-uniffi", "comity-ffi-test"];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What Google asks of libraries on Android: that they can be loaded where a page has 16 KiB.
const PAGE: u64 = 16 * 1024;

/// The Kotlin that uniffi writes, as it is committed.
pub(in crate::faces) fn rewritten(text: &str) -> Result<String, Fault> {
    Ok(calls::rewritten(text)?
        .lines()
        .map(|line| tidy::tidy(line) + "\n")
        .collect())
}

/// Everything that is tested in Kotlin.
pub(crate) fn run(report: &mut Report, packages: &[String]) -> Result<(), Fault> {
    if !packages.is_empty() && !packages.iter().any(|package| OURS.contains(&package.as_str())) {
        println!("    nothing of it is in the packages that were asked for");
        return Ok(());
    }
    setup::kotlin()?;
    let natives = natives()?;
    check(report, "kotlin: the library fits pages of 16 KiB", || {
        elf::is_aligned(&natives.join(folder_of_jna()).join(LIBRARY), PAGE)
    })?;
    tests(report)?;
    check(
        report,
        "kotlin: the artefacts are whole, and without the tests",
        || artefacts_are_whole(&natives),
    )
}

/// The example chat, built upon what is installed as upon what is published, and how it is started.
pub(crate) fn chat() -> Result<Command, Fault> {
    setup::kotlin()?;
    natives()?;
    let mut install = maven("bindings/kotlin", "kotlin")?;
    install.args(["install", "-Dmaven.test.skip=true"]);
    let mut package = maven("bindings/kotlin/examples/chat", "kotlin-chat")?;
    package.arg("package");
    for maven in [install, package] {
        if !cargo::build(maven)? {
            return Err("the chat in Kotlin does not build".into());
        }
    }
    let place = cargo::scratch()?.join("kotlin-chat");
    let mut chat = Command::new("java");
    chat.arg("-cp");
    chat.arg(format!(
        "{}:{}/*",
        place.join("classes").display(),
        place.join("lib").display()
    ));
    chat.arg("ChatKt");
    Ok(chat)
}

/// Builds the program that `cargo xtask bench faces` measures Kotlin by, with the library in a folder, and says how it is started.
pub(crate) fn sends(library: &Path) -> Result<Command, Fault> {
    let mut compile = maven("bindings/kotlin", "kotlin-sends")?;
    compile.args([
        "test-compile",
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath",
    ]);
    let place = cargo::scratch()?.join("kotlin-sends");
    let list = place.join("classpath");
    compile.arg(format!("-Dmdep.outputFile={}", list.display()));
    if !cargo::build(compile)? {
        return Err("the program in Kotlin does not build".into());
    }
    let jars = fs::read_to_string(&list).map_err(|e| format!("{}: {e}", list.display()))?;
    let classes = ["classes", "test-classes"].map(|name| place.join(name).display().to_string());
    let library = library.join("libcomity_ffi_test.so");
    let mut sends = Command::new("java");
    for namespace in ["comity", "comity_test"] {
        let property = format!("uniffi.component.{namespace}.libraryOverride");
        sends.arg(format!("-D{property}={}", library.display()));
    }
    sends
        .arg("-cp")
        .arg(format!("{}:{}", classes.join(":"), jars.trim()));
    sends.arg("org.comity.test.SendsKt");
    Ok(sends)
}

/// Where a published POM says that the project is. It has no address yet: one that nobody can have.
const ADDRESS: &str = "https://comity.invalid";

/// Runs `mvn install` as for a publication, tests and all; each test counts.
fn tests(report: &mut Report) -> Result<(), Fault> {
    let mut install = maven("bindings/kotlin", "kotlin")?;
    install.args(["install", "-Ppublish"]);
    install.arg(format!("-Dcomity.url={ADDRESS}"));
    install.arg(format!("-Dcomity.testing={}", story::library()?.display()));
    runner::run(report, "kotlin: mvn install", install, read).map(drop)
}

/// What Surefire says at its end: `[INFO] Tests run: 35, Failures: 0, Errors: 0, Skipped: 0`; the lines of single classes go on with their
/// time.
fn read(outcome: &mut Outcome, line: &str) {
    let Some((_, counts)) = line.split_once("Tests run: ") else {
        return;
    };
    if counts.contains("Time elapsed") {
        return;
    }
    let mut numbers = counts
        .split([',', ' '])
        .filter_map(|word| word.parse::<u64>().ok());
    let mut next = || numbers.next().unwrap_or_default();
    *outcome = Outcome {
        ran: next(),
        failed: next() + next(),
        skipped: next(),
    };
}

/// Maven in one of our projects, building into a folder of ours.
fn maven(project: &str, name: &str) -> Result<Command, Fault> {
    let scratch = cargo::scratch()?;
    let mut maven = Command::new("mvn");
    maven
        .current_dir(cargo::root().join(project))
        .args(["--batch-mode", "--no-transfer-progress", "-Dstyle.color=never"])
        .arg(format!("-Dmaven.repo.local={}", scratch.join("m2").display()))
        .arg(format!("-Dcomity.build={}", scratch.join(name).display()))
        .arg(format!("-Dcomity.natives={}", scratch.join("natives").display()))
        .env_remove("RUST_BACKTRACE");
    Ok(maven)
}

const LIBRARY: &str = "libcomity_uniffi.so";

/// Builds the library, and puts it where the jar takes it from.
fn natives() -> Result<PathBuf, Fault> {
    let natives = cargo::scratch()?.join("natives");
    let place = natives.join(folder_of_jna());
    fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
    native::strip(&library::build(Profile::of_tests())?, &place.join(LIBRARY))?;
    Ok(natives)
}

/// Whether the jars have what they should have and nothing of the tests.
fn artefacts_are_whole(natives: &Path) -> Result<bool, Fault> {
    let place = cargo::scratch()?.join("kotlin");
    let native = format!("{}/{LIBRARY}", folder_of_jna());
    let wanted: [(String, &[&str]); 3] = [
        (
            format!("comity-{VERSION}.jar"),
            &[
                &native,
                "org/comity/Client.class",
                "META-INF/proguard/comity.pro",
                "META-INF/LICENSE-MIT",
                "META-INF/LICENSE-APACHE",
            ],
        ),
        (
            format!("comity-{VERSION}-sources.jar"),
            &["org/comity/Client.kt", "org/comity/generated/comity.kt"],
        ),
        (
            format!("comity-{VERSION}-javadoc.jar"),
            &["index.html", "org/comity/Client.html", "org/comity/Reader.html"],
        ),
    ];
    let mut held = library::is_without_tests(&natives.join(&native))? & pom_is_whole(&place)?;
    for (name, wanted) in wanted {
        let mut list = Command::new("jar");
        list.args(["--list", "--file"]).arg(place.join(&name));
        let listed = cargo::output(list)?;
        for entry in wanted {
            if !listed.lines().any(|line| line == *entry) {
                println!("    {name} has no {entry}");
                held = false;
            }
        }
        for entry in listed
            .lines()
            .filter(|line| line.contains("/test/") || line.contains("Story"))
        {
            println!("    {name} has {entry}");
            held = false;
        }
    }
    Ok(held)
}

/// Whether the POM that would be published has what Maven Central asks for, and nothing to be filled in.
fn pom_is_whole(place: &Path) -> Result<bool, Fault> {
    let path = place.join("published-pom.xml");
    let pom = fs::read_to_string(&path).map_err(|e| fault(&path, &e))?;
    let wanted = [
        "<name>",
        "<description>",
        "<license>",
        "<developer>",
        "<scm>",
        "<connection>",
    ];
    let address = format!("<url>{ADDRESS}</url>");
    let missing: Vec<&str> = wanted
        .into_iter()
        .chain([address.as_str()])
        .filter(|element| !pom.contains(element))
        .collect();
    for element in &missing {
        println!("    {} has no {element}", path.display());
    }
    let blank = pom.contains("${");
    if blank {
        println!("    {} names properties", path.display());
    }
    Ok(missing.is_empty() && !blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surefire_says_is_counted() {
        let said = [
            "[INFO] Tests run: 7, Failures: 7, Errors: 0, Skipped: 0, Time elapsed: 1.2 s -- in org.comity.X",
            "[ERROR] Tests run: 35, Failures: 1, Errors: 2, Skipped: 3",
        ];
        let wanted = Outcome {
            ran: 35,
            failed: 3,
            skipped: 3,
        };
        assert_eq!(runner::outcome(read, &said), wanted);
    }
}
