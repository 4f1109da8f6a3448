//! Which key package each client of a user is added by.

use core::time::Duration;

use comity_mls::CheckedKeyPackage;
use comity_room::{ProviderUri, Requirement, Timestamp, UserUri, missing};
use comity_wire::{
    CapabilitiesOctets, ClientKeyMaterial, ClientMaterial, KeyMaterialRequest, KeyMaterialResponse,
    KeyMaterialUserCode, KeyPackageOctets, Wire as _, labelled,
};
use openmls::prelude::{Capabilities, RequiredCapabilitiesExtension};
use openmls_traits::crypto::OpenMlsCrypto;

use super::{Chosen, Consent, Directory, DirectoryWrite, KeyPackageRow, Selection, Shelf, Target};
use crate::caller::Caller;
use crate::inspect::{Endpoint, read};
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::room::client_of;

/// How long before its last useful day a key package is no longer handed out: the commit that uses it comes later.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn choose<C: OpenMlsCrypto>(
    directory: &Directory<C>,
    now: Timestamp,
    caller: &Caller,
    target: &Target<'_>,
    requirement: Option<&Requirement>,
    body: &[u8],
) -> Selection {
    let request: KeyMaterialRequest = match read(&directory.limits, Endpoint::KeyMaterial, body) {
        Ok(request) => request,
        Err(refusal) => return unreadable(refusal),
    };
    let user = &request.target_user;
    if let Err(refusal) = authorize(directory, caller, &request) {
        return refused(user, KeyMaterialUserCode::NoConsent, Some(refusal));
    }
    match *target {
        Target::Unknown => refused(user, KeyMaterialUserCode::UserUnknown, None),
        _ if user.provider() != directory.provider => refused(user, KeyMaterialUserCode::UserUnknown, None),
        Target::Known(Consent::Missing, _) => refused(user, KeyMaterialUserCode::NoConsent, None),
        Target::Known(Consent::MissingForThisRoom, _) => {
            refused(user, KeyMaterialUserCode::NoConsentForThisRoom, None)
        }
        Target::Known(Consent::Given, shelves) => {
            let wanted = Wanted {
                now,
                suites: &request.cipher_suites,
                capabilities: required(&request),
                requirement,
            };
            select(directory, user, shelves, &wanted)
        }
    }
}

/// What the hub of a room does with a request: it goes to the user's provider, which believes whom the hub says it comes from.
pub(crate) fn pass_on<C: OpenMlsCrypto>(
    crypto: &C,
    limits: &Limits,
    hub: &ProviderUri,
    caller: &Caller,
    body: &[u8],
) -> Result<UserUri, Selection> {
    let request: KeyMaterialRequest = read(limits, Endpoint::KeyMaterial, body).map_err(unreadable)?;
    let here = request.room.as_ref().is_some_and(|room| room.provider() == *hub);
    let authorized = if here {
        speaks_for_requester(caller, &request).and_then(|()| signed(crypto, &request))
    } else {
        Err(Refusal::UnknownRoom)
    };
    match authorized {
        Ok(()) => Ok(request.target_user),
        Err(refusal) => Err(refused(
            &request.target_user,
            KeyMaterialUserCode::NoConsent,
            Some(refusal),
        )),
    }
}

/// A request reaches us from the hub of its room, or from the provider of the one who asks; and it is signed.
fn authorize<C: OpenMlsCrypto>(
    directory: &Directory<C>,
    caller: &Caller,
    request: &KeyMaterialRequest,
) -> Result<(), Refusal> {
    let from_hub = caller.is_provider()
        && request
            .room
            .as_ref()
            .is_some_and(|room| room.provider() == *caller.provider_uri());
    if !from_hub {
        speaks_for_requester(caller, request)?;
    }
    signed(&directory.crypto, request)
}

fn speaks_for_requester(caller: &Caller, request: &KeyMaterialRequest) -> Result<(), Refusal> {
    caller.speaks_for_user(&request.requesting_user)?;
    caller.speaks_for_client(&client_of(&request.requester)?)
}

/// By a client of the requesting user's provider, with the key that the request names.
fn signed(crypto: &impl OpenMlsCrypto, request: &KeyMaterialRequest) -> Result<(), Refusal> {
    let client = client_of(&request.requester)?;
    if client.provider() != request.requesting_user.provider() {
        return Err(Refusal::InvalidIdentity("leaf_foreign_user"));
    }
    let signed = labelled(KeyMaterialRequest::LABEL, &request.to_be_signed());
    let scheme = comity_mls::CIPHER_SUITE.signature_algorithm();
    crypto
        .verify_signature(
            scheme,
            &signed,
            &request.requester.signature_key,
            &request.signature,
        )
        .map_err(|_| Refusal::BadSignature)
}

/// There is no user to name in an answer.
fn unreadable(refusal: Refusal) -> Selection {
    Selection {
        writes: Vec::new(),
        reply: Vec::new(),
        chosen: Vec::new(),
        refusal: Some(refusal),
    }
}

