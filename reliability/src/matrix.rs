//! The crash matrix: every verb dies, and its disk fails, at every change that it makes to the medium.

use comity::{Client, Error, StorageError};
use comity_faultfs::{self as disk, Fault};
use rusqlite::Connection;

use crate::arguments::{Arguments, attempt};
use crate::call::{Call, Stage};
use crate::child::{self, Orders};
use crate::scene::{Scene, Scenes};
use crate::verbs::{Prepared, Verb};

/// What goes wrong, one column each.
const COLUMNS: [(&str, Wrong); 5] = [
    ("killed", Wrong::Killed { power: false }),
    ("power cut", Wrong::Killed { power: true }),
    ("full", Wrong::Disk(Fault::Full, "storage_full")),
    ("broken", Wrong::Disk(Fault::Broken, "storage_io")),
    ("read-only", Wrong::Disk(Fault::ReadOnly, "storage_io")),
];

#[derive(Clone, Copy)]
enum Wrong {
    /// The process dies.
    Killed { power: bool },
    /// The disk fails, and the call with this code.
    Disk(Fault, &'static str),
}

/// How often each column was tried, over all verbs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Verbs that were tried.
    pub verbs: usize,
    /// Times that something went wrong.
    pub faults: u64,
    /// What did not recover.
    pub failures: Vec<String>,
}

/// Runs the table, and prints it as it comes.
pub fn run(arguments: &Arguments) -> Summary {
    disk::install();
    let (mut scenes, mut summary) = (Scenes::of(arguments.seed), Summary::default());
    print!("{:32} {:>7}", "verb", "changes");
    COLUMNS.iter().for_each(|(name, _)| print!(" {name:>9}"));
    println!();
    for verb in arguments.verbs() {
        summary.verbs += 1;
        row(&mut scenes, &verb, arguments, &mut summary);
    }
    let recovered = if summary.failures.is_empty() {
        "all recovered"
    } else {
        "NOT all recovered"
    };
    println!(
        "{} verbs, {} times something went wrong: {recovered}",
        summary.verbs, summary.faults
    );
    summary
        .failures
        .iter()
        .for_each(|failure| println!("FAILED: {failure}"));
    summary
}

fn row(scenes: &mut Scenes, verb: &Verb, arguments: &Arguments, summary: &mut Summary) {
    let (mut cells, mut most) = (String::new(), 0);
    for (name, wrong) in COLUMNS {
        match attempt(|| column(scenes, verb, wrong, arguments)) {
            Ok((tried, changes)) => {
                summary.faults += tried;
                most = most.max(changes);
                cells.push_str(&format!(" {tried:>9}"));
            }
            Err(why) => {
                disk::disarm();
                scenes.spoiled();
                summary.failures.push(format!("{}, {name}: {why}", verb.name));
                cells.push_str("    FAILED");
            }
        }
    }
    println!("{:32} {most:>7}{cells}", verb.name);
}

/// Tries one fault at each change. How often it struck, and how many changes the verb makes.
fn column(scenes: &mut Scenes, verb: &Verb, wrong: Wrong, arguments: &Arguments) -> (u64, u64) {
    let mut tried = 0;
    for at in arguments.changes(verb) {
        let scene = scenes.fresh();
        let ended = match wrong {
            Wrong::Killed { power } => die_at(scene, verb, at, power, arguments),
            Wrong::Disk(fault, code) => fail_at(scene, verb, at, fault, code),
        };
        match ended {
            None => tried += 1,
            // A process that dies after its step has died, too.
            Some(changes) => return (tried + u64::from(matches!(wrong, Wrong::Killed { .. })), changes),
        }
    }
    panic!("a call ends")
}

/// The process dies at a change. How many changes the call makes, if it came to its end before.
fn die_at(scene: &Scene, verb: &Verb, at: u64, power: bool, arguments: &Arguments) -> Option<u64> {
    let prepared = (verb.prepare)(scene);
    let orders = Orders {
        file: prepared.file.clone(),
        now: scene.sam.now(),
        call: prepared.call.clone(),
        at,
        power,
        no_sync: arguments.no_sync,
    };
    let death = child::send(&arguments.program, &orders);
    let acknowledged = death.acknowledged.is_some();
    // What the step asked for has left, and everybody has seen it.
    for request in death.acknowledged.iter().flatten() {
        scene.sam.posts(request);
    }
    let surely = acknowledged && !(power && prepared.lazy);
    go_on(scene, &prepared, surely);
    death.changes
}

