//! Commits of ours, and the one proposal: staged, checked as everybody else will, and put into octets.

use comity_mls::{CommitFacts, Violation, check_commit};
use comity_wire::{MlsOctets, WelcomeOctets};
use openmls::component::ComponentId;
use openmls::group::{CommitMessageBundle, QueuedProposal};
use openmls::messages::proposals::{AppDataUpdateProposal, Proposal};
use openmls::prelude::{
    Extensions, KeyPackage, LeafNode, LeafNodeIndex, LeafNodeParameters, MlsMessageBodyIn, MlsMessageIn,
    OpenMlsProvider, Sender,
};
use openmls_traits::signatures::Signer;
use tls_codec::{Deserialize as _, Serialize as _};

use super::{Group, octets};
use crate::error::Error;

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

impl Group {
    /// Proposes to leave; returns the frame and forgets the proposal, so that sending goes on.
    pub(crate) fn propose_leaving<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        signer: &impl Signer,
    ) -> Result<Vec<u8>, Error> {
        self.unstage(provider)?;
        let frame = self
            .0
            .leave_group_via_self_remove(provider, signer)
            .map_err(|_| Error::Bug("propose leaving"))?;
        self.forget_proposals(provider)?;
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
        self.unstage(provider)?;
        self.take_up(provider, held)?;
        let leaf = plan.leaf.map_or_else(LeafNodeParameters::default, |extensions| {
            LeafNodeParameters::builder().with_extensions(extensions).build()
        });
        let leaving = self.leaving();
        let stays = |index: &LeafNodeIndex| !leaving.contains(index);
        let keep = |queued: &QueuedProposal| match queued.proposal() {
            Proposal::Remove(remove) => stays(&remove.removed()),
            _ => true,
        };
        let mut builder = self
            .0
            .commit_builder()
            .force_self_update(true)
            .propose_adds(plan.adds)
            .propose_removals(plan.removes.into_iter().filter(stays))
            .add_proposals(plan.app_data.into_iter().map(app_data_update))
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
        self.forget_proposals(provider)?;
        Ok(staged_octets(bundle)?)
    }

    /// What our own staged commit does.
    pub(crate) fn pending_facts(&self) -> Result<CommitFacts, Error> {
        let staged = self.0.pending_commit().ok_or(Error::Bug("no pending commit"))?;
        let own = Sender::Member(self.0.own_leaf_index());
        check_commit(self.0.public_group(), &own, staged)
            .map_err(|_| Error::Bug("own commit violates the rules"))
    }

    /// Forgets what was staged before, if anything was.
    fn unstage<P: OpenMlsProvider>(&mut self, provider: &P) -> Result<(), Error> {
        if self.0.pending_commit().is_some() {
            self.0
                .clear_pending_commit(provider.storage())
                .map_err(|_| Error::Bug("clear pending commit"))?;
        }
        Ok(())
    }

    /// Leaves no proposal with OpenMLS, so that sending goes on.
    pub(super) fn forget_proposals<P: OpenMlsProvider>(&mut self, provider: &P) -> Result<(), Error> {
        self.0
            .clear_pending_proposals(provider.storage())
            .map_err(|_| Error::Bug("clear proposals"))
    }

    /// The leaves whose members have asked to go.
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

fn app_data_update((component, update): (ComponentId, Vec<u8>)) -> Proposal {
    Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(component, update)))
}

/// The Welcome inside an `MLSMessage`, as update bodies carry it.
pub(crate) fn bare_welcome(message: Vec<u8>) -> Result<WelcomeOctets, Error> {
    let own = Error::Bug("own welcome");
    let message = MlsMessageIn::tls_deserialize_exact(&message).map_err(|_| own.clone())?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return Err(own);
    };
    MlsOctets::of(&welcome).map_err(|_| own)
}

pub(super) fn staged_octets(bundle: CommitMessageBundle) -> Result<Staged, Error> {
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
