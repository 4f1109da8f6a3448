//! Key packages for an invitation: given with it, or fetched through the room's hub.

use comity_room::{RoomUri, UserUri};
use comity_wire::{
    ClientMaterial, KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode, MlsOctets, Wire as _,
};

use crate::error::Error;
use crate::sign;
use crate::step::{Change, EventKind, RequestKind, TaskChange, TaskId};
use crate::store::outbox::Errand;
use crate::store::room::RoomRow;
use crate::store::{outbox, room, small};
use crate::task::{ClientOutcome, InviteRow, TaskRow};
use crate::tx::{NewRequest, Tx};

/// How many key packages of one user we look at.
const MOST_CLIENTS: usize = 200;

/// The invitations among the changes.
pub(super) fn rows(changes: &[Change]) -> Vec<InviteRow> {
    let invite = |change: &Change| match change {
        Change::Invite {
            user, key_packages, ..
        } => Some(InviteRow {
            user: user.clone(),
            fetching: key_packages.is_empty(),
            key_packages: key_packages
                .iter()
                .cloned()
                .map(serde_bytes::ByteBuf::from)
                .collect(),
            clients: Vec::new(),
            failed: None,
        }),
        _ => None,
    };
    changes.iter().filter_map(invite).collect()
}

/// Asks the hub for the key packages that were not given.
pub(super) fn fetch(tx: &mut Tx<'_>, row: &RoomRow, task: &TaskRow) -> Result<(), Error> {
    let wanted: Vec<UserUri> = task
        .invites
        .iter()
        .filter(|invite| invite.fetching)
        .map(|invite| invite.user.clone())
        .collect();
    for user in wanted {
        let body = request(tx, &row.uri, &user)?;
        tx.request(NewRequest {
            to: row.hub.clone(),
            lane: Some(row.uri.clone()),
            kind: RequestKind::FetchKeyMaterial,
            body,
            urgent: true,
            errand: Errand::KeyMaterial { task: task.id, user },
        })?;
    }
    Ok(())
}

fn request(tx: &Tx<'_>, room: &RoomUri, user: &UserUri) -> Result<Vec<u8>, Error> {
    let required = comity_mls::context::required_capabilities();
    let mut request = KeyMaterialRequest {
        requesting_user: tx.me.user.clone(),
        target_user: user.clone(),
        room: Some(room.clone()),
        cipher_suites: vec![comity_mls::CIPHER_SUITE.into()],
        required_capabilities: MlsOctets::of(&required).map_err(|_| Error::Bug("required capabilities"))?,
        requester: sign::signatory(tx.me)?,
        signature: Vec::new(),
    };
    request.signature = sign::with_label(tx.me, KeyMaterialRequest::LABEL, &request.to_be_signed())?;
    Ok(request.encode())
}

/// Nobody needs the key packages of a task any more.
pub(super) fn call_off(tx: &Tx<'_>, id: TaskId) -> Result<(), Error> {
    for request in outbox::after(tx.store, None, u32::MAX)? {
        if matches!(request.errand, Errand::KeyMaterial { task, .. } if task == id) {
            outbox::delete(tx.store, request.id)?;
        }
    }
    Ok(())
}

/// Key material has come, or will not.
pub(crate) fn material(
    tx: &mut Tx<'_>,
    id: TaskId,
    user: &UserUri,
    response: Result<KeyMaterialResponse, &'static str>,
) -> Result<Option<RoomRow>, Error> {
    let Some(mut task) = small::task(tx.store, id)? else {
        return Ok(None);
    };
    if let Some(invite) = task
        .invites
        .iter_mut()
        .find(|invite| invite.user == *user && invite.fetching)
    {
        invite.fetching = false;
        match response {
            Ok(response) if response.user == *user => note(invite, response),
            Ok(_) => invite.failed = Some("key_material_of_another_user".to_owned()),
            Err(code) => invite.failed = Some(code.to_owned()),
        }
    }
    small::put_task(tx.store, &task)?;
    tx.tell(EventKind::Task {
        task: id,
        change: TaskChange::Progress,
    })?;
    Ok(room::by_uri(tx.store, &task.room)?)
}

fn note(invite: &mut InviteRow, response: KeyMaterialResponse) {
    invite.failed = failure(response.status).map(str::to_owned);
    for entry in response.clients.into_iter().take(MOST_CLIENTS) {
        match entry.material {
            ClientMaterial::Success(octets) => {
                invite
                    .key_packages
                    .push(serde_bytes::ByteBuf::from(octets.into_vec()));
            }
            ClientMaterial::Exhausted => invite.clients.push((entry.client, ClientOutcome::NoKeyPackage)),
            _ => invite.clients.push((
                entry.client,
                ClientOutcome::Unusable("nothing_compatible".to_owned()),
            )),
        }
    }
}

fn failure(status: KeyMaterialUserCode) -> Option<&'static str> {
    match status {
        KeyMaterialUserCode::Success | KeyMaterialUserCode::PartialSuccess => None,
        KeyMaterialUserCode::IncompatibleProtocol => Some("incompatible_protocol"),
        KeyMaterialUserCode::NoCompatibleMaterial => Some("no_compatible_material"),
        KeyMaterialUserCode::UserUnknown => Some("user_unknown"),
        KeyMaterialUserCode::NoConsent => Some("no_consent"),
        KeyMaterialUserCode::NoConsentForThisRoom => Some("no_consent_for_this_room"),
        KeyMaterialUserCode::UserDeleted => Some("user_deleted"),
        _ => Some("key_material_refused"),
    }
}
