//! Whether the room allows us a change, before we ask anybody. The hub and every member judge the commit itself.

use comity_room::{RoleCapability, RoleIndex, Roles, UserUri};

use crate::step::Change;
use crate::store::room::RoomView;

/// Whether `actor` may make this change now.
///
/// # Errors
/// The stable code of the rule that forbids it.
pub(crate) fn may_change(view: &RoomView, actor: &UserUri, change: &Change) -> Result<(), &'static str> {
    let own = view.participants.role(actor);
    let role = view.roles.find(own).ok_or("policy_not_in_room")?;
    let can = |capability| {
        if role.can(capability) {
            Ok(())
        } else {
            Err("policy_capability_missing")
        }
    };
    let moves = |from: RoleIndex, to: RoleIndex| {
        if role.authorizes(from, to) {
            Ok(())
        } else {
            Err("policy_role_change")
        }
    };
    match change {
        Change::Invite { user, .. } if user == actor => can(RoleCapability::AddOwnClient),
        Change::Invite {
            user, role: wanted, ..
        } => {
            can(RoleCapability::AddParticipant)?;
            let present = view.participants.role(user);
            if view.participants.find(user).is_some() {
                Ok(())
            } else {
                moves(present, wanted.unwrap_or(Roles::MEMBER))
            }
        }
        Change::RemoveUser(user) => {
            can(RoleCapability::RemoveParticipant)?;
            moves(view.participants.role(user), RoleIndex::NONE)
        }
        Change::RemoveClient(client) => {
            let own_client = view.user_of(client).is_some_and(|user| user == actor);
            can(if own_client {
                RoleCapability::RemoveOwnClient
            } else {
                RoleCapability::Kick
            })
        }
        Change::SetRole(user, to) if user == actor => {
            let _ = to;
            can(RoleCapability::ChangeOwnRole)
        }
        Change::SetRole(user, to) => {
            can(RoleCapability::ChangeUserRole)?;
            moves(view.participants.role(user), *to)
        }
        Change::Require(_) => can(RoleCapability::ChangeMlsOperationalPolicies),
        _ => Ok(()),
    }
}
