//! What a hub refuses, or never gets, ends somewhere: nothing hangs, and nothing is asked again and again.

use std::time::Duration;

use comity::{
    Allow, Answer, Change, ClientChange, Delivery, EventKind, Made, Outgoing, Phase, Refusal, Request,
    RequestKind, RoomChange, Step, TaskChange, TaskState,
};
use comity_wire::{HandshakeBundle, UpdateRoomResponse, UpdateVerdict, Wire as _};

use crate::support::*;

fn verdict(verdict: UpdateVerdict) -> Answer {
    let description = "not_here".to_owned();
    Answer::Body(UpdateRoomResponse { verdict, description }.encode())
}

fn answers(scene: &mut Scene, request: &Request, answer: Answer) -> Step {
    let now = scene.alice.now;
    scene.alice.client.answer(now, request.id, answer).unwrap()
}

fn updates(step: &Step) -> Vec<&Request> {
    let requests = step.requests.iter();
    requests
        .filter(|request| request.kind == RequestKind::UpdateRoom)
        .collect()
}

fn changes(scene: &mut Scene, change: Change) -> Step {
    let (now, uri) = (scene.alice.now, scene.uri());
    scene.alice.client.change(now, &uri, &[change]).unwrap()
}

fn told(step: &Step) -> Vec<&RoomChange> {
    let room = |event: &'_ comity::Event| matches!(event.kind, EventKind::Room { .. });
    let events = step.events.iter().filter(|event| room(event));
    events
        .filter_map(|event| match &event.kind {
            EventKind::Room { change, .. } => Some(change),
            _ => None,
        })
        .collect()
}

/// What Alice has published is at her provider.
fn publishes(scene: &mut Scene) {
    let outstanding = scene.alice.reader().outstanding(None, 100).unwrap();
    let published = |request: &Request| request.kind == RequestKind::PublishKeyPackages;
    scene.serves(outstanding.into_iter().filter(published).collect());
}

#[test]
fn leaving_that_can_never_be_delivered_is_told_and_we_stay() {
    let mut scene = Scene::new();
    let request = changes(&mut scene, Change::Leave).requests.remove(0);
    assert_eq!(scene.alice.phase(&scene.uri()), Some(Phase::Leaving));
    let step = answers(&mut scene, &request, Answer::Undeliverable);
    assert_eq!(told(&step), [&RoomChange::Refused(Refusal::Undeliverable)]);
    assert_eq!(scene.alice.phase(&scene.uri()), Some(Phase::Joined));
    scene.still_reads();
    assert_eq!(
        updates(&changes(&mut scene, Change::Leave)).len(),
        1,
        "and may try again"
    );
}

#[test]
fn what_waited_while_we_wanted_to_leave_is_sent_when_we_stay() {
    let mut scene = Scene::new();
    let (now, uri) = (scene.alice.now, scene.uri());
    let outgoing = Outgoing::text("before I go");
    let sent = scene.alice.client.send(now, &uri, &outgoing, Allow::default());
    let Some(Made::Message(id)) = sent.unwrap().made else {
        panic!("no message")
    };
    let request = changes(&mut scene, Change::Leave).requests.remove(0);
    let delivery = |scene: &Scene| scene.alice.reader().message(now, id).unwrap().unwrap().delivery;
    assert_eq!(delivery(&scene), Delivery::Waiting);
    let step = answers(&mut scene, &request, verdict(UpdateVerdict::NotAllowed));
    assert_eq!(scene.alice.phase(&uri), Some(Phase::Joined));
    let submits = |request: &Request| request.kind == RequestKind::SubmitMessage;
    assert!(step.requests.iter().any(submits), "{step:?}");
    assert_eq!(delivery(&scene), Delivery::Sending);
}

