//! A member who speaks OpenMLS by hand: a genuine one, and as dishonest as it likes.

use std::collections::HashMap;

use comity::content::{Content, Disposition, Part, Salt};
use comity::room::{Advertisement, media_types};
use comity::{ClientUri, PLAIN_TEXT, RoomUri, UserUri};
use comity_mls::leaf::credential;
use comity_mls::{CIPHER_SUITE, RoomState, capabilities, leaf_extensions, room_context};
use comity_wire::{
    ApplicationFraming, GroupInfoOctets, GroupInfoRatchetTreeTbe, MlsOctets, RatchetTreeOctets,
    RatchetTreeOption, Wire as _,
};
use openmls::group::{
    CommitMessageBundle, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedWelcome,
};
use openmls::messages::proposals::{AppDataUpdateProposal, Proposal};
use openmls::prelude::{
    AppDataUpdates, CredentialWithKey, Extensions, GroupContext, GroupId, KeyPackage, LeafNode,
    LeafNodeIndex, LeafNodeParameters, Lifetime, MlsMessageBodyIn, MlsMessageBodyOut, MlsMessageOut,
    NewSignerBundle, OpenMlsCrypto as _, OpenMlsProvider as _, ProcessedMessageContent, WireFormatPolicy,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

/// A member with OpenMLS in its own hands.
pub(crate) struct Rogue {
    pub(crate) user: UserUri,
    pub(crate) uri: ClientUri,
    pub(crate) mls: OpenMlsRustCrypto,
    pub(crate) keys: SignatureKeyPair,
    raw_keys: (Vec<u8>, Vec<u8>),
    pub(crate) types: Advertisement,
    group: Option<MlsGroup>,
}

/// What a commit does, and how it misbehaves.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) adds: Vec<KeyPackage>,
    pub(crate) removes: Vec<LeafNodeIndex>,
    pub(crate) app_data: Vec<Proposal>,
    /// Instead of what the proposals come to.
    pub(crate) updates: Option<AppDataUpdates>,
    pub(crate) leaf: Option<LeafNodeParameters>,
    pub(crate) new_keys: Option<(SignatureKeyPair, CredentialWithKey)>,
    pub(crate) without_path: bool,
    pub(crate) context: Option<Extensions<GroupContext>>,
    /// Proposals of others, to be committed by reference.
    pub(crate) held: Vec<MlsOctets>,
}

/// A staged commit.
pub(crate) struct Committed {
    pub(crate) commit: MlsOctets,
    pub(crate) welcome: Option<MlsOctets>,
}

/// Everything that OpenMLS has stored, to go back to.
pub(crate) struct Backup(HashMap<Vec<u8>, Vec<u8>>, Option<GroupId>);

pub(crate) fn app_data(component: u16, octets: Vec<u8>) -> Proposal {
    Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(component, octets)))
}

// Who it is.
impl Rogue {
    pub(crate) fn new(domain: &str, name: &str, device: &str) -> Self {
        let mls = OpenMlsRustCrypto::default();
        let pair = mls
            .crypto()
            .signature_key_gen(CIPHER_SUITE.signature_algorithm())
            .unwrap();
        Self::with_keys(domain, name, device, pair)
    }

    /// With keys of its choice: a private key and its public key.
    pub(crate) fn with_keys(domain: &str, name: &str, device: &str, pair: (Vec<u8>, Vec<u8>)) -> Self {
        Self {
            user: super::user(domain, name),
            uri: super::client(domain, device),
            mls: OpenMlsRustCrypto::default(),
            keys: key_pair(&pair),
            raw_keys: pair,
            types: media_types::baseline(),
            group: None,
        }
    }

    /// Its key pair, for an accomplice.
    pub(crate) fn pair(&self) -> (Vec<u8>, Vec<u8>) {
        self.raw_keys.clone()
    }

    /// Its keys, for an accomplice.
    pub(crate) fn shared_keys(&self) -> SignatureKeyPair {
        key_pair(&self.raw_keys)
    }

    pub(crate) fn who(&self) -> CredentialWithKey {
        credential(&self.uri, self.keys.public())
    }

    pub(crate) fn leaf(&self) -> Extensions<LeafNode> {
        leaf_extensions(&self.user, &self.types)
    }

    /// A key package that lives from and to these seconds.
    pub(crate) fn key_package_with(&self, leaf: Extensions<LeafNode>, lifetime: Lifetime) -> KeyPackage {
        KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .leaf_node_extensions(leaf)
            .key_package_lifetime(lifetime)
            .build(CIPHER_SUITE, &self.mls, &self.keys, self.who())
            .unwrap()
            .into_key_package()
    }

