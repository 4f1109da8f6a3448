//! The `update` endpoint: a client changes the room.
//!
//! The accept answer carries one field that the draft does not have, the hash of the commit or proposal accepted, so that a
//! client merges exactly what the hub took.
//!
//! See *mimi-protocol*, "Update Room State".

use comity_room::Timestamp;

use crate::codec::{Codec, Reader, Writer};
use crate::frame::{MessageKind, MlsOctets, WelcomeOctets, read_message, read_proposals};
use crate::group_state::{GroupInfoOption, RatchetTreeOption};
use crate::{WireError, wire};

/// The body of an update: one commit with all that belongs to it, or proposals.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeBundle {
    /// A commit, of a member or from outside.
    Commit {
        /// The `MLSMessage`, a PublicMessage.
        commit: MlsOctets,
        /// For the clients that the commit adds.
        welcome: Option<WelcomeOctets>,
        /// The GroupInfo of the epoch that the commit begins.
        group_info: GroupInfoOption,
        /// The ratchet tree of the epoch that the commit begins.
        ratchet_tree: RatchetTreeOption,
    },
    /// One proposal or several, for somebody else to commit.
    Proposals {
        /// The `MLSMessage`, a PublicMessage.
        proposal: MlsOctets,
        /// Further ones.
        more: Vec<MlsOctets>,
    },
}

impl HandshakeBundle {
    /// The message that the answer's hash is of: the commit, or the first proposal.
    #[must_use]
    pub fn message(&self) -> &MlsOctets {
        match self {
            Self::Commit { commit: message, .. }
            | Self::Proposals {
                proposal: message, ..
            } => message,
        }
    }
}

/// The hub's answer to an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRoomResponse {
    /// What the hub decided.
    pub verdict: UpdateVerdict,
    /// Words for a log, not for a user. May be empty.
    pub description: String,
}

/// What the hub decided about an update.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateVerdict {
    /// `success`: accepted, and on its way to everyone.
    Success {
        /// When the hub accepted it.
        accepted_at: Timestamp,
        /// SHA-256 of the `MLSMessage` accepted, [`HandshakeBundle::message`]. Ours.
        accepted: [u8; 32],
    },
    /// `wrongEpoch`: the group is in another epoch.
    WrongEpoch {
        /// The epoch the hub is in.
        current_epoch: u64,
    },
    /// `notAllowed`: policy or authorization forbids it.
    NotAllowed,
    /// `invalidProposal`: some of the proposals are invalid.
    InvalidProposal {
        /// The `ProposalRef`s of those.
        proposals: Vec<Vec<u8>>,
    },
}

wire!(HandshakeBundle, UpdateRoomResponse);

impl Codec for HandshakeBundle {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Commit {
                commit,
                welcome,
                group_info,
                ratchet_tree,
            } => {
                out.write(commit);
                out.optional(welcome.as_ref());
                out.write(group_info);
                out.write(ratchet_tree);
            }
            Self::Proposals { proposal, more } => {
                out.write(proposal);
                out.list(more);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        match read_message(input)? {
            (commit, MessageKind::Commit) => Ok(Self::Commit {
                commit,
                welcome: input.optional()?,
                group_info: input.read()?,
                ratchet_tree: input.read()?,
            }),
            (proposal, MessageKind::Proposal) => Ok(Self::Proposals {
                proposal,
                more: read_proposals(input)?,
            }),
            (_, found) => Err(WireError::Message { offset, found }),
        }
    }
}

impl Codec for UpdateRoomResponse {
    fn write(&self, out: &mut Writer) {
        let Self { verdict, description } = self;
        out.u8(match verdict {
            UpdateVerdict::Success { .. } => 0,
            UpdateVerdict::WrongEpoch { .. } => 1,
            UpdateVerdict::NotAllowed => 2,
            UpdateVerdict::InvalidProposal { .. } => 3,
        });
        out.text(description);
        match verdict {
            UpdateVerdict::Success {
                accepted_at,
                accepted,
            } => {
                out.write(accepted_at);
                out.raw(accepted);
            }
            UpdateVerdict::WrongEpoch { current_epoch } => out.u64(*current_epoch),
            UpdateVerdict::NotAllowed => {}
            UpdateVerdict::InvalidProposal { proposals } => out.list(proposals),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let code = input.u8()?;
        let unknown = input.unknown("UpdateResponseCode", code);
        let description = input.text("errorDescription")?;
        let verdict = match code {
            0 => UpdateVerdict::Success {
                accepted_at: input.read()?,
                accepted: input.array()?,
            },
            1 => UpdateVerdict::WrongEpoch {
                current_epoch: input.u64()?,
            },
            2 => UpdateVerdict::NotAllowed,
            3 => UpdateVerdict::InvalidProposal {
                proposals: input.list()?,
            },
            _ => return Err(unknown),
        };
        Ok(Self { verdict, description })
    }
}
