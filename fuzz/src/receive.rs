//! Frames from anybody, taken in by a client that is in a room.
//!
//! The input is a list of frames: an octet that says what it is, its length in two octets, its octets. The client lives in
//! `seed/client.comity`, and is copied for each input.

#![allow(clippy::expect_used, reason = "a panic is a finding")]
#![allow(unreachable_pub, reason = "tests include this file as a private module")]

use std::time::Duration;

use comity::{
    Batch, Client, Frame, FrameKind, FrameOutcome, Key32, Opening, Page, ProviderUri, RoomUri, Timestamp,
};

/// A client in the room [`ROOM`].
const SEED: &[u8] = include_bytes!("../seed/client.comity");
const KEY: Key32 = Key32::new([7; 32]);
const ROOM: &str = "mimi://h.example/r/den";
/// 2026-12-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_796_083_200_000);

/// Takes the frames in one step, then wakes, then reads what there is. Whatever the frames, every one has an outcome.
pub fn receive(input: &[u8]) -> Vec<FrameOutcome> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("client.comity");
    std::fs::write(&path, SEED).expect("the file is copied");
    let mut client = Client::open(NOW, &Opening::app(&path, KEY)).expect("a client of this version");
    let frames = frames(input);
    let batch = Batch {
        frames: frames.clone(),
        cursor: None,
        more: false,
    };
    let step = client.receive(NOW, &batch).expect("no frame stops the others");
    assert_eq!(step.frames.len(), frames.len(), "every frame has an outcome");
    let later = NOW.plus(Duration::from_secs(8 * 86_400));
    drop(client.wake(later).expect("and none stops the errands"));
    let reader = client.reader().expect("a reader");
    let room = RoomUri::parse(ROOM).expect("a room");
    let messages = reader
        .timeline(later, &room, Page::Latest(100))
        .expect("the room is there");
    assert!(!messages.is_empty(), "what was there stays");
    step.frames
}

fn frames(mut input: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [kind, high, low, rest @ ..] = input {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (octets, others) = rest.split_at(length);
        frames.push(frame(*kind, octets));
        input = others;
    }
    frames
}

/// The two lowest bits: a frame, the message inside a frame, a consent entry, a notice. Then: whether the room is named, and
/// whether another provider sent it.
fn frame(kind: u8, octets: &[u8]) -> Frame {
    let from = if kind & 8 == 0 {
        "mimi://h.example"
    } else {
        "mimi://x.example"
    };
    Frame {
        room: (kind & 4 != 0).then(|| RoomUri::parse(ROOM).expect("a room")),
        from: ProviderUri::parse(from).expect("a provider"),
        kind: match kind & 3 {
            2 => FrameKind::Consent,
            3 => FrameKind::Notice,
            _ => FrameKind::Fanout,
        },
        bytes: if kind & 3 == 1 {
            [&NOW.as_millis().to_be_bytes()[..], octets, &[0]].concat()
        } else {
            octets.to_vec()
        },
    }
}
