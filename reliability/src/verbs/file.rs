//! The file's life, and what concerns the client as a whole.

use comity::{Client, ClientChange, Error, EventKind, Seq, StorageError};
use comity_testkit::names;

use super::{Prepared, Verb};
use crate::call::{Call, ClientFile};
use crate::scene::Scene;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "create",
        prepare: create,
    },
    Verb {
        name: "open",
        prepare: open,
    },
    Verb {
        name: "open, with a twin",
        prepare: open_witnessed,
    },
    Verb {
        name: "pause, resume",
        prepare: pause,
    },
    Verb {
        name: "close",
        prepare: close,
    },
    Verb {
        name: "rekey",
        prepare: rekey,
    },
    Verb {
        name: "advertise",
        prepare: advertise,
    },
    Verb {
        name: "restock",
        prepare: restock,
    },
    Verb {
        name: "forget",
        prepare: forget,
    },
    Verb {
        name: "wake, to ask again",
        prepare: wake_to_ask_again,
    },
];

/// A creation that was cut short is none: the client is there, or it can be created.
fn create(scene: &Scene) -> Prepared {
    let file = scene.fresh_file();
    let call = Call::Create {
        user: names::user("nora@a.example"),
        client: names::client("nora-phone@a.example"),
    };
    scene.sam_dies();
    comity_faultfs::watch(file.path.parent().expect("a directory"));
    let (opening, again, created) = (file.opening(), call.clone(), file.clone());
    let judge = move |scene: &Scene, surely: bool| {
        let client = match Client::open(scene.world.now(), &opening) {
            Err(Error::Storage(StorageError::Missing)) if !surely => again
                .client(&created, scene.world.now())
                .expect("it is created now"),
            client => client.expect("the client is there"),
        };
        client.close().expect("it closes");
    };
    Prepared {
        call,
        file,
        lazy: false,
        spoils: false,
        judge: Box::new(judge),
    }
}

fn open(scene: &Scene) -> Prepared {
    scene.sam.within(&scene.hall).says(&scene.fresh("before opening"));
    Prepared::of_sam(scene, Call::Open { twin: None }, |_, _| {})
}

/// The next twin is on the disk or not, and the keychain has the old one: neither is a copy.
fn open_witnessed(scene: &Scene) -> Prepared {
    scene.sam.within(&scene.hall).says(&scene.fresh("before opening"));
    let twin = scene.sam.twin().expect("its host keeps a twin");
    let call = Call::Open {
        twin: Some(*twin.octets()),
    };
    Prepared::of_sam(scene, call, |scene, _| {
        let is_alarm = |kind: &EventKind| {
            matches!(
                kind,
                EventKind::Client {
                    change: ClientChange::Restored,
                    ..
                }
            )
        };
        let events = scene.sam.events();
        assert!(!events.iter().any(|event| is_alarm(&event.kind)), "a false alarm");
    })
}

fn pause(scene: &Scene) -> Prepared {
    let text = scene.fresh("before pausing");
    scene.sam.within(&scene.hall).says(&text);
    let hall = scene.hall.clone();
    Prepared::of_sam(scene, Call::PauseAndResume, move |scene, _| {
        scene.written(&hall, &text, true);
    })
}

fn close(scene: &Scene) -> Prepared {
    let text = scene.fresh("before closing");
    scene.sam.within(&scene.hall).says(&text);
    let hall = scene.hall.clone();
    Prepared::of_sam(scene, Call::Close, move |scene, _| {
        scene.written(&hall, &text, true)
    })
}

/// The file opens with the old key or with the new one, and never with both.
fn rekey(scene: &Scene) -> Prepared {
    let (file, key) = (scene.fresh_file(), [8; 32]);
    let create = Call::Create {
        user: names::user("nora@a.example"),
        client: names::client("nora-phone@a.example"),
    };
    let client = create.client(&file, scene.world.now()).expect("it is created");
    client.close().expect("it closes");
    scene.sam_dies();
    comity_faultfs::watch(file.path.parent().expect("a directory"));
    let (old, new) = (file.clone(), ClientFile { key, ..file.clone() });
    let judge = move |scene: &Scene, surely: bool| {
        let now = scene.world.now();
        let opens = |file: &ClientFile| match Client::open(now, &file.opening()) {
            Ok(client) => client.close().map(|()| true).expect("it closes"),
            Err(error) => {
                assert_eq!(error, Error::Storage(StorageError::WrongKey));
                false
            }
        };
        let (old, new) = (opens(&old), opens(&new));
        assert!(
            old != new,
            "opens with the old key: {old}, with the new one: {new}"
        );
        assert!(new || !surely, "the new key is lost");
    };
    Prepared {
        call: Call::Rekey { key },
        file,
        lazy: false,
        spoils: false,
        judge: Box::new(judge),
    }
}

fn advertise(scene: &Scene) -> Prepared {
    let enhanced = scene.fresh("").contains(['0', '2', '4', '6', '8']);
    Prepared::of_sam(scene, Call::Advertise { enhanced }, |scene, _| {
        scene.invited_by_pat(true);
    })
}

fn restock(scene: &Scene) -> Prepared {
    Prepared::of_sam(scene, Call::Restock { left: 0 }, |scene, _| {
        scene.invited_by_pat(true);
    })
}

/// Forgetting tells nobody, so a power cut may undo it; a number is never used twice all the same.
fn forget(scene: &Scene) -> Prepared {
    for _ in 0..3 {
        scene
            .sam
            .within(&scene.hall)
            .says(&scene.fresh("to be forgotten"));
    }
    scene.world.settle();
    let last = scene
        .sam
        .events()
        .last()
        .map_or_else(Seq::default, |event| event.seq);
    Prepared::of_sam(scene, Call::Forget { up_to: last }, move |scene, surely| {
        let events = scene.sam.events();
        let old = events.iter().filter(|event| event.seq <= last).count();
        assert!(old == 0 || !surely, "{old} events that were forgotten");
        scene
            .sam
            .within(&scene.hall)
            .says(&scene.fresh("after forgetting"));
        scene.world.settle();
        let next = scene.sam.events().last().map(|event| event.seq);
        assert!(
            next > Some(last),
            "{next:?} after {last:?}: a number is used twice"
        );
    })
    .lazy()
}

fn wake_to_ask_again(scene: &Scene) -> Prepared {
    let text = scene.fresh("twice asked");
    scene.sam.is_cut_off();
    scene.sam.within(&scene.hall).says(&text);
    // The host gives up after ten seconds, and the engine's pause is over long before an hour.
    scene.world.advance(std::time::Duration::from_secs(11));
    let hall = scene.hall.clone();
    scene.sam_dies();
    scene.world.advance(std::time::Duration::from_secs(30));
    Prepared {
        call: Call::Wake,
        file: scene.file(),
        lazy: false,
        spoils: false,
        judge: Box::new(move |scene, _| scene.written(&hall, &text, true)),
    }
}
