//! How long a `send` takes in Rust. Programs in other languages do the same: `cargo xtask bench faces` lets them take turns.
//!
//! `sends --octets N --times N` prints the nanoseconds of the middle one, after as many that do not count. With `--folder DIR` the file
//! lies there, and what is to be done comes line by line: for each `OCTETS TIMES` a line goes back, such as
//! `{"send":61000,"text":90,"call":60900,"free":700,"query":2100}`, with the middle one of so many each, in nanoseconds:
//!
//! | name      | what                                                                         | asked of            |
//! |-----------|------------------------------------------------------------------------------|---------------------|
//! | `send`    | from a text in the language's hand to a step in its hand, where one may wait | every language      |
//! | `away`    | the same for a caller who must not wait: something else has the client       | where there is such |
//! | `query`   | a question of a reader's that has nothing to answer                          | every language      |
//! | `text`    | making the message, which is a part of `send`                                | where it is a call  |
//! | `call`    | the durable call that `send` makes of what is generated, by itself           | every language      |
//! | `nothing` | a call of the client's that does nothing, by the way that `send` goes        | where it has a way  |
//! | `reach`   | the same by the way that `away` goes                                         | where there is such |
//! | `free`    | freeing the message and the step, which is no part of `send`                 | Rust and C          |
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Instant;

