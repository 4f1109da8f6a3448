//! Key packages: what is kept, and what is handed out.

use comity_hub::{
    Caller, Class, Consent, Directory, DirectoryWrite, Endpoint, KeyPackageRow, Limits, Publication,
    Selection, Shelf, Target,
};
use comity_mls::{CIPHER_SUITE, capabilities};
use comity_room::{Requirement, RoomUri, Timestamp, media_types};
use comity_wire::{
    ClientMaterial, KeyMaterialRequest, KeyMaterialResponse, KeyMaterialUserCode, KeyPackageOctets,
    PublishKeyPackages, PublishKeyPackagesResponse, RequiredCapabilitiesOctets, Wire as _,
};
use openmls::prelude::{
    CredentialType, ExtensionType, KeyPackage, Lifetime, OpenMlsProvider as _, ProposalType,
    RequiredCapabilitiesExtension,
};
use openmls_rust_crypto::RustCrypto;

use crate::support::*;

/// The server of b.example with Bob's two devices, and Alice who asks.
struct Shop {
    directory: Directory<RustCrypto>,
    rows: Vec<KeyPackageRow>,
    now: Timestamp,
    phone: Device,
    tablet: Device,
    alice: Device,
}

impl Shop {
    fn new() -> Self {
        Self {
            directory: Directory::new(RustCrypto::default(), provider("b.example")),
            rows: Vec::new(),
            now: Timestamp::from_millis(Lifetime::new(0).not_after() * 1000),
            phone: Device::new("b.example", "bob", "bob-phone"),
            tablet: Device::new("b.example", "bob", "bob-tablet"),
            alice: Device::new("a.example", "alice", "alice-phone"),
        }
    }

    /// Publishes as the phone; rows go to octets and back.
    fn publish(&mut self, key_packages: &[KeyPackage], replace: bool) -> Publication {
        let phone = Caller::client(self.phone.user.clone(), self.phone.uri.clone());
        let body = publication(&self.phone, key_packages, replace).encode();
        let publication = self.directory.publish(self.now, &phone, &self.rows, &body);
        self.apply(&publication.writes);
        publication
    }

    fn publish_for_the_tablet(&mut self, key_packages: &[KeyPackage]) {
        let tablet = Caller::client(self.tablet.user.clone(), self.tablet.uri.clone());
        let body = publication(&self.tablet, key_packages, false).encode();
        let publication = self.directory.publish(self.now, &tablet, &self.rows, &body);
        assert_eq!(publication.refusal, None);
        self.apply(&publication.writes);
    }

    fn apply(&mut self, writes: &[DirectoryWrite]) {
        for write in writes {
            match write {
                DirectoryWrite::Insert(row) => {
                    self.rows
                        .push(KeyPackageRow::decode(&row.encode().unwrap()).unwrap());
                }
                DirectoryWrite::Retire { reference } => {
                    let before = self.rows.len();
                    self.rows.retain(|row| row.reference != *reference);
                    assert_eq!(before - self.rows.len(), 1, "a row is retired once");
                }
            }
        }
    }

    fn shelves(&self) -> Vec<Shelf> {
        [&self.phone, &self.tablet]
            .map(|device| Shelf {
                client: device.uri.clone(),
                key_packages: self
                    .rows
                    .iter()
                    .filter(|row| row.client == device.uri)
                    .cloned()
                    .collect(),
            })
            .to_vec()
    }

    fn request(&self) -> KeyMaterialRequest {
        self.request_of(&[CIPHER_SUITE.into()], &[ExtensionType::AppDataDictionary])
    }

    fn request_of(&self, suites: &[u16], extensions: &[ExtensionType]) -> KeyMaterialRequest {
        let required = RequiredCapabilitiesExtension::new(
            extensions,
            &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
            &[CredentialType::Basic],
        );
        let mut request = KeyMaterialRequest {
            requesting_user: self.alice.user.clone(),
            target_user: self.phone.user.clone(),
            room: Some(room("a.example", "clubhouse")),
            cipher_suites: suites.to_vec(),
            required_capabilities: RequiredCapabilitiesOctets::of(&required).unwrap(),
            requester: self.alice.signatory(),
            signature: Vec::new(),
        };
        request.signature = self
            .alice
            .sign(KeyMaterialRequest::LABEL, &request.to_be_signed());
        request
    }

    fn choose(&mut self, request: &KeyMaterialRequest) -> (KeyMaterialResponse, Selection) {
        self.choose_for(request, None, &provider("a.example"))
    }

