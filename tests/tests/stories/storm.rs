//! Everything goes wrong on the way, and everybody agrees in the end.

use std::time::Duration;

use comity::{Allow, ClientChange, Event, EventKind, MessageId, Outgoing};
use comity_hub::Limits;
use comity_testkit::{Actor, Weather, World, for_each_seed};

use crate::support::Cast;

/// How many things people do in one story.
const DEEDS: usize = 25;

#[test]
fn under_a_storm_everybody_in_the_room_ends_with_the_same_timeline_epoch_and_participants() {
    for_each_seed("storm", |seed| {
        let cast = Cast::three(seed);
        cast.world.weather(Weather::STORM);
        chat(&cast, DEEDS);
        cast.world.weather(Weather::CALM);
        cast.world.settle();
        cast.agrees();
        nobody_was_told_off(&cast);
    });
}

#[test]
fn a_room_is_built_in_the_storm_too() {
    for_each_seed("storm_from_the_start", |seed| {
        let world = World::with_seed(seed);
        world.weather(Weather::STORM);
        let cast = Cast::with(world).with_bob().with_carol();
        chat(&cast, DEEDS);
        cast.world.settle();
        cast.agrees();
        nobody_was_told_off(&cast);
    });
}

#[test]
fn clients_that_are_killed_at_any_point_lose_and_double_nothing() {
    for_each_seed("deadly_storm", |seed| {
        let cast = Cast::three(seed);
        cast.world.weather(Weather::DEADLY);
        let said = chat(&cast, DEEDS);
        cast.world.weather(Weather::CALM);
        cast.world.settle();
        cast.agrees();
        for id in said {
            for actor in cast.everybody() {
                assert!(actor.message(id).is_some(), "{} lacks {id}", actor.name());
            }
        }
        nobody_was_told_off(&cast);
    });
}

#[test]
fn a_room_is_built_while_its_clients_are_killed() {
    for_each_seed("deadly_from_the_start", |seed| {
        let world = World::with_seed(seed);
        world.weather(Weather::DEADLY);
        let cast = Cast::with(world).with_bob().with_carol();
        chat(&cast, DEEDS);
        cast.world.weather(Weather::CALM);
        cast.world.settle();
        cast.agrees();
        nobody_was_told_off(&cast);
    });
}

/// A hub that takes messages of the present epoch only makes every change of epoch cost every message on its way a new
/// encryption.
#[test]
fn with_a_strict_hub_and_an_epoch_every_few_seconds_every_message_arrives_once() {
    for_each_seed("strict_hub", |seed| {
        let limits = Limits {
            epoch_tolerance: 0,
            ..Limits::default()
        };
        let cast = Cast::with(World::with_seed(seed).with_limits(limits))
            .with_bob()
            .with_carol();
        cast.world.weather(Weather {
            slowest: Duration::from_secs(2),
            ..Weather::STORM
        });
        let mut said = Vec::new();
        for deed in 0..DEEDS {
            let actor = cast.world.one_of(&cast.everybody());
            actor.rotates();
            said.push(cast.world.one_of(&cast.everybody()).says(&format!("{deed}")));
            cast.world
                .advance(Duration::from_millis(cast.world.throw(6_000) as u64));
        }
        cast.world.weather(Weather::CALM);
        cast.world.settle();
        for actor in cast.everybody() {
            let mut seen: Vec<_> = actor.messages().iter().map(|message| message.id).collect();
            seen.sort();
            said.sort();
            assert_eq!(seen, said, "what {} sees", actor.name());
        }
        cast.agrees();
    });
}

/// People say, react, edit, delete and renew their keys, in an order that the seed chooses. Returns what they said.
fn chat(cast: &Cast, deeds: usize) -> Vec<MessageId> {
    let mut said: Vec<(usize, MessageId)> = Vec::new();
    let mut all = Vec::new();
    let actors = cast.everybody();
    for deed in 0..deeds {
        let who = cast.world.throw(actors.len());
        let actor = actors[who];
        let chosen = (!said.is_empty()).then(|| said[cast.world.throw(said.len())]);
        match (cast.world.throw(10), chosen) {
            (0, _) => drop(actor.rotates()),
            (1 | 2, Some((_, id))) if knows(actor, id) => {
                let _ = try_send(actor, &Outgoing::reaction(id, "👍"));
            }
            (3, Some((by, id))) if by == who => drop(actor.edits(id, &format!("{deed} edited"))),
            (4, Some((by, id))) if by == who => {
                actor.deletes(id);
                said.retain(|(_, other)| *other != id);
            }
            (5, Some((_, id))) if knows(actor, id) => all.push(actor.replies(id, &format!("{deed} reply"))),
            _ => {
                let id = actor.says(&format!("{deed}"));
                said.push((who, id));
                all.push(id);
            }
        }
        cast.world
            .advance(Duration::from_millis(cast.world.throw(8_000) as u64));
    }
    all
}

fn knows(actor: &Actor, id: MessageId) -> bool {
    actor.starts_if_needed();
    actor.message(id).is_some_and(|message| !message.deleted)
}

fn try_send(actor: &Actor, outgoing: &Outgoing) -> Option<MessageId> {
    actor.tries_to_send(outgoing, Allow::default()).ok()
}

/// Storms make duplicates and late frames, but nothing that is beyond anybody.
fn nobody_was_told_off(cast: &Cast) {
    for actor in cast.everybody() {
        let refused = |event: &Event| {
            matches!(
                event.kind,
                EventKind::Client {
                    change: ClientChange::KeyPackagesRefused(_),
                    ..
                }
            )
        };
        assert!(
            !actor.events().iter().any(refused),
            "{}'s key packages were refused",
            actor.name()
        );
        let worse: Vec<_> = actor
            .rejections()
            .into_iter()
            .filter(|reason| !matches!(reason, comity::Rejection::AlreadyJoined))
            .collect();
        assert!(worse.is_empty(), "{} rejected frames: {worse:?}", actor.name());
    }
}
