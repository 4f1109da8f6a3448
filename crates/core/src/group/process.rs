//! Frames of a group: what each turns out to be.

use comity_mls::{CommitFacts, LeafIdentity, check_commit, identify};
use comity_room::ClientUri;
use openmls::framing::ContentType;
use openmls::group::{QueuedProposal, StagedCommit};
use openmls::messages::proposals::Proposal;
use openmls::prelude::{
    BasicCredential, Credential, OpenMlsProvider, ProcessedMessageContent, ProtocolMessage, Sender,
};

use super::{Group, protocol_message};
use crate::error::Error;
use crate::rejection::Rejection;
use crate::unprocessed::{Unprocessed, classify, staging, unproven};

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
    /// Processes one frame. For a commit the held proposals are taken up first. If it is rejected, the caller undoes what
    /// was written, and the group is as it was: OpenMLS changes none that rejects a frame, and gives the proposals back.
    pub(crate) fn process<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        message: ProtocolMessage,
        held: &[Vec<u8>],
    ) -> Result<Processed, Unprocessed> {
        let (theirs, ours) = (message.epoch().as_u64(), self.epoch());
        let takes_up = matches!(message.content_type(), ContentType::Commit) && theirs == ours;
        if takes_up {
            self.take_up(provider, held).map_err(Unprocessed::Failed)?;
        }
        let processed = self.process_with(provider, message);
        if takes_up && processed.is_err() && !held.is_empty() {
            self.forget_proposals(provider)?;
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
    pub(super) fn take_up<P: OpenMlsProvider>(
        &mut self,
        provider: &P,
        held: &[Vec<u8>],
    ) -> Result<(), Error> {
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
}

fn client_of(credential: Credential) -> Result<ClientUri, Rejection> {
    let basic = BasicCredential::try_from(credential).map_err(|_| Rejection::NotFromMember)?;
    let uri = std::str::from_utf8(basic.identity()).map_err(|_| Rejection::NotFromMember)?;
    ClientUri::parse(uri).map_err(|_| Rejection::NotFromMember)
}
