//! The rows of a room: their keys, their octets, and the set of rows that a host hands in.
//!
//! | row | when it is read | size |
//! |---|---|---|
//! | head | by every call | at most 1 KiB |
//! | participant | by a message and a GroupInfoRequest: the sender's alone | some 100 octets |
//! | reply | by key, before anything else | some 100 octets |
//! | group, tree, group info, proposals | by handshakes and GroupInfoRequests | grows with the room |
//! | roster | by [`follow`](crate::follow()) alone | grows with the provider's own clients |
//!
//! Everything that grows is keyed by its epoch, and the rows of the previous epoch stay: a public group cannot check a
//! membership tag, so a hub must be able to step back when members cannot process what it accepted.
//!
//! Octets are MessagePack with named fields behind one version octet.

use core::fmt;
use std::collections::BTreeMap;

use comity_room::{ProviderUri, RoomUri, Timestamp, UserUri};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The key of a row within its room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// What every call reads and every accepted change writes. The only row whose version is compared.
    Head,
    /// One participant's standing.
    Participant(UserUri),
    /// The GroupContext of an epoch, and who began the epoch.
    Group(u64),
    /// The ratchet tree of an epoch.
    Tree(u64),
    /// The GroupInfo of an epoch.
    GroupInfo(u64),
    /// The proposals that wait in an epoch; no row while none does.
    Proposals(u64),
    /// The verdict on one MLSMessage.
    Reply {
        /// The epoch that the message names.
        epoch: u64,
        /// SHA-256 of its octets.
        message: [u8; 32],
    },
    /// A provider's own clients in the room.
    Roster,
}

/// A readable key, different for every part: `head`, `tree/7`, `reply/7/5f…`, `participant/mimi://…`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("head"),
            Self::Participant(user) => write!(f, "participant/{user}"),
            Self::Group(epoch) => write!(f, "group/{epoch}"),
            Self::Tree(epoch) => write!(f, "tree/{epoch}"),
            Self::GroupInfo(epoch) => write!(f, "group_info/{epoch}"),
            Self::Proposals(epoch) => write!(f, "proposals/{epoch}"),
            Self::Reply { epoch, message } => {
                write!(f, "reply/{epoch}/")?;
                message.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
            Self::Roster => f.write_str("roster"),
        }
    }
}

/// How often a room was changed. A verdict says which version it saw; the host commits it only at that version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version of a room that does not exist.
    pub const ABSENT: Self = Self(0);

    /// The greatest, which takes the most octets.
    pub(crate) const LAST: Self = Self(u64::MAX);

    /// The version that a head row states.
    ///
    /// # Errors
    /// [`Fault::Damaged`] if the octets are not a head.
    pub fn of_head(head: &[u8]) -> Result<Self, Fault> {
        Head::decode(head).map(|head| head.version)
    }

    /// The version after a change; what the host writes into its version column.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number, for a host's version column.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

/// The rows of one room that a host hands in for one call.
#[derive(Clone, Debug)]
pub struct Rows {
    room: RoomUri,
    rows: BTreeMap<Part, Vec<u8>>,
}

impl Rows {
    /// No rows of `room` yet.
    pub fn of(room: RoomUri) -> Self {
        Self {
            room,
            rows: BTreeMap::new(),
        }
    }

    /// Adds a row as the host found it. A row that does not exist is not added.
    #[must_use]
    pub fn with(mut self, part: Part, value: Vec<u8>) -> Self {
        self.rows.insert(part, value);
        self
    }

    /// Adds rows as the host found them; those that do not exist are skipped.
    ///
    /// # Errors
    /// The first of `read`.
    pub fn load<E>(
        mut self,
        parts: &[Part],
        mut read: impl FnMut(&Part) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Self, E> {
        for part in parts {
            if let Some(value) = read(part)? {
                self.rows.insert(part.clone(), value);
            }
        }
        Ok(self)
    }

    /// The room.
    pub fn room(&self) -> &RoomUri {
        &self.room
    }

    pub(crate) fn find<T: Row>(&self, part: &Part) -> Result<Option<T>, Fault> {
        self.rows.get(part).map(|octets| decode(octets)).transpose()
    }

    pub(crate) fn need<T: Row>(&self, part: &Part) -> Result<T, Fault> {
        self.find(part)?.ok_or_else(|| Fault::Missing(part.clone()))
    }

    pub(crate) fn head(&self) -> Result<Option<Head>, Fault> {
        self.find(&Part::Head)
    }
}

/// The host's rows are not what this crate wrote. Nothing was decided; nobody but the host can mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A row that the room must have was not handed in.
    #[error("row {0} is missing")]
    Missing(Part),
    /// A row does not decode, or contradicts another.
    #[error("a {0} row is damaged")]
    Damaged(&'static str),
    /// A row was written by a later version of this crate.
    #[error("a {0} row is from the future")]
    FromTheFuture(&'static str),
    /// What was to be written does not encode.
    #[error("a {0} row does not encode")]
    Unencodable(&'static str),
    /// The crypto provider failed.
    #[error("the crypto provider failed: {0}")]
    Crypto(&'static str),
}

impl Fault {
    /// The stable code of this fault.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "hub_row_missing",
            Self::Damaged(_) => "hub_row_damaged",
            Self::FromTheFuture(_) => "hub_row_from_the_future",
            Self::Unencodable(_) => "hub_row_unencodable",
            Self::Crypto(_) => "hub_crypto",
        }
    }
}

/// What every call reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) version: Version,
    pub(crate) epoch: u64,
    /// The last accepted timestamp: the next is later.
    pub(crate) stamp: Timestamp,
    #[serde(with = "serde_bytes")]
    pub(crate) group_id: Vec<u8>,
    /// Whether the rows of the previous epoch are there to step back to.
    pub(crate) may_step_back: bool,
    /// Every provider with a client in the room, ascending.
    pub(crate) providers: Vec<ProviderUri>,
}

/// A participant's standing, worked out when it changes and not when a message comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParticipantRow {
    pub(crate) role: u32,
    /// How many of the user's clients are members.
    pub(crate) clients: u32,
    /// Whether the role may send messages.
    pub(crate) may_send: bool,
}