#[test]
fn a_change_that_is_on_its_way_when_we_want_to_leave_ends_once_and_as_it_ended() {
    for (answer, ends) in [
        (None, TaskState::Done),
        (
            Some(UpdateVerdict::NotAllowed),
            TaskState::NotTaken(Refusal::NotAllowed("not_here".to_owned())),
        ),
    ] {
        let mut scene = Scene::new();
        let step = changes(&mut scene, Change::Rotate);
        let Some(Made::Task(task)) = step.made else {
            panic!("no task")
        };
        let request = updates(&step)[0].clone();
        let step = changes(&mut scene, Change::Leave);
        assert_eq!(updates(&step), Vec::<&Request>::new(), "one commit at a time");
        let state = |scene: &Scene| scene.alice.reader().task(task).unwrap().unwrap().state;
        assert_eq!(
            state(&scene),
            TaskState::Waiting,
            "nobody knows what becomes of it"
        );
        match answer {
            Some(refused) => drop(answers(&mut scene, &request, verdict(refused))),
            None => scene.serves(vec![request]),
        }
        assert_eq!(state(&scene), ends);
        let finished = |event: &comity::Event| matches!(event.kind, EventKind::Task { task: which, change: TaskChange::Finished } if which == task);
        assert_eq!(
            scene
                .alice
                .events()
                .iter()
                .filter(|event| finished(event))
                .count(),
            1
        );
        assert_eq!(scene.alice.phase(&scene.uri()), Some(Phase::Leaving));
    }
}

#[test]
fn a_change_that_another_commit_overtakes_while_we_want_to_leave_is_not_made() {
    let mut scene = Scene::new();
    let step = changes(&mut scene, Change::Rotate);
    let Some(Made::Task(task)) = step.made else {
        panic!("no task")
    };
    drop(changes(&mut scene, Change::Leave));
    scene.everybody_follows(Plan::default());
    let state = scene.alice.reader().task(task).unwrap().unwrap().state;
    assert_eq!(state, TaskState::Refused("left_room".to_owned()));
    assert_eq!(scene.alice.phase(&scene.uri()), Some(Phase::Leaving));
}

#[test]
fn an_answer_to_a_proposal_of_an_epoch_that_is_over_says_nothing_of_the_present_one() {
    let mut scene = Scene::new();
    let old = changes(&mut scene, Change::Leave).requests.remove(0);
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    scene.eve.follows(&commit, &[]);
    let frame = scene.place.commit(&commit);
    let step = scene.alice.steps(&[frame]);
    assert_eq!(updates(&step).len(), 1, "she asks again in the new epoch");
    for late in [
        verdict(UpdateVerdict::WrongEpoch { current_epoch: 2 }),
        verdict(UpdateVerdict::NotAllowed),
    ] {
        let step = answers(&mut scene, &old, late);
        assert_eq!(told(&step), Vec::<&RoomChange>::new());
    }
    assert_eq!(scene.alice.phase(&scene.uri()), Some(Phase::Leaving));
    let summary = scene.alice.reader().room(&scene.uri()).unwrap().summary;
    assert!(!summary.behind, "the hub is where she is");
}

#[test]
fn a_renewal_of_our_leaf_that_the_hub_refuses_is_not_tried_again_at_once() {
    for answer in [verdict(UpdateVerdict::NotAllowed), Answer::Undeliverable] {
        let mut scene = Scene::new();
        scene.alice.now = scene.alice.now.plus(Duration::from_secs(86_400));
        let now = scene.alice.now;
        let step = scene.alice.client.wake(now).unwrap();
        let [renewal] = updates(&step)[..] else {
            panic!("her leaf is due: {step:?}")
        };
        let step = answers(&mut scene, &renewal.clone(), answer);
        assert_eq!(updates(&step), Vec::<&Request>::new());
        assert!(step.wake_at.is_none_or(|at| at > now), "nor in a moment");
        // What a person asks for does not wait for that.
        assert_eq!(updates(&changes(&mut scene, Change::Rotate)).len(), 1);
    }
}

#[test]
fn key_packages_that_cannot_be_delivered_are_told_and_others_are_published_in_a_day() {
    let mut scene = Scene::new();
    publishes(&mut scene);
    let now = scene.alice.now;
    let step = scene.alice.client.restock(now, 0).unwrap();
    let request = step.requests[0].clone();
    assert_eq!(request.kind, RequestKind::PublishKeyPackages);
    let step = answers(&mut scene, &request, Answer::Undeliverable);
    let refused = ClientChange::KeyPackagesRefused(Refusal::Undeliverable);
    let is_told =
        |event: &comity::Event| matches!(&event.kind, EventKind::Client { change, .. } if *change == refused);
    assert!(step.events.iter().any(is_told), "{step:?}");
    let tomorrow = now.plus(Duration::from_secs(86_400));
    let step = scene.alice.client.wake(tomorrow).unwrap();
    let published = |request: &Request| request.kind == RequestKind::PublishKeyPackages;
    assert!(step.requests.iter().any(published), "{step:?}");
}

