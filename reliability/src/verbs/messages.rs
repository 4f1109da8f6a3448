//! Messages that Sam writes and reads.

use comity::{Delivery, MessageId, RequestKind};
use comity_testkit::Mishap;

use super::{Prepared, Verb};
use crate::call::{Call, What, octets};
use crate::scene::Scene;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "send",
        prepare: send,
    },
    Verb {
        name: "send: edit",
        prepare: edit,
    },
    Verb {
        name: "send: reaction",
        prepare: react,
    },
    Verb {
        name: "send: deletion",
        prepare: delete,
    },
    Verb {
        name: "send, a commit first",
        prepare: send_behind_a_proposal,
    },
    Verb {
        name: "resolve: retry",
        prepare: retry,
    },
    Verb {
        name: "resolve: withdraw",
        prepare: withdraw,
    },
    Verb {
        name: "read",
        prepare: read,
    },
];

fn sending(scene: &Scene, what: What, judge: impl Fn(&Scene, bool) + 'static) -> Prepared {
    let room = scene.hall.clone();
    Prepared::of_sam(scene, Call::Send { room, what }, judge)
}

fn send(scene: &Scene) -> Prepared {
    let text = scene.fresh("sent");
    sending(scene, What::Text(text.clone()), move |scene, surely| {
        scene.written(&scene.hall, &text, surely);
    })
}

/// A message of Sam's that everybody has.
fn sent(scene: &Scene) -> (MessageId, String) {
    let text = scene.fresh("an earlier one");
    let id = scene.sam.within(&scene.hall).says(&text);
    scene.world.settle();
    (id, text)
}

fn edit(scene: &Scene) -> Prepared {
    let ((id, before), after) = (sent(scene), scene.fresh("a later one"));
    sending(
        scene,
        What::Edit(octets(id), after.clone()),
        move |scene, surely| {
            scene.written(&scene.hall, &after, surely);
            let lines = scene.sam.within(&scene.hall).timeline();
            let old = lines.iter().filter(|line| line.contains(&before)).count();
            let new = lines.iter().filter(|line| line.contains(&after)).count();
            assert_eq!(old + new, 1, "{before:?} or {after:?}");
        },
    )
}

fn react(scene: &Scene) -> Prepared {
    let (id, _) = sent(scene);
    sending(
        scene,
        What::Reaction(octets(id), "👍".to_owned()),
        move |scene, surely| {
            let reactions =
                |actor: &comity_testkit::Actor| actor.message(id).expect("it is there").reactions.len();
            assert_eq!(reactions(&scene.sam), reactions(&scene.pat));
            assert!(reactions(&scene.sam) == 1 || !surely, "the reaction is lost");
        },
    )
}

fn delete(scene: &Scene) -> Prepared {
    let (id, _) = sent(scene);
    sending(scene, What::Deletion(octets(id)), move |scene, surely| {
        let deleted = |actor: &comity_testkit::Actor| actor.message(id).expect("it is there").deleted;
        assert_eq!(deleted(&scene.sam), deleted(&scene.pat));
        assert!(deleted(&scene.sam) || !surely, "the deletion is lost");
    })
}

fn send_behind_a_proposal(scene: &Scene) -> Prepared {
    scene.quinn_comes();
    scene.pat.is_cut_off();
    scene.quinn.within(&scene.hall).leaves();
    scene.world.advance(std::time::Duration::from_secs(1));
    send(scene)
}

/// A message of Sam's that could not be delivered.
fn undeliverable(scene: &Scene) -> (MessageId, String) {
    let text = scene.fresh("undeliverable");
    scene
        .world
        .plans(Mishap::Undeliverable, &scene.sam, RequestKind::SubmitMessage);
    let id = scene.sam.within(&scene.hall).says(&text);
    scene.world.settle();
    let message = scene.sam.message(id).expect("it is there");
    assert_eq!(message.delivery, Delivery::Undeliverable);
    (id, text)
}

fn retry(scene: &Scene) -> Prepared {
    let (id, text) = undeliverable(scene);
    let call = Call::Resolve {
        message: octets(id),
        retry: true,
    };
    Prepared::of_sam(scene, call, move |scene, surely| {
        let message = scene.sam.message(id).expect("it is there");
        if message.delivery == Delivery::Undeliverable {
            assert!(!surely, "the retry is lost");
            assert_eq!(scene.pat.message(id).map(|message| message.id), None);
            scene
                .sam
                .within(&scene.hall)
                .resolves(id, comity::Resolution::Retry);
            scene.world.settle();
        }
        scene.written(&scene.hall, &text, true);
    })
}

fn withdraw(scene: &Scene) -> Prepared {
    let (id, text) = undeliverable(scene);
    let call = Call::Resolve {
        message: octets(id),
        retry: false,
    };
    Prepared::of_sam(scene, call, move |scene, surely| {
        let left = scene
            .sam
            .message(id)
            .is_some_and(|message| message.content.is_some());
        assert!(!left || !surely, "the withdrawal is lost");
        assert_eq!(scene.pat.message(id).map(|message| message.id), None);
        if left {
            scene
                .sam
                .within(&scene.hall)
                .resolves(id, comity::Resolution::Withdraw);
            scene.world.settle();
        }
        scene.written(&scene.hall, &text, false);
    })
}

/// Reading tells nobody, so a power cut may undo it.
fn read(scene: &Scene) -> Prepared {
    scene.pat.within(&scene.hall).says(&scene.fresh("to be read"));
    scene.world.settle();
    let messages = scene.sam.within(&scene.hall).messages();
    let up_to = messages.last().expect("a message").position;
    let room = scene.hall.clone();
    Prepared::of_sam(scene, Call::Read { room, up_to }, move |scene, surely| {
        let messages = scene.sam.within(&scene.hall).messages();
        let read = messages
            .iter()
            .filter(|message| message.position <= up_to)
            .all(|message| message.read);
        assert!(read || !surely, "reading is lost");
        if !read {
            scene.sam.within(&scene.hall).reads();
        }
    })
    .lazy()
}
