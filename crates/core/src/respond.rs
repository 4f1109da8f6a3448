//! The answer to an invitation.

use comity_room::RoomUri;

use crate::error::{Error, Misuse};
use crate::step::{Made, Response, RoomChange};
use crate::store::room::{Phase, RoomRow};
use crate::store::{message, room};
use crate::tx::Tx;
use crate::{change, errands};

/// Takes part, or leaves and forgets.
pub(crate) fn respond(tx: &mut Tx<'_>, uri: &RoomUri, response: Response) -> Result<Option<Made>, Error> {
    let mut row = tx.room(uri)?;
    if row.phase != Phase::Invited {
        return Err(Misuse::NotInvited.into());
    }
    match response {
        Response::Accept => accept(tx, &mut row)?,
        Response::Decline => decline(tx, &mut row)?,
    }
    Ok(None)
}

fn accept(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    row.phase = Phase::Joined;
    if !row.proposals.is_empty() {
        errands::commit_soon(tx, row)?;
    }
    room::put(tx.store, row)?;
    tx.tell_room(&row.uri.clone(), RoomChange::Joined)?;
    errands::drive(tx, row)
}

/// The messages that arrived meanwhile are forgotten at once, and of others none is kept; the group when somebody commits our leaving.
fn decline(tx: &mut Tx<'_>, row: &mut RoomRow) -> Result<(), Error> {
    message::delete_room(tx.store, row.id)?;
    row.declined = true;
    change::leave::propose(tx, row)
}
