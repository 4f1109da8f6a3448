//! The engine as rustdoc describes it: its methods, its enums, its structs. The faces for other languages are held against it by their
//! tests, which include this file.
#![allow(dead_code, reason = "not every face needs everything")]

mod documents;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

/// A file of the repository.
pub(crate) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The sources of the face that is tested, in one text.
pub(crate) fn sources() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(dir).expect("the sources");
    files
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a source"))
        .collect()
}

/// The enums that every face tells, variant by variant.
const VOCABULARY: &[&str] = &[
    "Action",
    "Advice",
    "Agreement",
    "Algorithm",
    "Answer",
    "Body",
    "ChainEnd",
    "Change",
    "ClientChange",
    "ClientOutcome",
    "Delivery",
    "EventKind",
    "Expiration",
    "FrameKind",
    "FrameOutcome",
    "HeldUntil",
    "LinkKind",
    "Made",
    "MessageChange",
    "Page",
    "PartSemantics",
    "PassedOverBecause",
    "Phase",
    "RefusedBecause",
    "RequestKind",
    "Resolution",
    "Response",
    "RoomChange",
    "TaskChange",
    "TaskState",
    "UserChange",
    "Wish",
];

/// Those that C has other ways for: its status, and helpers that it does not have.
pub(crate) const NOT_IN_C: &[&str] = &["Class", "Error", "Origin", "ReportPolicy"];

/// Faults, which every face tells by the numbers in `comity::code`.
const NUMBERED: &[&str] = &[
    "AttachmentError",
    "Blocked",
    "Boundary",
    "ComposeError",
    "DecodeErrorKind",
    "Denied",
    "EncodeError",
    "LinkError",
    "MediaTypeError",
    "MediaTypeListError",
    "MessageIdError",
    "MetadataError",
    "Misuse",
    "NotDeterministic",
    "OutgoingReason",
    "ParticipantError",
    "PartError",
    "Refusal",
    "Rejection",
    "RolesError",
    "StorageError",
    "StreamError",
    "UriError",
];

/// What no client asks for: an opening is made by two functions, and the others are of hubs and of whoever looks at single octets.
const OF_NO_FACE: &[&str] = &[
    "BodyView",
    "Contradiction",
    "ImplausibleTime",
    "Role",
    "RoleCapability",
    "Value",
];

/// What the public items of some crates are called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Engine {
    /// The functions of structs, methods or not.
    pub(crate) functions: BTreeMap<String, Vec<String>>,
    /// The variants of enums.
    pub(crate) enums: BTreeMap<String, Vec<String>>,
    /// The public fields of structs that nobody else can take apart whole: they may grow, or have fields that are private.
    pub(crate) closed: BTreeMap<String, Vec<String>>,
}

