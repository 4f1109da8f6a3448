//! The engine as its sources say it: its methods, the variants of its vocabulary, its fields. The faces for other languages are held against it by
//! their tests, which include this file.
#![allow(dead_code, reason = "not every face needs everything")]

use std::path::{Path, PathBuf};

/// A file of the repository.
pub(crate) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The sources of the face that is tested, in one text.
pub(crate) fn sources() -> String {
    all_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// A folder of the engine's sources.
fn engine(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/src")
        .join(folder)
}

/// The files of a folder, in one text.
fn all_of(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).expect("the sources");
    files
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a source"))
        .collect()
}

/// The bodies of blocks that begin with a line, such as `impl Client {`.
fn blocks<'s>(source: &'s str, line: &str) -> Vec<&'s str> {
    let start = format!("\n{line}\n");
    source
        .split(start.as_str())
        .skip(1)
        .map(|block| block.split("\n}").next().unwrap_or_default())
        .collect()
}

/// The public functions of the `impl` blocks of a type.
pub(crate) fn methods(source: &str, of: &str) -> Vec<String> {
    blocks(source, &format!("impl {of} {{"))
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("    pub fn "))
        .filter_map(|line| line.split(['(', '<']).next())
        .map(str::to_owned)
        .collect()
}

/// What a client of the engine can be asked to do.
pub(crate) fn of_clients() -> Vec<String> {
    let methods = methods(&all_of(&engine("client")), "Client");
    assert!(methods.len() >= 22, "only {methods:?} were found");
    methods
}

/// What a reader of the engine can be asked.
pub(crate) fn of_readers() -> Vec<String> {
    let methods = methods(&all_of(&engine("reader")), "Reader");
    assert!(methods.len() >= 18, "only {methods:?} were found");
    methods
}

/// An engine that can do one thing that nobody can call.
pub(crate) fn of_a_client_that_conjures() -> Vec<String> {
    let engine = "\nimpl Client {\n    pub fn send(&mut self) {}\n    pub fn conjure<T>(&self) {}\n    fn private() {}\n}\n";
    let methods = methods(engine, "Client");
    assert_eq!(methods, ["send", "conjure"]);
    methods
}

/// The variants of a public enum.
fn variants(source: &str, of: &str) -> Vec<String> {
    let body = blocks(source, &format!("pub enum {of} {{"));
    let body = body.first().unwrap_or_else(|| panic!("there is no enum {of}"));
    items(body)
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter_map(|line| line.split(['(', ' ', ',']).next())
        .map(str::to_owned)
        .collect()
}

/// The public fields of a struct.
pub(crate) fn fields(source: &str, of: &str) -> Vec<String> {
    let body = blocks(source, &format!("pub struct {of} {{"));
    let body = body.first().unwrap_or_else(|| panic!("there is no struct {of}"));
    items(body)
        .filter_map(|line| line.strip_prefix("pub "))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.contains('('))
        .collect()
}

/// The lines of a block that are indented once.
fn items(block: &str) -> impl Iterator<Item = &str> {
    block
        .lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
        .map(str::trim)
}

/// A file and the enums in it.
pub(crate) type Enums<'a> = (&'a str, &'a [&'a str]);

/// The enums that every face tells, variant by variant.
pub(crate) const VOCABULARY: &[Enums<'_>] = &[
    (
        "crates/core/src/step.rs",
        &[
            "Made",
            "FrameKind",
            "FrameOutcome",
            "HeldUntil",
            "RequestKind",
            "Answer",
            "EventKind",
            "MessageChange",
            "RoomChange",
            "UserChange",
            "TaskChange",
            "ClientChange",
            "Change",
            "Response",
            "Resolution",
        ],
    ),
    ("crates/core/src/rejection.rs", &["Advice"]),
    ("crates/core/src/reader/message.rs", &["Page"]),
    ("crates/core/src/task.rs", &["TaskState", "ClientOutcome"]),
    ("crates/core/src/store/message/row.rs", &["Delivery"]),
    ("crates/core/src/store/room/row.rs", &["Phase"]),
    ("crates/room/src/policy/message.rs", &["Action"]),
    ("crates/content/src/message.rs", &["Expiration"]),
    ("crates/content/src/part.rs", &["Body", "PartSemantics"]),
    ("crates/content/src/replies.rs", &["ChainEnd"]),
    ("crates/content/src/select.rs", &["PassedOverBecause", "Wish"]),
    ("crates/content/src/timeline.rs", &["RefusedBecause"]),
    ("crates/content/src/markdown/links.rs", &["LinkKind", "Agreement"]),
    ("crates/content/src/attachment/mod.rs", &["Algorithm"]),
];

/// The variants that sources do not name, but for those that the last arm of a match stands for.
pub(crate) fn untold(sources: &str, vocabulary: &[Enums<'_>], last_arms: &[&str]) -> Vec<String> {
    let mut untold = Vec::new();
    for (file, enums) in vocabulary {
        let engine = read(file);
        for of in *enums {
            let variants = variants(&engine, of);
            assert!(!variants.is_empty(), "{of} has no variants");
            untold.extend(
                variants
                    .iter()
                    .map(|variant| format!("{of}::{variant}"))
                    .filter(|path| !last_arms.contains(&path.as_str()) && !says(sources, path)),
            );
        }
    }
    untold
}

/// Whether a path stands in the text and does not go on.
fn says(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let after = &text[at + path.len()..];
        !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}