#[test]
fn changes_that_cannot_stand_together_are_refused_before_anything_is_stored() {
    let mut scene = Scene::new();
    let (now, uri) = (scene.alice.now, scene.uri());
    let carol = user("c.example", "carol");
    let invites = |key_packages| Change::Invite {
        user: carol.clone(),
        role: None,
        key_packages,
    };
    let metadata = scene.alice.reader().room(&uri).unwrap().metadata;
    let pairs = [
        [invites(Vec::new()), invites(vec![Vec::new()])],
        [invites(Vec::new()), Change::RemoveUser(carol.clone())],
        [Change::Metadata(metadata.clone()), Change::Metadata(metadata)],
    ];
    for pair in pairs {
        let error = scene.alice.client.change(now, &uri, &pair).unwrap_err();
        assert_eq!(error.code(), "changes_contradict", "{pair:?}");
    }
    let me = scene.alice.identity.clone();
    for change in [Change::RemoveUser(me.user), Change::RemoveClient(me.client)] {
        let asked = scene.alice.reader().can(&uri, &change).unwrap_err();
        let done = scene.alice.client.change(now, &uri, &[change]).unwrap_err();
        assert_eq!(
            (asked.code(), done.code()),
            ("changes_contradict", "changes_contradict")
        );
    }
    assert_eq!(updates(&changes(&mut scene, Change::Rotate)).len(), 1);
}

/// Any hub may claim any time; what others need to invite us does not depend on one of them.
#[test]
fn a_hub_that_lies_about_the_time_costs_nobody_a_key_package() {
    let mut scene = Scene::new();
    let key_package = scene.alice.key_package();
    publishes(&mut scene);
    let message = scene.mallory.says(&scene.uri(), "from the year 2999");
    let mut bytes = comity::Timestamp::from_millis(32_472_144_000_000)
        .as_millis()
        .to_be_bytes()
        .to_vec();
    bytes.extend_from_slice(message.as_slice());
    bytes.push(0); // no frank
    let frame = scene.place.raw(bytes);
    scene.reads(&frame, "from the year 2999");
    let now = scene.alice.now;
    drop(scene.alice.client.restock(now, 0).unwrap());
    let other = Place::new(room("h.example", "other"), &users());
    let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
    host.creates(&other.state());
    let welcome = host.adds(vec![key_package]);
    let frame = other.welcome(&welcome, host.tree());
    let outcome = scene.alice.receives(&frame);
    assert!(
        matches!(outcome, comity::FrameOutcome::Done { .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_proposal_from_before_we_entered_does_not_undo_our_entering() {
    let mut scene = Scene::new();
    let (now, uri) = (scene.alice.now, scene.uri());
    // Alice loses a commit, and learns of it.
    drop(scene.mallory.commits(Plan::default()));
    scene.mallory.merges();
    let ahead = scene.saying("can you read this?");
    drop(scene.alice.steps(&[ahead]));
    let proposal = scene.mallory.leaves();
    let late = scene.place.proposal(&proposal);
    let step = scene.alice.client.join(now, &uri, None).unwrap();
    let entrance = scene
        .place
        .entrance(&step.requests[0].body, &scene.mallory.entrance());
    let step = answers(&mut scene, &step.requests[0], Answer::Body(entrance));
    let commit = updates(&step)[0].clone();
    let step = scene.alice.steps(&[late]);
    assert_eq!(
        step.requests,
        Vec::<Request>::new(),
        "only a commit takes an epoch"
    );
    let bundle = HandshakeBundle::decode(&commit.body).unwrap();
    let at = scene.place.tick();
    let step = answers(&mut scene, &commit, Answer::Body(accepted(bundle.message(), at)));
    assert_eq!(told(&step), [&RoomChange::Joined]);
    assert_eq!(scene.alice.phase(&uri), Some(Phase::Joined));
}
