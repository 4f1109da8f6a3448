//! The door of the Welcome.

use super::*;

/// Mallory creates another room in which somebody stands who is nobody, and welcomes Alice to it.
#[track_caller]
fn welcomed_among(strangers: Vec<KeyPackage>, code: &str) {
    let mut scene = Scene::new();
    let users = [
        user("m.example", "mallory"),
        user("a.example", "alice"),
        user("c.example", "carol"),
        user("e.example", "eve"),
    ];
    let place = Place::new(room("h.example", "trap"), &users);
    let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
    host.creates(&place.state());
    let alices = scene.alice.key_package();
    let mut adds = strangers;
    adds.push(alices.clone());
    let welcome = host.adds(adds);
    let (rows, frame) = (scene.alice.rows(), place.welcome(&welcome, host.tree()));
    scene.rejects(&frame, code, Advice::Wait);
    same_rows(&rows, &scene.alice.rows());
    assert_eq!(scene.alice.phase(&place.uri), None, "there is no such room");
    // The key package is still there for an honest host.
    let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
    host.creates(&place.state());
    let welcome = host.adds(vec![alices]);
    let frame = place.welcome(&welcome, host.tree());
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    scene.still_reads();
}

#[test]
fn welcome_a_credential_of_another_provider_than_the_user_is_nobody() {
    let carol = Rogue::new("x.example", "carol", "carol-pc");
    let leaf = leaf_of("c.example", "carol", &carol);
    welcomed_among(vec![key_package(&carol, leaf)], "leaf_foreign_user");
}

#[test]
fn welcome_a_user_of_another_provider_than_the_credential_is_nobody() {
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let leaf = leaf_of("a.example", "alice", &carol);
    welcomed_among(vec![key_package(&carol, leaf)], "leaf_foreign_user");
}

#[test]
fn welcome_a_leaf_without_a_user_is_nobody() {
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let leaf = without_user(&carol);
    welcomed_among(vec![key_package(&carol, leaf)], "leaf_user_uri_missing");
}

#[test]
fn welcome_a_leaf_of_a_user_who_is_no_participant_is_refused() {
    let zoe = Rogue::new("z.example", "zoe", "zoe-pc");
    welcomed_among(vec![zoe.key_package()], "policy_user_not_listed");
}

#[test]
fn welcome_a_client_that_stands_there_twice_is_refused() {
    let (one, other) = (
        Rogue::new("c.example", "carol", "carol-pc"),
        Rogue::new("c.example", "carol", "carol-pc"),
    );
    welcomed_among(vec![one.key_package(), other.key_package()], "client_twin");
}

#[test]
fn welcome_our_own_name_over_another_key_is_a_twin_of_ours() {
    let impostor = Rogue::new("a.example", "alice", "alice-phone");
    welcomed_among(vec![impostor.key_package()], "client_twin");
}
