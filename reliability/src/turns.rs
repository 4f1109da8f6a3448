//! Two processes on one file: an app that is always busy, and its extension that is woken by pushes.
//!
//! Both take frames of the same mailbox, and both send. Peers and hubs stay in the parent, which wakes the extension for
//! frames around the one that the app is at. In the end every message must be there once, and the peers must have
//! understood everything: a generation that was used twice is a frame that they reject.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use comity::{Allow, Batch, Client, Error, Frame, Outgoing, RoomUri, Timestamp};
use comity_faultfs as disk;
use serde::{Deserialize, Serialize};

use crate::call::{ClientFile, SentFrame};
use crate::scene::Scene;

/// What tells the program that it is one of the two.
pub const ARGUMENT: &str = "one-of-two";

/// How many messages Pat writes in each round, in a room of its own.
const FRAMES: usize = 200;
/// The app sends after so many frames, and the extension after so many pushes.
const SENDS: usize = 4;
/// The extension is woken for every so manieth frame.
const PUSHES: usize = 2;

/// How long an extension may wait for its turn, however busy the app is.
pub const WANTED: Duration = Duration::from_millis(100);
/// What no load of the machine explains: one wait of so long, or more than one call in so many that waits longer than wanted.
const TOO_LONG: Duration = Duration::from_secs(1);
const ONE_IN: u64 = 100;

/// What the waits of an extension amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// None was longer than wanted.
    AsWanted,
    /// So few were, and so little, that it may be what else the machine does.
    Noise,
    /// It does not get its turn.
    TooLong,
}

/// What became of one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Steps it made.
    pub steps: u64,
    /// How often it was told that the file is busy.
    pub busy: u64,
    /// How long it waited for its turn in all calls, in microseconds, those included in which it was told to wait no more.
    pub waited: u64,
    /// How long it waited in the worst of them.
    pub waited_most: u64,
    /// In how many of them it waited longer than [`WANTED`].
    pub late: u64,
    /// How long the longest call took: its waiting, its work, and the disk.
    pub longest: u64,
    /// Frames that it took before the other.
    pub taken: u64,
    /// How many messages it sent.
    pub sent: u64,
}

/// What came of it all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The app.
    pub app: Report,
    /// The extension.
    pub extension: Report,
    /// Frames that somebody rejected.
    pub reused: usize,
    /// Messages that somebody has not, or has twice.
    pub lost: usize,
}

/// Runs rounds until both together have made so many steps.
pub fn run(program: &Path, steps: u64, seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    for number in 0.. {
        let round = round(program, seed.wrapping_add(number));
        outcome.app.add(&round.app);
        outcome.extension.add(&round.extension);
        outcome.reused += round.reused;
        outcome.lost += round.lost;
        if outcome.app.steps + outcome.extension.steps >= steps {
            break;
        }
    }
    outcome
}

impl Report {
    fn add(&mut self, other: &Self) {
        let Self {
            steps,
            busy,
            waited,
            waited_most,
            late,
            longest,
            taken,
            sent,
        } = other;
        self.steps += steps;
        self.busy += busy;
        self.waited += waited;
        self.waited_most = self.waited_most.max(*waited_most);
        self.late += late;
        self.longest = self.longest.max(*longest);
        self.taken += taken;
        self.sent += sent;
    }
}