/// What OpenMLS wrote of one epoch, except the tree; and who began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupRow {
    #[serde(with = "serde_bytes")]
    pub(crate) context: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(crate) confirmation_tag: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub(crate) interim_transcript_hash: Vec<u8>,
    pub(crate) begun_by: Option<Begun>,
}

/// The commit that began an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) commit: [u8; 32],
    pub(crate) committer: comity_room::ClientUri,
    pub(crate) external: bool,
}

/// OpenMLS's TreeSync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TreeRow {
    #[serde(with = "serde_bytes")]
    pub(crate) tree: Vec<u8>,
}

/// The last committer's GroupInfo, without a tree, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupInfoRow {
    #[serde(with = "serde_bytes")]
    pub(crate) octets: Vec<u8>,
    pub(crate) signer: comity_room::ClientUri,
}

/// The proposals that wait, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProposalsRow {
    pub(crate) pending: Vec<Pending>,
}

/// One proposal that waits for a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Its ProposalRef, as OpenMLS serialises it.
    #[serde(with = "serde_bytes")]
    pub(crate) reference: Vec<u8>,
    /// OpenMLS's QueuedProposal.
    #[serde(with = "serde_bytes")]
    pub(crate) queued: Vec<u8>,
    /// The MLSMessage as it came.
    #[serde(with = "serde_bytes")]
    pub(crate) frame: Vec<u8>,
    pub(crate) accepted: Timestamp,
}

/// The verdict on one MLSMessage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReplyRow {
    /// Who brought it. The same octets from somebody else are a forgery.
    pub(crate) from: ProviderUri,
    /// The answer; `None` once the commit was undone.
    pub(crate) reply: Option<serde_bytes::ByteBuf>,
}

/// A row that this crate reads and writes.
pub(crate) trait Row: Serialize + DeserializeOwned {
    const NAME: &'static str;
}

impl Row for Head {
    const NAME: &'static str = "head";
}
impl Row for ParticipantRow {
    const NAME: &'static str = "participant";
}
impl Row for GroupRow {
    const NAME: &'static str = "group";
}
impl Row for TreeRow {
    const NAME: &'static str = "tree";
}
impl Row for GroupInfoRow {
    const NAME: &'static str = "group info";
}
impl Row for ProposalsRow {
    const NAME: &'static str = "proposals";
}
impl Row for ReplyRow {
    const NAME: &'static str = "reply";
}

impl Head {
    pub(crate) fn decode(octets: &[u8]) -> Result<Self, Fault> {
        decode(octets)
    }

    /// The next accepted timestamp: `now`, or just after the last one if the clock went back.
    pub(crate) fn stamp(&self, now: Timestamp) -> Timestamp {
        now.max(Timestamp::from_millis(self.stamp.as_millis().saturating_add(1)))
    }
}

/// The only format there is so far.
const FORMAT: u8 = 1;

pub(crate) fn encode<T: Row>(row: &T) -> Result<Vec<u8>, Fault> {
    let mut octets = vec![FORMAT];
    pack_into(&mut octets, row).map_err(|_| Fault::Unencodable(T::NAME))?;
    Ok(octets)
}

pub(crate) fn decode<T: Row>(octets: &[u8]) -> Result<T, Fault> {
    match octets.split_first() {
        Some((&FORMAT, body)) => unpack(body).map_err(|_| Fault::Damaged(T::NAME)),
        Some((format, _)) if *format > FORMAT => Err(Fault::FromTheFuture(T::NAME)),
        _ => Err(Fault::Damaged(T::NAME)),
    }
}

/// MessagePack without the format octet, for OpenMLS's own values inside our rows.
pub(crate) fn pack<T: Serialize>(value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let mut octets = Vec::new();
    pack_into(&mut octets, value)?;
    Ok(octets)
}

pub(crate) fn unpack<T: DeserializeOwned>(octets: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    rmp_serde::from_slice(octets)
}

/// Named fields and byte strings: OpenMLS has types that a positional format writes and then cannot read.
fn pack_into<T: Serialize>(octets: &mut Vec<u8>, value: &T) -> Result<(), rmp_serde::encode::Error> {
    let serializer = rmp_serde::Serializer::new(octets).with_struct_map();
    value.serialize(&mut serializer.with_bytes(rmp_serde::config::BytesMode::ForceAll))
}
