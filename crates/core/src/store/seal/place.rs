//! The place of a sealed value, in octets: what it is sealed with, so that it opens there alone.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::Table;
use crate::store::StorageError;

/// The value of one clear column. They compare as SQLite orders them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Col<'a> {
    Null,
    Int(i64),
    Octets(&'a [u8]),
}

impl From<i64> for Col<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Col<'_> {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl<'a> From<&'a [u8]> for Col<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Octets(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Col<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Octets(value)
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Col<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<'a> TryFrom<ValueRef<'a>> for Col<'a> {
    type Error = StorageError;

    /// Our clear columns are integers and blobs; anything else was put there by somebody else.
    fn try_from(value: ValueRef<'a>) -> Result<Self, StorageError> {
        match value {
            ValueRef::Null => Ok(Self::Null),
            ValueRef::Integer(value) => Ok(Self::Int(value)),
            ValueRef::Blob(value) => Ok(Self::Octets(value)),
            ValueRef::Real(_) | ValueRef::Text(_) => Err(StorageError::Corrupt),
        }
    }
}

impl ToSql for Col<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(value),
            Self::Octets(value) => ValueRef::Blob(value),
        }))
    }
}

/// The place a sealed value belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowAt<'a> {
    pub(crate) table: Table,
    /// The columns of the primary key, in the order of the schema.
    pub(crate) key: &'a [Col<'a>],
    /// Every other column that is not sealed, in the order of the schema.
    pub(crate) clear: &'a [Col<'a>],
}

/// The associated data of a row: format ‖ table ‖ key columns ‖ clear columns.
pub(in crate::store) struct Place(Vec<u8>);

const PLAIN_FORMAT: u8 = 1;
const PADDED_FORMAT: u8 = 2;

impl Place {
    /// # Errors
    /// [`StorageError::Bug`] if the row names another number of key columns than its table has.
    pub(in crate::store) fn of(at: &RowAt<'_>) -> Result<Self, StorageError> {
        if at.key.len() != at.table.keys() {
            return Err(StorageError::Bug(
                "a row is keyed by other columns than its table",
            ));
        }
        let mut place = Self::in_table(at.table);
        for column in at.key.iter().chain(at.clear) {
            place.push(column);
        }
        Ok(place)
    }

    pub(in crate::store) fn in_table(table: Table) -> Self {
        let mut octets = Vec::with_capacity(128);
        octets.push(if table.is_padded() {
            PADDED_FORMAT
        } else {
            PLAIN_FORMAT
        });
        octets.push(table.tag());
        Self(octets)
    }

    /// Adds the next column, so that no two different rows have the same associated data: every column says
    /// its type, octets say their length, and the table fixes how many columns are the key.
    pub(in crate::store) fn push(&mut self, column: &Col<'_>) {
        match column {
            Col::Null => self.0.push(0),
            Col::Int(value) => {
                self.0.push(1);
                self.0.extend_from_slice(&value.to_be_bytes());
            }
            Col::Octets(octets) => {
                self.0.push(2);
                self.0.extend_from_slice(&(octets.len() as u64).to_be_bytes());
                self.0.extend_from_slice(octets);
            }
        }
    }

    pub(in crate::store) fn into_octets(self) -> Vec<u8> {
        self.0
    }

    pub(in crate::store) fn octets(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn is_padded(&self) -> bool {
        self.0.first() == Some(&PADDED_FORMAT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keyed_by_too_few_columns_is_refused() {
        let at = RowAt {
            table: Table::new(200, 1),
            key: &[],
            clear: &[],
        };
        assert!(matches!(Place::of(&at), Err(StorageError::Bug(_))));
    }
}
