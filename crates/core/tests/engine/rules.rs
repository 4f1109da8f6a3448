//! The rules that the engine keeps towards those who link it, one test each.
//!
//! | rule | test |
//! |---|---|
//! | 1 `wrongEpoch` discards nothing | `stories::commits::an_own_accepted_commit_…` (three of them) |
//! | 2 encrypting again keeps the message | `stories::answers::an_accepted_message_whose_answer_was_lost_across_an_epoch_change_…`, `bad_frames::the_same_message_encrypted_twice_is_shown_once` |
//! | 3 the event log is a table | `stories::extension::the_app_finds_by_events_…`, `lifecycle::forgotten_events_are_gone_…` |
//! | 4 OpenMLS asks the clock | here, `clock_shift`, `bad_frames::an_add_by_a_key_package_that_has_expired_…` |
//! | 5 `receive` knows the room | here, `bad_frames::a_frame_that_the_host_puts_into_another_room_…`, `lifecycle::a_cursor_is_stored_with_its_batch_…` |
//! | 6 a frame's fate is returned | `bad_frames::a_frame_that_comes_again_is_known`, `stories::extension::the_extension_is_told_known_…` |
//! | 7 advertising is a verb of the app | here |
//! | 8 `read` is a verb | here |
//! | 9 proposals stop sending | here, `stories::membership::a_message_sent_while_somebody_leaves_waits_for_the_commit` |
//! | 10 a Welcome is joined at once | here, `stories::membership::an_invitation_…` |
//! | 11 messages overtake the Welcome | here, `stories::membership::messages_that_overtake_the_welcome_…`, `bad_frames::a_frame_of_a_room_that_we_are_not_in_…` |
//! | 12 expiry | here, `stories::app::a_clock_set_far_ahead_for_a_moment_…` |
//! | 13 queries never wait | here |
//! | 14 `pause` is a latch | here |
//! | 17 identity is data | `identity_doors` |
//! | 18 one event per user | `stories::membership::a_new_device_is_told_once_and_not_once_per_room` |
//! | 19 rows are folded as they are written | here, `stories::app::the_timeline_pages_…`; the oracle's laws are `comity-content`'s `timeline_laws` |

use std::time::Duration;

use comity::content::{Expiration, Supported};
use comity::room::{ParticipantUpdate, media_types};
use comity::{
    Allow, Change, Error, EventKind, FrameOutcome, Opening, Outgoing, Page, Phase, Position, RequestKind,
    Response, RoomChange, Seq, Step,
};
use comity_wire::components::PARTICIPANT_LIST;
use openmls::prelude::{ExtensionType, Lifetime, ProposalType};

use crate::support::*;

// Rule 4.

#[test]
fn rule_04_key_packages_are_back_dated_and_live_as_long_as_peers_allow() {
    let phone = Phone::new("a.example", "alice", "alice-phone");
    let now = seconds(phone.now);
    assert!(phone.key_packages.len() > 10);
    for key_package in &phone.key_packages {
        let lifetime: &Lifetime = key_package.life_time();
        assert!(lifetime.not_before() + 14 * 86_400 <= now, "weeks back");
        assert!(
            lifetime.not_after() - lifetime.not_before() <= 84 * 86_400 + 3_600,
            "84 days and an hour at most"
        );
        assert!(
            lifetime.not_after() >= now + 56 * 86_400,
            "28 days for the directory, 28 for whoever is offline"
        );
        assert!(lifetime.has_acceptable_range());
    }
}

