//! Edits, deletes, reactions, replies and topics, row by row of the checklist.

use crate::common::{ALICE, BOB, CATHY, salt, stored, stored_example, text, user};
use comity_content::{
    ChainEnd, Class, Content, Disposition, Expiration, Extensions, Folded, MessageId, Part, RefusedBecause,
    Stored, Timeline, classify, fold, needed, reply_chain,
};
use comity_room::Timestamp;
use comity_room::policy::Action;

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
    let timeline = folded(&[&again, &hello, &hello]);
    assert_eq!(timeline.entries.len(), 1);
    assert_eq!(
        timeline.entries[0].accepted,
        Timestamp::from_millis(10),
        "the earlier one counts"
    );
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
fn c_065_a_reply_refers_to_the_newest_version() {
    let hello = said(ALICE, 1, 10, "helo");
    let fixed = edit(ALICE, 2, 11, &hello, "hello");
    let mut state = Folded::new(hello.id);
    state.apply(&hello, true);
    assert_eq!(state.newest(), hello.id);
    state.apply(&fixed, true);
    assert_eq!(state.newest(), fixed.id);

    let reply = stored(
        BOB,
        3,
        12,
        |content| content.in_reply_to(state.newest()),
        text("hi"),
    );
    let reference = folded(&[&hello, &fixed, &reply]).entries[1].in_reply_to.unwrap();
    assert_eq!(
        (reference.version, reference.root, reference.is_outdated),
        (fixed.id, Some(hello.id), false)
    );
}

#[test]
fn c_066_a_chain_that_loops_is_known_before_replying_to_it() {
    let [a, b] = [said(ALICE, 1, 1, "a").id, said(BOB, 2, 2, "b").id];
    let next = |id| if id == a { Some(b) } else { Some(a) };
    assert_eq!(reply_chain(a, next), (vec![a, b], ChainEnd::Loops));
    assert_eq!(
        reply_chain(a, |id| (id == a).then_some(b)),
        (vec![a, b], ChainEnd::Begins)
    );
}

#[test]
fn c_067_replies_in_a_loop_are_marked_and_followed_once() {
    let mut a = said(ALICE, 1, 1, "a");
    let mut b = said(BOB, 2, 2, "b");
    let c = stored(CATHY, 3, 3, |content| content.in_reply_to(b.id), text("c"));
    a.content.in_reply_to = Some(b.id);
    b.content.in_reply_to = Some(a.id);
    let outside = stored(
        CATHY,
        4,
        4,
        |content| content.in_reply_to(said(BOB, 9, 1, "?").id),
        text("d"),
    );
    let timeline = folded(&[&a, &b, &c, &outside]);
    let loops: Vec<_> = timeline
        .entries
        .iter()
        .map(|entry| entry.in_reply_to.unwrap().loops)
        .collect();
    assert_eq!(loops, [true, true, true, false]);
}

#[test]
fn c_068_an_edit_waits_for_its_original_and_a_reply_shows_without_it() {
    let hello = said(ALICE, 1, 10, "helo");
    let fixed = edit(ALICE, 2, 11, &hello, "hello");
    let heart = reaction(BOB, 3, 12, hello.id, "❤");
    let reply = stored(BOB, 4, 13, |content| content.in_reply_to(hello.id), text("hi"));

    let without = folded(&[&heart, &fixed, &reply]);
    assert_eq!(without.waiting, [fixed.id, heart.id]);
    assert_eq!(words(&without), ["hi"]);
    assert_eq!(without.entries[0].in_reply_to.unwrap().root, None);

    let with = folded(&[&heart, &fixed, &reply, &hello]);
    assert_eq!(with.waiting, []);
    assert_eq!(words(&with), ["hello", "hi"]);
    assert_eq!(with.entries[0].reactions.len(), 1);
}

#[test]
fn c_070_reactions_in_one_message_or_in_several_are_both_understood() {
    let hello = said(ALICE, 1, 10, "hello");
    let three = Part::reactions(["❤", "🥳", "🤞"]).unwrap();
    let together = stored(BOB, 2, 11, |content| content.in_reply_to(hello.id), three);
    let alone = reaction(CATHY, 3, 12, hello.id, "❤");
    let timeline = folded(&[&hello, &together, &alone]);
    let reactions = &timeline.entries[0].reactions;
    let texts = |part: &Part| part.children().iter().map(plain).collect::<Vec<_>>();
    assert_eq!(texts(&reactions[0].part), ["❤", "🥳", "🤞"]);
    assert_eq!(plain(&reactions[1].part), "❤");
}