    fn choose_for(
        &mut self,
        request: &KeyMaterialRequest,
        requirement: Option<&Requirement>,
        from: &comity_room::ProviderUri,
    ) -> (KeyMaterialResponse, Selection) {
        let shelves = self.shelves();
        let target = Target::Known(Consent::Given, &shelves);
        let caller = Caller::provider(from.clone());
        let selection = self
            .directory
            .choose(self.now, &caller, &target, requirement, &request.encode());
        self.apply(&selection.writes);
        (KeyMaterialResponse::decode(&selection.reply).unwrap(), selection)
    }
}

fn publication(device: &Device, key_packages: &[KeyPackage], replace: bool) -> PublishKeyPackages {
    PublishKeyPackages {
        user: device.user.clone(),
        client: device.uri.clone(),
        replace,
        key_packages: key_packages
            .iter()
            .map(|k| KeyPackageOctets::of(k).unwrap())
            .collect(),
    }
}

fn reference(device: &Device, key_package: &KeyPackage) -> Vec<u8> {
    key_package
        .hash_ref(device.mls.crypto())
        .unwrap()
        .as_slice()
        .to_vec()
}

#[track_caller]
fn publication_refused(publication: &Publication, code: &str) {
    assert_eq!(
        publication.refusal.as_ref().map(|refusal| refusal.code()),
        Some(code)
    );
    assert!(publication.writes.is_empty());
    let response = PublishKeyPackagesResponse::decode(&publication.reply).unwrap();
    assert!(matches!(response, PublishKeyPackagesResponse::Refused { code: said, .. } if said == code));
}

#[test]
fn each_key_package_is_handed_out_once_and_the_last_resort_for_ever() {
    let mut shop = Shop::new();
    let singles = [
        shop.phone.key_package_of(60, false),
        shop.phone.key_package_of(50, false),
    ];
    let last = shop.phone.key_package_of(80, true);
    let published = shop.publish(&[singles[0].clone(), last.clone(), singles[1].clone()], false);
    let response = PublishKeyPackagesResponse::decode(&published.reply).unwrap();
    assert_eq!(response, PublishKeyPackagesResponse::Accepted { held: 3 });

    let request = shop.request();
    let mut got = Vec::new();
    for _ in 0..4 {
        let (response, selection) = shop.choose(&request);
        assert_eq!(
            response.status,
            KeyMaterialUserCode::PartialSuccess,
            "the tablet has none"
        );
        assert!(matches!(response.clients[1].material, ClientMaterial::Exhausted));
        got.push((
            selection.chosen[0].reference.clone().unwrap(),
            selection.chosen[0].left,
        ));
    }
    let expected = [(&singles[1], 1), (&singles[0], 0), (&last, 0), (&last, 0)]
        .map(|(key_package, left)| (reference(&shop.phone, key_package), left));
    assert_eq!(got, expected, "what expires first goes first");
}

#[test]
fn every_client_of_a_user_gets_one() {
    let mut shop = Shop::new();
    let (phones, tablets) = (shop.phone.key_package(), shop.tablet.key_package());
    drop(shop.publish(std::slice::from_ref(&phones), false));
    shop.publish_for_the_tablet(std::slice::from_ref(&tablets));
    let request = shop.request();
    let (response, _) = shop.choose(&request);
    assert_eq!(response.status, KeyMaterialUserCode::Success);
    for (material, key_package) in response.clients.iter().zip([&phones, &tablets]) {
        let ClientMaterial::Success(octets) = &material.material else {
            panic!("{material:?}")
        };
        assert_eq!(*octets, KeyPackageOctets::of(key_package).unwrap());
    }
    let (response, _) = shop.choose(&request);
    assert_eq!(response.status, KeyMaterialUserCode::NoCompatibleMaterial);
}

#[test]
fn nothing_is_handed_out_that_expires_before_it_can_be_used() {
    let mut shop = Shop::new();
    let (soon, later) = (
        shop.phone.key_package_of(30, false),
        shop.phone.key_package_of(60, true),
    );
    drop(shop.publish(&[soon, later.clone()], false));
    shop.now = shop.now.plus(core::time::Duration::from_secs(2 * 86_400));
    let request = shop.request();
    let (_, selection) = shop.choose(&request);
    assert_eq!(
        selection.chosen[0].reference,
        Some(reference(&shop.phone, &later))
    );
    shop.now = shop.now.plus(core::time::Duration::from_secs(32 * 86_400));
    let (response, _) = shop.choose(&request);
    assert!(matches!(response.clients[0].material, ClientMaterial::Exhausted));
}

