//! Commits in a few words: state who is where, say what happens, ask for the verdict.

use std::collections::BTreeMap;

use comity_room::policy::{self, Change, ClientChange, Denied, Proposers};
use comity_room::{
    Participant, ParticipantList, Role, RoleCapability, RoleIndex, Roles, RoomMetadata, UserUri,
};

pub(crate) fn user(name: &str) -> UserUri {
    UserUri::parse(&format!("mimi://a.example/u/{name}")).unwrap()
}

/// A role with these capabilities and changes.
pub(crate) fn role(
    index: u32,
    name: &str,
    capabilities: &[RoleCapability],
    changes: &[(u32, &[u32])],
) -> Role {
    let mut role = Role::new(RoleIndex(index), name);
    role.capabilities = capabilities.iter().copied().collect();
    let targets = |to: &[u32]| to.iter().copied().map(RoleIndex).collect();
    role.role_changes = changes
        .iter()
        .map(|(from, to)| (RoleIndex(*from), targets(to)))
        .collect();
    role
}

/// The table with one role altered.
pub(crate) fn with(roles: &Roles, index: u32, alter: impl FnOnce(&mut Role)) -> Roles {
    let mut roles: Vec<Role> = roles.iter().cloned().collect();
    alter(roles.iter_mut().find(|role| role.index.0 == index).unwrap());
    Roles::new(roles).unwrap()
}

/// One commit: a room as it is, and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    roles: Roles,
    new_roles: Option<Roles>,
    actor: UserUri,
    external: bool,
    before: Vec<Participant>,
    after: Vec<Participant>,
    active_before: BTreeMap<UserUri, u32>,
    active_after: BTreeMap<UserUri, u32>,
    added: Vec<(UserUri, UserUri)>,
    removed: Vec<(UserUri, UserUri)>,
    proposers: BTreeMap<UserUri, UserUri>,
    component_proposer: Option<UserUri>,
    metadata: Option<(Option<RoomMetadata>, Option<RoomMetadata>)>,
    requirement: bool,
    preauthorized_list: bool,
    other_policy: bool,
    preauthorized: Option<RoleIndex>,
}

impl Commit {
    /// A commit by `actor` in a room of `(name, role, clients)`.
    pub(crate) fn by(actor: &str, roles: &Roles, people: &[(&str, u32, u32)]) -> Self {
        let entry = |(name, role, _): &(&str, u32, u32)| Participant {
            user: user(name),
            role: RoleIndex(*role),
        };
        let list: Vec<_> = people.iter().map(entry).collect();
        let active: BTreeMap<_, _> = people
            .iter()
            .map(|(name, _, clients)| (user(name), *clients))
            .collect();
        Self {
            roles: roles.clone(),
            new_roles: None,
            actor: user(actor),
            external: false,
            before: list.clone(),
            after: list,
            active_before: active.clone(),
            active_after: active,
            added: Vec::new(),
            removed: Vec::new(),
            proposers: BTreeMap::new(),
            component_proposer: None,
            metadata: None,
            requirement: false,
            preauthorized_list: false,
            other_policy: false,
            preauthorized: None,
        }
    }

    /// The same commit where other roles are in force.
    pub(crate) fn under(mut self, roles: Roles) -> Self {
        self.roles = roles;
        self
    }

    /// `name` has `role` afterwards, listed before or not.
    pub(crate) fn lists(mut self, name: &str, role: u32) -> Self {
        self.after.retain(|one| one.user != user(name));
        self.after.push(Participant {
            user: user(name),
            role: RoleIndex(role),
        });
        self
    }

    /// `name` is not in the list afterwards.
    pub(crate) fn unlists(mut self, name: &str) -> Self {
        self.after.retain(|one| one.user != user(name));
        self
    }

    /// What happens to the entry of `name` was proposed by `by`.
    pub(crate) fn entry_proposed_by(mut self, name: &str, by: &str) -> Self {
        self.proposers.insert(user(name), user(by));
        self
    }

    /// A client of `name` is added by the committer.
    pub(crate) fn adds_client(self, name: &str) -> Self {
        let actor = self.actor.clone();
        self.adds(name, actor)
    }

    /// A client of `name` is added, as `by` proposed.
    pub(crate) fn adds_client_for(self, name: &str, by: &str) -> Self {
        self.adds(name, user(by))
    }

    fn adds(mut self, name: &str, by: UserUri) -> Self {
        *self.active_after.entry(user(name)).or_default() += 1;
        self.added.push((user(name), by));
        self
    }

    /// A client of `name` is removed by the committer.
    pub(crate) fn removes_client(self, name: &str) -> Self {
        let actor = self.actor.clone();
        self.removes(name, actor)
    }

