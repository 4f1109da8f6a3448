//! The book that the pages in `docs` make, and the page of it that is generated.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Fault;
use crate::cargo;
use crate::rules;
use crate::setup;

/// `cargo xtask book`: looks whether the programs that the pages show are there, installs mdBook if it is missing, and makes the book.
pub(crate) fn book(arguments: &[String]) -> Result<u8, Fault> {
    if !arguments.is_empty() {
        return Err("cargo xtask book takes nothing".into());
    }
    let missing = rules::pages()?;
    if !missing.is_empty() {
        missing.iter().for_each(|place| println!("{place}"));
        return Ok(1);
    }
    let program = setup::mdbook()?;
    let mut build = std::process::Command::new(program);
    build.arg("build").arg(pages());
    if !cargo::stream(build, |line| println!("{line}"))? {
        return Ok(1);
    }
    let book = cargo::root().join("target/book");
    beside(&book)?;
    let lost = lost_links(&book.join("docs"))?;
    lost.iter().for_each(|link| println!("{link}"));
    println!("target/book/docs/index.html");
    Ok(u8::from(!lost.is_empty()))
}

/// Puts what the pages link outside of `docs` to where the links lead. mdBook takes every link to Markdown for one to a page.
fn beside(book: &Path) -> Result<(), Fault> {
    for file in rules::linked_from_the_book()? {
        let (place, text) = match file.path.strip_suffix(".md") {
            Some(name) => (book.join(format!("{name}.html")), as_page(&file.text)),
            None => (book.join(&file.path), file.text),
        };
        let folder = place.parent().unwrap_or(book);
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        fs::write(&place, text).map_err(|e| format!("{}: {e}", place.display()))?;
    }
    Ok(())
}

/// A text as a page that shows it as it is.
fn as_page(text: &str) -> String {
    let safe = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<!doctype html><meta charset=\"utf-8\"><pre style=\"white-space: pre-wrap\">{safe}</pre>\n")
}

/// The links of the pages in a folder that lead nowhere.
fn lost_links(folder: &Path) -> Result<Vec<String>, Fault> {
    let fault = |e| format!("{}: {e}", folder.display());
    let mut lost = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            lost.extend(lost_links(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "html") && !is_of_mdbook(&path) {
            let page = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let targets = targets(&page).filter(|target| !folder.join(target).exists());
            lost.extend(
                targets.map(|target| format!("{} leads to {target}, which is not there", path.display())),
            );
        }
    }
    Ok(lost)
}

/// Pages of mdBook's own, whose links are seen from another place.
fn is_of_mdbook(page: &Path) -> bool {
    page.file_name()
        .is_some_and(|name| name == "404.html" || name == "print.html" || name == "toc.html")
}

/// The files that a page links by a relative path.
fn targets(page: &str) -> impl Iterator<Item = &str> {
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split(['"', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains(':'))
}

/// `cargo xtask reference [--check]`: writes the reference of codes, or says whether it is what the sources say.
pub(crate) fn reference(arguments: &[String]) -> Result<u8, Fault> {
    const WRITE: &str = "COMITY_WRITE_REFERENCE";
    let mut test = cargo::quiet_cargo();
    test.args([
        "test",
        "--locked",
        "-p",
        "comity",
        "--lib",
        "--quiet",
        "--",
        "code::reference::",
    ]);
    match arguments {
        [] => test.env(WRITE, "1"),
        [flag] if flag == "--check" => test.env_remove(WRITE),
        _ => return Err("cargo xtask reference takes --check or nothing".into()),
    };
    let mut output = Vec::new();
    let held = cargo::stream(test, |line| output.push(line.to_owned()))?;
    if held {
        println!("docs/errors.md is what the sources say");
    } else {
        output.iter().for_each(|line| println!("{line}"));
    }
    Ok(u8::from(!held))
}

fn pages() -> PathBuf {
    cargo::root().join("docs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_are_found() {
        let page = r##"<a href="a.html#b">1</a><a href="#c">2</a><a href="https://a.example/">3</a><a href="../d.c">4</a>"##;
        assert_eq!(targets(page).collect::<Vec<_>>(), ["a.html", "../d.c"]);
    }

    #[test]
    fn a_text_is_shown_as_it_is() {
        assert!(as_page("<b> & *c*").ends_with(">&lt;b> &amp; *c*</pre>\n"));
    }
}
