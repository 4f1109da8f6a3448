//! The head: one sealed value that says what the rows of the file are as a whole.
//!
//! A seal tells that a row is ours and in its place, not that it is the latest that we put there, nor that no row is
//! missing. So each row that carries safety adds a secret number to a sum: the keyed hash of its place, its clear columns
//! and the nonce of its value. The head holds the sum, and every commit that changes such a row seals a head with it.
//! When the file is opened, the sum is taken over the rows as they lie there: an older value of a row, a row too few or too
//! many, an edited clear column, and any mixture of two states of the file give another one.
//!
//! **Owns** the head and its place: a value of its own among the settings, or, for a message or an event, a column of the
//! row that tells it, because that page is written anyway. The latest counts.
//! **Covers** the tables that say so ([`Table::covered`]), and neither messages nor events nor the contents of messages.
//! **Cannot see** that the file as a whole is an older one.

use std::collections::HashMap;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Params, Row, params_from_iter};

use super::findable::Findable;
use super::seal::{Covered, Place};
use super::{
    Col, RowAt, Scope, StorageError, Store, Table, held, mls, open, outbox, ring, room, small, timer,
};

const HEAD: Table = Table::new(28, 2);
const SCOPE: Scope = Scope::Client;
const NAME: &[u8] = b"head";

/// The tables whose rows are covered.
const COVERED: [Table; 11] = [
    ring::SCOPE_KEY,
    mls::MLS,
    room::ROOM,
    room::VIEW,
    outbox::OUTBOX,
    held::HELD,
    small::SEEN,
    small::TASK,
    small::PEER,
    small::SETTING,
    timer::TIMER,
];

/// Where a head stands. The numbers are part of the file's format.
#[derive(Clone, Copy, Debug)]
pub(super) enum Carrier {
    Setting = 0,
    Message = 1,
    Event = 2,
}

/// What a head says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// How many heads there have been.
    generation: u64,
    /// The sum of the elements of all covered rows.
    sum: u128,
    /// The place of the last request that was ever made (see outbox.rs).
    requests: i64,
}

const LENGTH: usize = 32;

impl State {
    fn octets(&self) -> [u8; LENGTH] {
        let mut octets = [0; LENGTH];
        let parts = self.generation.to_be_bytes().into_iter();
        let parts = parts
            .chain(self.sum.to_be_bytes())
            .chain(self.requests.to_be_bytes());
        octets.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        octets
    }

