//! What a step has written, seen from outside: which rows of the file are others than before, and how many octets they hold.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::Fault;

/// A connection that only reads. SQLite knows all connections of a process, so that closing this one drops nobody's locks.
pub(super) struct Watch(Connection);

/// Every row of the file, as octets.
pub(super) struct Rows(HashMap<Vec<u8>, usize>);

impl Watch {
    pub(super) fn over(path: &Path) -> Result<Self, Fault> {
        Ok(Self(Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY,
        )?))
    }

    pub(super) fn look(&self) -> Result<Rows, Fault> {
        let mut tables = self
            .0
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
        let names: Vec<String> = tables
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut rows = HashMap::new();
        for name in names {
            self.read(&name, &mut rows)?;
        }
        Ok(Rows(rows))
    }

    fn read(&self, table: &str, all: &mut HashMap<Vec<u8>, usize>) -> Result<(), Fault> {
        let mut statement = self.0.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut octets = table.as_bytes().to_vec();
            let mut length = 0_usize;
            for column in 0..columns {
                let value = row.get_ref(column)?;
                octets.push(u8::try_from(column)?);
                length += match value {
                    ValueRef::Null => 0,
                    ValueRef::Integer(number) => {
                        octets.extend_from_slice(&number.to_be_bytes());
                        8
                    }
                    ValueRef::Real(_) => return Err("a number of a kind that is not written".into()),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        octets.extend_from_slice(text);
                        text.len()
                    }
                };
            }
            all.insert(octets, length);
        }
        Ok(())
    }
}

impl Rows {
    /// The octets in rows that were not there before.
    pub(super) fn octets_beside(&self, before: &Self) -> usize {
        self.0
            .iter()
            .filter(|(row, _)| !before.0.contains_key(*row))
            .map(|(_, length)| length)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_that_are_others_than_before_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "CREATE TABLE t (a INTEGER, b BLOB); INSERT INTO t VALUES (1, x'0102'), (2, NULL);",
            )
            .unwrap();
        let watch = Watch::over(&path).unwrap();
        let before = watch.look().unwrap();
        assert_eq!(watch.look().unwrap().octets_beside(&before), 0);
        writer
            .execute_batch("UPDATE t SET b = x'030405' WHERE a = 2; DELETE FROM t WHERE a = 1;")
            .unwrap();
        assert_eq!(watch.look().unwrap().octets_beside(&before), 8 + 3);
    }
}