#[test]
fn rule_04_key_packages_say_what_the_client_is_and_receives() {
    let phone = Phone::new("a.example", "alice", "alice-phone");
    let (last, others) = phone.key_packages.split_last().unwrap();
    for key_package in &phone.key_packages {
        let leaf = key_package.leaf_node();
        let facts = comity_mls::leaf_facts(leaf).unwrap();
        assert_eq!(facts.identity.client, phone.identity.client);
        assert_eq!(facts.identity.user, phone.identity.user);
        assert_eq!(facts.advertisement, Some(media_types::baseline()));
        assert!(
            leaf.capabilities()
                .extensions()
                .contains(&ExtensionType::AppDataDictionary)
        );
        for proposal in [ProposalType::AppDataUpdate, ProposalType::SelfRemove] {
            assert!(leaf.capabilities().proposals().contains(&proposal));
        }
        let dictionary = leaf.extensions().app_data_dictionary().unwrap().dictionary();
        let components = dictionary.get(&comity_wire::components::APP_COMPONENTS).unwrap();
        let components = <comity_wire::ComponentsList as comity_wire::Wire>::decode(components).unwrap();
        for id in [0x0001, 0x0003, 0x0022, 0x0023, 0x0025, 0x8001] {
            assert!(components.contains(id), "{id:#06x}");
        }
    }
    assert!(last.last_resort(), "the extension that OpenMLS looks at");
    let marked = |key_package: &openmls::prelude::KeyPackage| {
        let dictionary = key_package.extensions().app_data_dictionary();
        dictionary.is_some_and(|dictionary| {
            dictionary
                .dictionary()
                .get(&comity_wire::components::LAST_RESORT)
                .is_some()
        })
    };
    assert!(marked(last), "and the component that the draft asks for");
    assert!(
        others.iter().all(|other| !other.last_resort() && !marked(other)),
        "one of them is the last resort"
    );
}

#[test]
fn rule_04_the_last_resort_is_there_after_it_was_used_and_the_others_are_not() {
    let mut phone = Phone::new("a.example", "alice", "alice-phone");
    let (last, once) = (phone.key_packages.pop().unwrap(), phone.key_package());
    let mut welcomed = |name: &str, key_package: &openmls::prelude::KeyPackage| {
        let place = Place::new(room("h.example", name), &users());
        let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
        host.creates(&place.state());
        let welcome = host
            .commits(Plan {
                adds: vec![key_package.clone()],
                ..Plan::default()
            })
            .welcome
            .unwrap();
        host.merges();
        phone.receives(&place.welcome(&welcome, host.tree()))
    };
    for name in ["one", "two", "three"] {
        let outcome = welcomed(name, &last);
        assert!(
            matches!(outcome, FrameOutcome::Done { .. }),
            "{name}: {outcome:?}"
        );
    }
    assert!(matches!(welcomed("four", &once), FrameOutcome::Done { .. }));
    assert_eq!(code_of(&welcomed("five", &once)), "welcome_for_nobody");
}

// Rule 5.

#[test]
fn rule_05_while_more_follows_no_errands_are_run() {
    let mut scene = Scene::new();
    let proposal = scene.eve.leaves();
    let proposal = scene.place.proposal(&proposal);
    let now = scene.alice.now.plus(Duration::from_secs(3_600));
    let batch = |frames, more| comity::Batch {
        frames,
        cursor: None,
        more,
    };
    let at_first = scene
        .alice
        .client
        .receive(scene.alice.now, &batch(vec![proposal], true))
        .unwrap();
    assert_eq!(at_first.requests, []);
    let step = scene.alice.client.receive(now, &batch(Vec::new(), true)).unwrap();
    assert_eq!(step.requests, [], "the commit of the proposal is due, and waits");
    let step = scene
        .alice
        .client
        .receive(now, &batch(Vec::new(), false))
        .unwrap();
    let kinds: Vec<_> = step.requests.iter().map(|request| request.kind).collect();
    assert_eq!(kinds, [RequestKind::UpdateRoom]);
}

// Rule 7.

fn cards() -> Supported {
    comity_testkit::supports::enhanced()
}

fn kinds(step: &Step) -> Vec<RequestKind> {
    step.requests.iter().map(|request| request.kind).collect()
}

#[test]
fn rule_07_an_extension_may_not_advertise_and_opening_advertises_nothing() {
    let mut scene = Scene::new();
    scene.alice.client.pause().unwrap();
    let now = scene.alice.now;
    let mut extension = comity::Client::open(now, &Opening::extension(scene.alice.path(), KEY)).unwrap();
    assert_eq!(
        extension.advertise(now, &cards()).unwrap_err().code(),
        "extension_may_not"
    );
    assert_eq!(extension.restock(now, 0).unwrap_err().code(), "extension_may_not");
    assert_eq!(kinds(&extension.wake(now).unwrap()), []);
    extension.close().unwrap();
    scene.alice.client.resume().unwrap();
    assert_eq!(kinds(&scene.alice.client.wake(now).unwrap()), []);
}

