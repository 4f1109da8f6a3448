//! The only neighbour of OpenMLS's `MlsGroup`: every step of a group's life, and nothing of rooms.
//!
//! Proposals wait in rows of ours. OpenMLS's own store holds them only inside the step that commits or processes a
//! commit, because a stored proposal stops all sending.

use std::time::UNIX_EPOCH;

use comity_mls::{
    CommitFacts, LeafFacts, LeafIdentity, RoomState, Violation, check_commit, check_roster, identify,
};
use comity_room::ClientUri;
use openmls::ciphersuite::hash_ref::KeyPackageRef;
use openmls::component::ComponentId;
use openmls::group::{
    MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, PastEpochDeletion,
    QueuedProposal, StagedCommit, StagedWelcome,
};
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::messages::proposals::{AppDataUpdateProposal, Proposal};
use openmls::prelude::{
    BasicCredential, CredentialWithKey, Extensions, GroupId, KeyPackage, LeafNode, LeafNodeIndex,
    LeafNodeParameters, MlsMessageBodyIn, MlsMessageBodyOut, MlsMessageIn, MlsMessageOut, OpenMlsProvider,
    ProcessedMessageContent, ProtocolMessage, RatchetTreeIn, Sender, SenderRatchetConfiguration,
};
use openmls_traits::signatures::Signer;
use openmls_traits::storage::StorageProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::error::Error;
use crate::rejection::Rejection;
use crate::unprocessed::{Unprocessed, classify, staging, unproven};

/// How many past epochs a message may be late. OpenMLS's default is none, and a message that overtakes a commit is
/// ordinary on phones; each kept epoch costs a copy of the message secrets.
pub(crate) const PAST_EPOCHS: usize = 5;
/// How many messages of one sender may overtake another. OpenMLS's default of 5 broke two peers.
const OUT_OF_ORDER: u32 = 64;
/// How many messages of one sender may be missing before one that we read: bounds the work of a forged generation.
const FORWARD: u32 = 1_000;
/// Messages are padded to a multiple of this, so that their sizes tell little.
const PADDING: usize = 256;

/// An MLS group in memory. It is never cloned, and dropped whenever a transaction that touched it rolls back.
pub(crate) struct Group(MlsGroup);

/// What a commit of ours is to do.
#[derive(Default)]
pub(crate) struct CommitPlan {
    pub(crate) adds: Vec<KeyPackage>,
    pub(crate) removes: Vec<LeafNodeIndex>,
    pub(crate) app_data: Vec<(ComponentId, Vec<u8>)>,
    pub(crate) leaf: Option<Extensions<LeafNode>>,
}

/// A commit of ours, staged, with all that the hub must have.
pub(crate) struct Staged {
    pub(crate) commit: Vec<u8>,
    pub(crate) welcome: Option<Vec<u8>>,
    pub(crate) group_info: Vec<u8>,
}

/// What a frame turned out to be.
pub(crate) enum Processed {
    /// An application message of this member in this epoch.
    Application {
        sender: ClientUri,
        epoch: u64,
        bytes: Vec<u8>,
    },
    /// A message of our own, come back.
    OwnMessage,
    /// Our own staged commit, come back.
    OwnCommit,
    /// Somebody's commit, checked and not yet merged.
    Commit {
        staged: Box<StagedCommit>,
        facts: Box<CommitFacts>,
    },
    /// A proposal to hold until someone commits it.
    Proposal { by: LeafIdentity, leaves: bool },
}

impl Group {
    /// Creates a group of one.
    pub(crate) fn create<P: OpenMlsProvider>(
        provider: &P,
        signer: &impl Signer,
        id: &[u8],
        who: CredentialWithKey,
        state: &RoomState,
        leaf: Extensions<LeafNode>,
    ) -> Result<Self, Error> {
        let context = comity_mls::room_context(state).map_err(|_| Error::Bug("room context"))?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(comity_mls::CIPHER_SUITE)
            .capabilities(comity_mls::capabilities())
            .with_leaf_node_extensions(leaf)
            .map_err(|_| Error::Bug("leaf extensions"))?
            .with_group_context_extensions(context)
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .max_past_epochs(PAST_EPOCHS)
            .padding_size(PADDING)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
            .build();
        MlsGroup::new_with_group_id(provider, signer, &config, GroupId::from_slice(id), who)
            .map(Self)
            .map_err(|_| Error::Bug("create group"))
    }

