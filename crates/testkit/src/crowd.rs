//! A room with many members of whom two have a client, and the others are key packages: large rooms in seconds.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use comity::{
    Allow, Answer, Change, Client, Frame, FrameKind, FrameOutcome, Identity, Key32, NewRoom, Opening,
    Outgoing, Request, RequestKind, Response, Step, Supported,
};
use comity_hub::{Caller, Endpoint, Limits};
use comity_room::{ClientUri, ProviderUri, RoomUri, Timestamp, UserUri, media_types};
use comity_wire::{FanoutMessage, MessageKind, PublishKeyPackages, PublishKeyPackagesResponse, Wire as _};
use openmls::prelude::KeyPackage;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::Serialize as _;

use crate::HubHost;

/// The key of every file here.
pub const KEY: [u8; 32] = [7; 32];

/// How many are invited by one commit.
const AT_ONCE: usize = 1_000;

/// What the clock of this machine says. The crowd's key packages are OpenMLS's own, which dates them by it.
#[allow(clippy::disallowed_methods, reason = "this is a host, and hosts have clocks")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    Timestamp::from_millis(u64::try_from(since.as_millis()).expect("a time"))
}

/// Alice, Bob and a crowd in one room, with a hub in memory.
pub struct Crowd {
    /// She created the room.
    pub alice: Member,
    /// He joined by a Welcome and has taken nothing since.
    pub bob: Member,
    /// The room.
    pub room: RoomUri,
    hub: HubHost,
}

/// Somebody with a client.
pub struct Member {
    /// The client.
    pub client: Client,
    /// How it is opened.
    pub opening: Opening,
    user: UserUri,
    uri: ClientUri,
}

impl Crowd {
    /// A room of so many members, two of them with files in `dir`.
    pub fn new(dir: &Path, now: Timestamp, members: usize) -> Self {
        let room = RoomUri::parse("mimi://a.example/r/crowd").expect("a URI");
        let hub = HubHost::new(room.provider(), Limits::default());
        let mut alice = Member::new(dir, now, "alice");
        let mut bob = Member::new(dir, now, "bob");
        let new = NewRoom {
            hub_key: hub.signature_key(),
            name: "a crowd".to_owned(),
            requirement: None,
        };
        let created = alice.client.create_room(now, &room, &new).expect("a room");
        let mut crowd = Self {
            alice,
            hub,
            room,
            bob: Member::new(dir, now, "nobody"),
        };
        crowd.settles(now, created);
        let mut invitations: Vec<_> = (2..members)
            .map(|number| stranger(&format!("m{number}")))
            .collect();
        invitations.push(bob.invitation(now));
        let mut frames = Vec::new();
        for at_once in invitations.chunks(AT_ONCE) {
            frames = crowd.changes(now, at_once);
        }
        let taken = bob.takes(now, frames).frames;
        let done = |outcome: &FrameOutcome| matches!(outcome, FrameOutcome::Done { .. });
        assert!(taken.iter().any(done), "the Welcome comes out as {taken:?}");
        let _: Step = bob
            .client
            .respond(now, &crowd.room, Response::Accept)
            .expect("an invitation");
        crowd.bob = bob;
        crowd
    }

    /// Alice says something. Returns what the hub fans out.
    pub fn says(&mut self, now: Timestamp, text: &str) -> Vec<Frame> {
        let said = Outgoing::text(text);
        let step = self.alice.client.send(now, &self.room, &said, Allow::default());
        self.settles(now, step.expect("a message"))
    }

    /// Alice makes a commit. Returns what the hub fans out.
    pub fn changes(&mut self, now: Timestamp, changes: &[Change]) -> Vec<Frame> {
        let step = self.alice.client.change(now, &self.room, changes);
        self.settles(now, step.expect("a commit"))
    }

    /// Alice invites somebody. Returns the commit, and the Welcome.
    pub fn invites(&mut self, now: Timestamp, invitation: Change) -> (Frame, Frame) {
        let frames = self.changes(now, &[invitation]);
        let (mut welcomes, mut commits): (Vec<_>, Vec<_>) = frames.into_iter().partition(is_welcome);
        (
            commits.pop().expect("a commit"),
            welcomes.pop().expect("a Welcome"),
        )
    }

