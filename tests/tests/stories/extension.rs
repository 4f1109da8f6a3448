//! Story A: a notification extension opens the same file and takes turns with the app.

use std::time::Duration;

use comity::{Batch, Error, Frame, FrameOutcome, RequestKind, Seq};
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
