//! A room so large that its tree is not read for a message: an app and its extension take turns in it.

use comity::{Allow, Batch, Change, Client, Frame, FrameOutcome, Opening, Outgoing, Page, Role, Step};
use comity_testkit::crowd::{self, Crowd};

/// More than a tree of one row has.
const MEMBERS: usize = 100;

fn alone(frame: Frame) -> Batch {
    Batch {
        frames: vec![frame],
        cursor: None,
        more: true,
    }
}

fn is_done(step: &Step) -> bool {
    let done = |outcome: &FrameOutcome| matches!(outcome, FrameOutcome::Done { .. });
    step.frames.len() == 1 && step.frames.iter().all(done)
}

#[test]
fn app_and_extension_take_turns_in_a_large_room_and_each_message_is_read_once() {
    let now = crowd::now();
    let dir = tempfile::tempdir().unwrap();
    let mut crowd = Crowd::new(dir.path(), now, MEMBERS);
    let opening = Opening {
        role: Role::Extension,
        ..crowd.bob.opening.clone()
    };
    let mut extension = Client::open(now, &opening).unwrap();
    let reader = extension.reader().unwrap();
    for turn in 0..12_usize {
        if turn % 4 == 3 {
            let [commit] = crowd.changes(now, &[Change::Rotate]).try_into().unwrap();
            assert!(is_done(&crowd.bob.client.receive(now, &alone(commit)).unwrap()));
        }
        let [frame]: [Frame; 1] = crowd.says(now, &format!("turn {turn}")).try_into().unwrap();
        let preview = reader.preview(now, &frame).unwrap().expect("a message");
        assert_eq!(preview.sender.to_string(), "mimi://a.example/u/alice");
        let (first, second) = match turn % 2 {
            0 => (&mut extension, &mut crowd.bob.client),
            _ => (&mut crowd.bob.client, &mut extension),
        };
        assert!(
            is_done(&first.receive(now, &alone(frame.clone())).unwrap()),
            "turn {turn}"
        );
        let again = second.receive(now, &alone(frame)).unwrap();
        assert!(
            matches!(again.frames.as_slice(), [FrameOutcome::Known { .. }]),
            "turn {turn}"
        );
        let answer = Outgoing::text(&format!("answer {turn}"));
        let step = crowd.bob.client.send(now, &crowd.room, &answer, Allow::default());
        assert_eq!(step.unwrap().requests.len(), 1);
    }
    let read = reader.timeline(now, &crowd.room, Page::Latest(100)).unwrap();
    assert_eq!(read.len(), 24, "twelve of hers and twelve of his");
}
