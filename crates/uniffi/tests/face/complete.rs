//! Whatever the engine can do, the other languages can do: each method of `Client` and `Reader`, each variant of the engine's
//! vocabulary, each field that the compiler cannot see for us.

use crate::vocabulary::{Engine, NOT_IN_C, of_a_client_that_conjures, sources};

/// The bodies of blocks that begin with a line, such as `impl Client {`.
fn blocks<'s>(source: &'s str, line: &str) -> Vec<&'s str> {
    let start = format!("\n{line}\n");
    source
        .split(start.as_str())
        .skip(1)
        .map(|block| block.split("\n}").next().unwrap_or_default())
        .collect()
}

/// Our public functions of a type.
fn functions(sources: &str, of: &str) -> Vec<String> {
    blocks(sources, &format!("impl {of} {{"))
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("    pub fn "))
        .filter_map(|line| line.split(['(', '<']).next())
        .map(str::to_owned)
        .collect()
}

/// Our public fields of a struct.
fn fields(sources: &str, of: &str) -> Vec<String> {
    blocks(sources, &format!("pub struct {of} {{"))
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("    pub "))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name.to_owned())
        .collect()
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
    let sources = sources();
    let ours = functions(&sources, "Client");
    let engine = Engine::documented().functions("Client");
    assert_eq!(missing(engine, &ours, &sources), Vec::<String>::new());
}

#[test]
fn every_query_of_a_reader_can_be_asked() {
    let sources = sources();
    let ours = functions(&sources, "Reader");
    let engine = Engine::documented().functions("Reader");
    assert_eq!(missing(engine, &ours, &sources), Vec::<String>::new());
}

#[test]
fn an_engine_method_that_cannot_be_called_is_found() {
    let sources = sources();
    let ours = functions(&sources, "Client");
    let engine = of_a_client_that_conjures();
    assert_eq!(missing(engine.functions("Client"), &ours, &sources), ["conjure"]);
}

#[test]
fn every_variant_of_the_vocabulary_is_told() {
    // What the last arm of a match stands for, and says.
    const LAST_ARMS: [&str; 3] = ["Advice::None", "Error::Bug", "LinkKind::Other"];
    let untold = Engine::documented().untold(&sources(), NOT_IN_C, &LAST_ARMS);
    assert_eq!(untold, Vec::<String>::new());
}

#[test]
fn of_every_enum_somebody_has_said_who_tells_it() {
    assert_eq!(Engine::documented().unsorted(), Vec::<&String>::new());
}

/// The fields that are not told, of the engine's structs that nobody outside of it can take apart whole: of others the compiler asks.
fn untold_fields(engine: &Engine, sources: &str) -> Vec<String> {
    // A card of a person, a view of octets, and how much there may be of something.
    const OF_NO_FACE: [&str; 3] = ["Contact", "ExternalView", "Limits"];
    engine
        .closed
        .iter()
        .filter(|(name, _)| !OF_NO_FACE.contains(&name.as_str()))
        .flat_map(|(name, engine)| {
            let ours = fields(sources, name);
            engine
                .iter()
                .filter(move |field| !ours.contains(field))
                .map(move |field| format!("{name}::{field}"))
        })
        .collect()
}

#[test]
fn every_field_of_a_struct_that_may_grow_is_told() {
    let engine = Engine::documented();
    assert!(engine.closed.contains_key("Step") && engine.closed.contains_key("Health"));
    assert_eq!(untold_fields(engine, &sources()), Vec::<String>::new());
    let untold = untold_fields(&of_a_client_that_conjures(), &sources());
    assert_eq!(untold, ["Client::wand"]);
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
