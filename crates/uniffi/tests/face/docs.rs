//! The pages about other languages show programs that are run.

const PYTHON: &str = include_str!("../../../../docs/python.md");
const START_PY: &str = include_str!("../../../../bindings/python/tests/start.py");
const SWIFT: &str = include_str!("../../../../docs/swift.md");
const SWIFT_ARTICLE: &str =
    include_str!("../../../../bindings/swift/Sources/Comity/Comity.docc/GettingStarted.md");
const START_SWIFT: &str = include_str!("../../../../bindings/swift/Examples/Start/main.swift");

/// The blocks of code of a page that say that they are in a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    page.split(&format!("\n```{language}\n"))
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

fn shows(page: &str, language: &str, program: &str) {
    let blocks = blocks(page, language);
    assert!(blocks.len() >= 4, "the page shows {} blocks", blocks.len());
    for block in blocks {
        // How a package is depended on is no part of a program.
        assert!(
            program.contains(block) || block.starts_with(".package("),
            "this is not in the program:\n{block}"
        );
    }
}

#[test]
fn every_block_of_the_page_about_python_is_part_of_the_program() {
    shows(PYTHON, "python", START_PY);
}

#[test]
fn every_block_of_the_pages_about_swift_is_part_of_the_program() {
    shows(SWIFT, "swift", START_SWIFT);
    shows(SWIFT_ARTICLE, "swift", START_SWIFT);
}
