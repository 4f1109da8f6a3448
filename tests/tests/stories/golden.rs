//! Files of earlier formats open for ever, with everything that is in them.
//!
//! `tests/golden/N` holds the files of two clients that format N wrote in the middle of a conversation, what a person saw on
//! their screens, and frames that had not been taken. The present format's are written by
//! `COMITY_WRITE_GOLDEN=1 cargo test -p comity-tests --test stories golden`, once and before anybody has files of it; those of
//! a format that has been released are never written again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comity::content::Expiration;
use comity::{
    Allow, Batch, Client, Error, Frame, FrameKind, FrameOutcome, Identity, Key32, Opening, Outgoing, Page,
    Position, Reader, Request, RequestKind, RoomUri, Seq, StorageError, Timestamp,
};
use comity_testkit::{Actor, names, supports, view};
use comity_wire::{FanoutMessage, FanoutTail, SubmitMessageRequest, Wire as _};

use crate::support::Cast;

/// The formats that there have been.
const FORMATS: [u32; 1] = [1];
/// The frames that bob had not taken, and what becomes of each.
const FRAMES: [(&str, &str); 4] = [
    ("late", "of an epoch before the present one"),
    ("present", "of the present epoch"),
    ("commit", "a commit"),
    ("next", "of the epoch after it"),
];

