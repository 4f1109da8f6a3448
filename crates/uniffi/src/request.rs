//! Requests: bytes to deliver.

use comity::{ProviderUri, RequestId, RoomUri};

use crate::octets::Octets;

/// Bytes to deliver. Post them, and give what comes back to the client's `answer`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Request {
    /// Its name and idempotency key. Posting the same request twice is always allowed.
    pub id: RequestId,
    /// The provider to deliver it to (or to the own provider, which forwards it there).
    pub to: ProviderUri,
    /// Requests of one lane go one at a time, in order; different lanes in parallel.
    pub lane: Option<RoomUri>,
    /// What it is.
    pub kind: RequestKind,
    /// The body, opaque to the host.
    pub body: Octets,
    /// How often it was handed out before.
    pub attempt: u32,
    /// Whether a person is waiting for it.
    pub urgent: bool,
}

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RequestKind {
    /// Create a room at its hub.
    CreateRoom,
    /// A commit or a proposal: MIMI "Update Room State".
    UpdateRoom,
    /// An application message: MIMI "Submit a Message".
    SubmitMessage,
    /// Key packages of a user: MIMI "Fetch Key Material".
    FetchKeyMaterial,
    /// The GroupInfo of a room: MIMI "Fetch GroupInfo".
    FetchGroupInfo,
    /// Own key packages, for the own provider.
    PublishKeyPackages,
    /// A kind that this version does not know.
    Other,
}

impl From<comity::Request> for Request {
    fn from(request: comity::Request) -> Self {
        let comity::Request {
            id,
            to,
            lane,
            kind,
            body,
            attempt,
            urgent,
        } = request;
        Self {
            id,
            to,
            lane,
            kind: kind.into(),
            body: body.into(),
            attempt,
            urgent,
        }
    }
}

impl From<comity::RequestKind> for RequestKind {
    fn from(kind: comity::RequestKind) -> Self {
        match kind {
            comity::RequestKind::CreateRoom => Self::CreateRoom,
            comity::RequestKind::UpdateRoom => Self::UpdateRoom,
            comity::RequestKind::SubmitMessage => Self::SubmitMessage,
            comity::RequestKind::FetchKeyMaterial => Self::FetchKeyMaterial,
            comity::RequestKind::FetchGroupInfo => Self::FetchGroupInfo,
            comity::RequestKind::PublishKeyPackages => Self::PublishKeyPackages,
            _ => Self::Other,
        }
    }
}
