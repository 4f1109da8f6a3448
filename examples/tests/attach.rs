//! Files as attachments, seen from outside: what is left after success, failure and a kill, and how much memory it takes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test that watches a process waits")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use aes_gcm::aead::{Aead, KeyInit};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, octets: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, octets).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Encrypts `plain` to `out` and keeps what was printed in `part.json`.
    fn encrypt(&self, plain: &str, out: &str) -> Json {
        let output = attach(&[Path::new("encrypt"), &self.path(plain), &self.path(out)])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let line = String::from_utf8(output.stdout).unwrap();
        assert_eq!(line.lines().count(), 1);
        self.write("part.json", line.as_bytes());
        serde_json::from_str(&line).unwrap()
    }

    fn decrypt(&self, out: &str, part: &str, plain: &str) -> Output {
        let arguments = [
            Path::new("decrypt"),
            &self.path(out),
            &self.path(part),
            &self.path(plain),
        ];
        attach(&arguments).output().unwrap()
    }

    /// Decrypts what must not be: nothing is left of it.
    #[track_caller]
    fn refuses(&self, out: &str, part: &str) {
        let before = self.names();
        let output = self.decrypt(out, part, "restored");
        assert_eq!(
            output.status.code(),
            Some(1),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!output.stderr.is_empty(), "a reason is given");
        assert_eq!(self.names(), before, "nothing new is there");
    }
}

fn attach(arguments: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attach"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn hex(json: &Json) -> Vec<u8> {
    hex::decode(json.as_str().unwrap()).unwrap()
}

#[test]
fn a_file_is_restored_as_it_was() {
    let desk = Desk::new();
    for size in [0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 300_000] {
        let plain: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
        desk.write("plain.mp4", &plain);
        let part = desk.encrypt("plain.mp4", "out");
        assert_eq!(part["size"], size + 16);
        assert_eq!(
            (part["content_type"].as_str(), part["filename"].as_str()),
            (Some("video/mp4"), Some("plain.mp4"))
        );
        let output = desk.decrypt("out", "part.json", "restored");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(fs::read(desk.path("restored")).unwrap(), plain);
        assert_eq!(desk.names(), ["out", "part.json", "plain.mp4", "restored"]);
        fs::remove_file(desk.path("restored")).unwrap();
    }
}

#[test]
fn another_implementation_opens_it_from_the_part_alone() {
    let desk = Desk::new();
    desk.write("plain", b"a photo");
    let part = desk.encrypt("plain", "out");
    let out = fs::read(desk.path("out")).unwrap();
    assert_eq!(
        (&part["enc_alg"], &part["hash_alg"], &part["aad"]),
        (&json!(1), &json!(1), &json!(""))
    );
    assert_eq!(hex(&part["content_hash"]), Sha256::digest(&out).to_vec());
    let cipher = aes_gcm::Aes128Gcm::new_from_slice(&hex(&part["key"])).unwrap();
    let opened = cipher
        .decrypt(hex(&part["nonce"]).as_slice().into(), &out[..])
        .unwrap();
    assert_eq!(opened, b"a photo");
    let again = desk.encrypt("plain", "again");
    assert_ne!((&again["key"], &again["nonce"]), (&part["key"], &part["nonce"]));
    assert_ne!(fs::read(desk.path("again")).unwrap(), out);
}

#[test]
fn what_was_altered_leaves_nothing() {
    let desk = Desk::new();
    desk.write("plain", &[7; 1000]);
    let part = desk.encrypt("plain", "out");
    let out = fs::read(desk.path("out")).unwrap();
    let mut flipped = out.clone();
    flipped[500] ^= 1;
    for (name, octets) in [
        ("flipped", &flipped[..]),
        ("cut", &out[..out.len() - 1]),
        ("empty", &[]),
        ("longer", &[&out[..], &[0; 1]].concat()),
    ] {
        desk.write(name, octets);
        desk.refuses(name, "part.json");
        let mut rehashed = part.clone();
        rehashed["content_hash"] = json!(hex::encode(Sha256::digest(octets)));
        desk.write("rehashed.json", rehashed.to_string().as_bytes());
        desk.refuses(name, "rehashed.json");
        rehashed["size"] = json!(octets.len());
        desk.write("resized.json", rehashed.to_string().as_bytes());
        desk.refuses(name, "resized.json");
    }
    for (field, value) in [
        ("enc_alg", json!(0)),
        ("enc_alg", json!(2)),
        ("enc_alg", json!(29)),
        ("key", json!("00".repeat(16))),
        ("key", json!("")),
        ("key", json!("x")),
        ("nonce", json!("00".repeat(12))),
        ("nonce", json!("00")),
        ("aad", json!("00")),
        ("hash_alg", json!(0)),
        ("content_hash", json!("00".repeat(32))),
        ("size", json!(0)),
        ("size", json!(1000)),
        ("size", json!("1016")),
        ("more", json!(1)),
    ] {
        let mut altered = part.clone();
        altered[field] = value;
        desk.write("altered.json", altered.to_string().as_bytes());
        desk.refuses("out", "altered.json");
    }
    desk.write("no.json", b"{");
    desk.refuses("out", "no.json");
    desk.refuses("nowhere", "part.json");
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let desk = Desk::new();
    desk.write("plain", b"new");
    desk.encrypt("plain", "out");
    desk.write("there", b"old");
    let output = desk.decrypt("out", "part.json", "there");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(desk.path("there")).unwrap(), b"old");
    assert_eq!(desk.names(), ["out", "part.json", "plain", "there"]);
}

