//! Rules of keeping house: where MLS is named, how long a file is, what is unfinished, what is indexed, what leads nowhere, what gives a
//! machine away.

use super::{Finding, broken};
use crate::repo::Repo;
use crate::source::words;

/// The most lines of a source.
const LONGEST: usize = 600;
/// Of which languages.
const LANGUAGES: [&str; 6] = [".rs", ".swift", ".kt", ".kts", ".c", ".py"];

pub(super) fn one_file_names_the_group(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in repo.rust(&["crates/core/src/"]) {
        if path == "crates/core/src/group/mod.rs" || path.contains("/tests/") {
            continue;
        }
        let source = source.without_tests();
        let named = source.words().filter(|(_, word)| *word == "MlsGroup");
        findings.extend(named.map(|(line, _)| broken(path, line, "names MlsGroup")));
    }
    findings
}

pub(super) fn files_stay_short(repo: &Repo) -> Vec<Finding> {
    let generated = generated(repo);
    repo.files
        .iter()
        .filter(|file| LANGUAGES.iter().any(|ending| file.path.ends_with(ending)))
        .filter(|file| !generated.iter().any(|pattern| matches(pattern, &file.path)))
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(file, lines)| broken(&file.path, lines, "is too long: give each file one job"))
        .collect()
}

/// The patterns of files that nobody writes, as git is told.
fn generated(repo: &Repo) -> Vec<&str> {
    repo.under(&[".gitattributes"])
        .flat_map(|file| file.text.lines())
        .filter_map(|line| line.strip_suffix(" linguist-generated"))
        .collect()
}

/// Whether a pattern of git's names a file: by its path, or by a folder around it.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix("**") {
        Some(folder) => path.starts_with(folder),
        None => path == pattern,
    }
}

pub(super) fn nothing_is_left_to_do(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo.under(&[
        "crates/",
        "examples/",
        "bindings/",
        "relay/",
        "soak/",
        "reliability/",
    ]) {
        for (line, number) in file.text.lines().zip(1..) {
            let is_marked = words(line).any(|word| ["TODO", "FIXME"].contains(&word));
            if is_marked || line.contains("todo!") || line.contains("unimplemented!") {
                findings.push(broken(&file.path, number, "is left to do"));
            }
        }
    }
    findings
}

