//! What a client leaves at its own provider.

use std::collections::BTreeSet;

use comity_room::Timestamp;
use comity_wire::{PublishKeyPackages, PublishKeyPackagesResponse, Wire as _};
use openmls_traits::crypto::OpenMlsCrypto;

use super::{Directory, DirectoryWrite, KeyPackageRow, Publication};
use crate::caller::Caller;
use crate::inspect::{Endpoint, read};
use crate::refusal::Refusal;

pub(super) fn publish<C: OpenMlsCrypto>(
    directory: &Directory<C>,
    now: Timestamp,
    caller: &Caller,
    held: &[KeyPackageRow],
    body: &[u8],
) -> Publication {
    match accept(directory, now, caller, held, body) {
        Ok((writes, held)) => {
            let reply = PublishKeyPackagesResponse::Accepted { held }.encode();
            Publication {
                writes,
                reply,
                refusal: None,
            }
        }
        Err(refusal) => {
            let (code, description) = (refusal.code().to_owned(), refusal.to_string());
            let reply = PublishKeyPackagesResponse::Refused { code, description }.encode();
            Publication {
                writes: Vec::new(),
                reply,
                refusal: Some(refusal),
            }
        }
    }
}

fn accept<C: OpenMlsCrypto>(
    directory: &Directory<C>,
    now: Timestamp,
    caller: &Caller,
    held: &[KeyPackageRow],
    body: &[u8],
) -> Result<(Vec<DirectoryWrite>, u32), Refusal> {
    let request: PublishKeyPackages = read(&directory.limits, Endpoint::PublishKeyPackages, body)?;
    caller.speaks_for_user(&request.user)?;
    caller.speaks_for_client(&request.client)?;
    if request.client.provider() != directory.provider {
        return Err(Refusal::ForeignProvider);
    }
    if request.key_packages.len() > directory.limits.key_packages {
        return Err(Refusal::TooLarge("key_packages"));
    }
    let rows = rows(directory, now, &request)?;

    let held: Vec<&KeyPackageRow> = held.iter().filter(|row| row.client == request.client).collect();
    let new_last_resort = rows.iter().any(|row| row.last_resort);
    let retired = |row: &&&KeyPackageRow| request.replace || (new_last_resort && row.last_resort);
    let is_known = |new: &KeyPackageRow| {
        held.iter()
            .any(|row| row.reference == new.reference && row.octets == new.octets)
    };
    if rows.iter().any(is_known) {
        // Posted again because the first answer was lost. Nothing is inserted: some may have been handed out meanwhile.
        return Ok((Vec::new(), u32::try_from(held.len()).unwrap_or(u32::MAX)));
    }
    let stay = held
        .iter()
        .filter(|row| !retired(row))
        .count()
        .saturating_add(rows.len());
    if stay > directory.limits.key_packages {
        return Err(Refusal::TooLarge("key_packages"));
    }
    let retire = held.iter().filter(retired).map(|row| DirectoryWrite::Retire {
        reference: row.reference.clone(),
    });
    let mut writes: Vec<DirectoryWrite> = retire.collect();
    writes.extend(rows.into_iter().map(DirectoryWrite::Insert));
    Ok((writes, u32::try_from(stay).unwrap_or(u32::MAX)))
}

/// A row per key package, each the client's own, each different, at most one of last resort.
fn rows<C: OpenMlsCrypto>(
    directory: &Directory<C>,
    now: Timestamp,
    request: &PublishKeyPackages,
) -> Result<Vec<KeyPackageRow>, Refusal> {
    let mut references = BTreeSet::new();
    let mut last_resorts = 0_usize;
    let mut rows = Vec::new();
    for octets in &request.key_packages {
        let checked = directory.check_key_package(now, octets.as_slice())?;
        let identity = &checked.facts.identity;
        if identity.client != request.client || identity.user != request.user {
            return Err(Refusal::ForeignClient);
        }
        last_resorts = last_resorts.saturating_add(usize::from(checked.last_resort));
        if !references.insert(checked.reference.clone()) || last_resorts > 1 {
            return Err(Refusal::InvalidKeyPackage("key_package_twice"));
        }
        rows.push(KeyPackageRow {
            user: request.user.clone(),
            client: request.client.clone(),
            reference: checked.reference,
            not_after: checked.not_after,
            last_resort: checked.last_resort,
            octets: octets.as_slice().to_vec(),
        });
    }
    Ok(rows)
}