#[test]
fn rule_07_in_a_small_room_key_packages_and_leaf_follow_at_once() {
    let mut scene = Scene::new();
    let now = scene.alice.now;
    let step = scene.alice.client.advertise(now, &cards()).unwrap();
    assert_eq!(
        kinds(&step),
        [RequestKind::PublishKeyPackages, RequestKind::UpdateRoom]
    );
    scene.serves(step.requests);
    let facts = comity_mls::leaf_facts(scene.alice.key_packages[0].leaf_node()).unwrap();
    assert_eq!(facts.advertisement.as_ref(), Some(&cards().media));
    let members = scene.alice.reader().members(&scene.uri(), 0, 10).unwrap();
    let own = members
        .iter()
        .find(|member| member.client == scene.alice.identity.client)
        .unwrap();
    assert_eq!(own.advertisement, cards().media);
    scene.still_reads();
}

#[test]
fn rule_07_in_a_large_room_the_leaf_follows_within_a_day_or_on_the_next_commit() {
    let mut scene = Scene::new();
    let adds = (0..30)
        .map(|n| Rogue::new("c.example", "carol", &format!("carol-{n}")).key_package())
        .collect();
    scene.everybody_follows(Plan {
        adds,
        ..Plan::default()
    });
    let now = scene.alice.now;
    let step = scene.alice.client.advertise(now, &cards()).unwrap();
    assert_eq!(
        kinds(&step),
        [RequestKind::PublishKeyPackages],
        "33 members: not all of them at once"
    );
    assert!(step.wake_at.is_some_and(|at| at <= now.plus(days(1))));
    let mut asked = Vec::new();
    let later = scene.alice.client.wake(now.plus(days(1))).unwrap();
    asked.extend(
        later
            .requests
            .into_iter()
            .filter(|request| request.kind == RequestKind::UpdateRoom),
    );
    assert_eq!(asked.len(), 1, "within a day");
    scene.serves(asked);
    let members = scene.alice.reader().members(&scene.uri(), 0, 100).unwrap();
    let own = members
        .iter()
        .find(|member| member.client == scene.alice.identity.client)
        .unwrap();
    assert_eq!(own.advertisement, cards().media);
}

#[test]
fn rule_07_what_a_room_requires_cannot_be_dropped() {
    let mut scene = Scene::new();
    let less = Supported {
        media: comity::room::Advertisement::new([media_types::png()]).unwrap(),
        languages: Vec::new(),
    };
    let error = scene.alice.client.advertise(scene.alice.now, &less).unwrap_err();
    assert_eq!(
        error,
        Error::Blocked(comity::Blocked::RoomsRequire(vec![scene.uri()]))
    );
}

// Rule 8 and rule 12.

fn expiring(scene: &mut Scene, text: &str, expires: Expiration) -> comity::MessageId {
    let content = text_content(&scene.mallory.user, &scene.place.uri, text)
        .expiring(expires)
        .encode()
        .unwrap();
    let message = scene.mallory.sends(content);
    let frame = scene.place.message(&message);
    scene.reads(&frame, text)
}

#[test]
fn rule_08_reading_starts_the_time_of_a_message_and_resets_what_is_unread() {
    let mut scene = Scene::new();
    let id = expiring(&mut scene, "for a minute", Expiration::Relative(60));
    let (uri, start) = (scene.uri(), scene.alice.now);
    let shown = |scene: &Scene, at| scene.alice.reader().message(at, id).unwrap().is_some();
    assert!(shown(&scene, start.plus(days(3))), "unread, it stays");
    assert_eq!(scene.alice.reader().room(&uri).unwrap().summary.unread, 1);
    let at = start.plus(days(1));
    let position = scene.alice.messages(&uri)[0].position;
    let step = scene.alice.client.read(at, &uri, position).unwrap();
    let read = |event: &comity::Event| {
        matches!(
            event.kind,
            EventKind::Room {
                change: RoomChange::Read,
                ..
            }
        )
    };
    assert!(step.events.iter().any(read));
    assert_eq!(scene.alice.reader().room(&uri).unwrap().summary.unread, 0);
    assert!(shown(&scene, at.plus(Duration::from_secs(59))));
    assert!(!shown(&scene, at.plus(Duration::from_secs(60))));
    assert_eq!(
        scene.alice.client.read(at, &uri, position).unwrap().events,
        [],
        "reading again changes nothing"
    );
}

