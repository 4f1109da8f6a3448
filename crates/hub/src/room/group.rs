//! The group of an epoch, loaded from its rows; and a commit staged on it.

use comity_mls::{AppDataFault, LeafFacts, RoomState, check_roster, resolve};
use openmls::group::{
    PublicGroup, PublicProcessMessageError, QueuedProposal, StageCommitError, StagedCommit, ValidationError,
};
use openmls::prelude::{ProcessedMessageContent, PublicMessageIn, Sender};
use openmls_traits::crypto::OpenMlsCrypto;

use super::{Call, Outcome};
use crate::refusal::Refusal;
use crate::rows::{Begun, Fault, GroupRow, Head, Part, Pending, ProposalsRow, TreeRow};
use crate::store::GroupStore;

/// The group of one epoch.
pub(super) struct Loaded {
    pub(super) group: PublicGroup,
    pub(super) store: GroupStore,
    pub(super) pending: Vec<Pending>,
    pub(super) begun_by: Option<Begun>,
}

impl Loaded {
    /// The group of `epoch` with the proposals that wait in it.
    pub(super) fn at<C: OpenMlsCrypto>(call: &Call<'_, C>, head: &Head, epoch: u64) -> Outcome<Self> {
        let group: GroupRow = call.rows.need(&Part::Group(epoch))?;
        let tree: TreeRow = call.rows.need(&Part::Tree(epoch))?;
        let ProposalsRow { pending } = call.rows.find(&Part::Proposals(epoch))?.unwrap_or_default();
        let begun_by = group.begun_by.clone();
        let store = GroupStore::of(group, tree, &pending);
        let group = store.load(&head.group_id)?;
        if group.group_context().epoch().as_u64() != epoch {
            return Err(Fault::Damaged("group").into());
        }
        Ok(Self {
            group,
            store,
            pending,
            begun_by,
        })
    }

    /// Who is in it. Every leaf was checked before it came in.
    pub(super) fn roster(&self) -> Outcome<(RoomState, Vec<LeafFacts>)> {
        let (state, leaves) = check_roster(&self.group).map_err(|_| Fault::Damaged("group"))?;
        Ok((state, leaves.into_iter().map(|(_, facts)| facts).collect()))
    }
}

/// A message that OpenMLS has verified, as far as a hub can.
pub(super) struct Verified<T> {
    pub(super) sender: Sender,
    pub(super) content: T,
}

/// Verifies and stages a commit; nothing has changed yet.
pub(super) fn stage(
    crypto: &impl OpenMlsCrypto,
    group: &PublicGroup,
    message: PublicMessageIn,
) -> Result<Verified<StagedCommit>, Refusal> {
    let processed = group.process_message(crypto, message).map_err(refused)?;
    let sender = processed.sender().clone();
    let content = match processed.into_content() {
        ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
        ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
            let updates = resolve(
                group.app_data_dictionary_updater(),
                commit.app_data_update_proposals(),
            )
            .map_err(|fault: AppDataFault| Refusal::InvalidAppData(fault.code()))?;
            group
                .stage_app_data_commit(crypto, *commit, updates)
                .map_err(not_staged)?
        }
        _ => return Err(Refusal::Malformed("not_a_commit")),
    };
    Ok(Verified { sender, content })
}

/// Verifies a proposal; it waits nowhere yet.
pub(super) fn proposal(
    crypto: &impl OpenMlsCrypto,
    group: &PublicGroup,
    message: PublicMessageIn,
) -> Result<Verified<QueuedProposal>, Refusal> {
    let processed = group.process_message(crypto, message).map_err(refused)?;
    let sender = processed.sender().clone();
    match processed.into_content() {
        ProcessedMessageContent::ProposalMessage(content) => Ok(Verified {
            sender,
            content: *content,
        }),
        ProcessedMessageContent::ExternalJoinProposalMessage(_) => {
            Err(Refusal::UnsupportedProposal("external_join"))
        }
        _ => Err(Refusal::Malformed("not_a_proposal")),
    }
}

fn refused(error: PublicProcessMessageError) -> Refusal {
    use ValidationError as V;
    match error {
        PublicProcessMessageError::IncompatibleWireFormat => Refusal::NotPublic,
        PublicProcessMessageError::UnsupportedProposalType => Refusal::UnsupportedProposal("external_sender"),
        PublicProcessMessageError::InvalidCommit(error) => not_staged(error),
        PublicProcessMessageError::ValidationError(error) => match error {
            V::InvalidSignature | V::InvalidLeafNodeSignature => Refusal::BadSignature,
            V::UnknownMember => Refusal::NotAMember,
            V::WrongGroupId => Refusal::ForeignGroup,
            V::NoPath => Refusal::MissingPath,
            V::KeyPackageVerifyError(_) => Refusal::InvalidKeyPackage("key_package_invalid"),
            error => Refusal::InvalidCommit(error.to_string()),
        },
        error => Refusal::InvalidCommit(error.to_string()),
    }
}

fn not_staged(error: StageCommitError) -> Refusal {
    match error {
        StageCommitError::RequiredPathNotFound => Refusal::MissingPath,
        error => Refusal::InvalidCommit(error.to_string()),
    }
}
