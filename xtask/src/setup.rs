//! What the project needs beyond cargo, installed where it is missing. Every step is said before it is done.
//!
//! What the checks need lies in the target directory and nowhere else. cargo-mutants, which only people start, goes where cargo
//! keeps their programs, so that `cargo mutants` is found.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Fault;
use crate::cargo;
use crate::swift::Swift;

/// The cargo-deny that reads our `deny.toml`. It is built once, into the target directory, and nowhere else.
const CARGO_DENY: &str = "0.20.2";

/// The mdBook that makes the book of `docs`. Tests do not need it.
const MDBOOK: &str = "0.5.4";

/// The cargo-mutants that reads our `.cargo/mutants.toml`; `docs/mutants.md` says what it found.
const CARGO_MUTANTS: &str = "27.1.0";

/// Checks, and installs: rustfmt, clippy, a C compiler for the bundled SQLite, faketime, git, the crates of Cargo.lock, cargo-deny;
/// with `--mutants` cargo-mutants as well, with `--swift` Swift.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    let unknown = |argument: &&String| !["--mutants", "--swift"].contains(&argument.as_str());
    if let Some(other) = arguments.iter().find(unknown) {
        return Err(format!(
            "setup takes `--mutants`, `--swift` and nothing else, not `{other}`"
        ));
    }
    let wants = |what: &str| arguments.iter().any(|argument| argument == what);
    for_checks()?;
    if wants("--mutants") {
        install_cargo_mutants()?;
    }
    if wants("--swift") {
        Swift::installed()?;
    }
    Ok(())
}

/// What the checks need: all but cargo-mutants.
pub(crate) fn for_checks() -> Result<(), Fault> {
    component("rustfmt", "fmt")?;
    component("clippy", "clippy")?;
    debian(
        "a C compiler (SQLite is built from source)",
        "cc",
        &["gcc", "libc6-dev"],
    )?;
    debian(
        "faketime (tests run under a shifted clock)",
        "faketime",
        &["faketime"],
    )?;
    debian("git (the rules read the files it tracks)", "git", &["git"])?;
    println!("  the crates of Cargo.lock: cargo fetch --locked");
    let mut fetch = cargo::quiet_cargo();
    fetch.args(["fetch", "--locked"]);
    if !cargo::build(fetch)? {
        return Err("the crates of Cargo.lock cannot be fetched".into());
    }
    install_cargo_deny()
}

/// What the tests in C need, installed where it is missing.
pub(crate) fn c() -> Result<(), Fault> {
    debian("gcc and its linker", "gcc", &["gcc", "libc6-dev", "binutils"])?;
    debian("a C++ compiler", "g++", &["g++"])?;
    debian("clang, the other C compiler", "clang", &["clang"])?;
    debian("valgrind", "valgrind", &["valgrind", "libc6-dbg"])?;
    debian("CMake", "cmake", &["cmake", "make"])?;
    debian("pkg-config", "pkg-config", &["pkg-config"])?;
    if !Path::new("/usr/include/sqlite3.h").exists() {
        install(
            "the system's SQLite (a host may have its own)",
            &["libsqlite3-dev"],
        )?;
    }
    Ok(())
}

/// The maturin that builds the Python wheel.
const MATURIN: &str = "1.16.0";

/// The mypy that reads what type checkers are told of it.
const MYPY: &str = "2.4.1";

