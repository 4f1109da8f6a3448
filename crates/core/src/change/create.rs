//! Creating a room at its hub.

use comity_mls::{Hub, RoomState};
use comity_room::{
    Participant, ParticipantList, Requirement, Roles, RoomMetadata, RoomUri, media_types, missing,
};
use comity_wire::{CreateRoom, MlsOctets, RatchetTreeOption, Wire as _};

use crate::error::{Blocked, Error, Misuse};
use crate::group::Group;
use crate::inbound::commit::view_of;
use crate::provider::Provider;
use crate::step::{Made, NewRoom, RequestKind};
use crate::store::outbox::Errand;
use crate::store::room;
use crate::store::room::{Phase, RoomRow};
use crate::tx::{NewRequest, Tx, random};

/// The longest name of a room, in octets.
const LONGEST_NAME: usize = 1_024;
/// Octets of an Ed25519 public key.
const HUB_KEY: usize = 32;

/// Creates a room with us as its only member. What a hub has refused may be tried again.
pub(crate) fn create_room(tx: &mut Tx<'_>, uri: &RoomUri, new: &NewRoom) -> Result<Option<Made>, Error> {
    let old = room::by_uri(tx.store, uri)?;
    if old.as_ref().is_some_and(|old| old.phase != Phase::Refused) {
        return Err(Misuse::RoomExists.into());
    }
    if new.hub_key.len() != HUB_KEY {
        return Err(Misuse::HubKey.into());
    }
    if new.name.len() > LONGEST_NAME {
        return Err(Misuse::TooLong.into());
    }
    let advertised = tx.advertised()?;
    let requirement = match &new.requirement {
        Some(requirement) => requirement.clone(),
        None => default_requirement()?,
    };
    if !missing(&advertised.media, &requirement).is_empty() {
        return Err(Blocked::CannotRead(vec![tx.me.user.clone()]).into());
    }
    let state = state(tx, uri, new, requirement)?;
    let scope = room::next_id(tx.store)?;
    let provider = Provider::for_room(tx.crypto, tx.store, scope);
    let id = group_id(uri)?;
    let group = Group::create(
        &provider,
        &tx.me.signer,
        &id,
        tx.me.credential(),
        &state,
        tx.me.leaf(&advertised),
    )?;
    let group_info = group.first_group_info(&provider, &tx.me.signer)?;
    let known = match old {
        Some(old) => old,
        None => RoomRow {
            id: room::next_id(tx.store)?,
            ..RoomRow::blank(uri.clone())
        },
    };
    let mut row = RoomRow {
        scope,
        group: id,
        hub_key: new.hub_key.clone(),
        phase: Phase::Creating,
        leaf_advertises: advertised.number,
        ..known.anew()
    };
    let body = body(tx, uri, &group, group_info)?;
    let (state, leaves) = group.roster().map_err(|_| Error::Bug("own room is not sound"))?;
    let view = view_of(&mut row, state, leaves, Vec::new());
    room::put(tx.store, &row)?;
    tx.keep_group(&row, group, view)?;
    let hash = body.group_info.sha256();
    tx.request(NewRequest {
        to: row.hub.clone(),
        lane: Some(uri.clone()),
        kind: RequestKind::CreateRoom,
        body: body.encode(),
        urgent: true,
        errand: Errand::Create { hash },
    })?;
    Ok(Some(Made::Room(uri.clone())))
}

/// MIMI content first, because an empty framing type means the first; then what every MIMI client must receive.
fn default_requirement() -> Result<Requirement, Error> {
    let types = [
        media_types::mimi_content(),
        media_types::text_plain(),
        media_types::markdown(),
    ];
    Requirement::new(types).map_err(|_| Error::Bug("default requirement"))
}

fn state(tx: &Tx<'_>, uri: &RoomUri, new: &NewRoom, requirement: Requirement) -> Result<RoomState, Error> {
    let creator = Participant {
        user: tx.me.user.clone(),
        role: Roles::ADMIN,
    };
    let metadata = RoomMetadata {
        room_uri: uri.as_str().to_owned(),
        name: new.name.clone(),
        ..RoomMetadata::default()
    };
    metadata.check().map_err(|_| Misuse::TooLong)?;
    Ok(RoomState {
        room: uri.clone(),
        hub: Hub {
            provider: uri.provider(),
            signature_key: new.hub_key.clone(),
        },
        participants: ParticipantList::new(vec![creator]).map_err(|_| Error::Bug("participants"))?,
        roles: Roles::standard(),
        metadata,
        requirement,
    })
}

/// `mimi://hub/g/` and sixteen random octets in hex.
fn group_id(uri: &RoomUri) -> Result<Vec<u8>, Error> {
    let mut id = uri.provider().as_str().as_bytes().to_vec();
    id.extend_from_slice(b"/g/");
    for octet in random::<16>()? {
        id.extend([octet >> 4, octet & 15].map(|digit| {
            b"0123456789abcdef"
                .get(usize::from(digit))
                .copied()
                .unwrap_or(b'0')
        }));
    }
    Ok(id)
}

fn body(tx: &Tx<'_>, uri: &RoomUri, group: &Group, group_info: Vec<u8>) -> Result<CreateRoom, Error> {
    let own = Error::Bug("own group octets");
    Ok(CreateRoom {
        room: uri.clone(),
        user: tx.me.user.clone(),
        client: tx.me.client.clone(),
        group_info: MlsOctets::new(group_info).map_err(|_| own.clone())?,
        ratchet_tree: RatchetTreeOption::Full(MlsOctets::new(group.ratchet_tree()?).map_err(|_| own)?),
    })
}
