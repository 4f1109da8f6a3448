//! A new room: its first GroupInfo and tree, with the creator as the only member.

use comity_mls::{RoomState, check_roster};
use comity_room::missing;
use comity_wire::{CreateRoom, CreateRoomResponse, RatchetTreeOption, Wire as _};
use openmls::group::{ProposalStore, PublicGroup};
use openmls::prelude::CreationFromExternalError;
use openmls_traits::crypto::OpenMlsCrypto;

use super::accept::{head_stays_small, put};
use super::commit::violation;
use super::standing::Standing;
use super::{Call, Outcome};
use crate::inspect::{Endpoint, read};
use crate::refusal::Refusal;
use crate::rows::{Fault, GroupInfoRow, Head, Part, Version};
use crate::store::{GroupStore, StoreError};
use crate::verdict::{Facts, Verdict};

pub(crate) fn create<C: OpenMlsCrypto>(call: &Call<'_, C>, body: &[u8]) -> Result<Verdict, Fault> {
    call.settle(Endpoint::CreateRoom, || accept(call, body))
}

fn accept<C: OpenMlsCrypto>(call: &Call<'_, C>, body: &[u8]) -> Outcome<Verdict> {
    let request: CreateRoom = read(call.limits, Endpoint::CreateRoom, body)?;
    let hash = request.group_info.sha256();
    let part = Part::Reply {
        epoch: 0,
        message: hash,
    };
    if let Some(head) = call.rows.head()? {
        return call
            .repeated(&head, &part)?
            .ok_or_else(|| Refusal::RoomExists.into());
    }
    call.caller.speaks_for_user(&request.user)?;
    call.caller.speaks_for_client(&request.client)?;
    if request.room != *call.rows.room() || request.room.provider() != *call.provider {
        return Err(Refusal::NotANewRoom("room").into());
    }
    let store = GroupStore::default();
    let group = group(call.crypto, &store, &request)?;
    let standing = judge(call, &group, &request)?;

    let head = Head {
        version: Version::ABSENT,
        epoch: 0,
        stamp: comity_room::Timestamp::default(),
        group_id: group.group_id().as_slice().to_vec(),
        may_step_back: false,
        providers: standing.providers.clone(),
    };
    head_stays_small(&head)?;
    let (_, accepted_at, mut writes) = call.advance(head)?;
    let (group_row, tree_row) = store.into_rows(None)?;
    writes.push(put(Part::Group(0), &group_row)?);
    writes.push(put(Part::Tree(0), &tree_row)?);
    let octets = request.group_info.as_slice().to_vec();
    writes.push(put(
        Part::GroupInfo(0),
        &GroupInfoRow {
            octets,
            signer: request.client.clone(),
        },
    )?);
    writes.extend(standing.changes_since(&Standing::default())?);
    let reply = CreateRoomResponse::Accepted {
        accepted_at,
        accepted: hash,
    }
    .encode();
    writes.push(call.remember(part, &reply)?);
    let facts = Facts::Created {
        room: request.room,
        creator: request.client,
    };
    Ok(Verdict {
        expects: Version::ABSENT,
        writes,
        fanout: Vec::new(),
        reply,
        facts,
    })
}

/// The group that the GroupInfo describes, its signatures and tree verified.
fn group(crypto: &impl OpenMlsCrypto, store: &GroupStore, request: &CreateRoom) -> Outcome<PublicGroup> {
    let RatchetTreeOption::Full(tree) = &request.ratchet_tree else {
        return Err(Refusal::TreeMismatch.into());
    };
    let tree = tree.parse().map_err(|_| Refusal::Malformed("ratchet_tree"))?;
    let info = request
        .group_info
        .parse()
        .map_err(|_| Refusal::Malformed("group_info"))?;
    if info.extensions().ratchet_tree().is_some() {
        return Err(Refusal::GroupInfoMismatch("group_info_carries_tree").into());
    }
    if info.extensions().external_pub().is_none() {
        return Err(Refusal::GroupInfoMismatch("group_info_external_pub").into());
    }
    let created = PublicGroup::from_external(crypto, store, tree, info, ProposalStore::new());
    let (group, _) = created.map_err(|error: CreationFromExternalError<StoreError>| match error {
        CreationFromExternalError::InvalidGroupInfoSignature => Refusal::BadSignature,
        CreationFromExternalError::TreeHashMismatch => Refusal::TreeMismatch,
        error => Refusal::InvalidCommit(error.to_string()),
    })?;
    Ok(group)
}

/// A fresh group of this hub's room, whose one member is who it says.
fn judge<C: OpenMlsCrypto>(
    call: &Call<'_, C>,
    group: &PublicGroup,
    request: &CreateRoom,
) -> Outcome<Standing> {
    let (state, leaves) = check_roster(group).map_err(violation)?;
    let RoomState {
        room,
        hub,
        requirement,
        ..
    } = &state;
    if *room != request.room {
        return Err(Refusal::NotANewRoom("room").into());
    }
    if hub.provider != *call.provider || hub.signature_key != call.signature_key {
        return Err(Refusal::InvalidContext("hub").into());
    }
    let [(_, creator)] = &leaves[..] else {
        return Err(Refusal::NotANewRoom("members").into());
    };
    if group.group_context().epoch().as_u64() != 0 {
        return Err(Refusal::NotANewRoom("epoch").into());
    }
    if creator.identity.user != request.user || creator.identity.client != request.client {
        return Err(Refusal::ForeignClient.into());
    }
    let reads_all = creator
        .advertisement
        .as_ref()
        .is_some_and(|types| missing(types, requirement).is_empty());
    if !reads_all {
        return Err(Refusal::MissingMediaTypes.into());
    }
    Ok(Standing::of(&state, [creator]))
}