    /// Loads a group, if it is stored.
    pub(crate) fn load<P: OpenMlsProvider>(provider: &P, id: &[u8]) -> Result<Option<Self>, Error> {
        let group = MlsGroup::load(provider.storage(), &GroupId::from_slice(id))
            .map_err(|_| Error::Bug("load group"))?;
        Ok(group.map(Self))
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.0.epoch().as_u64()
    }

    pub(crate) fn id(&self) -> &[u8] {
        self.0.group_id().as_slice()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.0.is_active()
    }

    pub(crate) fn own_index(&self) -> LeafNodeIndex {
        self.0.own_leaf_index()
    }

    /// The room's state and every leaf, checked.
    pub(crate) fn roster(&self) -> Result<(RoomState, Vec<(LeafNodeIndex, LeafFacts)>), Violation> {
        check_roster(self.0.public_group())
    }

    /// Encrypts one application message.
    pub(crate) fn encrypt<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        signer: &impl Signer,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let message = self
            .0
            .create_message(provider, signer, plaintext)
            .map_err(|_| Error::Bug("encrypt"))?;
        octets(&message)
    }

    /// Writes the message secrets as they are. OpenMLS does so by itself whenever they change, and when it is told to
    /// delete past epochs, of which this names none.
    pub(crate) fn write_ratchets<P: OpenMlsProvider>(&mut self, provider: &P) -> Result<(), Error> {
        let none = PastEpochDeletion::before_timestamp(UNIX_EPOCH);
        self.0
            .delete_past_epoch_secrets(provider, none)
            .map_err(|_| Error::Bug("write ratchets"))
    }

    /// The GroupInfo of a group that has just been created.
    pub(crate) fn first_group_info<P: OpenMlsProvider>(
        &self,
        provider: &P,
        signer: &impl Signer,
    ) -> Result<Vec<u8>, Error> {
        let message = self
            .0
            .export_group_info(provider.crypto(), signer, false)
            .map_err(|_| Error::Bug("group info"))?;
        match message.body() {
            MlsMessageBodyOut::GroupInfo(info) => info
                .tls_serialize_detached()
                .map_err(|_| Error::Bug("group info octets")),
            _ => Err(Error::Bug("group info body")),
        }
    }

    /// The GroupContext of the present epoch.
    pub(crate) fn context(&self) -> Result<Vec<u8>, Error> {
        self.0
            .public_group()
            .group_context()
            .tls_serialize_detached()
            .map_err(|_| Error::Bug("group context"))
    }

    /// The ratchet tree of the present epoch.
    pub(crate) fn ratchet_tree(&self) -> Result<Vec<u8>, Error> {
        self.0
            .export_ratchet_tree()
            .tls_serialize_detached()
            .map_err(|_| Error::Bug("ratchet tree"))
    }

    /// Proposes to leave; returns the frame and forgets the proposal, so that sending goes on.
    pub(crate) fn propose_leaving<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        signer: &impl Signer,
    ) -> Result<Vec<u8>, Error> {
        if self.0.pending_commit().is_some() {
            self.0
                .clear_pending_commit(provider.storage())
                .map_err(|_| Error::Bug("clear pending commit"))?;
        }
        let frame = self
            .0
            .leave_group_via_self_remove(provider, signer)
            .map_err(|_| Error::Bug("propose leaving"))?;
        self.0
            .clear_pending_proposals(provider.storage())
            .map_err(|_| Error::Bug("clear proposals"))?;
        octets(&frame)
    }

    /// Stages a commit of the given changes and the held proposals; whatever was staged before is overwritten.
    pub(crate) fn stage<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        signer: &impl Signer,
        plan: CommitPlan,
        held: &[Vec<u8>],
    ) -> Result<Staged, StageFault> {
        if self.0.pending_commit().is_some() {
            self.0
                .clear_pending_commit(provider.storage())
                .map_err(|_| Error::Bug("clear pending commit"))?;
        }
        self.take_up(provider, held)?;
        let leaf = plan.leaf.map_or_else(LeafNodeParameters::default, |extensions| {
            LeafNodeParameters::builder().with_extensions(extensions).build()
        });
        let mut proposals: Vec<Proposal> = Vec::new();
        for (component, update) in plan.app_data {
            proposals.push(Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(
                component, update,
            ))));
        }
        let leaving = self.leaving();
        let keep = |queued: &QueuedProposal| match queued.proposal() {
            Proposal::Remove(remove) => !leaving.contains(&remove.removed()),
            _ => true,
        };
        let removes = plan
            .removes
            .into_iter()
            .filter(|index| !leaving.contains(index))
            .collect::<Vec<_>>();
        let mut builder = self
            .0
            .commit_builder()
            .force_self_update(true)
            .propose_adds(plan.adds)
            .propose_removals(removes)
            .add_proposals(proposals)
            .leaf_node_parameters(leaf)
            .load_psks(provider.storage())
            .map_err(|_| Error::Bug("load psks"))?
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        let updates = comity_mls::resolve(
            builder.app_data_dictionary_updater(),
            builder.app_data_update_proposals(),
        )
        .map_err(|fault| StageFault::Refused(fault.code()))?;
        builder.with_app_data_dictionary_updates(updates);
        let bundle = builder
            .build(provider.rand(), provider.crypto(), signer, keep)
            .map_err(|_| StageFault::Refused("commit_not_possible"))?
            .stage_commit(provider)
            .map_err(|_| Error::Bug("stage commit"))?;
        let own = Sender::Member(self.0.own_leaf_index());
        let staged = self.0.pending_commit().ok_or(Error::Bug("no pending commit"))?;
        check_commit(self.0.public_group(), &own, staged)
            .map_err(|violation| StageFault::violation(&violation))?;
        self.0
            .clear_pending_proposals(provider.storage())
            .map_err(|_| Error::Bug("clear proposals"))?;
        Ok(staged_octets(bundle)?)
    }

    /// What our own staged commit does.
    pub(crate) fn pending_facts(&self) -> Result<CommitFacts, Error> {
        let staged = self.0.pending_commit().ok_or(Error::Bug("no pending commit"))?;
        let own = Sender::Member(self.0.own_leaf_index());
        check_commit(self.0.public_group(), &own, staged)
            .map_err(|_| Error::Bug("own commit violates the rules"))
    }

    /// Merges our own staged commit, which the hub has accepted.
    pub(crate) fn merge_own<P: OpenMlsProvider>(&mut self, provider: &P) -> Result<(), Error> {
        self.0
            .merge_pending_commit(provider)
            .map_err(|_| Error::Bug("merge own commit"))
    }

    /// Merges somebody's commit; whatever we had staged is gone.
    pub(crate) fn merge<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        staged: StagedCommit,
    ) -> Result<(), Error> {
        self.0
            .merge_staged_commit(provider, staged)
            .map_err(|_| Error::Bug("merge commit"))
    }

    /// Processes one frame. For a commit the held proposals are taken up first. If it is rejected, the caller undoes what
    /// was written, and the group is as it was: OpenMLS changes none that rejects a frame, and gives the proposals back.
    pub(crate) fn process<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        message: ProtocolMessage,
        held: &[Vec<u8>],
    ) -> Result<Processed, Unprocessed> {
        let (theirs, ours) = (message.epoch().as_u64(), self.epoch());
        let takes_up =
            matches!(message.content_type(), openmls::framing::ContentType::Commit) && theirs == ours;
        if takes_up {
            self.take_up(provider, held).map_err(Unprocessed::Failed)?;
        }
        let processed = self.process_with(provider, message);
        if takes_up && processed.is_err() && !held.is_empty() {
            self.0
                .clear_pending_proposals(provider.storage())
                .map_err(|_| Error::Bug("clear proposals"))?;
        }
        processed
    }

    fn process_with<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        message: ProtocolMessage,
    ) -> Result<Processed, Unprocessed> {
        let (theirs, ours) = (message.epoch().as_u64(), self.epoch());
        let from_outside = message.is_external();
        let processed = self.0.process_message(provider, message).map_err(|error| {
            let why = classify(&error, theirs, ours);
            if from_outside { unproven(why) } else { why }
        })?;
        let (sender, epoch) = (processed.sender().clone(), processed.epoch().as_u64());
        let credential = processed.credential().clone();
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                let sender = client_of(credential)?;
                Ok(Processed::Application {
                    sender,
                    epoch,
                    bytes: message.into_bytes(),
                })
            }
            ProcessedMessageContent::OwnPrivateMessage => Ok(Processed::OwnMessage),
            ProcessedMessageContent::OwnPendingCommit => Ok(Processed::OwnCommit),
            ProcessedMessageContent::StagedCommitMessage(staged) => self.judge(&sender, staged),
            ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
                let updates = comity_mls::resolve(
                    self.0.app_data_dictionary_updater(),
                    unresolved.app_data_update_proposals(),
                )
                .map_err(|fault| Rejection::Violation(fault.code().to_owned()))?;
                let staged = self
                    .0
                    .stage_app_data_commit(provider, *unresolved, updates)
                    .map_err(|error| Unprocessed::Rejected(staging(&error)))
                    .map_err(|why| if from_outside { unproven(why) } else { why })?;
                self.judge(&sender, Box::new(staged))
            }
            ProcessedMessageContent::ProposalMessage(queued) => self.proposal(&queued).map_err(Into::into),
            _ => Err(Rejection::InvalidProposal.into()),
        }
    }

    fn judge(&self, sender: &Sender, staged: Box<StagedCommit>) -> Result<Processed, Unprocessed> {
        let facts = check_commit(self.0.public_group(), sender, &staged)
            .map_err(|violation| Rejection::Violation(violation.code().to_owned()))?;
        Ok(Processed::Commit {
            staged,
            facts: Box::new(facts),
        })
    }

    /// Only what its sender alone can do travels as a proposal: leaving, and renewing one's own leaf.
    fn proposal(&self, queued: &QueuedProposal) -> Result<Processed, Rejection> {
        let Sender::Member(index) = queued.sender() else {
            return Err(Rejection::InvalidProposal);
        };
        let leaf = self
            .0
            .public_group()
            .leaf(*index)
            .ok_or(Rejection::NotFromMember)?;
        let before = identify(leaf).map_err(|fault| Rejection::Violation(fault.code().to_owned()))?;
        match queued.proposal() {
            Proposal::SelfRemove => Ok(Processed::Proposal {
                by: before,
                leaves: true,
            }),
            Proposal::Update(update) => {
                let now = identify(update.leaf_node())
                    .map_err(|fault| Rejection::Violation(fault.code().to_owned()))?;
                if now.is_same_client(&before) {
                    Ok(Processed::Proposal {
                        by: before,
                        leaves: false,
                    })
                } else {
                    Err(Rejection::Violation("identity_changed".to_owned()))
                }
            }
            _ => Err(Rejection::InvalidProposal),
        }
    }

    /// Hands held proposals to OpenMLS; those that no longer apply are passed over.
    fn take_up<P: OpenMlsProvider>(&mut self, provider: &P, held: &[Vec<u8>]) -> Result<(), Error> {
        for frame in held {
            let Some(message) = protocol_message(frame) else {
                continue;
            };
            let Ok(processed) = self.0.process_message(provider, message) else {
                continue;
            };
            if let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() {
                self.0
                    .store_pending_proposal(provider.storage(), *queued)
                    .map_err(|_| Error::Bug("store proposal"))?;
            }
        }
        Ok(())
    }

    fn leaving(&self) -> Vec<LeafNodeIndex> {
        let queued = self.0.pending_proposals();
        queued
            .filter_map(|queued| match (queued.proposal(), queued.sender()) {
                (Proposal::SelfRemove, Sender::Member(index)) => Some(*index),
                _ => None,
            })
            .collect()
    }
}

