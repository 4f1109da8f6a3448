//! Requests: bytes to deliver.

use std::ffi::c_char;

use comity::{Request, RequestKind};

use crate::output::{self, Keep, Shown};
use crate::values::{comity_bytes, comity_request_id};

/// The kinds of requests.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_request_kind {
    /// A kind that this header does not know.
    Other = 0,
    /// Create a room at its hub.
    CreateRoom = 1,
    /// A commit or a proposal: MIMI "Update Room State".
    UpdateRoom = 2,
    /// An application message: MIMI "Submit a Message".
    SubmitMessage = 3,
    /// Key packages of a user: MIMI "Fetch Key Material".
    FetchKeyMaterial = 4,
    /// The GroupInfo of a room: MIMI "Fetch GroupInfo".
    FetchGroupInfo = 5,
    /// Own key packages, for the own provider.
    PublishKeyPackages = 6,
}

/// Bytes to deliver. Post them, and give what comes back to `comity_client_answer`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_request {
    /// Its name and idempotency key. Posting the same request twice is always allowed.
    pub id: comity_request_id,
    /// What it is.
    pub kind: comity_request_kind,
    /// How often it was handed out before.
    pub attempt: u32,
    /// Whether a person is waiting for it.
    pub urgent: bool,
    /// The provider to deliver it to (or to the own provider, which forwards it there).
    pub to: *const c_char,
    /// A room, or NULL. Requests of one lane go one at a time, in order; different lanes in parallel.
    pub lane: *const c_char,
    /// The body, opaque to the host.
    pub body: comity_bytes,
}

/// Requests that have not been answered. Free it with `comity_requests_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_requests {
    /// The requests, in the order in which they were made.
    pub items: *const *const comity_request,
    /// How many.
    pub len: usize,
}

impl Shown for comity_requests {}

/// Frees requests. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_requests_free(requests: *mut comity_requests) {
    output::free(requests);
}

pub(crate) fn shown(requests: Vec<Request>) -> (comity_requests, Keep) {
    let mut keep = Keep::new();
    let shown = comity_requests {
        len: requests.len(),
        items: kept(requests, &mut keep),
    };
    (shown, keep)
}

pub(crate) fn kept(requests: Vec<Request>, keep: &mut Keep) -> *const *const comity_request {
    let shown = requests.into_iter().map(|request| one(request, keep)).collect();
    keep.pointers(shown)
}

fn one(request: Request, keep: &mut Keep) -> comity_request {
    let Request {
        id,
        to,
        lane,
        kind,
        body,
        attempt,
        urgent,
    } = request;
    comity_request {
        id: id.into(),
        kind: kind.into(),
        attempt,
        urgent,
        to: keep.word(to.as_ref()),
        lane: keep.optional_word(lane.as_ref().map(AsRef::as_ref)),
        body: keep.moved_bytes(body),
    }
}

impl From<RequestKind> for comity_request_kind {
    fn from(kind: RequestKind) -> Self {
        match kind {
            RequestKind::CreateRoom => Self::CreateRoom,
            RequestKind::UpdateRoom => Self::UpdateRoom,
            RequestKind::SubmitMessage => Self::SubmitMessage,
            RequestKind::FetchKeyMaterial => Self::FetchKeyMaterial,
            RequestKind::FetchGroupInfo => Self::FetchGroupInfo,
            RequestKind::PublishKeyPackages => Self::PublishKeyPackages,
            _ => Self::Other,
        }
    }
}
