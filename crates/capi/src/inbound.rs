//! What comes in: frames, answers, the clock.

use std::ffi::c_char;
use std::time::Duration;

use comity::{Answer, Batch, Cursor, Frame, FrameKind, RequestId};

use crate::client::{comity_client, step_of};
use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle};
use crate::input::{invalid, time};
use crate::step::comity_step;
use crate::values::{comity_request_id, comity_status};

/// The kinds of inbound bodies.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum comity_frame_kind {
    /// One MIMI `FanoutMessage`.
    Fanout = 1,
    /// A consent entry. Not used yet: rejected as unsupported.
    Consent = 2,
    /// A notice of the client's own provider. Not used yet: rejected as unsupported.
    Notice = 3,
}

/// Frames in the order in which they arrived. One thread at a time; free it with `comity_batch_free`.
pub struct comity_batch(Batch);

impl Handle for comity_batch {}

/// An empty batch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_batch_new(
    batch: *mut *mut comity_batch,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let empty = Batch {
            frames: Vec::new(),
            cursor: None,
            more: false,
        };
        call.out(batch)?.give_handle(comity_batch(empty))
    })
}

/// Adds a frame; its octets are copied.
///
/// `room`: the room, if the host knows it, or NULL; it must equal the room that the frame itself belongs to. `from`: the provider
/// from whose hub it came, as authenticated by the host, such as "mimi://a.example". `kind`: a comity_frame_kind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_batch_add(
    batch: *mut comity_batch,
    room: *const c_char,
    from: *const c_char,
    kind: u32,
    octets: *const u8,
    octets_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let frame = frame(call, room, from, kind, octets, octets_len)?;
        call.builder(batch)?.0.frames.push(frame);
        Ok(())
    })
}

/// Says where the host's queue stands after this batch. It is stored if and only if the whole batch was taken; a pushed frame must
/// not move it. `position`: in the host's own terms, at most 1,024 octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_batch_set_cursor(
    batch: *mut comity_batch,
    queue: *const c_char,
    position: *const u8,
    position_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let cursor = Cursor {
            queue: call.word(queue)?.to_owned(),
            position: call.octets(position, position_len)?.to_vec(),
        };
        call.builder(batch)?.0.cursor = Some(cursor);
        Ok(())
    })
}

/// Says whether more follows at once: errands (sending what waits, repairs, commits of pending proposals) are postponed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_batch_set_more(
    batch: *mut comity_batch,
    more: bool,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.builder(batch)?.0.more = more;
        Ok(())
    })
}

/// Drops the first frames of a batch: those that a `comity_client_receive` has taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_batch_drop_first(
    batch: *mut comity_batch,
    frames: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let batch = &mut call.builder(batch)?.0;
        batch.frames.drain(..frames.min(batch.frames.len()));
        Ok(())
    })
}

/// How many frames are in a batch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_batch_len(
    batch: *const comity_batch,
    len: *mut usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(len, 0)?;
        call.put(len, call.object(batch)?.0.frames.len())
    })
}

/// Frees a batch. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_batch_free(batch: *mut comity_batch) {
    handle::free(batch);
}

/// Takes frames, in order, in one transaction. A bad frame is finished with a reason; it never blocks the rest.
///
/// `step->frames` has an outcome for each frame taken: fewer than the batch has when interrupted or over budget. Drop those with
/// `comity_batch_drop_first` and call again until the batch is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_receive(
    client: *mut comity_client,
    now: u64,
    batch: *const comity_batch,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let batch = &call.object(batch)?.0;
        step_of(call, client, step, |client| Ok(client.receive(time(now), batch)?))
    })
}

/// Records the body that came back for a request, and does whatever follows from it. Answering twice, or an unknown request, is
/// harmless and gives an empty step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_answer(
    client: *mut comity_client,
    now: u64,
    request: *const comity_request_id,
    body: *const u8,
    body_len: usize,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let request = request_id(call, request)?;
        let answer = Answer::Body(call.octets(body, body_len)?.to_vec());
        step_of(call, client, step, |client| {
            Ok(client.answer(time(now), request, answer)?)
        })
    })
}

/// Records that nobody answered a request. The engine backs off and hands it out again from `comity_client_wake`.
/// `retry_after`: how many milliseconds to wait at least, if the other side said so, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_answer_unreachable(
    client: *mut comity_client,
    now: u64,
    request: *const comity_request_id,
    retry_after: u64,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let request = request_id(call, request)?;
        let retry_after = Some(Duration::from_millis(retry_after)).filter(|wait| !wait.is_zero());
        step_of(call, client, step, |client| {
            Ok(client.answer(time(now), request, Answer::Unreachable { retry_after })?)
        })
    })
}

/// Records that a request will never be delivered: too large, no such hub. Its lane is free for the next one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_answer_undeliverable(
    client: *mut comity_client,
    now: u64,
    request: *const comity_request_id,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let request = request_id(call, request)?;
        step_of(call, client, step, |client| {
            Ok(client.answer(time(now), request, Answer::Undeliverable)?)
        })
    })
}

/// Does what is due: hands out requests again, erases what has expired, renews what must be renewed. Waking early, late or twice
/// is harmless.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_client_wake(
    client: *mut comity_client,
    now: u64,
    step: *mut *mut comity_step,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        step_of(call, client, step, |client| Ok(client.wake(time(now))?))
    })
}

fn request_id(call: &Call, id: *const comity_request_id) -> Result<RequestId, Fault> {
    Ok(RequestId(call.object(id)?.octets))
}

pub(crate) fn frame(
    call: &Call,
    room: *const c_char,
    from: *const c_char,
    kind: u32,
    octets: *const u8,
    len: usize,
) -> Result<Frame, Fault> {
    Ok(Frame {
        room: call.optional_room(room)?,
        from: call.provider(from)?,
        kind: match kind {
            1 => FrameKind::Fanout,
            2 => FrameKind::Consent,
            3 => FrameKind::Notice,
            _ => return Err(invalid("unknown_frame_kind")),
        },
        bytes: call.octets(octets, len)?.to_vec(),
    })
}
