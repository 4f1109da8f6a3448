//! What the tests embed: messages that OpenMLS really made, and one value of every struct.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what does not hold here fails the test"
)]

pub mod samples;

use comity_wire::{
    CapabilitiesOctets, CredentialOctets, GroupInfoOctets, KeyPackageOctets, MlsOctets, RatchetTreeOctets,
    RequiredCapabilitiesOctets, WelcomeOctets,
};
use openmls::prelude::*;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use tls_codec::Deserialize;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// Everything that Alice makes while she adds Bob, writes to him, and is asked to let him go.
pub struct Made {
    pub commit: MlsOctets,
    pub welcome: WelcomeOctets,
    pub welcome_message: MlsOctets,
    pub group_info: GroupInfoOctets,
    pub group_info_message: MlsOctets,
    pub tree: RatchetTreeOctets,
    pub application: MlsOctets,
    pub proposal: MlsOctets,
    pub self_remove: MlsOctets,
    pub private_proposal: MlsOctets,
    pub external_commit: MlsOctets,
    pub key_package: KeyPackageOctets,
    pub key_package_message: MlsOctets,
    pub credential: CredentialOctets,
    pub capabilities: CapabilitiesOctets,
    pub required_capabilities: RequiredCapabilitiesOctets,
}

struct Party {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
}

impl Party {
    fn new(name: &str) -> Self {
        let signer = SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap();
        let credential = CredentialWithKey {
            credential: BasicCredential::new(name.as_bytes().to_vec()).into(),
            signature_key: signer.to_public_vec().into(),
        };
        Self {
            provider: OpenMlsRustCrypto::default(),
            signer,
            credential,
        }
    }

    fn key_package(&self) -> KeyPackage {
        KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .build(SUITE, &self.provider, &self.signer, self.credential.clone())
            .unwrap()
            .key_package()
            .clone()
    }

    fn create(&self, policy: WireFormatPolicy) -> MlsGroup {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .capabilities(capabilities())
            .wire_format_policy(policy)
            .use_ratchet_tree_extension(false)
            .build();
        MlsGroup::new(&self.provider, &self.signer, &config, self.credential.clone()).unwrap()
    }
}

fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![SUITE])
        .extensions(vec![ExtensionType::AppDataDictionary])
        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove])
        .build()
}

fn required_capabilities() -> RequiredCapabilitiesExtension {
    RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[CredentialType::Basic],
    )
}

/// Makes a group and everything in [`Made`].
pub fn made() -> Made {
    let (alice, bob, cathy) = (Party::new("alice"), Party::new("bob"), Party::new("cathy"));
    let mut group = alice.create(PURE_PLAINTEXT_WIRE_FORMAT_POLICY);
    let bobs = bob.key_package();
    let bundle = group
        .commit_builder()
        .propose_adds([bobs.clone()])
        .force_self_update(true)
        .load_psks(alice.provider.storage())
        .unwrap()
        .create_group_info(true)
        .use_ratchet_tree_extension(false)
        .build(
            alice.provider.rand(),
            alice.provider.crypto(),
            &alice.signer,
            |_| true,
        )
        .unwrap()
        .stage_commit(&alice.provider)
        .unwrap();
    let (commit, welcome, group_info) = bundle.into_messages();
    let (welcome, group_info) = (welcome.unwrap(), group_info.unwrap());
    group.merge_pending_commit(&alice.provider).unwrap();

    let application = group
        .create_message(&alice.provider, &alice.signer, b"hi")
        .unwrap();
    let (proposal, _) = group
        .propose_remove_member(&alice.provider, &alice.signer, LeafNodeIndex::new(1))
        .unwrap();
    let mut bobs_group = joined(&bob, &welcome, group.export_ratchet_tree().into());
    let self_remove = bobs_group
        .leave_group_via_self_remove(&bob.provider, &bob.signer)
        .unwrap();

    Made {
        commit: MlsOctets::of(&commit).unwrap(),
        welcome: bare(&welcome),
        welcome_message: MlsOctets::of(&welcome).unwrap(),
        group_info: bare(&group_info),
        group_info_message: MlsOctets::of(&group_info).unwrap(),
        tree: MlsOctets::of(&group.export_ratchet_tree()).unwrap(),
        application: MlsOctets::of(&application).unwrap(),
        proposal: MlsOctets::of(&proposal).unwrap(),
        self_remove: MlsOctets::of(&self_remove).unwrap(),
        private_proposal: private_proposal(),
        external_commit: external_commit(&cathy, &group, &alice),
        key_package: MlsOctets::of(&bobs).unwrap(),
        key_package_message: MlsOctets::of(&MlsMessageOut::from(bobs)).unwrap(),
        credential: MlsOctets::of(&alice.credential.credential).unwrap(),
        capabilities: MlsOctets::of(&capabilities()).unwrap(),
        required_capabilities: MlsOctets::of(&required_capabilities()).unwrap(),
    }
}

/// The struct inside a message: the octets behind version and wire format.
fn bare<T: comity_wire::MlsStruct>(message: &MlsMessageOut) -> MlsOctets<T> {
    MlsOctets::new(message.to_bytes().unwrap()[4..].to_vec()).unwrap()
}

fn joined(party: &Party, welcome: &MlsMessageOut, tree: RatchetTreeIn) -> MlsGroup {
    let octets = welcome.to_bytes().unwrap();
    let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact(octets).unwrap().extract()
    else {
        panic!("not a welcome")
    };
    let config = MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .build();
    StagedWelcome::new_from_welcome(&party.provider, &config, welcome, Some(tree))
        .unwrap()
        .into_group(&party.provider)
        .unwrap()
}

fn private_proposal() -> MlsOctets {
    let dave = Party::new("dave");
    let mut group = dave.create(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY);
    let (proposal, _) = group
        .propose_add_member(&dave.provider, &dave.signer, &Party::new("erin").key_package())
        .unwrap();
    MlsOctets::of(&proposal).unwrap()
}

fn external_commit(joiner: &Party, group: &MlsGroup, member: &Party) -> MlsOctets {
    let exported = group
        .export_group_info(member.provider.crypto(), &member.signer, false)
        .unwrap();
    let octets = exported.to_bytes().unwrap();
    let MlsMessageBodyIn::GroupInfo(group_info) =
        MlsMessageIn::tls_deserialize_exact(octets).unwrap().extract()
    else {
        panic!("not a group info")
    };
    let (_, bundle) = MlsGroup::external_commit_builder()
        .with_ratchet_tree(group.export_ratchet_tree().into())
        .build_group(&joiner.provider, group_info, joiner.credential.clone())
        .unwrap()
        .leaf_node_parameters(
            LeafNodeParameters::builder()
                .with_capabilities(capabilities())
                .build(),
        )
        .load_psks(joiner.provider.storage())
        .unwrap()
        .build(
            joiner.provider.rand(),
            joiner.provider.crypto(),
            &joiner.signer,
            |_| true,
        )
        .unwrap()
        .finalize(&joiner.provider)
        .unwrap();
    MlsOctets::of(bundle.commit()).unwrap()
}
