//! The pages about other languages show programs that are run.

const PAGE: &str = include_str!("../../../../docs/python.md");
const PROGRAM: &str = include_str!("../../../../bindings/python/tests/start.py");

/// The blocks of code of a page that say that they are Python.
fn blocks(page: &str) -> Vec<&str> {
    page.split("\n```python\n")
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

#[test]
fn every_block_of_the_page_is_part_of_the_program() {
    let blocks = blocks(PAGE);
    assert!(blocks.len() >= 4, "the page shows {} blocks", blocks.len());
    for block in blocks {
        assert!(PROGRAM.contains(block), "this is not in start.py:\n{block}");
    }
}
