//! Story A: a notification extension opens the same file and takes turns with the app.

use std::time::Duration;

use comity::{Batch, Budget, Error, Frame, FrameOutcome, HeldUntil, Position, RequestKind, Seq};
use comity_testkit::Weather;

use crate::support::Cast;

/// What a push wakes an extension with: frames that move no cursor, and no errands.
fn alone(frames: Vec<Frame>) -> Batch {
    Batch {
        frames,
        cursor: None,
        more: true,
    }
}

fn outcome_of(outcome: &FrameOutcome) -> String {
    match outcome {
        FrameOutcome::Done { .. } => "done".to_owned(),
        FrameOutcome::Held { until } => format!("held: {until:?}"),
        other => format!("{other:?}"),
    }
}

/// Rules 3 and 6.
#[test]
fn the_app_finds_by_events_what_the_extension_consumed_and_the_second_delivery_says_known() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    let id = cast.alice.says("hi");
    cast.world.settle();
    let frames = cast.bob.unfetched();
    let before = cast.bob.events().last().map_or(Seq(0), |event| event.seq);

    let batch = alone(frames);
    let step = cast
        .bob
        .as_extension(|extension, now| extension.receive(now, &batch))
        .unwrap();
    assert_eq!(
        step.frames,
        [FrameOutcome::Done {
            message: Some(id),
            notify: true
        }]
    );

    let news = cast.bob.asks(|reader| reader.events(before, 10)).unwrap();
    assert_eq!(
        news, step.events,
        "what the extension's step said and the app never saw"
    );
    cast.bob.sees(["alice: hi"]);
    cast.bob.listens();
    cast.world.settle();
    let outcomes = cast.bob.outcomes();
    assert_eq!(
        outcomes.last(),
        Some(&FrameOutcome::Known {
            message: Some(id),
            notify: true
        })
    );
    cast.bob.sees(["alice: hi"]);
    assert_eq!(cast.bob.rejections(), []);
}

/// Rule 6, the other way round: the extension must show text even when the socket already consumed the frame.
#[test]
fn the_extension_is_told_known_of_what_the_app_consumed() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    let id = cast.alice.says("hi");
    cast.world.settle();
    let frames = cast.bob.unfetched();
    cast.bob.listens();
    cast.world.settle();
    let batch = alone(frames);
    let step = cast
        .bob
        .as_extension(|extension, now| extension.receive(now, &batch))
        .unwrap();
    assert_eq!(
        step.frames,
        [FrameOutcome::Known {
            message: Some(id),
            notify: true
        }]
    );
}

#[test]
fn app_and_extension_take_turns_and_the_app_goes_on_with_what_the_extension_wrote() {
    let cast = Cast::two(1);
    for round in 0..5 {
        cast.bob.says(&format!("bob {round}"));
        cast.bob.is_deaf();
        cast.alice.rotates();
        cast.alice.says(&format!("alice {round}"));
        cast.world.settle();
        let batch = alone(cast.bob.unfetched());
        let _: comity::Step = cast
            .bob
            .as_extension(|extension, now| extension.receive(now, &batch))
            .unwrap();
        cast.bob.says(&format!("bob {round} again"));
        cast.bob.listens();
        cast.world.settle();
    }
    assert_eq!(cast.alice.timeline().len(), 15);
    assert_eq!(cast.alice.timeline(), cast.bob.timeline());
    assert_eq!(cast.bob.rejections(), []);
    cast.agrees();
}

/// A new key is a transaction like any other: what another process wrote before it must not be overlooked after it.
#[test]
fn after_a_new_key_the_app_goes_on_with_what_the_extension_wrote_before_it() {
    let cast = Cast::two(1);
    cast.bob.says("from the app");
    cast.world.settle();
    let (room, quick) = (cast.world.room(), comity::Outgoing::text("from the extension"));
    let step = cast
        .bob
        .as_extension(|extension, now| extension.send(now, &room, &quick, comity::Allow::default()))
        .unwrap();
    assert_eq!(step.requests.len(), 1);
    let (_, key) = cast.bob.file();
    cast.bob.acts("renews its key, and sends", |client, now| {
        client.rekey(&comity::Key32::new(key))?;
        let text = comity::Outgoing::text("from the app again");
        client.send(now, &room, &text, comity::Allow::default())
    });
    cast.world.settle();
    assert_eq!(cast.alice.rejections(), [], "a key was used twice");
    assert_eq!(cast.alice.timeline().len(), 3);
    assert_eq!(cast.alice.timeline(), cast.bob.timeline());
    cast.agrees();
}

