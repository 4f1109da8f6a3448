//! The only scripts of the project: `cargo xtask setup | demo | inspect | bench | crash-matrix | … | header | bindings | install-c | install-uniffi | book | test | lint`.
//!
//! `cargo xtask test` is what CI runs, whole. Everything here works from a clean clone on a machine that has Rust and reaches the
//! package registries, and depends on no crate, so that it is built in seconds.
//!
//! # Seeds
//! The closing table says how many seeds each suite tried. A test tells by appending one line `seeds: N what` to the file that the
//! variable `COMITY_SEEDS_LOG` names, and does nothing where it is unset; the lines of a suite are added up. So a test over a range
//! of seeds appends once (`comity_testkit::for_each_seed` does), and a property test may append `seeds: 1 its name` in its body, once
//! for each case.
#![allow(
    clippy::disallowed_methods,
    reason = "a script measures how long its stages take"
)]

mod book;
mod c;
mod cargo;
mod chat;
mod checks;
mod faces;
mod libtest;
mod native;
mod programs;
mod repo;
mod report;
mod rules;
mod setup;
mod soak;
mod source;
mod speed;
mod stages;
mod story;
mod suites;
mod swift;

use std::io;
use std::path::Path;
use std::process::ExitCode;

/// A sentence for whoever ran the command.
type Fault = String;

/// What is wrong with a file.
fn fault(path: &Path, error: &io::Error) -> Fault {
    format!("{}: {error}", path.display())
}

const HELP: &str = "\
cargo xtask COMMAND

  setup             install what the project needs, and say what; with --mutants also
                    cargo-mutants, for `cargo mutants -p comity-content`; with --swift also Swift
  demo [ARGS…]      two messengers hold one encrypted room: the main job
  inspect FILE… --sender URI --room URI
                    decode MIMI content, one JSON object a line
  relay             what stands between the example chats: --port N, --file PATH
  chat-demo         the example chats of all languages, in one room over the relay
  bench [ARGS…]     measure speed; `bench faces`: of each language
  crash-matrix      kill a client, and fail its disk, at every change it makes
  lost-tail         cut the power at every change; both take --verb TEXT, --every N,
                    --seed N and --sabotage no-sync
  two-processes     an app and its extension on one file: --steps N, --seed N
  header [--check]  write the C header, or say whether it is what the sources say
  bindings [--check]
                    write the Swift, Kotlin and Python code, or say whether it is what the sources say
  install-c --prefix DIR
                    install the C library: header, libraries, pkg-config and CMake files
  install-uniffi --prefix DIR
                    install the libraries for Swift, Kotlin and Python: lib/, and natives/ for a jar
  symbols [--check] list what the C library exports, or say whether each library exports what it should
  sizes             how large the libraries are
  soak              thousands of steps through the C API leave nothing behind: --steps N, --seed N;
                    with --asan under AddressSanitizer (a nightly toolchain, or this one's compiler as one)
  book              make the book of docs/ with mdBook, which it installs
  reference [--check]
                    write the reference of errors, or say whether it is what the sources say
  extension-memory  what an extension needs for a frame: --members N,…
  test              everything that CI runs; closes with `N passed, N failed`
  lint              its fast part: format, architecture, dependencies, clippy, documentation

test and lint take: --only STAGE,…   these stages alone (`--only help` lists them); `rust` is those that need
                                     no other language, beside c, python, swift, kotlin and chat
                    -p PACKAGE       build, lint and test this package alone; may be repeated";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        println!("{HELP}");
        return ExitCode::from(2);
    };
    let outcome = match command.as_str() {
        "setup" => setup::run(rest).map(|()| 0),
        "demo" => programs::demo(rest),
        "inspect" => programs::inspect(rest),
        "relay" => programs::relay(rest),
        "chat-demo" => chat::demo(rest),
        "bench" => programs::bench(rest),
        "crash-matrix" => programs::crash_matrix(rest),
        "lost-tail" => programs::lost_tail(rest),
        "two-processes" => programs::two_processes(rest),
        "header" => c::header_command(rest),
        "install-c" => c::install_c(rest),
        "install-uniffi" => faces::install_command(rest),
        "bindings" => faces::bindings_command(rest),
        "symbols" => c::symbols_command(rest),
        "sizes" => c::sizes(),
        "soak" => soak::command(rest),
        "book" => book::book(rest),
        "reference" => book::reference(rest),
        "extension-memory" => programs::extension_memory(rest),
        "test" => stages::run(stages::TEST, rest),
        "lint" => stages::run(stages::LINT, rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(0)
        }
        unknown => Err(format!("there is no `cargo xtask {unknown}`\n\n{HELP}")),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            eprintln!("xtask: {fault}");
            ExitCode::from(2)
        }
    }
}
