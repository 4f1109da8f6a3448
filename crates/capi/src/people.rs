//! Users that we have met, and tasks that take more than one step.

use std::ffi::c_char;

use comity::{ClientOutcome, Invited, Task, TaskId, TaskState, User};

use crate::event::refusal_detail;
use crate::fault::comity_error;
use crate::guard::guard;
use crate::output::{self, Keep, Shown};
use crate::reader::comity_reader;
use crate::values::{comity_bytes, comity_status, comity_task_id};

/// A client that we have met.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_user_client {
    /// Its URI.
    pub client: *const c_char,
    /// Its signature public key.
    pub key: comity_bytes,
}

/// A user, as far as we have met them. Free it with `comity_user_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_user {
    /// The user's URI.
    pub uri: *const c_char,
    /// Their clients that we have met.
    pub clients: *const *const comity_user_client,
    /// How many.
    pub clients_len: usize,
}

impl Shown for comity_user {}

/// A user, as far as we have met them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_user(
    reader: *const comity_reader,
    uri: *const c_char,
    user: *mut *mut comity_user,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(user)?;
        let User { uri, clients } = call.reader(reader)?.user(&call.user(uri)?)?;
        let mut keep = Keep::new();
        let clients: Vec<_> = clients
            .into_iter()
            .map(|(client, key)| comity_user_client {
                client: keep.word(client.as_ref()),
                key: keep.bytes(key),
            })
            .collect();
        let shown = comity_user {
            uri: keep.word(uri.as_ref()),
            clients_len: clients.len(),
            clients: keep.pointers(clients),
        };
        out.give(shown, keep)
    })
}

/// Frees a user. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_user_free(user: *mut comity_user) {
    output::free(user);
}

/// How far a task has come.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_task_state {
    /// Something that this header does not know.
    Other = 0,
    /// It waits for key packages, for its turn, or for the hub.
    Waiting = 1,
    /// Everything asked for was done.
    Done = 2,
    /// A part of it was done; `invites` says which.
    Partial = 3,
    /// The hub, or the room as it is now, does not allow it: `reason_name` says which rule.
    Refused = 4,
    /// The hub will not take it: `reason`.
    NotTaken = 5,
}

/// What became of one client of an invited user.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_invited_state {
    /// Something that this header does not know.
    Other = 0,
    /// It is about to be added.
    Adding = 1,
    /// It is in the room.
    Added = 2,
    /// It was in the room already.
    Present = 3,
    /// It cannot receive what the room requires: `lacks`.
    CannotReceive = 4,
    /// Its provider has no key package of it left.
    NoKeyPackage = 5,
    /// Its key package cannot be used: `reason_name` says why.
    Unusable = 6,
}

/// What became of one client of an invited user.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_invited_client {
    /// The client.
    pub client: *const c_char,
    /// What became of it.
    pub state: comity_invited_state,
    /// For COMITY_INVITED_STATE_UNUSABLE: why, as a stable code; else NULL.
    pub reason_name: *const c_char,
    /// For COMITY_INVITED_STATE_CANNOT_RECEIVE: the media types that it lacks.
    pub lacks: *const *const c_char,
    /// How many.
    pub lacks_len: usize,
}

/// What became of an invited user.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_invited {
    /// The user.
    pub user: *const c_char,
    /// What became of each of their clients.
    pub clients: *const *const comity_invited_client,
    /// How many.
    pub clients_len: usize,
    /// Why none of their clients could be found, as a stable code; or NULL.
    pub failed: *const c_char,
}

/// What was asked for and takes more than one step. Free it with `comity_task_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_task {
    /// Its name.
    pub id: comity_task_id,
    /// The room it is about.
    pub room: *const c_char,
    /// How far it has come.
    pub state: comity_task_state,
    /// For COMITY_TASK_STATE_NOT_TAKEN: why, one of `comity_code`; else 0.
    pub reason: comity_status,
    /// Why it was refused or not taken, as a stable code; else NULL.
    pub reason_name: *const c_char,
    /// For a refusal that names a rule: that rule, as the hub calls it; else NULL.
    pub reason_detail: *const c_char,
    /// What became of each invited user.
    pub invites: *const *const comity_invited,
    /// How many.
    pub invites_len: usize,
}

impl Shown for comity_task {}

/// How a task stands. `*task` is NULL if there is none of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_task(
    reader: *const comity_reader,
    id: *const comity_task_id,
    task: *mut *mut comity_task,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(task)?;
        let id = TaskId(call.object(id)?.octets);
        let Some(task) = call.reader(reader)?.task(id)? else {
            return Ok(());
        };
        let (shown, keep) = shown(task);
        out.give(shown, keep)
    })
}

/// Frees a task. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_task_free(task: *mut comity_task) {
    output::free(task);
}

fn shown(task: Task) -> (comity_task, Keep) {
    let Task {
        id,
        room,
        state,
        invites,
    } = task;
    let mut keep = Keep::new();
    let invites: Vec<_> = invites.into_iter().map(|one| invited(one, &mut keep)).collect();
    let (reason, name, detail) = match &state {
        TaskState::Refused(rule) => (0, Some(rule.as_str()), None),
        TaskState::NotTaken(refusal) => (refusal.number(), Some(refusal.code()), refusal_detail(refusal)),
        _ => (0, None, None),
    };
    let shown = comity_task {
        id: id.into(),
        room: keep.word(room.as_ref()),
        state: match state {
            TaskState::Waiting => comity_task_state::Waiting,
            TaskState::Done => comity_task_state::Done,
            TaskState::Partial => comity_task_state::Partial,
            TaskState::Refused(_) => comity_task_state::Refused,
            TaskState::NotTaken(_) => comity_task_state::NotTaken,
            _ => comity_task_state::Other,
        },
        reason,
        reason_name: keep.optional_word(name),
        reason_detail: keep.optional_word(detail),
        invites_len: invites.len(),
        invites: keep.pointers(invites),
    };
    (shown, keep)
}

fn invited(invited: Invited, keep: &mut Keep) -> comity_invited {
    let Invited {
        user,
        clients,
        failed,
    } = invited;
    let clients: Vec<_> = clients
        .iter()
        .map(|(client, outcome)| invited_client(client.as_ref(), outcome, keep))
        .collect();
    comity_invited {
        user: keep.word(user.as_ref()),
        clients_len: clients.len(),
        clients: keep.pointers(clients),
        failed: keep.optional_word(failed.as_deref()),
    }
}

fn invited_client(client: &str, outcome: &ClientOutcome, keep: &mut Keep) -> comity_invited_client {
    let (state, reason, lacks) = match outcome {
        ClientOutcome::Adding => (comity_invited_state::Adding, None, None),
        ClientOutcome::Added => (comity_invited_state::Added, None, None),
        ClientOutcome::Present => (comity_invited_state::Present, None, None),
        ClientOutcome::CannotReceive(lacks) => (comity_invited_state::CannotReceive, None, Some(lacks)),
        ClientOutcome::NoKeyPackage => (comity_invited_state::NoKeyPackage, None, None),
        ClientOutcome::Unusable(code) => (comity_invited_state::Unusable, Some(code.as_str()), None),
        _ => (comity_invited_state::Other, None, None),
    };
    let (lacks, lacks_len) = keep.words(lacks.into_iter().flatten().map(ToString::to_string));
    comity_invited_client {
        client: keep.word(client),
        state,
        reason_name: keep.optional_word(reason),
        lacks,
        lacks_len,
    }
}
