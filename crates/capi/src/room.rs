//! Rooms: who is in them, what they require, what we may do there.

use std::ffi::c_char;

use comity::room::policy::Action;
use comity::room::{RichDescription, RoomMetadata};
use comity::{Member, Phase, Posture, Room, RoomSummary};

use crate::change::comity_changes;
use crate::fault::{Fault, comity_error};
use crate::guard::guard;
use crate::input::{invalid, time};
use crate::output::{self, Keep, Shown};
use crate::reader::comity_reader;
use crate::values::{comity_bytes, comity_position, comity_status, comity_task_id, comity_text};

/// Where we stand in a room.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum comity_phase {
    /// Something that this header does not know.
    Other = 0,
    /// Created here; the hub has not answered.
    Creating = 1,
    /// In the group, but the person has not accepted.
    Invited = 2,
    /// On the way in from outside.
    Joining = 3,
    /// In the room.
    Joined = 4,
    /// In the room, and on the way out.
    Leaving = 5,
    /// Out, by our own wish.
    Left = 6,
    /// Out, by another's.
    Removed = 7,
    /// Our copy cannot follow; joining again heals it.
    Stalled = 8,
    /// The hub refused to create it, or to let us in.
    Refused = 9,
}

/// A room, as a list shows it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_room_summary {
    /// Its URI.
    pub uri: *const c_char,
    /// Its name; may be empty.
    pub name: comity_text,
    /// Where we stand in it.
    pub phase: comity_phase,
    /// How many messages of others have not been read.
    pub unread: u32,
    /// Who invited us, or NULL.
    pub inviter: *const c_char,
    /// Up to where it was read.
    pub read_up_to: comity_position,
    /// The latest time that the hub has told us.
    pub hub_time: u64,
    /// The epoch of its group.
    pub epoch: u64,
    /// Whether the hub is ahead of us.
    pub behind: bool,
}

/// Rooms, in the order in which we came to know them. Free it with `comity_rooms_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_rooms {
    /// The rooms.
    pub items: *const *const comity_room_summary,
    /// How many.
    pub len: usize,
}

impl Shown for comity_rooms {}

/// The rooms that this client knows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_rooms(
    reader: *const comity_reader,
    now: u64,
    rooms: *mut *mut comity_rooms,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(rooms)?;
        let rooms = call.reader(reader)?.rooms(time(now))?;
        let mut keep = Keep::new();
        let shown: Vec<_> = rooms.into_iter().map(|room| summary(room, &mut keep)).collect();
        let len = shown.len();
        let items = keep.pointers(shown);
        out.give(comity_rooms { items, len }, keep)
    })
}

/// Frees rooms. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_rooms_free(rooms: *mut comity_rooms) {
    output::free(rooms);
}

/// A user in a room.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_participant {
    /// The user's URI.
    pub user: *const c_char,
    /// The number of the user's role: COMITY_ROLE_MEMBER, COMITY_ROLE_ADMIN or one of the room's own.
    pub role: u32,
}

/// The role of an ordinary member in rooms that Comity creates.
pub const COMITY_ROLE_MEMBER: u32 = 2;
/// The role of an administrator in rooms that Comity creates.
pub const COMITY_ROLE_ADMIN: u32 = 3;

/// A description of a room, in one language and media type.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_description {
    /// The media type as written; empty for plain text.
    pub media_type: comity_text,
    /// A language tag; may be empty.
    pub language: comity_text,
    /// The description itself.
    pub content: comity_bytes,
}

/// A room in full, except its members. Free it with `comity_room_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_room {
    /// What a list shows.
    pub summary: *const comity_room_summary,
    /// The room's URI, as its metadata says it.
    pub metadata_uri: comity_text,
    /// Its name, as its metadata says it.
    pub name: comity_text,
    /// Descriptions in any number of languages and media types.
    pub descriptions: *const *const comity_description,
    /// How many.
    pub descriptions_len: usize,
    /// A URI of the room's picture; may be empty.
    pub avatar: comity_text,
    /// What the room is about now; may be empty.
    pub subject: comity_text,
    /// The users in it.
    pub participants: *const *const comity_participant,
    /// How many.
    pub participants_len: usize,
    /// The media types that every member must be able to read.
    pub requirement: *const *const c_char,
    /// How many.
    pub requirement_len: usize,
    /// Changes that have not taken effect yet.
    pub tasks: *const comity_task_id,
    /// How many.
    pub tasks_len: usize,
}

impl Shown for comity_room {}

/// One room in full.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_room(
    reader: *const comity_reader,
    room: *const c_char,
    found: *mut *mut comity_room,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(found)?;
        let (shown, keep) = whole(call.reader(reader)?.room(&call.room(room)?)?);
        out.give(shown, keep)
    })
}

/// Frees a room. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_room_free(room: *mut comity_room) {
    output::free(room);
}

