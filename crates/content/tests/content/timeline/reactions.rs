//! Reactions, and taking them back.

use comity_content::{Content, Disposition, Part, RefusedBecause, fold};
use comity_room::policy::Action;

use super::{folded, plain, reaction, said};
use crate::common::{ALICE, BOB, CATHY, stored};

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
