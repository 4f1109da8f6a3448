//! How long a `send` takes in Rust: `sends --octets N --times N` prints the nanoseconds of the middle one, after as many that do not
//! count. Programs in other languages do the same and print theirs.
#![allow(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use comity::{
    Allow, Client, ClientUri, Identity, Key32, NewRoom, Opening, Outgoing, RoomUri, Step, Timestamp, UserUri,
};
use comity_ffi_test::Network;
use comity_ffi_test::story::Fault;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let (octets, times) = (value("--octets").unwrap_or(100), value("--times").unwrap_or(500));
    match measure(octets, times) {
        Ok(nanos) => {
            println!("{nanos}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("sends: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn measure(octets: usize, times: usize) -> Result<u128, Fault> {
    let dir = tempfile::tempdir()?;
    let mut room = Lunch::open(dir.path())?;
    let text = "x".repeat(octets);
    let mut nanos = Vec::with_capacity(times);
    for _ in 0..2 * times {
        nanos.push(room.send(&text)?);
    }
    let mut counted = nanos.split_off(times);
    counted.sort_unstable();
    counted
        .get(times / 2)
        .copied()
        .ok_or_else(|| "nothing was sent".into())
}

/// A client alone in its room.
struct Lunch {
    network: Network,
    who: Identity,
    client: Client,
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
        let mut lunch = Self {
            client: Client::create(NOW, &opening, who.clone())?,
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
        lunch.post(step)?;
        Ok(lunch)
    }

    /// Sends, and has it accepted. The nanoseconds of sending alone.
    fn send(&mut self, text: &str) -> Result<u128, Fault> {
        let begun = Instant::now();
        let outgoing = Outgoing::text(text);
        let step = self.client.send(NOW, &self.room, &outgoing, Allow::default())?;
        let nanos = begun.elapsed().as_nanos();
        self.post(step)?;
        Ok(nanos)
    }

    fn post(&mut self, step: Step) -> Result<(), Fault> {
        let mut requests = step.requests;
        while let Some(request) = requests.pop() {
            let answer = self.network.post(NOW, &self.who, &request).answer;
            requests.extend(self.client.answer(NOW, request.id, answer)?.requests);
        }
        Ok(())
    }
}
