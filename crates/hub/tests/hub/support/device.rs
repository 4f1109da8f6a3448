//! One client: OpenMLS as a messenger would use it, and as a dishonest one could.

use comity_hub::Caller;
use comity_mls::leaf::{credential, last_resort_extensions};
use comity_mls::{CIPHER_SUITE, RoomState, capabilities, leaf_extensions, room_context};
use comity_room::{
    Advertisement, ClientUri, Participant, ParticipantList, ParticipantUpdate, Requirement, Roles,
    RoomMetadata, RoomUri, UserUri,
};
use comity_wire::components::PARTICIPANT_LIST;
use comity_wire::{
    CreateRoom, CredentialOctets, FanoutMessage, FanoutTail, GroupInfoOctets, GroupInfoOption,
    HandshakeBundle, MlsOctets, RatchetTreeOctets, RatchetTreeOption, Signatory, SubmitMessageRequest,
    WelcomeOctets, Wire as _, labelled,
};
use openmls::group::{
    CommitMessageBundle, GroupId, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig,
    PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedWelcome,
};
use openmls::messages::proposals::{AppDataUpdateProposal, Proposal};
use openmls::prelude::{
    AppDataUpdates, Capabilities, CredentialWithKey, Extensions, GroupContext, KeyPackage, LeafNode,
    LeafNodeIndex, LeafNodeParameters, Lifetime, MlsMessageBodyIn, MlsMessageBodyOut, NewSignerBundle,
    OpenMlsCrypto as _, OpenMlsProvider as _, ProcessedMessageContent,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::signatures::Signer as _;

pub(crate) struct Device {
    pub(crate) user: UserUri,
    pub(crate) uri: ClientUri,
    pub(crate) mls: OpenMlsRustCrypto,
    pub(crate) keys: SignatureKeyPair,
    raw_keys: (Vec<u8>, Vec<u8>),
    pub(crate) types: Advertisement,
    pub(crate) group: Option<MlsGroup>,
    /// Proposals that wait, as they came.
    held: Vec<MlsOctets>,
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
    pub(crate) with_tree_in_group_info: bool,
    pub(crate) ignoring_held: bool,
    pub(crate) context: Option<Extensions<GroupContext>>,
}

/// A HandshakeBundle whose parts can be exchanged.
#[derive(Clone)]
pub(crate) struct Bundle {
    pub(crate) commit: MlsOctets,
    pub(crate) welcome: Option<WelcomeOctets>,
    pub(crate) group_info: GroupInfoOption,
    pub(crate) ratchet_tree: RatchetTreeOption,
}

impl Bundle {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self {
            commit,
            welcome,
            group_info,
            ratchet_tree,
        } = self.clone();
        HandshakeBundle::Commit {
            commit,
            welcome,
            group_info,
            ratchet_tree,
        }
        .encode()
    }
}

impl Plan {
    /// Changes the participant list.
    pub(crate) fn participants(mut self, update: &ParticipantUpdate) -> Self {
        self.app_data.push(app_data(PARTICIPANT_LIST, update.encode()));
        self
    }
}

pub(crate) fn app_data(component: u16, octets: Vec<u8>) -> Proposal {
    Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(component, octets)))
}

impl Device {
    pub(crate) fn new(domain: &str, name: &str, device: &str) -> Self {
        let mls = OpenMlsRustCrypto::default();
        let (private, public) = mls
            .crypto()
            .signature_key_gen(CIPHER_SUITE.signature_algorithm())
            .unwrap();
        Self::with_keys(domain, name, device, mls, (private, public))
    }

    /// The keys of another device, as a thief would have them.
    pub(crate) fn stolen_keys(&self) -> SignatureKeyPair {
        let (private, public) = self.raw_keys.clone();
        SignatureKeyPair::from_raw(CIPHER_SUITE.signature_algorithm(), private, public)
    }

    fn with_keys(
        domain: &str,
        name: &str,
        device: &str,
        mls: OpenMlsRustCrypto,
        raw_keys: (Vec<u8>, Vec<u8>),
    ) -> Self {
        let (private, public) = raw_keys.clone();
        Self {
            user: super::user(domain, name),
            uri: super::client(domain, device),
            mls,
            keys: SignatureKeyPair::from_raw(CIPHER_SUITE.signature_algorithm(), private, public),
            raw_keys,
            types: super::baseline(),
            group: None,
            held: Vec::new(),
        }
    }

    /// As its provider authenticates it to the hub.
    pub(crate) fn caller(&self) -> Caller {
        Caller::provider(self.uri.provider())
    }

    pub(crate) fn who(&self) -> CredentialWithKey {
        credential(&self.uri, self.keys.public())
    }

    pub(crate) fn leaf(&self) -> Extensions<LeafNode> {
        leaf_extensions(&self.user, &self.types)
    }

    pub(crate) fn group(&mut self) -> &mut MlsGroup {
        self.group.as_mut().expect("in the room")
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.group.as_ref().expect("in the room").epoch().as_u64()
    }

