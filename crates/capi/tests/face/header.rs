//! `bindings/c/include/comity.h` is what the sources say. `cargo xtask header` writes it; without the variable nothing is written.

use std::path::{Path, PathBuf};

use crate::layout;

/// The sources in the order in which a reader of the header wants them.
const SOURCES: [&str; 23] = [
    "version", "values", "codes", "fault", "opening", "client", "inbound", "verbs", "step", "request",
    "event", "reader", "room", "message", "content", "wishes", "timeline", "replies", "part", "outgoing",
    "change", "media", "people",
];
const LAST: [&str; 3] = ["words", "links", "attachment"];

fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn path() -> PathBuf {
    crate_dir().join("../../bindings/c/include/comity.h")
}

/// The header without its assertions.
fn declarations() -> String {
    let config = cbindgen::Config::from_file(crate_dir().join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES.iter().chain(&LAST) {
        builder = builder.with_src(crate_dir().join(format!("src/{source}.rs")));
    }
    let mut header = Vec::new();
    builder.generate().expect("the header").write(&mut header);
    String::from_utf8(header).expect("UTF-8")
}

/// The whole header: the assertions stand before the end of its guard.
fn generated() -> String {
    let declarations = declarations();
    let (body, end) = declarations
        .rsplit_once("#endif  /* COMITY_H */")
        .expect("the end of the include guard");
    format!("{body}{}\n#endif  /* COMITY_H */{end}", layout::assertions())
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    let generated = generated();
    if std::env::var_os("COMITY_WRITE_HEADER").is_some() {
        std::fs::write(path(), &generated).expect("the header is written");
    }
    let committed = std::fs::read_to_string(path()).unwrap_or_default();
    let differs = committed
        .lines()
        .zip(generated.lines())
        .position(|(committed, generated)| committed != generated);
    assert!(
        committed == generated,
        "bindings/c/include/comity.h differs from line {:?} on: run `cargo xtask header`",
        differs.map(|line| line + 1)
    );
}

#[test]
fn every_struct_of_the_header_has_its_layout_asserted() {
    let mut listed: Vec<(String, Vec<String>)> = layout::structs()
        .into_iter()
        .map(|known| {
            (
                known.name.to_owned(),
                known.fields.iter().map(|(name, _)| (*name).to_owned()).collect(),
            )
        })
        .collect();
    let mut declared = structs_of(&declarations());
    declared.sort();
    listed.sort();
    assert_eq!(listed, declared);
}

/// The structs with fields, as the header declares them.
fn structs_of(header: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((_, after)) = rest.split_once("\ntypedef struct ") {
        rest = after;
        let Some((head, body)) = after.split_once('{') else {
            continue;
        };
        if head.contains(';') {
            continue;
        }
        let Some((body, _)) = body.split_once("\n}") else {
            continue;
        };
        let fields = body
            .lines()
            .map(str::trim)
            .filter(|line| line.ends_with(';') && !line.starts_with('*'))
            .map(|line| {
                let name = line
                    .trim_end_matches(';')
                    .rsplit([' ', '*'])
                    .next()
                    .unwrap_or_default();
                name.split('[').next().unwrap_or_default().to_owned()
            })
            .collect();
        found.push((head.trim().to_owned(), fields));
    }
    found
}
