//! Tells what MIMI content messages say: `inspect FILE… --sender URI --room URI`.
//!
//! Prints one JSON object per file, each on a line: the message id, every field, and every part with its index, or the
//! reason why the octets are no message of this sender in this room, and at which octet:
//! `{"error":{"code":"content_truncated","offset":193}}`. Exits with 1 if there was such a reason, or a file that cannot be
//! read, and with 2 if it was not called rightly.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use comity_content::{
    Body, Content, Contradiction, DecodeError, Expiration, ExternalPart, MessageId, Part, PartIndex,
    Received, Value,
};
use comity_room::{RoomUri, UserUri};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("inspect: {problem}\nusage: inspect FILE... --sender URI --room URI");
            return ExitCode::from(2);
        }
    };
    match run(&arguments, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            eprintln!("inspect: {problem}");
            ExitCode::from(2)
        }
    }
}

struct Arguments {
    files: Vec<String>,
    sender: UserUri,
    room: RoomUri,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut files, mut sender, mut room) = (Vec::new(), None, None);
        while let Some(argument) = arguments.next() {
            let mut uri = || arguments.next().ok_or_else(|| format!("{argument} needs a URI"));
            match argument.as_str() {
                "--sender" => sender = Some(uri()?),
                "--room" => room = Some(uri()?),
                _ if argument.starts_with("--") => return Err(format!("unknown option {argument}")),
                _ => files.push(argument),
            }
        }
        let sender = sender.ok_or("--sender is missing")?;
        let room = room.ok_or("--room is missing")?;
        if files.is_empty() {
            return Err("no file given".into());
        }
        Ok(Self {
            files,
            sender: UserUri::parse(&sender).map_err(|e| format!("--sender: {e}"))?,
            room: RoomUri::parse(&room).map_err(|e| format!("--room: {e}"))?,
        })
    }
}

/// Inspects each file; whether all were messages.
fn run(arguments: &Arguments, out: &mut impl Write) -> Result<bool, String> {
    let mut all_well = true;
    for file in &arguments.files {
        let inspected = read(file).and_then(|octets| inspect(octets, &arguments.sender, &arguments.room));
        let line = inspected.unwrap_or_else(|fault| {
            all_well = false;
            fault.line()
        });
        writeln!(out, "{line}").map_err(|e| e.to_string())?;
    }
    Ok(all_well)
}

/// Why a file is no message of this sender in this room.
struct Fault {
    code: &'static str,
    offset: usize,
}

impl Fault {
    fn line(&self) -> Json {
        json!({ "error": { "code": self.code, "offset": self.offset } })
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self {
            code: error.code(),
            offset: error.offset,
        }
    }
}

impl From<Contradiction> for Fault {
    fn from(contradiction: Contradiction) -> Self {
        Self {
            code: contradiction.code(),
            offset: contradiction.offset(),
        }
    }
}

fn read(file: &str) -> Result<Vec<u8>, Fault> {
    fs::read(file).map_err(|problem| {
        eprintln!("inspect: {file}: {problem}");
        Fault {
            code: "file_not_read",
            offset: 0,
        }
    })
}

fn inspect(octets: Vec<u8>, sender: &UserUri, room: &RoomUri) -> Result<Json, Fault> {
    let received = Received::decode(octets)?;
    let id = received.message_id(sender, room)?;
    Ok(message(id, received.content()))
}

fn message(id: MessageId, content: &Content) -> Json {
    let Content {
        salt,
        replaces,
        topic,
        expires,
        in_reply_to,
        extensions,
        part,
    } = content;
    let extensions = extensions.iter().map(|(key, kept)| {
        let key = key.as_integer().map_or_else(|| json!(key.as_text()), Json::from);
        json!({ "key": key, "value": value(&kept.value()) })
    });
    json!({
        "message_id": id.to_string(),
        "salt": hex::encode(salt.octets()),
        "replaces": replaces.map(|id| id.to_string()),
        "topic_id": hex::encode(topic),
        "expires": expires.map(expiration),
        "in_reply_to": in_reply_to.map(|id| id.to_string()),
        "extensions": extensions.collect::<Vec<_>>(),
        "parts": part.walk().map(|(index, part)| described(index, part)).collect::<Vec<_>>(),
    })
}

fn expiration(expires: Expiration) -> Json {
    match expires {
        Expiration::Relative(time) => json!({ "relative": true, "time": time }),
        Expiration::Absolute(time) => json!({ "relative": false, "time": time }),
    }
}

fn described(index: PartIndex, part: &Part) -> Json {
    let Part {
        disposition,
        language,
        body,
    } = part;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Json| drop(fields.insert(name.to_owned(), value));
    set("index", json!(index.0));
    set("disposition", json!(disposition.value()));
    set("language", json!(language));
    set("media_type", json!(part.media_type()));
    set("sha256", Json::Null);
    match body {
        Body::Null => set("cardinality", json!("null")),
        Body::Single(single) => {
            set("cardinality", json!("single"));
            set("octets", json!(single.content.len()));
            set("sha256", json!(hex::encode(Sha256::digest(&single.content))));
        }
        Body::External(part) => {
            set("cardinality", json!("external"));
            external(part, set);
        }
        Body::Multi(multi) => {
            set("cardinality", json!("multi"));
            set("part_semantics", json!(multi.semantics().name()));
            set("nested", json!(multi.parts().len()));
        }
    }
    Json::Object(fields)
}

