//! What a body is, before any row is read: enough to limit rates, to find a stored reply, and to load the right rows.

use comity_room::{RoomUri, UserUri};
use comity_wire::{
    CreateRoom, GroupInfoRequest, HandshakeBundle, KeyMaterialRequest, MessageKind, MlsOctets,
    PublishKeyPackages, SubmitMessageRequest, Wire, WireError,
};
use openmls::prelude::{MlsMessageBodyIn, PublicMessageIn, Sender};
use sha2::{Digest as _, Sha256};

use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::rows::{Fault, Head, Part};

/// Which endpoint a body was posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `createRoom`, ours.
    CreateRoom,
    /// `update`: a HandshakeBundle.
    UpdateRoom,
    /// `submitMessage`.
    SubmitMessage,
    /// `groupInfo`.
    GroupInfo,
    /// `keyMaterial`.
    KeyMaterial,
    /// `publishKeyPackages`, ours.
    PublishKeyPackages,
}

/// What a body asks for, as far as its cleartext tells. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// A new room.
    CreateRoom {
        /// Which.
        room: RoomUri,
    },
    /// An application message.
    Message {
        /// In whose name it is submitted.
        sender: UserUri,
        /// Its epoch.
        epoch: u64,
    },
    /// A commit.
    Commit {
        /// Its epoch.
        epoch: u64,
        /// Whether its sender joins from outside by it.
        external: bool,
    },
    /// Proposals.
    Proposals {
        /// The epoch of the first.
        epoch: u64,
        /// How many.
        count: usize,
    },
    /// A wish to join from outside.
    GroupInfo,
    /// A wish for key packages. The hub of the room passes the body on, unchanged, where [`Hub::pass_on`](crate::Hub::pass_on) says.
    KeyMaterial {
        /// Whose key packages.
        target: UserUri,
        /// For which room.
        room: Option<RoomUri>,
    },
    /// New key packages.
    PublishKeyPackages {
        /// How many.
        count: usize,
    },
}

/// What [`Hub::inspect`](crate::Hub::inspect) found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// What it asks for.
    pub class: Class,
    /// Octets of the body.
    pub size: usize,
    /// SHA-256 of what the verdict is remembered by: the MLSMessage, if there is one, else the body.
    pub key: [u8; 32],
}

impl Inspected {
    /// The rows that the call needs besides the head, which the host reads first: `None` if there is none.
    ///
    /// A message names two, whatever the room's size: one participant, and its own stored reply.
    ///
    /// # Errors
    /// [`Fault::Damaged`] if the octets are not a head.
    pub fn parts(&self, head: Option<&[u8]>) -> Result<Vec<Part>, Fault> {
        let Some(head) = head.map(Head::decode).transpose()? else {
            return Ok(Vec::new());
        };
        let epoch = head.epoch;
        let reply = |epoch| Part::Reply {
            epoch,
            message: self.key,
        };
        let group = [Part::Group(epoch), Part::Tree(epoch), Part::Proposals(epoch)];
        Ok(match &self.class {
            Class::CreateRoom { .. } => vec![reply(0)],
            Class::Message { sender, epoch } => vec![Part::Participant(sender.clone()), reply(*epoch)],
            Class::Commit { epoch: own, .. } | Class::Proposals { epoch: own, .. } if *own != epoch => {
                vec![reply(*own)]
            }
            Class::Commit { .. } | Class::Proposals { .. } => {
                group.into_iter().chain([reply(epoch)]).collect()
            }
            Class::GroupInfo => group.into_iter().chain([Part::GroupInfo(epoch)]).collect(),
            Class::KeyMaterial { .. } | Class::PublishKeyPackages { .. } => Vec::new(),
        })
    }

    /// The rows that [`Hub::step_back`](crate::Hub::step_back) needs besides the head.
    ///
    /// # Errors
    /// [`Fault::Damaged`] if the octets are not a head.
    pub fn parts_to_step_back(head: &[u8]) -> Result<Vec<Part>, Fault> {
        let now = Head::decode(head)?.epoch;
        let rows = |epoch| [Part::Group(epoch), Part::Tree(epoch), Part::GroupInfo(epoch)];
        Ok(rows(now)
            .into_iter()
            .chain(now.checked_sub(1).into_iter().flat_map(rows))
            .collect())
    }
}

