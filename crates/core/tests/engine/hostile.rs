//! Sequences that no honest network makes, and times that no honest clock tells.

use std::collections::BTreeSet;
use std::time::Duration;

use comity::content::{Content, Expiration};
use comity::{
    Allow, Answer, Batch, Change, Frame, FrameOutcome, Made, MessageId, Outgoing, Position, RequestKind,
    Resolution, Timestamp,
};
use comity_wire::{SubmitMessageResponse, Wire as _};
use openmls::prelude::LeafNodeParameters;

use crate::support::*;

fn flipped(frame: &Frame, from_the_end: usize) -> Frame {
    let mut frame = frame.clone();
    let place = frame.bytes.len() - from_the_end;
    frame.bytes[place] ^= 1;
    frame
}

#[track_caller]
fn is_done(outcome: &FrameOutcome) {
    assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
}

/// In an hour.
fn soon(scene: &Scene) -> Expiration {
    Expiration::Absolute(u32::try_from(seconds(scene.alice.now) + 3_600).unwrap())
}

/// Alice's clock goes on for more than a day. What she asks for meanwhile is answered so.
fn a_day_passes(scene: &mut Scene, answer: Option<&[u8]>) {
    for _ in 0..30 {
        scene.alice.now = scene.alice.now.plus(Duration::from_secs(3_600));
        let step = scene.alice.client.wake(scene.alice.now).unwrap();
        for request in step.requests {
            if let (RequestKind::SubmitMessage, Some(answer)) = (request.kind, answer) {
                let answer = Answer::Body(answer.to_vec());
                drop(
                    scene
                        .alice
                        .client
                        .answer(scene.alice.now, request.id, answer)
                        .unwrap(),
                );
            }
        }
    }
}

fn is_gone(scene: &Scene, id: MessageId) -> bool {
    let long_ago = Timestamp::from_millis(0);
    scene.alice.reader().message(long_ago, id).unwrap().is_none()
}

#[test]
fn a_late_message_is_read_behind_itself_with_an_octet_changed() {
    let mut scene = Scene::new();
    let (late, later) = (scene.saying("late"), scene.saying("later"));
    scene.everybody_follows(Plan::default());
    scene.still_reads();
    let step = scene
        .alice
        .steps(&[flipped(&late, 40), late, flipped(&later, 40)]);
    is_done(&step.frames[1]);
    let mut scene = scene.restarts();
    let outcome = scene.alice.receives(&flipped(&later, 41));
    assert!(matches!(outcome, FrameOutcome::Rejected { .. }), "{outcome:?}");
    is_done(&scene.alice.receives(&later));
    scene.still_reads();
}

#[test]
fn forged_commits_hide_no_genuine_one_while_a_commit_of_ours_is_on_its_way_nor_after_it_was_overtaken() {
    let mut scene = Scene::new();
    scene.still_reads();
    let (uri, now) = (scene.uri(), scene.alice.now);
    let mut requests = scene
        .alice
        .client
        .change(now, &uri, &[Change::Rotate])
        .unwrap()
        .requests;
    assert_eq!(requests.len(), 1, "on its way");
    for _epoch in 0..3 {
        let genuine = scene.mallory.commits(Plan::default()).commit;
        scene.mallory.merges();
        scene.eve.follows(&genuine, &[]);
        let genuine = scene.place.commit(&genuine);
        let forged = flipped(&genuine, 2);
        let step = scene.alice.steps(&[forged.clone(), genuine, forged]);
        assert_eq!(code_of(&step.frames[0]), "not_from_member");
        is_done(&step.frames[1]);
        assert!(matches!(step.frames[2], FrameOutcome::Rejected { .. }));
        requests = step.requests;
    }
    scene.serves(requests);
    scene.still_reads();
}

/// As they come from a device that was never set, or from a program that mixes units up.
#[test]
fn whatever_a_clock_says_no_call_fails_and_what_was_planned_is_planned_anew_when_it_is_right_again() {
    let mut scene = Scene::new();
    scene.still_reads();
    let (uri, present) = (scene.uri(), scene.alice.now);
    let middle = u64::MAX >> 1;
    for millis in [0, 1, u64::MAX, middle, middle + 1, u64::MAX - 1, middle - 5] {
        let now = Timestamp::from_millis(millis);
        let client = &mut scene.alice.client;
        let text = Outgoing::text(&format!("at {millis}"));
        let step = client.send(now, &uri, &text, Allow::default()).unwrap();
        let mut requests = step.requests;
        requests.extend(client.wake(now).unwrap().requests);
        for request in requests {
            let nobody = Answer::Unreachable { retry_after: None };
            drop(client.answer(now, request.id, nobody).unwrap());
        }
        for end in [i64::MIN, i64::MAX] {
            drop(client.read(now, &uri, Position::from_numbers(end, end)).unwrap());
        }
        let frame = scene.saying("meanwhile");
        let batch = Batch {
            frames: vec![frame],
            cursor: None,
            more: false,
        };
        is_done(&scene.alice.client.receive(now, &batch).unwrap().frames[0]);
    }
    let mut handed = BTreeSet::new();
    for hour in 0..30 {
        scene.alice.now = present.plus(Duration::from_secs(hour * 3_600));
        let step = scene.alice.client.wake(scene.alice.now).unwrap();
        handed.extend(step.requests.into_iter().map(|request| request.id));
    }
    let submits = |request: &&comity::Request| request.kind == RequestKind::SubmitMessage;
    let outstanding = scene.alice.reader().outstanding(None, 100).unwrap();
    let lost = outstanding
        .iter()
        .filter(submits)
        .filter(|request| !handed.contains(&request.id));
    assert_eq!(lost.count(), 0, "requests that nobody is asked to post");
    scene.restarts().still_reads();
}