#[test]
fn c_071_an_unlike_takes_the_reaction_back_whatever_its_disposition() {
    let hello = said(ALICE, 1, 10, "hello");
    let heart = reaction(BOB, 2, 11, hello.id, "❤");
    let bare = |content: Content| content.replacing(heart.id);
    let with_target = |content: Content| content.replacing(heart.id).in_reply_to(hello.id);
    for disposition in [Disposition::REACTION, Disposition::RENDER] {
        let shapes: [&dyn Fn(Content) -> Content; 2] = [&bare, &with_target];
        for shape in shapes {
            let unlike = stored(BOB, 3, 12, shape, Part::null(disposition));
            assert_eq!(folded(&[&hello, &heart, &unlike]).entries[0].reactions, []);
        }
    }
    let by_another = stored(
        CATHY,
        3,
        12,
        |content| content.replacing(heart.id),
        Part::null(Disposition::REACTION),
    );
    let timeline = folded(&[&hello, &heart, &by_another]);
    assert_eq!(timeline.entries[0].reactions.len(), 1);
    assert_eq!(timeline.refused[0].because, RefusedBecause::Unauthorized);
}

#[test]
fn c_072_a_second_edit_replaces_the_first_instance_and_wins() {
    let hello = said(ALICE, 1, 10, "helo");
    let first = edit(ALICE, 2, 11, &hello, "hello");
    let second = edit(ALICE, 3, 12, &hello, "hello!");
    let timeline = folded(&[&hello, &second, &first]);
    assert_eq!(words(&timeline), ["hello!"]);
    assert_eq!(
        timeline.entries[0].id, hello.id,
        "the next edit replaces the same message"
    );
}

#[test]
fn c_073_a_replaces_of_a_later_version_is_mapped_to_its_root() {
    let hello = said(ALICE, 1, 10, "helo");
    let first = edit(ALICE, 2, 11, &hello, "hello");
    let second = edit(ALICE, 3, 12, &first, "hello!");
    let gone = deletion(ALICE, 4, 13, &second);
    assert_eq!(words(&folded(&[&second, &first, &hello])), ["hello!"]);
    assert_eq!(
        folded(&[&gone, &second, &first, &hello]).entries[0].deleted,
        Some(gone.id)
    );
}

#[test]
fn concurrent_edits_have_one_winner_for_everybody() {
    let hello = said(ALICE, 1, 10, "helo");
    let mut edits = [edit(ALICE, 2, 11, &hello, "a"), edit(ALICE, 3, 11, &hello, "b")];
    edits.sort_by_key(|edit| edit.id);
    let winner = folded(&[&edits[1], &hello, &edits[0]]).entries[0]
        .shown()
        .unwrap()
        .id;
    assert_eq!(winner, edits[1].id, "at the same time the highest id wins");
}

#[test]
fn c_074_what_a_stranger_edits_or_deletes_stays_and_the_attempt_is_recorded() {
    let reply = said(BOB, 1, 10, "Right on!");
    let forged = edit(CATHY, 2, 11, &reply, "Wrong!");
    let removed = deletion(CATHY, 3, 12, &reply);
    let timeline = folded(&[&reply, &forged, &removed]);
    assert_eq!(words(&timeline), ["Right on!"]);
    assert!(!timeline.entries[0].is_edited());
    let refused: Vec<_> = timeline
        .refused
        .iter()
        .map(|refused| (refused.id, refused.because))
        .collect();
    assert_eq!(
        refused,
        [
            (forged.id, RefusedBecause::Unauthorized),
            (removed.id, RefusedBecause::Unauthorized)
        ]
    );

    let moderated = fold([reply, forged.clone(), removed.clone()], |actor, action, _| {
        action == Action::DeleteOther && actor.sender == user(CATHY)
    });
    assert_eq!(
        moderated.entries[0].deleted,
        Some(removed.id),
        "a policy may let moderators delete"
    );
    assert_eq!(moderated.refused.len(), 1, "but nobody edits what others said");
    assert_eq!(moderated.refused[0].id, forged.id);
}

#[test]
fn c_075_an_edit_changes_the_body_and_nothing_else() {
    let hello = stored(
        ALICE,
        1,
        10,
        |content| {
            content
                .on_topic("lunch")
                .expiring(Expiration::Relative(60))
                .in_reply_to(said(BOB, 9, 1, "?").id)
        },
        text("hello"),
    );
    let sly = stored(
        ALICE,
        2,
        11,
        |content| Content {
            extensions: Extensions::new(),
            ..content
                .replacing(hello.id)
                .on_topic("dinner")
                .expiring(Expiration::Absolute(1))
                .in_reply_to(hello.id)
        },
        text("bye"),
    );
    let timeline = folded(&[&hello, &sly]);
    let entry = &timeline.entries[0];
    assert_eq!(words(&timeline), ["bye"]);
    assert_eq!(entry.topic, b"lunch");
    assert_eq!(entry.expires, Some(Expiration::Relative(60)));
    assert_eq!(entry.in_reply_to.unwrap().version, said(BOB, 9, 1, "?").id);
    assert_eq!(entry.extensions, hello.content.extensions);
}