pub(crate) fn inspect(limits: &Limits, endpoint: Endpoint, body: &[u8]) -> Result<Inspected, Refusal> {
    let (class, key) = match endpoint {
        Endpoint::CreateRoom => {
            let request: CreateRoom = read(limits, endpoint, body)?;
            (
                Class::CreateRoom { room: request.room },
                request.group_info.sha256(),
            )
        }
        Endpoint::SubmitMessage => {
            let request: SubmitMessageRequest = read(limits, endpoint, body)?;
            let epoch = Frame::of(&request.message)?.epoch;
            (
                Class::Message {
                    sender: request.sender,
                    epoch,
                },
                request.message.sha256(),
            )
        }
        Endpoint::UpdateRoom => {
            let bundle: HandshakeBundle = read(limits, endpoint, body)?;
            (class_of(&bundle)?, key_of(&bundle))
        }
        Endpoint::GroupInfo => {
            let _: GroupInfoRequest = read(limits, endpoint, body)?;
            (Class::GroupInfo, sha256(body))
        }
        Endpoint::KeyMaterial => {
            let request: KeyMaterialRequest = read(limits, endpoint, body)?;
            (
                Class::KeyMaterial {
                    target: request.target_user,
                    room: request.room,
                },
                sha256(body),
            )
        }
        Endpoint::PublishKeyPackages => {
            let request: PublishKeyPackages = read(limits, endpoint, body)?;
            (
                Class::PublishKeyPackages {
                    count: request.key_packages.len(),
                },
                sha256(body),
            )
        }
    };
    Ok(Inspected {
        class,
        size: body.len(),
        key,
    })
}

/// Decodes a body within this hub's limits.
pub(crate) fn read<T: Wire>(limits: &Limits, endpoint: Endpoint, body: &[u8]) -> Result<T, Refusal> {
    let limit = match endpoint {
        Endpoint::SubmitMessage => limits.message,
        Endpoint::CreateRoom | Endpoint::UpdateRoom => limits.handshake,
        Endpoint::GroupInfo | Endpoint::KeyMaterial | Endpoint::PublishKeyPackages => limits.request,
    };
    if body.len() > limit {
        return Err(Refusal::TooLarge("body"));
    }
    T::decode(body).map_err(|error| match error {
        WireError::Message { found, .. } => misplaced(endpoint, found),
        WireError::TooLong { .. } | WireError::TooMany { .. } => Refusal::TooLarge(error.code()),
        _ => Refusal::Malformed(error.code()),
    })
}

/// What a bundle's verdict is remembered by: the octets of its messages. The GroupInfo may be made again.
pub(crate) fn key_of(bundle: &HandshakeBundle) -> [u8; 32] {
    match bundle {
        HandshakeBundle::Proposals { proposal, more } => key_of_proposals(proposal, more),
        _ => bundle.message().sha256(),
    }
}

/// SHA-256 of all proposals of a bundle; of the one, if there is one.
pub(crate) fn key_of_proposals(first: &MlsOctets, more: &[MlsOctets]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(first.as_slice());
    more.iter().for_each(|message| hash.update(message.as_slice()));
    hash.finalize().into()
}

/// What the cleartext of a message says about it.
pub(crate) struct Frame {
    pub(crate) group_id: Vec<u8>,
    pub(crate) epoch: u64,
}

impl Frame {
    pub(crate) fn of(message: &MlsOctets) -> Result<Self, Refusal> {
        let malformed = |_| Refusal::Malformed("mls_message");
        let message = message.parse().map_err(malformed)?;
        let protocol = message
            .try_into_protocol_message()
            .map_err(|_| Refusal::Malformed("mls_message"))?;
        Ok(Self {
            group_id: protocol.group_id().as_slice().to_vec(),
            epoch: protocol.epoch().as_u64(),
        })
    }
}

/// The PublicMessage of a handshake.
pub(crate) fn public(message: &MlsOctets) -> Result<PublicMessageIn, Refusal> {
    match message
        .parse()
        .map_err(|_| Refusal::Malformed("mls_message"))?
        .extract()
    {
        MlsMessageBodyIn::PublicMessage(public) => Ok(public),
        _ => Err(Refusal::NotPublic),
    }
}

fn class_of(bundle: &HandshakeBundle) -> Result<Class, Refusal> {
    let message = public(bundle.message())?;
    let epoch = message.epoch().as_u64();
    Ok(match bundle {
        HandshakeBundle::Proposals { more, .. } => Class::Proposals {
            epoch,
            count: more.len().saturating_add(1),
        },
        _ => Class::Commit {
            epoch,
            external: matches!(message.sender(), Sender::NewMemberCommit),
        },
    })
}

/// A message of a kind that has no place at this endpoint.
fn misplaced(endpoint: Endpoint, found: MessageKind) -> Refusal {
    match (endpoint, found) {
        (Endpoint::SubmitMessage, MessageKind::Proposal | MessageKind::Commit | MessageKind::Misplaced) => {
            Refusal::NotPrivate
        }
        (Endpoint::UpdateRoom, MessageKind::Application | MessageKind::Misplaced) => Refusal::NotPublic,
        _ => Refusal::Malformed("wire_unexpected_message"),
    }
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    Sha256::digest(octets).into()
}