/// One room, in which Pat has written; the app takes it all, and the extension as much as it can.
fn round(program: &Path, seed: u64) -> Outcome {
    let scene = Scene::new(seed);
    scene.sam_dies();
    let before = scene.sam.unfetched().len();
    let mut texts: Vec<String> = (0..FRAMES).map(|number| format!("pat {number}.")).collect();
    for text in &texts {
        scene.pat.within(&scene.hall).says(text);
    }
    scene.world.settle();
    let frames = scene.sam.unfetched().split_off(before);
    let orders = |extension| Orders {
        file: scene.file(),
        extension,
        now: scene.sam.now(),
        room: scene.hall.clone(),
        frames: frames.iter().map(SentFrame::of).collect(),
    };
    let (app, extension) = both(program, &orders(false), &orders(true));
    scene.sam_lives();
    texts.extend((0..app.sent).map(|number| format!("app {number}.")));
    texts.extend((0..extension.sent).map(|number| format!("extension {number}.")));
    let lost = [&scene.sam, &scene.pat].map(|actor| {
        let lines = actor.within(&scene.hall).timeline();
        let times = |text: &String| lines.iter().filter(|line| line.ends_with(text)).count();
        texts.iter().filter(|text| times(text) != 1).count()
    });
    let reused = scene.sam.rejections().len() + scene.pat.rejections().len();
    scene.world.agrees(&scene.hall, &[&scene.sam, &scene.pat]);
    Outcome {
        app,
        extension,
        reused,
        lost: lost.iter().sum(),
    }
}

/// Starts both, tells the extension of frames around the one that the app is at, and waits for their ends.
fn both(program: &Path, app: &Orders, extension: &Orders) -> (Report, Report) {
    let (mut app, orders) = (start(program, app), extension);
    let mut extension = start(program, orders);
    let (app_in, mut pushes) = (app.stdin.take(), extension.stdin.take());
    drop(app_in);
    let mut lines = BufReader::new(app.stdout.take().expect("a pipe")).lines();
    let mut app_report = None;
    while let Some(Ok(line)) = lines.next() {
        match line.parse::<usize>() {
            Ok(at) if at.is_multiple_of(PUSHES) => push(&mut pushes, at + 2),
            Ok(_) => {}
            Err(_) => app_report = Some(parse(&line)),
        }
    }
    drop(pushes);
    let last = BufReader::new(extension.stdout.take().expect("a pipe"))
        .lines()
        .last();
    assert!(app.wait().expect("it ends").success() && extension.wait().expect("it ends").success());
    let last = last.expect("a report").expect("a report");
    (app_report.expect("a report"), parse(&last))
}

fn push(pushes: &mut Option<ChildStdin>, at: usize) {
    let pipe = pushes.as_mut().expect("a pipe");
    writeln!(pipe, "{at}")
        .and_then(|()| pipe.flush())
        .expect("the extension reads");
}

fn start(program: &Path, orders: &Orders) -> Child {
    let mut child = Command::new(program)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let octets = rmp_serde::to_vec(orders).expect("orders");
    let pipe = child.stdin.as_mut().expect("a pipe");
    let length = (octets.len() as u64).to_be_bytes();
    pipe.write_all(&length)
        .and_then(|()| pipe.write_all(&octets))
        .and_then(|()| pipe.flush())
        .expect("the child reads its orders");
    child
}

/// What one of the two is to do.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    file: ClientFile,
    extension: bool,
    now: Timestamp,
    room: RoomUri,
    frames: Vec<SentFrame>,
}

/// One of the two.
struct Process {
    client: Client,
    now: Timestamp,
    room: RoomUri,
    frames: Vec<Frame>,
    report: Report,
}

/// What the app and the extension do.
pub fn live() {
    let mut input = BufReader::new(std::io::stdin());
    let mut length = [0; 8];
    input.read_exact(&mut length).expect("orders");
    let length = usize::try_from(u64::from_be_bytes(length)).expect("a length");
    let mut octets = vec![0; length];
    input.read_exact(&mut octets).expect("orders");
    let orders: Orders = rmp_serde::from_slice(&octets).expect("orders");
    disk::install();
    let opening = if orders.extension {
        orders.file.extension()
    } else {
        orders.file.opening()
    };
    let mut process = Process {
        client: Client::open(orders.now, &opening).expect("it opens"),
        now: orders.now,
        room: orders.room,
        frames: orders.frames.into_iter().map(SentFrame::frame).collect(),
        report: Report::default(),
    };
    if orders.extension {
        process.is_pushed(input);
    } else {
        process.is_busy();
    }
    process.client.close().expect("it closes");
    say(&process.report.line());
}

