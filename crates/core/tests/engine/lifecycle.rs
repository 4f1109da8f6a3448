//! The file and the handles on it.

use comity::{Advice, Batch, Client, Delivery, Error, Identity, Key32, Opening, Page, Seq, StorageError};

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

/// The key is new, or it is not: that a reader cannot follow is no reason to say that it is the old one.
#[cfg(unix)]
#[test]
fn a_new_key_that_a_reader_cannot_follow_is_new_all_the_same() {
    const OTHER: Key32 = Key32::new([9; 32]);
    let mut phone = Phone::new("a.example", "alice", "alice-phone");
    let reader = phone.reader();
    // The client has the file open; nobody can open it anew.
    let elsewhere = phone.path().with_file_name("elsewhere");
    std::fs::rename(phone.path(), &elsewhere).unwrap();
    assert_eq!(phone.client.rekey(&OTHER), Err(Error::Busy));
    std::fs::rename(&elsewhere, phone.path()).unwrap();
    assert_eq!(phone.client.rekey(&OTHER), Ok(()), "with the same key");
    assert!(reader.events(Seq(0), 100).is_ok());
    phone.client.pause().unwrap();
    phone.client.resume().unwrap();
    let old = phone.opening();
    assert_eq!(storage(Client::open(phone.now, &old)), StorageError::WrongKey);
    let new = Opening { key: OTHER, ..old };
    Client::open(phone.now, &new).unwrap();
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
