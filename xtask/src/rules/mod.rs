//! The rules of the house, each one a named check over the repository, with a test that plants a violation.

mod graph;
mod house;
mod pages;
mod purity;
mod sql;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::Fault;
use crate::repo::{File, Repo};
use crate::report::{Report, Suite};

/// One rule. Its name says what holds.
struct Rule {
    name: &'static str,
    check: fn(&Repo) -> Vec<Finding>,
}

/// Where a rule is broken, and why.
#[derive(Debug, PartialEq, Eq)]
struct Finding(String);

impl Finding {
    /// Whether it speaks of a file.
    fn is_at(&self, path: &str) -> bool {
        self.0.split(':').next() == Some(path)
    }
}

const RULES: &[Rule] = &[
    Rule {
        name: "content and room link no MLS, no SQLite and no random source",
        check: graph::content_and_room_are_pure,
    },
    Rule {
        name: "room depends on none of ours",
        check: graph::room_depends_on_none_of_ours,
    },
    Rule {
        name: "the hub cannot read content",
        check: graph::hub_cannot_read_content,
    },
    Rule {
        name: "dependencies point one way",
        check: graph::dependencies_point_one_way,
    },
    Rule {
        name: "features for tests and benchmarks do not ship",
        check: graph::test_features_do_not_ship,
    },
    Rule {
        name: "pure crates ask no clock, chance, file, network or thread",
        check: purity::pure_crates_ask_nothing,
    },
    Rule {
        name: "the engine asks no clock and starts no thread",
        check: purity::the_engine_asks_no_clock,
    },
    Rule {
        name: "unsafe only at the border to other languages and in the disk that fails",
        check: purity::unsafe_only_where_it_belongs,
    },
    Rule {
        name: "the C API is unsafe in its inner layer alone",
        check: purity::the_c_api_is_unsafe_in_its_inner_layer,
    },
    Rule {
        name: "every package takes the lints of the workspace",
        check: purity::every_package_takes_the_lints,
    },
    Rule {
        name: "SQL only in the store",
        check: sql::only_in_the_store,
    },
    Rule {
        name: "SQL is never put together",
        check: sql::never_put_together,
    },
    Rule {
        name: "one file of the engine names MlsGroup",
        check: house::one_file_names_the_group,
    },
    Rule {
        name: "no source has more than 600 lines",
        check: house::files_stay_short,
    },
    Rule {
        name: "nothing is left to do",
        check: house::nothing_is_left_to_do,
    },
    Rule {
        name: "every decision is in the index",
        check: house::every_decision_is_in_the_index,
    },
    Rule {
        name: "every page is in the book",
        check: house::every_page_is_in_the_book,
    },
    Rule {
        name: "every program on a page of the book is included from a file that tests run",
        check: pages::every_program_on_a_page_is_included,
    },
    Rule {
        name: "the Swift package's article shows the program of its guide",
        check: pages::the_swift_article_shows_the_guides_program,
    },
    Rule {
        name: "every link leads somewhere",
        check: house::every_link_leads_somewhere,
    },
    Rule {
        name: "every file that a page names is there",
        check: house::every_file_that_a_page_names_is_there,
    },
    Rule {
        name: "no path of a build machine",
        check: house::no_path_of_a_build_machine,
    },
];

/// Checks every rule, says a line for each, and reports them as one suite.
pub(crate) fn run(report: &mut Report) -> Result<(), Fault> {
    let start = Instant::now();
    let repo = Repo::load()?;
    let mut suite = Suite {
        name: "architecture".into(),
        profile: "-",
        ..Suite::default()
    };
    for rule in RULES {
        let findings = (rule.check)(&repo);
        let held = findings.is_empty();
        println!("    {:6}  {}", if held { "ok" } else { "broken" }, rule.name);
        for Finding(place) in findings {
            println!("            {place}");
            report.failures.push(format!("{}: {place}", rule.name));
        }
        suite.passed += u64::from(held);
        suite.failed += u64::from(!held);
    }
    suite.time = start.elapsed();
    report.suites.push(suite);
    Ok(())
}

/// What is wrong with the programs that the pages show, a line for each place.
pub(crate) fn pages() -> Result<Vec<String>, Fault> {
    let findings = pages::every_program_on_a_page_is_included(&Repo::load()?);
    Ok(findings.into_iter().map(|Finding(place)| place).collect())
}

/// The files outside of `docs` that the pages of the book link, by their paths in the repository, with what is in them.
pub(crate) fn linked_from_the_book() -> Result<Vec<File>, Fault> {
    let repo = Repo::load()?;
    let linked: BTreeSet<String> = repo
        .under(&["docs/"])
        .filter(|page| page.path.ends_with(".md"))
        .flat_map(|page| house::links(&repo, &page.path))
        .map(|(_, target)| target)
        .filter(|target| !target.starts_with("docs/"))
        .collect();
    Ok(repo
        .files
        .into_iter()
        .filter(|file| linked.contains(&file.path))
        .collect())
}

/// A violation at a line.
fn broken(path: &str, line: usize, what: &str) -> Finding {
    Finding(format!("{path}:{line}: {what}"))
}

#[cfg(test)]
mod tests {
    use crate::repo::{File, Repo};

    /// A repository with these files.
    pub(crate) fn repo(files: &[(&str, &str)]) -> Repo {
        let file = |&(path, text): &(&str, &str)| File {
            path: path.into(),
            text: text.into(),
        };
        Repo {
            files: files.iter().map(file).collect(),
            ..Repo::default()
        }
    }
}