/// Why a commit of ours was not staged.
#[derive(Debug)]
pub(crate) enum StageFault {
    /// The room, or MLS, does not allow it; the stable code says which rule.
    Refused(&'static str),
    /// Something failed.
    Failed(Error),
}

impl StageFault {
    fn violation(violation: &Violation) -> Self {
        Self::Refused(violation.code())
    }
}

impl From<Error> for StageFault {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A group that a Welcome brought.
pub(crate) struct Welcomed {
    pub(crate) group: Group,
    pub(crate) inviter: LeafIdentity,
}

/// Joins by a Welcome. On rejection the caller rolls back: OpenMLS has used up the key package by then.
pub(crate) fn join_by_welcome<P: OpenMlsProvider>(
    provider: &P,
    welcome: &[u8],
    tree: &[u8],
) -> Result<Welcomed, Rejection> {
    let message = MlsMessageIn::tls_deserialize_exact(welcome).map_err(|_| Rejection::Malformed)?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return Err(Rejection::Malformed);
    };
    let tree = RatchetTreeIn::tls_deserialize_exact(tree).map_err(|_| Rejection::InvalidWelcome)?;
    let staged = StagedWelcome::build_from_welcome(provider, &join_config(), welcome)
        .map_err(|_| Rejection::WelcomeForNobody)?
        .with_ratchet_tree(tree)
        .skip_lifetime_validation()
        .build()
        .map_err(|error| match error {
            openmls::group::WelcomeError::GroupAlreadyExists => Rejection::AlreadyJoined,
            _ => Rejection::InvalidWelcome,
        })?;
    let inviter = staged.welcome_sender().map_err(|_| Rejection::InvalidWelcome)?;
    let inviter = identify(inviter).map_err(|fault| Rejection::Violation(fault.code().to_owned()))?;
    let group = staged
        .into_group(provider)
        .map_err(|_| Rejection::InvalidWelcome)?;
    Ok(Welcomed {
        group: Group(group),
        inviter,
    })
}

/// What an external commit needs.
pub(crate) struct Entrance<'a> {
    pub(crate) group_info: &'a [u8],
    pub(crate) tree: &'a [u8],
    pub(crate) self_removes: Vec<Vec<u8>>,
    pub(crate) who: CredentialWithKey,
    pub(crate) leaf: Extensions<LeafNode>,
}

