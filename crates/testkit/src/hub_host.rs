//! What a gatekeeper writes around the hub crate: rows as octets, compare and swap, a signature key, queues.
//!
//! Between two calls there is nothing but octets: whatever the hub crate forgets to write is forgotten.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use comity_hub::{
    Caller, Delivery, Endpoint, Facts, Hub, Inspected, Limits, Part, Refusal, Rows, Selection, Verdict,
    Version, Write,
};
use comity_room::{ProviderUri, RoomUri, Timestamp, UserUri};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;

/// The rows of one room.
pub(crate) type RoomRows = BTreeMap<Part, Vec<u8>>;

/// A host with one hub, in memory.
pub struct HubHost {
    hub: Hub<RustCrypto>,
    keys: SignatureKeyPair,
    rooms: BTreeMap<RoomUri, RoomRows>,
    queues: BTreeMap<(ProviderUri, RoomUri), VecDeque<Delivery>>,
}

impl HubHost {
    /// A hub of `provider` with a fresh signature key.
    pub fn new(provider: ProviderUri, limits: Limits) -> Self {
        let keys = SignatureKeyPair::new(comity_mls::CIPHER_SUITE.signature_algorithm()).expect("a key pair");
        let hub = Hub::new(RustCrypto::default(), provider, keys.to_public_vec()).with_limits(limits);
        Self {
            hub,
            keys,
            rooms: BTreeMap::new(),
            queues: BTreeMap::new(),
        }
    }

    /// The key that rooms of this hub name.
    pub fn signature_key(&self) -> Vec<u8> {
        self.keys.to_public_vec()
    }

    /// One request from beginning to end. What is to be fanned out stands in the queues afterwards.
    pub fn post(
        &mut self,
        now: Timestamp,
        room: &RoomUri,
        caller: &Caller,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Verdict {
        let verdict = self.decide(now, room, caller, endpoint, body);
        assert!(
            self.commit(room, &verdict),
            "nobody else writes between deciding and committing"
        );
        verdict
    }

    /// Whose key packages a request asks for that is about a room of this hub.
    pub fn pass_on(&self, caller: &Caller, body: &[u8]) -> Result<UserUri, Selection> {
        self.hub.pass_on(caller, body)
    }

    /// Everything but the commit: what a second node does that is about to lose the race.
    pub fn decide(
        &self,
        now: Timestamp,
        room: &RoomUri,
        caller: &Caller,
        endpoint: Endpoint,
        body: &[u8],
    ) -> Verdict {
        let seen = match self.hub.inspect(endpoint, body) {
            Ok(seen) => seen,
            Err(refusal) => return self.refused(room, endpoint, refusal),
        };
        let head = self.row(room, &Part::Head);
        let mut parts = seen
            .parts(head.map(Vec::as_slice))
            .expect("a head that the hub wrote");
        parts.push(Part::Head);
        let rows = self.load(room, &parts);
        let verdict = match endpoint {
            Endpoint::CreateRoom => self.hub.create(now, caller, &rows, body),
            Endpoint::SubmitMessage => self.hub.submit(now, caller, &rows, body),
            Endpoint::UpdateRoom => self.hub.update(now, caller, &rows, body),
            Endpoint::GroupInfo => self.hub.group_info(now, caller, &rows, body, &self.keys),
            endpoint => panic!("{endpoint:?} is the directory's"),
        };
        verdict.expect("rows that the hub wrote")
    }

    /// Commits rows and queues together, if the version still holds.
    pub fn commit(&mut self, room: &RoomUri, verdict: &Verdict) -> bool {
        if self.version(room) != verdict.expects {
            return false;
        }
        let rows = self.rooms.entry(room.clone()).or_default();
        apply(rows, &verdict.writes);
        if rows.is_empty() {
            self.rooms.remove(room);
        }
        for delivery in &verdict.fanout {
            let queue = (delivery.provider.clone(), delivery.room.clone());
            self.queues.entry(queue).or_default().push_back(delivery.clone());
        }
        true
    }

    /// Puts the previous epoch back in force.
    pub fn step_back(&mut self, now: Timestamp, room: &RoomUri) -> Verdict {
        let head = self.row(room, &Part::Head).expect("a room");
        let mut parts = Inspected::parts_to_step_back(head).expect("a head that the hub wrote");
        parts.push(Part::Head);
        let verdict = self
            .hub
            .step_back(now, &self.load(room, &parts))
            .expect("rows that the hub wrote");
        assert!(self.commit(room, &verdict), "nobody else writes");
        verdict
    }

    /// The queues that are not empty: to whom, and of which room.
    pub(crate) fn waiting(&self) -> Vec<(ProviderUri, RoomUri)> {
        self.queues
            .iter()
            .filter(|(_, queue)| !queue.is_empty())
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Everything that waits to be fanned out, in order for each provider and room.
    pub(crate) fn take_waiting(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.queues).into_values().flatten().collect()
    }

    /// The delivery that goes next to a provider. It stays until [`HubHost::delivered`].
    pub(crate) fn next_delivery(&self, queue: &(ProviderUri, RoomUri)) -> Option<Delivery> {
        self.queues.get(queue)?.front().cloned()
    }

    /// The provider has acknowledged it.
    pub(crate) fn delivered(&mut self, queue: &(ProviderUri, RoomUri)) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.pop_front();
        }
    }

    /// How often a room was changed; a room that does not exist, never.
    pub fn version(&self, room: &RoomUri) -> Version {
        let head = self.row(room, &Part::Head);
        head.map_or(Version::ABSENT, |head| {
            Version::of_head(head).expect("a head that the hub wrote")
        })
    }

    /// The epoch that a room is in, as its rows are keyed.
    pub fn epoch(&self, room: &RoomUri) -> Option<u64> {
        let rows = self.rooms.get(room)?;
        let epochs = rows.keys().filter_map(|part| match part {
            Part::Group(epoch) => Some(*epoch),
            _ => None,
        });
        epochs.max()
    }

    /// How many octets the rows of a room take, those of the given kind alone.
    pub fn octets(&self, room: &RoomUri, kind: impl Fn(&Part) -> bool) -> usize {
        let rows = self.rooms.get(room).into_iter().flatten();
        rows.filter(|(part, _)| kind(part))
            .map(|(_, value)| value.len())
            .sum()
    }

    fn load(&self, room: &RoomUri, parts: &[Part]) -> Rows {
        load(room, self.rooms.get(room), parts)
    }

    fn row(&self, room: &RoomUri, part: &Part) -> Option<&Vec<u8>> {
        self.rooms.get(room)?.get(part)
    }

    fn refused(&self, room: &RoomUri, endpoint: Endpoint, refusal: Refusal) -> Verdict {
        Verdict {
            expects: self.version(room),
            writes: Vec::new(),
            fanout: Vec::new(),
            reply: self.hub.refuse(endpoint, room, &refusal),
            facts: Facts::Refused(refusal),
        }
    }
}

/// Hands rows to the hub crate as a database would: copied octets, and only those that exist.
pub(crate) fn load(room: &RoomUri, rows: Option<&RoomRows>, parts: &[Part]) -> Rows {
    let read = |part: &Part| Ok::<_, Infallible>(rows.and_then(|rows| rows.get(part)).cloned());
    match Rows::of(room.clone()).load(parts, read) {
        Ok(rows) => rows,
        Err(never) => match never {},
    }
}

pub(crate) fn apply(rows: &mut RoomRows, writes: &[Write]) {
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
