//! Answers of every kind.

use comity::{Answer, Change, Phase, RequestKind};
use comity_testkit::supports;

use super::{Prepared, Verb};
use crate::call::Call;
use crate::scene::Scene;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "answer: message accepted",
        prepare: message,
    },
    Verb {
        name: "answer: epoch too old",
        prepare: too_old,
    },
    Verb {
        name: "answer: unreachable",
        prepare: unreachable,
    },
    Verb {
        name: "answer: undeliverable",
        prepare: undeliverable,
    },
    Verb {
        name: "answer: commit accepted",
        prepare: commit,
    },
    Verb {
        name: "answer: key packages",
        prepare: key_packages,
    },
    Verb {
        name: "answer: invitation accepted",
        prepare: invitation,
    },
    Verb {
        name: "answer: room created",
        prepare: room_created,
    },
    Verb {
        name: "answer: group info",
        prepare: group_info,
    },
    Verb {
        name: "answer: joined",
        prepare: joined,
    },
    Verb {
        name: "answer: published",
        prepare: published,
    },
];

/// Sam's provider answers, and Sam's process ends before it hears.
fn answer(scene: &Scene, kind: RequestKind, judge: impl Fn(&Scene, bool) + 'static) -> Prepared {
    let (request, answer) = scene.answered(kind);
    assert!(matches!(answer, Answer::Body(_)), "{answer:?}");
    Prepared::of_sam(scene, Call::answer(request.id, &answer), judge)
}

/// Sam says something that reaches nobody.
fn says_into_the_void(scene: &Scene) -> String {
    let text = scene.fresh("on its way");
    scene.sam.is_cut_off();
    scene.sam.within(&scene.hall).says(&text);
    text
}

fn message(scene: &Scene) -> Prepared {
    let text = says_into_the_void(scene);
    answer(scene, RequestKind::SubmitMessage, move |scene, _| {
        scene.written(&scene.hall, &text, true);
    })
}

fn too_old(scene: &Scene) -> Prepared {
    scene.sam.is_cut_off();
    // The hub takes messages of the last few epochs.
    for _ in 0..8 {
        scene.pat.within(&scene.hall).rotates();
        scene.world.settle();
    }
    let text = says_into_the_void(scene);
    answer(scene, RequestKind::SubmitMessage, move |scene, _| {
        scene.written(&scene.hall, &text, true);
    })
}

fn without_a_body(scene: &Scene, answer: &Answer, surely: bool) -> Prepared {
    let text = says_into_the_void(scene);
    let id = scene.sam.outstanding().pop().expect("a request").id;
    Prepared::of_sam(scene, Call::answer(id, answer), move |scene, _| {
        let hall = scene.sam.within(&scene.hall);
        let messages = hall.messages();
        let stuck = messages
            .iter()
            .filter(|message| message.delivery == comity::Delivery::Undeliverable);
        for id in stuck.map(|message| message.id).collect::<Vec<_>>() {
            assert!(!surely, "it is sent again without being told");
            hall.resolves(id, comity::Resolution::Retry);
        }
        scene.world.settle();
        scene.written(&scene.hall, &text, true);
    })
}

fn unreachable(scene: &Scene) -> Prepared {
    without_a_body(scene, &Answer::Unreachable { retry_after: None }, true)
}

fn undeliverable(scene: &Scene) -> Prepared {
    without_a_body(scene, &Answer::Undeliverable, false)
}

fn commit(scene: &Scene) -> Prepared {
    let epoch = scene.sam.within(&scene.hall).epoch();
    scene.sam.is_cut_off();
    scene.sam.within(&scene.hall).rotates();
    answer(scene, RequestKind::UpdateRoom, move |scene, _| {
        assert!(scene.sam.within(&scene.hall).epoch() > epoch, "it is merged");
    })
}

fn invites_quinn(scene: &Scene) {
    scene.quinn_goes();
    scene.sam.is_cut_off();
    scene.sam.within(&scene.hall).changes(&[Change::Invite {
        user: scene.quinn.user(),
        role: None,
        key_packages: Vec::new(),
    }]);
}

fn quinn_is_invited(scene: &Scene, _: bool) {
    let quinn = scene.quinn.within(&scene.hall);
    assert_eq!(quinn.phase(), Some(Phase::Invited));
    quinn.accepts();
    scene.world.settle();
}

fn key_packages(scene: &Scene) -> Prepared {
    invites_quinn(scene);
    answer(scene, RequestKind::FetchKeyMaterial, quinn_is_invited)
}

fn invitation(scene: &Scene) -> Prepared {
    invites_quinn(scene);
    let (request, found) = scene.answered(RequestKind::FetchKeyMaterial);
    scene.sam.acts("hears of key packages", |client, now| {
        client.answer(now, request.id, found)
    });
    answer(scene, RequestKind::UpdateRoom, quinn_is_invited)
}

fn room_created(scene: &Scene) -> Prepared {
    scene.sam.is_cut_off();
    let name = scene.fresh("room").replace([' ', '.'], "-");
    let room = scene.sam.creates_at("a.example", &format!("{name}x"), None);
    answer(scene, RequestKind::CreateRoom, move |scene, _| {
        assert_eq!(scene.sam.within(&room).phase(), Some(Phase::Joined));
    })
}

/// Sam is about to join a room of the tablet's.
fn joins(scene: &Scene) -> comity::RoomUri {
    let room = scene.room_of(&scene.tablet);
    scene.sam.is_cut_off();
    scene.sam.within(&room).joins();
    room
}

fn group_info(scene: &Scene) -> Prepared {
    let room = joins(scene);
    answer(scene, RequestKind::FetchGroupInfo, move |scene, _| {
        assert_eq!(scene.sam.within(&room).phase(), Some(Phase::Joined));
    })
}

fn joined(scene: &Scene) -> Prepared {
    let room = joins(scene);
    let (request, info) = scene.answered(RequestKind::FetchGroupInfo);
    scene.sam.acts("hears of the group", |client, now| {
        client.answer(now, request.id, info)
    });
    answer(scene, RequestKind::UpdateRoom, move |scene, _| {
        assert_eq!(scene.sam.within(&room).phase(), Some(Phase::Joined));
        scene.world.agrees(&room, &[&scene.sam, &scene.tablet]);
    })
}

fn published(scene: &Scene) -> Prepared {
    scene.sam.is_cut_off();
    scene.sam.advertises(&supports::enhanced());
    answer(scene, RequestKind::PublishKeyPackages, |scene, _| {
        scene.invited_by_pat(true);
    })
}
