//! What was asked for and takes more than one step.

use comity_room::{ClientUri, MediaType, RoomUri, UserUri};
use serde::{Deserialize, Serialize};

use crate::rejection::Refusal;
use crate::step::{Change, TaskId};

/// What the engine keeps of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TaskRow {
    pub(crate) id: TaskId,
    pub(crate) room: RoomUri,
    pub(crate) changes: Vec<Change>,
    pub(crate) invites: Vec<InviteRow>,
    pub(crate) state: TaskState,
    /// How often the hub let another commit go first.
    pub(crate) rebuilt: u32,
}

/// One user's invitation within a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InviteRow {
    pub(crate) user: UserUri,
    /// Whether key material was asked for and has not come.
    pub(crate) fetching: bool,
    pub(crate) key_packages: Vec<serde_bytes::ByteBuf>,
    pub(crate) clients: Vec<(ClientUri, ClientOutcome)>,
    pub(crate) failed: Option<String>,
}

/// How far a task has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TaskState {
    /// It waits for key packages, for its turn, or for the hub.
    Waiting,
    /// Everything asked for was done.
    Done,
    /// A part of it was done; `invites` says which.
    Partial,
    /// The hub, or the room as it is now, does not allow it; the code says which rule.
    Refused(String),
    /// The hub will not take it.
    NotTaken(Refusal),
}

/// What became of one client of an invited user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ClientOutcome {
    /// It is about to be added.
    Adding,
    /// It is in the room.
    Added,
    /// It was in the room already.
    Present,
    /// It cannot receive what the room requires.
    CannotReceive(Vec<MediaType>),
    /// Its provider has no key package of it left.
    NoKeyPackage,
    /// Its key package cannot be used; the code says why.
    Unusable(String),
}

/// A task, as a query tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What became of an invited user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The user.
    pub user: UserUri,
    /// What became of each of their clients.
    pub clients: Vec<(ClientUri, ClientOutcome)>,
    /// Why none of their clients could be found, as a stable code.
    pub failed: Option<String>,
}

impl TaskRow {
    pub(crate) fn is_fetching(&self) -> bool {
        self.invites.iter().any(|invite| invite.fetching)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state != TaskState::Waiting
    }

    /// How it stands once its commit is in force.
    pub(crate) fn outcome(&self) -> TaskState {
        let added =
            |outcome: &ClientOutcome| matches!(outcome, ClientOutcome::Added | ClientOutcome::Present);
        let whole = self.invites.iter().all(|invite| {
            !invite.clients.is_empty() && invite.clients.iter().all(|(_, outcome)| added(outcome))
        });
        if whole {
            TaskState::Done
        } else {
            TaskState::Partial
        }
    }
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        let invited = |invite: InviteRow| Invited {
            user: invite.user,
            clients: invite.clients,
            failed: invite.failed,
        };
        Self {
            id: row.id,
            room: row.room,
            state: row.state,
            invites: row.invites.into_iter().map(invited).collect(),
        }
    }
}
