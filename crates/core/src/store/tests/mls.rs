//! OpenMLS over the store: the life of a group in one file per client.

use openmls::group::{
    MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedWelcome,
};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, GroupId, KeyPackage, LeafNodeParameters,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProcessedMessageContent, ProtocolMessage,
};
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::storage::StorageProvider as _;

use super::*;
use crate::crypto::Crypto;
use crate::provider::{LeafSigner, Provider};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
pub(super) const ROOM: i64 = 1;

/// A client with a file of its own.
pub(super) struct Person {
    pub(super) store: Store,
    crypto: Crypto,
    pub(super) signer: LeafSigner,
    name: &'static str,
}

impl Person {
    pub(super) fn at(path: &Path, name: &'static str) -> Self {
        let store = Store::create(path, &KEY).unwrap();
        Self {
            store,
            crypto: Crypto::default(),
            signer: LeafSigner::generate().unwrap(),
            name,
        }
    }

    pub(super) fn named(directory: &TempDir, name: &'static str) -> Self {
        Self::at(&directory.path().join(name), name)
    }

    pub(super) fn reopened(self, directory: &TempDir) -> Self {
        self.store.close().unwrap();
        let store = Store::open(&directory.path().join(self.name), &KEY).unwrap();
        Self { store, ..self }
    }