    pub(crate) fn key_package(&self) -> KeyPackage {
        self.key_package_of(60, false)
    }

    /// A key package that lives `days` from now.
    pub(crate) fn key_package_of(&self, days: u64, last_resort: bool) -> KeyPackage {
        self.key_package_with(days, last_resort, capabilities(), self.leaf())
    }

    pub(crate) fn key_package_with(
        &self,
        days: u64,
        last_resort: bool,
        capabilities: Capabilities,
        leaf: Extensions<LeafNode>,
    ) -> KeyPackage {
        let mut builder = KeyPackage::builder()
            .leaf_node_capabilities(capabilities)
            .leaf_node_extensions(leaf)
            .key_package_lifetime(Lifetime::new(days * 86_400));
        if last_resort {
            builder = builder
                .key_package_extensions(last_resort_extensions())
                .mark_as_last_resort();
        }
        builder
            .build(CIPHER_SUITE, &self.mls, &self.keys, self.who())
            .unwrap()
            .into_key_package()
    }

    /// What `host` needs to do to bring this device and its user in.
    pub(crate) fn invitation(&self, host: &Self) -> Plan {
        let mut plan = Plan {
            adds: vec![self.key_package()],
            ..Plan::default()
        };
        let listed = host.state().participants.find(&self.user).is_some();
        if !listed {
            let added = vec![Participant {
                user: self.user.clone(),
                role: Roles::MEMBER,
            }];
            plan = plan.participants(&ParticipantUpdate {
                added,
                ..ParticipantUpdate::default()
            });
        }
        plan
    }

    /// The room's state as this device sees it.
    pub(crate) fn state(&self) -> RoomState {
        comity_mls::room_state(self.group.as_ref().unwrap().public_group().group_context()).unwrap()
    }

    pub(crate) fn new_state(&self, room: &RoomUri, hub: &comity_mls::Hub) -> RoomState {
        RoomState {
            room: room.clone(),
            hub: hub.clone(),
            participants: ParticipantList::new(vec![Participant {
                user: self.user.clone(),
                role: Roles::ADMIN,
            }])
            .unwrap(),
            roles: Roles::standard(),
            metadata: RoomMetadata {
                room_uri: room.as_str().to_owned(),
                ..RoomMetadata::default()
            },
            requirement: Requirement::new(super::baseline().iter().cloned()).unwrap(),
        }
    }

    pub(crate) fn create_room(&mut self, room: &RoomUri, hub: &comity_mls::Hub) -> CreateRoom {
        let state = self.new_state(room, hub);
        self.create_room_of(room, &state)
    }

    pub(crate) fn create_room_of(&mut self, room: &RoomUri, state: &RoomState) -> CreateRoom {
        let group_id = GroupId::random(self.mls.rand());
        self.create_group_of(group_id, room, state)
    }

    pub(crate) fn create_group_of(
        &mut self,
        group_id: GroupId,
        room: &RoomUri,
        state: &RoomState,
    ) -> CreateRoom {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(CIPHER_SUITE)
            .capabilities(capabilities())
            .with_leaf_node_extensions(self.leaf())
            .unwrap()
            .with_group_context_extensions(room_context(state).unwrap())
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .build();
        let group = MlsGroup::new_with_group_id(&self.mls, &self.keys, &config, group_id, self.who());
        self.group = Some(group.unwrap());
        self.creation(room)
    }

    /// The CreateRoom of the group as it is.
    pub(crate) fn creation(&self, room: &RoomUri) -> CreateRoom {
        let group = self.group.as_ref().unwrap();
        let exported = group
            .export_group_info(self.mls.crypto(), &self.keys, false)
            .unwrap();
        let MlsMessageBodyOut::GroupInfo(info) = exported.body() else {
            unreachable!()
        };
        CreateRoom {
            room: room.clone(),
            user: self.user.clone(),
            client: self.uri.clone(),
            group_info: GroupInfoOctets::of(info).unwrap(),
            ratchet_tree: RatchetTreeOption::Full(self.tree()),
        }
    }

    pub(crate) fn tree(&self) -> RatchetTreeOctets {
        RatchetTreeOctets::of(&self.group.as_ref().unwrap().export_ratchet_tree()).unwrap()
    }

    /// Stages a commit; the group stays where it is.
    pub(crate) fn commit(&mut self, plan: Plan) -> Bundle {
        let Plan {
            adds,
            removes,
            app_data,
            updates,
            leaf,
            new_keys,
            without_path,
            with_tree_in_group_info,
            ignoring_held,
            context,
        } = plan;
        let held = if ignoring_held {
            Vec::new()
        } else {
            self.held.clone()
        };
        let Self { mls, keys, group, .. } = self;
        let group = group.as_mut().expect("in the room");
        group.clear_pending_commit(mls.storage()).unwrap();
        take_up(group, mls, &held);
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
            .use_ratchet_tree_extension(with_tree_in_group_info);
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
        bundle_of(bundle)
    }

