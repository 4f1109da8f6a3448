//! What the room's roles allow: whether a commit may change what it changes, and whether a user may do
//! something with messages.
//!
//! **Owns** the verdict, on both sides of the wire: the hub asks before it accepts, clients ask before they
//! request and before they merge.
//! **Knows nothing of** proposals and commits: the caller states what was before and what is after, and who
//! proposed it.
//!
//! Only rules that the drafts state without ambiguity deny a commit, since members that deny differently
//! would part ways. Our readings:
//!
//! - A client of a user who is already listed may be added by whoever could add that user in that role
//!   (`canAddParticipant`), so that clients without a key package at first can follow later.
//! - Limits bind the commit that moves a count towards them, not a room that was beyond them before.
//! - A user all of whose clients left by their own proposals may be dropped from the list by the committer,
//!   as if the user had asked.
//! - Changing the requirement needs `canChangeMlsOperationalPolicies`, because required media types belong to
//!   what the draft calls mandatory capabilities of the operational policy.
//! - Join codes are not known here: `canUseJoinCode` lets nobody in. Neither are proposals of the hub: who
//!   proposes is a user.
//!
//! See *mimi-room-policy*, "Role Capabilities", and *mimi-protocol*, "Participant List".

mod clients;
mod components;
mod facts;
mod limits;
mod message;
mod participants;

use std::collections::BTreeMap;

use crate::{MetadataError, ParticipantList, RoleCapability, RoleIndex, Roles, RoomMetadata, UserUri};
use facts::Facts;

pub use message::{Action, may};

/// Everything that decides whether one commit is allowed.
///
/// [`Change::nothing`] is a commit that changes nothing; fill in what differs:
///
/// ```
/// # use std::collections::BTreeMap;
/// # use comity_room::{*, policy::{self, Change, ClientChange}};
/// # let user = |name: &str| UserUri::parse(&format!("mimi://a.example/u/{name}")).unwrap();
/// # let (alice, bob, roles) = (user("alice"), user("bob"), Roles::standard());
/// let before = ParticipantList::new(vec![Participant { user: alice.clone(), role: Roles::ADMIN }])?;
/// let added = vec![Participant { user: bob.clone(), role: Roles::MEMBER }];
/// let update = ParticipantUpdate { added, ..Default::default() };
/// let active = BTreeMap::from([(alice.clone(), 1)]);
/// let change = Change {
///     after: &before.apply(&[update])?,
///     clients_added: &[ClientChange { user: &bob, by: &alice }],
///     active_after: &BTreeMap::from([(alice.clone(), 1), (bob.clone(), 1)]),
///     ..Change::nothing(&alice, &roles, &before, &active)
/// };
/// assert!(policy::authorize(&change).is_ok());
/// # Ok::<(), ParticipantError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The user whose client made the commit.
    pub actor: &'a UserUri,
    /// Whether it is an external commit, which brings the committer's own client along.
    pub external: bool,
    /// The role table in force, by which everything is judged.
    pub roles: &'a Roles,
    /// The role table that the commit puts in its place, if any.
    pub new_roles: Option<&'a Roles>,
    /// The participant list before the commit.
    pub before: &'a ParticipantList,
    /// The participant list after the commit.
    pub after: &'a ParticipantList,
    /// One entry for every client that the commit adds, the external committer's own included.
    pub clients_added: &'a [ClientChange<'a>],
    /// One entry for every client that the commit removes.
    pub clients_removed: &'a [ClientChange<'a>],
    /// How many clients each user has in the group before the commit; users without clients may be left out.
    pub active_before: &'a BTreeMap<UserUri, u32>,
    /// How many clients each user has in the group after the commit; users without clients may be left out.
    pub active_after: &'a BTreeMap<UserUri, u32>,
    /// The room's metadata before the commit, if it has any.
    pub metadata_before: Option<&'a RoomMetadata>,
    /// The room's metadata after the commit, if it has any.
    pub metadata_after: Option<&'a RoomMetadata>,
    /// Whether the commit changes the room's required media types.
    pub requirement_changed: bool,
    /// Whether the commit changes the list of preauthorised users.
    pub preauthorized_changed: bool,
    /// Whether the commit changes any other policy component of the room.
    pub other_policy_changed: bool,
    /// The role of the first entry in the list of preauthorised users that the actor's credential matches, if
    /// any.
    pub preauthorized: Option<RoleIndex>,
    /// Who proposed what, where it was not the actor.
    pub proposers: Proposers<'a>,
}

/// A client that came to the group or left it: whose it is, and whose proposal did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientChange<'a> {
    /// The user whose client it is.
    pub user: &'a UserUri,
    /// The user whose client proposed it: the committer, or the sender of a proposal that was committed by
    /// reference.
    pub by: &'a UserUri,
}

/// The users behind proposals that a commit refers to. What is absent here was proposed by the committer
/// itself.
#[derive(Clone, Debug, Default)]
pub struct Proposers<'a> {
    /// For a user whose entry in the participant list changed: who proposed that.
    pub participants: BTreeMap<&'a UserUri, &'a UserUri>,
    /// Who proposed the new role table.
    pub roles: Option<&'a UserUri>,
    /// Who proposed the new metadata.
    pub metadata: Option<&'a UserUri>,
    /// Who proposed the new requirement.
    pub requirement: Option<&'a UserUri>,
    /// Who proposed the new list of preauthorised users.
    pub preauthorized: Option<&'a UserUri>,
    /// Who proposed the change of other policy components.
    pub other_policy: Option<&'a UserUri>,
}

