//! SQL stands in one directory, and every statement of it stands there as it runs.

use super::{Finding, broken};
use crate::repo::Repo;
use crate::source::Literal;

const STORE: &str = "crates/core/src/store/";

/// How a statement begins.
const STATEMENTS: &[&str] = &["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM", "CREATE TABLE"];

/// How a piece of one looks.
const PIECES: &[&str] = &[
    "PRAGMA ",
    "WHERE ",
    "ORDER BY",
    "VALUES",
    "LIMIT ",
    "FROM ",
    "ALTER TABLE",
    "ATTACH ",
];

/// What puts text together.
const BUILDERS: &[&str] = &[
    "format!",
    "format_args!",
    "write!",
    "writeln!",
    "push_str(",
    ".concat()",
    ".join(",
    ".replace(",
];

pub(super) fn only_in_the_store(repo: &Repo) -> Vec<Finding> {
    let mut findings: Vec<Finding> = repo
        .under(&["crates/", "examples/"])
        .filter(|file| file.path.ends_with(".sql") && !file.path.starts_with(STORE))
        .map(|file| broken(&file.path, 1, "is SQL outside the store"))
        .collect();
    for (path, source) in repo.rust(&["crates/", "examples/"]) {
        let is_ours_to_judge = path.starts_with("examples/") || path.contains("/src/");
        if !is_ours_to_judge || path.starts_with(STORE) {
            continue;
        }
        let found = source
            .literals
            .iter()
            .filter(|literal| holds(literal, STATEMENTS));
        findings.extend(
            found.map(|literal| broken(path, source.line(literal.at), "holds SQL outside the store")),
        );
    }
    findings
}

pub(super) fn never_put_together(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in repo.rust(&[STORE]) {
        for statement in source.statements() {
            let builds = BUILDERS
                .iter()
                .any(|builder| source.code[statement.clone()].contains(builder));
            let sql = source.literals.iter().find(|literal| {
                statement.contains(&literal.at) && (holds(literal, STATEMENTS) || holds(literal, PIECES))
            });
            if let (true, Some(literal)) = (builds, sql) {
                findings.push(broken(path, source.line(literal.at), "puts SQL together"));
            }
        }
    }
    findings
}

/// Whether the literal holds one of these at the beginning of a word.
fn holds(literal: &Literal, pieces: &[&str]) -> bool {
    let starts_word = |at: usize| !literal.text[..at].ends_with(|c: char| c.is_alphanumeric());
    pieces
        .iter()
        .any(|piece| literal.text.match_indices(piece).any(|(at, _)| starts_word(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::repo;

    #[test]
    fn sql_outside_the_store_is_found() {
        for planted in [
            "SELECT id FROM a",
            "INSERT INTO a",
            "UPDATE a SET b",
            "DELETE FROM a",
            "\\n CREATE TABLE a",
        ] {
            let text = format!("conn.execute(\"{planted}\", [])");
            assert_eq!(
                only_in_the_store(&repo(&[("crates/core/src/group/mod.rs", &text)])).len(),
                1,
                "{planted}"
            );
            assert_eq!(
                only_in_the_store(&repo(&[("crates/core/src/store/room.rs", &text)])),
                []
            );
        }
        assert_eq!(only_in_the_store(&repo(&[("crates/hub/src/a.sql", "")])).len(), 1);
    }

    #[test]
    fn words_about_sql_are_free() {
        let text = "// SELECT a FROM b\nlet selected = \"SELECTED rows\";";
        assert_eq!(
            only_in_the_store(&repo(&[("crates/core/src/group/mod.rs", text)])),
            []
        );
    }

    #[test]
    fn sql_put_together_is_found() {
        for planted in [
            "let sql = format!(\"SELECT a FROM {table}\");",
            "conn.execute(\n    &format!(\n    \"UPDATE {table} SET a = 1\"), [])?;",
            "sql.push_str(\" WHERE a = 1\");",
            "write!(sql, \" ORDER BY {column}\")?;",
            "let sql = [\"SELECT a FROM \", table].concat();",
        ] {
            assert_eq!(
                never_put_together(&repo(&[("crates/core/src/store/a.rs", planted)])).len(),
                1,
                "{planted}"
            );
        }
    }

    #[test]
    fn whole_statements_and_other_text_are_free() {
        let text = "store.write(\"DELETE FROM a WHERE b = ?1\", [b])?; let text = format!(\"{b:?}\");";
        assert_eq!(
            never_put_together(&repo(&[("crates/core/src/store/a.rs", text)])),
            []
        );
    }
}
