//! How much memory a notification extension needs: a process of its own opens a client's file, does one thing, and says how
//! far its resident memory rose.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use comity::{Batch, Client, FrameOutcome, Timestamp};
use comity_testkit::crowd::{self, Crowd, KEY, Member};
use serde::{Deserialize, Serialize};

use crate::call::{ClientFile, SentFrame};

/// What tells the program that it is the extension.
pub const ARGUMENT: &str = "one-push";

/// What an extension does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Opens the file and asks for the rooms.
    Open,
    /// Looks into a message.
    Preview,
    /// Takes a message.
    Message,
    /// Takes a commit.
    Commit,
    /// Joins by a Welcome.
    Welcome,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Preview,
        Self::Message,
        Self::Commit,
        Self::Welcome,
    ];
}

/// What it is to do, and with what.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    file: ClientFile,
    now: Timestamp,
    deed: Deed,
    frame: SentFrame,
    memory: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// By how many octets resident memory had risen at its highest, above the process before it opened the file.
    pub octets: u64,
    /// What became of the frame, in a word.
    pub outcome: String,
}

/// What was measured in rooms of one size.
pub struct Row {
    /// How many octets the group's rows take in a member's file.
    pub group: u64,
    /// How many octets the Welcome takes.
    pub welcome: u64,
    /// The deeds.
    pub deeds: Vec<Use>,
}

/// Measures a deed in rooms of so many members, with a bound on what a frame may need.
pub fn measure(program: &Path, members: usize, memory: usize) -> Row {
    let dir = tempfile::tempdir().expect("a directory");
    let now = crowd::now();
    let mut crowd = Crowd::new(dir.path(), now, members);
    let mut carol = Member::new(dir.path(), now, "carol");
    let message = crowd.says(now, "hello, everybody").pop().expect("a frame");
    let (commit, welcome) = crowd.invites(now, carol.invitation(now));
    crowd.bob.client.pause().expect("a pause");
    carol.client.pause().expect("a pause");
    let deeds = Deed::ALL
        .into_iter()
        .map(|deed| {
            let (member, frame) = match deed {
                Deed::Welcome => (&carol, &welcome),
                Deed::Commit => (&crowd.bob, &commit),
                Deed::Open | Deed::Preview | Deed::Message => (&crowd.bob, &message),
            };
            let copy = dir.path().join("copy");
            std::fs::copy(&member.opening.path, &copy).expect("a copy");
            let orders = Orders {
                file: ClientFile {
                    path: copy.clone(),
                    key: KEY,
                },
                now,
                deed,
                frame: SentFrame::of(frame),
                memory,
            };
            let done = push(program, &orders);
            Client::wipe(&copy).expect("a file");
            done
        })
        .collect();
    Row {
        group: rows(&crowd.bob.opening.path),
        welcome: u64::try_from(welcome.bytes.len()).expect("a size"),
        deeds,
    }
}

/// How many octets all MLS rows take in a file.
fn rows(file: &Path) -> u64 {
    let file = rusqlite::Connection::open(file).expect("a database");
    file.query_row("SELECT sum(length(sealed)) FROM mls", [], |row| row.get(0))
        .expect("a sum")
}

/// Starts the extension, and waits for its report.
fn push(program: &Path, orders: &Orders) -> Use {
    let mut child = Command::new(program)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let octets = rmp_serde::to_vec(orders).expect("orders");
    let mut orders = child.stdin.take().expect("a pipe");
    orders.write_all(&octets).expect("the child reads its orders");
    drop(orders);
    let output = child.wait_with_output().expect("the child ends");
    assert!(output.status.success(), "the extension fails: {}", output.status);
    rmp_serde::from_slice(&output.stdout).expect("a report")
}

/// What the extension does.
pub fn live() {
    let mut octets = Vec::new();
    std::io::stdin().read_to_end(&mut octets).expect("orders");
    let orders: Orders = rmp_serde::from_slice(&octets).expect("orders");
    drop(octets);
    let before = resident("VmRSS:");
    let outcome = act(orders);
    let octets = resident("VmHWM:").saturating_sub(before);
    let report = rmp_serde::to_vec(&Use { octets, outcome }).expect("a report");
    std::io::stdout().write_all(&report).expect("the parent reads");
}

fn act(orders: Orders) -> String {
    let Orders {
        file,
        now,
        deed,
        frame,
        memory,
    } = orders;
    let mut opening = file.extension();
    opening.budget.memory = memory;
    let mut client = Client::open(now, &opening).expect("the client opens");
    let frame = frame.frame();
    match deed {
        Deed::Open => {
            let reader = client.reader().expect("a reader");
            format!("{} rooms", reader.rooms(now).expect("rooms").len())
        }
        Deed::Preview => {
            let reader = client.reader().expect("a reader");
            let preview = reader.preview(now, &frame).expect("a look");
            preview.map_or("nothing", |_| "shown").to_owned()
        }
        Deed::Message | Deed::Commit | Deed::Welcome => {
            let batch = Batch {
                frames: vec![frame],
                cursor: None,
                more: true,
            };
            let mut step = client.receive(now, &batch).expect("a step");
            match step.frames.pop().expect("an outcome") {
                FrameOutcome::Done { .. } => "taken".to_owned(),
                FrameOutcome::Held { until } => format!("held: {until:?}"),
                other => format!("{other:?}"),
            }
        }
    }
}

/// A figure of this process, in octets.
fn resident(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status
        .lines()
        .find(|line| line.starts_with(what))
        .expect("a figure");
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .expect("a number");
    kib * 1_024
}
