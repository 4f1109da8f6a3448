//! Replies and topics.

use comity_content::{ChainEnd, Folded, reply_chain};

use super::{edit, folded, said};
use crate::common::{ALICE, BOB, CATHY, stored, text};

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