fn refused(user: &UserUri, status: KeyMaterialUserCode, refusal: Option<Refusal>) -> Selection {
    let refusal = refusal.or(Some(match status {
        KeyMaterialUserCode::UserUnknown => Refusal::UnknownUser,
        _ => Refusal::NoConsent,
    }));
    let reply = KeyMaterialResponse {
        status,
        user: user.clone(),
        clients: Vec::new(),
    }
    .encode();
    Selection {
        writes: Vec::new(),
        reply,
        chosen: Vec::new(),
        refusal,
    }
}

/// What a key package must be to be handed out.
struct Wanted<'a> {
    now: Timestamp,
    suites: &'a [u16],
    capabilities: Option<RequiredCapabilitiesExtension>,
    requirement: Option<&'a Requirement>,
}

fn required(request: &KeyMaterialRequest) -> Option<RequiredCapabilitiesExtension> {
    request.required_capabilities.parse().ok()
}

fn select<C: OpenMlsCrypto>(
    directory: &Directory<C>,
    user: &UserUri,
    shelves: &[Shelf],
    wanted: &Wanted<'_>,
) -> Selection {
    let (mut writes, mut clients, mut chosen) = (Vec::new(), Vec::new(), Vec::new());
    for shelf in shelves {
        let (material, taken) = take(directory, user, shelf, wanted);
        let single_use = shelf.key_packages.iter().filter(|row| !row.last_resort).count();
        let claimed = taken.filter(|row| !row.last_resort);
        writes.extend(claimed.map(|row| DirectoryWrite::Retire {
            reference: row.reference.clone(),
        }));
        chosen.push(Chosen {
            client: shelf.client.clone(),
            reference: taken.map(|row| row.reference.clone()),
            left: single_use.saturating_sub(usize::from(claimed.is_some())),
        });
        clients.push(ClientKeyMaterial {
            client: shelf.client.clone(),
            material,
        });
    }
    let found = chosen.iter().filter(|chosen| chosen.reference.is_some()).count();
    let status = match found {
        0 => KeyMaterialUserCode::NoCompatibleMaterial,
        found if found == shelves.len() => KeyMaterialUserCode::Success,
        _ => KeyMaterialUserCode::PartialSuccess,
    };
    let reply = KeyMaterialResponse {
        status,
        user: user.clone(),
        clients,
    }
    .encode();
    Selection {
        writes,
        reply,
        chosen,
        refusal: None,
    }
}

/// The best of a shelf: single-use before last resort, and among them the one that expires first.
fn take<'a, C: OpenMlsCrypto>(
    directory: &Directory<C>,
    user: &UserUri,
    shelf: &'a Shelf,
    wanted: &Wanted<'_>,
) -> (ClientMaterial, Option<&'a KeyPackageRow>) {
    let mut rows: Vec<&KeyPackageRow> = shelf.key_packages.iter().collect();
    rows.sort_by_key(|row| (row.last_resort, row.not_after));
    let mut capabilities = None;
    for row in rows {
        let Ok(checked) = directory.check_key_package(wanted.now.plus(MARGIN), &row.octets) else {
            continue;
        };
        let identity = &checked.facts.identity;
        let own =
            identity.client == shelf.client && identity.user == *user && checked.reference == row.reference;
        let octets = KeyPackageOctets::new(row.octets.clone());
        match octets {
            Ok(octets) if own && wanted.fits(&checked) => {
                return (ClientMaterial::Success(octets), Some(row));
            }
            _ => {}
        }
        capabilities = capabilities
            .or_else(|| CapabilitiesOctets::of(checked.key_package.leaf_node().capabilities()).ok());
    }
    match capabilities {
        Some(_) => (ClientMaterial::NothingCompatible { capabilities }, None),
        None => (ClientMaterial::Exhausted, None),
    }
}

impl Wanted<'_> {
    fn fits(&self, checked: &CheckedKeyPackage) -> bool {
        let suite = u16::from(checked.key_package.ciphersuite());
        let reads_all = match (self.requirement, &checked.facts.advertisement) {
            (Some(requirement), Some(advertisement)) => missing(advertisement, requirement).is_empty(),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let capable = self
            .capabilities
            .as_ref()
            .is_some_and(|c| covers(checked.key_package.leaf_node().capabilities(), c));
        self.suites.contains(&suite) && reads_all && capable
    }
}

/// Whether capabilities name all that is required. What RFC 9420 makes every client support need not be named.
fn covers(capabilities: &Capabilities, required: &RequiredCapabilitiesExtension) -> bool {
    const DEFAULT_EXTENSIONS: u16 = 5;
    const DEFAULT_PROPOSALS: u16 = 7;
    let extensions = required.extension_types().iter().all(|kind| {
        (1..=DEFAULT_EXTENSIONS).contains(&u16::from(*kind)) || capabilities.extensions().contains(kind)
    });
    let proposals = required.proposal_types().iter().all(|kind| {
        (1..=DEFAULT_PROPOSALS).contains(&u16::from(*kind)) || capabilities.proposals().contains(kind)
    });
    extensions
        && proposals
        && required
            .credential_types()
            .iter()
            .all(|kind| capabilities.credentials().contains(kind))
}

#[cfg(test)]
mod tests {
    use comity_mls::key_package::REMAINING_LIFETIME;

    use super::*;

    #[test]
    fn the_margin_comes_on_top_of_what_a_commit_asks() {
        assert_eq!(REMAINING_LIFETIME + MARGIN, Duration::from_secs(29 * 86_400));
    }
}
