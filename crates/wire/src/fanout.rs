//! The `notify` endpoint: a hub passes on what it accepted.
//!
//! See *mimi-protocol*, "Fanout Messages and Room Events".

use comity_room::Timestamp;
use openmls::prelude::ProtocolMessage;

use crate::codec::{Codec, MAX_ENTRIES, Reader, Writer};
use crate::frame::{MessageKind, MlsOctets, read_parsed, read_proposals};
use crate::group_state::RatchetTreeOption;
use crate::submit::Frank;
use crate::{WireError, wire};

/// One message as it reaches the clients of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanoutMessage {
    /// When the hub accepted it.
    pub accepted_at: Timestamp,
    /// The `MLSMessage`: a PrivateMessage with application data, a PublicMessage with a proposal or commit, or a Welcome.
    pub message: MlsOctets,
    /// What travels beside a message of its kind.
    pub tail: FanoutTail,
}

/// What travels beside a message, by its kind. Decoding yields the one that fits the message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FanoutTail {
    /// Beside an application message.
    Application {
        /// The hub's stamp.
        frank: Option<Frank>,
    },
    /// Beside a Welcome.
    Welcome {
        /// The tree of the epoch that the Welcome leads to.
        ratchet_tree: RatchetTreeOption,
    },
    /// Beside a proposal.
    Proposal {
        /// `moreProposals`: those that came in the same bundle.
        more: Vec<MlsOctets>,
    },
    /// Beside a commit.
    Commit {
        /// `externalProposals`: the hub's own, made again because an external commit invalidated them.
        external: Vec<MlsOctets>,
    },
}

impl FanoutMessage {
    /// As [`Wire::decode`](crate::Wire::decode), with the message for OpenMLS to work with, if it is one of a group: a large one
    /// takes long to parse, and once is enough.
    ///
    /// # Errors
    /// Those of [`Wire::decode`](crate::Wire::decode).
    pub fn decode_with_message(octets: &[u8]) -> Result<(Self, Option<ProtocolMessage>), WireError> {
        let mut input = Reader::new(octets)?;
        let both = Self::read_both(&mut input)?;
        input.finish()?;
        Ok(both)
    }

    /// Reads messages that stand one behind the other, as a hub may send them.
    ///
    /// # Errors
    /// [`WireError`] if any of them does not decode, or if there is none.
    pub fn decode_all(octets: &[u8]) -> Result<Vec<Self>, WireError> {
        let mut input = Reader::new(octets)?;
        let mut messages = vec![input.read()?];
        while !input.is_empty() {
            if messages.len() == MAX_ENTRIES {
                return Err(WireError::TooMany {
                    offset: input.offset(),
                });
            }
            messages.push(input.read()?);
        }
        Ok(messages)
    }
}

wire!(FanoutMessage);

impl Codec for FanoutMessage {
    fn write(&self, out: &mut Writer) {
        let Self {
            accepted_at,
            message,
            tail,
        } = self;
        out.write(accepted_at);
        out.write(message);
        match tail {
            FanoutTail::Application { frank } => out.optional(frank.as_ref()),
            FanoutTail::Welcome { ratchet_tree } => out.write(ratchet_tree),
            FanoutTail::Proposal { more: proposals } | FanoutTail::Commit { external: proposals } => {
                out.list(proposals);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::read_both(input).map(|(message, _)| message)
    }
}

impl FanoutMessage {
    fn read_both(input: &mut Reader<'_>) -> Result<(Self, Option<ProtocolMessage>), WireError> {
        let accepted_at = input.read()?;
        let offset = input.offset();
        let (message, kind, parsed) = read_parsed(input)?;
        let tail = match kind {
            MessageKind::Application => FanoutTail::Application {
                frank: input.optional()?,
            },
            MessageKind::Welcome => FanoutTail::Welcome {
                ratchet_tree: input.read()?,
            },
            MessageKind::Proposal => FanoutTail::Proposal {
                more: read_proposals(input)?,
            },
            MessageKind::Commit => FanoutTail::Commit {
                external: read_proposals(input)?,
            },
            found => return Err(WireError::Message { offset, found }),
        };
        let message = Self {
            accepted_at,
            message,
            tail,
        };
        Ok((message, parsed))
    }
}
