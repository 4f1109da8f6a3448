//! What the pages of `docs` show of programs: parts of files that tests run, included and never copied.
//!
//! A part stands between `ANCHOR: name` and `ANCHOR_END: name` in comments of the file. mdBook puts it into the book, says nothing of a
//! file that is missing to whoever reads its exit code, and nothing at all of a part that is; so it is looked for here.

use std::collections::BTreeSet;

use super::house::resolved;
use super::{Finding, broken};
use crate::repo::{File, Repo};

/// The languages of programs.
const PROGRAMS: [&str; 9] = [
    "rust", "c", "cpp", "swift", "kotlin", "kts", "python", "groovy", "java",
];

/// The files of which parts are shown. The tests of each language run theirs.
const TESTED: [&str; 6] = [
    "examples/src/bin/start.rs",
    "crates/content/tests/content/guide.rs",
    "bindings/c/tests/start.c",
    "bindings/swift/Examples/Start/main.swift",
    "bindings/kotlin/src/test/kotlin/org/comity/test/GuideTest.kt",
    "bindings/python/tests/start.py",
];

/// The pages from which somebody begins; each shows a program.
const BEGINNINGS: [&str; 5] = ["rust", "c", "swift", "kotlin", "python"];

/// What no test of ours can run: the page, the first line, and why.
const UNTESTED: [(&str, &str, &str); 2] = [
    (
        "docs/swift.md",
        r#".package(url: "https://…/comity-swift", from: "0.1.0")"#,
        "names a package that is not published yet",
    ),
    (
        "docs/kotlin.md",
        "dependencies {",
        "names an artefact that is not published yet",
    ),
];

/// The page of the Swift package's own documentation. DocC cannot include, so its blocks are compared.
const ARTICLE: &str = "bindings/swift/Sources/Comity/Comity.docc/GettingStarted.md";

/// Every program on a page of the book is an included part of a file that tests run, with a link to it; every part is shown.
pub(super) fn every_program_on_a_page_is_included(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut shown = BTreeSet::new();
    for page in repo.under(&["docs/"]).filter(|file| is_page(&file.path)) {
        for block in blocks(&page.text) {
            match included(repo, page, &block) {
                Ok(Some(part)) => {
                    shown.insert(part);
                }
                Ok(None) => {}
                Err(what) => findings.push(broken(&page.path, block.line, &what)),
            }
        }
        findings.extend(stray_includes(page));
    }
    let parts = TESTED.iter().filter_map(|path| file(repo, path));
    for part in parts.flat_map(|file| names(&file.text).map(|name| (file.path.clone(), name.to_owned()))) {
        if !shown.contains(&part) {
            findings.push(Finding(format!("{}: no page shows `{}`", part.0, part.1)));
        }
    }
    for language in BEGINNINGS {
        let page = file(repo, &format!("docs/{language}.md"));
        if page.is_some_and(|page| !blocks(&page.text).any(|block| block.language == language)) {
            findings.push(Finding(format!(
                "docs/{language}.md shows no program in {language}"
            )));
        }
    }
    findings
}

/// Every block of the Swift package's article is a part of the program of the guide, as it is.
pub(super) fn the_swift_article_shows_the_guides_program(repo: &Repo) -> Vec<Finding> {
    let (Some(article), Some(program)) = (
        file(repo, ARTICLE),
        file(repo, "bindings/swift/Examples/Start/main.swift"),
    ) else {
        return Vec::new();
    };
    let parts: Vec<String> = names(&program.text)
        .filter_map(|name| part(&program.text, name))
        .collect();
    blocks(&article.text)
        .filter(|block| block.language == "swift" && !parts.contains(&block.text))
        .map(|block| broken(ARTICLE, block.line, "is no part of Examples/Start/main.swift"))
        .collect()
}

/// Pages of the book; decisions tell the past, and their blocks what was tried.
fn is_page(path: &str) -> bool {
    path.ends_with(".md") && !path.starts_with("docs/adr/")
}

