//! OpenMLS's public storage over the rows of one room, in memory.
//!
//! **Owns** the translation between what a `PublicGroup` stores and our rows. It holds one group; a `PublicGroup` is loaded
//! from it, followed by one commit at most, and stored back.
//! **Knows nothing of** what a commit may do.

use std::cell::RefCell;

use openmls::group::{GroupId, PublicGroup};
use openmls_traits::public_storage::PublicStorageProvider;
use openmls_traits::storage::traits;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::rows::{Begun, Fault, GroupRow, Pending, TreeRow, pack, unpack};

/// The version of OpenMLS's storage interface.
const V: u16 = openmls_traits::storage::CURRENT_VERSION;

/// One group's entities, as OpenMLS wrote them.
#[derive(Debug, Default)]
pub(crate) struct GroupStore {
    entities: RefCell<Entities>,
}

#[derive(Debug, Default)]
struct Entities {
    tree: Option<Vec<u8>>,
    context: Option<Vec<u8>>,
    confirmation_tag: Option<Vec<u8>>,
    interim_transcript_hash: Option<Vec<u8>>,
    /// ProposalRef and QueuedProposal, in the order in which they came.
    proposals: Vec<(Vec<u8>, Vec<u8>)>,
}

impl GroupStore {
    /// The store of a group that exists.
    pub(crate) fn of(group: GroupRow, tree: TreeRow, pending: &[Pending]) -> Self {
        let GroupRow {
            context,
            confirmation_tag,
            interim_transcript_hash,
            begun_by: _,
        } = group;
        Self {
            entities: RefCell::new(Entities {
                tree: Some(tree.tree),
                context: Some(context),
                confirmation_tag: Some(confirmation_tag),
                interim_transcript_hash: Some(interim_transcript_hash),
                proposals: pending
                    .iter()
                    .map(|p| (p.reference.clone(), p.queued.clone()))
                    .collect(),
            }),
        }
    }

    /// The group as OpenMLS sees it.
    pub(crate) fn load(&self, group_id: &[u8]) -> Result<PublicGroup, Fault> {
        PublicGroup::load(self, &GroupId::from_slice(group_id))
            .ok()
            .flatten()
            .filter(|group| group.group_id().as_slice() == group_id)
            .ok_or(Fault::Damaged("group"))
    }

    /// The rows of what was stored last.
    pub(crate) fn into_rows(self, begun_by: Option<Begun>) -> Result<(GroupRow, TreeRow), Fault> {
        let Entities {
            tree,
            context,
            confirmation_tag,
            interim_transcript_hash,
            proposals: _,
        } = self.entities.into_inner();
        let unwritten = || Fault::Unencodable("group");
        let group = GroupRow {
            context: context.ok_or_else(unwritten)?,
            confirmation_tag: confirmation_tag.ok_or_else(unwritten)?,
            interim_transcript_hash: interim_transcript_hash.ok_or_else(unwritten)?,
            begun_by,
        };
        Ok((
            group,
            TreeRow {
                tree: tree.ok_or_else(unwritten)?,
            },
        ))
    }

    fn put(
        &self,
        slot: impl FnOnce(&mut Entities) -> &mut Option<Vec<u8>>,
        value: &impl Serialize,
    ) -> Result<(), StoreError> {
        let octets = pack(value)?;
        *slot(&mut self.entities.borrow_mut()) = Some(octets);
        Ok(())
    }

    fn get<T: DeserializeOwned>(
        &self,
        slot: impl FnOnce(&Entities) -> &Option<Vec<u8>>,
    ) -> Result<Option<T>, StoreError> {
        let entities = self.entities.borrow();
        Ok(slot(&entities).as_deref().map(unpack).transpose()?)
    }
}

