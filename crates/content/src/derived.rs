//! What a receiver knows about a message that the message does not say.
//!
//! See *mimi-content*, "Derived Data Values".

use std::convert::Infallible;

use comity_room::{ClientUri, RoomUri, Timestamp, UserUri};
use minicbor::Encoder;
use thiserror::Error;

use std::time::Duration;

use crate::message_id::MessageId;

/// The seven derived values of a message. Never part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedValues {
    /// The id of the message.
    pub message_id: MessageId,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// The id of the MLS group it came in.
    pub group_id: Vec<u8>,
    /// The leaf of the client that sent it.
    pub leaf_index: u32,
    /// The client that sent it.
    pub client: ClientUri,
    /// The user who sent it.
    pub sender: UserUri,
    /// The room it was sent to.
    pub room: RoomUri,
}

impl DerivedValues {
    /// The draft's CBOR form of these values, for tools that exchange them. It is local: no message carries it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        // Writing to a `Vec` cannot fail.
        drop(self.write(&mut encoder));
        encoder.into_writer()
    }

    fn write(&self, e: &mut Encoder<Vec<u8>>) -> Result<(), minicbor::encode::Error<Infallible>> {
        let Self {
            message_id,
            accepted,
            group_id,
            leaf_index,
            client,
            sender,
            room,
        } = self;
        e.array(7)?
            .bytes(message_id.octets())?
            .u64(accepted.as_millis())?
            .bytes(group_id)?
            .u32(*leaf_index)?
            .str(client.as_str())?
            .str(sender.as_str())?
            .str(room.as_str())?
            .ok()
    }
}

/// How far a hub's clock may be ahead of ours.
const SKEW: Duration = Duration::from_secs(5 * 60);
/// 2023-07-01T00:00:00Z, before which nobody can have sent MIMI content.
const FORMAT_BEGINS: Timestamp = Timestamp::from_millis(1_688_169_600_000);

/// Checks that a hub's accepted timestamp makes sense.
///
/// # Errors
/// [`ImplausibleTime`]. A host whose own clock may be wrong rather flags the message than rejects it.
pub fn check_accepted(
    accepted: Timestamp,
    now: Timestamp,
    room_created: Option<Timestamp>,
) -> Result<(), ImplausibleTime> {
    if accepted > now.plus(SKEW) {
        return Err(ImplausibleTime::Future);
    }
    if accepted < FORMAT_BEGINS {
        return Err(ImplausibleTime::BeforeFormat);
    }
    if room_created.is_some_and(|created| accepted < created) {
        return Err(ImplausibleTime::BeforeRoom);
    }
    Ok(())
}

/// Why an accepted timestamp makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ImplausibleTime {
    /// More than five minutes ahead of our clock.
    #[error("accepted in the future")]
    Future,
    /// Before the format was published.
    #[error("accepted before the format existed")]
    BeforeFormat,
    /// Before the room was created.
    #[error("accepted before the room existed")]
    BeforeRoom,
}

impl ImplausibleTime {
    /// A stable name for the reason.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Future => "accepted_in_the_future",
            Self::BeforeFormat => "accepted_before_format",
            Self::BeforeRoom => "accepted_before_room",
        }
    }
}
