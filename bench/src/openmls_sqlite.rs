//! Raw OpenMLS over its own SQLite storage, with the codec that the storage's documentation shows, and its RustCrypto provider.
//!
//! The least that an app must do around it: one transaction for each message, which also keeps the message in a table of the app's. The
//! group's settings are the engine's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use openmls::extensions::{AppDataDictionary, AppDataDictionaryExtension};
use openmls::group::{
    MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedWelcome,
};
use openmls::prelude::{
    BasicCredential, CredentialWithKey, Extension, Extensions, GroupId, KeyPackage, LeafNode,
    LeafNodeParameters, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider, ProcessedMessageContent,
    SenderRatchetConfiguration,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::{OpenMlsRustCrypto, RustCrypto};
use openmls_sqlite_storage::{Codec, SqliteStorageProvider};
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tls_codec::Deserialize as _;

use crate::Fault;
use crate::pair::{Aside, Named, Pair, Shape, app, log_of};

const PAST_EPOCHS: usize = 5;
const OUT_OF_ORDER: u32 = 64;
const FORWARD: u32 = 1_000;
const PADDING: usize = 256;
/// A component of nobody's, from the range for private use.
const LIST: u16 = 0x8002;
const GROUP: &[u8] = b"mimi://a.example/g/0123456789abcdef0123456789abcdef";

/// As the storage's documentation and tests write it.
#[derive(Default)]
struct Json;

impl Codec for Json {
    type Error = serde_json::Error;

    fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, Self::Error> {
        serde_json::to_vec(value)
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, Self::Error> {
        serde_json::from_slice(slice)
    }
}

struct Provider<'a> {
    crypto: &'a RustCrypto,
    storage: SqliteStorageProvider<Json, &'a Connection>,
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = SqliteStorageProvider<Json, &'a Connection>;

    fn storage(&self) -> &Self::StorageProvider {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.crypto
    }
}

struct RawOpenMls {
    alice: Member,
    bob: Member,
    sent: Option<Vec<u8>>,
}

struct Member {
    file: File,
    keys: SignatureKeyPair,
    group: MlsGroup,
}

/// What OpenMLS works with.
struct File {
    path: PathBuf,
    connection: Connection,
    crypto: RustCrypto,
}

/// Alice creates the group and adds everybody in one commit; Bob joins by the Welcome.
pub(crate) fn make(dir: &Path, shape: Shape) -> Result<Box<dyn Pair>, Fault> {
    let members = shape.members;
    let (alice_file, bob_file) = (
        File::open(dir.join("openmls-alice"))?,
        File::open(dir.join("openmls-bob"))?,
    );
    let (alice_keys, bob_keys) = (keys()?, keys()?);
    let mut key_packages = vec![in_transaction(&bob_file, |provider| {
        key_package(provider, &bob_keys, shape.member("bob")?)
    })?];
    let nowhere = OpenMlsRustCrypto::default();
    for number in 2..members {
        key_packages.push(key_package(
            &nowhere,
            &keys()?,
            shape.member(&format!("m{number}"))?,
        )?);
    }
    let (alice_group, welcome) = in_transaction(&alice_file, |provider| {
        let id = GroupId::from_slice(GROUP);
        let named = shape.member("alice")?;
        let config = create_config(shape, named.leaf)?;
        let who = credential(&alice_keys, named.identity);
        let mut group = MlsGroup::new_with_group_id(provider, &alice_keys, &config, id, who)?;
        let (_, welcome, _) = group.add_members(provider, &alice_keys, &key_packages)?;
        group.merge_pending_commit(provider)?;
        Ok((group, welcome.to_bytes()?))
    })?;
    let bob_group = in_transaction(&bob_file, |provider| {
        let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact(&welcome)?.extract()
        else {
            return Err("not a Welcome".into());
        };
        Ok(StagedWelcome::new_from_welcome(provider, &join_config(), welcome, None)?.into_group(provider)?)
    })?;
    let there = bob_group.members().count();
    if there != members {
        return Err(format!("a group of {members} has {there} members").into());
    }
    Ok(Box::new(RawOpenMls {
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

impl Pair for RawOpenMls {
    fn send(&mut self, text: &str) -> Result<Aside, Fault> {
        let Member { file, keys, group } = &mut self.alice;
        let frame = in_transaction(file, |provider| {
            let frame = group
                .create_message(provider, keys, text.as_bytes())?
                .to_bytes()?;
            app::keep(&file.connection, text.as_bytes())?;
            Ok(frame)
        })?;
        self.sent = Some(frame);
        Ok(Duration::ZERO)
    }

    fn carry(&mut self) -> Result<Vec<u8>, Fault> {
        self.sent.take().ok_or_else(|| "nothing was sent".into())
    }

    fn record_answer(&mut self) -> Result<bool, Fault> {
        Ok(false)
    }

    fn receive(&mut self, frame: Vec<u8>) -> Result<Aside, Fault> {
        let Member { file, group, .. } = &mut self.bob;
        in_transaction(file, |provider| take(file, group, provider, &frame))?;
        Ok(Duration::ZERO)
    }

    fn receive_all(&mut self, frames: Vec<Vec<u8>>) -> Result<(), Fault> {
        let Member { file, group, .. } = &mut self.bob;
        in_transaction(file, |provider| {
            frames
                .iter()
                .try_for_each(|frame| take(file, group, provider, frame))
        })
    }

    fn commit(&mut self) -> Result<(), Fault> {
        let Member { file, keys, group } = &mut self.alice;
        let commit = in_transaction(file, |provider| {
            let bundle = group.self_update(provider, keys, LeafNodeParameters::default())?;
            group.merge_pending_commit(provider)?;
            Ok(bundle.into_commit().to_bytes()?)
        })?;
        let Member { file, group, .. } = &mut self.bob;
        in_transaction(file, |provider| {
            let message = MlsMessageIn::tls_deserialize_exact(&commit)?.try_into_protocol_message()?;
            match group.process_message(provider, message)?.into_content() {
                ProcessedMessageContent::StagedCommitMessage(staged) => {
                    Ok(group.merge_staged_commit(provider, *staged)?)
                }
                _ => Err("not a commit".into()),
            }
        })
    }

    fn empty_logs(&mut self) -> Result<(), Fault> {
        app::empty_log(&self.alice.file.connection)?;
        Ok(app::empty_log(&self.bob.file.connection)?)
    }

    fn logs(&self) -> [PathBuf; 2] {
        [log_of(&self.alice.file.path), log_of(&self.bob.file.path)]
    }

    fn reopen(self: Box<Self>) -> Result<Box<dyn Pair>, Fault> {
        let Self { alice, bob, sent } = *self;
        Ok(Box::new(Self {
            alice: alice.reopen()?,
            bob: bob.reopen()?,
            sent,
        }))
    }

    fn messages(&self) -> Result<[usize; 2], Fault> {
        Ok([
            app::count(&self.alice.file.connection)?,
            app::count(&self.bob.file.connection)?,
        ])
    }
}

/// Decrypts a message and keeps it.
fn take(file: &File, group: &mut MlsGroup, provider: &Provider<'_>, frame: &[u8]) -> Result<(), Fault> {
    let message = MlsMessageIn::tls_deserialize_exact(frame)?.try_into_protocol_message()?;
    match group.process_message(provider, message)?.into_content() {
        ProcessedMessageContent::ApplicationMessage(message) => {
            Ok(app::keep(&file.connection, &message.into_bytes())?)
        }
        _ => Err("not a message".into()),
    }
}

impl Member {
    fn reopen(self) -> Result<Self, Fault> {
        let Self { file, keys, group } = self;
        drop(group);
        file.connection.close().map_err(|(_, error)| error)?;
        let file = File::open(file.path)?;
        let id = GroupId::from_slice(GROUP);
        let group = MlsGroup::load(file.provider().storage(), &id)?.ok_or("the group is gone")?;
        Ok(Self { file, keys, group })
    }
}

impl File {
    fn open(path: PathBuf) -> Result<Self, Fault> {
        let mut connection = app::open(&path)?;
        SqliteStorageProvider::<Json, &mut Connection>::new(&mut connection).run_migrations()?;
        app::make_table(&connection)?;
        Ok(Self {
            path,
            connection,
            crypto: RustCrypto::default(),
        })
    }

    fn provider(&self) -> Provider<'_> {
        Provider {
            crypto: &self.crypto,
            storage: SqliteStorageProvider::new(&self.connection),
        }
    }
}

fn in_transaction<R>(file: &File, work: impl FnOnce(&Provider<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
    app::in_transaction(&file.connection, || work(&file.provider()))
}

fn create_config(shape: Shape, leaf: Extensions<LeafNode>) -> Result<MlsGroupCreateConfig, Fault> {
    let mut context = Extensions::default();
    if let Some(list) = shape.list()? {
        let mut dictionary = AppDataDictionary::new();
        dictionary.insert(LIST, list);
        let extension = AppDataDictionaryExtension::new(dictionary);
        context = Extensions::single(Extension::AppDataDictionary(extension))?;
    }
    Ok(MlsGroupCreateConfig::builder()
        .ciphersuite(comity_mls::CIPHER_SUITE)
        .capabilities(comity_mls::capabilities())
        .with_leaf_node_extensions(leaf)?
        .with_group_context_extensions(context)
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .max_past_epochs(PAST_EPOCHS)
        .padding_size(PADDING)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build())
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .max_past_epochs(PAST_EPOCHS)
        .padding_size(PADDING)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build()
}

fn keys() -> Result<SignatureKeyPair, Fault> {
    Ok(SignatureKeyPair::new(
        comity_mls::CIPHER_SUITE.signature_algorithm(),
    )?)
}

fn credential(keys: &SignatureKeyPair, identity: Vec<u8>) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(identity).into(),
        signature_key: keys.to_public_vec().into(),
    }
}

fn key_package(
    provider: &impl OpenMlsProvider,
    keys: &SignatureKeyPair,
    named: Named,
) -> Result<KeyPackage, Fault> {
    let who = credential(keys, named.identity);
    let bundle = KeyPackage::builder()
        .leaf_node_capabilities(comity_mls::capabilities())
        .leaf_node_extensions(named.leaf)
        .build(comity_mls::CIPHER_SUITE, provider, keys, who)?;
    Ok(bundle.key_package().clone())
}
