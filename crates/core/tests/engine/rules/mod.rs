//! The rules that the engine keeps towards those who link it, one test each.
//!
//! | rule | test |
//! |---|---|
//! | 1 `wrongEpoch` discards nothing | `stories::commits::an_own_accepted_commit_…` (three of them) |
//! | 2 encrypting again keeps the message | `stories::answers::an_accepted_message_whose_answer_was_lost_across_an_epoch_change_…`, `bad_frames::the_same_message_encrypted_twice_is_shown_once` |
//! | 3 the event log is a table | `stories::extension::the_app_finds_by_events_…`, `lifecycle::forgotten_events_are_gone_…` |
//! | 4 OpenMLS asks the clock | here, `clock_shift`, `bad_frames::an_add_by_a_key_package_that_has_expired_…` |
//! | 5 `receive` knows the room | here, `bad_frames::a_frame_that_the_host_puts_into_another_room_…`, `budgets::a_cursor_is_stored_with_its_batch_…` |
//! | 6 a frame's fate is returned | `bad_frames::a_frame_that_comes_again_is_known`, `stories::extension::the_extension_is_told_known_…` |
//! | 7 advertising is a verb of the app | here |
//! | 8 `read` is a verb | here |
//! | 9 proposals stop sending | here, `stories::membership::a_message_sent_while_somebody_leaves_waits_for_the_commit` |
//! | 10 a Welcome is joined at once | here, `stories::membership::an_invitation_…` |
//! | 11 messages overtake the Welcome | here, `stories::membership::messages_that_overtake_the_welcome_…`, `bad_frames::a_frame_of_a_room_that_we_are_not_in_…` |
//! | 12 expiry | here, `stories::app::a_clock_set_far_ahead_for_a_moment_…` |
//! | 13 queries never wait | here |
//! | 14 `pause` is a latch | here |
//! | 17 identity is data | `identity_doors` |
//! | 18 one event per user | `stories::outside::a_new_device_is_told_once_and_not_once_per_room` |
//! | 19 rows are folded as they are written | here, `stories::app::the_timeline_pages_…`; the oracle's laws are `comity-content`'s `timeline_laws` |

mod handles;
mod key_packages;

use std::time::Duration;

use comity::content::{Expiration, Supported};
use comity::room::{ParticipantUpdate, media_types};
use comity::{
    Allow, Change, Error, EventKind, FrameOutcome, Opening, Outgoing, Page, Phase, Position, RequestKind,
    Response, RoomChange, Seq, Step,
};
use comity_wire::components::PARTICIPANT_LIST;
use openmls::prelude::{ExtensionType, Lifetime, ProposalType};

use crate::support::*;

fn cards() -> Supported {
    comity_testkit::supports::enhanced()
}

fn kinds(step: &Step) -> Vec<RequestKind> {
    step.requests.iter().map(|request| request.kind).collect()
}

// Rule 5.

#[test]
fn rule_05_while_more_follows_no_errands_are_run() {
    let mut scene = Scene::new();
    let proposal = scene.eve.leaves();
    let proposal = scene.place.proposal(&proposal);
    let now = scene.alice.now.plus(Duration::from_secs(3_600));
    let batch = |frames, more| comity::Batch {
        frames,
        cursor: None,
        more,
    };
    let at_first = scene
        .alice
        .client
        .receive(scene.alice.now, &batch(vec![proposal], true))
        .unwrap();
    assert_eq!(at_first.requests, []);
    let step = scene.alice.client.receive(now, &batch(Vec::new(), true)).unwrap();
    assert_eq!(step.requests, [], "the commit of the proposal is due, and waits");
    let step = scene
        .alice
        .client
        .receive(now, &batch(Vec::new(), false))
        .unwrap();
    let kinds: Vec<_> = step.requests.iter().map(|request| request.kind).collect();
    assert_eq!(kinds, [RequestKind::UpdateRoom]);
}

// Rule 8 and rule 12.

fn expiring(scene: &mut Scene, text: &str, expires: Expiration) -> comity::MessageId {
    let content = text_content(&scene.mallory.user, &scene.place.uri, text)
        .expiring(expires)
        .encode()
        .unwrap();
    let message = scene.mallory.sends(content);
    let frame = scene.place.message(&message);
    scene.reads(&frame, text)
}

