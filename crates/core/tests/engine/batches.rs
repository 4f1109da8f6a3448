//! Many frames in one step: the key that each has used is used up in the file, whatever came between them.

use comity::room::{ParticipantUpdate, Roles};
use comity::{Budget, Change, Client, Frame, FrameOutcome, Made, Opening, TaskState};
use comity_wire::Wire as _;
use comity_wire::components::PARTICIPANT_LIST;

use crate::support::*;

/// A message of Mallory's, and another one under the same key, as no honest member makes it.
fn twins(scene: &mut Scene, text: &str) -> (Frame, Frame) {
    let before = scene.mallory.backup();
    let other = scene.saying("under a key that was used");
    scene.mallory.restore(&before);
    (scene.saying(text), other)
}

/// A commit by a member that nobody may follow, and that leaves the epoch as it is.
fn worthless_commit(scene: &mut Scene) -> Frame {
    let before = scene.mallory.backup();
    let against_the_rules = Plan {
        adds: vec![Rogue::new("x.example", "xavier", "xavier-pc").key_package()],
        ..Plan::default()
    };
    let commit = scene.mallory.commits(against_the_rules).commit;
    scene.mallory.restore(&before);
    scene.place.commit(&commit)
}

/// Every key is used a second time, in vain.
#[track_caller]
fn nothing_is_read_twice(scene: &mut Scene, others: &[Frame]) {
    let uri = scene.uri();
    let before = scene.alice.texts(&uri);
    for other in others {
        let outcome = scene.alice.receives(other);
        assert_eq!(code_of(&outcome), "duplicate", "its key is used up in the file");
    }
    assert_eq!(scene.alice.texts(&uri), before);
    scene.still_reads();
}

#[test]
fn messages_among_junk_and_worthless_commits_are_used_up_in_the_file() {
    let mut scene = Scene::new();
    let (mut frames, mut others) = (Vec::new(), Vec::new());
    for number in 0..4 {
        let (frame, other) = twins(&mut scene, &format!("message {number}"));
        frames.push(frame);
        others.push(other);
        frames.push(scene.place.raw(vec![7; 100]));
        if number % 2 == 0 {
            frames.push(worthless_commit(&mut scene));
        }
    }
    let step = scene.alice.steps(&frames);
    let done = |outcome: &&FrameOutcome| matches!(outcome, FrameOutcome::Done { .. });
    assert_eq!(step.frames.iter().filter(done).count(), 4, "{:?}", step.frames);
    nothing_is_read_twice(&mut scene.restarts(), &others);
}

#[test]
fn messages_before_and_after_a_commit_and_late_ones_are_used_up_in_the_file() {
    let mut scene = Scene::new();
    let (first, first_other) = twins(&mut scene, "before the commit");
    let (late, late_other) = twins(&mut scene, "before it, and late");
    let (later, later_other) = twins(&mut scene, "later still");
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    scene.eve.follows(&commit, &[]);
    let commit = scene.place.commit(&commit);
    let (next, next_other) = twins(&mut scene, "after the commit");
    let (last, last_other) = twins(&mut scene, "at last");
    let step = scene.alice.steps(&[first, commit, next, late, last, later]);
    for outcome in &step.frames {
        assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
    }
    let others = [first_other, late_other, later_other, next_other, last_other];
    nothing_is_read_twice(&mut scene.restarts(), &others);
}

#[test]
fn what_is_read_without_keeping_groups_is_used_up_in_the_file() {
    let mut scene = Scene::new();
    let (path, now) = (scene.alice.path().to_owned(), scene.alice.now);
    let without_memory = |opening: Opening| Opening {
        budget: Budget {
            memory: 0,
            ..opening.budget
        },
        ..opening
    };
    for opening in [
        Opening::extension(&path, KEY),
        without_memory(Opening::app(&path, KEY)),
    ] {
        let (frames, others): (Vec<_>, Vec<_>) = (0..3)
            .map(|number| twins(&mut scene, &format!("message {number}")))
            .unzip();
        let mut other_process = Client::open(now, &opening).unwrap();
        let batch = comity::Batch {
            frames,
            cursor: None,
            more: false,
        };
        let step = other_process.receive(now, &batch).unwrap();
        let done = |outcome: &FrameOutcome| matches!(outcome, FrameOutcome::Done { .. });
        assert!(step.frames.iter().all(done), "{:?}", step.frames);
        other_process.close().unwrap();
        nothing_is_read_twice(&mut scene, &others);
    }
}