    pub(crate) fn key_package(&self) -> KeyPackage {
        self.key_package_with(self.leaf(), Lifetime::new(60 * 86_400))
    }

    /// Everything that it has, as it is.
    pub(crate) fn backup(&self) -> Backup {
        let values = self.mls.storage().values.read().unwrap().clone();
        Backup(values, self.group.as_ref().map(|group| group.group_id().clone()))
    }

    /// Goes back, so that keys are used twice.
    pub(crate) fn restore(&mut self, backup: &Backup) {
        *self.mls.storage().values.write().unwrap() = backup.0.clone();
        self.group = backup
            .1
            .as_ref()
            .map(|id| MlsGroup::load(self.mls.storage(), id).unwrap().unwrap());
    }
}

// The group.
impl Rogue {
    pub(crate) fn group(&mut self) -> &mut MlsGroup {
        self.group.as_mut().expect("in the room")
    }

    pub(crate) fn state(&self) -> RoomState {
        comity_mls::room_state(self.group.as_ref().unwrap().public_group().group_context()).unwrap()
    }

    /// The place of a client.
    pub(crate) fn index_of(&self, client: &ClientUri) -> LeafNodeIndex {
        let group = self.group.as_ref().unwrap();
        let is = |credential: &openmls::prelude::Credential| {
            credential.serialized_content() == client.as_str().as_bytes()
        };
        let found = group.members().find(|member| is(&member.credential));
        found.expect("a member").index
    }

    pub(crate) fn creates(&mut self, state: &RoomState) {
        self.creates_group(state, None);
    }

    /// The same, and the group has an id that another one may have, too.
    pub(crate) fn creates_as(&mut self, state: &RoomState, id: &[u8]) {
        self.creates_group(state, Some(GroupId::from_slice(id)));
    }

    fn creates_group(&mut self, state: &RoomState, id: Option<GroupId>) {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(CIPHER_SUITE)
            .capabilities(capabilities())
            .with_leaf_node_extensions(self.leaf())
            .unwrap()
            .with_group_context_extensions(room_context(state).unwrap())
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .build();
        self.group = Some(match id {
            Some(id) => MlsGroup::new_with_group_id(&self.mls, &self.keys, &config, id, self.who()).unwrap(),
            None => MlsGroup::new(&self.mls, &self.keys, &config, self.who()).unwrap(),
        });
    }

    pub(crate) fn tree(&self) -> RatchetTreeOctets {
        RatchetTreeOctets::of(&self.group.as_ref().unwrap().export_ratchet_tree()).unwrap()
    }

    /// Stages a commit, in the place of any that was staged; the group stays where it is.
    pub(crate) fn commits(&mut self, plan: Plan) -> Committed {
        let Plan {
            adds,
            removes,
            app_data,
            updates,
            leaf,
            new_keys,
            without_path,
            context,
            held,
        } = plan;
        let Self { mls, keys, group, .. } = self;
        let group = group.as_mut().expect("in the room");
        group.clear_pending_commit(mls.storage()).unwrap();
        for proposal in &held {
            take_up(mls, group, proposal);
        }
        let mut builder = group.commit_builder().force_self_update(!without_path);
        if let Some(context) = context {
            builder = builder.propose_group_context_extensions(context).unwrap();
        }
        let mut builder = builder
            .propose_adds(adds)
            .propose_removals(removes)
            .add_proposals(app_data)
            .leaf_node_parameters(leaf.unwrap_or_default())
            .load_psks(mls.storage())
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        let updates = updates.or_else(|| {
            comity_mls::resolve(
                builder.app_data_dictionary_updater(),
                builder.app_data_update_proposals(),
            )
            .unwrap()
        });
        builder.with_app_data_dictionary_updates(updates);
        let complete = match new_keys {
            None => builder.build(mls.rand(), mls.crypto(), keys, |_| true),
            Some((signer, credential_with_key)) => {
                let new = NewSignerBundle {
                    signer: &signer,
                    credential_with_key,
                };
                builder.build_with_new_signer(mls.rand(), mls.crypto(), keys, new, |_| true)
            }
        };
        let bundle = complete.unwrap().stage_commit(mls).unwrap();
        group.clear_pending_proposals(mls.storage()).unwrap();
        committed(&bundle)
    }

    /// The staged commit is in force.
    pub(crate) fn merges(&mut self) {
        let Self { mls, group, .. } = self;
        group.as_mut().unwrap().merge_pending_commit(mls).unwrap();
    }

    /// Adds these clients: their Welcome.
    pub(crate) fn adds(&mut self, key_packages: Vec<KeyPackage>) -> MlsOctets {
        let committed = self.commits(Plan {
            adds: key_packages,
            ..Plan::default()
        });
        self.merges();
        committed.welcome.unwrap()
    }

