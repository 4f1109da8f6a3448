//! What a person does: verbs, `now` first, a step last.

use std::ffi::c_char;

use comity::{Allow, Resolution, Response};

use crate::change::{comity_changes, comity_new_room};
use crate::client::{comity_client, step_of};
use crate::fault::{Fault, comity_error};
use crate::guard::guard;
use crate::input::{invalid, time};
use crate::media::comity_supported;
use crate::outgoing::comity_outgoing;
use crate::step::comity_step;
use crate::values::{comity_message_id, comity_position, comity_status};

/// For `comity_client_send`: nothing is accepted that needs to be.
pub const COMITY_ALLOW_NOTHING: u32 = 0;
/// For `comity_client_send`: some participants will not be able to read it.
pub const COMITY_ALLOW_UNREADABLE: u32 = 1;
/// For `comity_client_send`: trust in some participants is broken.
pub const COMITY_ALLOW_BROKEN_TRUST: u32 = 2;

/// What to do with a message that could not be sent.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum comity_resolution {
    /// Send the same octets again.
    Retry = 1,
    /// Forget it, and what we said of it that was not sent either. Should the hub have accepted it without our hearing
    /// of it, others have it.
    Withdraw = 2,
}

/// The answer to an invitation.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum comity_response {
    /// Take part.
    Accept = 1,
    /// Leave and forget.
    Decline = 2,
}

/// Sends a message: the smallest content that gives every client the best alternative it can read. `comity_reader_plan` tells
/// beforehand who will see what. `allow`: COMITY_ALLOW_UNREADABLE and COMITY_ALLOW_BROKEN_TRUST, combined by |.
///
/// `step->made_message` is the message's id, for ever. COMITY_CODE_CANNOT_READ names those who could read none of the
/// alternatives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_send(
    client: *mut comity_client,
    now: u64,
    room: *const c_char,
    outgoing: *const comity_outgoing,
    allow: u32,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let (room, allow) = (call.room(room)?, allow_from(allow)?);
        let outgoing = &call.object(outgoing)?.0;
        step_of(call, client, step, |client| {
            Ok(client.send(time(now), &room, outgoing, allow)?)
        })
    })
}

/// Sends again, or withdraws, a message that the hub has not accepted. `how`: a comity_resolution.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_resolve(
    client: *mut comity_client,
    now: u64,
    message: *const comity_message_id,
    how: u32,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let message = call.message(message)?;
        let how = match how {
            1 => Resolution::Retry,
            2 => Resolution::Withdraw,
            _ => return Err(invalid("unknown_resolution")),
        };
        step_of(call, client, step, |client| {
            Ok(client.resolve(time(now), message, how)?)
        })
    })
}

/// Notes that the person has read the room up to a position: unread counts are reset, and messages that vanish some time after
/// they were read begin to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_read(
    client: *mut comity_client,
    now: u64,
    room: *const c_char,
    up_to: *const comity_position,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let (room, up_to) = (call.room(room)?, *call.object(up_to)?);
        step_of(call, client, step, |client| {
            Ok(client.read(time(now), &room, up_to.into())?)
        })
    })
}

/// Creates a room at the hub that its URI names, such as "mimi://a.example/r/lunch", with us as its only member and administrator.
/// It stands once the hub has accepted it: COMITY_EVENT_KIND_ROOM_CREATED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_create_room(
    client: *mut comity_client,
    now: u64,
    room: *const c_char,
    new_room: *const comity_new_room,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let room = call.room(room)?;
        let new = &call.object(new_room)?.0;
        step_of(call, client, step, |client| {
            Ok(client.create_room(time(now), &room, new)?)
        })
    })
}

/// Changes a room: all the changes in one commit. `comity_reader_task` tells how `step->made_task` goes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_change(
    client: *mut comity_client,
    now: u64,
    room: *const c_char,
    changes: *const comity_changes,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let room = call.room(room)?;
        let changes = &call.object(changes)?.0;
        step_of(call, client, step, |client| {
            Ok(client.change(time(now), &room, changes)?)
        })
    })
}

/// Answers an invitation. Declining leaves the room and forgets it. `response`: a comity_response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_respond(
    client: *mut comity_client,
    now: u64,
    room: *const c_char,
    response: u32,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let room = call.room(room)?;
        let response = match response {
            1 => Response::Accept,
            2 => Response::Decline,
            _ => return Err(invalid("unknown_response")),
        };
        step_of(call, client, step, |client| {
            Ok(client.respond(time(now), &room, response)?)
        })
    })
}

/// Joins from outside: a room of our user's from a new client, or a room that stalled. `code`: a joining code, or NULL and 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_join(
    client: *mut comity_client,
    now: u64,
    room: *const c_char,
    code: *const u8,
    code_len: usize,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let room = call.room(room)?;
        let code = Some(call.octets(code, code_len)?).filter(|code| !code.is_empty());
        step_of(call, client, step, |client| {
            Ok(client.join(time(now), &room, code)?)
        })
    })
}

/// Says what this client can receive from now on: new key packages at once, every room's leaf within a day.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_advertise(
    client: *mut comity_client,
    now: u64,
    supported: *const comity_supported,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let supported = call.object(supported)?.value()?;
        step_of(call, client, step, |client| {
            Ok(client.advertise(time(now), &supported)?)
        })
    })
}

/// Publishes key packages if fewer than enough are `left` at the own provider.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_restock(
    client: *mut comity_client,
    now: u64,
    left: u32,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        step_of(call, client, step, |client| Ok(client.restock(time(now), left)?))
    })
}

/// Forgets events up to and including one: the app has them in its own database. Their numbers are never used again. After a
/// power cut they may be there once more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_forget(
    client: *mut comity_client,
    now: u64,
    up_to: u64,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        step_of(call, client, step, |client| {
            Ok(client.forget(time(now), comity::Seq(up_to))?)
        })
    })
}

fn allow_from(flags: u32) -> Result<Allow, Fault> {
    if flags & !(COMITY_ALLOW_UNREADABLE | COMITY_ALLOW_BROKEN_TRUST) != 0 {
        return Err(invalid("unknown_flag"));
    }
    Ok(Allow {
        unreadable_by: flags & COMITY_ALLOW_UNREADABLE != 0,
        broken_trust: flags & COMITY_ALLOW_BROKEN_TRUST != 0,
    })
}
