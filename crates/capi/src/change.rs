//! New rooms and changes of rooms, before they are asked for.

use std::ffi::c_char;

use comity::room::{RichDescription, RoleIndex, RoomMetadata};
use comity::{Change, NewRoom};

use crate::fault::{Fault, comity_error};
use crate::guard::{Call, guard};
use crate::handle::{self, Handle};
use crate::input::invalid;
use crate::media::{add, comity_media_types};
use crate::values::comity_status;

/// A new room, before it exists. One thread at a time; free it with `comity_new_room_free`.
pub struct comity_new_room(pub(crate) NewRoom);

impl Handle for comity_new_room {}

/// A room without a name, in which every member must be able to read what MIMI requires of every client. `hub_key`: the hub's
/// signature public key, from its provider's directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_new_room_new(
    hub_key: *const u8,
    hub_key_len: usize,
    new_room: *mut *mut comity_new_room,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(new_room)?;
        out.give_handle(comity_new_room(NewRoom {
            hub_key: call.octets(hub_key, hub_key_len)?.to_vec(),
            name: String::new(),
            requirement: None,
        }))
    })
}

/// Gives it a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_new_room_set_name(
    new_room: *mut comity_new_room,
    name: *const c_char,
    name_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let name = call.text(name, name_len)?.to_owned();
        call.builder(new_room)?.0.name = name;
        Ok(())
    })
}

/// Says what every member must be able to read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_new_room_set_requirement(
    new_room: *mut comity_new_room,
    requirement: *const comity_media_types,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let requirement = call.object(requirement)?.requirement()?;
        call.builder(new_room)?.0.requirement = Some(requirement);
        Ok(())
    })
}

/// Frees a new room. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_new_room_free(new_room: *mut comity_new_room) {
    handle::free(new_room);
}

/// What people see of a room before its messages. One thread at a time; free it with `comity_metadata_free`.
pub struct comity_metadata(RoomMetadata);

impl Handle for comity_metadata {}

/// Metadata of a room with this name. It replaces all that the room has: set whatever is to stay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_metadata_new(
    room: *const c_char,
    name: *const c_char,
    name_len: usize,
    metadata: *mut *mut comity_metadata,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let out = call.out(metadata)?;
        out.give_handle(comity_metadata(RoomMetadata {
            room_uri: call.room(room)?.to_string(),
            name: call.text(name, name_len)?.to_owned(),
            ..RoomMetadata::default()
        }))
    })
}

/// Says what the room is about now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_metadata_set_subject(
    metadata: *mut comity_metadata,
    subject: *const c_char,
    subject_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let subject = call.text(subject, subject_len)?.to_owned();
        call.builder(metadata)?.0.subject = subject;
        Ok(())
    })
}

/// Says where the room's picture is: an `https` URI.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_metadata_set_avatar(
    metadata: *mut comity_metadata,
    avatar: *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let avatar = call.word(avatar)?.to_owned();
        call.builder(metadata)?.0.avatar = avatar;
        Ok(())
    })
}

/// Adds a description. `media_type` may be empty for plain text, `language` may be empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_metadata_add_description(
    metadata: *mut comity_metadata,
    media_type: *const c_char,
    language: *const c_char,
    content: *const u8,
    content_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let description = RichDescription {
            media_type: call.word(media_type)?.to_owned(),
            language_tag: call.word(language)?.to_owned(),
            content: call.octets(content, content_len)?.to_vec(),
        };
        description
            .parsed_media_type()
            .map_err(|error| invalid(error.code()))?;
        add(&mut call.builder(metadata)?.0.description, description)
    })
}

/// Frees metadata. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_metadata_free(metadata: *mut comity_metadata) {
    handle::free(metadata);
}

/// Changes of a room, which make one commit. One thread at a time; free it with `comity_changes_free`.
pub struct comity_changes(pub(crate) Vec<Change>);

impl Handle for comity_changes {}

/// No changes yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_new(
    changes: *mut *mut comity_changes,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        call.out(changes)?.give_handle(comity_changes(Vec::new()))
    })
}

/// Invites a user; key packages are fetched through the room's hub unless `comity_changes_add_key_package` brings some. `role`:
/// a role's number, or 0 for a member.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_invite(
    changes: *mut comity_changes,
    user: *const c_char,
    role: u32,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |call| {
        Ok(Change::Invite {
            user: call.user(user)?,
            role: Some(RoleIndex(role)).filter(|role| role.0 != 0),
            key_packages: Vec::new(),
        })
    })
}

/// Adds an encoded key package to the invitation that was added last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_add_key_package(
    changes: *mut comity_changes,
    key_package: *const u8,
    key_package_len: usize,
    error: *mut *mut comity_error,
) -> comity_status {
    guard(error, |call| {
        let octets = call.octets(key_package, key_package_len)?.to_vec();
        match call.builder(changes)?.0.last_mut() {
            Some(Change::Invite { key_packages, .. }) => add(key_packages, octets),
            _ => Err(invalid("not_an_invitation")),
        }
    })
}

/// Removes a user with all their clients. Not one's own: leave instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_remove_user(
    changes: *mut comity_changes,
    user: *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |call| Ok(Change::RemoveUser(call.user(user)?)))
}

/// Removes one client, but not this one; its user stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_remove_client(
    changes: *mut comity_changes,
    client: *const c_char,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |call| {
        Ok(Change::RemoveClient(call.client(client)?))
    })
}

/// Gives a user another role.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_set_role(
    changes: *mut comity_changes,
    user: *const c_char,
    role: u32,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |call| {
        Ok(Change::SetRole(call.user(user)?, RoleIndex(role)))
    })
}

/// Replaces the room's metadata.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_metadata(
    changes: *mut comity_changes,
    metadata: *const comity_metadata,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |call| {
        Ok(Change::Metadata(call.object(metadata)?.0.clone()))
    })
}

/// Replaces what every member must be able to read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_require(
    changes: *mut comity_changes,
    requirement: *const comity_media_types,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |call| {
        Ok(Change::Require(call.object(requirement)?.requirement()?))
    })
}

/// Renews this client's keys in the room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_rotate(
    changes: *mut comity_changes,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |_| Ok(Change::Rotate))
}

/// Leaves the room with this client. It stands alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_leave(
    changes: *mut comity_changes,
    error: *mut *mut comity_error,
) -> comity_status {
    push(changes, error, |_| Ok(Change::Leave))
}

/// Frees changes. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn comity_changes_free(changes: *mut comity_changes) {
    handle::free(changes);
}

fn push(
    changes: *mut comity_changes,
    error: *mut *mut comity_error,
    change: impl FnOnce(&Call) -> Result<Change, Fault>,
) -> comity_status {
    guard(error, |call| {
        let change = change(call)?;
        add(&mut call.builder(changes)?.0, change)
    })
}
