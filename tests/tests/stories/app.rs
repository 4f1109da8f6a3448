//! Story B: a chat list, a timeline, and an app that keeps its own database.

use std::collections::BTreeMap;
use std::time::Duration;

use comity::content::Expiration;
use comity::{EventKind, MessageChange, MessageId, Outgoing, Page, Position, Seq};
use comity_testkit::{Weather, supports};

use crate::support::Cast;

/// Rule 8: `read` is a verb.
#[test]
fn unread_counts_go_up_with_messages_of_others_and_down_with_reading() {
    let cast = Cast::two(1);
    cast.alice.says("one");
    cast.alice.says("two");
    cast.bob.says("mine");
    cast.world.settle();
    assert_eq!((cast.alice.unread(), cast.bob.unread()), (1, 2));
    cast.bob.reads();
    assert_eq!(cast.bob.unread(), 0);
    let three = cast.alice.says("three");
    cast.world.settle();
    assert_eq!(cast.bob.unread(), 1);
    cast.alice.reacts(three, "🎉");
    cast.alice.edits(three, "3");
    cast.world.settle();
    assert_eq!(cast.bob.unread(), 1, "a reaction and an edit are no new messages");
    cast.bob.closes();
    cast.bob.starts();
    assert_eq!(cast.bob.unread(), 1);
}

/// The last message may be one's own that no hub has accepted yet: it stands behind all others, and what comes stands before it.
#[test]
fn whoever_reads_up_to_an_own_message_that_is_on_its_way_has_not_read_what_comes_later() {
    let cast = Cast::two(1);
    cast.alice.says("one");
    cast.world.settle();
    cast.bob.is_cut_off();
    cast.bob.says("on its way");
    cast.bob.reads();
    assert_eq!(cast.bob.unread(), 0);
    cast.bob.is_back();
    cast.world.settle();
    cast.world.advance(Duration::from_secs(60));
    cast.alice.says("two");
    let id = cast
        .alice
        .sends(&Outgoing::text("vanishes").expiring(Expiration::Relative(60)));
    cast.world.settle();
    assert_eq!(cast.bob.unread(), 2, "nobody has seen these");
    cast.bob.reads();
    assert_eq!(cast.bob.unread(), 0);
    cast.world.advance(Duration::from_secs(61));
    assert!(cast.bob.message(id).is_none(), "its time began with reading");
}

/// `loop { ev = events(db.seq); db.tx { upsert; db.seq = last }; forget(db.seq) }`
#[test]
fn an_app_with_its_own_database_gets_every_message_from_the_feed() {
    let cast = Cast::three(3);
    cast.world.weather(Weather::DEADLY);
    let mut database: BTreeMap<MessageId, String> = BTreeMap::new();
    let mut seq = Seq(0);
    for round in 0..12 {
        let said = cast.world.one_of(&cast.everybody()).says(&format!("{round}"));
        if round % 3 == 0 {
            cast.alice.reacts(said, "👍");
        }
        cast.world.advance(Duration::from_secs(2));
        if round % 4 == 3 {
            drain(&cast, &mut database, &mut seq);
        }
    }
    cast.world.weather(Weather::CALM);
    cast.world.settle();
    drain(&cast, &mut database, &mut seq);
    let shown: BTreeMap<MessageId, String> = cast
        .bob
        .messages()
        .iter()
        .map(|message| (message.id, cast.bob.line(message.id).unwrap()))
        .collect();
    assert_eq!(database, shown);
    assert!(
        cast.bob.events().len() <= 1,
        "what the app has, the log forgets, but for the last number"
    );
}

fn drain(cast: &Cast, database: &mut BTreeMap<MessageId, String>, seq: &mut Seq) {
    cast.bob.starts_if_needed();
    loop {
        let page = cast.bob.asks(|reader| reader.events(*seq, 5)).unwrap();
        let Some(last) = page.last() else { break };
        assert_eq!(page.first().unwrap().seq, Seq(seq.0 + 1), "no event is missing");
        *seq = last.seq;
        for event in page {
            if let EventKind::Message { message, .. } = event.kind {
                match cast.bob.line(message) {
                    Some(line) => drop(database.insert(message, line)),
                    None => drop(database.remove(&message)),
                }
            }
        }
    }
    let up_to = *seq;
    cast.bob.acts("forgets", |client, now| client.forget(now, up_to));
    cast.bob.starts_if_needed();
}