    pub(crate) fn merge(&mut self) {
        let Self { mls, group, held, .. } = self;
        group.as_mut().unwrap().merge_pending_commit(mls).unwrap();
        held.clear();
    }

    /// A SelfRemove, not stored with OpenMLS.
    pub(crate) fn leave(&mut self) -> MlsOctets {
        let Self {
            mls,
            keys,
            group,
            held,
            ..
        } = self;
        let group = group.as_mut().unwrap();
        let frame = MlsOctets::of(&group.leave_group_via_self_remove(mls, keys).unwrap()).unwrap();
        group.clear_pending_proposals(mls.storage()).unwrap();
        held.push(frame.clone());
        frame
    }

    /// Takes up a proposal that the hub never saw.
    pub(crate) fn hold(&mut self, proposal: MlsOctets) {
        self.held.push(proposal);
    }

    pub(crate) fn message(&mut self, text: &str) -> SubmitMessageRequest {
        let Self { mls, keys, group, .. } = self;
        let message = group
            .as_mut()
            .unwrap()
            .create_message(mls, keys, text.as_bytes())
            .unwrap();
        SubmitMessageRequest {
            message: MlsOctets::of(&message).unwrap(),
            sender: self.user.clone(),
        }
    }

    /// Follows a frame; returns the text, if it was a message.
    pub(crate) fn receive(&mut self, frame: &FanoutMessage) -> Option<String> {
        if let FanoutTail::Welcome {
            ratchet_tree: RatchetTreeOption::Full(tree),
        } = &frame.tail
        {
            self.join_by_welcome(&frame.message, tree);
            return None;
        }
        if let FanoutTail::Proposal { more } = &frame.tail {
            self.held.push(frame.message.clone());
            self.held.extend(more.iter().cloned());
            return None;
        }
        let held = std::mem::take(&mut self.held);
        let Self { mls, group, .. } = self;
        let group = group.as_mut()?;
        if !group.is_active() {
            return None;
        }
        if matches!(frame.tail, FanoutTail::Commit { .. }) {
            take_up(group, mls, &held);
        }
        let message = frame
            .message
            .parse()
            .unwrap()
            .try_into_protocol_message()
            .unwrap();
        let staged = match group.process_message(mls, message).unwrap().into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                self.held = held;
                return Some(String::from_utf8(message.into_bytes()).unwrap());
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let updates = comity_mls::resolve(
                    group.app_data_dictionary_updater(),
                    commit.app_data_update_proposals(),
                )
                .unwrap();
                group.stage_app_data_commit(mls, *commit, updates).unwrap()
            }
            _ => return None,
        };
        group.merge_staged_commit(mls, staged).unwrap();
        None
    }

    /// Whether the commit in a frame can be processed; nothing is merged.
    pub(crate) fn can_process(&mut self, commit: &MlsOctets) -> bool {
        let Self { mls, group, .. } = self;
        let message = commit.parse().unwrap().try_into_protocol_message().unwrap();
        group.as_mut().unwrap().process_message(mls, message).is_ok()
    }

    fn join_by_welcome(&mut self, welcome: &MlsOctets, tree: &RatchetTreeOctets) {
        let MlsMessageBodyIn::Welcome(welcome) = welcome.parse().unwrap().extract() else {
            unreachable!()
        };
        let config = join_config();
        // A Welcome for another device of the same provider.
        let Ok(builder) = StagedWelcome::build_from_welcome(&self.mls, &config, welcome) else {
            return;
        };
        let staged = builder.with_ratchet_tree(tree.parse().unwrap()).build().unwrap();
        self.group = Some(staged.into_group(&self.mls).unwrap());
    }

    pub(crate) fn signatory(&self) -> Signatory {
        let credential = CredentialOctets::of(&self.who().credential).unwrap();
        Signatory {
            signature_key: self.keys.to_public_vec(),
            credential,
        }
    }

    pub(crate) fn sign(&self, label: &str, octets: &[u8]) -> Vec<u8> {
        self.keys.sign(&labelled(label, octets)).unwrap()
    }
}

/// Hands held proposals to OpenMLS; those that no longer apply are passed over.
fn take_up(group: &mut MlsGroup, mls: &OpenMlsRustCrypto, held: &[MlsOctets]) {
    for proposal in held {
        let message = proposal.parse().unwrap().try_into_protocol_message().unwrap();
        let Ok(processed) = group.process_message(mls, message) else {
            continue;
        };
        let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
            unreachable!()
        };
        group.store_pending_proposal(mls.storage(), *queued).unwrap();
    }
}

pub(super) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(5)
        .build()
}

pub(super) fn bundle_of(bundle: CommitMessageBundle) -> Bundle {
    let (commit, welcome, group_info) = bundle.contents();
    Bundle {
        commit: MlsOctets::of(commit).unwrap(),
        welcome: welcome.map(|welcome| WelcomeOctets::of(welcome).unwrap()),
        group_info: GroupInfoOption::Full(GroupInfoOctets::of(group_info.unwrap()).unwrap()),
        ratchet_tree: RatchetTreeOption::DistributionService,
    }
}