fn external(part: &ExternalPart, mut set: impl FnMut(&str, Json)) {
    set("url", json!(part.url));
    set("expires", json!(part.expires));
    set("size", json!(part.size));
    set("encryption_algorithm", json!(part.encryption_algorithm));
    set("key", json!(hex::encode(part.key.octets())));
    set("nonce", json!(hex::encode(&part.nonce)));
    set("aad", json!(hex::encode(&part.aad)));
    set("hash_algorithm", json!(part.hash_algorithm));
    set("content_hash", json!(hex::encode(&part.content_hash)));
    set("description", json!(part.description));
    set("filename", json!(part.filename));
}

/// A CBOR value as JSON; what JSON lacks becomes an object that names it.
fn value(cbor: &Value) -> Json {
    match cbor {
        Value::Unsigned(n) => json!(n),
        Value::Negative(n) => {
            i64::try_from(-1 - i128::from(*n)).map_or_else(|_| json!({ "negative": n }), |n| json!(n))
        }
        Value::Bytes(octets) => json!({ "bytes": hex::encode(octets) }),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.iter().map(value).collect(),
        Value::Map(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, v)| json!([value(key), value(v)]))
                .collect();
            json!({ "map": pairs })
        }
        Value::Tag(tag, inner) => json!({ "tag": tag, "value": value(inner) }),
        Value::Bool(b) => json!(b),
        Value::Null => Json::Null,
        Value::Simple(n) => json!({ "simple": n }),
        Value::Float(float) if float.is_finite() => json!(float),
        Value::Float(float) => json!({ "float": float.to_string() }),
        _ => json!({ "undefined": true }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "mimi://example.com/u/alice-smith";
    const ROOM: &str = "mimi://example.com/r/engineering_team";

    fn inspected(octets: &[u8], sender: &str, room: &str) -> Json {
        let (sender, room) = (UserUri::parse(sender).unwrap(), RoomUri::parse(room).unwrap());
        inspect(octets.to_vec(), &sender, &room).unwrap_or_else(|fault| fault.line())
    }

    #[test]
    fn a_published_message_is_told_field_by_field() {
        let octets = include_bytes!("../../../crates/content/tests/vectors/multipart-3.cbor");
        let line = inspected(octets, ALICE, ROOM);
        assert_eq!(
            line["message_id"],
            "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f"
        );
        assert_eq!(line["extensions"][0], json!({ "key": 1, "value": ALICE }));
        let parts = line["parts"].as_array().unwrap();
        assert_eq!(parts.len(), 11);
        assert_eq!(
            (&parts[5]["index"], &parts[5]["media_type"]),
            (&json!(5), &json!("image/gif"))
        );
        assert_eq!(parts[3]["media_type"], "text/html;charset=utf-8");
        let gif = hex::encode(Sha256::digest(
            hex::decode("dc861ebaa718fd7c3ca159f71a2001a7").unwrap(),
        ));
        assert_eq!(parts[5]["sha256"], gif);
        assert_eq!(parts[0]["part_semantics"], "chooseOne");
    }

    #[test]
    fn an_external_part_is_told_with_what_decrypts_it() {
        let octets = include_bytes!("../../../crates/content/tests/vectors/attachment.cbor");
        let part = &inspected(octets, "mimi://example.com/u/bob-jones", ROOM)["parts"][0];
        assert_eq!(part["size"], 708_234_961);
        assert_eq!(part["key"], "21399320958a6f4c745dde670d95e0d8");
        assert_eq!(part["sha256"], Json::Null);
    }

    #[test]
    fn a_fault_is_told_with_its_octet() {
        let octets = include_bytes!("../../../crates/content/tests/vectors/original.cbor");
        let error =
            |octets: &[u8], sender: &str, room: &str| inspected(octets, sender, room)["error"].clone();
        assert_eq!(
            error(&octets[..100], ALICE, ROOM),
            json!({ "code": "content_truncated", "offset": 100 })
        );
        let other = error(octets, "mimi://example.com/u/bob-jones", ROOM);
        assert_eq!(
            other,
            json!({ "code": "content_sender_contradicted", "offset": 24 })
        );
        let other = error(octets, ALICE, "mimi://example.com/r/elsewhere");
        assert_eq!(
            other,
            json!({ "code": "content_room_contradicted", "offset": 59 })
        );
    }

    #[test]
    fn sender_and_room_have_to_be_given() {
        let parse = |line: &str| Arguments::parse(line.split(' ').map(str::to_owned)).map(drop);
        let right = format!("a.cbor --sender {ALICE} b.cbor --room {ROOM}");
        assert_eq!(parse(&right), Ok(()));
        for wrong in [
            format!("a.cbor --sender {ALICE}"),
            format!("--sender {ALICE} --room {ROOM}"),
            format!("a.cbor --sender {ALICE} --room"),
            format!("a.cbor --sender {ROOM} --room {ROOM}"),
            format!("{right} --else"),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