    fn from_octets(octets: &[u8]) -> Option<Self> {
        let (generation, rest) = octets.split_first_chunk()?;
        let (sum, rest) = rest.split_first_chunk()?;
        Some(Self {
            generation: u64::from_be_bytes(*generation),
            sum: u128::from_be_bytes(*sum),
            requests: i64::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

/// The head in memory, while nobody else writes.
#[derive(Default)]
pub(super) struct Head {
    /// As of the latest statement; `None`: it stands in the file.
    now: Option<State>,
    /// It says something that stands in no head of the file.
    unwritten: bool,
    /// Elements of rows, by table and key; `None`: there is no such row.
    known: HashMap<Vec<u8>, Option<u128>>,
    /// What it was at each savepoint.
    marks: Vec<(Option<State>, bool)>,
}

/// How many elements are remembered.
const REMEMBERED: usize = 1_024;

impl Head {
    /// The head of a new file.
    pub(super) fn of_nothing() -> Self {
        Self {
            now: Some(State::default()),
            unwritten: true,
            ..Self::default()
        }
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn begin(&mut self) {
        self.unwritten = false;
        self.marks.clear();
    }

    fn keep(&mut self, key: Vec<u8>, element: Option<u128>) {
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(key, element);
    }
}

// What rows.rs tells of covered rows.
impl Store {
    /// The element of the row of a key as it stands now, before it is written; `None` if there is none.
    pub(super) fn element_of(&self, table: Table, key: &[Col<'_>]) -> Result<Option<u128>, StorageError> {
        let Some(Covered { one, .. }) = table.coverage() else {
            return Ok(None);
        };
        let known = self.head.borrow().known.get(&name_of(table, key)).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let mut statement = self.conn.prepare_cached(one)?;
        let mut rows = statement.query(params_from_iter(key))?;
        rows.next()?.map(|row| self.element(row, table)).transpose()
    }

    /// A covered row was written: it is `place` with this value now, and what it was before is as [`Store::element_of`] said.
    pub(super) fn replaced(
        &self,
        table: Table,
        key: &[Col<'_>],
        before: Option<u128>,
        (place, sealed): (&Place, &[u8]),
    ) -> Result<(), StorageError> {
        if table.coverage().is_none() {
            return Ok(());
        }
        let after = self.ring.borrow().element(place, sealed);
        self.change(before.unwrap_or(0), after)?;
        self.head.borrow_mut().keep(name_of(table, key), Some(after));
        Ok(())
    }

    /// A covered row was written that was not there.
    pub(super) fn added(&self, at: &RowAt<'_>, sealed: &[u8]) -> Result<(), StorageError> {
        self.replaced(at.table, at.key, None, (&Place::of(at)?, sealed))
    }

    /// Deletes the row of a key with a statement that may ask for more than the key; says whether there was one.
    pub(super) fn delete_one_if(
        &self,
        sql: &'static str,
        table: Table,
        key: &[Col<'_>],
        rest: &[Col<'_>],
    ) -> Result<bool, StorageError> {
        self.writable()?;
        let before = self.element_of(table, key)?;
        let deleted = self.write_quietly(sql, params_from_iter(key.iter().chain(rest)))? > 0;
        if deleted {
            self.change(before.unwrap_or(0), 0)?;
            self.head.borrow_mut().keep(name_of(table, key), None);
        }
        Ok(deleted)
    }

    /// A covered row will be deleted; what it is until then is as [`Store::element_of`] said.
    pub(super) fn removed(
        &self,
        table: Table,
        key: &[Col<'_>],
        before: Option<u128>,
    ) -> Result<(), StorageError> {
        if let Some(before) = before {
            self.change(before, 0)?;
        }
        self.head.borrow_mut().keep(name_of(table, key), None);
        Ok(())
    }

    /// The element of a row that is to be written with a value that begins so.
    pub(super) fn element_at(&self, at: &RowAt<'_>, start: &[u8]) -> Result<u128, StorageError> {
        Ok(self.ring.borrow().element(&Place::of(at)?, start))
    }

    /// Deletes rows with a statement that returns them: key columns, clear columns, and at least the head of the value.
    pub(super) fn delete_sealed(
        &self,
        sql: &'static str,
        table: Table,
        params: impl Params,
    ) -> Result<(), StorageError> {
        self.delete_sealed_that(sql, table, params, |_| Ok(true))
    }

    /// The same, where the head has been told already of some: `counts` says of which it has not.
    pub(super) fn delete_sealed_that(
        &self,
        sql: &'static str,
        table: Table,
        params: impl Params,
        counts: impl Fn(&Row<'_>) -> Result<bool, StorageError>,
    ) -> Result<(), StorageError> {
        self.writable()?;
        if table.has_due() {
            self.forget_due();
        }
        let mut gone = 0_u128;
        {
            let mut statement = self.conn.prepare_cached(sql)?;
            let mut rows = statement.query(params)?;
            while let Some(row) = rows.next()? {
                if counts(row)? {
                    gone = gone.wrapping_add(self.element(row, table)?);
                }
            }
        }
        self.head.borrow_mut().known.clear();
        self.change(gone, 0)
    }

    /// The element of a selected row.
    fn element(&self, row: &Row<'_>, table: Table) -> Result<u128, StorageError> {
        let last = row.as_ref().column_count().saturating_sub(1);
        let mut place = Place::in_table(table);
        for column in 0..last {
            place.push(&Col::try_from(row.get_ref(column)?)?);
        }
        let ValueRef::Blob(sealed) = row.get_ref(last)? else {
            return Err(StorageError::Corrupt);
        };
        Ok(self.ring.borrow().element(&place, sealed))
    }

    fn change(&self, before: u128, after: u128) -> Result<(), StorageError> {
        self.load_head()?;
        let mut head = self.head.borrow_mut();
        if let Some(state) = &mut head.now {
            state.sum = state.sum.wrapping_sub(before).wrapping_add(after);
        }
        head.unwritten = true;
        Ok(())
    }
}

// The head itself.
impl Store {
    /// The place of a new request: behind every request that there has ever been.
    pub(super) fn next_request(&self) -> Result<i64, StorageError> {
        self.writable()?;
        self.load_head()?;
        let mut head = self.head.borrow_mut();
        head.unwritten = true;
        let state = head
            .now
            .as_mut()
            .ok_or(StorageError::Bug("the head was not read"))?;
        state.requests = state.requests.checked_add(1).ok_or(StorageError::Corrupt)?;
        Ok(state.requests)
    }

    /// The place of the last request that was ever made.
    pub(crate) fn last_request(&self) -> Result<i64, StorageError> {
        self.load_head()?;
        Ok(self.head.borrow().now.map_or(0, |state| state.requests))
    }

    /// A request of this file's is known that it does not know of itself: new ones are placed behind it, unless it lies
    /// farther ahead than `far`.
    pub(crate) fn skip_requests(&self, place: i64, far: i64) -> Result<(), StorageError> {
        self.writable()?;
        self.load_head()?;
        let mut head = self.head.borrow_mut();
        if let Some(state) = &mut head.now
            && place > state.requests
            && place <= state.requests.saturating_add(far)
        {
            state.requests = place;
            head.unwritten = true;
        }
        Ok(())
    }

    /// What a row that is about to be written carries as the file's head. It must be the latest of its table.
    pub(super) fn carry(&self, carrier: Carrier, seq: i64) -> Result<Vec<u8>, StorageError> {
        self.writable()?;
        // It may begin the scope, which the head then tells of.
        self.ring.borrow_mut().sealer(&self.conn, SCOPE)?;
        self.settle_scopes()?;
        self.load_head()?;
        let mut state = self
            .head
            .borrow()
            .now
            .ok_or(StorageError::Bug("the head was not read"))?;
        state.generation = state.generation.checked_add(1).ok_or(StorageError::Corrupt)?;
        let place = place_of(carrier, seq)?;
        let sealed = self
            .ring
            .borrow_mut()
            .sealer(&self.conn, SCOPE)?
            .seal_with(&place, |octets| {
                octets.extend_from_slice(&state.octets());
                Ok(())
            })?;
        let mut head = self.head.borrow_mut();
        (head.now, head.unwritten) = (Some(state), false);
        Ok(sealed)
    }

    /// The row that was to carry the head was not written, or one that may carry it is about to be deleted.
    pub(super) fn uncarried(&self) {
        self.head.borrow_mut().unwritten = true;
    }

    /// To be called before the transaction is committed.
    pub(super) fn write_head(&self) -> Result<(), StorageError> {
        self.settle_scopes()?;
        if !self.head.borrow().unwritten {
            return Ok(());
        }
        let sealed = self.carry(Carrier::Setting, 0)?;
        self.write_quietly(
            "INSERT INTO setting (name, sealed) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
            (self.lookup(HEAD, NAME), sealed),
        )?;
        Ok(())
    }

    pub(super) fn mark_head(&self) -> Result<(), StorageError> {
        self.settle_scopes()?;
        let mut head = self.head.borrow_mut();
        let mark = (head.now, head.unwritten);
        head.marks.push(mark);
        Ok(())
    }

    pub(super) fn unmark_head(&self) {
        self.head.borrow_mut().marks.pop();
    }

    pub(super) fn return_head(&self) {
        let mut head = self.head.borrow_mut();
        let mark = head.marks.pop();
        (head.now, head.unwritten) = mark.unwrap_or_default();
        head.known.clear();
    }

    /// As [`Store::verify`], for a connection that was just opened.
    pub(super) fn verify_once(&self) -> Result<(), StorageError> {
        let verified = self.snapshot(Self::verify).map_err(open::while_opening);
        self.seen_version.set(0);
        verified
    }

    /// Whether the rows are those of which the head tells, and can all be found.
    ///
    /// # Errors
    /// [`StorageError::Altered`] if not; [`StorageError::Corrupt`] if a row is not of the shape that we write, or an index
    /// does not fit its table.
    pub(super) fn verify(&self) -> Result<(), StorageError> {
        let mut sum = 0_u128;
        for table in COVERED {
            sum = sum.wrapping_add(self.sum_of(table)?);
        }
        if self.read_head()?.sum == sum {
            Ok(())
        } else {
            Err(StorageError::Altered)
        }
    }

    /// The sum of the elements of a table's rows, all but the head's own.
    fn sum_of(&self, table: Table) -> Result<u128, StorageError> {
        let covered = table
            .coverage()
            .ok_or(StorageError::Bug("a table is not covered"))?;
        let own = (table.tag() == small::SETTING.tag()).then(|| self.lookup(HEAD, NAME));
        let own = own.as_ref().map(|name| ValueRef::Blob(name));
        let mut findable = Findable::new(table, covered);
        let mut sum = 0_u128;
        let mut statement = self.conn.prepare_cached(covered.all)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            findable.note(row)?;
            if own != Some(row.get_ref(0)?) {
                sum = sum.wrapping_add(self.element(row, table)?);
            }
        }
        findable.check(&self.conn)?;
        Ok(sum)
    }

    /// Takes up the scopes that were begun and ended.
    fn settle_scopes(&self) -> Result<(), StorageError> {
        let delta = self.ring.borrow_mut().take_delta();
        if delta == 0 { Ok(()) } else { self.change(0, delta) }
    }

    fn load_head(&self) -> Result<(), StorageError> {
        if self.head.borrow().now.is_none() {
            let state = self.read_head()?;
            self.head.borrow_mut().now = Some(state);
        }
        Ok(())
    }

    /// The latest head in the file.
    fn read_head(&self) -> Result<State, StorageError> {
        let own = self
            .conn
            .prepare_cached("SELECT sealed FROM setting WHERE name = ?1")?
            .query_row([self.lookup(HEAD, NAME)], |row| row.get(0))
            .optional()?
            .ok_or(StorageError::Altered)?;
        let mut found = vec![(Carrier::Setting, 0, own)];
        for (carrier, sql) in [
            (
                Carrier::Message,
                "SELECT seq, head FROM message WHERE seq > 0 ORDER BY seq DESC LIMIT 1",
            ),
            (
                Carrier::Event,
                "SELECT seq, head FROM event ORDER BY seq DESC LIMIT 1",
            ),
        ] {
            let last = self.conn.prepare_cached(sql)?.query_row([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
            });
            if let Some((seq, head)) = last.optional()? {
                // Each row that stands in the log carries one.
                found.push((carrier, seq, head.ok_or(StorageError::Altered)?));
            }
        }
        let mut latest = State::default();
        for (carrier, seq, sealed) in found {
            let place = place_of(carrier, seq)?;
            let octets = self
                .ring
                .borrow_mut()
                .opener(&self.conn, SCOPE)?
                .open(&place, &sealed)?;
            let state = State::from_octets(&octets).ok_or(StorageError::Corrupt)?;
            if state.generation > latest.generation {
                latest = state;
            }
        }
        Ok(latest)
    }
}

fn place_of(carrier: Carrier, seq: i64) -> Result<Place, StorageError> {
    Place::of(&RowAt {
        table: HEAD,
        key: &[Col::Int(carrier as i64), Col::Int(seq)],
        clear: &[],
    })
}

/// A row, as the head remembers it.
fn name_of(table: Table, key: &[Col<'_>]) -> Vec<u8> {
    let mut name = Place::in_table(table);
    key.iter().for_each(|column| name.push(column));
    name.into_octets()
}
