//! What came back for a request, and what follows from it.
//!
//! Nothing is believed that does not name the hash of what was accepted; anything else counts as no answer.

use std::time::Duration;

use comity_content::MessageId;
use comity_room::Timestamp;
use comity_wire::{
    CreateRoomResponse, GroupInfoResponse, KeyMaterialResponse, PublishKeyPackagesResponse,
    SubmitMessageResponse, UpdateRoomResponse, UpdateVerdict, Wire as _,
};

use crate::error::Error;
use crate::inbound::application::tell;
use crate::inbound::commit::new_epoch;
use crate::rejection::{Advice, Refusal};
use crate::step::{Answer, ClientChange, EventKind, Made, MessageChange, RequestId, RoomChange};
use crate::store::message::{Delivery, FrameAt};
use crate::store::outbox::{Errand, OutboxRow};
use crate::store::room::{Phase, RoomRow};
use crate::store::{message, outbox, room};
use crate::tx::Tx;
use crate::{advertise, change, errands, expiry, join, outbound, timeline};

/// How long we wait before asking again somebody whose answer makes no sense.
const NONSENSE: Duration = Duration::from_secs(30);

/// Records an answer.
pub(crate) fn answer(tx: &mut Tx<'_>, id: RequestId, answer: Answer) -> Result<Option<Made>, Error> {
    let Some(request) = outbox::by_id(tx.store, id)? else {
        return Ok(None);
    };
    match answer {
        Answer::Unreachable { retry_after } => again(tx, request, retry_after)?,
        Answer::Undeliverable => undeliverable(tx, request)?,
        Answer::Body(body) => {
            if !body_came(tx, &request, &body)? {
                again(tx, request, Some(NONSENSE))?;
            }
        }
    }
    Ok(None)
}

fn again(tx: &Tx<'_>, request: OutboxRow, at_least: Option<Duration>) -> Result<(), Error> {
    let due = errands::back_off(tx, request.attempt, at_least)?;
    Ok(outbox::put(tx.store, &OutboxRow { due, ..request })?)
}

/// Handles a body. `false` if it makes no sense as an answer to this request.
fn body_came(tx: &mut Tx<'_>, request: &OutboxRow, body: &[u8]) -> Result<bool, Error> {
    match &request.errand {
        Errand::Message { id, hash } => submitted(tx, request, *id, hash, body),
        Errand::Create { hash } => created(tx, request, hash, body),
        Errand::Commit { hash } => committed(tx, request, hash, body),
        Errand::Leave { hash } => proposed(tx, request, hash, body),
        Errand::KeyMaterial { task, user } => {
            let Ok(response) = KeyMaterialResponse::decode(body) else {
                return Ok(false);
            };
            outbox::delete(tx.store, request.id)?;
            let room = change::invite::material(tx, *task, user, Ok(response))?;
            drive(tx, room)?;
            Ok(true)
        }
        Errand::GroupInfo { private_key } => {
            let Ok(response) = GroupInfoResponse::decode(body) else {
                return Ok(false);
            };
            outbox::delete(tx.store, request.id)?;
            if let Some(row) = lane_room(tx, request)? {
                join::entrance(tx, row, response, private_key)?;
            }
            Ok(true)
        }
        Errand::Publish => published(tx, request, body),
    }
}

fn drive(tx: &mut Tx<'_>, room: Option<RoomRow>) -> Result<(), Error> {
    match room {
        Some(mut row) => errands::drive(tx, &mut row),
        None => Ok(()),
    }
}

fn lane_room(tx: &Tx<'_>, request: &OutboxRow) -> Result<Option<RoomRow>, Error> {
    match &request.lane {
        Some(uri) => Ok(room::by_uri(tx.store, uri)?),
        None => Ok(None),
    }
}

// Messages.

