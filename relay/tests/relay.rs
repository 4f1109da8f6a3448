//! The relay as its clients meet it: what a conversation comes to, what it keeps, and what it says to bad input.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test is a host, with a clock and threads; whatever goes wrong fails it"
)]

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use comity::content::{Body, Supported};
use comity::room::media_types;
use comity::{
    Allow, Answer, Batch, Change, Client, ClientUri, Error, Frame, FrameKind, Identity, Key32, NewRoom,
    Opening, Outgoing, Page, Request, RequestKind, Response, RoomUri, Step, Timestamp, UserUri,
};
use comity_hub::Endpoint;
use comity_relay::{Fault, Outcome, Posted, Providers, serve};
use comity_wire::{KeyMaterialResponse, KeyMaterialUserCode, SubmitMessageResponse, Wire as _};

const SECRET: &str = "meet me where the river bends";

#[test]
fn a_conversation_survives_restarts_of_the_relay_which_never_sees_what_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut relay = Relay::open(&dir.path().join("relay.sqlite"));
    let mut ada = App::new(&relay, dir.path(), "a.example", "ada");
    let mut ben = App::new(&relay, dir.path(), "b.example", "ben");
    relay.again();
    assert_eq!(
        relay.providers.users().expect("users"),
        ["mimi://a.example/u/ada", "mimi://b.example/u/ben"]
    );

    let room = RoomUri::parse("mimi://a.example/r/lunch").expect("a room");
    let key = relay.providers.hub_key(&room.provider()).expect("a key");
    let lunch = NewRoom {
        hub_key: key.expect("a provider"),
        name: "Lunch".to_owned(),
        requirement: None,
    };
    let invite = Change::Invite {
        user: ben.who.user.clone(),
        role: None,
        key_packages: Vec::new(),
    };
    ada.does(&relay, |client, now| client.create_room(now, &room, &lunch));
    relay.again();
    ada.does(&relay, |client, now| client.change(now, &room, &[invite]));
    relay.again();
    ben.takes_mail(&relay);
    ben.does(&relay, |client, now| client.respond(now, &room, Response::Accept));
    ada.does(&relay, |client, now| {
        client.send(now, &room, &Outgoing::text(SECRET), Allow::default())
    });
    relay.again();
    ben.takes_mail(&relay);
    assert_eq!(ben.reads(&room), ["mimi://a.example/u/ada: ".to_owned() + SECRET]);

    let kept = relay.octets();
    assert!(kept.windows(8).any(|octets| octets == b"/r/lunch"));
    assert!(!kept.windows(8).any(|octets| octets == &SECRET.as_bytes()[..8]));
}

#[test]
fn a_request_that_comes_again_gets_its_first_answer_and_nothing_happens_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let relay = Relay::open(&dir.path().join("relay.sqlite"));
    let mut ada = App::new(&relay, dir.path(), "a.example", "ada");
    let _ben = App::new(&relay, dir.path(), "b.example", "ben");
    let room = RoomUri::parse("mimi://a.example/r/lunch").expect("a room");
    let asked = ada.asks_for_key_packages(&relay, &room, "mimi://b.example/u/ben");
    let post = |id: [u8; 16]| relay.becomes_of(&asked, &id, &ada.who);
    let first = post([1; 16]);
    assert_eq!(post([1; 16]), first);
    assert_ne!(post([2; 16]), first, "another request gets another key package");
}

#[test]
fn nobody_gets_key_packages_in_the_name_of_somebody_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let relay = Relay::open(&dir.path().join("relay.sqlite"));
    let mut ada = App::new(&relay, dir.path(), "a.example", "ada");
    let _ben = App::new(&relay, dir.path(), "b.example", "ben");
    let room = RoomUri::parse("mimi://a.example/r/lunch").expect("a room");
    let asked = ada.asks_for_key_packages(&relay, &room, "mimi://b.example/u/ben");
    let status = |who: &App| {
        let body = relay.answers(&asked, &who.who);
        KeyMaterialResponse::decode(&body).expect("an answer").status
    };
    for (domain, name) in [("a.example", "mallory"), ("c.example", "eve")] {
        let other = App::new(&relay, dir.path(), domain, name);
        assert_eq!(status(&other), KeyMaterialUserCode::NoConsent, "{name}");
    }
    assert_eq!(status(&ada), KeyMaterialUserCode::Success);
}