/// Rule 5: a pushed frame must not move the cursor, and `more: true` postpones errands.
#[test]
fn a_push_moves_no_cursor_and_runs_no_errands() {
    let cast = Cast::three(1);
    cast.bob.is_deaf();
    cast.alice.is_cut_off();
    cast.carol.leaves();
    cast.world.advance(Duration::from_secs(1));
    let frames = cast.bob.unfetched();
    assert_eq!(frames.len(), 1, "a proposal");
    let batch = alone(frames);
    let step = cast
        .bob
        .as_extension(|extension, now| extension.receive(now, &batch))
        .unwrap();
    assert_eq!(step.requests, [], "no commit of the proposal yet");
    assert_eq!(cast.bob.unfetched().len(), 1);
    cast.bob.listens();
    cast.alice.is_back();
    cast.world.settle();
    assert_eq!(cast.alice.members().len(), 2);
    cast.agrees();
}

#[test]
fn the_app_posts_what_an_extension_could_not() {
    let cast = Cast::two(1);
    let room = cast.world.room();
    let reply = comity::Outgoing::text("quick reply");
    let step = cast
        .bob
        .as_extension(|extension, now| extension.send(now, &room, &reply, comity::Allow::default()))
        .unwrap();
    assert_eq!(step.requests.len(), 1);
    assert_eq!(step.requests[0].kind, RequestKind::SubmitMessage);
    cast.world.settle();
    cast.alice.sees(["bob: quick reply"]);
}

/// What an extension has that may need no memory for a frame.
const TINY: Budget = Budget {
    memory: 0,
    ..Budget::EXTENSION
};

#[test]
fn what_is_too_heavy_for_the_extension_is_held_for_the_app_which_takes_it_with_its_next_step() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    cast.alice.rotates();
    let id = cast.alice.says("hi");
    cast.world.settle();
    let frames = cast.bob.unfetched();
    assert_eq!(frames.len(), 2, "a commit, and a message of the next epoch");
    let batch = alone(frames);
    let held = FrameOutcome::Held {
        until: HeldUntil::MainApp,
    };
    let step = cast
        .bob
        .as_extension_within(TINY, |extension, now| extension.receive(now, &batch))
        .unwrap();
    assert_eq!(step.frames, [held.clone(), held]);
    assert_eq!(step.events, [], "nothing is wrong, and nothing is to be fetched");
    assert_eq!(step.wake_at, Some(cast.world.now()), "the app is to come at once");
    cast.bob.sees([]);
    cast.bob.acts("marks the room as read", |client, now| {
        client.read(now, &cast.world.room(), Position::default())
    });
    cast.bob.sees(["alice: hi"]);
    cast.bob.listens();
    cast.world.settle();
    let known = FrameOutcome::Known {
        message: Some(id),
        notify: true,
    };
    assert_eq!(
        cast.bob.outcomes().last(),
        Some(&known),
        "delivered to the app as well"
    );
    assert_eq!(cast.bob.rejections(), []);
    cast.agrees();
}

/// The app was not there when the extension came by.
#[test]
fn what_is_held_for_the_app_is_taken_with_the_first_step_after_it_was_opened() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    cast.alice.rotates();
    cast.alice.says("hi");
    cast.world.settle();
    let batch = alone(cast.bob.unfetched());
    cast.bob.closes();
    let step = cast
        .bob
        .as_extension_within(TINY, |extension, now| extension.receive(now, &batch))
        .unwrap();
    assert_eq!(step.frames.len(), 2);
    let (path, key) = cast.bob.file();
    let opening = comity::Opening::app(path, comity::Key32::new(key)).witnessed(comity::Witnesses {
        twin: cast.bob.twin(),
        last_request: None,
    });
    let mut app = comity::Client::open(cast.bob.now(), &opening).unwrap();
    let room = cast.world.room();
    let text = comity::Outgoing::text("ho");
    let step = app
        .send(cast.bob.now(), &room, &text, comity::Allow::default())
        .unwrap();
    let [request] = &step.requests[..] else {
        panic!("one message: {:?}", step.requests);
    };
    assert_eq!(request.kind, RequestKind::SubmitMessage);
    let reader = app.reader().unwrap();
    assert_eq!(
        reader.room(&room).unwrap().summary.epoch,
        cast.alice.epoch(),
        "of the present epoch"
    );
}

#[test]
fn an_extension_may_be_able_to_take_a_message_but_no_commit() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    cast.alice.says("before");
    cast.alice.rotates();
    cast.world.settle();
    cast.alice.says("after");
    cast.world.settle();
    let batch = alone(cast.bob.unfetched());
    let mut budgets = (0..).map(|step| Budget {
        memory: step * 5_000,
        ..TINY
    });
    let enough_for_the_message = |budget: &Budget| {
        cast.bob.as_extension_within(*budget, |extension, now| {
            let look = extension.reader().unwrap().preview(now, &batch.frames[0]);
            look.unwrap().is_some()
        })
    };
    let budget = budgets.find(enough_for_the_message).unwrap();
    let step = cast
        .bob
        .as_extension_within(budget, |extension, now| extension.receive(now, &batch))
        .unwrap();
    let codes: Vec<_> = step.frames.iter().map(outcome_of).collect();
    assert_eq!(codes, ["done", "held: MainApp", "held: Commit"]);
    assert_eq!(cast.bob.events().last(), step.events.last());
    cast.bob.sees(["alice: before"]);
    cast.bob.closes();
    cast.bob.starts();
    cast.world.advance(Duration::from_secs(1));
    cast.bob.sees(["alice: before", "alice: after"]);
    cast.bob.listens();
    cast.world.settle();
    assert_eq!(cast.bob.rejections(), []);
    cast.agrees();
}

