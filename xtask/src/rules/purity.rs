//! What our code may ask of the machine: next to nothing.

use super::{Finding, broken};
use crate::repo::Repo;
use crate::source::{Source, words as words_of};

/// Crates that only compute.
const PURE: &[&str] = &[
    "crates/content/src/",
    "crates/room/src/",
    "crates/wire/src/",
    "crates/mls/src/",
    "crates/hub/src/",
];

pub(super) fn pure_crates_ask_nothing(repo: &Repo) -> Vec<Finding> {
    const WORDS: &[&str] = &[
        "SystemTime",
        "Instant",
        "getrandom",
        "OsRng",
        "OpenMlsRand",
        "thread_rng",
    ];
    const MODULES: &[&str] = &["fs", "net", "thread", "process", "env"];
    named(repo, PURE, WORDS, MODULES)
}

/// Waits for its turn, and may sleep meanwhile.
const WAITS: &str = "crates/core/src/store/turns.rs";

pub(super) fn the_engine_asks_no_clock(repo: &Repo) -> Vec<Finding> {
    let clocks = &["SystemTime", "Instant", "spawn"];
    let mut findings = named(repo, &["crates/core/src/"], clocks, &["net", "process"]);
    let threads = named(repo, &["crates/core/src/"], &[], &["thread"]);
    findings.extend(threads.into_iter().filter(|finding| !finding.is_at(WAITS)));
    findings
}

/// Where `unsafe` is what the crate is for: the C API, what is written by hand for other languages, and what
/// never ships: the disk that fails on demand, an SQLite VFS, the hub that tests in other languages talk to, and the soak, which calls C
/// from Rust and counts what is allocated.
const UNSAFE: &[&str] = &[
    "crates/capi/",
    "crates/faultfs/",
    "crates/ffi-test/",
    "crates/uniffi/src/octets.rs",
    "crates/uniffi/src/passage.rs",
    "soak/",
];

/// Packages that list their lints themselves, because they, or the macros that they call, write `unsafe` code.
const OWN_LINTS: &[&str] = &[
    "crates/capi/Cargo.toml",
    "crates/faultfs/Cargo.toml",
    "crates/ffi-test/Cargo.toml",
    "crates/uniffi/Cargo.toml",
    "soak/Cargo.toml",
];

fn may_be_unsafe(path: &str) -> bool {
    UNSAFE.iter().any(|crate_| path.starts_with(crate_))
}

pub(super) fn unsafe_only_where_it_belongs(repo: &Repo) -> Vec<Finding> {
    let elsewhere = repo.rust(&[""]).filter(|(path, _)| !may_be_unsafe(path));
    elsewhere
        .flat_map(|(path, source)| words(path, &source, &["unsafe"]))
        .collect()
}

/// The files of the C API in which `unsafe` code stands: what makes references of pointers, and pointers of results.
const INNER: &[&str] = &["guard.rs", "handle.rs", "input.rs", "output.rs"];

pub(super) fn the_c_api_is_unsafe_in_its_inner_layer(repo: &Repo) -> Vec<Finding> {
    const API: &str = "crates/capi/src/";
    let outer = repo.under(&[API]).filter(|file| {
        !INNER
            .iter()
            .any(|inner| file.path.strip_prefix(API) == Some(inner))
    });
    let mut findings = Vec::new();
    for file in outer {
        for (line, number) in file.text.lines().map(str::trim).zip(1..) {
            let declares = line == "#[unsafe(no_mangle)]" || line.starts_with("pub unsafe extern \"C\" fn ");
            let speaks = line.starts_with("//");
            if !declares && !speaks && words_of(line).any(|word| word == "unsafe") {
                findings.push(broken(&file.path, number, "is unsafe outside of the inner layer"));
            }
        }
    }
    findings
}

pub(super) fn every_package_takes_the_lints(repo: &Repo) -> Vec<Finding> {
    repo.under(&[
        "crates/",
        "examples/",
        "tests/",
        "bench/",
        "relay/",
        "reliability/",
        "soak/",
        "xtask/",
    ])
    .filter(|file| file.path.ends_with("/Cargo.toml") && !OWN_LINTS.contains(&file.path.as_str()))
    .filter(|file| !file.text.contains("[lints]\nworkspace = true"))
    .map(|file| broken(&file.path, 1, "lacks `[lints] workspace = true`"))
    .collect()
}

