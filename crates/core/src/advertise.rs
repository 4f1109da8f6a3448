//! What this client says it can receive: in key packages at once, in every room's leaf soon.

use std::time::Duration;

use comity_content::Supported;
use comity_mls::key_package::{BACK_DATED, LIFETIME};
use comity_room::{RoomUri, Timestamp, missing};
use comity_wire::{MlsOctets, PublishKeyPackages, Wire as _};
use openmls::ciphersuite::hash_ref::KeyPackageRef;
use openmls::prelude::{KeyPackage, Lifetime};
use serde::{Deserialize, Serialize};

use crate::errands;
use crate::error::{Blocked, Error};
use crate::me::Advertised;
use crate::step::{Made, RequestKind};
use crate::store::outbox::Errand;
use crate::store::room::Phase;
use crate::store::timer::{self, Timer};
use crate::store::{outbox, room, small};
use crate::tx::{NewRequest, Tx};

/// How many key packages a provider should hold, beside the last resort.
const ENOUGH: u32 = 20;
/// Below how many we publish more.
const FEW: u32 = 10;
/// How long after publishing all of them are replaced: well before one has less than 28 days left.
const RENEW_AFTER: Duration = Duration::from_secs(28 * 86_400);

/// How soon they are published again after the provider has refused them.
const PUBLISH_AGAIN: Duration = Duration::from_secs(86_400);

/// A key package whose private part we hold.
#[derive(Serialize, Deserialize)]
struct Published {
    reference: KeyPackageRef,
    /// SHA-256 of its octets.
    #[serde(with = "serde_bytes")]
    hash: Vec<u8>,
    not_after: Timestamp,
}

const PUBLISHED: &str = "key packages";
const USED: &str = "key packages used";

/// Says what this client can receive from now on.
pub(crate) fn advertise(tx: &mut Tx<'_>, supported: &Supported) -> Result<Option<Made>, Error> {
    let before = tx.advertised()?;
    let rooms = requiring_more(tx, supported)?;
    if !rooms.is_empty() {
        return Err(Blocked::RoomsRequire(rooms).into());
    }
    let advertised = Advertised {
        number: before.number.saturating_add(1),
        media: supported.media.clone(),
        languages: supported.languages.clone(),
    };
    advertised.store(tx.store)?;
    publish(tx, &advertised, ENOUGH, true)?;
    if before.number == 0 || before.media != advertised.media {
        renew_leaves(tx)?;
    }
    Ok(None)
}

/// The rooms that require what the new set cannot receive.
fn requiring_more(tx: &Tx<'_>, supported: &Supported) -> Result<Vec<RoomUri>, Error> {
    let mut rooms = Vec::new();
    for row in room::all(tx.store)?.into_iter().filter(|row| row.is_member()) {
        if !missing(&supported.media, &tx.view(&row)?.requirement).is_empty() {
            rooms.push(row.uri);
        }
    }
    Ok(rooms)
}

fn renew_leaves(tx: &mut Tx<'_>) -> Result<(), Error> {
    for mut row in room::all(tx.store)? {
        if !row.is_member() {
            continue;
        }
        let members = tx.view(&row)?.members.len();
        errands::renew_leaf(tx, &mut row, members)?;
        room::put(tx.store, &row)?;
        if row.phase == Phase::Joined {
            errands::drive(tx, &mut row)?;
        }
    }
    Ok(())
}

/// Publishes more if few are left.
pub(crate) fn restock(tx: &mut Tx<'_>, left: u32) -> Result<Option<Made>, Error> {
    let asked = outbox::after(tx.store, None, u32::MAX)?
        .iter()
        .any(|row| matches!(row.errand, Errand::Publish));
    if left < FEW && !asked {
        let advertised = tx.advertised()?;
        publish(tx, &advertised, ENOUGH.saturating_sub(left), left == 0)?;
    }
    Ok(None)
}

/// One of our key packages was used. The provider counts them, not we; but when so many are gone that few can be left,
/// we publish more unasked.
pub(crate) fn used_a_key_package(tx: &mut Tx<'_>) -> Result<(), Error> {
    let used = small::setting(tx.store, USED)?.unwrap_or(0_u32).saturating_add(1);
    if used < ENOUGH.saturating_sub(FEW) {
        return Ok(small::put_setting(tx.store, USED, &used)?);
    }
    let advertised = tx.advertised()?;
    publish(tx, &advertised, used, false)
}

/// Replaces all key packages before they are too short-lived to be handed out.
pub(crate) fn renew_if_due(tx: &mut Tx<'_>) -> Result<(), Error> {
    if timer::is_due(tx.store, Timer::KeyPackages, tx.now)? {
        let advertised = tx.advertised()?;
        publish(tx, &advertised, ENOUGH, true)?;
    }
    Ok(())
}

