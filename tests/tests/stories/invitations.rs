//! Story C: what becomes of an invitation, client by client.

use std::time::Duration;

use comity::room::{Requirement, media_types};
use comity::{ClientOutcome, FrameOutcome, Phase, RoomChange, TaskState};
use comity_testkit::supports;

use crate::support::Cast;

#[test]
fn a_task_tells_what_became_of_each_client_of_an_invited_user() {
    let cast = Cast::new(1);
    let requirement = Requirement::new([
        media_types::mimi_content(),
        media_types::text_plain(),
        media_types::markdown(),
        media_types::html(),
    ])
    .unwrap();
    let dave = cast.world.user("dave@d.example");
    let phone = cast.world.client("dave-phone", &dave, &supports::enhanced());
    let tablet = cast.world.client("dave-tablet", &dave, &supports::basic());
    cast.world.provider("d.example", |server| {
        let watch = comity_testkit::names::client("dave-watch@d.example");
        server.shelves.register(&dave, &watch);
    });
    cast.world.settle();
    cast.alice.creates_at("a.example", "pictures", Some(requirement));
    let task = cast.alice.invites(&dave);
    cast.world.settle();
    let task = cast.alice.task(task);
    assert_eq!(task.state, TaskState::Partial);
    let outcome = |name: &str| {
        let client = comity_testkit::names::client(&format!("{name}@d.example"));
        let found = task.invites[0].clients.iter().find(|(other, _)| *other == client);
        found.map(|(_, outcome)| outcome.clone())
    };
    assert_eq!(outcome("dave-phone"), Some(ClientOutcome::Added));
    assert_eq!(
        outcome("dave-tablet"),
        Some(ClientOutcome::CannotReceive(vec![media_types::html()]))
    );
    assert_eq!(outcome("dave-watch"), Some(ClientOutcome::NoKeyPackage));
    assert_eq!(phone.phase(), Some(Phase::Invited));
    assert_eq!(tablet.phase(), None);
}

#[test]
fn an_invitation_of_somebody_unknown_or_unwilling_says_so() {
    let cast = Cast::two(1);
    let nobody = cast.world.user("nobody@b.example");
    let task = cast.alice.invites(&nobody);
    cast.world.settle();
    assert_eq!(
        cast.alice.task(task).invites[0].failed.as_deref(),
        Some("user_unknown")
    );
    cast.world.provider("c.example", |server| {
        server.shelves.withdraw_consent(&cast.users.carol)
    });
    let task = cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    assert_eq!(
        cast.alice.task(task).invites[0].failed.as_deref(),
        Some("no_consent")
    );
    assert_eq!(cast.alice.members().len(), 2);
    assert_eq!(cast.alice.epoch(), 1, "no commit for nobody");
}

#[test]
fn a_user_of_a_provider_that_does_not_exist_cannot_be_invited() {
    let cast = Cast::two(1);
    let task = cast
        .alice
        .invites(&comity_testkit::names::user("eve@nowhere.example"));
    cast.world.settle();
    let task = cast.alice.task(task);
    assert_eq!(task.invites[0].failed.as_deref(), Some("undeliverable"));
}

#[test]
fn inviting_whoever_is_there_already_changes_nothing() {
    let cast = Cast::two(1);
    let task = cast.alice.invites(&cast.users.bob);
    cast.world.settle();
    let task = cast.alice.task(task);
    assert_eq!(task.state, TaskState::Done);
    assert_eq!(
        task.invites[0].clients,
        [(cast.bob.client(), ClientOutcome::Present)]
    );
    assert_eq!(cast.alice.epoch(), 1);
}

#[test]
fn two_users_are_invited_in_one_commit() {
    let cast = Cast::new(1);
    cast.alice.creates("clubhouse");
    let invite = |user: &comity::UserUri| comity::Change::Invite {
        user: user.clone(),
        role: None,
        key_packages: Vec::new(),
    };
    let task = cast
        .alice
        .changes(&[invite(&cast.users.bob), invite(&cast.users.carol)]);
    cast.world.settle();
    assert_eq!(cast.alice.task(task).state, TaskState::Done);
    assert_eq!(cast.alice.epoch(), 1);
    cast.bob.accepts();
    cast.carol.accepts();
    cast.bob.says("hi carol");
    cast.world.settle();
    cast.carol.sees(["bob: hi carol"]);
    cast.agrees();
}

#[test]
fn members_may_not_do_what_only_administrators_may() {
    let cast = Cast::three(1);
    let remove = comity::Change::RemoveUser(cast.users.carol.clone());
    let can = cast
        .bob
        .asks(|reader| reader.can(&cast.world.room(), &remove))
        .unwrap_err();
    let refused = cast.bob.tries_to_change(&[remove]).unwrap_err();
    assert_eq!((can.code(), refused.code()), ("not_allowed", "not_allowed"));
    assert_eq!(can, refused, "asked before the tap, the answer is the same");
}

