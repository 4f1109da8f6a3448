//! Every door by which a leaf can come into a room, and that nobody comes in by it as somebody else.

use comity::{Advice, EventKind, FrameOutcome, UserChange};
use comity_mls::leaf::credential;
use comity_mls::{CIPHER_SUITE, leaf_extensions};
use comity_wire::MlsOctets;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, CredentialWithKey, Extension, Extensions, KeyPackage, LeafNode,
    LeafNodeParameters, Lifetime,
};
use openmls_basic_credential::SignatureKeyPair;

use crate::support::*;

/// The extensions of a leaf without the component that names the user.
fn without_user(rogue: &Rogue) -> Extensions<LeafNode> {
    let honest = rogue.leaf();
    let mut kept = AppDataDictionary::new();
    for entry in honest.app_data_dictionary().unwrap().dictionary().entries() {
        if entry.id() != comity_wire::components::USER_URI {
            kept.insert(entry.id(), entry.data().to_vec());
        }
    }
    Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(kept))).unwrap()
}

/// The extensions of a leaf of another user.
fn leaf_of(domain: &str, name: &str, rogue: &Rogue) -> Extensions<LeafNode> {
    leaf_extensions(&user(domain, name), &rogue.types)
}

/// Another client's name over the rogue's own key.
fn named(domain: &str, device: &str, rogue: &Rogue) -> CredentialWithKey {
    credential(&client(domain, device), rogue.keys.public())
}

fn parameters(who: Option<CredentialWithKey>, leaf: Option<Extensions<LeafNode>>) -> LeafNodeParameters {
    let mut builder = LeafNodeParameters::builder();
    if let Some(who) = who {
        builder = builder.with_credential_with_key(who);
    }
    if let Some(leaf) = leaf {
        builder = builder.with_extensions(leaf);
    }
    builder.build()
}

fn fresh() -> SignatureKeyPair {
    SignatureKeyPair::new(CIPHER_SUITE.signature_algorithm()).unwrap()
}

fn key_package(rogue: &Rogue, leaf: Extensions<LeafNode>) -> KeyPackage {
    rogue.key_package_with(leaf, Lifetime::new(60 * 86_400))
}

impl Scene {
    /// Mallory's commit is rejected with this code; nothing has changed; an honest commit is followed.
    #[track_caller]
    fn refuses_plan(&mut self, plan: Plan, code: &str) {
        let commit = self.mallory.commits(plan).commit;
        self.mallory.forgets();
        self.refuses_commit(&commit, code);
    }

    #[track_caller]
    fn refuses_commit(&mut self, commit: &MlsOctets, code: &str) {
        let (rows, frame) = (self.alice.rows(), self.place.commit(commit));
        self.rejects(&frame, code, Advice::Rejoin);
        same_rows(&rows, &self.alice.rows());
        self.still_reads();
    }

    #[track_caller]
    fn goes_on(&mut self) {
        self.everybody_follows(Plan::default());
        self.still_reads();
    }
}

// The door of the Welcome.

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
    let welcome = host.commits(Plan { adds, ..Plan::default() }).welcome.unwrap();
    host.merges();
    let (rows, frame) = (scene.alice.rows(), place.welcome(&welcome, host.tree()));
    scene.rejects(&frame, code, Advice::Rejoin);
    same_rows(&rows, &scene.alice.rows());
    assert_eq!(scene.alice.phase(&place.uri), None, "there is no such room");
    // The key package is still there for an honest host.
    let mut host = Rogue::new("m.example", "mallory", "mallory-pc");
    host.creates(&place.state());
    let welcome = host.commits(Plan { adds: vec![alices], ..Plan::default() }).welcome.unwrap();
    host.merges();
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
    let (one, other) = (Rogue::new("c.example", "carol", "carol-pc"), Rogue::new("c.example", "carol", "carol-pc"));
    welcomed_among(vec![one.key_package(), other.key_package()], "client_twin");
}

