//! Queries about the client itself: its log, its requests, its timer.

use std::ffi::{CString, c_char};
use std::ptr;

use comity::{Cursor, Reader, RequestId, Seq};

use crate::event::{self, comity_events};
use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle, Shared};
use crate::opening::comity_opening;
use crate::output::{self, Keep, Shown};
use crate::request::{self, comity_requests};
use crate::values::{comity_bytes, comity_request_id, comity_status};

/// Answers questions about a client's file, on a connection of its own: it never waits for the client. Any thread, also several at
/// once; then they take turns. Each query sees one state of the file.
pub struct comity_reader {
    reader: Reader,
    user: CString,
    client: CString,
}

impl Handle for comity_reader {}
impl Shared for comity_reader {}

impl comity_reader {
    pub(crate) fn new(reader: Reader) -> Self {
        let (user, client) = reader.identity();
        // A URI has no nulls in it.
        let [user, client] =
            [user.as_ref(), client.as_ref()].map(|uri: &str| CString::new(uri).unwrap_or_default());
        Self { reader, user, client }
    }
}

impl Call {
    pub(crate) fn reader(&self, at: *const comity_reader) -> Result<&Reader, Fault> {
        Ok(&self.shared(at)?.reader)
    }
}

/// Opens a file for queries alone, for instance to count a badge in a process that does nothing else. Free the reader with
/// `comity_reader_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_open(
    opening: *const comity_opening,
    reader: *mut *mut comity_reader,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(reader)?;
        out.give_handle(comity_reader::new(Reader::open(&call.object(opening)?.0)?))
    })
}

/// Frees a reader. NULL is allowed. No thread may be inside a query of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_free(reader: *mut comity_reader) {
    handle::free(reader);
}

/// The URIs of the user and of the client whose file it is. They live as long as the reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_identity(
    reader: *const comity_reader,
    user: *mut *const c_char,
    client: *mut *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(user, ptr::null())?;
        call.put(client, ptr::null())?;
        let reader = call.shared(reader)?;
        call.put(user, reader.user.as_ptr())?;
        call.put(client, reader.client.as_ptr())
    })
}

/// Events after a place in the log (0 for all), oldest first; at most `limit`, and never more than 1,000.
///
/// Numbers have no gaps. The log keeps the last 50,000: an app that was away for longer sees a first number that does not follow
/// its own, and reads rooms and timelines instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_events(
    reader: *const comity_reader,
    after: u64,
    limit: u32,
    events: *mut *mut comity_events,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(events)?;
        let (shown, keep) = event::shown(call.reader(reader)?.events(Seq(after), limit)?);
        out.give(shown, keep)
    })
}

/// Requests that have not been answered, in the order in which they were made, behind the one named, or from the first if `after`
/// is NULL; at most `limit`, and never more than 1,000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_outstanding(
    reader: *const comity_reader,
    after: *const comity_request_id,
    limit: u32,
    requests: *mut *mut comity_requests,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(requests)?;
        let after = call.optional(after).map(|id| RequestId(id.octets));
        let (shown, keep) = request::shown(call.reader(reader)?.outstanding(after, limit)?);
        out.give(shown, keep)
    })
}

/// When to call `comity_client_wake`. `is_set` tells whether there is such a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_wake_at(
    reader: *const comity_reader,
    is_set: *mut bool,
    wake_at: *mut u64,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(is_set, false)?;
        call.put(wake_at, 0)?;
        let at = call.reader(reader)?.wake_at()?;
        call.put(wake_at, at.map_or(0, |at| at.as_millis()))?;
        call.put(is_set, at.is_some())
    })
}

/// A place in a queue of the host's. Free it with `comity_cursor_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_cursor {
    /// The queue's name.
    pub queue: *const c_char,
    /// The place, in the host's own terms.
    pub position: comity_bytes,
}

impl Shown for comity_cursor {}

/// Where a queue of the host's stands. `*cursor` is NULL if nothing was ever stored for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_cursor(
    reader: *const comity_reader,
    queue: *const c_char,
    cursor: *mut *mut comity_cursor,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(cursor)?;
        let Some(Cursor { queue, position }) = call.reader(reader)?.cursor(call.word(queue)?)? else {
            return Ok(());
        };
        let mut keep = Keep::new();
        let shown = comity_cursor {
            queue: keep.word(&queue),
            position: keep.bytes(position),
        };
        out.give(shown, keep)
    })
}

/// Frees a cursor. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_cursor_free(cursor: *mut comity_cursor) {
    output::free(cursor);
}

/// How a client's file is. Nothing in it tells who, what or when: it may be put into any log. Free it with `comity_health_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_health {
    /// The schema of the file.
    pub schema: i64,
    /// The oldest schema that a program must know to use the file.
    pub oldest_reader: i64,
    /// Octets of the database.
    pub octets: u64,
    /// Octets of it that are free.
    pub free_octets: u64,
    /// Octets of the write-ahead log.
    pub log_octets: u64,
    /// Rooms, those that were left included.
    pub rooms: u64,
    /// Messages, those that change others included.
    pub messages: u64,
    /// Messages that wait for something before they are sent.
    pub waiting: u64,
    /// Events in the log.
    pub events: u64,
    /// Requests that nobody has answered.
    pub requests: u64,
    /// Frames that wait for something.
    pub held: u64,
    /// Frames that are remembered as taken.
    pub seen: u64,
    /// Tasks, those that are over included.
    pub tasks: u64,
    /// Clients that we have met.
    pub peers: u64,
    /// What is wrong with the file, as a stable code; NULL if SQLite finds nothing.
    pub damage: *const c_char,
    /// All of it on one line of name=value, those that this header does not know included.
    pub line: *const c_char,
}

impl Shown for comity_health {}

/// How the file is. Looks at the whole file: not for every frame.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_health(
    reader: *const comity_reader,
    health: *mut *mut comity_health,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(health)?;
        let health = call.reader(reader)?.health()?;
        let mut keep = Keep::new();
        let shown = comity_health {
            schema: health.schema,
            oldest_reader: health.oldest_reader,
            octets: health.octets,
            free_octets: health.free,
            log_octets: health.log,
            rooms: health.rooms,
            messages: health.messages,
            waiting: health.waiting,
            events: health.events,
            requests: health.requests,
            held: health.held,
            seen: health.seen,
            tasks: health.tasks,
            peers: health.peers,
            damage: keep.optional_word(health.damage),
            line: keep.word(&health.to_string()),
        };
        out.give(shown, keep)
    })
}

/// Frees a health report. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_health_free(health: *mut comity_health) {
    output::free(health);
}