fn submitted(
    tx: &mut Tx<'_>,
    request: &OutboxRow,
    id: MessageId,
    hash: &[u8; 32],
    body: &[u8],
) -> Result<bool, Error> {
    let Ok(response) = SubmitMessageResponse::decode(body) else {
        return Ok(false);
    };
    match response {
        SubmitMessageResponse::Accepted {
            accepted_at,
            accepted,
            ..
        } => {
            if accepted != *hash {
                return Ok(false);
            }
            outbox::delete(tx.store, request.id)?;
            message_accepted(tx, id, accepted_at, None)?;
        }
        SubmitMessageResponse::NotAllowed => {
            outbox::delete(tx.store, request.id)?;
            not_sent(tx, id, Delivery::Refused(Refusal::NotAllowed(String::new())))?;
        }
        SubmitMessageResponse::EpochTooOld { current_epoch } => {
            return epoch_too_old(tx, request, id, current_epoch);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The message is encrypted again in a later epoch: at once if we are there already, else when we get there.
fn epoch_too_old(tx: &mut Tx<'_>, request: &OutboxRow, id: MessageId, current: u64) -> Result<bool, Error> {
    let Some(mut row) = lane_room(tx, request)? else {
        return Ok(true);
    };
    let encrypted_in = message::by_id(tx.store, id)?.map_or(0, |message| message.epoch);
    if current <= row.epoch && encrypted_in >= row.epoch {
        return Ok(false);
    }
    outbound::wait_again(tx, request.id, id)?;
    if current > row.epoch {
        behind(tx, row)?;
    } else {
        errands::drive(tx, &mut row)?;
    }
    Ok(true)
}

/// The hub has accepted a message of ours: now it has its place in the timeline.
///
/// `tie` is that of the frame which came back, if one did.
fn message_accepted(
    tx: &mut Tx<'_>,
    id: MessageId,
    accepted: Timestamp,
    tie: Option<u32>,
) -> Result<(), Error> {
    let Some(mut row) = message::by_id(tx.store, id)? else {
        return Ok(());
    };
    if row.accepted.is_some() {
        return Ok(());
    }
    row.accepted = Some(accepted);
    row.tie = tie.unwrap_or(row.tie);
    row.delivery = Delivery::Accepted;
    if let Some(seconds) = row.expires_after_read
        && !row.erased
    {
        row.expires = Some(accepted.plus(Duration::from_secs(seconds.into())));
        row.erase_due = row.expires;
    }
    let (room_id, root, refolds) = (row.room, row.root, row.root != row.id);
    message::put(tx.store, &row)?;
    let Some(room_row) = room::by_id(tx.store, room_id)? else {
        return Ok(());
    };
    if refolds {
        timeline::moved(tx, &room_row, root)?;
        expiry::erase_if_over(tx, id)?;
    }
    tell(tx, &room_row, id, MessageChange::Accepted)
}

fn not_sent(tx: &mut Tx<'_>, id: MessageId, delivery: Delivery) -> Result<(), Error> {
    let Some(mut row) = message::by_id(tx.store, id)? else {
        return Ok(());
    };
    let Some(room) = room::by_id(tx.store, row.room)? else {
        return Ok(());
    };
    let change = match &delivery {
        Delivery::Refused(refusal) => MessageChange::Refused(refusal.clone()),
        _ => MessageChange::Undeliverable,
    };
    row.delivery = delivery;
    message::put(tx.store, &row)?;
    tell(tx, &room, id, change)
}

/// The hub is ahead of us: fetch, and make no commit for a while.
fn behind(tx: &mut Tx<'_>, mut row: RoomRow) -> Result<(), Error> {
    row.quiet = Some(tx.now.plus(errands::BEHIND));
    let new = !std::mem::replace(&mut row.behind, true);
    room::put(tx.store, &row)?;
    if new {
        tx.tell_room(&row.uri, RoomChange::Behind)?;
    }
    Ok(())
}

/// A message of ours came back before its answer: nobody needs that any more.
pub(crate) fn message_came_back(tx: &mut Tx<'_>, id: MessageId, frame: FrameAt) -> Result<(), Error> {
    outbound::call_off(tx, id)?;
    message_accepted(tx, id, frame.accepted, Some(frame.tie))
}

// Rooms.

fn created(tx: &mut Tx<'_>, request: &OutboxRow, hash: &[u8; 32], body: &[u8]) -> Result<bool, Error> {
    let Ok(response) = CreateRoomResponse::decode(body) else {
        return Ok(false);
    };
    let Some(mut row) = lane_room(tx, request)? else {
        return Ok(true);
    };
    match response {
        CreateRoomResponse::Accepted {
            accepted_at,
            accepted,
        } => {
            if accepted != *hash {
                return Ok(false);
            }
            outbox::delete(tx.store, request.id)?;
            row.phase = Phase::Joined;
            row.hub_time = row.hub_time.max(accepted_at);
            room::put(tx.store, &row)?;
            tx.tell_room(&row.uri, RoomChange::Created)?;
            errands::drive(tx, &mut row)?;
        }
        CreateRoomResponse::AlreadyExists => {
            not_created(tx, request, row, Refusal::NotAllowed("room_exists".to_owned()))?;
        }
        CreateRoomResponse::NotAllowed { description } => {
            not_created(tx, request, row, Refusal::NotAllowed(short(description)))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn not_created(
    tx: &mut Tx<'_>,
    request: &OutboxRow,
    mut row: RoomRow,
    refusal: Refusal,
) -> Result<(), Error> {
    outbox::delete(tx.store, request.id)?;
    errands::unsend(tx, &mut row)?;
    change::abandon_tasks(tx, &mut row, "room_not_created")?;
    outbound::give_up_waiting(tx, &row)?;
    tx.delete_group(&mut row)?;
    row.phase = Phase::Refused;
    room::put(tx.store, &row)?;
    tx.tell_room(&row.uri, RoomChange::Refused(refusal))
}

fn committed(tx: &mut Tx<'_>, request: &OutboxRow, hash: &[u8; 32], body: &[u8]) -> Result<bool, Error> {
    let Ok(response) = UpdateRoomResponse::decode(body) else {
        return Ok(false);
    };
    let Some(mut row) = lane_room(tx, request)? else {
        return Ok(true);
    };
    let ours = row.pending.as_ref().is_some_and(|pending| pending.hash == hash);
    if !ours {
        outbox::delete(tx.store, request.id)?;
        return Ok(true);
    }
    match response.verdict {
        UpdateVerdict::Success {
            accepted_at,
            accepted,
        } => {
            if accepted != *hash {
                return Ok(false);
            }
            commit_accepted(tx, row, accepted_at)?;
        }
        UpdateVerdict::WrongEpoch { .. } if row.phase == Phase::Joining => {
            outbox::delete(tx.store, request.id)?;
            join::fetch_again(tx, &mut row)?;
        }
        UpdateVerdict::WrongEpoch { .. } => {
            // Only: fetch. The commit stays staged until it comes back or another takes its epoch; should neither
            // happen, it is asked for again.
            behind(tx, row)?;
            let due = errands::pause_while_behind(tx, request.attempt);
            outbox::put(
                tx.store,
                &OutboxRow {
                    due,
                    ..request.clone()
                },
            )?;
        }
        UpdateVerdict::InvalidProposal { .. } if row.phase == Phase::Joining => {
            // Somebody has asked to leave since we got the GroupInfo.
            outbox::delete(tx.store, request.id)?;
            join::fetch_again(tx, &mut row)?;
        }
        UpdateVerdict::InvalidProposal { .. } => change::incomplete(tx, &mut row)?,
        UpdateVerdict::NotAllowed => {
            let refusal = Refusal::NotAllowed(short(response.description));
            if row.phase == Phase::Joining {
                outbox::delete(tx.store, request.id)?;
                join::refused(tx, &mut row, refusal)?;
            } else {
                change::refused(tx, &mut row, refusal)?;
                errands::drive(tx, &mut row)?;
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Our staged commit is in force: by the hub's answer, or because it came back.
pub(crate) fn commit_accepted(tx: &mut Tx<'_>, mut row: RoomRow, accepted: Timestamp) -> Result<(), Error> {
    let pending = row.pending.take();
    row.hub_time = row.hub_time.max(accepted);
    if row.phase == Phase::Joining {
        let pending = pending.ok_or(Error::Bug("no commit pending"))?;
        return join::arrived(tx, row, &pending);
    }
    let provider = tx.provider(&row);
    let group = tx.group(&row)?;
    let facts = group.pending_facts()?;
    let ended = group.epoch();
    group.merge_own(&provider)?;
    if let Some(pending) = &pending {
        change::in_force(tx, &mut row, pending)?;
    }
    new_epoch(tx, &mut row, &facts)?;
    row.ended_by_us = Some(ended);
    errands::ahead(tx, &mut row);
    room::put(tx.store, &row)?;
    if row.is_member() {
        errands::drive(tx, &mut row)?;
    }
    Ok(())
}

fn proposed(tx: &mut Tx<'_>, request: &OutboxRow, hash: &[u8; 32], body: &[u8]) -> Result<bool, Error> {
    let Ok(response) = UpdateRoomResponse::decode(body) else {
        return Ok(false);
    };
    if matches!(response.verdict, UpdateVerdict::Success { accepted, .. } if accepted != *hash) {
        return Ok(false);
    }
    outbox::delete(tx.store, request.id)?;
    let Some(mut row) = lane_room(tx, request)? else {
        return Ok(true);
    };
    match response.verdict {
        UpdateVerdict::Success { .. } => {}
        UpdateVerdict::WrongEpoch { current_epoch } if current_epoch > row.epoch => behind(tx, row)?,
        // We have been there meanwhile, and asked again.
        UpdateVerdict::WrongEpoch { .. } => {}
        _ => {
            let refusal = Refusal::NotAllowed(short(response.description));
            change::leave::stay(tx, &mut row, hash, refusal)?;
        }
    }
    Ok(true)
}

// The client itself.

fn published(tx: &mut Tx<'_>, request: &OutboxRow, body: &[u8]) -> Result<bool, Error> {
    let Ok(response) = PublishKeyPackagesResponse::decode(body) else {
        return Ok(false);
    };
    outbox::delete(tx.store, request.id)?;
    match response {
        PublishKeyPackagesResponse::Accepted { held } => tx.tell(EventKind::Client {
            change: ClientChange::KeyPackagesPublished { held },
            advice: Advice::None,
        })?,
        PublishKeyPackagesResponse::Refused { code, .. } => {
            not_published(tx, &request.body, Refusal::NotAllowed(short(code)))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn not_published(tx: &mut Tx<'_>, body: &[u8], refusal: Refusal) -> Result<(), Error> {
    advertise::refused(tx, body)?;
    tx.tell(EventKind::Client {
        change: ClientChange::KeyPackagesRefused(refusal),
        advice: Advice::Wait,
    })
}

/// It never reached anybody.
fn undeliverable(tx: &mut Tx<'_>, request: OutboxRow) -> Result<(), Error> {
    outbox::delete(tx.store, request.id)?;
    match &request.errand {
        Errand::Message { id, .. } => not_sent(tx, *id, Delivery::Undeliverable),
        Errand::Create { .. } => match lane_room(tx, &request)? {
            Some(row) => not_created(tx, &request, row, Refusal::Undeliverable),
            None => Ok(()),
        },
        Errand::Commit { hash } => match lane_room(tx, &request)? {
            Some(mut row) if row.phase == Phase::Joining => {
                join::refused(tx, &mut row, Refusal::Undeliverable)
            }
            Some(mut row) if row.pending.as_ref().is_some_and(|pending| pending.hash == hash) => {
                change::refused(tx, &mut row, Refusal::Undeliverable)?;
                errands::drive(tx, &mut row)
            }
            _ => Ok(()),
        },
        Errand::KeyMaterial { task, user } => {
            let room = change::invite::material(tx, *task, user, Err("undeliverable"))?;
            drive(tx, room)
        }
        Errand::GroupInfo { .. } => match lane_room(tx, &request)? {
            Some(mut row) => join::refused(tx, &mut row, Refusal::Undeliverable),
            None => Ok(()),
        },
        Errand::Leave { hash } => match lane_room(tx, &request)? {
            Some(mut row) => change::leave::stay(tx, &mut row, hash, Refusal::Undeliverable),
            None => Ok(()),
        },
        Errand::Publish => not_published(tx, &request.body, Refusal::Undeliverable),
    }
}

/// A code from the hub, kept to a length that a log can bear.
fn short(code: String) -> String {
    code.chars().filter(|c| c.is_ascii_graphic()).take(64).collect()
}