    pub(super) fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    pub(super) fn provider(&self) -> Provider<'_> {
        Provider::for_room(&self.crypto, &self.store, ROOM)
    }

    /// Runs a step in one transaction.
    pub(super) fn in_step<R>(&self, step: impl FnOnce() -> R) -> R {
        self.store.begin_immediate().unwrap();
        let result = step();
        self.store.commit().unwrap();
        result
    }

    fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.name.as_bytes().to_vec()).into(),
            signature_key: self.signer.public().to_vec().into(),
        }
    }

    pub(super) fn key_package(&self) -> KeyPackage {
        let provider = Provider::for_client(&self.crypto, &self.store);
        let bundle = KeyPackage::builder()
            .build(SUITE, &provider, &self.signer, self.credential())
            .unwrap();
        bundle.key_package().clone()
    }

    pub(super) fn load(&self) -> MlsGroup {
        self.store
            .snapshot(|_| MlsGroup::load(self.provider().storage(), &group_id()))
            .unwrap()
            .unwrap()
    }

    pub(super) fn send(&self, group: &mut MlsGroup, text: &[u8]) -> MlsMessageOut {
        group
            .create_message(&self.provider(), &self.signer, text)
            .unwrap()
    }

    pub(super) fn read(&self, group: &mut MlsGroup, message: &MlsMessageOut) -> Vec<u8> {
        match self.process(group, message) {
            ProcessedMessageContent::ApplicationMessage(text) => text.into_bytes(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn process(&self, group: &mut MlsGroup, message: &MlsMessageOut) -> ProcessedMessageContent {
        group
            .process_message(&self.provider(), protocol(message))
            .unwrap()
            .into_content()
    }

    pub(super) fn join(&self, welcome: &MlsMessageOut, tree: openmls::treesync::RatchetTree) -> MlsGroup {
        let MlsMessageBodyIn::Welcome(welcome) = travelled(welcome).extract() else {
            panic!()
        };
        let config = MlsGroupJoinConfig::builder()
            .max_past_epochs(2)
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .build();
        StagedWelcome::new_from_welcome(&self.provider(), &config, welcome, Some(tree.into()))
            .unwrap()
            .into_group(&self.provider())
            .unwrap()
    }
}

pub(super) fn group_id() -> GroupId {
    GroupId::from_slice(b"group of the test")
}

fn travelled(message: &MlsMessageOut) -> MlsMessageIn {
    let octets = message.tls_serialize_detached().unwrap();
    MlsMessageIn::tls_deserialize(&mut octets.as_slice()).unwrap()
}

pub(super) fn protocol(message: &MlsMessageOut) -> ProtocolMessage {
    travelled(message).try_into_protocol_message().unwrap()
}

/// Makes the group, inside a step of its founder, with some members.
pub(super) fn member_of(founder: &Person, members: &[KeyPackage]) -> MlsGroup {
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .max_past_epochs(2)
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .build();
    let provider = founder.provider();
    let mut group = MlsGroup::new_with_group_id(
        &provider,
        &founder.signer,
        &config,
        group_id(),
        founder.credential(),
    )
    .unwrap();
    if !members.is_empty() {
        group.add_members(&provider, &founder.signer, members).unwrap();
        group.merge_pending_commit(&provider).unwrap();
    }
    group
}

/// Alice and Bob, each with the group loaded from their own file.
pub(super) fn two(directory: &TempDir) -> (Person, MlsGroup, Person, MlsGroup) {
    let (alice, bob) = (Person::named(directory, "alice"), Person::named(directory, "bob"));
    let package = bob.in_step(|| bob.key_package());
    let (welcome, tree) = alice.in_step(|| {
        let mut group = member_of(&alice, &[]);
        let (_, welcome, _) = group
            .add_members(&alice.provider(), &alice.signer, &[package])
            .unwrap();
        group.merge_pending_commit(&alice.provider()).unwrap();
        (welcome, group.export_ratchet_tree())
    });
    bob.in_step(|| bob.join(&welcome, tree));
    let (in_alice, in_bob) = (alice.load(), bob.load());
    (alice, in_alice, bob, in_bob)
}

/// Begins another epoch, inside a step.
pub(super) fn commit(person: &Person, group: &mut MlsGroup) -> MlsMessageOut {
    let provider = person.provider();
    let bundle = group
        .self_update(&provider, &person.signer, LeafNodeParameters::default())
        .unwrap();
    group.merge_pending_commit(&provider).unwrap();
    bundle.into_commit()
}

/// The second begins another epoch, and the first follows.
pub(super) fn turn((alice, in_alice): (&Person, &mut MlsGroup), (bob, in_bob): (&Person, &mut MlsGroup)) {
    let commit = bob.in_step(|| commit(bob, in_bob));
    alice.in_step(|| {
        let ProcessedMessageContent::StagedCommitMessage(staged) = alice.process(in_alice, &commit) else {
            panic!()
        };
        in_alice.merge_staged_commit(&alice.provider(), *staged).unwrap();
    });
}

pub(super) fn agree(one: &MlsGroup, other: &MlsGroup) {
    assert_eq!(one.epoch(), other.epoch());
    assert_eq!(
        one.epoch_authenticator().as_slice(),
        other.epoch_authenticator().as_slice()
    );
}

#[test]
fn a_group_lives_on_across_reopened_files() {
    let directory = tempfile::tempdir().unwrap();
    let (mut alice, _, mut bob, _) = two(&directory);
    for round in 0..3_u8 {
        (alice, bob) = (alice.reopened(&directory), bob.reopened(&directory));
        let (mut in_alice, mut in_bob) = (alice.load(), bob.load());
        agree(&in_alice, &in_bob);

        let message = alice.in_step(|| alice.send(&mut in_alice, &[round]));
        assert_eq!(bob.in_step(|| bob.read(&mut in_bob, &message)), [round]);
        let (mut in_bob, mut in_alice) = (bob.load(), alice.load());
        let late = alice.in_step(|| alice.send(&mut in_alice, b"from the epoch before"));

        turn((&alice, &mut in_alice), (&bob, &mut in_bob));
        assert_eq!(
            bob.in_step(|| bob.read(&mut in_bob, &late)),
            b"from the epoch before"
        );
        agree(&alice.load(), &bob.load());
    }
}

#[test]
fn joining_takes_the_key_package_of_the_client_and_writes_the_room() {
    let directory = tempfile::tempdir().unwrap();
    let (_, _, bob, _) = two(&directory);
    let scopes: Vec<i64> = bob
        .store
        .all("SELECT DISTINCT scope FROM mls", [], |row| row.get(0))
        .unwrap();
    assert_eq!(scopes, [ROOM], "the key package is used up");
    bob.in_step(|| bob.key_package());
    let scopes = dump(&bob.store, "SELECT DISTINCT scope FROM mls ORDER BY scope");
    assert_eq!(scopes.len(), 2);
}

#[test]
fn a_rolled_back_send_leaves_the_rows_and_the_message_can_be_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, bob, mut in_bob) = two(&directory);
    let before = dump(&alice.store, "SELECT * FROM mls");
    alice.store.begin_immediate().unwrap();
    alice.send(&mut in_alice, b"never left");
    alice.store.rollback();
    assert_eq!(dump(&alice.store, "SELECT * FROM mls"), before);

    let mut in_alice = alice.load();
    let message = alice.in_step(|| alice.send(&mut in_alice, b"left"));
    assert_eq!(bob.in_step(|| bob.read(&mut in_bob, &message)), b"left");
}