/// Deletes the private parts of all key packages, which may have been used, and publishes others in their place.
pub(crate) fn replace_all(tx: &mut Tx<'_>) -> Result<(), Error> {
    for request in outbox::after(tx.store, None, u32::MAX)? {
        if matches!(request.errand, Errand::Publish) {
            outbox::delete(tx.store, request.id)?;
        }
    }
    let published: Vec<Published> = small::setting(tx.store, PUBLISHED)?.unwrap_or_default();
    for one in &published {
        crate::group::forget_key_package(&tx.client_provider(), &one.reference)?;
    }
    small::put_setting(tx.store, PUBLISHED, &Vec::<Published>::new())?;
    let advertised = tx.advertised()?;
    if advertised.number > 0 {
        publish(tx, &advertised, ENOUGH, true)?;
    }
    Ok(())
}

fn publish(tx: &mut Tx<'_>, advertised: &Advertised, count: u32, replace: bool) -> Result<(), Error> {
    let mut published = forget_expired(tx)?;
    let mut key_packages = Vec::new();
    for number in 0..count.saturating_add(u32::from(replace)) {
        let last_resort = replace && number == count;
        let key_package = generate(tx, advertised, last_resort)?;
        let reference = key_package
            .hash_ref(tx.crypto)
            .map_err(|_| Error::Bug("key package ref"))?;
        let octets = MlsOctets::of(&key_package).map_err(|_| Error::Bug("key package octets"))?;
        let hash = octets.sha256().to_vec();
        published.push(Published {
            reference,
            hash,
            not_after: tx.now.plus(LIFETIME),
        });
        key_packages.push(octets);
    }
    small::put_setting(tx.store, PUBLISHED, &published)?;
    small::put_setting(tx.store, USED, &0_u32)?;
    timer::put(tx.store, Timer::KeyPackages, tx.now.plus(RENEW_AFTER))?;
    let body = PublishKeyPackages {
        user: tx.me.user.clone(),
        client: tx.me.client.clone(),
        replace,
        key_packages,
    };
    tx.request(NewRequest {
        to: tx.me.provider(),
        lane: None,
        kind: RequestKind::PublishKeyPackages,
        body: body.encode(),
        urgent: false,
        errand: Errand::Publish,
    })?;
    Ok(())
}

/// One key package: back-dated, so that a phone whose clock is weeks slow takes the commit that uses it.
fn generate(tx: &Tx<'_>, advertised: &Advertised, last_resort: bool) -> Result<KeyPackage, Error> {
    let now = tx.now.as_millis() / 1_000;
    let begins = now.saturating_sub(BACK_DATED.as_secs());
    let builder = KeyPackage::builder()
        .leaf_node_capabilities(comity_mls::capabilities())
        .leaf_node_extensions(tx.me.leaf(advertised))
        .key_package_lifetime(Lifetime::init(begins, begins.saturating_add(LIFETIME.as_secs())));
    let builder = if last_resort {
        builder
            .key_package_extensions(comity_mls::leaf::last_resort_extensions())
            .mark_as_last_resort()
    } else {
        builder
    };
    let provider = tx.client_provider();
    let bundle = builder
        .build(
            comity_mls::CIPHER_SUITE,
            &provider,
            &tx.me.signer,
            tx.me.credential(),
        )
        .map_err(|_| Error::Bug("key package"))?;
    Ok(bundle.key_package().clone())
}

/// Deletes the private parts of key packages that nobody can use any more: when both this device's clock, which may be
/// wrong, and a hub, which may lie, say so.
fn forget_expired(tx: &Tx<'_>) -> Result<Vec<Published>, Error> {
    let published: Vec<Published> = small::setting(tx.store, PUBLISHED)?.unwrap_or_default();
    let mut told = Timestamp::default();
    for row in room::all(tx.store)? {
        told = told.max(room::hub_time(tx.store, &row)?);
    }
    let told = told.min(tx.now);
    let (kept, expired): (Vec<_>, Vec<_>) = published.into_iter().partition(|one| one.not_after > told);
    for one in expired {
        crate::group::forget_key_package(&tx.client_provider(), &one.reference)?;
    }
    Ok(kept)
}

/// The provider did not take them: nobody can use them, and others are tried in a day.
pub(crate) fn refused(tx: &Tx<'_>, body: &[u8]) -> Result<(), Error> {
    let mut published: Vec<Published> = small::setting(tx.store, PUBLISHED)?.unwrap_or_default();
    let request = PublishKeyPackages::decode(body).map_err(|_| Error::Bug("own key packages"))?;
    for octets in request.key_packages {
        let hash = octets.sha256();
        for one in published.iter().filter(|one| one.hash == hash) {
            crate::group::forget_key_package(&tx.client_provider(), &one.reference)?;
        }
        published.retain(|one| one.hash != hash);
    }
    small::put_setting(tx.store, PUBLISHED, &published)?;
    Ok(timer::put(
        tx.store,
        Timer::KeyPackages,
        tx.now.plus(PUBLISH_AGAIN),
    )?)
}
