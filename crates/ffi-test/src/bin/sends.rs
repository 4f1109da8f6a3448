//! How long a `send` takes in Rust. Programs in other languages do the same: `cargo xtask bench faces` lets them take turns.
//!
//! `sends --octets N --times N` prints the nanoseconds of the middle one, after as many that do not count. With `--folder DIR` the file
//! lies there, and what is to be done comes line by line: for each `OCTETS TIMES` a line goes back, such as
//! `{"send":61000,"text":90,"call":60900,"free":700,"query":2100}`, with the middle one of so many each, in nanoseconds:
//!
//! | name      | what                                                                       | asked of         |
//! |-----------|----------------------------------------------------------------------------|------------------|
//! | `send`    | from a text in the language's hand to a step in its hand                   | every language   |
//! | `query`   | a question of a reader's that has nothing to answer                        | every language   |
//! | `text`    | making the message, which is a part of `send`                              | where it is a call |
//! | `call`    | the durable call that `send` makes of what is generated, by itself         | every language   |
//! | `nothing` | a call of the client's that does nothing, by the way that `send` goes      | where that way is long |
//! | `free`    | freeing the message and the step, which is no part of `send`               | Rust and C       |
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use comity::{
    Allow, Client, ClientUri, Identity, Key32, NewRoom, Opening, Outgoing, Reader, RoomUri, Step, TaskId,
    Timestamp, UserUri,
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
    let mut room = Lunch::open(dir.path())?;
    room.turn(octets, times)?;
    println!("{}", middle(room.turn(octets, times)?.send));
    Ok(())
}

fn take_turns(folder: &Path) -> Result<(), Fault> {
    let mut room = Lunch::open(folder)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (octets, times) = line.split_once(' ').ok_or("OCTETS TIMES")?;
        let turn = room.turn(octets.parse()?, times.parse()?)?;
        println!("{}", turn.told());
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// The nanoseconds of each of the things that are measured.
#[derive(Default)]
struct Turn {
    send: Vec<u128>,
    text: Vec<u128>,
    call: Vec<u128>,
    free: Vec<u128>,
    query: Vec<u128>,
}

impl Turn {
    fn told(self) -> String {
        let named = [
            ("send", self.send),
            ("text", self.text),
            ("call", self.call),
            ("free", self.free),
            ("query", self.query),
        ];
        let fields = named.map(|(name, nanos)| format!("\"{name}\":{}", middle(nanos)));
        format!("{{{}}}", fields.join(","))
    }
}

/// The middle one, 0 if there is none.
fn middle(mut nanos: Vec<u128>) -> u128 {
    nanos.sort_unstable();
    nanos.get(nanos.len() / 2).copied().unwrap_or_default()
}

/// A client alone in its room.
struct Lunch {
    network: Network,
    who: Identity,
    client: Client,
    reader: Reader,
    room: RoomUri,
}

/// A time like any other.
const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

impl Lunch {
    fn open(dir: &Path) -> Result<Self, Fault> {
        let who = Identity {
            user: UserUri::parse("mimi://a.example/u/alice")?,
            client: ClientUri::parse("mimi://a.example/d/alice-phone")?,
        };
        let mut network = Network::default();
        network.register(&who);
        let opening = Opening::app(dir.join("alice.comity"), Key32::new([7; 32]));
        let client = Client::create(NOW, &opening, who.clone())?;
        let mut lunch = Self {
            reader: client.reader()?,
            client,
            network,
            who,
            room: RoomUri::parse("mimi://a.example/r/lunch")?,
        };
        let new = NewRoom {
            hub_key: lunch.network.hub_key(&lunch.room.provider()),
            name: "Lunch".to_owned(),
            requirement: None,
        };
        let step = lunch.client.create_room(NOW, &lunch.room, &new)?;
        lunch.post(step.requests)?;
        Ok(lunch)
    }

    fn turn(&mut self, octets: usize, times: usize) -> Result<Turn, Fault> {
        let (text, mut turn) = ("x".repeat(octets), Turn::default());
        for _ in 0..times {
            self.send(&text, &mut turn)?;
            let begun = Instant::now();
            let found = self.reader.task(TaskId([0; 16]))?;
            turn.query.push(begun.elapsed().as_nanos());
            assert!(found.is_none(), "nobody made such a task");
        }
        Ok(turn)
    }

    /// Sends, and has it accepted.
    fn send(&mut self, text: &str, turn: &mut Turn) -> Result<(), Fault> {
        let begun = Instant::now();
        let outgoing = Outgoing::text(text);
        let made = begun.elapsed().as_nanos();
        let mut step = self.client.send(NOW, &self.room, &outgoing, Allow::default())?;
        let sent = begun.elapsed().as_nanos();
        turn.send.push(sent);
        turn.text.push(made);
        turn.call.push(sent - made);
        self.post(std::mem::take(&mut step.requests))?;
        let begun = Instant::now();
        drop((step, outgoing));
        turn.free.push(begun.elapsed().as_nanos());
        Ok(())
    }

    fn post(&mut self, mut requests: Vec<comity::Request>) -> Result<(), Fault> {
        while let Some(request) = requests.pop() {
            let answer = self.network.post(NOW, &self.who, &request).answer;
            let step: Step = self.client.answer(NOW, request.id, answer)?;
            requests.extend(step.requests);
        }
        Ok(())
    }
}
