//! The fuzz target `receive`, without the fuzzer: over its corpus, and over frames that a seed has mangled.
//!
//! The target's client lives in `fuzz/seed/client.comity`. When the file's format changes, write it and the corpus anew:
//! `COMITY_WRITE_FUZZ_SEED=1 cargo test -p comity --test engine corpus`.

#[path = "../../../../fuzz/src/receive.rs"]
mod target;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use comity_testkit::{Dice, for_each_seed};
use comity_wire::MlsOctets;
use openmls::prelude::MlsMessageOut;

use crate::support::*;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// One frame of an input: what it is, and its octets.
fn entry(kind: u8, octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).unwrap().to_be_bytes();
    [&[kind][..], &length, octets].concat()
}

/// Real frames of the scene's room, by name, in an order in which Alice can take them.
fn real(scene: &mut Scene) -> Vec<(&'static str, Vec<u8>)> {
    let message = scene.saying("a message");
    let encrypted_commit = {
        scene.mallory.encrypts_handshakes(true);
        let commit = scene.mallory.commits(Plan::default()).commit;
        scene.mallory.forgets();
        scene.mallory.encrypts_handshakes(false);
        scene.place.commit(&commit)
    };
    let key_package = MlsOctets::of(&MlsMessageOut::from(scene.eve.key_package())).unwrap();
    let key_package = scene.place.message(&key_package);
    let mut carol = Rogue::new("c.example", "carol", "carol-pc");
    let joiner = carol.joins(&scene.mallory.entrance(), carol.leaf());
    let joiner = scene.place.commit(&joiner);
    let dora = Rogue::new("c.example", "carol", "carol-tablet").key_package();
    let adding = scene.mallory.commits(Plan {
        adds: vec![dora],
        ..Plan::default()
    });
    scene.mallory.forgets();
    let welcome = scene
        .place
        .welcome(&adding.welcome.unwrap(), scene.mallory.tree());
    let leaving = scene.eve.leaves();
    let leaving = scene.place.proposal(&leaving);
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    let commit = scene.place.commit(&commit);
    let early = scene.saying("a message of the next epoch");
    [
        ("message", message),
        ("encrypted-commit", encrypted_commit),
        ("key-package", key_package),
        ("welcome", welcome),
        ("leaving", leaving),
        ("early", early),
        ("commit", commit),
        ("joining", joiner),
        ("adding", scene.place.commit(&adding.commit)),
    ]
    .into_iter()
    .map(|(name, frame)| (name, frame.bytes))
    .collect()
}

/// Every real frame, some damaged ones, and all of them one after the other.
fn inputs(scene: &mut Scene) -> BTreeMap<String, Vec<u8>> {
    let real = real(scene);
    let mut inputs = BTreeMap::from([
        ("nothing".to_owned(), Vec::new()),
        ("empty-frame".to_owned(), entry(0, &[])),
        ("consent".to_owned(), entry(2, b"consent")),
        ("notice-of-nowhere".to_owned(), entry(3 | 4 | 8, b"notice")),
    ]);
    let mut dice = Dice::new(20_260_601);
    for (name, octets) in &real {
        inputs.insert(format!("real-{name}"), entry(0, octets));
        inputs.insert(format!("cut-{name}"), entry(0, &octets[..octets.len() / 2]));
        inputs.insert(format!("mangled-{name}"), entry(4, &mangled(octets, &mut dice)));
        inputs.insert(format!("foreign-{name}"), entry(4 | 8, octets));
    }
    let all: Vec<u8> = real.iter().flat_map(|(_, octets)| entry(0, octets)).collect();
    inputs.insert(
        "all-backwards".to_owned(),
        real.iter()
            .rev()
            .flat_map(|(_, octets)| entry(0, octets))
            .collect(),
    );
    inputs.insert("all-twice".to_owned(), all.repeat(2));
    inputs.insert("all".to_owned(), all);
    inputs.insert(
        "bare-message".to_owned(),
        entry(1, &real[0].1[8..real[0].1.len() - 1]),
    );
    inputs
}

/// The octets with a few changes: a bit, an octet, a cut, a repetition.
fn mangled(octets: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut octets = octets.to_vec();
    for _ in 0..=dice.below(3) {
        if octets.is_empty() {
            break;
        }
        let place = below(dice, octets.len());
        match dice.below(5) {
            0 | 1 => octets[place] ^= 1 << dice.below(8),
            2 => octets[place] = dice.below(256).to_le_bytes()[0],
            3 => octets.truncate(place),
            _ => {
                let again = octets[place..].to_vec();
                octets.splice(place..place, again);
            }
        }
    }
    octets
}

fn below(dice: &mut Dice, sides: usize) -> usize {
    usize::try_from(dice.below(sides as u64)).unwrap()
}

fn corpus() -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(fuzz().join("corpus/receive")).unwrap();
    let read = |file: std::fs::DirEntry| {
        (
            file.file_name().into_string().unwrap(),
            std::fs::read(file.path()).unwrap(),
        )
    };
    files.map(|file| read(file.unwrap())).collect()
}

fn write_anew() {
    let mut scene = Scene::new();
    scene.still_reads();
    scene.alice.client.pause().unwrap();
    std::fs::create_dir_all(fuzz().join("seed")).unwrap();
    std::fs::create_dir_all(fuzz().join("corpus/receive")).unwrap();
    std::fs::copy(scene.alice.path(), fuzz().join("seed/client.comity")).unwrap();
    for (name, input) in inputs(&mut scene) {
        std::fs::write(fuzz().join("corpus/receive").join(name), input).unwrap();
    }
}

#[test]
fn every_input_of_the_corpus_is_survived() {
    if std::env::var_os("COMITY_WRITE_FUZZ_SEED").is_some() {
        return write_anew();
    }
    let corpus = corpus();
    assert!(corpus.len() >= 40, "{} inputs", corpus.len());
    for (name, octets) in &corpus {
        // Printed only when the next line panics.
        println!("{name}");
        target::receive(octets);
    }
    // The corpus is of this client's room, or it would try nothing but the first few checks.
    let taken = target::receive(&corpus["all"]);
    let done = taken
        .iter()
        .filter(|outcome| matches!(outcome, comity::FrameOutcome::Done { .. }))
        .count();
    assert!(done >= 3, "{taken:?}");
}

#[test]
fn mangled_frames_are_survived_in_any_order() {
    for_each_seed("engine receive", |seed| {
        let mut dice = Dice::new(seed);
        let mut scene = Scene::new();
        let genuine = scene.mallory.says(&scene.place.uri, "whole");
        let genuine = scene.place.message(&genuine);
        let real = real(&mut scene);
        let mut frames = Vec::new();
        for _ in 0..60 {
            let (_, octets) = &real[below(&mut dice, real.len())];
            frames.push(scene.place.raw(mangled(octets, &mut dice)));
        }
        let rooms = scene.alice.reader().rooms(scene.alice.now).unwrap().len();
        for frames in frames.chunks(20) {
            drop(scene.alice.steps(frames));
        }
        assert_eq!(scene.alice.reader().rooms(scene.alice.now).unwrap().len(), rooms);
        println!("{:?}", scene.reasons()); // printed only when the next line panics
        scene.reads(&genuine, "whole");
        drop(scene.alice.client.wake(scene.alice.now.plus(days(8))).unwrap());
    });
}
