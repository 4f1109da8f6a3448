//! What the rules ask of a [`Change`]: roles before and after, and who proposed what.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Change, Denied};
use crate::{ParticipantList, Role, RoleCapability, RoleIndex, Roles, UserUri};

/// A [`Change`] with its lists indexed by user.
pub(super) struct Facts<'a> {
    pub(super) change: &'a Change<'a>,
    before: BTreeMap<&'a UserUri, RoleIndex>,
    after: BTreeMap<&'a UserUri, RoleIndex>,
    /// Every authorised role change, sorted: whose role, from, to. Made when first asked for, and once: a commit may touch as many
    /// participants as the table has entries.
    authorized: OnceCell<Vec<[RoleIndex; 3]>>,
}

impl<'a> Facts<'a> {
    /// Indexes the change; denies it if a participant would have a role that there is not.
    pub(super) fn gather(change: &'a Change<'a>) -> Result<Self, Denied> {
        check_roles(change.after, change.new_roles.unwrap_or(change.roles))?;
        Ok(Self {
            change,
            before: by_user(change.before),
            after: by_user(change.after),
            authorized: OnceCell::new(),
        })
    }

    /// The user's role before the commit; 0 if not listed.
    pub(super) fn role_before(&self, user: &UserUri) -> RoleIndex {
        self.before.get(user).copied().unwrap_or(RoleIndex::NONE)
    }

    /// The user's role after the commit; 0 if not listed.
    pub(super) fn role_after(&self, user: &UserUri) -> RoleIndex {
        self.after.get(user).copied().unwrap_or(RoleIndex::NONE)
    }

    /// How many clients the user has before the commit.
    pub(super) fn clients_before(&self, user: &UserUri) -> u32 {
        self.change.active_before.get(user).copied().unwrap_or(0)
    }

    /// How many clients the user has after the commit.
    pub(super) fn clients_after(&self, user: &UserUri) -> u32 {
        self.change.active_after.get(user).copied().unwrap_or(0)
    }

    /// The users whose entry in the participant list differs.
    pub(super) fn touched(&self) -> impl Iterator<Item = &'a UserUri> {
        let users: BTreeSet<&UserUri> = self.before.keys().chain(self.after.keys()).copied().collect();
        users
            .into_iter()
            .filter(|user| self.before.get(user) != self.after.get(user))
    }

    /// Who proposed what happened to this user's entry in the participant list.
    pub(super) fn proposer(&self, user: &UserUri) -> &'a UserUri {
        self.change
            .proposers
            .participants
            .get(user)
            .copied()
            .unwrap_or(self.change.actor)
    }

    /// The role by which this user acts: the one before the commit. Someone who is not listed has none.
    pub(super) fn acting_role(&self, user: &UserUri) -> Result<&'a Role, Denied> {
        match self.role_before(user) {
            RoleIndex::NONE => Err(Denied::NotInRoom),
            index => self.change.roles.find(index).ok_or(Denied::UnknownRole(index)),
        }
    }

    /// Whether the role by which this user acts has the capability.
    pub(super) fn require(&self, user: &UserUri, capability: RoleCapability) -> Result<(), Denied> {
        if self.acting_role(user)?.can(capability) {
            Ok(())
        } else {
            Err(Denied::Capability(capability))
        }
    }

    /// Whether the role by which this user acts lists this role change.
    pub(super) fn require_change(
        &self,
        user: &UserUri,
        from: RoleIndex,
        to: RoleIndex,
    ) -> Result<(), Denied> {
        let wanted = [self.acting_role(user)?.index, from, to];
        let authorized = self.authorized.get_or_init(|| authorized(self.change.roles));
        match authorized.binary_search(&wanted) {
            Ok(_) => Ok(()),
            Err(_) => Err(Denied::RoleChange { from, to }),
        }
    }

    /// A committer is listed and has a client; an external one brings its client, which stays, and may only
    /// just be joining.
    pub(super) fn check_committer(&self) -> Result<(), Denied> {
        let actor = self.change.actor;
        let brings_client = self
            .change
            .clients_added
            .iter()
            .any(|added| added.user == actor && added.by == actor);
        let present = match self.change.external {
            true => brings_client && self.clients_after(actor) > 0,
            false => self.role_before(actor) != RoleIndex::NONE && self.clients_before(actor) > 0,
        };
        if present { Ok(()) } else { Err(Denied::NotInRoom) }
    }
}

fn check_roles(participants: &ParticipantList, roles: &Roles) -> Result<(), Denied> {
    let known: BTreeSet<RoleIndex> = roles.iter().map(|role| role.index).collect();
    let unknown = participants
        .iter()
        .map(|participant| participant.role)
        .find(|role| !known.contains(role));
    unknown.map_or(Ok(()), |role| Err(Denied::UnknownRole(role)))
}

fn by_user(participants: &ParticipantList) -> BTreeMap<&UserUri, RoleIndex> {
    participants
        .iter()
        .map(|participant| (&participant.user, participant.role))
        .collect()
}

fn authorized(roles: &Roles) -> Vec<[RoleIndex; 3]> {
    let of_role = |role: &Role| {
        let index = role.index;
        let each = role
            .role_changes
            .iter()
            .flat_map(move |(from, targets)| targets.iter().map(move |to| [index, *from, *to]));
        each.collect::<Vec<_>>()
    };
    let mut authorized: Vec<_> = roles.iter().flat_map(of_role).collect();
    authorized.sort_unstable();
    authorized
}
