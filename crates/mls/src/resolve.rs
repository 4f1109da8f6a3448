//! What an AppDataUpdate proposal does to the room's state: the same at the committer, the hub and every member.
//!
//! A participant list update is a difference against the list at the start of the epoch; the other components are
//! replaced whole. Components of a room are never removed, and unknown ones never updated.
//! (*mls-extensions*, "AppDataUpdate"; *mimi-protocol*, "Participant List".)

use std::collections::BTreeMap;

use comity_room::{ParticipantList, ParticipantUpdate, Requirement, Roles, RoomMetadata};
use comity_wire::Wire as _;
use comity_wire::components::{CONTENT_MEDIA_TYPES, PARTICIPANT_LIST, ROLES_LIST, ROOM_METADATA};
use openmls::component::ComponentData;
use openmls::group::{AppDataDictionaryUpdater, AppDataUpdates};
use openmls::messages::proposals::{AppDataUpdateOperation, AppDataUpdateProposal};

/// Why a list of AppDataUpdate proposals is invalid as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppDataFault {
    /// A component that we do not know how to update.
    #[error("component {0:#06x} is unknown")]
    Unknown(u16),
    /// A component that a room cannot do without was removed.
    #[error("component {0:#06x} cannot be removed")]
    Removed(u16),
    /// More than one full replacement of one component.
    #[error("component {0:#06x} is replaced twice")]
    Twice(u16),
    /// The update does not decode, or does not apply to the present value.
    #[error("the update of component {0:#06x} is malformed")]
    Malformed(u16),
}

impl AppDataFault {
    /// The stable code of this fault.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown(_) => "app_data_unknown_component",
            Self::Removed(_) => "app_data_removed",
            Self::Twice(_) => "app_data_twice",
            Self::Malformed(_) => "app_data_malformed",
        }
    }
}

/// Computes the new dictionary entries from the proposals of one commit, in commit order.
///
/// # Errors
/// [`AppDataFault`]: then the whole proposal list is invalid, for everybody.
pub fn resolve<'a>(
    mut updater: AppDataDictionaryUpdater<'_>,
    proposals: impl Iterator<Item = &'a AppDataUpdateProposal>,
) -> Result<Option<AppDataUpdates>, AppDataFault> {
    let mut by_component: BTreeMap<u16, Vec<&[u8]>> = BTreeMap::new();
    for proposal in proposals {
        let id = proposal.component_id();
        match proposal.operation() {
            AppDataUpdateOperation::Update(update) => {
                by_component.entry(id).or_default().push(update.as_slice());
            }
            AppDataUpdateOperation::Remove => return Err(AppDataFault::Removed(id)),
        }
    }
    for (id, updates) in by_component {
        let value = if id == PARTICIPANT_LIST {
            participants(updater.old_value(id), &updates)?
        } else {
            replacement(id, &updates)?
        };
        updater.set(ComponentData::from_parts(id, value.into()));
    }
    Ok(updater.changes())
}

fn participants(old: Option<&[u8]>, updates: &[&[u8]]) -> Result<Vec<u8>, AppDataFault> {
    let malformed = AppDataFault::Malformed(PARTICIPANT_LIST);
    let list = ParticipantList::decode(old.ok_or(malformed)?).map_err(|_| malformed)?;
    let updates = updates
        .iter()
        .map(|update| ParticipantUpdate::decode(update))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| malformed)?;
    let list = list.apply(&updates).map_err(|_| malformed)?;
    Ok(list.encode())
}

fn replacement(id: u16, updates: &[&[u8]]) -> Result<Vec<u8>, AppDataFault> {
    let [update] = updates else {
        return Err(AppDataFault::Twice(id));
    };
    let sound = match id {
        CONTENT_MEDIA_TYPES => Requirement::decode(update).is_ok(),
        ROOM_METADATA => RoomMetadata::decode(update).is_ok(),
        ROLES_LIST => Roles::decode(update).is_ok(),
        _ => return Err(AppDataFault::Unknown(id)),
    };
    if sound {
        Ok(update.to_vec())
    } else {
        Err(AppDataFault::Malformed(id))
    }
}
