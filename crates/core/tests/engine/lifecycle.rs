//! The file and the handles on it; requests and answers; what a batch takes.

use std::time::Duration;

use comity::{
    Advice, Allow, Answer, Batch, Budget, Change, Client, Cursor, Delivery, Error, EventKind, Frame,
    Identity, Key32, MessageChange, Opening, Outgoing, Page, Position, Request, RequestId, RequestKind,
    Resolution, Response, Seq, Step, StorageError, Timestamp,
};

use crate::support::*;

fn storage(result: Result<Client, Error>) -> StorageError {
    match result {
        Err(Error::Storage(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn somebody() -> Identity {
    Identity {
        user: user("a.example", "alice"),
        client: client("a.example", "alice-phone"),
    }
}

// The file.

#[test]
fn another_key_does_not_open_the_file_and_the_right_one_still_does() {
    let mut phone = Phone::new("a.example", "alice", "alice-phone");
    phone.client.pause().unwrap();
    let wrong = Opening::app(phone.path(), Key32::new([8; 32]));
    let error = storage(Client::open(phone.now, &wrong));
    assert_eq!(
        (error, error.code()),
        (StorageError::WrongKey, "storage_wrong_key")
    );
    assert_eq!(Error::from(error).advice(), Advice::FixProgram);
    let reading = comity::Reader::open(&wrong).map(|_| ());
    assert_eq!(reading, Err(Error::Storage(StorageError::WrongKey)));
    phone.client.resume().unwrap();
    assert_eq!(phone.reader().identity().1, &phone.identity.client);
}

#[test]
fn a_file_that_is_not_there_is_missing_and_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let opening = Opening::app(dir.path().join("none.comity"), KEY);
    assert_eq!(storage(Client::open(present(), &opening)), StorageError::Missing);
    assert!(!opening.path.exists());
}

#[test]
fn nobodys_file_is_overwritten() {
    let phone = Phone::new("a.example", "alice", "alice-phone");
    let error = storage(Client::create(phone.now, &phone.opening(), somebody()));
    assert_eq!(error, StorageError::Exists);
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("letter.txt");
    std::fs::write(&text, "Dear Bob, ".repeat(1_000)).unwrap();
    assert_eq!(
        storage(Client::create(phone.now, &Opening::app(&text, KEY), somebody())),
        StorageError::Exists
    );
    assert_eq!(
        std::fs::read_to_string(&text).unwrap(),
        "Dear Bob, ".repeat(1_000)
    );
}

#[test]
fn what_is_no_database_or_somebody_elses_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("letter.txt");
    std::fs::write(&text, "Dear Bob, ".repeat(1_000)).unwrap();
    assert_eq!(
        storage(Client::open(present(), &Opening::app(&text, KEY))),
        StorageError::NotADatabase
    );
    let other = dir.path().join("other.sqlite");
    let database = rusqlite::Connection::open(&other).unwrap();
    database.execute_batch("CREATE TABLE cats (name TEXT)").unwrap();
    drop(database);
    assert_eq!(
        storage(Client::open(present(), &Opening::app(&other, KEY))),
        StorageError::Foreign
    );
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic_nor_another_clients_state() {
    let mut scene = Scene::new();
    scene.still_reads();
    scene.alice.client.pause().unwrap();
    let whole = std::fs::read(scene.alice.path()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut errors = 0;
    for page in 1..whole.len() / 4096 {
        let path = dir.path().join(format!("{page}.comity"));
        let mut damaged = whole.clone();
        damaged[page * 4096 + 100..(page + 1) * 4096 - 100]
            .iter_mut()
            .for_each(|octet| *octet ^= 0x5a);
        std::fs::write(&path, damaged).unwrap();
        let opening = Opening::app(&path, KEY);
        let used = Client::open(scene.alice.now, &opening).and_then(|mut client| {
            let frame = scene.place.message(&scene.mallory.says(&scene.place.uri, "hi"));
            let batch = Batch {
                frames: vec![frame],
                cursor: None,
                more: false,
            };
            let step = client.receive(scene.alice.now, &batch)?;
            client
                .reader()?
                .timeline(scene.alice.now, &scene.place.uri, Page::Latest(10))?;
            Ok(step)
        });
        match used {
            Ok(_) => {}
            Err(Error::Storage(
                StorageError::Corrupt | StorageError::NotADatabase | StorageError::WrongKey,
            )) => errors += 1,
            Err(error) => panic!("page {page}: {error:?}"),
        }
    }
    assert!(errors > 3, "{errors} damages were noticed");
}

#[test]
fn a_backup_opens_as_the_same_client_and_needs_an_open_one_to_be_made() {
    let mut phone = Phone::new("a.example", "alice", "alice-phone");
    let copy = phone.path().with_file_name("copy.comity");
    phone.client.backup_to(&copy).unwrap();
    let exists = Error::Storage(StorageError::Exists);
    assert_eq!(phone.client.backup_to(&copy), Err(exists));
    let opening = Opening {
        path: copy,
        ..phone.opening()
    };
    let copied = comity::Reader::open(&opening).unwrap();
    assert_eq!(copied.identity(), phone.reader().identity());
    assert_eq!(copied.events(Seq(0), 100), phone.reader().events(Seq(0), 100));
    phone.client.pause().unwrap();
    assert_eq!(phone.client.backup_to(phone.path()), Err(Error::Paused));
}

#[test]
fn health_tells_counts_and_codes_and_nobodys_name() {
    let phone = Phone::new("a.example", "alice", "alice-phone");
    let health = phone.reader().health().unwrap();
    assert_eq!(health.damage, None);
    assert!(health.octets > 0);
    let line = health.to_string();
    let plain = |word: &str| {
        word.split_once('=')
            .is_some_and(|(_, value)| value == "none" || value.parse::<u64>().is_ok())
    };
    assert!(line.split(' ').all(plain), "{line}");
}

#[test]
fn a_wiped_client_leaves_no_file() {
    let mut phone = Phone::new("a.example", "alice", "alice-phone");
    phone.client.pause().unwrap();
    let dir = phone.path().parent().unwrap().to_owned();
    Client::wipe(phone.path()).unwrap();
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0);
    Client::wipe(phone.path()).unwrap(); // twice does no harm
    assert_eq!(
        storage(Client::open(phone.now, &phone.opening())),
        StorageError::Missing
    );
}

#[test]
fn a_client_belongs_to_its_users_provider_and_is_created_by_the_app() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client.comity");
    let mixed = Identity {
        user: user("b.example", "alice"),
        ..somebody()
    };
    let error = Client::create(present(), &Opening::app(&path, KEY), mixed).unwrap_err();
    assert_eq!(error.code(), "foreign_identity");
    let error = Client::create(present(), &Opening::extension(&path, KEY), somebody()).unwrap_err();
    assert_eq!(error.code(), "extension_may_not");
    assert!(!path.exists());
}

#[test]
fn everything_is_there_after_a_restart() {
    let mut scene = Scene::new();
    let id = scene.still_reads();
    let (uri, events) = (scene.uri(), scene.alice.events());
    let before = scene.alice.snapshot(&uri);
    scene.alice = scene.alice.restarts();
    assert_eq!(scene.alice.events(), events, "the log");
    assert_eq!(scene.alice.snapshot(&uri), before);
    let message = scene
        .alice
        .reader()
        .message(scene.alice.now, id)
        .unwrap()
        .unwrap();
    assert_eq!(message.delivery, Delivery::Received);
    scene.still_reads();
}

#[test]
fn forgotten_events_are_gone_and_their_numbers_never_come_again() {
    let mut scene = Scene::new();
    scene.still_reads();
    let all = scene.alice.events();
    let (half, last) = (all[all.len() / 2].seq, all.last().unwrap().seq);
    drop(scene.alice.client.forget(scene.alice.now, half).unwrap());
    let kept: Vec<_> = all.iter().filter(|event| event.seq > half).cloned().collect();
    assert_eq!(scene.alice.events(), kept);
    drop(scene.alice.client.forget(scene.alice.now, last).unwrap());
    let left = scene.alice.events();
    assert!(
        left.iter().all(|event| event.seq == last),
        "the last may stay, for its number: {left:?}"
    );
    assert_eq!(scene.alice.reader().events(last, 10).unwrap(), []);
    scene.alice = scene.alice.restarts();
    scene.still_reads();
    let new = scene.alice.reader().events(last, 10).unwrap();
    assert!(
        !new.is_empty() && new.iter().all(|event| event.seq > last),
        "a number is used once"
    );
    assert_eq!(scene.alice.texts(&scene.uri()).len(), 2, "messages stay");
}

// Requests.

fn sends(scene: &mut Scene, text: &str) -> Step {
    let (now, uri) = (scene.alice.now, scene.uri());
    scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text(text), Allow::default())
        .unwrap()
}

fn outstanding(scene: &Scene) -> Vec<Request> {
    scene.alice.reader().outstanding(None, 1_000).unwrap()
}

#[test]
fn what_is_outstanding_after_a_restart_is_what_was_handed_out_octet_by_octet() {
    let mut scene = Scene::new();
    let mut handed_out = outstanding(&scene);
    for text in ["one", "two", "three"] {
        handed_out.extend(sends(&mut scene, text).requests);
    }
    assert_eq!(outstanding(&scene), handed_out);
    scene.alice = scene.alice.restarts();
    assert_eq!(outstanding(&scene), handed_out);
    let page = scene
        .alice
        .reader()
        .outstanding(Some(handed_out[0].id), 2)
        .unwrap();
    assert_eq!(page, handed_out[1..3], "page by page too");
    let ours: Vec<_> = handed_out
        .into_iter()
        .filter(|request| request.lane == Some(scene.uri()))
        .collect();
    assert_eq!(ours.len(), 3);
    assert!(
        ours.iter()
            .all(|request| request.to == scene.uri().provider() && request.urgent && request.attempt == 0)
    );
    let ids: std::collections::BTreeSet<_> = ours.iter().map(|request| request.id).collect();
    assert_eq!(ids.len(), 3, "each has a name of its own");
}

#[test]
fn a_request_that_nobody_answers_is_handed_out_again_later_and_later() {
    let mut scene = Scene::new();
    let request = sends(&mut scene, "hello?").requests.remove(0);
    let (mut now, mut pauses) = (scene.alice.now, Vec::new());
    for attempt in 1..=6 {
        let unreachable = Answer::Unreachable { retry_after: None };
        let mut step = scene.alice.client.answer(now, request.id, unreachable).unwrap();
        let again = |step: &Step| step.requests.iter().find(|other| other.id == request.id).cloned();
        assert_eq!(again(&step), None, "not at once");
        // Her leaf may be due for renewal in between.
        let (due, handed_out) = loop {
            let due = step.wake_at.expect("a time to try again");
            let early = Timestamp::from_millis(due.as_millis() - 1);
            let too_early = scene.alice.client.wake(early).unwrap();
            assert_eq!(again(&too_early), None, "waking early does no harm");
            step = scene.alice.client.wake(due).unwrap();
            if let Some(handed_out) = again(&step) {
                break (due, handed_out);
            }
        };
        let expected = Request {
            attempt,
            ..request.clone()
        };
        assert_eq!(handed_out, expected);
        pauses.push(due.since(now));
        now = due;
    }
    assert!(pauses[5] > pauses[0] * 4, "{pauses:?}");
    assert!(
        pauses.iter().all(|pause| *pause <= Duration::from_secs(600)),
        "{pauses:?}"
    );
    let retry_after = Some(Duration::from_secs(3_600));
    let client = &mut scene.alice.client;
    let _ = client
        .answer(now, request.id, Answer::Unreachable { retry_after })
        .unwrap();
    // Something else may be due meanwhile, such as a new leaf.
    let early = client.wake(now.plus(Duration::from_secs(3_599))).unwrap();
    assert!(
        early.requests.iter().all(|other| other.id != request.id),
        "the other side said when"
    );
    let late = client.wake(now.plus(Duration::from_secs(2 * 3_600))).unwrap();
    assert!(
        late.requests.iter().any(|other| other.id == request.id),
        "and then it is handed out"
    );
}

#[test]
fn what_will_never_be_delivered_is_told_frees_its_lane_and_can_be_resolved() {
    let mut scene = Scene::new();
    let first = sends(&mut scene, "too large").requests.remove(0);
    let second = sends(&mut scene, "next").requests.remove(0);
    let now = scene.alice.now;
    let step = scene
        .alice
        .client
        .answer(now, first.id, Answer::Undeliverable)
        .unwrap();
    let told = step.events.iter().find_map(|event| match &event.kind {
        EventKind::Message {
            message,
            change: MessageChange::Undeliverable,
            ..
        } => Some(*message),
        _ => None,
    });
    let id = told.expect("the app is told");
    let waiting: Vec<_> = outstanding(&scene)
        .into_iter()
        .map(|request| request.id)
        .collect();
    assert!(!waiting.contains(&first.id) && waiting.contains(&second.id));
    let step = scene.alice.client.resolve(now, id, Resolution::Retry).unwrap();
    assert_eq!(step.requests.len(), 1);
    assert_eq!(step.requests[0].kind, RequestKind::SubmitMessage);
    drop(
        scene
            .alice
            .client
            .answer(now, step.requests[0].id, Answer::Undeliverable)
            .unwrap(),
    );
    drop(scene.alice.client.resolve(now, id, Resolution::Withdraw).unwrap());
    assert!(scene.alice.reader().message(now, id).unwrap().is_none());
    let error = scene
        .alice
        .client
        .resolve(now, id, Resolution::Retry)
        .unwrap_err();
    assert_eq!(error.code(), "no_such_message");
}

#[test]
fn answering_twice_or_a_request_that_never_was_does_nothing() {
    let mut scene = Scene::new();
    let request = sends(&mut scene, "hi").requests.remove(0);
    scene.serves(vec![request.clone()]);
    let last = scene.alice.last_seq();
    let now = scene.alice.now;
    for (id, answer) in [
        (request.id, Answer::Undeliverable),
        (request.id, Answer::Body(Vec::new())),
        (RequestId([7; 16]), Answer::Unreachable { retry_after: None }),
        (RequestId([7; 16]), Answer::Body(vec![1, 2, 3])),
    ] {
        let step = scene.alice.client.answer(now, id, answer).unwrap();
        assert!(
            step.events.is_empty() && step.requests.is_empty() && step.made.is_none(),
            "{step:?}"
        );
    }
    assert_eq!(scene.alice.last_seq(), last);
}

// Batches.

fn batch(frames: &[Frame], position: &[u8]) -> Batch {
    Batch {
        frames: frames.to_vec(),
        cursor: Some(Cursor {
            queue: "mailbox".into(),
            position: position.to_vec(),
        }),
        more: false,
    }
}

fn position(scene: &Scene) -> Option<Vec<u8>> {
    scene
        .alice
        .reader()
        .cursor("mailbox")
        .unwrap()
        .map(|cursor| cursor.position)
}

fn with_budget(scene: &mut Scene, budget: Budget) {
    scene.alice.client.pause().unwrap();
    let opening = Opening {
        budget,
        ..scene.alice.opening()
    };
    scene.alice.client = Client::open(scene.alice.now, &opening).unwrap();
}

#[test]
fn a_batch_beyond_the_budget_is_taken_from_its_beginning_and_the_cursor_stays() {
    let mut scene = Scene::new();
    with_budget(
        &mut scene,
        Budget {
            frames: 3,
            octets: 1 << 20,
            ..Budget::APP
        },
    );
    let frames: Vec<_> = (0..5).map(|n| scene.saying(&format!("number {n}"))).collect();
    let now = scene.alice.now;
    let step = scene.alice.client.receive(now, &batch(&frames, b"5")).unwrap();
    assert_eq!(step.frames.len(), 3);
    assert_eq!(position(&scene), None, "not all was taken");
    assert_eq!(
        scene.alice.texts(&scene.uri()),
        ["number 0", "number 1", "number 2"]
    );
    let step = scene
        .alice
        .client
        .receive(now, &batch(&frames[3..], b"5"))
        .unwrap();
    assert_eq!(step.frames.len(), 2);
    assert_eq!(position(&scene).as_deref(), Some(&b"5"[..]));
    assert_eq!(scene.alice.texts(&scene.uri()).len(), 5);
}

#[test]
fn a_frame_larger_than_the_budget_is_taken_alone() {
    let mut scene = Scene::new();
    with_budget(
        &mut scene,
        Budget {
            frames: 100,
            octets: 10,
            ..Budget::APP
        },
    );
    let frames: Vec<_> = (0..2).map(|n| scene.saying(&format!("number {n}"))).collect();
    let now = scene.alice.now;
    assert_eq!(
        scene
            .alice
            .client
            .receive(now, &batch(&frames, b"2"))
            .unwrap()
            .frames
            .len(),
        1
    );
    assert_eq!(
        scene
            .alice
            .client
            .receive(now, &batch(&frames[1..], b"2"))
            .unwrap()
            .frames
            .len(),
        1
    );
    assert_eq!(position(&scene).as_deref(), Some(&b"2"[..]));
}

#[test]
fn a_cursor_is_stored_with_its_batch_and_a_pushed_frame_moves_none() {
    let mut scene = Scene::new();
    let now = scene.alice.now;
    drop(scene.alice.client.receive(now, &batch(&[], b"1")).unwrap());
    assert_eq!(
        position(&scene).as_deref(),
        Some(&b"1"[..]),
        "an empty page moves it"
    );
    scene.still_reads();
    assert_eq!(position(&scene).as_deref(), Some(&b"1"[..]));
    let bad = scene.place.raw(vec![1, 2, 3]);
    drop(scene.alice.client.receive(now, &batch(&[bad], b"2")).unwrap());
    assert_eq!(
        position(&scene).as_deref(),
        Some(&b"2"[..]),
        "a rejected frame is taken"
    );
    let frame = scene.saying("unseen");
    let error = scene
        .alice
        .client
        .receive(now, &batch(std::slice::from_ref(&frame), &[0; 1_025]))
        .unwrap_err();
    assert_eq!(error.code(), "too_long");
    assert_eq!(position(&scene).as_deref(), Some(&b"2"[..]));
    scene.alice = scene.alice.restarts();
    assert_eq!(position(&scene).as_deref(), Some(&b"2"[..]));
    scene.reads(&frame, "unseen"); // an error takes nothing
}

#[test]
fn an_interrupted_batch_keeps_what_was_taken_and_loses_nothing() {
    let mut scene = Scene::new();
    let frames: Vec<_> = (0..400).map(|n| scene.saying(&format!("number {n}"))).collect();
    let interrupter = scene.alice.client.interrupter();
    let (now, batch) = (scene.alice.now, batch(&frames, b"end"));
    let done = &std::sync::atomic::AtomicBool::new(false);
    let taken = std::thread::scope(|threads| {
        threads.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                interrupter.interrupt();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let step = scene.alice.client.receive(now, &batch);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        step.unwrap().frames.len()
    });
    assert!((1..400).contains(&taken), "{taken} of 400 were taken");
    assert_eq!(position(&scene), None);
    assert_eq!(scene.alice.texts(&scene.uri()).len(), taken);
    let rest = Batch {
        frames: frames[taken..].to_vec(),
        ..batch
    };
    let step = scene.alice.client.receive(now, &rest).unwrap();
    assert_eq!(
        step.frames.len(),
        400 - taken,
        "an interruption is over with the call that it stopped"
    );
    assert_eq!(position(&scene).as_deref(), Some(&b"end"[..]));
    assert_eq!(scene.alice.texts(&scene.uri()).len(), 400);
}

/// A text whose language no tag names.
fn in_no_language() -> Outgoing {
    let mut outgoing = Outgoing::text("hi");
    outgoing.alternatives[0].language = "no language!".to_owned();
    outgoing
}

#[test]
fn a_misused_verb_changes_nothing() {
    let mut scene = Scene::new();
    let (now, uri, nowhere) = (scene.alice.now, scene.uri(), room("h.example", "nowhere"));
    let rows = scene.alice.rows();
    let client = &mut scene.alice.client;
    let codes = [
        client
            .send(now, &nowhere, &Outgoing::text("hi"), Allow::default())
            .unwrap_err()
            .code(),
        client
            .send(now, &uri, &Outgoing::new(Vec::new()), Allow::default())
            .unwrap_err()
            .code(),
        client
            .send(now, &uri, &in_no_language(), Allow::default())
            .unwrap_err()
            .code(),
        client.change(now, &uri, &[]).unwrap_err().code(),
        client
            .change(now, &uri, &[Change::Leave, Change::Rotate])
            .unwrap_err()
            .code(),
        client.respond(now, &uri, Response::Accept).unwrap_err().code(),
        client
            .read(now, &nowhere, Position::default())
            .unwrap_err()
            .code(),
        client.join(now, &nowhere, Some(&[0; 1_025])).unwrap_err().code(),
    ];
    let expected = [
        "no_such_room",
        "outgoing_malformed",
        "outgoing_language",
        "changes_contradict",
        "changes_contradict",
        "not_invited",
        "no_such_room",
        "too_long",
    ];
    assert_eq!(codes, expected);
    same_rows(&rows, &scene.alice.rows());
    assert_eq!(scene.alice.reader().events(Seq(u64::MAX - 1), 10).unwrap(), []);
    scene.still_reads();
}
