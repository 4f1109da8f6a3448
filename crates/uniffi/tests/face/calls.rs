//! Calls on a client: one thread at a time, an error after it was closed, errors by who must act.

use std::sync::Arc;

use comity_uniffi::{Change, Client, Code, ComityError, Opening, Page, Response, wipe};

use comity::{ClientUri, RoomUri, Timestamp, UserUri};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    fn opening(&self) -> Arc<Opening> {
        let path = self.folder.path().join("alice.comity");
        Opening::app(path.display().to_string(), &[7; 32]).expect("an opening")
    }

    fn create(&self) -> Arc<Client> {
        let user = UserUri::parse("mimi://a.example/u/alice").expect("a user");
        let client = ClientUri::parse("mimi://a.example/d/alice-phone").expect("a client");
        Client::create(NOW, &self.opening(), user, client).expect("a client")
    }
}

fn code<R>(outcome: Result<R, ComityError>) -> Code {
    outcome.err().expect("an error").fault().code
}

fn lunch() -> RoomUri {
    RoomUri::parse("mimi://a.example/r/lunch").expect("a room")
}

#[test]
fn a_closed_client_says_so_and_its_file_can_be_opened_and_deleted() {
    let desk = Desk::new();
    let client = desk.create();
    client.close_file().expect("closed");
    let error = client.wake(NOW).expect_err("closed");
    assert_eq!(error.fault().detail.as_deref(), Some("client_is_closed"));
    assert!(matches!(client.close_file(), Err(ComityError::Misuse { .. })));
    let again = Client::open(NOW, &desk.opening()).expect("opened");
    again.close_file().expect("closed");
    wipe(desk.folder.path().join("alice.comity").display().to_string()).expect("wiped");
    assert_eq!(code(Client::open(NOW, &desk.opening())), Code::StorageMissing);
}

#[test]
fn errors_say_who_must_act() {
    let desk = Desk::new();
    let client = desk.create();
    let reader = client.reader().expect("a reader");
    let unknown = client.respond(NOW, lunch(), Response::Accept);
    assert!(matches!(unknown, Err(ComityError::Misuse { .. })));
    assert_eq!(code(reader.can(lunch(), Change::Rotate)), Code::NoSuchRoom);
    client.pause().expect("paused");
    assert!(matches!(client.wake(NOW), Err(ComityError::Paused { .. })));
    let page = Page::Latest { limit: 1 };
    assert!(matches!(
        reader.timeline(NOW, lunch(), page),
        Err(ComityError::Paused { .. })
    ));
    client.resume().expect("resumed");
    let wrong = Opening::app(
        desk.folder.path().join("alice.comity").display().to_string(),
        &[8; 32],
    );
    let wrong = Client::open(NOW, &wrong.expect("an opening"));
    assert!(matches!(&wrong, Err(ComityError::Storage { fault }) if fault.code == Code::StorageWrongKey));
}

#[test]
fn an_interrupter_outlives_its_client() {
    let desk = Desk::new();
    let client = desk.create();
    let interrupter = client.interrupter().expect("an interrupter");
    drop(client);
    interrupter.interrupt();
}