#[test]
fn an_edit_makes_no_reaction_of_a_message_nor_a_message_of_a_reaction() {
    let hello = said(ALICE, 1, 10, "hello");
    let heart = reaction(ALICE, 2, 11, hello.id, "❤");
    let to_reaction = stored(
        ALICE,
        3,
        12,
        |c| c.replacing(hello.id),
        Part::reaction("❤").unwrap(),
    );
    let to_message = edit(ALICE, 4, 13, &heart, "words");
    let timeline = folded(&[&hello, &heart, &to_reaction, &to_message]);
    assert_eq!(words(&timeline), ["hello"]);
    assert_eq!(plain(&timeline.entries[0].reactions[0].part), "❤");
    assert!(
        timeline
            .refused
            .iter()
            .all(|refused| refused.because == RefusedBecause::ClassChanged)
    );
    assert_eq!(timeline.refused.len(), 2);
}

#[test]
fn a_reaction_can_be_edited_into_another_one() {
    let hello = said(ALICE, 1, 10, "hello");
    let heart = reaction(BOB, 2, 11, hello.id, "❤");
    let party = stored(
        BOB,
        3,
        12,
        |c| c.replacing(heart.id),
        Part::reaction("🥳").unwrap(),
    );
    let reactions = &folded(&[&hello, &heart, &party]).entries[0].reactions;
    assert_eq!(
        reactions
            .iter()
            .map(|r| (r.id, plain(&r.part)))
            .collect::<Vec<_>>(),
        [(heart.id, "🥳".into())]
    );
}

#[test]
fn a_reaction_to_a_reaction_has_no_effect() {
    let hello = said(ALICE, 1, 10, "hello");
    let heart = reaction(BOB, 2, 11, hello.id, "❤");
    let echo = reaction(ALICE, 3, 12, heart.id, "🥳");
    let timeline = folded(&[&hello, &heart, &echo]);
    assert_eq!(timeline.entries[0].reactions.len(), 1);
    assert_eq!(timeline.refused[0].because, RefusedBecause::NotAMessage);
}

#[test]
fn who_may_not_react_does_not() {
    let hello = said(ALICE, 1, 10, "hello");
    let heart = reaction(BOB, 2, 11, hello.id, "❤");
    let timeline = fold([hello, heart.clone()], |_, action, _| action != Action::React);
    assert_eq!(timeline.entries[0].reactions, []);
    assert_eq!(timeline.refused[0].id, heart.id);
}

#[test]
fn c_076_versions_are_kept_in_order_and_the_edit_is_told() {
    let hello = said(ALICE, 1, 10, "helo");
    let edits = [
        edit(ALICE, 2, 11, &hello, "hello"),
        edit(ALICE, 3, 12, &hello, "hello!"),
    ];
    let timeline = folded(&[&edits[1], &hello, &edits[0]]);
    let entry = &timeline.entries[0];
    assert!(entry.is_edited());
    let versions: Vec<_> = entry
        .versions
        .iter()
        .map(|v| (v.accepted.as_millis(), plain(&v.part)))
        .collect();
    assert_eq!(
        versions,
        [(10, "helo".into()), (11, "hello".into()), (12, "hello!".into())]
    );
}

#[test]
fn c_077_references_to_an_older_version_are_marked() {
    let pen = said(ALICE, 1, 10, "Bob, could I borow a pen?");
    let thumb = reaction(BOB, 2, 11, pen.id, "👍");
    let yes = stored(BOB, 3, 12, |content| content.in_reply_to(pen.id), text("sure"));
    assert!(!folded(&[&pen, &thumb]).entries[0].reactions[0].target.is_outdated);

    let ferrari = edit(ALICE, 4, 13, &pen, "Bob, could I borrow your Ferrari?");
    let timeline = folded(&[&pen, &thumb, &yes, &ferrari]);
    let target = timeline.entries[0].reactions[0].target;
    assert_eq!((target.version, target.is_outdated), (pen.id, true));
    assert!(timeline.entries[1].in_reply_to.unwrap().is_outdated);
}

#[test]
fn c_078_a_deleted_message_shows_nothing_of_any_version_and_stays_deleted() {
    let hello = said(ALICE, 1, 10, "helo");
    let fixed = edit(ALICE, 2, 11, &hello, "hello");
    let gone = deletion(ALICE, 3, 12, &hello);
    let late = edit(ALICE, 4, 13, &hello, "back again");
    let heart = reaction(BOB, 5, 14, hello.id, "❤");
    let timeline = folded(&[&late, &heart, &gone, &fixed, &hello]);
    let entry = &timeline.entries[0];
    assert_eq!((entry.shown(), entry.deleted), (None, Some(gone.id)));
    assert!(entry.versions.is_empty() && entry.reactions.is_empty());
}