#[test]
fn nobody_posts_a_message_in_the_name_of_somebody_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let relay = Relay::open(&dir.path().join("relay.sqlite"));
    let mut ada = App::new(&relay, dir.path(), "a.example", "ada");
    let mut ben = App::new(&relay, dir.path(), "b.example", "ben");
    let eve = App::new(&relay, dir.path(), "b.example", "eve");
    let room = RoomUri::parse("mimi://a.example/r/lunch").expect("a room");
    let key = relay.providers.hub_key(&room.provider()).expect("a key");
    let lunch = NewRoom {
        hub_key: key.expect("a provider"),
        name: String::new(),
        requirement: None,
    };
    let invite = Change::Invite {
        user: ben.who.user.clone(),
        role: None,
        key_packages: Vec::new(),
    };
    ada.does(&relay, |client, now| client.create_room(now, &room, &lunch));
    ada.does(&relay, |client, now| client.change(now, &room, &[invite]));
    ben.takes_mail(&relay);
    ben.does(&relay, |client, now| client.respond(now, &room, Response::Accept));
    let said = Outgoing::text(SECRET);
    let step = ben.client.send(present(), &room, &said, Allow::default());
    let step = step.expect("a step");
    let [request] = &step.requests[..] else {
        panic!("{:?}", step.requests)
    };
    let post = |who: &App| {
        let body = relay.answers(request, &who.who);
        SubmitMessageResponse::decode(&body).expect("an answer")
    };
    assert_eq!(post(&eve), SubmitMessageResponse::NotAllowed);
    let answer = post(&ben);
    assert!(
        matches!(answer, SubmitMessageResponse::Accepted { .. }),
        "{answer:?}"
    );
}

#[test]
fn whoever_has_not_logged_in_is_told_and_so_is_a_client_that_is_somebody_elses() {
    let dir = tempfile::tempdir().expect("a directory");
    let relay = Relay::open(&dir.path().join("relay.sqlite"));
    let ada = App::new(&relay, dir.path(), "a.example", "ada");
    let stranger = ClientUri::parse("mimi://a.example/d/zoe").expect("a client");
    let fetched = relay.providers.frame(&stranger, 0, Duration::ZERO);
    assert!(matches!(fetched, Err(Fault::Stranger)));
    let other = UserUri::parse("mimi://a.example/u/zoe").expect("a user");
    let taken = relay.providers.login(&other, &ada.who.client);
    assert!(matches!(taken, Err(Fault::Senseless(_))));
    let foreign = UserUri::parse("mimi://b.example/u/ada").expect("a user");
    let crossed = relay.providers.login(&foreign, &ada.who.client);
    assert!(matches!(crossed, Err(Fault::Senseless(_))));
}

#[test]
fn what_is_not_a_call_is_told_with_a_status_and_a_sentence() {
    let relay = at_a_port();
    let login = "POST /login HTTP/1.1\r\nComity-From: mimi://a.example/d/ada\r\nComity-User: mimi://a.example/u/ada\r\n";
    let from = "Comity-From: mimi://a.example/d/ada\r\n";
    for (said, status) in [
        (format!("{login}\r\n"), 204),
        (format!("{login}Content-Length: 0\r\n\r\n"), 204),
        ("GET /users HTTP/1.1\r\n\r\n".to_owned(), 200),
        (format!("GET /frame HTTP/1.1\r\n{from}\r\n"), 204),
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET /users HTTP/1.1\r\nOne line\r\n\r\n".to_owned(), 400),
        ("POST /login HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("POST /login HTTP/1.1\r\nComity-From: ada\r\n\r\n".to_owned(), 400),
        (
            format!("GET /frame HTTP/1.1\r\n{from}Comity-After: -1\r\n\r\n"),
            400,
        ),
        (
            "GET /frame HTTP/1.1\r\nComity-From: mimi://a.example/d/zoe\r\n\r\n".to_owned(),
            401,
        ),
        ("GET /nothing HTTP/1.1\r\n\r\n".to_owned(), 404),
        (
            "GET /hub-key HTTP/1.1\r\nComity-To: mimi://z.example\r\n\r\n".to_owned(),
            404,
        ),
        (
            "POST /login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            411,
        ),
        (
            "POST /login HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n".to_owned(),
            413,
        ),
        (
            format!("GET /users HTTP/1.1\r\nLong: {}\r\n\r\n", "x".repeat(20_000)),
            431,
        ),
        (
            format!("GET /users HTTP/1.1\r\n{}\r\n", "Many: x\r\n".repeat(100)),
            431,
        ),
    ] {
        let reply = say(relay, said.as_bytes());
        let line = said.lines().next().unwrap_or_default();
        assert!(
            reply.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}: {reply}"
        );
        assert!(status < 400 || reply.trim_end().len() > reply.find("\r\n\r\n").expect("a head") + 4);
    }
}