/// Joins from outside. OpenMLS merges at once: the group is in the new epoch, on disk, before the hub has answered.
pub(crate) fn join_from_outside<P: OpenMlsProvider>(
    provider: &P,
    signer: &impl Signer,
    entrance: Entrance<'_>,
) -> Result<(Group, Staged), StageFault> {
    let malformed = StageFault::Refused("group_info_malformed");
    let Ok(info) = VerifiableGroupInfo::tls_deserialize_exact(entrance.group_info) else {
        return Err(malformed);
    };
    let Ok(tree) = RatchetTreeIn::tls_deserialize_exact(entrance.tree) else {
        return Err(malformed);
    };
    let leaving = entrance
        .self_removes
        .iter()
        .filter_map(|frame| match protocol_message(frame) {
            Some(ProtocolMessage::PublicMessage(message)) => Some(*message),
            _ => None,
        })
        .collect();
    let leaf = LeafNodeParameters::builder()
        .with_capabilities(comity_mls::capabilities())
        .with_extensions(entrance.leaf)
        .build();
    let not_possible = StageFault::Refused("external_join_not_possible");
    let Ok(builder) = MlsGroup::external_commit_builder()
        .with_ratchet_tree(tree)
        .with_proposals(leaving)
        .with_config(join_config())
        .skip_lifetime_validation()
        .build_group(provider, info, entrance.who)
    else {
        return Err(not_possible);
    };
    let builder = builder.leaf_node_parameters(leaf).load_psks(provider.storage());
    let mut builder = builder
        .map_err(|_| Error::Bug("load psks"))?
        .create_group_info(true)
        .use_ratchet_tree_extension(false);
    let updates = comity_mls::resolve(
        builder.app_data_dictionary_updater(),
        builder.app_data_update_proposals(),
    )
    .map_err(|fault| StageFault::Refused(fault.code()))?;
    builder.with_app_data_dictionary_updates(updates);
    // A proposal of our old leaf to go takes that leaf out as well as our commit would; OpenMLS knows no way to do both.
    let mut gone = Vec::new();
    let once = |queued: &QueuedProposal| match (queued.proposal(), queued.sender()) {
        (Proposal::SelfRemove, Sender::Member(index)) => {
            gone.push(*index);
            true
        }
        (Proposal::Remove(remove), _) => !gone.contains(&remove.removed()),
        _ => true,
    };
    let Ok(builder) = builder.build(provider.rand(), provider.crypto(), signer, once) else {
        return Err(not_possible);
    };
    let (group, bundle) = builder
        .finalize(provider)
        .map_err(|_| Error::Bug("external commit"))?;
    Ok((Group(group), staged_octets(bundle)?))
}