    /// The staged commit is forgotten.
    pub(crate) fn forgets(&mut self) {
        let Self { mls, group, .. } = self;
        group
            .as_mut()
            .unwrap()
            .clear_pending_commit(mls.storage())
            .unwrap();
    }

    /// Asks to leave.
    pub(crate) fn leaves(&mut self) -> MlsOctets {
        let Self { mls, keys, group, .. } = self;
        let group = group.as_mut().unwrap();
        let frame = group.leave_group_via_self_remove(mls, keys).unwrap();
        group.clear_pending_proposals(mls.storage()).unwrap();
        MlsOctets::of(&frame).unwrap()
    }

    /// An Update proposal, for somebody else to commit.
    pub(crate) fn proposes_update(
        &mut self,
        leaf: LeafNodeParameters,
        new: Option<(SignatureKeyPair, CredentialWithKey)>,
    ) -> MlsOctets {
        let Self { mls, keys, group, .. } = self;
        let group = group.as_mut().unwrap();
        let (frame, _) = match new {
            None => group.propose_self_update(mls, keys, leaf).unwrap(),
            Some((signer, credential_with_key)) => {
                let new = NewSignerBundle {
                    signer: &signer,
                    credential_with_key,
                };
                group
                    .propose_self_update_with_new_signer(mls, keys, new, leaf)
                    .unwrap()
            }
        };
        group.clear_pending_proposals(mls.storage()).unwrap();
        MlsOctets::of(&frame).unwrap()
    }

    /// An Add proposal, for somebody else to commit.
    pub(crate) fn proposes_add(&mut self, key_package: &KeyPackage) -> MlsOctets {
        let Self { mls, keys, group, .. } = self;
        let group = group.as_mut().unwrap();
        let (frame, _) = group.propose_add_member(mls, keys, key_package).unwrap();
        group.clear_pending_proposals(mls.storage()).unwrap();
        MlsOctets::of(&frame).unwrap()
    }

    /// A Remove proposal, for somebody else to commit.
    pub(crate) fn proposes_removal(&mut self, index: LeafNodeIndex) -> MlsOctets {
        let Self { mls, keys, group, .. } = self;
        let group = group.as_mut().unwrap();
        let (frame, _) = group.propose_remove_member(mls, keys, index).unwrap();
        group.clear_pending_proposals(mls.storage()).unwrap();
        MlsOctets::of(&frame).unwrap()
    }

    /// Handshakes travel encrypted from now on, or in the open again.
    pub(crate) fn encrypts_handshakes(&mut self, yes: bool) {
        let policy = if yes {
            PURE_CIPHERTEXT_WIRE_FORMAT_POLICY
        } else {
            PURE_PLAINTEXT_WIRE_FORMAT_POLICY
        };
        let Self { mls, group, .. } = self;
        group
            .as_mut()
            .unwrap()
            .set_configuration(mls.storage(), &join_config(policy))
            .unwrap();
    }