use comity::{
    Allow, Answer, Client, ClientUri, Error, Identity, Key32, NewRoom, Opening, Outgoing, Reader, Request,
    RequestId, RoomUri, Step, TaskId, Timestamp, UserUri,
};
use comity_ffi_test::Network;
use comity_ffi_test::story::Fault;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let number = |name: &str| value(name)?.parse().ok();
    let outcome = match value("--folder") {
        Some(folder) => take_turns(Path::new(folder)),
        None => measure(
            number("--octets").unwrap_or(100),
            number("--times").unwrap_or(500),
        ),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("sends: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn measure(octets: usize, times: usize) -> Result<(), Fault> {
    let dir = tempfile::tempdir()?;
    let mut here = Here::open(dir.path())?;
    let text = "x".repeat(octets);
    here.turn(&text, times, &mut Turn::default())?;
    let mut turn = Turn::default();
    here.turn(&text, times, &mut turn)?;
    println!("{}", middle(turn.take("send")));
    Ok(())
}

fn take_turns(folder: &Path) -> Result<(), Fault> {
    let (mut here, mut away) = (Here::open(folder)?, Away::open(folder)?);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (octets, times) = line.split_once(' ').ok_or("OCTETS TIMES")?;
        let (text, times) = ("x".repeat(octets.parse()?), times.parse()?);
        let mut turn = Turn::default();
        here.turn(&text, times, &mut turn)?;
        away.turn(&text, times, &mut turn)?;
        println!("{}", turn.told());
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// The nanoseconds of each of the things that are measured.
#[derive(Default)]
struct Turn(BTreeMap<&'static str, Vec<u128>>);

impl Turn {
    fn note(&mut self, name: &'static str, nanos: u128) {
        self.0.entry(name).or_default().push(nanos);
    }

    fn take(&mut self, name: &str) -> Vec<u128> {
        self.0.remove(name).unwrap_or_default()
    }

    fn told(self) -> String {
        let fields = self.0.into_iter();
        let fields: Vec<String> = fields
            .map(|(name, nanos)| format!("\"{name}\":{}", middle(nanos)))
            .collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// The middle one, 0 if there is none.
fn middle(mut nanos: Vec<u128>) -> u128 {
    nanos.sort_unstable();
    nanos.get(nanos.len() / 2).copied().unwrap_or_default()
}

/// A time like any other.
const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A room with one member, and the hub that has it.
struct Lunch {
    network: Network,
    who: Identity,
    room: RoomUri,
}

impl Lunch {
    /// A client alone in its room.
    fn open(dir: &Path, name: &str) -> Result<(Self, Client), Fault> {
        let who = Identity {
            user: UserUri::parse("mimi://a.example/u/alice")?,
            client: ClientUri::parse("mimi://a.example/d/alice-phone")?,
        };
        let mut network = Network::default();
        network.register(&who);
        let opening = Opening::app(dir.join(name), Key32::new([7; 32]));
        let mut client = Client::create(NOW, &opening, who.clone())?;
        let room = RoomUri::parse("mimi://a.example/r/lunch")?;
        let mut lunch = Self { network, who, room };
        let new = NewRoom {
            hub_key: lunch.network.hub_key(&lunch.room.provider()),
            name: "Lunch".to_owned(),
            requirement: None,
        };
        let step = client.create_room(NOW, &lunch.room, &new)?;
        lunch.post(step.requests, |id, answer| client.answer(NOW, id, answer))?;
        Ok((lunch, client))
    }

    /// Has everything accepted, and whatever follows from it.
    fn post(
        &mut self,
        mut requests: Vec<Request>,
        mut answer: impl FnMut(RequestId, Answer) -> Result<Step, Error>,
    ) -> Result<(), Fault> {
        while let Some(request) = requests.pop() {
            let came = self.network.post(NOW, &self.who, &request).answer;
            requests.extend(answer(request.id, came)?.requests);
        }
        Ok(())
    }
}

/// Asks a reader about a task that nobody has begun.
fn ask_nothing(reader: &Reader) -> Result<(), Fault> {
    let found = reader.task(TaskId([0; 16]))?;
    assert!(found.is_none(), "nobody made such a task");
    Ok(())
}

/// Who sends has the client, and may wait for the disk.
struct Here {
    lunch: Lunch,
    client: Client,
    reader: Reader,
}

impl Here {
    fn open(dir: &Path) -> Result<Self, Fault> {
        let (lunch, client) = Lunch::open(dir, "alice.comity")?;
        let reader = client.reader()?;
        Ok(Self {
            lunch,
            client,
            reader,
        })
    }

    fn turn(&mut self, text: &str, times: usize, turn: &mut Turn) -> Result<(), Fault> {
        for _ in 0..times {
            self.send(text, turn)?;
            let begun = Instant::now();
            ask_nothing(&self.reader)?;
            turn.note("query", begun.elapsed().as_nanos());
        }
        Ok(())
    }

    /// Sends, and has it accepted.
    fn send(&mut self, text: &str, turn: &mut Turn) -> Result<(), Fault> {
        let begun = Instant::now();
        let outgoing = Outgoing::text(text);
        let made = begun.elapsed().as_nanos();
        let mut step = self
            .client
            .send(NOW, &self.lunch.room, &outgoing, Allow::default())?;
        let sent = begun.elapsed().as_nanos();
        turn.note("send", sent);
        turn.note("text", made);
        turn.note("call", sent - made);
        let requests = std::mem::take(&mut step.requests);
        self.lunch
            .post(requests, |id, answer| self.client.answer(NOW, id, answer))?;
        let begun = Instant::now();
        drop((step, outgoing));
        turn.note("free", begun.elapsed().as_nanos());
        Ok(())
    }
}

/// Who sends must not wait for the disk: another thread has the client, and does what it is sent, as in a program with a window.
struct Away {
    lunch: Lunch,
    owner: Owner,
    reader: Reader,
}

impl Away {
    fn open(dir: &Path) -> Result<Self, Fault> {
        let (lunch, client) = Lunch::open(dir, "away.comity")?;
        let reader = client.reader()?;
        let owner = Owner::of(client);
        Ok(Self { lunch, owner, reader })
    }

    fn turn(&mut self, text: &str, times: usize, turn: &mut Turn) -> Result<(), Fault> {
        for _ in 0..times {
            let begun = Instant::now();
            let (outgoing, room) = (Outgoing::text(text), self.lunch.room.clone());
            let step = self
                .owner
                .does(move |client| client.send(NOW, &room, &outgoing, Allow::default()))?;
            turn.note("away", begun.elapsed().as_nanos());
            self.lunch.post(step.requests, |id, came| {
                self.owner.does(move |client| client.answer(NOW, id, came))
            })?;
            let begun = Instant::now();
            self.owner.does(|_| ());
            turn.note("reach", begun.elapsed().as_nanos());
            ask_nothing(&self.reader)?;
        }
        Ok(())
    }
}

type Work = Box<dyn FnOnce(&mut Client) + Send>;

/// A thread with a client.
struct Owner(Sender<Work>);

impl Owner {
    fn of(mut client: Client) -> Self {
        let (work, waiting) = mpsc::channel::<Work>();
        thread::spawn(move || waiting.into_iter().for_each(|work| work(&mut client)));
        Self(work)
    }

    /// Has work done there, and waits for what comes of it.
    fn does<R: Send + 'static>(&self, work: impl FnOnce(&mut Client) -> R + Send + 'static) -> R {
        let (tell, told) = mpsc::sync_channel(1);
        let work = move |client: &mut Client| tell.send(work(client)).expect("somebody waits for it");
        self.0.send(Box::new(work)).expect("the thread is there");
        told.recv().expect("the thread is there")
    }
}
