//! `inspect` refuses every octet string that the guide lists, for the reason and at the octet that the guide says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value as Json, json};

const GUIDE: &str = include_str!("../../docs/content.md");
const SENDER: &str = "mimi://example.com/u/alice-smith";
const ROOM: &str = "mimi://example.com/r/engineering_team";

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/decode_content")
}

fn inspect(files: &[PathBuf]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inspect"));
    command.args(files).args(["--sender", SENDER, "--room", ROOM]);
    command.output().expect("inspect runs")
}

fn lines(output: &Output) -> Vec<Json> {
    let text = std::str::from_utf8(&output.stdout).expect("text");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
        .collect()
}

/// The rows of the guide's table: name, and what `inspect` prints.
fn table() -> BTreeMap<String, Json> {
    let (_, table) = GUIDE
        .split_once("| what is wrong | code | octet |\n|---|---|---|\n")
        .expect("a table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, code, octet] = cells[..] else {
            panic!("{line}")
        };
        let offset: usize = octet.parse().expect("a number");
        (
            name.to_owned(),
            json!({ "error": { "code": code.trim_matches('`'), "offset": offset } }),
        )
    };
    rows.map(row).collect()
}

#[test]
fn every_negative_vector_is_refused_with_the_code_and_the_octet_of_the_guides_table() {
    let table = table();
    let files: Vec<PathBuf> = table
        .keys()
        .map(|name| corpus().join(format!("negative-{name}")))
        .collect();
    assert!(files.len() >= 30, "{} rows", files.len());
    let output = inspect(&files);
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    assert_eq!(lines.len(), files.len(), "a line for each file");
    for ((name, expected), line) in table.iter().zip(&lines) {
        assert_eq!(line, expected, "{name}");
    }
}

#[test]
fn the_table_has_a_row_for_every_negative_vector_of_the_corpus() {
    let names = std::fs::read_dir(corpus()).unwrap();
    let names = names.filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_prefix("negative-").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, table().into_keys().collect::<Vec<_>>());
}

#[test]
fn the_published_message_that_they_differ_from_is_told() {
    let output = inspect(&[corpus().join("example-original")]);
    assert_eq!(output.status.code(), Some(0));
    let [message] = &lines(&output)[..] else {
        panic!("one line")
    };
    assert_eq!(
        message["message_id"],
        "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"
    );
}
