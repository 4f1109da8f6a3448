//! People come, go, change devices and race for epochs, on a link that loses, repeats and reorders.

use std::time::Duration;

use comity::{Change, Phase, UserUri};
use comity_testkit::{Actor, Weather, World, for_each_seed, supports};

/// How many things happen in one story.
const DEEDS: usize = 30;

/// Alice, who stays, and others who come and go: Bob with two clients, Carol, Dave.
struct Crowd {
    world: World,
    alice: Actor,
    others: Vec<Actor>,
    users: Vec<UserUri>,
}

#[test]
fn people_come_and_go_in_a_storm_and_whoever_is_in_the_room_agrees() {
    for_each_seed("turmoil", |seed| turmoil(seed, &Weather::STORM));
}

#[test]
fn people_come_and_go_while_their_clients_are_killed_and_whoever_is_in_the_room_agrees() {
    for_each_seed("deadly_turmoil", |seed| turmoil(seed, &Weather::DEADLY));
}

fn turmoil(seed: u64, weather: &Weather) {
    let crowd = Crowd::new(seed);
    crowd.world.weather(weather.clone());
    for deed in 0..DEEDS {
        crowd.someone_does_something(deed);
        crowd.world.advance(Duration::from_millis(crowd.world.throw(9_000) as u64));
    }
    crowd.world.weather(Weather::CALM);
    crowd.world.settle();
    crowd.everybody_is_somewhere_definite();
    crowd.everybody_inside_is_heard();
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let world = World::with_seed(seed);
        let alice_user = world.user("alice@a.example");
        let users: Vec<_> =
            ["bob@b.example", "carol@c.example", "dave@a.example"].into_iter().map(|who| world.user(who)).collect();
        let alice = world.client("alice", &alice_user, &supports::enhanced());
        let others = vec![
            world.client("bob", &users[0], &supports::basic()),
            world.client("bob-tablet", &users[0], &supports::enhanced()),
            world.client("carol", &users[1], &supports::basic()),
            world.client("dave", &users[2], &supports::basic()),
        ];
        world.settle();
        alice.creates("clubhouse");
        alice.invites(&users[0]);
        alice.invites(&users[1]);
        world.settle();
        let crowd = Self { world, alice, others, users };
        crowd.answer_invitations();
        crowd.world.settle();
        crowd
    }

    fn everybody(&self) -> Vec<&Actor> {
        std::iter::once(&self.alice).chain(&self.others).collect()
    }

    fn answer_invitations(&self) {
        for actor in &self.others {
            actor.starts_if_needed();
            if actor.phase() == Some(Phase::Invited) {
                actor.accepts();
            }
        }
    }

    /// Whatever the engine says cannot be done is not done; everything else must work out.
    fn someone_does_something(&self, deed: usize) {
        let everybody = self.everybody();
        let actor = self.world.one_of(&everybody);
        let user = &self.users[self.world.throw(self.users.len())];
        actor.starts_if_needed();
        let allowed = |change: Change| {
            self.alice.starts_if_needed();
            if self.alice.asks(|reader| reader.can(&self.alice.room(), &change)).is_ok() {
                let _ = self.alice.tries_to_change(&[change]);
            }
        };
        match self.world.throw(16) {
            0 | 1 => allowed(invite(user)),
            2 => allowed(Change::RemoveUser(user.clone())),
            3 if actor.name() != "alice" && actor.phase() == Some(Phase::Joined) => actor.leaves(),
            4 | 5 if actor.phase() == Some(Phase::Joined) => drop(actor.rotates()),
            6 if deed % 2 == 0 => actor.advertises(&supports::enhanced()),
            6 => actor.advertises(&supports::basic()),
            7 | 8 => self.answer_invitations(),
            9 if actor.phase() == Some(Phase::Invited) => actor.declines(),
            10 if actor.phase() == Some(Phase::Stalled) => actor.joins(),
            _ if actor.phase() == Some(Phase::Joined) => drop(actor.says(&format!("{deed}"))),
            _ => {}
        }
    }

    /// Nobody hangs between in and out.
    fn everybody_is_somewhere_definite(&self) {
        for actor in self.everybody() {
            let phase = actor.phase();
            let definite = matches!(
                phase,
                None | Some(Phase::Joined | Phase::Invited | Phase::Left | Phase::Removed | Phase::Stalled)
            );
            assert!(definite, "{} is {phase:?}", actor.name());
            assert_ne!(phase, Some(Phase::Stalled), "{} is stalled", actor.name());
        }
        let members: Vec<_> = self.alice.members().into_iter().map(|member| member.client).collect();
        for actor in self.everybody() {
            let inside = matches!(actor.phase(), Some(Phase::Joined | Phase::Invited));
            assert_eq!(inside, members.contains(&actor.client()), "{}, {:?}", actor.name(), actor.phase());
        }
        let room = self.world.room();
        self.world.agrees(&room, &self.everybody());
    }

    fn everybody_inside_is_heard(&self) {
        let inside: Vec<_> =
            self.everybody().into_iter().filter(|actor| actor.phase() == Some(Phase::Joined)).collect();
        let said: Vec<_> = inside.iter().map(|actor| actor.says("hello at last")).collect();
        self.world.settle();
        for actor in &inside {
            for id in &said {
                assert!(actor.message(*id).is_some(), "{} lacks {id}", actor.name());
            }
        }
        self.world.agrees(&self.world.room(), &inside);
    }
}

fn invite(user: &UserUri) -> Change {
    Change::Invite { user: user.clone(), role: None, key_packages: Vec::new() }
}
