//! Writes the reference of codes, `docs/errors.md`, from the sources: numbers and codes from the lists beside, what they mean from the
//! documentation of the variants, what helps from the values themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::tests::{rejections, told_by_errors};
use super::*;

/// Writes the page instead of comparing it.
const WRITE: &str = "COMITY_WRITE_REFERENCE";
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");

const LISTS: &str = include_str!("../code.rs");
const ERRORS: &str = include_str!("../error.rs");
const STORE: &str = include_str!("../store/error.rs");
const REJECTED: &str = include_str!("../rejection.rs");
const ATTACHED: &str = include_str!("../../../content/src/attachment/mod.rs");

const BEGIN: &str = "\
# Errors, reasons and advices

Every error, and every reason why something of others was not taken, has a number and a code that never change and are the same in every language. Switch
on them; show words of your own. This page is generated from the sources (`cargo xtask reference`, and a test compares it).

**An error** is returned by a call that did nothing: the step was rolled back, and may be made again. Its hundreds say who must act.
**A reason** says what became of a frame or a request of others: it is no error, the step was made, and it stands in `Step::frames` and
in the event log. **An advice** says what helps, and comes with both.

Errors and reasons tell nothing of what people say, no keys and no paths: they may be logged.
";

/// A family of codes: its heading, what is said of it, the type and where it is written down.
struct Family {
    heading: &'static str,
    about: &'static str,
    codes: &'static [(i32, &'static str)],
    name: &'static str,
    source: &'static str,
}

fn families() -> [Family; 9] {
    let family = |heading, about, codes, name, source| Family {
        heading,
        about,
        codes,
        name,
        source,
    };
    [
        family(
            "100: the programmer",
            "What a correct program never does.",
            MISUSE,
            "Misuse",
            ERRORS,
        ),
        family(
            "200: a person",
            "What a person decides. The error names the users or the rooms because of whom.",
            BLOCKED,
            "Blocked",
            ERRORS,
        ),
        family(
            "300: nobody, and again soon",
            "Whose turn it is.",
            TURNS,
            "Error",
            ERRORS,
        ),
        family(
            "400: whoever looks after the disk",
            "The client's file.",
            STORAGE,
            "StorageError",
            STORE,
        ),
        family("900: us", "Please report it.", BUG, "Error", ERRORS),
        family(
            "1000: the border between languages",
            "Told before the engine is asked. In Rust the types say it.",
            BOUNDARY,
            "Boundary",
            LISTS,
        ),
        family(
            "2000: frames",
            "Why a frame was not taken. The others of its batch are.",
            REJECTIONS,
            "Rejection",
            REJECTED,
        ),
        family(
            "3000: hubs",
            "Why a hub did not take a request. The event that says so tells what became of it.",
            REFUSALS,
            "Refusal",
            REJECTED,
        ),
        family(
            "4000: attachments",
            "Why an attachment was not sealed or opened. Nothing of it was released.",
            ATTACHMENTS,
            "AttachmentError",
            ATTACHED,
        ),
    ]
}

/// The variants of an enum, each with its documentation in one line.
fn documented(source: &str, name: &str) -> BTreeMap<String, String> {
    let begin = source.find(&format!("pub enum {name} {{")).unwrap();
    let (mut found, mut doc) = (BTreeMap::new(), Vec::new());
    for line in source[begin..].lines().skip(1).take_while(|line| *line != "}") {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("/// ") {
            doc.push(text.to_owned());
        } else if line.starts_with(|first: char| first.is_ascii_uppercase()) {
            let end = line
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(line.len());
            found.insert(line[..end].to_owned(), std::mem::take(&mut doc).join(" "));
        }
    }
    found
}

/// The variant that stands before a code, in a line such as `Self::Full => 400 "storage_full",`.
fn variant_of(source: &str, code: &str) -> String {
    let quoted = format!("\"{code}\"");
    let line = source
        .lines()
        .find(|line| line.contains("Self::") && line.contains(&quoted))
        .unwrap_or_else(|| panic!("no variant tells {code}"));
    let (_, after) = line.split_once("Self::").unwrap();
    let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
    after[..end].to_owned()
}

/// The list of a family, in the source of the lists: two families may have the same code.
fn listed(name: &str) -> &'static str {
    match LISTS.find(&format!(", {name}:\n")) {
        Some(begin) => LISTS[begin..].split("\n}").next().unwrap(),
        None => "",
    }
}

/// What helps, by number.
fn advices() -> BTreeMap<i32, &'static str> {
    let errors = told_by_errors().map(|error| (error.number(), error.advice().code()));
    let many = [
        Rejection::Violation(String::new()),
        Rejection::BadContent(String::new()),
    ];
    let rejections = rejections()
        .chain(many)
        .map(|reason| (reason.number(), reason.advice().code()));
    let program = Advice::FixProgram.code();
    let boundary = BOUNDARY.iter().map(|(number, _)| (*number, program));
    let part = [(104, program)];
    errors.chain(rejections).chain(boundary).chain(part).collect()
}

fn page() -> String {
    let mut page = BEGIN.to_owned();
    let advices = advices();
    for family in families() {
        let documented = documented(family.source, family.name);
        let helps = family
            .codes
            .iter()
            .all(|(number, _)| advices.contains_key(number));
        let (heading, about) = (family.heading, family.about);
        let (title, line) = if helps { (" advice |", "---|") } else { ("", "") };
        let _ = write!(
            page,
            "\n## {heading}\n\n{about}\n\n| | code | meaning |{title}\n|---|---|---|{line}\n"
        );
        for (number, code) in family.codes {
            let variant = match listed(family.name) {
                "" => variant_of(family.source, code),
                list => variant_of(list, code),
            };
            let meaning = documented.get(&variant).filter(|text| !text.is_empty());
            let meaning = meaning.unwrap_or_else(|| panic!("{variant} has no documentation"));
            let advice = advices.get(number).filter(|_| helps);
            let advice = advice.map_or(String::new(), |advice| format!(" `{advice}` |"));
            let _ = writeln!(page, "| {number} | `{code}` | {meaning} |{advice}");
        }
    }
    page.push_str("\n## Advices\n\n| | code | what helps |\n|---|---|---|\n");
    let documented = documented(REJECTED, "Advice");
    for (number, code) in ADVICES {
        let meaning = &documented[&variant_of(listed("Advice"), code)];
        let _ = writeln!(page, "| {number} | `{code}` | {meaning} |");
    }
    let many = "\n`outgoing_part`, `violation` and `bad_content` are families: the value names the rule that was broken, by a code of its own.\n";
    page + many
        + &format!(
            "Whatever an attachment may be told in a later version has the number {OTHER_ATTACHMENT_ERROR}.\n"
        )
}

#[test]
fn the_reference_of_codes_is_what_the_sources_say() {
    let (page, path) = (page(), Path::new(PAGE));
    assert_eq!(
        families().iter().map(|family| family.codes).collect::<Vec<_>>(),
        CODES
    );
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, page).unwrap();
    } else {
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            there == page,
            "docs/errors.md is another; `cargo xtask reference` writes it"
        );
    }
}
