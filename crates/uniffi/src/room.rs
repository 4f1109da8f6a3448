//! Rooms: who is in them, what they require, what we may do there.

use comity::room::policy;
use comity::room::{MediaType, RichDescription, RoomMetadata};
use comity::{ClientUri, RoomUri, TaskId, Timestamp, UserUri};

use crate::message::Position;
use crate::octets::Octets;

/// A room, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RoomSummary {
    /// Its URI.
    pub uri: RoomUri,
    /// Its name; may be empty.
    pub name: String,
    /// Where we stand in it.
    pub phase: Phase,
    /// Who invited us, if we were.
    pub inviter: Option<UserUri>,
    /// How many messages of others have not been read.
    pub unread: u32,
    /// Up to where it was read.
    pub read_up_to: Position,
    /// The latest time that the hub has told us.
    pub hub_time: Timestamp,
    /// The epoch of its group.
    pub epoch: u64,
    /// Whether the hub is ahead of us.
    pub behind: bool,
}

/// Where we stand in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Phase {
    /// Created here; the hub has not answered.
    Creating,
    /// In the group, but the person has not accepted.
    Invited,
    /// On the way in from outside.
    Joining,
    /// In the room.
    Joined,
    /// In the room, and on the way out.
    Leaving,
    /// Out, by our own wish.
    Left,
    /// Out, by another's.
    Removed,
    /// Our copy cannot follow; joining again heals it.
    Stalled,
    /// The hub refused to create it, or to let us in.
    Refused,
    /// Something that this version does not know.
    Other,
}

/// A room in full, except its members.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Room {
    /// What a list shows.
    pub summary: RoomSummary,
    /// Name, subject and so on.
    pub metadata: Metadata,
    /// The users in it, with their roles.
    pub participants: Vec<Participant>,
    /// The media types that every member must be able to read.
    pub requirement: Vec<MediaType>,
    /// Changes that have not taken effect yet.
    pub tasks: Vec<TaskId>,
}

/// A user in a room.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Participant {
    /// The user.
    pub user: UserUri,
    /// The number of the user's role: `role_of_member`, `role_of_admin` or one of the room's own.
    pub role: u32,
}

/// The role of an ordinary member in rooms that Comity creates.
#[uniffi::export]
#[must_use]
pub fn role_of_member() -> u32 {
    comity::room::Roles::MEMBER.0
}

/// The role of an administrator in rooms that Comity creates.
#[uniffi::export]
#[must_use]
pub fn role_of_admin() -> u32 {
    comity::room::Roles::ADMIN.0
}

/// What people see of a room before its messages. An update replaces all of it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Metadata {
    /// The room's URI. Never changes.
    pub room_uri: String,
    /// The room's name.
    pub name: String,
    /// Descriptions in any number of languages and media types.
    #[uniffi(default = [])]
    pub descriptions: Vec<Description>,
    /// An `https` URI of the room's picture; may be empty.
    #[uniffi(default = "")]
    pub avatar: String,
    /// What the room is about now; may be empty.
    #[uniffi(default = "")]
    pub subject: String,
    /// The room's mood; may be empty.
    #[uniffi(default = "")]
    pub mood: String,
}

/// A description of a room, in one language and media type.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug, Display)]
pub struct Description {
    /// The media type as written; empty for plain text.
    #[uniffi(default = "")]
    pub media_type: String,
    /// A language tag; may be empty.
    #[uniffi(default = "")]
    pub language_tag: String,
    /// The description itself.
    pub content: Octets,
}

/// One client in a room.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Member {
    /// The client.
    pub client: ClientUri,
    /// Its user.
    pub user: UserUri,
    /// The media types that it says it can receive.
    pub advertisement: Vec<MediaType>,
    /// What it lacks of the room's requirement.
    pub lacks: Vec<MediaType>,
}

/// One conversation's honest verdict.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Posture {
    /// The number of the cipher suite.
    pub cipher_suite: u16,
    /// Whether its secrecy withstands a quantum computer.
    pub post_quantum: bool,
    /// How many clients are in the group.
    pub clients: u32,
    /// How many users are in the room with at least one client.
    pub users: u32,
    /// Clients that cannot read what the room requires.
    pub cannot_read_required: Vec<ClientUri>,
    /// What can be read beyond the requirement.
    pub readable: Vec<Readable>,
    /// Whether our copy cannot follow the room.
    pub stalled: bool,
    /// Whether the hub is ahead of us.
    pub behind: bool,
}

/// How many of a room's clients can read a media type beyond the requirement.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Readable {
    /// The media type.
    pub media_type: MediaType,
    /// How many clients.
    pub clients: u32,
}

/// The answer to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Response {
    /// Take part.
    Accept,
    /// Leave and forget.
    Decline,
}

/// Something that a participant does with messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
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

impl From<comity::RoomSummary> for RoomSummary {
    fn from(room: comity::RoomSummary) -> Self {
        let comity::RoomSummary {
            uri,
            name,
            phase,
            inviter,
            unread,
            read_up_to,
            hub_time,
            epoch,
            behind,
        } = room;
        Self {
            uri,
            name,
            phase: phase.into(),
            inviter,
            unread,
            read_up_to: read_up_to.into(),
            hub_time,
            epoch,
            behind,
        }
    }
}

