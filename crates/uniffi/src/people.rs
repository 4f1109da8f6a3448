//! Users that we have met, and tasks that take more than one step.

use comity::room::MediaType;
use comity::{ClientUri, RoomUri, TaskId, UserUri};

use crate::event::Reason;
use crate::octets::Octets;

/// Whose file it is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Identity {
    /// The user.
    pub user: UserUri,
    /// The client, of the same provider.
    pub client: ClientUri,
}

/// A user, as far as we have met them.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct User {
    /// The user.
    pub uri: UserUri,
    /// Their clients that we have met.
    pub clients: Vec<UserClient>,
}

/// A client that we have met.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct UserClient {
    /// Its URI.
    pub client: ClientUri,
    /// Its signature public key.
    pub key: Octets,
}

/// What was asked for and takes more than one step.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// The room it is about.
    pub room: RoomUri,
    /// How far it has come.
    pub state: TaskState,
    /// What became of each invited user.
    pub invites: Vec<Invited>,
}

/// How far a task has come.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TaskState {
    /// It waits for key packages, for its turn, or for the hub.
    Waiting,
    /// Everything asked for was done.
    Done,
    /// A part of it was done; `invites` says which.
    Partial,
    /// The hub, or the room as it is now, does not allow it.
    Refused {
        /// Which rule, as a stable code.
        rule: String,
    },
    /// The hub will not take it.
    NotTaken {
        /// Why.
        reason: Reason,
    },
    /// Something that this version does not know.
    Other,
}

/// What became of an invited user.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Invited {
    /// The user.
    pub user: UserUri,
    /// What became of each of their clients.
    pub clients: Vec<InvitedClient>,
    /// Why none of their clients could be found, as a stable code.
    pub failed: Option<String>,
}

/// What became of one client of an invited user.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct InvitedClient {
    /// The client.
    pub client: ClientUri,
    /// What became of it.
    pub outcome: ClientOutcome,
}

/// What became of one client of an invited user.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ClientOutcome {
    /// It is about to be added.
    Adding,
    /// It is in the room.
    Added,
    /// It was in the room already.
    Present,
    /// It cannot receive what the room requires.
    CannotReceive {
        /// The media types that it lacks.
        lacks: Vec<MediaType>,
    },
    /// Its provider has no key package of it left.
    NoKeyPackage,
    /// Its key package cannot be used.
    Unusable {
        /// Why, as a stable code.
        why: String,
    },
    /// Something that this version does not know.
    Other,
}

impl From<comity::Identity> for Identity {
    fn from(identity: comity::Identity) -> Self {
        let comity::Identity { user, client } = identity;
        Self { user, client }
    }
}

impl From<comity::User> for User {
    fn from(user: comity::User) -> Self {
        let comity::User { uri, clients } = user;
        let met = |(client, key): (ClientUri, Vec<u8>)| UserClient {
            client,
            key: key.into(),
        };
        Self {
            uri,
            clients: clients.into_iter().map(met).collect(),
        }
    }
}

impl From<comity::Task> for Task {
    fn from(task: comity::Task) -> Self {
        let comity::Task {
            id,
            room,
            state,
            invites,
        } = task;
        Self {
            id,
            room,
            state: state.into(),
            invites: invites.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<comity::TaskState> for TaskState {
    fn from(state: comity::TaskState) -> Self {
        match state {
            comity::TaskState::Waiting => Self::Waiting,
            comity::TaskState::Done => Self::Done,
            comity::TaskState::Partial => Self::Partial,
            comity::TaskState::Refused(rule) => Self::Refused { rule },
            comity::TaskState::NotTaken(refusal) => Self::NotTaken {
                reason: refusal.into(),
            },
            _ => Self::Other,
        }
    }
}

impl From<comity::Invited> for Invited {
    fn from(invited: comity::Invited) -> Self {
        let comity::Invited {
            user,
            clients,
            failed,
        } = invited;
        let one = |(client, outcome): (ClientUri, comity::ClientOutcome)| InvitedClient {
            client,
            outcome: outcome.into(),
        };
        Self {
            user,
            clients: clients.into_iter().map(one).collect(),
            failed,
        }
    }
}

impl From<comity::ClientOutcome> for ClientOutcome {
    fn from(outcome: comity::ClientOutcome) -> Self {
        match outcome {
            comity::ClientOutcome::Adding => Self::Adding,
            comity::ClientOutcome::Added => Self::Added,
            comity::ClientOutcome::Present => Self::Present,
            comity::ClientOutcome::CannotReceive(lacks) => Self::CannotReceive { lacks },
            comity::ClientOutcome::NoKeyPackage => Self::NoKeyPackage,
            comity::ClientOutcome::Unusable(why) => Self::Unusable { why },
            _ => Self::Other,
        }
    }
}