#[test]
fn what_does_not_fit_the_room_is_not_handed_out() {
    let mut shop = Shop::new();
    let own = shop.phone.key_package();
    drop(shop.publish(std::slice::from_ref(&own), false));
    let other_suite = shop.request_of(&[3], &[ExtensionType::AppDataDictionary]);
    let other_extension = shop.request_of(&[CIPHER_SUITE.into()], &[ExtensionType::Unknown(0xf00d)]);
    for request in [other_suite, other_extension] {
        let (response, selection) = shop.choose(&request);
        assert_eq!(response.status, KeyMaterialUserCode::NoCompatibleMaterial);
        let ClientMaterial::NothingCompatible { capabilities: said } = &response.clients[0].material else {
            panic!()
        };
        assert_eq!(said.as_ref().unwrap().parse().unwrap(), capabilities());
        assert!(selection.writes.is_empty());
    }
    let request = shop.request();
    let cards = media_types::png();
    let requirement = Requirement::new(baseline().iter().cloned().chain([cards])).unwrap();
    let (response, _) = shop.choose_for(&request, Some(&requirement), &provider("a.example"));
    assert_eq!(response.status, KeyMaterialUserCode::NoCompatibleMaterial);
    let requirement = Requirement::new(baseline().iter().cloned()).unwrap();
    let (response, _) = shop.choose_for(&request, Some(&requirement), &provider("a.example"));
    assert_eq!(response.status, KeyMaterialUserCode::PartialSuccess);
}

#[test]
fn only_the_rooms_hub_or_ones_own_provider_asks_and_only_with_a_signature() {
    let mut shop = Shop::new();
    let own = shop.phone.key_package();
    drop(shop.publish(std::slice::from_ref(&own), false));
    let honest = shop.request();
    let mut forged = honest.clone();
    forged.room = Some(RoomUri::parse("mimi://a.example/r/other").unwrap());
    let (response, selection) = shop.choose(&forged);
    assert_eq!(response.status, KeyMaterialUserCode::NoConsent);
    assert_eq!(selection.refusal.unwrap().code(), "bad_signature");

    let (response, selection) = shop.choose_for(&honest, None, &provider("c.example"));
    assert_eq!(response.status, KeyMaterialUserCode::NoConsent);
    assert_eq!(selection.refusal.unwrap().code(), "foreign_provider");

    let mut for_another = honest.clone();
    for_another.requesting_user = user("c.example", "carol");
    for_another.signature = shop
        .alice
        .sign(KeyMaterialRequest::LABEL, &for_another.to_be_signed());
    let (_, selection) = shop.choose(&for_another);
    assert_eq!(selection.refusal.unwrap().code(), "invalid_identity");
    assert_eq!(shop.rows.len(), 1);
    let (response, selection) = shop.choose(&honest);
    assert_eq!(
        (response.status, selection.refusal),
        (KeyMaterialUserCode::PartialSuccess, None)
    );
}

#[test]
fn a_client_is_not_the_hub_of_a_room_of_its_provider() {
    let mut shop = Shop::new();
    let own = shop.phone.key_package();
    drop(shop.publish(std::slice::from_ref(&own), false));
    let mallory = Device::new("b.example", "mallory", "mallory-phone");
    // A room of their provider, and a request in the name of somebody else, whom Bob may have agreed to.
    let mut request = shop.request();
    request.room = Some(room("b.example", "clubhouse"));
    let sign = |request: &mut KeyMaterialRequest, device: &Device| {
        request.requester = device.signatory();
        request.signature = device.sign(KeyMaterialRequest::LABEL, &request.to_be_signed());
    };
    let caller = Caller::client(mallory.user.clone(), mallory.uri.clone());
    let mut refusal = |request: &KeyMaterialRequest| {
        let shelves = shop.shelves();
        let target = Target::Known(Consent::Given, &shelves);
        let body = request.encode();
        let selection = shop.directory.choose(shop.now, &caller, &target, None, &body);
        shop.apply(&selection.writes);
        selection.refusal.map(|refusal| refusal.code())
    };
    request.requesting_user = user("b.example", "bert");
    sign(&mut request, &mallory);
    assert_eq!(refusal(&request), Some("foreign_client"));
    let (tablet, honest) = (
        Device::new("b.example", "bob", "bob-tablet"),
        mallory.user.clone(),
    );
    request.requesting_user = honest;
    sign(&mut request, &tablet);
    assert_eq!(refusal(&request), Some("foreign_client"));
    sign(&mut request, &mallory);
    assert_eq!(refusal(&request), None);
}