#[test]
fn what_is_said_of_a_message_that_has_expired_goes_with_it() {
    let mut scene = Scene::new();
    scene.still_reads();
    let (sender, uri, end) = (scene.mallory.user.clone(), scene.uri(), soon(&scene));
    let content = |text: &str| text_content(&sender, &uri, text);
    let says = |scene: &mut Scene, content: Content| {
        let message = scene.mallory.sends(content.encode().unwrap());
        scene.place.message(&message)
    };
    let frame = says(&mut scene, content("for an hour").expiring(end));
    let id = scene.reads(&frame, "for an hour");
    let late = says(
        &mut scene,
        Content {
            replaces: Some(id),
            ..content("the same, better said")
        },
    );
    a_day_passes(&mut scene, None);
    assert!(is_gone(&scene, id));
    is_done(&scene.alice.receives(&late));
    let beside = rusqlite::Connection::open(scene.alice.path()).unwrap();
    let count =
        "SELECT (SELECT count(*) FROM message WHERE body IS NOT NULL) + (SELECT count(*) FROM content)";
    let kept: i64 = beside.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1, "what does not expire");
    assert!(is_gone(&scene, id));
    let again = scene.alice.receives(&late);
    assert!(matches!(again, FrameOutcome::Known { .. }), "{again:?}");
    scene.restarts().still_reads();
}

/// The hub is ahead, and its commit does not come for a day.
#[test]
fn what_expires_before_it_could_be_sent_is_given_up_and_the_room_goes_on() {
    let mut scene = Scene::new();
    scene.still_reads();
    let (uri, now) = (scene.uri(), scene.alice.now);
    let text = Outgoing::text("for an hour").expiring(soon(&scene));
    let step = scene
        .alice
        .client
        .send(now, &uri, &text, Allow::default())
        .unwrap();
    let Some(Made::Message(id)) = step.made else {
        panic!("{:?}", step.made)
    };
    let current_epoch = scene.alice.epoch(&uri) + 1;
    let later = SubmitMessageResponse::EpochTooOld { current_epoch }.encode();
    let answer = Answer::Body(later.clone());
    drop(
        scene
            .alice
            .client
            .answer(now, step.requests[0].id, answer)
            .unwrap(),
    );
    a_day_passes(&mut scene, Some(&later));
    assert!(is_gone(&scene, id));
    scene.everybody_follows(Plan::default());
    let now = scene.alice.now;
    let again = scene
        .alice
        .client
        .resolve(now, id, Resolution::Retry)
        .unwrap_err();
    assert_eq!(again.code(), "not_resolvable");
    scene.still_reads();
    let mut scene = scene.restarts();
    scene.still_reads();
    let outstanding = scene.alice.reader().outstanding(None, 100).unwrap();
    let submits = |request: &&comity::Request| request.kind == RequestKind::SubmitMessage;
    assert_eq!(outstanding.iter().filter(submits).count(), 0, "never sent");
}

/// Each step of a room reads its row, and with it the proposals that nobody has committed.
#[test]
fn a_member_who_proposes_much_makes_no_step_heavy() {
    let mut scene = Scene::new();
    scene.still_reads();
    let mut codes = Vec::new();
    for _ in 0..6 {
        scene.eve.group().set_aad(vec![0x5a; 1 << 20]);
        let proposal = scene.eve.proposes_update(LeafNodeParameters::default(), None);
        let frame = scene.place.proposal(&proposal);
        codes.push(match scene.alice.receives(&frame) {
            FrameOutcome::Done { .. } => "done".to_owned(),
            outcome => code_of(&outcome),
        });
    }
    let refused = "invalid_proposal";
    assert_eq!(codes, ["done", "done", "done", refused, refused, refused]);
    let beside = rusqlite::Connection::open(scene.alice.path()).unwrap();
    let row: i64 = beside
        .query_row("SELECT max(length(sealed)) FROM room", [], |row| row.get(0))
        .unwrap();
    assert!(row < 4 << 20, "{row}");
    scene.still_reads();
}
