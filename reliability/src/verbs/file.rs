//! The file's life, and what concerns the client as a whole.

use std::path::Path;
use std::time::Duration;

use comity::content::Expiration;
use comity::{
    Client, ClientChange, Error, EventKind, MessageChange, Outgoing, Page, Position, Reader, Seq,
    StorageError, Timestamp,
};
use comity_testkit::names;
use rusqlite::Connection;

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
        name: "rekey, with rooms",
        prepare: rekey_with_rooms,
    },
    Verb {
        name: "backup_to",
        prepare: back_up,
    },
    Verb {
        name: "backup_to, with a twin",
        prepare: back_up_witnessed,
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
    Verb {
        name: "wake, to erase",
        prepare: wake_to_erase,
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

fn rekey(scene: &Scene) -> Prepared {
    let file = scene.fresh_file();
    let create = Call::Create {
        user: names::user("nora@a.example"),
        client: names::client("nora-phone@a.example"),
    };
    let client = create.client(&file, scene.world.now()).expect("it is created");
    client.close().expect("it closes");
    scene.sam_dies();
    rekey_of(scene, file)
}

/// On a copy of Sam's file, with as many keys as it has come to: Sam's host goes on with the old key.
fn rekey_with_rooms(scene: &Scene) -> Prepared {
    scene
        .sam
        .within(&scene.hall)
        .says(&scene.fresh("before the new key"));
    scene.sam_dies();
    rekey_of(scene, scene.copied_file())
}

/// The file opens with the old key or with the new one, and never with both; and nothing in it is lost.
fn rekey_of(scene: &Scene, file: ClientFile) -> Prepared {
    comity_faultfs::watch(file.path.parent().expect("a directory"));
    let now = scene.world.now();
    let key = [8; 32];
    let before = rows(&file, now).expect("it opens");
    let (old, new) = (file.clone(), ClientFile { key, ..file.clone() });
    let judge = move |_: &Scene, surely: bool| {
        let opens = |file: &ClientFile| match rows(file, now) {
            Ok(rows) => {
                assert_eq!(rows, before, "what is in the file");
                true
            }
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

/// What is written in a file, as far as it can be opened.
fn rows(file: &ClientFile, now: Timestamp) -> Result<Vec<String>, Error> {
    let reader = Reader::open(&file.opening())?;
    let mut rows = vec![format!("{:?}", reader.identity())];
    for room in reader.rooms(now)? {
        rows.push(room.uri.to_string());
        let all = Page::After(Position::default(), 10_000);
        for message in reader.timeline(now, &room.uri, all)? {
            rows.push(format!("{message:?} {:?}", message.octets));
        }
    }
    Ok(rows)
}

fn back_up(scene: &Scene) -> Prepared {
    scene
        .sam
        .within(&scene.hall)
        .says(&scene.fresh("before the copy"));
    back_up_to(scene, None)
}

/// Two writers, one after the other: SQLite writes the copy, and we into it that it is one.
fn back_up_witnessed(scene: &Scene) -> Prepared {
    scene
        .sam
        .within(&scene.hall)
        .says(&scene.fresh("before the copy"));
    let twin = scene.sam.twin().expect("its host keeps a twin");
    back_up_to(scene, Some(*twin.octets()))
}

/// A call that returned has made a copy that is whole in its one file, and known as one; one that failed has left none, or it could not be
/// made again. One that was cut short has made the same copy or none.
fn back_up_to(scene: &Scene, twin: Option<[u8; 16]>) -> Prepared {
    scene.sam_dies();
    let file = scene.file();
    let path = file.path.with_file_name(scene.fresh("copy"));
    let copy = ClientFile {
        path: path.clone(),
        key: file.key,
    };
    let now = scene.world.now();
    let wanted = rows(&file, now).expect("it opens");
    let judge = move |_: &Scene, surely: bool| {
        // Whoever moves the copy elsewhere moves one file.
        let moved = copy.path.with_file_name("moved");
        let is_there = std::fs::rename(&copy.path, &moved).is_ok();
        assert!(is_there || !surely, "the copy is not there");
        Client::wipe(&copy.path).expect("what is left is wiped");
        assert_eq!(beside(&copy.path), [""; 0], "nothing is left");
        let moved = ClientFile {
            path: moved,
            ..copy.clone()
        };
        if is_there {
            assert_eq!(rows(&moved, now).as_ref(), Ok(&wanted), "what is in the copy");
            assert!(
                twin.is_none() || is_known_as_a_copy(&moved, twin, now),
                "a copy that passes for the client"
            );
        }
        Client::wipe(&moved.path).expect("it is wiped");
    };
    Prepared {
        call: Call::BackUp { path, twin },
        file,
        lazy: false,
        spoils: false,
        judge: Box::new(judge),
    }
}

/// The names in a file's directory that begin with its own.
fn beside(path: &Path) -> Vec<String> {
    let own = path.file_name().expect("a name").to_string_lossy();
    let entries = std::fs::read_dir(path.parent().expect("a directory")).expect("a directory");
    let names = entries.map(|entry| entry.expect("a name").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(&*own)).collect()
}

/// Whether a host that has kept this twin is told.
fn is_known_as_a_copy(file: &ClientFile, twin: Option<[u8; 16]>, now: Timestamp) -> bool {
    let open = Call::Open { twin };
    let client = open.client(file, now).expect("it opens");
    let restored = client.restored();
    client.close().expect("it closes");
    restored
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
    scene.world.advance(Duration::from_secs(11));
    let hall = scene.hall.clone();
    scene.sam_dies();
    scene.world.advance(Duration::from_secs(30));
    Prepared {
        call: Call::Wake,
        file: scene.file(),
        lazy: false,
        spoils: false,
        judge: Box::new(move |scene, _| scene.written(&hall, &text, true)),
    }
}

/// What has expired is erased with its key, or not at all, and this is told once.
fn wake_to_erase(scene: &Scene) -> Prepared {
    let due = scene.world.now().as_millis() / 1_000 + 60;
    let expiring = Outgoing::text(&scene.fresh("for a minute"))
        .expiring(Expiration::Absolute(u32::try_from(due).expect("before 2106")));
    let id = scene.pat.within(&scene.hall).sends(&expiring);
    scene.world.settle();
    assert_eq!(alone(&scene.file()), (1, 1), "a message with a key of its own");
    // Its time is over, and the hub's time says so, before Sam looks again.
    scene.world.advance(Duration::from_secs(61));
    scene.pat.within(&scene.hall).says(&scene.fresh("a minute later"));
    scene.world.settle();
    scene.sam_dies();
    scene.world.advance(Duration::from_secs(3_601));
    assert_eq!(alone(&scene.file()), (1, 1), "it is not erased yet");
    Prepared {
        call: Call::Wake,
        file: scene.file(),
        lazy: false,
        spoils: false,
        judge: Box::new(move |scene, _| {
            assert_eq!(
                alone(&scene.file()),
                (0, 0),
                "messages that expire, and their keys"
            );
            let told = scene.sam.message_events(id);
            let told = told.iter().filter(|change| **change == MessageChange::Expired);
            assert_eq!(told.count(), 1);
        }),
    }
}

/// How many messages have a key of their own in a file, and how many such keys there are.
fn alone(file: &ClientFile) -> (i64, i64) {
    let file = Connection::open(&file.path).expect("a database");
    let count = "SELECT (SELECT count(*) FROM message WHERE alone = 1), (SELECT count(*) FROM scope_key WHERE kind = 5)";
    file.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("two numbers")
}
