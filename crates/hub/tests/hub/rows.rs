//! What is stored: how much a message touches, what races, what is remembered, and for how long.

use std::collections::BTreeMap;

use comity_hub::{Caller, Endpoint, Facts, Fault, HEAD_OCTETS, Limits, Part, Rows, Version, Write};
use comity_room::{Participant, ParticipantList, Roles, RoomUri};
use comity_wire::{CreateRoomResponse, HandshakeBundle, Wire as _};
use openmls::group::GroupId;

use crate::support::*;

/// A room whose list has `listed` users more than Alice, and Bob in it.
fn crowded(listed: usize) -> World {
    let mut world = World::new();
    let mut alice = Device::new("a.example", "alice", "alice-phone");
    let mut state = alice.new_state(&world.room, &world.host.identity());
    let others = (0..listed).map(|n| Participant {
        user: user("c.example", &format!("user{n}")),
        role: Roles::MEMBER,
    });
    state.participants =
        ParticipantList::new(state.participants.iter().cloned().chain(others).collect()).unwrap();
    let here = room("a.example", "crowd");
    state.room = here.clone();
    state.metadata.room_uri = here.as_str().to_owned();
    let body = alice.create_room_of(&here, &state).encode();
    accepted(
        &world
            .host
            .post(&here, &alice.caller(), Endpoint::CreateRoom, &body),
    );
    world.devices[ALICE] = alice;
    world.room = here;
    world.invites(ALICE, BOB);
    world
}

#[test]
fn a_message_touches_the_head_and_one_participant_whatever_the_rooms_size() {
    let cost = |world: &mut World| {
        let request = world.device(BOB).message("hi");
        let (room, caller) = (world.room.clone(), world.caller(BOB));
        let verdict = world
            .host
            .post(&room, &caller, Endpoint::SubmitMessage, &request.encode());
        accepted(&verdict);
        let reply = Part::Reply {
            epoch: 1,
            message: request.message.sha256(),
        };
        let participant = Part::Participant(user("b.example", "bob"));
        assert_eq!(world.host.read, [Part::Head, participant.clone(), reply.clone()]);
        let written: Vec<&Part> = verdict
            .writes
            .iter()
            .map(|write| match write {
                Write::Put { part, .. } => part,
                write => panic!("{write:?}"),
            })
            .collect();
        assert_eq!(written, [&Part::Head, &reply]);
        let octets = |part| world.row(part).unwrap().len();
        (octets(&Part::Head), octets(&participant), octets(&reply))
    };
    let small = cost(&mut crowded(0));
    let large = cost(&mut crowded(1000));
    assert_eq!(small, large);
    assert!(
        small.0 <= HEAD_OCTETS && small.1 < 100 && small.2 < 300,
        "{small:?}"
    );
}

#[test]
fn a_commit_writes_only_the_participants_that_it_changes() {
    let mut world = crowded(1000);
    let verdict = world.commits(ALICE, Plan::default());
    let participants = verdict.writes.iter().filter(|w| {
        matches!(
            w,
            Write::Put {
                part: Part::Participant(_),
                ..
            }
        )
    });
    assert_eq!(participants.count(), 0);
    let plan = world.devices[CAROL].invitation(&world.devices[ALICE]);
    let verdict = world.commits(ALICE, plan);
    let participants = verdict.writes.iter().filter(|w| {
        matches!(
            w,
            Write::Put {
                part: Part::Participant(_),
                ..
            }
        )
    });
    assert_eq!(participants.count(), 1);
}

#[test]
fn of_two_nodes_that_race_one_wins_and_the_other_reads_again() {
    let mut world = World::with_bob();
    let (room, bobs, alices) = (world.room.clone(), world.caller(BOB), world.caller(ALICE));
    let from_bob = world.device(BOB).commit(Plan::default()).encode();
    let from_alice = world.device(ALICE).commit(Plan::default()).encode();
    let message = world.device(BOB).message("hi").encode();
    let first = world.host.decide(&room, &bobs, Endpoint::UpdateRoom, &from_bob);
    let second = world
        .host
        .decide(&room, &alices, Endpoint::UpdateRoom, &from_alice);
    let third = world.host.decide(&room, &bobs, Endpoint::SubmitMessage, &message);
    accepted(&second);
    assert_eq!((first.expects, first.expects), (second.expects, third.expects));
    assert!(world.host.commit(&room, &second));
    let after = world.host.rows.clone();
    assert!(!world.host.commit(&room, &first) && !world.host.commit(&room, &third));
    assert_eq!(world.host.rows, after);

    let again = world.host.post(&room, &bobs, Endpoint::UpdateRoom, &from_bob);
    assert_eq!(refused(&again), "wrong_epoch");
    accepted(&world.host.post(&room, &bobs, Endpoint::SubmitMessage, &message));
}