#[test]
fn every_kind_of_request_has_a_number_and_a_name_in_any_fashion() {
    let relay = at_a_port();
    let login = "Comity-From: mimi://a.example/d/ada\r\nComity-User: mimi://a.example/u/ada\r\n";
    say(relay, format!("POST /login HTTP/1.1\r\n{login}\r\n").as_bytes());
    let post = |kind: &str| {
        let rest = "Comity-Id: 000102030405060708090a0b0c0d0e0f\r\nComity-To: mimi://a.example\r\nComity-Lane: mimi://a.example/r/x\r\n";
        let head = format!("POST /request HTTP/1.1\r\n{login}Comity-Kind: {kind}\r\n{rest}\r\n");
        say(relay, head.as_bytes())
    };
    for kind in [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "create-room",
        "UPDATE_ROOM",
        "submitMessage",
        "FetchGroupInfo",
    ] {
        assert!(post(kind).starts_with("HTTP/1.1 200 "), "{kind}");
    }
    for kind in ["0", "7", "dance", ""] {
        assert!(post(kind).starts_with("HTTP/1.1 400 "), "{kind}");
    }
}

#[test]
fn more_connections_than_it_has_seats_for_are_told_to_come_back() {
    let relay = at_a_port();
    let silent: Vec<TcpStream> = (0..64)
        .map(|_| TcpStream::connect(relay).expect("a connection"))
        .collect();
    let told = say(relay, b"GET /users HTTP/1.1\r\n\r\n");
    assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
    drop(silent);
    let served = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        say(relay, b"GET /users HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 ")
    });
    assert!(served, "a seat that was left is free");
}

/// A relay whose file can be closed and opened in the middle.
struct Relay {
    path: PathBuf,
    providers: Providers,
}

impl Relay {
    fn open(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            providers: Providers::open(path).expect("a file"),
        }
    }

    fn again(&mut self) {
        self.providers = Providers::open(&self.path).expect("the same file");
    }

    /// What becomes of a request with this id, whoever posts it.
    fn becomes_of(&self, request: &Request, id: &[u8; 16], by: &Identity) -> Outcome {
        let posted = Posted {
            id,
            to: &request.to,
            lane: request.lane.as_ref(),
            endpoint: endpoint(request.kind),
            body: &request.body,
        };
        let outcome = self.providers.post(present(), &by.client, posted);
        outcome.expect("an outcome")
    }

    fn answers(&self, request: &Request, by: &Identity) -> Vec<u8> {
        let body = match self.becomes_of(request, &request.id.0, by) {
            Outcome::Answer(body) => Some(body),
            Outcome::Undeliverable => None,
        };
        body.expect("it can be delivered")
    }

    /// Everything on disk: the database, and its log.
    fn octets(&self) -> Vec<u8> {
        let beside = |end: &str| std::fs::read(format!("{}{end}", self.path.display())).unwrap_or_default();
        [beside(""), beside("-wal")].concat()
    }
}

/// What an app brings along.
struct App {
    client: Client,
    who: Identity,
    taken: u64,
}

