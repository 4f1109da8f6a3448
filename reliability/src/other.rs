//! Another process, for tests that look at one from outside: it comes to a point, says so, and goes on when told.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use comity::Client;
use rusqlite::Connection;

use crate::call::ClientFile;

/// What tells the program that it is the other process.
pub const ARGUMENT: &str = "other";

/// What the other process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Sits in a write transaction until it is told to end it.
    Sits,
    /// Opens the client with a reader, pauses when told, and then does nothing.
    Pauses,
}

/// The other process. It ends when this is dropped.
pub struct Other(Child);

impl Other {
    /// Starts one, and waits until it has come to its point.
    pub fn start(program: &Path, habit: Habit, file: &ClientFile) -> Self {
        let key = file.key[0].to_string();
        let habit = if habit == Habit::Sits { "sits" } else { "pauses" };
        let child = Command::new(program)
            .args([ARGUMENT, habit, &key])
            .arg(&file.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut other = Self(child);
        other.is_there();
        other
    }

    /// Tells it to go on, and waits until it has.
    pub fn goes_on(&mut self) {
        let pipe = self.0.stdin.as_mut().expect("a pipe");
        writeln!(pipe, "go on").expect("it listens");
        self.is_there();
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    fn is_there(&mut self) {
        let mut word = [0; 6];
        let pipe = self.0.stdout.as_mut().expect("a pipe");
        std::io::Read::read_exact(pipe, &mut word).expect("it comes to its point");
        assert_eq!(&word, b"there\n");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

/// What the other process does.
pub fn live(arguments: &[String]) {
    let [habit, key, path] = arguments else {
        panic!("{arguments:?}");
    };
    let file = ClientFile {
        path: path.into(),
        key: [key.parse().expect("an octet"); 32],
    };
    match habit.as_str() {
        "sits" => sit(&file),
        _ => pause(&file),
    }
}

fn sit(file: &ClientFile) {
    let conn = Connection::open(&file.path).expect("it opens");
    conn.execute_batch("BEGIN IMMEDIATE").expect("it writes");
    there();
    conn.execute_batch("ROLLBACK").expect("it ends");
    there();
}

fn pause(file: &ClientFile) {
    let now = comity::Timestamp::from_millis(0);
    let mut client = Client::open(now, &file.opening()).expect("it opens");
    let reader = client.reader().expect("a reader");
    let _: comity::Step = client.forget(now, comity::Seq(0)).expect("a step");
    reader.wake_at().expect("a query");
    there();
    client.pause().expect("it pauses");
    assert_eq!(reader.wake_at().err(), Some(comity::Error::Paused));
    there();
}

/// Says that it has come to its point, and waits to be told to go on, or that the parent is gone.
fn there() {
    let mut out = std::io::stdout();
    out.write_all(b"there\n")
        .and_then(|()| out.flush())
        .expect("the parent reads");
    drop(std::io::stdin().read_line(&mut String::new()));
}
