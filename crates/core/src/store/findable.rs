//! Whether rows that are there can be found.
//!
//! A row that is sealed and in its table is as good as gone if the tree does not lead to it, or if an index that a query
//! goes by leaves it out; and trees and indexes are not sealed.
//!
//! **Owns** the comparison of a table with its indexes, and of trees with their order, for the tables that the head covers.

use std::cmp::Ordering;
use std::hash::{BuildHasher as _, RandomState};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row};

use super::seal::{Covered, Index};
use super::{Col, StorageError, Table};

/// Whether each row of a table can be found by its key and by the table's indexes. A tree whose entries come in order is
/// searched rightly; an index must hold what the table holds.
pub(super) struct Findable {
    table: Table,
    covered: Covered,
    hasher: RandomState,
    /// By index: the sum of hashes, under a key of this moment, of what its entries should be.
    expected: Vec<u64>,
    /// The key of the last row.
    last: Vec<Value>,
    /// The keys of all rows, if each is to be looked up.
    keys: Vec<i64>,
}

impl Findable {
    pub(super) fn new(table: Table, covered: Covered) -> Self {
        Self {
            table,
            covered,
            hasher: RandomState::new(),
            expected: vec![0; covered.indexes.len()],
            last: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// A row of the table was met, in the table's own order.
    pub(super) fn note(&mut self, row: &Row<'_>) -> Result<(), StorageError> {
        for (index, expected) in self.covered.indexes.iter().zip(&mut self.expected) {
            let columns = index.columns.iter().map(|at| column(row, *at));
            let columns = columns.collect::<Result<Vec<_>, StorageError>>()?;
            if columns.first() != Some(&Col::Null) {
                *expected = expected.wrapping_add(self.hasher.hash_one(&columns));
            }
        }
        if self.covered.ordered {
            self.last = in_order(row, self.table.keys(), &self.last)?;
        } else if let (1, ValueRef::Integer(key)) = (self.table.keys(), row.get_ref(0)?) {
            self.keys.push(key);
        }
        Ok(())
    }

    /// All rows were met.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] if one of them cannot be found.
    pub(super) fn check(&self, conn: &Connection) -> Result<(), StorageError> {
        for (index, expected) in self.covered.indexes.iter().zip(&self.expected) {
            if self.sum_of(conn, index)? != *expected {
                return Err(StorageError::Corrupt);
            }
        }
        // The inner pages of a tree of row numbers hold numbers of no row.
        let mut statement = conn.prepare_cached(self.covered.one)?;
        for key in &self.keys {
            if !statement.exists([key])? {
                return Err(StorageError::Corrupt);
            }
        }
        Ok(())
    }

    fn sum_of(&self, conn: &Connection, index: &Index) -> Result<u64, StorageError> {
        let mut sum = 0_u64;
        let mut last = Vec::new();
        let mut statement = conn.prepare_cached(index.all)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let columns = (0..index.columns.len()).map(|at| column(row, at));
            let columns = columns.collect::<Result<Vec<_>, StorageError>>()?;
            sum = sum.wrapping_add(self.hasher.hash_one(&columns));
            last = in_order(row, index.columns.len(), &last)?;
        }
        Ok(sum)
    }
}

/// The first columns of a row, which must come behind those of the row before.
fn in_order(row: &Row<'_>, columns: usize, last: &[Value]) -> Result<Vec<Value>, StorageError> {
    let columns = (0..columns).map(|at| Ok(owned(column(row, at)?)));
    let columns = columns.collect::<Result<Vec<_>, StorageError>>()?;
    let mut order = Ordering::Equal;
    for (before, now) in last.iter().zip(&columns) {
        let (before, now) = (
            Col::try_from(ValueRef::from(before))?,
            Col::try_from(ValueRef::from(now))?,
        );
        order = order.then(before.cmp(&now));
    }
    if last.is_empty() || order == Ordering::Less {
        Ok(columns)
    } else {
        Err(StorageError::Corrupt)
    }
}

fn column<'a>(row: &'a Row<'_>, at: usize) -> Result<Col<'a>, StorageError> {
    Col::try_from(row.get_ref(at)?)
}

fn owned(column: Col<'_>) -> Value {
    match column {
        Col::Null => Value::Null,
        Col::Int(value) => Value::Integer(value),
        Col::Octets(octets) => Value::Blob(octets.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a page, one bit makes a blob a text, and SQLite asks of neither whether it is UTF-8.
    #[test]
    fn a_key_that_turned_into_a_text_is_corrupt() {
        let conn = Connection::open_in_memory().unwrap();
        for (key, expected) in [
            ("SELECT x'ff'", Ok(vec![Value::Blob(vec![0xff])])),
            ("SELECT CAST(x'ff' AS TEXT)", Err(StorageError::Corrupt)),
            ("SELECT CAST(x'61' AS TEXT)", Err(StorageError::Corrupt)),
            ("SELECT 1.5", Err(StorageError::Corrupt)),
        ] {
            let mut statement = conn.prepare(key).unwrap();
            let mut rows = statement.query([]).unwrap();
            let row = rows.next().unwrap().unwrap();
            assert_eq!(in_order(row, 1, &[]), expected, "{key}");
        }
    }
}