impl<'a> Change<'a> {
    /// A commit by `actor` that changes nothing in this room, such as one that only rotates keys.
    #[must_use]
    pub fn nothing(
        actor: &'a UserUri,
        roles: &'a Roles,
        participants: &'a ParticipantList,
        active: &'a BTreeMap<UserUri, u32>,
    ) -> Self {
        Self {
            actor,
            external: false,
            roles,
            new_roles: None,
            before: participants,
            after: participants,
            clients_added: &[],
            clients_removed: &[],
            active_before: active,
            active_after: active,
            metadata_before: None,
            metadata_after: None,
            requirement_changed: false,
            preauthorized_changed: false,
            other_policy_changed: false,
            preauthorized: None,
            proposers: Proposers::default(),
        }
    }
}

/// Why a commit is not allowed. Names no user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The actor, or the sender of a proposal, is not in the room.
    #[error("who proposes a change must be in the participant list and have a client in the group")]
    NotInRoom,
    /// The role of whoever proposes a change lacks the capability for it.
    #[error("the proposer's role lacks {0}")]
    Capability(RoleCapability),
    /// The role of whoever proposes a change does not list it among its authorised role changes.
    #[error("the proposer's role does not authorise a change from role {from} to role {to}")]
    RoleChange {
        /// The role before; 0 if the user was not listed.
        from: RoleIndex,
        /// The role after; 0 if the user is no longer listed.
        to: RoleIndex,
    },
    /// A participant has a role that the role table does not have.
    #[error("the room has no role {0}")]
    UnknownRole(RoleIndex),
    /// A ban or unban, but role 1 is missing or not named "banned".
    #[error("the room has no role for banned users")]
    NoBannedRole,
    /// Someone joins or changes its own role without being preauthorised for that role.
    #[error("the actor is not preauthorised for role {0}")]
    NotPreauthorized(RoleIndex),
    /// A client whose user is not in the participant list.
    #[error("a client's user is not in the participant list")]
    UserNotListed,
    /// A client whose user is banned.
    #[error("a banned user has a client in the group")]
    BannedClient,
    /// A user leaves the list, but some of the user's clients stay in the group.
    #[error("a user leaves the participant list, but a client of the user stays")]
    ClientsRemain,
    /// The counts before and after do not differ by the clients added and removed: some leaf changed its
    /// user.
    #[error("the clients added and removed do not account for the change of members")]
    ClientsUnaccounted,
    /// Too few participants would hold this role.
    #[error("too few participants would have role {0}")]
    TooFew(RoleIndex),
    /// Too many participants would hold this role.
    #[error("too many participants would have role {0}")]
    TooMany(RoleIndex),
    /// Too few active participants would hold this role.
    #[error("too few active participants would have role {0}")]
    TooFewActive(RoleIndex),
    /// Too many active participants would hold this role.
    #[error("too many active participants would have role {0}")]
    TooManyActive(RoleIndex),
    /// A new role table together with a change of the participant list.
    #[error("role definitions and participants change in one commit")]
    RolesWithParticipants,
    /// A new list of preauthorised users together with a change of the participant list other than removals.
    #[error("preauthorised users and participants change in one commit")]
    PreauthorizedWithParticipants,
    /// The room's own URI changes, or its metadata goes away.
    #[error("a room keeps its URI")]
    RoomUri,
    /// The new metadata is unsound.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl Denied {
    /// The stable name of this verdict.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotInRoom => "policy_not_in_room",
            Self::Capability(_) => "policy_capability_missing",
            Self::RoleChange { .. } => "policy_role_change",
            Self::UnknownRole(_) => "policy_unknown_role",
            Self::NoBannedRole => "policy_no_banned_role",
            Self::NotPreauthorized(_) => "policy_not_preauthorized",
            Self::UserNotListed => "policy_user_not_listed",
            Self::BannedClient => "policy_banned_client",
            Self::ClientsRemain => "policy_clients_remain",
            Self::ClientsUnaccounted => "policy_clients_unaccounted",
            Self::TooFew(_) => "policy_too_few",
            Self::TooMany(_) => "policy_too_many",
            Self::TooFewActive(_) => "policy_too_few_active",
            Self::TooManyActive(_) => "policy_too_many_active",
            Self::RolesWithParticipants => "policy_roles_with_participants",
            Self::PreauthorizedWithParticipants => "policy_preauthorized_with_participants",
            Self::RoomUri => "policy_room_uri",
            Self::Metadata(error) => error.code(),
        }
    }
}

/// Whether the room's roles allow this commit.
///
/// Everything is judged by the role table and the roles in force before the commit.
///
/// # Errors
/// [`Denied`]: the first rule that the commit breaks. What the room would become is looked at before who did
/// it.
pub fn authorize(change: &Change<'_>) -> Result<(), Denied> {
    let facts = Facts::gather(change)?;
    clients::check_members(&facts)?;
    components::check_exclusive(&facts)?;
    facts.check_committer()?;
    participants::authorize(&facts)?;
    clients::authorize(&facts)?;
    components::authorize(&facts)?;
    limits::check(&facts)
}
