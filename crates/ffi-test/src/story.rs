//! The story that every language tells: two clients of two providers, from key packages to a restart in the middle. Facts are
//! printed one to a line; with the same seed and names they are the same octets in every language.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comity::attachment::{open, seal};
use comity::content::{Body, Expiration, ExternalPart, Part, Supported, select};
use comity::room::{Advertisement, MediaType, media_types};
use comity::{
    Advice, Allow, Answer, Batch, Change, Client, ClientChange, ClientUri, Error, EventKind, Frame,
    FrameOutcome, Identity, Key32, Made, Message, MessageChange, MessageId, NewRoom, Opening, Outgoing, Page,
    Request, Response, RoomChange, RoomUri, Step, TaskChange, Timestamp, UserChange, UserUri,
};

use crate::Network;

const VIDEO: &str = "video/mp4";
const HTML: &str = "text/html;charset=utf-8";

/// What went wrong, for whoever reads the test's output.
pub type Fault = Box<dyn std::error::Error>;

/// Tells the story and gives its facts.
///
/// # Errors
/// Whatever does not go as it should.
pub fn tell(seed: &str, names: &str) -> Result<String, Fault> {
    let _: u64 = seed.parse()?;
    // SAFETY: nothing else runs in this process yet, and nobody else writes variables.
    unsafe { std::env::set_var("COMITY_SEED", seed) };
    let (first, second) = names.split_once(',').ok_or("names are a,b")?;
    let dir = tempfile::tempdir()?;
    let mut world = World {
        network: Network::default(),
        now: present()?,
        facts: String::new(),
    };
    let mut alice = App::new(&mut world, dir.path(), "a.example", first)?;
    let mut bob = App::new(&mut world, dir.path(), "b.example", second)?;
    let room = RoomUri::parse("mimi://a.example/r/lunch")?;
    meet(&mut world, &mut alice, &mut bob, &room)?;
    let first = talk(&mut world, &mut alice, &mut bob, &room)?;
    attach(&mut world, &mut alice, &mut bob, &room)?;
    edit_and_react(&mut world, &mut alice, &mut bob, &room, first)?;
    vanish(&mut world, &mut alice, &mut bob, &room)?;
    upgrade(&mut world, &mut alice, &mut bob, &room)?;
    tamper(&mut world, &mut alice, &mut bob, &room)?;
    restart(&mut world, &mut alice, &mut bob, &room)?;
    Ok(world.facts)
}

/// Key packages, a room, an invitation.
fn meet(world: &mut World, alice: &mut App, bob: &mut App, room: &RoomUri) -> Result<(), Fault> {
    world.tells("meet");
    alice.does(world, |client, now| client.advertise(now, &enhanced()))?;
    bob.does(world, |client, now| client.advertise(now, &basic()))?;
    let lunch = NewRoom {
        hub_key: world.network.hub_key(&room.provider()),
        name: "Lunch".to_owned(),
        requirement: None,
    };
    alice.does(world, |client, now| client.create_room(now, room, &lunch))?;
    let invite = Change::Invite {
        user: bob.who.user.clone(),
        role: None,
        key_packages: Vec::new(),
    };
    alice.does(world, |client, now| client.change(now, room, &[invite]))?;
    bob.takes_mail(world)?;
    bob.does(world, |client, now| client.respond(now, room, Response::Accept))?;
    alice.takes_mail(world)
}

/// A message that is read in two ways, and one that somebody could not read.
fn talk(world: &mut World, alice: &mut App, bob: &mut App, room: &RoomUri) -> Result<MessageId, Fault> {
    world.tells("talk");
    let hello = Outgoing::new(vec![
        Part::html("<p>Hello, <b>you</b>!</p>"),
        Part::text("Hello, you!"),
    ]);
    alice.plans(world, room, &hello)?;
    let id = alice.sends(world, room, &hello)?;
    bob.takes_mail(world)?;
    bob.reads(world, room, &basic())?;
    let only = Outgoing::new(vec![Part::html("<p>Only for some</p>")]);
    match alice.client.send(world.now, room, &only, Allow::default()) {
        Err(error) => world.error(&error),
        Ok(_) => return Err("a message that nobody could read was sent".into()),
    }
    Ok(id)
}

