//! mls-rs over its own SQLite storage, with its RustCrypto provider, stored after each message.
//!
//! Its storage commits a transaction of its own and takes no row of the app's into it, so the message is kept in a second one; how long
//! that takes is told apart. Padding is its default, and it keeps as many past epochs as the engine.

use std::path::{Path, PathBuf};
use std::time::Instant;

use mls_rs::client_builder::MlsConfig;
use mls_rs::crypto::{SignaturePublicKey, SignatureSecretKey};
use mls_rs::extension::ExtensionType;
use mls_rs::group::ReceivedMessage;
use mls_rs::identity::SigningIdentity;
use mls_rs::identity::basic::{BasicCredential, BasicIdentityProvider};
use mls_rs::{
    CipherSuite, CipherSuiteProvider as _, Client, CryptoProvider as _, Extension, ExtensionList, Group,
    MlsMessage,
};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;
use mls_rs_provider_sqlite::connection_strategy::ConnectionStrategy;
use mls_rs_provider_sqlite::storage::SqLiteGroupStateStorage;
use mls_rs_provider_sqlite::{JournalMode, SqLiteDataStorageEngine, SqLiteDataStorageError};
use rusqlite::Connection;
use tls_codec::Serialize as _;

use crate::Fault;
use crate::pair::{Aside, Named, Pair, Shape, app, log_of};

const SUITE: CipherSuite = CipherSuite::CURVE25519_AES128;
const PAST_EPOCHS: u64 = 5;
/// An extension of nobody's, from the range for private use.
const LIST: ExtensionType = ExtensionType::new(0xff01);

/// Opens each connection of mls-rs as the others are opened.
struct SameSettings(PathBuf);

impl ConnectionStrategy for SameSettings {
    fn make_connection(&self) -> Result<Connection, SqLiteDataStorageError> {
        app::open(&self.0).map_err(|error| SqLiteDataStorageError::SqlEngineError(error.into()))
    }
}

struct MlsRs<C: MlsConfig> {
    alice: Member<C>,
    bob: Member<C>,
    sent: Option<Vec<u8>>,
}

struct Member<C: MlsConfig> {
    file: File,
    keys: Keys,
    group: Group<C>,
}

/// Where the app's own rows are.
struct File {
    path: PathBuf,
    app: Connection,
}

#[derive(Clone)]
struct Keys {
    identity: Vec<u8>,
    leaf: ExtensionList,
    secret: SignatureSecretKey,
    public: SignaturePublicKey,
}

/// Alice creates the group and adds everybody in one commit; Bob joins by the Welcome.
pub(crate) fn make(dir: &Path, shape: Shape) -> Result<Box<dyn Pair>, Fault> {
    let members = shape.members;
    let (alice_file, alice_keys) = (
        File::open(dir.join("mls-rs-alice"))?,
        Keys::new(shape.member("alice")?)?,
    );
    let (bob_file, bob_keys) = (
        File::open(dir.join("mls-rs-bob"))?,
        Keys::new(shape.member("bob")?)?,
    );
    let alice = client(&alice_file, &alice_keys)?;
    let bob = client(&bob_file, &bob_keys)?;
    let mut alice_group = alice.create_group(context(shape)?, alice_keys.leaf.clone(), None)?;
    let bobs = bob.generate_key_package_message(Default::default(), bob_keys.leaf.clone(), None)?;
    let mut commit = alice_group.commit_builder().add_member(bobs)?;
    for number in 2..members {
        commit = commit.add_member(stranger(shape.member(&format!("m{number}"))?)?)?;
    }
    let commit = commit.build()?;
    let _ = alice_group.apply_pending_commit()?;
    let welcome = commit.welcome_messages.first().ok_or("no Welcome")?;
    let (mut bob_group, _) = bob.join_group(None, welcome, None)?;
    alice_group.write_to_storage()?;
    bob_group.write_to_storage()?;
    let there = bob_group.roster().members_iter().count();
    if there != members {
        return Err(format!("a group of {members} has {there} members").into());
    }
    Ok(Box::new(MlsRs {
        alice: Member {
            file: alice_file,
            keys: alice_keys,
            group: alice_group,
        },
        bob: Member {
            file: bob_file,
            keys: bob_keys,
            group: bob_group,
        },
        sent: None,
    }))
}

impl<C: MlsConfig> Pair for MlsRs<C> {
    fn send(&mut self, text: &str) -> Result<Aside, Fault> {
        let Member { file, group, .. } = &mut self.alice;
        let frame = group
            .encrypt_application_message(text.as_bytes(), Vec::new())?
            .to_bytes()?;
        group.write_to_storage()?;
        self.sent = Some(frame);
        file.keep(text.as_bytes())
    }

    fn carry(&mut self) -> Result<Vec<u8>, Fault> {
        self.sent.take().ok_or_else(|| "nothing was sent".into())
    }

    fn record_answer(&mut self) -> Result<bool, Fault> {
        Ok(false)
    }

    fn receive(&mut self, frame: Vec<u8>) -> Result<Aside, Fault> {
        let Member { file, group, .. } = &mut self.bob;
        match group.process_incoming_message(MlsMessage::from_bytes(&frame)?)? {
            ReceivedMessage::ApplicationMessage(message) => {
                // The message first: once its key is gone from the file nobody can decrypt it again.
                let aside = file.keep(message.data())?;
                group.write_to_storage()?;
                Ok(aside)
            }
            other => Err(format!("a message came out as {other:?}").into()),
        }
    }