#[test]
fn a_rolled_back_join_keeps_the_key_package() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, bob) = (
        Person::named(&directory, "alice"),
        Person::named(&directory, "bob"),
    );
    let package = bob.in_step(|| bob.key_package());
    let (welcome, tree) = alice.in_step(|| {
        let mut group = member_of(&alice, &[]);
        let (_, welcome, _) = group
            .add_members(&alice.provider(), &alice.signer, &[package])
            .unwrap();
        group.merge_pending_commit(&alice.provider()).unwrap();
        (welcome, group.export_ratchet_tree())
    });
    bob.store.begin_immediate().unwrap();
    bob.join(&welcome, tree.clone());
    bob.store.rollback();
    bob.in_step(|| bob.join(&welcome, tree));
    agree(&alice.load(), &bob.load());
}

#[test]
fn a_full_disk_stops_the_commit_of_a_send_and_leaves_the_rows() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, ..) = two(&directory);
    fill_the_disk_but_free_the_ratchet(&alice);
    let before = dump(&alice.store, "SELECT * FROM mls");

    alice.store.begin_immediate().unwrap();
    alice.send(&mut in_alice, b"too much");
    assert_eq!(alice.store.commit(), Err(StorageError::Full));
    assert!(
        !alice.store.poisoned(),
        "nothing was committed, and that is known"
    );
    assert_eq!(dump(&alice.store, "SELECT * FROM mls"), before);
    alice.store.begin_immediate().unwrap();
    alice.store.commit().unwrap();
}

#[test]
fn an_error_nobody_took_stops_the_commit() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, ..) = two(&directory);
    alice.in_step(|| {
        alice
            .store
            .write("UPDATE mls SET sealed = zeroblob(100) WHERE kind = 15", [])
            .unwrap()
    });
    alice.store.begin_immediate().unwrap();
    let provider = alice.provider();
    assert!(MlsGroup::load(provider.storage(), &group_id()).is_err());
    assert_eq!(alice.store.commit(), Err(StorageError::Corrupt));
    assert!(!alice.store.poisoned());
}

/// Deletes the row that a send writes and fills the file to its last page with others.
fn fill_the_disk_but_free_the_ratchet(person: &Person) {
    let store = &person.store;
    person.in_step(|| {
        store
            .write("DELETE FROM mls WHERE kind IN (16, 26, 27)", [])
            .unwrap()
    });
    let pages: i64 = store
        .one("PRAGMA page_count", [], |row| row.get(0))
        .unwrap()
        .unwrap();
    let _: i64 = store
        .conn
        .pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
        .unwrap();
    let mut key = 0_i64;
    for size in [2000, 500, 100, 20] {
        loop {
            store.begin_immediate().unwrap();
            key += 1;
            let filler = (key.to_be_bytes(), vec![0_u8; size]);
            match store.write("INSERT INTO mls VALUES (77, 77, ?1, ?2)", filler) {
                Ok(_) => store.commit().unwrap(),
                Err(error) => {
                    assert_eq!(error, StorageError::Full);
                    store.rollback();
                    break;
                }
            }
        }
    }
}

