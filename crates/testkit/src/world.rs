//! The world of a test: users and their clients, providers, a virtual clock, and a link that a seed makes unreliable.

use std::cell::{Ref, RefCell, RefMut};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use comity::{Identity, Phase, RequestKind};
use comity_content::Supported;
use comity_hub::{Facts, Limits};
use comity_room::{RoomUri, Timestamp, UserUri};
use tempfile::TempDir;

use crate::actor::Actor;
use crate::host::Host;
use crate::names;
use crate::net::Net;
use crate::server::Server;
use crate::traffic::Mishap;
use crate::weather::Weather;

/// Clients, providers and the link between them.
///
/// What happens is printed, with the seed, if the test panics while the world exists.
pub struct World {
    state: Rc<State>,
}

/// What the world and its actors share.
pub(crate) struct State {
    net: RefCell<Net>,
    pub(crate) room: RefCell<Option<RoomUri>>,
    dir: TempDir,
}

impl World {
    /// A world in calm weather.
    ///
    /// It begins at the real present, because OpenMLS asks the real clock whether key packages are valid; so its time must
    /// not run more than three weeks ahead, by which key packages are back-dated.
    pub fn with_seed(seed: u64) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the testkit is a host, and hosts have clocks"
        )]
        let now = std::time::SystemTime::now();
        let now = now
            .duration_since(std::time::UNIX_EPOCH)
            .expect("a present after 1970")
            .as_millis();
        let net = Net::new(seed, u64::try_from(now).expect("a present"));
        let dir = directory();
        Self {
            state: Rc::new(State {
                net: RefCell::new(net),
                room: RefCell::new(None),
                dir,
            }),
        }
    }

    /// With other limits than the hub crate's defaults; before any provider is named.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        assert!(self.net().servers.is_empty(), "limits come before providers");
        self.net_mut().limits = limits;
        self
    }

    /// Changes the weather from now on.
    pub fn weather(&self, weather: Weather) {
        self.net_mut().note(&format!("weather: {weather:?}"));
        self.net_mut().weather = weather;
    }

    /// A user, `alice@a.example`; the provider exists from then on.
    pub fn user(&self, handle: &str) -> UserUri {
        let user = names::user(handle);
        self.net_mut().server(&user.provider());
        user
    }

    /// A client of a user, in a new file. It advertises what it supports, so its key packages are on their way.
    pub fn client(&self, name: &str, user: &UserUri, supported: &Supported) -> Actor {
        let client = names::client(&format!("{name}@{}", user.provider().domain()));
        let identity = Identity {
            user: user.clone(),
            client,
        };
        let key = self.net_mut().dice.below(256) as u8;
        let dir = self.state.dir.path().join(name);
        let host = Host::create(self.now(), identity.clone(), dir, [key; 32]);
        self.net_mut().sit_down(name, host, identity);
        let actor = Actor::new(Rc::clone(&self.state), name, supported.clone());
        actor.advertises(supported);
        actor
    }

    /// The room that was created last.
    pub fn room(&self) -> RoomUri {
        self.state.room.borrow().clone().expect("a room has been created")
    }

    /// Runs until nothing is on its way, nothing is outstanding and no timer is due within twenty seconds.
    #[track_caller]
    pub fn settle(&self) {
        self.net_mut().settle();
    }

    /// Lets time pass, with all that happens in it.
    pub fn advance(&self, by: Duration) {
        self.net_mut().note(&format!("{by:?} pass"));
        self.net_mut().advance(by);
    }

    /// The true time.
    pub fn now(&self) -> Timestamp {
        self.net().now()
    }

    /// Something bad happens to the next request of a kind by a client.
    pub fn plans(&self, mishap: Mishap, client: &Actor, kind: RequestKind) {
        self.net_mut()
            .mishaps
            .push((client.name().to_owned(), kind, mishap));
    }

    /// How many planned mishaps have not happened.
    pub fn planned(&self) -> usize {
        self.net_mut().mishaps.len()
    }

    /// A number below `sides`, from the seed.
    pub fn throw(&self, sides: usize) -> usize {
        usize::try_from(self.net_mut().dice.below(sides as u64)).unwrap_or(0)
    }

    /// One of several clients, from the seed.
    pub fn one_of<'a>(&self, actors: &[&'a Actor]) -> &'a Actor {
        let at = self.throw(actors.len());
        actors.get(at).expect("somebody to choose from")
    }

    /// A provider's server, to look at or to tamper with.
    pub fn provider<T>(&self, domain: &str, work: impl FnOnce(&mut Server) -> T) -> T {
        let mut net = self.net_mut();
        let result = work(net.server(&names::provider(domain)));
        net.fan_out();
        result
    }

    /// The provider answers nobody, or does again.
    pub fn is_down(&self, domain: &str, down: bool) {
        self.net_mut()
            .note(&format!("{domain} is {}", if down { "down" } else { "up" }));
        self.provider(domain, |server| server.down = down);
    }

    /// The hub puts the previous epoch of a room back in force.
    pub fn steps_back(&self, room: &RoomUri) -> Facts {
        let now = self.now();
        self.provider(room.provider().domain(), |server| {
            server.hub.step_back(now, room).facts
        })
    }

    /// Everybody who is in the room agrees with the hub on the epoch and with everybody else on the participants, the
    /// members, and every message that both could read; and nobody has anything left to do.
    #[track_caller]
    pub fn agrees(&self, room: &RoomUri, actors: &[&Actor]) {
        let epoch = self.provider(room.provider().domain(), |server| server.hub.epoch(room));
        let inside = |actor: &&&Actor| matches!(actor.phase_in(room), Some(Phase::Joined | Phase::Invited));
        let inside: Vec<_> = actors.iter().filter(inside).collect();
        for one in &inside {
            one.is_done_with(room, epoch);
            for other in &inside {
                let pair = format!("{} and {}", one.name(), other.name());
                assert_eq!(
                    one.participants_in(room),
                    other.participants_in(room),
                    "participants of {pair}"
                );
                assert_eq!(one.members_in(room), other.members_in(room), "members of {pair}");
            }
        }
        let joined = |actor: &&&&Actor| actor.phase_in(room) == Some(Phase::Joined);
        for one in inside.iter().filter(joined) {
            for other in inside.iter().filter(joined) {
                one.is_seen_alike_by(other, room);
            }
        }
    }

    /// What has happened so far, in words.
    pub fn trace(&self) -> String {
        self.net().trace()
    }

    pub(crate) fn net(&self) -> Ref<'_, Net> {
        self.state.net.borrow()
    }

    pub(crate) fn net_mut(&self) -> RefMut<'_, Net> {
        self.state.net.borrow_mut()
    }
}

/// Files that are written and synced thousands of times stand in memory where the system offers that, unless `TMPDIR`
/// says where.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let directory = if std::env::var_os("TMPDIR").is_none() && memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    directory.expect("a directory")
}

impl State {
    pub(crate) fn net(&self) -> Ref<'_, Net> {
        self.net.borrow()
    }

    pub(crate) fn net_mut(&self) -> RefMut<'_, Net> {
        self.net.borrow_mut()
    }
}