/// The part that a block includes; none if it is no program. What is wrong with it otherwise.
fn included(repo: &Repo, page: &File, block: &Block<'_>) -> Result<Option<(String, String)>, String> {
    let first = block.text.lines().next().unwrap_or_default();
    if !PROGRAMS.contains(&block.language)
        || UNTESTED
            .iter()
            .any(|(path, line, _)| (*path, *line) == (page.path.as_str(), first))
    {
        return Ok(None);
    }
    let copied = || "shows a program that is not included from a file that tests run".to_owned();
    let inner = block
        .text
        .trim_end()
        .strip_prefix("{{#include ")
        .and_then(|rest| rest.strip_suffix("}}"))
        .filter(|inner| !inner.contains(['\n', '{', '}']))
        .ok_or_else(copied)?;
    let (link, name) = inner
        .split_once(':')
        .ok_or("includes a whole file and no part of it")?;
    let path = resolved("docs", link);
    if !TESTED.contains(&path.as_str()) {
        return Err(format!(
            "includes {path}, of which it is not known that tests run it"
        ));
    }
    let source = file(repo, &path).ok_or_else(|| format!("includes {path}, which is not there"))?;
    if part(&source.text, name).is_none() {
        return Err(format!("includes `{name}` of {path}, which has no such part"));
    }
    if !block.below.contains(&format!("]({link})")) {
        return Err(format!(
            "has no link to {link} on the line below, for readers of the plain page"
        ));
    }
    Ok(Some((path, name.to_owned())))
}

/// Includes outside of programs, which nothing would look for.
fn stray_includes(page: &File) -> Vec<Finding> {
    let programs: BTreeSet<usize> = blocks(&page.text)
        .filter(|block| PROGRAMS.contains(&block.language))
        .map(|block| block.line + 1)
        .collect();
    page.text
        .lines()
        .zip(1..)
        .filter(|(line, number)| line.contains("{{#") && !programs.contains(number))
        .map(|(_, number)| broken(&page.path, number, "includes something that is no program"))
        .collect()
}

/// A fenced block of a page.
struct Block<'p> {
    /// Of the opening fence.
    line: usize,
    language: &'p str,
    /// With the end of its last line.
    text: String,
    /// The line below the closing fence.
    below: &'p str,
}

fn blocks(page: &str) -> impl Iterator<Item = Block<'_>> {
    let mut lines = page.lines().zip(1..).peekable();
    std::iter::from_fn(move || {
        let (language, line) = lines.by_ref().find_map(|(line, number)| {
            let language = line.trim_start().strip_prefix("```")?;
            Some((language.split([',', ' ']).next().unwrap_or_default(), number))
        })?;
        let inside = lines
            .by_ref()
            .take_while(|(line, _)| !line.trim_start().starts_with("```"));
        let text = inside.map(|(line, _)| format!("{line}\n")).collect();
        let below = lines.peek().map_or("", |(line, _)| line);
        Some(Block {
            line,
            language,
            text,
            below,
        })
    })
}

fn file<'r>(repo: &'r Repo, path: &str) -> Option<&'r File> {
    repo.files.iter().find(|file| file.path == path)
}

/// The names of the parts that begin in a file.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| mark(line, "ANCHOR: "))
}

/// What stands between the two marks of a part, marks of others left out; none if it is missing, empty, or there twice.
fn part(text: &str, name: &str) -> Option<String> {
    let at = |what: &str| {
        let mut found = text
            .lines()
            .enumerate()
            .filter(|(_, line)| mark(line, what) == Some(name));
        found
            .next()
            .filter(|_| found.next().is_none())
            .map(|(line, _)| line)
    };
    let (begin, end) = (at("ANCHOR: ")?, at("ANCHOR_END: ")?);
    let inside: String = text
        .lines()
        .take(end)
        .skip(begin + 1)
        .filter(|line| mark(line, "ANCHOR: ").is_none() && mark(line, "ANCHOR_END: ").is_none())
        .map(|line| format!("{line}\n"))
        .collect();
    (!inside.trim().is_empty()).then_some(inside)
}