/// Rule 19: the timeline pages by key.
#[test]
fn the_timeline_pages_forwards_and_backwards_from_any_position() {
    let cast = Cast::two(1);
    for number in 0..25 {
        if number % 2 == 0 {
            cast.alice.says(&format!("{number}"))
        } else {
            cast.bob.says(&format!("{number}"))
        };
        cast.world.advance(Duration::from_millis(100));
    }
    cast.world.settle();
    let room = cast.world.room();
    let page = |page| {
        let messages = cast
            .bob
            .asks(|reader| reader.timeline(cast.bob.now(), &room, page))
            .unwrap();
        messages
            .into_iter()
            .map(|message| (message.position, message.id))
            .collect::<Vec<_>>()
    };
    let all = page(Page::Latest(100));
    assert_eq!(all.len(), 25);
    assert_eq!(page(Page::Latest(7)), all[18..]);
    assert_eq!(page(Page::Before(all[18].0, 7)), all[11..18]);
    assert_eq!(page(Page::After(all[3].0, 7)), all[4..11]);
    assert_eq!(page(Page::After(Position::default(), 100)), all);
    assert_eq!(page(Page::After(all[24].0, 7)), []);
}

/// Rule 12: what has expired is never shown, and erased once the hub's time, or a day, confirms it.
#[test]
fn a_message_with_an_end_is_never_shown_after_it_and_really_vanishes() {
    let cast = Cast::two(1);
    let ends = cast.world.now().plus(Duration::from_secs(3_600));
    let seconds = u32::try_from(ends.as_millis() / 1_000).unwrap();
    let id = cast
        .alice
        .sends(&Outgoing::text("for an hour").expiring(Expiration::Absolute(seconds)));
    cast.world.settle();
    cast.bob.sees(["alice: for an hour"]);
    cast.world.advance(Duration::from_secs(3_601));
    for actor in [&cast.alice, &cast.bob] {
        actor.sees([]);
        assert!(actor.message(id).is_none());
    }
    cast.alice.says("later");
    cast.world.advance(Duration::from_secs(2 * 86_400));
    cast.world.settle();
    for actor in [&cast.alice, &cast.bob] {
        assert_eq!(
            actor.message_events(id).last(),
            Some(&MessageChange::Expired),
            "{}",
            actor.name()
        );
    }
}

/// Rules 8 and 12: relative expiry begins with reading.
#[test]
fn a_message_that_vanishes_after_reading_stays_until_it_is_read() {
    let cast = Cast::two(1);
    let id = cast
        .alice
        .sends(&Outgoing::text("read me").expiring(Expiration::Relative(60)));
    cast.world.settle();
    cast.world.advance(Duration::from_secs(600));
    cast.bob.sees(["alice: read me"]);
    cast.bob.reads();
    cast.world.advance(Duration::from_secs(59));
    cast.bob.sees(["alice: read me"]);
    cast.world.advance(Duration::from_secs(2));
    cast.bob.sees([]);
    assert!(cast.bob.message(id).is_none());
}

/// What came late stands before what was read, and nobody has seen it.
#[test]
fn a_message_that_comes_after_later_ones_were_read_vanishes_once_it_is_read_too() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    let id = cast
        .alice
        .sends(&Outgoing::text("read me").expiring(Expiration::Relative(60)));
    cast.alice.says("later");
    cast.world.settle();
    let [late, later] = &cast.bob.loses_its_mail()[..] else {
        panic!("two messages")
    };
    cast.bob.is_pushed(later.clone());
    cast.bob.reads();
    cast.bob.is_pushed(late.clone());
    cast.world.advance(Duration::from_secs(600));
    cast.bob.sees(["alice: read me", "alice: later"]);
    cast.bob.reads();
    cast.world.advance(Duration::from_secs(59));
    cast.bob.sees(["alice: read me", "alice: later"]);
    cast.world.advance(Duration::from_secs(2));
    cast.bob.sees(["alice: later"]);
    assert!(cast.bob.message(id).is_none());
}

/// Nobody reads their own words: for their other clients, too, the time begins when the hub has accepted them.
#[test]
fn own_words_that_vanish_do_so_on_every_client_of_their_user() {
    let cast = Cast::two(1);
    let tablet = cast
        .world
        .client("bob-tablet", &cast.users.bob, &supports::basic());
    cast.world.settle();
    tablet.joins();
    cast.world.settle();
    cast.bob
        .sends(&Outgoing::text("a minute").expiring(Expiration::Relative(60)));
    cast.world.settle();
    tablet.sees(["bob: a minute"]);
    cast.world.advance(Duration::from_secs(61));
    tablet.sees([]);
    cast.bob.sees([]);
    cast.alice.sees(["bob: a minute"]);
}

/// Its time began under a clock that was wrong, and is counted by the right one.
#[test]
fn what_was_read_under_a_clock_far_ahead_vanishes_in_its_time_all_the_same() {
    let cast = Cast::two(1);
    let id = cast
        .alice
        .sends(&Outgoing::text("read me").expiring(Expiration::Relative(60)));
    cast.world.settle();
    cast.bob.has_a_clock_off_by(5 * 365 * 86_400_000);
    cast.bob.reads();
    cast.bob.acts("wakes", comity::Client::wake);
    cast.bob.has_a_clock_off_by(0);
    cast.bob.acts("wakes", comity::Client::wake);
    cast.bob.sees(["alice: read me"]);
    cast.world.advance(Duration::from_secs(61));
    cast.bob.sees([]);
    assert!(cast.bob.message(id).is_none());
}