#[test]
fn who_is_unknown_or_has_not_agreed_gives_nothing() {
    let mut shop = Shop::new();
    let own = shop.phone.key_package();
    drop(shop.publish(std::slice::from_ref(&own), false));
    let request = shop.request();
    let shelves = shop.shelves();
    let caller = Caller::provider(provider("a.example"));
    let cases = [
        (Target::Unknown, KeyMaterialUserCode::UserUnknown, "unknown_user"),
        (
            Target::Known(Consent::Missing, &shelves),
            KeyMaterialUserCode::NoConsent,
            "no_consent",
        ),
        (
            Target::Known(Consent::MissingForThisRoom, &shelves),
            KeyMaterialUserCode::NoConsentForThisRoom,
            "no_consent",
        ),
    ];
    for (target, status, code) in cases {
        let selection = shop
            .directory
            .choose(shop.now, &caller, &target, None, &request.encode());
        let response = KeyMaterialResponse::decode(&selection.reply).unwrap();
        assert_eq!((response.status, response.clients.len()), (status, 0));
        assert_eq!(selection.refusal.unwrap().code(), code);
        assert!(selection.writes.is_empty());
    }
    assert_eq!(
        shop.choose(&request).0.status,
        KeyMaterialUserCode::PartialSuccess
    );
}

#[test]
fn a_client_publishes_for_itself_only() {
    let mut shop = Shop::new();
    let own = shop.phone.key_package();
    let body = publication(&shop.phone, std::slice::from_ref(&own), false).encode();
    let tablet = Caller::client(shop.tablet.user.clone(), shop.tablet.uri.clone());
    publication_refused(
        &shop.directory.publish(shop.now, &tablet, &[], &body),
        "foreign_client",
    );
    let elsewhere = Caller::provider(provider("a.example"));
    publication_refused(
        &shop.directory.publish(shop.now, &elsewhere, &[], &body),
        "foreign_provider",
    );
    let tablets = shop.tablet.key_package();
    publication_refused(&shop.publish(&[own.clone(), tablets], false), "foreign_client");
    assert_eq!(shop.publish(&[own], false).refusal, None);
}

#[test]
fn a_key_package_that_nobody_should_use_is_not_kept() {
    let mut shop = Shop::new();
    let own = shop.phone.key_package();
    let soon = shop.phone.key_package_of(27, false);
    publication_refused(&shop.publish(&[own.clone(), soon], false), "key_package_expiring");
    let long = shop.phone.key_package_of(3650, false);
    publication_refused(&shop.publish(&[own.clone(), long], false), "invalid_key_package");
    publication_refused(
        &shop.publish(&[own.clone(), own.clone()], false),
        "invalid_key_package",
    );
    let (one, two) = (
        shop.phone.key_package_of(60, true),
        shop.phone.key_package_of(60, true),
    );
    publication_refused(&shop.publish(&[one, two], false), "invalid_key_package");
    let mut octets = KeyPackageOctets::of(&own).unwrap().as_slice().to_vec();
    *octets.last_mut().unwrap() ^= 1;
    let checked = shop.directory.check_key_package(shop.now, &octets);
    assert_eq!(checked.unwrap_err().code(), "invalid_key_package");
    assert_eq!(shop.publish(std::slice::from_ref(&own), false).refusal, None);
    // Posted again, because an answer was lost: accepted again, and nothing is kept twice.
    let again = shop.publish(&[own], false);
    assert_eq!(again.refusal, None);
    assert_eq!(again.writes, []);
}

#[test]
fn new_key_packages_join_the_old_ones_or_take_their_place() {
    let mut shop = Shop::new();
    let first = [shop.phone.key_package(), shop.phone.key_package_of(60, true)];
    drop(shop.publish(&first, false));
    let tablets = shop.tablet.key_package();
    shop.publish_for_the_tablet(&[tablets]);
    let second = [shop.phone.key_package(), shop.phone.key_package_of(60, true)];
    let reply = shop.publish(&second, false).reply;
    let held = PublishKeyPackagesResponse::decode(&reply).unwrap();
    assert_eq!(
        held,
        PublishKeyPackagesResponse::Accepted { held: 3 },
        "a new last resort retires the old one"
    );
    let third = [shop.phone.key_package()];
    let reply = shop.publish(&third, true).reply;
    assert_eq!(
        PublishKeyPackagesResponse::decode(&reply).unwrap(),
        PublishKeyPackagesResponse::Accepted { held: 1 }
    );
    assert_eq!(shop.rows.len(), 2, "the tablet's stay");
}

