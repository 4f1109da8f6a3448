//! Comity: two clients through their public verbs, and a hub in memory between them.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use comity::{
    Allow, Answer, Batch, Change, Client, Frame, FrameKind, FrameOutcome, Identity, Key32, NewRoom, Opening,
    Outgoing, Page, Position, Request, RequestId, RequestKind, Response, Step, Supported,
};
use comity_hub::{Caller, Endpoint, Limits};
use comity_room::{ClientUri, RoomUri, Timestamp, UserUri, media_types};
use comity_testkit::HubHost;
use comity_wire::{PublishKeyPackages, PublishKeyPackagesResponse, Wire as _};
use openmls::prelude::KeyPackage;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::Serialize as _;

use crate::Fault;
use crate::pair::{Aside, Pair, Shape, client, log_of, user};

pub(crate) struct Comity {
    pub(crate) alice: Member,
    pub(crate) bob: Member,
    pub(crate) room: RoomUri,
    hub: HubHost,
    sent: Option<Request>,
    accepted: Option<(RequestId, Vec<u8>)>,
}

pub(crate) struct Member {
    pub(crate) client: Client,
    pub(crate) opening: Opening,
    user: UserUri,
    uri: ClientUri,
}

/// Alice creates the room and invites everybody in one commit; Bob joins by the Welcome.
pub(crate) fn make(dir: &Path, shape: Shape) -> Result<Box<dyn Pair>, Fault> {
    Ok(Box::new(room(dir, shape.members)?))
}

/// The same, to be looked at more closely.
pub(crate) fn room(dir: &Path, members: usize) -> Result<Comity, Fault> {
    let room = RoomUri::parse("mimi://a.example/r/bench")?;
    let mut pair = Comity {
        alice: Member::create(dir, "alice")?,
        bob: Member::create(dir, "bob")?,
        hub: HubHost::new(room.provider(), Limits::default()),
        room,
        sent: None,
        accepted: None,
    };
    let bobs = pair.bob.key_package()?;
    let new = NewRoom {
        hub_key: pair.hub.signature_key(),
        name: "bench".to_owned(),
        requirement: None,
    };
    let created = pair.alice.client.create_room(now()?, &pair.room, &new)?;
    pair.settle(created)?;
    let mut invitations = vec![invitation(pair.bob.user.clone(), bobs)];
    for number in 2..members {
        let (user, key_package) = stranger(number)?;
        invitations.push(invitation(user, key_package));
    }
    let invited = pair.alice.client.change(now()?, &pair.room, &invitations)?;
    pair.settle(invited)?;
    let answered = pair.bob.client.respond(now()?, &pair.room, Response::Accept)?;
    pair.settle(answered)?;
    let there = pair.bob.client.reader()?.posture(&pair.room)?.clients;
    if usize::try_from(there)? == members {
        Ok(pair)
    } else {
        Err(format!("a room of {members} has {there} members").into())
    }
}

impl Pair for Comity {
    fn send(&mut self, text: &str) -> Result<Aside, Fault> {
        let mut step = self
            .alice
            .client
            .send(now()?, &self.room, &Outgoing::text(text), Allow::default())?;
        self.sent = step.requests.pop();
        Ok(Duration::ZERO)
    }

    fn carry(&mut self) -> Result<Vec<u8>, Fault> {
        let request = self.sent.take().ok_or("nothing was sent")?;
        let (reply, mut frames) = self.post(&request)?;
        self.accepted = Some((request.id, reply));
        frames.pop().ok_or_else(|| "the hub fanned nothing out".into())
    }

    fn record_answer(&mut self) -> Result<bool, Fault> {
        let (request, reply) = self.accepted.take().ok_or("nothing was posted")?;
        let _ = self.alice.client.answer(now()?, request, Answer::Body(reply))?;
        Ok(true)
    }

    fn receive(&mut self, frame: Vec<u8>) -> Result<Aside, Fault> {
        let batch = batch(&self.room, vec![frame]);
        let step = self.bob.client.receive(now()?, &batch)?;
        match step.frames.as_slice() {
            [FrameOutcome::Done { message: Some(_), .. }] => Ok(Duration::ZERO),
            other => Err(format!("a message came out as {other:?}").into()),
        }
    }

    fn receive_all(&mut self, frames: Vec<Vec<u8>>) -> Result<(), Fault> {
        let sent = frames.len();
        let batch = batch(&self.room, frames);
        let step = self.bob.client.receive(now()?, &batch)?;
        let is_done =
            |outcome: &&FrameOutcome| matches!(outcome, FrameOutcome::Done { message: Some(_), .. });
        let done = step.frames.iter().filter(is_done).count();
        if done == sent {
            Ok(())
        } else {
            Err(format!("of {sent} messages {done} came out").into())
        }
    }

    fn commit(&mut self) -> Result<(), Fault> {
        let changed = self.alice.client.change(now()?, &self.room, &[Change::Rotate])?;
        self.settle(changed).map(drop)
    }

    fn empty_logs(&mut self) -> Result<(), Fault> {
        for member in [&mut self.alice, &mut self.bob] {
            member.client.pause()?;
            member.client.resume()?;
        }
        Ok(())
    }

    fn logs(&self) -> [PathBuf; 2] {
        [log_of(&self.alice.opening.path), log_of(&self.bob.opening.path)]
    }

    fn reopen(self: Box<Self>) -> Result<Box<dyn Pair>, Fault> {
        let Self { alice, bob, .. } = *self;
        Ok(Box::new(Self {
            alice: alice.reopen()?,
            bob: bob.reopen()?,
            ..*self
        }))
    }

    fn messages(&self) -> Result<[usize; 2], Fault> {
        Ok([self.alice.messages(&self.room)?, self.bob.messages(&self.room)?])
    }
}

