//! What a timeline makes of edits, deletions, reactions and replies, row by row of the checklist.

mod edits;
mod expiry;
mod reactions;
mod replies;

use comity_content::{
    Class, Content, Disposition, Folded, MessageId, Part, Stored, Timeline, classify, fold,
};
use comity_room::Timestamp;
use comity_room::policy::Action;

use crate::common::{ALICE, BOB, CATHY, salt, stored, stored_example, text};

/// A room in which all may do what they please with what is theirs.
fn own_only(_: &Stored, action: Action, _: &Stored) -> bool {
    !matches!(action, Action::DeleteOther | Action::DeleteOtherReaction)
}

fn folded(messages: &[&Stored]) -> Timeline {
    fold(messages.iter().map(|message| (*message).clone()), own_only)
}

fn said(sender: &str, n: u8, millis: u64, words: &str) -> Stored {
    stored(sender, n, millis, |content| content, text(words))
}

fn edit(sender: &str, n: u8, millis: u64, of: &Stored, words: &str) -> Stored {
    stored(sender, n, millis, |content| content.replacing(of.id), text(words))
}

fn reaction(sender: &str, n: u8, millis: u64, to: MessageId, emoji: &str) -> Stored {
    stored(
        sender,
        n,
        millis,
        |content| content.in_reply_to(to),
        Part::reaction(emoji).unwrap(),
    )
}

fn deletion(sender: &str, n: u8, millis: u64, of: &Stored) -> Stored {
    stored(
        sender,
        n,
        millis,
        |content| content.replacing(of.id),
        Part::null(Disposition::RENDER),
    )
}

fn words(timeline: &Timeline) -> Vec<String> {
    timeline
        .entries
        .iter()
        .map(|entry| entry.shown().map_or_else(|| "deleted".into(), |v| plain(&v.part)))
        .collect()
}

fn plain(part: &Part) -> String {
    let comity_content::Body::Single(single) = &part.body else {
        return String::new();
    };
    String::from_utf8(single.content.clone()).unwrap()
}

#[test]
fn the_published_conversation_folds_to_what_it_says() {
    let [original, reply, reaction, edit, delete, unlike] = [
        ("original", 0),
        ("reply", 1),
        ("reaction", 2),
        ("edit", 3),
        ("delete", 4),
        ("unlike", 5),
    ]
    .map(|(name, millis)| stored_example(name, millis));

    let before = folded(&[&original, &reply, &reaction, &edit]);
    assert_eq!(
        words(&before),
        [
            "Hi everyone, we just shipped release 2.0. __Good  work__!",
            "Right on! _Congratulations_ y'all!"
        ]
    );
    assert_eq!(
        before.entries[0]
            .reactions
            .iter()
            .map(|r| plain(&r.part))
            .collect::<Vec<_>>(),
        ["❤"]
    );
    assert!(before.entries[1].is_edited());

    let after = folded(&[&original, &reply, &reaction, &edit, &delete, &unlike]);
    assert_eq!(after.entries[1].shown(), None);
    assert_eq!(after.entries[1].deleted, Some(delete.id));
    assert_eq!(after.entries[0].reactions, []);
    assert_eq!((after.waiting, after.refused), (vec![], vec![]));
}

#[test]
fn c_036_a_message_that_comes_twice_is_there_once() {
    let hello = said(ALICE, 1, 10, "hello");
    let again = Stored {
        accepted: Timestamp::from_millis(20),
        ..hello.clone()
    };
    for order in [
        [&again, &hello, &hello],
        [&hello, &again, &hello],
        [&hello, &hello, &again],
    ] {
        let timeline = folded(&order);
        assert_eq!(timeline.entries.len(), 1);
        assert_eq!(
            timeline.entries[0].accepted,
            Timestamp::from_millis(10),
            "the earlier one counts"
        );
    }
}

#[test]
fn c_042_messages_are_in_the_hubs_order_and_the_lowest_id_first_at_the_same_time() {
    let mut together = [
        said(ALICE, 1, 10, "a"),
        said(BOB, 2, 10, "b"),
        said(CATHY, 3, 10, "c"),
    ];
    let late = said(ALICE, 4, 11, "late");
    let timeline = folded(&[&late, &together[2], &together[0], &together[1]]);
    together.sort_by_key(|message| message.id);
    let expected: Vec<_> = together.iter().chain([&late]).map(|message| message.id).collect();
    assert_eq!(
        timeline.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn what_something_is_shows_once_its_first_version_is_known() {
    let hello = said(ALICE, 1, 10, "hello");
    let heart = reaction(BOB, 2, 11, hello.id, "❤");
    for (first, is_reaction) in [(&hello, false), (&heart, true)] {
        let mut state = Folded::new(first.id);
        assert!(!state.is_known() && !state.is_reaction());
        let gone = stored(
            BOB,
            3,
            12,
            |content| content.replacing(first.id),
            Part::null(Disposition::RENDER),
        );
        state.apply(&gone, true);
        assert!(
            !state.is_known() && state.deleted().is_none(),
            "only what changes it"
        );
        state.apply(first, true);
        assert!(state.is_known() && state.deleted() == Some(gone.id));
        assert_eq!(state.is_reaction(), is_reaction);
    }
}

#[test]
fn what_a_timeline_prints_says_nothing_of_what_was_said() {
    let secret = stored(ALICE, 1, 10, |content| content.on_topic("secret"), text("secret"));
    let [entry] = &folded(&[&secret]).entries[..] else {
        panic!("one entry")
    };
    let printed = format!("{entry:?}");
    assert!(
        printed.contains(ALICE) && printed.contains(&secret.id.to_string()),
        "{printed}"
    );
    assert!(
        printed.contains("(6 octets)") && !printed.contains("secret") && !printed.contains("115"),
        "{printed}"
    );
}

#[test]
fn every_kind_of_message_is_classified_by_its_fields() {
    let [a, b] = [said(ALICE, 1, 1, "a").id, said(BOB, 2, 2, "b").id];
    let null = |disposition| Content::unasserted(salt(1), Part::null(disposition));
    let words = || Content::unasserted(salt(1), text("x"));
    let heart = || Content::unasserted(salt(1), Part::reaction("❤").unwrap());
    for (content, class) in [
        (words(), Class::Message),
        (words().in_reply_to(a), Class::Message),
        (heart(), Class::Message),
        (heart().in_reply_to(a), Class::Reaction { target: a }),
        (words().replacing(a).in_reply_to(b), Class::Edit { target: a }),
        (heart().replacing(a), Class::Edit { target: a }),
        (
            null(Disposition::RENDER).replacing(a),
            Class::Delete { target: a },
        ),
        (
            null(Disposition::REACTION).replacing(a).in_reply_to(b),
            Class::Unlike { target: a },
        ),
        (null(Disposition::REACTION).in_reply_to(a), Class::Message),
    ] {
        assert_eq!(classify(&content), class, "{content:?}");
    }
}
