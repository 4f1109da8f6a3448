//! How a commit conveys the group it leads to: GroupInfo and ratchet tree, whole or in part.
//!
//! See *mls-ratchet-tree-options*, "Conveying the Ratchet Tree" and "Partial GroupInfo", and *mimi-protocol*, "Update Room
//! State".

use crate::codec::{Codec, Reader, Writer};
use crate::frame::{GroupInfoOctets, RatchetTreeOctets};
use crate::{WireError, wire};

/// The GroupInfo of the epoch that a commit begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupInfoOption {
    /// All of it, without the `ratchet_tree` extension.
    Full(GroupInfoOctets),
    /// What the hub cannot derive from the handshake messages it sees.
    Partial(PartialGroupInfo),
}

/// The parts of a GroupInfo that a hub cannot derive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialGroupInfo {
    /// Whether the GroupInfo has a `ratchet_tree` extension now, and had one in the epoch before.
    pub ratchet_tree: RatchetTreePresence,
    /// Its other extensions, in order.
    pub extensions: Vec<Extension>,
    /// The committer's signature over the whole GroupInfo.
    pub signature: Vec<u8>,
}

/// One MLS extension, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The extension type's number.
    pub extension_type: u16,
    /// The extension's octets.
    pub data: Vec<u8>,
}

/// Whether a GroupInfo has a `ratchet_tree` extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RatchetTreePresence {
    /// Neither now nor in the epoch before.
    None,
    /// Now and in the epoch before.
    Present,
    /// Only in the epoch before.
    Removed,
    /// Only now.
    Added,
}

/// Where the ratchet tree of an epoch is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RatchetTreeOption {
    /// Here.
    Full(RatchetTreeOctets),
    /// At an `https:` URI.
    HttpsUri {
        /// Where to fetch it. Not checked beyond being text.
        uri: String,
        /// The committer's signature over the tree.
        tree_signature: Vec<u8>,
    },
    /// Conveyed by means of the application.
    OutOfBand {
        /// The committer's signature over the tree.
        tree_signature: Vec<u8>,
    },
    /// The hub keeps it up to date from the handshake messages it sees.
    DistributionService,
}

wire!(GroupInfoOption, RatchetTreeOption);

impl Codec for GroupInfoOption {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Full(group_info) => {
                out.u8(1);
                out.write(group_info);
            }
            Self::Partial(partial) => {
                out.u8(2);
                out.write(partial);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match input.u8()? {
            1 => Ok(Self::Full(input.read()?)),
            2 => Ok(Self::Partial(input.read()?)),
            other => Err(input.unknown("GroupInfoRepresentation", other)),
        }
    }
}

impl Codec for PartialGroupInfo {
    fn write(&self, out: &mut Writer) {
        let Self {
            ratchet_tree,
            extensions,
            signature,
        } = self;
        out.write(ratchet_tree);
        out.list(extensions);
        out.write(signature);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            ratchet_tree: input.read()?,
            extensions: input.list()?,
            signature: input.read()?,
        })
    }
}

impl Codec for Extension {
    fn write(&self, out: &mut Writer) {
        let Self { extension_type, data } = self;
        out.write(extension_type);
        out.write(data);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            extension_type: input.read()?,
            data: input.read()?,
        })
    }
}

impl Codec for RatchetTreePresence {
    fn write(&self, out: &mut Writer) {
        out.u8(match self {
            Self::None => 0,
            Self::Present => 1,
            Self::Removed => 2,
            Self::Added => 3,
        });
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match input.u8()? {
            0 => Ok(Self::None),
            1 => Ok(Self::Present),
            2 => Ok(Self::Removed),
            3 => Ok(Self::Added),
            other => Err(input.unknown("RatchetTreePresence", other)),
        }
    }
}

impl Codec for RatchetTreeOption {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Full(tree) => {
                out.u8(1);
                out.write(tree);
            }
            Self::HttpsUri { uri, tree_signature } => {
                out.u8(2);
                out.text(uri);
                out.write(tree_signature);
            }
            Self::OutOfBand { tree_signature } => {
                out.u8(3);
                out.write(tree_signature);
            }
            Self::DistributionService => out.u8(4),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match input.u8()? {
            1 => Ok(Self::Full(input.read()?)),
            2 => Ok(Self::HttpsUri {
                uri: input.text("ratchet_tree_url")?,
                tree_signature: input.read()?,
            }),
            3 => Ok(Self::OutOfBand {
                tree_signature: input.read()?,
            }),
            4 => Ok(Self::DistributionService),
            other => Err(input.unknown("RatchetTreeRepresentation", other)),
        }
    }
}
