//! The smallest program: two clients of two providers, one hub, one message.
//!
//! [`App`] is all that an app brings along: a file, a way to post requests, and a mailbox. The rest is Comity.

use std::collections::VecDeque;

use comity::content::{Body, Supported, select};
use comity::room::media_types;
use comity::{Allow, Batch, Change, Client, Error, Identity, Key32, NewRoom, Opening, Outgoing};
use comity::{ClientUri, Page, Response, RoomUri, Step, Timestamp, UserUri};
use comity_examples::{Fault, Network, present};

fn main() -> Result<(), Fault> {
    let dir = tempfile::tempdir()?;
    let mut network = Network::new(present()?);
    let supported = Supported {
        media: media_types::baseline(),
        languages: Vec::new(),
    };

    // Both say what they can receive, and leave key packages at their providers.
    let mut ada = App::new(&mut network, dir.path(), "a.example", "ada")?;
    let mut ben = App::new(&mut network, dir.path(), "b.example", "ben")?;
    ada.does(&mut network, |client, now| client.advertise(now, &supported))?;
    ben.does(&mut network, |client, now| client.advertise(now, &supported))?;

    // Ada creates a room at her provider and invites Ben by one of his key packages.
    let room = RoomUri::parse("mimi://a.example/r/lunch")?;
    let lunch = NewRoom {
        hub_key: network.hub_key(&room.provider()),
        name: "Lunch".to_owned(),
        requirement: None,
    };
    let invite = Change::Invite {
        user: ben.who.user.clone(),
        role: None,
        key_packages: Vec::new(),
    };
    ada.does(&mut network, |client, now| client.create_room(now, &room, &lunch))?;
    ada.does(&mut network, |client, now| client.change(now, &room, &[invite]))?;
    ben.takes_mail(&mut network)?;
    ben.does(&mut network, |client, now| {
        client.respond(now, &room, Response::Accept)
    })?;

    // One message, there …
    let hello = Outgoing::markdown("Hello, *Ben*!");
    ada.does(&mut network, |client, now| {
        client.send(now, &room, &hello, Allow::default())
    })?;
    ben.takes_mail(&mut network)?;

    // … and read back from Ben's file.
    for message in ben
        .client
        .reader()?
        .timeline(network.now(), &room, Page::Latest(10))?
    {
        let content = message.content.ok_or("deleted")?;
        for chosen in select(&content, &supported).chosen {
            if let Body::Single(part) = &chosen.part.body {
                println!("{}: {}", message.sender, String::from_utf8_lossy(&part.content));
            }
        }
    }
    Ok(())
}

/// What an app brings along.
struct App {
    client: Client,
    who: Identity,
    taken: usize,
}

impl App {
    fn new(network: &mut Network, dir: &std::path::Path, provider: &str, name: &str) -> Result<Self, Fault> {
        let user = UserUri::parse(&format!("mimi://{provider}/u/{name}"))?;
        let client = ClientUri::parse(&format!("mimi://{provider}/d/{name}-phone"))?;
        let who = Identity { user, client };
        // A real app draws this key, and keeps it in the device's keystore.
        let opening = Opening::app(dir.join(name), Key32::new([7; 32]));
        let client = Client::create(network.now(), &opening, who.clone())?;
        network.register(&who);
        Ok(Self {
            client,
            who,
            taken: 0,
        })
    }

    /// Calls a verb, posts what its step asks for, and feeds the answers back until nothing is left to post.
    fn does(
        &mut self,
        network: &mut Network,
        verb: impl FnOnce(&mut Client, Timestamp) -> Result<Step, Error>,
    ) -> Result<(), Fault> {
        let mut requests = VecDeque::from(verb(&mut self.client, network.now())?.requests);
        while let Some(request) = requests.pop_front() {
            let answer = network.post(&self.who, &request);
            requests.extend(self.client.answer(network.now(), request.id, answer)?.requests);
        }
        Ok(())
    }

    fn takes_mail(&mut self, network: &mut Network) -> Result<(), Fault> {
        let (frames, cursor, more) = (network.mail(&self.who.client, self.taken), None, false);
        self.taken += frames.len();
        self.does(network, |client, now| {
            client.receive(now, &Batch { frames, cursor, more })
        })
    }
}