#[test]
fn what_is_not_asked_rightly_is_told() {
    for arguments in [
        &[][..],
        &["encrypt"],
        &["encrypt", "a"],
        &["decrypt", "a", "b"],
        &["open", "a", "b"],
    ] {
        let arguments: Vec<_> = arguments.iter().map(Path::new).collect();
        assert_eq!(attach(&arguments).output().unwrap().status.code(), Some(2));
    }
}

/// Octets of the large file. It takes a while without optimisation, and as much memory.
const LARGE: u64 = if cfg!(debug_assertions) { 16 << 20 } else { 1 << 30 };

/// The most memory that a process held, in KiB, and whether it ended well.
fn most_memory(mut child: Child) -> (u64, bool) {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut most = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        most = most.max(kib.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (most, status.success());
        }
        std::thread::sleep(std::time::Duration::from_micros(200));
    }
}

#[test]
fn a_large_file_takes_no_more_memory_than_a_small_one() {
    if !Path::new("/proc/self/status").exists() {
        println!("this system does not tell how much memory a process held");
        return;
    }
    let desk = Desk::new();
    let measured = |size: u64| {
        let plain = fs::File::create(desk.path("plain")).unwrap();
        plain.set_len(size).unwrap();
        let encrypting = attach(&[Path::new("encrypt"), &desk.path("plain"), &desk.path("out")])
            .stdout(fs::File::create(desk.path("part.json")).unwrap())
            .spawn()
            .unwrap();
        let (sealing, sealed) = most_memory(encrypting);
        let arguments = [
            Path::new("decrypt"),
            &desk.path("out"),
            &desk.path("part.json"),
            &desk.path("restored"),
        ];
        let (opening, opened) = most_memory(attach(&arguments).spawn().unwrap());
        assert!(sealed && opened);
        assert_eq!(fs::metadata(desk.path("restored")).unwrap().len(), size);
        fs::remove_file(desk.path("restored")).unwrap();
        (sealing, opening)
    };
    let (small, large) = (measured(1 << 20), measured(LARGE));
    println!(
        "KiB held, sealing and opening: {small:?} for 1 MiB, {large:?} for {} MiB",
        LARGE >> 20
    );
    assert!(
        large.0 > 0 && large.1 > 0,
        "a large file takes long enough to be seen"
    );
    assert!(large.0 < small.0 + (4 << 10) && large.1 < small.1 + (4 << 10));
    assert!(
        large.0 < (16 << 10) && large.1 < (16 << 10),
        "KiB of the whole process"
    );
}

/// Kills the program at some moments of its second pass, when plaintext is being written.
#[test]
fn a_kill_in_the_middle_leaves_no_file() {
    let desk = Desk::new();
    fs::File::create(desk.path("plain"))
        .unwrap()
        .set_len(LARGE / 8)
        .unwrap();
    desk.encrypt("plain", "out");
    let known = desk.names();
    let mut killed_while_writing = 0;
    for _ in 0..200 {
        let arguments = [
            Path::new("decrypt"),
            &desk.path("out"),
            &desk.path("part.json"),
            &desk.path("restored"),
        ];
        let mut child = attach(&arguments).spawn().unwrap();
        let is_writing = || desk.names().len() > known.len();
        while !is_writing() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        let is_there = desk.path("restored").exists();
        if is_there {
            // It was quicker than we: then the file is whole.
            assert_eq!(fs::metadata(desk.path("restored")).unwrap().len(), LARGE / 8);
        } else {
            killed_while_writing += 1;
        }
        for name in desk.names().iter().filter(|name| !known.contains(name)) {
            fs::remove_file(desk.path(name)).unwrap();
        }
        if killed_while_writing == 3 {
            return;
        }
    }
    panic!("never killed while it was writing");
}
