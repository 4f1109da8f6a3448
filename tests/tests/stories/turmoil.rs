//! People come, go, change devices and race for epochs, on a link that loses, repeats and reorders.

use std::time::Duration;

use comity::room::{Roles, RoomMetadata};
use comity::{Change, Phase, UserUri};
use comity_testkit::{Actor, Weather, World, for_each_seed, supports};

/// How many things happen in one story.
const DEEDS: usize = 40;

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
        crowd
            .world
            .advance(Duration::from_millis(crowd.world.throw(9_000) as u64));
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
        let users: Vec<_> = ["bob@b.example", "carol@c.example", "dave@a.example"]
            .into_iter()
            .map(|who| world.user(who))
            .collect();
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
        let crowd = Self {
            world,
            alice,
            others,
            users,
        };
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
        let phase = actor.phase();
        let joined = phase == Some(Phase::Joined);
        match self.world.throw(20) {
            0 | 1 => self.an_admin_changes(invite(user)),
            2 => self.an_admin_changes(Change::RemoveUser(user.clone())),
            3 if joined && actor.participants().iter().any(|(present, _)| present == user) => {
                let role = if deed.is_multiple_of(2) {
                    Roles::ADMIN
                } else {
                    Roles::MEMBER
                };
                let change = Change::SetRole(user.clone(), role);
                if actor
                    .asks(|reader| reader.can(&self.world.room(), &change))
                    .is_ok()
                {
                    actor.changes(&[change]);
                }
            }
            4 => self.an_admin_changes(self.renaming(deed)),
            5 if actor.name() != "alice" && joined => actor.leaves(),
            6 | 7 if joined => drop(actor.rotates()),
            8 if deed.is_multiple_of(2) => actor.advertises(&supports::enhanced()),
            8 => actor.advertises(&supports::basic()),
            9 | 10 => self.answer_invitations(),
            11 if phase == Some(Phase::Invited) => actor.declines(),
            12 if !matches!(phase, Some(Phase::Invited)) => actor.joins(),
            13 if joined => self.reacts_to_something(actor),
            14 => self.hears_nothing_for_a_while(actor),
            15 => drop(
                actor
                    .as_extension(|extension, now| extension.wake(now))
                    .expect("an extension may wake"),
            ),
            _ if joined => drop(actor.says(&format!("{deed}"))),
            _ => {}
        }
    }

    /// Somebody who may does it: asked before, the engine must not say no, whatever happens to the change later.
    fn an_admin_changes(&self, change: Change) {
        let admins: Vec<_> = self
            .everybody()
            .into_iter()
            .filter(|actor| {
                actor.starts_if_needed();
                actor.phase() == Some(Phase::Joined)
                    && actor
                        .asks(|reader| reader.can(&self.world.room(), &change))
                        .is_ok()
            })
            .collect();
        if !admins.is_empty() {
            self.world.one_of(&admins).changes(&[change]);
        }
    }

    fn renaming(&self, deed: usize) -> Change {
        self.alice.starts_if_needed();
        let metadata = self
            .alice
            .asks(|reader| reader.room(&self.world.room()))
            .unwrap()
            .metadata;
        Change::Metadata(RoomMetadata {
            name: format!("room {deed}"),
            ..metadata
        })
    }

    fn reacts_to_something(&self, actor: &Actor) {
        let known = actor.messages();
        let known: Vec<_> = known
            .iter()
            .filter(|message| !message.deleted && message.accepted.is_some())
            .collect();
        if let Some(message) = known.get(self.world.throw(known.len())) {
            actor.reacts(message.id, "👍");
        }
    }

    fn hears_nothing_for_a_while(&self, actor: &Actor) {
        actor.is_cut_off();
        self.world
            .advance(Duration::from_millis(self.world.throw(30_000) as u64));
        actor.starts_if_needed();
        actor.is_back();
    }

    /// Nobody hangs between in and out.
    fn everybody_is_somewhere_definite(&self) {
        for actor in self.everybody() {
            let phase = actor.phase();
            let definite = matches!(
                phase,
                None | Some(Phase::Joined | Phase::Invited | Phase::Left | Phase::Removed | Phase::Refused)
            );
            assert!(definite, "{} is {phase:?}", actor.name());
        }
        let members: Vec<_> = self
            .alice
            .members()
            .into_iter()
            .map(|member| member.client)
            .collect();
        for actor in self.everybody() {
            let inside = matches!(actor.phase(), Some(Phase::Joined | Phase::Invited));
            assert_eq!(
                inside,
                members.contains(&actor.client()),
                "{}, {:?}",
                actor.name(),
                actor.phase()
            );
        }
        let room = self.world.room();
        self.world.agrees(&room, &self.everybody());
    }

    fn everybody_inside_is_heard(&self) {
        let inside: Vec<_> = self
            .everybody()
            .into_iter()
            .filter(|actor| actor.phase() == Some(Phase::Joined))
            .collect();
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
    Change::Invite {
        user: user.clone(),
        role: None,
        key_packages: Vec::new(),
    }
}