#[test]
fn a_welcome_that_is_too_heavy_for_the_extension_is_there_when_the_app_comes() {
    let cast = Cast::two(1);
    let carol = &cast.carol;
    carol.is_deaf();
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    let batch = alone(carol.unfetched());
    let step = carol
        .as_extension_within(TINY, |extension, now| extension.receive(now, &batch))
        .unwrap();
    assert!(
        step.frames
            .iter()
            .any(|outcome| outcome_of(outcome) == "held: MainApp")
    );
    cast.world.advance(Duration::from_secs(1));
    carol.accepts();
    carol.listens();
    cast.world.settle();
    carol.says("here I am");
    cast.world.settle();
    assert_eq!(carol.rejections(), []);
    cast.alice.sees(["carol: here I am"]);
}

#[test]
fn a_look_into_a_frame_of_a_room_too_large_for_the_extension_shows_nothing() {
    let cast = Cast::two(1);
    cast.bob.is_deaf();
    cast.alice.says("hi");
    cast.world.settle();
    let frame = cast.bob.unfetched().remove(0);
    let look = |budget| {
        cast.bob.as_extension_within(budget, |extension, now| {
            extension.reader().unwrap().preview(now, &frame).unwrap()
        })
    };
    assert!(look(Budget::EXTENSION).is_some());
    assert!(look(TINY).is_none());
}

/// Rule 7: renewing leaves, committing proposals and repairing are the app's.
#[test]
fn an_extension_makes_no_commit_of_its_own_accord() {
    let cast = Cast::three(1);
    cast.bob.is_deaf();
    cast.alice.is_cut_off();
    cast.carol.leaves();
    cast.world.advance(Duration::from_secs(1));
    let batch = Batch {
        more: false,
        ..alone(cast.bob.unfetched())
    };
    let room = cast.world.room();
    let reply = comity::Outgoing::text("quick reply");
    let requests = cast.bob.as_extension(|extension, now| {
        let received = extension.receive(now, &batch).unwrap();
        let sent = extension
            .send(now, &room, &reply, comity::Allow::default())
            .unwrap();
        let woken = extension.wake(now.plus(Duration::from_secs(86_400))).unwrap();
        [received, sent, woken].map(|step| step.requests)
    });
    assert_eq!(requests.concat(), [], "not even for a message that waits for one");
    cast.bob.listens();
    cast.alice.is_back();
    cast.world.settle();
    assert_eq!(cast.alice.members().len(), 2);
    cast.alice.sees(["bob: quick reply"]);
    cast.agrees();
}

/// Rule 7: advertising is the app's.
#[test]
fn an_extension_may_not_advertise() {
    let cast = Cast::two(1);
    let supported = comity_testkit::supports::basic();
    let refused = cast
        .bob
        .as_extension(|extension, now| extension.advertise(now, &supported))
        .unwrap_err();
    assert_eq!(refused.code(), "extension_may_not");
}

/// Rule 14: `pause` is a latch.
#[test]
fn a_paused_client_says_so_until_it_is_resumed_and_lets_others_have_the_file() {
    let cast = Cast::two(1);
    let paused = cast.bob.tries("pauses and is asked to wake", |client, now| {
        client.pause()?;
        client.wake(now)
    });
    assert_eq!(paused.unwrap_err(), Error::Paused);
    let batch = alone(Vec::new());
    let _: comity::Step = cast
        .bob
        .as_extension(|extension, now| extension.receive(now, &batch))
        .unwrap();
    cast.bob.acts("resumes and wakes", |client, now| {
        client.resume()?;
        client.wake(now)
    });
    cast.alice.says("hi");
    cast.world.settle();
    cast.bob.sees(["alice: hi"]);
}

#[test]
fn pushes_and_pages_in_any_order_bring_each_message_once() {
    let cast = Cast::three(7);
    cast.world.weather(Weather {
        push_frames: 100,
        reorder_frames: 50,
        ..Weather::STORM
    });
    for round in 0..10 {
        for actor in cast.everybody() {
            actor.says(&format!("{} {round}", actor.name()));
        }
        cast.world.advance(Duration::from_secs(3));
    }
    cast.world.settle();
    assert_eq!(cast.alice.timeline().len(), 30);
    cast.agrees();
}
