//! The door of the external commit: joining, and coming back.

use super::*;

impl Scene {
    /// A commit from outside is rejected with this code.
    #[track_caller]
    fn refuses_joiner(&mut self, joiner: &mut Rogue, leaf: Extensions<LeafNode>, code: &str) {
        let commit = joiner.joins(&self.mallory.entrance(), leaf);
        self.refuses_commit(&commit, code);
        self.goes_on();
    }
}

#[test]
fn joining_under_a_credential_of_another_provider_than_the_user_is_refused() {
    let mut scene = Scene::new();
    let mut carol = Rogue::new("x.example", "carol", "carol-pc");
    let leaf = leaf_of("c.example", "carol", &carol);
    scene.refuses_joiner(&mut carol, leaf, "leaf_foreign_user");
}

#[test]
fn joining_as_a_user_of_another_provider_is_refused() {
    let mut scene = Scene::new();
    let mut carol = Rogue::new("c.example", "carol", "carol-pc");
    let leaf = leaf_of("a.example", "alice", &carol);
    scene.refuses_joiner(&mut carol, leaf, "leaf_foreign_user");
}

#[test]
fn joining_without_a_user_is_refused() {
    let mut scene = Scene::new();
    let mut carol = Rogue::new("c.example", "carol", "carol-pc");
    let leaf = without_user(&carol);
    scene.refuses_joiner(&mut carol, leaf, "leaf_user_uri_missing");
}

#[test]
fn joining_as_a_client_that_is_there_already_is_refused() {
    let mut scene = Scene::new();
    let mut impostor = Rogue::new("a.example", "alice", "alice-phone");
    let leaf = impostor.leaf();
    scene.refuses_joiner(&mut impostor, leaf, "client_twin");
}

#[test]
fn joining_as_nobodys_guest_is_refused() {
    let mut scene = Scene::new();
    let mut zoe = Rogue::new("z.example", "zoe", "zoe-pc");
    let commit = zoe.joins(&scene.mallory.entrance(), zoe.leaf());
    let frame = scene.place.commit(&commit);
    let before = scene.alice.snapshot(&scene.uri());
    let outcome = scene.alice.receives(&frame);
    assert!(
        matches!(
            &outcome,
            FrameOutcome::Rejected {
                reason: comity::Rejection::Violation(_),
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(scene.alice.snapshot(&scene.uri()), before);
    scene.goes_on();
}

#[test]
fn coming_back_under_the_credential_of_another_client_is_refused() {
    let mut scene = Scene::new();
    let mut other = Rogue::with_keys("e.example", "eve", "eve-tablet", scene.eve.pair());
    let leaf = other.leaf();
    scene.refuses_joiner(&mut other, leaf, "identity_changed");
}

#[test]
fn coming_back_as_another_user_is_refused() {
    let mut scene = Scene::new();
    let mut other = Rogue::with_keys("e.example", "erin", "eve-pc", scene.eve.pair());
    let leaf = other.leaf();
    scene.refuses_joiner(&mut other, leaf, "identity_changed");
}

#[test]
fn coming_back_as_another_client_of_another_user_is_refused() {
    let mut scene = Scene::new();
    let mut other = Rogue::with_keys("c.example", "carol", "carol-pc", scene.eve.pair());
    let leaf = other.leaf();
    scene.refuses_joiner(&mut other, leaf, "identity_changed");
}

#[test]
fn coming_back_under_another_key_without_removing_oneself_is_refused() {
    let mut scene = Scene::new();
    let mut other = Rogue::new("e.example", "eve", "eve-pc");
    let leaf = other.leaf();
    scene.refuses_joiner(&mut other, leaf, "client_twin");
}

#[test]
fn joining_and_coming_back_as_oneself_are_honest() {
    let mut scene = Scene::new();
    let mut carol = Rogue::new("c.example", "carol", "carol-pc");
    let commit = carol.joins(&scene.mallory.entrance(), carol.leaf());
    scene.mallory.follows(&commit, &[]);
    let frame = scene.place.commit(&commit);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    scene.still_reads();
    let mut again = Rogue::with_keys("c.example", "carol", "carol-pc", carol.pair());
    let commit = again.joins(&scene.mallory.entrance(), again.leaf());
    scene.mallory.follows(&commit, &[]);
    let frame = scene.place.commit(&commit);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    scene.still_reads();
    assert_eq!(
        scene.alice.reader().members(&scene.uri(), 0, 10).unwrap().len(),
        4
    );
}
