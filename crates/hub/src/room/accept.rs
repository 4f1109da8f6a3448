//! What every accepted change writes: the head, one version and one timestamp on, and the answer to remember.

use comity_room::Timestamp;
use openmls_traits::crypto::OpenMlsCrypto;

use super::{Call, Outcome};
use crate::limits::HEAD_OCTETS;
use crate::refusal::Refusal;
use crate::rows::{Head, Part, ReplyRow, Row, Version, encode};
use crate::verdict::Write;

impl<C: OpenMlsCrypto> Call<'_, C> {
    /// The head after a change of `head`, written as the first of the verdict's writes.
    pub(super) fn advance(&self, head: Head) -> Outcome<(Head, Timestamp, Vec<Write>)> {
        let accepted = head.stamp(self.now);
        let head = Head {
            version: head.version.next(),
            stamp: accepted,
            ..head
        };
        let value = encode(&head)?;
        Ok((
            head,
            accepted,
            vec![Write::Put {
                part: Part::Head,
                value,
            }],
        ))
    }

    /// Remembers the answer to a message.
    pub(super) fn remember(&self, part: Part, reply: &[u8]) -> Outcome<Write> {
        let from = self.caller.provider_uri().clone();
        put(
            part,
            &ReplyRow {
                from,
                reply: Some(serde_bytes::ByteBuf::from(reply)),
            },
        )
    }
}

/// Whether the head of a new room or epoch stays within its bounds, however often the room changes afterwards: what the hub has
/// taken in, it never refuses because a number takes another octet.
pub(super) fn head_stays_small(head: &Head) -> Outcome<()> {
    let widest = encode(&Head {
        version: Version::LAST,
        epoch: u64::MAX,
        stamp: Timestamp::from_millis(u64::MAX),
        ..head.clone()
    })?;
    if widest.len() > HEAD_OCTETS {
        return Err(Refusal::TooLarge("head").into());
    }
    Ok(())
}

pub(super) fn put<T: Row>(part: Part, row: &T) -> Outcome<Write> {
    Ok(Write::Put {
        part,
        value: encode(row)?,
    })
}