#[test]
fn damage_found_while_processing_is_told_although_openmls_hides_it() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, bob, mut in_bob) = two(&directory);
    let commit = alice.in_step(|| {
        let provider = alice.provider();
        let bundle = in_alice
            .self_update(&provider, &alice.signer, LeafNodeParameters::default())
            .unwrap();
        bundle.into_commit()
    });
    bob.in_step(|| {
        bob.store
            .write("UPDATE mls SET sealed = zeroblob(100) WHERE kind = 25", [])
            .unwrap()
    });
    bob.store.begin_immediate().unwrap();
    let provider = bob.provider();
    assert!(in_bob.process_message(&provider, protocol(&commit)).is_err());
    assert_eq!(provider.take_error(), Some(StorageError::Corrupt));
    bob.store.rollback();
}

#[test]
fn deleting_a_room_leaves_neither_rows_nor_key() {
    let directory = tempfile::tempdir().unwrap();
    let (_, _, bob, _) = two(&directory);
    bob.in_step(|| {
        bob.key_package();
        bob.provider().storage().delete_scope().unwrap();
    });
    assert_eq!(
        dump(&bob.store, "SELECT DISTINCT scope FROM mls").len(),
        1,
        "the client's rows stay"
    );
    assert!(dump(&bob.store, "SELECT * FROM scope_key WHERE kind = 2").is_empty());
    let gone = bob
        .store
        .snapshot(|_| MlsGroup::load(bob.provider().storage(), &group_id()))
        .unwrap();
    assert!(gone.is_none());
}

#[test]
fn what_openmls_deletes_of_a_group_leaves_no_row() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, ..) = two(&directory);
    alice.in_step(|| in_alice.delete(alice.provider().storage()).unwrap());
    assert!(dump(&alice.store, "SELECT kind FROM mls").is_empty());
}

#[test]
fn queued_proposals_are_a_list_in_order_without_repeats() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, bob, _) = two(&directory);
    let carol = Person::named(&directory, "carol");
    let package = carol.in_step(|| carol.key_package());
    let references = alice.in_step(|| {
        let provider = alice.provider();
        let (_, add) = in_alice
            .propose_add_member(&provider, &alice.signer, &package)
            .unwrap();
        let (_, update) = in_alice
            .propose_self_update(&provider, &alice.signer, LeafNodeParameters::default())
            .unwrap();
        [add, update]
    });
    drop(bob);

    let listed = |person: &Person| {
        let storage = MlsStore::for_room(&person.store, ROOM);
        storage
            .queued_proposal_refs::<_, openmls::prelude::hash_ref::ProposalRef>(&group_id())
            .unwrap()
    };
    assert_eq!(listed(&alice), references);
    let reloaded = alice.load();
    let queued: Vec<_> = reloaded
        .pending_proposals()
        .map(|queued| queued.proposal_reference_ref().clone())
        .collect();
    assert_eq!(queued, references);

    let [add, update] = &references;
    alice.in_step(|| {
        let storage = MlsStore::for_room(&alice.store, ROOM);
        let again = reloaded.pending_proposals().next().unwrap();
        storage.queue_proposal(&group_id(), add, again).unwrap();
        assert_eq!(listed(&alice).len(), 2);
        storage.remove_proposal(&group_id(), add).unwrap();
    });
    assert_eq!(listed(&alice), std::slice::from_ref(update));
    alice.in_step(|| {
        in_alice
            .clear_pending_proposals(&MlsStore::for_room(&alice.store, ROOM))
            .unwrap()
    });
    assert!(dump(&alice.store, "SELECT * FROM mls WHERE kind IN (22, 23)").is_empty());
}

#[test]
fn nothing_readable_lies_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let (alice, mut in_alice, bob, mut in_bob) = two(&directory);
    let message = alice.in_step(|| alice.send(&mut in_alice, b"a text nobody else reads"));
    bob.in_step(|| bob.read(&mut in_bob, &message));
    let disk = on_disk(&directory);
    assert!(disk.len() > 50_000);
    for secret in [
        b"group of the test".as_slice(),
        b"alice",
        b"a text nobody",
        b"message_secrets",
        &alice.signer.public(),
        KEY.octets(),
        in_alice.epoch_authenticator().as_slice(),
    ] {
        assert!(!contains(&disk, secret), "{}", String::from_utf8_lossy(secret));
    }
}

#[test]
fn a_store_may_move_to_another_thread() {
    fn send<T: Send>() {}
    send::<Store>();
    send::<LeafSigner>();
}