impl Comity {
    /// Begins a new epoch by a commit of Alice's, and returns it as Bob has received it.
    pub(crate) fn commit_frame(&mut self) -> Result<Vec<u8>, Fault> {
        let changed = self.alice.client.change(now()?, &self.room, &[Change::Rotate])?;
        let mut frames = self.settle(changed)?;
        frames.pop().ok_or_else(|| "a commit reached nobody".into())
    }

    /// Posts what Alice asks for, answers her, and hands Bob what is fanned out, until nothing is left. Returns all that was fanned
    /// out.
    fn settle(&mut self, step: Step) -> Result<Vec<Vec<u8>>, Fault> {
        let mut all = Vec::new();
        let mut requests: VecDeque<Request> = step.requests.into();
        while let Some(request) = requests.pop_front() {
            let (reply, frames) = self.post(&request)?;
            let answered = self
                .alice
                .client
                .answer(now()?, request.id, Answer::Body(reply))?;
            requests.extend(answered.requests);
            if !frames.is_empty() {
                let _ = self
                    .bob
                    .client
                    .receive(now()?, &batch(&self.room, frames.clone()))?;
                all.extend(frames);
            }
        }
        Ok(all)
    }

    /// The hub's answer, and what it fans out.
    fn post(&mut self, request: &Request) -> Result<(Vec<u8>, Vec<Vec<u8>>), Fault> {
        let endpoint = match request.kind {
            RequestKind::CreateRoom => Endpoint::CreateRoom,
            RequestKind::UpdateRoom => Endpoint::UpdateRoom,
            RequestKind::SubmitMessage => Endpoint::SubmitMessage,
            other => return Err(format!("nobody here answers {other:?}").into()),
        };
        let caller = Caller::client(self.alice.user.clone(), self.alice.uri.clone());
        let verdict = self
            .hub
            .post(now()?, &self.room, &caller, endpoint, &request.body);
        match verdict.refusal() {
            Some(refusal) => Err(format!("the hub refused: {refusal}").into()),
            None => Ok((
                verdict.reply,
                verdict
                    .fanout
                    .into_iter()
                    .map(|delivery| delivery.frame)
                    .collect(),
            )),
        }
    }
}

impl Member {
    fn create(dir: &Path, name: &str) -> Result<Self, Fault> {
        let (user, uri) = (user(name)?, client(name)?);
        let mut path = dir.join("comity-");
        path.as_mut_os_string().push(name);
        let opening = Opening::app(path, Key32::new([7; 32]));
        let identity = Identity {
            user: user.clone(),
            client: uri.clone(),
        };
        Ok(Self {
            client: Client::create(now()?, &opening, identity)?,
            opening,
            user,
            uri,
        })
    }

    /// Publishes key packages, and takes one of them from the provider.
    fn key_package(&mut self) -> Result<Vec<u8>, Fault> {
        let supported = Supported {
            media: media_types::baseline(),
            languages: Vec::new(),
        };
        let mut step = self.client.advertise(now()?, &supported)?;
        let request = step.requests.pop().ok_or("no key packages were published")?;
        let body = PublishKeyPackages::decode(&request.body)?;
        let held = u32::try_from(body.key_packages.len())?;
        let reply = PublishKeyPackagesResponse::Accepted { held }.encode();
        let _ = self.client.answer(now()?, request.id, Answer::Body(reply))?;
        let first = body.key_packages.into_iter().next().ok_or("no key package")?;
        Ok(first.into_vec())
    }

    fn reopen(self) -> Result<Self, Fault> {
        self.client.close()?;
        Ok(Self {
            client: Client::open(now()?, &self.opening)?,
            ..self
        })
    }

    /// Reads the whole timeline.
    fn messages(&self, room: &RoomUri) -> Result<usize, Fault> {
        let reader = self.client.reader()?;
        let (mut count, mut after) = (0, Position::default());
        loop {
            let page = reader.timeline(now()?, room, Page::After(after, 1_000))?;
            let Some(last) = page.last() else { return Ok(count) };
            after = last.position;
            count += page.iter().filter(|message| message.content.is_some()).count();
        }
    }
}

fn invitation(user: UserUri, key_package: Vec<u8>) -> Change {
    Change::Invite {
        user,
        role: None,
        key_packages: vec![key_package],
    }
}

/// A client that exists only as the key package by which it is added.
fn stranger(number: usize) -> Result<(UserUri, Vec<u8>), Fault> {
    let name = format!("m{number}");
    let user = user(&name)?;
    let keys = SignatureKeyPair::new(comity_mls::CIPHER_SUITE.signature_algorithm())?;
    let bundle = KeyPackage::builder()
        .leaf_node_capabilities(comity_mls::capabilities())
        .leaf_node_extensions(comity_mls::leaf_extensions(&user, &media_types::baseline()))
        .build(
            comity_mls::CIPHER_SUITE,
            &OpenMlsRustCrypto::default(),
            &keys,
            comity_mls::leaf::credential(&client(&name)?, keys.public()),
        )?;
    Ok((user, bundle.key_package().tls_serialize_detached()?))
}

/// One delivery of the hub.
pub(crate) fn batch(room: &RoomUri, frames: Vec<Vec<u8>>) -> Batch {
    let frame = |bytes| Frame {
        room: Some(room.clone()),
        from: room.provider(),
        kind: FrameKind::Fanout,
        bytes,
    };
    Batch {
        frames: frames.into_iter().map(frame).collect(),
        cursor: None,
        more: false,
    }
}

/// What a host's clock says.
pub(crate) fn now() -> Result<Timestamp, Fault> {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(Timestamp::from_millis(u64::try_from(millis)?))
}
