//! The fuzzer's corpus, replayed without the fuzzer.

#[path = "../../../../fuzz/src/markdown.rs"]
mod markdown;
#[path = "../../../../fuzz/src/content.rs"]
mod target;

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::EXAMPLES;
use crate::common::negatives::negatives;

fn corpus() -> BTreeMap<String, Vec<u8>> {
    inputs("decode_content")
}

fn inputs(target: &str) -> BTreeMap<String, Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files = std::fs::read_dir(&directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let read = |file: std::fs::DirEntry| {
        (
            file.file_name().into_string().unwrap(),
            std::fs::read(file.path()).unwrap(),
        )
    };
    files.map(|file| read(file.unwrap())).collect()
}

#[test]
fn every_input_of_the_corpus_is_survived() {
    let corpus = corpus();
    assert!(
        corpus.len() > EXAMPLES.len() + negatives().len(),
        "and there is more than what we made up"
    );
    for (name, octets) in corpus {
        // Printed only when the next line panics.
        println!("{name}");
        target::decode(&octets);
    }
}

#[test]
fn every_markdown_html_and_report_of_the_corpora_is_survived() {
    for target in ["markdown", "html", "report"] {
        let inputs = inputs(target);
        assert!(inputs.len() >= 4, "{target}");
        // Whatever one target is fed with must not harm another.
        for (name, octets) in inputs.iter().chain(&corpus()) {
            println!("{target} {name}");
            markdown::markdown(octets);
            markdown::html(octets);
            markdown::report(octets);
        }
    }
}

#[test]
fn the_corpus_holds_every_published_example_and_every_negative_vector() {
    let corpus = corpus();
    for example in EXAMPLES {
        let name = format!("example-{}", example.name);
        assert!(
            corpus.get(&name).is_some_and(|octets| octets == example.octets),
            "{name}"
        );
    }
    for negative in negatives() {
        let name = format!("negative-{}", negative.name);
        assert!(
            corpus.get(&name) == Some(&negative.octets),
            "{name} is {}",
            hex::encode(negative.octets)
        );
    }
}
