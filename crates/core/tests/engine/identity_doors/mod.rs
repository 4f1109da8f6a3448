//! Every door by which a leaf can come into a room, and that nobody comes in by it as somebody else.

mod add;
mod joining;
mod path;
mod update;
mod welcome;

use comity::{Advice, EventKind, FrameOutcome, UserChange};
use comity_mls::leaf::credential;
use comity_mls::{CIPHER_SUITE, leaf_extensions};
use comity_wire::MlsOctets;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, CredentialWithKey, Extension, Extensions, KeyPackage,
    LeafNode, LeafNodeParameters, Lifetime,
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
    Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(
        kept,
    )))
    .unwrap()
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
        self.refuses_commit_beside(commit, code, "");
    }

    /// The same, where a table may be written for another reason.
    #[track_caller]
    fn refuses_commit_beside(&mut self, commit: &MlsOctets, code: &str, but: &str) {
        let (mut rows, frame) = (self.alice.rows(), self.place.commit(commit));
        rows.remove(but);
        self.rejects(&frame, code, Advice::Wait);
        same_rows(&rows, &self.alice.rows());
        self.still_reads();
    }

    #[track_caller]
    fn goes_on(&mut self) {
        self.everybody_follows(Plan::default());
        self.still_reads();
    }
}

#[track_caller]
fn key_change_is_told(scene: &Scene, of: &comity::ClientUri) {
    let told = |event: &comity::Event| match &event.kind {
        EventKind::User {
            change: UserChange::KeyChanged(client),
            ..
        } => client == of,
        _ => false,
    };
    let events = scene.alice.events();
    assert_eq!(events.iter().filter(|event| told(event)).count(), 1, "{events:?}");
}