    fn receive_all(&mut self, frames: Vec<Vec<u8>>) -> Result<(), Fault> {
        let Member { file, group, .. } = &mut self.bob;
        app::in_transaction(&file.app, || {
            for frame in &frames {
                match group.process_incoming_message(MlsMessage::from_bytes(frame)?)? {
                    ReceivedMessage::ApplicationMessage(message) => app::keep(&file.app, message.data())?,
                    other => return Err(format!("a message came out as {other:?}").into()),
                }
            }
            Ok(())
        })?;
        Ok(group.write_to_storage()?)
    }

    fn commit(&mut self) -> Result<(), Fault> {
        let commit = self.alice.group.commit(Vec::new())?.commit_message;
        let _ = self.alice.group.apply_pending_commit()?;
        self.alice.group.write_to_storage()?;
        let _ = self.bob.group.process_incoming_message(commit)?;
        Ok(self.bob.group.write_to_storage()?)
    }

    fn empty_logs(&mut self) -> Result<(), Fault> {
        app::empty_log(&self.alice.file.app)?;
        Ok(app::empty_log(&self.bob.file.app)?)
    }

    fn logs(&self) -> [PathBuf; 2] {
        [log_of(&self.alice.file.path), log_of(&self.bob.file.path)]
    }

    fn reopen(self: Box<Self>) -> Result<Box<dyn Pair>, Fault> {
        let Self { alice, bob, sent } = *self;
        let id = alice.group.group_id().to_vec();
        let (alice_file, alice_keys) = alice.close()?;
        let (bob_file, bob_keys) = bob.close()?;
        Ok(Box::new(MlsRs {
            alice: Member {
                group: client(&alice_file, &alice_keys)?.load_group(&id)?,
                file: alice_file,
                keys: alice_keys,
            },
            bob: Member {
                group: client(&bob_file, &bob_keys)?.load_group(&id)?,
                file: bob_file,
                keys: bob_keys,
            },
            sent,
        }))
    }

    fn messages(&self) -> Result<[usize; 2], Fault> {
        Ok([app::count(&self.alice.file.app)?, app::count(&self.bob.file.app)?])
    }
}

impl<C: MlsConfig> Member<C> {
    /// Closes the connections and opens the app's again.
    fn close(self) -> Result<(File, Keys), Fault> {
        let Self { file, keys, group } = self;
        drop(group);
        file.app.close().map_err(|(_, error)| error)?;
        Ok((File::open(file.path)?, keys))
    }
}

impl File {
    fn open(path: PathBuf) -> Result<Self, Fault> {
        let app = app::open(&path)?;
        app::make_table(&app)?;
        Ok(Self { path, app })
    }

    fn keep(&self, body: &[u8]) -> Result<Aside, Fault> {
        let begun = Instant::now();
        app::keep(&self.app, body)?;
        Ok(begun.elapsed())
    }

    fn storage(&self) -> Result<SqLiteGroupStateStorage, Fault> {
        let storage = SqLiteDataStorageEngine::new(SameSettings(self.path.clone()))?
            .with_journal_mode(Some(JournalMode::Wal))
            .group_state_storage()?;
        Ok(storage.with_max_epoch_retention(PAST_EPOCHS))
    }
}

impl Keys {
    fn new(named: Named) -> Result<Self, Fault> {
        let suite = RustCryptoProvider::default()
            .cipher_suite_provider(SUITE)
            .ok_or("the cipher suite is not there")?;
        let (secret, public) = suite.signature_key_generate()?;
        let mut leaf = ExtensionList::new();
        if named.leaf.iter().next().is_some() {
            leaf.set(Extension::new(LIST, named.leaf.tls_serialize_detached()?));
        }
        Ok(Self {
            identity: named.identity,
            leaf,
            secret,
            public,
        })
    }

    fn identity(&self) -> SigningIdentity {
        let credential = BasicCredential::new(self.identity.clone());
        SigningIdentity::new(credential.into_credential(), self.public.clone())
    }
}

fn client(file: &File, keys: &Keys) -> Result<Client<impl MlsConfig + use<>>, Fault> {
    Ok(Client::builder()
        .extension_type(LIST)
        .group_state_storage(file.storage()?)
        .identity_provider(BasicIdentityProvider)
        .crypto_provider(RustCryptoProvider::default())
        .signing_identity(keys.identity(), keys.secret.clone(), SUITE)
        .build())
}

/// What stands in the GroupContext.
fn context(shape: Shape) -> Result<ExtensionList, Fault> {
    let mut context = ExtensionList::new();
    if let Some(list) = shape.list()? {
        context.set(Extension::new(LIST, list));
    }
    Ok(context)
}

/// The key package of a client without a file.
fn stranger(named: Named) -> Result<MlsMessage, Fault> {
    let keys = Keys::new(named)?;
    let client = Client::builder()
        .extension_type(LIST)
        .identity_provider(BasicIdentityProvider)
        .crypto_provider(RustCryptoProvider::default())
        .signing_identity(keys.identity(), keys.secret, SUITE)
        .build();
    Ok(client.generate_key_package_message(Default::default(), keys.leaf, None)?)
}
