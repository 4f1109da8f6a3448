//! Places in a timeline, and times in columns.

use comity_room::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a message stands in a timeline: the hub's time in milliseconds, then the first octets of its frame's hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub(crate) at: i64,
    pub(crate) tie: i64,
}

impl Position {
    /// Where messages stand that the hub has not accepted yet: behind all others, in the order of writing.
    pub(crate) const UNACCEPTED: i64 = i64::MAX;

    /// Behind everything.
    pub(crate) const BEYOND: Self = Self {
        at: i64::MAX,
        tie: i64::MAX,
    };

    /// As two numbers, for a language face or an app's own database. They sort as positions do, the first one first.
    #[must_use]
    pub const fn numbers(self) -> (i64, i64) {
        (self.at, self.tie)
    }

    /// From what [`Position::numbers`] gave.
    #[must_use]
    pub const fn from_numbers(at: i64, tie: i64) -> Self {
        Self { at, tie }
    }
}

/// A timestamp as a column.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

/// A column as a timestamp.
pub(crate) fn timestamp(column: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(column).unwrap_or(0))
}
