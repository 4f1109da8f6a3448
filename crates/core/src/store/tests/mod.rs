//! What the store promises, tried on real files.

mod bounds;
mod clear;
mod damage;
mod deletion;
mod files;
mod leaves;
mod migrations;
mod mls;
mod peeled;
mod rows;

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const KEY: Key32 = Key32::new([0x11; 32]);

/// A directory that vanishes, and the path of a client's file in it.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client.comity");
    (directory, path)
}

/// Every row of a statement, every column as SQLite prints it.
fn dump(store: &Store, sql: &'static str) -> Vec<String> {
    store
        .all(sql, [], |row| {
            let columns = (0..row.as_ref().column_count()).map(|column| format!("{:?}", row.get_ref(column)));
            Ok(columns.collect::<Vec<_>>().join(" "))
        })
        .unwrap()
}

/// Everything that lies on disk beside a path: the database, its log and its index.
fn on_disk(directory: &TempDir) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    all
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