impl Engine {
    /// The engine, and what it hands on of others.
    pub(crate) fn documented() -> &'static Self {
        static ENGINE: OnceLock<Engine> = OnceLock::new();
        ENGINE.get_or_init(|| {
            let engine = Self::of(&documents::written(&["comity", "comity-content", "comity-room"]));
            assert!(engine.functions("Client").len() >= 22, "{engine:?}");
            assert!(engine.functions("Reader").len() >= 18, "{engine:?}");
            engine
        })
    }

    /// What documents say.
    pub(crate) fn of(documents: &[Value]) -> Self {
        let mut engine = Self::default();
        for document in documents {
            let index = document["index"].as_object().expect("items");
            for item in index.values().filter(|item| is_public(item)) {
                engine.add(item, document);
            }
        }
        engine
    }

    fn add(&mut self, item: &Value, document: &Value) {
        let name = name(item);
        if let Some(of) = item["inner"].get("enum") {
            let variants = named(&of["variants"], document).map(self::name).collect();
            let other = self.enums.insert(name.clone(), variants);
            assert_eq!(other, None, "{name} is two enums");
        }
        let Some(of) = item["inner"].get("struct") else {
            return;
        };
        let plain = &of["kind"]["plain"];
        let may_grow = item["attrs"].to_string().contains("non_exhaustive");
        if may_grow || plain["has_stripped_fields"] == true {
            let fields: Vec<String> = named(&plain["fields"], document).map(self::name).collect();
            if !fields.is_empty() {
                self.closed.insert(name.clone(), fields);
            }
        }
        let functions = named(&of["impls"], document)
            .map(|block| &block["inner"]["impl"])
            .filter(|block| block["trait"].is_null())
            .flat_map(|block| named(&block["items"], document))
            .filter(|item| is_public(item) && item["inner"].get("function").is_some())
            .map(self::name)
            .collect();
        self.functions.insert(name, functions);
    }

    pub(crate) fn functions(&self, of: &str) -> &[String] {
        self.functions.get(of).map_or(&[], Vec::as_slice)
    }

    /// The variants that the sources of a face do not name, but for those that the last arm of a match stands for.
    pub(crate) fn untold(&self, sources: &str, more: &[&str], last_arms: &[&str]) -> Vec<String> {
        VOCABULARY
            .iter()
            .chain(more)
            .flat_map(|of| {
                let variants = self
                    .enums
                    .get(*of)
                    .unwrap_or_else(|| panic!("there is no enum {of}"));
                assert!(!variants.is_empty(), "{of} has no variants");
                variants.iter().map(move |variant| format!("{of}::{variant}"))
            })
            .filter(|path| !last_arms.contains(&path.as_str()) && !says(sources, path))
            .collect()
    }

    /// The enums of which nobody has said who tells them.
    pub(crate) fn unsorted(&self) -> Vec<&String> {
        let sorted = [VOCABULARY, NOT_IN_C, NUMBERED, OF_NO_FACE].concat();
        self.enums
            .keys()
            .filter(|name| !sorted.contains(&name.as_str()))
            .collect()
    }
}

/// An engine that can do one thing that nobody can call, and has an enum and a field that nobody knows.
pub(crate) fn of_a_client_that_conjures() -> Engine {
    let function = |name| serde_json::json!({"name": name, "crate_id": 0, "visibility": "public", "inner": {"function": {}}});
    let mut private = function("private");
    private["visibility"] = "default".into();
    let engine = Engine::of(&[serde_json::json!({"index": {
        "1": {"name": "Client", "crate_id": 0, "visibility": "public", "attrs": [], "inner": {"struct": {
            "kind": {"plain": {"fields": [9], "has_stripped_fields": true}}, "impls": [2, "3", 77]}}},
        "2": {"name": null, "crate_id": 0, "visibility": "default", "inner": {"impl": {"trait": null, "items": [4, 5, 6]}}},
        "3": {"name": null, "crate_id": 0, "visibility": "default", "inner": {"impl": {"trait": {"path": "Drop"}, "items": [7]}}},
        "4": function("send"),
        "5": function("conjure"),
        "6": private,
        "7": function("drop"),
        "8": {"name": "Spell", "crate_id": 0, "visibility": "public", "attrs": [], "inner": {"enum": {"variants": [10]}}},
        "9": {"name": "wand", "crate_id": 0, "visibility": "public", "inner": {"struct_field": {}}},
        "10": {"name": "Abracadabra", "crate_id": 0, "visibility": "default", "inner": {"variant": {}}},
        "11": {"name": "Elsewhere", "crate_id": 1, "visibility": "public", "attrs": [], "inner": {"enum": {"variants": []}}},
    }})]);
    assert_eq!(engine.functions("Client"), ["send", "conjure"]);
    assert_eq!(engine.unsorted(), ["Spell"]);
    assert_eq!(engine.closed["Client"], ["wand"]);
    engine
}

/// Items by their names in a document, which are numbers or texts, as the format has it. What is private has none.
fn named<'d>(ids: &'d Value, document: &'d Value) -> impl Iterator<Item = &'d Value> {
    let ids = ids.as_array().map_or(&[][..], Vec::as_slice);
    ids.iter().filter_map(|id| {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        document["index"].get(id)
    })
}

fn is_public(item: &Value) -> bool {
    item["crate_id"] == 0 && item["visibility"] == "public"
}

fn name(item: &Value) -> String {
    item["name"].as_str().unwrap_or_default().to_owned()
}

/// Whether a path stands in the text and does not go on.
fn says(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let after = &text[at + path.len()..];
        !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}
