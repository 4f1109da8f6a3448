//! Whatever the engine can do, C can do: each method of `Client` and `Reader` has its function, each variant of the engine's
//! vocabulary its number.

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn header() -> String {
    read("bindings/c/include/comity.h")
}

/// Our sources, in one text.
fn sources() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(dir).expect("the sources");
    files
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a source"))
        .collect()
}

/// The public functions of the `impl` blocks of a type.
fn methods(source: &str, of: &str) -> Vec<String> {
    let start = format!("\nimpl {of} {{");
    source
        .split(&start)
        .skip(1)
        .flat_map(|block| block.split("\n}").next().unwrap_or_default().lines())
        .filter_map(|line| line.strip_prefix("    pub fn "))
        .filter_map(|line| line.split(['(', '<']).next())
        .map(str::to_owned)
        .collect()
}

/// The variants of a public enum.
fn variants(source: &str, of: &str) -> Vec<String> {
    let (_, body) = source
        .split_once(&format!("pub enum {of} {{\n"))
        .unwrap_or_else(|| panic!("there is no enum {of}"));
    let body = body.split("\n}").next().unwrap_or_default();
    body.lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
        .map(str::trim)
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter_map(|line| line.split(['(', ' ', ',']).next())
        .map(str::to_owned)
        .collect()
}

fn missing(functions: &[String], of: &str, header: &str) -> Vec<String> {
    let name = |method: &String| format!("comity_{of}_{method}(");
    functions
        .iter()
        .filter(|method| !header.contains(&name(method)))
        .cloned()
        .collect()
}

#[test]
fn every_method_of_a_client_has_a_function() {
    let methods = methods(&read("crates/core/src/client.rs"), "Client");
    assert!(methods.len() >= 22, "only {methods:?} were found");
    assert_eq!(missing(&methods, "client", &header()), Vec::<String>::new());
}

#[test]
fn every_query_of_a_reader_has_a_function() {
    let methods = methods(&read("crates/core/src/reader.rs"), "Reader");
    assert!(methods.len() >= 18, "only {methods:?} were found");
    assert_eq!(missing(&methods, "reader", &header()), Vec::<String>::new());
}

#[test]
fn an_engine_method_without_a_function_is_found() {
    let engine = "\nimpl Client {\n    pub fn send(&mut self) {}\n    pub fn conjure<T>(&self) {}\n    fn private() {}\n}\n";
    let methods = methods(engine, "Client");
    assert_eq!(methods, ["send", "conjure"]);
    assert_eq!(missing(&methods, "client", &header()), ["conjure"]);
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
        ("crates/core/src/rejection.rs", &["Advice"][..]),
        ("crates/core/src/reader.rs", &["Page"][..]),
        ("crates/core/src/task.rs", &["TaskState", "ClientOutcome"][..]),
        ("crates/core/src/store/message.rs", &["Delivery"][..]),
        ("crates/core/src/store/room.rs", &["Phase"][..]),
        ("crates/room/src/policy/message.rs", &["Action"][..]),
        ("crates/content/src/message.rs", &["Expiration"][..]),
        ("crates/content/src/part.rs", &["Body", "PartSemantics"][..]),
        ("crates/content/src/select.rs", &["PassedOverBecause"][..]),
        ("crates/content/src/timeline.rs", &["RefusedBecause"][..]),
        (
            "crates/content/src/markdown/links.rs",
            &["LinkKind", "Agreement"][..],
        ),
        ("crates/content/src/attachment/mod.rs", &["Algorithm"][..]),
    ];
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
                    .filter(|path| *path != "Advice::None" && !says(&ours, path)),
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

/// A code as the header lists it: the refusals that share a name with something else say so in theirs.
fn in_header(number: i32, code: &str) -> String {
    let refused = if number / 1000 == 3 { "REFUSED_" } else { "" };
    format!("COMITY_CODE_{refused}{} = {number},", code.to_ascii_uppercase())
}

#[test]
fn the_header_lists_the_engine_s_codes_and_no_others() {
    let header = header();
    let codes: Vec<String> = comity::code::CODES
        .iter()
        .flat_map(|family| family.iter())
        .map(|(number, code)| in_header(*number, code))
        .collect();
    let listed: Vec<&str> = header
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("COMITY_CODE_"))
        .collect();
    assert_eq!(listed, codes);
}

#[test]
fn the_header_lists_the_engine_s_advice_and_no_other() {
    let header = header();
    let advices: Vec<String> = comity::code::ADVICES
        .iter()
        .map(|(number, code)| format!("COMITY_ADVICE_{} = {number},", code.to_ascii_uppercase()))
        .collect();
    let listed: Vec<&str> = header
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("COMITY_ADVICE_"))
        .collect();
    assert_eq!(listed, advices);
}
