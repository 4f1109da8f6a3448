//! The door of the Update proposal, which another commits.

use super::*;

impl Scene {
    /// Eve's proposal is rejected with this code; a commit of it waits for what is never taken.
    #[track_caller]
    fn refuses_update(&mut self, proposal: &MlsOctets, code: &str) {
        let frame = self.place.proposal(proposal);
        self.rejects(&frame, code, Advice::Wait);
        let commit = self
            .mallory
            .commits(Plan {
                held: vec![proposal.clone()],
                ..Plan::default()
            })
            .commit;
        self.mallory.forgets();
        let frame = self.place.commit(&commit);
        let outcome = self.alice.receives(&frame);
        assert!(matches!(outcome, FrameOutcome::Held { .. }), "{outcome:?}");
        self.still_reads();
    }

    /// Eve's proposal is taken, and the commit of it is rejected with this code.
    #[track_caller]
    fn refuses_committed_update(&mut self, proposal: &MlsOctets, code: &str) {
        let frame = self.place.proposal(proposal);
        let outcome = self.alice.receives(&frame);
        assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
        let commit = self
            .mallory
            .commits(Plan {
                held: vec![proposal.clone()],
                ..Plan::default()
            })
            .commit;
        self.mallory.forgets();
        // The room's row is sealed anew: the commit of the proposal by Alice herself becomes due.
        self.refuses_commit_beside(&commit, code, "room");
    }
}

#[test]
fn update_to_the_credential_of_another_client_is_refused() {
    let mut scene = Scene::new();
    let who = named("e.example", "eve-tablet", &scene.eve);
    let proposal = scene.eve.proposes_update(parameters(Some(who), None), None);
    scene.refuses_update(&proposal, "identity_changed");
    scene.goes_on();
}

#[test]
fn update_to_the_credential_of_another_provider_is_refused() {
    let mut scene = Scene::new();
    let who = named("a.example", "alice-phone", &scene.eve);
    let proposal = scene.eve.proposes_update(parameters(Some(who), None), None);
    scene.refuses_update(&proposal, "leaf_foreign_user");
    scene.goes_on();
}

#[test]
fn update_to_another_user_is_refused() {
    let mut scene = Scene::new();
    let leaf = leaf_of("e.example", "erin", &scene.eve);
    let proposal = scene.eve.proposes_update(parameters(None, Some(leaf)), None);
    scene.refuses_update(&proposal, "identity_changed");
    scene.goes_on();
}

#[test]
fn update_to_another_client_of_another_user_with_another_key_is_refused() {
    let mut scene = Scene::new();
    let new = fresh();
    let who = credential(&client("a.example", "alice-phone"), new.public());
    let leaf = leaf_of("a.example", "alice", &scene.eve);
    let proposal = scene
        .eve
        .proposes_update(parameters(Some(who.clone()), Some(leaf)), Some((new, who)));
    scene.refuses_update(&proposal, "identity_changed");
    scene.goes_on();
}

#[test]
fn update_to_no_user_is_refused() {
    let mut scene = Scene::new();
    let leaf = without_user(&scene.eve);
    let proposal = scene.eve.proposes_update(parameters(None, Some(leaf)), None);
    scene.refuses_update(&proposal, "leaf_user_uri_missing");
    scene.goes_on();
}

#[test]
fn update_to_the_key_of_another_member_is_refused_when_it_is_committed() {
    let mut scene = Scene::new();
    let mallorys = scene.mallory.shared_keys();
    let who = credential(&scene.eve.uri, mallorys.public());
    let proposal = scene
        .eve
        .proposes_update(parameters(None, None), Some((mallorys, who)));
    scene.refuses_committed_update(&proposal, "signature_key_twin");
    scene.goes_on();
}

#[test]
fn update_to_a_fresh_key_of_the_same_client_is_honest_and_told() {
    let mut scene = Scene::new();
    let new = fresh();
    let who = credential(&scene.eve.uri, new.public());
    let proposal = scene
        .eve
        .proposes_update(parameters(None, None), Some((new, who)));
    let frame = scene.place.proposal(&proposal);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    let commit = scene
        .mallory
        .commits(Plan {
            held: vec![proposal],
            ..Plan::default()
        })
        .commit;
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    key_change_is_told(&scene, &scene.eve.uri.clone());
    scene.still_reads();
}