    /// A client of `name` is removed, as `by` proposed.
    pub(crate) fn removes_client_for(self, name: &str, by: &str) -> Self {
        self.removes(name, user(by))
    }

    fn removes(mut self, name: &str, by: UserUri) -> Self {
        *self.active_after.get_mut(&user(name)).unwrap() -= 1;
        self.removed.push((user(name), by));
        self
    }

    /// A client of `name` turns into one of `other` without leaving.
    pub(crate) fn turns_client(mut self, name: &str, other: &str) -> Self {
        *self.active_after.get_mut(&user(name)).unwrap() -= 1;
        *self.active_after.entry(user(other)).or_default() += 1;
        self
    }

    /// It is an external commit, which brings a client of the committer.
    pub(crate) fn externally(mut self) -> Self {
        self.external = true;
        let actor = self.actor.clone();
        self.added.push((actor.clone(), actor.clone()));
        *self.active_after.entry(actor).or_default() += 1;
        self
    }

    /// It says that it is an external commit, but brings no client.
    pub(crate) fn externally_without_client(mut self) -> Self {
        self.external = true;
        self
    }

    pub(crate) fn preauthorized_for(mut self, role: u32) -> Self {
        self.preauthorized = Some(RoleIndex(role));
        self
    }

    pub(crate) fn defines_roles(mut self, roles: &Roles) -> Self {
        self.new_roles = Some(roles.clone());
        self
    }

    pub(crate) fn changes_metadata(
        mut self,
        before: Option<RoomMetadata>,
        after: Option<RoomMetadata>,
    ) -> Self {
        self.metadata = Some((before, after));
        self
    }

    pub(crate) fn changes_requirement(mut self) -> Self {
        self.requirement = true;
        self
    }

    pub(crate) fn changes_preauthorized_list(mut self) -> Self {
        self.preauthorized_list = true;
        self
    }

    pub(crate) fn changes_other_policy(mut self) -> Self {
        self.other_policy = true;
        self
    }

    /// Role table, metadata, requirement and other policy were proposed by `by`.
    pub(crate) fn components_proposed_by(mut self, by: &str) -> Self {
        self.component_proposer = Some(user(by));
        self
    }

    pub(crate) fn verdict(&self) -> Result<(), Denied> {
        let before = ParticipantList::new(self.before.clone()).unwrap();
        let after = ParticipantList::new(self.after.clone()).unwrap();
        let by = self.component_proposer.as_ref();
        let (metadata_before, metadata_after) = self.metadata.clone().unwrap_or_default();
        policy::authorize(&Change {
            actor: &self.actor,
            external: self.external,
            roles: &self.roles,
            new_roles: self.new_roles.as_ref(),
            before: &before,
            after: &after,
            clients_added: &pairs(&self.added),
            clients_removed: &pairs(&self.removed),
            active_before: &self.active_before,
            active_after: &self.active_after,
            metadata_before: metadata_before.as_ref(),
            metadata_after: metadata_after.as_ref(),
            requirement_changed: self.requirement,
            preauthorized_changed: self.preauthorized_list,
            other_policy_changed: self.other_policy,
            preauthorized: self.preauthorized,
            proposers: Proposers {
                participants: self.proposers.iter().collect(),
                roles: by,
                metadata: by,
                requirement: by,
                preauthorized: by,
                other_policy: by,
            },
        })
    }

    /// The role table in force.
    pub(crate) const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// How many clients `name` has afterwards.
    pub(crate) fn clients(&self, name: &str) -> u32 {
        self.active_after.get(&user(name)).copied().unwrap_or_default()
    }

    /// Whether the room afterwards is the room before.
    pub(crate) fn changes_nothing(&self) -> bool {
        let by_user = |list: &[Participant]| {
            list.iter()
                .map(|one| (one.user.clone(), one.role))
                .collect::<BTreeMap<_, _>>()
        };
        let people =
            by_user(&self.before) == by_user(&self.after) && self.added.is_empty() && self.removed.is_empty();
        people
            && !self.requirement
            && !self.preauthorized_list
            && !self.other_policy
            && self.new_roles.is_none()
    }

    /// Every active user afterwards is listed and not banned.
    pub(crate) fn leaves_the_room_sound(&self) -> bool {
        let mut active = self.active_after.iter().filter(|(_, clients)| **clients > 0);
        active.all(|(user, _)| {
            self.after
                .iter()
                .any(|one| one.user == *user && !self.roles.is_banned(one.role))
        })
    }
}

fn pairs(list: &[(UserUri, UserUri)]) -> Vec<ClientChange<'_>> {
    list.iter().map(|(user, by)| ClientChange { user, by }).collect()
}
