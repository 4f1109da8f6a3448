//! What a room goes through, told through the hub.

use comity_hub::{Endpoint, Facts, Part};
use comity_wire::{SubmitMessageResponse, UpdateRoomResponse, UpdateVerdict, Wire as _};

use crate::support::*;

#[test]
fn a_message_reaches_every_provider_in_the_room_once() {
    let mut world = World::with_bob_and_carol();
    let verdict = world.says(BOB, "hi");
    accepted(&verdict);
    let providers: Vec<_> = verdict.fanout.iter().map(|d| d.provider.as_str()).collect();
    assert_eq!(
        providers,
        ["mimi://a.example", "mimi://b.example", "mimi://c.example"]
    );
    assert!(verdict.fanout.iter().all(|d| d.urgent && d.room == world.room));
    let frame = comity_wire::FanoutMessage::decode(&verdict.fanout[2].frame).unwrap();
    assert_eq!(world.device(CAROL).receive(&frame).as_deref(), Some("hi"));
}

#[test]
fn an_accept_answer_names_the_hash_of_what_was_accepted() {
    let mut world = World::with_bob();
    let request = world.device(BOB).message("hi");
    let caller = world.caller(BOB);
    let room = world.room.clone();
    let verdict = world
        .host
        .post(&room, &caller, Endpoint::SubmitMessage, &request.encode());
    let Ok(SubmitMessageResponse::Accepted { accepted, .. }) = SubmitMessageResponse::decode(&verdict.reply)
    else {
        panic!("refused")
    };
    assert_eq!(accepted, request.message.sha256());

    let bundle = world.device(ALICE).commit(Plan::default());
    let verdict = world.posts(ALICE, &bundle);
    let response = UpdateRoomResponse::decode(&verdict.reply).unwrap();
    let UpdateVerdict::Success { accepted, .. } = response.verdict else {
        panic!("refused")
    };
    assert_eq!(accepted, bundle.commit.sha256());
    let Facts::Commit(facts) = verdict.facts else {
        panic!("no commit")
    };
    assert_eq!(facts.epoch, 2);
    assert!(world.row(&Part::Tree(2)).is_some());
}