impl App {
    fn new(relay: &Relay, dir: &Path, provider: &str, name: &str) -> Self {
        let who = Identity {
            user: UserUri::parse(&format!("mimi://{provider}/u/{name}")).expect("a user"),
            client: ClientUri::parse(&format!("mimi://{provider}/d/{name}")).expect("a client"),
        };
        let opening = Opening::app(dir.join(name), Key32::new([7; 32]));
        let client = Client::create(present(), &opening, who.clone()).expect("a client");
        relay.providers.login(&who.user, &who.client).expect("a login");
        let mut app = Self {
            client,
            who,
            taken: 0,
        };
        let supported = Supported {
            media: media_types::baseline(),
            languages: Vec::new(),
        };
        app.does(relay, |client, now| client.advertise(now, &supported));
        app
    }

    fn does(&mut self, relay: &Relay, verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>) {
        let step = verb(&mut self.client, present()).expect("a step");
        let mut requests = VecDeque::from(step.requests);
        while let Some(request) = requests.pop_front() {
            let answer = match relay.becomes_of(&request, &request.id.0, &self.who) {
                Outcome::Answer(body) => Answer::Body(body),
                Outcome::Undeliverable => Answer::Undeliverable,
            };
            let step = self.client.answer(present(), request.id, answer).expect("a step");
            requests.extend(step.requests);
        }
    }

    fn takes_mail(&mut self, relay: &Relay) {
        while let Some(mail) = relay
            .providers
            .frame(&self.who.client, self.taken, Duration::ZERO)
            .expect("a mailbox")
        {
            self.taken = mail.cursor;
            let batch = Batch {
                frames: vec![Frame {
                    from: mail.room.provider(),
                    room: Some(mail.room),
                    kind: FrameKind::Fanout,
                    bytes: mail.frame,
                }],
                cursor: None,
                more: false,
            };
            self.does(relay, |client, now| client.receive(now, &batch));
        }
    }

    fn reads(&self, room: &RoomUri) -> Vec<String> {
        let reader = self.client.reader().expect("a reader");
        let messages = reader
            .timeline(present(), room, Page::Latest(100))
            .expect("a timeline");
        messages
            .into_iter()
            .filter_map(|message| match message.content?.part.body {
                Body::Single(single) => Some(format!(
                    "{}: {}",
                    message.sender,
                    String::from_utf8_lossy(&single.content)
                )),
                _ => None,
            })
            .collect()
    }

    /// The request for a user's key packages that an invitation makes, not posted.
    fn asks_for_key_packages(&mut self, relay: &Relay, room: &RoomUri, user: &str) -> Request {
        let key = relay.providers.hub_key(&room.provider()).expect("a key");
        let new = NewRoom {
            hub_key: key.expect("a provider"),
            name: String::new(),
            requirement: None,
        };
        self.does(relay, |client, now| client.create_room(now, room, &new));
        let invite = Change::Invite {
            user: UserUri::parse(user).expect("a user"),
            role: None,
            key_packages: Vec::new(),
        };
        let step = self.client.change(present(), room, &[invite]).expect("a step");
        let request = step
            .requests
            .into_iter()
            .find(|request| request.kind == RequestKind::FetchKeyMaterial);
        request.expect("a request for key packages")
    }
}

fn endpoint(kind: RequestKind) -> Endpoint {
    match kind {
        RequestKind::CreateRoom => Endpoint::CreateRoom,
        RequestKind::UpdateRoom => Endpoint::UpdateRoom,
        RequestKind::SubmitMessage => Endpoint::SubmitMessage,
        RequestKind::FetchKeyMaterial => Endpoint::KeyMaterial,
        RequestKind::FetchGroupInfo => Endpoint::GroupInfo,
        _ => Endpoint::PublishKeyPackages,
    }
}

/// A relay behind a port of its own, until the tests end.
fn at_a_port() -> SocketAddr {
    let dir = tempfile::tempdir().expect("a directory");
    let providers = Providers::open(&dir.path().join("relay.sqlite")).expect("a file");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let _dir = dir;
        serve(&listener, providers)
    });
    address
}

/// What is answered to these octets.
fn say(relay: SocketAddr, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(relay).expect("a connection");
    stream.write_all(octets).expect("room to write");
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("a reply");
    String::from_utf8_lossy(&reply).into_owned()
}

fn present() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.expect("a present after 1970").as_millis();
    Timestamp::from_millis(u64::try_from(millis).expect("a present"))
}