/// Findings for words of the code and modules of `std`, tests left out.
fn named(repo: &Repo, under: &[&str], forbidden: &[&str], modules: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in repo.rust(under).filter(|(path, _)| !path.contains("/tests/")) {
        let source = source.without_tests();
        findings.extend(words(path, &source, forbidden));
        let named = source.std_modules();
        let named = named.iter().filter(|(_, module)| modules.contains(module));
        findings.extend(named.map(|(line, module)| broken(path, *line, &format!("names std::{module}"))));
    }
    findings
}

fn words(path: &str, source: &Source, forbidden: &[&str]) -> Vec<Finding> {
    let found = source.words().filter(|(_, word)| forbidden.contains(word));
    found
        .map(|(line, word)| broken(path, line, &format!("names {word}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::repo;

    #[test]
    fn a_clock_chance_a_file_or_a_thread_in_a_pure_crate_is_found() {
        for planted in [
            "use std::time::SystemTime;",
            "let t = std::time::Instant::now();",
            "use std::{collections::BTreeMap, fs};",
            "std::thread::spawn(f);",
            "std::net::TcpStream::connect(a);",
            "getrandom::fill(&mut salt);",
        ] {
            for under in PURE {
                let path = format!("{under}lib.rs");
                assert_eq!(
                    pure_crates_ask_nothing(&repo(&[(&path, planted)])).len(),
                    1,
                    "{path} {planted}"
                );
            }
        }
    }

    #[test]
    fn tests_and_words_about_a_clock_are_free() {
        let text = "/// Never asks `SystemTime::now`.\nfn f() { g(\"Instant\") }\n#[cfg(test)]\nmod t { use std::fs; }";
        assert_eq!(
            pure_crates_ask_nothing(&repo(&[("crates/hub/src/lib.rs", text)])),
            []
        );
        assert_eq!(
            pure_crates_ask_nothing(&repo(&[("crates/hub/tests/hub.rs", "use std::fs;")])),
            []
        );
    }

    #[test]
    fn a_clock_or_thread_in_the_engine_is_found_and_its_file_is_not() {
        for (planted, found) in [
            ("std::thread::sleep(d);", 1),
            ("let spawn = 1;", 1),
            ("SystemTime::now();", 1),
            ("std::fs::read(p);", 0),
        ] {
            assert_eq!(
                the_engine_asks_no_clock(&repo(&[("crates/core/src/a.rs", planted)])).len(),
                found
            );
        }
    }

    #[test]
    fn whoever_waits_for_its_turn_may_sleep_and_start_nothing() {
        let found = |planted| the_engine_asks_no_clock(&repo(&[(WAITS, planted)])).len();
        assert_eq!(found("std::thread::sleep(d);"), 0);
        assert_eq!(found("std::thread::spawn(f);"), 1);
    }

    #[test]
    fn unsafe_is_found_everywhere_but_where_it_belongs() {
        let planted = "fn f() { unsafe { g() } } // unsafe";
        let found = unsafe_only_where_it_belongs(&repo(&[
            ("crates/capi/src/lib.rs", planted),
            ("crates/faultfs/src/vfs.rs", planted),
            ("crates/uniffi/src/octets.rs", planted),
            ("crates/uniffi/src/room.rs", planted),
            ("xtask/src/main.rs", planted),
        ]));
        let wanted = ["crates/uniffi/src/room.rs", "xtask/src/main.rs"];
        assert_eq!(found, wanted.map(|path| broken(path, 1, "names unsafe")));
    }

    #[test]
    fn unsafe_code_outside_of_the_inner_layer_is_found() {
        let outer =
            "/// unsafe\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn f() {\n    unsafe { g() }\n}";
        let found = the_c_api_is_unsafe_in_its_inner_layer(&repo(&[
            ("crates/capi/src/room.rs", outer),
            ("crates/capi/src/input.rs", outer),
        ]));
        let wanted = broken(
            "crates/capi/src/room.rs",
            4,
            "is unsafe outside of the inner layer",
        );
        assert_eq!(found, [wanted]);
    }

    #[test]
    fn a_package_without_the_lints_is_found() {
        let manifests = [
            ("crates/a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
        ];
        assert_eq!(every_package_takes_the_lints(&repo(&manifests)).len(), 1);
    }
}