/// An entity does not encode or decode.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(transparent)]
    Encode(#[from] rmp_serde::encode::Error),
    #[error(transparent)]
    Decode(#[from] rmp_serde::decode::Error),
}

/// There is one group in a store, so the group id is never looked at.
impl PublicStorageProvider<V> for GroupStore {
    type PublicError = StoreError;

    fn write_tree<G: traits::GroupId<V>, T: traits::TreeSync<V>>(
        &self,
        _: &G,
        tree: &T,
    ) -> Result<(), StoreError> {
        self.put(|e| &mut e.tree, tree)
    }

    fn write_interim_transcript_hash<G: traits::GroupId<V>, H: traits::InterimTranscriptHash<V>>(
        &self,
        _: &G,
        hash: &H,
    ) -> Result<(), StoreError> {
        self.put(|e| &mut e.interim_transcript_hash, hash)
    }

    fn write_context<G: traits::GroupId<V>, C: traits::GroupContext<V>>(
        &self,
        _: &G,
        context: &C,
    ) -> Result<(), StoreError> {
        self.put(|e| &mut e.context, context)
    }

    fn write_confirmation_tag<G: traits::GroupId<V>, C: traits::ConfirmationTag<V>>(
        &self,
        _: &G,
        tag: &C,
    ) -> Result<(), StoreError> {
        self.put(|e| &mut e.confirmation_tag, tag)
    }

    fn queue_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>, Q: traits::QueuedProposal<V>>(
        &self,
        _: &G,
        reference: &R,
        proposal: &Q,
    ) -> Result<(), StoreError> {
        let entry = (pack(reference)?, pack(proposal)?);
        let mut entities = self.entities.borrow_mut();
        entities.proposals.retain(|(known, _)| *known != entry.0);
        entities.proposals.push(entry);
        Ok(())
    }

    fn queued_proposals<G: traits::GroupId<V>, R: traits::ProposalRef<V>, Q: traits::QueuedProposal<V>>(
        &self,
        _: &G,
    ) -> Result<Vec<(R, Q)>, StoreError> {
        let entities = self.entities.borrow();
        entities
            .proposals
            .iter()
            .map(|(reference, queued)| Ok((unpack(reference)?, unpack(queued)?)))
            .collect()
    }

    fn tree<G: traits::GroupId<V>, T: traits::TreeSync<V>>(&self, _: &G) -> Result<Option<T>, StoreError> {
        self.get(|e| &e.tree)
    }

    fn group_context<G: traits::GroupId<V>, C: traits::GroupContext<V>>(
        &self,
        _: &G,
    ) -> Result<Option<C>, StoreError> {
        self.get(|e| &e.context)
    }

    fn interim_transcript_hash<G: traits::GroupId<V>, H: traits::InterimTranscriptHash<V>>(
        &self,
        _: &G,
    ) -> Result<Option<H>, StoreError> {
        self.get(|e| &e.interim_transcript_hash)
    }

    fn confirmation_tag<G: traits::GroupId<V>, C: traits::ConfirmationTag<V>>(
        &self,
        _: &G,
    ) -> Result<Option<C>, StoreError> {
        self.get(|e| &e.confirmation_tag)
    }

    fn delete_tree<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), StoreError> {
        self.entities.borrow_mut().tree = None;
        Ok(())
    }

    fn delete_confirmation_tag<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), StoreError> {
        self.entities.borrow_mut().confirmation_tag = None;
        Ok(())
    }

    fn delete_context<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), StoreError> {
        self.entities.borrow_mut().context = None;
        Ok(())
    }

    fn delete_interim_transcript_hash<G: traits::GroupId<V>>(&self, _: &G) -> Result<(), StoreError> {
        self.entities.borrow_mut().interim_transcript_hash = None;
        Ok(())
    }

    fn remove_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &G,
        reference: &R,
    ) -> Result<(), StoreError> {
        let reference = pack(reference)?;
        self.entities
            .borrow_mut()
            .proposals
            .retain(|(known, _)| *known != reference);
        Ok(())
    }

    fn clear_proposal_queue<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        _: &G,
    ) -> Result<(), StoreError> {
        self.entities.borrow_mut().proposals.clear();
        Ok(())
    }
}