impl Process {
    /// The app: a step after the other, without rest.
    fn is_busy(&mut self) {
        for at in 0..self.frames.len() {
            while !self.receive(at) {}
            if at.is_multiple_of(SENDS) {
                while !self.send("app") {}
            }
            say(&at.to_string());
        }
    }

    /// The extension: a step for each push. Where the file is busy, it leaves the frame to the app.
    fn is_pushed(&mut self, pushes: impl BufRead) {
        for push in pushes.lines() {
            let at: usize = push.expect("a push").parse().expect("a number");
            if at < self.frames.len() {
                self.receive(at);
            }
            if at.is_multiple_of(SENDS * PUSHES) {
                self.send("extension");
            }
        }
    }

    fn receive(&mut self, at: usize) -> bool {
        let batch = Batch {
            frames: vec![self.frames[at].clone()],
            cursor: None,
            more: true,
        };
        let now = self.now;
        let step = self.timed(|client| client.receive(now, &batch));
        let fresh = step.iter().flat_map(|step| &step.frames);
        self.report.taken += fresh
            .filter(|outcome| matches!(outcome, comity::FrameOutcome::Done { .. }))
            .count() as u64;
        step.is_some()
    }

    fn send(&mut self, who: &str) -> bool {
        let text = Outgoing::text(&format!("{who} {}.", self.report.sent));
        let (now, room) = (self.now, self.room.clone());
        let step = self.timed(|client| client.send(now, &room, &text, Allow::default()));
        self.report.sent += u64::from(step.is_some());
        step.is_some()
    }

    /// A call, with the time it took. None if the file is busy.
    #[expect(clippy::disallowed_methods, reason = "a host has a clock")]
    fn timed(
        &mut self,
        call: impl FnOnce(&mut Client) -> Result<comity::Step, Error>,
    ) -> Option<comity::Step> {
        let start = std::time::Instant::now();
        let result = call(&mut self.client);
        let took = start.elapsed();
        let begun = disk::last_write_lock().filter(|begun| *begun > start);
        let waited = micros(begun.map_or(took, |begun| begun - start));
        self.report.longest = self.report.longest.max(micros(took));
        self.report.waited += waited;
        self.report.waited_most = self.report.waited_most.max(waited);
        self.report.late += u64::from(waited > micros(WANTED));
        match result {
            Ok(step) => {
                self.report.steps += 1;
                Some(step)
            }
            Err(Error::Busy) => {
                self.report.busy += 1;
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Report {
    /// How many calls it made.
    pub fn calls(&self) -> u64 {
        self.steps + self.busy
    }

    /// How long it waited for its turn on average.
    pub fn waited_mean(&self) -> Duration {
        Duration::from_micros(self.waited.checked_div(self.calls()).unwrap_or(0))
    }

    /// Whether an extension waited as long as it may.
    pub fn waits(&self) -> Waits {
        if self.waited_most > micros(TOO_LONG) || self.late * ONE_IN > self.calls() {
            Waits::TooLong
        } else if self.late > 0 {
            Waits::Noise
        } else {
            Waits::AsWanted
        }
    }

    fn line(&self) -> String {
        let Self {
            steps,
            busy,
            waited,
            waited_most,
            late,
            longest,
            taken,
            sent,
        } = self;
        format!("report {steps} {busy} {waited} {waited_most} {late} {longest} {taken} {sent}")
    }
}

fn parse(line: &str) -> Report {
    let numbers: Vec<u64> = line
        .split(' ')
        .skip(1)
        .map(|number| number.parse().expect("a number"))
        .collect();
    let [steps, busy, waited, waited_most, late, longest, taken, sent] = numbers[..] else {
        panic!("{line:?} is no report");
    };
    Report {
        steps,
        busy,
        waited,
        waited_most,
        late,
        longest,
        taken,
        sent,
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .expect("the parent reads");
}
