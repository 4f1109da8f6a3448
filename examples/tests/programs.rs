//! The programs do what they say, seen from outside: exit codes, output, and the files that they write.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    command.args(arguments).output().expect("the demo runs")
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("text")
}

fn objects(lines: &str) -> Vec<Json> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
        .collect()
}

fn keys(object: &Json) -> BTreeSet<&str> {
    object
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

/// The ids by which messages are known, steps that look back left out.
fn sent(lines: &[Json]) -> Vec<&str> {
    let sent = lines.iter().filter(|line| line["sent"].is_object());
    sent.map(|line| line["message_id"].as_str().expect("an id"))
        .collect()
}

#[test]
fn two_clients_exchange_one_message() {
    let output = Command::new(env!("CARGO_BIN_EXE_two_clients")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "mimi://a.example/u/ada: Hello, *Ben*!\n");
}

#[test]
fn the_program_of_the_guide_asks_for_the_same_request_again_after_it_was_closed() {
    let output = Command::new(env!("CARGO_BIN_EXE_start")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    let [first, again] = lines[..] else {
        panic!("one request, twice, and not {lines:?}");
    };
    let first = first.strip_prefix("to mimi://a.example: ").expect(first);
    assert_eq!(again, format!("still to be posted to mimi://a.example: {first}"));
}

#[test]
fn every_claim_of_the_demo_holds_and_its_json_has_the_documented_form() {
    let output = demo(&["--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = objects(text(&output.stdout));
    let (done, steps) = lines.split_last().unwrap();
    assert_eq!(keys(done), BTreeSet::from(["done", "claims", "held"]));
    assert_eq!(
        (&done["done"], &done["claims"]),
        (&Json::Bool(true), &done["held"])
    );
    assert!(done["claims"].as_u64().unwrap() > 50, "{done}");

    for (at, step) in steps.iter().enumerate() {
        let named = BTreeSet::from(["step", "what", "room", "epoch", "message_id", "sent", "sees"]);
        assert_eq!(keys(step), named, "{step}");
        assert_eq!(step["step"], at + 1);
        assert_eq!(step["room"], "mimi://hub.example/r/lake");
        assert!(step["epoch"].is_u64() && step["what"].is_string(), "{step}");
        if step["sent"].is_object() {
            assert_eq!(keys(&step["sent"]), BTreeSet::from(["alternatives", "octets"]));
            assert!(keys(&step["sees"]).contains("mimi://b.example/u/ben"), "{step}");
        }
    }
    assert!(sent(steps).len() > 12);
}

#[test]
fn what_the_demo_exports_is_complete_and_hashes_to_the_ids_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let (note, photo, export) = (
        dir.path().join("note.md"),
        dir.path().join("photo.jpg"),
        dir.path().join("export"),
    );
    std::fs::write(&note, "# Mine\n\nA *note*, with umlauts: äöü.\n").unwrap();
    image::RgbImage::new(20, 10).save(&photo).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let arguments = [
        "--json",
        "--note",
        &path(&note),
        "--photo",
        &path(&photo),
        "--export",
        &path(&export),
    ];
    let output = demo(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));

    let read =
        |file: &Json| std::fs::read(export.join(file.as_str().unwrap())).expect("a file beside the index");
    let index = objects(&std::fs::read_to_string(export.join("messages.jsonl")).unwrap());
    let ids: Vec<&str> = index
        .iter()
        .map(|entry| entry["message_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, sent(&objects(text(&output.stdout))));

    let mut shown = Vec::new();
    for entry in &index {
        let named = BTreeSet::from(["message_id", "sender", "room", "content", "frames", "shown"]);
        assert_eq!(keys(entry), named);
        let content = export.join(entry["content"].as_str().unwrap());
        let (sender, room) = (entry["sender"].as_str().unwrap(), entry["room"].as_str().unwrap());
        let inspect = Command::new(env!("CARGO_BIN_EXE_inspect"))
            .args([content.to_str().unwrap(), "--sender", sender, "--room", room])
            .output()
            .unwrap();
        assert!(inspect.status.success(), "{}", text(&inspect.stdout));
        assert_eq!(
            objects(text(&inspect.stdout))[0]["message_id"],
            entry["message_id"]
        );
        let frames = entry["frames"].as_array().unwrap();
        assert!(
            !frames.is_empty() && frames.iter().all(|frame| !read(frame).is_empty()),
            "{entry}"
        );
        for (client, seen) in entry["shown"].as_object().unwrap() {
            shown.push((
                client.clone(),
                seen["media_type"].as_str().unwrap().to_owned(),
                read(&seen["file"]),
            ));
        }
    }
    let has = |client: &str, media_type: &str, octets: &[u8]| {
        let looked_for = (client, media_type, octets);
        shown.iter().any(|(client, media_type, octets)| {
            (client.as_str(), media_type.as_str(), octets.as_slice()) == looked_for
        })
    };
    let (note, photo) = (std::fs::read(&note).unwrap(), std::fs::read(&photo).unwrap());
    for client in [
        "mimi://a.example/d/ada-phone",
        "mimi://b.example/d/ben-phone",
        "mimi://c.example/d/cleo-laptop",
    ] {
        assert!(has(client, "text/markdown;variant=GFM-MIMI", &note), "{client}");
        assert!(
            has(client, "image/jpeg", &photo),
            "{client}: Ben once he has upgraded"
        );
    }
}

#[test]
fn the_clients_files_are_kept_where_they_are_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("files");
    let output = demo(&["--keep", files.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(files.to_str().unwrap()));
    for client in [
        "ada-phone",
        "ben-phone",
        "cleo-phone",
        "cleo-laptop",
        "dora-phone",
    ] {
        assert!(files.join(format!("{client}.comity")).exists(), "{client}");
    }
    let again = demo(&["--keep", files.to_str().unwrap()]);
    assert_eq!(
        again.status.code(),
        Some(1),
        "files that are there are never overwritten"
    );
    assert!(
        text(&again.stderr).contains("ada-phone.comity"),
        "{}",
        text(&again.stderr)
    );
}

#[test]
fn what_cannot_be_sent_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("photo.png");
    std::fs::write(&file, "# no photo").unwrap();
    let output = demo(&["--json", "--photo", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    assert!(
        text(&output.stderr).contains("photo.png: this is not a PNG or JPEG image"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(demo(&["--note", "no/such/file.md"]).status.code(), Some(1));
    assert_eq!(demo(&["--photos"]).status.code(), Some(2));
}