#[test]
fn welcome_our_own_name_over_another_key_is_a_twin_of_ours() {
    let impostor = Rogue::new("a.example", "alice", "alice-phone");
    welcomed_among(vec![impostor.key_package()], "client_twin");
}

// The door of the Add.

#[test]
fn add_by_a_credential_of_another_provider_than_the_user_is_refused() {
    let mut scene = Scene::new();
    let carol = Rogue::new("x.example", "carol", "carol-pc");
    let adds = vec![key_package(&carol, leaf_of("c.example", "carol", &carol))];
    scene.refuses_plan(Plan { adds, ..Plan::default() }, "leaf_foreign_user");
    scene.goes_on();
}

#[test]
fn add_by_a_leaf_that_states_no_user_is_refused() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let adds = vec![key_package(&carol, without_user(&carol))];
    scene.refuses_plan(Plan { adds, ..Plan::default() }, "leaf_user_uri_missing");
    scene.goes_on();
}

#[test]
fn add_of_a_user_of_another_provider_is_refused() {
    let mut scene = Scene::new();
    let carol = Rogue::new("c.example", "carol", "carol-pc");
    let adds = vec![key_package(&carol, leaf_of("a.example", "alice", &carol))];
    scene.refuses_plan(Plan { adds, ..Plan::default() }, "leaf_foreign_user");
    scene.goes_on();
}

#[test]
fn add_of_a_client_that_is_there_already_under_another_key_is_refused() {
    let mut scene = Scene::new();
    let impostor = Rogue::new("a.example", "alice", "alice-phone");
    let adds = vec![impostor.key_package()];
    scene.refuses_plan(Plan { adds, ..Plan::default() }, "client_twin");
    scene.goes_on();
}

