//! The door of the update path.

use super::*;

#[test]
fn path_to_the_credential_of_another_client_is_refused() {
    let mut scene = Scene::new();
    let who = named("m.example", "mallory-tablet", &scene.mallory);
    let leaf = Some(parameters(Some(who), None));
    scene.refuses_plan(
        Plan {
            leaf,
            ..Plan::default()
        },
        "identity_changed",
    );
    scene.goes_on();
}

#[test]
fn path_to_the_credential_of_another_provider_is_refused() {
    let mut scene = Scene::new();
    let who = named("a.example", "alice-phone", &scene.mallory);
    let leaf = Some(parameters(Some(who), None));
    scene.refuses_plan(
        Plan {
            leaf,
            ..Plan::default()
        },
        "leaf_foreign_user",
    );
    scene.goes_on();
}

#[test]
fn path_to_another_user_is_refused() {
    let mut scene = Scene::new();
    let leaf = Some(parameters(
        None,
        Some(leaf_of("m.example", "mary", &scene.mallory)),
    ));
    scene.refuses_plan(
        Plan {
            leaf,
            ..Plan::default()
        },
        "identity_changed",
    );
    scene.goes_on();
}

#[test]
fn path_to_no_user_is_refused() {
    let mut scene = Scene::new();
    let leaf = Some(parameters(None, Some(without_user(&scene.mallory))));
    scene.refuses_plan(
        Plan {
            leaf,
            ..Plan::default()
        },
        "leaf_user_uri_missing",
    );
    scene.goes_on();
}

#[test]
fn path_to_another_client_of_another_user_under_the_same_key_is_refused() {
    let mut scene = Scene::new();
    let who = named("a.example", "alice-phone", &scene.mallory);
    let leaf = Some(parameters(
        Some(who),
        Some(leaf_of("a.example", "alice", &scene.mallory)),
    ));
    scene.refuses_plan(
        Plan {
            leaf,
            ..Plan::default()
        },
        "identity_changed",
    );
    scene.goes_on();
}

#[test]
fn path_to_another_client_of_another_user_under_another_key_is_refused() {
    let mut scene = Scene::new();
    let new = fresh();
    let who = credential(&client("c.example", "carol-pc"), new.public());
    let plan = Plan {
        leaf: Some(parameters(
            Some(who.clone()),
            Some(leaf_of("c.example", "carol", &scene.mallory)),
        )),
        new_keys: Some((new, who)),
        ..Plan::default()
    };
    scene.refuses_plan(plan, "identity_changed");
    scene.goes_on();
}

#[test]
fn path_to_the_key_of_another_member_is_refused() {
    let mut scene = Scene::new();
    let shared = scene.eve.shared_keys();
    let who = credential(&scene.mallory.uri, shared.public());
    scene.refuses_plan(
        Plan {
            new_keys: Some((shared, who)),
            ..Plan::default()
        },
        "signature_key_twin",
    );
    scene.goes_on();
}

#[test]
fn path_to_a_fresh_key_of_the_same_client_is_honest_and_told() {
    let mut scene = Scene::new();
    let (new, old) = (fresh(), scene.mallory.uri.clone());
    let who = credential(&old, new.public());
    let commit = scene
        .mallory
        .commits(Plan {
            new_keys: Some((new, who)),
            ..Plan::default()
        })
        .commit;
    let frame = scene.place.commit(&commit);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    key_change_is_told(&scene, &old);
}