/// Rule 12: a phone that is set to 2030 for a moment loses nothing.
#[test]
fn a_clock_set_far_ahead_for_a_moment_hides_a_message_and_loses_nothing() {
    let cast = Cast::two(1);
    let ends = cast.world.now().plus(Duration::from_secs(7 * 86_400));
    let seconds = u32::try_from(ends.as_millis() / 1_000).unwrap();
    cast.alice
        .sends(&Outgoing::text("for a week").expiring(Expiration::Absolute(seconds)));
    cast.world.settle();
    cast.bob.has_a_clock_off_by(5 * 365 * 86_400_000);
    cast.bob.sees([]);
    cast.bob.acts("wakes", comity::Client::wake);
    cast.world.settle();
    cast.bob.has_a_clock_off_by(0);
    cast.bob.acts("wakes", comity::Client::wake);
    cast.bob.sees(["alice: for a week"]);
}

#[test]
fn nobody_changes_or_deletes_what_others_have_said() {
    let cast = Cast::three(1);
    let hi = cast.alice.says("hi");
    cast.world.settle();
    for outgoing in [Outgoing::text("ho").editing(hi), Outgoing::deletion(hi)] {
        let refused = cast.carol.tries_to_send(&outgoing, comity::Allow::default());
        assert_eq!(refused.unwrap_err().code(), "not_allowed");
    }
    cast.world.settle();
    cast.bob.sees(["alice: hi"]);
}

#[test]
fn an_administrator_deletes_what_others_have_said() {
    let cast = Cast::three(1);
    let rude = cast.carol.says("something rude");
    cast.world.settle();
    cast.alice.deletes(rude);
    cast.world.settle();
    for actor in cast.everybody() {
        actor.sees(["carol: [deleted]"]);
    }
}

#[test]
fn a_reaction_is_taken_back_and_given_again() {
    let cast = Cast::two(1);
    let hi = cast.alice.says("hi");
    cast.world.settle();
    let like = cast.bob.reacts(hi, "👍");
    cast.world.settle();
    cast.alice.sees(["alice: hi [👍 bob]"]);
    cast.bob.deletes(like);
    cast.world.settle();
    cast.alice.sees(["alice: hi"]);
    cast.bob.reacts(hi, "❤️");
    cast.world.settle();
    cast.alice.sees(["alice: hi [❤️ bob]"]);
    cast.agrees();
}

/// Edits and reactions may come before what they are about.
#[test]
fn what_belongs_to_a_message_that_has_not_come_yet_is_shown_once_it_has() {
    let cast = Cast::three(1);
    cast.carol.is_deaf();
    let hi = cast.alice.says("hi");
    cast.world.settle();
    cast.bob.reacts(hi, "👍");
    let edit = cast.alice.edits(hi, "hello");
    cast.world.settle();
    cast.alice.edits(edit, "hello!");
    cast.world.settle();
    for frame in cast.carol.loses_its_mail().into_iter().rev() {
        cast.carol.is_pushed(frame);
    }
    cast.carol.sees(["alice: hello! [edited] [👍 bob]"]);
    assert_eq!(cast.carol.unread(), 1);
    cast.agrees();
}

#[test]
fn a_message_is_sent_in_the_forms_that_the_room_needs_and_everybody_sees_the_best_they_can() {
    let cast = Cast::two(1);
    let card = comity::content::Part::single(
        comity::content::Disposition::RENDER,
        supports::CARD,
        br#"{"card":1}"#.to_vec(),
    );
    let mut outgoing = Outgoing::markdown("*a card*");
    outgoing.alternatives.insert(0, card);
    let plan = cast
        .alice
        .asks(|reader| reader.plan(&cast.world.room(), &outgoing))
        .unwrap();
    let id = cast.alice.sends(&outgoing);
    cast.world.settle();
    assert_eq!(cast.alice.shows(id).as_deref(), Some(supports::CARD));
    assert_eq!(cast.bob.shows(id).as_deref(), Some(comity::MARKDOWN));
    let reach: Vec<_> = plan
        .reach
        .iter()
        .map(|reach| (reach.client.clone(), reach.sees))
        .collect();
    assert_eq!(
        reach,
        [(cast.alice.client(), Some(0)), (cast.bob.client(), Some(1))]
    );
    let sent = cast.bob.message(id).unwrap().content.unwrap();
    assert_eq!(
        comity_testkit::view::alternatives(&sent),
        [supports::CARD, comity::MARKDOWN]
    );
}