    /// Posts what Alice asks for, answers her, and brings her own frames back to her, until nothing is left. Returns what
    /// the hub fans out.
    fn settles(&mut self, now: Timestamp, step: Step) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut requests: VecDeque<Request> = step.requests.into();
        while let Some(request) = requests.pop_front() {
            let (reply, fanout) = self.posts(now, &request);
            let answered = self.alice.client.answer(now, request.id, Answer::Body(reply));
            requests.extend(answered.expect("an answer").requests);
            requests.extend(self.alice.takes(now, fanout.clone()).requests);
            frames.extend(fanout);
        }
        frames
    }

    fn posts(&mut self, now: Timestamp, request: &Request) -> (Vec<u8>, Vec<Frame>) {
        let endpoint = match request.kind {
            RequestKind::CreateRoom => Endpoint::CreateRoom,
            RequestKind::UpdateRoom => Endpoint::UpdateRoom,
            RequestKind::SubmitMessage => Endpoint::SubmitMessage,
            other => panic!("nobody here answers {other:?}"),
        };
        let caller = Caller::client(self.alice.user.clone(), self.alice.uri.clone());
        let verdict = self.hub.post(now, &self.room, &caller, endpoint, &request.body);
        assert_eq!(verdict.refusal(), None);
        let frame = |bytes| Frame {
            room: Some(self.room.clone()),
            from: self.room.provider(),
            kind: FrameKind::Fanout,
            bytes,
        };
        let fanout = verdict.fanout.into_iter().map(|delivery| frame(delivery.frame));
        (verdict.reply, fanout.collect())
    }
}

impl Member {
    /// Somebody with a new client in `dir`.
    pub fn new(dir: &Path, now: Timestamp, name: &str) -> Self {
        let (user, uri) = names(name);
        let opening = Opening::app(dir.join(name), Key32::new(KEY));
        let identity = Identity {
            user: user.clone(),
            client: uri.clone(),
        };
        Self {
            client: Client::create(now, &opening, identity).expect("a client"),
            opening,
            user,
            uri,
        }
    }

    /// Publishes key packages. Returns an invitation by one of them.
    pub fn invitation(&mut self, now: Timestamp) -> Change {
        let supported = Supported {
            media: media_types::baseline(),
            languages: Vec::new(),
        };
        let mut step = self.client.advertise(now, &supported).expect("key packages");
        let request = step.requests.pop().expect("key packages to be published");
        let body = PublishKeyPackages::decode(&request.body).expect("key packages");
        let held = u32::try_from(body.key_packages.len()).expect("a few");
        let reply = PublishKeyPackagesResponse::Accepted { held }.encode();
        let answered = self.client.answer(now, request.id, Answer::Body(reply));
        let _: Step = answered.expect("an answer");
        let first = body.key_packages.into_iter().next().expect("a key package");
        invitation(self.user.clone(), first.into_vec())
    }

    /// Takes frames.
    pub fn takes(&mut self, now: Timestamp, frames: Vec<Frame>) -> Step {
        let batch = comity::Batch {
            frames,
            cursor: None,
            more: true,
        };
        self.client.receive(now, &batch).expect("a step")
    }
}

fn is_welcome(frame: &Frame) -> bool {
    let message = FanoutMessage::decode(&frame.bytes).expect("a frame");
    matches!(message.message.kind(), Ok(MessageKind::Welcome))
}

/// Invites a client that exists only as its key package.
fn stranger(name: &str) -> Change {
    let (user, client) = names(name);
    let keys = SignatureKeyPair::new(comity_mls::CIPHER_SUITE.signature_algorithm()).expect("keys");
    let bundle = KeyPackage::builder()
        .leaf_node_capabilities(comity_mls::capabilities())
        .leaf_node_extensions(comity_mls::leaf_extensions(&user, &media_types::baseline()))
        .build(
            comity_mls::CIPHER_SUITE,
            &OpenMlsRustCrypto::default(),
            &keys,
            comity_mls::leaf::credential(&client, keys.public()),
        )
        .expect("a key package");
    let octets = bundle.key_package().tls_serialize_detached();
    invitation(user, octets.expect("octets"))
}

fn invitation(user: UserUri, key_package: Vec<u8>) -> Change {
    Change::Invite {
        user,
        role: None,
        key_packages: vec![key_package],
    }
}

fn names(name: &str) -> (UserUri, ClientUri) {
    let provider = ProviderUri::parse("mimi://a.example").expect("a URI");
    let user = UserUri::parse(&format!("{provider}/u/{name}"));
    let client = ClientUri::parse(&format!("{provider}/d/{name}"));
    (user.expect("a URI"), client.expect("a URI"))
}
