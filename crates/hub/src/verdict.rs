//! The hub's vocabulary: what a call hands back. It holds no logic.
//!
//! A host reads the rows that [`Inspected::parts`](crate::Inspected::parts) names, calls one function of
//! [`Hub`](crate::Hub), and commits the [`Verdict`] in one transaction if the room's head still has the version that the
//! verdict expects; else it reads again and calls again. Two nodes may therefore race.

use comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp, UserUri};

use crate::refusal::Refusal;
use crate::rows::{Part, Version};

/// What the host commits, sends and answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing has happened until the host commits the writes"]
pub struct Verdict {
    /// Commit only if the room's head still has this version ([`Version::ABSENT`]: if there is no head).
    pub expects: Version,
    /// The rows to write, in one transaction, together with `fanout`. Empty if nothing changed.
    pub writes: Vec<Write>,
    /// What to deliver, at least once and in this order per provider. Queue it in the same transaction.
    pub fanout: Vec<Delivery>,
    /// The answer's body. Send it once the transaction is committed.
    pub reply: Vec<u8>,
    /// What happened, for the host's own books.
    pub facts: Facts,
}

impl Verdict {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.facts {
            Facts::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// One change to the rows of a room. Exhaustive on purpose: a host that does not know one must not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Inserts the row or replaces it.
    Put {
        /// Which row.
        part: Part,
        /// Its octets; opaque to the host.
        value: Vec<u8>,
    },
    /// Deletes the row, if it is there.
    Delete {
        /// Which row.
        part: Part,
    },
    /// Deletes every [`Part::Reply`] whose epoch is `through` or lower.
    ForgetReplies {
        /// The last epoch to forget.
        through: u64,
    },
}

/// One frame for one provider, this hub's own included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub provider: ProviderUri,
    /// The room, which the frame itself does not name.
    pub room: RoomUri,
    /// The octets of one `FanoutMessage`.
    pub frame: Vec<u8>,
    /// Whether devices should be woken for it: messages and Welcomes, not bookkeeping.
    pub urgent: bool,
    /// Which clients of that provider come and go with this frame. It is not part of MIMI's frame; a transport carries it
    /// beside the frame if it can, and [`follow`](crate::follow()) works without it, only less tidily.
    pub roster: RosterChange,
}

/// Clients of one provider that come into the room or leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RosterChange {
    /// Clients that joined.
    pub joined: Vec<ClientUri>,
    /// Clients that are gone after this frame, which they still get.
    pub left: Vec<ClientUri>,
}

impl RosterChange {
    /// Whether nobody comes or goes.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty()
    }
}

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Facts {
    /// A room exists now.
    Created {
        /// Which.
        room: RoomUri,
        /// Who created it.
        creator: ClientUri,
    },
    /// A message was accepted.
    Message {
        /// The user in whose name it was submitted.
        sender: UserUri,
        /// When.
        accepted: Timestamp,
    },
    /// A commit was accepted.
    Commit(CommitAccepted),
    /// Proposals were accepted and wait for a commit.
    Proposals {
        /// Whose.
        sender: ClientUri,
        /// How many wait now.
        pending: usize,
        /// When.
        accepted: Timestamp,
    },
    /// GroupInfo and tree were handed out.
    GroupInfo {
        /// To which client.
        client: ClientUri,
        /// Of which epoch.
        epoch: u64,
    },
    /// The same octets were accepted before; `reply` is the first answer again.
    Repeated,
    /// The previous epoch is in force again.
    SteppedBack(SteppedBack),
    /// Nothing changed.
    Refused(Refusal),
}

/// What an accepted commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitAccepted {
    /// Who committed.
    pub committer: ClientUri,
    /// Whether the committer joined from outside by it.
    pub external: bool,
    /// The epoch that the commit begins.
    pub epoch: u64,
    /// When.
    pub accepted: Timestamp,
    /// Clients that joined.
    pub joined: Vec<ClientUri>,
    /// Clients that are gone.
    pub left: Vec<ClientUri>,
    /// Providers with a client in the room, after it.
    pub providers: Vec<ProviderUri>,
}

/// Which commit was undone, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SteppedBack {
    /// The epoch in force again.
    pub epoch: u64,
    /// SHA-256 of the undone commit.
    pub commit: [u8; 32],
    /// Who committed it.
    pub committer: ClientUri,
    /// Who signed the GroupInfo from which the committer joined, if it joined from outside: a forged `external_pub`
    /// makes an honest joiner's commit unreadable.
    pub group_info_signer: Option<ClientUri>,
    /// Which clients of which provider come back or go, since no frame tells them.
    pub rosters: Vec<(ProviderUri, RosterChange)>,
}
