//! What every public struct looks like in memory, as this library was compiled: the header asserts the same of the compiler that
//! reads it.

use std::fmt::Write as _;
use std::mem::{align_of, offset_of, size_of};

use comity_capi::*;

/// One public struct.
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    size: usize,
    align: usize,
    /// Names and offsets.
    pub(crate) fields: Vec<(&'static str, usize)>,
}

macro_rules! layouts {
    ($($name:ident { $($field:ident)+ })+) => {
        vec![$(Layout {
            name: stringify!($name),
            size: size_of::<$name>(),
            align: align_of::<$name>(),
            fields: vec![$((stringify!($field), offset_of!($name, $field))),+],
        }),+]
    };
}

/// The assertions, as C and C++ read them. The numbers are those of machines with 64 bits, on which the header is generated.
pub(crate) fn assertions() -> String {
    let mut text = String::from(
        "/* What the library takes for granted about the compiler that reads this. */\n\
         #if UINTPTR_MAX == UINT64_MAX\n\
         #ifdef __cplusplus\n#define COMITY_ASSERT static_assert\n#define COMITY_ALIGNOF alignof\n\
         #else\n#define COMITY_ASSERT _Static_assert\n#define COMITY_ALIGNOF _Alignof\n#endif\n",
    );
    for Layout {
        name,
        size,
        align,
        fields,
    } in structs()
    {
        let _ = writeln!(
            text,
            "COMITY_ASSERT(sizeof({name}) == {size}, \"size of {name}\");"
        );
        let _ = writeln!(
            text,
            "COMITY_ASSERT(COMITY_ALIGNOF({name}) == {align}, \"alignment of {name}\");"
        );
        for (field, offset) in fields {
            let _ = writeln!(
                text,
                "COMITY_ASSERT(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");"
            );
        }
    }
    text + "#undef COMITY_ASSERT\n#undef COMITY_ALIGNOF\n#endif\n"
}

/// Every public struct. The test beside this one compares the list with the header.
pub(crate) fn structs() -> Vec<Layout> {
    layouts! {
        comity_bytes { data len }
        comity_choice { part because }
        comity_content { part replaces in_reply_to topic expires expires_seconds }
        comity_cursor { queue position }
        comity_description { media_type language content }
        comity_entry {
            id sender accepted topic expires expires_seconds in_reply_to versions versions_len deleted
            reactions reactions_len
        }
        comity_entry_reaction { id sender accepted target part }
        comity_error { code advice name detail message users users_len rooms rooms_len }
        comity_event {
            seq kind advice room message user client task reason reason_name reason_detail lacks lacks_len
            offset held
        }
        comity_events { items len }
        comity_frame_outcome { kind until notify message reason advice reason_name }
        comity_health {
            schema oldest_reader octets free_octets log_octets rooms messages waiting events requests held
            seen tasks peers damage line
        }
        comity_indexes { items len }
        comity_invited { user clients clients_len failed }
        comity_invited_client { client state reason_name lacks lacks_len }
        comity_link { text target kind agreement is_image part }
        comity_links { items len }
        comity_member { client user advertisement advertisement_len lacks lacks_len }
        comity_members { items len }
        comity_message {
            id sender client has_accepted deleted read has_expires delivery accepted expires epoch
            position reason reason_name reason_detail content octets edits edits_len reactions
            reactions_len
        }
        comity_mention { user hint }
        comity_mentions { items len }
        comity_message_id { octets }
        comity_message_version { id accepted part }
        comity_messages { items len }
        comity_opened { plaintext hash_checked }
        comity_part {
            kind semantics index disposition hash_algorithm language media_type content parts parts_len
            url url_expires encryption_algorithm size key nonce aad content_hash description filename
        }
        comity_participant { user role }
        comity_plan { sends sends_len reach reach_len unreadable_by unreadable_by_len part }
        comity_position { at tie }
        comity_posture {
            cipher_suite post_quantum stalled behind clients users cannot_read_required
            cannot_read_required_len readable readable_len
        }
        comity_preview { room message sender client accepted content notify }
        comity_reach { user client sees_any sees }
        comity_reaction { by id to texts texts_len }
        comity_readable { media_type clients }
        comity_reference { version root is_outdated loops }
        comity_refused { id target because }
        comity_reply_chain { messages messages_len end }
        comity_request { id kind attempt urgent to lane body }
        comity_request_id { octets }
        comity_requests { items len }
        comity_room {
            summary metadata_uri name descriptions descriptions_len avatar subject participants
            participants_len requirement requirement_len tasks tasks_len
        }
        comity_room_summary { uri name phase unread inviter read_up_to hub_time epoch behind }
        comity_rooms { items len }
        comity_sealed { ciphertext part }
        comity_selection {
            chosen chosen_len embedded embedded_len passed_over passed_over_len unsupported
            unsupported_len
        }
        comity_step {
            made_message made_room made_task requests requests_len events events_len frames frames_len
            has_wake_at wake_at
        }
        comity_string { text }
        comity_task { id room state reason reason_name reason_detail invites invites_len }
        comity_task_id { octets }
        comity_text { data len }
        comity_timeline { entries entries_len waiting waiting_len refused refused_len }
        comity_twin { octets }
        comity_user { uri clients clients_len }
        comity_user_client { client key }
    }
}
