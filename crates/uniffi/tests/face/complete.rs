//! Whatever the engine can do, the other languages can do: each method of `Client` and `Reader`, each variant of the engine's
//! vocabulary, each field that the compiler cannot see for us.

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Our sources, in one text.
pub(crate) fn sources() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(dir).expect("the sources");
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
fn methods(source: &str, of: &str) -> Vec<String> {
    blocks(source, &format!("impl {of} {{"))
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("    pub fn "))
        .filter_map(|line| line.split(['(', '<']).next())
        .map(str::to_owned)
        .collect()
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
fn fields(source: &str, of: &str) -> Vec<String> {
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

/// Those of the engine's methods that nobody else has. Kotlin has a `close` of its own, and there are no functions of a class.
fn missing(engine: &[String], ours: &[String], sources: &str) -> Vec<String> {
    let has = |method: &&String| match method.as_str() {
        "close" => ours.contains(&"close_file".to_owned()),
        "wipe" => sources.contains("\npub fn wipe("),
        _ => ours.contains(*method),
    };
    engine.iter().filter(|method| !has(method)).cloned().collect()
}

#[test]
fn every_method_of_a_client_can_be_called() {
    let (engine, sources) = (methods(&read("crates/core/src/client.rs"), "Client"), sources());
    assert!(engine.len() >= 22, "only {engine:?} were found");
    let ours = methods(&sources, "Client");
    assert_eq!(missing(&engine, &ours, &sources), Vec::<String>::new());
}

#[test]
fn every_query_of_a_reader_can_be_asked() {
    let (engine, sources) = (methods(&read("crates/core/src/reader.rs"), "Reader"), sources());
    assert!(engine.len() >= 18, "only {engine:?} were found");
    let ours = methods(&sources, "Reader");
    assert_eq!(missing(&engine, &ours, &sources), Vec::<String>::new());
}

#[test]
fn an_engine_method_that_cannot_be_called_is_found() {
    let engine = "\nimpl Client {\n    pub fn send(&mut self) {}\n    pub fn conjure<T>(&self) {}\n    fn private() {}\n}\n";
    let (engine, sources) = (methods(engine, "Client"), sources());
    assert_eq!(engine, ["send", "conjure"]);
    let ours = methods(&sources, "Client");
    assert_eq!(missing(&engine, &ours, &sources), ["conjure"]);
}

#[test]
fn every_variant_of_the_vocabulary_is_told() {
    let ours = sources();
    let vocabulary = [
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
            ][..],
        ),
        ("crates/core/src/error.rs", &["Error"][..]),
        ("crates/core/src/rejection.rs", &["Advice"][..]),
        ("crates/core/src/reader.rs", &["Page"][..]),
        ("crates/core/src/task.rs", &["TaskState", "ClientOutcome"][..]),
        ("crates/core/src/store/message.rs", &["Delivery"][..]),
        ("crates/core/src/store/room.rs", &["Phase"][..]),
        ("crates/room/src/policy/message.rs", &["Action"][..]),
        ("crates/content/src/classify.rs", &["Class"][..]),
        ("crates/content/src/message.rs", &["Expiration"][..]),
        ("crates/content/src/part.rs", &["Body", "PartSemantics"][..]),
        ("crates/content/src/select.rs", &["PassedOverBecause", "Wish"][..]),
        ("crates/content/src/timeline.rs", &["RefusedBecause"][..]),
        ("crates/content/src/replies.rs", &["ChainEnd"][..]),
        ("crates/content/src/receipts.rs", &["ReportPolicy"][..]),
        ("crates/content/src/derive/mod.rs", &["Origin"][..]),
        (
            "crates/content/src/markdown/links.rs",
            &["LinkKind", "Agreement"][..],
        ),
        ("crates/content/src/attachment/mod.rs", &["Algorithm"][..]),
    ];
    // What the last arm of a match stands for, and says.
    const LAST_ARMS: [&str; 3] = ["Advice::None", "Error::Bug", "LinkKind::Other"];
    let mut untold = Vec::new();
    for (file, enums) in vocabulary {
        let source = read(file);
        for of in enums {
            let variants = variants(&source, of);
            assert!(!variants.is_empty(), "{of} has no variants");
            untold.extend(
                variants
                    .iter()
                    .map(|variant| format!("{of}::{variant}"))
                    .filter(|path| !LAST_ARMS.contains(&path.as_str()) && !says(&ours, path)),
            );
        }
    }
    assert_eq!(untold, Vec::<String>::new());
}

/// Whether a path stands in the text and does not go on.
fn says(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let after = &text[at + path.len()..];
        !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The engine's structs that nobody outside of it can take apart whole.
#[test]
fn every_field_of_a_struct_that_may_grow_is_told() {
    let growing = [
        ("crates/core/src/step.rs", "Step", "step.rs", "Step"),
        ("crates/core/src/store/health.rs", "Health", "reader.rs", "Health"),
        ("crates/core/src/preview.rs", "Preview", "message.rs", "Preview"),
        ("crates/core/src/plan.rs", "Plan", "outgoing.rs", "Plan"),
        (
            "crates/content/src/markdown/links.rs",
            "Link",
            "markdown.rs",
            "Link",
        ),
        (
            "crates/content/src/markdown/links.rs",
            "Mention",
            "markdown.rs",
            "Mention",
        ),
    ];
    for (file, of, ours, name) in growing {
        let (engine, ours) = (
            fields(&read(file), of),
            fields(&read(&format!("crates/uniffi/src/{ours}")), name),
        );
        assert!(engine.len() > 1, "{of} has no fields");
        let untold: Vec<&String> = engine.iter().filter(|field| !ours.contains(field)).collect();
        assert!(untold.is_empty(), "{of} has {untold:?}, which is not told");
    }
}

/// Only where the compiler cannot look into a type of the engine is a part of it left out.
#[test]
fn nothing_is_left_out_in_silence() {
    let left_out =
        sources().matches("            ..\n        } = ").count() + sources().matches(", .. } = ").count();
    assert_eq!(
        left_out, 6,
        "list the type in the test above, or name every field"
    );
}
