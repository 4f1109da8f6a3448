//! Frames of every kind.

use std::time::Duration;

use comity::{Batch, Frame, FrameKind, Phase, RequestKind};
use comity_testkit::{Mishap, names};

use super::{Prepared, Verb};
use crate::call::Call;
use crate::scene::Scene;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "receive: messages",
        prepare: messages,
    },
    Verb {
        name: "receive: a commit",
        prepare: commit,
    },
    Verb {
        name: "receive: a commit, then words",
        prepare: commit_then_words,
    },
    Verb {
        name: "receive: a proposal",
        prepare: proposal,
    },
    Verb {
        name: "receive: a Welcome",
        prepare: welcome,
    },
    Verb {
        name: "receive: held for a commit",
        prepare: held_for_a_commit,
    },
    Verb {
        name: "receive: held for a Welcome",
        prepare: held_for_a_welcome,
    },
    Verb {
        name: "receive: rejected",
        prepare: rejected,
    },
    Verb {
        name: "receive: own message",
        prepare: own_message,
    },
    Verb {
        name: "receive: own commit",
        prepare: own_commit,
    },
];

/// Sam receives what has come meanwhile, and the cursor with it: the provider will not deliver it again.
fn receive(scene: &Scene, judge: impl Fn(&Scene, bool) + 'static) -> Prepared {
    let batch = scene.sam.next_batch();
    assert!(!batch.frames.is_empty(), "something has come");
    Prepared::of_sam(scene, Call::receive(&batch), judge)
}

fn messages(scene: &Scene) -> Prepared {
    scene.sam.is_deaf();
    let texts: Vec<String> = (0..3).map(|_| scene.fresh("pat writes")).collect();
    for text in &texts {
        scene.pat.within(&scene.hall).says(text);
    }
    scene.world.settle();
    receive(scene, move |scene, _| {
        for text in &texts {
            scene.written(&scene.hall, text, true);
        }
    })
}

fn commit(scene: &Scene) -> Prepared {
    scene.sam.is_deaf();
    scene.pat.within(&scene.hall).rotates();
    scene.world.settle();
    receive(scene, |_, _| {})
}

fn commit_then_words(scene: &Scene) -> Prepared {
    scene.sam.is_deaf();
    let (before, after) = (scene.fresh("before"), scene.fresh("after"));
    let pat = scene.pat.within(&scene.hall);
    pat.says(&before);
    pat.rotates();
    scene.world.settle();
    pat.says(&after);
    scene.world.settle();
    receive(scene, move |scene, _| {
        scene.written(&scene.hall, &before, true);
        scene.written(&scene.hall, &after, true);
    })
}

fn proposal(scene: &Scene) -> Prepared {
    scene.quinn_comes();
    scene.sam.is_deaf();
    scene.pat.is_cut_off();
    scene.quinn.within(&scene.hall).leaves();
    scene.world.advance(Duration::from_secs(1));
    receive(scene, |scene, _| {
        let phase = scene.quinn.within(&scene.hall).phase();
        assert!(
            matches!(phase, None | Some(Phase::Left | Phase::Removed)),
            "Quinn is {phase:?}"
        );
    })
}

fn welcome(scene: &Scene) -> Prepared {
    let room = scene.room_of(&scene.pat);
    scene.sam.is_deaf();
    scene.pat.within(&room).invites(&scene.sam.user());
    scene.world.settle();
    receive(scene, move |scene, _| {
        let sam = scene.sam.within(&room);
        assert_eq!(sam.phase(), Some(Phase::Invited));
        sam.accepts();
        sam.says("hello");
        scene.world.settle();
        scene.written(&room, "hello", true);
    })
}

/// The provider delivers the words, and the commit before them later.
fn held_for_a_commit(scene: &Scene) -> Prepared {
    scene.sam.is_deaf();
    let (pat, text) = (scene.pat.within(&scene.hall), scene.fresh("from the future"));
    pat.rotates();
    scene.world.settle();
    pat.says(&text);
    scene.world.settle();
    overtaking(scene, move |scene, _| scene.written(&scene.hall, &text, true))
}

fn held_for_a_welcome(scene: &Scene) -> Prepared {
    let (room, text) = (scene.room_of(&scene.pat), scene.fresh("before the Welcome"));
    scene.sam.is_deaf();
    let pat = scene.pat.within(&room);
    pat.invites(&scene.sam.user());
    scene.world.settle();
    pat.says(&text);
    scene.world.settle();
    overtaking(scene, move |scene, _| {
        let sam = scene.sam.within(&room);
        assert_eq!(sam.phase(), Some(Phase::Invited));
        sam.accepts();
        scene.world.settle();
        scene.written(&room, &text, true);
    })
}

/// Sam gets the last frame first, without a cursor.
fn overtaking(scene: &Scene, judge: impl Fn(&Scene, bool) + 'static) -> Prepared {
    let last = scene.sam.next_batch().frames.pop().expect("a frame");
    let batch = Batch {
        frames: vec![last],
        cursor: None,
        more: false,
    };
    Prepared::of_sam(scene, Call::receive(&batch), judge)
}

fn rejected(scene: &Scene) -> Prepared {
    let junk = Frame {
        room: Some(scene.hall.clone()),
        from: names::provider("a.example"),
        kind: FrameKind::Fanout,
        bytes: scene.fresh("junk").into_bytes(),
    };
    let batch = Batch {
        frames: vec![junk],
        cursor: None,
        more: false,
    };
    Prepared::of_sam(scene, Call::receive(&batch), |_, _| {}).spoils()
}

fn own_message(scene: &Scene) -> Prepared {
    scene.sam.is_deaf();
    let text = scene.fresh("coming back");
    scene
        .world
        .plans(Mishap::LoseAnswer, &scene.sam, RequestKind::SubmitMessage);
    scene.sam.within(&scene.hall).says(&text);
    scene.world.advance(Duration::from_secs(1));
    receive(scene, move |scene, _| scene.written(&scene.hall, &text, true))
}

fn own_commit(scene: &Scene) -> Prepared {
    scene.sam.is_deaf();
    scene
        .world
        .plans(Mishap::LoseAnswer, &scene.sam, RequestKind::UpdateRoom);
    scene.sam.within(&scene.hall).rotates();
    scene.world.advance(Duration::from_secs(1));
    receive(scene, |_, _| {})
}
