//! The host's clock may jump. What was planned under a clock far ahead is planned anew when it comes back.

use std::time::Duration;

use comity_room::Timestamp;

use crate::error::Error;
use crate::expiry;
use crate::store::outbox::{OutboxRow, WITH_HOST};
use crate::store::timer::{self, Timer};
use crate::store::{outbox, small};
use crate::tx::Tx;

/// A jump back by more than this is one that we act on.
const JUMP: Duration = Duration::from_secs(3_600);
/// How often we note the time.
const NOTE: Duration = Duration::from_secs(1_800);

const LATEST: &str = "latest time";

/// Notices that the clock has gone back since the last time that we were woken.
pub(crate) fn watch(tx: &Tx<'_>) -> Result<(), Error> {
    let latest: Timestamp = small::setting(tx.store, LATEST)?.unwrap_or_default();
    if latest > tx.now.plus(JUMP) {
        went_back(tx)?;
    }
    if latest > tx.now.plus(JUMP) || tx.now > latest.plus(NOTE) {
        small::put_setting(tx.store, LATEST, &tx.now)?;
    }
    Ok(())
}

fn went_back(tx: &Tx<'_>) -> Result<(), Error> {
    expiry::reconsider(tx)?;
    if timer::is_set(tx.store, Timer::KeyPackages)? {
        timer::put(tx.store, Timer::KeyPackages, tx.now)?;
    }
    for row in outbox::after(tx.store, None, u32::MAX)? {
        if row.due < WITH_HOST && row.due > tx.now.plus(JUMP) {
            outbox::put(tx.store, &OutboxRow { due: tx.now, ..row })?;
        }
    }
    Ok(())
}