#[test]
fn messages_of_several_senders_in_a_large_room_are_used_up_in_the_file() {
    let mut scene = Scene::new();
    let mut carols: Vec<Rogue> = (0..70)
        .map(|number| Rogue::new("c.example", "carol", &format!("carol-{number}")))
        .collect();
    let adds = carols.iter().map(Rogue::key_package).collect();
    let committed = scene.everybody_follows(Plan {
        adds,
        ..Plan::default()
    });
    // Her leaf is far from Mallory's.
    let mut carol = carols.pop().unwrap();
    carol.is_welcomed(&committed.welcome.unwrap(), &scene.mallory.tree());
    // From here on leaves are read one by one, as they are needed.
    let mut scene = scene.restarts();
    let uri = scene.uri();
    let (mut frames, mut others) = (Vec::new(), Vec::new());
    for number in 0..3 {
        let (frame, other) = twins(&mut scene, &format!("Mallory's {number}"));
        let hers = carol.says(&uri, &format!("Carol's {number}"));
        frames.extend([frame, scene.place.message(&hers)]);
        others.push(other);
    }
    let step = scene.alice.steps(&frames);
    for outcome in &step.frames {
        assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
    }
    nothing_is_read_twice(&mut scene.restarts(), &others);
}

#[test]
fn messages_before_a_commit_of_ours_that_is_refused_are_used_up_in_the_file() {
    let place = Place::new(room("h.example", "den"), &users());
    let mut scene = Scene::at(place.with_role(&user("a.example", "alice"), Roles::ADMIN));
    let uri = scene.uri();
    let mut commit = |plan| {
        let commit = scene.mallory.commits(plan).commit;
        scene.mallory.merges();
        scene.eve.follows(&commit, &[]);
        scene.place.commit(&commit)
    };
    let demotion = ParticipantUpdate {
        changed: vec![(2, Roles::MEMBER)],
        ..ParticipantUpdate::default()
    };
    let missing = commit(Plan {
        app_data: vec![app_data(PARTICIPANT_LIST, demotion.encode())],
        ..Plan::default()
    });
    let early = commit(Plan::default());
    let outcome = scene.alice.receives(&early);
    assert!(matches!(outcome, FrameOutcome::Held { .. }), "{outcome:?}");
    // While she knows that she is behind, her wish waits; when it could be had, she is no administrator any more.
    let now = scene.alice.now;
    let wish = [Change::SetRole(user("e.example", "eve"), Roles::ADMIN)];
    let step = scene.alice.client.change(now, &uri, &wish).unwrap();
    let Some(Made::Task(task)) = step.made else {
        panic!("{:?}", step.made)
    };
    let (frame, other) = twins(&mut scene, "then her wish is refused");
    let step = scene.alice.steps(&[missing, frame]);
    for outcome in &step.frames {
        assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
    }
    let state = scene.alice.reader().task(task).unwrap().map(|task| task.state);
    assert!(matches!(state, Some(TaskState::Refused(_))), "{state:?}");
    nothing_is_read_twice(&mut scene.restarts(), &[other]);
}

/// What is among the settings, sealed.
fn settings(scene: &Scene) -> Vec<Vec<u8>> {
    let beside = rusqlite::Connection::open(scene.alice.path()).unwrap();
    let mut rows = beside
        .prepare("SELECT sealed FROM setting ORDER BY name")
        .unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Ratchets that are written after the message's row would have to be told of elsewhere, which is a page more.
#[test]
fn one_message_writes_nothing_among_the_settings() {
    let mut scene = Scene::new();
    scene.still_reads();
    let before = settings(&scene);
    assert!(!before.is_empty());
    scene.still_reads();
    assert_eq!(settings(&scene), before);
    let two = [scene.saying("one"), scene.saying("two")];
    let _ = scene.alice.steps(&two);
    assert_ne!(settings(&scene), before, "of two, the ratchets are written last");
}
