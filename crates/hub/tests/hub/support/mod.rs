//! Real clients on OpenMLS, a host that keeps rows, and the domain words in which the tests speak.

mod device;
mod entrance;
mod host;

pub(crate) use device::{Bundle, Device, Plan, app_data};
pub(crate) use host::{Follower, Host, apply};

use comity_room::{Advertisement, ClientUri, ProviderUri, Role, Roles, RoomUri, UserUri, media_types};
use comity_wire::{FanoutMessage, Wire as _};

use comity_hub::{Caller, Delivery, Endpoint, Facts, Limits, Part, Verdict};

pub(crate) fn provider(domain: &str) -> ProviderUri {
    ProviderUri::parse(&format!("mimi://{domain}")).unwrap()
}

pub(crate) fn user(domain: &str, name: &str) -> UserUri {
    UserUri::parse(&format!("mimi://{domain}/u/{name}")).unwrap()
}

pub(crate) fn client(domain: &str, name: &str) -> ClientUri {
    ClientUri::parse(&format!("mimi://{domain}/d/{name}")).unwrap()
}

pub(crate) fn room(domain: &str, name: &str) -> RoomUri {
    RoomUri::parse(&format!("mimi://{domain}/r/{name}")).unwrap()
}

pub(crate) fn baseline() -> Advertisement {
    media_types::baseline()
}

/// A hub at `a.example` with one room, and the devices of the story.
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) room: RoomUri,
    pub(crate) devices: Vec<Device>,
}

pub(crate) const ALICE: usize = 0;
pub(crate) const BOB: usize = 1;
pub(crate) const CAROL: usize = 2;

impl World {
    /// A room that `alice@a.example` created, with nobody else in it. Bob is at b.example, Carol at c.example.
    pub(crate) fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        Self::with(limits, |_| {})
    }

    /// The same where the roles are the standard ones with a change to each.
    pub(crate) fn with_roles(change: impl Fn(&mut Role)) -> Self {
        Self::with(Limits::default(), change)
    }

    fn with(limits: Limits, change: impl Fn(&mut Role)) -> Self {
        let mut host = Host::new("a.example", limits);
        let room = room("a.example", "clubhouse");
        let mut alice = Device::new("a.example", "alice", "alice-phone");
        let mut state = alice.new_state(&room, &host.identity());
        let mut roles: Vec<Role> = state.roles.iter().cloned().collect();
        roles.iter_mut().for_each(change);
        state.roles = Roles::new(roles).unwrap();
        let body = alice.create_room_of(&room, &state).encode();
        let verdict = host.post(&room, &alice.caller(), Endpoint::CreateRoom, &body);
        assert!(
            matches!(verdict.facts, Facts::Created { .. }),
            "{:?}",
            verdict.facts
        );
        let bob = Device::new("b.example", "bob", "bob-phone");
        let carol = Device::new("c.example", "carol", "carol-phone");
        Self {
            host,
            room,
            devices: vec![alice, bob, carol],
        }
    }

    /// The same with Bob in the room.
    pub(crate) fn with_bob() -> Self {
        let mut world = Self::new();
        world.invites(ALICE, BOB);
        world
    }

    /// The same with Bob and Carol in the room.
    pub(crate) fn with_bob_and_carol() -> Self {
        let mut world = Self::with_bob();
        world.invites(ALICE, CAROL);
        world
    }

    pub(crate) fn device(&mut self, who: usize) -> &mut Device {
        &mut self.devices[who]
    }

    pub(crate) fn caller(&self, who: usize) -> Caller {
        self.devices[who].caller()
    }

    /// Adds the device and its user.
    pub(crate) fn invites(&mut self, who: usize, whom: usize) {
        let plan = self.devices[whom].invitation(&self.devices[who]);
        drop(self.commits(who, plan));
    }

    /// Builds and posts a commit, expects it to be accepted, and lets everybody follow it.
    pub(crate) fn commits(&mut self, who: usize, plan: Plan) -> Verdict {
        let bundle = self.devices[who].commit(plan);
        let verdict = self.posts(who, &bundle);
        assert!(matches!(verdict.facts, Facts::Commit(_)), "{:?}", verdict.facts);
        self.devices[who].merge();
        self.deliver(&verdict.fanout, who);
        verdict
    }

    /// Posts a bundle in the name of a device.
    pub(crate) fn posts(&mut self, who: usize, bundle: &Bundle) -> Verdict {
        let caller = self.caller(who);
        self.host
            .post(&self.room, &caller, Endpoint::UpdateRoom, &bundle.encode())
    }

    /// Posts a message of a device and returns the verdict.
    pub(crate) fn says(&mut self, who: usize, text: &str) -> Verdict {
        let body = self.devices[who].message(text).encode();
        let caller = self.caller(who);
        self.host
            .post(&self.room, &caller, Endpoint::SubmitMessage, &body)
    }

    /// Hands every frame to every device of its provider but the one that caused it, which has merged already.
    pub(crate) fn deliver(&mut self, fanout: &[Delivery], but: usize) {
        for delivery in fanout {
            let frame = FanoutMessage::decode(&delivery.frame).unwrap();
            for (who, device) in self.devices.iter_mut().enumerate() {
                if who != but && device.uri.provider() == delivery.provider {
                    device.receive(&frame);
                }
            }
        }
    }

    /// The epoch that everybody in the room is in.
    pub(crate) fn epoch(&self) -> u64 {
        self.devices[ALICE].epoch()
    }

    pub(crate) fn row(&self, part: &Part) -> Option<&Vec<u8>> {
        self.host.row(&self.room, part)
    }
}

/// The stable code of a refusal; panics if the verdict is another.
#[track_caller]
pub(crate) fn refused(verdict: &Verdict) -> &'static str {
    assert!(
        verdict.writes.is_empty() && verdict.fanout.is_empty(),
        "a refusal changes nothing"
    );
    match &verdict.facts {
        Facts::Refused(refusal) => refusal.code(),
        facts => panic!("not a refusal: {facts:?}"),
    }
}

#[track_caller]
pub(crate) fn accepted(verdict: &Verdict) {
    assert!(!matches!(verdict.facts, Facts::Refused(_)), "{:?}", verdict.facts);
    assert!(!verdict.writes.is_empty());
}
