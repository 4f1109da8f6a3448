//! What the seal, and the head, have to know of a table.

/// What the seal has to know of a table: one constant in each row module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    tag: u8,
    keys: usize,
    padded: bool,
    due: bool,
    covered: Option<Covered>,
}

/// How the rows of a table that the head covers (see head.rs) are found: the key columns, then the clear columns, and last
/// the sealed value.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Covered {
    /// Every row.
    pub(in crate::store) all: &'static str,
    /// The row of a key.
    pub(in crate::store) one: &'static str,
    /// Whether the rows come in the order of the key, because the table is a tree of keys.
    pub(in crate::store) ordered: bool,
    pub(in crate::store) indexes: &'static [Index],
}

/// An index of a covered table.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Index {
    /// Every entry, in its order.
    pub(in crate::store) all: &'static str,
    /// Which columns of the rows those of the entries are. Rows whose first one is NULL have no entry.
    pub(in crate::store) columns: &'static [usize],
}

impl Table {
    /// A table whose primary key has `keys` columns. `tag` is its name inside seals and must never change
    /// or be reused.
    pub(crate) const fn new(tag: u8, keys: usize) -> Self {
        Self {
            tag,
            keys,
            padded: false,
            due: false,
            covered: None,
        }
    }

    /// As [`Table::new`], but values are padded to a multiple of [`PAD`](super::PAD) octets, so that their length does
    /// not name their kind. For the bodies of messages and of the outbox.
    pub(crate) const fn padded(tag: u8, keys: usize) -> Self {
        Self {
            tag,
            keys,
            padded: true,
            due: false,
            covered: None,
        }
    }

    /// As this one, with a column that says when something is due (see due.rs).
    pub(crate) const fn with_due(self) -> Self {
        Self { due: true, ..self }
    }

    /// As this one, with rows that the head covers.
    pub(in crate::store) const fn covered(self, all: &'static str, one: &'static str) -> Self {
        Self {
            covered: Some(Covered {
                all,
                one,
                ordered: false,
                indexes: &[],
            }),
            ..self
        }
    }

    /// As this one, which is covered, and is a tree of keys (`WITHOUT ROWID`).
    pub(in crate::store) const fn ordered(self) -> Self {
        match self.covered {
            Some(covered) => Self {
                covered: Some(Covered {
                    ordered: true,
                    ..covered
                }),
                ..self
            },
            None => self,
        }
    }

    /// As this one, which is covered, with its indexes.
    pub(in crate::store) const fn indexed(self, indexes: &'static [Index]) -> Self {
        match self.covered {
            Some(covered) => Self {
                covered: Some(Covered { indexes, ..covered }),
                ..self
            },
            None => self,
        }
    }

    pub(in crate::store) const fn coverage(&self) -> Option<Covered> {
        self.covered
    }

    pub(in crate::store) const fn has_due(self) -> bool {
        self.due
    }

    pub(in crate::store) const fn tag(&self) -> u8 {
        self.tag
    }

    pub(in crate::store) const fn keys(&self) -> usize {
        self.keys
    }

    pub(super) const fn is_padded(&self) -> bool {
        self.padded
    }
}