#[test]
fn a_room_that_exists_cannot_be_created_a_second_time() {
    let cast = Cast::new(1);
    let dora = cast.world.user("dora@a.example");
    let other = cast.world.client("dora", &dora, &supports::basic());
    cast.world.settle();
    cast.alice.creates("clubhouse");
    cast.world.settle();
    other.creates("clubhouse");
    cast.world.settle();
    assert_eq!(other.phase(), Some(Phase::Refused));
    assert!(matches!(other.room_events().last(), Some(RoomChange::Refused(_))));
    assert_eq!(cast.alice.phase(), Some(Phase::Joined));
}

#[test]
fn a_room_at_a_foreign_hub_works_like_one_at_home() {
    let cast = Cast::new(1);
    cast.bob.creates_at("c.example", "away", None);
    cast.bob.invites(&cast.users.alice);
    cast.bob.invites(&cast.users.carol);
    cast.world.settle();
    cast.alice.accepts();
    cast.carol.accepts();
    cast.alice.says("hello from a");
    cast.world.settle();
    for actor in cast.everybody() {
        actor.sees(["alice: hello from a"]);
    }
    cast.agrees();
}

#[test]
fn key_packages_are_handed_out_once_and_restocked_before_they_run_out() {
    let cast = Cast::new(1);
    let bob = cast.bob.client();
    let left = || {
        cast.world
            .provider("b.example", |server| server.shelves.left(&bob))
    };
    let before = left();
    for number in 0..before + 3 {
        cast.alice.creates(&format!("room-{number}"));
        cast.alice.invites(&cast.users.bob);
        cast.world.settle();
        assert_eq!(
            cast.bob.phase(),
            Some(Phase::Invited),
            "room {number}, {} left",
            left()
        );
    }
    assert!(
        left() > 0,
        "the client restocks by itself as its key packages are used"
    );
}

/// What helps a person before the tap must say the same as what happens after it.
#[test]
fn what_can_refuses_change_refuses_and_the_other_way_round() {
    use comity::Change;
    use comity::room::{MediaType, Requirement, Roles, media_types};
    let cast = Cast::three(1);
    let absent = cast.world.user("absent@b.example");
    let metadata = cast
        .alice
        .asks(|reader| reader.room(&cast.world.room()))
        .unwrap()
        .metadata;
    let cards = MediaType::parse("application/vnd.cards").unwrap();
    let requirement = Requirement::new([media_types::mimi_content(), cards]).unwrap();
    let changes = [
        Change::RemoveUser(absent.clone()),
        Change::RemoveUser(cast.users.carol.clone()),
        Change::RemoveClient(comity_testkit::names::client("absent@b.example")),
        Change::RemoveClient(cast.carol.client()),
        Change::SetRole(absent, Roles::ADMIN),
        Change::SetRole(cast.users.bob.clone(), Roles::ADMIN),
        Change::SetRole(cast.users.alice.clone(), Roles::MEMBER),
        Change::Metadata(metadata),
        Change::Require(requirement),
        Change::Rotate,
    ];
    for actor in [&cast.bob, &cast.alice] {
        for change in &changes {
            let before = actor
                .asks(|reader| reader.can(&cast.world.room(), change))
                .map_err(|error| error.code());
            // Nothing leaves, so that no change has an effect on the next.
            actor.is_cut_off();
            let after = actor
                .tries_to_change(std::slice::from_ref(change))
                .map_err(|error| error.code());
            assert_eq!(before, after.map(drop), "{}: {change:?}", actor.name());
        }
    }
}

/// Until somebody commits their leaving, what is said still reaches them.
#[test]
fn whoever_has_declined_is_told_of_nothing_more_and_keeps_nothing() {
    let cast = Cast::two(1);
    let carol = &cast.carol;
    cast.alice.invites(&cast.users.carol);
    cast.world.settle();
    cast.bob.says("before");
    cast.world.settle();
    cast.alice.is_cut_off();
    carol.declines();
    let id = cast.bob.says("after");
    cast.world.advance(Duration::from_secs(1));
    assert_eq!(carol.message_events(id), [], "it is told");
    let told = |outcome: &FrameOutcome| {
        matches!(
            outcome,
            FrameOutcome::Done {
                notify: true,
                message: Some(_)
            }
        )
    };
    assert!(!carol.outcomes().iter().any(told), "{:?}", carol.outcomes());
    cast.alice.is_back();
    cast.world.settle();
    assert_eq!(carol.phase(), Some(Phase::Left));
    carol.sees([]);
    cast.world.agrees(&cast.world.room(), &[&cast.alice, &cast.bob]);
}
