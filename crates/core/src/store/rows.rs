//! Rows: sealed as they are written, opened as they are read, and the keys that go with them.

use rusqlite::types::ValueRef;
use rusqlite::{Params, Row, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::seal::Place;
use super::{Col, RowAt, Scope, StorageError, Store, Table, codec};

/// How a sealed value begins, and what was in it.
type Headed = ([u8; 16], Zeroizing<Vec<u8>>);

// Sealed rows
impl Store {
    /// Writes a row: `sql` binds the key columns, then the clear columns, and last the sealed value.
    pub(crate) fn put_sealed<T: Serialize + ?Sized>(
        &self,
        sql: &'static str,
        scope: Scope,
        at: &RowAt<'_>,
        value: &T,
    ) -> Result<(), StorageError> {
        self.put_sealed_if(sql, scope, at, value).map(|_| ())
    }

    /// As [`Store::put_sealed`], for a statement that may find nothing to write; says whether it wrote.
    pub(crate) fn put_sealed_if<T: Serialize + ?Sized>(
        &self,
        sql: &'static str,
        scope: Scope,
        at: &RowAt<'_>,
        value: &T,
    ) -> Result<bool, StorageError> {
        let sealed = self.seal(scope, at, value)?;
        self.put_row(sql, at, &sealed)
    }

    /// Writes a value that is in its envelope. Returns how the sealed value begins: no two ever begin alike.
    pub(super) fn put_octets(
        &self,
        sql: &'static str,
        scope: Scope,
        at: &RowAt<'_>,
        value: &[u8],
    ) -> Result<[u8; 16], StorageError> {
        self.writable()?;
        let sealed =
            self.ring
                .borrow_mut()
                .sealer(&self.conn, scope)?
                .seal_with(&Place::of(at)?, |octets| {
                    octets.extend_from_slice(value);
                    Ok(())
                })?;
        self.put_row(sql, at, &sealed)?;
        head(&sealed)
    }

    fn put_row(&self, sql: &'static str, at: &RowAt<'_>, sealed: &[u8]) -> Result<bool, StorageError> {
        let sealed = Col::Octets(sealed);
        let columns = at.key.iter().chain(at.clear).chain(std::iter::once(&sealed));
        let params = params_from_iter(columns);
        let changed = if at.table.has_due() {
            self.write(sql, params)
        } else {
            self.write_quietly(sql, params)
        };
        Ok(changed? > 0)
    }

    /// A value as it is written into a row.
    pub(crate) fn seal<T: Serialize + ?Sized>(
        &self,
        scope: Scope,
        at: &RowAt<'_>,
        value: &T,
    ) -> Result<Vec<u8>, StorageError> {
        self.writable()?;
        let place = Place::of(at)?;
        self.ring
            .borrow_mut()
            .sealer(&self.conn, scope)?
            .seal_with(&place, |octets| codec::encode_into(octets, value))
    }

    /// Reads at most one row. `sql` selects the key columns, then the clear columns, both in the order in
    /// which they were written, and last the sealed value. `row` sees the columns and the opened value.
    pub(crate) fn one_sealed<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: Scope,
        table: Table,
        row: impl FnOnce(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Option<R>, StorageError> {
        self.one_sealed_in(sql, params, |_| Ok(scope), table, row)
    }

    /// As [`Store::one_sealed`], where the row says in which scope it is sealed.
    pub(crate) fn one_sealed_in<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: impl FnOnce(&Row<'_>) -> rusqlite::Result<Scope>,
        table: Table,
        row: impl FnOnce(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Option<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let Some(found) = rows.next()? else {
            return Ok(None);
        };
        let value = self.open_row(found, scope(found)?, table)?;
        Ok(Some(row(found, value)?))
    }

    /// As [`Store::one_sealed`], for every row in the order of the statement.
    pub(crate) fn all_sealed<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: Scope,
        table: Table,
        row: impl FnMut(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StorageError> {
        self.all_sealed_in(sql, params, |_| Ok(scope), table, row)
    }

    /// As [`Store::all_sealed`], where each row says in which scope it is sealed.
    pub(crate) fn all_sealed_in<T: DeserializeOwned, R>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: impl Fn(&Row<'_>) -> rusqlite::Result<Scope>,
        table: Table,
        mut row: impl FnMut(&Row<'_>, T) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(found) = rows.next()? {
            let value = self.open_row(found, scope(found)?, table)?;
            all.push(row(found, value)?);
        }
        Ok(all)
    }

    /// The value alone of at most one row; see [`Store::one_sealed`].
    pub(crate) fn get_sealed<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: Scope,
        table: Table,
    ) -> Result<Option<T>, StorageError> {
        self.one_sealed(sql, params, scope, table, |_, value| Ok(value))
    }

    /// The value alone of at most one row, in its envelope, and how the sealed value begins.
    pub(super) fn octets_sealed(
        &self,
        sql: &'static str,
        params: impl Params,
        scope: Scope,
        table: Table,
    ) -> Result<Option<Headed>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let octets = self.open_octets(row, scope, table)?;
        let ValueRef::Blob(sealed) = row.get_ref(table.keys())? else {
            return Err(StorageError::Corrupt);
        };
        Ok(Some((head(sealed)?, octets)))
    }

    fn open_row<T: DeserializeOwned>(
        &self,
        row: &Row<'_>,
        scope: Scope,
        table: Table,
    ) -> Result<T, StorageError> {
        codec::decode(&self.open_octets(row, scope, table)?)
    }

    fn open_octets(
        &self,
        row: &Row<'_>,
        scope: Scope,
        table: Table,
    ) -> Result<Zeroizing<Vec<u8>>, StorageError> {
        let width = row.as_ref().column_count();
        let last = width.checked_sub(1).filter(|last| *last >= table.keys());
        let last = last.ok_or(StorageError::Bug("a statement selects too few columns"))?;
        let mut place = Place::in_table(table);
        for column in 0..last {
            place.push(&Col::try_from(row.get_ref(column)?)?);
        }
        let ValueRef::Blob(sealed) = row.get_ref(last)? else {
            return Err(StorageError::Corrupt);
        };
        self.ring
            .borrow_mut()
            .opener(&self.conn, scope)?
            .open(&place, sealed)
    }
}

// Clear columns only, and keys
impl Store {
    /// Runs a statement that writes; says how many rows it changed.
    pub(crate) fn write(&self, sql: &'static str, params: impl Params) -> Result<usize, StorageError> {
        self.next_due.set(None);
        self.write_quietly(sql, params)
    }

    /// As [`Store::write`], for a statement that cannot change when anything is due.
    pub(crate) fn write_quietly(
        &self,
        sql: &'static str,
        params: impl Params,
    ) -> Result<usize, StorageError> {
        self.writable()?;
        Ok(self.conn.prepare_cached(sql)?.execute(params)?)
    }

    /// Reads clear columns of at most one row.
    pub(crate) fn one<R>(
        &self,
        sql: &'static str,
        params: impl Params,
        row: impl FnOnce(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Option<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        Ok(rows.next()?.map(row).transpose()?)
    }

    /// Reads clear columns of every row, collected so that no read outlives the call.
    pub(crate) fn all<R>(
        &self,
        sql: &'static str,
        params: impl Params,
        mut row: impl FnMut(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StorageError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(found) = rows.next()? {
            all.push(row(found)?);
        }
        Ok(all)
    }

    /// The hash under which an identifier is looked up in a table: 16 octets that tell nothing without the
    /// file's keys.
    pub(crate) fn lookup(&self, table: Table, identifier: &[u8]) -> [u8; 16] {
        self.ring.borrow().lookup(table.tag(), identifier)
    }

    /// Two numbers as 16 octets that look random to whoever lacks the file's keys.
    pub(crate) fn hide_numbers(&self, first: i64, second: i64) -> [u8; 16] {
        self.ring.borrow().hide_numbers(first, second)
    }

    /// The numbers behind 16 octets: others than were hidden, if we did not make them.
    pub(crate) fn hidden_numbers(&self, octets: [u8; 16]) -> (i64, i64) {
        self.ring.borrow().hidden_numbers(octets)
    }

    /// Deletes the key of a scope: all values sealed in it are unreadable for ever, in this file and in
    /// every copy of it. Delete the rows in the same transaction.
    pub(crate) fn end_scope(&self, scope: Scope) -> Result<(), StorageError> {
        self.writable()?;
        self.ended.set(true);
        self.ring.borrow_mut().end_scope(&self.conn, scope)
    }
}

fn head(sealed: &[u8]) -> Result<[u8; 16], StorageError> {
    sealed.first_chunk().copied().ok_or(StorageError::Corrupt)
}
