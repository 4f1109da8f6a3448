//! A member's commit, delimited and not parsed: which of its octets the membership tag is made of.
//!
//! In a large room a commit has a path of many thousand octets, and to parse one takes longer than to see that no member made it.
//! What a hub may send by the thousand is looked at in this way first. Nothing is read but lengths, the group, the epoch and who says
//! to have sent it.
//!
//! See RFC 9420, "Encoding and Decoding a Public Message", "Content Authentication" and "Commit".

use comity_room::Timestamp;

use crate::WireError;
use crate::codec::{MAX_MLS_LEN, Reader};

/// A commit by a member, in a [`FanoutMessage`](crate::FanoutMessage). Whatever it says is unproven.
#[derive(Clone, Copy)]
pub struct MemberCommit<'a> {
    /// When the hub accepted it, by its own word.
    pub accepted_at: Timestamp,
    /// The group that it names.
    pub group_id: &'a [u8],
    /// The epoch that it names.
    pub epoch: u64,
    /// Version, wire format and `FramedContent`: `AuthenticatedContentTBM` up to the GroupContext.
    pub content: &'a [u8],
    /// `FramedContentAuthData`: `AuthenticatedContentTBM` from behind the GroupContext to its end.
    pub auth: &'a [u8],
    /// What the member says to be the MAC over these.
    pub membership_tag: &'a [u8],
}

/// `ProtocolVersion` mls10 and `WireFormat` mls_public_message.
const PUBLIC_MESSAGE: [u8; 4] = [0, 1, 0, 1];
/// `SenderType` member.
const MEMBER: u8 = 1;
/// `ContentType` commit.
const COMMIT: u8 = 3;
/// `LeafNodeSource` commit, the only one in the path of a commit.
const FROM_COMMIT: u8 = 3;

impl<'a> MemberCommit<'a> {
    /// Finds the commit with which these octets begin. `None` if they begin with anything else, or with a commit that does not decode
    /// either.
    #[must_use]
    pub fn find(fanout: &'a [u8]) -> Option<Self> {
        Self::read(&mut Reader::new(fanout).ok()?).ok().flatten()
    }

    fn read(input: &mut Reader<'a>) -> Result<Option<Self>, WireError> {
        let accepted_at = input.read()?;
        let message = input.rest();
        if input.array()? != PUBLIC_MESSAGE {
            return Ok(None);
        }
        let group_id = input.opaque(MAX_MLS_LEN)?;
        let epoch = input.u64()?;
        let sender = input.u8()?;
        input.take(4)?; // leaf_index
        skip(input)?; // authenticated_data
        if sender != MEMBER || input.u8()? != COMMIT {
            return Ok(None);
        }
        skip(input)?; // proposals
        if input.flag("path")? {
            if !skip_leaf(input)? {
                return Ok(None);
            }
            skip(input)?; // nodes
        }
        let behind = input.rest();
        skip(input)?; // signature
        skip(input)?; // confirmation_tag
        Ok(Some(Self {
            accepted_at,
            group_id,
            epoch,
            content: up_to(message, behind),
            auth: up_to(behind, input.rest()),
            membership_tag: input.opaque(MAX_MLS_LEN)?,
        }))
    }
}

/// Skips the leaf of a path. `false` if its source is not a commit.
fn skip_leaf(input: &mut Reader<'_>) -> Result<bool, WireError> {
    skip(input)?; // encryption_key
    skip(input)?; // signature_key
    input.take(2)?; // credential_type
    skip(input)?; // identity
    for _capability in 0..5 {
        skip(input)?;
    }
    if input.u8()? != FROM_COMMIT {
        return Ok(false);
    }
    skip(input)?; // parent_hash
    skip(input)?; // extensions
    skip(input)?; // signature
    Ok(true)
}

fn skip(input: &mut Reader<'_>) -> Result<(), WireError> {
    input.opaque(MAX_MLS_LEN).map(|_| ())
}

/// What stands before the rest.
fn up_to<'a>(octets: &'a [u8], rest: &[u8]) -> &'a [u8] {
    let length = octets.len().saturating_sub(rest.len());
    octets.get(..length).unwrap_or_default()
}