/// The name in a mark, if the line is one.
fn mark<'l>(line: &'l str, what: &str) -> Option<&'l str> {
    let (_, name) = line.split_once(what)?;
    name.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::repo;

    const PROGRAM: &str =
        "int main(void)\n{\n    /* ANCHOR: first */\n    begin();\n    /* ANCHOR_END: first */\n}\n";
    const SHOWN: &str = "```c\n{{#include ../bindings/c/tests/start.c:first}}\n```\n*[start.c](../bindings/c/tests/start.c)*\n";

    fn found(page: &str, program: &str) -> Vec<Finding> {
        every_program_on_a_page_is_included(&repo(&[
            ("docs/c.md", page),
            ("bindings/c/tests/start.c", program),
        ]))
    }

    #[test]
    fn a_part_that_is_included_and_linked_is_in_order() {
        assert_eq!(found(SHOWN, PROGRAM), []);
    }

    #[test]
    fn a_copied_program_is_found_even_if_it_is_the_same() {
        let copied = format!("{SHOWN}```c\n    begin();\n```\n");
        assert_eq!(found(&copied, PROGRAM).len(), 1);
        let half = SHOWN.replace("```c\n", "```c\nint a;\n");
        assert!(!found(&half, PROGRAM).is_empty());
    }

    #[test]
    fn a_part_or_a_file_that_is_missing_is_found() {
        let missing = [
            PROGRAM.replace("ANCHOR: first", "ANCHOR: last"),
            PROGRAM.replace("/* ANCHOR_END: first */", ""),
            PROGRAM.replace("    begin();\n", ""),
            format!("{PROGRAM}{PROGRAM}"),
        ];
        for program in missing {
            assert!(!found(SHOWN, &program).is_empty(), "{program}");
        }
        for page in [
            SHOWN.replace("start.c:", "gone.c:"),
            SHOWN.replace(":first", ""),
            SHOWN.replace("*[start.c](../bindings/c/tests/start.c)*", "*start.c*"),
        ] {
            assert!(!found(&page, PROGRAM).is_empty(), "{page}");
        }
        let alone = repo(&[("docs/c.md", SHOWN)]);
        assert_eq!(every_program_on_a_page_is_included(&alone).len(), 1);
    }

    #[test]
    fn an_include_outside_of_a_program_and_a_page_without_one_are_found() {
        let stray = format!("{SHOWN}```text\n{{{{#include ../x}}}}\n```\n");
        assert_eq!(found(&stray, PROGRAM).len(), 1);
        assert_eq!(found("# From C\n", "").len(), 1);
    }

    #[test]
    fn a_part_that_no_page_shows_is_found() {
        let more = format!("{PROGRAM}/* ANCHOR: second */\nint b;\n/* ANCHOR_END: second */\n");
        assert_eq!(found(SHOWN, &more).len(), 1);
    }

    #[test]
    fn what_nobody_can_run_yet_is_named_with_its_page() {
        let gradle = "```kts\ndependencies {\n}\n```\n";
        let on = |page| every_program_on_a_page_is_included(&repo(&[(page, gradle)]));
        assert_eq!(on("docs/relay.md").len(), 1);
        assert_eq!(
            on("docs/kotlin.md").len(),
            1,
            "it still shows no program in Kotlin"
        );
    }

    #[test]
    fn the_article_must_say_what_the_program_says() {
        let program = PROGRAM.replace("/*", "//");
        let article = |block: &str| {
            the_swift_article_shows_the_guides_program(&repo(&[
                (ARTICLE, block),
                ("bindings/swift/Examples/Start/main.swift", &program),
            ]))
        };
        assert_eq!(article("```swift\n    begin();\n```\n"), []);
        assert_eq!(article("```swift\n    end();\n```\n").len(), 1);
    }
}