/// One client in a room.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_member {
    /// The client's URI.
    pub client: *const c_char,
    /// Its user's URI.
    pub user: *const c_char,
    /// The media types that it says it can receive.
    pub advertisement: *const *const c_char,
    /// How many.
    pub advertisement_len: usize,
    /// What it lacks of the room's requirement.
    pub lacks: *const *const c_char,
    /// How many.
    pub lacks_len: usize,
}

/// Clients in a room. Free it with `comity_members_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_members {
    /// The clients.
    pub items: *const *const comity_member,
    /// How many.
    pub len: usize,
}

impl Shown for comity_members {}

/// The clients in a room, from a place in the list on; at most `limit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_members(
    reader: *const comity_reader,
    room: *const c_char,
    from: usize,
    limit: usize,
    members: *mut *mut comity_members,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(members)?;
        let members = call.reader(reader)?.members(&call.room(room)?, from, limit)?;
        let mut keep = Keep::new();
        let shown: Vec<_> = members.into_iter().map(|one| member(one, &mut keep)).collect();
        let len = shown.len();
        let items = keep.pointers(shown);
        out.give(comity_members { items, len }, keep)
    })
}

/// Frees members. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_members_free(members: *mut comity_members) {
    output::free(members);
}

/// Whether changes would be allowed now, each by itself, before anybody taps. If not, the error says why, as
/// `comity_client_change` would.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_can(
    reader: *const comity_reader,
    room: *const c_char,
    changes: *const comity_changes,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let (reader, room) = (call.reader(reader)?, call.room(room)?);
        let changes = &call.object(changes)?.0;
        Ok(changes.iter().try_for_each(|change| reader.can(&room, change))?)
    })
}

/// Something that a participant does with messages.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum comity_action {
    /// Send a message.
    Send = 1,
    /// Receive messages.
    Receive = 2,
    /// Copy content out of a received message.
    Copy = 3,
    /// Report a franked message.
    ReportAbuse = 4,
    /// Reply to a message.
    Reply = 5,
    /// React to a message.
    React = 6,
    /// Replace an own reaction by another one.
    EditReaction = 7,
    /// Take an own reaction back.
    DeleteOwnReaction = 8,
    /// Delete somebody else's reaction.
    DeleteOtherReaction = 9,
    /// Edit an own message.
    EditOwn = 10,
    /// Delete an own message.
    DeleteOwn = 11,
    /// Delete somebody else's message.
    DeleteOther = 12,
    /// Give a message a new topic.
    StartTopic = 13,
    /// Write in the topic of another message.
    ReplyInTopic = 14,
    /// Change the topic of an own message.
    EditOwnTopic = 15,
    /// Change the topic of somebody else's message.
    EditOtherTopic = 16,
    /// Send an image to be rendered.
    UploadImage = 17,
    /// Send audio to be rendered.
    UploadAudio = 18,
    /// Send video to be rendered.
    UploadVideo = 19,
    /// Send an attachment.
    UploadAttachment = 20,
    /// Fetch an image.
    DownloadImage = 21,
    /// Fetch audio.
    DownloadAudio = 22,
    /// Fetch video.
    DownloadVideo = 23,
    /// Fetch an attachment.
    DownloadAttachment = 24,
    /// Send a link.
    SendLink = 25,
    /// Send a link with its preview.
    SendLinkPreview = 26,
    /// Open a link.
    FollowLink = 27,
    /// Copy a link's address.
    CopyLink = 28,
}

/// Whether we may do something with messages in a room. `action`: a comity_action.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_may(
    reader: *const comity_reader,
    room: *const c_char,
    action: u32,
    allowed: *mut bool,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.put(allowed, false)?;
        let may = call
            .reader(reader)?
            .may(&call.room(room)?, action_from(action)?)?;
        call.put(allowed, may)
    })
}

/// How many of a room's clients can read a media type beyond the requirement.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_readable {
    /// The media type.
    pub media_type: *const c_char,
    /// How many clients.
    pub clients: u32,
}

/// One conversation's honest verdict. Free it with `comity_posture_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct comity_posture {
    /// The number of the cipher suite.
    pub cipher_suite: u16,
    /// Whether its secrecy withstands a quantum computer.
    pub post_quantum: bool,
    /// Whether our copy cannot follow the room.
    pub stalled: bool,
    /// Whether the hub is ahead of us.
    pub behind: bool,
    /// How many clients are in the group.
    pub clients: u32,
    /// How many users are in the room with at least one client.
    pub users: u32,
    /// Clients that cannot read what the room requires.
    pub cannot_read_required: *const *const c_char,
    /// How many.
    pub cannot_read_required_len: usize,
    /// What can be read beyond the requirement.
    pub readable: *const *const comity_readable,
    /// How many.
    pub readable_len: usize,
}

impl Shown for comity_posture {}

