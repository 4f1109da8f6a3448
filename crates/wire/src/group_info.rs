//! The `groupInfo` endpoint: a client asks for what an external commit needs.
//!
//! See *mimi-protocol*, "Claim group key information".

use std::fmt;

use comity_room::{RoomUri, Timestamp};
use openmls::prelude::HpkeCiphertext;

use crate::codec::{Codec, Reader, Writer};
use crate::frame::{GroupInfoOctets, MessageKind, MlsOctets, read_message};
use crate::group_state::RatchetTreeOption;
use crate::signing::Signatory;
use crate::{WireError, wire};

/// The body of a request for a room's GroupInfo.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupInfoRequest {
    /// The number of the cipher suite whose algorithms sign request and answer and seal the answer.
    pub cipher_suite: u16,
    /// Who signs this request.
    pub requester: Signatory,
    /// The HPKE public key to seal the answer to. Fresh for every request.
    pub group_info_public_key: Vec<u8>,
    /// `joiningCode`: a secret that shows permission to join. Optional here as in the signed struct.
    pub joining_code: Option<Vec<u8>>,
    /// [`SignWithLabel`](crate::labelled) of [`to_be_signed`](Self::to_be_signed) under [`LABEL`](Self::LABEL).
    pub signature: Vec<u8>,
}

impl GroupInfoRequest {
    /// The label of the signature.
    pub const LABEL: &str = "GroupInfoRequestTBS";

    /// `GroupInfoRequestTBS`: everything but the signature.
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write_unsigned(&mut out);
        out.into_octets()
    }

    fn write_unsigned(&self, out: &mut Writer) {
        let Self {
            cipher_suite,
            requester,
            group_info_public_key,
            joining_code,
            signature: _,
        } = self;
        out.protocol();
        out.write(cipher_suite);
        out.write(requester);
        out.write(group_info_public_key);
        out.optional(joining_code.as_ref());
    }
}

impl fmt::Debug for GroupInfoRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cipher_suite,
            requester,
            group_info_public_key: _,
            joining_code,
            signature: _,
        } = self;
        f.debug_struct("GroupInfoRequest")
            .field("cipher_suite", cipher_suite)
            .field("requester", requester)
            .field("has_joining_code", &joining_code.is_some())
            .finish_non_exhaustive()
    }
}

/// The answer to a request for a room's GroupInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfoResponse {
    /// The room.
    pub room: RoomUri,
    /// The sealed GroupInfo, or why there is none.
    pub status: GroupInfoStatus,
}

/// What the hub decided about a request for a GroupInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupInfoStatus {
    /// Here it is.
    Success(SealedGroupInfo),
    /// The requester may not see it, or the hub does not say why.
    NotAuthorized,
    /// There is no such room.
    NoSuchRoom,
}

/// A GroupInfo with its tree, sealed to the requester and signed by the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedGroupInfo {
    /// The number of the cipher suite whose algorithms sign and seal.
    pub cipher_suite: u16,
    /// The hub, as the group's `external_senders` know it.
    pub hub: Signatory,
    /// [`EncryptWithLabel`](crate::labelled) of a [`GroupInfoRatchetTreeTbe`] under
    /// [`SEAL_LABEL`](GroupInfoResponse::SEAL_LABEL), with the octets of the room URI as context.
    pub ciphertext: HpkeCiphertext,
    /// [`SignWithLabel`](crate::labelled) of [`GroupInfoResponse::to_be_signed`] under
    /// [`LABEL`](GroupInfoResponse::LABEL), with the hub's key.
    pub signature: Vec<u8>,
}

impl GroupInfoResponse {
    /// The label of the signature.
    pub const LABEL: &str = "GroupInfoResponseTBS";
    /// The label of the encryption.
    pub const SEAL_LABEL: &str = "GroupInfo and ratchet_tree encryption";

    /// `GroupInfoResponseTBS`: everything but the signature. Only a success is signed.
    #[must_use]
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write_unsigned(&mut out);
        out.into_octets()
    }

    fn write_unsigned(&self, out: &mut Writer) {
        let Self { room, status } = self;
        out.protocol();
        out.write(room);
        match status {
            GroupInfoStatus::Success(sealed) => {
                let SealedGroupInfo {
                    cipher_suite,
                    hub,
                    ciphertext,
                    signature: _,
                } = sealed;
                out.u8(1);
                out.write(cipher_suite);
                out.write(hub);
                out.opaque(ciphertext.kem_output.as_slice());
                out.opaque(ciphertext.ciphertext.as_slice());
            }
            GroupInfoStatus::NotAuthorized => out.u8(2),
            GroupInfoStatus::NoSuchRoom => out.u8(3),
        }
    }
}

/// What is sealed in the answer: all that an external commit needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfoRatchetTreeTbe {
    /// The GroupInfo of the current epoch, without the `ratchet_tree` extension.
    pub group_info: GroupInfoOctets,
    /// The tree of the current epoch.
    pub ratchet_tree: RatchetTreeOption,
    /// Proposals that wait to be committed in this epoch.
    pub pending: Vec<PendingProposal>,
}

/// A proposal that waits to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingProposal {
    /// The `MLSMessage`, a PublicMessage.
    pub proposal: MlsOctets,
    /// `hub_accepted_time`: when the hub accepted it.
    pub accepted_at: Timestamp,
}

wire!(GroupInfoRequest, GroupInfoResponse, GroupInfoRatchetTreeTbe);

impl Codec for GroupInfoRequest {
    fn write(&self, out: &mut Writer) {
        self.write_unsigned(out);
        out.write(&self.signature);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        Ok(Self {
            cipher_suite: input.read()?,
            requester: input.read()?,
            group_info_public_key: input.read()?,
            joining_code: input.optional()?,
            signature: input.read()?,
        })
    }
}

impl Codec for GroupInfoResponse {
    fn write(&self, out: &mut Writer) {
        self.write_unsigned(out);
        if let GroupInfoStatus::Success(sealed) = &self.status {
            out.write(&sealed.signature);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        let room = input.read()?;
        let status = match input.u8()? {
            1 => GroupInfoStatus::Success(SealedGroupInfo {
                cipher_suite: input.read()?,
                hub: input.read()?,
                ciphertext: HpkeCiphertext {
                    kem_output: input.read::<Vec<u8>>()?.into(),
                    ciphertext: input.read::<Vec<u8>>()?.into(),
                },
                signature: input.read()?,
            }),
            2 => GroupInfoStatus::NotAuthorized,
            3 => GroupInfoStatus::NoSuchRoom,
            other => return Err(input.unknown("GroupInfoCode", other)),
        };
        Ok(Self { room, status })
    }
}

impl Codec for GroupInfoRatchetTreeTbe {
    fn write(&self, out: &mut Writer) {
        let Self {
            group_info,
            ratchet_tree,
            pending,
        } = self;
        out.write(group_info);
        out.write(ratchet_tree);
        out.list(pending);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            group_info: input.read()?,
            ratchet_tree: input.read()?,
            pending: input.list()?,
        })
    }
}

impl Codec for PendingProposal {
    fn write(&self, out: &mut Writer) {
        let Self {
            proposal,
            accepted_at,
        } = self;
        out.write(proposal);
        out.write(accepted_at);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        match read_message(input)? {
            (proposal, MessageKind::Proposal) => Ok(Self {
                proposal,
                accepted_at: input.read()?,
            }),
            (_, found) => Err(WireError::Message { offset, found }),
        }
    }
}