#[test]
fn a_client_keeps_a_bounded_number() {
    let mut shop = Shop::new();
    let limits = Limits {
        key_packages: 3,
        ..Limits::default()
    };
    shop.directory = Directory::new(RustCrypto::default(), provider("b.example")).with_limits(limits);
    let some = |n: usize| -> Vec<KeyPackage> { (0..n).map(|_| shop.phone.key_package()).collect() };
    let (four, two, one) = (some(4), some(2), some(1));
    let twice = some(2);
    publication_refused(&shop.publish(&four, false), "too_large");
    assert_eq!(shop.publish(&two, false).refusal, None);
    publication_refused(&shop.publish(&twice, false), "too_large");
    assert_eq!(shop.publish(&one, false).refusal, None);
}

#[test]
fn a_body_that_does_not_decode_is_malformed() {
    let shop = Shop::new();
    let caller = Caller::provider(provider("b.example"));
    publication_refused(&shop.directory.publish(shop.now, &caller, &[], &[9]), "malformed");
    let selection = shop
        .directory
        .choose(shop.now, &caller, &Target::Unknown, None, &[9]);
    assert_eq!(selection.refusal.unwrap().code(), "malformed");
    assert!(
        selection.reply.is_empty(),
        "there is no user to name in an answer"
    );
}

#[test]
fn a_hub_passes_on_what_its_caller_asks_for_itself() {
    let shop = Shop::new();
    let host = Host::new("a.example", Limits::default());
    let asks = |request: &KeyMaterialRequest, caller: &Caller| {
        let refused = match host.hub.pass_on(caller, &request.encode()) {
            Ok(to) => return Ok(to),
            Err(refused) => refused,
        };
        assert!(refused.writes.is_empty() && refused.chosen.is_empty());
        let answer = KeyMaterialResponse::decode(&refused.reply).unwrap();
        assert_eq!(answer.status, KeyMaterialUserCode::NoConsent);
        Err(refused.refusal.unwrap().code())
    };
    let honest = shop.request();
    let alice = Caller::client(shop.alice.user.clone(), shop.alice.uri.clone());
    assert_eq!(asks(&honest, &alice), Ok(user("b.example", "bob")));
    assert_eq!(asks(&honest, &shop.alice.caller()), Ok(user("b.example", "bob")));

    // Carol asks in Alice's name, with keys of her own.
    let carol = Device::new("c.example", "carol", "carol-phone");
    let mut forged = honest.clone();
    let sign = |request: &mut KeyMaterialRequest, device: &Device| {
        request.requester = device.signatory();
        request.signature = device.sign(KeyMaterialRequest::LABEL, &request.to_be_signed());
    };
    sign(&mut forged, &Device::new("a.example", "alice", "alice-phone"));
    assert_eq!(asks(&forged, &carol.caller()), Err("foreign_provider"));
    sign(&mut forged, &carol);
    assert_eq!(asks(&forged, &carol.caller()), Err("foreign_provider"));
    let mallory = Device::new("a.example", "mallory", "mallory-phone");
    let caller = Caller::client(mallory.user, mallory.uri);
    assert_eq!(asks(&honest, &caller), Err("foreign_client"));

    forged = honest;
    forged.signature[7] ^= 1;
    assert_eq!(asks(&forged, &alice), Err("bad_signature"));
    for elsewhere in [None, Some(room("c.example", "clubhouse"))] {
        forged.room = elsewhere;
        sign(&mut forged, &shop.alice);
        assert_eq!(asks(&forged, &alice), Err("unknown_room"));
    }
}

#[test]
fn a_hub_sees_what_a_request_for_key_packages_is() {
    let mut shop = Shop::new();
    let host = Host::new("a.example", Limits::default());
    let body = shop.request().encode();
    let seen = host.hub.inspect(Endpoint::KeyMaterial, &body).unwrap();
    assert_eq!(seen.size, body.len());
    let room = Some(room("a.example", "clubhouse"));
    assert_eq!(
        seen.class,
        Class::KeyMaterial {
            target: shop.phone.user.clone(),
            room
        }
    );
    assert_eq!(seen.parts(None), Ok(vec![]));

    let own = [shop.phone.key_package(), shop.phone.key_package()];
    let body = publication(&shop.phone, &own, false).encode();
    let seen = host.hub.inspect(Endpoint::PublishKeyPackages, &body).unwrap();
    assert_eq!(
        (seen.class, seen.key.len()),
        (Class::PublishKeyPackages { count: 2 }, 32)
    );
    shop.directory = shop.directory.with_limits(Limits {
        request: body.len() - 1,
        ..Limits::default()
    });
    publication_refused(&shop.publish(&own, false), "too_large");
}
