//! The lost tail: the power goes, and takes what was not synced, in parts and in any order.

use std::path::Path;

use comity::{Answer, Batch, Client, RequestKind, Step};
use comity_faultfs::{self as disk, Cut, Fault, Tail};

use crate::arguments::{Arguments, attempt};
use crate::call::{Call, Stage, What};
use crate::matrix::{Summary, go_on};
use crate::scene::{Scene, Scenes};
use crate::verbs::Verb;

/// Runs the table, and prints it as it comes.
pub fn run(arguments: &Arguments) -> Summary {
    disk::install();
    let (mut scenes, mut summary) = (Scenes::of(arguments.seed), Summary::default());
    println!(
        "{:32} {:>9} {:>6} {:>9}",
        "verb", "power cuts", "kinds", "lost most"
    );
    let conversation = "a conversation".contains(&arguments.verb);
    if conversation {
        summary.verbs += 1;
        row("a conversation", &mut summary, || after_a_conversation(arguments));
    }
    for verb in arguments.verbs() {
        let failed = summary.failures.len();
        summary.verbs += 1;
        row(verb.name, &mut summary, || {
            at_every_change(&mut scenes, &verb, arguments)
        });
        if summary.failures.len() > failed {
            scenes.spoiled();
        }
    }
    disk::swallow_syncs(false);
    let recovered = if summary.failures.is_empty() {
        "all recovered"
    } else {
        "NOT all recovered"
    };
    println!(
        "{} verbs, {} power cuts: {recovered}",
        summary.verbs, summary.faults
    );
    summary
        .failures
        .iter()
        .for_each(|failure| println!("FAILED: {failure}"));
    summary
}

/// What one verb came to.
#[derive(Default)]
struct Count {
    cuts: u64,
    kinds: usize,
    /// The most changes that stood unsynced.
    most: usize,
}

fn row(name: &str, summary: &mut Summary, work: impl FnOnce() -> Count) {
    match attempt(work) {
        Ok(count) => {
            summary.faults += count.cuts;
            println!("{name:32} {:>9} {:>6} {:>9}", count.cuts, count.kinds, count.most);
        }
        Err(why) => {
            disk::disarm();
            disk::swallow_syncs(false);
            summary.failures.push(format!("{name}: {why}"));
            println!("{name:32}    FAILED");
        }
    }
}

/// What the medium keeps of each file: by its name, what of the unsynced changes.
type Kept = fn(usize, &Path) -> Cut;

/// What a power cut may do to files of which so many changes were not synced.
const KINDS: [(&str, Kept); 8] = [
    ("nothing unsynced is kept", |_, _| Cut::None),
    ("all is kept", |_, _| Cut::All),
    ("half is kept", |unsynced, _| Cut::First(unsynced / 2)),
    ("half is kept, and a torn one", |unsynced, _| {
        Cut::Torn(unsynced / 2)
    }),
    ("the last is torn", |unsynced, _| {
        Cut::Torn(unsynced.saturating_sub(1))
    }),
    ("the first is missing", |_, _| Cut::Without(0)),
    ("only the log is kept", |_, path| {
        if is_log(path) { Cut::All } else { Cut::None }
    }),
    ("only the database is kept", |_, path| {
        if is_log(path) { Cut::None } else { Cut::All }
    }),
];

fn is_log(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-wal")
}

/// The power goes at each change of a verb, in each kind, and after its step.
fn at_every_change(scenes: &mut Scenes, verb: &Verb, arguments: &Arguments) -> Count {
    let mut count = Count::default();
    for at in arguments.changes(verb) {
        let mut kind = 0;
        let mut ended = false;
        while kind < KINDS.len() {
            let (fired, unsynced) = once(scenes.fresh(), verb, at, kind, arguments);
            (count.cuts, count.most) = (count.cuts + 1, count.most.max(unsynced));
            ended = !fired;
            kind += 1;
            count.kinds = count.kinds.max(kind);
            // Where everything was synced, all kinds are one.
            if unsynced == 0 {
                break;
            }
        }
        if ended {
            return count;
        }
    }
    panic!("a call ends")
}

/// The power goes at a change. Whether the verb got that far, and how many changes stood unsynced.
fn once(scene: &Scene, verb: &Verb, at: u64, kind: usize, arguments: &Arguments) -> (bool, usize) {
    let prepared = (verb.prepare)(scene);
    let (now, stage) = (scene.sam.now(), prepared.call.stage());
    disk::swallow_syncs(arguments.no_sync);
    if stage != Stage::Opened {
        disk::arm(at, Fault::Freeze);
    }
    let mut client = prepared.call.client(&prepared.file, now);
    if stage == Stage::Opened {
        disk::arm(at, Fault::Freeze);
    }
    let result = match &mut client {
        Ok(client) => prepared.call.make(client, now),
        Err(error) => Err(error.clone()),
    };
    let frozen = disk::frozen();
    let fired = frozen.is_some();
    let tails = frozen.unwrap_or_else(disk::tails);
    drop(client);
    disk::disarm();
    disk::swallow_syncs(false);
    for request in result.iter().flatten() {
        scene.sam.posts(request);
    }
    let unsynced = power_cut(&tails, kind);
    disk::watch(prepared.file.path.parent().expect("a directory"));
    go_on(scene, &prepared, result.is_ok() && !prepared.lazy);
    (fired, unsynced)
}