#[test]
fn rule_12_what_has_expired_is_never_shown_and_erased_once_the_hub_says_so() {
    let mut scene = Scene::new();
    let (uri, now) = (scene.uri(), scene.alice.now);
    let due = seconds(now) + 3_600;
    let id = expiring(
        &mut scene,
        "an hour",
        Expiration::Absolute(u32::try_from(due).unwrap()),
    );
    let over = comity::Timestamp::from_millis(due * 1_000);
    let before = comity::Timestamp::from_millis(due * 1_000 - 1);
    let reader = scene.alice.reader();
    let visible = |at| {
        let timeline = reader
            .timeline(at, &uri, Page::After(Position::default(), 10))
            .unwrap();
        (
            reader.message(at, id).unwrap().is_some(),
            timeline.iter().any(|message| message.id == id),
        )
    };
    assert_eq!(visible(before), (true, true));
    assert_eq!(visible(over), (false, false));
    // The phone's clock says that it is over; the hub's does not yet.
    drop(scene.alice.client.wake(over).unwrap());
    assert_eq!(visible(before), (true, true), "nothing is lost");
    // A day later by the same clock it is certain.
    let mut at = over;
    while let Some(next) = scene
        .alice
        .client
        .wake(at)
        .unwrap()
        .wake_at
        .filter(|next| *next < over.plus(days(2)))
    {
        at = next.max(at.plus(Duration::from_secs(1)));
    }
    assert_eq!(visible(before), (false, false), "the octets are gone");
    let expired = |event: &comity::Event| matches!(&event.kind, EventKind::Message { change: comity::MessageChange::Expired, message, .. } if *message == id);
    assert!(scene.alice.events().iter().any(expired));
}

// Rule 9.

#[test]
fn rule_09_with_a_proposal_pending_the_commit_goes_first_and_the_message_follows() {
    let mut scene = Scene::new();
    let proposal = scene.eve.leaves();
    let frame = scene.place.proposal(&proposal);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    let now = scene.alice.now;
    let uri = scene.uri();
    let step = scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text("hi"), Allow::default())
        .unwrap();
    assert_eq!(kinds(&step), [RequestKind::UpdateRoom]);
    let request = step.requests[0].clone();
    let bundle = <comity_wire::HandshakeBundle as comity_wire::Wire>::decode(&request.body).unwrap();
    scene.mallory.follows(bundle.message(), &[proposal]);
    let body = accepted(bundle.message(), scene.place.tick());
    let step = scene
        .alice
        .client
        .answer(now, request.id, comity::Answer::Body(body))
        .unwrap();
    assert_eq!(kinds(&step), [RequestKind::SubmitMessage]);
    assert_eq!(
        scene.alice.reader().members(&uri, 0, 10).unwrap().len(),
        2,
        "Eve has gone"
    );
    scene.still_reads();
}

#[test]
fn rule_09_with_an_own_commit_pending_sending_goes_on() {
    let mut scene = Scene::new();
    let (now, uri) = (scene.alice.now, scene.uri());
    assert_eq!(
        kinds(&scene.alice.client.change(now, &uri, &[Change::Rotate]).unwrap()),
        [RequestKind::UpdateRoom]
    );
    let step = scene
        .alice
        .client
        .send(now, &uri, &Outgoing::text("hi"), Allow::default())
        .unwrap();
    assert_eq!(kinds(&step), [RequestKind::SubmitMessage]);
}

// Rules 10 and 11.

/// Carol's phone is welcomed to the scene's room. Returns the commit that adds it, the Welcome, and the phone.
fn welcoming(scene: &mut Scene) -> (comity::Frame, comity::Frame, Phone) {
    let mut carol = Phone::new("c.example", "carol", "carol-phone");
    let adds = vec![carol.key_package()];
    let bundle = scene.mallory.commits(Plan {
        adds,
        ..Plan::default()
    });
    scene.mallory.merges();
    let welcome = scene
        .place
        .welcome(&bundle.welcome.unwrap(), scene.mallory.tree());
    (scene.place.commit(&bundle.commit), welcome, carol)
}