#[test]
fn of_two_nodes_that_create_one_room_one_wins() {
    let mut host = Host::new("a.example", Limits::default());
    let mut alice = Device::new("a.example", "alice", "alice-phone");
    let here = room("a.example", "clubhouse");
    let create = |host: &mut Host, alice: &mut Device| {
        let body = alice.create_room(&here, &host.identity()).encode();
        host.decide(&here, &alice.caller(), Endpoint::CreateRoom, &body)
    };
    let (first, second) = (create(&mut host, &mut alice), create(&mut host, &mut alice));
    assert_eq!(first.expects, Version::ABSENT);
    assert!(host.commit(&here, &first));
    assert!(!host.commit(&here, &second));
}

#[test]
fn the_same_octets_get_the_same_answer() {
    let mut world = World::with_bob();
    let (room, bobs) = (world.room.clone(), world.caller(BOB));
    let message = world.device(BOB).message("hi").encode();
    let first = world.host.post(&room, &bobs, Endpoint::SubmitMessage, &message);
    world.host.now = world.host.now.plus(core::time::Duration::from_secs(60));
    let again = world.host.post(&room, &bobs, Endpoint::SubmitMessage, &message);
    assert_eq!(again.facts, Facts::Repeated);
    assert_eq!(again.reply, first.reply);
    assert!(again.writes.is_empty() && again.fanout.is_empty());

    let bundle = world.device(BOB).commit(Plan::default());
    let first = world.posts(BOB, &bundle);
    accepted(&first);
    let before = world.host.rows.clone();
    let again = world.posts(BOB, &bundle);
    assert_eq!((again.facts, again.reply), (Facts::Repeated, first.reply));
    assert_eq!(world.host.rows, before);
}

#[test]
fn a_creation_and_a_proposal_are_remembered_too() {
    let mut host = Host::new("a.example", Limits::default());
    let mut alice = Device::new("a.example", "alice", "alice-phone");
    let here = room("a.example", "clubhouse");
    let body = alice.create_room(&here, &host.identity()).encode();
    let first = host.post(&here, &alice.caller(), Endpoint::CreateRoom, &body);
    let again = host.post(&here, &alice.caller(), Endpoint::CreateRoom, &body);
    assert_eq!(again.facts, Facts::Repeated);
    assert_eq!(again.reply, first.reply);
    assert!(matches!(
        CreateRoomResponse::decode(&again.reply),
        Ok(CreateRoomResponse::Accepted { .. })
    ));

    let mut world = World::with_bob();
    let (room, bobs) = (world.room.clone(), world.caller(BOB));
    let body = HandshakeBundle::Proposals {
        proposal: world.device(BOB).leave(),
        more: vec![],
    }
    .encode();
    let first = world.host.post(&room, &bobs, Endpoint::UpdateRoom, &body);
    let again = world.host.post(&room, &bobs, Endpoint::UpdateRoom, &body);
    assert_eq!((again.facts, again.reply), (Facts::Repeated, first.reply));
}

#[test]
fn a_refused_commit_may_be_posted_again_once_it_is_whole() {
    let mut world = World::with_bob();
    let whole = {
        let plan = world.devices[CAROL].invitation(&world.devices[ALICE]);
        world.device(ALICE).commit(plan)
    };
    let part = Bundle {
        welcome: None,
        ..whole.clone()
    };
    assert_eq!(refused(&world.posts(ALICE, &part)), "missing_welcome");
    accepted(&world.posts(ALICE, &whole));
}

#[test]
fn answers_are_remembered_as_long_as_their_epoch_is_accepted() {
    let mut world = World::with_limits(Limits {
        epoch_tolerance: 2,
        ..Limits::default()
    });
    world.invites(ALICE, BOB);
    let (room, bobs) = (world.room.clone(), world.caller(BOB));
    let message = world.device(BOB).message("hi").encode();
    accepted(&world.host.post(&room, &bobs, Endpoint::SubmitMessage, &message));
    for _ in 0..2 {
        drop(world.commits(ALICE, Plan::default()));
        let again = world.host.post(&room, &bobs, Endpoint::SubmitMessage, &message);
        assert_eq!(again.facts, Facts::Repeated);
    }
    for _ in 0..2 {
        drop(world.commits(ALICE, Plan::default()));
    }
    let again = world.host.post(&room, &bobs, Endpoint::SubmitMessage, &message);
    assert_eq!(refused(&again), "epoch_too_old");
}