/// Leaves of the files what the power cut leaves. How many changes may have been lost.
fn power_cut(tails: &[Tail], kind: usize) -> usize {
    let (_, kept) = KINDS[kind];
    for tail in tails {
        leave(tail, tail.after(kept(tail.unsynced(), &tail.path)));
    }
    tails.iter().map(Tail::unsynced).max().unwrap_or(0)
}

fn leave(tail: &Tail, octets: Option<Vec<u8>>) {
    match octets {
        Some(octets) => std::fs::write(&tail.path, octets).expect("the file is written"),
        None => drop(std::fs::remove_file(&tail.path)),
    }
}

/// How often Sam and Pat answer each other.
const ROUNDS: usize = 4;

/// The power goes after many steps of which everything has left: the log is cut behind every change, and inside of it.
fn after_a_conversation(arguments: &Arguments) -> Count {
    let (mut scenes, mut count) = (Scenes::of(arguments.seed), Count::default());
    let mut cut = 0;
    loop {
        let scene = scenes.fresh();
        let (tails, texts) = converse(scene, arguments);
        let unsynced = tails.iter().map(Tail::unsynced).max().unwrap_or(0);
        for tail in &tails {
            // Even ones behind a change, odd ones inside of it.
            let how = if cut % 2 == 0 {
                Cut::First(cut / 2)
            } else {
                Cut::Torn(cut / 2)
            };
            leave(tail, tail.after(how));
        }
        disk::watch(Path::new("/nowhere"));
        scene.sam_lives();
        for text in &texts {
            scene.written(&scene.hall, text, true);
        }
        scene.all_is_well(false);
        (count.cuts, count.kinds, count.most) = (count.cuts + 1, 2, count.most.max(unsynced));
        cut += 1;
        if cut > 2 * unsynced {
            return count;
        }
    }
}

/// Sam writes, hears that it was accepted, reads what Pat answers, and renews the keys. Everything leaves; everything is
/// acknowledged.
fn converse(scene: &Scene, arguments: &Arguments) -> (Vec<Tail>, Vec<String>) {
    scene.sam_dies();
    let mut taken = scene.sam.unfetched().len();
    disk::swallow_syncs(arguments.no_sync);
    let mut client = Client::open(scene.world.now(), &scene.file().opening()).expect("it opens");
    let mut texts = Vec::new();
    for _ in 0..ROUNDS {
        let (ours, theirs) = (scene.fresh("sam asks"), scene.fresh("pat answers"));
        let send = Call::Send {
            room: scene.hall.clone(),
            what: What::Text(ours.clone()),
        };
        leaves(scene, &mut client, &send, arguments);
        scene.pat.within(&scene.hall).says(&theirs);
        scene.world.settle();
        // A provider's mailbox keeps everything, and a client that does not run has fetched none of it.
        let Batch {
            mut frames,
            cursor,
            more,
        } = scene.sam.next_batch();
        frames.drain(..taken);
        taken += frames.len();
        leaves(
            scene,
            &mut client,
            &Call::receive(&Batch { frames, cursor, more }),
            arguments,
        );
        let rotate = Call::Change {
            room: scene.hall.clone(),
            changes: vec![comity::Change::Rotate],
        };
        leaves(scene, &mut client, &rotate, arguments);
        texts.extend([ours, theirs]);
    }
    let tails = disk::tails();
    drop(client);
    disk::swallow_syncs(false);
    scene.world.settle();
    (tails, texts)
}

/// A step is made, its requests leave, and their answers are heard.
fn leaves(scene: &Scene, client: &mut Client, call: &Call, arguments: &Arguments) {
    let requests = call.make(client, scene.sam.now()).expect("a step");
    nothing_is_unsynced(arguments);
    for request in requests {
        let answer = scene.sam.posts(&request);
        scene.world.settle();
        if request.kind == RequestKind::UpdateRoom {
            // The commit comes back by itself.
            continue;
        }
        assert!(matches!(answer, Answer::Body(_)), "{answer:?}");
        let _: Step = client
            .answer(scene.sam.now(), request.id, answer)
            .expect("a step");
        nothing_is_unsynced(arguments);
    }
}

/// What a step has told anybody is on the medium.
fn nothing_is_unsynced(arguments: &Arguments) {
    let unsynced: usize = disk::tails().iter().map(Tail::unsynced).sum();
    assert!(
        unsynced == 0 || arguments.no_sync,
        "{unsynced} changes are not synced"
    );
}
