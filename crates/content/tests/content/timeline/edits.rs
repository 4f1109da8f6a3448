//! Edits and deletions.

use comity_content::{Content, Expiration, Extensions, Part, RefusedBecause, fold, needed};
use comity_room::policy::Action;

use super::{deletion, edit, folded, plain, reaction, said, words};
use crate::common::{ALICE, BOB, CATHY, stored, text, user};

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