/// The room's posture.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_reader_posture(
    reader: *const comity_reader,
    room: *const c_char,
    posture: *mut *mut comity_posture,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(posture)?;
        let Posture {
            cipher_suite,
            post_quantum,
            clients,
            users,
            cannot_read_required,
            readable,
            stalled,
            behind,
        } = call.reader(reader)?.posture(&call.room(room)?)?;
        let mut keep = Keep::new();
        let (cannot_read_required, cannot_read_required_len) = keep.words(cannot_read_required);
        let readable: Vec<_> = readable
            .into_iter()
            .map(|(media, clients)| comity_readable {
                media_type: keep.word(&media.to_string()),
                clients,
            })
            .collect();
        let shown = comity_posture {
            cipher_suite,
            post_quantum,
            stalled,
            behind,
            clients,
            users,
            cannot_read_required,
            cannot_read_required_len,
            readable_len: readable.len(),
            readable: keep.pointers(readable),
        };
        out.give(shown, keep)
    })
}

/// Frees a posture. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_posture_free(posture: *mut comity_posture) {
    output::free(posture);
}

fn summary(room: RoomSummary, keep: &mut Keep) -> comity_room_summary {
    let RoomSummary {
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
    comity_room_summary {
        uri: keep.word(uri.as_ref()),
        name: keep.text(&name),
        phase: phase.into(),
        unread,
        inviter: keep.optional_word(inviter.as_ref().map(AsRef::as_ref)),
        read_up_to: read_up_to.into(),
        hub_time: hub_time.as_millis(),
        epoch,
        behind,
    }
}

fn whole(room: Room) -> (comity_room, Keep) {
    let Room {
        summary: in_list,
        metadata,
        participants,
        requirement,
        tasks,
    } = room;
    let RoomMetadata {
        room_uri,
        name,
        description,
        avatar,
        subject,
        ..
    } = metadata;
    let mut keep = Keep::new();
    let in_list = summary(in_list, &mut keep);
    let participants: Vec<_> = participants
        .iter()
        .map(|(user, role)| comity_participant {
            user: keep.word(user.as_ref()),
            role: role.0,
        })
        .collect();
    let descriptions: Vec<_> = description
        .into_iter()
        .map(|one| described(one, &mut keep))
        .collect();
    let (requirement, requirement_len) = keep.words(requirement.iter().map(ToString::to_string));
    let shown = comity_room {
        summary: keep.one(in_list),
        metadata_uri: keep.text(&room_uri),
        name: keep.text(&name),
        descriptions_len: descriptions.len(),
        descriptions: keep.pointers(descriptions),
        avatar: keep.text(&avatar),
        subject: keep.text(&subject),
        participants_len: participants.len(),
        participants: keep.pointers(participants),
        requirement,
        requirement_len,
        tasks_len: tasks.len(),
        tasks: keep.list(tasks.into_iter().map(Into::into).collect()),
    };
    (shown, keep)
}

fn described(description: RichDescription, keep: &mut Keep) -> comity_description {
    let RichDescription {
        media_type,
        language_tag,
        content,
    } = description;
    comity_description {
        media_type: keep.text(&media_type),
        language: keep.text(&language_tag),
        content: keep.bytes(content),
    }
}

fn member(member: Member, keep: &mut Keep) -> comity_member {
    let Member {
        client,
        user,
        advertisement,
        lacks,
    } = member;
    let (advertised, advertisement_len) = keep.words(advertisement.iter().map(ToString::to_string));
    let (lacks, lacks_len) = keep.words(lacks.iter().map(ToString::to_string));
    comity_member {
        client: keep.word(client.as_ref()),
        user: keep.word(user.as_ref()),
        advertisement: advertised,
        advertisement_len,
        lacks,
        lacks_len,
    }
}

impl From<Phase> for comity_phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Creating => Self::Creating,
            Phase::Invited => Self::Invited,
            Phase::Joining => Self::Joining,
            Phase::Joined => Self::Joined,
            Phase::Leaving => Self::Leaving,
            Phase::Left => Self::Left,
            Phase::Removed => Self::Removed,
            Phase::Stalled => Self::Stalled,
            Phase::Refused => Self::Refused,
            _ => Self::Other,
        }
    }
}

/// The actions in the order of their numbers, which begin at 1.
pub(crate) const ACTIONS: [Action; 28] = [
    Action::Send,
    Action::Receive,
    Action::Copy,
    Action::ReportAbuse,
    Action::Reply,
    Action::React,
    Action::EditReaction,
    Action::DeleteOwnReaction,
    Action::DeleteOtherReaction,
    Action::EditOwn,
    Action::DeleteOwn,
    Action::DeleteOther,
    Action::StartTopic,
    Action::ReplyInTopic,
    Action::EditOwnTopic,
    Action::EditOtherTopic,
    Action::UploadImage,
    Action::UploadAudio,
    Action::UploadVideo,
    Action::UploadAttachment,
    Action::DownloadImage,
    Action::DownloadAudio,
    Action::DownloadVideo,
    Action::DownloadAttachment,
    Action::SendLink,
    Action::SendLinkPreview,
    Action::FollowLink,
    Action::CopyLink,
];

fn action_from(number: u32) -> Result<Action, Fault> {
    let at = number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| ACTIONS.get(at).copied())
        .ok_or_else(|| invalid("unknown_action"))
}