fn dir(format: u32) -> PathBuf {
    let name = format.to_string();
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

/// A copy of a golden file, which may be written to.
struct Copy {
    opening: Opening,
    now: Timestamp,
    room: RoomUri,
    _place: tempfile::TempDir,
}

impl Copy {
    fn of(format: u32, name: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("client.comity");
        std::fs::copy(dir(format).join([name, ".comity"].concat()), &path).unwrap();
        let key = read(format, &[name, ".key"].concat());
        let now = String::from_utf8(read(format, "now")).unwrap();
        let room = String::from_utf8(read(format, "room")).unwrap();
        Self {
            opening: Opening::app(path, Key32::new(key.try_into().unwrap())),
            now: Timestamp::from_millis(now.parse().unwrap()),
            room: RoomUri::parse(&room).unwrap(),
            _place: place,
        }
    }

    fn open(&self) -> Client {
        Client::open(self.now, &self.opening).unwrap()
    }
}

fn read(format: u32, name: &str) -> Vec<u8> {
    std::fs::read(dir(format).join(name)).unwrap()
}

fn frame(room: &RoomUri, bytes: Vec<u8>) -> Frame {
    Frame {
        room: Some(room.clone()),
        from: room.provider(),
        kind: FrameKind::Fanout,
        bytes,
    }
}

fn batch(frames: Vec<Frame>) -> Batch {
    Batch {
        frames,
        cursor: None,
        more: false,
    }
}

/// Everything that a reader says and that is the format's to keep, in words.
fn screen(reader: &Reader, now: Timestamp) -> String {
    let mut said = String::new();
    let (user, client) = reader.identity();
    let mut line = |text: String| writeln!(said, "{text}").unwrap();
    line(format!("{user} with {client}"));
    for summary in reader.rooms(now).unwrap() {
        let uri = &summary.uri;
        line(format!(
            "{uri} \"{}\" {:?}, epoch {}, {} unread, read up to {:?}, invited by {:?}",
            summary.name, summary.phase, summary.epoch, summary.unread, summary.read_up_to, summary.inviter
        ));
        let room = reader.room(uri).unwrap();
        line(format!("  requires {:?}", room.requirement));
        for (user, role) in room.participants {
            line(format!("  {user} as {role:?}"));
        }
        for member in reader.members(uri, 0, 100).unwrap() {
            line(format!("  {} receives {:?}", member.client, member.advertisement));
        }
        for message in reader
            .timeline(now, uri, Page::After(Position::default(), 1_000))
            .unwrap()
        {
            let text = view::line(&message, &supports::enhanced());
            let (begins, octets) = (text.chars().take(80).collect::<String>(), text.len());
            line(format!(
                "  {begins} ({octets}; {:?} at {:?})",
                message.id, message.accepted
            ));
        }
    }
    for event in reader.events(Seq(0), 1_000).unwrap() {
        line(format!("{:?}: {:?}", event.seq, event.kind));
    }
    for request in reader.outstanding(None, 1_000).unwrap() {
        let Request {
            id,
            kind,
            to,
            lane,
            body,
            attempt,
            urgent,
        } = request;
        let octets = body.len();
        line(format!(
            "{id:?} {kind:?} to {to} in {lane:?}: {octets} octets, {attempt}, {urgent}"
        ));
    }
    line(format!("{:?}", reader.wake_at().unwrap()));
    said
}

#[test]
fn files_of_every_format_show_what_they_showed() {
    for format in FORMATS {
        for name in ["alice", "bob"] {
            let copy = Copy::of(format, name);
            let reader = copy.open().reader().unwrap();
            let seen = String::from_utf8(read(format, &[name, ".screen"].concat())).unwrap();
            assert_eq!(screen(&reader, copy.now), seen, "{name} in format {format}");
        }
    }
}

/// A schema that has no files here would be one whose files nobody opens for ever.
#[test]
fn the_formats_are_those_that_there_have_been_up_to_the_present_one() {
    let place = tempfile::tempdir().unwrap();
    let opening = Opening::app(place.path().join("client.comity"), Key32::new([1; 32]));
    let identity = Identity {
        user: names::user("nora@a.example"),
        client: names::client("nora-phone@a.example"),
    };
    let client = Client::create(Timestamp::from_millis(1), &opening, identity).unwrap();
    let present = client.reader().unwrap().health().unwrap().schema;
    let all: Vec<i64> = FORMATS.into_iter().map(i64::from).collect();
    assert_eq!(all, (1..=present).collect::<Vec<_>>());
    let mut kept: Vec<u32> = std::fs::read_dir(dir(1).parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, FORMATS);
    for format in FORMATS {
        for name in ["alice", "bob"] {
            let found =
                Reader::open(&Copy::of(format, name).opening).map(|reader| reader.health().unwrap().schema);
            let wanted = if i64::from(format) == present {
                Ok(present)
            } else {
                Err(Error::Storage(StorageError::NeedsApp))
            };
            assert_eq!(found, wanted, "{name} in format {format}");
        }
    }
}

#[test]
fn files_of_every_format_take_what_was_on_its_way_and_go_on() {
    for format in FORMATS {
        let (alice, bob) = (Copy::of(format, "alice"), Copy::of(format, "bob"));
        let (mut alices, mut bobs) = (alice.open(), bob.open());
        for (name, what) in FRAMES {
            let frame = frame(&bob.room, read(format, &[name, ".frame"].concat()));
            let step = bobs.receive(bob.now, &batch(vec![frame])).unwrap();
            let done = matches!(step.frames.as_slice(), [FrameOutcome::Done { .. }]);
            assert!(done, "{name}, {what}: {:?}", step.frames);
        }
        let said = Outgoing::text("from long ago");
        let step = bobs.send(bob.now, &bob.room, &said, Allow::default()).unwrap();
        let [request] = step.requests.as_slice() else {
            panic!("one request: {:?}", step.requests);
        };
        let answer = frame(&alice.room, fanned_out(request, bob.now));
        let step = alices.receive(alice.now, &batch(vec![answer])).unwrap();
        assert!(
            matches!(step.frames.as_slice(), [FrameOutcome::Done { .. }]),
            "{:?}",
            step.frames
        );
        let reader = alices.reader().unwrap();
        let timeline = reader
            .timeline(alice.now, &alice.room, Page::After(Position::default(), 1_000))
            .unwrap();
        let lines = timeline
            .iter()
            .map(|message| view::line(message, &supports::basic()));
        let found: Vec<_> = lines.filter(|line| line == "bob: from long ago").collect();
        assert_eq!(found.len(), 1, "{}", screen(&reader, alice.now));
    }
}

/// What a hub makes of a submitted message.
fn fanned_out(request: &Request, now: Timestamp) -> Vec<u8> {
    assert_eq!(request.kind, RequestKind::SubmitMessage);
    let submitted = SubmitMessageRequest::decode(&request.body).unwrap();
    FanoutMessage {
        accepted_at: now,
        message: submitted.message,
        tail: FanoutTail::Application { frank: None },
    }
    .encode()
}

/// Writes the files of the present format, if it is told to.
#[test]
fn the_files_are_written_when_that_is_wanted() {
    let format = FORMATS[FORMATS.len() - 1];
    if std::env::var_os("COMITY_WRITE_GOLDEN").is_none() {
        assert!(dir(format).is_dir());
        return;
    }
    std::fs::create_dir_all(dir(format)).unwrap();
    let cast = Cast::three(7);
    let room = cast.world.room();
    conversation(&cast);
    let frames = frames_on_their_way(&cast);
    cast.carol.creates("annex");
    cast.carol.invites(&cast.users.alice);
    cast.world.settle();
    cast.carol.is_cut_off();
    cast.alice.is_cut_off();
    cast.bob.is_cut_off();
    cast.alice.within(&room).says("not sent yet");
    cast.bob.within(&room).says("nor is this");
    let now = cast.world.now();
    for actor in [&cast.alice, &cast.bob] {
        keep(actor, format, now);
    }
    for ((name, _), frame) in FRAMES.into_iter().zip(frames) {
        write(format, &[name, ".frame"].concat(), &frame.bytes);
    }
    write(format, "now", now.as_millis().to_string().as_bytes());
    write(format, "room", room.as_str().as_bytes());
}

/// Something of everything that is kept.
fn conversation(cast: &Cast) {
    let hi = cast.alice.says("hi");
    cast.world.settle();
    cast.bob.replies(hi, "hello");
    cast.carol.reacts(hi, "👍");
    cast.world.settle();
    cast.alice.edits(hi, "hi, everybody");
    let gone = cast.bob.says("oh no");
    cast.world.settle();
    cast.bob.deletes(gone);
    cast.bob.reads();
    let mut vanishing = Outgoing::text("gone in half a year");
    let in_half_a_year = cast.world.now().plus(Duration::from_secs(180 * 86_400));
    let seconds = u32::try_from(in_half_a_year.as_millis() / 1_000).unwrap();
    vanishing.expires = Some(Expiration::Absolute(seconds));
    cast.alice.sends(&vanishing);
    cast.alice.sends(&Outgoing::text(&"a long story. ".repeat(400)));
    cast.world.settle();
    cast.alice.rotates();
    cast.world.settle();
}

/// What is at bob's provider when his file is kept: see [`FRAMES`].
fn frames_on_their_way(cast: &Cast) -> Vec<Frame> {
    cast.bob.gets_no_messages();
    cast.alice.says("late");
    cast.world.settle();
    cast.alice.rotates();
    cast.world.settle();
    cast.alice.says("present");
    cast.world.settle();
    cast.bob.is_deaf();
    cast.bob.gets_messages_again();
    cast.alice.rotates();
    cast.world.settle();
    cast.alice.says("next");
    cast.world.settle();
    let frames = cast.bob.unfetched();
    assert_eq!(frames.len(), FRAMES.len());
    frames
}

fn keep(actor: &Actor, format: u32, now: Timestamp) {
    let name = actor.name();
    actor.closes();
    let (file, key) = actor.file();
    let client = Client::open(now, &Opening::app(file, Key32::new(key))).unwrap();
    let path = dir(format).join([name, ".comity"].concat());
    let _ = std::fs::remove_file(&path);
    client.backup_to(&path).unwrap();
    write(format, &[name, ".key"].concat(), &key);
    let seen = screen(&client.reader().unwrap(), now);
    write(format, &[name, ".screen"].concat(), seen.as_bytes());
}

fn write(format: u32, name: &str, octets: &[u8]) {
    std::fs::write(dir(format).join(name), octets).unwrap();
}