#[test]
fn add_of_the_same_client_twice_in_one_commit_is_refused() {
    let mut scene = Scene::new();
    let (one, other) = (Rogue::new("c.example", "carol", "carol-pc"), Rogue::new("c.example", "carol", "carol-pc"));
    let adds = vec![one.key_package(), other.key_package()];
    scene.refuses_plan(Plan { adds, ..Plan::default() }, "client_twin");
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

// The door of the Update proposal, which another commits.

impl Scene {
    /// Eve's proposal is rejected with this code; a commit of it names what was never taken.
    #[track_caller]
    fn refuses_update(&mut self, proposal: &MlsOctets, code: &str) {
        let frame = self.place.proposal(proposal);
        self.rejects(&frame, code, Advice::Rejoin);
        let commit = self.mallory.commits(Plan { held: vec![proposal.clone()], ..Plan::default() }).commit;
        self.mallory.forgets();
        let frame = self.place.commit(&commit);
        self.rejects(&frame, "missing_proposal", Advice::Fetch);
        self.still_reads();
    }

    /// Eve's proposal is taken, and the commit of it is rejected with this code.
    #[track_caller]
    fn refuses_committed_update(&mut self, proposal: &MlsOctets, code: &str) {
        let frame = self.place.proposal(proposal);
        let outcome = self.alice.receives(&frame);
        assert!(matches!(outcome, FrameOutcome::Done { .. }), "{outcome:?}");
        let commit = self.mallory.commits(Plan { held: vec![proposal.clone()], ..Plan::default() }).commit;
        self.mallory.forgets();
        self.refuses_commit(&commit, code);
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
    let proposal = scene.eve.proposes_update(parameters(Some(who.clone()), Some(leaf)), Some((new, who)));
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
    let proposal = scene.eve.proposes_update(parameters(None, None), Some((mallorys, who)));
    scene.refuses_committed_update(&proposal, "signature_key_twin");
    scene.goes_on();
}

#[test]
fn update_to_a_fresh_key_of_the_same_client_is_honest_and_told() {
    let mut scene = Scene::new();
    let new = fresh();
    let who = credential(&scene.eve.uri, new.public());
    let proposal = scene.eve.proposes_update(parameters(None, None), Some((new, who)));
    let frame = scene.place.proposal(&proposal);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    let commit = scene.mallory.commits(Plan { held: vec![proposal], ..Plan::default() }).commit;
    scene.mallory.merges();
    let frame = scene.place.commit(&commit);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    key_change_is_told(&scene, &scene.eve.uri.clone());
    scene.still_reads();
}

#[track_caller]
fn key_change_is_told(scene: &Scene, of: &comity::ClientUri) {
    let told = |event: &comity::Event| match &event.kind {
        EventKind::User { change: UserChange::KeyChanged(client), .. } => client == of,
        _ => false,
    };
    let events = scene.alice.events();
    assert_eq!(events.iter().filter(|event| told(event)).count(), 1, "{events:?}");
}

// The door of the update path.

#[test]
fn path_to_the_credential_of_another_client_is_refused() {
    let mut scene = Scene::new();
    let who = named("m.example", "mallory-tablet", &scene.mallory);
    let leaf = Some(parameters(Some(who), None));
    scene.refuses_plan(Plan { leaf, ..Plan::default() }, "identity_changed");
    scene.goes_on();
}

#[test]
fn path_to_the_credential_of_another_provider_is_refused() {
    let mut scene = Scene::new();
    let who = named("a.example", "alice-phone", &scene.mallory);
    let leaf = Some(parameters(Some(who), None));
    scene.refuses_plan(Plan { leaf, ..Plan::default() }, "leaf_foreign_user");
    scene.goes_on();
}

#[test]
fn path_to_another_user_is_refused() {
    let mut scene = Scene::new();
    let leaf = Some(parameters(None, Some(leaf_of("m.example", "mary", &scene.mallory))));
    scene.refuses_plan(Plan { leaf, ..Plan::default() }, "identity_changed");
    scene.goes_on();
}

#[test]
fn path_to_no_user_is_refused() {
    let mut scene = Scene::new();
    let leaf = Some(parameters(None, Some(without_user(&scene.mallory))));
    scene.refuses_plan(Plan { leaf, ..Plan::default() }, "leaf_user_uri_missing");
    scene.goes_on();
}

#[test]
fn path_to_another_client_of_another_user_under_the_same_key_is_refused() {
    let mut scene = Scene::new();
    let who = named("a.example", "alice-phone", &scene.mallory);
    let leaf = Some(parameters(Some(who), Some(leaf_of("a.example", "alice", &scene.mallory))));
    scene.refuses_plan(Plan { leaf, ..Plan::default() }, "identity_changed");
    scene.goes_on();
}

#[test]
fn path_to_another_client_of_another_user_under_another_key_is_refused() {
    let mut scene = Scene::new();
    let new = fresh();
    let who = credential(&client("c.example", "carol-pc"), new.public());
    let plan = Plan {
        leaf: Some(parameters(Some(who.clone()), Some(leaf_of("c.example", "carol", &scene.mallory)))),
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
    scene.refuses_plan(Plan { new_keys: Some((shared, who)), ..Plan::default() }, "signature_key_twin");
    scene.goes_on();
}

#[test]
fn path_to_a_fresh_key_of_the_same_client_is_honest_and_told() {
    let mut scene = Scene::new();
    let (new, old) = (fresh(), scene.mallory.uri.clone());
    let who = credential(&old, new.public());
    let commit = scene.mallory.commits(Plan { new_keys: Some((new, who)), ..Plan::default() }).commit;
    let frame = scene.place.commit(&commit);
    assert!(matches!(scene.alice.receives(&frame), FrameOutcome::Done { .. }));
    key_change_is_told(&scene, &old);
}

// The door of the external commit.

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
    assert!(matches!(&outcome, FrameOutcome::Rejected { reason: comity::Rejection::Violation(_), .. }), "{outcome:?}");
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
    assert_eq!(scene.alice.reader().members(&scene.uri(), 0, 10).unwrap().len(), 4);
}
