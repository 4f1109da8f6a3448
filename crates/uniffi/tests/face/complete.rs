//! Whatever the engine can do, the other languages can do: each method of `Client` and `Reader`, each variant of the engine's
//! vocabulary, each field that the compiler cannot see for us.

use crate::vocabulary::{
    Enums, VOCABULARY, fields, methods, of_a_client_that_conjures, of_clients, of_readers, read, sources,
    untold,
};

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
    let sources = sources();
    let ours = methods(&sources, "Client");
    assert_eq!(missing(&of_clients(), &ours, &sources), Vec::<String>::new());
}

#[test]
fn every_query_of_a_reader_can_be_asked() {
    let sources = sources();
    let ours = methods(&sources, "Reader");
    assert_eq!(missing(&of_readers(), &ours, &sources), Vec::<String>::new());
}

#[test]
fn an_engine_method_that_cannot_be_called_is_found() {
    let sources = sources();
    let ours = methods(&sources, "Client");
    assert_eq!(
        missing(&of_a_client_that_conjures(), &ours, &sources),
        ["conjure"]
    );
}

#[test]
fn every_variant_of_the_vocabulary_is_told() {
    const MORE: &[Enums<'_>] = &[
        ("crates/core/src/error.rs", &["Error"]),
        ("crates/content/src/classify.rs", &["Class"]),
        ("crates/content/src/receipts.rs", &["ReportPolicy"]),
        ("crates/content/src/derive/mod.rs", &["Origin"]),
    ];
    // What the last arm of a match stands for, and says.
    const LAST_ARMS: [&str; 3] = ["Advice::None", "Error::Bug", "LinkKind::Other"];
    let vocabulary = [VOCABULARY, MORE].concat();
    assert_eq!(untold(&sources(), &vocabulary, &LAST_ARMS), Vec::<String>::new());
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
