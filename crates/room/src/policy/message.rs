//! What a participant may do with messages, asked alike before sending and on receipt.
//!
//! The hub can hold back messages, and see that one was sent. Everything else here is enforced by receiving
//! clients only.
//!
//! See *mimi-room-policy*, "Message Capabilities" and "Asset Capabilities".

use crate::{ParticipantList, RoleCapability, Roles, UserUri};

/// Something that a participant does with messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Send a message.
    Send,
    /// Receive messages.
    Receive,
    /// Copy content out of a received message.
    Copy,
    /// Report a franked message.
    ReportAbuse,
    /// Reply to a message.
    Reply,
    /// React to a message.
    React,
    /// Replace an own reaction by another one.
    EditReaction,
    /// Take an own reaction back.
    DeleteOwnReaction,
    /// Delete somebody else's reaction.
    DeleteOtherReaction,
    /// Edit an own message.
    EditOwn,
    /// Delete an own message.
    DeleteOwn,
    /// Delete somebody else's message.
    DeleteOther,
    /// Give a message a new topic.
    StartTopic,
    /// Write in the topic of another message.
    ReplyInTopic,
    /// Change the topic of an own message.
    EditOwnTopic,
    /// Change the topic of somebody else's message.
    EditOtherTopic,
    /// Send an image to be rendered.
    UploadImage,
    /// Send audio to be rendered.
    UploadAudio,
    /// Send video to be rendered.
    UploadVideo,
    /// Send an attachment.
    UploadAttachment,
    /// Fetch an image.
    DownloadImage,
    /// Fetch audio.
    DownloadAudio,
    /// Fetch video.
    DownloadVideo,
    /// Fetch an attachment.
    DownloadAttachment,
    /// Send a link.
    SendLink,
    /// Send a link with its preview.
    SendLinkPreview,
    /// Open a link.
    FollowLink,
    /// Copy a link's address.
    CopyLink,
}

impl Action {
    /// The capability that a role needs for this.
    #[must_use]
    pub const fn capability(self) -> RoleCapability {
        match self {
            Self::Send => RoleCapability::SendMessage,
            Self::Receive => RoleCapability::ReceiveMessage,
            Self::Copy => RoleCapability::CopyMessage,
            Self::ReportAbuse => RoleCapability::ReportAbuse,
            Self::Reply => RoleCapability::ReplyToMessage,
            Self::React => RoleCapability::ReactToMessage,
            Self::EditReaction => RoleCapability::EditReaction,
            Self::DeleteOwnReaction => RoleCapability::DeleteOwnReaction,
            Self::DeleteOtherReaction => RoleCapability::DeleteOtherReaction,
            Self::EditOwn => RoleCapability::EditOwnMessage,
            Self::DeleteOwn => RoleCapability::DeleteOwnMessage,
            Self::DeleteOther => RoleCapability::DeleteOtherMessage,
            Self::StartTopic => RoleCapability::StartTopic,
            Self::ReplyInTopic => RoleCapability::ReplyInTopic,
            Self::EditOwnTopic => RoleCapability::EditOwnTopic,
            Self::EditOtherTopic => RoleCapability::EditOtherTopic,
            Self::UploadImage => RoleCapability::UploadImage,
            Self::UploadAudio => RoleCapability::UploadAudio,
            Self::UploadVideo => RoleCapability::UploadVideo,
            Self::UploadAttachment => RoleCapability::UploadAttachment,
            Self::DownloadImage => RoleCapability::DownloadImage,
            Self::DownloadAudio => RoleCapability::DownloadAudio,
            Self::DownloadVideo => RoleCapability::DownloadVideo,
            Self::DownloadAttachment => RoleCapability::DownloadAttachment,
            Self::SendLink => RoleCapability::SendLink,
            Self::SendLinkPreview => RoleCapability::SendLinkPreview,
            Self::FollowLink => RoleCapability::FollowLink,
            Self::CopyLink => RoleCapability::CopyLink,
        }
    }
}

/// Whether this user may do this here. Nobody outside the participant list may do anything.
///
/// One action is one capability: the drafts have rooms whose guests may react but not send, so reacting does
/// not ask for sending.
#[must_use]
pub fn may(roles: &Roles, participants: &ParticipantList, user: &UserUri, action: Action) -> bool {
    let role = participants
        .find(user)
        .and_then(|(_, participant)| roles.find(participant.role));
    role.is_some_and(|role| role.can(action.capability()))
}
