//! The door of the Add proposal.

use super::*;

#[test]
fn add_by_a_credential_of_another_provider_than_the_user_is_refused() {
    let mut scene = Scene::new();
    let carol = Rogue::new("x.example", "carol", "carol-pc");
    let adds = vec![key_package(&carol, leaf_of("c.example", "carol", &carol))];
    scene.refuses_plan(
        Plan {
            adds,
            ..Plan::default()
        },
        "leaf_foreign_user",
    );
    scene.goes_on();
}

#[test]
fn add_by_a_leaf_that_states_no_user_is_refused() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let adds = vec![key_package(&carol, without_user(&carol))];
    scene.refuses_plan(
        Plan {
            adds,
            ..Plan::default()
        },
        "leaf_user_uri_missing",
    );
    scene.goes_on();
}

#[test]
fn add_of_a_user_of_another_provider_is_refused() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let adds = vec![key_package(&carol, leaf_of("a.example", "alice", &carol))];
    scene.refuses_plan(
        Plan {
            adds,
            ..Plan::default()
        },
        "leaf_foreign_user",
    );
    scene.goes_on();
}

#[test]
fn add_of_a_client_that_is_there_already_under_another_key_is_refused() {
    let mut scene = Scene::new();
    let impostor = Rogue::new("a.example", "alice", "alice-phone");
    let adds = vec![impostor.key_package()];
    scene.refuses_plan(
        Plan {
            adds,
            ..Plan::default()
        },
        "client_twin",
    );
    scene.goes_on();
}

#[test]
fn add_of_the_same_client_twice_in_one_commit_is_refused() {
    let mut scene = Scene::new();
    let (one, other) = (
        Rogue::new("c.example", "carol", "carol-pc"),
        Rogue::new("c.example", "carol", "carol-pc"),
    );
    let adds = vec![one.key_package(), other.key_package()];
    scene.refuses_plan(
        Plan {
            adds,
            ..Plan::default()
        },
        "client_twin",
    );
    scene.goes_on();
}

#[test]
fn add_with_the_key_that_the_committer_takes_in_the_same_commit_is_refused() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let who = credential(&scene.mallory.uri, carol.keys.public());
    let plan = Plan {
        adds: vec![carol.key_package()],
        new_keys: Some((carol.shared_keys(), who)),
        ..Plan::default()
    };
    scene.refuses_plan(plan, "signature_key_twin");
    scene.goes_on();
}