#[test]
fn a_commits_answer_is_remembered_at_any_tolerance() {
    let mut world = World::with_limits(Limits {
        epoch_tolerance: 0,
        ..Limits::default()
    });
    world.invites(ALICE, BOB);
    let bundle = world.device(BOB).commit(Plan::default());
    let first = world.posts(BOB, &bundle);
    let again = world.posts(BOB, &bundle);
    assert_eq!((again.facts, again.reply), (Facts::Repeated, first.reply));
}

#[test]
fn old_epochs_leave_nothing_behind() {
    let mut world = World::with_bob();
    for _ in 0..20 {
        drop(world.commits(BOB, Plan::default()));
        accepted(&world.says(ALICE, "hi"));
    }
    let rows = world.host.rows.get(&world.room).unwrap();
    let epochs = |of: fn(&Part) -> Option<u64>| rows.keys().filter_map(of).collect::<Vec<_>>();
    let kept = [20, 21];
    assert_eq!(
        epochs(|part| if let Part::Group(epoch) = part {
            Some(*epoch)
        } else {
            None
        }),
        kept
    );
    assert_eq!(
        epochs(|part| if let Part::Tree(epoch) = part {
            Some(*epoch)
        } else {
            None
        }),
        kept
    );
    assert_eq!(
        epochs(|part| if let Part::GroupInfo(epoch) = part {
            Some(*epoch)
        } else {
            None
        }),
        kept
    );
    let replies = epochs(|part| {
        if let Part::Reply { epoch, .. } = part {
            Some(*epoch)
        } else {
            None
        }
    });
    assert_eq!(replies.first(), Some(&16));
    assert!(replies.len() < 14, "{replies:?}");
}

#[test]
fn a_host_keeps_nothing_but_keys_and_octets() {
    let mut world = World::with_bob();
    for round in 0..4 {
        // Everything to one blob of text keys and octets, and back.
        let mut blob: BTreeMap<(String, String), Vec<u8>> = BTreeMap::new();
        let mut parts: BTreeMap<String, Part> = BTreeMap::new();
        for (room, rows) in &world.host.rows {
            for (part, octets) in rows {
                assert!(
                    parts.insert(part.to_string(), part.clone()).is_none(),
                    "two parts with one key"
                );
                blob.insert((room.to_string(), part.to_string()), octets.clone());
            }
        }
        let stopped = std::mem::replace(&mut world.host, Host::new("a.example", Limits::default()));
        world.host = Host::with_keys("a.example", stopped.keys, stopped.now);
        for ((room, key), octets) in blob {
            let rows = world.host.rows.entry(RoomUri::parse(&room).unwrap()).or_default();
            rows.insert(parts[&key].clone(), octets);
        }
        accepted(&world.says(BOB, "hi"));
        drop(world.commits(if round % 2 == 0 { ALICE } else { BOB }, Plan::default()));
    }
    assert_eq!(world.epoch(), 5);
}

#[test]
fn a_room_of_too_many_providers_is_refused_and_not_slowed_down() {
    let mut world = World::new();
    let mut refusal = None;
    for n in 0..60 {
        let guest = Device::new(&format!("provider-number-{n}.example"), "guest", "guest-phone");
        let plan = guest.invitation(&world.devices[ALICE]);
        let bundle = world.device(ALICE).commit(plan);
        let verdict = world.posts(ALICE, &bundle);
        refusal = verdict.refusal().cloned();
        if refusal.is_some() {
            break;
        }
        world.device(ALICE).merge();
    }
    assert_eq!(refusal.expect("refused at last").code(), "too_large");
    let head = world.row(&Part::Head).unwrap();
    assert!(head.len() <= HEAD_OCTETS && head.len() > HEAD_OCTETS / 2);
    accepted(&world.says(ALICE, "we are many"));
}

#[test]
fn a_room_that_was_let_in_never_grows_too_large_by_counting() {
    let mut host = Host::new("a.example", Limits::default());
    let mut alice = Device::new("a.example", "alice", "alice-phone");
    let here = room("a.example", "clubhouse");
    let state = alice.new_state(&here, &host.identity());
    // The longest name of a group that the hub still takes, of many rooms that somebody tries.
    let taken = (1..HEAD_OCTETS).rev().find(|octets| {
        let named = GroupId::from_slice(&vec![7; *octets]);
        let request = alice.create_group_of(named, &here, &state);
        let verdict = host.post(&here, &alice.caller(), Endpoint::CreateRoom, &request.encode());
        verdict.refusal().is_none_or(|refusal| {
            assert_eq!(refusal.code(), "too_large");
            false
        })
    });
    assert!(taken.expect("some are") > HEAD_OCTETS / 2);
    let mut world = World {
        host,
        room: here,
        devices: vec![alice],
    };
    for _ in 0..300 {
        accepted(&world.says(ALICE, "hi"));
    }
    drop(world.commits(ALICE, Plan::default()));
    assert!(world.row(&Part::Head).unwrap().len() <= HEAD_OCTETS);
}