/// What the tests in Python need, installed where it is missing: an environment in the target directory with maturin and mypy in it.
pub(crate) fn python() -> Result<PathBuf, Fault> {
    debian("Python", "python3", &["python3"])?;
    if !cargo::succeeds("python3", &["-c", "import ensurepip, venv"]) {
        install("Python's environments", &["python3-venv"])?;
    }
    if !cargo::succeeds(
        "python3",
        &["-c", "import sys; assert sys.version_info >= (3, 10)"],
    ) {
        return Err("Python 3.10 or newer is needed".into());
    }
    let tools = tools()?.join("python");
    let has = |name: &str, version: &str| {
        let ask = "import sys; from importlib.metadata import version; sys.exit(version(sys.argv[1]) != sys.argv[2])";
        let mut python = Command::new(tools.join("bin/python"));
        python.args(["-c", ask, name, version]);
        cargo::output(python).is_ok()
    };
    if has("maturin", MATURIN) && has("mypy", MYPY) {
        println!("  maturin {MATURIN}, mypy {MYPY}: there");
        return Ok(tools);
    }
    println!("  maturin {MATURIN}, mypy {MYPY}: pip install, into an environment in the target directory");
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv", "--clear"]).arg(&tools);
    cargo::output(environment)?;
    let mut install = Command::new(tools.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check"]);
    install.args([format!("maturin=={MATURIN}"), format!("mypy=={MYPY}")]);
    cargo::output(install)?;
    Ok(tools)
}

/// What puts a Debian into a folder, and the keys by which it knows Debian's packages.
pub(crate) fn debootstrap() -> Result<(), Fault> {
    debian(
        "debootstrap",
        "debootstrap",
        &["debootstrap", "debian-archive-keyring"],
    )
}

/// What the tests in Kotlin need, installed where it is missing. The compiler and the rest come from Maven Central, into the target
/// directory.
pub(crate) fn kotlin() -> Result<(), Fault> {
    debian("a JDK (11 or newer)", "javac", &["default-jdk-headless"])?;
    debian("Maven", "mvn", &["maven", "default-jdk-headless"])?;
    debian("strip", "strip", &["binutils"])
}

/// What the example chat in C needs.
pub(crate) fn c_chat() -> Result<(), Fault> {
    debian("gcc and its linker", "gcc", &["gcc", "libc6-dev", "binutils"])?;
    debian("pkg-config", "pkg-config", &["pkg-config"])?;
    if cargo::succeeds("pkg-config", &["--exists", "libcurl"]) {
        println!("  libcurl: there");
        return Ok(());
    }
    install("libcurl, for the chat in C", &["libcurl4-openssl-dev"])
}

/// The cargo-deny to run: the machine's if it is the version we want, else our own.
pub(crate) fn cargo_deny() -> Result<PathBuf, Fault> {
    let installed = PathBuf::from("cargo-deny");
    if is_version(&installed, &["--version"], &format!("cargo-deny {CARGO_DENY}")) {
        Ok(installed)
    } else {
        Ok(tools()?.join("bin/cargo-deny"))
    }
}

fn install_cargo_deny() -> Result<(), Fault> {
    let wanted = format!("cargo-deny {CARGO_DENY}");
    if is_version(&cargo_deny()?, &["--version"], &wanted) {
        println!("  cargo-deny {CARGO_DENY}: there");
        return Ok(());
    }
    println!(
        "  cargo-deny {CARGO_DENY}: cargo install --locked, into the target directory, once (two to five minutes)"
    );
    let mut install = cargo::quiet_cargo();
    install
        .args([
            "install",
            "cargo-deny",
            "--locked",
            "--version",
            CARGO_DENY,
            "--root",
        ])
        .arg(tools()?);
    install.env_remove("CARGO_TARGET_DIR"); // Built in a temporary directory, which goes away.
    if cargo::build(install)? {
        Ok(())
    } else {
        Err("cargo-deny cannot be installed".into())
    }
}

/// The mdBook to run: the machine's if it is the version we want, else our own, installed if need be.
pub(crate) fn mdbook() -> Result<PathBuf, Fault> {
    let wanted = format!("mdbook v{MDBOOK}");
    let ours = tools()?.join("bin/mdbook");
    for program in [PathBuf::from("mdbook"), ours.clone()] {
        if is_version(&program, &["--version"], &wanted) {
            return Ok(program);
        }
    }
    println!("  {wanted}: cargo install --locked, into the target directory, once (three to five minutes)");
    let mut install = cargo::quiet_cargo();
    install
        .args(["install", "mdbook", "--locked", "--version", MDBOOK, "--root"])
        .arg(tools()?);
    install.env_remove("CARGO_TARGET_DIR"); // Built in a temporary directory, which goes away.
    if cargo::build(install)? {
        Ok(ours)
    } else {
        Err("mdBook cannot be installed".into())
    }
}

fn install_cargo_mutants() -> Result<(), Fault> {
    let wanted = format!("cargo-mutants {CARGO_MUTANTS}");
    // Asked of cargo, which also looks where it installs.
    if is_version(Path::new("cargo"), &["mutants", "--version"], &wanted) {
        println!("  {wanted}: there");
        return Ok(());
    }
    println!("  {wanted}: cargo install --locked, among your cargo programs (two to five minutes)");
    let mut install = cargo::quiet_cargo();
    install.args(["install", "cargo-mutants", "--locked", "--version", CARGO_MUTANTS]);
    install.env_remove("CARGO_TARGET_DIR"); // Built in a temporary directory, which goes away.
    if cargo::build(install)? {
        Ok(())
    } else {
        Err("cargo-mutants cannot be installed".into())
    }
}

fn is_version(program: &Path, arguments: &[&str], wanted: &str) -> bool {
    let mut command = Command::new(program);
    command.args(arguments);
    cargo::output(command).is_ok_and(|version| version.trim() == wanted)
}

fn tools() -> Result<PathBuf, Fault> {
    Ok(cargo::scratch()?.join("tools"))
}

fn component(name: &str, subcommand: &str) -> Result<(), Fault> {
    if cargo::succeeds("cargo", &[subcommand, "--version"]) {
        println!("  {name}: there");
        return Ok(());
    }
    println!("  {name}: rustup component add {name}");
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", name]);
    if cargo::build(rustup)? {
        Ok(())
    } else {
        Err(format!("{name} is missing and rustup cannot add it"))
    }
}

fn debian(what: &str, program: &str, packages: &[&str]) -> Result<(), Fault> {
    if cargo::succeeds(program, &["--version"]) {
        println!("  {what}: there");
        return Ok(());
    }
    install(what, packages)
}

fn install(what: &str, packages: &[&str]) -> Result<(), Fault> {
    let install = format!(
        "apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    println!("  {what}: {install}");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("apt-get update && {install}")])
        .env("DEBIAN_FRONTEND", "noninteractive");
    if cargo::build(shell)? {
        Ok(())
    } else {
        Err(format!(
            "{what} is missing. As an administrator: {install}, or what your system calls it"
        ))
    }
}
