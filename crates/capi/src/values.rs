//! Values that pass by value: octets, texts, ids, positions, the status. These never change.

use std::ffi::c_char;

use comity::{MessageId, Position, RequestId, TaskId};

/// What a call came to: 0 (`COMITY_OK`), or why it did nothing, one of `comity_code`.
pub type comity_status = i32;

/// The status of a call that did what was asked.
pub const COMITY_OK: comity_status = 0;

/// Octets that belong to a result: they live as long as it does.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_bytes {
    /// The octets. Null if there are none.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
}

/// A text that belongs to a result: it lives as long as that. It is UTF-8, comes from people, and may hold nulls. One more null
/// stands behind it, which `len` does not count.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_text {
    /// The octets of the text. Never null.
    pub data: *const c_char,
    /// How many there are.
    pub len: usize,
}

/// The name of a message. It is the same for everybody in the room, and for ever.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_message_id {
    /// The octets. The first one names the hash: 1 for SHA-256.
    pub octets: [u8; 32],
}

/// The name of a request, and its idempotency key.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_request_id {
    /// The octets: random.
    pub octets: [u8; 16],
}

/// The name of a task.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_task_id {
    /// The octets: random.
    pub octets: [u8; 16],
}

/// A value that stands in a client's file and, kept by the host, outside of it: see `comity_opening_set_witnesses`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct comity_twin {
    /// The octets: random. They open nothing.
    pub octets: [u8; 16],
}

/// Where a message stands in its room's timeline. Positions sort by `at`, then by `tie`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_position {
    /// The hub's time in milliseconds since 1970; INT64_MAX until the hub has accepted the message.
    pub at: i64,
    /// What decides between messages of the same time.
    pub tie: i64,
}

impl From<MessageId> for comity_message_id {
    fn from(id: MessageId) -> Self {
        Self { octets: *id.octets() }
    }
}

impl From<RequestId> for comity_request_id {
    fn from(RequestId(octets): RequestId) -> Self {
        Self { octets }
    }
}

impl From<TaskId> for comity_task_id {
    fn from(TaskId(octets): TaskId) -> Self {
        Self { octets }
    }
}

impl From<Position> for comity_position {
    fn from(position: Position) -> Self {
        let (at, tie) = position.numbers();
        Self { at, tie }
    }
}

impl From<comity_position> for Position {
    fn from(position: comity_position) -> Self {
        Self::from_numbers(position.at, position.tie)
    }
}