/// A file that lies elsewhere; one that was changed on the way.
fn attach(world: &mut World, alice: &mut App, bob: &mut App, room: &RoomUri) -> Result<(), Fault> {
    world.tells("attach");
    let film: Vec<u8> = (0..100_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let sealed = seal(&film)?;
    let mut uploaded = sealed.ciphertext.into_octets();
    let part = Part::attachment(ExternalPart {
        media_type: VIDEO.to_owned(),
        url: "https://a.example/film".to_owned(),
        filename: "film.mp4".to_owned(),
        ..sealed.part
    })?;
    alice.sends(world, room, &Outgoing::new(vec![part]))?;
    bob.takes_mail(world)?;
    let shown = bob.latest(world, room)?;
    let Some(Body::External(part)) = shown.content.map(|content| content.part.body) else {
        return Err("the attachment is not there".into());
    };
    let opened = open(&part, &uploaded)?;
    let same = opened.plaintext.as_slice() == film;
    world.tells(&format!(
        "opened {} octets, same {same}, hash checked {}",
        opened.plaintext.len(),
        opened.hash_checked
    ));
    uploaded[5] ^= 1;
    match open(&part, &uploaded) {
        Err(error) => world.tells(&format!("not opened: {}", error.code())),
        Ok(_) => return Err("a changed attachment was opened".into()),
    }
    Ok(())
}

fn edit_and_react(
    world: &mut World,
    alice: &mut App,
    bob: &mut App,
    room: &RoomUri,
    first: MessageId,
) -> Result<(), Fault> {
    world.tells("edit");
    alice.sends(world, room, &Outgoing::text("Hello again!").editing(first))?;
    bob.takes_mail(world)?;
    bob.sends(world, room, &Outgoing::reaction(first, "\u{1F355}"))?;
    alice.takes_mail(world)?;
    let message = alice.message(world, first)?;
    for reaction in &message.reactions {
        world.tells(&format!(
            "reaction {} by {}",
            reaction.text.join(" "),
            reaction.by
        ));
    }
    bob.reads(world, room, &basic())
}

/// A message that vanishes a minute after it was read.
fn vanish(world: &mut World, alice: &mut App, bob: &mut App, room: &RoomUri) -> Result<(), Fault> {
    world.tells("vanish");
    let secret = Outgoing::text("Burn this").expiring(Expiration::Relative(60));
    let id = alice.sends(world, room, &secret)?;
    bob.takes_mail(world)?;
    let position = bob.latest(world, room)?.position;
    bob.does(world, |client, now| client.read(now, room, position))?;
    world.tells(&format!(
        "there: {}",
        bob.client.reader()?.message(world.now, id)?.is_some()
    ));
    world.now = world.now.plus(Duration::from_secs(61));
    world.tells(&format!(
        "there: {}",
        bob.client.reader()?.message(world.now, id)?.is_some()
    ));
    bob.does(world, |client, now| client.wake(now))
}

/// Bob's app learns to show HTML.
fn upgrade(world: &mut World, alice: &mut App, bob: &mut App, room: &RoomUri) -> Result<(), Fault> {
    world.tells("upgrade");
    bob.does(world, |client, now| client.advertise(now, &enhanced()))?;
    alice.takes_mail(world)?;
    let hello = Outgoing::new(vec![Part::html("<p>See?</p>"), Part::text("See?")]);
    alice.plans(world, room, &hello)?;
    alice.sends(world, room, &hello)?;
    bob.takes_mail(world)?;
    bob.reads(world, room, &enhanced())
}

/// A frame with one flipped bit, then the frame itself.
fn tamper(world: &mut World, alice: &mut App, bob: &mut App, room: &RoomUri) -> Result<(), Fault> {
    world.tells("tamper");
    alice.sends(world, room, &Outgoing::text("Still me"))?;
    let mut frame = bob.mail(world).first().cloned().ok_or("no mail")?;
    if let Some(octet) = frame.bytes.get_mut(200) {
        *octet ^= 1;
    }
    bob.receives(world, vec![frame])?;
    bob.takes_mail(world)
}

/// The process ends between a step and its requests, and is started again.
fn restart(world: &mut World, alice: &mut App, bob: &mut App, room: &RoomUri) -> Result<(), Fault> {
    world.tells("restart");
    let before = Outgoing::text("Before the restart");
    let step = alice.client.send(world.now, room, &before, Allow::default())?;
    world.step(&alice.name, &step);
    let wrong = Opening::app(&alice.path, Key32::new([8; 32]));
    alice.client.pause()?;
    match Client::open(world.now, &wrong) {
        Err(error) => world.error(&error),
        Ok(_) => return Err("a wrong key opened the file".into()),
    }
    alice.client = Client::open(world.now, &alice.opening())?;
    let requests = alice.client.reader()?.outstanding(None, 100)?;
    world.tells(&format!("outstanding {}", requests.len()));
    alice.posts(world, requests.into())?;
    bob.takes_mail(world)?;
    let last = bob.all_mail(world).last().cloned().ok_or("no mail")?;
    bob.receives(world, vec![last])?;
    bob.reads(world, room, &enhanced())?;
    let health = bob.client.reader()?.health()?;
    world.tells(&format!(
        "messages {}, damage {}",
        health.messages,
        health.damage.unwrap_or("none")
    ));
    Ok(())
}

/// What an app brings along.
struct App {
    name: String,
    path: PathBuf,
    client: Client,
    who: Identity,
    taken: usize,
}

impl App {
    fn new(world: &mut World, dir: &Path, provider: &str, name: &str) -> Result<Self, Fault> {
        let who = Identity {
            user: UserUri::parse(&format!("mimi://{provider}/u/{name}"))?,
            client: ClientUri::parse(&format!("mimi://{provider}/d/{name}-phone"))?,
        };
        let path = dir.join(format!("{provider}.comity"));
        let opening = Opening::app(&path, Key32::new([7; 32]));
        let client = Client::create(world.now, &opening, who.clone())?;
        world.network.register(&who);
        world.tells(&format!("created {}", who.client));
        Ok(Self {
            name: name.to_owned(),
            path,
            client,
            who,
            taken: 0,
        })
    }

    fn opening(&self) -> Opening {
        Opening::app(&self.path, Key32::new([7; 32]))
    }

    /// Calls a verb, posts what its step asks for, and feeds the answers back until nothing is left to post.
    fn does(
        &mut self,
        world: &mut World,
        verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>,
    ) -> Result<(), Fault> {
        let step = verb(&mut self.client, world.now)?;
        world.step(&self.name, &step);
        self.posts(world, step.requests.into())
    }

    fn posts(&mut self, world: &mut World, mut requests: VecDeque<Request>) -> Result<(), Fault> {
        while let Some(request) = requests.pop_front() {
            let answer = world.network.post(world.now, &self.who, &request).answer;
            world.tells(match answer {
                Answer::Body(_) => "answered",
                Answer::Unreachable { .. } => "unreachable",
                _ => "undeliverable",
            });
            let step = self.client.answer(world.now, request.id, answer)?;
            world.step(&self.name, &step);
            requests.extend(step.requests);
        }
        Ok(())
    }

    fn plans(&self, world: &mut World, room: &RoomUri, outgoing: &Outgoing) -> Result<(), Fault> {
        let plan = self.client.reader()?.plan(room, outgoing)?;
        world.tells(&format!("sends {} alternatives", plan.sends.len()));
        for reach in &plan.reach {
            let sees = reach.sees.map_or_else(|| "none".to_owned(), |at| at.to_string());
            world.tells(&format!("reach {} {sees}", reach.client));
        }
        Ok(())
    }

    fn sends(&mut self, world: &mut World, room: &RoomUri, outgoing: &Outgoing) -> Result<MessageId, Fault> {
        let step = self.client.send(world.now, room, outgoing, Allow::default())?;
        let Some(Made::Message(id)) = step.made else {
            return Err("no message was made".into());
        };
        world.tells(&format!("message {id}"));
        world.step(&self.name, &step);
        self.posts(world, step.requests.into())?;
        Ok(id)
    }

    fn all_mail(&self, world: &World) -> Vec<Frame> {
        world.network.mail(&self.who.client).to_vec()
    }

    /// The frames that were not taken yet.
    fn mail(&self, world: &World) -> Vec<Frame> {
        self.all_mail(world).split_off(self.taken)
    }

    fn takes_mail(&mut self, world: &mut World) -> Result<(), Fault> {
        let frames = self.mail(world);
        self.taken += frames.len();
        self.receives(world, frames)
    }

    fn receives(&mut self, world: &mut World, frames: Vec<Frame>) -> Result<(), Fault> {
        let batch = Batch {
            frames,
            cursor: None,
            more: false,
        };
        self.does(world, |client, now| client.receive(now, &batch))
    }

    fn latest(&self, world: &World, room: &RoomUri) -> Result<Message, Fault> {
        let mut page = self.client.reader()?.timeline(world.now, room, Page::Latest(1))?;
        page.pop().ok_or_else(|| "no message".into())
    }

    fn message(&self, world: &World, id: MessageId) -> Result<Message, Fault> {
        self.client
            .reader()?
            .message(world.now, id)?
            .ok_or_else(|| "no such message".into())
    }

    /// Everything that the person sees.
    fn reads(&self, world: &mut World, room: &RoomUri, supported: &Supported) -> Result<(), Fault> {
        for message in self
            .client
            .reader()?
            .timeline(world.now, room, Page::Latest(100))?
        {
            let edited = if message.edits.is_empty() { "" } else { " (edited)" };
            let Some(content) = message.content else { continue };
            let selection = select(&content, supported);
            let others = selection.passed_over.len();
            for chosen in selection.chosen {
                let says = match &chosen.part.body {
                    Body::Single(single) => String::from_utf8_lossy(&single.content).into_owned(),
                    Body::External(external) => format!("[{}]", external.filename),
                    _ => "?".to_owned(),
                };
                world.tells(&format!("{} sees {says}{edited}, {others} others", self.name));
            }
            for leaf in selection.unsupported {
                world.tells(&format!("{} cannot see part {}", self.name, leaf.index));
            }
        }
        Ok(())
    }
}

/// The network, the time, and what has been told.
struct World {
    network: Network,
    now: Timestamp,
    facts: String,
}

impl World {
    fn tells(&mut self, fact: &str) {
        let _ = writeln!(self.facts, "{fact}");
    }

    fn step(&mut self, name: &str, step: &Step) {
        for event in &step.events {
            let line = format!("{name} event {} {}", event.seq.0, event_name(&event.kind));
            let message = match &event.kind {
                EventKind::Message { message, .. } => format!(" {message}"),
                _ => String::new(),
            };
            self.tells(&(line + &message));
        }
        for outcome in &step.frames {
            let line = match outcome {
                FrameOutcome::Done { notify, .. } => format!("done, notify {notify}"),
                FrameOutcome::Known { notify, .. } => format!("known, notify {notify}"),
                FrameOutcome::Held { .. } => "held".to_owned(),
                FrameOutcome::Rejected { reason, advice } => {
                    format!(
                        "rejected {} {}, advice {}",
                        reason.number(),
                        reason.code(),
                        advice.number()
                    )
                }
                _ => "?".to_owned(),
            };
            self.tells(&format!("{name} frame {line}"));
        }
        let kinds = step.requests.len();
        self.tells(&format!("{name} requests {kinds}"));
    }

    fn error(&mut self, error: &Error) {
        let advice: Advice = error.advice();
        self.tells(&format!(
            "error {} {}, advice {}",
            error.number(),
            error.code(),
            advice.number()
        ));
        if let Error::Blocked(comity::Blocked::CannotRead(users)) = error {
            for user in users {
                self.tells(&format!("error user {user}"));
            }
        }
    }
}

/// What MIMI requires of every client, and films.
fn basic() -> Supported {
    supported(&[VIDEO])
}

/// HTML too.
fn enhanced() -> Supported {
    supported(&[VIDEO, HTML])
}

fn supported(more: &[&str]) -> Supported {
    let more = more
        .iter()
        .map(|text| MediaType::parse(text).expect("a media type"));
    Supported {
        media: Advertisement::new(media_types::baseline().iter().cloned().chain(more))
            .expect("a few media types"),
        languages: Vec::new(),
    }
}

/// The names of `comity_event_kind`, in small letters.
fn event_name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Message { change, .. } => match change {
            MessageChange::Received => "message_received",
            MessageChange::Sending => "message_sending",
            MessageChange::Accepted => "message_accepted",
            MessageChange::Refused(_) => "message_refused",
            MessageChange::Undeliverable => "message_undeliverable",
            MessageChange::Edited => "message_edited",
            MessageChange::Deleted => "message_deleted",
            MessageChange::Reactions => "message_reactions",
            MessageChange::Unauthorized => "message_unauthorized",
            MessageChange::Expired => "message_expired",
            MessageChange::Withdrawn => "message_withdrawn",
            _ => "other",
        },
        EventKind::Room { change, .. } => match change {
            RoomChange::Created => "room_created",
            RoomChange::Refused(_) => "room_refused",
            RoomChange::Invited { .. } => "room_invited",
            RoomChange::Joined => "room_joined",
            RoomChange::Left => "room_left",
            RoomChange::Removed => "room_removed",
            RoomChange::Participants => "room_participants",
            RoomChange::Metadata => "room_metadata",
            RoomChange::Requirement => "room_requirement",
            RoomChange::Capability { .. } => "room_capability",
            RoomChange::Behind => "room_behind",
            RoomChange::Stalled => "room_stalled",
            RoomChange::Read => "room_read",
            _ => "other",
        },
        EventKind::User { change, .. } => match change {
            UserChange::ClientAdded(_) => "user_client_added",
            UserChange::KeyChanged(_) => "user_key_changed",
            _ => "other",
        },
        EventKind::Task { change, .. } => match change {
            TaskChange::Progress => "task_progress",
            TaskChange::Finished => "task_finished",
            _ => "other",
        },
        EventKind::Frame { .. } => "frame_rejected",
        EventKind::Client { change, .. } => match change {
            ClientChange::ClockSuspect { .. } => "client_clock_suspect",
            ClientChange::KeyPackagesPublished { .. } => "client_key_packages_published",
            ClientChange::KeyPackagesRefused(_) => "client_key_packages_refused",
            ClientChange::Restored => "client_restored",
            _ => "other",
        },
        _ => "other",
    }
}

/// The present. Tests in other languages are hosts, and hosts have a clock.
#[expect(clippy::disallowed_methods, reason = "a host has a clock")]
fn present() -> Result<Timestamp, Fault> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(Timestamp::from_millis(u64::try_from(since.as_millis())?))
}
