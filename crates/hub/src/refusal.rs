//! Why the hub says no: one value and one stable code per reason.
//!
//! MIMI's answers have few codes of their own (`wrongEpoch`, `notAllowed`, `invalidProposal`, `epochTooOld`); the reason
//! travels in `errorDescription`, as [`Refusal::code`]. A refusal changes nothing: the verdict that carries it has no
//! writes and no fan-out.

/// Why a request was refused. `Display` is [`Refusal::code`] with what a person debugging it wants to see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The body, or an MLS object in it, does not decode; or octets follow it.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The body, a list in it, or what the room would become is larger than this hub admits.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// This hub has no such room.
    #[error("unknown room")]
    UnknownRoom,
    /// The room to be created exists.
    #[error("the room exists")]
    RoomExists,
    /// The room to be created is not new, or is not this hub's.
    #[error("not a new room of this hub: {0}")]
    NotANewRoom(&'static str),
    /// The GroupContext lacks what a MIMI room needs, or names another hub.
    #[error("not the context of a room: {0}")]
    InvalidContext(&'static str),
    /// The frame belongs to another group.
    #[error("a frame of another group")]
    ForeignGroup,

    /// A handshake of an epoch that is not the current one.
    #[error("wrong epoch, the room is at {current}")]
    WrongEpoch {
        /// The room's epoch.
        current: u64,
    },
    /// A message of an epoch that is no longer accepted.
    #[error("epoch too old, the room is at {current}")]
    EpochTooOld {
        /// The room's epoch.
        current: u64,
    },
    /// A message of an epoch that does not exist yet.
    #[error("epoch ahead, the room is at {current}")]
    EpochAhead {
        /// The room's epoch.
        current: u64,
    },
    /// This commit was accepted once, and undone because members could not process it.
    #[error("this commit was undone")]
    Undone,

    /// There is no epoch to step back to.
    #[error("no previous epoch is kept")]
    NoPreviousEpoch,

    /// The user is not in the participant list.
    #[error("not a participant")]
    NotAParticipant,
    /// The user has no client in the room.
    #[error("no client of this user is in the room")]
    NotActive,
    /// The user's role does not allow it.
    #[error("the role does not allow it: {0}")]
    RoleDenied(&'static str),
    /// The user belongs to a provider other than the one that asks.
    #[error("a user of another provider")]
    ForeignProvider,
    /// The frame is by a client or user other than the one that asks.
    #[error("by another client than the one that asks")]
    ForeignClient,

    /// Nobody here has that name.
    #[error("unknown user")]
    UnknownUser,
    /// The user has not agreed to be added.
    #[error("no consent")]
    NoConsent,

    /// A signature does not verify.
    #[error("bad signature")]
    BadSignature,
    /// The sender's leaf is empty.
    #[error("not from a member")]
    NotAMember,
    /// A handshake that is not a PublicMessage: the hub could not check it.
    #[error("a handshake must be a PublicMessage")]
    NotPublic,
    /// Application data that is not a PrivateMessage, or a handshake where a message belongs.
    #[error("a message must be an application PrivateMessage")]
    NotPrivate,
    /// A proposal that this hub does not take, or an external sender's.
    #[error("unsupported proposal: {0}")]
    UnsupportedProposal(&'static str),
    /// MLS itself forbids the commit or proposal.
    #[error("invalid commit: {0}")]
    InvalidCommit(String),

    /// A commit without an update path.
    #[error("a commit must have a path")]
    MissingPath,
    /// A commit without a full GroupInfo.
    #[error("a commit must come with a full GroupInfo")]
    MissingGroupInfo,
    /// The GroupInfo is not that of the commit, is not signed by the committer, or carries a tree.
    #[error("the GroupInfo does not match the commit: {0}")]
    GroupInfoMismatch(&'static str),
    /// The ratchet tree that came along is not the tree after the commit.
    #[error("the ratchet tree does not match")]
    TreeMismatch,
    /// A commit that adds clients, without a Welcome.
    #[error("a Welcome is missing")]
    MissingWelcome,
    /// A Welcome with a commit that adds nobody.
    #[error("an unexpected Welcome")]
    UnexpectedWelcome,
    /// The Welcome is not for exactly the clients that the commit adds.
    #[error("the Welcome is for others than were added")]
    WelcomeMismatch,

    /// A leaf states no credible identity.
    #[error("no credible identity: {0}")]
    InvalidIdentity(&'static str),
    /// A leaf would become another client or another user.
    #[error("a leaf changed its identity")]
    IdentityChanged,
    /// Two leaves would share a signature key.
    #[error("two leaves with one signature key")]
    SignatureKeyTwin,
    /// A client in the room would not be able to read a required media type.
    #[error("a required media type is missing")]
    MissingMediaTypes,
    /// A key package is invalid.
    #[error("invalid key package: {0}")]
    InvalidKeyPackage(&'static str),
    /// A key package has expired or will within 28 days.
    #[error("a key package expires too soon")]
    KeyPackageExpiring,
    /// The commit leaves out a pending SelfRemove.
    #[error("a pending SelfRemove was left out")]
    PendingSelfRemoveIgnored {
        /// The reference of each proposal that was left out.
        missing: Vec<Vec<u8>>,
    },
    /// An AppDataUpdate does not apply.
    #[error("invalid application data: {0}")]
    InvalidAppData(&'static str),
    /// The room's policy forbids the change.
    #[error("denied by the room's policy: {0}")]
    PolicyDenied(&'static str),
}

impl Refusal {
    /// The stable code of this refusal; it is what `errorDescription` carries.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::TooLarge(_) => "too_large",
            Self::UnknownRoom => "unknown_room",
            Self::RoomExists => "room_exists",
            Self::NotANewRoom(_) => "not_a_new_room",
            Self::InvalidContext(_) => "invalid_context",
            Self::ForeignGroup => "foreign_group",
            Self::WrongEpoch { .. } => "wrong_epoch",
            Self::EpochTooOld { .. } => "epoch_too_old",
            Self::EpochAhead { .. } => "epoch_ahead",
            Self::Undone => "undone",
            Self::NoPreviousEpoch => "no_previous_epoch",
            Self::NotAParticipant => "not_a_participant",
            Self::NotActive => "not_active",
            Self::RoleDenied(_) => "role_denied",
            Self::ForeignProvider => "foreign_provider",
            Self::ForeignClient => "foreign_client",
            Self::UnknownUser => "unknown_user",
            Self::NoConsent => "no_consent",
            Self::BadSignature => "bad_signature",
            Self::NotAMember => "not_a_member",
            Self::NotPublic => "not_public",
            Self::NotPrivate => "not_private",
            Self::UnsupportedProposal(_) => "unsupported_proposal",
            Self::InvalidCommit(_) => "invalid_commit",
            Self::MissingPath => "missing_path",
            Self::MissingGroupInfo => "missing_group_info",
            Self::GroupInfoMismatch(_) => "group_info_mismatch",
            Self::TreeMismatch => "tree_mismatch",
            Self::MissingWelcome => "missing_welcome",
            Self::UnexpectedWelcome => "unexpected_welcome",
            Self::WelcomeMismatch => "welcome_mismatch",
            Self::InvalidIdentity(_) => "invalid_identity",
            Self::IdentityChanged => "identity_changed",
            Self::SignatureKeyTwin => "signature_key_twin",
            Self::MissingMediaTypes => "missing_media_types",
            Self::InvalidKeyPackage(_) => "invalid_key_package",
            Self::KeyPackageExpiring => "key_package_expiring",
            Self::PendingSelfRemoveIgnored { .. } => "pending_self_remove_ignored",
            Self::InvalidAppData(_) => "invalid_app_data",
            Self::PolicyDenied(_) => "policy_denied",
        }
    }
}