/// What a faulty disk makes of a row.
type Change<'a> = &'a dyn Fn(&Part, Vec<u8>) -> Option<Vec<u8>>;

#[test]
fn rows_that_are_missing_or_damaged_are_the_hosts_fault() {
    let mut world = World::with_bob();
    let (room, bobs) = (world.room.clone(), world.caller(BOB));
    let body = world.device(BOB).commit(Plan::default()).encode();
    let seen = world.host.hub.inspect(Endpoint::UpdateRoom, &body).unwrap();
    let head = world.row(&Part::Head).unwrap().clone();
    let parts: Vec<Part> = seen
        .parts(Some(&head))
        .unwrap()
        .into_iter()
        .chain([Part::Head])
        .collect();
    let update = |rows: &Rows| world.host.hub.update(world.host.now, &bobs, rows, &body);
    let all = |change: Change<'_>| {
        let mut rows = Rows::of(room.clone());
        for part in &parts {
            if let Some(octets) = world.row(part).cloned().and_then(|octets| change(part, octets)) {
                rows = rows.with(part.clone(), octets);
            }
        }
        rows
    };
    assert!(
        update(&all(&|_, octets| Some(octets)))
            .unwrap()
            .refusal()
            .is_none()
    );
    for lost in [Part::Group(1), Part::Tree(1)] {
        let rows = all(&|part, octets| (*part != lost).then_some(octets));
        assert_eq!(update(&rows), Err(Fault::Missing(lost)));
    }
    for hit in [Part::Head, Part::Group(1), Part::Tree(1)] {
        let cut = all(&|part, octets| {
            Some(if *part == hit {
                octets[..octets.len() / 2].to_vec()
            } else {
                octets
            })
        });
        assert!(matches!(update(&cut), Err(Fault::Damaged(_))), "{hit}");
        let newer = all(&|part, mut octets| {
            if *part == hit {
                octets[0] = 2;
            }
            Some(octets)
        });
        assert!(matches!(update(&newer), Err(Fault::FromTheFuture(_))), "{hit}");
    }
}

/// The rows of a room as this crate first wrote them, with a commit that was made on it: whoever changes how rows are
/// written, or which OpenMLS writes them, still reads what hosts have. `REGENERATE_ROWS=1` writes the file again.
#[test]
fn rows_that_the_first_version_wrote_are_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rows-1.bin");
    if std::env::var_os("REGENERATE_ROWS").is_some() {
        let mut world = World::with_bob();
        let body = world.device(BOB).commit(Plan::default()).encode();
        let rows = world.host.rows.remove(&world.room).unwrap();
        let pieces = kept().map(|part| rows[&part].clone()).into_iter().chain([body]);
        let octets: Vec<u8> = pieces
            .flat_map(|piece| [&(piece.len() as u64).to_be_bytes()[..], &piece].concat())
            .collect();
        std::fs::write(path, octets).unwrap();
    }
    let octets = std::fs::read(path).unwrap();
    let mut rest = octets.as_slice();
    let mut piece = || {
        let (len, behind) = rest.split_first_chunk().unwrap();
        let (piece, behind) = behind.split_at(u64::from_be_bytes(*len).try_into().unwrap());
        rest = behind;
        piece.to_vec()
    };
    let mut host = Host::new("a.example", Limits::default());
    let here = room("a.example", "clubhouse");
    host.rows.insert(
        here.clone(),
        kept().map(|part| (part, piece())).into_iter().collect(),
    );
    let body = piece();
    let verdict = host.post(
        &here,
        &Caller::provider(provider("b.example")),
        Endpoint::UpdateRoom,
        &body,
    );
    assert!(matches!(verdict.facts, Facts::Commit(_)), "{:?}", verdict.facts);
    assert!(matches!(host.step_back(&here).facts, Facts::SteppedBack(_)));
}

fn kept() -> [Part; 6] {
    let participant = |domain, name| Part::Participant(user(domain, name));
    let (alice, bob) = (participant("a.example", "alice"), participant("b.example", "bob"));
    [
        Part::Head,
        Part::Group(1),
        Part::Tree(1),
        Part::GroupInfo(1),
        alice,
        bob,
    ]
}
