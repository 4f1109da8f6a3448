//! Several processes on one file.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how tests fail"
)]

use std::path::Path;

use comity::{Advice, Batch, Client, Error, Opening, Step};
use comity_reliability::other::{Habit, Other};
use comity_reliability::scene::Scene;
use comity_reliability::turns::{self, Report, Waits};

const PROGRAM: &str = env!("CARGO_BIN_EXE_two-processes");

#[test]
fn an_app_and_its_extension_lose_and_reuse_nothing() {
    let outcome = turns::run(Path::new(PROGRAM), 500, 1);
    assert_eq!((outcome.reused, outcome.lost), (0, 0), "{outcome:?}");
    assert!(
        outcome.extension.steps > 0 && outcome.extension.taken > 0,
        "{outcome:?}"
    );
}

#[test]
fn one_long_wait_or_many_above_a_tenth_of_a_second_are_no_noise() {
    let waits = |late, waited_most| {
        let report = Report {
            steps: 990,
            busy: 10,
            late,
            waited_most,
            ..Report::default()
        };
        report.waits()
    };
    assert_eq!(waits(0, 100_000), Waits::AsWanted);
    assert_eq!(waits(1, 100_001), Waits::Noise);
    assert_eq!(waits(10, 1_000_000), Waits::Noise);
    assert_eq!(waits(11, 100_001), Waits::TooLong);
    assert_eq!(waits(1, 1_000_001), Waits::TooLong);
}

#[test]
fn while_another_process_writes_queries_answer_and_receive_says_busy() {
    let scene = Scene::new(1);
    scene.sam.is_deaf();
    scene.pat.within(&scene.hall).says("hi");
    scene.world.settle();
    let batch = scene.sam.next_batch();
    scene.sam_dies();
    let (file, now) = (scene.file(), scene.sam.now());
    for opening in [file.opening(), file.extension()] {
        let mut client = Client::open(now, &opening).unwrap();
        let reader = client.reader().unwrap();
        let mut other = Other::start(Path::new(PROGRAM), Habit::Sits, &file);

        assert_eq!(reader.rooms(now).unwrap().len(), 1);
        assert!(
            comity::Reader::open(&opening).unwrap().rooms(now).is_ok(),
            "one that is opened now, too"
        );
        let busy = client.receive(now, &batch).unwrap_err();
        assert_eq!(
            (&busy, busy.code(), busy.advice()),
            (&Error::Busy, "busy", Advice::Retry)
        );
        client.pause().unwrap();
        client.resume().unwrap();

        other.goes_on();
        let step: Step = client.receive(now, &batch).unwrap();
        assert_eq!(step.frames.len(), 1);
    }
    scene.sam_lives();
    scene.written(&scene.hall, "hi", true);
    scene.all_is_well(false);
}

/// iOS kills an app that is suspended with a lock.
#[test]
#[cfg(target_os = "linux")]
fn a_paused_process_holds_no_lock_and_no_handle() {
    let scene = Scene::new(1);
    scene.sam_dies();
    let file = scene.file();
    let mut other = Other::start(Path::new(PROGRAM), Habit::Pauses, &file);
    let dir = file.path.parent().unwrap();
    assert!(handles(other.id(), dir) >= 7, "two connections and the turnstile");
    assert!(locks(other.id()) > 0, "an idle connection holds a shared lock");
    other.goes_on();
    assert_eq!(handles(other.id(), dir), 0);
    assert_eq!(locks(other.id()), 0);
    Client::wipe(&file.path).unwrap();
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0, "wiped whole");
}

/// How many files in a directory a process has open.
fn handles(process: u32, dir: &Path) -> usize {
    let handles = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let paths = handles.filter_map(|handle| std::fs::read_link(handle.unwrap().path()).ok());
    paths.filter(|path| path.starts_with(dir)).count()
}

/// How many file locks a process holds.
fn locks(process: u32) -> usize {
    let held = std::fs::read_to_string("/proc/locks").unwrap();
    let process = process.to_string();
    let owners = held.lines().filter_map(|line| line.split_whitespace().nth(4));
    owners.filter(|owner| *owner == process).count()
}

#[test]
fn a_turn_that_nobody_gives_back_goes_with_its_process() {
    let scene = Scene::new(1);
    scene.sam_dies();
    let (file, now) = (scene.file(), scene.sam.now());
    let program = Path::new(env!("CARGO_BIN_EXE_crash-matrix"));
    let orders = comity_reliability::child::Orders {
        file: file.clone(),
        now,
        call: comity_reliability::call::Call::Wake,
        at: 1,
        power: false,
        no_sync: false,
    };
    comity_reliability::child::send(program, &orders);
    let mut client =
        Client::open(now, &Opening::extension(&file.path, comity::Key32::new(file.key))).unwrap();
    let batch = Batch {
        frames: Vec::new(),
        cursor: None,
        more: true,
    };
    let _: Step = client.receive(now, &batch).unwrap();
}