#[test]
fn rule_10_an_invitation_is_joined_at_once_and_keeps_up_in_silence() {
    let mut scene = Scene::new();
    let (_, welcome, mut carol) = welcoming(&mut scene);
    let uri = scene.uri();
    let step = carol.steps(&[welcome]);
    assert_eq!(
        step.frames,
        [FrameOutcome::Done {
            message: None,
            notify: true
        }]
    );
    let invited: Vec<_> = step
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Room { .. }))
        .collect();
    let by = scene.mallory.user.clone();
    assert_eq!(invited.len(), 1);
    assert_eq!(
        invited[0].kind,
        EventKind::Room {
            room: uri.clone(),
            change: RoomChange::Invited { by }
        }
    );
    let mut frames = vec![scene.saying("while she thinks")];
    let commit = scene.mallory.commits(Plan::default()).commit;
    scene.mallory.merges();
    frames.push(scene.place.commit(&commit));
    frames.push(scene.saying("in the next epoch"));
    let step = carol.steps(&frames);
    assert_eq!(step.events, [], "no events");
    assert_eq!(step.requests, [], "no receipts");
    assert!(
        step.frames
            .iter()
            .all(|frame| matches!(frame, FrameOutcome::Done { notify: false, .. })),
        "{:?}",
        step.frames
    );
    assert_eq!(carol.epoch(&uri), scene.mallory.group().epoch().as_u64());
    let error = carol
        .client
        .send(carol.now, &uri, &Outgoing::text("hi"), Allow::default())
        .unwrap_err();
    assert_eq!(error.code(), "not_joined");
    drop(carol.client.respond(carol.now, &uri, Response::Accept).unwrap());
    assert_eq!(carol.texts(&uri), ["while she thinks", "in the next epoch"]);
}

#[test]
fn rule_10_declining_leaves_and_wipes() {
    let mut scene = Scene::new();
    let (_, welcome, mut carol) = welcoming(&mut scene);
    let uri = scene.uri();
    drop(carol.steps(&[welcome]));
    let frame = scene.saying("while she thinks");
    drop(carol.steps(&[frame]));
    let step = carol.client.respond(carol.now, &uri, Response::Decline).unwrap();
    assert_eq!(kinds(&step), [RequestKind::UpdateRoom]);
    assert_eq!(carol.texts(&uri), Vec::<String>::new());
    let bundle = <comity_wire::HandshakeBundle as comity_wire::Wire>::decode(&step.requests[0].body).unwrap();
    let gone = ParticipantUpdate {
        removed: vec![3],
        ..ParticipantUpdate::default()
    };
    let plan = Plan {
        held: vec![bundle.message().clone()],
        app_data: vec![app_data(PARTICIPANT_LIST, comity_wire::Wire::encode(&gone))],
        ..Plan::default()
    };
    let commit = scene.mallory.commits(plan).commit;
    scene.mallory.merges();
    drop(carol.steps(&[scene.place.commit(&commit)]));
    assert_eq!(carol.phase(&uri), Some(Phase::Left));
}

#[test]
fn rule_11_what_overtakes_the_welcome_is_read_and_the_commit_that_added_us_is_done_in_silence() {
    let mut scene = Scene::new();
    let (commit, welcome, mut carol) = welcoming(&mut scene);
    let uri = scene.uri();
    let early = scene.saying("early");
    let step = carol.steps(&[early, welcome, commit.clone()]);
    assert!(matches!(step.frames[0], FrameOutcome::Held { .. }));
    assert!(matches!(step.frames[1], FrameOutcome::Done { .. }));
    assert_eq!(
        step.frames[2],
        FrameOutcome::Done {
            message: None,
            notify: false
        }
    );
    assert!(
        !step
            .events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Frame { .. })),
        "{:?}",
        step.events
    );
    drop(carol.client.respond(carol.now, &uri, Response::Accept).unwrap());
    assert_eq!(carol.texts(&uri), ["early"]);
    assert!(!matches!(carol.receives(&commit), FrameOutcome::Rejected { .. }));
}

// Rule 13.

#[test]
fn rule_13_a_reader_answers_while_another_writes() {
    let mut scene = Scene::new();
    scene.still_reads();
    let reader = scene.alice.reader();
    let writer = rusqlite::Connection::open(scene.alice.path()).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM seen").unwrap();
    let timeline = reader
        .timeline(scene.alice.now, &scene.uri(), Page::Latest(10))
        .unwrap();
    assert_eq!(timeline.len(), 1);
    assert!(!reader.events(Seq::default(), 10).unwrap().is_empty());
    assert_eq!(reader.rooms(scene.alice.now).unwrap().len(), 1);
    let frame = scene.saying("busy");
    let batch = comity::Batch {
        frames: vec![frame.clone()],
        cursor: None,
        more: false,
    };
    let busy = scene.alice.client.receive(scene.alice.now, &batch).unwrap_err();
    assert_eq!((busy.code(), busy.advice()), ("busy", comity::Advice::Retry));
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    scene.reads(&frame, "busy");
}