    /// Follows another's commit, whatever it does.
    pub(crate) fn follows(&mut self, commit: &MlsOctets, held: &[MlsOctets]) {
        let Self { mls, group, .. } = self;
        let group = group.as_mut().unwrap();
        for proposal in held {
            take_up(mls, group, proposal);
        }
        let message = commit.parse().unwrap().try_into_protocol_message().unwrap();
        let staged = match group.process_message(mls, message).unwrap().into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates = comity_mls::resolve(
                    group.app_data_dictionary_updater(),
                    commit.app_data_update_proposals(),
                )
                .unwrap();
                group.stage_app_data_commit(mls, *commit, updates).unwrap()
            }
            _ => panic!("not a commit"),
        };
        group.merge_staged_commit(mls, staged).unwrap();
    }

    /// Joins by a Welcome, whatever stands in the tree.
    pub(crate) fn is_welcomed(&mut self, welcome: &MlsOctets, tree: &RatchetTreeOctets) {
        let MlsMessageBodyIn::Welcome(welcome) = welcome.parse().unwrap().extract() else {
            unreachable!()
        };
        let config = join_config(PURE_PLAINTEXT_WIRE_FORMAT_POLICY);
        let staged = StagedWelcome::build_from_welcome(&self.mls, &config, welcome).unwrap();
        let staged = staged
            .with_ratchet_tree(tree.parse().unwrap())
            .skip_lifetime_validation()
            .build()
            .unwrap();
        self.group = Some(staged.into_group(&self.mls).unwrap());
    }

    /// What somebody needs who joins from outside.
    pub(crate) fn entrance(&self) -> GroupInfoRatchetTreeTbe {
        let group = self.group.as_ref().unwrap();
        let exported = group
            .export_group_info(self.mls.crypto(), &self.keys, false)
            .unwrap();
        let MlsMessageBodyOut::GroupInfo(info) = exported.body() else {
            unreachable!()
        };
        GroupInfoRatchetTreeTbe {
            group_info: GroupInfoOctets::of(info).unwrap(),
            ratchet_tree: RatchetTreeOption::Full(self.tree()),
            pending: Vec::new(),
        }
    }

    /// Joins from outside, with a leaf of its choice.
    pub(crate) fn joins(
        &mut self,
        entrance: &GroupInfoRatchetTreeTbe,
        leaf: Extensions<LeafNode>,
    ) -> MlsOctets {
        let RatchetTreeOption::Full(tree) = &entrance.ratchet_tree else {
            unreachable!()
        };
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(capabilities())
            .with_extensions(leaf)
            .build();
        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree.parse().unwrap())
            .with_config(join_config(PURE_PLAINTEXT_WIRE_FORMAT_POLICY))
            .skip_lifetime_validation()
            .build_group(&self.mls, entrance.group_info.parse().unwrap(), self.who())
            .unwrap()
            .leaf_node_parameters(leaf)
            .load_psks(self.mls.storage())
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        builder.with_app_data_dictionary_updates(None);
        let complete = builder
            .build(self.mls.rand(), self.mls.crypto(), &self.keys, |_| true)
            .unwrap();
        let (group, bundle) = complete.finalize(&self.mls).unwrap();
        self.group = Some(group);
        committed(&bundle).commit
    }
}

// Messages.
impl Rogue {
    /// The octets of a MIMI message of its user's.
    pub(crate) fn content(&self, room: &RoomUri, text: &str) -> Vec<u8> {
        text_content(&self.user, room, text).encode().unwrap()
    }

    /// Encrypts MIMI content.
    pub(crate) fn sends(&mut self, content: Vec<u8>) -> MlsOctets {
        let framing = ApplicationFraming {
            media_type: Some(media_types::mimi_content()),
            content,
        };
        self.encrypts(&framing.encode())
    }

    pub(crate) fn says(&mut self, room: &RoomUri, text: &str) -> MlsOctets {
        let content = self.content(room, text);
        self.sends(content)
    }

    /// Encrypts any octets.
    pub(crate) fn encrypts(&mut self, octets: &[u8]) -> MlsOctets {
        let Self { mls, keys, group, .. } = self;
        message(group.as_mut().unwrap().create_message(mls, keys, octets).unwrap())
    }

    /// Encrypts and signs with a key that is not its own.
    pub(crate) fn encrypts_signed_by(&mut self, keys: &SignatureKeyPair, octets: &[u8]) -> MlsOctets {
        let Self { mls, group, .. } = self;
        message(group.as_mut().unwrap().create_message(mls, keys, octets).unwrap())
    }
}

/// A text, with a salt that is new each time.
pub(crate) fn text_content(sender: &UserUri, room: &RoomUri, text: &str) -> Content {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SALTS: AtomicU64 = AtomicU64::new(1);
    let number = SALTS.fetch_add(1, Ordering::Relaxed);
    #[expect(clippy::disallowed_methods, reason = "a test may foretell its salts")]
    let salt = Salt::draw(|octets| octets[..8].copy_from_slice(&number.to_be_bytes()));
    let part = Part::single(Disposition::RENDER, PLAIN_TEXT, text.as_bytes().to_vec());
    Content::new(salt, sender, room, part)
}

fn message(made: MlsMessageOut) -> MlsOctets {
    MlsOctets::of(&made).unwrap()
}

fn key_pair((private, public): &(Vec<u8>, Vec<u8>)) -> SignatureKeyPair {
    SignatureKeyPair::from_raw(
        CIPHER_SUITE.signature_algorithm(),
        private.clone(),
        public.clone(),
    )
}

fn take_up(mls: &OpenMlsRustCrypto, group: &mut MlsGroup, proposal: &MlsOctets) {
    let message = proposal.parse().unwrap().try_into_protocol_message().unwrap();
    let processed = group.process_message(mls, message).unwrap();
    let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
        unreachable!()
    };
    group.store_pending_proposal(mls.storage(), *queued).unwrap();
}

fn committed(bundle: &CommitMessageBundle) -> Committed {
    Committed {
        commit: MlsOctets::of(bundle.commit()).unwrap(),
        welcome: bundle.to_welcome_msg().map(message),
    }
}

fn join_config(policy: WireFormatPolicy) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(policy)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(5)
        .build()
}
