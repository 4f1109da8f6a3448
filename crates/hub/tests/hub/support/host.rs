//! What a gatekeeper writes around the hub crate: rows as octets, compare and swap, a queue.

use std::collections::BTreeMap;
use std::convert::Infallible;

use comity_hub::{
    Caller, Endpoint, Facts, Followed, Hub, Inbound, Inspected, Limits, Part, Refusal, RosterChange, Rows,
    Verdict, Version, Write, follow,
};
use comity_mls::CIPHER_SUITE;
use comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp};
use openmls::prelude::Lifetime;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;

/// A host with one hub. Between calls there is nothing but octets.
pub(crate) struct Host {
    pub(crate) hub: Hub<RustCrypto>,
    pub(crate) keys: SignatureKeyPair,
    pub(crate) now: Timestamp,
    pub(crate) rows: BTreeMap<RoomUri, BTreeMap<Part, Vec<u8>>>,
    /// The rows that the last call was handed, head included.
    pub(crate) read: Vec<Part>,
}

impl Host {
    pub(crate) fn new(domain: &str, limits: Limits) -> Self {
        let keys = SignatureKeyPair::new(CIPHER_SUITE.signature_algorithm()).unwrap();
        let provider = super::provider(domain);
        let hub = Hub::new(RustCrypto::default(), provider, keys.to_public_vec()).with_limits(limits);
        // OpenMLS asks the clock, and key packages must agree with it.
        let now = Timestamp::from_millis(Lifetime::new(0).not_after() * 1000);
        Self {
            hub,
            keys,
            now,
            rows: BTreeMap::new(),
            read: Vec::new(),
        }
    }

    /// A host that starts again with its key, and no rows yet.
    pub(crate) fn with_keys(domain: &str, keys: SignatureKeyPair, now: Timestamp) -> Self {
        let hub = Hub::new(
            RustCrypto::default(),
            super::provider(domain),
            keys.to_public_vec(),
        );
        Self {
            hub,
            keys,
            now,
            rows: BTreeMap::new(),
            read: Vec::new(),
        }
    }

    pub(crate) fn set_limits(&mut self, limits: Limits) {
        let (provider, key) = (self.hub.provider().clone(), self.keys.to_public_vec());
        self.hub = Hub::new(RustCrypto::default(), provider, key).with_limits(limits);
    }

    pub(crate) fn identity(&self) -> comity_mls::Hub {
        comity_mls::Hub {
            provider: self.hub.provider().clone(),
            signature_key: self.keys.to_public_vec(),
        }
    }

    /// One request from beginning to end.
    pub(crate) fn post(
        &mut self,
        room: &RoomUri,
        caller: &Caller,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Verdict {
        let verdict = self.decide(room, caller, endpoint, body);
        assert!(self.commit(room, &verdict), "nobody else writes");
        verdict
    }

    /// Everything but the commit.
    pub(crate) fn decide(
        &mut self,
        room: &RoomUri,
        caller: &Caller,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Verdict {
        let seen = match self.hub.inspect(endpoint, body) {
            Ok(seen) => seen,
            Err(refusal) => return self.refuse(room, endpoint, refusal),
        };
        let head = self.row(room, &Part::Head).cloned();
        let mut parts = seen.parts(head.as_deref()).unwrap();
        parts.insert(0, Part::Head);
        let rows = self.load(room, &parts);
        self.read = parts;
        let (hub, now) = (&self.hub, self.now);
        let verdict = match endpoint {
            Endpoint::CreateRoom => hub.create(now, caller, &rows, body),
            Endpoint::SubmitMessage => hub.submit(now, caller, &rows, body),
            Endpoint::UpdateRoom => hub.update(now, caller, &rows, body),
            Endpoint::GroupInfo => hub.group_info(now, caller, &rows, body, &self.keys),
            endpoint => panic!("{endpoint:?} is not the hub's"),
        };
        verdict.unwrap()
    }

    pub(crate) fn step_back(&mut self, room: &RoomUri) -> Verdict {
        let head = self.row(room, &Part::Head).cloned().unwrap();
        let mut parts = Inspected::parts_to_step_back(&head).unwrap();
        parts.push(Part::Head);
        let verdict = self.hub.step_back(self.now, &self.load(room, &parts)).unwrap();
        assert!(self.commit(room, &verdict));
        verdict
    }

    pub(crate) fn load(&self, room: &RoomUri, parts: &[Part]) -> Rows {
        let read = |part: &Part| Ok::<_, Infallible>(self.row(room, part).cloned());
        Rows::of(room.clone()).load(parts, read).unwrap()
    }

    pub(crate) fn row(&self, room: &RoomUri, part: &Part) -> Option<&Vec<u8>> {
        self.rows.get(room)?.get(part)
    }

    /// Commits if the version still holds.
    pub(crate) fn commit(&mut self, room: &RoomUri, verdict: &Verdict) -> bool {
        let version = self
            .row(room, &Part::Head)
            .map_or(Version::ABSENT, |head| Version::of_head(head).unwrap());
        if version != verdict.expects {
            return false;
        }
        let rows = self.rows.entry(room.clone()).or_default();
        apply(rows, &verdict.writes);
        if rows.is_empty() {
            self.rows.remove(room);
        }
        true
    }

    fn refuse(&self, room: &RoomUri, endpoint: Endpoint, refusal: Refusal) -> Verdict {
        let version = self
            .row(room, &Part::Head)
            .map_or(Version::ABSENT, |head| Version::of_head(head).unwrap());
        let reply = self.hub.refuse(endpoint, room, &refusal);
        Verdict {
            expects: version,
            writes: vec![],
            fanout: vec![],
            reply,
            facts: Facts::Refused(refusal),
        }
    }
}

pub(crate) fn apply(rows: &mut BTreeMap<Part, Vec<u8>>, writes: &[Write]) {
    for write in writes {
        match write {
            Write::Put { part, value } => drop(rows.insert(part.clone(), value.clone())),
            Write::Delete { part } => drop(rows.remove(part)),
            Write::ForgetReplies { through } => {
                rows.retain(|part, _| !matches!(part, Part::Reply { epoch, .. } if epoch <= through));
            }
        }
    }
}

/// A provider that is not the room's hub.
pub(crate) struct Follower {
    pub(crate) provider: ProviderUri,
    pub(crate) rows: BTreeMap<Part, Vec<u8>>,
    pub(crate) owners: BTreeMap<Vec<u8>, ClientUri>,
}

impl Follower {
    pub(crate) fn new(domain: &str) -> Self {
        Self {
            provider: super::provider(domain),
            rows: BTreeMap::new(),
            owners: BTreeMap::new(),
        }
    }

    pub(crate) fn rows(&self, room: &RoomUri) -> Rows {
        let mut rows = Rows::of(room.clone());
        if let Some(roster) = self.rows.get(&Part::Roster) {
            rows = rows.with(Part::Roster, roster.clone());
        }
        rows
    }

    pub(crate) fn takes(
        &mut self,
        room: &RoomUri,
        from: &ProviderUri,
        frame: &[u8],
        roster: &RosterChange,
    ) -> Followed {
        let inbound = Inbound { from, frame, roster };
        let owner = |reference: &[u8]| self.owners.get(reference).cloned();
        let followed = follow(&self.provider, &self.rows(room), inbound, owner).unwrap();
        apply(&mut self.rows, &followed.writes);
        followed
    }
}