#[test]
fn rule_13_no_query_holds_a_snapshot_after_it_has_answered() {
    let mut scene = Scene::new();
    let reader = scene.alice.reader();
    assert_eq!(
        reader
            .timeline(scene.alice.now, &scene.uri(), Page::Latest(10))
            .unwrap()
            .len(),
        0
    );
    scene.still_reads();
    assert_eq!(
        reader
            .timeline(scene.alice.now, &scene.uri(), Page::Latest(10))
            .unwrap()
            .len(),
        1,
        "the next sees what is new"
    );
    let file = rusqlite::Connection::open(scene.alice.path()).unwrap();
    let busy: i64 = file
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0, "and nobody keeps the write-ahead log from being emptied");
}

// Rule 14.

/// The handles that this process has on a file or its companions.
#[cfg(target_os = "linux")]
fn handles(path: &std::path::Path) -> Vec<std::path::PathBuf> {
    let name = path.to_str().unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.ok()?.path()).ok();
    open.filter_map(target)
        .filter(|target| target.to_str().is_some_and(|target| target.starts_with(name)))
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn rule_14_a_paused_client_has_no_handle_on_its_file_until_it_is_resumed() {
    let mut scene = Scene::new();
    scene.still_reads();
    let path = scene.alice.path().to_owned();
    assert!(!handles(&path).is_empty());
    scene.alice.client.pause().unwrap();
    assert_eq!(handles(&path), Vec::<std::path::PathBuf>::new());
    let (now, uri) = (scene.alice.now, scene.uri());
    let client = &mut scene.alice.client;
    let nothing = comity::Batch {
        frames: Vec::new(),
        cursor: None,
        more: false,
    };
    let calls = [
        client.receive(now, &nothing).map(drop),
        client
            .answer(now, comity::RequestId([0; 16]), comity::Answer::Undeliverable)
            .map(drop),
        client.wake(now).map(drop),
        client
            .send(now, &uri, &Outgoing::text("hi"), Allow::default())
            .map(drop),
        client.read(now, &uri, Position::default()).map(drop),
        client.change(now, &uri, &[Change::Rotate]).map(drop),
        client.respond(now, &uri, Response::Accept).map(drop),
        client.join(now, &uri, None).map(drop),
        client.advertise(now, &cards()).map(drop),
        client.restock(now, 0).map(drop),
        client.forget(now, Seq(1)).map(drop),
        client.reader().map(drop),
    ];
    assert!(calls.iter().all(|call| *call == Err(Error::Paused)), "{calls:?}");
    assert_eq!(
        handles(&path),
        Vec::<std::path::PathBuf>::new(),
        "and none has opened it again"
    );
    client.pause().unwrap(); // twice does no harm
    client.resume().unwrap();
    scene.still_reads();
}

#[cfg(target_os = "linux")]
#[test]
fn rule_14_the_readers_of_a_paused_client_have_no_handle_either() {
    let mut scene = Scene::new();
    let path = scene.alice.path().to_owned();
    let reader = scene.alice.reader();
    scene.alice.client.pause().unwrap();
    assert_eq!(
        handles(&path),
        Vec::<std::path::PathBuf>::new(),
        "an idle reader holds a lock on the index"
    );
    assert_eq!(reader.rooms(scene.alice.now).map(drop), Err(Error::Paused));
    scene.alice.client.resume().unwrap();
    assert_eq!(scene.alice.reader().rooms(scene.alice.now).unwrap().len(), 1);
}

// Rule 19.

#[test]
fn rule_19_a_reaction_costs_one_message_and_leaves_the_others_alone() {
    let mut scene = Scene::new();
    let ids: Vec<_> = (0..40).map(|_| scene.still_reads()).collect();
    let before = scene.alice.rows();
    let part = comity::content::Part::reaction("❤").unwrap();
    let mut content = text_content(&scene.mallory.user, &scene.place.uri, "");
    content.part = part;
    let message = scene.mallory.sends(content.in_reply_to(ids[7]).encode().unwrap());
    let frame = scene.place.message(&message);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    let after = scene.alice.rows();
    let same = before["message"]
        .iter()
        .filter(|row| after["message"].contains(row))
        .count();
    assert_eq!(same, ids.len() - 1, "one row is folded anew");
    let reacted = scene
        .alice
        .reader()
        .message(scene.alice.now, ids[7])
        .unwrap()
        .unwrap();
    assert_eq!(reacted.reactions.len(), 1);
}
