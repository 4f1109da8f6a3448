//! What every step of a room reads.

use comity_room::{Advertisement, ClientUri, ProviderUri, RoomUri, Timestamp, UserUri};
use serde::{Deserialize, Serialize};

use super::Position;
use crate::step::{RequestId, TaskId};

/// Where we stand in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Phase {
    /// Created here; the hub has not answered.
    Creating,
    /// In the group, but the person has not accepted.
    Invited,
    /// On the way in by an external commit.
    Joining,
    /// In the room.
    Joined,
    /// In the room, and on the way out.
    Leaving,
    /// Out, by our own wish.
    Left,
    /// Out, by another's.
    Removed,
    /// Our copy cannot follow; `join` heals it.
    Stalled,
    /// The hub refused to create it, or to let us in.
    Refused,
}

/// What the engine keeps of a room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RoomRow {
    #[serde(skip)]
    pub(crate) id: i64,
    /// The scope of its MLS group's rows: another one each time that we join, and 0 while there is none.
    pub(crate) scope: i64,
    pub(crate) uri: RoomUri,
    #[serde(with = "serde_bytes")]
    pub(crate) group: Vec<u8>,
    pub(crate) hub: ProviderUri,
    #[serde(with = "serde_bytes")]
    pub(crate) hub_key: Vec<u8>,
    pub(crate) phase: Phase,
    pub(crate) epoch: u64,
    /// The first epoch in which we are: earlier frames are not for us.
    pub(crate) joined_epoch: u64,
    pub(crate) inviter: Option<UserUri>,
    /// The person has declined the invitation, and nobody has committed our leaving yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) declined: bool,
    /// Our commit that waits for the hub.
    pub(crate) pending: Option<PendingCommit>,
    /// Proposals of this epoch, as frames.
    pub(crate) proposals: Vec<HeldProposal>,
    /// Changes that wait for their turn.
    pub(crate) tasks: Vec<TaskId>,
    /// The distinct advertisements of the members: all that `plan` needs to choose.
    pub(crate) classes: Vec<Advertisement>,
    /// The advertisement that our leaf carries, by its number.
    pub(crate) leaf_advertises: u64,
    /// When our leaf must be renewed at the latest, if it must.
    pub(crate) leaf_due: Option<Timestamp>,
    /// When the proposals are to be committed by us, if nobody else has.
    pub(crate) commit_due: Option<Timestamp>,
    /// The hub seems to be ahead of us, since the present epoch began.
    pub(crate) behind: bool,
    /// Until when we make no commit, because the hub seems to be ahead.
    pub(crate) quiet: Option<Timestamp>,
    /// The epoch that our latest commit ended.
    pub(crate) ended_by_us: Option<u64>,
    /// How many commits of ours are in force whose frames have not come back.
    #[serde(default)]
    pub(crate) unheard: u32,
    /// Something waits to be done as soon as errands are run, and no later than this.
    pub(crate) errand: Option<Timestamp>,
    /// The code to join by, and how often we have tried.
    pub(crate) joining: Option<Joining>,
    /// How many messages have come before the one that they change: no fewer, and 0 if there never were any.
    #[serde(default)]
    pub(crate) orphans: u32,
    /// The position up to which the person has read.
    pub(crate) read_up_to: Position,
    /// The first message before that position which came after it was read, and vanishes after reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) late: Option<Position>,
    /// The latest time that the hub has told us, but for messages; see [`hub_time`].
    pub(crate) hub_time: Timestamp,
    pub(crate) name: String,
}

/// A commit of ours that waits for the hub.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PendingCommit {
    pub(crate) request: RequestId,
    /// SHA-256 of the commit's octets.
    #[serde(with = "serde_bytes")]
    pub(crate) hash: Vec<u8>,
    /// The task that it is for, unless it is housekeeping.
    pub(crate) task: Option<TaskId>,
    /// The number of the advertisement that its leaf carries.
    pub(crate) advertises: u64,
    /// How many proposals it takes up.
    #[serde(default)]
    pub(crate) proposals: usize,
    /// The hub refused it: the next commit of ours may overwrite it, and nothing else ends it early.
    pub(crate) refused: bool,
}

/// An attempt to join from outside.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Joining {
    #[serde(with = "serde_bytes")]
    pub(crate) code: Option<Vec<u8>>,
    pub(crate) tries: u32,
}

impl std::fmt::Debug for Joining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code: _, tries } = self;
        f.debug_struct("Joining")
            .field("tries", tries)
            .finish_non_exhaustive()
    }
}

/// A proposal that waits to be committed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HeldProposal {
    #[serde(with = "serde_bytes")]
    pub(crate) frame: Vec<u8>,
    pub(crate) client: ClientUri,
    pub(crate) user: UserUri,
    /// Whether it is a proposal to leave.
    pub(crate) leaves: bool,
}

impl RoomRow {
    /// A room of which nothing is known but its URI.
    pub(crate) fn blank(uri: RoomUri) -> Self {
        Self {
            id: 0,
            scope: 0,
            group: Vec::new(),
            hub: uri.provider(),
            uri,
            hub_key: Vec::new(),
            phase: Phase::Creating,
            epoch: 0,
            joined_epoch: 0,
            inviter: None,
            declined: false,
            pending: None,
            proposals: Vec::new(),
            tasks: Vec::new(),
            classes: Vec::new(),
            leaf_advertises: 0,
            leaf_due: None,
            commit_due: None,
            behind: false,
            quiet: None,
            ended_by_us: None,
            unheard: 0,
            errand: None,
            joining: None,
            orphans: 0,
            read_up_to: Position::default(),
            late: None,
            hub_time: Timestamp::default(),
            name: String::new(),
        }
    }

    /// The same room in another group: what was said in it, and what of it was read, is still there.
    pub(crate) fn anew(self) -> Self {
        Self {
            id: self.id,
            orphans: self.orphans,
            read_up_to: self.read_up_to,
            late: self.late,
            ..Self::blank(self.uri)
        }
    }

    /// Our commit, while the hub may still take it. There is one at a time.
    pub(crate) fn on_its_way(&self) -> Option<&PendingCommit> {
        self.pending.as_ref().filter(|pending| !pending.refused)
    }

    /// Whether we are in the group, whatever the person has said.
    pub(crate) fn is_member(&self) -> bool {
        matches!(
            self.phase,
            Phase::Creating | Phase::Invited | Phase::Joined | Phase::Leaving
        )
    }

    /// When the room's next errand is due. What could not be run yet is not due: whatever ends that rewrites the self.
    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.phase != Phase::Joined || self.on_its_way().is_some() {
            return self.errand;
        }
        let later = |at: Timestamp| self.quiet.map_or(at, |until| at.max(until));
        let waits = (!self.tasks.is_empty()).then_some(self.quiet).flatten();
        self.errand
            .into_iter()
            .chain(waits)
            .chain(self.leaf_due.map(later))
            .chain(self.commit_due.map(later))
            .min()
    }
}