#[test]
fn c_079_any_client_of_the_sender_may_edit() {
    // A message knows its user and not the client, so the rule is that only the user is compared.
    let hello = said(BOB, 1, 10, "helo");
    let from_another_phone = edit(BOB, 2, 11, &hello, "hello");
    assert_eq!(
        needed(&from_another_phone, &hello.sender, false),
        Some(Action::EditOwn)
    );
    assert_eq!(needed(&from_another_phone, &user(ALICE), false), None);
    assert_eq!(words(&folded(&[&hello, &from_another_phone])), ["hello"]);
}

#[test]
fn c_084_an_absolute_expiration_is_due_unread_and_a_relative_one_once_read() {
    let read = Some(Timestamp::from_millis(5_000));
    let absolute = stored(
        ALICE,
        1,
        10,
        |content| content.expiring(Expiration::Absolute(100)),
        text("a"),
    );
    let relative = stored(
        ALICE,
        2,
        11,
        |content| content.expiring(Expiration::Relative(60)),
        text("b"),
    );
    let timeline = folded(&[&absolute, &relative, &said(ALICE, 3, 12, "c")]);
    let due = |n: usize, read| timeline.entries[n].due(read).map(Timestamp::as_millis);
    assert_eq!((due(0, None), due(0, read)), (Some(100_000), Some(100_000)));
    assert_eq!((due(1, None), due(1, read)), (None, Some(65_000)));
    assert_eq!(due(2, read), None);
}

/// Whatever is needed to know when is in the message and in what the store keeps: no network, no timer that ran since.
#[test]
fn c_085_when_a_message_expires_is_known_from_what_is_stored() {
    let read = Timestamp::from_millis(1_000_000);
    for expires in [Expiration::Relative(60), Expiration::Absolute(2_000)] {
        let before = stored(
            ALICE,
            1,
            500,
            |content| content.expiring(expires),
            text("soon gone"),
        );
        let octets = before.content.encode().unwrap();
        let after = Content::decode(&octets).unwrap();
        let due = after.expires.unwrap().due(Some(read));
        assert_eq!(due, expires.due(Some(read)));
        let entry = folded(&[&before]).entries.remove(0);
        assert_eq!(entry.due(Some(read)), due);
    }
    assert_eq!(
        Expiration::Relative(60).due(Some(read)),
        Some(Timestamp::from_millis(1_060_000))
    );
    assert_eq!(
        Expiration::Absolute(2_000).due(None),
        Some(Timestamp::from_millis(2_000_000))
    );
}

#[test]
fn c_086_expirations_more_than_a_year_away_are_implausible() {
    const YEAR: u32 = 365 * 24 * 60 * 60;
    let now = 1_700_000_000_u32;
    let at = Timestamp::from_millis(u64::from(now) * 1000);
    for (expires, plausible) in [
        (Expiration::Absolute(now + YEAR), true),
        (Expiration::Absolute(now + YEAR + 1), false),
        (Expiration::Absolute(now - YEAR), true),
        (Expiration::Absolute(now - YEAR - 1), false),
        (Expiration::Relative(YEAR), true),
        (Expiration::Relative(YEAR + 1), false),
        (Expiration::Relative(0), true),
    ] {
        assert_eq!(expires.is_plausible(at), plausible, "{expires:?}");
    }
}

#[test]
fn c_087_the_boolean_tells_relative_from_absolute() {
    assert_eq!(
        stored_example("expiring", 0).content.expires,
        Some(Expiration::Absolute(1_644_390_004))
    );
    let relative = crate::common::content(1, text("a")).expiring(Expiration::Relative(1_644_390_004));
    assert_eq!(Content::decode(&relative.encode().unwrap()), Ok(relative));
}

#[test]
fn c_088_a_topic_gathers_its_messages_in_order() {
    let topic = |sender, n, millis| stored(sender, n, millis, |content| content.on_topic("lunch"), text("x"));
    let [first, second] = [topic(ALICE, 1, 10), topic(BOB, 2, 12)];
    let between = said(CATHY, 3, 11, "something else");
    let timeline = folded(&[&second, &between, &first]);
    assert_eq!(
        timeline.topic(b"lunch").map(|entry| entry.id).collect::<Vec<_>>(),
        [first.id, second.id]
    );
    let elsewhere = stored(BOB, 4, 13, |content| content.on_topic("sport"), text("x"));
    let timeline = folded(&[&second, &elsewhere, &first]);
    let of = |topic: &[u8]| timeline.topic(topic).map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(
        (of(b"lunch"), of(b"sport")),
        (vec![first.id, second.id], vec![elsewhere.id])
    );
    assert_eq!(of(b"lunc"), []);
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