pub(super) fn every_decision_is_in_the_index(repo: &Repo) -> Vec<Finding> {
    const FOLDER: &str = "docs/adr/";
    let decisions: Vec<&str> = repo
        .under(&[FOLDER])
        .filter_map(|file| file.path.strip_prefix(FOLDER))
        .filter(|name| name.ends_with(".md") && name.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let index = repo
        .under(&["docs/adr/README.md"])
        .next()
        .map_or("", |file| file.text.as_str());
    let linked: Vec<&str> = index
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .collect();
    let missing = decisions.iter().filter(|name| !linked.contains(name));
    let dangling = linked
        .iter()
        .filter(|name| name.starts_with(|c: char| c.is_ascii_digit()) && !decisions.contains(name));
    missing
        .map(|name| Finding(format!("{FOLDER}{name} is not linked from {FOLDER}README.md")))
        .chain(dangling.map(|name| Finding(format!("{FOLDER}README.md links {name}, which is not there"))))
        .collect()
}

pub(super) fn every_page_is_in_the_book(repo: &Repo) -> Vec<Finding> {
    const SUMMARY: &str = "docs/SUMMARY.md";
    let pages = repo.under(&["docs/"]).filter(|file| {
        let name = file.path.strip_prefix("docs/").unwrap_or_default();
        name.ends_with(".md") && file.path != SUMMARY
    });
    let listed: Vec<String> = links(repo, SUMMARY).map(|(_, target)| target).collect();
    pages
        .filter(|page| !listed.contains(&page.path))
        .map(|page| Finding(format!("{} is not in {SUMMARY}", page.path)))
        .collect()
}

pub(super) fn every_link_leads_somewhere(repo: &Repo) -> Vec<Finding> {
    let is_there = |target: &str| {
        repo.files
            .iter()
            .any(|file| file.path == target || file.path.starts_with(&format!("{target}/")))
    };
    repo.files
        .iter()
        .filter(|file| file.path.ends_with(".md") && !file.path.ends_with("docs/adr/template.md"))
        .flat_map(|file| {
            links(repo, &file.path)
                .filter(|(_, target)| !is_there(target))
                .map(|(line, target)| {
                    broken(
                        &file.path,
                        line,
                        &format!("leads to {target}, which is not there"),
                    )
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn every_file_that_a_page_names_is_there(repo: &Repo) -> Vec<Finding> {
    let is_there = |name: &str| {
        repo.files.iter().any(|file| {
            let before = file.path.strip_suffix(name);
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    };
    let mut findings = Vec::new();
    for page in repo.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, number) in page.text.lines().zip(1..) {
            let quoted = line.split('`').skip(1).step_by(2);
            let missing = quoted
                .filter(|name| is_name_of_a_source(name))
                .flat_map(spelt_out)
                .filter(|name| !is_there(name));
            findings.extend(
                missing.map(|name| broken(&page.path, number, &format!("names {name}, which is not there"))),
            );
        }
    }
    findings
}

fn is_name_of_a_source(name: &str) -> bool {
    let in_path = |c: char| c.is_ascii_alphanumeric() || "_-./{},".contains(c);
    let languages = LANGUAGES.iter().chain(&[".sql", ".h", ".md", ".toml"]);
    name.chars().all(in_path) && languages.into_iter().any(|ending| name.ends_with(ending))
}

/// Every name that braces stand for: `{a,b}.rs` is `a.rs` and `b.rs`.
fn spelt_out(name: &str) -> Vec<String> {
    let braces = name
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (choices, after))) = braces else {
        return vec![name.to_owned()];
    };
    choices
        .split(',')
        .flat_map(|choice| spelt_out(&format!("{before}{choice}{after}")))
        .collect()
}

/// The files that a page links, by their path in the repository, and the line of each.
pub(super) fn links<'a>(repo: &'a Repo, page: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
    let text = repo.files.iter().find(|file| file.path == page);
    let lines = text.map_or("", |file| file.text.as_str()).lines();
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    lines.zip(1..).flat_map(move |(line, number)| {
        line.split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#', ' ']).next())
            .filter(|target| !target.is_empty() && !target.contains(':'))
            .map(move |target| (number, resolved(folder, target)))
            .collect::<Vec<_>>()
    })
}

/// A relative link, seen from the root.
pub(super) fn resolved(folder: &str, link: &str) -> String {
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            name => path.push(name),
        }
    }
    path.join("/")
}

pub(super) fn no_path_of_a_build_machine(repo: &Repo) -> Vec<Finding> {
    // Put together here, so that this file does not name them.
    let folders = ["home", "root", "Users", "work"].map(|folder| format!("/{folder}/"));
    let mut findings = Vec::new();
    for file in &repo.files {
        for (line, number) in file.text.lines().zip(1..) {
            if folders.iter().any(|folder| names_root(line, folder)) {
                findings.push(broken(&file.path, number, "names a path of some machine"));
            }
        }
    }
    findings
}

/// Whether the line names this folder at the root of a file system, and not within a longer path or URI.
fn names_root(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = &line[..at];
        before.ends_with("file://")
            || !before.ends_with(|c: char| c.is_alphanumeric() || "_-./~}*$>)".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::repo;

    #[test]
    fn a_second_file_that_names_the_group_is_found() {
        let text = "/// Not an `MlsGroup`.\nuse openmls::group::MlsGroup;\n#[cfg(test)]\nmod t { use MlsGroup; }\nMlsGroupConfig";
        let found = one_file_names_the_group(&repo(&[
            ("crates/core/src/group/mod.rs", text),
            ("crates/core/src/send.rs", text),
            ("crates/core/src/store/tests/mls.rs", text),
        ]));
        assert_eq!(found, [broken("crates/core/src/send.rs", 2, "names MlsGroup")]);
    }

    #[test]
    fn a_long_file_is_found_unless_nobody_writes_it() {
        const GENERATED: &str =
            "# By a program.\ngen/** linguist-generated\na/b.kt linguist-generated\nlogo.png binary\n";
        let found = |path: &str, lines: usize| {
            files_stay_short(&repo(&[
                (".gitattributes", GENERATED),
                (path, &"\n".repeat(lines)),
            ]))
        };
        for path in ["crates/a/src/b.rs", "A.swift", "a/c.kt", "b.c", "a/gen/b.rs"] {
            assert_eq!(found(path, 600), []);
            assert_eq!(found(path, 601).len(), 1, "{path}");
        }
        for path in ["gen/a/b.swift", "a/b.kt", "CHANGELOG.md"] {
            assert_eq!(found(path, 601), [], "{path}");
        }
    }

    #[test]
    fn what_is_left_to_do_is_found() {
        for planted in [
            "// TODO: more",
            "/* FIXME */",
            "todo!()",
            "unimplemented!(\"later\")",
        ] {
            assert_eq!(
                nothing_is_left_to_do(&repo(&[("examples/src/a.rs", planted)])).len(),
                1,
                "{planted}"
            );
        }
        let generated = ("bindings/kotlin/a.kt", "// TODO: maybe we should");
        assert_eq!(nothing_is_left_to_do(&repo(&[generated])).len(), 1);
        assert_eq!(
            nothing_is_left_to_do(&repo(&[("crates/a/src/b.rs", "let TODOS = 1; // undo!")])),
            []
        );
    }

    #[test]
    fn a_decision_outside_the_index_and_a_link_to_nothing_are_found() {
        let kept = ("docs/adr/0001-steps.md", "");
        let index = |text| repo(&[kept, ("docs/adr/README.md", text)]);
        assert_eq!(every_decision_is_in_the_index(&index("[1](0001-steps.md)")), []);
        assert_eq!(every_decision_is_in_the_index(&index("")).len(), 1);
        assert_eq!(every_decision_is_in_the_index(&repo(&[kept])).len(), 1);
        assert_eq!(
            every_decision_is_in_the_index(&index("[1](0001-steps.md) [2](0002-gone.md)")).len(),
            1
        );
        assert_eq!(every_decision_is_in_the_index(&repo(&[])), []);
    }

    #[test]
    fn a_page_outside_the_book_and_a_link_to_nothing_are_found() {
        let book = |summary: &str, page: &str| {
            repo(&[
                ("docs/SUMMARY.md", summary),
                ("docs/a.md", page),
                ("docs/adr/0001-steps.md", ""),
                (
                    "README.md",
                    "[a](docs/a.md#there) [folder](docs) [web](https://a.example/)",
                ),
            ])
        };
        let listed = "[A](a.md) [1](adr/0001-steps.md)";
        let whole = book(listed, "[up](../README.md) and [on](adr/0001-steps.md)");
        assert_eq!(every_page_is_in_the_book(&whole), []);
        assert_eq!(every_link_leads_somewhere(&whole), []);
        assert_eq!(every_page_is_in_the_book(&book("", "")).len(), 2);
        for gone in ["[b](b.md)", "see [b](../docs/b.md#here)", "[b](/b.md)"] {
            assert_eq!(every_link_leads_somewhere(&book(listed, gone)).len(), 1, "{gone}");
        }
    }

    #[test]
    fn a_name_of_a_file_that_is_gone_is_found() {
        let found = |page: &str| {
            every_file_that_a_page_names_is_there(&repo(&[
                ("crates/a/src/seal/mod.rs", ""),
                ("crates/a/src/ring.rs", ""),
                ("docs/page.md", page),
            ]))
            .len()
        };
        for there in [
            "`crates/a/src/ring.rs` and `ring.rs`",
            "`seal/mod.rs`, `src/{ring,seal/mod}.rs`",
            "`page.md`, `a.rs b`, `…/x.rs`, `x.txt` and gone.rs",
        ] {
            assert_eq!(found(there), 0, "{there}");
        }
        for gone in [
            "`seal.rs`",
            "`ing.rs`",
            "`crates/a/{ring,seal}.rs`",
            "a\n`b/ring.rs`",
        ] {
            assert!(found(gone) > 0, "{gone}");
        }
        assert_eq!(found("`src/{ring,seal,chain}.rs`"), 2);
    }

    #[test]
    fn a_path_of_a_machine_is_found() {
        for folder in ["home", "root", "Users", "work"] {
            for around in ["see /{}/x", "(/{}/a/b)", "\"/{}/a\"", "file:///{}/a"] {
                let planted = around.replace("{}", folder);
                assert_eq!(
                    no_path_of_a_build_machine(&repo(&[("README.md", &planted)])).len(),
                    1,
                    "{planted}"
                );
            }
            for around in [
                "https://a.example/{}/x",
                "crates/{}/src",
                "mimi://a.example/{}/b",
                "../{}/a",
            ] {
                let planted = around.replace("{}", folder);
                assert_eq!(
                    no_path_of_a_build_machine(&repo(&[("README.md", &planted)])),
                    [],
                    "{planted}"
                );
            }
        }
    }
}
