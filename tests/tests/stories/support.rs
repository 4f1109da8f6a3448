//! The casts with which most stories begin.

use comity::UserUri;
use comity_testkit::{Actor, World, supports};

/// Alice on her phone at a.example, Bob on his at b.example, Carol on hers at c.example.
pub(crate) struct Cast {
    pub(crate) world: World,
    pub(crate) alice: Actor,
    pub(crate) bob: Actor,
    pub(crate) carol: Actor,
    pub(crate) users: Users,
}

pub(crate) struct Users {
    pub(crate) alice: UserUri,
    pub(crate) bob: UserUri,
    pub(crate) carol: UserUri,
}

impl Cast {
    /// Everybody is there, and nobody shares a room.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(World::with_seed(seed))
    }

    pub(crate) fn with(world: World) -> Self {
        let users = Users {
            alice: world.user("alice@a.example"),
            bob: world.user("bob@b.example"),
            carol: world.user("carol@c.example"),
        };
        let alice = world.client("alice", &users.alice, &supports::enhanced());
        let bob = world.client("bob", &users.bob, &supports::basic());
        let carol = world.client("carol", &users.carol, &supports::basic());
        world.settle();
        Self {
            world,
            alice,
            bob,
            carol,
            users,
        }
    }

    /// Alice and Bob share a room at a.example.
    pub(crate) fn two(seed: u64) -> Self {
        Self::new(seed).with_bob()
    }

    /// All three share a room at a.example.
    pub(crate) fn three(seed: u64) -> Self {
        Self::two(seed).with_carol()
    }

    pub(crate) fn with_bob(self) -> Self {
        self.alice.creates("clubhouse");
        self.alice.invites(&self.users.bob);
        self.world.settle();
        self.bob.accepts();
        self.world.settle();
        self
    }

    pub(crate) fn with_carol(self) -> Self {
        self.alice.invites(&self.users.carol);
        self.world.settle();
        self.carol.accepts();
        self.world.settle();
        self
    }

    /// Dave, with a phone at b.example; in no room.
    pub(crate) fn dave(&self) -> (UserUri, Actor) {
        let dave = self.world.user("dave@b.example");
        let phone = self.world.client("dave", &dave, &supports::basic());
        self.world.settle();
        (dave, phone)
    }

    /// Another device of Carol's, in no room.
    pub(crate) fn carols_tablet(&self) -> Actor {
        let tablet = self
            .world
            .client("carol-tablet", &self.users.carol, &supports::basic());
        self.world.settle();
        tablet
    }

    pub(crate) fn everybody(&self) -> [&Actor; 3] {
        [&self.alice, &self.bob, &self.carol]
    }

    /// Everybody in the room agrees.
    #[track_caller]
    pub(crate) fn agrees(&self) {
        self.world.agrees(&self.world.room(), &self.everybody());
    }
}
