//! No panic reaches a language: whatever can fail says so, and is contained. Looked for in the sources, because a function that were
//! added without it would fail in Swift alone, and only once it panics.

use crate::vocabulary::sources;

/// Functions that say that they cannot fail. They put values together, copy or read them, and do nothing else.
const CANNOT_FAIL: [&str; 14] = [
    "baseline",
    "budget_of_app",
    "budget_of_extension",
    "budgeted",
    "interrupt",
    "new",
    "octets",
    "outgoing_text",
    "part_html",
    "part_text",
    "reports",
    "role_of_admin",
    "role_of_member",
    "version",
];

/// What contains a panic, and what calls it.
const CONTAINED: [&str; 8] = [
    "contained(",
    "self.calls(",
    "self.steps(",
    "self.asks(",
    "self.list(",
    "self.with(",
    "running(",
    "spent(",
];

/// An exported function: its name, what it returns, and what it does.
#[derive(Debug, PartialEq, Eq)]
struct Function<'s> {
    name: &'s str,
    returns: &'s str,
    does: &'s str,
}

/// The exported functions of a source, those of exported `impl` blocks among them.
fn exported(source: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    for block in source.split("\n#[uniffi::export").skip(1) {
        // The attribute's own line, and those of others, up to the item.
        let item = block
            .split_inclusive('\n')
            .skip(1)
            .skip_while(|line| line.starts_with("#["))
            .map(str::len);
        let item = &block[block.len() - item.sum::<usize>()..];
        let item = item.split("\n}\n").next().unwrap_or_default();
        if item.starts_with("impl") {
            found.extend(
                item.split("\n    pub fn ")
                    .skip(1)
                    .map(|rest| function(rest.split("\n    }").next().unwrap_or_default())),
            );
        } else if let Some(rest) = item.strip_prefix("pub fn ") {
            found.push(function(rest));
        }
    }
    found
}

fn function(text: &str) -> Function<'_> {
    let (head, does) = text.split_once(" {\n").unwrap_or((text, ""));
    let returns = head.rsplit_once(") -> ").map_or("", |(_, returns)| returns);
    Function {
        name: head.split(['(', '<']).next().unwrap_or_default(),
        returns,
        does,
    }
}

#[test]
fn whatever_can_fail_says_so_and_contains_panics() {
    let sources = sources();
    let all = exported(&sources);
    assert!(all.len() > 90, "only {} functions were found", all.len());
    let (fallible, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|function| function.returns.starts_with("Result<"));
    let mut names: Vec<&str> = others.iter().map(|function| function.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names, CANNOT_FAIL,
        "in Swift, a panic in one of these ends the program"
    );
    let open: Vec<&str> = fallible
        .iter()
        .filter(|function| !CONTAINED.iter().any(|call| function.does.contains(call)))
        .map(|function| function.name)
        .collect();
    assert_eq!(
        open,
        Vec::<&str>::new(),
        "a panic in one of these is no typed error"
    );
}

#[test]
fn exported_functions_are_found_wherever_they_stand() {
    let source = "\n#[uniffi::export]\n#[must_use]\npub fn a(b: u8) -> u8 {\n    b\n}\n\npub fn not() {}\n\n#[uniffi::export]\nimpl C {\n    /// D.\n    pub fn d(&self) -> Result<(), E> {\n        contained()\n    }\n\n    pub fn e(&self) {\n        f();\n    }\n}\n";
    let found = exported(source);
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|function| (function.name, function.returns))
        .collect();
    assert_eq!(told, [("a", "u8"), ("d", "Result<(), E>"), ("e", "")]);
    assert_eq!(found[1].does.trim(), "contained()");
}