#[test]
fn rule_08_reading_starts_the_time_of_a_message_and_resets_what_is_unread() {
    let mut scene = Scene::new();
    let id = expiring(&mut scene, "for a minute", Expiration::Relative(60));
    let (uri, start) = (scene.uri(), scene.alice.now);
    let shown = |scene: &Scene, at| scene.alice.reader().message(at, id).unwrap().is_some();
    assert!(shown(&scene, start.plus(days(3))), "unread, it stays");
    assert_eq!(scene.alice.reader().room(&uri).unwrap().summary.unread, 1);
    let at = start.plus(days(1));
    let position = scene.alice.messages(&uri)[0].position;
    let step = scene.alice.client.read(at, &uri, position).unwrap();
    let read = |event: &comity::Event| {
        matches!(
            event.kind,
            EventKind::Room {
                change: RoomChange::Read,
                ..
            }
        )
    };
    assert!(step.events.iter().any(read));
    assert_eq!(scene.alice.reader().room(&uri).unwrap().summary.unread, 0);
    assert!(shown(&scene, at.plus(Duration::from_secs(59))));
    assert!(!shown(&scene, at.plus(Duration::from_secs(60))));
    assert_eq!(
        scene.alice.client.read(at, &uri, position).unwrap().events,
        [],
        "reading again changes nothing"
    );
}

#[test]
fn rule_12_what_has_expired_is_never_shown_and_erased_once_the_hub_says_so() {
    let mut scene = Scene::new();
    let (uri, now) = (scene.uri(), scene.alice.now);
    let due = seconds(now) + 3_600;
    let id = expiring(
        &mut scene,
        "an hour",
        Expiration::Absolute(u32::try_from(due).unwrap()),
    );
    let over = comity::Timestamp::from_millis(due * 1_000);
    let before = comity::Timestamp::from_millis(due * 1_000 - 1);
    let reader = scene.alice.reader();
    let visible = |at| {
        let timeline = reader
            .timeline(at, &uri, Page::After(Position::default(), 10))
            .unwrap();
        (
            reader.message(at, id).unwrap().is_some(),
            timeline.iter().any(|message| message.id == id),
        )
    };
    assert_eq!(visible(before), (true, true));
    assert_eq!(visible(over), (false, false));
    // The phone's clock says that it is over; the hub's does not yet.
    drop(scene.alice.client.wake(over).unwrap());
    assert_eq!(visible(before), (true, true), "nothing is lost");
    // A day later by the same clock it is certain.
    let mut at = over;
    while let Some(next) = scene
        .alice
        .client
        .wake(at)
        .unwrap()
        .wake_at
        .filter(|next| *next < over.plus(days(2)))
    {
        at = next.max(at.plus(Duration::from_secs(1)));
    }
    assert_eq!(visible(before), (false, false), "the octets are gone");
    let expired = |event: &comity::Event| matches!(&event.kind, EventKind::Message { change: comity::MessageChange::Expired, message, .. } if *message == id);
    assert!(scene.alice.events().iter().any(expired));
}

// Rule 9.

#[test]
fn rule_09_with_a_proposal_pending_the_commit_goes_first_and_the_message_follows() {
    let mut scene = Scene::new();
    let proposal = scene.eve.leaves();
    let frame = scene.place.proposal(&proposal);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    let now = scene.alice.now;
    let uri = scene.uri();
    let step = scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text("hi"), Allow::default())
        .unwrap();
    assert_eq!(kinds(&step), [RequestKind::UpdateRoom]);
    let request = step.requests[0].clone();
    let bundle = <comity_wire::HandshakeBundle as comity_wire::Wire>::decode(&request.body).unwrap();
    scene.mallory.follows(bundle.message(), &[proposal]);
    let body = accepted(bundle.message(), scene.place.tick());
    let step = scene
        .alice
        .client
        .answer(now, request.id, comity::Answer::Body(body))
        .unwrap();
    assert_eq!(kinds(&step), [RequestKind::SubmitMessage]);
    assert_eq!(
        scene.alice.reader().members(&uri, 0, 10).unwrap().len(),
        2,
        "Eve has gone"
    );
    scene.still_reads();
}

#[test]
fn rule_09_with_an_own_commit_pending_sending_goes_on() {
    let mut scene = Scene::new();
    let (now, uri) = (scene.alice.now, scene.uri());
    assert_eq!(
        kinds(&scene.alice.client.change(now, &uri, &[Change::Rotate]).unwrap()),
        [RequestKind::UpdateRoom]
    );
    let step = scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text("hi"), Allow::default())
        .unwrap();
    assert_eq!(kinds(&step), [RequestKind::SubmitMessage]);
}

// Rules 10 and 11.

/// Carol's phone is welcomed to the scene's room. Returns the commit that adds it, the Welcome, and the phone.
fn welcoming(scene: &mut Scene) -> (comity::Frame, comity::Frame, Phone) {
    let mut carol = Phone::new("c.example", "carol", "carol-phone");
    let adds = vec![carol.key_package()];
    let bundle = scene.mallory.commits(Plan {
        adds,
        ..Plan::default()
    });
    scene.mallory.merges();
    let welcome = scene
        .place
        .welcome(&bundle.welcome.unwrap(), scene.mallory.tree());
    (scene.place.commit(&bundle.commit), welcome, carol)
}