/// The disk fails at a change. How many changes the call makes, if it came to its end before.
fn fail_at(scene: &Scene, verb: &Verb, at: u64, fault: Fault, code: &str) -> Option<u64> {
    let prepared = (verb.prepare)(scene);
    let (now, stage) = (scene.sam.now(), prepared.call.stage());
    if stage != Stage::Opened {
        disk::arm(at, fault);
    }
    let mut client = prepared.call.client(&prepared.file, now);
    if stage == Stage::Opened {
        disk::arm(at, fault);
    }
    let result = match &mut client {
        Ok(client) => prepared.call.make(client, now),
        Err(error) => Err(error.clone()),
    };
    let counted = disk::disarm();
    let made = match (result, client) {
        (Ok(requests), _) => Some(requests),
        (Err(error), client) => {
            assert!(counted.fired, "{error} without a fault");
            // A key that was changed is not changed back because the log cannot be emptied.
            let owed = matches!(prepared.call, Call::Rekey { .. }) && error == Error::Busy;
            assert!(owed || error.code() == code, "{error:?} and not {code}");
            client.ok().and_then(|client| again(client, &prepared, scene))
        }
    };
    is_intact(&prepared);
    for request in made.iter().flatten() {
        scene.sam.posts(request);
    }
    go_on(scene, &prepared, made.is_some());
    (!counted.fired).then_some(counted.changes)
}

/// The same call on the same client, once the disk works again. None if nobody knows whether the first one was made.
fn again(mut client: Client, prepared: &Prepared, scene: &Scene) -> Option<Vec<comity::Request>> {
    let now = scene.sam.now();
    if client.wake(now).is_ok() {
        // It did not end in doubt, so it knows its key.
        client.pause().expect("it pauses");
        client.resume().expect("it resumes");
    }
    match prepared.call.make(&mut client, now) {
        Ok(requests) => {
            client.pause().expect("it pauses");
            client.resume().expect("it resumes");
            Some(requests)
        }
        Err(Error::Paused) => {
            client.resume().expect("it resumes");
            None
        }
        Err(Error::Storage(StorageError::Poisoned)) => {
            match client.resume() {
                // Whoever does not know which key it was tries both.
                Err(Error::Storage(StorageError::WrongKey))
                    if matches!(prepared.call, Call::Rekey { .. }) => {}
                resumed => {
                    resumed.expect("it opens again");
                    let _: comity::Step = client.wake(now).expect("it goes on");
                }
            }
            None
        }
        Err(error) => panic!("the disk works again, and the call fails: {error:?}"),
    }
}

/// SQLite finds nothing wrong with the file.
fn is_intact(prepared: &Prepared) {
    if prepared.call.stage() == Stage::Create {
        return;
    }
    let conn = Connection::open(&prepared.file.path).expect("a database");
    let verdict: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a verdict");
    assert_eq!(verdict, "ok");
}

/// Sam's process starts again, and goes on with everybody else.
pub(crate) fn go_on(scene: &Scene, prepared: &Prepared, surely: bool) {
    scene.world.settle();
    if surely {
        nothing_acknowledged_is_asked_for_again(prepared);
    }
    scene.sam_lives();
    (prepared.judge)(scene, surely);
    scene.all_is_well(prepared.spoils);
}

/// A provider forgets what a cursor has acknowledged, so a cursor must not go back.
fn nothing_acknowledged_is_asked_for_again(prepared: &Prepared) {
    let Call::Receive {
        cursor: Some(cursor), ..
    } = &prepared.call
    else {
        return;
    };
    let reader = comity::Reader::open(&prepared.file.opening()).expect("it opens");
    let stored = reader.cursor(&cursor.queue).expect("a query");
    assert_eq!(stored.as_ref(), Some(cursor), "the cursor that was acknowledged");
}
