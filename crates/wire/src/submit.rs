//! The `submitMessage` endpoint: a client sends an application message.
//!
//! The accept answer carries one field that the draft does not have, the hash of the message accepted.
//!
//! See *mimi-protocol*, "Submit a Message" and "Message Franking".

use comity_room::{Timestamp, UserUri};

use crate::codec::{Codec, Reader, Writer};
use crate::frame::{MessageKind, MlsOctets, read_message};
use crate::{WireError, wire};

/// The body of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitMessageRequest {
    /// The `MLSMessage`, a PrivateMessage with application data.
    pub message: MlsOctets,
    /// `sendingUri`: the user who sends, an active participant.
    pub sender: UserUri,
}

/// The hub's answer to a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitMessageResponse {
    /// `accepted`: on its way to everyone.
    Accepted {
        /// When the hub accepted it: the message's place in the room.
        accepted_at: Timestamp,
        /// The hub's stamp, if the message asked for one.
        frank: Option<Frank>,
        /// SHA-256 of the `MLSMessage` accepted. Ours.
        accepted: [u8; 32],
    },
    /// `notAllowed`: policy or authorization forbids it.
    NotAllowed,
    /// `epochTooOld`: the group has gone on.
    EpochTooOld {
        /// The epoch the hub is in.
        current_epoch: u64,
    },
}

/// The hub's stamp on a message: who sent it where and when, without telling anyone who cannot read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frank {
    /// `server_frank`: the hub's HMAC over franking tag and context. Only the hub can check it.
    pub server_frank: [u8; 32],
    /// The number of the cipher suite whose signature algorithm the hub signed with.
    pub cipher_suite: u16,
    /// `franking_integrity_signature`: the hub's signature, for receivers to check.
    pub integrity_signature: Vec<u8>,
}

wire!(SubmitMessageRequest, SubmitMessageResponse, Frank);

impl Codec for SubmitMessageRequest {
    fn write(&self, out: &mut Writer) {
        let Self { message, sender } = self;
        out.protocol();
        out.write(message);
        out.write(sender);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        let offset = input.offset();
        match read_message(input)? {
            (message, MessageKind::Application) => Ok(Self {
                message,
                sender: input.read()?,
            }),
            (_, found) => Err(WireError::Message { offset, found }),
        }
    }
}

impl Codec for SubmitMessageResponse {
    fn write(&self, out: &mut Writer) {
        out.protocol();
        match self {
            Self::Accepted {
                accepted_at,
                frank,
                accepted,
            } => {
                out.u8(0);
                out.write(accepted_at);
                out.optional(frank.as_ref());
                out.raw(accepted);
            }
            Self::NotAllowed => out.u8(1),
            Self::EpochTooOld { current_epoch } => {
                out.u8(2);
                out.u64(*current_epoch);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.protocol()?;
        match input.u8()? {
            0 => Ok(Self::Accepted {
                accepted_at: input.read()?,
                frank: input.optional()?,
                accepted: input.array()?,
            }),
            1 => Ok(Self::NotAllowed),
            2 => Ok(Self::EpochTooOld {
                current_epoch: input.u64()?,
            }),
            other => Err(input.unknown("SubmitResponseCode", other)),
        }
    }
}

impl Codec for Frank {
    fn write(&self, out: &mut Writer) {
        let Self {
            server_frank,
            cipher_suite,
            integrity_signature,
        } = self;
        out.raw(server_frank);
        out.write(cipher_suite);
        out.write(integrity_signature);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            server_frank: input.array()?,
            cipher_suite: input.read()?,
            integrity_signature: input.read()?,
        })
    }
}