#[test]
fn rule_10_an_invitation_is_joined_at_once_and_keeps_up_in_silence() {
    let mut scene = Scene::new();
    let (_, welcome, mut carol) = welcoming(&mut scene);
    let uri = scene.uri();
    let step = carol.steps(&[welcome]);
    assert_eq!(
        step.frames,
        [FrameOutcome::Done {
            message: None,
            notify: true
        }]
    );
    let invited: Vec<_> = step
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Room { .. }))
        .collect();
    let by = scene.mallory.user.clone();
    assert_eq!(invited.len(), 1);
    assert_eq!(
        invited[0].kind,
        EventKind::Room {
            room: uri.clone(),
            change: RoomChange::Invited { by }
        }
    );
    let mut frames = vec![scene.saying("while she thinks")];
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    frames.push(scene.place.commit(&commit));
    frames.push(scene.saying("in the next epoch"));
    let step = carol.steps(&frames);
    assert_eq!(step.events, [], "no events");
    assert_eq!(step.requests, [], "no receipts");
    assert!(
        step.frames
            .iter()
            .all(|frame| matches!(frame, FrameOutcome::Done { notify: false, .. })),
        "{:?}",
        step.frames
    );
    assert_eq!(carol.epoch(&uri), scene.mallory.group().epoch().as_u64());
    let error = carol
        .client
        .send(carol.now, &uri, &Outgoing::text("hi"), Allow::default())
        .unwrap_err();
    assert_eq!(error.code(), "not_joined");
    drop(carol.client.respond(carol.now, &uri, Response::Accept).unwrap());
    assert_eq!(carol.texts(&uri), ["while she thinks", "in the next epoch"]);
}

#[test]
fn rule_10_declining_leaves_and_wipes() {
    let mut scene = Scene::new();
    let (_, welcome, mut carol) = welcoming(&mut scene);
    let uri = scene.uri();
    drop(carol.steps(&[welcome]));
    let frame = scene.saying("while she thinks");
    drop(carol.steps(&[frame]));
    let step = carol.client.respond(carol.now, &uri, Response::Decline).unwrap();
    assert_eq!(kinds(&step), [RequestKind::UpdateRoom]);
    assert_eq!(carol.texts(&uri), Vec::<String>::new());
    let bundle = <comity_wire::HandshakeBundle as comity_wire::Wire>::decode(&step.requests[0].body).unwrap();
    let gone = ParticipantUpdate {
        removed: vec![3],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        held: vec![bundle.message().clone()],
        app_data: vec![app_data(PARTICIPANT_LIST, comity_wire::Wire::encode(&gone))],
        ..Plan::default()
    };
    let commit = scene.mallory.commits(plan).commit;
    scene.mallory.merges();
    drop(carol.steps(&[scene.place.commit(&commit)]));
    assert_eq!(carol.phase(&uri), Some(Phase::Left));
}

#[test]
fn rule_11_what_overtakes_the_welcome_is_read_and_the_commit_that_added_us_is_done_in_silence() {
    let mut scene = Scene::new();
    let (commit, welcome, mut carol) = welcoming(&mut scene);
    let uri = scene.uri();
    let early = scene.saying("early");
    let step = carol.steps(&[early, welcome, commit.clone()]);
    assert!(matches!(step.frames[0], FrameOutcome::Held { .. }));
    assert!(matches!(step.frames[1], FrameOutcome::Done { .. }));
    assert_eq!(
        step.frames[2],
        FrameOutcome::Done {
            message: None,
            notify: false
        }
    );
    assert!(
        !step
            .events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Frame { .. })),
        "{:?}",
        step.events
    );
    drop(carol.client.respond(carol.now, &uri, Response::Accept).unwrap());
    assert_eq!(carol.texts(&uri), ["early"]);
    assert!(!matches!(carol.receives(&commit), FrameOutcome::Rejected { .. }));
}

// Rule 19.

#[test]
fn rule_19_a_reaction_costs_one_message_and_leaves_the_others_alone() {
    let mut scene = Scene::new();
    let ids: Vec<_> = (0..40).map(|_| scene.still_reads()).collect();
    let before = scene.alice.rows();
    let part = comity::content::Part::reaction("❤").unwrap();
    let mut content = text_content(&scene.mallory.user, &scene.place.uri, "");
    content.part = part;
    let message = scene.mallory.sends(content.in_reply_to(ids[7]).encode().unwrap());
    let frame = scene.place.message(&message);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    let after = scene.alice.rows();
    let same = before["message"]
        .iter()
        .filter(|row| after["message"].contains(row))
        .count();
    assert_eq!(same, ids.len() - 1, "one row is folded anew");
    let reacted = scene
        .alice
        .reader()
        .message(scene.alice.now, ids[7])
        .unwrap()
        .unwrap();
    assert_eq!(reacted.reactions.len(), 1);
}