impl From<comity::Phase> for Phase {
    fn from(phase: comity::Phase) -> Self {
        match phase {
            comity::Phase::Creating => Self::Creating,
            comity::Phase::Invited => Self::Invited,
            comity::Phase::Joining => Self::Joining,
            comity::Phase::Joined => Self::Joined,
            comity::Phase::Leaving => Self::Leaving,
            comity::Phase::Left => Self::Left,
            comity::Phase::Removed => Self::Removed,
            comity::Phase::Stalled => Self::Stalled,
            comity::Phase::Refused => Self::Refused,
            _ => Self::Other,
        }
    }
}

impl From<comity::Room> for Room {
    fn from(room: comity::Room) -> Self {
        let comity::Room {
            summary,
            metadata,
            participants,
            requirement,
            tasks,
        } = room;
        Self {
            summary: summary.into(),
            metadata: metadata.into(),
            participants: participants
                .into_iter()
                .map(|(user, role)| Participant { user, role: role.0 })
                .collect(),
            requirement: requirement.iter().cloned().collect(),
            tasks,
        }
    }
}

impl From<RoomMetadata> for Metadata {
    fn from(metadata: RoomMetadata) -> Self {
        let RoomMetadata {
            room_uri,
            name,
            description,
            avatar,
            subject,
            mood,
        } = metadata;
        Self {
            room_uri,
            name,
            descriptions: description.into_iter().map(Into::into).collect(),
            avatar,
            subject,
            mood,
        }
    }
}

impl From<Metadata> for RoomMetadata {
    fn from(metadata: Metadata) -> Self {
        let Metadata {
            room_uri,
            name,
            descriptions,
            avatar,
            subject,
            mood,
        } = metadata;
        Self {
            room_uri,
            name,
            description: descriptions.into_iter().map(Into::into).collect(),
            avatar,
            subject,
            mood,
        }
    }
}

impl From<RichDescription> for Description {
    fn from(description: RichDescription) -> Self {
        let RichDescription {
            media_type,
            language_tag,
            content,
        } = description;
        Self {
            media_type,
            language_tag,
            content: content.into(),
        }
    }
}

impl From<Description> for RichDescription {
    fn from(description: Description) -> Self {
        let Description {
            media_type,
            language_tag,
            content,
        } = description;
        Self {
            media_type,
            language_tag,
            content: content.into(),
        }
    }
}

impl From<comity::Member> for Member {
    fn from(member: comity::Member) -> Self {
        let comity::Member {
            client,
            user,
            advertisement,
            lacks,
        } = member;
        Self {
            client,
            user,
            advertisement: advertisement.iter().cloned().collect(),
            lacks,
        }
    }
}

impl From<comity::Posture> for Posture {
    fn from(posture: comity::Posture) -> Self {
        let comity::Posture {
            cipher_suite,
            post_quantum,
            clients,
            users,
            cannot_read_required,
            readable,
            stalled,
            behind,
        } = posture;
        Self {
            cipher_suite,
            post_quantum,
            clients,
            users,
            cannot_read_required,
            readable: readable
                .into_iter()
                .map(|(media_type, clients)| Readable { media_type, clients })
                .collect(),
            stalled,
            behind,
        }
    }
}

impl From<Response> for comity::Response {
    fn from(response: Response) -> Self {
        match response {
            Response::Accept => Self::Accept,
            Response::Decline => Self::Decline,
        }
    }
}

impl From<Action> for policy::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::Send => Self::Send,
            Action::Receive => Self::Receive,
            Action::Copy => Self::Copy,
            Action::ReportAbuse => Self::ReportAbuse,
            Action::Reply => Self::Reply,
            Action::React => Self::React,
            Action::EditReaction => Self::EditReaction,
            Action::DeleteOwnReaction => Self::DeleteOwnReaction,
            Action::DeleteOtherReaction => Self::DeleteOtherReaction,
            Action::EditOwn => Self::EditOwn,
            Action::DeleteOwn => Self::DeleteOwn,
            Action::DeleteOther => Self::DeleteOther,
            Action::StartTopic => Self::StartTopic,
            Action::ReplyInTopic => Self::ReplyInTopic,
            Action::EditOwnTopic => Self::EditOwnTopic,
            Action::EditOtherTopic => Self::EditOtherTopic,
            Action::UploadImage => Self::UploadImage,
            Action::UploadAudio => Self::UploadAudio,
            Action::UploadVideo => Self::UploadVideo,
            Action::UploadAttachment => Self::UploadAttachment,
            Action::DownloadImage => Self::DownloadImage,
            Action::DownloadAudio => Self::DownloadAudio,
            Action::DownloadVideo => Self::DownloadVideo,
            Action::DownloadAttachment => Self::DownloadAttachment,
            Action::SendLink => Self::SendLink,
            Action::SendLinkPreview => Self::SendLinkPreview,
            Action::FollowLink => Self::FollowLink,
            Action::CopyLink => Self::CopyLink,
        }
    }
}
