//! What somebody learns who has the file and no key, and whether SECURITY.md says all of it.

use std::collections::{BTreeMap, BTreeSet};

use comity_content::MessageId;

use super::deletion::message_of;
use super::*;
use crate::store::message;

const SECURITY: &str = include_str!("../../../../../SECURITY.md");
/// Columns whose values are sealed. A head is one, too.
const SEALED: [&str; 3] = ["sealed", "body", "head"];

/// By table, the columns that SECURITY.md names.
fn told() -> BTreeMap<String, BTreeSet<String>> {
    let section = SECURITY.split("## What the file shows without its key").nth(1);
    let section = section.unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let names = |cell: &str| -> BTreeSet<String> {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(str::to_owned).collect()
        };
        (names(cells[0]).pop_first().unwrap(), names(cells[1]))
    })
    .collect()
}

/// Without a key, as a thief opens it.
fn stolen(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn list(file: &Connection, sql: &str, params: impl rusqlite::Params) -> Vec<String> {
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map(params, |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn number(file: &Connection, sql: &str) -> i64 {
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn security_md_names_every_column_that_is_in_clear() {
    let (_directory, path) = place();
    Store::create(&path, &KEY).unwrap().close().unwrap();
    let file = stolen(&path);
    let mut there = BTreeMap::new();
    for table in list(&file, "SELECT name FROM sqlite_schema WHERE type = 'table'", []) {
        let columns = list(&file, "SELECT name FROM pragma_table_info(?1)", [&table]);
        let clear = columns
            .into_iter()
            .filter(|name| !SEALED.contains(&name.as_str()));
        there.insert(table, clear.collect::<BTreeSet<_>>());
    }
    assert_eq!(told(), there);
}

/// The examples of the draft, by what a receiver may store of them.
const EXAMPLES: [&[u8]; 14] = [
    include_bytes!("../../../../content/tests/vectors/original.cbor"),
    include_bytes!("../../../../content/tests/vectors/reply.cbor"),
    include_bytes!("../../../../content/tests/vectors/reaction.cbor"),
    include_bytes!("../../../../content/tests/vectors/mention.cbor"),
    include_bytes!("../../../../content/tests/vectors/mention-html.cbor"),
    include_bytes!("../../../../content/tests/vectors/edit.cbor"),
    include_bytes!("../../../../content/tests/vectors/delete.cbor"),
    include_bytes!("../../../../content/tests/vectors/unlike.cbor"),
    include_bytes!("../../../../content/tests/vectors/expiring.cbor"),
    include_bytes!("../../../../content/tests/vectors/attachment.cbor"),
    include_bytes!("../../../../content/tests/vectors/conferencing.cbor"),
    include_bytes!("../../../../content/tests/vectors/multipart-1.cbor"),
    include_bytes!("../../../../content/tests/vectors/multipart-2.cbor"),
    include_bytes!("../../../../content/tests/vectors/multipart-3.cbor"),
];

#[test]
fn a_thief_counts_messages_and_sees_few_lengths_and_no_word() {
    let (directory, path) = place();
    let store = Store::create(&path, &KEY).unwrap();
    store.begin_immediate().unwrap();
    for (place, octets) in (1..).zip(EXAMPLES) {
        let mut row = message_of(place, false);
        assert!(message::insert(&store, &mut row, octets).unwrap());
    }
    store.commit().unwrap();
    store.close().unwrap();

    let file = stolen(&path);
    let own: BTreeSet<usize> = EXAMPLES.iter().map(|octets| octets.len()).collect();
    let left = number(&file, "SELECT count(DISTINCT length(body)) FROM message");
    let sentence = format!(
        "The {} example messages of the MIMI content draft have {} lengths, which name their kinds. In the file they leave {left} lengths.",
        EXAMPLES.len(),
        own.len()
    );
    assert!(SECURITY.contains(&sentence), "SECURITY.md should say: {sentence}");
    assert_eq!(number(&file, "SELECT count(*) FROM message WHERE room = 1"), 14);
    assert_eq!(
        number(
            &file,
            "SELECT count(*) FROM message WHERE position IS NOT NULL AND shown < 3"
        ),
        14
    );
    let files = on_disk(&directory);
    for word in ["mimi://", "text/", "engineering", "alice", "Hi everyone"] {
        assert!(!contains(&files, word.as_bytes()), "{word}");
    }
    let id: MessageId = message_of(1, false).id;
    assert!(!contains(&files, id.octets()), "an id lies there as it is");
}