/// The Welcome inside an `MLSMessage`, as update bodies carry it.
pub(crate) fn bare_welcome(message: Vec<u8>) -> Result<comity_wire::WelcomeOctets, Error> {
    let own = Error::Bug("own welcome");
    let message = MlsMessageIn::tls_deserialize_exact(&message).map_err(|_| own.clone())?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return Err(own);
    };
    comity_wire::MlsOctets::of(&welcome).map_err(|_| own)
}

/// Deletes the private part of a key package, if it is still there.
pub(crate) fn forget_key_package<P: OpenMlsProvider>(
    provider: &P,
    reference: &KeyPackageRef,
) -> Result<(), Error> {
    provider
        .storage()
        .delete_key_package(reference)
        .map_err(|_| Error::Bug("delete key package"))
}

/// Decodes the octets of an `MLSMessage` that is a frame of a group.
pub(crate) fn protocol_message(octets: &[u8]) -> Option<ProtocolMessage> {
    MlsMessageIn::tls_deserialize_exact(octets)
        .ok()?
        .try_into_protocol_message()
        .ok()
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(PAST_EPOCHS)
        .padding_size(PADDING)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .build()
}

fn client_of(credential: openmls::prelude::Credential) -> Result<ClientUri, Rejection> {
    let basic = BasicCredential::try_from(credential).map_err(|_| Rejection::NotFromMember)?;
    let uri = std::str::from_utf8(basic.identity()).map_err(|_| Rejection::NotFromMember)?;
    ClientUri::parse(uri).map_err(|_| Rejection::NotFromMember)
}

fn staged_octets(bundle: openmls::group::CommitMessageBundle) -> Result<Staged, Error> {
    let info = bundle
        .group_info()
        .ok_or(Error::Bug("commit without group info"))?;
    let group_info = info
        .tls_serialize_detached()
        .map_err(|_| Error::Bug("group info octets"))?;
    let welcome = bundle
        .to_welcome_msg()
        .map(|message| octets(&message))
        .transpose()?;
    Ok(Staged {
        commit: octets(bundle.commit())?,
        welcome,
        group_info,
    })
}

fn octets(message: &MlsMessageOut) -> Result<Vec<u8>, Error> {
    message.to_bytes().map_err(|_| Error::Bug("message octets"))
}
